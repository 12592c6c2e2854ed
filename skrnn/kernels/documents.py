"""Stochastic gradient descent of vectors of documents that predict their n-grams."""

import numba
import numpy as np

from skrnn.kernels.compiling import kernel

_IDS = "Array(int32, 2, 'C', readonly=True)"
_PLACES = "Array(int64, 1, 'C', readonly=True)"
_RATES = "Array(float32, 1, 'C', readonly=True)"

# The order of a sum is the compiler's, so that it may use vectors.
_sum = numba.njit(nogil=True, fastmath={"reassoc", "contract"})


@_sum
def _dot(a, i, b, j):
    total = np.float32(0)
    for k in range(a.shape[1]):
        total += a[i, k] * b[j, k]
    return total


@kernel(f"void({_IDS}, {_PLACES}, {_PLACES}, {_RATES}, float32[:, ::1], float32[:, ::1], int64)")
def descend(ids, starts, rows, rates, documents, ngrams, at_once):
    """Move the vectors along the gradient, some n-grams of one document after others.

    Parameters
    ----------
    ids : ndarray of shape (n_occurrences, 1 + n_negative), int32
        The number of an n-gram of the document, and of those that it is compared with.
    starts : ndarray of shape (n_rows + 1,), int64
        Where the n-grams of each document begin.
    rows : ndarray of shape (n_rows,), int64
        The documents.
    rates : ndarray of shape (n_rows,), float32
        The learning rate at each.
    documents, ngrams : ndarray of shape (n_documents or n_ngrams, dim), float32
        The vectors; changed in place.
    at_once : int
        For so many n-grams of a document, no vector changes.
    """
    width, dim, one = ids.shape[1], documents.shape[1], np.float32(1)
    errors = np.empty((at_once, width), np.float32)
    change = np.empty(dim, np.float32)
    # The vectors are far apart in memory, and read faster if nothing waits for each of them.
    others = np.empty((at_once * width, dim), np.float32)
    for r in range(len(rows)):
        row, rate = rows[r], rates[r]
        for first in range(starts[r], starts[r + 1], at_once):
            n = min(at_once, starts[r + 1] - first)
            for k in range(dim):
                change[k] = 0
            for i in range(n):
                for j in range(width):
                    other, nth = ids[first + i, j], i * width + j
                    for k in range(dim):
                        others[nth, k] = ngrams[other, k]
            for i in range(n):
                for j in range(width):
                    if j > 0 and ids[first + i, j] == ids[first + i, 0]:
                        errors[i, j] = 0
                        continue
                    nth = i * width + j
                    is_own = one if j == 0 else np.float32(0)
                    likely = one / (one + np.exp(-_dot(documents, row, others, nth)))
                    error = rate * (is_own - likely)
                    errors[i, j] = error
                    for k in range(dim):
                        change[k] += error * others[nth, k]
            for i in range(n):
                for j in range(width):
                    other, error = ids[first + i, j], errors[i, j]
                    for k in range(dim):
                        ngrams[other, k] += error * documents[row, k]
            for k in range(dim):
                documents[row, k] += change[k]
