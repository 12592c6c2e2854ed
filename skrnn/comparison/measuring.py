"""One estimator on one split: scores and costs."""

import math
import pickle
import time
from collections.abc import Mapping
from functools import partial

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import cross_validate

from skrnn.exceptions import InvalidInputError

# What `measure` adds to the scores of a fold. No scorer may bear one of these names.
_COSTS = ("fit_seconds", "predict_seconds", "pickled_bytes")


def measure(name, estimator, X, y, number, split, scoring, error_score):
    """Fit and score one estimator on one split.

    Returns a dict of scores (``"test_<name>"``) and costs; where something
    failed, an ``"error"``, and the scores and costs that there are.
    """
    errors: list = []
    try:
        result = cross_validate(
            estimator,
            X,
            y,
            cv=[split],
            scoring=partial(
                _scores_and_costs, scoring=scoring, error_score=error_score, errors=errors
            ),
            error_score="raise",
        )
    except Exception as error:
        if error_score == "raise":
            error.add_note(f"compare: estimator {name!r} failed on split {number}")
            raise
        return {"error": f"{type(error).__name__}: {error}"}
    fold = {key: float(value[0]) for key, value in result.items() if key.startswith("test_")}
    fold |= {key: fold.pop(f"test_{key}") for key in ("predict_seconds", "pickled_bytes")}
    fold["fit_seconds"] = float(result["fit_time"][0])
    return fold | ({"error": errors[0]} if errors else {})


def _scores_and_costs(estimator, X, y, *, scoring, error_score, errors):
    """Score a fitted estimator; a scorer to cross_validate, so that it runs beside the fit."""
    start = time.perf_counter()
    estimator.predict(X)
    predict_seconds = time.perf_counter() - start
    # Before the scorers: they may make an estimator cache what it would not otherwise carry.
    pickled_bytes = _pickled_bytes(estimator)
    try:
        scores = check_scoring(estimator, scoring=scoring)(estimator, X, y)
    except Exception:
        if error_score == "raise" or not isinstance(scoring, Mapping | list | tuple | set):
            raise
        # One scorer that does not apply (log loss of a model without probabilities) takes the
        # others down with it, so they go one by one, each with its own predictions.
        scores = {}
        named = scoring if isinstance(scoring, Mapping) else {name: name for name in scoring}
        for name, one in named.items():
            try:
                scores[name] = check_scoring(estimator, scoring=one)(estimator, X, y)
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}")
                scores[name] = error_score
    if not isinstance(scores, Mapping):
        scores = {scoring if isinstance(scoring, str) else "score": scores}
    for name in scores:
        if name in _COSTS or f"{name}_std" in scores:
            raise InvalidInputError(
                f"a scorer may not be called {name!r}: its columns would clash."
            )
    return {**scores, "predict_seconds": predict_seconds, "pickled_bytes": pickled_bytes}


def mean_row(name, folds, scores, error_score):
    """Average the folds of one estimator."""
    row = {"estimator": name}
    for key in scores:
        values = [fold.get(key, error_score) for fold in folds]
        row[key] = float(np.mean(values))
        row[f"{key}_std"] = float(np.std(values))
    for key in _COSTS:  # a fold whose fit failed has none
        values = [fold[key] for fold in folds if key in fold]
        row[key] = float(np.mean(values)) if values else math.nan
    return row


def _pickled_bytes(estimator):
    """Return the size of the pickle, NaN if there can be none, without holding it in memory."""
    sink = _CountingSink()
    try:
        pickle.Pickler(sink, protocol=5).dump(estimator)
    except (pickle.PicklingError, AttributeError, TypeError):
        # A lambda among the parameters, say: no reason to lose the scores.
        return math.nan
    return sink.n_bytes


class _CountingSink:
    """A file to write to that keeps only the number of bytes."""

    def __init__(self):
        self.n_bytes = 0

    def write(self, data):
        # memoryview, since pickle hands large arrays over as buffers, whose len is not bytes.
        self.n_bytes += memoryview(data).nbytes
