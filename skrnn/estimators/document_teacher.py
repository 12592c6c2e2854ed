"""Documents as teachers: what their vectors tell about the classes of those without a label.

A network that has seen a few hundred labels knows few words. The vectors of documents
(:mod:`skrnn.embeddings.documents`) are made of the words of all, with or without a label, so a
logistic regression on a few dozen numbers may know more. It has a share in the answers of the
teacher, a logarithmic opinion pool (Heskes 1998) with the network.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, softmax
from sklearn.linear_model import LogisticRegression

from skrnn.backend.threads import one_blas_thread
from skrnn.caching.store import shared
from skrnn.embeddings.documents import document_vectors, least_df
from skrnn.estimators.calibrating import best_calibration
from skrnn.ngrams import SCORES, NgramModel, NgramVocabulary, cross_fitting
from skrnn.sequences.joining import joined

NGRAM_RANGE = (1, 3)
# The choice of C, and the one for more rows, times classes, than that: it would take too long.
CHOICE, ANY_C, MANY = 10.0 ** np.arange(-3, 3), np.ones(1), 1_000_000
# What a class is surprising at most, in nats, also one that a regression has not seen.
UNSEEN = 20.0
# By how many standard errors the vectors have to be better than a constant answer.
SURE = 2.0
# By what the n-grams' scores may be multiplied, to be compared with a constant answer.
SCALES = 2.0 ** np.arange(-5, 3)


class _HeldOut(NamedTuple):
    """What regressions tell of rows that they have not seen, but whose class they have."""

    loss: float
    C: float
    told: np.ndarray
    rows: np.ndarray


def pooled(answers, training, unlabeled, estimator, *, seed):
    """Return a network's answers together with those of the documents' vectors.

    What the network would say of rows that it has not seen is not known. So the weight of the
    vectors is by how much they add to cross-fitted n-grams, a yardstick for what a network learns
    of single words from as many labels. If it is surer than these are right, on average, it knows
    more, such as the order of words, and counts more.

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
        The weight of the vectors, between 0 and 1; 0 without enough rows, or unless they are
        better than a constant answer by two standard errors.
    """
    head, y = estimator.head_, training.targets
    wanted, strata = head.ngram_targets(y)
    classes = strata.astype(int)
    # A row whose class is in no other fold tells nothing: no model knows the class.
    folds = [
        (rows, rest[np.isin(classes[rest], classes[rows])])
        for rows, rest in cross_fitting(len(strata), strata, seed)
    ]
    is_possible = all(len(np.unique(classes[rows])) > 1 for rows, _ in folds)
    if not is_possible or not sum(len(rest) for _, rest in folds):
        return answers, 0.0
    what = [joined(training.sequences, unlabeled), estimator.vocabulary_size_, seed]
    vectors = shared("document vectors", what, lambda: _vectors(*what))
    if vectors is None:
        return answers, 0.0
    known, unknown = np.split(vectors.astype(np.float64), [len(strata)])
    weights = training.weights.astype(np.float64)
    with one_blas_thread():
        found = min(
            _cross_fitted(known, classes, weights, folds, answers.shape[1]),
            key=lambda one: one.loss,
        )
        model = _regression(found.C).fit(known, classes, weights)
        own = _log_probabilities(model, unknown, answers.shape[1])
    rows = found.rows
    constant = _constant(classes[rows], weights[rows])
    gains = constant + found.told[np.arange(len(rows)), classes[rows]]
    if not _is_sure(gains, weights[rows]):
        return answers, 0.0
    ngrams = NgramModel(getattr(estimator, "ngram_range", None) or NGRAM_RANGE).fit_score(
        training.sequences, wanted, strata, training.weights,
        vocabulary_size=estimator.vocabulary_size_, seed=seed,
    )  # fmt: skip
    scores = ngrams.row_inputs[SCORES][rows].astype(np.float64)
    raw, y, weights = head.raw_of(found.told), y[rows], weights[rows]
    weight = best_calibration(head, raw, scores, y, weights)
    of_constant = np.average(constant, weights=weights)
    by_ngrams = of_constant - min(head.cross_entropy(k * scores, y, weights) for k in SCALES)
    said = np.maximum(np.log(np.maximum(answers, np.finfo(float).tiny)), -UNSEEN)
    by_network = of_constant + (np.exp(said) * said).sum(axis=1).mean()
    of_vectors = weight.scale * _spread(raw)
    others = weight.share * _spread(scores)
    if by_network > max(by_ngrams, 0):
        others += (1 - max(by_ngrams, 0) / by_network) * _spread(head.raw_of(said))
    share = float(of_vectors / max(of_vectors + others, 1e-9))
    return softmax((1 - share) * said + share * own, axis=1), share


def _vectors(sequences, vocabulary_size, seed):
    found = NgramVocabulary(NGRAM_RANGE, least_df(len(sequences))).fit_find(
        sequences, vocabulary_size
    )
    indicators = found.indicators()
    return document_vectors(indicators, seed=seed).documents if indicators.nnz else None


def _regression(C):
    return LogisticRegression(C=C, max_iter=1000)


def _log_probabilities(model, vectors, n_classes):
    """Return logarithms of a regression's probabilities, at least -UNSEEN.

    scikit-learn's own are -inf where a probability of two classes is nearly 1.
    """
    odds = model.decision_function(vectors)
    if odds.ndim == 1:
        odds = np.column_stack([np.zeros(len(odds)), odds])
    found = np.full((len(vectors), n_classes), -UNSEEN)
    found[:, model.classes_] = odds - logsumexp(odds, axis=1, keepdims=True)
    return np.maximum(found, -UNSEEN)


def _cross_fitted(vectors, classes, weights, folds, n_classes):
    """Yield what is told of rows that were held out, for each C."""
    held_out = np.sort(np.concatenate([rest for _, rest in folds]))
    told = np.zeros((len(classes), n_classes))
    for C in CHOICE if len(classes) * n_classes <= MANY else ANY_C:
        for rows, rest in folds:
            if len(rest):
                model = _regression(C).fit(vectors[rows], classes[rows], weights[rows])
                told[rest] = _log_probabilities(model, vectors[rest], n_classes)
        losses = -told[held_out, classes[held_out]]
        loss = float(np.average(losses, weights=weights[held_out]))
        yield _HeldOut(loss, float(C), told[held_out], held_out)


def _constant(classes, weights):
    """Return the loss of each row if the answer is always how frequent the classes are."""
    shares = np.bincount(classes, weights)
    return -np.log(shares[classes] / shares.sum())


def _is_sure(gains, weights):
    mean = np.average(gains, weights=weights)
    error = np.sqrt((weights**2 * (gains - mean) ** 2).sum()) / weights.sum()
    return mean > SURE * error


def _spread(raw):
    """Return by how much logits differ, whatever is added to those of a row."""
    if raw.shape[1] > 1:
        raw = raw - logsumexp(raw, axis=1, keepdims=True)
    return float(raw.std())
