"""Stochastic gradient descent of a linear-chain CRF on sparse features.

The passes of Bottou's crfsgd: one row after another, the weights shrunk by a common factor.
"""

import numpy as np

from skrnn.kernels.compiling import kernel

_IDS, _TAGS = "Array(int32, 2, 'C', readonly=True)", "Array(int32, 1, 'C', readonly=True)"
_OFFSETS = "Array(int64, 1, 'C', readonly=True)"
_STEPS = "Array(float64, 1, 'C', readonly=True)"


@kernel(
    f"void({_IDS}, {_OFFSETS}, {_TAGS}, {_OFFSETS}, {_STEPS}, {_STEPS}, float64[:, ::1], "
    "float64[:, ::1], float64[::1], float64[::1], float64[::1], float64[:, :, ::1], float64[::1], "
    "boolean)"
)
def descend(
    ids,
    offsets,
    tags,
    rows,
    steps,
    shrink,
    table,
    transitions,
    start,
    end,
    scale,
    work,
    c,
    has_transitions,
):
    """Descend along the gradient of the negative log-likelihood of one row after another.

    Parameters
    ----------
    ids : ndarray of shape (n_steps, width)
        The features of each step; 0 is none.
    offsets, tags : ndarray
        Where each row begins, and the tag of each step.
    rows : ndarray of shape (n,)
        The rows, in the order of the descent. None is empty.
    steps, shrink : ndarray of shape (n,)
        The length of the step at each of them, and the factor of all weights after it.
    table, transitions, start, end : ndarray
        The weights, divided by `scale`; changed in place.
    scale : ndarray of shape (1,)
    work : ndarray of shape (3, longest row, n_tags)
    c : ndarray of shape (longest row,)
        What the kernel writes into.
    has_transitions : bool
        Whether `transitions`, `start` and `end` change.
    """
    n_tags, width = table.shape[1], ids.shape[1]
    alpha, beta, p = work[0], work[1], work[2]
    factor = np.empty((n_tags, n_tags))
    e = np.empty(n_tags)
    for r in range(len(rows)):
        first = offsets[rows[r]]
        n = offsets[rows[r] + 1] - first
        s = scale[0]
        for i in range(n_tags):
            for j in range(n_tags):
                factor[i, j] = np.exp(s * transitions[i, j])
        for k in range(n):
            for j in range(n_tags):
                e[j] = 0.0
            for f in range(width):
                i = ids[first + k, f]
                if i > 0:
                    for j in range(n_tags):
                        e[j] += table[i, j]
            largest = -np.inf
            for j in range(n_tags):
                e[j] *= s
                if k == 0:
                    e[j] += s * start[j]
                if k == n - 1:
                    e[j] += s * end[j]
                largest = max(largest, e[j])
            for j in range(n_tags):
                p[k, j] = np.exp(e[j] - largest)
        total = 0.0
        for j in range(n_tags):
            alpha[0, j] = p[0, j]
            total += p[0, j]
        for j in range(n_tags):
            alpha[0, j] /= total
        for k in range(1, n):
            for j in range(n_tags):
                alpha[k, j] = 0.0
            for i in range(n_tags):
                x = alpha[k - 1, i]
                for j in range(n_tags):
                    alpha[k, j] += x * factor[i, j]
            total = 0.0
            for j in range(n_tags):
                alpha[k, j] *= p[k, j]
                total += alpha[k, j]
            c[k] = total
            for j in range(n_tags):
                alpha[k, j] /= total
        for j in range(n_tags):
            beta[n - 1, j] = 1.0
        scale[0] = s * shrink[r]
        g = steps[r] / scale[0]
        for k in range(n - 2, -1, -1):
            for j in range(n_tags):
                p[k + 1, j] *= beta[k + 1, j] / c[k + 1]
            for i in range(n_tags):
                total = 0.0
                x = alpha[k, i] * g
                for j in range(n_tags):
                    q = factor[i, j] * p[k + 1, j]
                    total += q
                    if has_transitions:
                        transitions[i, j] -= x * q
                beta[k, i] = total
            if has_transitions:
                transitions[tags[first + k], tags[first + k + 1]] += g
        for k in range(n):
            for j in range(n_tags):
                e[j] = -g * alpha[k, j] * beta[k, j]
            e[tags[first + k]] += g
            for j in range(n_tags):
                if k == 0 and has_transitions:
                    start[j] += e[j]
                if k == n - 1 and has_transitions:
                    end[j] += e[j]
            for f in range(width):
                i = ids[first + k, f]
                if i > 0:
                    for j in range(n_tags):
                        table[i, j] += e[j]
