"""Checks of class labels and multilabel indicators."""

from collections import defaultdict

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array

from skrnn._sklearn_compat import _check_y
from skrnn.exceptions import InvalidInputError
from skrnn.lookalikes import look, quoted
from skrnn.sequences import plain_column, refuse_mask
from skrnn.sequences.warning import warn_caller


def check_targets(y, estimator):
    """Check class labels.

    Parameters
    ----------
    y : array-like of shape (n_samples,), or indicator array or sparse matrix of shape \
(n_samples, n_labels)
        Labels of any type that can be sorted, or a multilabel indicator.
    estimator : estimator instance
        Named in errors.

    Returns
    -------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)

    Raises
    ------
    ValueError
        If y is missing, has NaN, or is not a classification target.
    """
    name = type(estimator).__name__
    if y is None:
        raise InvalidInputError(f"{name} requires y to be passed, but the target y is None.")
    y = _as_array(y.toarray() if issparse(y) else plain_column(y), name)
    if y.ndim == 2 and y.shape[1] > 1:
        y = check_array(y, input_name="y", dtype=None, estimator=estimator)
        kind = type_of_target(y, input_name="y")
        # scikit-learn accepts any two numbers as an indicator, as in [[-1, 1], [1, -1]].
        if kind != "multilabel-indicator" or not np.isin(y, [0, 1]).all():
            raise InvalidInputError(
                f"y has shape {y.shape} and is {kind} with the values "
                f"{np.unique(y)[:4].tolist()}; {name} expects labels of shape (n_samples,), or an "
                "indicator array of zeros and ones with one column for each label."
                f"{_way_out(y)}"
            )
        return y.astype(np.int64)
    if y.shape[:1] == (0,):
        raise InvalidInputError(f"y has no labels; {name} expects one for each row of X.")
    y = _check_y(y, estimator=estimator)
    check_classification_targets(y)
    return y


def _way_out(y):
    if y.dtype.kind == "f" and (y >= 0).all() and np.allclose(y.sum(axis=1), 1, atol=1e-3):
        return (
            " The rows look like probabilities of classes, which are not supported as targets: "
            "pass the most probable class of each row, np.argmax(y, axis=1), and, to count "
            "uncertain rows less, sample_weight=np.max(y, axis=1)."
        )
    if y.dtype.kind in "OUS":
        return " MultiLabelBinarizer().fit_transform(y) converts sets of labels to one."
    return ""


def is_one_hot(y):
    """Whether each row of an indicator has exactly one 1."""
    return bool((y.sum(axis=1) == 1).all())


def warn_of_one_hot(y, estimator):
    """Warn if an indicator may be one class for each row, which is not read as such."""
    if is_one_hot(y):
        warn_caller(
            f"Every row of y, of shape {y.shape}, has exactly one 1, as if it were the one-hot "
            f"code of classes. {type(estimator).__name__} reads it as {y.shape[1]} independent "
            "labels, of which it may predict several for a row, or none. If each row has one "
            "class, pass np.argmax(y, axis=1), or y.idxmax(axis=1) for a pandas DataFrame.",
            UserWarning,
        )


def warn_of_lookalikes(classes, estimator):
    """Warn if labels that look the same are different classes."""
    alike = defaultdict(list)
    for label in classes.tolist():
        if isinstance(label, str):
            alike[look(label)].append(label)
    groups = [labels for labels in alike.values() if len(labels) > 1]
    if groups:
        group = groups[0]
        blanks_only = len({" ".join(label.split()) for label in group}) == 1
        names = " and ".join(map(repr, group) if blanks_only else quoted(group))
        how = "differ in white space only" if blanks_only else "look the same"
        way_out = (
            "pass [' '.join(label.split()) for label in y]" if blanks_only else "make them equal"
        )
        warn_caller(
            f"{names} in y {how}, but are different classes for {type(estimator).__name__}. If "
            f"they should be one, {way_out}.",
            UserWarning,
        )


# So many different numbers are rarely the names of classes.
MANY_NUMBERS = 50


def warn_of_numbers(classes, estimator):
    """Warn if classes are so many numbers that y may be a quantity."""
    if classes.dtype.kind in "iuf" and len(classes) >= MANY_NUMBERS:
        warn_caller(
            f"y has {len(classes)} different numbers, from {classes[0]:g} to {classes[-1]:g}. "
            f"{type(estimator).__name__} learns each as a class of its own, without an order. If y "
            "is a quantity, use RNNRegressor, or divide it into a few classes; if the numbers are "
            "names, pass y.astype(str).",
            UserWarning,
        )


def column_names(y, estimator):
    """Return the names of the columns of a data frame, or None.

    Parameters
    ----------
    y : object
        As the caller gave it.
    estimator : estimator instance
        Named in errors.

    Returns
    -------
    ndarray of object (str) or int64, or None
        None if there are no names, or the columns' numbers. Names of other types, such as the
        tuples of a pandas MultiIndex, become str.

    Raises
    ------
    ValueError
        If a name occurs twice.
    """
    # Of a table of pyarrow, `columns` are its values.
    names = getattr(y, "column_names", getattr(y, "columns", None))
    if names is None or callable(names) or np.ndim(y) != 2:
        return None
    names = list(names)
    if all(isinstance(name, int | np.integer) and not isinstance(name, bool) for name in names):
        found = np.array(names, dtype=np.int64)
        if np.array_equal(found, np.arange(len(names))):
            return None
    else:
        found = np.array([str(name) for name in names], dtype=object)
    return check_unique(found, f"The columns of y for {type(estimator).__name__}")


def check_unique(names, what):
    """Return the names of labels if all are different; otherwise raise ValueError."""
    different, counts = np.unique(names, return_counts=True)
    if len(different) < len(names):
        raise InvalidInputError(
            f"{what} name two labels {different[counts.argmax()]!r}. Give each label a name of its "
            "own."
        )
    return names


def _as_array(y, name):
    """Return y as an array whose labels can be compared with each other.

    An object array may also hold labels of one type, for example from a column of a data frame.
    """
    boxed = y
    refuse_mask(y, "y")
    try:
        y = np.asarray(y)
    except ValueError:
        raise InvalidInputError(
            f"The rows of y have different lengths; {name} expects labels of shape (n_samples,), "
            "or an indicator array of zeros and ones. MultiLabelBinarizer().fit_transform(y) "
            "converts sets of labels to one."
        ) from None
    if y.dtype.kind == "T":
        y = y.astype(object)
    if y.dtype != object and not (y.dtype.kind == "U" and isinstance(boxed, list | tuple)):
        return y
    labels = list(y.ravel() if y.dtype == object or y.ndim != 1 else boxed)
    for row, label in enumerate(labels):
        if _is_missing(label):
            raise InvalidInputError(
                f"Input y contains NaN or None: {label!r} in row {row}. Drop the row."
            )
    types = {str if isinstance(label, str) else type(label) for label in labels}
    if str in types and len(types) > 1:
        raise InvalidInputError(
            f"y mixes labels of type {' and '.join(sorted(t.__name__ for t in types))}, which "
            f"cannot be ordered; {name} expects one type, for example only str."
        )
    return np.array(y.tolist()) if y.dtype == object and str not in types else y


def _is_missing(label):
    try:
        return label is None or bool(label != label)
    except TypeError:  # pandas.NA is neither
        return True
