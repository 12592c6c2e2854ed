"""The channels of numeric sequences: by what they are scaled, and what stands for missing values.

Sensors give amperes and pascals, cents and kilometres. A network learns from numbers around zero of
about one, so :class:`ChannelScaler` standardizes the channels, in float64, before anything becomes
float32: the difference of 1,000,000.1 and 1,000,000.2 is lost there.
"""

from dataclasses import replace

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.sequences.columns import LARGEST_SCALED
from skrnn.sequences.sequences import Sequences

# Squares of larger numbers overflow, and squares of smaller ones are zero.
LEAST, MOST = 1e-100, 1e100
# Numbers that are converted to float64 at once.
BLOCK = 2**20
# Exponents of float64, subnormal numbers included.
EXPONENTS = -1074, 1024


def choose_scaling(sequences: Sequences) -> str:
    """Return what ``scaling="auto"`` is for the training rows.

    Parameters
    ----------
    sequences : Sequences
        Numeric, as the caller gave them.

    Returns
    -------
    {"standard", "series"}
    """
    return "standard"


class ChannelScaler:
    """Scales numeric sequences as those of a fit, and fills in what is missing.

    Parameters
    ----------
    scaling : {"standard", "series", None}
        - "standard": by mean and standard deviation of each channel over the training steps;
        - "series": each channel of a series by its own mean and standard deviation;
        - None: not at all.
    mean : ndarray of shape (n_channels,) of float64
        Means of the training steps, 0 for a channel without any number. Zeros with "series".
    scale : ndarray of shape (n_channels,) of float64
        Standard deviations of the training steps. 0 for a channel that is constant or has no
        number, and with "series".
    n_numbers : ndarray of shape (n_channels,) of int64
        Over how many numbers the mean is.
    """

    def __init__(self, scaling, mean, scale, n_numbers):
        self.scaling, self.mean, self.scale, self.n_numbers = scaling, mean, scale, n_numbers

    # --- Learning ---

    @classmethod
    def unknown(cls, scaling, n_channels: int) -> "ChannelScaler":
        """Return a scaler that has seen no number."""
        zeros = np.zeros(n_channels)
        return cls(scaling, zeros, zeros, np.zeros(n_channels, np.int64))

    @classmethod
    def fit(cls, sequences: Sequences, is_used, scaling) -> "ChannelScaler":
        """Learn from the training rows.

        Parameters
        ----------
        sequences : Sequences
            Numeric, as the caller gave them, NaN where a value is missing.
        is_used : ndarray of shape (n_samples,) of bool
            Rows without a weight do not count.
        scaling : {"auto", "standard", "series", None}
            "auto" is what :func:`choose_scaling` returns.
        """
        if scaling == "auto":
            scaling = choose_scaling(sequences)
        return cls.unknown(scaling, sequences.values.shape[1]).updated(sequences, is_used)

    def updated(self, sequences: Sequences, is_used) -> "ChannelScaler":
        """Return the scaler after more training rows.

        Only channels that have been constant so far, or without a number, learn from them:
        otherwise the network would read the same value differently than before. They learn from the
        first rows together with the first ones that have another value.

        Parameters
        ----------
        sequences, is_used : as of `fit`
        """
        if self.scaling == "series" or (self.scale > 0).all():
            return self
        values = sequences.values
        if not is_used.all():
            values = values[np.repeat(is_used, sequences.lengths)]
        is_open = self.scale == 0
        found = _pooled((self.mean, self.scale, self.n_numbers), _moments(values))
        mean, scale, n_numbers = (
            np.where(is_open, new, old)
            for new, old in zip(found, (self.mean, self.scale, self.n_numbers), strict=True)
        )
        return ChannelScaler(self.scaling, mean, scale, n_numbers)

    # --- Scaling ---

    def apply(self, sequences: Sequences, name: str, *, keeps_steps: bool = False) -> Sequences:
        """Return sequences as a network reads them, in float32.

        A missing value becomes the channel's mean: that of the training, or with "series" that of
        the series, which is 0 once it is scaled.

        Parameters
        ----------
        sequences : Sequences
            Numeric, as the caller gave them, NaN where a value is missing.
        name : str
            Of the estimator, for errors.
        keeps_steps : bool
            Whether steps of which all channels are missing are filled in, too. Otherwise they stay
            NaN.

        Raises
        ------
        ValueError
            If a number, after scaling, is so large that the network's sums might overflow, or a
            mean is not known.
        """
        if self.scaling == "series":
            scaled = _by_series(sequences)
        elif self.scaling is None:
            scaled = self._unscaled(sequences, name)
        else:
            scaled = self._standardized(sequences, name)
        is_missing = np.isnan(scaled)
        if is_missing.any():
            if not keeps_steps:
                is_missing &= ~is_missing.all(axis=1, keepdims=True)
            fill = np.zeros(scaled.shape[1], np.float32)
            if self.scaling is None:
                self._check_means(is_missing, sequences, name)
                fill = self.mean.astype(np.float32)
            scaled = np.where(is_missing, fill, scaled)
        return replace(sequences, values=scaled)

    @property
    def divisor(self) -> np.ndarray:
        """By what channels are divided, float64: 1 if they are constant."""
        return np.where(self.scale > 0, self.scale, 1.0)

    def _standardized(self, sequences, name):
        values, divisor = sequences.values, self.divisor
        # A channel that the training never saw has no unit, and its weights have learned nothing.
        is_unseen = self.n_numbers == 0
        scaled = np.empty(values.shape, np.float32)
        for part in _blocks(values):
            block = values[part].astype(np.float64)
            with np.errstate(over="ignore"):  # an overflow raises the error below
                block -= self.mean
                block /= divisor
            block[:, is_unseen] *= 0
            is_far = np.abs(block) > LARGEST_SCALED
            if is_far.any():
                step, channel = np.argwhere(is_far)[0]
                self._raise_far(sequences, part.start + step, channel, name)
            scaled[part] = block
        return scaled

    def _unscaled(self, sequences, name):
        with np.errstate(over="ignore"):  # an overflow raises the error below
            values = sequences.values.astype(np.float32, copy=False)
        is_far = np.isinf(values)
        if is_far.any():
            step, channel = np.argwhere(is_far)[0]
            where = place_of(sequences, step)
            raise InvalidInputError(
                f"Input X contains a value too large for float32: {where}, channel {channel}, is "
                f"{sequences.values[step, channel]:g}. {name} reads numbers as they are, since "
                "scaling=None. Clip or scale the values, or train with scaling='standard'."
            )
        return values

    def _raise_far(self, sequences, step, channel, name):
        mean, scale = self.mean[channel], self.scale[channel]
        value, far = sequences.values[step, channel], f"{LARGEST_SCALED:g}"
        told = f"more than {far} standard deviations ({scale:g}) from the mean, {mean:g}, of"
        if scale == 0:
            told = f"further than {far} from {mean:g}, the only value in"
        raise InvalidInputError(
            f"Input X contains a value that is too large: {place_of(sequences, step)}, channel "
            f"{channel}, is {value:g}, {told} the training rows of {name}. Check its unit, or clip "
            "it."
        )

    def _check_means(self, is_missing, sequences, name):
        unknown = is_missing & (self.n_numbers == 0)
        if unknown.any():
            step, channel = np.argwhere(unknown)[0]
            raise InvalidInputError(
                f"Input X contains NaN where {name} knows no mean to fill in: "
                f"{place_of(sequences, step)}, channel {channel}. With scaling=None, a missing "
                "value becomes the channel's mean in training, and this channel had no number "
                "there, or the estimator is from a version that kept no means. Fill in the value, "
                "leave the channel out, or train with scaling='standard'."
            )

    # --- As data ---

    def to_arrays(self):
        """Return mean, scale and number of numbers, and the exponents of the first two.

        Mean and scale are those of the channel times ``2**exponent``, at most 1: a file holds no
        number of 1e300.

        Returns
        -------
        mean, scale : ndarray of shape (n_channels,) of float64
        exponent, n_numbers : ndarray of shape (n_channels,) of int64
        """
        exponent = np.frexp(np.maximum(np.abs(self.mean), self.scale))[1].astype(np.int64)
        mean, scale = (np.ldexp(one, -exponent) for one in (self.mean, self.scale))
        return mean, scale, exponent, self.n_numbers

    @classmethod
    def from_arrays(cls, scaling, mean, scale, exponent, n_numbers) -> "ChannelScaler":
        """Make the scaler of what `to_arrays` has returned, out of a file that may be hostile.

        Raises
        ------
        ValueError
            If a number is out of range.
        """
        least, most = EXPONENTS
        if not ((exponent >= least) & (exponent <= most)).all():
            raise InvalidInputError("An exponent of the channels is out of range.")
        if not ((np.abs(mean) <= 1) & (scale >= 0) & (scale <= 1)).all():
            raise InvalidInputError("A mean or scale of the channels is out of range.")
        if not ((n_numbers >= 0) & ((n_numbers > 0) | (scale == 0))).all():
            raise InvalidInputError("A channel without a number has a scale, or less than none.")
        with np.errstate(over="ignore"):  # the error follows
            mean, scale = np.ldexp(mean, exponent), np.ldexp(scale, exponent)
        if not (np.isfinite(mean) & np.isfinite(scale)).all():
            raise InvalidInputError("A mean or scale of the channels is out of range.")
        return cls(scaling, mean, scale, n_numbers)


def place_of(sequences, step) -> str:
    """Return "row ..., time step ..." for the place of a step in the values."""
    row = int(np.searchsorted(sequences.offsets, step, side="right")) - 1
    return f"row {row}, time step {int(step) - int(sequences.offsets[row])}"


def _blocks(values):
    size = max(1, BLOCK // max(1, values.shape[1]))
    return [slice(first, first + size) for first in range(0, len(values), size)]


def _moments(values):
    """Return mean, standard deviation and number of the numbers in each channel.

    The deviation of a constant channel is exactly 0, and its mean exactly its value.
    """
    width = values.shape[1]
    n, low, high = np.zeros(width, np.int64), np.full(width, np.inf), np.full(width, -np.inf)
    for part in _blocks(values):
        block = values[part]
        n += np.count_nonzero(~np.isnan(block), axis=0)
        low = np.fmin(low, np.fmin.reduce(block, axis=0))
        high = np.fmax(high, np.fmax.reduce(block, axis=0))
    low, high = (np.where(n > 0, one, 0.0).astype(np.float64) for one in (low, high))
    exponent = _exponents(np.maximum(np.abs(low), np.abs(high)))
    divisor = np.maximum(n, 1)

    def mean_of(function):
        total = np.zeros(width)
        for part in _blocks(values):
            block = np.ldexp(values[part].astype(np.float64), -exponent)
            total += np.nan_to_num(function(block), copy=False).sum(axis=0)
        return total / divisor

    mean = mean_of(lambda x: x)
    mean += mean_of(lambda x: x - mean)  # what rounding left of the sum of numbers far from zero
    scale = np.sqrt(mean_of(lambda x: (x - mean) ** 2))
    is_constant = low == high
    mean, scale = np.ldexp(mean, exponent), np.ldexp(scale, exponent)
    return np.where(is_constant, low, mean), np.where(is_constant, 0.0, scale), n


def _exponents(largest):
    """Return powers of two that bring numbers out of the range of squares near 1, otherwise 0."""
    is_odd = (largest > 0) & ((largest < LEAST) | (largest > MOST))
    return np.where(is_odd, np.frexp(largest)[1], 0)


def _pooled(one, other):
    """Return the moments of all numbers of two parts, the first of which is constant."""
    (mean_1, _, n_1), (mean_2, scale_2, n_2) = one, other
    exponent = _exponents(np.maximum(np.maximum(np.abs(mean_1), np.abs(mean_2)), scale_2))
    a, b, s = (np.ldexp(x, -exponent) for x in (mean_1, mean_2, scale_2))
    n = n_1 + n_2
    share = n_2 / np.maximum(n, 1)
    mean = a + share * (b - a)
    scale = np.sqrt(share * s**2 + share * (1 - share) * (b - a) ** 2)
    mean, scale = np.ldexp(mean, exponent), np.ldexp(scale, exponent)
    # Rows of the same value may be those of before, so they are not counted again.
    is_same = (n_2 == 0) | ((scale_2 == 0) & (mean_1 == mean_2))
    pooled = zip((mean, scale, n), one, other, strict=True)
    return [
        np.where(n_1 == 0, second, np.where(is_same, first, both)) for both, first, second in pooled
    ]


def _by_series(sequences):
    """Return each channel of each series, standardized by its own numbers, as float32.

    Sums are taken by `numpy.bincount`, one number after the other, so that they do not depend on
    the other rows.
    """
    values, lengths = sequences.values, sequences.lengths
    scaled = np.empty(values.shape, np.float32)
    row_of = np.repeat(np.arange(len(lengths)), lengths)
    starts = sequences.offsets[:-1][lengths > 0]
    kept = np.flatnonzero(lengths > 0)

    def mean_of(numbers, n):
        return np.bincount(row_of, numbers, minlength=len(lengths)) / n

    for channel in range(values.shape[1]):
        x = values[:, channel].astype(np.float64)
        is_known = ~np.isnan(x)
        n = np.maximum(np.bincount(row_of[is_known], minlength=len(lengths)), 1)
        low, high = np.zeros(len(lengths)), np.zeros(len(lengths))
        if len(x):
            low[kept] = np.fmin.reduceat(x, starts)
            high[kept] = np.fmax.reduceat(x, starts)
        exponent = np.frexp(np.nan_to_num(np.maximum(np.abs(low), np.abs(high))))[1]
        x = np.ldexp(np.where(is_known, x, 0.0), -exponent[row_of])
        for _ in range(2):  # the second time for what rounding left
            x = np.where(is_known, x - mean_of(x, n)[row_of], 0.0)
        scale = np.sqrt(mean_of(x**2, n))
        is_constant = ~(low < high) | (scale == 0)
        x = np.where(is_constant[row_of], 0.0, x / np.where(is_constant, 1.0, scale)[row_of])
        scaled[:, channel] = np.where(is_known, x, np.nan)
    return scaled
