"""The rows that a fit is given: checked once, and encoded by the head."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from skrnn.estimators import checks
from skrnn.estimators.validation_score import Scored, scorer_of
from skrnn.estimators.weights import check_weights, mean_weight, relative
from skrnn.exceptions import InvalidInputError
from skrnn.heads.base import MIN_HELD_OUT
from skrnn.printing import brief
from skrnn.sequences import (
    ChannelScaler,
    ColumnScaler,
    Sequences,
    check_feature_names,
    plain_column,
    refuse_mask,
)
from skrnn.sequences.warning import warn_caller


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
    """Encoded rows for training or validation.

    Attributes
    ----------
    sequences, targets, weights
        What training takes.
    scored : Scored or None
        Validation rows as a scorer takes them.
    """

    sequences: Sequences
    targets: np.ndarray | Sequences
    weights: np.ndarray
    scored: Scored | None = None

    @property
    def arrays(self):
        """Sequences, targets and weights."""
        return self.sequences, self.targets, self.weights


class RowChecker:
    """Checks what a fit is given, and sets on the estimator what it knows of the input.

    Parameters
    ----------
    estimator : NetworkEstimator
    going_on : bool
        Whether rows are compared with those of the first fit.
    full_data : bool
        Whether the weights of the rows of this call decide their unit. Otherwise it is that of the
        call with which the training began.
    """

    def __init__(self, estimator, going_on, full_data=True):
        self.estimator, self.going_on = estimator, going_on
        self.full_data = full_data
        self.name = type(estimator).__name__

    def check_rows(self, X, y, classes):
        """Return sequences as given, y and head; set the attributes that follow from them."""
        estimator = self.estimator
        if self.going_on:
            estimator._check_going_on()
            sequences = estimator._read_again(X)
        else:
            check_feature_names(estimator, X, reset=True)
            sequences, estimator.vocabulary_size_, form = estimator._read_first(X)
            if form is not None:
                estimator.n_features_in_, estimator._is_table = form
            estimator._words = estimator._hashing = None
        checks.remember_words(estimator, X, sequences.words)
        given, y = y, self._check_y(y, "y")
        check_lengths(X, sequences, y)
        warn_of_order(X, given, "y")
        if classes is not None:
            refuse_mask(classes, "classes")
            classes = plain_column(classes)
        if not self.going_on:
            head = estimator._make_head(y, classes)
            head.learn_names(given, estimator)
        else:
            head = estimator.head_
            if classes is not None and not head.has_classes(classes):
                raise InvalidInputError(
                    f"classes={brief(classes)} differs from the classes of the first call, "
                    f"{brief(estimator.classes_)}. Leave it out, or call fit with warm_start=False."
                )
            head.check_names(given, estimator)
        head.check(y, estimator)
        head = head.with_options(estimator)
        estimator._set_head(head)
        return sequences, y, head

    def check_weights(self, sample_weight, sequences, y, head, unit=None):
        """Return the weights in the loss, float32.

        Parameters
        ----------
        sample_weight : array-like of shape (n_samples,), or None
            As the caller gave it.
        sequences, y, head
            From `check_rows`.
        unit : float or None
            The weight that becomes 1; None takes the mean, or that with which a training began of
            which this call has only a part of the rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        estimator = self.estimator
        with np.errstate(over="ignore"):  # an error follows
            weights = head.weights(y, check_weights(sample_weight, sequences), estimator)
        mean = mean_weight(weights)
        if unit is None and self.going_on and not self.full_data:
            unit = vars(estimator).get("_weight_unit")
        if unit is None:
            unit = estimator._weight_unit = mean
        return relative(weights, unit)

    def learn(self, head, y, weights):
        """Return the head after it has learned from these rows; set it on the estimator."""
        learned = head.learn(y, weights)
        if learned is not head:
            self.estimator._set_head(learned)
        return learned

    def prepare(self, sequences, weights, head):
        """Return the sequences with their numbers scaled.

        Set by what the numbers are scaled, and the size of patches. What a first fit has set stays,
        except for channels that have been constant.

        Parameters
        ----------
        sequences : Sequences
            From `check_rows`.
        weights : ndarray
            From `check_weights`.
        head : Head
        """
        estimator = self.estimator
        has_weight = weights.reshape(len(weights), -1).any(axis=1)
        if not self.going_on:
            columns = sequences.columns
            estimator.columns_ = columns and ColumnScaler.fit(columns, has_weight)
            scaling = getattr(estimator, "scaling", "auto")
            estimator.channels_ = (
                None if sequences.is_tokens else ChannelScaler.fit(sequences, has_weight, scaling)
            )
        else:
            checks.check_scaling(estimator)
            checks.check_same_patch_size(estimator)
            self._learn_more(sequences, has_weight)
        sequences = estimator.prepared(sequences)
        if not self.going_on:
            estimator.patch_size_ = checks.check_patch_size(estimator, sequences, has_weight, head)
        return sequences

    def _learn_more(self, sequences, has_weight):
        if self.estimator.channels_ is not None:
            self.estimator.channels_ = self.estimator.channels_.updated(sequences, has_weight)

    def check_validation(self, X_val, y_val, head, like, *, in_chunks=False):
        """Return the encoded validation rows, with weights of 1 for each row or output, or None.

        Parameters
        ----------
        X_val, y_val : as the caller gave them
        head : Head
        like : ndarray
            The weights of the training rows.
        in_chunks : bool
            Whether more training rows follow. The scale of a channel that has been constant so far
            is then learned from these rows, too: they are scaled once, and the chunks to come would
            change it.
        """
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise InvalidInputError(
                f"X_val and y_val go together, but {'y_val' if y_val is None else 'X_val'} is "
                "missing. Pass both to fit; in a Pipeline, request both with "
                "set_fit_request(X_val=True, y_val=True)."
            )
        try:
            sequences = self._read_raw(X_val)
            if in_chunks:
                self._learn_more(sequences, np.ones(len(sequences), bool))
            sequences = self.estimator.prepared(sequences)
        except ValueError as error:
            raise checks.on_the_way_of("X_val", error) from error
        try:
            given, y_val = y_val, self._check_y(y_val, "y_val")
            check_lengths(X_val, sequences, y_val)
            head.check(y_val, self.estimator)
            head.check_names(given, self.estimator)
            weights = np.ones((len(sequences), *like.shape[1:]), dtype=np.float32)
            # So that they have the unit of the training rows, also of chunks to come.
            head = self.learn(head, y_val, weights)
            rows = encode(sequences, y_val, weights, np.arange(len(sequences)), head)
            rows.scored = Scored(X_val, y_val)
            scorer = scorer_of(self.estimator)
            if scorer is not None:
                scorer.check(rows.scored)
        except ValueError as error:
            raise InvalidInputError(f"In X_val, y_val: {error}") from error
        warn_of_order(X_val, given, "y_val")
        return rows

    def check_unlabeled(self, X_unlabeled, head):
        """Return the sequences without a label, or None."""
        if X_unlabeled is None:
            return None
        try:
            return self._read_others(X_unlabeled)
        except ValueError as error:
            raise checks.on_the_way_of("X_unlabeled", error) from error

    def _check_y(self, y, name):
        refuse_mask(y, name)
        return self.estimator._check_y(y)

    def _read_others(self, X):
        """Return the sequences of other rows than those of `check_rows`."""
        return self.estimator.prepared(self._read_raw(X))

    def _read_raw(self, X):
        sequences = self.estimator._read_again(X)
        checks.remember_words(self.estimator, X, sequences.words)
        return sequences

    def read_chunk(self, X, y, sample_weight):
        """Return sequences, targets and weights of a chunk."""
        estimator, head = self.estimator, self.estimator.head_
        sequences = self._read_raw(X)
        given, y = y, self._check_y(y, "y")
        check_lengths(X, sequences, y)
        warn_of_order(X, given, "y")
        head.check(y, estimator)
        head.check_names(given, estimator)
        unit = estimator._weight_unit
        weights = self.check_weights(sample_weight, sequences, y, head, unit)
        head = self.learn(head, y, weights)
        self._learn_more(sequences, weights.reshape(len(weights), -1).any(axis=1))
        sequences = estimator.prepared(sequences)
        rows = encode(sequences, y, weights, rows_with_weight(weights), head)
        return estimator.beside(rows.sequences), rows.targets, rows.weights

    def hold_out(self, given, sequences, y, weights, rows, head, seeds, epochs):
        """Return the rows to train on, and the encoded validation rows or None.

        `given` are the arguments of the caller; the others are checked. A warning names `epochs`.
        """
        fraction = self.estimator.validation_fraction
        n_rows = len(rows)
        rows, held_out = head.hold_out(rows, y, fraction=fraction, seed=seeds[1])
        if len(held_out):
            found = encode(sequences, y, weights, held_out, head)
            scorer = scorer_of(self.estimator)
            if scorer is not None:
                found.scored = Scored.held_out(given.X, y, given.sample_weight, held_out)
                if self.estimator.early_stopping:
                    scorer.check(found.scored)
            return rows, found
        options, effect = [], ""
        if self.estimator.early_stopping:
            options.append("early_stopping=True")
            effect = f" Training takes all {epochs} epochs, on all rows."
        if head.needs_held_out:
            options.append("thresholds='auto'")
            effect += " All thresholds are 0.5."
        warn_caller(
            f"{' and '.join(options)} of {self.name} "
            f"{'has' if len(options) == 1 else 'have'} no effect: validation_fraction={fraction} "
            f"of {n_rows} rows is less than {MIN_HELD_OUT} rows, or less than one of each "
            f"class.{effect} Pass X_val and y_val to fit, or set a larger validation_fraction"
            f"{' or early_stopping=False' if self.estimator.early_stopping else ''}.",
            UserWarning,
        )
        return rows, None


def rows_with_weight(weights):
    """Return the numbers of the rows in which any weight is not zero."""
    return np.flatnonzero(weights.reshape(len(weights), -1).any(axis=1))


def check_lengths(X, sequences, y):
    """Raise ValueError if X and y have different numbers of rows."""
    levels = getattr(getattr(X, "index", None), "nlevels", 1)
    if levels > 1 and len(sequences) != len(y):
        raise InvalidInputError(
            f"X has {len(sequences)} rows and y has {len(y)}. If the index of X has cases and "
            "their time steps, as in sktime's panels, make a list with an array of shape "
            "(n_timesteps, n_channels) for each case: "
            "X = [case.to_numpy(float) for _, case in X.groupby(level=0, sort=False)]."
        )
    check_consistent_length(sequences, y)


def warn_of_order(X, other, what):
    """Warn if two pandas objects have the same index labels in another order.

    Rows are paired by position, as everywhere in scikit-learn. Different labels say nothing about
    which rows belong together, but the same ones in another order do.

    Parameters
    ----------
    X, other : object
        As the caller gave them.
    what : str
        Name of the argument that has to be in the order of X.
    """
    index: Any = getattr(X, "index", None)
    others: Any = getattr(other, "index", None)
    if not (hasattr(index, "equals") and hasattr(others, "equals")):  # only those of pandas
        return
    if len(index) != len(others) or index.equals(others):
        return
    if index.is_unique and others.is_unique and others.isin(index).all():
        warn_caller(
            f"X and {what} have the same index labels in different orders, but rows are paired by "
            f"position. If the index tells which rows belong together, pass {what}.loc[X.index]; "
            f"otherwise, pass {what}.reset_index(drop=True) to silence this warning.",
            UserWarning,
        )


def encode(sequences, y, weights, rows, head) -> Rows:
    """Return the given rows, their targets encoded by the head.

    For a head that reads the steps, rows without any are left out.
    """
    if head.reads == "steps":
        # Of all rows, so that the error names the caller's, and none is left out unseen.
        if isinstance(y, np.ndarray) and y.dtype.kind == "O" and all(map(np.ndim, y)):
            _check_steps(sequences.lengths, np.fromiter(map(len, y), np.int64, len(y)))
        rows = rows[sequences.lengths[rows] > 0]
    if len(rows) < len(sequences):
        sequences, y, weights = sequences.take(rows), y[rows], weights[rows]
    if head.reads == "steps" and not len(y):
        raise InvalidInputError(
            "None of the rows has a step, so there is nothing to compare. Pass rows with steps."
        )
    targets = head.encode(y)
    if isinstance(targets, Sequences):
        _check_steps(sequences.lengths, targets.lengths)
    return Rows(sequences, targets, weights)


def _check_steps(lengths, of_targets):
    unlike = np.flatnonzero(lengths != of_targets)
    if len(unlike):
        row = unlike[0]
        raise InvalidInputError(
            f"y has {of_targets[row]} tags in row {row}, but X has {lengths[row]} "
            f"steps there ({len(unlike)} of {len(lengths)} rows differ). Give a tag for each step, "
            "without padding. Texts must be split into words as they were for the tags: RNNTagger "
            "takes the lists of words themselves."
        )
