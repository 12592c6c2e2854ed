"""Occlusion (Zeiler & Fergus 2014): the decrease of the logit without a token."""

from dataclasses import replace

import numpy as np

from skrnn.sequences import UNKNOWN, Sequences

# Maximum number of time steps in a prediction, over all rows, so that long texts do not fill the
# memory.
BATCH_TIMESTEPS = 2**18


def occlusion(classifier, row, direction):
    """Predict the row once for each token, with this token unknown.

    Parameters
    ----------
    classifier : RNNClassifier
        Fitted.
    row : Row
        The row to explain.
    direction : ndarray of shape (n_outputs,)
        The score is ``logits @ direction``.

    Returns
    -------
    values : ndarray of shape (n_tokens,), or (n_timesteps, n_channels), of float64
        The decrease of the score if the token is unknown, or the number is zero.
    columns : ndarray of shape (n_columns,) of float64
        The decrease of the score if the column beside the text has its mean.
    score, baseline_score : float
        The scores of the row, and of a row of the same length with all tokens unknown or all
        numbers zero, and all columns at their mean, which is also the baseline of integrated
        gradients.
    """
    steps = row.steps.values
    fill = UNKNOWN if row.sequence.is_tokens else 0
    # Replacing a token that is already unknown changes nothing.
    places = np.argwhere(steps != fill)

    columns = row.steps.columns
    (score,) = _score(classifier, steps[np.newaxis], columns, direction)
    baseline = np.full_like(steps, fill)
    # Keep the number of steps: do not collapse to the single step of a text of unknown words.
    baseline = replace(row.steps, values=baseline)
    of_columns = np.zeros(0)
    if columns is not None:
        mean = classifier.columns_.mean
        baseline = replace(baseline, columns=columns._replace(values=mean[np.newaxis]))
        n = len(mean)
        one_less = np.where(np.eye(n, dtype=bool), mean, columns.values)
        rows = np.repeat(steps[np.newaxis], n, axis=0)
        of_columns = score - _score(classifier, rows, columns._replace(values=one_less), direction)
    (baseline_score,) = _logits(classifier, baseline) @ direction
    values = np.zeros(steps.shape)
    n_rows = max(1, BATCH_TIMESTEPS // len(steps))
    for first in range(0, len(places), n_rows):
        part = places[first : first + n_rows]
        rows = np.repeat(steps[np.newaxis], len(part), axis=0)
        rows[(np.arange(len(part)), *part.T)] = fill
        beside = columns and columns.take(np.zeros(len(part), int))
        values[tuple(part.T)] = score - _score(classifier, rows, beside, direction)
    if row.is_blank:
        values = np.zeros(len(row.tokens))
    return values, of_columns, float(score), float(baseline_score)


def _score(classifier, rows, columns, direction):
    """Return ``logits @ direction`` of rows, predicted in the same way as rows of a caller."""
    offsets = np.arange(len(rows) + 1) * rows.shape[1]
    sequences = Sequences(rows.reshape(-1, *rows.shape[2:]), offsets, columns=columns).collapse()
    return _logits(classifier, sequences) @ direction


def _logits(classifier, sequences):
    logits = classifier.network_.raw(classifier.beside(sequences))
    return logits.astype(np.float64)
