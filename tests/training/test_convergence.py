"""Telling from losses whether a training has converged."""

import numpy as np
import pytest

from skrnn.training.convergence import doubt

EPOCHS = np.arange(100)


@pytest.mark.parametrize(
    ("losses", "constant", "kind"),
    [
        (0.69 * np.exp(-EPOCHS / 20), 0.69, None),  # converges
        (0.69 - EPOCHS * 0.0001, 0.69, "constant"),
        (np.full(100, 0.66) + 0.02 * np.sin(EPOCHS), 0.69, None),  # learns a little, then nothing
        (0.69 / (1 + np.exp((EPOCHS - 92) / 3)), 0.69, "steep"),  # has only begun to learn
        (2 / (1 + np.exp((EPOCHS - 95) / 4)), None, "steep"),
        (0.69 - 0.0069 * EPOCHS, 0.69, None),  # is nearly there
        (0.1 / (1 + EPOCHS), 0.69, None),  # begins far below
        (np.where(EPOCHS < 80, 0.01, 2 - 0.02 * EPOCHS), 0.69, None),  # recovers from a leap
        ([0.69] * 5, 0.69, None),  # few on purpose
        ([np.nan] * 20, 0.69, None),
        ([0.0] * 20, 0.0, None),  # y is constant
    ],
)
def test_doubt_where_a_training_stopped_too_early_or_never_began(losses, constant, kind):
    """Fails if noise, a good start or a short training raise doubt, or a bad one does not."""
    found = doubt(list(losses), constant)
    assert (found and found.kind) == kind
    if found:
        assert f"{found.after:.4g}" in found.told("A")
