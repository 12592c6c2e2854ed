"""Counts of the steps at which convolutions exceed thresholds; see :mod:`skrnn.convolutions`.

All numbers are integers, so sums are exact in any order.
"""

import numpy as np
from numba import int32, int64, types

from skrnn.kernels.compiling import kernel

STEPS = types.Array(int32, 2, "C", readonly=True)
NUMBERS = types.Array(int32, 1, "C", readonly=True)
TAPS = types.Array(int32, 2, "C", readonly=True)
PLACES = types.Array(int64, 1, "C", readonly=True)
COUNTS = types.Array(int32, 2, "C")


@kernel(
    types.void(
        STEPS, PLACES, TAPS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, PLACES, NUMBERS, PLACES,
        int64, int64, COUNTS,
    )
)  # fmt: skip
def count_above(
    values, offsets, taps, dilation, which, inside, channels, channels_end, biases, biases_end,
    first, last, counts,
):  # fmt: skip
    """Count for some rows.

    Parameters
    ----------
    values : ndarray of shape (n_steps, n_channels), int32
        Concatenated rows.
    offsets : ndarray of shape (n_samples + 1,), int64
        Where each row begins.
    taps : ndarray of shape (84, 3), int32
        The places of the weight 2 in each kernel.
    dilation, which, inside : ndarray of shape (n_convolutions,), int32
        Steps between two taps, in ascending order; the row of `taps`; 1 to count only where all
        taps are inside the row, if they are anywhere.
    channels, biases : ndarray of int32
        Of all convolutions, one after another.
    channels_end, biases_end : ndarray of shape (n_convolutions,), int64
        Where those of a convolution end.
    first, last : int
        The rows, `last` excluded.
    counts : ndarray of shape (n_samples, n_features), int32
        Result.
    """
    n_channels = values.shape[1]
    longest = 0
    for row in range(first, last):
        longest = max(longest, offsets[row + 1] - offsets[row])
    margin = 4 * np.int64(dilation[-1])
    padded = np.zeros((n_channels, longest + 2 * margin), np.int32)
    minus = np.zeros((n_channels, longest), np.int32)
    sums = np.zeros(longest, np.int32)
    for row in range(first, last):
        start = offsets[row]
        n = offsets[row + 1] - start
        padded[:] = 0
        for t in range(n):
            for c in range(n_channels):
                padded[c, margin + t] = values[start + t, c]
        d = np.int64(0)
        from_channel, from_bias = np.int64(0), np.int64(0)
        for i in range(len(dilation)):
            if dilation[i] != d:
                d = np.int64(dilation[i])
                for c in range(n_channels):
                    for t in range(n):
                        minus[c, t] = 0
                    for tap in range(9):
                        at = margin + (tap - 4) * d
                        for t in range(n):
                            minus[c, t] -= padded[c, at + t]
            a = margin + (np.int64(taps[which[i], 0]) - 4) * d
            b = margin + (np.int64(taps[which[i], 1]) - 4) * d
            e = margin + (np.int64(taps[which[i], 2]) - 4) * d
            for j in range(from_channel, channels_end[i]):
                c = channels[j]
                if j == from_channel:
                    for t in range(n):
                        sums[t] = minus[c, t] + np.int32(3) * (
                            padded[c, a + t] + padded[c, b + t] + padded[c, e + t]
                        )
                else:
                    for t in range(n):
                        sums[t] += minus[c, t] + np.int32(3) * (
                            padded[c, a + t] + padded[c, b + t] + padded[c, e + t]
                        )
            from_channel = channels_end[i]
            begin, end = np.int64(0), n
            if inside[i] and n > 8 * d:
                begin, end = 4 * d, n - 4 * d
            for j in range(from_bias, biases_end[i]):
                bias, count = biases[j], np.int32(0)
                for t in range(begin, end):
                    count += np.int32(sums[t] > bias)
                counts[row, j] = count
            from_bias = biases_end[i]
