"""Records of a training: its rows, its models and their predictions."""

from dataclasses import dataclass, field

import numpy as np

from skrnn.cli.report.scores import Scores
from skrnn.lookalikes import shown


@dataclass
class Rows:
    """Texts with their classes.

    Attributes
    ----------
    texts : list of str
    truth : ndarray of shape (n_samples,)
        Index of each text's class.
    places : list of str
        Where each text is from, such as "reviews.csv, row 4".
    """

    texts: list
    truth: np.ndarray
    places: list

    def __len__(self):
        """Return the number of rows."""
        return len(self.texts)


@dataclass
class Predictions:
    """Predictions of a model for the held-out rows, and their scores.

    Attributes
    ----------
    name : str
        Name of the model.
    predicted : ndarray of shape (n_samples,) or None
        Indices of classes; None if the model could not be fitted.
    probabilities : ndarray of shape (n_samples, n_classes) or None
    scores : Scores or None
    fit_seconds : float or None
        None if the fit continued from a checkpoint, so that its duration is unknown.
    problem : str
        Why the model could not be fitted.
    """

    name: str
    predicted: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    scores: Scores | None = None
    fit_seconds: float | None = 0.0
    problem: str = ""


@dataclass
class Run:
    """A training and its results.

    Attributes
    ----------
    source : str
        File of the rows.
    classes : list of str
    train, held_out : Rows
    how_held_out : str
        A sentence about how the rows were divided.
    n_dropped : int
        Number of rows without a label, which were left out.
    pipeline : Pipeline
        The pipeline with the network, fitted on `train`.
    predictions : list of Predictions
        Predictions for `held_out`, those of the network first.
    command : str
        The command line of the training.
    model : str
        File of the model.
    notes : list of str
        What else a reader should know of the data.
    """

    source: str
    classes: list
    train: Rows
    held_out: Rows
    how_held_out: str
    n_dropped: int
    pipeline: object
    predictions: list
    command: str
    model: str
    notes: list = field(default_factory=list)

    @property
    def names(self):
        """The classes as they are shown: no two look the same."""
        return shown(self.classes, escape=str)
