"""Split documents into tokens."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from warnings import warn

import numpy as np

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.text.apostrophes import restore_lost
from skrnn.text.characters import (
    STRIP_ACCENTS,
    strip_accents,
    unify_as_before,
    unify_characters,
)
from skrnn.text.documents import describe, iter_documents
from skrnn.text.markup import strip_line_breaks, strip_markup
from skrnn.text.patterns import TOKEN_PATTERN, find_tokens
from skrnn.text.replacing import PlainText

_TELLING = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Sc", "Sm", "So"})


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

    stop_words : frozenset of str or None
        Tokens to leave out.
    """

    preprocess: Callable
    tokenize: Callable
    preprocess_from: str | None = None
    tokenize_from: str | None = None
    also: tuple = ()
    stop_words: frozenset | None = None

    def iter_tokens(self, X, lost=None):
        """Yield the list of tokens of each document of `X`.

        Documents with letters, digits or symbols, but without a token, are appended to the list
        `lost`, each as (row, document).
        """
        preprocess, tokenize, stop_words = self.preprocess, self.tokenize, self.stop_words
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
            if lost is not None and not tokens and self._says_something(document):
                lost.append((row, document))
            if stop_words:
                tokens = [token for token in tokens if token not in stop_words]
            yield tokens

    def _says_something(self, document):
        """Return whether a document has letters, digits or symbols beside its markup."""
        preprocess = self.preprocess
        if isinstance(preprocess, partial) and preprocess.func is preprocess_text:
            # Stripping accents may be what loses all of them.
            preprocess = partial(preprocess, accents=None)
        text = preprocess(document)
        return isinstance(text, str) and any(unicodedata.category(c) in _TELLING for c in text)


def make_analyzer(
    *,
    analyzer,
    preprocessor,
    tokenizer,
    token_pattern,
    lowercase,
    strip_accents,
    strip_markup,
    stop_words=None,
):
    """Build the :class:`Analyzer` that the parameters of ``TextToSequence`` describe."""
    if callable(analyzer):
        return Analyzer(_as_is, analyzer, tokenize_from="analyzer", also=(list, tuple, np.ndarray))
    if preprocessor is None:
        if not callable(strip_accents):
            strip_accents = STRIP_ACCENTS[strip_accents]
        preprocess = partial(
            preprocess_text, lower=lowercase, accents=strip_accents, markup=strip_markup
        )
        if analyzer == "word" and tokenizer is None and token_pattern == TOKEN_PATTERN:
            preprocess = partial(preprocess, lost=False)  # by find_words, in less time
    else:
        preprocess = preprocessor
    # A user's strip_accents can return anything, too.
    named = {"preprocessor": preprocessor, "strip_accents": strip_accents}
    preprocess_from = next((name for name, given in named.items() if callable(given)), None)
    if analyzer == "char":
        return Analyzer(preprocess, split_characters, preprocess_from)
    if tokenizer is not None:
        found = Analyzer(preprocess, tokenizer, preprocess_from, "tokenizer")
    elif token_pattern == TOKEN_PATTERN:
        find = find_tokens
        if preprocessor is None and strip_markup != "line_breaks":
            find = find_words if lowercase else find_words_in_any_case
        found = Analyzer(preprocess, find, preprocess_from)
    else:
        found = Analyzer(preprocess, _compile(token_pattern).findall, preprocess_from)
    return replace(found, stop_words=stop_words)


def warn_of_lost(lost, caller):
    """Warn of documents that have something to read, of which nothing is read.

    Parameters
    ----------
    lost : list of (int, str)
        As :meth:`Analyzer.iter_tokens` fills it.
    caller : str
        Name of the class.
    """
    if lost:
        row, document = lost[0]
        others = f" and {len(lost) - 1:,} others" if len(lost) > 1 else ""
        warn(
            f"{caller} finds no token in the document in row {row}{others}, although it is not "
            f"empty: {describe(document)}. To the network it is an empty text. Check whether "
            "token_pattern, tokenizer or strip_accents is made for such texts.",
            UserWarning,
            stacklevel=2,
        )


def _as_is(document):
    return document


def preprocess_text(document, lower, accents, markup, lost=True):
    """Return a document without markup, with characters in one form.

    Parameters
    ----------
    document : str
    lower : bool
    accents : callable or None
        Removes accents.
    markup : bool or "line_breaks"
        The parameter `strip_markup`.
    lost : bool, default=True
        Whether to restore lost apostrophes.

    Returns
    -------
    str
    """
    text = PlainText(document)
    prepare(text, lower, accents, markup, lost)
    return text.text


def prepare(text, lower, accents, markup, lost=True):
    """Preprocess a `PlainText` or `AlignedText` in place; see :func:`preprocess_text`.

    Apostrophes are unified before accents are stripped: "ascii" would remove the typographic one,
    and make "didnt" of "didn't".
    """
    if markup == "line_breaks":
        strip_line_breaks(text)
        unify_as_before(text)
    else:
        if markup:
            strip_markup(text)
        unify_characters(text)
        if lost:
            restore_lost(text)
    if lower:
        text.lower()
    if accents is not None:
        strip_accents(text, accents)


def find_words(text):
    """Return the tokens of the default pattern in a text in lower case.

    In "don?t" and the like, the apostrophe is restored. They are searched for only if "t" is a
    token, since tokens are fewer than characters.
    """
    tokens = find_tokens(text)
    return find_tokens(_restored(text)) if "t" in tokens else tokens


def find_words_in_any_case(text):
    """Return the tokens of the default pattern in a text, as `find_words`."""
    tokens = find_tokens(text)
    return find_tokens(_restored(text)) if "t" in tokens or "T" in tokens else tokens


def _restored(text):
    document = PlainText(text)
    restore_lost(document)
    return document.text


def split_characters(text):
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
