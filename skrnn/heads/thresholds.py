"""Thresholds of labels: the probability above which each is predicted."""

from numbers import Real
from typing import Any

import numpy as np

from skrnn.exceptions import InvalidInputError

DEFAULT = 0.5
# The best threshold on fewer positive rows is mostly noise.
MIN_POSITIVES = 5


def check_thresholds(thresholds, names, estimator):
    """Return thresholds as an array.

    Parameters
    ----------
    thresholds : float or array-like of shape (n_labels,)
    names : ndarray of shape (n_labels,)
        The labels.
    estimator : estimator instance
        Named in errors.

    Returns
    -------
    ndarray of shape (n_labels,), float64

    Raises
    ------
    ValueError
        If there is not one number in [0, 1] for each label.
    """
    wanted = (
        f"The 'thresholds' parameter of {type(estimator).__name__} must be None, 'auto', or one "
        f"number in [0, 1] for each of the {len(names)} labels."
    )
    try:
        found = np.array(thresholds)
        is_number = found.dtype.kind in "iuf"
    except ValueError:
        is_number = False
    if np.ma.is_masked(thresholds):
        raise InvalidInputError(f"{wanted} Got masked values instead.")
    if not is_number:
        raise InvalidInputError(f"{wanted} Got {thresholds!r} instead.")
    found = found.astype(np.float64)
    index: Any = getattr(thresholds, "index", None)
    labels = index.tolist() if hasattr(index, "tolist") else None  # of a pandas Series
    if labels is not None and labels != names.tolist() and set(labels) == set(names.tolist()):
        raise InvalidInputError(
            f"The 'thresholds' parameter of {type(estimator).__name__} has the labels {labels}, "
            f"but the order of y is {names.tolist()}. Pass thresholds.loc[list(classes_)]."
        )
    if isinstance(thresholds, Real):
        found = np.full(len(names), found)
    if found.shape != (len(names),):
        raise InvalidInputError(f"{wanted} Got an array of shape {found.shape} instead.")
    outside = np.flatnonzero(~((found >= 0) & (found <= 1)))
    if len(outside):
        k = outside[0]
        raise InvalidInputError(
            f"{wanted} Got {found[k]} for the label {names[[k]].tolist()[0]!r} instead."
        )
    return found


def best_thresholds(y, probabilities):
    """Return the thresholds with the highest F1 score of each label.

    A label with fewer than `MIN_POSITIVES` positive rows takes the threshold that is the best for
    all such labels together. A label without any, and one that all rows have, takes 0.5.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_labels), bool
        The labels of rows on which the model was not trained.
    probabilities : ndarray of shape (n_samples, n_labels), float64
        Predicted for these rows.

    Returns
    -------
    ndarray of shape (n_labels,), float64
    """
    thresholds = np.full(y.shape[1], DEFAULT)
    n_positive = y.sum(axis=0)
    for k in np.flatnonzero((n_positive >= MIN_POSITIVES) & (n_positive < len(y))):
        thresholds[k] = _best_threshold(y[:, k], probabilities[:, k])
    few = (n_positive > 0) & (n_positive < min(MIN_POSITIVES, len(y)))
    if few.any():
        thresholds[few] = _best_threshold(y[:, few].ravel(), probabilities[:, few].ravel())
    return thresholds


def _best_threshold(y, probabilities):
    """Return the threshold with the highest F1 score; 0.5 if no other one has a higher score."""
    order = np.argsort(-probabilities, kind="stable")
    y, probabilities = y[order], probabilities[order]
    n_predicted = np.arange(1, len(y) + 1)
    scores = 2 * np.cumsum(y) / (n_predicted + y.sum())
    # Rows of equal probability are predicted together.
    below = np.append(probabilities[1:], 0.0)
    scores[probabilities == below] = -1.0
    above_default = int((probabilities > DEFAULT).sum())
    best = int(scores.argmax())
    if above_default and scores[above_default - 1] >= scores[best]:
        return DEFAULT
    between = (probabilities[best] + below[best]) / 2
    return between if between < probabilities[best] else below[best]
