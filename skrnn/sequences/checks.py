"""Checks of any accepted container of sequences, and conversion to one form.

Nothing here needs TensorFlow.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_array

from skrnn._sklearn_compat import _check_feature_names
from skrnn.exceptions import InvalidInputError
from skrnn.printing import brief
from skrnn.sequences.columns import check_columns, reject_lost_columns, told_lost_columns
from skrnn.sequences.components import reject_components
from skrnn.sequences.containers import as_rows, open_container
from skrnn.sequences.keeping import KeepsOrigin
from skrnn.sequences.layout import warn_of_axes
from skrnn.sequences.lookalikes import (
    MIN_ROWS_OF_COUNTS,
    reject_columns_beside_text,
    reject_word_counts,
    warn_of_counts,
)
from skrnn.sequences.origin import origin_of
from skrnn.sequences.readings import (
    warn_of_floats,
    warn_of_gaps,
    warn_of_ids,
    warn_of_readings,
)
from skrnn.sequences.sequences import Sequences
from skrnn.sequences.special_tokens import PADDING, UNKNOWN

# A larger vocabulary has to be declared: at 64 dimensions this one takes 4 GB. Integers far beyond
# are hashes, timestamps or amounts.
MAX_GUESSED_VOCABULARY = 2**24


class InputForm(NamedTuple):
    """Properties of the shape of X that an estimator stores.

    Attributes
    ----------
    n_features : int or None
        `n_features_in_`; None if X does not determine it.
    is_table : bool
        Whether X was a table: two dimensions, a column for each time step.
    """

    n_features: int | None
    is_table: bool


class CheckedInput(NamedTuple):
    """The result of `check_sequences`.

    Attributes
    ----------
    sequences : Sequences
        All steps of the caller, without the padding at the end of arrays; with the words and
        columns of a :class:`TokenArray`.
    vocabulary_size : int or None
        For token ids, the smallest size that covers the given, declared and seen ids.
    form : InputForm
        The form to store on the estimator.
    """

    sequences: Sequences
    vocabulary_size: int | None
    form: InputForm


def check_sequences(X, *, estimator, input="auto", form=None, vocabulary_size=None):
    """Check any accepted container of sequences and convert it to `Sequences`.

    Parameters
    ----------
    X : sparse array, array-like or list of sequences
        Token ids or numeric sequences; see :class:`skrnn.RNNClassifier`.
    estimator : estimator instance
        Named in errors; it is not changed.
    input : {"auto", "tokens", "numeric"}
        What X holds; "auto" decides by dtype: integers are token ids. What may be meant otherwise
        is warned of, except a :class:`TokenArray`, or if the estimator has another `input`.
    form : InputForm or None
        The form of the X of the first fit, against which X is checked; None if this is that X.
    vocabulary_size : int or None
        Ids must be below it.

    Returns
    -------
    CheckedInput

    Raises
    ------
    ValueError
        If X is not valid. The message names the problem, the row and the way out.

    Warns
    -----
    AmbiguousInputWarning
        If integers look like readings, floats like token ids, or axes are perhaps swapped.
    """
    name, reset = type(estimator).__name__, form is None
    origin = origin_of(X)
    if getattr(X, "column_values", None) is not None:
        columns = check_columns(X.column_values, X.column_names, X.shape[0], name)
        checked = check_sequences(
            X.without_columns(),
            estimator=estimator,
            input=input,
            form=form,
            vocabulary_size=vocabulary_size,
        )
        return checked._replace(sequences=replace(checked.sequences, columns=columns))
    # Whether somebody has said what X is.
    is_said = isinstance(X, KeepsOrigin)
    is_said |= (input if reset else getattr(estimator, "input", "auto")) != "auto"
    _reject_no_rows(X, name)
    opened = open_container(X)
    X, has_gaps = opened.X, opened.has_gaps
    _reject_text(X, name)
    X, has_gaps_in_rows, is_ragged = as_rows(X, name, input)
    has_gaps |= has_gaps_in_rows
    if not is_ragged:
        X = _as_array(X, name, estimator, input)
        if not is_said and (reset or (input == "tokens" and X.shape[0] >= MIN_ROWS_OF_COUNTS)):
            reject_word_counts(X, name)
    if input == "auto":
        input = "tokens" if _holds_integers(X, has_gaps) else "numeric"
    if not is_ragged:
        if reset and not is_said:
            reject_columns_beside_text(X, name, input)
            if input == "numeric":
                reject_lost_columns(X, name)
                reject_components(X, name)
        if X.ndim == 2 and (input == "numeric" or reset):
            form = _check_width(X.shape[1], name, form)

    if input == "numeric":
        n_channels = 1 if reset else _fitted_channels(form)
        sequences = _numeric(X, name, n_channels)
        width = sequences.values.shape[1]
        if not reset or is_ragged or X.ndim == 3:
            form = _check_channels(width, name, None if reset else form)
        if reset:
            warn_of_axes(sequences, name)
            if not is_said:
                warn_of_ids(sequences, name, is_padded=not is_ragged)
                if not is_ragged:
                    warn_of_counts(X, name)
        return CheckedInput(sequences, None, form)
    if is_ragged:
        sequences = _ragged_tokens(X, name)
        if reset:
            width = opened.n_channels or int(sequences.collapse().lengths.max())
            form = InputForm(width, False)
    elif issparse(X):
        sequences = _sparse_tokens(X, name)
    else:
        sequences = _dense_tokens(X, name)
    if origin.is_calculated:
        raise InvalidInputError(
            "X is the result of a calculation with token ids, such as twice the ids. Token ids are "
            f"numbers of words, so {name} would read other words. Pass what TextToSequence "
            "returns, or rows of it, X[rows]. To use the result as numbers, set input='numeric'."
        )
    if origin.words is not None:
        sequences = replace(sequences, words=origin.words)
    if not is_said:
        _warn_of_tokens(X, sequences, name, reset, has_gaps)
    vocabulary_size = _check_vocabulary(sequences, name, vocabulary_size, origin.vocabulary_size)
    return CheckedInput(sequences, vocabulary_size, form)


def _holds_integers(X, has_gaps):
    """Whether X is read as token ids if nobody says what it is."""
    if not isinstance(X, list):
        return has_gaps or X.dtype.kind in "iu"
    return all(row.dtype.kind in "iu" for row in X if row.size)


def _warn_of_tokens(X, sequences, name, reset, has_gaps):
    """Warn if token ids may be something else."""
    if has_gaps:
        warn_of_gaps(name)
    elif not _holds_integers(X, has_gaps):
        warn_of_floats(name)
    elif reset:
        of_bytes = getattr(X, "dtype", None) == np.uint8
        warn_of_readings(sequences, name, of_bytes=of_bytes)


def _reject_no_rows(X, name):
    """Raise ValueError if X has no rows in an order: None, a mapping, a set or a generator."""
    # A sparse array of format DOK is a mapping, too.
    if X is None or (isinstance(X, Mapping | Set | Iterator) and not issparse(X)):
        way_out = " Pass list(X)." if isinstance(X, Iterator) else ""
        if isinstance(X, Mapping | Set):
            way_out = " Pass its rows in the order of y, as a list."
        raise InvalidInputError(
            f"{name} got {type(X).__name__} as X, {brief(X)}; it expects a sequence of numbers for "
            f"each row: an array, a list of lists, or the output of TextToSequence.{way_out}"
        )


def _reject_text(X, name):
    if isinstance(X, str | bytes):
        raise InvalidInputError(
            f"{name} got a single {type(X).__name__} as X, {X[:40]!r}; it expects one row of token "
            "ids for each document. Put the text in a list and TextToSequence() before it: "
            f"make_pipeline(TextToSequence(), {name}())."
        )
    if issparse(X):
        return
    if not isinstance(X, list | tuple):
        X = np.atleast_1d(np.asarray(X))
        if X.dtype.kind not in "OUST":
            return
    for i, row in enumerate(X):
        first = row
        while isinstance(first, list | tuple) or (isinstance(first, np.ndarray) and first.ndim):
            if not len(first):
                break
            first = first[0]
        if isinstance(first, str | bytes):
            # A row of a one-column frame is a text; a list of strings is a text split into tokens.
            is_tokens = isinstance(row, list | tuple) or (first is not row and len(row) > 1)
            to_ids = "TextToSequence(analyzer=list)" if is_tokens else "TextToSequence()"
            raise InvalidInputError(
                f"{name} expects sequences of numbers, but row {i} of X "
                f"{'is' if first is row else 'holds'} the {type(first).__name__} {first[:40]!r}. "
                f"Put {to_ids} before it: make_pipeline({to_ids}, {name}())."
            )


def _as_array(X, name, estimator, input):
    """Return X as CSR, or as a dense array with two or three dimensions."""
    if issparse(X):
        if X.ndim != 2:
            raise InvalidInputError(
                f"Expected 2D array, got a sparse array of shape {X.shape} instead. If it is one "
                "row of a sparse array, take it as X[[i]] or X[i:i + 1]."
            )
        if input == "auto" and X.dtype.kind not in "iu":
            raise InvalidInputError(
                f"{name} got a sparse array of {X.dtype}. Sparse input must be token ids, integers "
                "in the order of the text, as TextToSequence returns them. Counts and tf-idf "
                "weights have no order: use TextToSequence() instead of the vectorizer. For time "
                "series with many zeros, pass X.toarray(), or set input='numeric'."
            )
        if input == "numeric":
            X = X.toarray()
        elif 0 in X.shape:
            X = np.empty(X.shape, X.dtype)  # the error is raised below, as for any array
        else:
            return X.tocsr()
    X = check_array(
        X,
        dtype="numeric",
        allow_nd=True,
        ensure_all_finite=False,
        estimator=estimator,
        input_name="X",
    )
    if X.dtype.kind not in "biuf":
        raise InvalidInputError(
            f"{name} expects sequences of numbers, but X has the dtype {X.dtype}."
        )
    return X


# A numeric X of two dimensions is a table: one channel, and a column for each time step of fit.
# Other numeric X, including lists, have a fixed number of channels and any number of time steps.


def _check_width(width, name, form):
    if form is None:
        return InputForm(width, True)
    if form.is_table and width != form.n_features:
        raise InvalidInputError(
            f"X has {width} features, but {name} is expecting {form.n_features} features "
            "as input, the number of time steps in fit. Pad shorter series with NaN at the end, or "
            "pass series of any length as an array of shape (n_samples, n_timesteps, 1)."
        )
    return form


def _fitted_channels(form):
    return 1 if form.is_table else form.n_features


def _check_channels(channels, name, form):
    if form is None:
        return InputForm(channels, False)
    fitted = _fitted_channels(form)
    if channels != fitted:
        raise InvalidInputError(
            f"X has {channels} channels at each time step, but {name} was fitted with {fitted}. "
            f"Pass X of shape (n_samples, n_timesteps, {fitted}). If the channels of X come before "
            "its time steps, pass skrnn.from_channels_first(X)."
        )
    return form


def check_feature_names(estimator, X, *, reset):
    """Check the column names of a data frame against those of fit, as scikit-learn does."""
    _check_feature_names(estimator, X, reset=reset)


def _from_rows(values, lengths):
    return Sequences(values, np.concatenate([[0], np.cumsum(np.asarray(lengths, np.int64))]))


def _tokens(values, lengths, name):
    """Make `Sequences` of checked ids."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    if values.dtype.kind not in "iuf":
        raise InvalidInputError(
            f"{name} expects token ids as integers, but X has the dtype {values.dtype}."
        )
    if values.dtype.kind == "f":
        values = values.astype(np.float64, copy=False)  # float16 cannot be compared with 2**31
        _reject(~np.isfinite(values), values, rows, name, "is not finite")
        _reject(values != np.floor(values), values, rows, name, "is fractional")
    _reject(values < 0, values, rows, name, "is negative")
    _reject(values > np.iinfo(np.int32).max - 1, values, rows, name, "is beyond 32 bits")
    values = values.astype(np.int32, copy=False)
    return _from_rows(values, lengths)


def _reject(bad, values, rows, name, what):
    if bad.any():
        first = np.flatnonzero(bad)[0]
        raise InvalidInputError(
            f"{name} got an id that {what} in row {rows[first]} of X: {values[first]}. Token ids "
            "are integers from 1 (0 is padding, and so is a missing value at the end of a row). "
            "Numeric sequences are floats, or are declared with "
            f'input="numeric".{told_lost_columns(values[rows == rows[first]])}'
        )


def _sparse_tokens(X, name):
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    lengths = np.diff(X.indptr)
    values = np.asarray(X.data)
    stored_zeros = values == PADDING
    if stored_zeros.any():
        rows = np.repeat(np.arange(len(lengths)), lengths)
        lengths = np.bincount(rows[~stored_zeros], minlength=len(lengths))
        values = values[~stored_zeros]
    return _tokens(values, lengths, name)


def _dense_tokens(X, name):
    if X.ndim != 2:
        raise InvalidInputError(
            f"{name} got token ids of shape {X.shape}; it expects (n_samples, n_timesteps). "
            'For numeric channels give floats, or input="numeric".'
        )
    # Zeros at the end are padding. Other zeros are steps, but not real ones.
    is_real = X != PADDING
    if X.dtype.kind == "f":
        is_real &= ~np.isnan(X)
    lengths = np.where(is_real.any(axis=1), X.shape[1] - is_real[:, ::-1].argmax(axis=1), 0)
    return _tokens(X[np.arange(X.shape[1]) < lengths[:, None]], lengths, name)


def _ragged_tokens(rows, name):
    for i, row in enumerate(rows):
        if row.ndim != 1:
            raise InvalidInputError(
                f"{name} got token ids of shape {row.shape} in row {i} of X; one row is a flat "
                'list of ids. For numeric channels give floats, or input="numeric".'
            )
    if any(row.dtype.kind == "f" for row in rows):
        real = [np.flatnonzero(~np.isnan(row)) for row in rows]
        rows = [
            row[: kept[-1] + 1 if len(kept) else 0] for row, kept in zip(rows, real, strict=True)
        ]
    return _tokens(np.concatenate(rows), [len(row) for row in rows], name)


def _check_vocabulary(sequences, name, vocabulary_size, declared):
    seen = int(sequences.values.max(initial=0)) + 1
    if vocabulary_size is None and seen > max(declared or 0, MAX_GUESSED_VOCABULARY):
        raise InvalidInputError(
            f"{name} got the id {seen - 1} in X and would make an embedding of that many rows. If "
            "X holds numbers instead of token ids, pass floats or set input='numeric'; if the "
            "vocabulary is really that large, set vocabulary_size."
        )
    if vocabulary_size is None:
        return max(seen, declared or 0, UNKNOWN + 1)
    if seen > vocabulary_size:
        row = np.searchsorted(sequences.offsets, sequences.values.argmax(), side="right") - 1
        raise InvalidInputError(
            f"{name} got the id {seen - 1} in row {row} of X, outside its vocabulary of "
            f"{vocabulary_size} ids (0 to {vocabulary_size - 1}). Use the tokenizer that was used "
            "for fit. If new ids may appear after fit, set vocabulary_size to the number of all "
            "ids, including padding."
        )
    return vocabulary_size


def _numeric(X, name, n_channels):
    """Make `Sequences` of floats from a dense array or a list of arrays, NaN at the end as padding.

    Other NaN are missing values and stay. So do numbers of float64: who scales them makes float32
    of them. A list without any step has an unknown number of channels; then `n_channels` is used.
    """
    if isinstance(X, list):
        channels = {row.shape[1] if row.ndim == 2 else 1 for row in X if row.size}
        if len(channels) > 1:
            raise InvalidInputError(
                f"The rows of X have different numbers of channels, {sorted(channels)}; {name} "
                "expects every row of shape (n_timesteps, n_channels) with the same n_channels. If "
                "the rows are (n_channels, n_timesteps), pass skrnn.from_channels_first(X)."
            )
        width = channels.pop() if channels else n_channels
        rows = [row.reshape(-1, width) for row in X]
        lengths = np.array([len(row) for row in rows])
        values = np.concatenate(rows)
    else:
        if X.ndim > 3 or (X.ndim == 3 and 0 in X.shape):
            raise InvalidInputError(
                f"{name} got X of shape {X.shape}; it expects (n_samples, n_timesteps) or "
                "(n_samples, n_timesteps, n_channels), none of them 0."
            )
        lengths = np.full(X.shape[0], X.shape[1])
        values = X.reshape(X.shape[0] * X.shape[1], -1)
    row_of = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    step_of = np.arange(len(values)) - starts[row_of]
    if values.dtype != np.float32:
        is_small = values.dtype == np.float16
        with np.errstate(over="ignore"):  # of a longdouble, which raises the error below
            values = values.astype(np.float32 if is_small else np.float64, copy=False)
    is_infinite = np.isinf(values)
    if is_infinite.any():
        first, channel = np.argwhere(is_infinite)[0]
        raise InvalidInputError(
            f"Input X contains infinity: row {row_of[first]}, time step {step_of[first]}, channel "
            f"{channel}. {name} expects finite numbers, and NaN for missing values and for padding "
            "at the end of a row. Clip the values, or replace infinity by NaN."
        )
    is_step = ~np.isnan(values).all(axis=1)
    real = np.zeros(len(lengths), np.int64)
    real[row_of[is_step]] = step_of[is_step] + 1  # the last of a row remains
    kept = step_of < real[row_of]
    return _from_rows(values if kept.all() else values[kept], real)
