"""A tag for each step: a softmax at each, or a conditional random field over the row."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from skrnn.chains import Chain, allowed_transitions, constrained, marginals, viterbi
from skrnn.exceptions import InvalidInputError
from skrnn.fileformat.values import decode_labels, encode_labels
from skrnn.heads.base import Head, Variable
from skrnn.heads.classes import dense, dense_output, dense_variables, entropy_of_counts
from skrnn.sequences import Sequences
from skrnn.sequences.ragged import ragged_labels

OUTPUTS = ("crf", "softmax")


class TagsHead(Head):
    """Predicts one of several tags for each step.

    The raw output has a score of each tag at each step, the emissions. With "crf", the network
    also learns scores of neighbouring tags.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,), or None
        The sorted tags; None in a head that only builds and trains.
    output : {"crf", "softmax"}
    scheme : {"BIO", "BIOES"} or None
        Which tags may follow one another in predictions.
    n_outputs : int or None
        The number of tags, if `classes` is None.
    """

    kind = "tags"
    reads = "steps"
    wrapper = "BaseWrapper"

    def __init__(self, classes, output="crf", scheme=None, n_outputs=None):
        self.classes, self.output, self.scheme = classes, output, scheme
        self.n_outputs = len(classes) if n_outputs is None else n_outputs
        allows = classes is not None and scheme is not None
        self._allowed = allowed_transitions(classes.tolist(), scheme) if allows else None

    @classmethod
    def fit(cls, y, estimator, *, classes=None):
        """Learn the tags.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) of ndarray
            The tags of each row.
        estimator : estimator instance
            With `output` and `scheme`; named in errors.
        classes : array-like or None
            All tags, if y may lack some.

        Raises
        ------
        ValueError
            If there are no tags, or the scheme does not know one of them.
        """
        if classes is None:
            flat, _ = ragged_labels(y)
        else:
            flat, _ = ragged_labels([classes], "classes")
        if not len(flat):
            raise InvalidInputError(
                f"y has {len(y)} rows, but none of them has a tag. {type(estimator).__name__} "
                "needs rows with steps."
            )
        head = cls(np.unique(flat), estimator.output, estimator.scheme)
        head.check(y, estimator)
        return head

    def with_options(self, estimator):
        """Return the head with the scheme of the estimator; raise ValueError for another output."""
        if self.output != estimator.output:
            raise InvalidInputError(
                f"{type(estimator).__name__} was fitted with output={self.output!r}, and cannot "
                f"continue with output={estimator.output!r}. Set it back, or call fit with "
                "warm_start=False."
            )
        if self.scheme == estimator.scheme:
            return self
        return type(self)(self.classes, self.output, estimator.scheme)

    def has_classes(self, classes):
        """Whether these are the tags, in any order."""
        return np.array_equal(np.unique(classes), self.classes)

    def check(self, y, estimator):
        """Raise ValueError if y has an unknown tag."""
        flat, offsets = ragged_labels(y)
        unknown = ~np.isin(flat, self.classes)
        if unknown.any():
            step = int(np.flatnonzero(unknown)[0])
            row = int(np.searchsorted(offsets, step, side="right")) - 1
            raise InvalidInputError(
                f"y has a tag that is not among the classes: {flat[[step]].tolist()[0]!r} in row "
                f"{row}, step {step - offsets[row]}; the classes are "
                f"{_brief(self.classes)}. Pass all of them to the first call, "
                "partial_fit(X, y, classes=...), or fit anew."
            )

    def encode(self, y):
        """Return the numbers of the tags, as `Sequences`."""
        flat, offsets = ragged_labels(y)
        return Sequences(np.searchsorted(self.classes, flat).astype(np.int32), offsets)

    def weights(self, y, sample_weight, estimator):
        """Return the weights of the rows; a row without steps has none."""
        lengths = np.fromiter(map(len, y), np.int64, len(y))
        return np.where(lengths > 0, sample_weight, 0.0)

    def constant_loss(self, targets, weights):
        """Return the entropy of the tags."""
        of_steps = np.repeat(weights, targets.lengths)
        return float(entropy_of_counts(np.bincount(targets.values, of_steps)))

    # --- The network ---

    def outputs(self, encoding, seeds, name):
        """Return emissions (n_samples, n_timesteps, n_outputs)."""
        return dense(encoding.steps, self.n_outputs, seeds, name)

    def activate(self, raw):
        """Return emissions that a CRF has read, or probabilities."""
        from skrnn.backend.tensorflow import keras

        if self.output == "softmax":
            return keras.layers.Activation("softmax", name="probability")(raw)
        from skrnn.layers import CRF

        return CRF(name="crf")(raw)

    def activate_mean(self, raw, answers, networks):
        """Return mean emissions that a CRF of mean scores has read, or probabilities."""
        if self.output == "softmax":
            return self.activate(raw)
        from skrnn.layers.averaging import MeanCRF

        layer = MeanCRF(name="crf").bind([one.get_layer("crf") for one in networks])
        return layer([raw, *answers])

    def loss(self):
        """Return the negative log-likelihood of the rows, for each step."""
        if self.output == "softmax":
            return "sparse_categorical_crossentropy"
        from skrnn.layers.crf_training import CRFLoss

        return CRFLoss()

    def metrics(self):
        """Return the accuracy."""
        from skrnn.backend.tensorflow import keras

        if self.output == "softmax":
            return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
        from skrnn.layers.crf_training import CRFAccuracy

        return [CRFAccuracy(name="accuracy")]

    def example(self):
        """Return targets and predictions of one row of one step."""
        return np.zeros((1, 1), np.int32), np.zeros((1, 1, self.n_outputs), np.float32)

    # --- Predictions ---

    def raw_output(self, summary, values):
        """Return emissions (n_steps, n_outputs)."""
        return dense_output(summary, *values)

    def chain(self, activation_values) -> Chain:
        """Return the network's scores of neighbouring tags.

        Parameters
        ----------
        activation_values : list of ndarray
            Those of `activation_variables`.
        """
        if self.output == "crf":
            return Chain(*activation_values)
        n = self.n_outputs
        return Chain(*(np.zeros(shape, np.float32) for shape in ((n, n), n, n)))

    def constrained(self, chain):
        """Return a chain with -inf where the scheme forbids neighbours."""
        return chain if self._allowed is None else constrained(chain, self._allowed)

    def best_tags(self, raw, offsets, chain):
        """Return the most probable tags of each row together, numbers of shape (n_steps,).

        Parameters
        ----------
        raw : ndarray of shape (n_steps, n_outputs)
        offsets : ndarray of shape (n_samples + 1,)
        chain : Chain
            Of `chain`, or mixed with that of another model.
        """
        if self.output == "softmax" and self._allowed is None:
            return raw.argmax(axis=1)
        return viterbi(raw, offsets, self.constrained(chain))

    def predict(self, raw):
        """Return the tag with the largest emission at each step, whatever its neighbours are."""
        return self.classes[raw.argmax(axis=1)]

    def probabilities(self, raw, offsets, chain):
        """Return the probability of each tag at each step, float64 (n_steps, n_classes).

        Parameters as of `best_tags`.
        """
        if self.output == "softmax" and self._allowed is None:
            return softmax(raw.astype(np.float64), axis=1)
        return marginals(raw, offsets, self.constrained(chain))

    # --- Files ---

    def layout(self):
        """Return the number of tags, and which layer makes them."""
        return {"kind": self.kind, "n_outputs": self.n_outputs, "output": self.output}

    @classmethod
    def from_layout(cls, layout):
        """Return a head without tags."""
        n, output = layout.get("n_outputs"), layout.get("output")
        is_valid = set(layout) == {"kind", "n_outputs", "output"} and output in OUTPUTS
        if not is_valid or type(n) is not int or n < 1:
            raise InvalidInputError(
                "The layout of a head of tags is its kind, a positive 'n_outputs' and an 'output' "
                f"of {OUTPUTS}, not {str(layout)[:60]}."
            )
        return cls(None, output, n_outputs=n)

    def variables(self, width):
        """Return the variables of the dense layer."""
        return dense_variables(width, self.n_outputs)

    def activation_variables(self):
        """Return those of the CRF."""
        if self.output == "softmax":
            return []
        n = self.n_outputs
        return [
            Variable("transitions of tags", (n, n)),
            Variable("scores of first tags", (n,)),
            Variable("scores of last tags", (n,)),
        ]

    def encode_state(self):
        """Return the tags and the scheme."""
        return {"classes": encode_labels(self.classes), "scheme": self.scheme}

    @classmethod
    def decode_state(cls, node, layout):
        """Return the head of a node."""
        classes = decode_labels(node.below("classes"))
        scheme = node.take("scheme", "BIO, BIOES or null", lambda v: v in (None, "BIO", "BIOES"))
        if len(classes) != layout["n_outputs"]:
            node.refuse(f"There are {len(classes)} tags, but the network's head is {layout}.")
        try:
            return cls(classes, layout["output"], scheme)
        except ValueError as error:
            node.refuse(str(error)[:200])

    def write_onnx(self, graph, raw, samples, values=()):
        """Write the chain and the tags beside the emissions: decoding is up to the caller."""
        chain = self.constrained(self.chain(values))
        for name, part in zip(Chain._fields, chain, strict=True):
            constant = graph.constant(np.asarray(part, np.float32), f"{name} of tags")
            graph.output(graph.add("Identity", constant), name, np.float32, list(part.shape))
        classes, dtype = graph.labels(self.classes)
        classes = graph.add("Identity", graph.constant(classes, "tags"))
        graph.output(classes, "classes", dtype, [self.n_outputs])

    @property
    def targets(self):
        """The tags."""
        return self.classes


def _brief(classes, most=20):
    shown = classes[:most].tolist()
    return f"{shown}" if len(classes) <= most else f"{str(shown)[:-1]}, ...] ({len(classes)})"
