"""N-grams of token ids: counting them, and the linear model that weighs them.

A recurrent network reads order and context; single telling phrases a linear model learns better,
from fewer documents. :class:`NgramModel` is NB-SVM (see :mod:`skrnn.baselines`) on the sequences
that the network reads, and its scores are what the network adds to its own. Nothing here needs
TensorFlow.
"""

import numpy as np
from scipy.sparse import csr_array
from sklearn.model_selection import KFold, StratifiedKFold

from skrnn.baselines import NBSVMClassifier
from skrnn.sequences import UNKNOWN

# Folds by which the training rows get scores from a model that has not seen them.
N_FOLDS = 5
# An n-gram of a single document is, mostly, noise; on IMDb without them half the time is saved.
MIN_DF = 2


class NgramVocabulary:
    """The n-grams of a corpus that occur in several documents.

    An n-gram is coded as the number of its first n - 1 tokens among the (n-1)-grams kept, and
    its last token: where it is frequent enough, they are.

    Parameters
    ----------
    ngram_range : tuple (min_n, max_n)
        Lengths counted.
    min_df : int
        Documents that an n-gram must occur in.
    """

    def __init__(self, ngram_range, min_df=MIN_DF):
        self.ngram_range = ngram_range
        self.min_df = min_df

    def fit_transform(self, sequences, vocabulary_size):
        """Learn the n-grams of `sequences`, and return which document has which.

        Parameters
        ----------
        sequences : Sequences
            Token ids. N-grams with an unknown token do not count.
        vocabulary_size : int
            Number of ids.

        Returns
        -------
        csr_array of shape (n_samples, n_ngrams), float64
            1 where a document has the n-gram.
        """
        self.vocabulary_size = vocabulary_size
        self._codes = []
        return self._indicators(sequences, learn=True)

    def transform(self, sequences):
        """Return which document has which of the n-grams learned; shape as in fit_transform."""
        return self._indicators(sequences, learn=False)

    def _indicators(self, sequences, learn):
        tokens = sequences.values.astype(np.int64)
        lengths = sequences.lengths
        row_of = np.repeat(np.arange(len(sequences)), lengths)
        left = np.repeat(sequences.offsets[1:], lengths) - np.arange(len(tokens))
        known = tokens > UNKNOWN
        start = np.flatnonzero(known)  # where the n-grams begin
        code = tokens[start]
        columns, rows, n_columns = [], [], 0
        shortest, longest = self.ngram_range
        for n in range(1, longest + 1):
            if learn:
                self._codes.append(_frequent(code, row_of[start], self.min_df))
            number, kept = _look_up(code, self._codes[n - 1])
            start, number = start[kept], number[kept]
            if n >= shortest:
                columns.append(number + n_columns)
                rows.append(row_of[start])
                n_columns += len(self._codes[n - 1])
            if n < longest:
                more = left[start] > n
                start, number = start[more], number[more]
                more = known[start + n]
                start, number = start[more], number[more]
                code = number * self.vocabulary_size + tokens[start + n]
        where = (np.concatenate(rows), np.concatenate(columns))
        counts = csr_array((np.ones(len(where[0])), where), shape=(len(sequences), n_columns))
        counts.sum_duplicates()
        counts.data.fill(1.0)
        return counts


def _frequent(code, row, min_df):
    """Return, sorted, the codes that occur in at least `min_df` rows."""
    order = np.argsort(code, kind="stable")  # rows ascend already
    code, row = code[order], row[order]
    is_new = np.ones(len(code), bool)
    is_new[1:] = (code[1:] != code[:-1]) | (row[1:] != row[:-1])
    codes, n_rows = np.unique(code[is_new], return_counts=True)
    return codes[n_rows >= min_df]


def _look_up(code, codes):
    """Return the place of each code among sorted codes, and whether it is there."""
    if not len(codes):
        return np.zeros(len(code), np.int64), np.zeros(len(code), bool)
    place = np.minimum(np.searchsorted(codes, code), len(codes) - 1)
    return place, codes[place] == code


class NgramModel:
    """NB-SVM on the n-grams of token sequences, a score an output of the network.

    Parameters
    ----------
    ngram_range : tuple (min_n, max_n)
        Lengths of the n-grams.

    Attributes
    ----------
    n_ngrams : int
        How many are weighed.
    """

    def __init__(self, ngram_range):
        self.ngram_range = tuple(ngram_range)

    def fit_scores(self, sequences, y, sample_weight, *, vocabulary_size, n_outputs, seed):
        """Fit, and return scores of the training rows by models that have not seen them.

        What a linear model says of the rows it was fitted on is far too sure: a network that
        were trained on top of it would find nothing left to learn.

        Parameters
        ----------
        sequences : Sequences
            Token ids.
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Encoded targets, as the network takes them.
        sample_weight : ndarray of shape (n_samples,)
            Weights of the rows.
        vocabulary_size, n_outputs : int
            Number of ids, and of scores a row.
        seed : int
            Deals the rows to the folds.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs), float32
            Log-odds.
        """
        self._vocabulary = NgramVocabulary(self.ngram_range)
        X = self._vocabulary.fit_transform(sequences, vocabulary_size)
        self.n_ngrams = X.shape[1]
        y = np.asarray(y)
        if n_outputs == 1:
            y = y.ravel()
        scores = np.zeros((X.shape[0], n_outputs), np.float32)
        self._coef = np.zeros((n_outputs, X.shape[1]), np.float32)
        self._intercept = np.zeros(n_outputs, np.float32)
        if not self.n_ngrams:
            return scores
        for train, rest in _folds(y, seed):
            coef, intercept = _fit_linear(X[train], y[train], sample_weight[train], n_outputs)
            scores[rest] = X[rest] @ coef.T + intercept
        self._coef, self._intercept = _fit_linear(X, y, sample_weight, n_outputs)
        return scores

    def scores(self, sequences):
        """Return the log-odds of each output, (n_samples, n_outputs) of float32."""
        X = self._vocabulary.transform(sequences).astype(np.float32)
        return X @ self._coef.T + self._intercept


def _folds(y, seed):
    n_samples = len(y)
    if n_samples < 2:
        return []
    smallest = np.unique(y, return_counts=True)[1].min() if y.ndim == 1 else 1
    splitter = StratifiedKFold if smallest >= N_FOLDS else KFold
    folds = splitter(min(N_FOLDS, n_samples), shuffle=True, random_state=seed)
    return folds.split(np.empty(n_samples), y)


def _fit_linear(X, y, sample_weight, n_outputs):
    """Return coefficients (n_outputs, n_ngrams) and intercepts of one binary model an output."""
    coef = np.zeros((n_outputs, X.shape[1]), np.float32)
    intercept = np.zeros(n_outputs, np.float32)
    for k in range(n_outputs):
        target = y[:, k] > 0 if y.ndim == 2 else (y == k if n_outputs > 1 else y > 0)
        if target.all() or not target.any():
            # Not a case to learn from; a moderate score, as of a handful of rows.
            intercept[k] = 2.0 if target.all() else -2.0
            continue
        model = NBSVMClassifier().fit(X, target, sample_weight)
        coef[k], intercept[k] = model.coef_[0], model.intercept_[0]
    return coef, intercept
