"""WordVectors: pretrained vectors of words in memory, which estimators and transformers share."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn.embeddings.files import read_file
from skrnn.embeddings.lookup import FirstWords, Lookup, check_vector, show
from skrnn.embeddings.pretrained import none_found
from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.paths import local_path


class WordVectors(Mapping):
    """Vectors of words, a read-only mapping of words to vectors.

    It is what `embeddings` of :class:`skrnn.RNNClassifier` and `extra_words` of
    :class:`skrnn.TextToSequence` take. Clones of an estimator share it, and so do the candidates of
    a search in one process: a copy of it is the object itself.

    Parameters
    ----------
    words : iterable of str
        The words, each once.
    vectors : array-like of shape (n_words, dim)
        Their vectors. The values are copied.

    Attributes
    ----------
    vectors : ndarray of shape (n_words, dim) of float32
        The vectors, in the order of the words. It is read-only.

    Raises
    ------
    ValueError
        If a word occurs twice, or the vectors are not finite or do not have this shape.
    TypeError
        If a word is not a str.

    See Also
    --------
    skrnn.fetch_vectors : Vectors of GloVe and fastText, downloaded if necessary.
    read_embeddings : Looks up the words of a vocabulary.

    Examples
    --------
    >>> from skrnn.embeddings import WordVectors
    >>> vectors = WordVectors(["good", "bad"], [[1.0, 0.1], [-1.0, 0.2]])
    >>> vectors
    WordVectors(2 words, 2 dimensions)
    >>> vectors["bad"], "fair" in vectors
    (array([-1. ,  0.2], dtype=float32), False)
    """

    def __init__(self, words: Iterable[str], vectors: Any):
        names = _checked(words)
        word, times = Counter(names).most_common(1)[0] if names else ("", 1)
        if times > 1:
            raise InvalidInputError(f"words has {show(word)} {times} times. Give each word once.")
        vectors = np.asarray(vectors)
        if vectors.dtype.kind not in "biuf" or vectors.ndim != 2 or len(vectors) != len(names):
            raise InvalidInputError(
                f"vectors must be numbers of shape (n_words, dim), here ({len(names)}, dim), got "
                f"{vectors.dtype} of shape {vectors.shape}."
            )
        with np.errstate(over="ignore"):
            vectors = vectors.astype(np.float32)
        bad = ~np.isfinite(vectors).all(axis=1)
        if bad.any():
            check_vector(vectors[bad.argmax()], f"Row {bad.argmax()}", names[bad.argmax()])
        self._keep(names, vectors)

    def _keep(self, words, vectors):
        vectors = vectors.view()
        vectors.flags.writeable = False  # copies share it
        self.vectors = vectors
        self._places = dict(zip(words, range(len(words)), strict=True))

    @classmethod
    def from_file(
        cls, path: str | os.PathLike, words: Any = None, *, member: str | None = None
    ) -> "WordVectors":
        """Read vectors from a file.

        The file is read once, as a stream, up to the last vector that is needed. Only the vectors
        that are kept are in memory, and nothing is unpacked to the disk.

        Parameters
        ----------
        path : str or path-like
            A file of GloVe, word2vec or fastText, see :func:`read_embeddings`, also in a zip
            archive.
        words : iterable of str, fitted TextToSequence, int or None, default=None
            The words to read:

            - the words themselves, such as a list or `vocabulary_`. The other spellings of
              :func:`read_embeddings` are tried too: "paris" gets the vector of "Paris" if it has
              none. Words without a vector are left out;
            - a fitted :class:`skrnn.TextToSequence`, or another object with `vocabulary_`, for the
              words of its vocabulary;
            - an int for the first words of the file, usually the most frequent ones;
            - None for all words.

        member : str or None, default=None
            The name of the file in a zip archive, if it has several.

        Returns
        -------
        vectors : WordVectors
            In the order of `words`, or of the file.

        Raises
        ------
        ValueError
            If the file is damaged, has an unknown format or none of the words, or `words` is
            empty.
        TypeError
            If `words` is none of these.
        sklearn.exceptions.NotFittedError
            If `words` is an estimator that is not fitted.
        OSError
            If the file cannot be opened.

        Examples
        --------
        >>> import os, tempfile
        >>> from skrnn.embeddings import WordVectors
        >>> path = os.path.join(tempfile.mkdtemp(), "tiny.txt")
        >>> with open(path, "w") as file:
        ...     print("the 1 2", "film 3 4", "Paris 5 6", sep=chr(10), file=file)
        >>> list(WordVectors.from_file(path, 2))
        ['the', 'film']
        >>> WordVectors.from_file(path, ["paris", "plot"])["paris"]
        array([5., 6.], dtype=float32)
        """
        local_path(path, "path of WordVectors.from_file")
        wanted = words_of(words)
        is_some = isinstance(wanted, list)
        lookup = Lookup(wanted) if is_some else FirstWords(wanted)
        path = os.path.expanduser(os.fspath(path))
        found, vectors = lookup.found(read_file(path, lookup, member))
        if not found and is_some:
            raise none_found(wanted, path)
        read = cls.__new__(cls)
        read._keep(found, vectors)
        return read

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self.vectors.shape[1]

    def __getitem__(self, word: str) -> np.ndarray:
        """Return the vector of a word."""
        return self.vectors[self._places[word]]

    def __contains__(self, word: object) -> bool:
        """Return whether a word has a vector."""
        return word in self._places

    def __iter__(self) -> Iterator[str]:
        """Return an iterator over the words."""
        return iter(self._places)

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self._places)

    def __eq__(self, other: object) -> bool:
        """Return whether the words, their order and their vectors are the same."""
        if not isinstance(other, WordVectors):
            return NotImplemented
        return self is other or (
            list(self) == list(other) and np.array_equal(self.vectors, other.vectors)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Return the number of words and dimensions."""
        return f"WordVectors({len(self):,} words, {self.dim} dimensions)"

    def __copy__(self):
        """Return the same object, which cannot be changed."""
        return self

    def __deepcopy__(self, memo):
        """Return the same object: clones of estimators share it."""
        return self

    def __reduce__(self):
        """Return what pickles need: the words and one array."""
        return _restored, (list(self), self.vectors)

    def __skrnn_digest__(self):
        """Return the content that :func:`skrnn.caching.hashing.digest` hashes."""
        return [list(self), self.vectors]


def _restored(words, vectors):
    found = WordVectors.__new__(WordVectors)
    found._keep(words, vectors)
    return found


def words_of(words: Any) -> "list[str] | int | None":
    """Return what `words` of a reader asks for, checked: a list of words, a number or None."""
    if words is None:
        return None
    if isinstance(words, Integral) and not isinstance(words, bool):
        if words < 1:
            raise InvalidInputError(f"words must be at least 1 as a number of words, got {words}.")
        return int(words)
    if hasattr(words, "get_params"):
        check_is_fitted(words)
    if hasattr(words, "vocabulary_"):
        words = words.vocabulary_
    found = list(dict.fromkeys(word for word in _checked(words, may_be_none=True) if word))
    if not found:
        raise InvalidInputError(
            "words is empty. Pass words, a fitted TextToSequence, a number of words, or None for "
            "all. (A generator is empty after its first use.)"
        )
    return found


def _checked(words, *, may_be_none=False):
    if isinstance(words, str | bytes) or not isinstance(words, Iterable):
        raise InvalidTypeError(
            f"words must be an iterable of words, a fitted TextToSequence, an int or None, got a "
            f"{type(words).__name__}."
        )
    words = list(words)
    for place, word in enumerate(words):
        if not isinstance(word, str) and not (may_be_none and word is None):
            raise InvalidTypeError(
                f"words must have words (str), got a {type(word).__name__} at position {place}."
            )
    return words
