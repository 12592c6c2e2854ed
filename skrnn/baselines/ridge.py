"""Ridge regression on n-grams, weighted by how far they are from the mean of y.

NB-SVM (:mod:`skrnn.baselines.nbsvm`) weights an n-gram by the logarithm of the ratio of its counts
in two classes. Here, y is a number, and a row counts for both sides by how far it is above or below
the mean. A row of weighted n-grams is divided by a power of their sum of squares, as tf-idf divides
by its square root: a long text is not more extreme than a short one.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array

from skrnn.backend.threads import one_blas_thread

# Added to the counts of each n-gram, in rows of mean deviation.
SMOOTHING = 1.0
# The sum of squares that a row has in addition to its n-grams, so that few neutral ones decide
# little; and the power of the sum by which a row is divided. Half is the norm, as in tf-idf.
FLOOR, POWER = 1.0, 0.75
# The candidates for the penalty, relative to the mean squared norm of a row.
PENALTIES = 10.0 ** np.arange(-1.0, 2.01, 0.25)
# The relative size of the residual, for the smallest penalty, at which the solver stops, and its
# maximum number of steps.
TOLERANCE, MAX_STEPS = 1e-3, 100


@dataclass
class RidgePath:
    """Ridge regressions of the same rows, one for each penalty; made by `fit_ridge`.

    Attributes
    ----------
    X : csr_array of shape (n_samples, n_ngrams), float64
        Weighted n-grams, divided by the row.
    ratio : ndarray of shape (n_ngrams,), float64
        The weight of each n-gram; positive for those of rows above the mean.
    duals : ndarray of shape (n_penalties, n_samples)
        The coefficients of the rows.
    center : ndarray of shape (n_ngrams,)
        The weighted mean of X.
    mean : float
        The weighted mean of y.
    """

    X: csr_array
    ratio: np.ndarray
    duals: np.ndarray
    center: np.ndarray
    mean: float

    def model(self, i):
        """Return the regression with a penalty, by its number.

        Returns
        -------
        coef : ndarray of shape (n_ngrams,)
        squares : ndarray of shape (n_ngrams,)
        intercept : float
            The prediction for a row is the sum of the coefficients of its n-grams, divided by
            `row_norms` of the sum of their squares, plus the intercept.
        """
        coef = self.duals[i] @ self.X
        return coef * self.ratio, self.ratio**2, self.mean - self.center @ coef


def fit_ridge(indicators, y, sample_weight, penalties=PENALTIES):
    """Fit ridge regressions of the same rows, one for each penalty.

    All penalties share one Krylov space: Lanczos's method reduces the centered Gram matrix of the
    rows to a small tridiagonal one, to which the penalties are added (Frommer & Maass 1999).

    Parameters
    ----------
    indicators : csr_array of shape (n_samples, n_ngrams), float64
        1 where a row has the n-gram.
    y : ndarray of shape (n_samples,), float64
    sample_weight : ndarray of shape (n_samples,), float64
        Not negative, and not all zero.
    penalties : ndarray of shape (n_penalties,)
        Relative to the mean squared norm of a row.

    Returns
    -------
    RidgePath

    References
    ----------
    A. Frommer and P. Maass (1999). Fast CG-based methods for Tikhonov-Phillips regularization.
    SIAM Journal on Scientific Computing 20 (5), 1831-1850.
    """
    # Exactly, if all are equal: what rounding leaves would be weighed as a deviation.
    mean = float(y[0] if y.min() == y.max() else np.average(y, weights=sample_weight))
    ratio = _log_ratio(indicators, y - mean, sample_weight)
    norms = row_norms(indicators @ ratio**2)
    X = csr_array(diags_array(1 / norms) @ indicators @ diags_array(ratio))
    transposed = csr_array(X.T)
    root = np.sqrt(sample_weight)
    unit = root / np.linalg.norm(root)
    center = (sample_weight @ X) / sample_weight.sum()
    norm = (sample_weight @ np.asarray(X.power(2).sum(axis=1)).ravel()) / len(y)
    with one_blas_thread():  # on whose number the last bits depend
        duals = _solve(
            lambda v: _centered(root * (X @ (transposed @ (root * v))), unit),
            _centered(root * (y - mean), unit),
            penalties * norm,
        )
    return RidgePath(X, ratio, duals * root, center, mean)


def row_norms(squares):
    """Return what rows are divided by, given the sums of their n-grams' squared weights."""
    return (squares + squares.dtype.type(FLOOR)) ** squares.dtype.type(POWER)


def _log_ratio(indicators, deviation, sample_weight):
    """Return the log-ratio of the counts of n-grams in rows above and below the mean.

    A row counts by its deviation, in units of the mean absolute deviation.
    """
    size = sample_weight * deviation
    size /= np.average(np.abs(deviation), weights=sample_weight) or 1.0
    above = SMOOTHING + np.maximum(size, 0) @ indicators
    below = SMOOTHING + np.maximum(-size, 0) @ indicators
    return np.log(above / above.sum()) - np.log(below / below.sum())


def _centered(v, unit):
    """Return what remains of a vector without its part along the weights' roots."""
    return v - unit * (unit @ v)


def _solve(product, right, penalties):
    """Return the solutions of (K + penalty) x = right for all penalties, by Lanczos's method.

    Parameters
    ----------
    product : callable
        Returns K @ v.
    right : ndarray of shape (n,)
    penalties : ndarray of shape (n_penalties,)
        Positive.

    Returns
    -------
    ndarray of shape (n_penalties, n)
    """
    size = np.linalg.norm(right)
    if not size or not penalties.min() > 0:  # nothing to explain, or nothing that explains
        return np.zeros((len(penalties), len(right)))
    basis = np.empty((MAX_STEPS, len(right)))
    diagonal, beside = [], []
    v = right / size
    for step in range(MAX_STEPS):
        basis[step] = v
        w, known = product(v), basis[: step + 1]
        diagonal.append(v @ w)
        for _ in range(2):  # once leaves a part of the known directions, by rounding
            w = w - known.T @ (known @ w)
        beside.append(np.linalg.norm(w))
        small = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
        first = np.zeros(step + 1)
        first[0] = size
        solutions = [np.linalg.solve(small + one * np.eye(step + 1), first) for one in penalties]
        if beside[-1] * abs(solutions[penalties.argmin()][-1]) <= TOLERANCE * size:
            break
        v = w / beside[-1]
    return np.array(solutions) @ basis[: step + 1]
