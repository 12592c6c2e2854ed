"""Features of fixed convolutions: MiniRocket, for several channels and unequal lengths.

Dempster, Schmidt and Webb (2021), "MiniRocket: A Very Fast (Almost) Deterministic Transform for
Time Series Classification", https://arxiv.org/abs/2012.08791. The kernels have nine taps, of which
three have the weight 2 and six the weight -1, in each of the 84 possible ways, spread by several
dilations. A feature is the share of steps at which the convolution exceeds a threshold, which is a
quantile of the convolution of some training rows. Each convolution adds up the channels of a random
subset. A row is convolved at its own length, with zeros, which are the mean, on both sides; every
second convolution counts only the steps at which all taps are inside the row.
"""

from dataclasses import dataclass, fields
from itertools import combinations, pairwise

import numpy as np

from skrnn.convolutions.grid import MAX_CHANNELS
from skrnn.exceptions import InvalidInputError, NoKernelsError
from skrnn.kernels import shards
from skrnn.kernels.engine import engine

N_TAPS = 9
# The places of the weight 2 in each kernel.
TAPS = np.array(list(combinations(range(N_TAPS), 3)), np.int32)
N_KERNELS = len(TAPS)
MAX_DILATIONS = 32
# Rows are padded by four times the largest dilation, which may come out of a file.
LARGEST_DILATION = 2**16
# Thresholds are quantiles of the convolution of so many rows, and about so many steps.
MAX_ROWS, ENOUGH_STEPS = 8, 256
# Rows that one thread reads at a time.
ROWS_PER_SHARD = 32


@dataclass
class Convolutions:
    """Which convolutions are computed, and with which thresholds.

    Attributes
    ----------
    dilation, which, inside : ndarray of shape (n_convolutions,) of int32
        Steps between two taps, ascending; the row of `TAPS`; 1 if only steps count at which all
        taps are inside the row.
    channels : ndarray of int32
        The channels that are added up, of all convolutions one after another.
    channels_end : ndarray of shape (n_convolutions,) of int64
        Where those of a convolution end.
    biases : ndarray of shape (n_features,) of int32
        The thresholds, in steps of the grid, of all convolutions one after another.
    biases_end : ndarray of shape (n_convolutions,) of int64
        Where those of a convolution end.
    """

    dilation: np.ndarray
    which: np.ndarray
    inside: np.ndarray
    channels: np.ndarray
    channels_end: np.ndarray
    biases: np.ndarray
    biases_end: np.ndarray

    @property
    def n_features(self):
        """How many features there are."""
        return len(self.biases)

    @classmethod
    def fit(cls, values, offsets, n_features, seed):
        """Choose dilations by the median length, channels at random, and thresholds by the rows.

        Parameters
        ----------
        values : ndarray of shape (n_steps, n_channels) of int32
            From :class:`skrnn.convolutions.grid.Grid`.
        offsets : ndarray of shape (n_samples + 1,) of int64
        n_features : int
            Rounded down to a multiple of 84, and at least 84.
        seed : int
        """
        generator = np.random.default_rng(seed)
        lengths, n_channels = np.diff(offsets), values.shape[1]
        length = int(np.median(lengths))
        dilations, n_biases = _dilations(length, max(1, n_features // N_KERNELS))
        dilation = np.repeat(dilations, N_KERNELS).astype(np.int32)
        number = np.arange(len(dilation))
        most = min(n_channels, MAX_CHANNELS)
        n_read = (2 ** generator.uniform(0, np.log2(most + 1), len(number))).astype(int)
        n_read = np.clip(n_read, 1, most)
        made = cls(
            dilation,
            (number % N_KERNELS).astype(np.int32),
            ((number + number // N_KERNELS) % 2).astype(np.int32),
            np.concatenate([generator.choice(n_channels, n, replace=False) for n in n_read]).astype(
                np.int32
            ),
            np.cumsum(n_read),
            np.zeros(N_KERNELS * n_biases.sum(), np.int32),
            np.cumsum(np.repeat(n_biases, N_KERNELS)),
        )
        # The sequence of the golden ratio, whose first terms are spread over (0, 1) evenly.
        quantiles = np.arange(1, made.n_features + 1) * (np.sqrt(5) + 1) / 2 % 1
        n_rows = int(np.clip(-(-ENOUGH_STEPS // max(length, 1)), 1, MAX_ROWS))
        for i in number:
            rows = generator.integers(0, len(lengths), n_rows)
            found = [made.convolve(i, values[offsets[r] : offsets[r + 1]]) for r in rows]
            own = made.biases_of(i)
            # A count is of what exceeds the integer, and half of the grid's steps more.
            made.biases[own] = np.floor(np.quantile(np.concatenate(found), quantiles[own]))
        return made

    def biases_of(self, i):
        """Return where the thresholds of convolution `i` are."""
        return slice(self.biases_end[i - 1] if i else 0, self.biases_end[i])

    def channels_of(self, i):
        """Return the channels of convolution `i`."""
        return self.channels[self.channels_end[i - 1] if i else 0 : self.channels_end[i]]

    def kernels(self, numbers, n_channels):
        """Return the weights of convolutions, int64 of shape (n, n_channels, 9)."""
        weights = np.zeros((len(numbers), n_channels, N_TAPS), np.int64)
        for own, i in zip(weights, numbers, strict=True):
            taps = np.full(N_TAPS, -1)
            taps[TAPS[self.which[i]]] = 2
            own[self.channels_of(i)] = taps
        return weights

    def convolve(self, i, row):
        """Return convolution `i` of a row (n_steps, n_channels), at the steps that count."""
        d, n = int(self.dilation[i]), len(row)
        padded = np.zeros(n + 8 * d, np.int64)
        padded[4 * d : 4 * d + n] = row[:, self.channels_of(i)].sum(axis=1)
        taps = [padded[tap * d : tap * d + n] for tap in range(N_TAPS)]
        found = 3 * sum(taps[tap] for tap in TAPS[self.which[i]]) - sum(taps)
        return found[4 * d : n - 4 * d] if self.inside[i] and n > 8 * d else found

    def shares(self, values, offsets):
        """Return the features of rows: the share of the steps above each threshold.

        Parameters
        ----------
        values : ndarray of shape (n_steps, n_channels) of int32
        offsets : ndarray of shape (n_samples + 1,) of int64
            No row is empty.

        Returns
        -------
        ndarray of shape (n_samples, n_features) of float64
        """
        n_biases = np.diff(self.biases_end, prepend=0)
        lengths = np.diff(offsets)[:, np.newaxis]
        reach = 8 * self.dilation.astype(np.int64)
        n_counted = np.where((self.inside == 1) & (lengths > reach), lengths - reach, lengths)
        return self._counts(values, offsets) / np.repeat(n_counted, n_biases, axis=1)

    def _counts(self, values, offsets):
        counts = np.zeros((len(offsets) - 1, self.n_features), np.int32)
        if engine() == "numba":
            from skrnn.kernels.convolve import count_above

            offsets = offsets.astype(np.int64)
            plan = [getattr(self, one.name) for one in fields(self)]

            def work(first):
                last = min(first + ROWS_PER_SHARD, len(counts))
                count_above(values, offsets, TAPS, *plan, first, last, counts)

            try:
                shards.run(work, list(range(0, len(counts), ROWS_PER_SHARD)))
                return counts
            except NoKernelsError:
                pass  # NumPy counts the same
        for row, (start, end) in enumerate(pairwise(offsets)):
            for i in range(len(self.dilation)):
                above = self.convolve(i, values[start:end])[:, np.newaxis]
                counts[row, self.biases_of(i)] = (above > self.biases[self.biases_of(i)]).sum(0)
        return counts

    def check(self, n_channels):
        """Raise ValueError if this cannot be a result of `fit`; it may come out of a file."""
        n = len(self.dilation)
        ends = (self.channels_end, len(self.channels)), (self.biases_end, len(self.biases))
        is_right = (
            n > 0
            and len(self.which) == len(self.inside) == n
            and (np.diff(self.dilation) >= 0).all()
            and self.dilation[0] >= 1
            and self.dilation[-1] <= LARGEST_DILATION
            and ((self.which >= 0) & (self.which < N_KERNELS)).all()
            and np.isin(self.inside, (0, 1)).all()
            and ((self.channels >= 0) & (self.channels < n_channels)).all()
            and all(
                len(end) == n and end[-1] == total and (np.diff(end, prepend=0) > 0).all()
                for end, total in ends
            )
            and np.diff(self.channels_end, prepend=0).max() <= MAX_CHANNELS
        )
        if not is_right:
            raise InvalidInputError(
                "The numbers of the convolutions do not fit one another, or the channels."
            )


def _dilations(length, n_biases):
    """Return the dilations, and how many thresholds each kernel gets in them."""
    largest = np.log2(np.clip((length - 1) / (N_TAPS - 1), 1, LARGEST_DILATION))
    spread = 2 ** np.linspace(0, largest, min(n_biases, MAX_DILATIONS))
    dilations, times = np.unique(spread.astype(int), return_counts=True)
    counts = np.maximum(1, times * n_biases // times.sum())
    left = n_biases - counts.sum()
    counts[: max(left, 0)] += 1
    return dilations, counts
