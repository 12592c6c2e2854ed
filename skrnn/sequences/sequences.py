"""Sequences of different lengths in one form, whatever container they came in.

A :class:`Sequences` is the rows laid end to end with the offsets where each begins, as in
Arrow's list arrays: nothing pays for the longest row, and taking rows or padding a batch is
one gather.
"""

from dataclasses import dataclass

import numpy as np

from skrnn.sequences.special_tokens import PADDING


@dataclass(frozen=True)
class Sequences:
    """Sequences of different lengths, laid end to end.

    Attributes
    ----------
    values : ndarray of shape (n_steps,) int32, or (n_steps, n_channels) float32
        Token ids (never 0), or numeric steps (never NaN), of all rows one after another.
    offsets : ndarray of shape (n_samples + 1,) of int64
        Row ``i`` is ``values[offsets[i]:offsets[i + 1]]``; no row is empty.
    words : tuple of str or None
        The word of each token id, as far as known; see :class:`TokenArray`.
    scores : ndarray of shape (n_samples, n_outputs) of float32, or None
        What an n-gram model says of each row; the second input of a network that has one.
    evidence : ndarray of shape (n_steps, n_outputs) of float32, or None
        What it says at each step, by the n-grams that end there; the third.
    """

    values: np.ndarray
    offsets: np.ndarray
    words: tuple | None = None
    scores: np.ndarray | None = None
    evidence: np.ndarray | None = None

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
            None if self.scores is None else self.scores[rows],
            None if self.evidence is None else self.evidence[steps],
        )

    def pad(self, rows):
        """Return the given rows right-padded to the longest of them.

        Returns
        -------
        ndarray of shape (len(rows), n_timesteps) int32, or (len(rows), n_timesteps, \
n_channels) float32
            Padding is 0 among token ids and NaN among numeric steps.
        """
        return self._pad(self.values, rows, PADDING if self.is_tokens else np.nan)

    def _pad(self, values, rows, fill):
        rows = np.asarray(rows)
        steps, _ = self._gather(rows)
        lengths = self.lengths[rows]
        padded = np.full((len(rows), lengths.max(), *values.shape[1:]), fill, values.dtype)
        padded[np.arange(padded.shape[1]) < lengths[:, None]] = values[steps]
        return padded

    def inputs(self, rows):
        """Return what a network reads of the given rows, a list of one to three arrays.

        Returns
        -------
        list of ndarray
            The padded rows and, where there are any, their scores and their padded evidence.
        """
        inputs = [self.pad(rows)]
        if self.scores is not None:
            inputs.append(self.scores[rows])
        if self.evidence is not None:
            inputs.append(self._pad(self.evidence, rows, 0))
        return inputs

    def __skrnn_digest__(self):
        """Return the rows, by which :func:`skrnn.caching.hashing.digest` knows them."""
        return [self.values, self.offsets]
