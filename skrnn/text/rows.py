"""Rows of token ids: make an array of them, and read them from any container."""

from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_array, issparse

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.sequences import PADDING, TokenArray
from skrnn.text.documents import describe


def truncate_rows(ids, lengths, max_length, truncate):
    """Truncate each row to at most `max_length` tokens.

    Parameters
    ----------
    ids : ndarray of shape (n_tokens,)
        The tokens of all rows, concatenated.

    lengths : ndarray of shape (n_samples,)
        The length of each row.

    max_length : int

    truncate : {"head", "tail", "both"}
        The part that is kept. With "both", the head gets the odd token.

    Returns
    -------
    ids, lengths : ndarray
        The truncated rows in the same form.
    """
    if not len(lengths) or lengths.max() <= max_length:
        return ids, lengths
    n_head = {"head": max_length, "tail": 0, "both": max_length - max_length // 2}[truncate]
    n_tail = max_length - n_head
    from_start = positions(lengths)
    to_end = np.repeat(lengths, lengths) - from_start
    # A row that fits is kept whole: a token that is not in its head is among its last n_tail.
    keep = (from_start < n_head) | (to_end <= n_tail)
    return ids[keep], np.minimum(lengths, max_length)


def positions(lengths):
    """Return the position of each token in its row: 0, 1, ..., and 0 again in the next row."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)


def pack_rows(ids, lengths, width, vocabulary_size):
    """Return rows, aligned on the left, as a CSR array whose implicit zeros are the padding.

    Returns
    -------
    X : TokenArray of int32 of shape (n_samples, width)
        With the attribute `vocabulary_size`.
    """
    index = np.int32 if len(ids) <= np.iinfo(np.int32).max else np.int64
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(index)
    columns = positions(lengths).astype(index)
    X = TokenArray((ids, columns, indptr), shape=(len(lengths), width), dtype=np.int32)
    X.vocabulary_size = vocabulary_size
    return X


def decode_rows(X, words):
    """Return the words of each row of token ids.

    Parameters
    ----------
    X : sparse array, array-like of shape (n_samples, n_timesteps) or list of id lists
        Zeros are padding at all positions.

    words : ndarray of shape (n_ids,)
        The word of each id.

    Returns
    -------
    documents : list of ndarray
        The words of each row.
    """
    values, lengths = _flatten(X)
    ends = np.cumsum(lengths)
    if values.dtype.kind not in "iuf":
        raise InvalidTypeError(f"Token ids must be integers, got an array of dtype {values.dtype}.")
    # This form refuses NaN as well: every comparison with it is False.
    with np.errstate(invalid="ignore"):
        right = (values >= 0) & (values < len(words)) & (values % 1 == 0)
    if not right.all():
        first = int(right.argmin())
        row = int(np.searchsorted(ends, first, side="right"))
        raise InvalidInputError(
            f"Row {row} has {values[first]}, which is not a token id. Ids are the integers from 0 "
            f"(padding) and 1 (unknown word) to {len(words) - 1}, the last word of vocabulary_."
        )
    ids = values.astype(np.int64)
    starts = ends - lengths
    rows = (ids[start:end] for start, end in zip(starts, ends, strict=True))
    return [words[row[row > 0]] for row in rows]


def _flatten(X):
    """Return the ids of any container as a flat array, and the length of each row."""
    if getattr(X, "column_values", None) is not None:
        X = X.without_columns()
    if issparse(X):
        X = csr_array(X)
        if not X.has_sorted_indices:  # the order of the columns is that of the words
            X = X.sorted_indices()
        return X.data, np.diff(X.indptr)
    if isinstance(X, np.ma.MaskedArray):
        X = X.filled(PADDING)
    if hasattr(X, "shape") or hasattr(X, "__array__"):
        X = np.asarray(X)
        if X.dtype == object:  # rows of different lengths, or numbers as objects
            X = X.tolist()
        elif X.ndim == 2:
            return X.ravel(), np.full(X.shape[0], X.shape[1])
        else:
            raise InvalidInputError(
                f"Expected token ids of shape (n_samples, n_timesteps), got shape {X.shape}. "
                "For one document, pass a list: [ids]."
            )
    if not isinstance(X, Iterable):
        raise InvalidTypeError(
            f"Expected a list of token ids for each document, got {describe(X)}."
        )
    rows = [_as_row(ids, row) for row, ids in enumerate(X)]
    lengths = np.array([len(ids) for ids in rows], dtype=np.int64)
    return np.concatenate([*rows, np.zeros(0, np.int64)]), lengths


def _as_row(ids, row):
    array = ids.filled(PADDING) if isinstance(ids, np.ma.MaskedArray) else np.asarray(ids)
    if array.ndim != 1:
        raise InvalidInputError(
            f"Row {row} is {describe(ids)}, but must be the list of token ids of a document. "
            "For one document, pass a list: [ids]."
        )
    if array.size and array.dtype.kind not in "iuf":
        raise InvalidTypeError(
            f"Row {row} has {describe(array[0])}, but token ids must be integers."
        )
    return array if array.size else array.astype(np.int64)
