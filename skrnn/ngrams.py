"""N-grams of token ids: counts, and a linear model.

A recurrent network reads order and context. A linear model learns single phrases better, from
fewer documents. :class:`NgramModel` is NB-SVM (see :mod:`skrnn.baselines`) on the sequences that
the network reads, or, for numbers, a ridge regression on n-grams that are weighted alike (see
:mod:`skrnn.baselines.ridge`). Its score of a row is added to the network's output, and its evidence
at each token is an additional input of the network. Nothing here needs TensorFlow.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from sklearn.model_selection import KFold, StratifiedKFold

from skrnn.baselines.outputs import fit_classes, fit_numbers, log_losses
from skrnn.baselines.ridge import row_norms
from skrnn.embeddings.corpus import EMBEDDING_RMS
from skrnn.exceptions import InvalidInputError
from skrnn.sequences import UNKNOWN
from skrnn.text.word_pieces import SpelledWords, countable_pieces

# Number of folds of the cross-fitting: each training row is scored by a model fitted without it.
N_FOLDS = 5
# N-grams of a single document are mostly noise; dropping them halves the time on IMDb.
MIN_DF = 2
# Maximum number of weights for all outputs together, 8 MB. If there would be more, as with many
# classes, rare n-grams are dropped.
MAX_WEIGHTS = 2**21
# Maximum number of outputs for which the network reads the evidence, one channel for each.
MAX_CHANNELS = 16
# Names of the scores of a row, and of the evidence at each step, in the network's side inputs.
SCORES, EVIDENCE = "ngram_scores", "ngram_evidence"


@dataclass
class Occurrences:
    """Occurrences of the n-grams of a vocabulary in sequences.

    Attributes
    ----------
    step : ndarray of shape (n_occurrences,) of int32
        The step at which the n-gram ends, counted over all concatenated rows.
    number : ndarray of shape (n_occurrences,) of int32
        The number of the n-gram.
    row_of : ndarray of shape (n_steps,) of int32
        The row of each step.
    shape : tuple (n_samples, n_ngrams)
    """

    step: np.ndarray
    number: np.ndarray
    row_of: np.ndarray
    shape: tuple

    def indicators(self):
        """Return 1 where a row has the n-gram, csr_array of float64 of shape `shape`."""
        where = (self.row_of[self.step], self.number)
        counts = csr_array((np.ones(len(self.step)), where), shape=self.shape)
        counts.sum_duplicates()
        counts.data.fill(1.0)
        return counts

    def evidence(self, coef):
        """Return at each step the sum of the weights of the n-grams that end there.

        Parameters
        ----------
        coef : ndarray of shape (n_outputs, n_ngrams)

        Returns
        -------
        ndarray of shape (n_steps, n_outputs) of float32
        """
        sums = np.empty((len(self.row_of), len(coef)), np.float32)
        for output, weights in enumerate(coef):
            sums[:, output] = np.bincount(self.step, weights[self.number], len(self.row_of))
        return sums

    def of_rows(self, is_one):
        """Return the occurrences in some rows only."""
        kept = is_one[self.row_of[self.step]]
        return replace(self, step=self.step[kept], number=self.number[kept])


class NgramVocabulary:
    """The n-grams of a corpus that occur in several documents.

    The code of an n-gram consists of the number of its first n - 1 tokens among the kept
    (n-1)-grams, and its last token. If an n-gram is frequent enough, so are its parts.

    Parameters
    ----------
    ngram_range : tuple (min_n, max_n)
        Lengths of the n-grams.
    min_df : int
        Minimum number of documents in which an n-gram must occur.
    """

    def __init__(self, ngram_range, min_df=MIN_DF):
        self.ngram_range = ngram_range
        self.min_df = min_df

    def fit_find(self, sequences, vocabulary_size, *, with_all_words=False):
        """Learn the n-grams of `sequences`, and return their occurrences.

        Parameters
        ----------
        sequences : Sequences
            Token ids. N-grams with an unknown token do not count.
        vocabulary_size : int
            Number of ids.
        with_all_words : bool
            Whether to keep all known tokens, also those of fewer documents, or of none.

        Returns
        -------
        Occurrences
        """
        self.vocabulary_size = vocabulary_size
        self._codes = []
        if with_all_words:
            self._codes.append(np.arange(UNKNOWN + 1, vocabulary_size, dtype=np.int64))
        return self._find(sequences, learn=True)

    def find(self, sequences):
        """Return the occurrences of the learned n-grams in other sequences."""
        return self._find(sequences, learn=False)

    @property
    def codes(self):
        """The codes of the n-grams of each length, from 1: a list of ndarray of int64."""
        return self._codes

    @property
    def n_ngrams(self):
        """Number of n-grams of the lengths of `ngram_range`."""
        return sum(map(len, self._codes[self.ngram_range[0] - 1 :]))

    @classmethod
    def of_codes(cls, ngram_range, min_df, vocabulary_size, codes):
        """Return the vocabulary with these codes.

        Raises
        ------
        ValueError
            If the codes cannot be a result of `fit_find`.
        """
        vocabulary = cls(tuple(ngram_range), min_df)
        vocabulary.vocabulary_size = vocabulary_size
        vocabulary._codes = codes
        vocabulary._check()
        return vocabulary

    def _check(self):
        shortest, longest = self.ngram_range
        if not 1 <= shortest <= longest == len(self._codes):
            raise InvalidInputError(
                f"There are codes of n-grams up to length {len(self._codes)}, but ngram_range is "
                f"{self.ngram_range}."
            )
        n_before = 1
        for n, codes in enumerate(self._codes, 1):
            if len(codes) and not (np.diff(codes) > 0).all():
                raise InvalidInputError(f"The codes of the n-grams of length {n} are not sorted.")
            # Python's integers, which do not overflow.
            highest = n_before * int(self.vocabulary_size) - 1
            if len(codes) and not 0 <= int(codes[0]) <= int(codes[-1]) <= highest:
                raise InvalidInputError(
                    f"The codes of the n-grams of length {n} range from {codes[0]} to {codes[-1]}, "
                    f"but must be from 0 to {highest}."
                )
            if len(codes) and (codes % self.vocabulary_size <= UNKNOWN).any():
                raise InvalidInputError(f"An n-gram of length {n} does not end in a known token.")
            n_before = len(codes)

    def _find(self, sequences, learn):
        tokens = sequences.values.astype(np.int64)
        lengths = sequences.lengths
        row_of = np.repeat(np.arange(len(sequences), dtype=np.int32), lengths)
        left = np.repeat(sequences.offsets[1:], lengths) - np.arange(len(tokens))
        known = tokens > UNKNOWN
        start = np.flatnonzero(known)  # where the n-grams begin
        code = tokens[start]
        numbers, steps, n_ngrams = [], [], 0
        shortest, longest = self.ngram_range
        for n in range(1, longest + 1):
            if learn and n > len(self._codes):
                self._codes.append(_frequent(code, row_of[start], self.min_df))
            number, kept = _look_up(code, self._codes[n - 1])
            start, number = start[kept], number[kept]
            if n >= shortest:
                numbers.append((number + n_ngrams).astype(np.int32))
                steps.append((start + n - 1).astype(np.int32))
                n_ngrams += len(self._codes[n - 1])
            if n < longest:
                more = left[start] > n
                start, number = start[more], number[more]
                more = known[start + n]
                start, number = start[more], number[more]
                code = number * self.vocabulary_size + tokens[start + n]
        shape = (len(sequences), n_ngrams)
        return Occurrences(np.concatenate(steps), np.concatenate(numbers), row_of, shape)


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
    """Linear models of the n-grams of token sequences, with a score for each output of the network.

    For classes it is NB-SVM, for numbers ridge regression, whose penalty is chosen on the rows that
    cross-fitting holds out. These also tell whether the pieces of words help to classify, whose
    weights are then part of those of the words (see :mod:`skrnn.text.word_pieces`).

    Parameters
    ----------
    ngram_range : tuple (min_n, max_n)
        Lengths of the n-grams.

    Attributes
    ----------
    n_ngrams : int
        Number of n-grams with weights.
    """

    def __init__(self, ngram_range):
        self.ngram_range = tuple(ngram_range)

    def fit_score(self, sequences, y, strata, sample_weight, *, vocabulary_size, seed):
        """Fit, and score the training rows by models that have not seen them.

        A linear model is overconfident on the rows on which it was fitted, so a network trained on
        these scores would learn nothing.

        Parameters
        ----------
        sequences : Sequences
            Token ids.
        y : ndarray of shape (n_samples, n_outputs), bool or float
            For each score, whether it should be positive, or what it should be.
        strata : ndarray of shape (n_samples,), or None
            Classes by which the folds are stratified.
        sample_weight : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Weights of the rows, for all scores or for each, with a mean near 1.
        vocabulary_size : int
            Number of ids.
        seed : int
            Seed of the assignment of rows to folds.

        Returns
        -------
        Sequences
            With the row input `SCORES`, log-odds or numbers, and with up to `MAX_CHANNELS` outputs
            the step input `EVIDENCE`.
        """
        n_outputs = y.shape[1]
        found = self._fit_vocabulary(sequences, vocabulary_size, n_outputs)
        X = found.indicators()
        has_evidence = n_outputs <= MAX_CHANNELS
        evidence = np.zeros((len(found.row_of), n_outputs), np.float32) if has_evidence else None
        scores, of_folds = np.zeros((len(sequences), n_outputs), np.float32), []
        self._coef, self._sizes = np.zeros((n_outputs, X.shape[1]), np.float32), None
        self._intercept = np.zeros(n_outputs, np.float32)
        self._scale = 1.0
        if X.nnz:
            fit = fit_classes if y.dtype == bool else fit_numbers
            folds = list(cross_fitting(len(y), strata, seed))
            scores, of_folds, model = plain = fit(X, y, sample_weight, folds)
            spelled = self._fit_spelled(sequences, y, sample_weight, folds, plain)
            if spelled is not None:
                self._vocabulary, found, scores, of_folds, model = spelled
                self.n_ngrams = found.shape[1]
            self._coef, self._sizes, self._intercept = model
        if has_evidence and X.nnz:
            for rest, coef in of_folds:
                is_rest = np.isin(np.arange(len(sequences)), rest)
                evidence += found.of_rows(is_rest).evidence(coef)
            # The initial variance of the embedding's dimensions.
            self._scale = EMBEDDING_RMS / (evidence.std() or 1.0)
        return self._with(sequences, scores, evidence)

    def score(self, sequences):
        """Return sequences of token ids with scores and evidence, as `fit_score` does."""
        found = self._vocabulary.find(sequences)
        X = found.indicators().astype(np.float32)
        scores = X @ self._coef.T
        if self._sizes is not None:
            scores /= row_norms(X @ self._sizes.T)
        scores += self._intercept
        has_evidence = len(self._coef) <= MAX_CHANNELS
        return self._with(sequences, scores, found.evidence(self._coef) if has_evidence else None)

    def to_arrays(self):
        """Return the learned state as plain data.

        Returns
        -------
        settings : dict
            "min_df" and "scale".
        codes : list of ndarray of int64
            The codes of the n-grams of each length, from 1.
        coef : ndarray of shape (n_outputs, n_ngrams), float32
        intercept : ndarray of shape (n_outputs,), float32
        """
        settings = {"min_df": int(self._vocabulary.min_df), "scale": float(self._scale)}
        return settings, list(self._vocabulary.codes), self._coef, self._intercept

    @property
    def sizes(self):
        """The squares of the n-grams' weights, by whose sum a row's score is divided, or None.

        ndarray of shape (n_outputs, n_ngrams) of float32; see `row_norms` of
        :mod:`skrnn.baselines.ridge`.
        """
        return self._sizes

    @classmethod
    def from_arrays(
        cls, ngram_range, vocabulary_size, settings, codes, coef, intercept, sizes=None
    ):
        """Return the model that `to_arrays` has encoded.

        Raises
        ------
        ValueError
            If the codes are not sorted, refer to tokens or n-grams that do not exist, or if their
            number differs from that of the coefficients.
        """
        vocabulary = NgramVocabulary.of_codes(
            ngram_range, settings["min_df"], vocabulary_size, codes
        )
        model = cls(ngram_range)
        model._vocabulary = vocabulary
        model.n_ngrams = vocabulary.n_ngrams
        if coef.shape != (len(intercept), model.n_ngrams):
            raise InvalidInputError(
                f"The coefficients of the n-grams have shape {coef.shape}, but should have "
                f"{(len(intercept), model.n_ngrams)}."
            )
        if sizes is not None and (sizes.shape != coef.shape or not (sizes >= 0).all()):
            raise InvalidInputError(
                f"The sizes of the n-grams must be of shape {coef.shape}, as the coefficients, and "
                f"not negative, but have shape {sizes.shape}."
            )
        model._coef, model._intercept, model._scale = coef, intercept, settings["scale"]
        model._sizes = sizes
        return model

    def _fit_spelled(self, sequences, y, sample_weight, folds, plain):
        """Fit a model that also counts the pieces of words, and return the mean of both.

        None unless it is better than the other one, `plain`, on the rows held out. The ridge
        regression for numbers divides by a length of each row, which pieces would change.
        """
        size, n_outputs = self._vocabulary.vocabulary_size, y.shape[1]
        is_possible = y.dtype == bool and folds and self.ngram_range[0] == 1
        if not is_possible or (self.n_ngrams + size) * n_outputs > MAX_WEIGHTS:
            return None
        pieces = countable_pieces(sequences, size, n_outputs)
        if pieces is None:
            return None
        vocabulary = NgramVocabulary(self.ngram_range, self._vocabulary.min_df)
        found = vocabulary.fit_find(sequences, size, with_all_words=True)
        spelled = SpelledWords(found.indicators(), vocabulary.min_df, pieces)
        scores, of_folds, model = fit_classes(spelled.features, y, sample_weight, folds)
        scores = (plain[0] + scores) / 2
        if log_losses(scores, y, sample_weight) >= log_losses(plain[0], y, sample_weight):
            return None
        of_folds = [
            (rest, spelled.mean(without, coef))
            for (rest, without), (_, coef) in zip(plain[1], of_folds, strict=True)
        ]
        coef, intercept = spelled.mean(plain[2][0], model[0]), (plain[2][2] + model[2]) / 2
        return vocabulary, found, scores, of_folds, (coef, None, intercept)

    def _fit_vocabulary(self, sequences, vocabulary_size, n_outputs):
        self._vocabulary = NgramVocabulary(self.ngram_range)
        found = self._vocabulary.fit_find(sequences, vocabulary_size)
        if found.shape[1] * n_outputs > MAX_WEIGHTS:
            n_rows = np.sort(found.indicators().sum(axis=0))[::-1]
            min_df = int(n_rows[MAX_WEIGHTS // n_outputs]) + 1
            self._vocabulary = NgramVocabulary(self.ngram_range, min_df)
            found = self._vocabulary.fit_find(sequences, vocabulary_size)
        self.n_ngrams = found.shape[1]
        return found

    def _with(self, sequences, scores, evidence):
        if evidence is None:
            return sequences.beside({SCORES: scores}, {})
        evidence *= np.float32(self._scale)
        return sequences.beside({SCORES: scores}, {EVIDENCE: evidence})


def cross_fitting(n_samples, strata, seed):
    """Return the folds, stratified by classes if each has a row for each fold.

    Parameters
    ----------
    n_samples : int
    strata : ndarray of shape (n_samples,), or None
    seed : int

    Returns
    -------
    iterable of tuple (rows, rows held out); empty with one row
    """
    if n_samples < 2:
        return []
    smallest = 1 if strata is None else np.unique(strata, return_counts=True)[1].min()
    splitter = StratifiedKFold if smallest >= N_FOLDS else KFold
    folds = splitter(min(N_FOLDS, n_samples), shuffle=True, random_state=seed)
    return folds.split(np.empty(n_samples), strata)
