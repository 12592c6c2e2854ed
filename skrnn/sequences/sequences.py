"""Sequences of different lengths, in one form for all containers.

A :class:`Sequences` has the concatenated rows and the offset at which each begins, as in Arrow's
list arrays. The longest row does not pad the others, and taking rows or padding a batch is one
gather.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.sequences.columns import Columns
from skrnn.sequences.special_tokens import PADDING, UNKNOWN


@dataclass(frozen=True)
class Sequences:
    """Concatenated sequences of different lengths, with all steps of the caller.

    Attributes
    ----------
    values : ndarray of shape (n_steps,) int32, or (n_steps, n_channels) float32 or float64
        Token ids, or numeric steps, of all rows one after another. A step that is not real is
        0 among ids, and NaN in each channel. Numbers are as the caller gave them, with NaN where
        one is missing, until :class:`skrnn.sequences.channels.ChannelScaler` scales them and fills
        these in; a network reads them in float32.
    offsets : ndarray of shape (n_samples + 1,) of int64
        Row ``i`` is ``values[offsets[i]:offsets[i + 1]]``; it may be empty.
    words : tuple of str or None
        The word of each token id, as far as known; see :class:`TokenArray`.
    row_inputs : dict of str to ndarray of shape (n_samples, width), float32
        Additional inputs of a network for each row, by the names of its side inputs.
    step_inputs : dict of str to ndarray of shape (n_steps, width), float32 or int32
        Additional inputs for each step: numbers or, in int32, ids, of which 0 is none. They are in
        the order of the network's side inputs.
    columns : Columns or None
        Numeric columns as the caller gave them. The network reads them standardized, which are
        row inputs.
    patch_size : int
        Steps of the caller that are one step here, see :mod:`skrnn.sequences.patches`.
    """

    values: np.ndarray
    offsets: np.ndarray
    words: tuple | None = None
    row_inputs: dict = field(default_factory=dict)
    step_inputs: dict = field(default_factory=dict)
    columns: Columns | None = None
    patch_size: int = 1

    def __len__(self):
        """Return the number of rows."""
        return len(self.offsets) - 1

    @property
    def lengths(self):
        """Number of steps of each row, int64 of shape (n_samples,)."""
        return np.diff(self.offsets)

    @property
    def is_tokens(self):
        """Whether the steps are token ids."""
        return self.values.ndim == 1

    @property
    def is_real(self):
        """Which steps are real rather than padding or missing, bool of shape (n_steps,)."""
        if self.is_tokens:
            return self.values != PADDING
        return ~np.isnan(self.values).all(axis=1)

    def _gather(self, rows):
        lengths = self.lengths[rows]
        ends = np.cumsum(lengths)
        steps = np.arange(ends[-1] if len(ends) else 0)
        return steps + np.repeat(self.offsets[:-1][rows] - (ends - lengths), lengths), ends

    def take(self, rows):
        """Return the given rows, in the given order, as new `Sequences`."""
        rows = np.asarray(rows)
        steps, ends = self._gather(rows)
        return Sequences(
            self.values[steps],
            np.concatenate([[0], ends]),
            self.words,
            {name: values[rows] for name, values in self.row_inputs.items()},
            {name: values[steps] for name, values in self.step_inputs.items()},
            self.columns and self.columns.take(rows),
            self.patch_size,
        )

    def beside(self, row_inputs, step_inputs):
        """Return the same sequences with side inputs."""
        return replace(self, row_inputs=row_inputs, step_inputs=step_inputs)

    def collapse(self):
        """Return the sequences for a network with one prediction for each row.

        Steps that are not real are removed. A document of unknown words has no more information
        than an empty one: both become one unknown step, and a numeric row without steps becomes
        one step of zeros. So no row is empty, as pooling requires.

        Raises
        ------
        ValueError
            If there are side inputs of steps, which belong to the original steps.
        """
        if self.step_inputs:
            raise InvalidInputError("Sequences with side inputs of steps cannot be collapsed.")
        keep = self.is_real
        row_of = np.repeat(np.arange(len(self)), self.lengths)
        says = keep & (self.values != UNKNOWN) if self.is_tokens else keep
        is_blank = np.bincount(row_of[says], minlength=len(self)) == 0
        if keep.all() and not is_blank.any():
            return self
        keep &= ~is_blank[row_of]
        values, lengths = self.values[keep], np.bincount(row_of[keep], minlength=len(self))
        starts = np.cumsum(lengths) - lengths
        empty = UNKNOWN if self.is_tokens else np.float32(0)
        values = np.insert(values, starts[is_blank], empty, axis=0)
        lengths[is_blank] = 1
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return replace(self, values=values, offsets=offsets)

    def pad(self, rows):
        """Return the given rows right-padded to the longest of them.

        Returns
        -------
        ndarray of shape (len(rows), n_timesteps) int32, or (len(rows), n_timesteps, \
n_channels) float32
            Padding is 0 among token ids and NaN among numeric steps.
        """
        return self._pad(self.values, rows, PADDING if self.is_tokens else np.nan)

    def steps(self, rows):
        """Return where in `values` each step of the given rows is, padded with -1."""
        return self._pad(np.arange(len(self.values)), rows, -1)

    def _pad(self, values, rows, fill):
        rows = np.asarray(rows)
        steps, _ = self._gather(rows)
        lengths = self.lengths[rows]
        padded = np.full((len(rows), lengths.max(), *values.shape[1:]), fill, values.dtype)
        padded[np.arange(padded.shape[1]) < lengths[:, None]] = values[steps]
        return padded

    def inputs(self, rows):
        """Return the inputs of a network for the given rows, a list of arrays.

        Returns
        -------
        list of ndarray
            The padded rows, then the side inputs of rows and the padded ones of steps, in which
            padding is 0.
        """
        return [
            self.pad(rows),
            *(values[rows] for values in self.row_inputs.values()),
            *(self._pad(values, rows, 0) for values in self.step_inputs.values()),
        ]

    def __skrnn_digest__(self):
        """Return the content that :func:`skrnn.caching.hashing.digest` hashes."""
        # What the network adds later is a result, and not there yet.
        beside = [part for pair in self.step_inputs.items() for part in pair]
        return [self.values, self.offsets, *(self.columns or ()), *beside]
