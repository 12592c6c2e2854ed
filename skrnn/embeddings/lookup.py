"""The words to look up in a source of vectors, their spellings, and the vectors found."""

import numpy as np

from skrnn.exceptions import InvalidInputError

_SKIN_TONES = dict.fromkeys(range(0x1F3FB, 0x1F400))


def spellings(word):
    """Return the forms under which a word is looked up, the best first.

    These are the word itself; in lower case, for sources without upper case; capitalized and in
    upper case, for names and abbreviations of a text in lower case. An emoji is also looked up
    without its skin tone, and with the invisible character that some sources have after it.
    """
    forms = [word, word.lower(), word.capitalize(), word.upper()]
    if word and not word.isascii() and not word[0].isalnum():
        plain = word.translate(_SKIN_TONES) or word
        forms += [plain, f"{word}\ufe0f", f"{plain}\ufe0f"]
    return tuple(dict.fromkeys(forms))


class Lookup:
    """The words to look up in a source, and the vectors found so far.

    A source is read once, and only the vectors of these words are kept.

    Parameters
    ----------
    words : sequence of str or None
        The word of each row; None for rows without a vector.
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
                # Bytes, since a file may have invalid UTF-8 and is not decoded.
                key = form.encode("utf-8", "surrogatepass")
                self._wanted.setdefault(key, []).append((row, rank))

    def __contains__(self, form):
        """Return whether a vector for this spelling, as UTF-8 bytes, is still missing."""
        return form in self._wanted

    def __bool__(self):
        """Return whether any vector is still missing."""
        return bool(self._wanted)

    def put(self, form, vector):
        """Keep the first vector of a spelling, for all words that are looked up under it."""
        for row, rank in self._wanted.pop(form):
            if rank < self._ranks.get(row, np.inf):
                self._ranks[row] = rank
                self._vectors[row] = vector

    def missing(self):
        """Yield the rows without a vector, and their words as UTF-8 bytes."""
        for row, word in enumerate(self._words):
            if word is not None and row not in self._ranks:
                yield row, word.encode("utf-8", "surrogatepass")

    def put_row(self, row, vector):
        """Keep a vector for one row."""
        self._ranks[row] = 0
        self._vectors[row] = vector

    def found(self, dim):
        """Return the words that have a vector, in their order, and their vectors."""
        rows = sorted(self._vectors)
        vectors = np.empty((len(rows), dim), dtype=np.float32)
        for place, row in enumerate(rows):
            vectors[place] = self._vectors[row]
        return [self._words[row] for row in rows], vectors

    def result(self, dim):
        """Return the vectors, with zeros for missing ones, and a mask of those found."""
        vectors = np.zeros((len(self._words), dim), dtype=np.float32)
        found = np.zeros(len(self._words), dtype=bool)
        for row, vector in self._vectors.items():
            vectors[row] = vector
            found[row] = True
        return vectors, found


class FirstWords:
    """The first vectors of a source, whatever their words are; readers use it like a `Lookup`.

    Files of vectors have the most frequent words first. Words that are empty or not UTF-8 are left
    out, since no token can be one.

    Parameters
    ----------
    n_words : int or None
        Number of vectors to keep; None keeps all.
    """

    def __init__(self, n_words=None):
        self._n_words = np.inf if n_words is None else n_words
        self._words = {}
        # One growing piece of memory: an array for each vector would take twice as much.
        self._numbers = bytearray()

    def __contains__(self, form):
        """Return whether the vector of this word, as UTF-8 bytes, is to be kept."""
        if not form or form in self._words or not self:
            return False
        try:
            form.decode()
        except UnicodeDecodeError:
            return False
        return True

    def __bool__(self):
        """Return whether further vectors are to be kept."""
        return len(self._words) < self._n_words

    def put(self, form, vector):
        """Keep the vector of a word."""
        self._words[form] = None
        self._numbers += np.asarray(vector, dtype=np.float32).tobytes()

    def missing(self):
        """Return no rows: every word that is kept has a vector."""
        return ()

    def found(self, dim):
        """Return the words in the order of the source, and their vectors."""
        vectors = np.frombuffer(self._numbers, dtype=np.float32).reshape(-1, dim)
        return [form.decode() for form in self._words], vectors


def check_vector(vector, where, word):
    """Return a vector as float32, or raise an error if it is not finite."""
    with np.errstate(over="ignore"):
        vector = np.asarray(vector, dtype=np.float32)
    if not np.isfinite(vector).all():
        at = int(np.isfinite(vector).argmin())
        raise InvalidInputError(
            f"{where}: the vector of {show(word)} has {vector.flat[at]} at position {at}, but must "
            "have finite numbers in the range of float32. Correct or remove that vector."
        )
    return vector


def show(word):
    """Return a word of a file, shortened, for an error message."""
    text = word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word)
    return repr(text if len(text) <= 40 else text[:40] + "...")
