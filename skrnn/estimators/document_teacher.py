"""Documents as teachers: what their vectors tell about the classes of those without a label.

A network that has seen a few hundred labels knows few words. The vectors of documents
(:mod:`skrnn.embeddings.documents`) are made of the words of all, with or without a label, so a
logistic regression on a few dozen numbers may know more. It has a share in the answers of the
teacher, a logarithmic opinion pool (Heskes 1998) with the network.
"""

import numpy as np
from scipy.special import logsumexp, softmax
from sklearn.linear_model import LogisticRegression

from skrnn.backend.threads import one_blas_thread
from skrnn.caching.store import shared
from skrnn.embeddings.documents import document_vectors
from skrnn.estimators.calibrating import best_calibration
from skrnn.ngrams import SCORES, NgramModel, NgramVocabulary, cross_fitting
from skrnn.sequences.joining import joined

NGRAM_RANGE = (1, 3)
# An n-gram has to occur in one document of so many, in 2 to 10 of them: rarer ones cost time.
DOCUMENTS_A_DOCUMENT, LEAST_DF, MOST_DF = 2000, 2, 10
# The choice of C, and the one for more rows, times classes, than that: it would take too long.
CHOICE, ANY_C, MANY = 10.0 ** np.arange(-3, 3), np.ones(1), 1_000_000
# What is most surprising, in nats, about a class that a fold does not have.
UNSEEN = 20.0


def pooled(answers, training, unlabeled, estimator, *, seed):
    """Return a network's answers together with those of the documents' vectors.

    The network's own held-out answers are not known. So both are weighted by how much the vectors
    add to cross-fitted n-grams, which are a part of the network.

    Parameters
    ----------
    answers : ndarray of shape (n_unlabeled, n_classes)
        Probabilities.
    training : Rows
        Rows of token ids with a label.
    unlabeled : Sequences
    estimator : NetworkEstimator
    seed : int

    Returns
    -------
    answers : ndarray of shape (n_unlabeled, n_classes)
    share : float
        The weight of the vectors, between 0 and 1; 0 without enough rows, or if they tell nothing.
    """
    head, y = estimator.head_, training.targets
    wanted, strata = head.ngram_targets(y)
    folds = list(cross_fitting(len(strata), strata, seed))
    if any(len(np.unique(strata[rows])) < 2 for rows, _ in folds) or not folds:
        return answers, 0.0
    what = [joined(training.sequences, unlabeled), estimator.vocabulary_size_, seed]
    vectors = shared("document vectors", what, lambda: _vectors(*what))
    known, unknown = np.split(vectors, [len(strata)])
    weights = training.weights.astype(np.float64)
    with one_blas_thread():
        loss, raw, C = _cross_fitted(known, strata, weights, folds, head, y)
        if loss >= head.constant_loss(y, weights):
            return answers, 0.0
        model = LogisticRegression(C=C, max_iter=1000).fit(known, strata, weights)
    ngrams = NgramModel(NGRAM_RANGE).fit_score(
        training.sequences, wanted, strata, training.weights,
        vocabulary_size=estimator.vocabulary_size_, seed=seed,
    )  # fmt: skip
    scores = ngrams.row_inputs[SCORES]
    found = best_calibration(head, raw, scores, y, weights)
    of_vectors, of_ngrams = found.scale * _spread(raw), found.share * _spread(scores)
    share = float(of_vectors / max(of_vectors + of_ngrams, 1e-9))
    own = np.full(answers.shape, -UNSEEN)
    own[:, model.classes_.astype(int)] = model.predict_log_proba(unknown)
    tiny = np.finfo(np.float32).tiny
    mixed = (1 - share) * np.log(np.maximum(answers, tiny)) + share * own
    return softmax(mixed, axis=1), share


def _vectors(sequences, vocabulary_size, seed):
    min_df = int(np.clip(len(sequences) // DOCUMENTS_A_DOCUMENT, LEAST_DF, MOST_DF))
    found = NgramVocabulary(NGRAM_RANGE, min_df).fit_find(sequences, vocabulary_size)
    return document_vectors(found.indicators(), seed=seed)


def _cross_fitted(vectors, strata, weights, folds, head, targets):
    """Return the loss of rows that were held out, their logits, and C, for the best C."""
    found = []
    for C in CHOICE if len(strata) * head.n_outputs <= MANY else ANY_C:
        told = np.full((len(strata), len(head.classes)), -UNSEEN)
        for rows, rest in folds:
            model = LogisticRegression(C=C, max_iter=1000)
            model.fit(vectors[rows], strata[rows], weights[rows])
            of_classes = model.classes_.astype(int)
            told[np.ix_(rest, of_classes)] = model.predict_log_proba(vectors[rest])
        raw = head.raw_of(told)
        found.append((head.cross_entropy(raw, targets, weights), raw, C))
    return min(found, key=lambda one: one[0])


def _spread(raw):
    """Return by how much logits differ, whatever is added to those of a row."""
    if raw.shape[1] > 1:
        raw = raw - logsumexp(raw, axis=1, keepdims=True)
    return float(raw.std())
