"""From any container of sequences to arrays and lists, with NaN where a value is missing.

Data frames, columns of Arrow, object arrays and masked arrays say in their own ways that a value is
missing. Under a mask there is often a number, which nothing may read.
"""

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from skrnn.exceptions import InvalidInputError

# Integers up to here are exact as float64.
MAX_EXACT = 2**53


class Container(NamedTuple):
    """What a container holds.

    Attributes
    ----------
    X : sparse array, ndarray, list, or any
        The values; a container that is not known is returned as it is.
    has_gaps : bool
        Whether the values are integers of which some are missing. They are floats here, with NaN
        for what is missing.
    n_channels : int or None
        Number of columns of a frame whose cells are series.
    """

    X: Any
    has_gaps: bool = False
    n_channels: int | None = None


def open_container(X):
    """Return the `Container` of X, which may be anything."""
    if issparse(X) or isinstance(X, list | tuple | str | bytes):
        return Container(X)
    if hasattr(X, "column_names") and hasattr(X, "columns"):  # a table of Arrow
        return _of_columns(X)
    for name in ("to_pylist", "to_list"):  # a column of Arrow, pandas or polars
        if hasattr(X, name):
            return Container(getattr(X, name)())
    array = X.to_numpy() if hasattr(X, "to_numpy") else X
    if not isinstance(array, np.ndarray):
        return Container(X)
    if isinstance(array, np.ma.MaskedArray):
        return Container(*fill(array))
    if array.ndim > 1 and array.dtype == object:
        return _of_objects(array, X)
    if array.dtype.kind == "f" and _are_integers(X):  # polars
        return Container(array, bool(np.isnan(array).any()))
    return Container(array) if array.ndim > 1 and array.dtype.kind in "biuf" else Container(X)


def as_rows(X, name, input):
    """Return the rows of a list of sequences.

    Parameters
    ----------
    X : any
        As in `Container`.
    name : str
        Name of the estimator, for errors.
    input : {"auto", "tokens", "numeric"}
        How the rows will be read. If not as numbers, integers are cut at missing ones at the end.

    Returns
    -------
    X : list of ndarray, ndarray, or as given
        A list if the rows have different lengths or are an array of sequences, an array if they
        have the same shape; X if it is not a list of sequences.
    has_gaps : bool
        Whether a row of integers has missing ones.
    is_ragged : bool
        Whether X is a list of arrays.
    """
    is_nested = isinstance(X, list | tuple) or (
        isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype == object
    )
    if not is_nested or not any(map(_is_sequence, X)):
        return X, False, False
    rows, gaps = [], []
    for i, row in enumerate(X):
        array, has_gaps = _as_row(row, f"row {i}", name)
        if has_gaps and input != "numeric":
            array = _cut(array, i, name)
        rows.append(array)
        gaps.append(has_gaps)
    if not isinstance(X, np.ndarray) and len({row.shape for row in rows}) == 1 and len(rows[0]):
        return np.array(rows), any(gaps), False
    return rows, any(gaps), True


def fill(masked):
    """Return a masked array with NaN under the mask, and whether integers were missing.

    Parameters
    ----------
    masked : numpy.ma.MaskedArray

    Returns
    -------
    array : ndarray
        Floats if something is masked.
    has_gaps : bool
    """
    if not np.ma.is_masked(masked):
        return np.asarray(masked.data), False
    if masked.dtype.kind in "biuf":
        kind = masked.dtype.kind
        dtype = masked.dtype if kind == "f" else np.float64
        return np.asarray(masked.astype(dtype).filled(np.nan)), kind in "iu"
    objects = np.array(masked.data, object)
    objects[np.ma.getmaskarray(masked)] = None
    numbers, has_gaps = _numbers(objects)
    return (objects, False) if numbers is None else (numbers, has_gaps)


def plain_column(values):
    """Return a column of Arrow as a list of Python's objects, anything else as it is.

    Iterating over a column of Arrow gives its own scalars, which are equal to nothing.
    """
    is_arrow = hasattr(values, "to_pylist") and not hasattr(values, "column_names")
    return values.to_pylist() if is_arrow else values


def refuse_mask(array, what):
    """Raise ValueError if values of an array are masked; below a mask is nothing to be read.

    Parameters
    ----------
    array : array-like
        An array, or a list of scalars or rows, of which some may be masked.
    what : str
        Name of the argument, for the error.
    """
    row = None
    if isinstance(array, list | tuple):
        row = next((row for row, one in enumerate(array) if np.ma.is_masked(one)), None)
    elif np.ma.is_masked(array):
        mask = np.ma.getmaskarray(array)
        row = int(np.flatnonzero(mask.reshape(max(mask.shape[:1], default=1), -1).any(axis=1))[0])
    if row is not None:
        raise InvalidInputError(
            f"{what} has masked values, the first in row {row}. Leave out these rows, also of X."
        )


def _of_columns(table):
    arrow = [table.column(i) for i in range(len(table.column_names))]
    columns = [column.to_numpy(zero_copy_only=False) for column in arrow]
    if not columns:
        return Container(np.empty((table.num_rows, 0)))
    if all(column.dtype.kind in "biuf" for column in columns):
        array = np.column_stack(columns)
        whole = all(str(column.type).lstrip("u").startswith("int") for column in arrow)
        return Container(array, whole and array.dtype.kind == "f")
    cells = np.empty((len(columns[0]), len(columns)), object)
    for j, column in enumerate(columns):
        cells[:, j] = column
    return _of_objects(cells, table)


def _of_objects(array, X):
    """Read an object array with two or more dimensions."""
    if array.ndim == 2 and any(map(_is_series, array.flat)):
        return Container(_channels(array, list(getattr(X, "columns", []))), False, array.shape[1])
    numbers, has_gaps = _numbers(array)
    return Container(X) if numbers is None else Container(numbers, has_gaps)


def _is_series(cell):
    """Whether a cell is a sequence, and not a text or a list of words."""
    if not _is_sequence(cell) or isinstance(cell, str | bytes):
        return False
    return not (len(cell) and isinstance(next(iter(cell)), str | bytes))


def _channels(cells, names):
    """Return a list of arrays (n_steps, n_channels), from cells that are the series of a channel.

    A single column of integers gives rows of token ids.
    """
    rows = []
    for i, row in enumerate(cells):
        series = []
        for j, cell in enumerate(row):
            where = f"column {(names[j] if j < len(names) else j)!r} of row {i}"
            if not _is_series(cell):
                raise InvalidInputError(
                    "X is read as series in cells, one column a channel, but in "
                    f"{where} there is {type(cell).__name__} {str(cell)[:40]!r}. Every cell has "
                    "to be an array of numbers."
                )
            array, _ = _as_row(cell, where, "it")
            if array.ndim != 1:
                raise InvalidInputError(
                    f"X is read as series in cells, one column a channel, but in {where} there "
                    f"is an array of shape {array.shape}. Every cell has to be an array of "
                    "numbers with one dimension."
                )
            series.append(array)
        lengths = [len(one) for one in series]
        if len(set(lengths)) > 1:
            raise InvalidInputError(
                f"The channels of row {i} of X have different numbers of steps, {lengths}. The "
                "cells of a row are channels of one series: pad them with NaN to one length."
            )
        whole = len(series) == 1 and series[0].dtype.kind in "iu"
        rows.append(series[0] if whole else np.stack(series, axis=1))
    return rows


def _is_sequence(row):
    return hasattr(row, "__len__") and getattr(row, "ndim", 1) > 0


def _as_row(row, where, name):
    """Return a sequence as an array, and whether it has integers of which some are missing."""
    has_gaps, problem = False, None
    if isinstance(row, np.ma.MaskedArray):
        array, has_gaps = fill(row)
    else:
        try:
            array = np.asarray(row)
        except ValueError:
            array, problem = np.asarray(None), "rows of different lengths within it"
    if array.dtype == object and array.ndim:
        numbers, has_gaps = _numbers(array)
        array = array if numbers is None else numbers
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2):
        raise InvalidInputError(
            f"{where[0].upper()}{where[1:]} of X is not a sequence of numbers: {name} got "
            f"{problem or f'{array.dtype} of shape {array.shape}'}, but expects integers (token "
            "ids) or floats of shape (n_timesteps,) or (n_timesteps, n_channels)."
        )
    return (array if array.size or array.ndim > 1 else array.astype(np.int64)), has_gaps


def _cut(row, i, name):
    """Return integers without those that are missing at the end."""
    real = ~np.isnan(row)
    length = len(row) - real[::-1].argmax() if real.any() else 0
    if row.ndim == 1 and not real[:length].all():
        raise InvalidInputError(
            f"Row {i} of X is not a sequence of numbers: {name} got a missing value at step "
            f"{real.argmin()}, with others after it. Only the steps after the end of a sequence "
            "may be missing."
        )
    if row.ndim > 1 or (np.abs(row[:length]) > MAX_EXACT).any():
        return row
    return row[:length].astype(np.int64)


def _numbers(objects):
    """Return an object array as numbers with NaN, and whether they are integers with gaps.

    Returns None if there is anything else.
    """
    try:
        array = np.array(objects.tolist())
    except ValueError:
        return None, False
    if array.dtype.kind in "biu" or not array.size:
        return array, False
    if array.dtype.kind not in "fO":
        return None, False
    flat = np.empty(array.size, object)
    flat[:] = array.ravel() if array.dtype == object else objects.ravel()
    missing = np.fromiter(map(_is_missing, flat), bool, len(flat))
    if array.dtype == object and not missing.any():
        return None, False
    try:
        numbers = np.where(missing, np.nan, flat).astype(np.float64).reshape(array.shape)
    except (TypeError, ValueError):
        return None, False
    if any(isinstance(value, str) for value in flat[~missing]):
        return None, False
    is_whole = all(isinstance(v, Integral) and not isinstance(v, bool) for v in flat[~missing])
    return numbers, is_whole and bool(missing.any()) and not missing.all()


def _is_missing(value):
    # By name, since pandas need not be installed.
    return (
        value is None
        or value is np.ma.masked
        or type(value).__name__ in {"NAType", "NaTType"}
        or (isinstance(value, float | np.floating) and value != value)
    )


def _are_integers(frame):
    """Whether all columns of a frame have integer types."""
    if not hasattr(frame, "columns"):
        return False
    for dtype in getattr(frame, "dtypes", ()):
        is_integer = getattr(dtype, "is_integer", None)
        if not (is_integer() if callable(is_integer) else getattr(dtype, "kind", "") in "iu"):
            return False
    return True
