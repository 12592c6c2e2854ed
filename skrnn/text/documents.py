"""Iterate over the documents of any container, one string at a time."""

from collections.abc import Mapping, Set
from numbers import Number

import numpy as np
from scipy.sparse import issparse

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.printing import brief

_WANTED = "a list, an array or a pandas, polars or Arrow column of str"


def describe(value, width=60):
    """Return the type and a short repr of a value, for error messages."""
    return f"{type(value).__name__} {brief(value, width)}"


def iter_documents(X, also=()):
    """Yield the documents of a container, and check each of them.

    Parameters
    ----------
    X : iterable of str
        A list, tuple, generator, 1-D or (n_samples, 1) NumPy array, pandas, polars or Arrow
        column, or a pandas or polars frame or Arrow table of one column.

    also : tuple of type, default=()
        Types that a document can have, other than str; for callables that take documents
        which are already split into tokens.

    Yields
    ------
    document : str

    Raises
    ------
    ValueError
        If `X` is a bare string, has several columns, or a document is missing.

    TypeError
        If `X` is not an ordered collection, or a document has another type.
    """
    accepted = (str, *also)
    for row, document in enumerate(_as_iterable(X)):
        if not isinstance(document, accepted):
            raise _document_error(document, row)
        yield document


def _as_iterable(X):
    if isinstance(X, str | bytes | bytearray):
        raise InvalidInputError(
            f"Expected an iterable of documents, got a single {describe(X)}. "
            "For one document, pass a list: [text]."
        )
    if isinstance(X, Mapping | Set):
        # Both can be iterated over, but a mapping yields its keys, and a set an order that differs
        # from process to process and does not match y.
        raise InvalidTypeError(
            f"Expected {_WANTED}, got {describe(X)}. Pass its texts in a fixed order, "
            "for example list(texts.values()) or sorted(texts)."
        )
    if issparse(X):
        raise InvalidTypeError(f"Expected {_WANTED}, got a sparse matrix of shape {X.shape}.")
    if hasattr(X, "collect"):  # polars
        raise InvalidTypeError(
            f"Expected {_WANTED}, got a {type(X).__name__}. Call its collect() first."
        )
    if hasattr(X, "shape"):
        X = _one_column(X)
    # Python objects: much faster than iterating over the array. A column of Arrow decodes its
    # dictionary, and gives str instead of its own scalars.
    for name in ("to_pylist", "to_list", "tolist"):
        if hasattr(X, name):
            return getattr(X, name)()
    if hasattr(X, "to_numpy"):  # xarray
        return X.to_numpy().tolist()
    try:
        return iter(X)
    except TypeError:
        raise InvalidTypeError(f"Expected {_WANTED}, got {describe(X)}.") from None


def _one_column(X):
    """Return a container that has a shape with one dimension."""
    shape = tuple(X.shape)
    if len(shape) == 1:
        return X
    if len(shape) != 2 or shape[1] != 1:
        raise InvalidInputError(
            f"Expected one column of documents, got {type(X).__name__} of shape {shape}"
            f"{_column_names(X)}. {_one_of(X)}"
        )
    if hasattr(X, "column_names") and hasattr(X, "column"):  # a table of Arrow
        return X.column(0)
    return np.reshape(X, -1)  # frames become object arrays; masked arrays keep their mask


def _names(X):
    """Return the names of the columns of a frame or table."""
    return list(getattr(X, "column_names", getattr(X, "columns", [])))


def _column_names(X):
    names = _names(X)
    return f" with columns {names[:5]!r}" if names else ""


def _one_of(X):
    names = _names(X)
    if not names:
        return "Pass one column, X[:, i]."
    example = names[0]
    return (
        f"Pass the column with the text, for example X[{example!r}] or, as a frame, "
        f"X[[{example!r}]]. In a pipeline, select it with "
        f'make_column_transformer(("passthrough", [{example!r}])) before TextToSequence().'
    )


def _document_error(document, row):
    """Return the error for a document that is not a string, with advice."""
    message = f"Document in row {row} is {describe(document)}, but must be a str. "
    if _is_missing(document):
        return ValueError(
            message + 'Drop the rows without text, or fill them with "", since an empty document '
            'is allowed (pandas: X.fillna(""), polars: X.fill_null(""), Arrow: '
            'pyarrow.compute.fill_null(X, "")).'
        )
    if isinstance(document, bytes | bytearray):
        return TypeError(message + 'Decode it first: document.decode("utf-8").')
    if isinstance(document, list | tuple | np.ndarray):
        return TypeError(
            message + "If these are tokens, pass analyzer=list. If this is a column of a table, "
            "pass a flat list of its texts."
        )
    if hasattr(document, "as_py"):
        return TypeError(message + "Take its value first: document.as_py().")
    if isinstance(document, Number | np.number):
        return TypeError(message + "Convert it first: str(document).")
    # str of other objects is often a description, which has other words than the text.
    return TypeError(message + "Pass the text itself, a str.")


def _is_missing(document):
    # By name, since pandas need not be installed.
    return (
        document is None
        or type(document).__name__ in {"NAType", "NaTType"}
        or (isinstance(document, float | np.floating) and document != document)
    )
