"""Best paths, marginals, likelihoods and gradients of linear chains over ragged rows.

Of two paths with the same score, the one with the smaller tag at the last step at which they
differ is taken. Sums are in float64. A row's results are the same bytes in any company and on any
number of threads. The sums over rows in :func:`gradients` depend on the rows and their order.
"""

from typing import NamedTuple

import numpy as np

from skrnn.backend.threads import one_blas_thread
from skrnn.chains import plain
from skrnn.chains.chain import Factors, checked
from skrnn.exceptions import InvalidInputError, NoKernelsError
from skrnn.kernels import shards
from skrnn.kernels.engine import engine

# Steps of a block of rows, for one thread; a row is never split.
STEPS_PER_BLOCK = 4096
# The rows' transitions are summed in so many parts, whatever the number of threads, and with fewer
# rows in fewer.
MAX_PARTS = 4
MIN_ROWS_PER_PART = 8


class Gradients(NamedTuple):
    """Losses of rows, and the gradients of their weighted sum.

    Attributes
    ----------
    losses : ndarray of shape (n_rows,), float64
        The negative log-likelihood of each row's tags.
    emissions : ndarray of shape (n_steps, n_tags), float64
    transitions : ndarray of shape (n_tags, n_tags), float64
    start, end : ndarray of shape (n_tags,), float64
    """

    losses: np.ndarray
    emissions: np.ndarray
    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray


def viterbi(emissions, offsets, chain):
    """Return the tags of each row's best path (Viterbi 1967).

    Parameters
    ----------
    emissions : ndarray of shape (n_steps, n_tags), float32 or float64
        The scores of the tags at each step, of all rows one after another; -inf forbids.
    offsets : ndarray of shape (n_rows + 1,), int64
        Row ``i`` is ``emissions[offsets[i]:offsets[i + 1]]``; it may be empty.
    chain : Chain

    Returns
    -------
    ndarray of shape (n_steps,), int32

    Raises
    ------
    InvalidInputError
        If shapes do not fit, an emission is NaN or +inf, or all paths of a row are forbidden.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.chains import Chain, viterbi
    >>> chain = Chain(np.array([[0.0, 1.0], [0.0, 0.0]]), np.zeros(2), np.zeros(2))
    >>> emissions = np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 2.0]])  # of a row of two, and of one
    >>> viterbi(emissions, [0, 2, 3], chain).tolist()
    [0, 1, 1]
    """
    emissions, offsets, chain = checked(emissions, offsets, chain)
    _check_numbers(emissions, offsets, chain)
    tags, scores = best_paths(emissions, offsets, chain)
    _check_possible(scores, offsets)
    return tags


def best_paths(emissions, offsets, chain):
    """Return the tags of best paths and their scores, of numbers that may be anything.

    Parameters
    ----------
    emissions, offsets, chain
        As `checked` returns them.

    Returns
    -------
    tags : ndarray of shape (n_steps,), int32
    scores : ndarray of shape (n_rows,), float64
    """
    tags, scores = np.zeros(len(emissions), np.int32), np.zeros(len(offsets) - 1)
    if engine() == "numba":
        from skrnn.kernels import chain as kernels

        columns = np.ascontiguousarray(chain.transitions.T)

        def work(block):
            kernels.viterbi(
                emissions, offsets, *block, chain.start, chain.transitions, columns, chain.end,
                tags, scores,
            )  # fmt: skip

        try:
            shards.run(work, _blocks(offsets))
            return tags, scores
        except NoKernelsError:
            pass
    for row, own in _rows(offsets):
        scores[row] = plain.viterbi_of(emissions[own], chain, tags[own])
    return tags, scores


def marginals(emissions, offsets, chain):
    """Return the probability of each tag at each step, given the whole row.

    Parameters
    ----------
    emissions, offsets, chain
        As in :func:`viterbi`.

    Returns
    -------
    ndarray of shape (n_steps, n_tags), float64
        Each step's sum to 1.

    Raises
    ------
    InvalidInputError
        If shapes do not fit, an emission is NaN or +inf, or all paths of a row are forbidden.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.chains import Chain, marginals
    >>> chain = Chain(np.array([[0.0, 1.0], [0.0, 0.0]]), np.zeros(2), np.zeros(2))
    >>> emissions = np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 2.0]])  # of a row of two, and of one
    >>> marginals(emissions, [0, 2, 3], chain).round(2).tolist()
    [[0.85, 0.15], [0.21, 0.79], [0.12, 0.88]]
    """
    emissions, offsets, chain = checked(emissions, offsets, chain)
    _check_numbers(emissions, offsets, chain)
    log_z, probabilities, _ = _forward_backward(emissions, offsets, chain, None)
    _check_possible(log_z, offsets)
    return probabilities


def log_partition(emissions, offsets, chain):
    """Return the logarithm of the sum of ``exp(score)`` over all paths of each row.

    Parameters
    ----------
    emissions, offsets, chain
        As in :func:`viterbi`.

    Returns
    -------
    ndarray of shape (n_rows,), float64
        0 for an empty row, which has one path; -inf if all paths are forbidden; NaN if an
        emission or a score is NaN or +inf.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.chains import Chain, log_partition
    >>> chain = Chain(np.array([[0.0, 1.0], [0.0, 0.0]]), np.zeros(2), np.zeros(2))
    >>> emissions = np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 2.0]])  # of a row of two, and of one
    >>> log_partition(emissions, [0, 2, 3], chain).round(2).tolist()
    [2.87, 2.13]
    """
    return _log_partition(*checked(emissions, offsets, chain))


def log_likelihood(emissions, offsets, tags, chain):
    """Return the log-probability of each row's tags, in nats.

    Parameters
    ----------
    emissions, offsets, chain
        As in :func:`viterbi`.
    tags : ndarray of shape (n_steps,), integers
        From 0 to n_tags - 1.

    Returns
    -------
    ndarray of shape (n_rows,), float64
        0 for an empty row; -inf for a forbidden path; NaN if an emission or a score is NaN or
        +inf.

    Raises
    ------
    InvalidInputError
        If shapes do not fit, or a tag does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.chains import Chain, log_likelihood
    >>> chain = Chain(np.array([[0.0, 1.0], [0.0, 0.0]]), np.zeros(2), np.zeros(2))
    >>> emissions = np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 2.0]])  # of a row of two, and of one
    >>> log_likelihood(emissions, [0, 2, 3], [0, 1, 1], chain).round(2).tolist()
    [-0.37, -0.13]
    """
    emissions, offsets, chain = checked(emissions, offsets, chain)
    tags = _checked_tags(tags, emissions, offsets)
    log_z = _log_partition(emissions, offsets, chain)
    return _minus(_scores(emissions, offsets, tags, chain), log_z)


def gradients(emissions, offsets, tags, chain, weights=None):
    """Return the negative log-likelihood of each row, and the gradients of its weighted sum.

    Parameters
    ----------
    emissions, offsets, tags, chain
        As in :func:`log_likelihood`.
    weights : ndarray of shape (n_rows,), or None
        Weights of the rows; None is 1 for each.

    Returns
    -------
    Gradients
        A forbidden path has an infinite loss, and the gradient of the other paths as well as of
        its own tags; without any possible path the former is zero.

    Raises
    ------
    InvalidInputError
        If shapes do not fit, or a tag does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.chains import Chain, gradients
    >>> chain = Chain(np.array([[0.0, 1.0], [0.0, 0.0]]), np.zeros(2), np.zeros(2))
    >>> emissions = np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 2.0]])  # of a row of two, and of one
    >>> found = gradients(emissions, [0, 2, 3], [0, 1, 1], chain)
    >>> found.losses.round(2).tolist()
    [0.37, 0.13]
    >>> found.emissions.round(2).tolist()
    [[-0.15, 0.15], [0.21, -0.21], [0.12, -0.12]]
    """
    emissions, offsets, chain = checked(emissions, offsets, chain)
    tags = _checked_tags(tags, emissions, offsets)
    n_rows, n_tags = len(offsets) - 1, emissions.shape[1]
    weights = np.ones(n_rows) if weights is None else np.ascontiguousarray(weights, np.float64)
    if weights.shape != (n_rows,):
        raise InvalidInputError(
            f"weights must have the shape ({n_rows},), one for each row, but have the shape "
            f"{weights.shape}."
        )
    log_z, demissions, dtransitions = _forward_backward(emissions, offsets, chain, weights)
    losses = -_minus(_scores(emissions, offsets, tags, chain), log_z)
    lengths = np.diff(offsets)
    demissions[np.arange(len(tags)), tags] -= 1.0
    of_steps = np.repeat(weights, lengths)
    demissions *= of_steps[:, np.newaxis]
    is_pair = np.ones(len(tags), bool)  # the step and the next one, in one row
    filled = lengths > 0
    is_pair[offsets[1:][filled] - 1] = False
    before = np.flatnonzero(is_pair)
    pair = tags[before].astype(np.int64) * n_tags + tags[before + 1]
    counts = np.bincount(pair, of_steps[before], n_tags**2)
    dtransitions -= counts.reshape(n_tags, n_tags)
    dstart = demissions[offsets[:-1][filled]].sum(axis=0)
    dend = demissions[offsets[1:][filled] - 1].sum(axis=0)
    return Gradients(losses, demissions, dtransitions, dstart, dend)


def _log_partition(emissions, offsets, chain):
    factors, log_z = Factors.of(chain), np.zeros(len(offsets) - 1)
    if engine() == "numba":
        from skrnn.kernels import chain as kernels

        def work(block):
            kernels.log_partition(emissions, offsets, *block, tuple(factors), log_z)

        try:
            shards.run(work, _blocks(offsets))
            return log_z
        except NoKernelsError:
            pass
    with one_blas_thread():
        for row, own in _rows(offsets):
            log_z[row] = plain.log_partition_of(emissions[own], factors)
    return log_z


def _forward_backward(emissions, offsets, chain, weights):
    """Return sums, marginals and, with weights, the weighted sum of the expected transitions."""
    factors, n_rows, n_tags = Factors.of(chain), len(offsets) - 1, emissions.shape[1]
    log_z, probabilities = np.zeros(n_rows), np.empty_like(emissions)
    is_sum = weights is not None
    weights = weights if is_sum else np.zeros(n_rows)
    if engine() == "numba":
        from skrnn.kernels import chain as kernels

        def work(block):
            pairs = np.zeros((n_tags, n_tags))
            kernels.forward_backward(
                emissions, offsets, *block, tuple(factors), weights, log_z, probabilities, pairs
            )
            return pairs

        try:
            blocks = _parts(offsets) if is_sum else _blocks(offsets)
            return log_z, probabilities, _sum(shards.run(work, blocks), n_tags)
        except NoKernelsError:
            pass
    pairs = np.zeros((n_tags, n_tags))
    with one_blas_thread():
        for row, own in _rows(offsets):
            log_z[row], probabilities[own], of_row = plain.forward_backward_of(
                emissions[own], factors
            )
            pairs += weights[row] * of_row
    return log_z, probabilities, pairs


def _sum(parts, n_tags):
    total = np.zeros((n_tags, n_tags))
    for part in parts:
        total += part
    return total


def _rows(offsets):
    return ((row, slice(offsets[row], offsets[row + 1])) for row in range(len(offsets) - 1))


def _blocks(offsets):
    """Split the rows into blocks of about so many steps, `first` and `last` (excluded) of each."""
    return _split(offsets, max(1, int(offsets[-1]) // STEPS_PER_BLOCK))


def _parts(offsets):
    n_rows = len(offsets) - 1
    return _split(offsets, max(1, min(MAX_PARTS, n_rows // MIN_ROWS_PER_PART)))


def _split(offsets, n):
    ends = np.searchsorted(offsets, np.arange(1, n) * (offsets[-1] / n))
    bounds = np.unique([0, *ends, len(offsets) - 1])
    return list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))


def _scores(emissions, offsets, tags, chain):
    """Return the score of each row's tags, added from the first step to the last."""
    scores = emissions[np.arange(len(tags)), tags]
    if not len(tags):
        return np.zeros(len(offsets) - 1)
    filled = np.flatnonzero(np.diff(offsets))
    firsts, lasts = offsets[:-1][filled], offsets[1:][filled] - 1
    scores[1:] += np.where(np.isin(np.arange(1, len(tags)), firsts), 0.0,
                           chain.transitions[tags[:-1], tags[1:]])  # fmt: skip
    scores[firsts] += chain.start[tags[firsts]]
    scores[lasts] += chain.end[tags[lasts]]
    totals = np.zeros(len(offsets) - 1)
    totals[filled] = np.add.reduceat(scores, firsts)
    return totals


def _minus(scores, log_z):
    """Return the difference; -inf where the path is forbidden, even if all are."""
    with np.errstate(invalid="ignore"):
        return np.where(scores == -np.inf, -np.inf, scores - log_z)


def _checked_tags(tags, emissions, offsets):
    tags = np.asarray(tags)
    n_steps, n_tags = emissions.shape
    if tags.shape != (n_steps,) or (tags.dtype.kind not in "iu" and tags.size):
        raise InvalidInputError(
            f"tags must be {n_steps} integers, one for each step of the emissions, but are "
            f"{tags.dtype} of the shape {tags.shape}."
        )
    wrong = np.flatnonzero((tags < 0) | (tags >= n_tags))
    if len(wrong):
        raise InvalidInputError(
            f"The tag {tags[wrong[0]]} at {_where(wrong[0], offsets)} does not exist: the "
            f"emissions are of {n_tags} tags, from 0 to {n_tags - 1}."
        )
    return tags.astype(np.int32)


def _check_numbers(emissions, offsets, chain):
    is_wrong = np.isnan(emissions) | (emissions == np.inf)
    if is_wrong.any():
        step, tag = np.argwhere(is_wrong)[0]
        raise InvalidInputError(
            f"The emission of tag {tag} at {_where(step, offsets)} is {emissions[step, tag]}. "
            "Emissions must be numbers, or -inf to forbid a tag."
        )
    for name, scores in zip(chain._fields, chain, strict=True):
        if (np.isnan(scores) | (scores == np.inf)).any():
            raise InvalidInputError(
                f"{name} of the chain has a score that is NaN or +inf. Scores must be numbers, or "
                "-inf to forbid."
            )


def _check_possible(sums, offsets):
    forbidden = np.flatnonzero(sums == -np.inf)
    if len(forbidden):
        row = forbidden[0]
        raise InvalidInputError(
            f"All paths of row {row}, which has {offsets[row + 1] - offsets[row]} steps, are "
            "forbidden by scores of -inf. Allow at least one: a first tag, transitions from each "
            "step to the next, and a last tag."
        )


def _where(step, offsets):
    row = np.searchsorted(offsets, step, side="right") - 1
    return f"step {step - offsets[row]} of row {row}"
