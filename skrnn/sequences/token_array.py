"""Token ids in a sparse array that keeps their words, and the numeric columns beside them."""

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from skrnn.exceptions import InvalidInputError
from skrnn.sequences.columns import check_columns
from skrnn.sequences.keeping import KeepsOrigin


class TokenArray(KeepsOrigin, csr_array):
    """A CSR array of token ids that keeps its vocabulary.

    It is a :class:`scipy.sparse.csr_array`. Copies and selected rows keep ``vocabulary_size``, so
    that a network fitted on some folds of a corpus has an embedding for the words that occur only
    in other folds, and ``words``, so that it can look up their vectors. All operations whose result
    holds the same ids keep both, also conversions to other formats. If a result holds other
    numbers, such as ``X * 2``, networks do not read it as ids. Functions of SciPy that combine
    arrays (``scipy.sparse.vstack``) return a plain array, in which networks still find the words,
    and raise an error for arrays of different vocabularies.

    From :class:`skrnn.TextWithColumns`, it also has numeric columns, one row of them for each row
    of ids. Selected rows, copies and pickles keep them. Such an array stores its ids as negative
    numbers: whatever drops the columns (``vstack``, ``toarray``, a product) returns an array that
    estimators refuse, instead of one that they would read as texts alone.

    Attributes
    ----------
    vocabulary_size : int or None
        Number of ids, padding and out-of-vocabulary included; every id is below it.
    words : tuple of str or None
        The word of each id; None for padding, the unknown word and ids without a word. The
        attribute is None if the words are not known.
    hashing : tuple of (str, str) or None
        The parameters of the :class:`skrnn.HashingTextToSequence` that made the ids, which has no
        words.
    column_values : ndarray of shape (n_samples, n_columns) of float64, or None
        The numeric columns.
    column_names : tuple of str or None
        Their names.

    Examples
    --------
    >>> from skrnn import TextToSequence
    >>> X = TextToSequence().fit_transform(["good film", "bad film"])
    >>> X[:1].toarray()
    array([[4, 2]], dtype=int32)
    >>> X[:1].vocabulary_size, X.words
    (5, (None, None, 'film', 'bad', 'good'))
    """

    column_values: Any = None
    column_names: Any = None

    def __getitem__(self, key):
        """Index as `csr_array` does, and keep the vocabulary and the rows' columns."""
        return self._hand_on(super().__getitem__(key), key)

    def copy(self):
        """Copy as `csr_array` does, and keep the vocabulary and the columns."""
        return self._hand_on(super().copy())

    def astype(self, *args, **kwargs):
        """Cast as `csr_array` does, and keep the vocabulary and the columns."""
        result = self._after(super().astype(*args, **kwargs), False)
        return result if result.dtype == bool else self._hand_on_columns(result)

    def resize(self, *shape):
        """Resize as `csr_array` does; refused if there are columns, whose rows would be lost."""
        if self.column_values is not None:
            raise InvalidInputError(
                "A TokenArray with columns cannot be resized: which rows its columns keep is not "
                "known. Select rows by X[rows]."
            )
        super().resize(*shape)

    def with_columns(self, values, names):
        """Return the same ids with numeric columns beside them.

        Parameters
        ----------
        values : array-like of shape (n_samples, n_columns)
            Finite numbers.
        names : sequence of str
            A different one for each column.

        Returns
        -------
        TokenArray

        Raises
        ------
        ValueError
            If there are columns already, or the new ones are not valid.
        """
        if self.column_values is not None:
            raise InvalidInputError(
                f"This TokenArray already has the columns {list(self.column_names)[:5]}. Call "
                "without_columns() first."
            )
        columns = check_columns(values, names, self.shape[0], type(self).__name__)
        result = self.copy()
        np.negative(result.data, out=result.data)
        result.column_values, result.column_names = columns
        return result

    def without_columns(self):
        """Return the ids alone, a TokenArray without columns."""
        result = self.copy()
        if self.column_values is not None:
            np.negative(result.data, out=result.data)
            result.column_values = result.column_names = None
        return result

    def _hand_on(self, result, key=slice(None)):
        return self._hand_on_columns(self._after(result, True), key)

    def _hand_on_columns(self, result, key=slice(None)):
        if isinstance(result, TokenArray) and self.column_values is not None:
            result.column_values = self._columns_at(key, result)
            result.column_names = self.column_names
        return result

    def _columns_at(self, key, result):
        """Return the columns of the rows of a selection."""
        rows = key[0] if isinstance(key, tuple) and key else key
        if rows is Ellipsis:
            rows = slice(None)
        if not isinstance(rows, slice):
            rows = np.ravel(rows)  # a number, a list, or the (n, 1) of np.ix_
            rows = rows if rows.size else rows.astype(np.intp)
        n_rows = result.shape[0] if result.ndim == 2 else 1
        values = self.column_values[rows]
        if len(values) != n_rows:
            raise InvalidInputError(
                "Only whole rows of a TokenArray with columns can be selected, as by X[rows] or "
                "X[rows, :n]. X.without_columns() can be indexed in any way."
            )
        return values.copy()
