"""Read the series that `series_data.py` wrote; with NumPy alone, for every environment."""

import time

import numpy as np
from protocol import cpu_seconds

# For what needs rows of one length. Rows of one length are read as they are.
N_STEPS = 100
# What is done to X, and to y of regressions; a good estimator gives the same score.
CHANGES = {
    "x 10^6": (1e6, 0.0),
    "x 10^-6": (1e-6, 0.0),
    "+ 10^6": (1.0, 1e6),
}


class Series:
    """Training and test series with their targets.

    Parameters
    ----------
    path : str
        The .npz file.
    change : str, default=None
        A key of `CHANGES`.
    """

    def __init__(self, path, change=None):
        factor, shift = CHANGES[change] if change else (1.0, 0.0)
        with np.load(path) as file:
            self.y_train, self.y_test = file["y_train"], file["y_test"]
            self.train, self.test = (
                np.split(factor * file[f"{part}_values"] + shift, file[f"{part}_bounds"][1:-1])
                for part in ("train", "test")
            )
        self.is_classes = self.y_train.dtype.kind == "i"

    def even(self, least=1):
        """Return training and test series as arrays of shape (n_samples, n_channels, n_timesteps).

        Where lengths differ or are less than `least`, each series is resampled to `N_STEPS`,
        linearly.
        """
        lengths = {len(row) for row in self.train + self.test}
        if len(lengths) > 1 or min(lengths) < least:
            return tuple(np.stack([resampled(row) for row in part]) for part in self.parts)
        return tuple(np.stack(part).transpose(0, 2, 1) for part in self.parts)

    def channels_first(self):
        """Return training and test series as lists of arrays of shape (n_channels, n_timesteps)."""
        return tuple([np.ascontiguousarray(row.T) for row in part] for part in self.parts)

    def flat(self):
        """Return training and test series as arrays of shape (n_samples, n_features)."""
        return tuple(part.reshape(len(part), -1) for part in self.even())

    def statistics(self):
        """Return mean, deviation, minimum and maximum of each channel, in tables."""
        kinds = (np.mean, np.std, np.min, np.max)
        return tuple(
            np.array([np.concatenate([kind(row, axis=0) for kind in kinds]) for row in part])
            for part in self.parts
        )

    @property
    def parts(self):
        """Return training and test series."""
        return self.train, self.test

    def score(self, predicted):
        """Return the accuracy, or the root mean squared error for numbers."""
        if self.is_classes:
            return float(np.mean(np.asarray(predicted) == self.y_test))
        return float(np.sqrt(np.mean((np.asarray(predicted).ravel() - self.y_test) ** 2)))


def resampled(row):
    """Return one series of shape (n_timesteps, n_channels) as (n_channels, N_STEPS)."""
    old, new = np.linspace(0, 1, len(row)), np.linspace(0, 1, N_STEPS)
    return np.array([np.interp(new, old, channel) for channel in row.T])


class Rival:
    """Fit, predict, and time both. A rival says which form of the series it reads.

    A subclass has `make(seed)`, which returns an estimator, and `read()`, which returns X for
    training and testing.
    """

    def prepare(self, path, change=None, **settings):
        """Read a set; what is done once does not count."""
        self.settings = settings
        self.series = Series(path, change)
        self.X_train, self.X_test = self.read()

    def run(self, seed):
        """Fit and score one estimator."""
        estimator = self.make(seed)
        cpu, start = cpu_seconds(), time.perf_counter()
        estimator.fit(self.X_train, self.series.y_train)
        fitted = time.perf_counter()
        predicted = estimator.predict(self.X_test)
        end = time.perf_counter()
        return {
            "score": self.series.score(predicted),
            "fit_s": fitted - start,
            "predict_s": end - fitted,
            "cpu_s": cpu_seconds() - cpu,
        }
