"""From scores of ridge regressions to log-odds.

A score is multiplied by a factor, and an intercept is added, by which the left-out scores of
training rows predict their classes best. Targets are smoothed as in Platt (1999), "Probabilistic
Outputs for Support Vector Machines", or few rows that are all on the right side would ask for an
infinite factor.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

# Standard deviations of the prior of the logarithm of the factor, and of the intercepts.
FACTOR_PRIOR, INTERCEPT_PRIOR = 3.0, 1.0


def calibrate(scores, is_class, weights, exclusive):
    """Return factors and intercepts that make log-odds of scores.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_outputs)
        Predictions of 1 for the class and of -1 otherwise, by models that have not seen the row.
    is_class : ndarray of shape (n_samples, n_outputs), bool
    weights : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    exclusive : bool
        Whether each row is of exactly one class, so that a softmax follows, with one factor for
        all. Otherwise each output is calibrated for itself.

    Returns
    -------
    factor, intercept : ndarray of shape (n_outputs,)
        Factors are not negative.
    """
    if exclusive:
        return _calibrate(scores, is_class, weights)
    n_outputs = scores.shape[1]
    weights = np.broadcast_to(weights.reshape(len(weights), -1), scores.shape)
    each = [
        _calibrate(scores[:, k : k + 1], is_class[:, k : k + 1], weights[:, k])
        for k in range(n_outputs)
    ]
    return tuple(np.concatenate(part) for part in zip(*each, strict=True))


def _calibrate(scores, is_class, weights):
    n, n_outputs = scores.shape
    weights = weights * (n / max(weights.sum(), 1e-300))
    if n_outputs > 1:
        smooth = n_outputs / (n + n_outputs)
        targets = (1 - smooth) * is_class + smooth / n_outputs
    else:
        n_positive = float(weights @ is_class[:, 0])
        positive, negative = (n_positive + 1) / (n_positive + 2), 1 / (n - n_positive + 2)
        targets = np.where(is_class, positive, negative)

    def loss(parameters):
        factor, intercept = np.exp(parameters[0]), parameters[1:]
        raw = factor * scores + intercept
        if n_outputs > 1:
            norm = logsumexp(raw, axis=1, keepdims=True)
            each = norm[:, 0] - (targets * raw).sum(axis=1)
            slope = np.exp(raw - norm) - targets
        else:
            each = (np.logaddexp(0, raw) - targets * raw)[:, 0]
            slope = expit(raw) - targets
        slope = slope * weights[:, np.newaxis]
        value = weights @ each
        gradient = np.concatenate([[factor * (slope * scores).sum()], slope.sum(axis=0)])
        precision = np.r_[1 / FACTOR_PRIOR**2, np.full(n_outputs, 1 / INTERCEPT_PRIOR**2)]
        value += 0.5 * precision @ parameters**2
        return value, gradient + precision * parameters

    found = minimize(loss, np.zeros(1 + n_outputs), jac=True, method="L-BFGS-B",
                     bounds=[(-12, 6), *[(-20, 20)] * n_outputs])  # fmt: skip
    return np.full(n_outputs, np.exp(found.x[0])), found.x[1:]
