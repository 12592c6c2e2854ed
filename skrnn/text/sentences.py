"""Sentences that are already words: read from any container, and checked word by word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.printing import brief

_EXAMPLE = "[['the', 'cat'], ['sat']]"


class Sentences(NamedTuple):
    """The words of all sentences, one after the other.

    Attributes
    ----------
    words : list of str
    columns : list of list of str
        For each given column beside the word, its value at each word.
    offsets : ndarray of shape (n_samples + 1,) of int64
        Sentence i has the words ``offsets[i]:offsets[i + 1]``.
    """

    words: list
    columns: list
    offsets: np.ndarray


def are_sentences(X: Any) -> bool:
    """Whether X looks like sentences of words: its first row that is not empty holds a str.

    Texts that are not split, and bytes, count too: `read_sentences` says what to do with them.
    """
    if issparse(X) or isinstance(X, str | bytes | Mapping | Set | Iterator):
        return isinstance(X, str)
    if isinstance(X, np.ndarray) and X.dtype.kind != "O":
        return X.dtype.kind in "UST"
    rows = _rows(X)
    if rows is None:
        return False
    for row in rows:
        if isinstance(row, str | bytes):
            return True
        if isinstance(row, np.ndarray) and row.dtype.kind in "biuf":
            return False
        row = _row(row)
        if row is None:
            return False
        if len(row):
            return any(map(_begins_with_text, row))
    return False


def _begins_with_text(first):
    while isinstance(first, list | tuple) and len(first):
        first = first[0]
    return isinstance(first, str | bytes)


def read_sentences(X: Any, name: str, n_columns: int | None = None) -> Sentences:
    """Return the words of sentences, and the columns beside them.

    Parameters
    ----------
    X : list of list, object array, or column of lists
        Each sentence is a list, tuple or array of words (str), or of tuples (word, value, ...) of
        one length. Values beside the word are str, int or bool, and become str. A sentence may be
        empty.
    name : str
        Of the estimator, for errors.
    n_columns : int or None
        How many values there must be beside each word; None takes those of the first word.

    Raises
    ------
    ValueError, TypeError
        If there are no sentences, or a word is not a str or not a tuple of the others' length. The
        message names row and position.
    """
    rows = _rows(X)
    if rows is None:
        raise InvalidTypeError(
            f"{name} takes sentences as lists of words, such as {_EXAMPLE}, but got "
            f"{type(X).__name__} {brief(X)}."
        )
    words: list = []
    given: list = []
    lengths = []
    for i, one in enumerate(rows):
        row = _row(one)
        if row is None:
            raise _no_sentence(one, i, name)
        lengths.append(len(row))
        if not len(row):
            continue
        if n_columns is None:
            n_columns = len(row[0]) - 1 if isinstance(row[0], tuple | list) else 0
        if n_columns:
            _take_tuples(row, i, n_columns, words, given, name)
        elif all(map(_is_str, row)):
            words.extend(row)
        else:
            _take_words(row, i, words, name)
    if not lengths:
        raise InvalidInputError(
            f"X has no rows, but {name} needs at least one sentence, such as {_EXAMPLE}."
        )
    columns = [list(map(_plain, column)) for column in zip(*given, strict=True)] if given else []
    columns = columns or [[] for _ in range(n_columns or 0)]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Sentences(list(map(str.__str__, words)), columns, offsets)


def _is_str(word):
    return isinstance(word, str)


def _plain(value):
    # Of subclasses of str, such as an enumeration, the text is meant, to which they are equal.
    if isinstance(value, str):
        return str.__str__(value)
    return str(value if isinstance(value, bool | np.bool_) else int(value))


def _rows(X):
    """Return the rows of a container, or None if it has none."""
    if isinstance(X, str | bytes | Mapping | Set | Iterator) or issparse(X) or X is None:
        return None
    if hasattr(X, "column_names") and hasattr(
        X, "columns"
    ):  # a table of Arrow: one column of lists
        return X.columns[0].to_pylist() if len(X.columns) == 1 else None
    for method in ("to_pylist", "to_list"):  # a column of Arrow, pandas or polars
        if hasattr(X, method):
            return getattr(X, method)()
    if hasattr(X, "columns"):  # a frame: one column of lists
        return None if X.shape[1] != 1 else list(np.asarray(X)[:, 0])
    if isinstance(X, np.ndarray):
        return X.tolist() if X.ndim == 2 else list(X) if X.ndim == 1 else None
    return X if hasattr(X, "__len__") and hasattr(X, "__getitem__") else None


def _row(row):
    """Return a sentence as a list or tuple, or None if it is none."""
    if isinstance(row, list | tuple):
        return row
    for method in ("to_pylist", "to_list", "tolist", "as_py"):
        if hasattr(row, method) and hasattr(row, "__len__") and not isinstance(row, str | bytes):
            return getattr(row, method)()
    return None


def _take_words(row, i, words, name):
    for at, word in enumerate(row):
        if isinstance(word, tuple | list) and len(word) == 1:
            word = word[0]
        if not isinstance(word, str):
            raise _no_word(word, i, at, 0, name)
        words.append(word)


def _take_tuples(row, i, n_columns, words, given, name):
    for at, one in enumerate(row):
        is_pair = isinstance(one, tuple | list) and len(one) == n_columns + 1
        if not is_pair or not isinstance(one[0], str):
            raise _no_word(one, i, at, n_columns, name)
        for value in one[1:]:
            if not isinstance(value, str | int | np.integer | np.bool_):
                raise InvalidInputError(
                    f"Row {i} of X has {brief(value)} beside the word {brief(one[0])} at position "
                    f"{at}. {name} takes values beside a word that are names: str or int. Divide a "
                    "quantity into a few classes, or pass numeric sequences."
                )
        words.append(one[0])
        given.append(one[1:])


def _no_word(word, i, at, n_columns, name):
    wanted = "a word (str)" if not n_columns else f"a tuple (word, {'value, ' * n_columns}".rstrip()
    wanted = wanted.rstrip(",") + (")" if n_columns else "")
    return InvalidInputError(
        f"Row {i} of X has {brief(word)} at position {at}, where {name} needs {wanted}, as at the "
        "other positions. "
        + (
            "Decode bytes first: word.decode()."
            if isinstance(word, bytes)
            else "A missing word may be the empty string ''."
        )
    )


def _no_sentence(row, i, name):
    if isinstance(row, str):
        return InvalidInputError(
            f"Row {i} of X is the text {brief(row)}, but {name} has an answer for each word and "
            "takes lists of words. Split the texts as the labels were made, for example "
            "[text.split() for text in X]."
        )
    return InvalidInputError(
        f"Row {i} of X is {type(row).__name__} {brief(row)}, but {name} needs a list of words "
        f"there, such as {_EXAMPLE}; a sentence without words is []."
    )
