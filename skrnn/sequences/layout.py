"""The axes of numeric series: time steps first, then channels."""

from typing import Any

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.sequences.containers import as_rows, open_container
from skrnn.sequences.warning import warn_caller


def from_channels_first(X: Any) -> Any:
    """Return series whose channels come before their time steps in skrnn's layout.

    skrnn reads a series as (n_timesteps, n_channels), as Keras does. aeon and PyTorch's
    convolutions have the channels first.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_channels, n_timesteps), or list of arrays of shape \
(n_channels, n_timesteps)
        Series, of different lengths if in a list. A data frame whose cells are series, with a
        column for each channel, is accepted too.

    Returns
    -------
    ndarray of shape (n_samples, n_timesteps, n_channels), or list of ndarray of shape \
(n_timesteps, n_channels)
        A list if X is a list or a frame. Values and dtype are those of X; missing values are NaN.

    Raises
    ------
    ValueError
        If the series have no axis of channels.

    See Also
    --------
    skrnn.RNNClassifier : Reads the result.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import from_channels_first
    >>> from_channels_first(np.zeros((5, 2, 100))).shape
    (5, 100, 2)
    >>> [series.shape for series in from_channels_first([np.zeros((2, 8)), np.zeros((2, 9))])]
    [(8, 2), (9, 2)]
    """
    opened = open_container(X)
    if opened.n_channels is not None:  # a frame of series
        return [series[:, None] if series.ndim == 1 else series for series in opened.X]
    rows = opened.X
    if isinstance(rows, list | tuple) or getattr(getattr(rows, "dtype", None), "kind", "") == "O":
        arrays, _, _ = as_rows(rows, "from_channels_first", "numeric")
        if all(np.ndim(row) == 2 for row in arrays):
            return [np.ascontiguousarray(np.transpose(row)) for row in arrays]
        got = (
            f"a list with an array of shape {next(np.shape(a) for a in arrays if np.ndim(a) != 2)}"
        )
    else:
        array = np.asarray(rows)
        if array.ndim == 3:
            return np.ascontiguousarray(array.swapaxes(1, 2))
        got = f"shape {array.shape}"
    raise InvalidInputError(
        "from_channels_first expects an array of shape (n_samples, n_channels, n_timesteps) or a "
        f"list of arrays of shape (n_channels, n_timesteps), but got {got}. Series without an "
        "axis of channels need no conversion."
    )


# As many channels that are not close to their neighbors are coordinates of vectors, as of words.
MIN_COORDINATES, NOT_SMOOTH = 50, 0.7


def _are_vectors(values):
    """Whether steps are vectors with many coordinates, and not the values of a time series."""
    values = values[:: max(1, len(values) // 1000)].astype(np.float64)
    if values.shape[1] < MIN_COORDINATES:
        return False
    mixed = values[:, np.random.default_rng(0).permutation(values.shape[1])]
    steps, any_two = (np.abs(np.diff(one, axis=1)).mean() for one in (values, mixed))
    return steps > NOT_SMOOTH * any_two


def warn_of_axes(sequences, name):
    """Warn if the longest series has fewer time steps than channels, and those may be steps."""
    n_channels, n_steps = sequences.values.shape[1], int(sequences.lengths.max(initial=0))
    if n_channels > n_steps > 1 and not _are_vectors(sequences.values):
        warn_caller(
            f"X has more channels than time steps: {name} reads it as at most {n_steps} steps of "
            f"{n_channels} channels, from the layout (n_samples, n_timesteps, n_channels). If its "
            "channels come first, as in aeon, pass skrnn.from_channels_first(X)."
        )
