"""Detect input that only looks like sequences: extra columns beside padded text, and word counts.

ColumnTransformer and FeatureUnion concatenate the outputs of their transformers. The result is a
plain array, in which each row has a text, its padding and other columns.
"""

import numpy as np
from scipy.sparse import issparse

from skrnn.exceptions import InvalidInputError
from skrnn.sequences.warning import warn_caller

# A binary column is preceded by a gap only in the rows in which it is 1.
MIN_SHARE = 0.25
# Texts have many different lengths; rows of a form with missing fields have few.
MIN_LENGTHS = 3
# Minimum fractions of rows with gaps, and of values that are 1, in word counts.
MIN_GAPS, MIN_ONES = 0.9, 0.5
# Fewer rows do not show what their columns are, nor do fewer columns.
MIN_ROWS_OF_COUNTS, MIN_COLUMNS = 10, 8
# Columns are words: maximum share of values that are not zero, and the same if that is the only
# sign; minimum variance of the columns' numbers of values as a multiple of the one by chance;
# minimum difference between neighboring columns as a part of the one between any two.
MAX_SHARE, MAX_SHARE_OF_COUNTS, MIN_UNEVENNESS, MIN_DISORDER = 0.6, 0.3, 3.0, 0.6


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
    """Raise ValueError if X looks like counts of words, their weights, or one-hot columns.

    Columns of counts are words. So nearly every row has gaps, and most values are 1; tf-idf
    multiplies each column by a number, and may scale rows to norm 1. As token ids, most counts
    would be unknown words, with padding between them. As a numeric series, they would be numbers in
    an order that means nothing. But series of events can have gaps and ones too. They have as many
    events at one time as at the next, whereas words differ in frequency, in no order.

    One-hot columns are all 1, equally many in each row.

    Parameters
    ----------
    X : ndarray or sparse array in CSR format
        Training rows of an estimator.
    name : str
        Name of the estimator, for the error.

    Raises
    ------
    ValueError
        The message names the ways out.
    """
    if X.ndim == 3 and X.shape[2] == 1:
        X = X[:, :, 0]
    if X.ndim != 2 or 0 in X.shape:
        return
    columns, values, lengths = _entries(X)
    if not len(values) or np.isnan(values).any():
        return
    are_ids = X.dtype.kind in "iu"
    _reject_one_hot(columns, values, lengths, X, name)
    several = lengths > 1
    starts = (np.cumsum(lengths) - lengths)[several]
    width = columns[starts + lengths[several] - 1] - columns[starts] + 1
    gaps = np.mean(width > lengths[several]) if len(starts) else 0
    if gaps < MIN_GAPS:
        return
    if are_ids:
        reads, input = "as token ids in the order of the text", "tokens"
        ones = np.mean(values == 1)
        is_few = X.shape[0] < MIN_ROWS_OF_COUNTS or X.shape[1] < MIN_COLUMNS
        if ones == 1:  # events are on and off too
            found = "all its values are 1" if _are_columns_of_words(columns, X.shape, 1) else None
        elif ones >= MIN_ONES and (is_few or _are_uneven(columns, X.shape)):
            found = f"{ones:.0%} of its values are 1"
        else:
            found = None
    else:
        reads, input = "as a series of numbers, a step for each column", "numeric"
        found = _found_in_floats(columns, values, lengths, X.shape)
    if found is None and _are_counts(columns, values, X.shape):
        found = "its columns differ in their number of values as words do"
    if found is None:
        return
    raise InvalidInputError(
        f"X looks like counts of words or their weights: {gaps:.0%} of its rows have gaps, and "
        f"{found}. {name} reads a row {reads}, but counts have no order: use TextToSequence() "
        "instead of CountVectorizer, TfidfVectorizer or HashingVectorizer. If each row of X really "
        f"is a sequence, set input={input!r}."
    )


def warn_of_counts(X, name):
    """Warn if floats look like counts of letters or of frequent words, which may have no gaps.

    Parameters
    ----------
    X : ndarray
        Training rows of an estimator, read as a series of numbers.
    name : str
        Name of the estimator.
    """
    if X.ndim == 3 and X.shape[2] == 1:
        X = X[:, :, 0]
    if X.ndim != 2 or not (np.floor(X) == X).all() or (X < 0).any():
        return
    columns, _, _ = _entries(X)
    if _are_columns_of_words(columns, X.shape, MAX_SHARE):
        warn_caller(
            "X has floats that look like counts of words or letters: its columns differ in their "
            f"number of values as words do. {name} reads a row as a series of numbers, but counts "
            "have no order: use TextToSequence() instead of CountVectorizer. If each row of X "
            "really is a series, set input='numeric'."
        )


def _found_in_floats(columns, values, lengths, shape):
    """Return what shows that floats are weights of words, or None."""
    if not _are_columns_of_words(columns, shape, MAX_SHARE):
        return None
    sizes = np.abs(values.astype(np.float64))
    if _are_scaled(columns, sizes, shape):
        return "its columns are words, scaled by their spread or largest value"
    ones = _share_of_ones(columns, sizes, shape[1])
    if ones >= MIN_ONES:
        return f"{ones:.0%} of its values are the smallest of their column"
    return "its rows have norm 1" if _have_norm_1(sizes, lengths) else None


def _are_counts(columns, values, shape):
    """Whether values are counts of what is frequent, as the letters of texts are."""
    is_whole = values.dtype.kind in "iub" or np.array_equal(values, np.trunc(values))
    return is_whole and _are_columns_of_words(columns, shape, MAX_SHARE_OF_COUNTS)


def _reject_one_hot(columns, values, lengths, X, name):
    n_rows, width = X.shape
    one_length = int(lengths[0])
    if not (values == 1).all() or (lengths != one_length).any() or n_rows < MIN_ROWS_OF_COUNTS:
        return
    n_columns = len(np.unique(columns))
    # As many different rows as a category has values; equal rows are something else.
    if n_columns < one_length + 2 or one_length > width / 2:
        return
    raise InvalidInputError(
        f"X looks like one-hot columns: every row has {one_length} of {width} columns set to 1. "
        f"{name} reads a row as one sequence, but categories have no order; use an estimator for "
        "tables. If one column of each row is a step of a sequence, pass its integers. If each row "
        "of X really is a sequence, set input='tokens' or input='numeric'."
    )


def _are_columns_of_words(columns, shape, max_share):
    """Whether columns differ in their number of entries as words do: much, and in no order."""
    n_rows, width = shape
    counts = np.bincount(columns, minlength=width).astype(np.float64)
    share = counts.sum() / (n_rows * width)
    if n_rows < MIN_ROWS_OF_COUNTS or width < MIN_COLUMNS or share > max_share:
        return False
    ascending = np.sort(counts)
    spread = 2 / (width * (width - 1)) * ((2 * np.arange(width) - width + 1) @ ascending)
    by_chance = n_rows * share * (1 - share)
    is_even = counts.var() < MIN_UNEVENNESS * by_chance
    return not is_even and np.abs(np.diff(counts)).mean() > MIN_DISORDER * spread


def _are_uneven(columns, shape):
    """Whether columns differ in their number of entries more than by chance."""
    counts = np.bincount(columns, minlength=shape[1])
    share = counts.sum() / (shape[0] * shape[1])
    return counts.var() >= MIN_UNEVENNESS * shape[0] * share * (1 - share)


def _are_scaled(columns, sizes, shape):
    """Whether each column has a standard deviation of 1, or 1 as its largest value."""
    n_rows, width = shape
    largest = np.zeros(width)
    np.maximum.at(largest, columns, sizes)
    used = largest > 0
    mean, square = (np.bincount(columns, sizes**power, width) / n_rows for power in (1, 2))
    variance = square - mean**2
    return any(
        np.mean(np.isclose(one[used], 1, rtol=1e-3)) > MIN_GAPS for one in (largest, variance)
    )


def _share_of_ones(columns, sizes, width):
    """Return the share of values that are the smallest of their column, of several."""
    smallest = np.full(width, np.inf)
    np.minimum.at(smallest, columns, sizes)
    several = np.bincount(columns, minlength=width)[columns] > 1
    if not several.any():
        return 0.0
    return float(np.mean(np.isclose(sizes, smallest[columns], rtol=1e-6)[several]))


def _have_norm_1(sizes, lengths):
    """Whether nearly all rows have a sum, or a sum of squares, of 1."""
    row_of = np.repeat(np.arange(len(lengths)), lengths)
    norms = [np.bincount(row_of, sizes**power, len(lengths))[lengths > 0] for power in (1, 2)]
    return any(np.mean(np.isclose(norm, 1, rtol=1e-4)) > MIN_GAPS for norm in norms)


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
