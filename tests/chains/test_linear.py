"""The linear chain of surroundings: its descent, its engines, its pool with another model."""

from itertools import product

import numpy as np
import pytest
from scipy.special import logsumexp

from skrnn.chains import Chain, LinearChain, log_likelihood, marginals, viterbi
from skrnn.chains import linear as module
from skrnn.chains.linear import share_of
from skrnn.chains.plain_descent import descend as plain
from skrnn.exceptions import NoKernelsError


def problem(n_rows=40, n_tags=3, seed=0):
    """Return features of which the first tells the tag, and the second is noise."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 7, size=n_rows)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tags = rng.integers(n_tags, size=offsets[-1]).astype(np.int32)
    ids = np.stack([1 + tags, rng.integers(4, 12, size=len(tags))], axis=1).astype(np.int32)
    return ids, offsets, tags


def weights_for(n_ids, n_tags, seed):
    rng = np.random.default_rng(seed)
    shapes = ((n_ids, n_tags), (n_tags, n_tags), (n_tags,), (n_tags,))
    return [rng.normal(size=shape) for shape in shapes]


def descend_once(function, ids, offsets, tags, weights, step, shrink=1.0, has_transitions=True):
    """Return the weights after a step on each row, in order."""
    now, scale = [one.copy() for one in weights], np.ones(1)
    now[0][0] = 0
    n, longest = len(offsets) - 1, int(np.diff(offsets).max())
    work, c = np.empty((3, longest, weights[0].shape[1])), np.ones(longest)
    rows = np.arange(n)
    rates = np.full(n, step), np.full(n, shrink)
    function(ids, offsets, tags, rows, *rates, *now, scale, work, c, has_transitions)
    return [scale[0] * one for one in now]


def kernel():
    linear_chain = pytest.importorskip("skrnn.kernels.linear_chain")
    try:
        linear_chain.descend.compile()
    except NoKernelsError:
        pytest.skip("needs Numba")
    return linear_chain.descend


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_a_step_follows_the_gradient(engine):
    """Fails if a derivative is wrong: compared with differences of the log-likelihood."""
    descend = kernel() if engine == "numba" else plain
    ids, offsets, tags = problem(1, seed=3)
    weights = weights_for(12, 3, 0)
    weights[0][0] = 0
    step = 1e-6
    moved = descend_once(descend, ids, offsets, tags, weights, step)

    def likelihood(parts):
        table, *chain = parts
        return log_likelihood(table[ids].sum(axis=1), offsets, tags, Chain(*chain))[0]

    for which, part in enumerate(weights):
        for at in np.ndindex(part.shape):
            if which == 0 and at[0] == 0:
                continue
            up, down = ([one.copy() for one in weights] for _ in range(2))
            up[which][at] += 1e-5
            down[which][at] -= 1e-5
            wanted = (likelihood(up) - likelihood(down)) / 2e-5
            found = (moved[which][at] - part[at]) / step
            assert found == pytest.approx(wanted, abs=1e-4)


def test_engines_agree():
    """Fails if the kernel and NumPy descend to different weights."""
    ids, offsets, tags = problem()
    weights = weights_for(12, 3, 1)
    found = [
        descend_once(function, ids, offsets, tags, weights, 0.1, 0.99)
        for function in (kernel(), plain)
    ]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_without_transitions_they_stay():
    """Fails if a logistic regression learns from neighbours."""
    ids, offsets, tags = problem()
    weights = weights_for(12, 3, 1)
    for function in (kernel(), plain):
        moved = descend_once(function, ids, offsets, tags, weights, 0.1, has_transitions=False)
        for before, after in zip(weights[1:], moved[1:], strict=True):
            np.testing.assert_array_equal(before, after)


def fit(ids, offsets, tags, weights=None, seed=0, has_transitions=True):
    weights = np.ones(len(offsets) - 1) if weights is None else weights
    n_tags = int(tags.max()) + 1
    return LinearChain.fit(
        ids, offsets, tags, weights,
        n_ids=12, n_tags=n_tags, has_transitions=has_transitions, weight=0.6, seed=seed,
    )  # fmt: skip


@pytest.mark.parametrize("has_transitions", [True, False])
def test_learns(has_transitions):
    """Fails if features and tags do not belong together, or a weight goes the wrong way."""
    ids, offsets, tags = problem()
    model = fit(ids, offsets, tags, has_transitions=has_transitions)
    assert (viterbi(model.emissions(ids), offsets, model.chain) == tags).all()
    assert model.chain.transitions.any() == has_transitions


def test_transitions_alone_decide():
    """Fails if the chain is not learned: the tags alternate, and the features say nothing."""
    offsets = np.arange(0, 401, 8)
    tags = (np.arange(400) % 2).astype(np.int32)
    ids = np.zeros((400, 1), np.int32)
    model = fit(ids, offsets, tags)
    assert (viterbi(model.emissions(ids), offsets, model.chain) == tags).all()


def test_a_pool_is_the_geometric_mean():
    """Fails if pooling is not that of whole rows: compared with all paths of a short one."""
    ids, offsets, tags = problem(1, n_tags=2, seed=4)
    model = fit(*problem(n_tags=2))
    rng = np.random.default_rng(0)
    other = Chain(*(rng.normal(size=shape) for shape in ((2, 2), 2, 2)))
    emissions = rng.normal(size=(len(tags), 2))
    pooled = model.pooled(ids, emissions, other)
    paths = [np.array(p, np.int32) for p in product(range(2), repeat=len(tags))]

    def logs(e, chain):
        return np.array([log_likelihood(e, offsets, path, chain)[0] for path in paths])

    wanted = model.weight * logs(model.emissions(ids), model.chain)
    wanted += (1 - model.weight) * logs(emissions, other)
    np.testing.assert_allclose(logs(*pooled), wanted - logsumexp(wanted), atol=1e-5)


def test_rows_without_steps_and_single_rows():
    """Fails if an empty row is descended on."""
    ids, offsets, tags = problem(1)
    assert np.isfinite(fit(ids, offsets, tags).table).all()
    ids, offsets, tags = problem(4)
    offsets = np.insert(offsets, 2, offsets[2])
    model = fit(ids, offsets, tags, np.array([1.0, 1.0, 0.5, 2.0, 1.0]))
    assert np.isfinite(model.table).all()


def test_weights_of_rows_count():
    """Fails if weights are ignored: the same features have two tags, and one weighs more."""
    ids = np.ones((40, 1), np.int32)
    offsets, tags = np.arange(41), (np.arange(40) % 2).astype(np.int32)
    model = fit(ids, offsets, tags, np.where(tags == 1, 9.0, 1.0))
    share = marginals(model.emissions(ids[:1]), [0, 1], model.chain)[0, 1]
    assert share == pytest.approx(0.9, abs=0.05)


def test_the_same_seed_gives_the_same_bytes():
    """Fails if the order of the rows is not that of the seed."""
    tables = [fit(*problem(), seed=seed).table.tobytes() for seed in (5, 5, 6)]
    assert tables[0] == tables[1] != tables[2]


def test_too_many_weights_leave_out_the_rarest(monkeypatch):
    """Fails if a model of many features and tags takes any amount of memory."""
    monkeypatch.setattr(module, "MOST_WEIGHTS", 15)
    model = fit(*problem())
    assert len(model.table) == 5
    counts = np.bincount(problem()[0].ravel(), minlength=12)
    kept = np.flatnonzero(model.place)
    assert counts[kept].min() >= np.delete(counts, kept)[1:].max()


def test_the_share_depends_on_how_many_words_are_new():
    """Fails if a vocabulary that is known is treated as one that is not."""
    assert share_of(np.repeat(np.arange(9), 2)) == pytest.approx(0.3)
    assert share_of(np.arange(9)) == pytest.approx(0.65)
    assert 0.3 < share_of(np.append(np.repeat(np.arange(33), 3), 33)) < 0.65
