"""Checks of class labels and multilabel indicators."""

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array

from skrnn._sklearn_compat import _check_y
from skrnn.exceptions import InvalidInputError


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
    y = _as_array(y.toarray() if issparse(y) else y, name)
    if y.ndim == 2 and y.shape[1] > 1:
        y = check_array(y, input_name="y", dtype=None, estimator=estimator)
        kind = type_of_target(y, input_name="y")
        # scikit-learn accepts any two numbers as an indicator, as in [[-1, 1], [1, -1]].
        if kind != "multilabel-indicator" or not np.isin(y, [0, 1]).all():
            raise InvalidInputError(
                f"y has shape {y.shape} and is {kind} with the values "
                f"{np.unique(y)[:4].tolist()}; {name} expects labels of shape (n_samples,), or an "
                "indicator array of zeros and ones with one column for each label."
            )
        return y.astype(np.int64)
    if y.shape[:1] == (0,):
        raise InvalidInputError(f"y has no labels; {name} expects one for each row of X.")
    y = _check_y(y, estimator=estimator)
    check_classification_targets(y)
    return y


def _as_array(y, name):
    """Return y as an array whose labels can be compared with each other.

    An object array may also hold labels of one type, for example from a column of a data frame.
    """
    boxed = y
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
