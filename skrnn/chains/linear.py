"""A linear-chain CRF on sparse features: what the words around each step say about its tag."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skrnn.chains.chain import Chain
from skrnn.chains.inference import marginals
from skrnn.exceptions import NoKernelsError
from skrnn.kernels import shards
from skrnn.kernels.engine import engine
from skrnn.kernels.sums import add_sums

# Passes over the rows, and so many updates at least. Few rows need more passes.
PASSES, UPDATES, MOST_PASSES = 10, 2000, 200
# The first step, and the L2 penalty of all rows together: that of CRFsuite's and CRF++'s defaults.
FIRST_STEP, PENALTY = 0.1, 1.0
N_FOLDS = 5
# Weights that a model may have, 256 MB; of more, the rarest features are left out.
MOST_WEIGHTS = 2**25
# A smaller probability says no more.
SMALLEST = 1e-3


class _Weights(NamedTuple):
    """The weights of features, and the chain; float64."""

    table: np.ndarray
    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray


class LinearChain:
    """A linear-chain CRF, trained by averaged stochastic gradient descent.

    The descent is that of crfsgd (Bottou 2010), with an L2 penalty. The weights are the mean of
    those after each pass of the second half.

    Parameters
    ----------
    place : ndarray of shape (n_ids,), int32
        The row of `table` for each feature; 0 is none.
    table : ndarray of shape (n_rows, n_tags), float32
        The score of each tag for a feature. Row 0 is zero.
    chain : Chain
        The scores of neighbouring tags, float32.
    """

    def __init__(self, place: np.ndarray, table: np.ndarray, chain: Chain):
        self.place, self.table, self.chain = place, table, chain

    @classmethod
    def fit_score(cls, ids, offsets, tags, weights, *, n_ids, n_tags, seed):
        """Return a fitted model, and the scores of the rows by models that have not seen them.

        Parameters
        ----------
        ids : ndarray of shape (n_steps, width), int32
            The features of each step, below `n_ids`; 0 is none.
        offsets : ndarray of shape (n_samples + 1,), int64
        tags : ndarray of shape (n_steps,), int32
        weights : ndarray of shape (n_samples,)
            Of the rows, above 0.
        n_ids, n_tags : int
        seed : int

        Returns
        -------
        model : LinearChain
        scores : ndarray of shape (n_steps, n_tags), float32
            As of `score`; of each row by a model that was fitted without it (cross-fitting), so
            that whoever learns from them learns how far to trust them.
        """
        place = _places(ids, n_ids, n_tags)
        rows = np.flatnonzero(np.diff(offsets) > 0)
        own = place[ids]
        data = own, np.asarray(offsets, np.int64), np.asarray(tags, np.int32), weights
        rng = np.random.default_rng(seed)
        folds = np.array_split(rng.permutation(rows), min(N_FOLDS, len(rows)))
        seeds = rng.integers(2**31, size=len(folds) + 1)
        n_table = int(place.max(initial=0)) + 1

        def work(i):
            left_out = folds[i] if i < len(folds) else rows[:0]
            kept = np.setdiff1d(rows, left_out)
            fitted = _fit(*data, kept, n_table, n_tags, int(seeds[i]))
            if not len(left_out):
                return fitted
            return _scores_of(fitted, own, offsets, np.sort(left_out))

        # The whole model first: it takes longest.
        order = [len(folds), *range(len(folds))] if len(folds) > 1 else [len(folds)]
        whole, *others = shards.run(work, order)
        model = cls(
            place,
            whole.table.astype(np.float32),
            Chain(*(part.astype(np.float32) for part in whole[1:])),
        )
        scores = np.full((len(ids), n_tags), -np.log(n_tags), np.float32)
        for steps, found in others:
            scores[steps] = found
        return model, scores

    def score(self, ids, offsets) -> np.ndarray:
        """Return the logarithm of the probability of each tag at each step, given the row.

        Parameters
        ----------
        ids : ndarray of shape (n_steps, width), int32
            Unknown features are 0.
        offsets : ndarray of shape (n_samples + 1,)

        Returns
        -------
        ndarray of shape (n_steps, n_tags), float32
            At least the logarithm of `SMALLEST`.
        """
        return _log_marginals(_emissions(self.place[ids], self.table), offsets, self.chain)


def _places(ids, n_ids, n_tags):
    """Return the row in the table for each feature: the most common ones have one."""
    counts = np.bincount(ids.ravel(), minlength=n_ids)
    counts[0] = 0
    most = max(1, MOST_WEIGHTS // n_tags - 1)
    place = np.zeros(n_ids, np.int32)
    kept = np.flatnonzero(counts)
    if len(kept) > most:
        kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")[:most]])
    place[kept] = np.arange(1, len(kept) + 1)
    return place


def _fit(ids, offsets, tags, weights, rows, n_table, n_tags, seed):
    """Return the `_Weights` learned from some rows."""
    if not len(rows):
        return _Weights(
            *(np.zeros(n) for n in ((n_table, n_tags), (n_tags, n_tags), n_tags, n_tags))
        )
    now = _Weights(*(np.zeros(n) for n in ((n_table, n_tags), (n_tags, n_tags), n_tags, n_tags)))
    scale, rng = np.ones(1), np.random.default_rng(seed)
    longest = int(np.diff(offsets).max())
    work, c = np.empty((3, longest, n_tags)), np.ones(longest)
    penalty = PENALTY / weights[rows].sum()
    n_passes = int(np.clip(-(-UPDATES // len(rows)), PASSES, MOST_PASSES))
    descend = _descent()
    sums, n_summed = None, 0
    for i in range(n_passes):
        order = rng.permutation(rows)
        times = np.arange(i * len(rows), (i + 1) * len(rows))
        rate = FIRST_STEP / (1 + FIRST_STEP * penalty * times)
        args = (rate * weights[order], 1 - rate * penalty)
        descend(ids, offsets, tags, order, *args, *now, scale, work, c)
        if i >= n_passes // 2:
            seen = [scale[0] * part for part in now]
            sums = seen if sums is None else [a + b for a, b in zip(sums, seen, strict=True)]
            n_summed += 1
        if scale[0] < 1e-6:
            for part in now:
                part *= scale[0]
            scale[0] = 1.0
    return _Weights(*(part / n_summed for part in sums))


def _descent():
    """Return the kernel, or the same in NumPy."""
    if engine() == "numba":
        from skrnn.kernels import linear_chain

        try:
            linear_chain.descend.compile()
            return linear_chain.descend
        except NoKernelsError:
            pass
    from skrnn.chains.plain_descent import descend

    return descend


def _emissions(ids, table):
    out = np.zeros((len(ids), table.shape[1]), np.float32)
    add_sums(out, table, np.ascontiguousarray(ids, np.int32))
    return out


def _scores_of(weights, ids, offsets, rows):
    """Return the steps of some rows, and their scores."""
    lengths = np.diff(offsets)[rows]
    ends = np.cumsum(lengths)
    steps = np.arange(ends[-1]) + np.repeat(offsets[:-1][rows] - (ends - lengths), lengths)
    emissions = _emissions(ids[steps], weights.table.astype(np.float32))
    own = np.concatenate([[0], ends])
    return steps, _log_marginals(emissions, own, Chain(*weights[1:]))


def _log_marginals(emissions, offsets, chain):
    found = marginals(emissions, offsets, chain)
    return np.log(np.maximum(found, SMALLEST)).astype(np.float32)
