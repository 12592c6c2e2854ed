"""Scores of a classifier's answers, counted from class numbers and probabilities."""

from dataclasses import dataclass

import numpy as np


@dataclass
class ClassScores:
    """Scores of one class; None where nothing is there to count.

    Attributes
    ----------
    label : str
    n_rows : int
        Rows of the class.
    precision : float or None
        Share of the rows predicted as the class that are of it.
    recall : float or None
        Share of the rows of the class that are predicted as it.
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
    """Scores of the answers for some rows.

    Attributes
    ----------
    n_rows : int
    accuracy : float
        Share of right answers.
    balanced_accuracy : float
        Mean recall of the classes that have rows.
    log_loss : float
        Mean of -log of the probability given to the right class, in nats.
    roc_auc : float or None
        Area under the ROC curve of the second class's probability; None unless there are two
        classes, and rows of both.
    classes : list of ClassScores
    confusion : ndarray of shape (n_classes, n_classes), int64
        Rows of class i that are predicted as class j.
    """

    n_rows: int
    accuracy: float
    balanced_accuracy: float
    log_loss: float
    roc_auc: float | None
    classes: list
    confusion: np.ndarray


def measure(labels, truth, predicted, probabilities):
    """Score answers.

    Parameters
    ----------
    labels : list of str
        The classes.
    truth, predicted : ndarray of shape (n_samples,)
        Numbers of classes.
    probabilities : ndarray of shape (n_samples, n_classes)

    Returns
    -------
    Scores
    """
    n_classes = len(labels)
    confusion = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(confusion, (truth, predicted), 1)
    classes = [_class_scores(label, confusion, i) for i, label in enumerate(labels)]
    recalls = [one.recall for one in classes if one.recall is not None]
    right = probabilities[np.arange(len(truth)), truth]
    # As scikit-learn does: a right class given no probability at all is not an endless loss.
    right = np.maximum(right, np.finfo(probabilities.dtype).eps)
    return Scores(
        n_rows=len(truth),
        accuracy=float(np.mean(truth == predicted)),
        balanced_accuracy=float(np.mean(recalls)),
        log_loss=float(-np.mean(np.log(right))),
        roc_auc=_roc_auc(truth, probabilities),
        classes=classes,
        confusion=confusion,
    )


def _class_scores(label, confusion, i):
    hits, of_class, as_class = confusion[i, i], confusion[i].sum(), confusion[:, i].sum()
    return ClassScores(
        label=label,
        n_rows=int(of_class),
        precision=float(hits / as_class) if as_class else None,
        recall=float(hits / of_class) if of_class else None,
        f1=float(2 * hits / (of_class + as_class)) if of_class + as_class else None,
    )


def _roc_auc(truth, probabilities):
    if probabilities.shape[1] != 2 or len(set(truth.tolist())) < 2:
        return None
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, probabilities[:, 1]))
