"""Find the position of each token in the original text.

A tokenizer splits a preprocessed text: without markup, composed, in lower case. This module
repeats each step of the preprocessing and keeps track of the original characters that each new one
is made of. It compares its result with the real one, so that offsets are either right or None.
"""

import re
import unicodedata
from dataclasses import replace
from functools import partial

import numpy as np
from sklearn.feature_extraction.text import strip_accents_ascii, strip_accents_unicode

from skrnn.text.apostrophes import restore_lost
from skrnn.text.characters import is_accent
from skrnn.text.patterns import find_tokens, finder_of
from skrnn.text.tokens import (
    find_words,
    find_words_in_any_case,
    prepare,
    preprocess_text,
    split_characters,
)

_NOT_BLANK = re.compile(r"\S")


class AlignedText:
    """A text, and the part of the original that each of its characters comes from.

    Attributes
    ----------
    text : str
        The result of the steps so far.
    starts, ends : list of int
        Character i of `text` comes from ``original[starts[i]:ends[i]]``. Both are ascending.
    """

    def __init__(self, original):
        self.text = original
        self.starts = list(range(len(original)))
        self.ends = list(range(1, len(original) + 1))

    def span(self, start, end):
        """Return (start, end) of the part of the original that ``text[start:end]`` comes from."""
        if start < end:
            return self.starts[start], self.ends[end - 1]
        if start < len(self.text):  # an empty token before a character
            return self.starts[start], self.starts[start]
        last = self.ends[-1] if self.ends else 0
        return last, last

    def replace(self, pieces):
        """Replace parts of the text.

        Parameters
        ----------
        pieces : iterable of (start, end, str)
            The parts of `text`, in order and without gaps, and the new text of each. In a part
            that is unchanged, each character keeps its origin; in a new part, each character
            comes from the whole part.
        """
        texts, starts, ends = [], [], []
        for start, end, new in pieces:
            texts.append(new)
            if new == self.text[start:end]:
                starts += self.starts[start:end]
                ends += self.ends[start:end]
            elif new:
                starts += [self.starts[start]] * len(new)
                ends += [self.ends[end - 1]] * len(new)
        self.text, self.starts, self.ends = "".join(texts), starts, ends

    def replace_each(self, function):
        """Replace each character by ``function(character)``."""
        self.replace((i, i + 1, function(character)) for i, character in enumerate(self.text))

    def run(self, step):
        """Apply a :class:`~skrnn.text.replacing.Replacement`, or ``Edits``."""
        texts, starts, ends, at = [], [], [], 0
        for start, end, new in step.edits(self.text):
            if new == self.text[start:end]:
                continue
            texts += [self.text[at:start], new]
            starts += self.starts[at:start]
            ends += self.ends[at:start]
            starts += [self.starts[start]] * len(new)
            ends += [self.ends[end - 1]] * len(new)
            # Only what stands next to it: there may be markup in between.
            if step.clings and not new and ends and ends[-1] == self.starts[start]:
                ends[-1] = self.ends[end - 1]
            at = end
        self.text = "".join([*texts, self.text[at:]])
        self.starts = starts + self.starts[at:]
        self.ends = ends + self.ends[at:]

    def compose(self):
        """Compose as NFC does."""
        text = self.text
        pieces = []
        for i, character in enumerate(text):
            # An ASCII character never composes with the one before it.
            piece = (i, i + 1, unicodedata.normalize("NFC", character))
            if pieces and not character.isascii() and not _composes_apart(text, pieces[-1], piece):
                start = pieces.pop()[0]
                piece = (start, i + 1, unicodedata.normalize("NFC", text[start : i + 1]))
            pieces.append(piece)
        self.replace(pieces)

    def lower(self):
        """Convert to lower case."""
        lower = self.text.lower()
        self.replace_each(str.lower)
        # Only in the whole text is it known where a word ends, on which the form of sigma depends.
        if len(lower) == len(self.text):
            self.text = lower

    def strip_accents(self, function):
        """Remove accents; a function of the caller is left to :func:`find_spans`."""
        if function in _STRIPPED:
            self.replace_each(_STRIPPED[function])


def find_spans(analyzer, document, tokens):
    """Return the positions of tokens in their document.

    Parameters
    ----------
    analyzer : skrnn.text.tokens.Analyzer
        It has split the document.
    document : str
        The original text.
    tokens : list of str
        The tokens of the document.

    Returns
    -------
    ndarray of shape (n_tokens, 2) of int64, or None
        Token i comes from ``document[spans[i, 0]:spans[i, 1]]``. None if a user's function splits
        or preprocesses the text in such a way that the positions are not certain.
    """
    if analyzer.stop_words:
        return _without_stop_words(analyzer, document)
    aligned = _clean(analyzer.preprocess, document)
    if aligned is None:
        return None
    if analyzer.tokenize is split_characters:
        found = _spans_of_characters(aligned.text)
    elif analyzer.tokenize in (find_tokens, find_words, find_words_in_any_case):
        if analyzer.tokenize is not find_tokens:
            restore_lost(aligned)
        found = _spans_of_matches(finder_of(aligned.text), aligned.text)
    elif analyzer.tokenize_from is None:
        found = _spans_of_matches(analyzer.tokenize.__self__, aligned.text)
    else:
        found = _spans_of_parts(tokens, aligned.text)
    if found is None or len(found) != len(tokens):
        return None
    spans = [aligned.span(*each) for each in found]
    return np.array(spans, dtype=np.int64).reshape(-1, 2)


def _without_stop_words(analyzer, document):
    whole = replace(analyzer, stop_words=None)
    (tokens,) = whole.iter_tokens([document])
    spans = find_spans(whole, document, tokens)
    if spans is None:
        return None
    return spans[[token not in analyzer.stop_words for token in tokens]].reshape(-1, 2)


def _clean(preprocess, document):
    """Return the preprocessed document as an `AlignedText`, or None."""
    aligned = AlignedText(document)
    cleaned = preprocess(document)
    if isinstance(preprocess, partial) and preprocess.func is preprocess_text:
        prepare(aligned, **preprocess.keywords)
    # If a user's function leaves every letter in its place, as str.lower does, the characters still
    # correspond.
    if len(cleaned) != len(aligned.text) or cleaned.lower() != aligned.text.lower():
        return None
    aligned.text = cleaned
    return aligned


def _composes_apart(text, before, after):
    # Some marks look like letters until they are decomposed.
    if is_accent(unicodedata.normalize("NFD", text[after[0]])[0]):
        return False
    return unicodedata.normalize("NFC", text[before[0] : after[1]]) == before[2] + after[2]


def _without_accents(character):
    return "".join(c for c in unicodedata.normalize("NFKD", character) if not is_accent(c))


def _unless_ascii(character):
    return character if character.isascii() else _without_accents(character)


# Both decompose the whole text, which changes the order of the marks, but then remove the marks.
_STRIPPED = {strip_accents_ascii: strip_accents_ascii, strip_accents_unicode: _unless_ascii}


def _spans_of_characters(text):
    """Return (start, end) of each token of `_characters`; a run of white space is one token."""
    spans, end = [], 0
    for word in text.split():
        start = text.index(word, end)
        if spans:
            spans.append((end, start))
        end = start + len(word)
        spans += [(i, i + 1) for i in range(start, end)]
    return spans


def _spans_of_matches(pattern, text):
    """Return (start, end) of each token that ``pattern.findall`` finds."""
    spans = []
    for match in pattern.finditer(text):
        start, end = match.span(pattern.groups)  # the one group, or group 0, the whole
        # A group that did not match is an empty token.
        spans.append((start, end) if start >= 0 else (match.start(), match.start()))
    return spans


def _spans_of_parts(tokens, text):
    """Return (start, end) of each token if the tokens are the whole text without its blanks.

    Only then are the positions unique. If a function leaves words out, the token "a" can be that
    word, or the beginning of a word that was left out.
    """
    spans, end = [], 0
    for token in tokens:
        start = _first_of(text, end) if token.strip() else end
        if not token or not text.startswith(token, start):
            return None
        end = start + len(token)
        spans.append((start, end))
    return spans if _first_of(text, end) == len(text) else None


def _first_of(text, start):
    """Return the position of the first character from `start` on that is not blank."""
    found = _NOT_BLANK.search(text, start)
    return found.start() if found else len(text)
