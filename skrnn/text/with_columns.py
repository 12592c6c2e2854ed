"""TextWithColumns: a column of texts and columns of numbers, for one network."""

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from skrnn._sklearn_compat import HasMethods, _check_feature_names, _fit_context
from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.printing import BriefParameters
from skrnn.sequences import TokenArray
from skrnn.text.frames import check_frame, column_names, numbers, pick, pick_texts, table_of_numbers
from skrnn.text.to_sequence import TextToSequence


# scikit-learn, which defines the keyword, has no types.
class TextWithColumns(  # type: ignore[call-arg]
    BriefParameters, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Turn a frame into token ids of its texts, with columns of numbers beside them.

    A network that is fitted on the result reads both: see Notes. Use it where
    :class:`~sklearn.compose.ColumnTransformer` would put the numbers behind the ids, in one plain
    array.

    Parameters
    ----------
    to_sequence : TextToSequence, HashingTextToSequence or Pipeline, default=None
        Turns the texts into token ids; a Pipeline must end with one of these. It is cloned. None
        is ``TextToSequence()``.

    text : str or int
        The column of the texts: its name, or, for arrays, its position.

    columns : list of str or int, str, int, or transformer
        The columns of numbers, by name or position. For anything else than numbers, a
        transformer, such as that of :func:`~sklearn.compose.make_column_transformer`. It is cloned,
        gets the whole frame (and y in `fit`), and returns numbers, dense or up to 1000 sparse
        columns.

    Attributes
    ----------
    to_sequence_ : TextToSequence, HashingTextToSequence or Pipeline
        Fitted on the texts.

    columns_ : transformer or None
        The fitted transformer; None if `columns` names columns.

    column_names_ : tuple of str
        The names of the numbers that the network reads, in their order.

    n_features_in_ : int
        Number of columns of the frame in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of these columns, if all are strings.

    See Also
    --------
    TextToSequence : Texts alone.
    skrnn.sequences.TokenArray : The result.

    Notes
    -----
    The estimator standardizes the numbers by mean and standard deviation of its training rows, so
    they need not be scaled. The network reads them beside the pooled states, directly and through
    a layer of 64 units that also reads the states, so it can learn what text and numbers mean
    together.

    Missing numbers are an error. Fill them in, for example by a
    :class:`~sklearn.impute.SimpleImputer` in the transformer.

    Columns that are given by name are found by name: `transform` takes frames whose columns have
    another order, or that have more of them.

    The result is a sparse array in whatever container :func:`sklearn.set_config` demands, since a
    frame cannot have both.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn import TextToSequence, TextWithColumns
    >>> frame = pd.DataFrame({"review": ["Good film!", "Dull."], "stars": [4, 1]})
    >>> beside = TextWithColumns(TextToSequence(), text="review", columns=["stars"])
    >>> X = beside.fit_transform(frame)
    >>> X.column_names, X.column_values.tolist()
    (('stars',), [[4.0], [1.0]])
    >>> [" ".join(words) for words in beside.inverse_transform(X)]
    ['good film !', 'dull']
    """

    _parameter_constraints: ClassVar[dict] = {
        "to_sequence": [HasMethods(["fit_transform", "transform"]), None],
        "text": [str, Integral],
        "columns": [str, Integral, "array-like", HasMethods(["fit_transform", "transform"])],
    }

    def __init__(self, to_sequence=None, *, text, columns):
        self.to_sequence = to_sequence
        self.text = text
        self.columns = columns

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None) -> "TextWithColumns":
        """Learn the vocabulary, and fit the transformer of the columns.

        Parameters
        ----------
        X : frame, or array-like of shape (n_samples, n_columns)
            A frame of pandas, polars or pyarrow, or an array of objects.

        y : array-like of shape (n_samples,), default=None
            Passed on to a transformer of the columns.

        Returns
        -------
        self : TextWithColumns

        Raises
        ------
        ValueError
            If a column is not there, is not of texts or numbers as it should be, or a number is
            missing or infinite. After an error the instance is unchanged.

        TypeError
            If X is neither a frame nor an array, or a document is not a str.
        """
        self._learn(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X: Any, y: Any = None) -> TokenArray:
        """Do the same as `fit`, and return the training rows.

        Parameters
        ----------
        X : frame, or array-like of shape (n_samples, n_columns)
            See `fit`.

        y : array-like of shape (n_samples,), default=None
            Passed on to a transformer of the columns.

        Returns
        -------
        X_ids : TokenArray of int32 of shape (n_samples, n_timesteps)
            The token ids, with the numbers as `column_values`, a float64 array of shape
            (n_samples, n_columns).

        Raises
        ------
        ValueError, TypeError
            As in `fit`.
        """
        return self._learn(X, y)

    def transform(self, X: Any) -> TokenArray:
        """Return the token ids of a frame, with the numbers beside them.

        Parameters
        ----------
        X : frame, or array-like of shape (n_samples, n_columns)
            With the columns of `fit`.

        Returns
        -------
        X_ids : TokenArray of int32 of shape (n_samples, n_timesteps)
            The token ids, with the numbers as `column_values`, a float64 array of shape
            (n_samples, n_columns).

        Raises
        ------
        NotFittedError
            If the instance is not fitted.

        ValueError, TypeError
            If `fit` would raise an error for these rows, or the transformer of the columns returns
            other columns than in `fit`.
        """
        check_is_fitted(self)
        self._check_positions(X)
        texts = pick_texts(X, self.text, type(self).__name__)
        with _default_output():
            ids = self.to_sequence_.transform(texts)
        table, names = self._numbers(X, self.columns_, lambda transformer: transformer.transform(X))
        if self.columns_ is None:
            names = self.column_names_
        elif tuple(names) != self.column_names_:
            raise InvalidInputError(
                f"{type(self).__name__}: the transformer of the columns returns the columns "
                f"{names[:10]}, but in fit it returned {list(self.column_names_[:10])}. Use one "
                "that returns the same columns for any rows, such as OneHotEncoder("
                "handle_unknown='ignore', sparse_output=False)."
            )
        return self._joined(ids, table, names)

    def inverse_transform(self, X: Any) -> list[np.ndarray]:
        """Return the words of token ids, see :meth:`skrnn.TextToSequence.inverse_transform`.

        Parameters
        ----------
        X : TokenArray, sparse array, array-like or list of id lists
            The token ids.

        Returns
        -------
        documents : list of ndarray of str objects
            The words of each row.

        Raises
        ------
        NotFittedError
            If the instance is not fitted.

        ValueError, TypeError
            As in :meth:`skrnn.TextToSequence.inverse_transform`.
        """
        check_is_fitted(self)
        return self.to_sequence_.inverse_transform(X)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the positions in the text; those of the numbers: `column_names_`.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored.

        Returns
        -------
        feature_names_out : ndarray of str objects
            One name for each column that `fit_transform` returned.
        """
        check_is_fitted(self)
        return self.to_sequence_.get_feature_names_out()

    def set_output(self, *, transform=None):
        """Accept the default container only, as a frame cannot hold text and numbers.

        Parameters
        ----------
        transform : {"default"} or None, default=None
            None changes nothing.

        Returns
        -------
        self : TextWithColumns

        Raises
        ------
        ValueError
            If another container is requested.
        """
        if transform not in (None, "default"):
            raise InvalidInputError(
                f"set_output(transform={transform!r}) is not for {type(self).__name__}, which "
                "returns a sparse array with columns beside it. Call set_output of the steps "
                "before it instead."
            )
        return self

    def _learn(self, X, y):
        # Attributes are set last: after an error, those of an earlier fit are still there.
        name = type(self).__name__
        shape = check_frame(X, name)
        to_sequence = clone(self.to_sequence) if self.to_sequence is not None else TextToSequence()
        texts = pick_texts(X, self.text, name)
        with _default_output():
            ids = to_sequence.fit_transform(texts, y)
        transformer = None
        if hasattr(self.columns, "fit_transform"):
            transformer = clone(self.columns)
        table, names = self._numbers(X, transformer, lambda one: one.fit_transform(X, y))
        result = self._joined(ids, table, names)
        _check_feature_names(self, X, reset=True)
        self.to_sequence_, self.columns_, self.n_features_in_ = to_sequence, transformer, shape[1]
        self.column_names_ = result.column_names
        self._names_in = column_names(X)
        return result

    def _numbers(self, X, transformer, transform):
        """Return the table of numbers and the names of its columns."""
        name = type(self).__name__
        if transformer is not None:
            with _default_output():
                table = transform(transformer)
            names = None
            if hasattr(transformer, "get_feature_names_out"):
                try:
                    names = list(transformer.get_feature_names_out())
                except (AttributeError, ValueError):  # a step inside knows no names
                    names = None
            return table_of_numbers(table, names, name)
        keys = [self.columns] if isinstance(self.columns, str | Integral) else list(self.columns)
        if not keys:
            raise InvalidInputError(
                f"columns={self.columns!r} of {name} names no column. Name one or more, or use "
                "TextToSequence for texts alone."
            )
        picked = [numbers(pick(X, key, name), key, name) for key in keys]
        told = column_names(X)
        if told is None:
            names = [f"column{key}" for key in keys]
        else:
            names = [str(told[key] if _is_position(key, told) else key) for key in keys]
        return np.transpose(picked), names

    def _check_positions(self, X):
        """Raise ValueError if a column that is given by its position has another name than then."""
        name = type(self).__name__
        width = check_frame(X, name)[1]
        keys = [] if self.columns_ is not None else np.ravel(np.asarray(self.columns, object))
        keys = [key for key in [self.text, *keys] if _is_position(key, self._names_in or ())]
        if not keys:
            return
        if width != self.n_features_in_:
            raise InvalidInputError(
                f"X has {width} columns, but {name}, which finds columns by their position, was "
                f"fitted on {self.n_features_in_}."
            )
        found = column_names(X)
        for key in keys if found is not None and self._names_in is not None else ():
            if found[key] != self._names_in[key]:
                raise InvalidInputError(
                    f"The column {key} of X is {found[key]!r}, but in fit of {name} it was "
                    f"{self._names_in[key]!r}. Pass the columns in the same order, or give names "
                    "instead of positions."
                )

    def _joined(self, ids, table, names):
        if not isinstance(ids, TokenArray):
            raise InvalidTypeError(
                f"to_sequence of {type(self).__name__} returns {type(ids).__name__}, but must "
                "return a TokenArray, as TextToSequence(sparse_output=True) does."
            )
        if len(table) != ids.shape[0]:
            raise InvalidInputError(
                f"{type(self).__name__} got {ids.shape[0]} texts, but {len(table)} rows of numbers "
                "from the transformer of the columns, which must keep the rows."
            )
        return ids.with_columns(table, names)

    def __sklearn_tags__(self):
        """Declare that the input is a table with strings, and the output sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        # A table of numbers alone, which this tag promises to read, has no texts.
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags


def _is_position(key, names):
    return isinstance(key, Integral) and not isinstance(key, bool) and key not in names


def _default_output():
    """Make steps inside independent of the container that the caller's settings demand."""
    return config_context(transform_output="default")
