"""Token ids in a sparse array that keeps their words."""

from scipy.sparse import csr_array

from skrnn.sequences.special_tokens import FIRST_WORD

_SEPARATOR = "\0"


class TokenArray(csr_array):
    """A CSR array of token ids that keeps its vocabulary.

    It is a :class:`scipy.sparse.csr_array`. Copies and selected rows keep ``vocabulary_size``, so
    that a network fitted on some folds of a corpus has an embedding for the words that occur only
    in other folds, and ``words``, so that it can look up their vectors. Functions of SciPy that
    combine arrays (``scipy.sparse.vstack``) return a plain array.

    Attributes
    ----------
    vocabulary_size : int or None
        Number of ids, padding and out-of-vocabulary included; every id is below it.
    words : tuple of str or None
        The word of each id; None for padding, the unknown word and ids without a word. The
        attribute is None if the words are not known.

    Examples
    --------
    >>> from skrnn import TextToSequence
    >>> X = TextToSequence().fit_transform(["good film", "bad film"])
    >>> X[:1].toarray()
    array([[4, 2]], dtype=int32)
    >>> X[:1].vocabulary_size, X.words
    (5, (None, None, 'film', 'bad', 'good'))
    """

    vocabulary_size = None
    words = None

    def __getitem__(self, key):
        """Index as `csr_array` does, and keep the vocabulary."""
        return self._hand_on(super().__getitem__(key))

    def copy(self):
        """Copy as `csr_array` does, and keep the vocabulary."""
        return self._hand_on(super().copy())

    def astype(self, *args, **kwargs):
        """Cast as `csr_array` does, and keep the vocabulary."""
        return self._hand_on(super().astype(*args, **kwargs))

    def _hand_on(self, result):
        if isinstance(result, TokenArray):
            result.vocabulary_size = self.vocabulary_size
            result.words = self.words
        return result

    # joblib.dump and joblib.hash pickle in Python, object by object, which is slow for many words.
    # One string is one object.

    def __getstate__(self):
        """Pickle the words as one string."""
        state = self.__dict__.copy()
        if self.words is not None:
            state["words"] = _join(self.words)
        return state

    def __setstate__(self, state):
        """Restore the words from one string."""
        self.__dict__.update(state)
        if isinstance(self.words, str):
            self.words = (None, None, *self.words.split(_SEPARATOR))


def _join(words):
    """Join words as TextToSequence stores them; return others unchanged."""
    usual = isinstance(words, tuple) and words[:FIRST_WORD] == (None, None)
    if not usual or len(words) == FIRST_WORD or None in words[FIRST_WORD:]:
        return words
    joined = _SEPARATOR.join(words[FIRST_WORD:])
    return joined if joined.count(_SEPARATOR) == len(words) - FIRST_WORD - 1 else words
