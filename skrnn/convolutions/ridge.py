"""Ridge regression of several targets, with the predictions of each row by the others.

The prediction of a row by a model that was fitted without it follows from one decomposition of all
rows (Allen 1974; as in scikit-learn's :class:`sklearn.linear_model.RidgeCV`). So penalties are
compared, and training rows are scored, without fitting a model for each of them.
"""

from typing import NamedTuple

import numpy as np

# Penalties, in units of the mean squared norm of a row.
PENALTIES = 10.0 ** np.arange(-5, 3.5, 0.5)
# Against division by zero, for a row that alone decides its prediction.
SMALLEST_REST = 1e-10
# Of rows that are all alike. It keeps penalties so large that dividing by them does not overflow.
SMALLEST_NORM = 1e-9
# Factors of the second block of features.
FACTORS = (0.0, 0.3, 1.0)
# The factor is chosen on so many rows at most.
MAX_ROWS = 1000


class Ridge(NamedTuple):
    """A fitted model.

    Attributes
    ----------
    coef : list of ndarray of shape (n_features_of_block, n_targets)
        Of standardized features.
    intercept : ndarray of shape (n_targets,)
    left_out : ndarray of shape (n_samples, n_targets)
        The prediction of each training row by the model without it.
    penalty, factor : float
        The chosen ones.
    error : float
        The weighted mean squared error of `left_out`.
    """

    coef: list
    intercept: np.ndarray
    left_out: np.ndarray
    penalty: float
    factor: float
    error: float


def fit_ridge(blocks, targets, weights, seed, factors=FACTORS) -> Ridge:
    """Fit ridge regressions, with the penalty and the factor of the second block that predict best.

    Parameters
    ----------
    blocks : list of two ndarrays of shape (n_samples, n_features_of_block), float64
        Standardized, so that a squared norm is near 1. The second is multiplied by the factor.
    targets : ndarray of shape (n_samples, n_targets)
    weights : ndarray of shape (n_samples,)
        A row without weight has no influence.
    seed : int
        Of the rows by which the factor is chosen.
    factors : tuple of float
    """
    n = len(targets)
    if len(factors) > 1 and n > MAX_ROWS:
        rows = np.sort(np.random.default_rng(seed).permutation(n)[:MAX_ROWS])
        few = [block[rows] for block in blocks]
        factors = (fit_ridge(few, targets[rows], weights[rows], seed, factors).factor,)
    weights = np.maximum(weights, 1e-9 * weights.mean())
    root, total = np.sqrt(weights)[:, np.newaxis], weights.sum()
    means = [weights @ block / total for block in blocks]
    parts = [(block - mean) * root for block, mean in zip(blocks, means, strict=True)]
    target_mean = weights @ targets / total
    y = root * (targets - target_mean)
    grams = _grams(parts)
    best: tuple = (np.inf,)
    for factor in factors:
        values, vectors = _decompose(parts, grams, factor)
        mean_norm = max(values.sum() / n, SMALLEST_NORM)
        projected = vectors.T @ y
        squared = vectors * vectors
        for penalty in PENALTIES:
            shrunk = values / (values + penalty * mean_norm)
            leverage = weights / total + squared @ shrunk
            fitted = target_mean + vectors @ (shrunk[:, np.newaxis] * projected) / root
            rest = np.maximum(1 - leverage, SMALLEST_REST)[:, np.newaxis]
            left_out = targets + (fitted - targets) / rest
            error = float(weights @ ((left_out - targets) ** 2).sum(axis=1) / total)
            if error < best[0]:
                alpha = penalty * mean_norm
                dual = vectors @ (projected / (values + alpha)[:, np.newaxis])
                best = error, penalty, factor, left_out, dual
    error, penalty, factor, left_out, dual = best
    squares = (1.0, factor * factor)
    coef = [square * (part.T @ dual) for square, part in zip(squares, parts, strict=True)]
    intercept = target_mean - sum(mean @ one for mean, one in zip(means, coef, strict=True))
    return Ridge(coef, intercept, left_out, float(penalty), float(factor), error)


def _grams(parts):
    """Return inner products, of rows for each block or, if features are fewer, of these."""
    n_rows, n_features = len(parts[0]), sum(part.shape[1] for part in parts)
    if n_rows <= n_features:
        return [part @ part.T for part in parts]
    return np.hstack(parts).T @ np.hstack(parts)


def _decompose(parts, grams, factor):
    """Return the squared singular values of all features, and their left singular vectors."""
    if isinstance(grams, list):
        values, vectors = np.linalg.eigh(grams[0] + factor * factor * grams[1])
        return np.maximum(values, 0.0), vectors
    factors = np.repeat([1.0, factor], [part.shape[1] for part in parts])
    values, right = np.linalg.eigh(grams * factors * factors[:, np.newaxis])
    is_real = values > 1e-12 * values[-1]
    values, right = values[is_real], right[:, is_real] * factors[:, np.newaxis]
    cut = parts[0].shape[1]
    vectors = parts[0] @ right[:cut] + parts[1] @ right[cut:]
    return values, vectors / np.sqrt(values)
