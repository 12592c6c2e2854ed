"""Detect columns of TruncatedSVD or PCA, which are no steps of a series."""

import numpy as np

from skrnn.exceptions import InvalidInputError

# With fewer columns or rows, orthogonal columns may be chance.
MIN_COLUMNS, MIN_ROWS = 4, 20
# Maximum mean cosine of two columns, as a part of what independent numbers have; and how many
# columns have a smaller norm than the one before.
MAX_COSINE, MIN_DESCENDING = 0.1, 0.9
# Multiplications, which take about a second.
MAX_COST = 2 * 10**10


def reject_components(X, name):
    """Raise ValueError if the columns of X are orthogonal, and smaller from one to the next.

    The columns that TruncatedSVD and PCA return are orthogonal up to rounding, unlike those of any
    measured series. On rows on which they were not fitted, they are not.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Training rows of an estimator.
    name : str
        Name of the estimator, for the error.

    Raises
    ------
    ValueError
        The message names the ways out.
    """
    if X.ndim != 2 or X.dtype.kind != "f":
        return
    n_rows, width = X.shape
    if width < MIN_COLUMNS or n_rows < max(MIN_ROWS, width + 1) or n_rows * width**2 > MAX_COST:
        return
    if not np.isfinite(X).all():
        return
    for columns in (X, X - X.mean(axis=0)):
        norms = np.sqrt((columns.astype(np.float64) ** 2).sum(axis=0))
        if not norms.all() or not np.isfinite(norms).all():
            continue
        unit = columns / norms
        cosines = np.abs(unit.T @ unit)[np.triu_indices(width, 1)]
        descending = np.mean(np.diff(norms) < 0)
        if cosines.mean() < MAX_COSINE / np.sqrt(n_rows) and descending >= MIN_DESCENDING:
            raise InvalidInputError(
                f"X looks like components of TruncatedSVD or PCA: its {width} columns are "
                f"orthogonal, and smaller from one to the next. {name} reads a row as a series, "
                "but components have no order. For texts, use TextToSequence() instead of "
                "CountVectorizer or TfidfVectorizer and TruncatedSVD; for tables, an estimator for "
                "tables. If each row of X really is a series, set input='numeric'."
            )
