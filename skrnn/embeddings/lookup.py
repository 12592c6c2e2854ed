"""Which words are wanted of a source of vectors, under which spellings, and what was found."""

import numpy as np

from skrnn.exceptions import InvalidInputError


def spellings(word):
    """Return the forms under which a word is looked up, the best first.

    As it is; in lower case, for sources that know no other; capitalised and in upper case, for
    names and abbreviations where the text was lower-cased and the source was not.
    """
    return tuple(dict.fromkeys((word, word.lower(), word.capitalize(), word.upper())))


class Lookup:
    """The words wanted of a source, and the vectors found so far.

    A source is read once, and of vectors only those of wanted words are kept.

    Parameters
    ----------
    words : sequence of str or None
        The word of each row; None for rows that want none.
    """

    def __init__(self, words):
        self._words = words
        self._vectors = {}
        self._ranks = {}
        self._wanted = {}
        for row, word in enumerate(words):
            if word is None:
                continue
            for rank, form in enumerate(spellings(word)):
                # Bytes, so that no file is decoded: one may hold invalid UTF-8.
                key = form.encode("utf-8", "surrogatepass")
                self._wanted.setdefault(key, []).append((row, rank))

    def __contains__(self, form):
        """Whether a vector for this spelling, as UTF-8 bytes, is wanted still."""
        return form in self._wanted

    def __bool__(self):
        """Whether anything is wanted still."""
        return bool(self._wanted)

    def put(self, form, vector):
        """Keep a vector for all words looked up under this spelling; its first one counts."""
        for row, rank in self._wanted.pop(form):
            if rank < self._ranks.get(row, np.inf):
                self._ranks[row] = rank
                self._vectors[row] = vector

    def missing(self):
        """Yield the rows for which nothing was found, and their words as UTF-8 bytes."""
        for row, word in enumerate(self._words):
            if word is not None and row not in self._ranks:
                yield row, word.encode("utf-8", "surrogatepass")

    def put_row(self, row, vector):
        """Keep a vector for one row."""
        self._ranks[row] = 0
        self._vectors[row] = vector

    def result(self, dim):
        """Return the vectors, zero where nothing was found, and where something was."""
        vectors = np.zeros((len(self._words), dim), dtype=np.float32)
        found = np.zeros(len(self._words), dtype=bool)
        for row, vector in self._vectors.items():
            vectors[row] = vector
            found[row] = True
        return vectors, found


def check_vector(vector, where, word):
    """Return a vector as float32; refuse what is no finite number."""
    with np.errstate(over="ignore"):
        vector = np.asarray(vector, dtype=np.float32)
    if not np.isfinite(vector).all():
        at = int(np.isfinite(vector).argmin())
        raise InvalidInputError(
            f"{where}: the vector of {show(word)} holds {vector.flat[at]} at place {at}; wanted "
            "are finite numbers within the range of float32. Mend or drop that vector."
        )
    return vector


def show(word):
    """Return a word from a file for an error message."""
    text = word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word)
    return repr(text if len(text) <= 40 else text[:40] + "...")
