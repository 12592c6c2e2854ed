"""How much of a vocabulary and of a text pretrained vectors cover."""

from dataclasses import dataclass

import numpy as np

from skrnn.sequences import UNKNOWN


@dataclass(frozen=True, repr=False)
class EmbeddingCoverage:
    """How much of a vocabulary has pretrained vectors.

    Attributes
    ----------
    n_words : int
        Number of words of the vocabulary, without padding and the unknown word.
    n_found : int
        Number of words that have a vector.
    share_of_words : float
        ``n_found / n_words``.
    share_of_tokens : float
        Share of the tokens of the text, including unknown words, that have a vector; NaN if
        there are no tokens. It is usually higher than `share_of_words`, since mostly rare words
        have no vector.

    Examples
    --------
    >>> from skrnn.embeddings import EmbeddingCoverage
    >>> words = [None, None, "film", "plot"]  # of the ids 0 (padding), 1 (unknown), 2 and 3
    >>> EmbeddingCoverage.measure(words, [False, False, True, False], [0, 1, 8, 1])
    EmbeddingCoverage(1 of 2 words, 50.0%; 80.0% of the tokens)
    """

    n_words: int
    n_found: int
    share_of_words: float
    share_of_tokens: float

    @classmethod
    def measure(cls, words, found, counts):
        """Measure the coverage.

        Parameters
        ----------
        words : sequence of str or None
            The word of each id; see :class:`skrnn.sequences.TokenArray`.
        found : ndarray of shape (vocabulary_size,) of bool
            Which ids have a vector, as :func:`read_embeddings` returns it.
        counts : ndarray of shape (vocabulary_size,) of int
            Number of times that each id occurs in the text.

        Returns
        -------
        coverage : EmbeddingCoverage
        """
        is_word = np.array([word is not None for word in words], dtype=bool)
        found = np.asarray(found) & is_word
        counts = np.asarray(counts)
        n_words, n_found = int(is_word.sum()), int(found.sum())
        n_tokens = counts[UNKNOWN:].sum()  # without padding
        return cls(
            n_words,
            n_found,
            n_found / n_words if n_words else np.nan,
            float(counts[found].sum() / n_tokens) if n_tokens else np.nan,
        )

    def __repr__(self):
        """Return the numbers of words and the shares."""
        return (
            f"EmbeddingCoverage({self.n_found} of {self.n_words} words, {self.share_of_words:.1%}; "
            f"{self.share_of_tokens:.1%} of the tokens)"
        )
