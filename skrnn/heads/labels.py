"""Several independent labels for each row: a sigmoid for each label."""

from copy import copy

import numpy as np
from scipy.special import expit, logit

from skrnn.exceptions import InvalidInputError
from skrnn.fileformat.values import decode_labels, encode_labels
from skrnn.heads.base import Head
from skrnn.heads.classes import (
    checked_outputs,
    dense,
    dense_output,
    dense_variables,
    entropy_of_counts,
    sigmoid_divergence,
    sigmoid_entropy,
    sigmoid_losses,
)
from skrnn.heads.targets import check_unique, column_names, warn_of_one_hot
from skrnn.heads.thresholds import DEFAULT, best_thresholds, check_thresholds
from skrnn.heads.weights import label_weights


class LabelsHead(Head):
    """Any number of labels, from a multilabel indicator.

    Parameters
    ----------
    n_outputs : int
        The number of labels.
    names : ndarray of shape (n_labels,), or None
        The labels; None if they are the columns' numbers.
    thresholds : ndarray of shape (n_labels,), "auto" or None
        Probabilities above which labels are predicted. None is 0.5, and so is "auto" before they
        are learned.
    """

    kind = "labels"
    wrapper = "KerasClassifier"
    fits_ngrams = True
    has_entropy = True
    _weighs_outputs = False

    def __init__(self, n_outputs, names=None, thresholds=None):
        self.n_outputs, self.names, self.thresholds = n_outputs, names, thresholds

    @classmethod
    def fit(cls, y, estimator, *, classes=None):
        """Take the number of columns of an indicator, and the labels if they are given.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_labels)
            From :func:`skrnn.heads.targets.check_targets`.
        estimator : estimator instance
            Named in errors.
        classes : array-like of shape (n_labels,), or None
            The labels, in the order of the columns.

        Raises
        ------
        ValueError
            If `classes` has another number of labels, or one of them twice.
        """
        head = cls(y.shape[1])
        if classes is not None:
            names = np.asarray(classes)
            if names.shape != (y.shape[1],):
                raise InvalidInputError(
                    f"classes={classes!r} has shape {names.shape}, but y has {y.shape[1]} columns. "
                    f"{type(estimator).__name__} expects the label of each column, or no classes."
                )
            if names.dtype.kind in "UO" and all(isinstance(one, str) for one in names.tolist()):
                names = names.astype(object)
            elif names.dtype.kind not in "iu":
                raise InvalidInputError(
                    f"classes={classes!r} must be strings or integers, the labels of y's columns."
                )
            else:
                names = names.astype(np.int64)
            if not np.array_equal(names, np.arange(len(names))):
                head.names = check_unique(names, f"classes={classes!r}")
        warn_of_one_hot(y, estimator)
        return head

    @property
    def classes(self):
        """The labels: the columns' names or numbers."""
        return np.arange(self.n_outputs) if self.names is None else self.names

    @property
    def used_thresholds(self):
        """The probability of each label above which it is predicted."""
        known = isinstance(self.thresholds, np.ndarray)
        return self.thresholds if known else np.full(self.n_outputs, DEFAULT)

    def learn_names(self, y, estimator):
        """Take the names of a data frame's columns."""
        if self.names is None:
            self.names = column_names(y, estimator)
        else:
            self.check_names(y, estimator)

    def check_names(self, y, estimator):
        """Raise ValueError if the columns of a data frame are other labels, or in another order."""
        if self.names is None:
            return
        names = column_names(y, estimator)
        if names is not None and not np.array_equal(names, self.names):
            same = set(names.tolist()) == set(self.names.tolist())
            raise InvalidInputError(
                f"The columns of y are {names.tolist()}, but {type(estimator).__name__} has the "
                f"labels {self.names.tolist()}"
                f"{', in this order: select them with y[list(classes_)]' if same else ''}."
            )

    def has_classes(self, classes):
        """Whether these are the labels, in the order of the columns."""
        return np.array_equal(np.asarray(classes), self.classes)

    def with_options(self, estimator):
        """Return the head with the estimator's thresholds."""
        head, thresholds = copy(self), getattr(estimator, "thresholds", None)
        if thresholds is not None and not isinstance(thresholds, str):
            thresholds = check_thresholds(thresholds, self.classes, estimator)
        head.thresholds = thresholds
        return head

    def check(self, y, estimator):
        """Raise ValueError if y has another number of labels."""
        width = y.shape[1] if y.ndim == 2 else 1
        if width != self.n_outputs:
            raise InvalidInputError(
                f"y has {width} columns, but the estimator was fitted on {self.n_outputs}."
            )

    def encode(self, y):
        """Return float32 of shape (n_samples, n_labels)."""
        return y.astype(np.float32)

    def weights(self, y, sample_weight, estimator):
        """Return the weights of the rows, or of each label's term in each row.

        A product over the labels, as in scikit-learn's `compute_sample_weight`, gives nearly all
        weight to the few rows that have several rare labels.
        """
        if estimator.class_weight is None:
            return sample_weight
        of_label = label_weights(estimator.class_weight, self.classes, y, estimator)
        return sample_weight[:, np.newaxis] * of_label[np.arange(self.n_outputs), y]

    def constant_loss(self, targets, weights):
        """Return the entropy of each label's values, averaged over the labels."""
        of_label = weights if weights.ndim == 2 else weights[:, np.newaxis]
        counts = np.stack([((targets > 0) * of_label).sum(0), ((targets <= 0) * of_label).sum(0)])
        # The weights of some labels may be larger than those of others.
        shares = counts.sum(axis=0) / max(counts.sum(), np.finfo(float).tiny)
        return float(shares @ entropy_of_counts(counts.astype(float)))

    def cross_entropy(self, raw, targets, weights):
        """Return the weighted mean cross-entropy of all labels."""
        of_label = weights if weights.ndim == 2 else weights[:, np.newaxis]
        losses = np.logaddexp(0, raw) - targets * raw
        return float(np.average(losses, weights=np.broadcast_to(of_label, losses.shape)))

    def weighing_outputs(self):
        """Return the head with the loss of each label instead of their mean."""
        head = copy(self)
        head._weighs_outputs = True
        return head

    def ngram_targets(self, targets):
        """Return the labels; the folds are not stratified."""
        return targets > 0, None

    # --- The network ---

    def outputs(self, encoding, seeds, name):
        """Return logits (n_samples, n_labels)."""
        return dense(encoding.summary, self.n_outputs, seeds, name)

    def activate(self, raw):
        """Return probabilities (n_samples, n_labels)."""
        from skrnn.backend.tensorflow import keras

        return keras.layers.Activation("sigmoid", name="probability")(raw)

    def loss(self):
        """Return the cross-entropy, mean over the labels unless they have weights."""
        if not self._weighs_outputs:
            return "binary_crossentropy"
        from skrnn.backend.tensorflow import keras

        return keras.losses.BinaryCrossentropy(axis=())  # the mean over no axis

    def metrics(self):
        """Return the accuracy, mean over the labels."""
        from skrnn.backend.tensorflow import keras

        return [keras.metrics.BinaryAccuracy(name="accuracy")]

    def example(self):
        """Return targets and predictions of one row."""
        answer = np.zeros((1, self.n_outputs), np.float32)
        return answer, answer

    def row_losses(self, y, raw):
        """Return the cross-entropy of each row, or of each label if they have weights."""
        return sigmoid_losses(y, raw, by_output=self._weighs_outputs)

    def divergence(self, raw, others):
        """Return the divergence of each row's predictions."""
        return sigmoid_divergence(raw, others)

    def entropy(self, raw):
        """Return the entropy of each row's prediction."""
        return sigmoid_entropy(raw)

    # --- Predictions ---

    def raw_output(self, summary, values):
        """Return logits (n_samples, n_labels)."""
        return dense_output(summary, *values)

    def predict(self, raw):
        """Return the labels with a probability above their threshold, an indicator of int64."""
        if isinstance(self.thresholds, np.ndarray):
            return (self.probabilities(raw) > self.thresholds).astype(np.int64)
        return (raw > 0).astype(np.int64)

    @property
    def needs_held_out(self):
        """Whether the thresholds are learned."""
        return isinstance(self.thresholds, str)

    def with_decision(self, raw, targets):
        """Return the head with the thresholds that are the best for held-out rows."""
        head = copy(self)
        head.thresholds = best_thresholds(targets > 0, self.probabilities(raw))
        return head

    def probabilities(self, raw):
        """Return the probability of each label, float64 of shape (n_samples, n_labels)."""
        return expit(raw.astype(np.float64))

    def decision(self, raw):
        """Return log-odds (n_samples, n_labels)."""
        return raw

    # --- Files, ONNX, explanations ---

    def layout(self):
        """Return the number of labels."""
        return {"kind": self.kind, "n_outputs": self.n_outputs}

    @classmethod
    def from_layout(cls, layout):
        """Make the head of a layout."""
        n_outputs = checked_outputs(cls, layout)
        if n_outputs < 2:
            raise InvalidInputError("A multilabel network must have two outputs or more.")
        return cls(n_outputs)

    def variables(self, width):
        """Return the variables of the dense layer."""
        return dense_variables(width, self.n_outputs)

    def encode_state(self):
        """Return the numbers of the columns, and their names and thresholds if there are any."""
        state = {"classes": encode_labels(np.arange(self.n_outputs))}
        if self.names is not None:
            state["names"] = self.names.tolist()
        if isinstance(self.thresholds, np.ndarray):
            state["thresholds"] = self.thresholds.tolist()
        return state

    @classmethod
    def decode_state(cls, node, layout):
        """Make the head of a node."""
        classes = decode_labels(node.below("classes"))
        if not np.array_equal(classes, np.arange(len(classes))):
            node.refuse("The labels of a multilabel target must be the numbers of its columns.")
        if len(classes) != layout["n_outputs"]:
            node.refuse(
                f"{len(classes)} labels need as many outputs, but the network's head is {layout}."
            )
        head = cls(len(classes))
        if "names" in node:
            head.names = take_names(node, len(classes))
        if "thresholds" in node:
            head.thresholds = np.array(
                node.take(
                    "thresholds",
                    "a number in [0, 1] for each label",
                    lambda v: type(v) is list and len(v) == len(classes) and all(map(_is_share, v)),
                ),
                dtype=np.float64,
            )
        return head

    def write_onnx(self, graph, raw, samples, values=()):
        """Write "label", an indicator, and "probabilities"."""
        least = np.float32(0)
        if isinstance(self.thresholds, np.ndarray):
            least = logit(self.thresholds).astype(np.float32)
        is_there = graph.cast(graph.add("Greater", raw, least), np.int64)
        shape = [samples, self.n_outputs]
        graph.output(is_there, "label", np.int64, shape)
        graph.output(graph.add("Sigmoid", raw), "probabilities", np.float32, shape)

    @property
    def targets(self):
        """The labels."""
        return self.classes

    def probability(self, raw, target):
        """Return the probability of a label, by its number."""
        return float(self.probabilities(raw)[0, target])

    def direction(self, raw, target):
        """Return the log-odds of a label, by its number; None is the most probable label."""
        target = int(raw[0].argmax()) if target is None else target
        return np.eye(self.n_outputs)[target], target


def take_names(node, n_labels):
    """Return the names of labels, or of other columns of y, of a node of a file."""

    def is_valid(names):
        kinds = set(map(type, names)) if type(names) is list else set()
        return kinds in ({str}, {int}) and len(names) == n_labels == len(set(names))

    names = node.take("names", "a string, or an integer, for each label", is_valid)
    if type(names[0]) is str:
        return np.array(names, dtype=object)
    try:
        return np.array(names, dtype=np.int64)
    except OverflowError:
        node.refuse("The name of a label is out of the range of int64.")


def _is_share(value):
    return type(value) in (int, float) and 0 <= value <= 1
