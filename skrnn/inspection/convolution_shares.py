"""Splitting the contribution of convolutions among the numbers of a sequence.

The score of a model of convolutions counts steps above thresholds, so it has no gradient. Its
contribution is dealt to the numbers by putting them in place of the baseline one after another,
from the first step to the last, and from the last to the first: each number gets the mean of its
two changes of the score. These sum to the whole change, as Shapley values of two orders.
"""

from dataclasses import replace

import numpy as np

# Maximum number of places in an order; with more numbers, neighbouring steps go together.
MAX_PLACES = 512


def deal_to_steps(model, sequence):
    """Return what each number contributes to the scores of the convolutions.

    Parameters
    ----------
    model : skrnn.convolutions.ConvolutionModel
        Fitted.
    sequence : Sequences
        One numeric row, as the network reads it. The baseline is zero.

    Returns
    -------
    ndarray of shape (n_timesteps, n_channels, n_outputs) of float64
        Summed over the numbers, the difference of the scores of the row and of zeros.
    """
    x = sequence.values
    n_steps, n_channels = x.shape
    n_blocks = max(1, min(n_steps, MAX_PLACES // n_channels))
    block = np.arange(n_steps) * n_blocks // n_steps
    # The place of each number in the order, steps first.
    place = block[:, np.newaxis] * n_channels + np.arange(n_channels)
    n_places = n_blocks * n_channels
    size = np.bincount(block, minlength=n_blocks).repeat(n_channels)
    reached = np.arange(n_places + 1)[:, np.newaxis, np.newaxis]
    changes: np.ndarray = np.zeros(1)
    for order in (place, n_places - 1 - place):
        rows = np.where(order < reached, x, np.float32(0)).reshape(-1, n_channels)
        offsets = np.arange(n_places + 2) * n_steps
        scored = model.score(
            replace(sequence, values=rows, offsets=offsets, row_inputs={}, columns=None)
        )
        (scores,) = scored.row_inputs.values()
        change = np.diff(scores.astype(np.float64), axis=0)
        changes = changes + (change if order is place else change[::-1])
    return (changes / 2 / size[:, np.newaxis])[place]
