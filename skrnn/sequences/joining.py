"""Sequences one after another."""

import numpy as np

from skrnn.sequences.columns import Columns
from skrnn.sequences.sequences import Sequences


def joined(first: Sequences, second: Sequences | None) -> Sequences:
    """Return the rows of both, one after the other, without words and side inputs.

    Parameters
    ----------
    first, second : Sequences
        Of the same kind. Columns are kept if both have them. `first` is returned if `second` is
        None.
    """
    if second is None:
        return first
    columns = None
    if first.columns is not None and second.columns is not None:
        values = np.concatenate([first.columns.values, second.columns.values])
        columns = Columns(values, first.columns.names)
    return Sequences(
        np.concatenate([first.values, second.values]),
        np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
        columns=columns,
        patch_size=first.patch_size,
    )
