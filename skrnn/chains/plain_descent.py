"""The kernel :mod:`skrnn.kernels.linear_chain` in NumPy, for machines without Numba."""

import numpy as np


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
    """Descend along the gradient of one row after another; see the kernel."""
    alpha, beta, p = work
    for r, row in enumerate(rows):
        own = slice(offsets[row], offsets[row + 1])
        features, gold = ids[own], tags[own]
        n, s = len(gold), scale[0]
        factor = np.exp(s * transitions)
        table[0] = 0.0
        e = table[features].sum(axis=1)
        e[0] += start
        e[-1] += end
        e *= s
        p[:n] = np.exp(e - e.max(axis=1, keepdims=True))
        c[0] = p[0].sum()
        alpha[0] = p[0] / c[0]
        for k in range(1, n):
            alpha[k] = (alpha[k - 1] @ factor) * p[k]
            c[k] = alpha[k].sum()
            alpha[k] /= c[k]
        beta[n - 1] = 1.0
        scale[0] = s * shrink[r]
        g = steps[r] / scale[0]
        for k in range(n - 2, -1, -1):
            p[k + 1] *= beta[k + 1] / c[k + 1]
            beta[k] = factor @ p[k + 1]
        pairs = alpha[: n - 1].T @ p[1:n] if n > 1 else 0.0
        if has_transitions:
            transitions -= g * factor * pairs
            np.add.at(transitions, (gold[:-1], gold[1:]), g)
        change = -g * alpha[:n] * beta[:n]
        change[np.arange(n), gold] += g
        if has_transitions:
            start += change[0]
            end += change[-1]
        for column in features.T:
            np.add.at(table, column, change)
        table[0] = 0.0
