"""Sums of rows of a table, in any engine."""

import numpy as np

from skrnn.exceptions import NoKernelsError
from skrnn.kernels import shards
from skrnn.kernels.engine import engine

# Steps that a thread sums at once; with NumPy, the rows that are looked up for them are in memory.
STEPS_AT_ONCE = 4096


def add_sums(out: np.ndarray, table, ids: np.ndarray) -> None:
    """Add to each row of an array the sum of the rows of a table that its ids name.

    With both engines these are the same bytes, whatever else is in `ids`: rows are added one after
    another.

    Parameters
    ----------
    out : ndarray of shape (n_steps, n_features), float32
    table : ndarray of shape (n_ids, n_features) of any float type
        The row of 0 is never read: 0 is no id.
    ids : ndarray of shape (n_steps, width), int32
        Each below n_ids.
    """
    table, sum_rows = np.require(table, np.float32, "C"), _summing()

    def work(start):
        part = slice(start, start + STEPS_AT_ONCE)
        sums = np.empty(out[part].shape, np.float32)
        sum_rows(ids[part], table, sums)
        out[part] += sums

    shards.run(work, range(0, len(ids), STEPS_AT_ONCE))


def _summing():
    """Return the function that sums rows, of the engine of the moment."""
    if engine() == "numba":
        from skrnn.kernels.embedding import sum_rows

        try:
            sum_rows.compile()
            return sum_rows
        except NoKernelsError:
            pass
    return _sum_rows


def _sum_rows(ids, table, out):
    out[...] = 0
    for one in ids.T:
        rows = table[one]
        rows[one == 0] = 0
        out += rows
