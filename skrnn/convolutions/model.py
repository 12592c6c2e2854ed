"""The linear model of convolutions: features, ridge regression, log-odds."""

from dataclasses import fields

import numpy as np

from skrnn.backend.threads import one_blas_thread
from skrnn.convolutions.calibration import calibrate
from skrnn.convolutions.grid import Grid
from skrnn.convolutions.kernels import N_KERNELS, Convolutions
from skrnn.convolutions.ridge import fit_ridge
from skrnn.convolutions.summaries import n_summaries, summaries
from skrnn.exceptions import InvalidInputError

# The name of the scores of a row in the network's side inputs.
SCORES = "convolution_scores"
# Number of features with few rows, as in MiniRocket: the largest multiple of 84 below 10,000.
N_FEATURES = 9996
# Of rows times features there are at most so many, 64 MB, as long as there are `MIN_FEATURES`.
MAX_NUMBERS = 2**23
MIN_FEATURES = 6 * N_KERNELS
# Beyond so many rows, the decomposition is of the features. Its time is the cube of their number.
MANY_ROWS, MANY_ROWS_FEATURES = 1500, 2016
# Maximum number of weights for all outputs together.
MAX_WEIGHTS = 2**21
# Numbers that are multiplied at once in `score`.
BLOCK = 2**21


class ConvolutionModel:
    """Ridge regression on features of convolutions, with a score for each output of the network.

    Parameters
    ----------
    n_kernels : int or "auto"
        Number of features of convolutions, rounded down to a multiple of 84.

    Attributes
    ----------
    n_features : int
        Number of features, those of levels included.
    penalty, factor : float
        Penalty of the ridge regression, and weight of the features of levels, as chosen by
        leaving out each row; see :func:`skrnn.convolutions.ridge.fit_ridge`.
    """

    def __init__(self, n_kernels="auto"):
        self.n_kernels = n_kernels

    def fit_score(self, sequences, y, strata, sample_weight, *, seed):
        """Fit, and score each training row by the model without it.

        Parameters
        ----------
        sequences : Sequences
            Numeric steps; no row is empty.
        y : ndarray of shape (n_samples, n_outputs), bool or float
            For each score, whether it should be positive; or the number that it should be.
        strata : ndarray of shape (n_samples,), or None
            Classes, of which each row has one.
        sample_weight : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Weights of the rows, for all scores or for each.
        seed : int
            Seed of the channels of each convolution, and of the rows that set its thresholds.

        Returns
        -------
        Sequences
            With the row input `SCORES`: log-odds, or numbers.
        """
        n_samples, n_outputs = y.shape
        self._grid = Grid.fit(sequences.values)
        values, offsets = self._grid.round(sequences.values), sequences.offsets
        count = self._number(n_samples, n_outputs)
        self._convolutions = Convolutions.fit(values, offsets, count, seed)
        is_classes = y.dtype == bool
        targets = np.where(y, 1.0, -1.0) if is_classes else y.astype(np.float64)
        blocks = [self._convolutions.shares(values, offsets), summaries(values, offsets)]
        means, scales = zip(*(_standardize(block) for block in blocks), strict=True)
        left_out = np.empty(y.shape)
        coef, intercept = np.empty((self.n_features, n_outputs)), np.empty(n_outputs)
        with one_blas_thread():
            for outputs, weights in _groups(sample_weight, n_outputs):
                fitted = fit_ridge(blocks, targets[:, outputs], weights, seed)
                coef[:, outputs] = np.concatenate(fitted.coef)
                intercept[outputs], left_out[:, outputs] = fitted.intercept, fitted.left_out
                self.penalty, self.factor = fitted.penalty, fitted.factor
        if n_samples < 2:  # nothing is left without the row
            left_out[:] = 0.0
        if is_classes:
            exclusive = strata is not None and n_outputs > 1
            factor, shift = calibrate(left_out, y, sample_weight, exclusive)
        else:
            factor, shift = _shrink(left_out, targets, sample_weight), np.zeros(n_outputs)
        mean, scale = np.concatenate(means), np.concatenate(scales)
        coef = coef * factor / scale[:, np.newaxis]
        self._coef = np.ascontiguousarray(coef.T.astype(np.float32))
        self._intercept = factor * intercept + shift - self._coef.astype(np.float64) @ mean
        return self._with(sequences, left_out * factor + shift)

    @property
    def n_features(self):
        """Number of features."""
        return self._convolutions.n_features + n_summaries(len(self._grid.mean))

    def score(self, sequences):
        """Return numeric sequences with the row input `SCORES`.

        Each row is scored for itself, in the same order of additions wherever it is.
        """
        values, offsets = self._grid.round(sequences.values), sequences.offsets
        scores = np.empty((len(sequences), len(self._coef)))
        coef = self._coef.astype(np.float64)
        n_rows = max(1, BLOCK // coef.size)
        for first in range(0, len(scores), n_rows):
            part = offsets[first : first + n_rows + 1]
            own = values[part[0] : part[-1]], part - part[0]
            features = np.hstack([self._convolutions.shares(*own), summaries(*own)])
            products = features[:, np.newaxis] * coef
            scores[first : first + n_rows] = products.sum(axis=-1) + self._intercept
        return self._with(sequences, scores)

    def to_arrays(self):
        """Return the learned state as arrays, by their names."""
        arrays = {one.name: getattr(self._convolutions, one.name) for one in fields(Convolutions)}
        return arrays | {
            "mean": self._grid.mean,
            "scale": self._grid.scale,
            "coef": self._coef,
            "intercept": self._intercept,
        }

    @classmethod
    def from_arrays(cls, n_kernels, penalty, factor, arrays):
        """Return the model that `to_arrays` has encoded.

        Raises
        ------
        ValueError
            If the arrays do not fit one another, or have numbers that cannot be.
        """
        model = cls(n_kernels)
        model.penalty, model.factor = penalty, factor
        arrays = dict(arrays)
        mean, scale, coef, intercept = (
            arrays.pop(name) for name in ("mean", "scale", "coef", "intercept")
        )
        model._grid, model._convolutions = Grid(mean, scale), Convolutions(**arrays)
        if not (len(mean) == len(scale) > 0 and np.isfinite(mean).all()):
            raise InvalidInputError("The means and deviations of the channels do not fit.")
        if not ((scale > 0) & np.isfinite(scale)).all():
            raise InvalidInputError("A standard deviation of a channel is not positive.")
        model._convolutions.check(len(mean))
        if coef.shape != (len(intercept), model.n_features):
            raise InvalidInputError(
                f"The coefficients of the convolutions have shape {coef.shape}, but should have "
                f"{(len(intercept), model.n_features)}."
            )
        model._coef, model._intercept = coef, intercept
        return model

    def _number(self, n_samples, n_outputs):
        if self.n_kernels != "auto":
            return int(self.n_kernels)
        most = N_FEATURES if n_samples <= MANY_ROWS else MANY_ROWS_FEATURES
        most = min(most, max(MIN_FEATURES, MAX_NUMBERS // n_samples))
        return max(N_KERNELS, min(most, MAX_WEIGHTS // n_outputs))

    def _with(self, sequences, scores):
        beside = {**sequences.row_inputs, SCORES: scores.astype(np.float32)}
        return sequences.beside(beside, sequences.step_inputs)


def _standardize(block):
    """Standardize features in place, to a mean squared norm near 1; return means and scales."""
    mean = block.mean(axis=0)
    block -= mean
    scale = np.sqrt((block * block).mean(axis=0))
    is_constant = scale <= 1e-9
    scale[is_constant] = 1.0
    block[:, is_constant] = 0.0
    scale *= np.sqrt(max((~is_constant).sum(), 1))
    block /= scale
    return mean, scale


def _groups(sample_weight, n_outputs):
    """Yield outputs whose weights are the same, and these weights."""
    if sample_weight.ndim == 1:
        yield np.arange(n_outputs), sample_weight
        return
    columns, which = np.unique(sample_weight, axis=1, return_inverse=True)
    for number, weights in enumerate(columns.T):
        yield np.flatnonzero(which.ravel() == number), weights


def _shrink(left_out, targets, sample_weight):
    """Return the factors in [0, 1] with which the left-out predictions are best."""
    weights = sample_weight.reshape(len(sample_weight), -1)
    squares = (weights * left_out**2).sum(axis=0)
    products = (weights * left_out * targets).sum(axis=0)
    return np.clip(products / np.maximum(squares, np.finfo(float).tiny), 0.0, 1.0)
