"""Patches: consecutive steps of numeric sequences that a network reads as one step.

A recurrent layer takes its steps one after another, so a series of a thousand steps takes as long
as a thousand updates of its state, and its gradient has to pass all of them. With a patch of p
steps, there are p times fewer, each of p times as many numbers (Nie et al. 2023, section 3.1, for
transformers; without overlap).
"""

from dataclasses import replace

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.sequences.sequences import Sequences

# A series of average length becomes about this many patches.
AUTO_PATCHES = 40


def choose_patch_size(lengths) -> int:
    """Return what ``patch_size="auto"`` is for training rows of these lengths.

    Parameters
    ----------
    lengths : ndarray of shape (n_samples,)
        Steps of each row.
    """
    return max(1, round(float(np.mean(lengths)) / AUTO_PATCHES))


def patched(sequences: Sequences, size: int) -> Sequences:
    """Return the sequences with each `size` consecutive steps as one.

    The channels of a patch are those of its first step, then those of its second one, and so on.
    The last patch of a row may be incomplete. What it lacks is zero, which is also what the
    network reads for the mean of a channel, and where explanations begin.

    Parameters
    ----------
    sequences : Sequences
        Numeric and scaled, without missing values, and without side inputs of steps.
    size : int
        Steps in a patch; 1 changes nothing.

    Returns
    -------
    Sequences
        A row of n steps has ``ceil(n / size)`` steps of ``size * n_channels`` numbers. Row inputs
        and columns are kept.

    Raises
    ------
    ValueError
        If there are side inputs of steps, which belong to single steps.
    """
    if size == 1:
        return sequences
    if sequences.step_inputs:
        raise InvalidInputError("Sequences with side inputs of steps cannot be put into patches.")
    lengths = sequences.lengths
    n_patches = -(-lengths // size)
    offsets = np.concatenate([[0], np.cumsum(n_patches)])
    n_channels = sequences.values.shape[1]
    values = np.zeros((offsets[-1] * size, n_channels), sequences.values.dtype)
    shift = offsets[:-1] * size - sequences.offsets[:-1]
    values[np.arange(len(sequences.values)) + np.repeat(shift, lengths)] = sequences.values
    values = values.reshape(offsets[-1], size * n_channels)
    return replace(sequences, values=values, offsets=offsets, patch_size=size)


def shifted(padded, size: int, shifts):
    """Return rows whose patches begin elsewhere: with zeros before the first step.

    Where a patch begins is arbitrary. A network that sees the same series with patches that begin
    at any of its steps cannot remember a few rows by that, and finds what may be anywhere.

    Parameters
    ----------
    padded : ndarray of shape (n_samples, n_patches, size * n_channels)
        Patches, with NaN as padding after the end of a row.
    size : int
        Steps in a patch.
    shifts : ndarray of shape (n_samples,) of int
        Number of zero steps before each row, from 0 to ``size - 1``.

    Returns
    -------
    ndarray of shape (n_samples, n_patches or n_patches + 1, size * n_channels)
    """
    n_samples, n_patches, width = padded.shape
    steps = padded.reshape(n_samples, n_patches * size, width // size)
    # NaN, and the zeros that fill up the last patch, are not shifted.
    is_step = np.nan_to_num(steps).any(axis=2)
    ends = np.where(is_step.any(axis=1), is_step.shape[1] - is_step[:, ::-1].argmax(axis=1), 1)
    source = np.arange((n_patches + 1) * size) - shifts[:, np.newaxis]
    is_known = (source >= 0) & (source < ends[:, np.newaxis])
    found = steps[np.arange(n_samples)[:, np.newaxis], np.where(is_known, source, 0)]
    found = np.where(is_known[..., np.newaxis], found, np.float32(0))
    found = found.reshape(n_samples, n_patches + 1, width)
    lengths = -(-(ends + shifts) // size)
    found[np.arange(n_patches + 1) >= lengths[:, np.newaxis]] = np.nan
    return found[:, : lengths.max()]
