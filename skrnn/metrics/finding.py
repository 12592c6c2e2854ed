"""The spans of each row, in steps, or in characters of the text."""

from typing import Any, NamedTuple

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.metrics.chunks import find_chunks
from skrnn.sequences import ragged_labels, refuse_unequal_rows


class Span(NamedTuple):
    """Where a span is, and its type.

    Attributes
    ----------
    start, end : int
        First step (or character) of the span, and the one after its last: the span is
        ``row[start:end]``.
    label : str
        The type, such as "NP".

    Examples
    --------
    >>> from skrnn.metrics import Span
    >>> span = Span(0, 2, "PER")
    >>> ["Ada", "Lovelace", "wrote"][span.start : span.end]
    ['Ada', 'Lovelace']
    """

    start: int
    end: int
    label: str


def spans(X: Any, tags: Any, *, text: Any = None) -> list[list[Span]]:
    """Return the spans of each row as tuples (start, end, label).

    Labels are read as :func:`span_f1_score` reads them, each row by itself.

    Parameters
    ----------
    X : list of list, or other rows of steps; or None
        What was tagged: words, tuples that begin with the word, token ids, or numeric sequences.
        Only the length of a row counts, unless `text` is given. None skips the check that X and
        `tags` have the same lengths.
    tags : list of list of str, or object array of arrays
        The labels, such as the predictions of a tagger.
    text : sequence of str, default=None
        The text of each row. With it, `start` and `end` are characters of the text. The words of X
        are looked for one after the other: each stands right behind the word before it and white
        space, or else at the next place where a word begins.

    Returns
    -------
    spans : list of list of Span
        ``X[i][start:end]`` are the steps of a span of row i; with `text`, ``text[i][start:end]`` is
        what it looks like. Spans of a row are in the order of the text.

    Raises
    ------
    InvalidInputError
        If labels are no rows of str, a row has another length than its labels, or a word of X is
        not in the text. The message names row, word and position.

    Examples
    --------
    >>> from skrnn.metrics import spans
    >>> X = [["Ada", "Lovelace", "met", "Babbage", "."]]
    >>> tags = [["B-PER", "I-PER", "O", "B-PER", "O"]]
    >>> spans(X, tags)
    [[Span(start=0, end=2, label='PER'), Span(start=3, end=4, label='PER')]]
    >>> spans(X, tags, text=["Ada  Lovelace met Babbage."])
    [[Span(start=0, end=13, label='PER'), Span(start=18, end=25, label='PER')]]
    """
    flat, offsets = ragged_labels(tags, "tags")
    if X is not None:
        refuse_unequal_rows(offsets, _offsets_of(X), "tags", "X")
    chunks = find_chunks(flat, offsets, "tags", apart=True)
    found: list[list[Span]] = [[] for _ in range(len(offsets) - 1)]
    columns = (chunks.row, chunks.start, chunks.end, chunks.types)
    for row, start, end, label in zip(*(one.tolist() for one in columns), strict=True):
        found[row].append(Span(start, end, label))
    return found if text is None else _in_text(found, X, text)


def _offsets_of(X):
    lengths = []
    for i, row in enumerate(X):
        if isinstance(row, str | bytes) or not hasattr(row, "__len__"):
            raise InvalidInputError(
                f"Row {i} of X is the {type(row).__name__} {str(row)[:40]!r}, but has to be a list "
                "of steps, such as ['Ada', 'met', 'Babbage']. The text itself is text=."
            )
        lengths.append(len(row))
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _in_text(found, X, text):
    if X is None:
        raise InvalidInputError("spans needs the words of X to find them in text. X is None.")
    if isinstance(text, str) or not all(isinstance(one, str) for one in text):
        raise InvalidInputError(
            f"text has to be a sequence of str, one for each row of X, but is {str(text)[:40]!r}."
        )
    if len(text) != len(found):
        raise InvalidInputError(
            f"text has {len(text)} texts, but X has {len(found)} rows. Pass one text for each row."
        )
    rows = []
    for i, (row, words, whole) in enumerate(zip(found, X, text, strict=True)):
        places = word_offsets(words, whole, i) if row else []
        rows.append([Span(places[s][0], places[e - 1][1], label) for s, e, label in row])
    return rows


def word_offsets(words, text, row):
    """Return the first character of each word, and the one after its last."""
    places, position = [], 0
    for number, one in enumerate(words):
        word = one if isinstance(one, str) else one[0] if isinstance(one, tuple | list) else one
        if not isinstance(word, str):
            raise InvalidInputError(
                f"Step {number} of row {row} of X is {word!r} of type {type(word).__name__}, but "
                "only words can be found in text."
            )
        start = _find(word, text, position)
        if start < 0:
            raise InvalidInputError(
                f"Row {row}: the word {word!r} (step {number}) is not in the text from character "
                f"{position} on, {text[position : position + 40]!r}. The words of X have to be "
                "parts of the text, in its order and spelling; without text=, spans are in steps."
            )
        position = start + len(word)
        places.append((start, position))
    return places


def _find(word, text, position):
    near = position
    while near < len(text) and text[near].isspace():
        near += 1
    for start in (position, near):  # a word may itself begin with white space
        if text.startswith(word, start):
            return start
    start = text.find(word, near)
    while start > 0 and word[:1].isalnum() and text[start - 1].isalnum():
        start = text.find(word, start + 1)  # in the middle of another word
    return start
