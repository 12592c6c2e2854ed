"""The linear chain of surroundings: its descent, its engines, its cross-fitting."""

import numpy as np
import pytest

from skrnn.chains import Chain, LinearChain, log_likelihood
from skrnn.chains import linear as module
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


def descend_once(function, ids, offsets, tags, weights, step, shrink=1.0):
    """Return the weights after a step on each row, in order."""
    now, scale = [one.copy() for one in weights], np.ones(1)
    now[0][0] = 0
    n, longest = len(offsets) - 1, int(np.diff(offsets).max())
    work, c = np.empty((3, longest, weights[0].shape[1])), np.ones(longest)
    rows = np.arange(n)
    function(ids, offsets, tags, rows, np.full(n, step), np.full(n, shrink), *now, scale, work, c)
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


def fit(ids, offsets, tags, weights=None, seed=0):
    weights = np.ones(len(offsets) - 1) if weights is None else weights
    return LinearChain.fit_score(
        ids, offsets, tags, weights, n_ids=12, n_tags=int(tags.max()) + 1, seed=seed
    )


def test_learns_and_scores_probabilities():
    """Fails if scores are no logarithms of probabilities, or of the wrong steps."""
    ids, offsets, tags = problem()
    model, scores = fit(ids, offsets, tags)
    for found in (model.score(ids, offsets), scores):
        assert (found.argmax(axis=1) == tags).all()
        np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, atol=0.01)


def test_training_rows_are_scored_without_themselves():
    """Fails if a row's own tags are in its score: of noise there is then nothing to know."""
    rng = np.random.default_rng(0)
    offsets = np.arange(0, 301, 3)
    tags = rng.integers(2, size=300).astype(np.int32)
    ids = np.arange(1, 301, dtype=np.int32)[:, None] // 2 + 1
    model, scores = LinearChain.fit_score(
        ids, offsets, tags, np.ones(100), n_ids=200, n_tags=2, seed=0
    )
    assert (model.score(ids, offsets).argmax(axis=1) == tags).mean() > 0.75
    assert 0.4 < (scores.argmax(axis=1) == tags).mean() < 0.6


def test_rows_without_steps_and_single_rows():
    """Fails if an empty row is descended on, or one row cannot be left out."""
    ids, offsets, tags = problem(1)
    _, scores = fit(ids, offsets, tags)
    assert np.isfinite(scores).all()
    ids, offsets, tags = problem(4)
    offsets = np.insert(offsets, 2, offsets[2])
    model, scores = fit(ids, offsets, tags, np.array([1.0, 1.0, 0.5, 2.0, 1.0]))
    assert np.isfinite(scores).all() and model.score(ids, offsets).shape == scores.shape


def test_weights_of_rows_count():
    """Fails if weights are ignored: the same features have two tags, and one weighs more."""
    ids = np.ones((40, 1), np.int32)
    offsets, tags = np.arange(41), (np.arange(40) % 2).astype(np.int32)
    model, _ = fit(ids, offsets, tags, np.where(tags == 1, 9.0, 1.0))
    share = np.exp(model.score(ids[:1], [0, 1]))[0, 1]
    assert share == pytest.approx(0.9, abs=0.05)


def test_the_same_seed_gives_the_same_bytes():
    """Fails if threads share what they learn."""
    first, second = (fit(*problem(), seed=5)[1] for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != fit(*problem(), seed=6)[1].tobytes()


def test_too_many_weights_leave_out_the_rarest(monkeypatch):
    """Fails if a model of many features and tags takes any amount of memory."""
    monkeypatch.setattr(module, "MOST_WEIGHTS", 15)
    model, _ = fit(*problem())
    assert len(model.table) == 5
    counts = np.bincount(problem()[0].ravel(), minlength=12)
    kept = np.flatnonzero(model.place)
    assert counts[kept].min() >= np.delete(counts, kept)[1:].max()
