"""Columns of data frames and arrays: pick one, and read numbers from it."""

from decimal import Decimal
from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.text.documents import describe

# Sparse output with more columns is rather counts of words, which would fill the memory.
MAX_SPARSE_COLUMNS = 1000


def column_names(X):
    """Return the names of the columns of a frame, or None if X has none."""
    # pandas makes attributes of the columns; pyarrow's `columns` are the columns themselves.
    names = X.column_names if _is_of_arrow(X) else getattr(X, "columns", None)
    return None if names is None else list(names)


def _is_of_arrow(X):
    return type(X).__module__.startswith("pyarrow")


def check_frame(X, owner):
    """Return the number of rows and columns of a frame or array.

    Raises
    ------
    TypeError
        If X is neither.
    """
    if hasattr(type(X), "collect"):  # polars
        raise InvalidTypeError(f"{owner} got a {type(X).__name__}. Call its collect() first.")
    shape = getattr(X, "shape", ())
    if issparse(X) or len(shape) != 2:
        raise InvalidTypeError(
            f"{owner} expects a frame of pandas, polars or pyarrow, or an array of two dimensions, "
            f"with a column of texts and columns of numbers, but got {describe(X)}."
        )
    return shape


def pick(X, key, owner):
    """Return one column of a frame or an array.

    Parameters
    ----------
    X : frame, or ndarray of shape (n_samples, n_columns)
    key : str or int
        Name, or position.
    owner : str
        Named in errors.

    Raises
    ------
    ValueError
        If there is no such column, or two of the name.
    """
    names, width = column_names(X), X.shape[1]
    is_position = isinstance(key, Integral) and not isinstance(key, bool)
    if is_position and not (names and key in names):
        if not -width <= key < width:
            raise InvalidInputError(
                f"{owner} reads the column {key} of X, but X has {width} columns."
            )
        if names is None:
            return X[:, key]
        key = names[key]
    if names is None:
        raise InvalidInputError(
            f"{owner} reads the column {key!r} of X, but X is {type(X).__name__}, which has no "
            "names of columns. Pass a frame as in fit, or give the positions of the columns."
        )
    if names.count(key) != 1:
        how = "no column" if key not in names else f"{names.count(key)} columns"
        raise InvalidInputError(
            f"{owner} reads the column {key!r}, but X has {how} of that name; it has "
            f"{', '.join(map(repr, names[:10]))}."
        )
    return X.column(key) if _is_of_arrow(X) else X[key]


def pick_texts(X, key, owner):
    """Return a column as `pick` does, in a form whose elements are Python's own."""
    column = pick(X, key, owner)
    return column.to_pylist() if _is_of_arrow(column) else column


def numbers(column, name, owner):
    """Return a column as float64; missing values are NaN.

    Raises
    ------
    ValueError
        If the column holds something else than numbers. The message names the way out.
    """
    dtype = str(getattr(column, "dtype", getattr(column, "type", "")))
    if dtype.lower().startswith(("categorical", "category", "enum", "dictionary")):
        raise _not_numbers(f"is of the dtype {dtype.split('(')[0]}", name, owner, _ENCODE)
    if isinstance(column, np.ma.MaskedArray):
        column = np.where(column.mask, None, column.data.astype(object))
    array = np.asarray(column)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    if array.dtype.kind in "mM":
        raise _not_numbers(
            f"holds {array.dtype}", name, owner, "Make numbers of it first, such as days or hours."
        )
    values = np.empty(len(array))
    for row, value in enumerate(array.tolist()):
        if value is None or type(value).__name__ in ("NAType", "NaTType"):
            value = np.nan
        if not isinstance(value, Real | Decimal):
            raise _not_numbers(f"holds {describe(value, 40)} in row {row}", name, owner, _ENCODE)
        try:
            values[row] = float(value)
        except OverflowError:
            values[row] = np.inf
    return values


def table_of_numbers(X, names, owner):
    """Return what a transformer has made, as float64 of shape (n_samples, n_columns), with names.

    Parameters
    ----------
    X : frame, array or sparse array
    names : sequence of str or None
        Names of the columns, where X has none itself.
    owner : str
        Named in errors.
    """
    if issparse(X):
        if X.shape[1] > MAX_SPARSE_COLUMNS:
            raise InvalidInputError(
                f"{owner}: the transformer of the columns returns {X.shape[1]} sparse columns, of "
                f"which at most {MAX_SPARSE_COLUMNS} are read. Counts of words belong to the text, "
                "which the network and ngram_range read; select or reduce other columns first."
            )
        X = X.toarray()
    own = column_names(X)
    if own is not None:
        return np.transpose([numbers(pick(X, key, owner), key, owner) for key in own]), own
    X = np.asarray(X)
    X = X.reshape(len(X), -1) if X.ndim == 1 else X
    if X.ndim != 2:
        raise InvalidInputError(
            f"{owner}: the transformer of the columns returns an array of shape {X.shape}; it must "
            "return one row of numbers for each row."
        )
    if names is None or len(names) != X.shape[1]:
        names = [f"column{i}" for i in range(X.shape[1])]
    if X.dtype.kind not in "biuf":
        X = np.transpose([numbers(X[:, i], name, owner) for i, name in enumerate(names)])
    return X.astype(np.float64).reshape(-1, len(names)), list(names)


_ENCODE = (
    "Give a transformer that makes numbers of it: columns=make_column_transformer("
    "(OneHotEncoder(sparse_output=False), [{name!r}]), ('passthrough', [...]))."
)


def _not_numbers(what, name, owner, way_out):
    return InvalidInputError(
        f"{owner} reads the column {name!r} as numbers, but it {what}. {way_out.format(name=name)}"
    )
