"""Vectors of documents: their descent, both engines, and what the vectors tell."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression

from skrnn.embeddings import documents as module
from skrnn.embeddings.documents import document_vectors
from skrnn.exceptions import NoKernelsError


def kernel():
    compiled = pytest.importorskip("skrnn.kernels.documents").descend
    try:
        compiled.compile()
    except NoKernelsError:
        pytest.skip("needs Numba")
    return compiled


@pytest.fixture(params=["numba", "numpy"])
def descend(request):
    return kernel() if request.param == "numba" else module._descend


def two_topics(n=200, n_ngrams=60, seed=0):
    """Return documents with words of one of two topics, and some of the other."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    likely = np.where((np.arange(n_ngrams) % 2) == y[:, np.newaxis], 24, 8) / n_ngrams
    return csr_array((rng.random((n, n_ngrams)) < likely).astype(float)), y


def moved(descend, ids, starts, rows, documents, ngrams, rate, at_once=16):
    """Return both kinds of vectors after one pass."""
    vectors = documents.astype(np.float32), ngrams.astype(np.float32)
    rates = np.full(len(rows), rate, np.float32)
    descend(ids, starts, rows, rates, *vectors, at_once)
    return vectors


def test_a_step_follows_the_gradient(descend):
    """Fails if a derivative is wrong: compared with differences of the log-likelihood."""
    rng = np.random.default_rng(0)
    documents, ngrams = rng.normal(size=(2, 3)), rng.normal(size=(8, 3))
    # One of the drawn n-grams is the document's own, which is no counterexample to itself.
    ids = np.array([[0, 3, 4], [1, 1, 5], [2, 0, 3]], np.int32)

    def likelihood(documents, ngrams):
        dots = ngrams[ids] @ documents[1]
        signs = np.array([1, -1, -1])
        counts = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])
        return -(counts * np.logaddexp(0, -signs * dots)).sum()

    rate = 1e-2
    starts, rows = np.array([0, 3]), np.array([1])
    after = moved(descend, ids, starts, rows, documents, ngrams, rate)
    for which, before in enumerate((documents, ngrams)):
        for at in np.ndindex(before.shape):
            parts = [[documents.copy(), ngrams.copy()] for _ in range(2)]
            parts[0][which][at] += 1e-5
            parts[1][which][at] -= 1e-5
            wanted = (likelihood(*parts[0]) - likelihood(*parts[1])) / 2e-5
            assert (after[which][at] - before[at]) / rate == pytest.approx(wanted, abs=1e-4)


def test_engines_agree():
    """Fails if kernel and NumPy differ, also where a document's n-grams are several steps."""
    rng = np.random.default_rng(1)
    for at_once in (1, 3, 16):
        lengths = np.array([0, 7, 1, 40, 0, 3])
        starts = np.concatenate([[0], np.cumsum(lengths)])
        ids = rng.integers(0, 20, (starts[-1], 4)).astype(np.int32)
        rows = rng.permutation(9)[:6]
        documents, ngrams = rng.normal(size=(9, 17)), rng.normal(size=(20, 17))
        given = ids, starts, rows, documents, ngrams, 0.1, at_once
        for one, other in zip(moved(kernel(), *given), moved(module._descend, *given), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
        unseen = np.setdiff1d(np.arange(9), rows[lengths > 0])
        np.testing.assert_array_equal(
            moved(kernel(), *given)[0][unseen], documents[unseen].astype(np.float32)
        )


def test_a_few_labels_suffice():
    """Fails if the vectors do not tell the topics apart, of which nothing but words is known."""
    X, y = two_topics(1500, n_ngrams=400)
    vectors = document_vectors(X, dim=8, seed=0).documents
    assert vectors.shape == (1500, 8) and vectors.dtype == np.float32
    model = LogisticRegression().fit(vectors[:10], y[:10])
    assert model.score(vectors[10:], y[10:]) > 0.87
    words = LogisticRegression().fit(X[:10], y[:10])
    assert words.score(X[10:], y[10:]) < 0.75


def test_seeds_and_engines(monkeypatch):
    """Fails if threads, the global generator or the engine decide about the result."""
    kernel()
    X, _ = two_topics(40)
    before = np.random.get_state()[1].copy()
    one = document_vectors(X, dim=4, seed=3).documents
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.testing.assert_array_equal(document_vectors(X, dim=4, seed=3).documents, one)
    assert not np.allclose(document_vectors(X, dim=4, seed=4).documents, one, atol=0.1)
    monkeypatch.setattr(module, "_descent", lambda: module._descend)
    monkeypatch.setattr(module, "MOST_EPOCHS", 10)
    numpy = document_vectors(X, dim=4, seed=3).documents
    monkeypatch.undo()
    monkeypatch.setattr(module, "MOST_EPOCHS", 10)
    np.testing.assert_allclose(document_vectors(X, dim=4, seed=3).documents, numpy, atol=1e-4)


def test_numpy_is_used_where_numba_does_not_compile(monkeypatch):
    """Fails if a kernel that cannot be compiled ends the training."""
    compiled = pytest.importorskip("skrnn.kernels.documents").descend

    def refuse():
        raise NoKernelsError("no compiler")

    monkeypatch.setattr(compiled, "compile", refuse)
    assert module._descent() is module._descend
    monkeypatch.setenv("SKRNN_ENGINE", "tensorflow")
    assert module._descent() is module._descend


def test_documents_without_ngrams():
    """Fails if an empty document fails, or moves."""
    X, _ = two_topics(30)
    X = X.tolil()
    X[[0, 7, 29]] = 0
    X = X.tocsr()
    X.eliminate_zeros()
    vectors = document_vectors(csr_array(X), dim=4, seed=0).documents
    size = np.abs(vectors).max(axis=1)
    assert (size[[0, 7, 29]] <= 0.125).all() and np.delete(size, [0, 7, 29]).min() > 0.2
    assert document_vectors(csr_array((5, 3)), dim=4, seed=0).documents.shape == (5, 4)
    assert document_vectors(csr_array((5, 0)), dim=4, seed=0).documents.shape == (5, 4)


@pytest.mark.parametrize("block", [1, 7, 10_000])
def test_blocks_are_all_rows_in_order(block, monkeypatch):
    """Fails if a long or an empty document is left out or seen twice."""
    monkeypatch.setattr(module, "OCCURRENCES_A_BLOCK", block)
    lengths = np.array([0, 20, 1, 1, 0, 0, 9, 3, 0])
    rows = np.random.default_rng(0).permutation(9)
    parts = list(module._blocks(rows, lengths))
    np.testing.assert_array_equal(np.concatenate(parts), rows)
    assert max(lengths[part].sum() for part in parts) <= block + 20
    X = csr_array(np.arange(60)[np.newaxis] % 9 < lengths[:, np.newaxis])
    own = module._shuffled(X, np.diff(X.indptr), np.random.default_rng(0))
    for row in range(9):
        of_row = slice(X.indptr[row], X.indptr[row + 1])
        np.testing.assert_array_equal(np.sort(own[of_row]), X.indices[of_row])


def test_small_corpora_are_read_more_often(monkeypatch):
    """Fails if few documents are read as seldom as many, so that nothing is learned."""
    calls = []
    monkeypatch.setattr(module, "_descent", lambda: lambda *given: calls.append(len(given[2])))
    X, _ = two_topics(50)
    document_vectors(X, dim=2, seed=0)
    assert sum(calls) == 50 * module.MOST_EPOCHS
    monkeypatch.setattr(module, "N_PREDICTIONS", 0)
    del calls[:]
    document_vectors(X, dim=2, seed=0)
    assert sum(calls) == 50 * module.EPOCHS
