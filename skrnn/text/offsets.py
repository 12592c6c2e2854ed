"""Where each token stands in the text as the user wrote it.

A tokenizer cuts a cleaned text: without line breaks, composed, lower case. Each step of the
cleaning is done again here with a note of which original characters every new one is made of; the
result is held against the real one, so that an offset is right or there is none.
"""

import re
import unicodedata
from functools import partial

import numpy as np
from sklearn.feature_extraction.text import strip_accents_ascii, strip_accents_unicode

from skrnn.text.tokens import _LINE_BREAK, _characters, _preprocess

_NOT_BLANK = re.compile(r"\S")


class AlignedText:
    """A text, and the part of the original that each of its characters is made of.

    Attributes
    ----------
    text : str
        What the steps so far have made of the original.
    starts, ends : list of int
        Character i of `text` is made of ``original[starts[i]:ends[i]]``. Both ascend.
    """

    def __init__(self, original):
        self.text = original
        self.starts = list(range(len(original)))
        self.ends = list(range(1, len(original) + 1))

    def span(self, start, end):
        """Return the part of the original that ``text[start:end]`` is made of, (start, end)."""
        if start < end:
            return self.starts[start], self.ends[end - 1]
        if start < len(self.text):  # an empty token stands before a character
            return self.starts[start], self.starts[start]
        last = self.ends[-1] if self.ends else 0
        return last, last

    def replace(self, pieces):
        """Put other texts in the place of parts of this one.

        Parameters
        ----------
        pieces : iterable of (start, end, str)
            The parts of `text`, in order and without gaps, and what each becomes. A character
            of a part that stays is made of what it was, of another one of the whole part.
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
        """Put ``function(character)`` in the place of every character."""
        self.replace((i, i + 1, function(character)) for i, character in enumerate(self.text))


def find_spans(analyzer, document, tokens):
    """Return where the tokens of a document stand in it.

    Parameters
    ----------
    analyzer : skrnn.text.tokens.Analyzer
        What has cut it.
    document : str
        As the user wrote it.
    tokens : list of str
        What came out.

    Returns
    -------
    ndarray of shape (n_tokens, 2) of int64, or None
        Token i is made of ``document[spans[i, 0]:spans[i, 1]]``. None where a function of the
        caller's has cut or cleaned the text so that this cannot be told for certain.
    """
    aligned = _clean(analyzer.preprocess, document)
    if aligned is None:
        return None
    if analyzer.tokenize is _characters:
        found = _spans_of_characters(aligned.text)
    elif analyzer.tokenize_from is None:
        found = _spans_of_matches(analyzer.tokenize.__self__, aligned.text)
    else:
        found = _spans_of_parts(tokens, aligned.text)
    if found is None or len(found) != len(tokens):
        return None
    spans = [aligned.span(*each) for each in found]
    return np.array(spans, dtype=np.int64).reshape(-1, 2)


def _clean(preprocess, document):
    """Return the cleaned document as an `AlignedText`, or None."""
    aligned = AlignedText(document)
    cleaned = preprocess(document)
    if isinstance(preprocess, partial) and preprocess.func is _preprocess:
        strip_accents = preprocess.keywords["strip_accents"]
        _break_lines(aligned)
        _compose(aligned)
        if preprocess.keywords["lower"]:
            _lower(aligned)
        if strip_accents in _STRIPPED:
            aligned.replace_each(_STRIPPED[strip_accents])
    # Whatever a function of the caller's has done: where it left every letter in its place, as
    # str.lower does, the characters still correspond.
    if len(cleaned) != len(aligned.text) or cleaned.lower() != aligned.text.lower():
        return None
    aligned.text = cleaned
    return aligned


def _break_lines(aligned):
    pieces, end = [], 0
    for match in _LINE_BREAK.finditer(aligned.text):
        pieces.append((end, match.start(), aligned.text[end : match.start()]))
        pieces.append((match.start(), match.end(), " "))
        end = match.end()
    pieces.append((end, len(aligned.text), aligned.text[end:]))
    aligned.replace(pieces)


def _compose(aligned):
    """Compose as NFC does, and make the apostrophe plain."""
    text = aligned.text
    if text.isascii():
        return
    pieces = []
    for i, character in enumerate(text):
        # No ASCII character composes with one before it.
        piece = (i, i + 1, unicodedata.normalize("NFC", character))
        if pieces and not character.isascii() and not _composes_apart(text, pieces[-1], piece):
            start = pieces.pop()[0]
            piece = (start, i + 1, unicodedata.normalize("NFC", text[start : i + 1]))
        pieces.append(piece)
    aligned.replace(pieces)
    aligned.text = aligned.text.replace("\u2019", "'")


def _composes_apart(text, before, after):
    # Some marks pass for letters until they are taken apart.
    if _is_accent(unicodedata.normalize("NFD", text[after[0]])[0]):
        return False
    return unicodedata.normalize("NFC", text[before[0] : after[1]]) == before[2] + after[2]


def _lower(aligned):
    lower = aligned.text.lower()
    aligned.replace_each(str.lower)
    # The whole at once knows where a word ends, by which a sigma is written.
    if len(lower) == len(aligned.text):
        aligned.text = lower


def _without_accents(character):
    return "".join(c for c in unicodedata.normalize("NFKD", character) if not _is_accent(c))


def _is_accent(character):
    return unicodedata.combining(character) > 0


def _unless_ascii(character):
    return character if character.isascii() else _without_accents(character)


# Both decompose the whole text, which puts marks in another order, but drop the marks then.
_STRIPPED = {strip_accents_ascii: strip_accents_ascii, strip_accents_unicode: _unless_ascii}


def _spans_of_characters(text):
    """Return (start, end) of each token of `_characters`; a run of white space is one."""
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
        # A group that took no part is an empty token.
        spans.append((start, end) if start >= 0 else (match.start(), match.start()))
    return spans


def _spans_of_parts(tokens, text):
    """Return (start, end) of each token if they, in order, are all of the text but its blanks.

    Then they can stand in one way only. Of a function that leaves words out, "a" may be the word,
    or the beginning of one that was left out.
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
    """Return where, from `start` on, the first character stands that is not blank."""
    found = _NOT_BLANK.search(text, start)
    return found.start() if found else len(text)
