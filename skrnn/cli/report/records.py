"""What a training was: its rows, its models and their answers."""

from dataclasses import dataclass, field

import numpy as np

from skrnn.cli.report.scores import Scores


@dataclass
class Rows:
    """Texts with their classes.

    Attributes
    ----------
    texts : list of str
    truth : ndarray of shape (n_samples,)
        Number of the class of each text.
    places : list of str
        Where each text stands, such as "reviews.csv, line 4".
    """

    texts: list
    truth: np.ndarray
    places: list

    def __len__(self):
        """Return the number of rows."""
        return len(self.texts)


@dataclass
class Answers:
    """What a model says of the held-out rows.

    Attributes
    ----------
    name : str
        Of the model.
    predicted : ndarray of shape (n_samples,) or None
        Numbers of classes; None where the model could not be fitted.
    probabilities : ndarray of shape (n_samples, n_classes) or None
    scores : Scores or None
    fit_seconds : float or None
        None where the fit went on from a checkpoint, so that nobody knows how long all of it took.
    problem : str
        Why it could not be fitted.
    """

    name: str
    predicted: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    scores: Scores | None = None
    fit_seconds: float | None = 0.0
    problem: str = ""


@dataclass
class Run:
    """A training and what came of it.

    Attributes
    ----------
    source : str
        The file of the rows.
    classes : list of str
    train, held_out : Rows
    how_held_out : str
        A sentence.
    n_dropped : int
        Rows without a label that were left out.
    pipeline : Pipeline
        The network, fitted on `train`.
    answers : list of Answers
        For `held_out`; the network's first.
    command : str
        The command line.
    model : str
        The file of the model.
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
    answers: list
    command: str
    model: str
    notes: list = field(default_factory=list)
