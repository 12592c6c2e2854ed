"""Vectors of new documents, by those of n-grams that were learned before.

The vector of a document is the solution of a penalized logistic regression: its weights tell the
document's n-grams from a sample of all. The problem has one solution, so that the vector of a
document does not depend on chance, nor on the other documents. The gradient descent by which Le and
Mikolov (2014) infer vectors stops somewhere on the way to it.
"""

import numpy as np
from scipy.special import expit

from skrnn.backend.threads import one_blas_thread
from skrnn.embeddings.documents import N_NEGATIVE
from skrnn.kernels.shards import run

# N-grams of the sample that all documents are compared with.
N_SAMPLE = 1024
# The decrement of Newton's method, in nats, after which one more step is the last.
TOLERANCE, MAX_STEPS = 1e-4, 100
# Of the trace of a sum of products in float32. Added to the diagonal, so that no rounding makes the
# matrix singular; it changes the way to the solution, not the solution.
ROUNDING = np.float32(1e-6)
# The least and greatest inverse penalty: beyond, float32 and the tolerance miss the solution.
LEAST_C, GREATEST_C = 1e-6, 1e3
# Documents of one task of a thread.
BLOCK = 256


def infer_vectors(indicators, ngrams, sample, *, C) -> np.ndarray:
    r"""Return vectors of documents.

    With the vectors :math:`w_i` of the document's :math:`n` n-grams, and :math:`u_j` of the sample,
    the vector :math:`v` of the document is the minimum of

    .. math::

        \sum_{i=1}^{n} \log(1 + e^{-w_i v})
        + \frac{5n}{m} \sum_{j=1}^{m} \log(1 + e^{u_j v})
        + \frac{\lVert v \rVert^2}{2C}

    in which 5 is the number of other n-grams that each was compared with in training.

    Parameters
    ----------
    indicators : csr_array of shape (n_documents, n_ngrams)
        The n-grams of each document; the values do not matter.
    ngrams : ndarray of shape (n_ngrams, dim), float32
    sample : ndarray of shape (m,), int
        Numbers of n-grams.
    C : float
        Inverse strength of the penalty, from 1e-6 to 1e3.

    Returns
    -------
    ndarray of shape (n_documents, dim), float32
        Documents without an n-gram have the vector 0.
    """
    n_documents = indicators.shape[0]
    vectors = np.zeros((n_documents, ngrams.shape[1]), np.float32)
    others = ngrams[sample]

    def infer(start):
        for row in range(start, min(start + BLOCK, n_documents)):
            own = indicators.indices[indicators.indptr[row] : indicators.indptr[row + 1]]
            if len(own):
                vectors[row] = _solved(ngrams[own], others, C)

    # Each document is solved alone, so that its vector is the same bytes beside any others.
    with one_blas_thread():
        run(infer, range(0, n_documents, BLOCK))
    return vectors


def _solved(own, others, C):
    """Return the vector of one document, by Newton's method.

    Where a whole step overshoots, it is as long as in Sun and Tran-Dinh (2019, "Generalized
    self-concordant functions: a recipe for Newton-type methods", theorem 2, nu = 2), which always
    descends.
    """
    rows = np.concatenate([own, others])
    is_own = np.zeros(len(rows), np.float32)
    is_own[: len(own)] = 1
    weights = np.full(len(rows), N_NEGATIVE * len(own) / len(others), np.float32)
    weights[: len(own)] = 1
    penalty = np.float32(1 / C)

    def objective(vector, odds):
        losses = np.logaddexp(np.float32(0), odds) - is_own * odds
        return losses.astype(np.float64) @ weights + penalty * (vector @ vector) / 2

    vector = np.zeros(rows.shape[1], np.float32)
    odds = rows @ vector
    value = objective(vector, odds)
    for _ in range(MAX_STEPS):
        likely = expit(odds)
        gradient = (weights * (likely - is_own)) @ rows + penalty * vector
        hessian = (rows * (weights * likely * (1 - likely))[:, np.newaxis]).T @ rows
        hessian.flat[:: len(vector) + 1] += penalty + np.trace(hessian) * ROUNDING
        step = np.linalg.solve(hessian, gradient)
        if gradient @ step < TOLERANCE:
            return vector - step
        whole = vector - step
        odds = rows @ whole
        found = objective(whole, odds)
        if found < value:
            vector, value = whole, found
            continue
        length = np.sqrt(np.einsum("ij,ij->i", rows, rows).max() * (step @ step))
        vector = vector - step * np.float32(np.log1p(length) / length)
        odds = rows @ vector
        value = objective(vector, odds)
    return vector
