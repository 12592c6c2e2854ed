"""Estimators side by side: score, time and size on the same splits."""

import html
import math
import pickle
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from numbers import Integral
from typing import Any, Literal

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv, cross_validate
from sklearn.utils import indexable
from sklearn.utils.parallel import Parallel, delayed

__all__ = ["Comparison", "compare"]

# What _measure adds to the scores of a fold. No scorer may bear one of these names.
_COSTS = ("fit_seconds", "predict_seconds", "pickled_bytes")


def compare(
    estimators: Mapping[str, Any] | Sequence[Any],
    X: Any,
    y: Any,
    *,
    cv: Any = None,
    scoring: Any = None,
    groups: Any = None,
    n_jobs: int | None = None,
    error_score: Literal["raise"] | float = "raise",
) -> "Comparison":
    """Compare estimators on the same splits: scores, seconds and size.

    Every estimator is cloned, fitted and scored by
    :func:`~sklearn.model_selection.cross_validate` on each split; the ones
    given stay as they are. The splits are drawn once. Within a split the
    estimators take turns, so that a machine that slows down during the run
    slows all of them.

    Parameters
    ----------
    estimators : mapping of str to estimator, or list
        What to compare: ``{name: estimator}``, or a list of estimators and
        ``(name, estimator)`` pairs. An estimator without a name gets that of
        its class in lower case, as in
        :func:`~sklearn.pipeline.make_pipeline`, with "-1", "-2", ... where
        several would share it.

    X : array-like of shape (n_samples,) or (n_samples, ...)
        The data: whatever the estimators take and scikit-learn can index;
        a list of strings, an array, a sparse matrix, a data frame's column.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The target.

    cv : int, splitter or iterable of (train, test) pairs, default=None
        As in :func:`~sklearn.model_selection.cross_validate`: None for 5
        folds, an int for that many, stratified if one of the estimators is a
        classifier. A single holdout is ``[(train_indices, test_indices)]``.

    scoring : str, callable, list, tuple or dict, default=None
        As in :func:`~sklearn.model_selection.cross_validate`; None is each
        estimator's own `score`. Scores are better when greater, as everywhere
        in scikit-learn ("neg_log_loss", ...).

    groups : array-like of shape (n_samples,), default=None
        Groups for a splitter such as
        :class:`~sklearn.model_selection.GroupKFold`.

    n_jobs : int or None, default=None
        Fits that run at the same time. Scores do not depend on it, but
        seconds do, since the fits compete for the processor: time with None.

    error_score : "raise" or float, default="raise"
        With "raise", an estimator that fails in a fold raises, with a note on
        which one it was. With a number (NaN is the usual one), that fold gets
        it as its score, and one
        :class:`~sklearn.exceptions.FitFailedWarning` an estimator tells.

    Returns
    -------
    comparison : Comparison
        One row (a dict) for each estimator, in the order given; prints as a
        table. The keys are

        - ``"estimator"``: its name;
        - ``"test_score"`` and ``"test_score_std"``: mean and (population)
          standard deviation over the splits; one such pair for each scorer,
          called ``"test_<name>"``, where `scoring` names them;
        - ``"fit_seconds"``: mean time of `fit`;
        - ``"predict_seconds"``: mean time of one call of `predict` on the
          whole test part. It is the first call after `fit`, made apart from
          the scoring, because with several scorers, or one that wants
          probabilities, scikit-learn's score time is not that of a
          prediction;
        - ``"pickled_bytes"``: mean size of the fitted estimator's pickle, NaN
          if it cannot be pickled.

    Raises
    ------
    TypeError
        If `estimators` is neither a mapping nor a list, a name is not a
        string, or an estimator has no `fit` or `predict`.

    ValueError
        If there are no estimators, two have the same name, X and y differ in
        length, or a split is not a pair of index arrays.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skrnn.comparison import compare
    >>> X, y = load_digits(return_X_y=True)
    >>> result = compare({"constant": DummyClassifier(), "Bayes": GaussianNB()}, X, y, cv=3)
    >>> [row["estimator"] for row in result]
    ['constant', 'Bayes']
    >>> round(result["Bayes"]["test_score"], 2)
    0.81
    """
    named = _named(estimators)
    if isinstance(X, str | bytes):
        raise ValueError(f"X is a bare {type(X).__name__}; pass a list of documents.")
    X, y, groups = indexable(X, y, groups)
    if not isinstance(error_score, int | float) and error_score != "raise":
        raise ValueError(f"error_score must be 'raise' or a number, got {error_score!r}.")
    for _, estimator in named:  # a misspelt scorer shows before the first long fit, not after it
        check_scoring(estimator, scoring=scoring)
    splits = _splits(cv, X, y, groups, classifier=any(is_classifier(e) for _, e in named))

    measured = Parallel(n_jobs=n_jobs)(
        delayed(_measure)(name, estimator, X, y, number, split, scoring, error_score)
        for number, split in enumerate(splits)
        for name, estimator in named
    )
    # Estimators take turns within a split, so every len(named)-th is the same one.
    folds = {name: measured[i :: len(named)] for i, (name, _) in enumerate(named)}
    _warn_of_failures(folds, error_score)
    scores = list(
        dict.fromkeys(key for fold in measured for key in fold if key.startswith("test_"))
    )
    # Nothing is known of the scores only where every fold of every estimator failed.
    scores = scores or ["test_score"]
    return Comparison(
        [_row(name, folds[name], scores, error_score) for name, _ in named],
        n_splits=len(splits),
    )


class Comparison(Sequence):
    """Rows of a comparison, as :func:`compare` returns them.

    A read-only sequence: iterate over the rows, or take one by its number or
    by the name of its estimator. A row is a dict, and the caller's own to
    change. Printed, or shown by a notebook, it is a table in which ``*`` (in
    HTML and Markdown: bold) marks the best score of each column.

    Parameters
    ----------
    rows : iterable of dict
        The rows, all with the same keys, in the form :func:`compare`
        describes.

    n_splits : int
        Number of splits that the means are over.

    Attributes
    ----------
    columns : tuple of str
        The keys of every row.

    n_splits : int
        Number of splits that the means are over.

    Examples
    --------
    >>> from skrnn.comparison import Comparison
    >>> rows = [{"estimator": "A", "test_score": 0.8}, {"estimator": "B", "test_score": 0.9}]
    >>> result = Comparison(rows, n_splits=3)
    >>> result["B"]["test_score"], result.columns, len(result)
    (0.9, ('estimator', 'test_score'), 2)
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]], *, n_splits: int) -> None:
        self._rows = tuple(dict(row) for row in rows)
        self._n_splits = n_splits

    @property
    def columns(self) -> tuple[str, ...]:
        """Keys of every row."""
        return tuple(self._rows[0])

    @property
    def n_splits(self) -> int:
        """Number of splits that the means are over."""
        return self._n_splits

    def __len__(self) -> int:
        """Return the number of estimators."""
        return len(self._rows)

    def __getitem__(self, key):
        """Return the row with this number or name, as a dict.

        Parameters
        ----------
        key : int, str or slice
            Number of the row, or name of the estimator; a slice gives a list.

        Returns
        -------
        row : dict or list of dict
            A copy.
        """
        if isinstance(key, str):
            for row in self._rows:
                if row["estimator"] == key:
                    return dict(row)
            names = ", ".join(repr(row["estimator"]) for row in self._rows)
            raise KeyError(f"no estimator is called {key!r}; there are {names}")
        if isinstance(key, slice):
            return [dict(row) for row in self._rows[key]]
        return dict(self._rows[key])

    def __repr__(self):
        """Return the table, its columns aligned."""
        header, cells = self._table()
        # Every number has room for a star after it, and its header stands over the number.
        lines = [[title + " " for title in header]]
        lines += [[text + ("*" if best else " ") for text, best in row] for row in cells]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "".join(
                [line[0].ljust(widths[0])]
                + [f" {text:>{width}}" for text, width in zip(line[1:], widths[1:], strict=True)]
            ).rstrip()
            for line in lines
        )

    def _repr_html_(self):
        """Return the table for a notebook."""
        header, cells = self._table()
        head = "".join(f"<th>{html.escape(title)}</th>" for title in header)
        body = "".join(
            "<tr>"
            + "".join(
                f"<td><b>{html.escape(text)}</b></td>" if best else f"<td>{html.escape(text)}</td>"
                for text, best in row
            )
            + "</tr>"
            for row in cells
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def to_markdown(self) -> str:
        """Write the table in Markdown.

        Returns
        -------
        table : str
            A table with a header line, without a newline at its end.
        """
        header, cells = self._table()
        lines = [header, ["---"] + ["---:"] * (len(header) - 1)]
        for row in cells:
            # A bar in a name would end its cell.
            texts = [text.replace("|", r"\|") for text, _ in row]
            lines.append(
                [f"**{t}**" if best else t for t, (_, best) in zip(texts, row, strict=True)]
            )
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def to_frame(self):
        """Copy the rows to a pandas data frame.

        Returns
        -------
        frame : pandas.DataFrame of shape (n_estimators, n_columns - 1)
            Floats, indexed by the name of the estimator.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_frame needs pandas: pip install pandas") from error
        return pd.DataFrame([dict(row) for row in self._rows]).set_index("estimator")

    def _table(self):
        """Return the header and, for each row, its (text, is the best) cells."""
        columns = [[(row["estimator"], False) for row in self._rows]]
        header = ["estimator"]
        for key in self.columns:
            if key.startswith("test_") and f"{key}_std" in self.columns:
                means = [row[key] for row in self._rows]
                header.append(key.removeprefix("test_"))
                # A mark says "better than the others", so it needs others.
                best = np.nanmax(means) if len(self) > 1 and not np.all(np.isnan(means)) else None
                deviations = [row[f"{key}_std"] for row in self._rows]
                columns.append(
                    [
                        (self._score_text(mean, std), mean == best)
                        for mean, std in zip(means, deviations, strict=True)
                    ]
                )
        for key, title in (("fit_seconds", "fit (s)"), ("predict_seconds", "predict (s)")):
            header.append(title)
            columns.append([(_three_digits(row[key]), False) for row in self._rows])
        sizes = [row["pickled_bytes"] for row in self._rows]
        unit, scale = ("MB", 1e6) if any(size >= 1e6 for size in sizes) else ("kB", 1e3)
        header.append(f"pickle ({unit})")
        columns.append([(_three_digits(size / scale), False) for size in sizes])
        return header, list(zip(*columns, strict=True))

    def _score_text(self, mean, std):
        if math.isnan(mean):
            return "-"
        digits = ".4f" if abs(mean) < 1000 else ".6g"
        # One split has no spread to show; a "± 0" would read as certainty.
        return f"{mean:{digits}}" + (f" ± {std:{digits}}" if self._n_splits > 1 else "")


def _named(estimators):
    """Check the estimators and bring them to a list of (name, estimator)."""
    if hasattr(estimators, "fit"):
        raise TypeError(
            f"estimators is a single {type(estimators).__name__}; pass a list of estimators or "
            "a mapping of names to estimators."
        )
    if isinstance(estimators, Mapping):
        items = list(estimators.items())
    elif isinstance(estimators, list | tuple):
        items = [item if isinstance(item, tuple) else (None, item) for item in estimators]
    else:
        raise TypeError(
            "estimators must be a mapping of names to estimators or a list, got "
            f"{type(estimators).__name__}."
        )
    if not items:
        raise ValueError("estimators is empty; pass at least one estimator.")
    for item in items:
        if len(item) != 2:
            raise TypeError(f"expected an estimator or a (name, estimator) pair, got {item!r}.")
        name, estimator = item
        if not isinstance(name, str | None):
            raise TypeError(f"names of estimators must be strings, got {name!r}.")
        which = "an estimator" if name is None else f"estimator {name!r}"
        if isinstance(estimator, type):
            raise TypeError(
                f"{which} is the class {estimator.__name__}; pass an instance: "
                f"{estimator.__name__}()."
            )
        for method in ("fit", "predict"):
            if not hasattr(estimator, method):
                raise TypeError(f"{which} has no {method!r} method: {estimator!r}.")

    given = [name for name, _ in items if name is not None]
    repeated = sorted({name for name in given if given.count(name) > 1})
    if repeated:
        raise ValueError(f"names of estimators must differ; repeated: {', '.join(repeated)}.")
    kinds = [type(estimator).__name__.lower() for name, estimator in items if name is None]
    taken = set(given)
    named = []
    for name, estimator in items:
        if name is None:
            kind = type(estimator).__name__.lower()
            name, number = kind, 0
            while name in taken or (number == 0 and kinds.count(kind) > 1):
                number += 1
                name = f"{kind}-{number}"
            taken.add(name)
        named.append((name, estimator))
    return named


def _splits(cv, X, y, groups, *, classifier):
    """Draw all splits, once, as a list of (train, test) index arrays."""
    if cv is None or isinstance(cv, Integral) or hasattr(cv, "split"):
        return list(check_cv(cv, y, classifier=classifier).split(X, y, groups))
    splits = list(cv)
    if not splits:
        raise ValueError("cv holds no splits.")
    for number, split in enumerate(splits):
        shapes = [np.shape(part) for part in split] if np.ndim(split[0]) else []
        if len(shapes) != 2 or any(len(shape) != 1 or shape[0] == 0 for shape in shapes):
            raise ValueError(
                f"split {number} of cv is not a pair of index arrays (train, test), both not "
                "empty. A single holdout is written cv=[(train, test)]."
            )
    return splits


def _measure(name, estimator, X, y, number, split, scoring, error_score):
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
            raise ValueError(f"a scorer may not be called {name!r}: its columns would clash.")
    return {**scores, "predict_seconds": predict_seconds, "pickled_bytes": pickled_bytes}


def _warn_of_failures(folds, error_score):
    """Give one warning for each estimator that failed somewhere."""
    # Here and not in the worker: a worker process does not know the caller's warning filters.
    for name, results in folds.items():
        errors = [fold["error"] for fold in results if "error" in fold]
        if errors:
            warnings.warn(
                f"estimator {name!r} failed on {len(errors)} of {len(results)} splits, which get "
                f"the score {error_score}; the first error was {errors[0]}",
                FitFailedWarning,
                stacklevel=3,
            )


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


def _row(name, folds, scores, error_score):
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


def _three_digits(value):
    """Write a cost with three digits; "-" for NaN."""
    if math.isnan(value):
        return "-"
    if value < 0.001:
        return "<0.001"
    digits_before_point = max(1, math.floor(math.log10(value)) + 1)
    return f"{value:.{3 if value < 1 else max(0, 3 - digits_before_point)}f}"
