"""Shares of right labels: of all steps, and of rows that are right in every step."""

from typing import Any

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from skrnn.metrics.pairs import read_pair
from skrnn.sequences.warning import warn_caller


def token_accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Return the share of the steps whose label is right.

    Rows count by their number of steps. This is the measure of parts of speech. For names and
    chunks, most steps are outside, and :func:`span_f1_score` says more.

    Parameters
    ----------
    y_true : list of list, array of shape (n_samples, n_timesteps), or column of lists
        The right labels, strings or integers: lists or arrays in a list, in an object array, or in
        a column of pandas, polars or Arrow.
    y_pred : list of list, array of shape (n_samples, n_timesteps), or column of lists
        The predicted labels, as many in each row as in `y_true`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; each step has the weight of its row.

    Returns
    -------
    score : float
        Between 0 and 1. NaN, with a warning, if there are no steps, or none with a weight.

    Raises
    ------
    InvalidInputError
        If a label is missing, rows differ in length (the message names the row and both lengths),
        or strings are compared with numbers. A predicted label that never occurs in `y_true` is
        only wrong.

    Examples
    --------
    >>> from skrnn.metrics import token_accuracy_score
    >>> token_accuracy_score([["NOUN", "VERB"], ["DET", "NOUN"]], [["NOUN", "VERB"], ["DET", "X"]])
    0.75
    """
    pair = read_pair(y_true, y_pred, sample_weight)
    right = pair.true == pair.predicted
    weights = None
    if pair.weights is not None:
        weights = np.repeat(pair.weights, np.diff(pair.offsets))
    if not (len(right) if weights is None else weights.sum()):
        warn_caller(
            "token_accuracy_score is undefined, since no row with a weight has a step; it is NaN.",
            UndefinedMetricWarning,
        )
        return float("nan")
    return float(np.average(right, weights=weights))


def sequence_accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Return the share of the rows that are right in every step.

    Parameters
    ----------
    y_true : list of list, array of shape (n_samples, n_timesteps), or column of lists
        The right labels, as in :func:`token_accuracy_score`.
    y_pred : list of list, array of shape (n_samples, n_timesteps), or column of lists
        The predicted labels, as many in each row as in `y_true`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    score : float
        Between 0 and 1. An empty row is right.

    Raises
    ------
    InvalidInputError
        As of :func:`token_accuracy_score`.

    Examples
    --------
    >>> from skrnn.metrics import sequence_accuracy_score
    >>> sequence_accuracy_score([["B", "I"], ["O", "O"]], [["B", "I"], ["O", "B"]])
    0.5
    """
    pair = read_pair(y_true, y_pred, sample_weight)
    wrong = np.concatenate([[0], np.cumsum(pair.true != pair.predicted)])
    right = np.diff(wrong[pair.offsets]) == 0
    return float(np.average(right, weights=pair.weights))
