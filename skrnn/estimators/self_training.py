"""Self-training: a network teaches the next one by its answers to rows without a label.

A teacher is trained on the labeled rows. Its probabilities for the other rows become targets as
they are ("soft" ones, Hinton et al. 2015, "Distilling the knowledge in a neural network"), so that
a row of which the teacher is not sure pulls to no side. The student, a new network, is trained on
all rows with noise, its dropout (Xie et al. 2020, "Self-training with Noisy Student improves
ImageNet classification"). It can be the teacher of another one.

The teacher is an estimator with the same parameters. So its checkpoints are its own, and a training
that is interrupted while the student learns finds the teacher where it had ended.
"""

import numpy as np

from skrnn._sklearn_compat import _safe_indexing
from skrnn.backend.standard_output import print_line
from skrnn.estimators.document_teacher import pooled
from skrnn.estimators.rows import Rows
from skrnn.exceptions import InvalidInputError
from skrnn.heads.classes import ClassesHead
from skrnn.sequences.joining import joined


def check_self_training(estimator, X_unlabeled, head) -> bool:
    """Return whether a first fit on all rows begins with a teacher.

    Raises
    ------
    ValueError
        If there are no rows to teach, or the head has no soft targets.
    """
    rounds, name = getattr(estimator, "self_training_rounds", 0), type(estimator).__name__
    if not rounds:
        return False
    if X_unlabeled is None:
        raise InvalidInputError(
            f"self_training_rounds={rounds} of {name} needs rows without labels, which are "
            "missing. Pass X_unlabeled to fit; in a Pipeline, request it with "
            "set_fit_request(X_unlabeled=True). Or set self_training_rounds=0."
        )
    if not isinstance(head, ClassesHead):
        raise InvalidInputError(
            f"self_training_rounds={rounds} of {name} is for one class for each row, but y has "
            f"{head.n_outputs} labels for each. Set self_training_rounds=0."
        )
    if "_kept_epochs" in vars(estimator):
        raise InvalidInputError(
            f"self_training_rounds={rounds} of {name} trains a network for one number of epochs "
            "before another, but EpochSearchCV compares several of one training. Set "
            "self_training_rounds=0 in this search, or use GridSearchCV."
        )
    return True


def taught(estimator, caller, given, training, unlabeled, seen, *, seed) -> Rows:
    """Train a teacher, and return the training rows together with those that it answers.

    Parameters
    ----------
    estimator : NetworkEstimator
        The student, not yet trained. Not changed.
    caller : NetworkEstimator
        The estimator of the user, for the search that it may be in.
    given : FitArguments
        As the caller gave them.
    training : Rows
        The encoded training rows.
    unlabeled : Sequences
    seen : ndarray of int, or None
        The rows of `given` that the teacher may see; None for all.
    seed : int
        Of the student.

    Returns
    -------
    Rows
        Their targets are soft. Rows without a label have weight 1, the mean of the others.
    """
    from skrnn.training.progress import is_in_search

    # A teacher of a search knows it from its student.
    is_silent = vars(caller).get("_is_silent", False)
    is_silent = is_silent or is_in_search(getattr(caller, "_parent_callback_ctx", None))
    teacher = _teacher(estimator, seed, is_silent)
    is_told = estimator.verbose and not is_silent
    if is_told:
        print_line(f"Teacher, on {len(training.sequences)} labeled rows:")
    arguments = [given.X, given.y, given.sample_weight]
    if seen is not None:
        arguments = [None if one is None else _safe_indexing(one, seen) for one in arguments]
    teacher.fit(
        *arguments, X_val=given.X_val, y_val=given.y_val, X_unlabeled=given.X_unlabeled
    )  # fmt: skip
    head = estimator.head_
    answers = np.zeros((len(unlabeled), len(head.classes)))
    answers[:, np.searchsorted(head.classes, teacher.classes_)] = teacher.predict_proba(
        given.X_unlabeled
    )
    if unlabeled.is_tokens:
        if is_told:
            n_rows = len(training.sequences) + len(unlabeled)
            print_line(f"Vectors of all {n_rows} rows:")
        answers, share = pooled(answers, training, unlabeled, estimator, seed=seed)
        if is_told:
            print_line(f"share in the answers {share:.2f}")
    if is_told:
        print_line(f"Student, on these and {len(unlabeled)} rows without a label:")
    return Rows(
        joined(training.sequences, unlabeled),
        np.concatenate([head.soft(training.targets), head.of_probabilities(answers)]),
        with_ones(training.weights, unlabeled),
    )


def with_ones(weights, unlabeled):
    """Return weights of rows, and 1, which is their mean, for each row without a label."""
    return np.concatenate([weights, np.ones(len(unlabeled), np.float32)])


def _teacher(estimator, seed, is_silent):
    rounds = estimator.self_training_rounds
    # Another one than that of the student, which would begin with the same weights.
    own = int(np.random.default_rng([seed, rounds]).integers(2**31))
    teacher = type(estimator)(**estimator.get_params(deep=False))
    teacher.set_params(
        self_training_rounds=rounds - 1, random_state=own, warm_start=False, callbacks=None
    )
    teacher._is_silent = is_silent
    return teacher
