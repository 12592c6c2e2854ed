"""What a collection of documents is: the caller's container, read one string at a time."""

from collections.abc import Mapping, Set

import numpy as np
from scipy.sparse import issparse

_WANTED = "a list, an array or a pandas or polars column of str"


def describe(value, width=60):
    """Name a value in an error message: its type and a short repr."""
    text = repr(value)
    if len(text) > width:
        text = text[: width - 3] + "..."
    return f"{type(value).__name__} {text}"


def iter_documents(X, also=()):
    """Yield the documents of any container the estimators take, checked one by one.

    Parameters
    ----------
    X : iterable of str
        A list, tuple, generator, 1-D or (n_samples, 1) NumPy array, pandas or polars
        Series, or a pandas or polars frame of one column.

    also : tuple of type, default=()
        Types a document may have besides str; for callables that take documents which
        are already cut into tokens.

    Yields
    ------
    document : str

    Raises
    ------
    ValueError
        If `X` is a bare string, has several columns, or a document is missing.

    TypeError
        If `X` is no ordered collection, or a document is of another type.
    """
    accepted = (str, *also)
    for row, document in enumerate(_as_iterable(X)):
        if not isinstance(document, accepted):
            raise _document_error(document, row)
        yield document


def _as_iterable(X):
    if isinstance(X, str | bytes | bytearray):
        raise ValueError(
            f"Iterable over documents expected, a single {describe(X)} received. "
            "For one document, pass a list of one: [text]."
        )
    if isinstance(X, Mapping | Set):
        # Both iterate without complaint: a mapping over its keys, a set in an order that
        # changes from process to process and so matches no y.
        raise TypeError(
            f"Expected {_WANTED}, got {describe(X)}. Pass its texts in a fixed order, "
            "for example list(texts.values()) or sorted(texts)."
        )
    if issparse(X):
        raise TypeError(f"Expected {_WANTED}, got a sparse matrix of shape {X.shape}.")
    if hasattr(X, "collect"):  # polars
        raise TypeError(f"Expected {_WANTED}, got a {type(X).__name__}; call its collect() first.")
    if hasattr(X, "shape"):
        X = _one_column(X)
    # Elements as plain Python objects: far faster than iterating the array itself.
    for name in ("to_list", "tolist"):
        if hasattr(X, name):
            return getattr(X, name)()
    try:
        return iter(X)
    except TypeError:
        raise TypeError(f"Expected {_WANTED}, got {describe(X)}.") from None


def _one_column(X):
    """Bring a container with a shape down to one dimension."""
    shape = tuple(X.shape)
    if len(shape) == 1:
        return X
    if len(shape) != 2 or shape[1] != 1:
        raise ValueError(
            f"Expected one column of documents, got {type(X).__name__} of shape {shape}"
            f"{_column_names(X)}. {_one_of(X)}"
        )
    return np.reshape(X, -1)  # frames become object arrays; masked arrays keep their mask


def _column_names(X):
    names = list(getattr(X, "columns", []))
    return f" with columns {names[:5]!r}" if names else ""


def _one_of(X):
    names = list(getattr(X, "columns", []))
    if not names:
        return "Pass one column, X[:, i]."
    example = names[0]
    return (
        f"Pass the column that holds the text, such as X[{example!r}] or, as a frame, "
        f"X[[{example!r}]]; or choose it within a pipeline, with "
        f'make_column_transformer(("passthrough", [{example!r}])) before TextToSequence().'
    )


def _document_error(document, row):
    """Build the error for a document that is no string, with the way out."""
    message = f"Document in row {row} is {describe(document)}; every document must be a str. "
    if _is_missing(document):
        return ValueError(
            message + 'Drop the rows without text, or fill them with "": an empty document '
            'is allowed (pandas: X.fillna(""), polars: X.fill_null("")).'
        )
    if isinstance(document, bytes | bytearray):
        return TypeError(message + 'Decode it first: document.decode("utf-8").')
    if isinstance(document, list | tuple | np.ndarray):
        return TypeError(
            message + "If these are tokens, pass analyzer=list; if a column of a table, "
            "pass a flat list of its texts."
        )
    return TypeError(message + "Convert it first: str(document).")


def _is_missing(document):
    # By name, so that pandas need not be imported to know its NA and NaT.
    return (
        document is None
        or type(document).__name__ in {"NAType", "NaTType"}
        or (isinstance(document, float | np.floating) and document != document)
    )
