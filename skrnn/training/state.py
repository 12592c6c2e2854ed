"""The state of a training, from which it can be resumed exactly.

A :class:`TrainingState` is recorded at the end of each epoch and, for checkpoints, within one. A
training that is interrupted or diverges returns to the last one;
:mod:`skrnn.training.checkpoint` writes them to disk. Only arrays and numbers: nothing here needs
TensorFlow.
"""

from dataclasses import dataclass

import numpy as np

import skrnn
from skrnn.backend.versions import version_of


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of a training, without the data and the number of epochs.

    Attributes
    ----------
    optimizer : str or keras.optimizers.Optimizer
    learning_rate : float, keras.optimizers.schedules.LearningRateSchedule or None
        None for an optimizer object, which has its own.
    global_clipnorm : float or None
    learning_rate_decay : float
    decay_epochs : int or None
        Epochs in which the learning rate decreases; None for all.
    batch_size : int or "auto"
    max_steps : int or None
        Maximum number of steps in a batch, including padding.
    callbacks : list of keras.callbacks.Callback, callback or None
        The user's own.
    verbose : int
    """

    optimizer: object = "adam"
    learning_rate: object = None
    global_clipnorm: float | None = None
    learning_rate_decay: float = 0.0
    decay_epochs: int | None = None
    batch_size: int | str | None = "auto"
    max_steps: int | None = None
    callbacks: object = None
    verbose: int = 0

    @property
    def fixed_learning_rate(self):
        """The learning rate, if it is a number rather than a schedule or the optimizer's own."""
        return self.learning_rate if isinstance(self.learning_rate, float) else None

    def has_slots_of(self, other):
        """Whether the optimizer has the same variables with both settings."""
        # The learning rate is among them if it is a number, not if it is a schedule.
        is_number = self.fixed_learning_rate is not None
        return self.optimizer == other.optimizer and is_number == (
            other.fixed_learning_rate is not None
        )


@dataclass
class EarlyStoppingState:
    """The state of early stopping between epochs.

    Attributes
    ----------
    wait : int
        Epochs without improvement.
    best : float or None
        The best validation loss or score.
    best_epoch : int
        Its epoch, counted from 0.
    stopped_epoch : int
        The epoch after which patience ended; 0 before.
    best_weights : list of ndarray or None
        The network's weights after that epoch.
    """

    wait: int = 0
    best: float | None = None
    best_epoch: int = 0
    stopped_epoch: int = 0
    best_weights: list | None = None


@dataclass
class TrainingState:
    """A moment of a training.

    Attributes
    ----------
    epoch : int
        Epochs finished.
    batch : int
        Batches of the next epoch that are done.
    variables : list of ndarray
        All of the network's: weights, and the states of its dropouts' generators.
    optimizer : list of ndarray
        The optimizer's variables, including the learning rate if it is a number.
    metrics : list of ndarray
        Sums of the running epoch; empty between epochs.
    history : dict of str to list of float
        Of the finished epochs.
    learning_rate : float or None
        The last learning rate that the decay has set.
    stopping : EarlyStoppingState or None
        State of early stopping, if it is on.
    stopped : bool
        Whether a callback has ended the training.
    finished : bool
        Whether nothing is left to do; `variables` are then the final ones.
    unaveraged : list of ndarray or None
        If the optimizer has replaced the weights by their averages at the end (`use_ema`), the
        variables before that, with which training continues.
    phase : {"training", "pretraining"}
        What is trained: the network, or the language model that it starts from.
    """

    epoch: int
    batch: int
    variables: list
    optimizer: list
    metrics: list
    history: dict
    learning_rate: float | None = None
    stopping: EarlyStoppingState | None = None
    stopped: bool = False
    finished: bool = False
    phase: str = "training"
    unaveraged: list | None = None


def joined(before, after):
    """Return two concatenated histories, with NaN for values that one of them lacks."""
    # Fits may differ in having validation rows, but every list must have all epochs.
    no_values = [[np.nan] * len(one.get("loss", ())) for one in (before, after)]
    return {
        key: [*before.get(key, no_values[0]), *map(float, after.get(key, no_values[1]))]
        for key in sorted({**before, **after})
    }


def is_finite(values):
    """Whether arrays hold neither NaN nor infinity."""
    return all(np.isfinite(array).all() for array in values)


def versions():
    """Return versions and the layers' engine, on which the bytes of a training also depend.

    A version that cannot be known is None.
    """
    from skrnn.kernels.engine import engine

    found = {"skrnn": skrnn.__version__, "engine": engine()}
    for name in ("tensorflow", "keras", "numpy", "numba"):
        if name != "numba" or found["engine"] == "numba":
            found[name] = version_of(name)
    return found
