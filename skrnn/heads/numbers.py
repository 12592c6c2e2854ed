"""Checks of numbers as targets, and the units in which a network learns them."""

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skrnn.exceptions import InvalidInputError
from skrnn.sequences import plain_column

# Spreads below this are as good as none: float64 has not all its digits there.
SMALLEST = np.finfo(np.float64).tiny
# The interquartile range of a normal distribution, in standard deviations.
QUARTILES = 1.349


def check_numbers(y, estimator):
    """Check targets that are numbers.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    estimator : estimator instance
        Named in errors.

    Returns
    -------
    ndarray of the shape of y, float64

    Raises
    ------
    ValueError
        If y is missing, not numeric, of another shape, or has NaN or infinity, which the message
        finds by its row.
    """
    name = type(estimator).__name__
    wanted = f"{name} expects numbers of shape (n_samples,) or (n_samples, n_outputs)"
    if y is None:
        raise InvalidInputError(f"{name} requires y to be passed, but the target y is None.")
    try:
        found = np.asarray(y.toarray() if issparse(y) else plain_column(y))
    except ValueError:
        raise InvalidInputError(
            f"The rows of y have different lengths; {wanted}. Fill them up, or drop rows."
        ) from None
    if found.ndim not in (1, 2) or 0 in found.shape:
        raise InvalidInputError(
            f"y has shape {found.shape}; {wanted}, at least one number a row and one row."
            f"{' Pass y.reshape(len(y), -1).' if found.ndim > 2 else ''}"
        )
    if found.dtype.kind not in "fiub":
        found = _numbers_of_objects(found, wanted)
    found = found.astype(np.float64)
    odd = np.argwhere(~np.isfinite(found))
    if len(odd):
        place = tuple(odd[0].tolist())
        raise InvalidInputError(
            f"Input y contains {_name(found[place])} in row {place[0]}"
            f"{f', column {place[1]}' if found.ndim == 2 else ''}; {name} expects finite numbers. "
            "Drop the row, or fill the number in."
        )
    return found


def _numbers_of_objects(y, wanted):
    """Return an array of objects as numbers; strings and complex numbers are none."""
    found = np.empty(y.shape, np.float64)
    for place, value in np.ndenumerate(y):
        is_number = isinstance(value, Real | Decimal | np.bool_) or value is None
        try:
            found[place] = float(value) if is_number and value is not None else np.nan
        except OverflowError:  # an int of many digits
            found[place] = np.inf
        if not is_number and not _is_missing(value):
            way_out = "Convert it with float(...), or use RNNClassifier for classes."
            kind = "str" if isinstance(value, str) else type(value).__name__
            raise InvalidInputError(
                f"y has {str(value)[:40]!r}, a {kind}, in row {place[0]}; {wanted}. {way_out}"
            )
    return found


def _is_missing(value: Any):
    """Whether it is a missing value of pandas, which equals nothing and is no truth value."""
    return type(value).__name__ in ("NAType", "NaTType")


def _name(number):
    return "NaN" if np.isnan(number) else "infinity"


def weighted_quantile(values, weights, q):
    """Return the smallest of the values that has a share `q` of all weights up to it.

    Between two values that both are, their mean, as of the median of an even number of rows.
    """
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    upto = np.cumsum(weights)
    goal = q * upto[-1]
    low = min(int(np.searchsorted(upto, goal * (1 - 1e-12))), len(values) - 1)
    high = min(int(np.searchsorted(upto, goal * (1 + 1e-12), side="right")), len(values) - 1)
    return values[low] / 2 + values[high] / 2


def center_and_scale(values, weights, loss, quantile):
    """Return the unit in which a loss of this kind is learned.

    Parameters
    ----------
    values : ndarray of shape (n_samples,), float64
    weights : ndarray of shape (n_samples,), float64
        Positive.
    loss : str
        The parameter of :class:`skrnn.RNNRegressor`.
    quantile : float or None
        For ``loss="quantile"``.

    Returns
    -------
    center : float
        The constant that is best for this loss; 0 for "poisson", unless the values are constant.
    scale : float
        0 if the values are constant. For the squared error the standard deviation, and for losses
        that are not ruled by few large errors a measure that is not either: the interquartile
        range, as of a normal distribution, or, if that is zero, the mean absolute deviation. For
        "poisson" the mean.
    """
    largest = np.abs(values).max()
    if largest < SMALLEST:
        return 0.0, 0.0
    # Sums and squares of numbers near the limits of float64 would overflow, or vanish.
    relative = values / largest
    if relative.min() == relative.max():
        return float(values[0]), 0.0
    if loss == "poisson":
        return 0.0, float(largest * np.average(relative, weights=weights))
    if loss == "squared_error":
        center = np.average(relative, weights=weights)
        scale = np.sqrt(np.average((relative - center) ** 2, weights=weights))
    else:
        center = weighted_quantile(relative, weights, quantile if loss == "quantile" else 0.5)
        low, high = (weighted_quantile(relative, weights, q) for q in (0.25, 0.75))
        scale = (high - low) / QUARTILES
        scale = scale or np.average(np.abs(relative - center), weights=weights)
    scale = largest * scale
    return float(largest * center), float(scale) if scale >= SMALLEST else 0.0
