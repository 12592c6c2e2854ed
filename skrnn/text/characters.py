"""Characters that can be written in several ways: accents, apostrophes, invisible characters."""

import re
import unicodedata

from sklearn.feature_extraction.text import strip_accents_ascii, strip_accents_unicode

from skrnn.text.apostrophes import (
    ALWAYS,
    BETWEEN,
    IS_APOSTROPHE,
    join_apostrophes,
    restore_escaped,
    restore_garbled,
)
from skrnn.text.replacing import Edits, Replacement

# No language has more marks on a letter: Unicode's Stream-Safe Text Format, UAX #15, section 13.
# The time that NFC takes is quadratic in this number.
MAX_MARKS = 30

# Soft hyphens, joiners, marks of direction, and variants of the same character.
_INVISIBLE = "\xad\u2060\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufe00-\ufe0f"

_APOSTROPHES = Replacement(re.compile(rf"[{ALWAYS}]|(?<=\w)[{BETWEEN}](?=[^\W\d_])"), "'")
_GRAVE = Replacement(re.compile(r"(?<=\w)`(?=[A-Za-z])"), "'")
_TYPOGRAPHIC = Replacement(re.compile("\u2019"), "'")
_UNSEEN = Replacement(re.compile(f"[{_INVISIBLE}]+"), "", clings=True)
_IS_UNSEEN = frozenset(
    chr(code)
    for code in (
        *(0xAD, 0x2060, 0xFEFF, 0x200E, 0x200F),
        *(*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFE00, 0xFE10)),
    )
)

# Marks are not in \w, except those of half-width katakana, which NFKD makes marks of.
_LONG_RUN = re.compile(rf"[^\w\s\x00-\u02ff]{{{MAX_MARKS + 1},}}")
_LONG_RUN_NFKD = re.compile(rf"(?:[^\w\s\x00-\u02ff]|[\uff9e\uff9f]){{{MAX_MARKS + 1},}}")

STRIP_ACCENTS = {None: None, "ascii": strip_accents_ascii, "unicode": strip_accents_unicode}


def is_accent(character):
    """Return whether a character is a mark that NFC may move."""
    return unicodedata.combining(character) > 0


def _find_surplus(pattern, text):
    """Yield the marks beyond `MAX_MARKS` in a row."""
    for run in pattern.finditer(text):
        n_marks = 0
        for place in range(*run.span()):
            parts = unicodedata.normalize("NFKD", text[place])
            n_marks = n_marks + len(parts) if is_accent(parts[0]) else 0
            if n_marks > MAX_MARKS:
                yield place, place + 1, ""


_SURPLUS = Edits(lambda text: _find_surplus(_LONG_RUN, text), clings=True)
_SURPLUS_NFKD = Edits(lambda text: _find_surplus(_LONG_RUN_NFKD, text), clings=True)


def unify_characters(document):
    """Bring the characters of a text to one form.

    Parameters
    ----------
    document : PlainText or AlignedText
        It is changed: NFC, one kind of apostrophe, no invisible characters.
    """
    restore_escaped(document)
    if document.text.isascii():
        join_apostrophes(document, None)
        if "`" in document.text:
            document.run(_GRAVE)
        return
    seen = restore_garbled(document, set(document.text))
    if not _IS_UNSEEN.isdisjoint(seen):
        document.run(_UNSEEN)
    if max(seen) >= "\u0300":  # those before are composed
        _compose(document)
    join_apostrophes(document, seen)
    if not IS_APOSTROPHE.isdisjoint(seen):
        document.run(_APOSTROPHES)


def unify_as_before(document):
    """Bring the characters of a text to the form of files of format 1 and 2.

    Parameters
    ----------
    document : PlainText or AlignedText
        It is changed: NFC, and the typographic apostrophe as the plain one.
    """
    if not document.text.isascii():
        _compose(document)
        document.run(_TYPOGRAPHIC)


def strip_accents(document, function):
    """Remove the accents of a text.

    Parameters
    ----------
    document : PlainText or AlignedText
        It is changed.
    function : callable
        str -> str.
    """
    if not document.text.isascii() and _LONG_RUN_NFKD.search(document.text):
        document.run(_SURPLUS_NFKD)
    document.strip_accents(function)


def strip_accents_of_word(word, function):
    """Return a word without accents, in a time that is linear in its length.

    Parameters
    ----------
    word : str
    function : callable
        str -> str.
    """
    if word.isascii():
        return word
    return function(_SURPLUS_NFKD(word) if _LONG_RUN_NFKD.search(word) else word)


def _compose(document):
    if _LONG_RUN.search(document.text):
        document.run(_SURPLUS)
    document.compose()
