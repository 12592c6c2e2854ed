"""The algorithms of :mod:`skrnn.kernels.chain` in NumPy, row by row.

Sums are the same up to rounding, best paths are the same.
"""

import numpy as np

# A number below it may count at a later step and be lost before: see the kernels.
TINY = 1e-200


def log_partition_of(own, factors):
    """Return the logarithm of the sum over all paths of a row.

    Parameters
    ----------
    own : ndarray of shape (n, n_tags), float64
        Emissions.
    factors : Factors
    """
    if not len(own):
        return 0.0
    with np.errstate(all="ignore"):
        scaled = _forward_scaled(own, factors)
        return _forward_logs(own, factors)[0] if scaled is None else scaled[0]


def forward_backward_of(own, factors):
    """Return the sum of a row, its marginals, and the expected number of each transition."""
    n_tags = own.shape[1]
    pairs = np.zeros((n_tags, n_tags))
    if not len(own):
        return 0.0, own, pairs
    with np.errstate(all="ignore"):
        scaled = _forward_scaled(own, factors)
        log_z, *tape = _forward_logs(own, factors) if scaled is None else scaled
        if not np.isfinite(log_z):
            nothing = 0.0 if log_z == -np.inf else np.nan
            return log_z, np.full(own.shape, nothing), pairs
        if scaled is None:
            return log_z, *_backward_logs(own, factors, *tape, pairs)
        return log_z, *_backward_scaled(own, factors, *tape, pairs)


def _forward_scaled(own, factors):
    """Return the sum, its logarithm, and what the way back needs; None if it may be wrong."""
    largest = own.max(axis=1)
    nothing = -np.inf, None, None, None
    if (largest == -np.inf).any():
        return nothing
    steps = np.exp(own - largest[:, np.newaxis])
    is_possible = own > -np.inf
    alpha, scale = np.empty_like(own), np.empty(len(own) + 1)
    for t in range(len(own)):
        now = steps[t] * (alpha[t - 1] @ factors.matrix if t else factors.start_factor)
        is_lost = (now < TINY) & is_possible[t]
        if is_lost.any():
            before = factors.start[np.newaxis]
            if t:
                before = factors.transitions[alpha[t - 1] > 0]
            if (before[:, is_lost] > -np.inf).any():
                return None
        scale[t] = now.sum()
        if not scale[t] > 0:
            return nothing if scale[t] == 0 else (np.nan, None, None, None)
        alpha[t] = now / scale[t]
    last = alpha[-1] * factors.end_factor
    if ((last < TINY) & (alpha[-1] > 0) & (factors.end > -np.inf)).any():
        return None
    scale[-1] = last.sum()
    if scale[-1] == 0:
        return nothing
    shift = factors.shift[0] + factors.shift[1] * (len(own) - 1) + factors.shift[2]
    return shift + largest.sum() + np.log(scale).sum(), alpha, scale, steps


def _backward_scaled(own, factors, alpha, scale, steps, pairs):
    marginals = np.empty_like(own)
    after = np.empty_like(own)
    # What no path leads to may have a factor beyond all bounds.
    beta = np.where(alpha[-1] > 0, factors.end_factor / scale[-1], 0.0)
    marginals[-1] = alpha[-1] * beta
    for t in range(len(own) - 2, -1, -1):
        after[t + 1] = steps[t + 1] / scale[t + 1] * beta
        beta = np.where(alpha[t] > 0, after[t + 1] @ factors.by_columns, 0.0)
        marginals[t] = alpha[t] * beta
    pairs += alpha[:-1].T @ after[1:] * factors.matrix
    return marginals, pairs


def _log_sum(values, axis):
    largest = values.max(axis=axis)
    shift = np.where(largest == -np.inf, 0.0, largest)
    return shift + np.log(np.exp(values - np.expand_dims(shift, axis)).sum(axis=axis))


def _forward_logs(own, factors):
    alpha, scale = np.empty_like(own), np.empty(len(own) + 1)
    for t in range(len(own)):
        sums = factors.start
        if t:
            sums = _log_sum(alpha[t - 1][:, np.newaxis] + factors.transitions, 0)
        alpha[t] = sums + own[t]
        scale[t] = alpha[t].max()
        if scale[t] == -np.inf:
            return -np.inf, None, None
        alpha[t] -= scale[t]
    scale[-1] = _log_sum(alpha[-1] + factors.end, 0)
    return scale.sum(), alpha, scale


def _backward_logs(own, factors, alpha, scale, pairs):
    marginals = np.empty_like(own)
    beta = factors.end - scale[-1]
    marginals[-1] = np.exp(alpha[-1] + beta)
    for t in range(len(own) - 2, -1, -1):
        terms = factors.transitions + (beta + own[t + 1] - scale[t + 1])
        pairs += np.exp(alpha[t][:, np.newaxis] + terms)
        beta = _log_sum(terms, 1)
        marginals[t] = np.exp(alpha[t] + beta)
    return marginals, pairs


def viterbi_of(own, chain, tags):
    """Write the best path of a row to `tags`, and return its score."""
    if not len(own):
        return 0.0
    with np.errstate(invalid="ignore"):
        reached = np.empty_like(own)
        reached[0] = chain.start + own[0]
        for t in range(1, len(own)):
            reached[t] = (reached[t - 1][:, np.newaxis] + chain.transitions).max(axis=0) + own[t]
        last = reached[-1] + chain.end
        tag = last.argmax()
        score, tags[-1] = last[tag], tag
        for t in range(len(own) - 2, -1, -1):
            tag = (reached[t] + chain.transitions[:, tag]).argmax()
            tags[t] = tag
    return score
