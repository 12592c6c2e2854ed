"""Linear chains over ragged rows: the sums over all paths, and the best path.

The sums are those of the forward-backward algorithm (Rabiner 1989), on factors instead of their
logarithms: each step is a product of a vector and a matrix. The vector is scaled to a sum of 1. A
number of it that is below `TINY`, and not zero because a path is forbidden, could be lost although
it counts at a later step: the row is then computed again with logarithms, which are slower.

Each row is computed by itself, so it has the same bytes in any company.
"""

import math

import numba
import numpy as np
from numba import float64, int32, int64, types

from skrnn.kernels.compiling import kernel
from skrnn.kernels.denormals import flush_denormals, restore_denormals

MATRIX = types.Array(float64, 2, "C", readonly=True)
VECTOR = types.Array(float64, 1, "C", readonly=True)
PLACES = types.Array(int64, 1, "C", readonly=True)
SUMS = float64[:, ::1]
LINE = float64[::1]
# The logarithms of start, transitions and end; their factors, those of transitions by columns too;
# and what was subtracted from each logarithm before.
CHAIN = types.Tuple([VECTOR, MATRIX, VECTOR, VECTOR, MATRIX, MATRIX, VECTOR, VECTOR])

TINY = 1e-200
_INF = np.inf
_LOG2_E = 1.4426950408889634
# Their product with a small integer is exact, and they add up to log(2).
_LOG_2_HIGH, _LOG_2_LOW = 0.6931471803691238, 1.9082149292705877e-10
# Added to a small number, it leaves no place for a fraction.
_ROUNDING = 1.5 * 2.0**52

# A product and the sum that it goes into may be one instruction. The order of sums is kept.
part = numba.njit(nogil=True, fastmath={"contract"})


@part
def add_product(x, matrix, out):
    """Compute ``out = x @ matrix``."""
    n = len(x)
    for j in range(n):
        out[j] = 0.0
    whole = n - n % 4
    for i in range(0, whole, 4):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        p, q, r, s = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3]
        for j in range(n):
            out[j] += a * p[j] + b * q[j] + c * r[j] + d * s[j]
    for i in range(whole, n):
        a = x[i]
        p = matrix[i]
        for j in range(n):
            out[j] += a * p[j]


@part
def add_outer(left, right, n, weight, out):
    """Add ``weight * left[t, i] * right[t + 1, j]`` of each t below n to ``out[i, j]``."""
    n_tags = len(out)
    whole = n - n % 4
    for t in range(0, whole, 4):
        p, q, r, s = right[t + 1], right[t + 2], right[t + 3], right[t + 4]
        for i in range(n_tags):
            a, b = weight * left[t, i], weight * left[t + 1, i]
            c, d = weight * left[t + 2, i], weight * left[t + 3, i]
            to = out[i]
            for j in range(n_tags):
                to[j] += a * p[j] + b * q[j] + c * r[j] + d * s[j]
    for t in range(whole, n):
        p = right[t + 1]
        for i in range(n_tags):
            a = weight * left[t, i]
            to = out[i]
            for j in range(n_tags):
                to[j] += a * p[j]


@part
def exponentials(values, largest, out, bits):
    """Compute ``out = exp(values - largest)``, of values that are not larger.

    ``2**n exp(r)``, where r is at most ``log(2) / 2``, by Taylor's polynomial. Differences below
    -700 give 0, -inf among them, and NaN gives NaN. `bits` is memory for as many int64.
    """
    powers = bits.view(np.float64)
    for j in range(len(values)):
        x = values[j] - largest
        # The last bits of the sum are n, rounded.
        shifted = (x if x > -700.0 else -700.0) * _LOG2_E + _ROUNDING
        n = shifted - _ROUNDING
        powers[j] = shifted
        r = x - n * _LOG_2_HIGH - n * _LOG_2_LOW
        p = r * (1 / 479001600) + 1 / 39916800
        p = p * r + 1 / 3628800
        p = p * r + 1 / 362880
        p = p * r + 1 / 40320
        p = p * r + 1 / 5040
        p = p * r + 1 / 720
        p = p * r + 1 / 120
        p = p * r + 1 / 24
        p = p * r + 1 / 6
        p = p * r + 1 / 2
        p = p * r + 1.0
        p = p * r + 1.0
        out[j] = p if not x <= -700.0 else 0.0
    for j in range(len(values)):
        bits[j] = (bits[j] << 52) + (1023 << 52)
    for j in range(len(values)):
        out[j] *= powers[j]


@part
def is_reachable(before, transitions, j):
    """Return whether a tag of the step before has a weight and may be followed by `j`."""
    found = False
    for i in range(len(before)):
        if before[i] > 0.0 and transitions[i, j] > -_INF:
            found = True
    return found


@part
def forward_scaled(emissions, chain, factors, alpha, scale):
    """Sum over all paths of a row.

    Parameters
    ----------
    emissions : ndarray of shape (n, n_tags)
        At least one step.
    chain : tuple
    factors, alpha : ndarray of shape (>= n, n_tags)
        Results: the factors of the emissions, and the probability of each tag given the emissions
        up to its step.
    scale : ndarray of shape (> n,)
        Result: the sums by which `alpha` was divided, the last one that with `end`.

    Returns
    -------
    log_z : float
        -inf if every path is forbidden, NaN if a number is not finite.
    is_safe : bool
        Whether no number was too small.
    """
    start, transitions, end, start_factor, matrix, _, end_factor, shift = chain
    n, n_tags = emissions.shape
    sums, bits = np.empty(n_tags), np.empty(n_tags, np.int64)
    log_z = shift[0] + shift[1] * (n - 1) + shift[2]
    for t in range(n):
        row, factor, now = emissions[t], factors[t], alpha[t]
        largest = -_INF
        for j in range(n_tags):
            if row[j] > largest:
                largest = row[j]
        if largest == -_INF:
            return -_INF, True
        if t:
            add_product(alpha[t - 1], matrix, sums)
        else:
            for j in range(n_tags):
                sums[j] = start_factor[j]
        exponentials(row, largest, factor, bits)
        for j in range(n_tags):
            now[j] = sums[j] * factor[j]
        total = 0.0
        for j in range(n_tags):
            total += now[j]
            if now[j] < TINY and row[j] > -_INF:
                if t:
                    if is_reachable(alpha[t - 1], transitions, j):
                        return 0.0, False
                elif start[j] > -_INF:
                    return 0.0, False
        if total != total:
            return np.nan, True
        if total == 0.0:
            return -_INF, True
        scale[t] = total
        inverse = 1.0 / total
        for j in range(n_tags):
            now[j] *= inverse
        log_z += largest + math.log(total)
    total = 0.0
    now = alpha[n - 1]
    for j in range(n_tags):
        last = now[j] * end_factor[j]
        total += last
        if last < TINY and now[j] > 0.0 and end[j] > -_INF:
            return 0.0, False
    if total != total:
        return np.nan, True
    if total == 0.0:
        return -_INF, True
    scale[n] = total
    return log_z + math.log(total), True


@part
def backward_scaled(chain, n, weight, factors, alpha, scale, marginals, outer):
    """Compute the marginals of a row, and add to `outer` the pairs without their transition.

    Parameters
    ----------
    chain, n, factors, alpha, scale
        As `forward_scaled` left them; `factors` are overwritten.
    weight : float
        Of the row, in `outer`.
    marginals : ndarray of shape (n, n_tags)
        Result.
    outer : ndarray of shape (n_tags, n_tags)
        Times the factors of the transitions, the expected number of each, weighted.
    """
    by_columns, end_factor = chain[5], chain[6]
    n_tags = len(end_factor)
    beta = np.empty(n_tags)
    for j in range(n_tags):
        # What no path leads to may have a factor beyond all bounds.
        beta[j] = end_factor[j] / scale[n] if alpha[n - 1, j] > 0.0 else 0.0
        marginals[n - 1, j] = alpha[n - 1, j] * beta[j]
    for t in range(n - 2, -1, -1):
        inverse = 1.0 / scale[t + 1]
        after, now = factors[t + 1], alpha[t]
        for j in range(n_tags):
            after[j] = after[j] * inverse * beta[j]
        add_product(after, by_columns, beta)
        for j in range(n_tags):
            if not now[j] > 0.0:
                beta[j] = 0.0
            marginals[t, j] = now[j] * beta[j]
    if weight != 0.0:
        add_outer(alpha, factors, n - 1, weight, outer)


@part
def log_sum(values):
    """Return ``log(sum(exp(values)))``."""
    largest = -_INF
    for value in values:
        if value != value:
            return value
        if value > largest:
            largest = value
    if largest == -_INF:
        return largest
    total = 0.0
    for value in values:
        total += math.exp(value - largest)
    return largest + math.log(total)


@part
def forward_logs(emissions, chain, alpha, scale):
    """Do the same as `forward_scaled` with logarithms; `scale` are those subtracted."""
    start, transitions, end = chain[0], chain[1], chain[2]
    n, n_tags = emissions.shape
    terms = np.empty(n_tags)
    log_z = 0.0
    for t in range(n):
        largest = -_INF
        for j in range(n_tags):
            if t:
                for i in range(n_tags):
                    terms[i] = alpha[t - 1, i] + transitions[i, j]
                alpha[t, j] = log_sum(terms) + emissions[t, j]
            else:
                alpha[t, j] = start[j] + emissions[t, j]
            if not alpha[t, j] < _INF:
                return np.nan
            if alpha[t, j] > largest:
                largest = alpha[t, j]
        if largest == -_INF:
            return largest
        for j in range(n_tags):
            alpha[t, j] -= largest
        scale[t] = largest
        log_z += largest
    for j in range(n_tags):
        terms[j] = alpha[n - 1, j] + end[j]
    scale[n] = log_sum(terms)
    return log_z + scale[n]


@part
def backward_logs(emissions, chain, weight, alpha, scale, marginals, pairs):
    """Do the same as `backward_scaled` with logarithms; `pairs` have their transitions."""
    transitions, end = chain[1], chain[2]
    n, n_tags = emissions.shape
    beta, after, terms = np.empty(n_tags), np.empty(n_tags), np.empty(n_tags)
    for j in range(n_tags):
        beta[j] = end[j] - scale[n]
        marginals[n - 1, j] = math.exp(alpha[n - 1, j] + beta[j])
    for t in range(n - 2, -1, -1):
        for j in range(n_tags):
            after[j] = beta[j] + emissions[t + 1, j] - scale[t + 1]
        for i in range(n_tags):
            for j in range(n_tags):
                terms[j] = transitions[i, j] + after[j]
            if weight != 0.0:
                for j in range(n_tags):
                    pairs[i, j] += weight * math.exp(alpha[t, i] + terms[j])
            beta[i] = log_sum(terms)
            marginals[t, i] = math.exp(alpha[t, i] + beta[i])


@kernel(types.void(MATRIX, PLACES, int64, int64, CHAIN, LINE))
def log_partition(emissions, offsets, first, last, chain, log_z):
    """Sum over all paths of some rows.

    Parameters
    ----------
    emissions : ndarray of shape (n_steps, n_tags)
    offsets : ndarray of shape (n_rows + 1,)
    first, last : int
        The rows, `last` excluded.
    chain : tuple
    log_z : ndarray of shape (n_rows,)
        Result.
    """
    mode = flush_denormals()
    longest = 0
    for row in range(first, last):
        longest = max(longest, offsets[row + 1] - offsets[row])
    n_tags = emissions.shape[1]
    factors, alpha = np.empty((longest, n_tags)), np.empty((longest, n_tags))
    scale = np.empty(longest + 1)
    for row in range(first, last):
        own = emissions[offsets[row] : offsets[row + 1]]
        if len(own) == 0:
            log_z[row] = 0.0
            continue
        log_z[row], is_safe = forward_scaled(own, chain, factors, alpha, scale)
        if not is_safe:
            log_z[row] = forward_logs(own, chain, alpha, scale)
    restore_denormals(mode)


@kernel(types.void(MATRIX, PLACES, int64, int64, CHAIN, VECTOR, LINE, SUMS, SUMS))
def forward_backward(emissions, offsets, first, last, chain, weights, log_z, marginals, pairs):
    """Sum over all paths of some rows, with the sums over those through each tag and pair.

    Parameters
    ----------
    emissions, offsets, first, last, chain
        As in `log_partition`.
    weights : ndarray of shape (n_rows,)
        Of each row in `pairs`.
    log_z : ndarray of shape (n_rows,)
        Result.
    marginals : ndarray of shape (n_steps, n_tags)
        Result: probabilities; zeros for a row whose paths are all forbidden.
    pairs : ndarray of shape (n_tags, n_tags)
        Result: the expected number of each transition, times the weight of its row, is added.
    """
    mode = flush_denormals()
    longest = 0
    for row in range(first, last):
        longest = max(longest, offsets[row + 1] - offsets[row])
    n_tags = emissions.shape[1]
    factors, alpha = np.empty((longest, n_tags)), np.empty((longest, n_tags))
    scale = np.empty(longest + 1)
    outer = np.zeros((n_tags, n_tags))
    for row in range(first, last):
        own, result = (
            emissions[offsets[row] : offsets[row + 1]],
            marginals[offsets[row] : offsets[row + 1]],
        )
        n = len(own)
        if n == 0:
            log_z[row] = 0.0
            continue
        log_z[row], is_safe = forward_scaled(own, chain, factors, alpha, scale)
        if not is_safe:
            log_z[row] = forward_logs(own, chain, alpha, scale)
        if not -_INF < log_z[row] < _INF:
            result[:] = 0.0 if log_z[row] == -_INF else np.nan
        elif is_safe:
            backward_scaled(chain, n, weights[row], factors, alpha, scale, result, outer)
        else:
            backward_logs(own, chain, weights[row], alpha, scale, result, pairs)
    matrix = chain[4]
    for i in range(n_tags):
        for j in range(n_tags):
            pairs[i, j] += outer[i, j] * matrix[i, j]
    restore_denormals(mode)


@part
def best_before(before, matrix, best):
    """Compute ``best[j] = max(before[i] + matrix[i, j])`` over i."""
    n = len(before)
    for j in range(n):
        best[j] = -_INF
    whole = n - n % 4
    for i in range(0, whole, 4):
        a, b, c, d = before[i], before[i + 1], before[i + 2], before[i + 3]
        p, q, r, s = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3]
        for j in range(n):
            u, v, w, x = a + p[j], b + q[j], c + r[j], d + s[j]
            u = v if v > u else u
            w = x if x > w else w
            u = w if w > u else u
            best[j] = u if u > best[j] else best[j]
    for i in range(whole, n):
        a = before[i]
        p = matrix[i]
        for j in range(n):
            u = a + p[j]
            best[j] = u if u > best[j] else best[j]


@part
def smallest_best(a, b):
    """Return the first place of the largest number of ``a + b``."""
    best, place = -_INF, 0
    for i in range(len(a)):
        if a[i] + b[i] > best:
            best, place = a[i] + b[i], i
    return place


@kernel(types.void(
    MATRIX, PLACES, int64, int64, VECTOR, MATRIX, MATRIX, VECTOR, int32[::1], LINE,
))  # fmt: skip
def viterbi(
    emissions, offsets, first, last, start, transitions, by_columns, end, tags, scores
):  # fmt: skip
    """Find the best paths of some rows.

    Parameters
    ----------
    emissions, offsets, first, last
        As in `log_partition`.
    start, transitions, end : ndarray
        Logarithms.
    by_columns : ndarray of shape (n_tags, n_tags)
        The transposed `transitions`.
    tags : ndarray of shape (n_steps,)
        Result.
    scores : ndarray of shape (n_rows,)
        Result: of the paths, -inf if all are forbidden.
    """
    longest = 0
    for row in range(first, last):
        longest = max(longest, offsets[row + 1] - offsets[row])
    n_tags = emissions.shape[1]
    reached = np.empty((longest, n_tags))
    for row in range(first, last):
        place = offsets[row]
        n = offsets[row + 1] - place
        if n == 0:
            scores[row] = 0.0
            continue
        for j in range(n_tags):
            reached[0, j] = start[j] + emissions[place, j]
        for t in range(1, n):
            now = reached[t]
            best_before(reached[t - 1], transitions, now)
            for j in range(n_tags):
                now[j] += emissions[place + t, j]
        tag = smallest_best(reached[n - 1], end)
        scores[row] = reached[n - 1, tag] + end[tag]
        tags[place + n - 1] = tag
        for t in range(n - 2, -1, -1):
            tag = smallest_best(reached[t], by_columns[tag])
            tags[place + t] = tag
