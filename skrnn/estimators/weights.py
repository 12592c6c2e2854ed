"""Weights in the loss, relative to their mean: only their proportions count."""

import numpy as np

from skrnn._sklearn_compat import _check_sample_weight
from skrnn.exceptions import InvalidInputError
from skrnn.sequences import refuse_mask

_PRODUCT = "sample_weight times class_weight"


def check_weights(sample_weight, sequences):
    """Return the weights of the rows, float64."""
    refuse_mask(sample_weight, "sample_weight")
    return _check_sample_weight(
        sample_weight, sequences, dtype=np.float64, ensure_non_negative=True
    )


def mean_weight(weights):
    """Return the mean of the weights that are not zero.

    Parameters
    ----------
    weights : ndarray of float64
        Not negative; of any shape.

    Returns
    -------
    float
        If all weights are multiplied by a power of two, so is their mean, exactly. It is exactly
        the weight if all are equal.

    Raises
    ------
    ValueError
        If all weights are zero, or one is infinite.
    """
    largest = weights.max()
    if largest == 0:
        raise InvalidInputError(
            f"The weights of all rows, {_PRODUCT}, are zero, so there is nothing to train on. Give "
            "at least one row a positive weight."
        )
    if not np.isfinite(largest):
        raise InvalidInputError(
            f"A weight, {_PRODUCT}, is larger than the largest float64. Divide the weights by a "
            "constant: only their proportions count."
        )
    # Sums of large weights would overflow.
    return float(largest * np.mean(weights[weights > 0] / largest))


def relative(weights, unit):
    """Return the weights divided by a mean weight, as float32.

    Parameters
    ----------
    weights : ndarray of float64
        Not negative; of any shape.
    unit : float
        The mean weight of these rows, or of those with which the training began.

    Raises
    ------
    ValueError
        If, in this unit, one is too large or all are too small for float32.
    """
    # The division is in float64: float32 has no weights of 1e-300.
    with np.errstate(over="ignore", under="ignore"):
        found = (weights / unit).astype(np.float32)
    problem = None
    if not np.isfinite(found.max()):
        problem = f"A weight is {weights.max():.3g}, too large"
    elif not found.any():
        problem = f"All weights are {weights.max():.3g} or less, too small"
    if problem:
        raise InvalidInputError(
            f"{problem} to train on, because the mean weight was {unit:.3g} when the training "
            f"began. Here, weights ({_PRODUCT}) are in the unit of the first call or the first "
            "chunk: pass weights of a similar size."
        )
    return found
