"""The rows that a fit is given: checked once, and encoded by the head."""

from dataclasses import dataclass
from typing import Any
from warnings import warn

import numpy as np
from sklearn.utils import check_consistent_length

from skrnn.estimators import checks
from skrnn.exceptions import InvalidInputError
from skrnn.heads.base import MIN_HELD_OUT
from skrnn.printing import brief
from skrnn.sequences import ColumnScaler, Sequences, check_feature_names


@dataclass
class FitArguments:
    """The arguments of the caller."""

    X: Any
    y: Any
    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    X_unlabeled: Any = None
    classes: Any = None

    def for_callbacks(self):
        """Return the arguments of scikit-learn's callbacks."""
        weights = self.sample_weight
        metadata = None if weights is None else {"sample_weight": weights}
        return {"X": self.X, "y": self.y, "metadata": metadata}


@dataclass
class Rows:
    """Encoded rows for training or validation."""

    sequences: Sequences
    targets: np.ndarray | Sequences
    weights: np.ndarray


class RowChecker:
    """Checks what a fit is given, and sets on the estimator what it knows of the input.

    Parameters
    ----------
    estimator : NetworkEstimator
    going_on : bool
        Whether rows are compared with those of the first fit.
    epochs : int
        Named in a warning.
    """

    def __init__(self, estimator, going_on, epochs):
        self.estimator, self.going_on, self.epochs = estimator, going_on, epochs
        self.name = type(estimator).__name__

    def check_rows(self, X, y, classes):
        """Return sequences, y and head; set the attributes that follow from them."""
        estimator = self.estimator
        if self.going_on:
            sequences = checks.read_again(estimator, X)
        else:
            check_feature_names(estimator, X, reset=True)
            sequences, estimator.vocabulary_size_, form = checks.read_first(estimator, X)
            if form is not None:
                estimator.n_features_in_, estimator._is_table = form
        y = estimator._check_y(y)
        check_consistent_length(sequences, y)
        if not self.going_on:
            head = estimator._make_head(y, classes)
            estimator.head_ = head
        else:
            head = estimator.head_
            if classes is not None and not np.array_equal(np.unique(classes), estimator.classes_):
                raise InvalidInputError(
                    f"classes={brief(classes)} differs from the classes of the first call, "
                    f"{brief(estimator.classes_)}. Leave it out, or call fit with warm_start=False."
                )
        head.check(y, estimator)
        for name, value in estimator._head_attributes(head).items():
            setattr(estimator, name, value)
        return estimator._collapsed(sequences), y, head

    def check_weights(self, sample_weight, sequences, y, head):
        """Return the weights of the rows in the loss, float32."""
        weights = checks.check_weights(sample_weight, sequences)
        weights = head.weights(y, weights, self.estimator)
        checks.check_any_weight(weights)
        return weights.astype(np.float32)

    def learn_columns(self, sequences, weights):
        """Set, in a first fit, by what the columns beside the sequences are standardized."""
        if not self.going_on:
            columns = sequences.columns
            self.estimator.columns_ = columns and ColumnScaler.fit(columns, weights > 0)

    def check_validation(self, X_val, y_val, head):
        """Return the encoded validation rows, or None."""
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise InvalidInputError(
                f"X_val and y_val go together, but {'y_val' if y_val is None else 'X_val'} is "
                "missing. Pass both to fit; in a Pipeline, request both with "
                "set_fit_request(X_val=True, y_val=True)."
            )
        try:
            sequences = self.estimator._collapsed(checks.read_again(self.estimator, X_val))
            y_val = self.estimator._check_y(y_val)
            check_consistent_length(sequences, y_val)
            head.check(y_val, self.estimator)
            weights = np.ones(len(sequences), dtype=np.float32)
            return encode(sequences, y_val, weights, np.arange(len(sequences)), head)
        except ValueError as error:
            raise checks.on_the_way_of("X_val, y_val", error) from error

    def check_unlabeled(self, X_unlabeled, head):
        """Return the sequences without a label, or None."""
        if X_unlabeled is None:
            return None
        try:
            return self.estimator._collapsed(checks.read_again(self.estimator, X_unlabeled))
        except ValueError as error:
            raise checks.on_the_way_of("X_unlabeled", error) from error

    def read_chunk(self, X, y, sample_weight):
        """Return sequences, targets and weights of a chunk."""
        estimator, head = self.estimator, self.estimator.head_
        sequences = estimator._collapsed(checks.read_again(estimator, X))
        y = estimator._check_y(y)
        check_consistent_length(sequences, y)
        head.check(y, estimator)
        weights = self.check_weights(sample_weight, sequences, y, head)
        rows = encode(sequences, y, weights, np.flatnonzero(weights), head)
        return estimator.beside(rows.sequences), rows.targets, rows.weights

    def hold_out(self, sequences, y, weights, rows, head, seeds):
        """Return the rows to train on, and the encoded validation rows or None."""
        fraction = self.estimator.validation_fraction
        n_rows = len(rows)
        rows, held_out = head.hold_out(rows, y, fraction=fraction, seed=seeds[1])
        if len(held_out):
            return rows, encode(sequences, y, weights, held_out, head)
        warn(
            f"early_stopping=True of {self.name} has no effect: validation_fraction={fraction} of "
            f"{n_rows} rows is less than {MIN_HELD_OUT} rows, or less than one of each class. "
            f"Training takes all {self.epochs} epochs, on all rows. Pass X_val and y_val to fit, "
            "or set a larger validation_fraction or early_stopping=False.",
            UserWarning,
            stacklevel=7,
        )
        return rows, None


def encode(sequences, y, weights, rows, head) -> Rows:
    """Return the given rows, their targets encoded by the head."""
    if len(rows) < len(sequences):
        sequences, y, weights = sequences.take(rows), y[rows], weights[rows]
    targets = head.encode(y)
    if isinstance(targets, Sequences):
        _check_steps(sequences, targets)
    return Rows(sequences, targets, weights)


def _check_steps(sequences, targets):
    unlike = np.flatnonzero(sequences.lengths != targets.lengths)
    if len(unlike):
        row = unlike[0]
        raise InvalidInputError(
            f"y has {targets.lengths[row]} targets in row {row}, but X has "
            f"{sequences.lengths[row]} steps there. Give a target for each step."
        )
