"""The words of token ids: what a network remembers of them, and how they are pickled."""

from skrnn.exceptions import InvalidInputError
from skrnn.sequences.special_tokens import FIRST_WORD

_SEPARATOR = "\0"


class KnownWords:
    """The words of the ids with which a network was trained.

    Two vocabularies fit each other if no id has a word in one and another word in the other. So
    one of them may have more words, as after a vocabulary was extended.

    Parameters
    ----------
    words : tuple of str or None
        The word of each id; None for an id without a word.
    """

    def __init__(self, words):
        self.words = tuple(words)
        self._seen = words  # the last words that were found to fit

    @classmethod
    def joined(cls, known, words, vocabulary_size):
        """Return what is known after training with these words.

        Parameters
        ----------
        known : KnownWords or None
            What was known before; it fits `words`.
        words : tuple of str or None
            The words of the training rows; None if they have none.
        vocabulary_size : int
            There are no larger ids.
        """
        if words is None or (known is not None and known._has_all(words, vocabulary_size)):
            return known
        longer = tuple(words[:vocabulary_size])
        before = () if known is None else known.words
        if len(before) > len(longer):
            longer += before[len(longer) :]
        if None in longer[FIRST_WORD:]:
            given = (*before, *[None] * (len(longer) - len(before)))
            longer = tuple(b if a is None else a for a, b in zip(longer, given, strict=True))
        result = cls(longer)
        result._seen = words
        return result

    def _has_all(self, words, vocabulary_size):
        is_long = len(self.words) >= min(len(words), vocabulary_size)
        return words is self._seen and is_long and None not in self.words[FIRST_WORD:]

    def check(self, words, name, of="X", more=""):
        """Raise ValueError if an id has another word in `words`, which are those of `of`.

        Another way out for the error is `more`.

        Takes no time if these are the words of the last check, which a fitted
        :class:`skrnn.TextToSequence` gives each of its results.
        """
        if words is None or words is self._seen:
            return
        token = first_contradiction(self.words, words)
        if token is not None:
            here = "X" if of == "X" else "it"
            raise InvalidInputError(
                f"{of} has token ids of another vocabulary ({_count(words)} words) than the one "
                f"with which this {name} was fitted ({_count(self.words)} words): id {token} is "
                f"{words[token]!r} in {here}, but was {self.words[token]!r} in fit. Use the fitted "
                "TextToSequence, text.transform(new_texts) instead of fit_transform(new_texts), or "
                f"put both into one Pipeline: make_pipeline(TextToSequence(), {name}()).{more}"
            )
        self._seen = words

    def __getstate__(self):
        """Pickle the words as one string."""
        return {"words": join_words(self.words)}

    def __setstate__(self, state):
        """Restore the words from one string."""
        self.words = self._seen = split_words(state["words"])

    def __skrnn_digest__(self):
        """Return the content that :func:`skrnn.caching.hashing.digest` hashes."""
        return self.words


def first_contradiction(words, others):
    """Return the first id that has another word in `others` than in `words`, or None."""
    n = min(len(words), len(others))
    if words is others or words[:n] == tuple(others[:n]):
        return None
    for token, (mine, other) in enumerate(zip(words, others, strict=False)):
        if mine != other and mine is not None and other is not None:
            return token
    return None


def _count(words):
    return f"{sum(word is not None for word in words):,}"


# joblib.dump and joblib.hash pickle in Python, object by object, which is slow for many words.
# One string is one object.


def join_words(words):
    """Join words as TextToSequence stores them; return others unchanged."""
    usual = isinstance(words, tuple) and words[:FIRST_WORD] == (None, None)
    if not usual or len(words) == FIRST_WORD or None in words[FIRST_WORD:]:
        return words
    joined = _SEPARATOR.join(words[FIRST_WORD:])
    return joined if joined.count(_SEPARATOR) == len(words) - FIRST_WORD - 1 else words


def split_words(words):
    """Undo `join_words`."""
    return (None, None, *words.split(_SEPARATOR)) if isinstance(words, str) else words
