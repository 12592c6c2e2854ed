"""Detect input that only looks like token ids: extra columns beside padded text, and word counts.

ColumnTransformer and FeatureUnion concatenate the outputs of their transformers. The result is a
plain array, in which each row has a text, its padding and other columns.
"""

import numpy as np
from scipy.sparse import issparse

from skrnn.exceptions import InvalidInputError

# A binary column is preceded by a gap only in the rows in which it is 1.
MIN_SHARE = 0.25
# Texts have many different lengths; rows of a form with missing fields have few.
MIN_LENGTHS = 3
# Minimum fractions of rows with gaps, and of values that are 1, in word counts.
MIN_GAPS, MIN_ONES = 0.9, 0.5


def reject_columns_beside_text(X, name, input):
    """Raise ValueError if X looks like padded texts with other columns beside them.

    This is the case if right-padded rows of different lengths all continue in the same column, and
    none before it. Columns before a text, or after texts of the same length, cannot be detected.

    Parameters
    ----------
    X : ndarray or sparse array in CSR format
        Training rows of an estimator.
    name : str
        Name of the estimator, for the error.
    input : {"tokens", "numeric"}
        How X would be read.

    Raises
    ------
    ValueError
        The message names the column and the ways out.
    """
    if X.ndim != 2:
        return
    columns, values, lengths = _entries(X)
    starts = np.cumsum(lengths) - lengths
    rows = np.repeat(np.arange(len(lengths)), lengths)
    is_first_run = columns == np.arange(len(columns)) - starts[rows]
    ends = np.bincount(rows[is_first_run], minlength=len(lengths))
    broken = np.flatnonzero(ends < lengths)
    if not len(broken):
        return
    resumed_at = columns[starts[broken] + ends[broken]]
    column = resumed_at.min()
    cut = broken[resumed_at == column]
    ends = ends[cut]
    if len(cut) < MIN_SHARE * len(lengths) or len(np.unique(ends[ends > 0])) < MIN_LENGTHS:
        return
    ids = values[is_first_run & (columns < column)]
    if not np.array_equal(ids, np.trunc(ids)):
        return
    raise InvalidInputError(
        f"X looks like padded texts with other columns beside them: {len(cut)} of {len(lengths)} "
        f"rows have token ids, then zeros, and continue in column {column}. {name} reads a row as "
        "one sequence, so columns that ColumnTransformer or FeatureUnion has added to the ids "
        "would be read as part of the text. Use TextWithColumns(TextToSequence(), text=..., "
        "columns=[...]) instead, which puts numbers beside the text, or a StackingClassifier with "
        "an estimator for each kind of column; and join several texts to one before "
        f"TextToSequence. If each row of X really is one sequence, set input={input!r}."
    )


def reject_word_counts(X, name):
    """Raise ValueError if a sparse X looks like counts of words from CountVectorizer.

    Columns of counts are words, so nearly every row has gaps, and most values are 1. As token ids,
    most of these would be unknown words, with padding between them.

    Parameters
    ----------
    X : ndarray or sparse array in CSR format
        Training rows of an estimator, integers.
    name : str
        Name of the estimator, for the error.

    Raises
    ------
    ValueError
        The message names the ways out.
    """
    if not issparse(X) or X.ndim != 2:
        return
    columns, values, lengths = _entries(X)
    several = lengths > 1
    starts = (np.cumsum(lengths) - lengths)[several]
    width = columns[starts + lengths[several] - 1] - columns[starts] + 1
    gaps = np.mean(width > lengths[several]) if len(starts) else 0
    if gaps < MIN_GAPS or np.mean(values == 1) < MIN_ONES:
        return
    raise InvalidInputError(
        f"X looks like counts of words: {gaps:.0%} of its rows have gaps, and "
        f"{np.mean(values == 1):.0%} of its values are 1. {name} reads a row as token ids in the "
        "order of the text, but counts have no order: use TextToSequence() instead of "
        "CountVectorizer. If each row of X really is a sequence, set input='tokens'."
    )


def _entries(X):
    """Return columns and values of the nonzeros, row by row, and their number in each row."""
    if not issparse(X):
        rows, columns = np.nonzero(X)
        return columns, X[rows, columns], np.bincount(rows, minlength=len(X))
    if not X.has_canonical_format or not X.data.all():
        X = X.copy()
        X.sum_duplicates()
        X.eliminate_zeros()
    return X.indices, X.data, np.diff(X.indptr)
