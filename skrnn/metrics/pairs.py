"""True and predicted labels of the same steps, and the weights of their rows."""

from typing import Any, NamedTuple

import numpy as np

from skrnn._sklearn_compat import _check_sample_weight
from skrnn.exceptions import InvalidInputError
from skrnn.sequences import ragged_labels, refuse_unequal_rows


class Pair(NamedTuple):
    """Labels of the same steps.

    Attributes
    ----------
    true, predicted : ndarray of shape (n_steps,)
        Both of strings, or both of numbers.
    offsets : ndarray of shape (n_samples + 1,) of int64
        Row i is ``true[offsets[i]:offsets[i + 1]]``.
    weights : ndarray of shape (n_samples,) of float64, or None
    """

    true: np.ndarray
    predicted: np.ndarray
    offsets: np.ndarray
    weights: np.ndarray | None


def read_pair(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Pair:
    """Return true and predicted labels, checked.

    Raises
    ------
    InvalidInputError
        If rows differ in their number or length, or strings are compared with numbers.
    ValueError
        If `sample_weight` has another shape, is negative or not finite.
    """
    true, offsets = ragged_labels(y_true, "y_true")
    predicted, others = ragged_labels(y_pred, "y_pred")
    refuse_unequal_rows(others, offsets, "y_pred", "y_true")
    if len(true) and (true.dtype.kind in "UO") != (predicted.dtype.kind in "UO"):
        raise InvalidInputError(
            f"y_true has labels such as {true.tolist()[0]!r}, but y_pred has labels such as "
            f"{predicted.tolist()[0]!r}: strings are never equal to numbers. Pass both in the form "
            "of the labels that the tagger was fitted with."
        )
    weights = None
    if sample_weight is not None:
        rows = np.empty((len(offsets) - 1, 1))
        weights = _check_sample_weight(
            sample_weight, rows, dtype=np.float64, ensure_non_negative=True
        )
    return Pair(true, predicted, offsets, weights)
