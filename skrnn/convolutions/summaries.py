"""Features of the levels of numeric sequences: mean, spread, ends, slope, and means of segments.

The weights of a convolution sum to zero, so it says little about levels, and nothing about the
length. All sums here are of integers, and so do not depend on their order.
"""

import numpy as np

from skrnn.convolutions.grid import STEPS

MAX_SEGMENTS = 16
# With many channels, there are fewer segments.
MAX_MEANS = 2048
# Features of each channel beside the segments.
N_STATISTICS = 8


def n_segments(n_channels):
    """Return into how many segments rows are cut."""
    return int(np.clip(MAX_MEANS // n_channels, 1, MAX_SEGMENTS))


def n_summaries(n_channels):
    """Return how many features a row has."""
    return 1 + n_channels * (N_STATISTICS + n_segments(n_channels))


def summaries(values, offsets):
    """Return the features of rows.

    Parameters
    ----------
    values : ndarray of shape (n_steps, n_channels) of int32
        From :class:`skrnn.convolutions.grid.Grid`.
    offsets : ndarray of shape (n_samples + 1,) of int64
        No row is empty.

    Returns
    -------
    ndarray of shape (n_samples, n_summaries) of float64
        The logarithm of the length; then, each for all channels: mean, standard deviation, minimum,
        maximum, first and last value, slope over the whole row, mean absolute change from step to
        step; then the means of each segment of equal length, with shares of steps.
    """
    starts, lengths = offsets[:-1], np.diff(offsets)
    x, n = values.astype(np.int64), lengths[:, np.newaxis]
    total = np.add.reduceat(x, starts, axis=0)
    squares = np.add.reduceat(x * x, starts, axis=0)
    mean = total / n
    spread = np.sqrt(np.maximum(squares / n - mean * mean, 0.0))
    # Twice the distance from the middle of the row, an integer.
    row_of = np.repeat(np.arange(len(lengths)), lengths)
    place = 2 * (np.arange(len(x)) - starts[row_of]) - (lengths[row_of] - 1)
    moment = np.add.reduceat(x * place[:, np.newaxis], starts, axis=0)
    # The sum of the squares of `place`; a row of one step has no slope.
    norm = np.maximum(n * (n * n - 1) / 3, 1)
    slope = 2 * moment / norm * (n - 1)
    change = np.abs(np.diff(x, axis=0, append=x[-1:]))
    change[offsets[1:] - 1] = 0
    change = np.add.reduceat(change, starts, axis=0) / np.maximum(n - 1, 1)
    parts = [
        mean,
        spread,
        np.minimum.reduceat(x, starts, axis=0),
        np.maximum.reduceat(x, starts, axis=0),
        x[starts],
        x[offsets[1:] - 1],
        slope,
        change,
        *_segments(x, offsets, n_segments(x.shape[1])),
    ]
    return np.hstack([np.log(n), *(part / STEPS for part in parts)])


def _segments(x, offsets, count):
    """Yield the means of each segment, (n_samples, n_channels)."""
    starts, lengths = offsets[:-1], np.diff(offsets)
    sums = np.zeros((len(x) + 1, x.shape[1]), np.int64)
    np.cumsum(x, axis=0, out=sums[1:])
    before = sums[starts] * count
    for number in range(1, count + 1):
        # A segment ends within a step, of which it has the share `rest / count`.
        whole, rest = np.divmod(lengths * number, count)
        at = starts + whole
        inside = x[np.minimum(at, len(x) - 1)]
        until = sums[at] * count + rest[:, np.newaxis] * inside
        yield (until - before) / lengths[:, np.newaxis]
        before = until
