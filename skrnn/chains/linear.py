"""A linear-chain CRF on sparse features: what the words around each step say about its tag."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skrnn.chains.chain import Chain
from skrnn.exceptions import NoKernelsError
from skrnn.kernels.engine import engine
from skrnn.kernels.sums import add_sums

# Passes over the rows, and so many updates at least. Few rows need more passes.
PASSES, UPDATES, MOST_PASSES = 10, 2000, 200
# With many tags, a pass takes long, and fewer are as good: each step sums over all pairs of tags.
MANY_TAGS, FEWER_PASSES = 64, 6
# The first step, and the L2 penalty of all rows together: that of CRFsuite's and CRF++'s defaults.
FIRST_STEP, PENALTY = 0.1, 1.0
# The update for one row is at most that for so many words of weight 1: a very long row, or one of
# very large weight, would drive the weights beyond what exp can take.
LONGEST = 300
# Weights that a model may have, 256 MB; of more, the rarest features are left out.
MOST_WEIGHTS = 2**25
# The share of this model beside a network: from the first, where words are never new, to the second
# where this part of the words or more is. Chosen by validation, see docs/accuracy.md.
SHARES, OFTEN_NEW = (0.3, 0.65), 0.03


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
    weight : float
        The share of this model where it is pooled with another one, in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.chains import LinearChain, viterbi
    >>> ids = np.array([[1], [2], [1], [2]], dtype=np.int32)  # one feature of each step
    >>> offsets, tags = np.array([0, 2, 4]), np.array([0, 1, 0, 1], dtype=np.int32)
    >>> settings = {"n_ids": 3, "n_tags": 2, "has_transitions": True, "weight": 0.5, "seed": 0}
    >>> model = LinearChain.fit(ids, offsets, tags, np.ones(2), **settings)
    >>> viterbi(model.emissions(ids), offsets, model.chain).tolist()
    [0, 1, 0, 1]
    """

    def __init__(self, place: np.ndarray, table: np.ndarray, chain: Chain, weight: float):
        self.place, self.table, self.chain, self.weight = place, table, chain, weight

    def __repr__(self):
        """Return its size."""
        n_rows, n_tags = self.table.shape
        return (
            f"<{type(self).__name__}: {n_tags} tags, {n_rows - 1} features, "
            f"weight={self.weight:.2f}>"
        )

    @classmethod
    def fit(cls, ids, offsets, tags, weights, *, n_ids, n_tags, has_transitions, weight, seed):
        """Return a fitted model.

        Parameters
        ----------
        ids : ndarray of shape (n_steps, width), int32
            The features of each step, below `n_ids`; 0 is none.
        offsets : ndarray of shape (n_samples + 1,), int64
        tags : ndarray of shape (n_steps,), int32
        weights : ndarray of shape (n_samples,)
            Of the rows, above 0. Only their proportions count.
        n_ids, n_tags : int
        has_transitions : bool
            Whether neighbouring tags have scores; without them, it is a logistic regression.
        weight : float
            See the class.
        seed : int
            Of the order of the rows.
        """
        place = _places(ids, n_ids, n_tags)
        n_table = int(place.max(initial=0)) + 1
        data = place[ids], np.asarray(offsets, np.int64), np.asarray(tags, np.int32)
        found = _fit(*data, weights, n_table, n_tags, has_transitions, seed)
        chain = Chain(*(part.astype(np.float32) for part in found[1:]))
        return cls(place, found.table.astype(np.float32), chain, weight)

    def emissions(self, ids) -> np.ndarray:
        """Return the score of each tag at each step, float32 of shape (n_steps, n_tags).

        Parameters
        ----------
        ids : ndarray of shape (n_steps, width), int32
            Unknown features are 0.
        """
        out = np.zeros((len(ids), self.table.shape[1]), np.float32)
        add_sums(out, self.table, np.ascontiguousarray(self.place[ids], np.int32))
        return out

    def pooled(self, ids, emissions, chain) -> tuple[np.ndarray, Chain]:
        """Return the emissions and the chain of this model and another one together.

        The mean of the scores of two chains is the chain of their logarithmic opinion pool: the
        probability of a row of tags is proportional to the geometric mean of its probabilities in
        both (Heskes 1998).

        Parameters
        ----------
        ids : ndarray of shape (n_steps, width), int32
        emissions : ndarray of shape (n_steps, n_tags), float32
        chain : Chain
            Of the other model.
        """
        mine = np.float32(self.weight)
        others = np.float32(1) - mine
        both = zip(self.chain, chain, strict=True)
        mixed = Chain(*(mine * own + others * other for own, other in both))
        return mine * self.emissions(ids) + others * emissions, mixed


def share_of(words: np.ndarray) -> float:
    """Return the weight of a linear model beside a network, for the words of the training rows.

    A network learns words that it sees often; of those that it has never seen, spelling and
    surroundings tell more to a linear model. How many words of other texts are new is estimated by
    the share of those that occur once (Good 1953).

    Parameters
    ----------
    words : ndarray of shape (n_steps,), int
        The number of each word.
    """
    counts = np.bincount(words)
    new = (counts == 1).sum() / max(len(words), 1)
    least, most = SHARES
    return float(least + (most - least) * min(1.0, new / OFTEN_NEW))


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


def _fit(ids, offsets, tags, weights, n_table, n_tags, has_transitions, seed):
    """Return the `_Weights` learned from rows, some of which may be empty."""
    rows = np.flatnonzero(np.diff(offsets) > 0)
    if not len(rows):
        return _Weights(
            *(np.zeros(n) for n in ((n_table, n_tags), (n_tags, n_tags), n_tags, n_tags))
        )
    longest = LONGEST
    while True:
        with np.errstate(all="ignore"):  # what is not finite is tried again with shorter steps
            found = _descended(
                ids, offsets, tags, weights, rows, n_table, n_tags, has_transitions, seed, longest
            )
        if found is not None:
            return found
        longest /= 10


def _descended(ids, offsets, tags, weights, rows, n_table, n_tags, has_transitions, seed, longest):
    """Return the `_Weights` after all passes, or None if they grow beyond what exp can take."""
    now = _Weights(*(np.zeros(n) for n in ((n_table, n_tags), (n_tags, n_tags), n_tags, n_tags)))
    scale, rng = np.ones(1), np.random.default_rng(seed)
    width = int(np.diff(offsets).max())
    work, c = np.empty((3, width, n_tags)), np.ones(width)
    weights = np.asarray(weights, np.float64) / np.mean(weights[rows], dtype=np.float64)
    weights = np.minimum(weights, longest / np.maximum(np.diff(offsets), 1))
    penalty = PENALTY / len(rows)
    least = PASSES if n_tags <= MANY_TAGS else FEWER_PASSES
    n_passes = int(np.clip(-(-UPDATES // len(rows)), least, MOST_PASSES))
    descend = _descent()
    sums, n_summed = None, 0
    for i in range(n_passes):
        order = rng.permutation(rows)
        times = np.arange(i * len(rows), (i + 1) * len(rows))
        rate = FIRST_STEP / (1 + FIRST_STEP * penalty * times)
        args = (rate * weights[order], 1 - rate * penalty)
        descend(ids, offsets, tags, order, *args, *now, scale, work, c, has_transitions)
        if not all(np.isfinite(part).all() for part in now):
            return None
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
