"""Scores of a classifier's predictions, by scikit-learn's metrics."""

import math
import warnings
from dataclasses import dataclass

import numpy as np


@dataclass
class ClassScores:
    """Scores of one class; None if they are not defined.

    Attributes
    ----------
    label : str
    n_rows : int
        Rows of the class.
    precision : float or None
        None if no row is predicted as the class.
    recall : float or None
        None if the class has no rows.
    f1 : float or None
        Harmonic mean of the two.
    """

    label: str
    n_rows: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass
class Scores:
    """Scores of the predictions for some rows.

    Attributes
    ----------
    n_rows : int
    accuracy : float
        Share of correct predictions.
    balanced_accuracy : float
        Mean recall of the classes that have rows.
    log_loss : float
        Mean of -log of the probability of the correct class, in nats.
    roc_auc : float or None
        Area under the ROC curve of the second class's probability; None unless there are two
        classes, and rows of both.
    classes : list of ClassScores
    confusion : ndarray of shape (n_classes, n_classes), int64
        Number of rows of class i that are predicted as class j.
    """

    n_rows: int
    accuracy: float
    balanced_accuracy: float
    log_loss: float
    roc_auc: float | None
    classes: list
    confusion: np.ndarray


def measure(labels, truth, predicted, probabilities):
    """Score predictions.

    Parameters
    ----------
    labels : list of str
        The classes.
    truth, predicted : ndarray of shape (n_samples,)
        Index of each row's class.
    probabilities : ndarray of shape (n_samples, n_classes)

    Returns
    -------
    Scores
    """
    from sklearn import metrics

    numbers = range(len(labels))
    both = len(labels) == 2 and len(np.unique(truth)) == 2
    with warnings.catch_warnings():
        # A class without rows is an empty cell of the tables, and not in the mean.
        warnings.filterwarnings("ignore", "y_pred contains classes not in y_true", UserWarning)
        balanced_accuracy = metrics.balanced_accuracy_score(truth, predicted)
    by_class = metrics.precision_recall_fscore_support(
        truth, predicted, labels=numbers, zero_division=np.nan
    )
    return Scores(
        n_rows=len(truth),
        accuracy=float(metrics.accuracy_score(truth, predicted)),
        balanced_accuracy=float(balanced_accuracy),
        log_loss=float(metrics.log_loss(truth, probabilities, labels=numbers)),
        roc_auc=float(metrics.roc_auc_score(truth, probabilities[:, 1])) if both else None,
        classes=[
            ClassScores(label, int(n), *(None if math.isnan(x) else float(x) for x in scores))
            for label, *scores, n in zip(labels, *by_class, strict=True)
        ],
        confusion=metrics.confusion_matrix(truth, predicted, labels=numbers),
    )
