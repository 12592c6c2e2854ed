"""Split documents into tokens."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.feature_extraction.text import strip_accents_ascii, strip_accents_unicode

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.text.documents import describe, iter_documents

# Vowel signs and accents that are separate characters. Python's \w does not match them, and would
# split a word of Hindi, of vocalised Arabic or with decomposed accents into pieces. These are whole
# blocks of living scripts, few enough to cost nothing: Latin and Cyrillic, Hebrew, Arabic, India,
# Thai and Lao, Myanmar, Khmer, and the joiners of Persian and Hindi.
_MARKS = (
    r"\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0df3"
    r"\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u17b4-\u17d3\u200c\u200d"
)

# Scripts written without spaces: Thai and Lao, Myanmar, Khmer, kana, and the ideographs of
# Chinese and Japanese. Finding their words needs a dictionary; their characters do not.
_UNSPACED = (
    r"\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ec0-\u0ec6\u1000-\u102a"
    r"\u1780-\u17b3\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)

TOKEN_PATTERN = (
    # the second half of did-n't, is-n't, ca-n't
    r"[nN]['\u2019][tT]\b"
    # a word, without the n of n't
    rf"|[^\W{_UNSPACED}]+(?:[{_MARKS}]+[^\W{_UNSPACED}]*)*(?!['\u2019][tT]\b(?<=[nN]..))"
    # a character of a script without spaces, with its vowel signs
    rf"|[{_UNSPACED}][{_MARKS}]*"
    # the second half of it-'s, they-'re, I-'m
    r"|['\u2019](?<=\w['\u2019])(?:[sSmMdD]|[rRvV][eE]|[lL][lL])\b"
    # marks that carry sentiment, also full-width and Arabic
    r"|[!?\uff01\uff1f\u061f]"
)

_LINE_BREAK = re.compile(r"<br\b[^<>]*>", re.IGNORECASE)
_STRIP_ACCENTS = {None: None, "ascii": strip_accents_ascii, "unicode": strip_accents_unicode}


@dataclass(frozen=True)
class Analyzer:
    """Makes a list of tokens of each document.

    Parameters
    ----------
    preprocess : callable
        str -> str.

    tokenize : callable
        str -> list of str.

    preprocess_from, tokenize_from : str or None
        The parameter by which the user passed the function. None for our own functions, whose
        results need no check.

    also : tuple of type
        Types that a document can have, other than str.
    """

    preprocess: Callable
    tokenize: Callable
    preprocess_from: str | None = None
    tokenize_from: str | None = None
    also: tuple = ()

    def iter_tokens(self, X):
        """Yield the list of tokens of each document of `X`."""
        preprocess, tokenize = self.preprocess, self.tokenize
        for row, document in enumerate(iter_documents(X, self.also)):
            text = preprocess(document)
            if self.preprocess_from is not None and not isinstance(text, str):
                raise InvalidTypeError(
                    f"{self.preprocess_from} must return a str, but for the document in row "
                    f"{row} it returned {describe(text)}."
                )
            tokens = tokenize(text)
            if self.tokenize_from is not None:
                tokens = _check_tokens(tokens, row, self.tokenize_from)
            yield tokens


def make_analyzer(*, analyzer, preprocessor, tokenizer, token_pattern, lowercase, strip_accents):
    """Build the :class:`Analyzer` that the parameters of ``TextToSequence`` describe."""
    if callable(analyzer):
        return Analyzer(_as_is, analyzer, tokenize_from="analyzer", also=(list, tuple, np.ndarray))
    if preprocessor is None:
        if not callable(strip_accents):
            strip_accents = _STRIP_ACCENTS[strip_accents]
        preprocess = partial(_preprocess, lower=lowercase, strip_accents=strip_accents)
    else:
        preprocess = preprocessor
    # A user's strip_accents can return anything, too.
    named = {"preprocessor": preprocessor, "strip_accents": strip_accents}
    preprocess_from = next((name for name, given in named.items() if callable(given)), None)
    if analyzer == "char":
        return Analyzer(preprocess, _characters, preprocess_from)
    if tokenizer is not None:
        return Analyzer(preprocess, tokenizer, preprocess_from, "tokenizer")
    return Analyzer(preprocess, _compile(token_pattern).findall, preprocess_from)


def _as_is(document):
    return document


def _preprocess(document, lower, strip_accents):
    """Normalize characters that can be written in several ways.

    The apostrophe is replaced before accents are stripped: "ascii" would remove the typographic
    one, and make "didnt" of "didn't".
    """
    if "<" in document:
        document = _LINE_BREAK.sub(" ", document)
    if not document.isascii():
        document = unicodedata.normalize("NFC", document).replace("\u2019", "'")
    if lower:
        document = document.lower()
    if strip_accents is not None:
        document = strip_accents(document)
    return document


def _characters(text):
    """Split into characters; a run of white space is one space, and there is none at the ends."""
    return list(" ".join(text.split()))


def _compile(token_pattern):
    if token_pattern is None:
        raise InvalidInputError(
            "token_pattern=None needs a tokenizer. Pass a tokenizer or a pattern."
        )
    try:
        pattern = re.compile(token_pattern)
    except re.error as error:
        raise InvalidInputError(
            f"token_pattern={token_pattern!r} is not a regular expression: {error}."
        ) from error
    if pattern.groups > 1:
        raise InvalidInputError(
            f"token_pattern={token_pattern!r} has {pattern.groups} capturing groups, but at most "
            "one can be the token. Write the others as (?:...)."
        )
    return pattern


def _check_tokens(tokens, row, name):
    """Return what a user's callable returned as a list, after a check that it holds str."""
    wanted = f"{name} must return a list of str, but for the document in row {row} "
    if isinstance(tokens, str | bytes):
        # Iterating over it would give its letters.
        raise InvalidTypeError(f"{wanted}it returned {describe(tokens)}.")
    try:
        tokens = list(tokens)
    except TypeError:
        if hasattr(tokens, "__iter__"):  # a generator failed: the error is its own
            raise
        raise InvalidTypeError(f"{wanted}it returned {describe(tokens)}.") from None
    # The set of types is small, while the tokens are many.
    if not all(issubclass(kind, str) for kind in set(map(type, tokens))):
        odd = next(token for token in tokens if not isinstance(token, str))
        raise InvalidTypeError(f"{wanted}it returned a list with {describe(odd)}.")
    return tokens
