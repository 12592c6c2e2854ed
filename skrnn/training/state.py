"""How far a training is: what it takes to go on as if it had never stopped.

A :class:`TrainingState` is taken at the end of each epoch and, for checkpoints, within one. A
training that is interrupted or diverges falls back to the last;
:mod:`skrnn.training.checkpoint` writes them to disk. Only arrays and numbers: nothing here needs
TensorFlow.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class EarlyStoppingState:
    """What early stopping remembers from epoch to epoch.

    Attributes
    ----------
    wait : int
        Epochs without improvement.
    best : float or None
        The best validation loss.
    best_epoch : int
        Its epoch, counted from 0.
    stopped_epoch : int
        The epoch after which patience ended; 0 before.
    best_weights : list of ndarray or None
        The network's weights then.
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
        The optimizer's variables, the step size among them if it is a number.
    metrics : list of ndarray
        Sums of the running epoch; empty between epochs.
    history : dict of str to list of float
        Of the finished epochs.
    pretraining_history : dict of str to list of float
        Of the language model before.
    learning_rate : float or None
        What the decay of the step size has set last.
    stopping : EarlyStoppingState or None
        Of early stopping, where it is on.
    stopped : bool
        Whether a callback has ended the training.
    finished : bool
        Whether nothing is left to do; `variables` are then the final ones.
    """

    epoch: int
    batch: int
    variables: list
    optimizer: list
    metrics: list
    history: dict
    pretraining_history: dict
    learning_rate: float | None = None
    stopping: EarlyStoppingState | None = None
    stopped: bool = False
    finished: bool = False


@dataclass
class PretrainingState:
    """A moment between two epochs of pretraining.

    Attributes
    ----------
    losses : list of float
        Of the finished epochs.
    values : list of ndarray
        The language model's variables, and its optimizer's.
    finished : bool
        False: the classifier is still to be trained.
    """

    losses: list
    values: list
    finished = False


def is_finite(values):
    """Whether arrays hold neither NaN nor infinity."""
    return all(np.isfinite(array).all() for array in values)
