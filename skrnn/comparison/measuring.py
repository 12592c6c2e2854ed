"""One estimator on one split: scores and costs."""

import math
import pickle
import time
from collections.abc import Mapping
from functools import partial

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import cross_validate

from skrnn.comparison.foreign import WithTags
from skrnn.exceptions import InvalidInputError

# Keys that `measure` adds to the scores of a split. A scorer must not have one of these names.
_COSTS = ("fit_seconds", "predict_seconds", "pickled_bytes")


def measure(name, estimator, X, y, number, split, scoring, error_score):
    """Fit and score one estimator on one split.

    Returns a dict of scores (``"test_<name>"``) and costs. If something fails,
    it has the key ``"error"``, and the scores and costs up to then.
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
    """Score a fitted estimator; cross_validate calls it as a scorer, in the worker process."""
    start = time.perf_counter()
    estimator.predict(X)
    predict_seconds = time.perf_counter() - start
    # Before the scorers, since they may make an estimator cache something.
    own = estimator.estimator_ if isinstance(estimator, WithTags) else estimator
    pickled_bytes = _pickled_bytes(own)
    try:
        scores = check_scoring(estimator, scoring=scoring)(estimator, X, y)
    except Exception:
        if error_score == "raise" or not isinstance(scoring, Mapping | list | tuple | set):
            raise
        # One scorer that fails (log loss of a model without probabilities) makes all fail. Call
        # them one by one, each with its own predictions.
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
                f"a scorer must not be named {name!r}: its columns would clash."
            )
    return {**scores, "predict_seconds": predict_seconds, "pickled_bytes": pickled_bytes}


def mean_row(name, folds, scores, error_score):
    """Return the means over the splits of one estimator."""
    row = {"estimator": name}
    for key in scores:
        values = [fold.get(key, error_score) for fold in folds]
        row[key] = float(np.mean(values))
        row[f"{key}_std"] = float(np.std(values))
    for key in _COSTS:  # a split whose fit failed has none
        values = [fold[key] for fold in folds if key in fold]
        row[key] = float(np.mean(values)) if values else math.nan
    return row


def _pickled_bytes(estimator):
    """Return the size of the pickle, or NaN if it fails, without the pickle in memory."""
    sink = _CountingSink()
    try:
        pickle.Pickler(sink, protocol=5).dump(estimator)
    except (pickle.PicklingError, AttributeError, TypeError):
        # For example a lambda among the parameters. The scores are valid.
        return math.nan
    return sink.n_bytes


class _CountingSink:
    """A writable file that only counts the bytes."""

    def __init__(self):
        self.n_bytes = 0

    def write(self, data):
        # memoryview, since pickle passes large arrays as buffers, whose len is not in bytes.
        self.n_bytes += memoryview(data).nbytes
