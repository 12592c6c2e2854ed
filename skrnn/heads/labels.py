"""Several independent labels for each row: a sigmoid for each label."""

import numpy as np
from scipy.special import expit
from sklearn.utils.class_weight import compute_sample_weight

from skrnn.exceptions import InvalidInputError
from skrnn.fileformat.values import decode_labels, encode_labels
from skrnn.heads.base import Head
from skrnn.heads.classes import (
    checked_outputs,
    dense,
    dense_output,
    dense_variables,
    sigmoid_divergence,
    sigmoid_entropy,
    sigmoid_losses,
)


class LabelsHead(Head):
    """Any number of labels, from a multilabel indicator.

    Parameters
    ----------
    n_outputs : int
        The number of labels.
    """

    kind = "labels"
    wrapper = "KerasClassifier"
    fits_ngrams = True

    def __init__(self, n_outputs):
        self.n_outputs = n_outputs

    @classmethod
    def fit(cls, y, estimator, *, classes=None):
        """Take the number of columns of an indicator."""
        return cls(y.shape[1])

    @property
    def classes(self):
        """The columns' numbers."""
        return np.arange(self.n_outputs)

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
        """Return the weights of the rows, balanced if requested."""
        class_weight = estimator.class_weight
        if isinstance(class_weight, dict):
            raise InvalidInputError(
                f"class_weight={class_weight!r} is for single classes, but y has several labels "
                "for each row. Use 'balanced', or weight the rows with sample_weight."
            )
        if class_weight is not None:
            return sample_weight * compute_sample_weight(class_weight, y)
        return sample_weight

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
        """Return the cross-entropy, mean over the labels."""
        return "binary_crossentropy"

    def metrics(self):
        """Return the accuracy, mean over the labels."""
        from skrnn.backend.tensorflow import keras

        return [keras.metrics.BinaryAccuracy(name="accuracy")]

    def example(self):
        """Return targets and predictions of one row."""
        answer = np.zeros((1, self.n_outputs), np.float32)
        return answer, answer

    def row_losses(self, y, raw):
        """Return the cross-entropy of each row."""
        return sigmoid_losses(y, raw)

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
        """Return the labels with a probability above 0.5, an indicator of int64."""
        return (raw > 0).astype(np.int64)

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
        """Return the numbers of the columns."""
        return {"classes": encode_labels(self.classes)}

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
        return cls(len(classes))

    def write_onnx(self, graph, raw, samples):
        """Write "label", an indicator, and "probabilities"."""
        is_there = graph.cast(graph.add("Greater", raw, np.float32(0)), np.int64)
        shape = [samples, self.n_outputs]
        graph.output(is_there, "label", np.int64, shape)
        graph.output(graph.add("Sigmoid", raw), "probabilities", np.float32, shape)

    def direction(self, raw, target):
        """Return the log-odds of a label, by its number; None is the most probable label."""
        target = int(raw[0].argmax()) if target is None else target
        return np.eye(self.n_outputs)[target], target
