"""Vectors of new documents: the optimum, whatever else is inferred, on any number of threads."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression

from skrnn.embeddings import inference
from skrnn.embeddings.documents import N_NEGATIVE
from skrnn.embeddings.inference import infer_vectors
from skrnn.kernels import shards


def problem(scale=1.0, n_documents=30, n_ngrams=80, dim=6):
    """Return documents, vectors of n-grams and a sample."""
    rng = np.random.default_rng(0)
    X = csr_array((rng.random((n_documents, n_ngrams)) < 0.2).astype(float))
    ngrams = (scale * rng.normal(size=(n_ngrams, dim))).astype(np.float32)
    return X, ngrams, rng.integers(n_ngrams, size=50).astype(np.int32)


def by_scikit_learn(own, others, C):
    """Return the same vector by a regression of scikit-learn."""
    model = LogisticRegression(C=C, fit_intercept=False, tol=1e-10, max_iter=10_000)
    weights = [1] * len(own) + [N_NEGATIVE * len(own) / len(others)] * len(others)
    is_own = [1] * len(own) + [0] * len(others)
    return model.fit(np.concatenate([own, others]).astype(float), is_own, weights).coef_[0]


@pytest.mark.parametrize("scale", [0.1, 1, 20])
@pytest.mark.parametrize("C", [1e-3, 0.1, 1e3])
def test_it_is_the_solution(scale, C):
    """Fails if weights, penalty or a step is wrong: scikit-learn solves the same problem."""
    X, ngrams, sample = problem(scale)
    found = infer_vectors(X, ngrams, sample, C=C)
    assert found.dtype == np.float32
    for row in range(len(found)):
        own = ngrams[X.indices[X.indptr[row] : X.indptr[row + 1]]]
        wanted = by_scikit_learn(own, ngrams[sample], C)
        np.testing.assert_allclose(found[row], wanted, atol=2e-3 * np.abs(wanted).max())


def test_steps_that_overshoot(monkeypatch):
    """Fails if a long step leads away: some would, with few n-grams of very different lengths."""
    shortened, n_cases = [], 0

    def log1p(length):
        shortened.append(length)
        return np.log(1 + length)

    monkeypatch.setattr(inference.np, "log1p", log1p)
    for seed in range(800):
        rng = np.random.default_rng(seed)
        sizes, dim, C = rng.integers(1, 6, 2), rng.integers(1, 4), 10 ** rng.uniform(-1, 4)
        own, others = (
            (rng.normal(size=(n, dim)) * 10 ** rng.uniform(-1, 2, (n, 1))).astype(np.float32)
            for n in sizes
        )
        del shortened[:]
        found = inference._solved(own, others, C)
        if not shortened:
            continue

        def loss(vector, own=own, others=others, C=C):
            losses = np.logaddexp(0, -own.astype(float) @ vector).sum()
            of_others = np.logaddexp(0, others.astype(float) @ vector).mean()
            return losses + N_NEGATIVE * len(own) * of_others + vector @ vector / (2 * C)

        n_cases += 1
        assert loss(found.astype(float)) < loss(by_scikit_learn(own, others, C)) + 1e-2
    assert n_cases > 5


def test_documents_do_not_depend_on_each_other(monkeypatch):
    """Fails if rows, their order, blocks or threads change a bit of a vector."""
    X, ngrams, sample = problem(n_documents=700)
    found = infer_vectors(X, ngrams, sample, C=0.1)
    some = np.random.default_rng(1).permutation(700)[:300]
    for n in ("1", "3"):
        monkeypatch.setenv("SKRNN_NUM_THREADS", n)
        monkeypatch.setattr(shards, "_pool", None)
        again = infer_vectors(csr_array(X[some]), ngrams, sample, C=0.1)
        np.testing.assert_array_equal(again, found[some])


def test_documents_without_ngrams():
    """Fails if an empty document is not 0, or is the first or last one and fails."""
    X, ngrams, sample = problem()
    X = X.tolil()
    X[[0, 7, 29]] = 0
    X = csr_array(X.tocsr())
    X.eliminate_zeros()
    found = np.abs(infer_vectors(X, ngrams, sample, C=0.1)).max(axis=1)
    assert (found[[0, 7, 29]] == 0).all() and np.delete(found, [0, 7, 29]).min() > 0
    assert infer_vectors(csr_array((0, 80)), ngrams, sample, C=0.1).shape == (0, 6)


@pytest.mark.parametrize("C", [inference.LEAST_C, inference.GREATEST_C])
def test_extreme_vectors(C):
    """Fails if rounding makes a matrix singular, or a number overflows: a file may have these."""
    X, ngrams, sample = problem()
    for vectors in (np.full_like(ngrams, 1e6), np.zeros_like(ngrams), 1e6 * ngrams, 1e-30 * ngrams):
        assert np.isfinite(infer_vectors(X, vectors, sample, C=C)).all()
