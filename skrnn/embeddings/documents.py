"""Vectors of documents that predict their n-grams.

A document has the vector by which a logistic regression tells its n-grams from those of other
documents (Li et al. 2016, "Learning Document Embeddings by Predicting N-grams for Sentiment
Classification of Long Movie Reviews"; without word order, and with negative sampling, it is the
PV-DBOW of Le and Mikolov 2014). Nothing but the texts is needed for it, so that a few labels tell
the directions of the vectors apart that all texts have made.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from skrnn.exceptions import NoKernelsError
from skrnn.kernels.engine import engine

# Length of the vectors.
DIM = 48
# N-grams that each of a document is compared with, drawn by their frequency to this power
# (Mikolov et al. 2013).
N_NEGATIVE, FREQUENCY_EXPONENT = 5, 0.75
# Learning rate of the first document; that of the last is 0.
LEARNING_RATE = 0.05
# So many n-grams of a document make one step.
AT_ONCE = 16
# Passes over all documents, more if they have less than so many n-grams together.
EPOCHS, MOST_EPOCHS, N_PREDICTIONS = 10, 100, 10_000_000
# An n-gram has to occur in one document of so many, in 2 to 10 of them: rarer ones cost time.
DOCUMENTS_A_DOCUMENT, LEAST_DF, MOST_DF = 2000, 2, 10
# Length of the table from which n-grams are drawn, and of what is drawn at a time.
DRAWS, OCCURRENCES_A_BLOCK = 2**20, 2**18


class Vectors(NamedTuple):
    """What is learned of a corpus.

    Attributes
    ----------
    documents : ndarray of shape (n_documents, dim), float32
    ngrams : ndarray of shape (n_ngrams, dim), float32
    """

    documents: np.ndarray
    ngrams: np.ndarray


def document_vectors(indicators, *, dim=DIM, seed, epochs=None) -> Vectors:
    """Return vectors of documents, and those of n-grams by which they tell their own.

    Parameters
    ----------
    indicators : csr_array of shape (n_documents, n_ngrams)
        The n-grams of each document; the values do not matter.
    dim : int, default=48
        Length of the vectors.
    seed : int
    epochs : int or None, default=None
        Passes over the documents; None for 10, or more with few of them.

    Returns
    -------
    Vectors
        With the same seed, Numba and NumPy give the same but for rounding. Documents without an
        n-gram have a vector near 0.
    """
    n_documents, n_ngrams = indicators.shape
    rng = np.random.default_rng(seed)
    documents = _initial(rng, n_documents, dim)
    ngrams = _initial(rng, n_ngrams, dim)
    if not indicators.nnz:
        return Vectors(documents, ngrams)
    table = draw_ngrams(indicators, DRAWS, rng)
    lengths = np.diff(indicators.indptr)
    own = _shuffled(indicators, lengths, rng)
    if epochs is None:
        epochs = int(np.clip(N_PREDICTIONS // indicators.nnz, EPOCHS, MOST_EPOCHS))
    descend = _descent()
    for epoch in range(epochs):
        order, done = rng.permutation(n_documents), 0
        for rows in _blocks(order, lengths):
            starts = np.concatenate([[0], np.cumsum(lengths[rows], dtype=np.int64)])
            ids = np.empty((starts[-1], 1 + N_NEGATIVE), np.int32)
            ids[:, 0] = own[_places(indicators.indptr, rows, starts)]
            drawn = rng.integers(DRAWS, size=(len(ids), N_NEGATIVE), dtype=np.int32)
            ids[:, 1:] = table[drawn]
            left = 1 - (epoch + (done + np.arange(len(rows))) / n_documents) / epochs
            rates = (LEARNING_RATE * left).astype(np.float32)
            descend(ids, starts, rows, rates, documents, ngrams, AT_ONCE)
            done += len(rows)
    return Vectors(documents, ngrams)


def least_df(n_documents) -> int:
    """Return the number of documents in which an n-gram has to occur, out of so many."""
    return int(np.clip(n_documents // DOCUMENTS_A_DOCUMENT, LEAST_DF, MOST_DF))


def draw_ngrams(indicators, n, rng) -> np.ndarray:
    """Return the numbers of n-grams that are drawn by their frequency, int32 of shape (n,)."""
    counts = np.bincount(indicators.indices, minlength=indicators.shape[1]) ** FREQUENCY_EXPONENT
    return rng.choice(len(counts), n, p=counts / counts.sum()).astype(np.int32)


def _blocks(rows, lengths):
    """Split rows into blocks of about `OCCURRENCES_A_BLOCK` n-grams, whatever their lengths."""
    ends = np.cumsum(lengths[rows], dtype=np.int64)
    bounds = np.arange(OCCURRENCES_A_BLOCK, ends[-1], OCCURRENCES_A_BLOCK)
    return np.split(rows, np.unique(np.searchsorted(ends, bounds)))


def _places(indptr, rows, starts):
    """Return where the n-grams of some rows are among those of all rows."""
    first = indptr[rows].astype(np.int64) - starts[:-1]
    return np.arange(starts[-1]) + np.repeat(first, np.diff(starts))


def _shuffled(indicators, lengths, rng):
    """Return the n-grams of all documents, in random order within each, as int32."""
    own = indicators.indices.astype(np.int32)
    for rows in _blocks(np.arange(len(lengths)), lengths):
        if len(rows):
            some = slice(indicators.indptr[rows[0]], indicators.indptr[rows[-1] + 1])
            nth = np.repeat(np.arange(len(rows)), lengths[rows])
            own[some] = own[some][np.argsort(nth + rng.random(len(nth)))]
    return own


def _initial(rng, n, dim):
    return (rng.random((n, dim), np.float32) - np.float32(0.5)) / np.float32(dim)


def _descent():
    """Return the function that changes the vectors, of the engine of the moment."""
    if engine() == "numba":
        from skrnn.kernels.documents import descend

        try:
            descend.compile()
            return descend
        except NoKernelsError:
            pass
    return _descend


def _descend(ids, starts, rows, rates, documents, ngrams, at_once):
    """Do what the kernel :mod:`skrnn.kernels.documents` does."""
    is_own = np.zeros(ids.shape[1], np.float32)
    is_own[0] = 1
    for row, rate, start, end in zip(rows, rates, starts[:-1], starts[1:], strict=True):
        for first in range(start, end, at_once):
            some = ids[first : min(first + at_once, end)]
            vector, others = documents[row], ngrams[some]
            error = rate * (is_own - expit(others @ vector))
            error[:, 1:][some[:, 1:] == some[:, :1]] = 0
            change = error.ravel() @ others.reshape(-1, len(vector))
            np.add.at(ngrams, some.ravel(), error.reshape(-1, 1) * vector)
            documents[row] += change
