"""Occlusion (Zeiler & Fergus 2014): what is missing from the logit without a token."""

from dataclasses import replace

import numpy as np

from skrnn.sequences import UNKNOWN, Sequences

# Time steps of all rows of a prediction, so that long texts do not fill the memory.
BATCH_TIMESTEPS = 2**18


def occlusion(classifier, row, direction):
    """Predict the row again and again, each time with one token unknown.

    Parameters
    ----------
    classifier : RNNClassifier
        Fitted.
    row : Row
        What is explained.
    direction : ndarray of shape (n_outputs,)
        The score is ``logits @ direction``.

    Returns
    -------
    values : ndarray of shape (n_tokens,), or (n_timesteps, n_channels), of float64
        By how much the score falls where the token is unknown, or the number zero.
    score, baseline_score : float
        Of the row, and of one in which all are: as many unknown tokens, or zeros, which is the
        baseline of integrated gradients too.
    """
    steps = row.sequence.values
    fill = UNKNOWN if row.sequence.is_tokens else 0
    # A token that is unknown anyway changes nothing.
    places = np.argwhere(steps != fill)

    (score,) = _score(classifier, steps[np.newaxis], direction)
    baseline = np.full_like(steps, fill)
    # As many steps: not collapsed to the single step of a text of unknown words.
    baseline = replace(row.sequence, values=baseline, row_inputs={}, step_inputs={})
    (baseline_score,) = _logits(classifier, baseline) @ direction
    values = np.zeros(steps.shape)
    n_rows = max(1, BATCH_TIMESTEPS // len(steps))
    for first in range(0, len(places), n_rows):
        part = places[first : first + n_rows]
        rows = np.repeat(steps[np.newaxis], len(part), axis=0)
        rows[(np.arange(len(part)), *part.T)] = fill
        values[tuple(part.T)] = score - _score(classifier, rows, direction)
    if row.is_blank:
        values = np.zeros(len(row.tokens))
    return values, float(score), float(baseline_score)


def _score(classifier, rows, direction):
    """Return ``logits @ direction`` of rows as a caller might give them, predicted as always."""
    offsets = np.arange(len(rows) + 1) * rows.shape[1]
    sequences = Sequences(rows.reshape(-1, *rows.shape[2:]), offsets).collapse()
    return _logits(classifier, sequences) @ direction


def _logits(classifier, sequences):
    logits = classifier.network_.raw(classifier.beside(sequences))
    return logits.astype(np.float64)
