"""What is beside the sequences of a prediction: numbers and ids, checked."""

from collections.abc import Iterable

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.network.description import SideInput
from skrnn.sequences import Sequences


def take_numbers(given: dict, side_input: SideInput, n: int) -> np.ndarray:
    """Return a side input of numbers, float32 of shape (n, width).

    Parameters
    ----------
    given : dict of str to ndarray
        The row inputs or the step inputs of sequences.
    side_input : SideInput
    n : int
        Number of rows, or of steps.

    Raises
    ------
    ValueError
        If there is none, or one of another shape.
    """
    return np.asarray(_take(given, side_input, n), np.float32)


def take_ids(given: dict, side_input: SideInput, n: int) -> np.ndarray:
    """Return a side input of ids, int32 of shape (n, width), each in the table.

    Parameters as of `take_numbers`, and errors; an id outside of the table is one, too.
    """
    ids = np.asarray(_take(given, side_input, n))
    n_ids = side_input.n_ids or 0
    if ids.dtype.kind not in "iu":
        raise InvalidInputError(
            f"The network reads ids in {side_input.name!r}, which are integers, but got "
            f"{ids.dtype}."
        )
    if len(ids) and not 0 <= ids.min() <= ids.max() < n_ids:
        raise InvalidInputError(
            f"The network knows the ids 0 to {n_ids - 1} of {side_input.name!r}, but got "
            f"{ids.min()} to {ids.max()}."
        )
    return np.require(ids, np.int32, "C")


def _take(given, side_input, n):
    value = given.get(side_input.name)
    if value is None or np.shape(value) != (n, side_input.width):
        got = "nothing" if value is None else f"an array of shape {np.shape(value)}"
        what = "ids" if side_input.is_ids else "numbers"
        raise InvalidInputError(
            f"The network reads {side_input.name!r}, {side_input.width} {what} for each "
            f"{'row' if side_input.per in ('state', 'row') else 'step'}, but got {got} for {n} of "
            "them."
        )
    return value


def check_side_inputs(side_inputs: Iterable[SideInput], sequences: Sequences, name: str) -> None:
    """Raise ValueError if sequences do not have the side inputs, in this order, ids in range.

    Keras takes the inputs of a network by their order.

    Parameters
    ----------
    side_inputs : iterable of SideInput
    sequences : Sequences
    name : str
        Of the estimator, for the error.
    """
    given, wanted = [*sequences.row_inputs, *sequences.step_inputs], [x.name for x in side_inputs]
    if given != wanted:
        raise InvalidInputError(
            f"The network of {name} reads {wanted} beside the sequences, in this order, but the "
            f"sequences have {given}."
        )
    check_ids(side_inputs, sequences)


def check_ids(side_inputs: Iterable[SideInput], sequences: Sequences) -> None:
    """Raise ValueError if an id beside the sequences is not in its table."""
    for one in side_inputs:
        if one.is_ids:
            take_ids(sequences.step_inputs, one, len(sequences.values))
