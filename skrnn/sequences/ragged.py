"""Labels of steps, one row for each sequence, as one flat array with offsets, and back.

Rows of labels have different lengths, so no rectangular array holds them. Lists, object arrays and
columns of data frames do. All become the same two arrays here.
"""

from collections.abc import Iterator, Mapping, Set
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skrnn.exceptions import InvalidInputError

# A unicode array takes the width of its longest label for each step.
_WIDEST = 256


def ragged_labels(y: Any, name: str = "y") -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of all rows one after the other, and where each row starts.

    Parameters
    ----------
    y : list of list, array of shape (n_samples, n_timesteps), or column of lists
        A label for each step of each row: lists, tuples or 1-D arrays in a list, in an object
        array, or in a column of pandas, polars or Arrow; or a two-dimensional array or frame. A
        row may be empty.
    name : str, default="y"
        Name of the argument, for errors.

    Returns
    -------
    flat : ndarray of shape (n_steps,)
        Strings as a unicode array (as objects if one is very long or ends in a null character),
        integers as integers, and whole floats and booleans as they are.
    offsets : ndarray of shape (n_samples + 1,) of int64
        Row i is ``flat[offsets[i]:offsets[i + 1]]``.

    Raises
    ------
    InvalidInputError
        If y is no rows of labels, has no rows, or if a label is missing, masked, or neither str
        nor a whole number, or if strings and numbers are mixed. The message names row and step.
    """
    rows = [_as_row(row, i, name) for i, row in enumerate(_rows_of(y, name))]
    if not rows:
        raise InvalidInputError(f"{name} has no rows; it needs a list of labels for each row of X.")
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    kinds = {row.dtype.kind for row in rows if len(row) and isinstance(row, np.ndarray)}
    if len(kinds) == 1 and kinds <= set("iubU") and all(isinstance(r, np.ndarray) for r in rows):
        return np.concatenate([row for row in rows if len(row)]), offsets
    labels: list[Any] = []
    for row in rows:
        labels.extend(row.tolist() if isinstance(row, np.ndarray) else row)
    return _as_labels(labels, offsets, name), offsets


def as_rows(flat: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return what belongs to each row, the inverse of `ragged_labels`.

    Parameters
    ----------
    flat : ndarray of shape (n_steps, ...)
    offsets : ndarray of shape (n_samples + 1,) of int64

    Returns
    -------
    rows : ndarray of shape (n_samples,) of object
        Views of `flat`, of shape (n_timesteps, ...). An object array also if all rows have the same
        length: scikit-learn can concatenate object arrays, but not lists of rows.
    """
    rows = np.empty(len(offsets) - 1, dtype=object)
    for i, (start, end) in enumerate(pairwise(offsets.tolist())):
        rows[i] = flat[start:end]
    return rows


def row_ends(rows: np.ndarray) -> np.ndarray:
    """Return the offsets of rows as `as_rows` returns them, int64 of shape (n_samples + 1,)."""
    return np.cumsum([0, *map(len, rows)], dtype=np.int64)


def refuse_unequal_rows(
    offsets: np.ndarray, wanted: np.ndarray, name: str = "y", wanted_name: str = "X"
) -> None:
    """Raise InvalidInputError if rows differ in their number, or in length.

    Parameters
    ----------
    offsets : ndarray of shape (n_samples + 1,)
        Of the labels named `name`.
    wanted : ndarray of shape (n_samples + 1,)
        The offsets of what they belong to, named `wanted_name`.
    name, wanted_name : str
    """
    if len(offsets) != len(wanted):
        raise InvalidInputError(
            f"{name} has {len(offsets) - 1} rows, but {wanted_name} has {len(wanted) - 1}. Each "
            f"row of {wanted_name} needs its own row of labels."
        )
    lengths, steps = np.diff(offsets), np.diff(wanted)
    different = np.flatnonzero(lengths != steps)
    if len(different):
        row = different[0]
        raise InvalidInputError(
            f"Row {row} of {name} has {lengths[row]} labels, but row {row} of {wanted_name} has "
            f"{steps[row]} steps ({len(different)} of {len(lengths)} rows differ). Every step "
            "needs exactly one label, without padding."
        )


def holds_rows(y: Any) -> bool:
    """Whether y holds rows that may differ in length, and is no indicator of several labels.

    A two-dimensional array may be either, and is not taken for rows.

    Parameters
    ----------
    y : object
        Labels of rows or of their steps, in any container.

    Returns
    -------
    bool
    """
    if y is None or isinstance(y, str | bytes | Mapping | Set | Iterator) or issparse(y):
        return False
    if len(getattr(y, "shape", (0,))) != 1:
        return False
    rows = list(_rows_of_any(y))
    if not any(_is_row(row) and getattr(row, "ndim", 1) for row in rows):
        return False
    if isinstance(y, np.ndarray) or any(isinstance(row, np.ndarray) for row in rows):
        return True
    lengths = {len(row) for row in rows if _is_row(row)}
    values = (one for row in rows if _is_row(row) for one in row)
    return len(lengths) > 1 or not all(isinstance(one, Real) and one in (0, 1) for one in values)


def _rows_of_any(y):
    for method in ("to_pylist", "to_list"):
        if hasattr(y, method):
            return getattr(y, method)()
    return y


def _rows_of(y, name):
    """Return the rows of any container, as a list or array."""
    if y is None or isinstance(y, str | bytes | Mapping | Set | Iterator) or issparse(y):
        way_out = f" Pass list({name})." if isinstance(y, Iterator) else ""
        raise InvalidInputError(
            f"{name} is {'None' if y is None else type(y).__name__}, but has to be a list of "
            f"labels for each row of X, such as [['O', 'B-NP'], ['O']].{way_out}"
        )
    if hasattr(y, "column_names") and hasattr(y, "columns"):  # a table of Arrow
        return _rows_of_columns([column.to_pylist() for column in y.columns])
    for method in ("to_pylist", "to_list"):  # a column of Arrow, pandas or polars
        if hasattr(y, method):
            return getattr(y, method)()
    if hasattr(y, "to_numpy"):  # a frame
        y = y.to_numpy()
        if y.ndim == 2 and y.shape[1] == 1 and any(map(_is_row, y[:, 0])):
            return list(y[:, 0])
    if isinstance(y, np.ma.MaskedArray):
        if np.ma.is_masked(y):
            row = int(np.argwhere(np.ma.getmaskarray(y))[0][0]) if y.ndim else 0
            _refuse_mask_of(row, name)
        y = np.asarray(y.data)
    if isinstance(y, np.ndarray) and y.ndim:
        if y.ndim > 2:
            raise InvalidInputError(
                f"{name} has shape {y.shape}, but has to hold one label for each step: shape "
                "(n_samples, n_timesteps), or a list of labels for each row."
                f"{' If the last axis is one-hot, pass np.argmax(y, axis=-1).' * (y.ndim == 3)}"
            )
        return y if y.ndim == 2 or y.dtype == object or not len(y) else _refuse_flat(y, 0, name)
    if isinstance(y, list | tuple):
        return y
    try:
        return list(y)
    except TypeError:
        raise InvalidInputError(
            f"{name} is {type(y).__name__}, but has to be a list of labels for each row of X, such "
            "as [['O', 'B-NP'], ['O']]."
        ) from None


def _rows_of_columns(columns):
    if len(columns) == 1 and any(map(_is_row, columns[0])):
        return columns[0]
    return list(zip(*columns, strict=True))


def _is_row(row):
    return hasattr(row, "__len__") and not isinstance(row, str | bytes)


def _as_row(row, i, name):
    """Return one row as a list, tuple or 1-D array."""
    if isinstance(row, list | tuple):
        return row
    if np.ma.is_masked(row):
        _refuse_mask_of(i, name)
    if isinstance(row, np.ndarray) and row.ndim:
        if row.ndim > 1:
            raise InvalidInputError(
                f"Row {i} of {name} has shape {row.shape}, but has to hold one label for each "
                "step: shape (n_timesteps,)."
            )
        return np.asarray(row)
    for method in ("to_pylist", "to_list", "tolist", "as_py"):
        if hasattr(row, method) and hasattr(row, "__len__") and not isinstance(row, str | bytes):
            return getattr(row, method)()
    if row is None or (isinstance(row, float | np.floating) and row != row):
        raise InvalidInputError(
            f"Row {i} of {name} is missing: {row!r}. Drop the row, also of X; a sequence without "
            "steps has the labels []."
        )
    if isinstance(row, Mapping | Set):
        raise InvalidInputError(
            f"Row {i} of {name} is a {type(row).__name__}, which has no order of steps; pass a "
            "list with one label for each step."
        )
    return _refuse_flat(row, i, name)


def _refuse_flat(y, i, name):
    one = y[0] if isinstance(y, np.ndarray) and y.ndim else y
    if isinstance(one, str) and len(one.split()) > 1:
        way_out = f"If labels are separated by blanks, pass [row.split() for row in {name}]."
    else:
        way_out = (
            "To cut a flat array at the ends of the rows of X, pass "
            f"np.split({name}, np.cumsum([len(row) for row in X])[:-1])."
        )
    what = f"the {type(one).__name__} {str(one)[:60]!r}"
    raise InvalidInputError(
        f"Row {i} of {name} is {what}, but has to be a list with one label for each step of the "
        f"row, such as ['O', 'B-NP', 'I-NP']. {way_out}"
    )


def _refuse_mask_of(row, name):
    raise InvalidInputError(
        f"{name} has masked labels, the first in row {row}. Every step needs a label: leave out "
        "the row, also of X, or, if the mask marks padding, pass lists without it."
    )


def _as_labels(labels, offsets, name):
    """Return a list of labels as an array of one type, checked."""
    types = set(map(type, labels))
    are_text = [issubclass(t, str) for t in types]
    if all(are_text):
        # Of subclasses, such as an enumeration of str, the text is meant, to which they are equal.
        text = list(map(str.__str__, labels))
        is_wide = max(map(len, text), default=0) > _WIDEST or any(t.endswith("\0") for t in text)
        return np.array(text, dtype=object if is_wide else str)
    are_whole = all(issubclass(t, int | np.integer | np.bool_) for t in types)
    if not are_whole:
        _refuse_odd_labels(labels, offsets, name)
    are_flags = [issubclass(t, bool | np.bool_) for t in types]
    if any(are_text) or (any(are_flags) and not all(are_flags)):
        names = sorted({"str" if issubclass(t, str) else t.__name__ for t in types})
        raise InvalidInputError(
            f"{name} mixes labels of type {' and '.join(names)}, which cannot be ordered; pass one "
            "type, for example only str."
        )
    array = np.array(labels)
    if array.dtype == object or (are_whole and array.dtype.kind == "f"):
        raise InvalidInputError(f"{name} has integers beyond 64 bits; pass labels as str.")
    return array


def _refuse_odd_labels(labels, offsets, name):
    """Raise InvalidInputError if a label is missing, or neither str nor a whole number."""
    for step, label in enumerate(labels):
        if isinstance(label, str):
            continue
        if label is np.ma.masked or _is_missing(label):
            problem = f"contains NaN or None: {label!r}"
            way_out = "Every step needs a label; drop the row, also of X, or name what is missing."
        elif not isinstance(label, int | float | np.integer | np.floating | np.bool_):
            problem = f"contains the {type(label).__name__} {str(label)[:40]!r}"
            way_out = "A label is a str or an integer."
        elif not np.isfinite(label) or label != np.trunc(label):
            problem = f"contains {label!r}"
            way_out = "Labels are classes: str or integers, not quantities."
        else:
            continue
        row = int(np.searchsorted(offsets, step, side="right")) - 1
        raise InvalidInputError(
            f"{name} {problem} in row {row}, step {step - offsets[row]}. {way_out}"
        )


def _is_missing(label):
    try:
        return label is None or bool(label != label)
    except (TypeError, ValueError):  # pandas.NA is neither; an array is no label
        return type(label).__name__ == "NAType"
