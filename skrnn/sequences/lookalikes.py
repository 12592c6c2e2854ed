"""What looks like token ids, and is no sequence: other columns beside them, and counts of words.

ColumnTransformer and FeatureUnion put what their transformers give side by side. The result is a
plain array in which a text, its padding and something else follow one another in each row.
"""

import numpy as np
from scipy.sparse import issparse

from skrnn.exceptions import InvalidInputError

# A column of yes and no has a gap before it where it says yes.
MIN_SHARE = 0.25
# Texts differ in length; the fields of a form, some of them left out, hardly do.
MIN_LENGTHS = 3
# Of the rows with gaps, and of the values that are 1, where words are counted.
MIN_GAPS, MIN_ONES = 0.9, 0.5


def reject_columns_beside_text(X, name, input):
    """Raise an error where X looks like padded texts with something beside them.

    That is where rows of different lengths, right-padded, all go on in the same column, and none
    before it. What stands before a text, or behind texts of one length, cannot be told from it.

    Parameters
    ----------
    X : ndarray or sparse array in CSR format
        What an estimator was given to learn from.
    name : str
        The estimator, for the error.
    input : {"tokens", "numeric"}
        What X would be read as.

    Raises
    ------
    ValueError
        With the column, and the ways out.
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
        f"X looks like padded texts with something beside them: {len(cut)} of {len(lengths)} rows "
        f"have token ids, zeros from different columns on, and go on in column {column}. {name} "
        "reads a row as one sequence, so what ColumnTransformer or FeatureUnion has put beside "
        "the ids would be read as a part of the text. Give each kind of columns an estimator of "
        "its own in a StackingClassifier or VotingClassifier, and join several texts to one "
        f"before TextToSequence. If a row of X is one sequence all the same, set input={input!r}."
    )


def reject_word_counts(X, name):
    """Raise an error where a sparse X looks like counts of words, as CountVectorizer makes them.

    Their columns are words: nearly every row has gaps, and most words occur once. Of token ids
    most would be unknown words then, with padding between them.

    Parameters
    ----------
    X : ndarray or sparse array in CSR format
        Integers that an estimator was given to learn from.
    name : str
        The estimator, for the error.

    Raises
    ------
    ValueError
        With the ways out.
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
        "order of the text, and counts have no order to read: put TextToSequence() in the place "
        "of CountVectorizer. If a row of X is a sequence all the same, set input='tokens'."
    )


def _entries(X):
    """Return columns and values of what is not 0, row by row, and how much of it a row has."""
    if not issparse(X):
        rows, columns = np.nonzero(X)
        return columns, X[rows, columns], np.bincount(rows, minlength=len(X))
    if not X.has_canonical_format or not X.data.all():
        X = X.copy()
        X.sum_duplicates()
        X.eliminate_zeros()
    return X.indices, X.data, np.diff(X.indptr)
