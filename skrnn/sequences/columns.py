"""Numeric columns beside sequences: a few numbers for each row, with names.

:class:`skrnn.TextWithColumns` puts them beside token ids, and a network reads them beside the
pooled states. They stay as they are, in float64, until :class:`ColumnScaler` standardizes them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from skrnn.exceptions import InvalidInputError

# The name of the columns among the side inputs of a network.
COLUMNS = "columns"
# Ids that have lost their columns: texts have many different lengths, and most of a row is ids.
MIN_LENGTHS, MIN_SHARE_OF_LOST = 3, 0.5
# Beyond this, files hold no number, and squares overflow.
LARGEST = 1e100
# A sum of so many standard deviations, times any trained weight, is finite in float32.
LARGEST_SCALED = 1e9


class Columns(NamedTuple):
    """Numbers beside sequences.

    Attributes
    ----------
    values : ndarray of shape (n_samples, n_columns) of float64
        Finite.
    names : tuple of str
        A different one for each column.
    """

    values: np.ndarray
    names: tuple

    def take(self, rows):
        """Return the given rows."""
        return Columns(self.values[rows], self.names)


def check_columns(values, names: Sequence, n_rows: int, owner: str) -> Columns:
    """Return values and names of columns, checked.

    Parameters
    ----------
    values : array-like of shape (n_samples, n_columns)
    names : sequence of str
    n_rows : int
        Number of the sequences beside them.
    owner : str
        Named in errors.

    Raises
    ------
    ValueError
        If the shape does not fit, a name occurs twice, or a number is missing, infinite or beyond
        1e100. The message names row, column and the way out.
    """
    if isinstance(values, np.ma.MaskedArray):  # a number below a mask is missing
        values = np.ma.filled(values.astype(np.float64), np.nan)
    values, names = np.asarray(values, np.float64), tuple(map(str, names))
    if values.shape != (n_rows, len(names)) or not names:
        raise InvalidInputError(
            f"{owner} got columns of shape {values.shape} for {n_rows} texts and the names "
            f"{list(names)[:5]}; it expects a number in each row for at least one column."
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInputError(f"{owner} got two columns of the name {twice!r}. Rename one.")
    if not (np.abs(values) <= LARGEST).all():
        row, column = map(int, np.argwhere(~(np.abs(values) <= LARGEST))[0])
        value = values[row, column]
        if np.isnan(value):
            what = "is missing (NaN)"
            way_out = (
                "Fill it in: columns=make_pipeline(make_column_transformer(('passthrough', "
                f"[{names[column]!r}])), SimpleImputer(add_indicator=True)), or drop the row."
            )
        else:
            what, way_out = f"is {value}", f"Clip the numbers, or scale them below {LARGEST:g}."
        raise InvalidInputError(
            f"The number in row {row} of the column {names[column]!r} {what}. {way_out}"
        )
    return Columns(values, names)


class ColumnScaler:
    """Mean and standard deviation of the columns of a fit, by which they are standardized.

    Parameters
    ----------
    names : tuple of str
        The columns, in their order.
    mean, scale : ndarray of shape (n_columns,) of float64
    """

    def __init__(self, names, mean, scale):
        self.names, self.mean, self.scale = tuple(names), mean, scale

    @classmethod
    def fit(cls, columns: Columns, is_used) -> "ColumnScaler":
        """Learn from the training rows.

        Parameters
        ----------
        columns : Columns
        is_used : ndarray of shape (n_samples,) of bool
            Rows without a weight do not count.
        """
        values = columns.values[is_used]
        mean = values.mean(axis=0)
        centred = values - mean
        # Squares of tiny numbers would be zero.
        largest = np.abs(centred).max(axis=0)
        largest[largest == 0] = 1.0
        scale = largest * np.sqrt(np.mean((centred / largest) ** 2, axis=0))
        # By comparison: rounding gives a constant column some deviation.
        scale[(values == values[0]).all(axis=0)] = 1.0
        return cls(columns.names, mean, scale)

    def standardize(self, columns: Columns) -> np.ndarray:
        """Return the columns, in standard deviations from the mean, as float32.

        Raises
        ------
        ValueError
            If a number is so far from the mean that the network's sums might overflow.
        """
        with np.errstate(over="ignore"):  # an overflow raises the error below
            scaled = (columns.values - self.mean) / self.scale
        far = ~(np.abs(scaled) <= LARGEST_SCALED)
        if far.any():
            row, column = map(int, np.argwhere(far)[0])
            raise InvalidInputError(
                f"The number in row {row} of the column {self.names[column]!r} is "
                f"{columns.values[row, column]:g}, more than {LARGEST_SCALED:g} standard "
                f"deviations ({self.scale[column]:g}) from the mean of the training rows "
                f"({self.mean[column]:g}). Check its unit, or clip it."
            )
        return scaled.astype(np.float32)


def check_same_columns(columns: Columns | None, fitted: ColumnScaler | None, name: str) -> None:
    """Raise ValueError if the columns of X are not those of the fit, in their order and unit.

    Parameters
    ----------
    columns : Columns or None
        Of X.
    fitted : ColumnScaler or None
        Of the fit.
    name : str
        Of the estimator, for the error.
    """
    found = None if columns is None else columns.names
    wanted = None if fitted is None else fitted.names
    if found == wanted:
        if columns is not None and fitted is not None:
            fitted.standardize(columns)
        return
    if wanted is None:
        raise InvalidInputError(
            f"X has the columns {_listed(found)} beside its texts, but {name} was fitted without "
            "columns. Pass the output of TextToSequence, or X.without_columns(), or fit anew."
        )
    told = "has no columns beside its texts"
    if found is not None:
        told = f"has the columns {_listed(found)} beside its texts"
    raise InvalidInputError(
        f"X {told}, but {name} was fitted with {_listed(wanted)}. Pass what the TextWithColumns "
        "of the fit returns: the same columns in the same order."
    )


def told_lost_columns(values) -> str:
    """Return the hint for a row of ids that are negative throughout, or an empty string.

    A :class:`skrnn.sequences.TokenArray` with columns stores its ids as negative numbers, so that
    no operation that drops the columns leaves an array that can be taken for texts alone.
    """
    if not len(values) or (values > 0).all() or np.mean(values < 0) < MIN_SHARE_OF_LOST:
        return ""
    is_it = "This row is" if (values < 0).all() else "If this row is"
    then = ":" if (values < 0).all() else ", that is the reason:"
    return (
        f" {is_it} of an array of TextWithColumns that has lost its columns{then} functions such "
        "as scipy.sparse.vstack, ColumnTransformer and FeatureUnion, and methods such as toarray, "
        "return plain arrays. Join the frames before TextWithColumns, and give it all numbers as "
        "columns=[...]; select rows by X[rows]; X.without_columns() has the texts alone."
    )


def reject_lost_columns(X, name: str) -> None:
    """Raise ValueError if floats have the ids of TextWithColumns among other columns.

    ColumnTransformer and FeatureUnion put the outputs of their transformers side by side in a plain
    array, of floats if any of them is. The negative ids of :class:`skrnn.TextWithColumns` are
    columns of whole numbers up to 0 in it, in which each row ends with zeros: no series looks so.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_timesteps)
        Rows that would be read as numbers.
    name : str
        Of the estimator, for the error.
    """
    if X.dtype.kind != "f" or X.ndim != 2:
        return
    are_ids = np.append(((X <= 0) & (np.trunc(X) == X)).all(axis=0), False)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], are_ids]).astype(np.int8)))
    for first, end in edges.reshape(-1, 2):
        # A column of zeros may come before the text.
        start = first + int((X[:, first:end] != 0).any(axis=0).argmax())
        is_real = X[:, start:end] != 0
        lengths = is_real.sum(axis=1)
        is_padded = (is_real == (np.arange(end - start) < lengths[:, np.newaxis])).all()
        if is_padded and len(np.unique(lengths[lengths > 0])) >= MIN_LENGTHS:
            raise InvalidInputError(
                f"The columns {start} to {end - 1} of X look like the ids of TextWithColumns, "
                "which a ColumnTransformer or FeatureUnion has put beside other columns. "
                f"{name} would read each row as a series of numbers. Give all numbers to "
                "TextWithColumns(TextToSequence(), text=..., columns=[...]), and use it without "
                "the other. If each row of X really is a series, set input='numeric'."
            )


def _listed(names):
    shown = ", ".join(map(repr, names[:10]))
    return shown if len(names) <= 10 else f"{shown} and {len(names) - 10} more"
