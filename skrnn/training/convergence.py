"""Whether a training has converged, told by its losses.

Both questions compare losses of training rows. What they need to be answered was chosen on the
trainings of the tests, pages and examples of this project, which have to pass.
"""

from typing import NamedTuple

import numpy as np

# Fewer epochs were chosen to be few, and have no trend.
LEAST_EPOCHS = 10
# Of the epochs, the part at the end whose loss is compared with that of the part before.
PART = 0.1
# The loss still falls steeply if in the last part alone, it has lost this share of that of a
# constant answer, and there is more than this share left to lose.
STEEP, LEFT_OVER = 0.1, 0.25
# It never left the constant answer if it has not lost this share.
LEFT = 0.02


class Doubt(NamedTuple):
    """Why a training may not have converged.

    Attributes
    ----------
    kind : {"constant", "steep"}
    before, after : float
        The loss of a constant answer and the lowest loss; or the mean losses of the last two parts
        of the epochs.
    n_epochs : int
        Epochs in such a part.
    """

    kind: str
    before: float
    after: float
    n_epochs: int

    def told(self, name) -> str:
        """Return the warning for an estimator of this name."""
        if self.kind == "constant":
            return (
                f"{name} has learned nothing: its training loss never left that of a constant "
                f"answer, {self.before:.4g}, and was {self.after:.4g} at best. Numbers that are "
                "read as they are (scaling=None) may be far from zero or tiny; more epochs or a "
                "larger learning_rate may help; or X does not tell y."
            )
        return (
            f"{name} has not converged: its training loss still falls steeply, from "
            f"{self.before:.4g} to {self.after:.4g} in the last {self.n_epochs} epochs. Train for "
            "more epochs or with a larger learning_rate."
        )


def doubt(losses, constant) -> Doubt | None:
    """Return why a training may not have converged, or None.

    Parameters
    ----------
    losses : sequence of float
        The mean loss of the training rows in each epoch.
    constant : float or None
        The loss of the best constant answer; None if it is not known.

    Returns
    -------
    Doubt or None
    """
    n_epochs = max(2, round(PART * len(losses)))
    if len(losses) < LEAST_EPOCHS or not np.isfinite(losses).all():
        return None
    lowest = float(np.min(losses))
    if constant is not None and constant > 0 and lowest > (1 - LEFT) * constant:
        return Doubt("constant", float(constant), lowest, len(losses))
    n_parts = len(losses) // n_epochs
    *earlier, before, after = np.reshape(losses[-n_parts * n_epochs :], (n_parts, -1)).mean(axis=1)
    whole = losses[0] if constant is None else constant
    # A training that has seen lower losses is unsteady, and not on its way down.
    falls = before - after > STEEP * whole and before < min(earlier)
    if falls and after > LEFT_OVER * whole:
        return Doubt("steep", float(before), float(after), n_epochs)
    return None
