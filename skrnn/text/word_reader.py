"""Words as ids, with the ids of their spellings and of the columns given beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.sequences import FIRST_WORD, PADDING, UNKNOWN, Sequences
from skrnn.sequences.special_tokens import UNKNOWN_WORD
from skrnn.sequences.warning import warn_caller
from skrnn.text.characters import STRIP_ACCENTS, strip_accents_of_word
from skrnn.text.contexts import Contexts
from skrnn.text.sentences import Sentences, read_sentences
from skrnn.text.spelling import learn_spellings, n_spellings, spelling_ids
from skrnn.text.vocabulary import check_extra_words, check_vocabulary, learn_vocabulary, with_words

# Names of the side inputs of a network.
SPELLINGS, GIVEN, CONTEXTS = "spellings", "word_columns", "contexts"
# What a TextToSequence may say of words that come one by one.
_USED = {
    *("max_features", "min_df", "max_df", "lowercase", "strip_accents", "vocabulary"),
    *("extra_words", "max_length", "truncate", "sparse_output"),
}


class WordReader:
    """Turns sentences of words into what a network reads.

    It is made by `fit`, and not changed afterwards.

    Parameters
    ----------
    vocabulary : dict of str to int
        The id of each word, from 2, in the order of the ids.
    lowercase : bool
        Whether words that differ only in case are one.
    strip_accents : {"ascii", "unicode"} or None
    max_length : int or None
        A longer sentence is an error.
    affixes : tuple (min_length, max_length) or None
        The lengths of prefixes and suffixes; None reads no spellings.
    spellings : dict of str to int
        The id of each spelling, from 1.
    columns : list of dict of str to int
        For each column beside the word, the id of each value. The ids of all columns are in one
        table, from 1.
    contexts : Contexts or None
        The surroundings of words; None reads none.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        As `vocabulary`.

    Examples
    --------
    >>> from skrnn.text import WordReader
    >>> X = [["The", "cat", "sat"], ["the", "dog"]]
    >>> reader, sequences = WordReader.fit(X, text=None, affixes=(1, 2), name="RNNTagger")
    >>> reader.vocabulary_
    {'the': 2, 'cat': 3, 'dog': 4, 'sat': 5}
    >>> sequences.values.tolist()
    [2, 3, 5, 2, 4]
    >>> reader.read([["The", "cow"]], "RNNTagger").values.tolist()
    [2, 1]
    """

    def __init__(
        self,
        vocabulary,
        *,
        lowercase,
        strip_accents,
        max_length,
        affixes,
        spellings,
        columns,
        contexts=None,
    ):
        self.vocabulary_ = vocabulary
        self.lowercase, self.strip_accents = lowercase, strip_accents
        self.max_length, self.affixes = max_length, affixes
        self.spellings, self.columns, self.contexts = spellings, columns, contexts

    def __repr__(self):
        """Return what it knows, in numbers."""
        told = [f"{len(self.vocabulary_)} words", f"{len(self.spellings)} spellings"]
        if self.columns:
            told.append(f"{len(self.columns)} columns")
        if self.contexts is not None:
            told.append(f"{self.contexts.n_ids - 1} surroundings")
        return f"<{type(self).__name__}: {', '.join(told)}>"

    @classmethod
    def fit(cls, X, *, text, affixes, window=None, name) -> tuple[WordReader, Sequences]:
        """Learn the words, spellings and columns of sentences.

        Parameters
        ----------
        X : list of list
            See :func:`skrnn.text.sentences.read_sentences`.
        text : TextToSequence or None
            Says which words have an id, and how they are written; None keeps all, in lower case.
        affixes : tuple of int, or None
        window : int or None
            Steps to each side that are surroundings of a word; None reads none.
        name : str
            Of the estimator, for errors.

        Returns
        -------
        reader : WordReader
        sequences : Sequences
            Of X.
        """
        options = _options(text, name)
        sentences = read_sentences(X, name)
        reader = cls(
            {},
            lowercase=options["lowercase"],
            strip_accents=options["strip_accents"],
            max_length=options["max_length"],
            affixes=affixes,
            spellings={},
            columns=[],
        )
        words, numbers = _distinct(sentences.words)
        if not words:
            raise InvalidInputError(
                f"X has {len(sentences.offsets) - 1} sentences, but none of them has a word. "
                f"{name} needs words to learn from."
            )
        reader._learn_words(words, numbers, np.diff(sentences.offsets), options)
        if affixes is not None:
            counts = np.bincount(numbers, minlength=len(words))
            reader.spellings = learn_spellings(words, counts, affixes)
        n = 0
        for column in sentences.columns:
            values = sorted(set(column))
            reader.columns.append(dict(zip(values, range(n + 1, n + len(values) + 1), strict=True)))
            n += len(values)
        sequences = reader._sequences(sentences, words, numbers, name)
        if window is None:
            return reader, sequences
        ids = _all_ids(sequences)
        reader.contexts = Contexts.fit(ids, sequences.offsets, window, len(reader.columns))
        return reader, reader._with_contexts(sequences)

    def read(self, X: Any, name: str) -> Sequences:
        """Return the ids of sentences, with those of spellings and columns as side inputs.

        Parameters
        ----------
        X : list of list
        name : str
            Of the estimator, for errors.

        Raises
        ------
        ValueError
            If X is not valid, has other columns than that of `fit`, or a sentence is too long.
        """
        sentences = read_sentences(X, name, len(self.columns))
        words, numbers = _distinct(sentences.words)
        sequences = self._sequences(sentences, words, numbers, name)
        return sequences if self.contexts is None else self._with_contexts(sequences)

    @property
    def words(self) -> tuple:
        """The word of each id; None for padding."""
        return (None, UNKNOWN_WORD, *self.vocabulary_)

    @property
    def vocabulary_size(self) -> int:
        """Number of ids, including padding and the unknown word."""
        return len(self.vocabulary_) + FIRST_WORD

    def n_ids(self) -> dict:
        """Return for each side input how many ids a step has, and how large they are, plus 1."""
        found = {}
        if self.affixes is not None:
            found[SPELLINGS] = n_spellings(self.affixes), len(self.spellings) + 1
        if self.columns:
            found[GIVEN] = len(self.columns), sum(map(len, self.columns)) + 1
        if self.contexts is not None:
            found[CONTEXTS] = len(self.contexts.templates), self.contexts.n_ids
        return found

    def _with_contexts(self, sequences):
        ids = self.contexts.ids(_all_ids(sequences), sequences.offsets)
        return sequences.beside({}, {**sequences.step_inputs, CONTEXTS: ids})

    def _written(self, words):
        """Return words as the vocabulary has them."""
        if self.lowercase:
            words = [word.lower() for word in words]
        strip = STRIP_ACCENTS[self.strip_accents]
        return words if strip is None else [strip_accents_of_word(word, strip) for word in words]

    def _learn_words(self, words, numbers, lengths, options):
        written, of_word = _distinct(self._written(words))
        extra = self._written(check_extra_words(options["extra_words"]))
        if options["vocabulary"] is not None:
            self.vocabulary_ = check_vocabulary(options["vocabulary"])
            self._warn_of_unfindable()
            self.vocabulary_ = with_words(self.vocabulary_, extra)
            return
        limits = options["max_features"], options["min_df"], options["max_df"]
        self.vocabulary_, _ = learn_vocabulary(written, of_word[numbers], lengths, *limits, extra)

    def _warn_of_unfindable(self):
        known = list(self.vocabulary_)
        odd = next((a for a, b in zip(known, self._written(known), strict=True) if a != b), None)
        if odd is not None:
            warn_caller(
                f"The vocabulary of text has {odd!r}, which no word becomes with lowercase="
                f"{self.lowercase} and strip_accents={self.strip_accents!r}. Write its words in "
                "this way, or set text__lowercase=False and text__strip_accents=None.",
                UserWarning,
            )

    def _sequences(self, sentences: Sentences, words, numbers, name):
        lengths = np.diff(sentences.offsets)
        too_long = np.flatnonzero(lengths > (self.max_length or np.inf))
        if len(too_long):
            row = too_long[0]
            raise InvalidInputError(
                f"Row {row} of X has {lengths[row]} words, but text has max_length="
                f"{self.max_length}. {name} has an answer for each word and cuts none off: split "
                "the sentence, or leave max_length out."
            )
        known = self.vocabulary_
        ids = np.array([known.get(word, UNKNOWN) for word in self._written(words)], np.int32)
        side = {}
        if self.affixes is not None:
            side[SPELLINGS] = spelling_ids(words, self.spellings, self.affixes)[numbers]
        if self.columns:
            columns = zip(sentences.columns, self.columns, strict=True)
            side[GIVEN] = np.array(
                [[ids_of.get(value, PADDING) for value in column] for column, ids_of in columns],
                np.int32,
            ).T.reshape(-1, len(self.columns))
        return Sequences(ids[numbers], sentences.offsets, self.words, step_inputs=side)

    def __skrnn_digest__(self):
        """Return the content that :func:`skrnn.caching.hashing.digest` hashes."""
        return list(vars(self).values())


def _all_ids(sequences):
    """Return the ids of words, columns and spellings side by side."""
    side = [
        sequences.step_inputs[key] for key in (GIVEN, SPELLINGS) if key in sequences.step_inputs
    ]
    return np.hstack([sequences.values[:, np.newaxis], *side])


def _distinct(words):
    """Return the distinct words in the order in which they come, and the number of each word."""
    number_of: dict = {}
    numbers = [number_of.setdefault(word, len(number_of)) for word in words]
    return list(number_of), np.array(numbers, np.int64)


def _options(text, name):
    from skrnn.text import TextToSequence

    if text is None:
        text = TextToSequence(max_features=None)
    if type(text) is not TextToSequence:
        raise InvalidInputError(
            f"The 'text' parameter of {name} must be None or a TextToSequence. Got "
            f"{type(text).__name__} instead."
        )
    text._validate_params()
    options, default = text.get_params(), TextToSequence().get_params()
    odd = [key for key in options if key not in _USED and options[key] is not default[key]]
    odd = [key for key in odd if options[key] != default[key]]
    if callable(options["strip_accents"]):
        odd.append("strip_accents")
    if odd:
        listed = ", ".join(f"{key}={options[key]!r}" for key in odd)
        raise InvalidInputError(
            f"text of {name} has {listed}, which say how documents become words. Sentences of "
            f"{name} are words already. Leave them out, and change the words before; "
            "max_features, min_df, max_df, lowercase, strip_accents, vocabulary, extra_words and "
            "max_length are used."
        )
    return options
