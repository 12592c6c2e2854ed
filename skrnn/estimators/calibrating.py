"""Calibration: what a training without some rows tells about the probabilities of one with all.

A network that has learned its rows almost by heart still ranks new rows well, often better than
one that was stopped early, but its probabilities are too near to 0 and 1. How much so, only rows
can tell that it has not seen. A first training, without a fifth of the rows, finds it out; the
network itself is then trained on all of them.

With few rows, several parts are held out in turn, since a hundred rows tell hardly more than
chance does.

The scale of the logits (temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural
Networks") and the weight of the n-gram model's own scores in the answer are those of the smallest
cross-entropy on the rows held out: a logarithmic opinion pool of both models (Heskes 1998). They
become part of the weights of the last layer, so files, ONNX and explanations know nothing of them.
"""

from copy import copy
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from skrnn.backend.standard_output import print_line
from skrnn.estimators.checks import refuse_for_numbers
from skrnn.estimators.linear_models import fit_ngrams
from skrnn.estimators.rows import Rows
from skrnn.exceptions import DivergedError, InvalidInputError
from skrnn.heads.base import MIN_HELD_OUT
from skrnn.ngrams import SCORES
from skrnn.sequences.warning import warn_caller

# The rows that a first training does not see. With few rows, others are held out in turn, until so
# many have been.
HELD_OUT, ENOUGH_UNSEEN = 0.2, 200
# "auto" calibrates trainings on so many rows. Fewer tell nothing; with more, a text is read five
# times only, after which probabilities need hardly any correction, and a second training is long.
LEAST_ROWS, MOST_ROWS = 200, 10_000
# What is likely before any row has been seen, and for how many squared deviations it counts as much
# as one nat of a row. Chosen in exploratory runs on training parts, see docs/accuracy.md.
LIKELY_SCALE, LIKELY_SHARE, STRENGTH = 0.8, 0.15, 10.0
LARGEST = 1.5


class Calibration(NamedTuple):
    """By what the answer of a network is corrected.

    Attributes
    ----------
    scale : float
        The network's logits, with what it has made of the n-gram scores, are multiplied by it.
    share : float
        The weight of the n-gram model's scores, log-odds, that are added; 0 without such a model.
    """

    scale: float
    share: float


def is_wanted(estimator, training) -> bool:
    """Return whether the training of a first fit on all rows is to be calibrated.

    Parameters
    ----------
    estimator : NetworkEstimator
    training : Rows
        The training rows.

    Raises
    ------
    ValueError
        If `calibrate` is True where it has no meaning.
    """
    wish, is_tokens = getattr(estimator, "calibrate", False), training.sequences.is_tokens
    if isinstance(wish, str):
        return (
            is_tokens
            and isinstance(estimator.epochs, str)
            and not estimator.early_stopping
            and LEAST_ROWS <= len(training.sequences) <= MOST_ROWS
        )
    if wish and not is_tokens:
        refuse_for_numbers(estimator, "calibrate", False)
    if wish and "_kept_epochs" in vars(estimator):
        raise InvalidInputError(
            f"calibrate=True of {type(estimator).__name__} belongs to one number of epochs, but "
            "EpochSearchCV compares several of one training. Set calibrate=False in this search, "
            "or use GridSearchCV."
        )
    return bool(wish)


def find_calibration(
    estimator, training, ngram_range, network, seed, *, length, data, settings, objective
):
    """Train without some rows, and return the calibration that suits these; None without any.

    Parameters
    ----------
    estimator : NetworkEstimator
        Not changed.
    training : Rows
        The training rows, with nothing beside them.
    ngram_range : tuple or None
    network : FittedNetwork
        The one that training starts from.
    seed : int
        Decides which rows are held out, and the folds of the n-gram model.
    length : Schedule
    data : FitData
        Of the training on all rows.
    settings : TrainingSettings
    objective : Objective or None

    Returns
    -------
    Calibration or None

    Raises
    ------
    KeyboardInterrupt
        If that happens meanwhile.
    """
    head, n_rows = estimator.head_, len(training.sequences)
    of_row = training.targets.reshape(n_rows, -1)[:, 0]
    parts = list(_held_out(head, of_row, seed))
    if not parts:
        if estimator.calibrate is True:
            warn_caller(
                f"calibrate=True of {type(estimator).__name__} has no effect: a fifth of {n_rows} "
                f"rows is less than {MIN_HELD_OUT}, or less than one of each class. Pass more "
                "rows, or set calibrate='auto' to silence this warning.",
                UserWarning,
            )
        return None
    raws, scores = [], []
    for unseen in parts:
        if settings.verbose:
            print_line(f"For the calibration, without {len(unseen)} of {n_rows} rows:")
        seen = np.setdiff1d(np.arange(n_rows), unseen)
        part, apart = _take(training, seen), copy(estimator)
        sequences = apart.beside_columns(
            fit_ngrams(apart, part, ngram_range, head, seed, going_on=False)
        )
        trained = _trained(
            network, sequences, part, head,
            length=length, data=data, settings=settings, objective=objective,
        )  # fmt: skip
        if trained is None:
            return None
        read = apart.beside(_take(training, unseen).sequences)
        raws.append(trained.raw(read))
        scores.append(read.row_inputs.get(SCORES))
    rest = _take(training, np.concatenate(parts))
    has_scores = scores[0] is not None
    found = best_calibration(
        head,
        np.concatenate(raws),
        np.concatenate(scores) if has_scores else None,
        rest.targets,
        rest.weights,
    )
    if settings.verbose:
        print_line(f"With all {n_rows} rows:")
    return found


def _held_out(head, of_row, seed):
    """Yield parts of the rows, each a fifth, until they are enough together."""
    left = np.arange(len(of_row))
    fraction, n_unseen = HELD_OUT, 0
    while n_unseen < ENOUGH_UNSEEN and fraction < 1:
        left, unseen = head.hold_out(left, of_row, fraction=fraction, seed=seed)
        if not len(unseen):
            return
        yield unseen
        n_unseen += len(unseen)
        fraction = HELD_OUT * len(of_row) / len(left)


def _trained(network, sequences, part, head, *, length, data, settings, objective):
    """Return the network trained on a part of the rows, or None if that diverges."""
    from skrnn.training.fit import FitPlan, Trainer

    data = replace(data, sequences=sequences, targets=part.targets, weights=part.weights)
    plan = FitPlan(
        length.epochs,
        enough=length.enough(head, part.targets, part.weights),
        objective=objective,
    )
    try:
        outcome = Trainer(replace(settings, callbacks=None)).fit(network, data, plan)
    except DivergedError:  # as will the training itself, which tells it
        return None
    if isinstance(outcome.ended_by, KeyboardInterrupt):
        raise outcome.ended_by
    return outcome.network


def best_calibration(head, raw, scores, targets, weights) -> Calibration:
    """Return the calibration with the smallest cross-entropy, of those that are likely.

    Parameters
    ----------
    head : Head
    raw : ndarray of shape (n_samples, n_outputs)
        Logits of rows that the network has not seen.
    scores : ndarray of shape (n_samples, n_outputs), or None
        Those of the n-gram model.
    targets, weights : ndarray
    """
    raw = raw.astype(np.float64)
    has_scores = scores is not None
    scores = scores.astype(np.float64) if has_scores else 0.0
    likely = np.array([LIKELY_SCALE, LIKELY_SHARE if has_scores else 0.0])
    total = float(weights.sum() / (weights.shape[1] if weights.ndim == 2 else 1))

    def cost(values):
        scale, share = values
        entropy = head.cross_entropy(scale * raw + share * scores, targets, weights)
        return entropy + STRENGTH / total * float(((values - likely) ** 2).sum())

    most = LARGEST if has_scores else 0.0
    found = minimize(cost, likely, method="L-BFGS-B", bounds=[(0.01, LARGEST), (0.0, most)])
    return Calibration(*map(float, found.x))


def _take(training, rows):
    sequences = training.sequences.take(rows)
    return Rows(sequences, training.targets[rows], training.weights[rows])
