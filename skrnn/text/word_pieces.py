"""Weights that words share with words of similar spelling.

With a few thousand short texts, most words occur too rarely for a weight of their own. A second
linear model of n-grams also counts the pieces of each word, as fastText does (Bojanowski et al.
2017), so "mountains" has a weight from "mountain". The two models make different errors, and their
mean is better than both. The score of a row is linear in the words that it has, so after fitting,
the weights of its pieces are added to the weight of each word: the fitted model has words and
n-grams only, and a prediction costs the same.
"""

import numpy as np
from scipy.sparse import csr_array, hstack

from skrnn.sequences.special_tokens import FIRST_WORD

# Lengths of the pieces, with "<" and ">" at the ends of the word. Chosen on training parts of TREC,
# ATIS, speakers of Shakespeare and last sentences of IMDb's reviews (docs/accuracy.md).
LENGTHS = (2, 3, 4, 5)
# Number of characters beyond which a word, such as encoded data, has no pieces: they would be many.
MAX_LENGTH = 100
# Pieces of a single row would only repeat what its words tell.
MIN_DF = 2
# Mean number of different words of a row, beyond which spelling is not tried: reviews of 130 words
# lost by it in the same runs, and their pieces take long to count.
MAX_WORDS = 50
# Number of counts in all rows, times outputs, beyond which it takes too long; 55 million take 40 s.
MAX_WORK = 2**26


class SpelledWords:
    """Features of rows: the n-grams of several rows, and the pieces of all words.

    Parameters
    ----------
    indicators : csr_array of shape (n_samples, n_ngrams)
        1 where a row has the n-gram. The first are single words, also those of one row or none.
    min_df : int
        Minimum number of rows of an n-gram with a weight of its own.
    pieces : csr_array of shape (n_words, n_pieces)
        The pieces of each of these words, from `pieces_of`.
    """

    def __init__(self, indicators, min_df, pieces):
        n_words = pieces.shape[0]
        self._is_own = np.bincount(indicators.indices, minlength=indicators.shape[1]) >= min_df
        counts = (indicators[:, :n_words] @ pieces).tocsr()
        is_kept = np.bincount(counts.indices, minlength=counts.shape[1]) >= MIN_DF
        self._pieces = pieces[:, is_kept]
        own = indicators[:, self._is_own]
        self.features = csr_array(hstack([own, counts[:, is_kept]], format="csr"))

    def of_ngrams(self, coef):
        """Return the weights of the n-grams that say the same as weights of the features.

        Parameters
        ----------
        coef : ndarray of shape (n_outputs, n_features)

        Returns
        -------
        ndarray of shape (n_outputs, n_ngrams) of float32
        """
        n_own, n_words = int(self._is_own.sum()), self._pieces.shape[0]
        weights = np.zeros((len(coef), len(self._is_own)), np.float32)
        weights[:, self._is_own] = coef[:, :n_own]
        weights[:, :n_words] += (self._pieces @ coef[:, n_own:].T).T
        return weights

    def mean(self, without, coef):
        """Return the weights of the n-grams in the mean of two models.

        Parameters
        ----------
        without : ndarray of shape (n_outputs, n_own)
            Weights of a model without pieces, of the n-grams of several rows.
        coef : ndarray of shape (n_outputs, n_features)

        Returns
        -------
        ndarray of shape (n_outputs, n_ngrams) of float32
        """
        weights = self.of_ngrams(coef)
        weights[:, self._is_own] += without
        return weights / 2


def pieces_of(words):
    """Return the pieces of words, each once.

    Parameters
    ----------
    words : sequence of str or None

    Returns
    -------
    csr_array of shape (n_words, n_pieces) of float64
        1 where the word has the piece. Words of one character have none (in Chinese, each character
        is a token), and so have those of more than `MAX_LENGTH`.
    """
    numbers, indices, ends = {}, [], [0]
    for word in words:
        has_any = word is not None and 1 < len(word) <= MAX_LENGTH
        found = dict.fromkeys(_pieces(word)) if has_any else ()
        indices.extend(numbers.setdefault(piece, len(numbers)) for piece in found)
        ends.append(len(indices))
    shape = (len(ends) - 1, len(numbers))
    indices = np.array(indices, np.int32)
    return csr_array((np.ones(len(indices)), indices, np.array(ends, np.int32)), shape=shape)


def _pieces(word):
    marked = f"<{word}>"
    for length in LENGTHS:
        for start in range(len(marked) - length + 1):
            if length < len(marked):
                yield marked[start : start + length]


def countable_pieces(sequences, vocabulary_size, n_outputs):
    """Return the pieces of the words of token ids, or None if they are unknown, or not worth it.

    Parameters
    ----------
    sequences : Sequences
        Token ids; `words` has the word of each id, or is None.
    vocabulary_size, n_outputs : int

    Returns
    -------
    csr_array of shape (vocabulary_size - FIRST_WORD, n_pieces) or None
    """
    words = sequences.words
    if words is None or len(words) > vocabulary_size:
        return None
    n_rows, lengths = len(sequences), sequences.lengths
    rows = np.repeat(np.arange(n_rows, dtype=np.int64), lengths)
    known = sequences.values >= FIRST_WORD
    different = np.unique(rows[known] * vocabulary_size + sequences.values[known])
    if not len(different) or len(different) > MAX_WORDS * n_rows:
        return None
    more = [None] * (vocabulary_size - len(words))  # a user's vocabulary_size can be larger
    pieces = pieces_of([*words[FIRST_WORD:], *more])
    n_counts = np.diff(pieces.indptr)[different % vocabulary_size - FIRST_WORD].sum()
    return pieces if 0 < n_counts * n_outputs <= MAX_WORK else None
