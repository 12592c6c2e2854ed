"""Token ids in a sparse array that keeps their words, and the numeric columns beside them."""

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.sequences.columns import check_columns
from skrnn.sequences.words import join_words, split_words


class TokenArray(csr_array):
    """A CSR array of token ids that keeps its vocabulary.

    It is a :class:`scipy.sparse.csr_array`. Copies and selected rows keep ``vocabulary_size``, so
    that a network fitted on some folds of a corpus has an embedding for the words that occur only
    in other folds, and ``words``, so that it can look up their vectors. Functions of SciPy that
    combine arrays (``scipy.sparse.vstack``) return a plain array.

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

    vocabulary_size = None
    words = None
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
        return self._hand_on(super().astype(*args, **kwargs))

    # Sums and differences would be ids of other words. Resamplers that make new rows between two
    # others, as SMOTE does, begin with a difference.

    def __add__(self, other):
        """Add zero only."""
        if self.column_values is None:  # else the sum is refused by what reads it
            self._refuse_arithmetic(other)
        return super().__add__(other)

    def __radd__(self, other):
        """Add zero only."""
        if self.column_values is None:  # else the sum is refused by what reads it
            self._refuse_arithmetic(other)
        return super().__radd__(other)

    def __sub__(self, other):
        """Subtract zero only."""
        self._refuse_arithmetic(other)
        return super().__sub__(other)

    def __rsub__(self, other):
        """Raise TypeError."""
        self._refuse_arithmetic(other)
        return super().__rsub__(other)

    def _refuse_arithmetic(self, other):
        if np.ndim(other):
            raise InvalidTypeError(
                "Token ids are numbers of words, so their sums and differences have no meaning: "
                "a row between two texts, as SMOTE and ADASYN make them, would be a text of "
                "other words. To balance classes, repeat or leave out rows, with "
                "imbalanced-learn's RandomOverSampler or RandomUnderSampler, or set "
                "class_weight='balanced'. To compare two arrays, use (a != b).nnz; to calculate "
                "with the numbers, convert X with scipy.sparse.csr_array(X)."
            )

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
        if isinstance(result, TokenArray):
            result.vocabulary_size = self.vocabulary_size
            result.words = self.words
            if self.column_values is not None:
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

    def __getstate__(self):
        """Pickle the words as one string."""
        state = self.__dict__.copy()
        if self.words is not None:
            state["words"] = join_words(self.words)
        return state

    def __setstate__(self, state):
        """Restore the words from one string."""
        self.__dict__.update(state)
        if self.words is not None:
            self.words = split_words(self.words)
