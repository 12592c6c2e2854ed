"""Attention pooling; see :class:`skrnn.layers.pooling.AttentionPooling` for the equations."""

import numpy as np
from numba import float32, int64, types

from skrnn.kernels.activations import exp, tanh
from skrnn.kernels.compiling import kernel
from skrnn.kernels.denormals import flush_denormals, restore_denormals
from skrnn.kernels.lanes import VL, address, load, store
from skrnn.kernels.loop import READ, VALUES, whole, zeros_aligned
from skrnn.kernels.matmul import multiply

BIAS = types.Array(float32, 1, "C", readonly=True)
INDICES = types.Array(int64, 1, "C", readonly=True)


@kernel(types.void(READ, INDICES, INDICES, INDICES, READ, BIAS, READ, VALUES))
def attend(states, starts, places, lengths, weights, bias, query, out):
    """Pool the states of some rows.

    Parameters
    ----------
    states : ndarray of shape (n_steps, n_units), float32
    starts, lengths : ndarray of shape (n_rows,), int64
        Row ``i`` has the steps ``starts[i] : starts[i] + lengths[i]``, at least one.
    places : ndarray of shape (n_rows,), int64
        The rows of `out` to write.
    weights, bias, query : ndarray
        Filled up to whole vectors: (n_units, n_columns), (n_columns,) and (n_columns, VL).
    out : ndarray of shape (n_out, n_units), float32
    """
    mode = flush_denormals()
    n_units, n_columns = states.shape[1], len(bias)
    longest = 0
    for i in range(len(lengths)):
        longest = max(longest, lengths[i])
    relevance = zeros_aligned(longest, n_columns)
    # The scores stand in the first column; the others are those of the zeros in `query`.
    sums = zeros_aligned(longest, VL)
    scores = zeros_aligned(1, whole(longest))
    totals = np.empty(n_units)
    for i in range(len(lengths)):
        start, n = starts[i], lengths[i]
        for t in range(n):
            for j in range(n_columns):
                relevance[t, j] = bias[j]
        multiply(
            address(states, start, 0), n_units, 1,
            address(weights, 0, 0), n_columns,
            address(relevance, 0, 0), n_columns,
            n, n_columns, n_units, 1,
        )  # fmt: skip
        for t in range(n):
            for j in range(0, n_columns, VL):
                store(relevance, t, j, tanh(load(relevance, t, j)))
        multiply(
            address(relevance, 0, 0), n_columns, 1,
            address(query, 0, 0), VL,
            address(sums, 0, 0), VL,
            n, VL, n_columns, 0,
        )  # fmt: skip
        largest = sums[0, 0]
        for t in range(1, n):
            largest = max(largest, sums[t, 0])
        for t in range(n):
            scores[0, t] = sums[t, 0] - largest
        for t in range(0, n, VL):
            store(scores, 0, t, exp(load(scores, 0, t)))
        total = 0.0
        totals[:] = 0
        for t in range(n):
            weight = np.float64(scores[0, t])
            total += weight
            for u in range(n_units):
                totals[u] += weight * np.float64(states[start + t, u])
        for u in range(n_units):
            out[places[i], u] = np.float32(totals[u] / total)
    restore_denormals(mode)
