"""Numeric steps as integers on a grid, on which sums are exact.

Features count the steps at which a convolution exceeds a threshold. Where a channel is constant,
the convolution is zero, and rounding would decide on which side of a threshold it is. So values are
rounded once, to a grid so coarse that sums of integers below 2**24, which are exact also in
float32, remain: NumPy, Numba and ONNX runtimes then count the same, in whatever order they add.
"""

import numpy as np

# Steps of the grid in a standard deviation, and the standard deviations at which values are cut. A
# convolution adds 12 times the largest value of each of its channels at most, and reads
# `MAX_CHANNELS` of them: 12 * 9 * 16 * 8192 < 2**24.
STEPS = 8192
LARGEST = 16
MAX_CHANNELS = 9


class Grid:
    """Mean and standard deviation of each channel, by which values become integers.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_channels,) of float64
    """

    def __init__(self, mean, scale):
        self.mean, self.scale = mean, scale

    @classmethod
    def fit(cls, values):
        """Learn from the steps of the training rows, (n_steps, n_channels); NaN is left out."""
        values = values.astype(np.float64)
        missing = np.isnan(values)
        n = np.maximum((~missing).sum(axis=0), 1)
        mean = np.where(missing, 0.0, values).sum(axis=0) / n
        centred = np.where(missing, 0.0, values - mean)
        # Squares of tiny numbers would be zero.
        largest = np.abs(centred).max(axis=0, initial=0.0)
        largest[largest == 0] = 1.0
        scale = largest * np.sqrt(((centred / largest) ** 2).sum(axis=0) / n)
        # Rounding gives a constant channel some deviation.
        scale[scale <= 1e-12 * np.abs(mean)] = 1.0
        scale[scale == 0] = 1.0
        return cls(mean, scale)

    def round(self, values):
        """Return the steps as int32 of the same shape; what is missing is the mean."""
        scaled = (values.astype(np.float64) - self.mean) / self.scale
        scaled = np.nan_to_num(np.clip(scaled, -LARGEST, LARGEST), copy=False)
        return np.ascontiguousarray(np.rint(scaled * STEPS).astype(np.int32))
