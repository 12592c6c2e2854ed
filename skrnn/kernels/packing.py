"""Packed sequences: the real steps of a batch, and nothing else.

The rows of a shard are sorted by their number of real steps, the longest first. Step k is then
taken by the first ``n_active[k]`` rows, and what belongs to it is stored behind what belongs to
the steps before it, a line for each row: as in PyTorch's PackedSequence, padding takes neither
time nor memory. `place` says, line by line, where the step stands in its row, in the order of
reading; the state after it is the output there and, as padding repeats it, at all places up to
the row's next real step.
"""

from typing import NamedTuple

import numpy as np
from numba import boolean, int64, types

from skrnn.kernels.compiling import kernel, part


class Form(NamedTuple):
    """What a layer reads and returns; all integers, the flags 0 or 1."""

    n_times: int
    units: int
    go_backwards: int
    every_step: int
    zero_padding: int


FORM = types.NamedUniTuple(int64, len(Form._fields), Form)
MASK = types.Array(boolean, 2, "C", readonly=True)
INDICES = types.Array(int64, 1, "C")


@part
def time(form, j):
    """Return which time a row reads at its place j."""
    return form.n_times - 1 - j if form.go_backwards else j


@kernel(INDICES(MASK))
def count_real_steps(mask):
    """Return the number of real steps of each row."""
    counts = np.zeros(mask.shape[0], np.int64)
    for row in range(mask.shape[0]):
        n = 0
        for t in range(mask.shape[1]):
            n += mask[row, t]
        counts[row] = n
    return counts


@kernel(types.UniTuple(INDICES, 2)(MASK, INDICES, INDICES, FORM))
def pack(mask, rows, lengths, form):
    """Return `n_active` and `place` of these rows, which are sorted by `lengths`."""
    n_steps = lengths[0] if len(lengths) else 0
    n_active = np.zeros(n_steps, np.int64)
    line = len(rows) - 1
    for k in range(n_steps):
        while lengths[line] <= k:
            line -= 1
        n_active[k] = line + 1
    start = np.zeros(n_steps, np.int64)
    for k in range(1, n_steps):
        start[k] = start[k - 1] + n_active[k - 1]
    place = np.empty(lengths.sum(), np.int64)
    for line, row in enumerate(rows):
        k = 0
        for j in range(form.n_times):
            if mask[row, time(form, j)]:
                place[start[k] + line] = j
                k += 1
    return n_active, place


@part
def next_place(form, n_active, place, k, start, line):
    """Return the place of a row's next real step after its step k, or the row's end."""
    if k + 1 < len(n_active) and line < n_active[k + 1]:
        return place[start + n_active[k] + line]
    return form.n_times


@part
def outputs(form, row, j, end):
    """Return the range of outputs that the state after place j is, the next step being at `end`.

    Outputs are counted row after row; a layer that returns the last has one for each row.
    """
    if form.every_step:
        first = row * form.n_times + j
        return first, first + (1 if form.zero_padding else end - j)
    is_last = end == form.n_times and (not form.zero_padding or j + 1 == end)
    return row, row + (1 if is_last else 0)
