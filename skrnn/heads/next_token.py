"""The next token at each step: a language model."""

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.heads.base import Head, Variable
from skrnn.heads.classes import dense_output


class NextTokenHead(Head):
    """A language model: the state at each token predicts the next one.

    In a bidirectional network, the states that read backwards predict the previous token instead
    (Howard & Ruder 2018; Sachan et al. 2019). Only one layer can be trained in this way: the input
    of a second one would depend on the token to predict. There is no y.

    Parameters
    ----------
    n_classes : int
        Size of the vocabulary without padding.
    n_directions : {1, 2}
        Whether the network is bidirectional.
    """

    kind = "next_token"
    reads = "steps"
    wrapper = "BaseWrapper"

    def __init__(self, n_classes, n_directions=1):
        self.n_classes = self.n_outputs = n_classes
        self.n_directions = n_directions

    def check(self, y, estimator):
        """Accept anything: y is ignored."""

    def encode(self, y):
        """Return a dummy number for each row; the targets are in the sequences."""
        return np.zeros(len(y), np.float32)

    def outputs(self, encoding, seeds, name):
        """Return the sum and the number of the losses of each row, (n_samples, 2)."""
        from skrnn.layers.sampled_softmax import SampledSoftmax

        layer = SampledSoftmax(self.n_classes, self.n_directions, seed=next(seeds), name=name)
        return layer([encoding.steps, encoding.inputs[0]])

    def activate(self, raw):
        """Return the losses as they are."""
        return raw

    def loss(self):
        """Return the mean over all tokens of a batch."""
        from skrnn.backend.tensorflow import tf

        def loss_per_token(y, losses):
            mean = tf.reduce_sum(losses[:, 0]) / tf.maximum(tf.reduce_sum(losses[:, 1]), 1.0)
            # The same value for each row, because Keras averages over the rows.
            return tf.fill(tf.shape(losses)[:1], mean)

        return loss_per_token

    def metrics(self):
        """Return the mean over all tokens of an epoch, in nats."""
        from skrnn.layers.metrics import PerToken

        return [PerToken(name="nats")]

    def example(self):
        """Return targets and losses of one row."""
        return np.zeros(1, np.float32), np.zeros((1, 2), np.float32)

    def raw_output(self, summary, values):
        """Return the logits of each class, from the states of one direction."""
        kernel, bias = values[:2]
        return dense_output(summary, kernel.T, bias)

    def predict(self, raw):
        """Raise NotImplementedError: predictions of a language model are not supported."""
        raise NotImplementedError("Predictions of a language model are not supported.")

    def layout(self):
        """Return the number of classes and directions."""
        return {"kind": self.kind, "n_outputs": self.n_classes, "n_directions": self.n_directions}

    @classmethod
    def from_layout(cls, layout):
        """Make the head of a layout."""
        n_classes, n_directions = layout.get("n_outputs"), layout.get("n_directions")
        is_known = set(layout) == {"kind", "n_outputs", "n_directions"}
        if not is_known or type(n_classes) is not int or n_classes < 1:
            raise InvalidInputError(f"The layout {str(layout)[:60]} is not one of a next token.")
        if type(n_directions) is not int or n_directions not in (1, 2):
            raise InvalidInputError(f"There are one or two directions, not {n_directions!r:.40}.")
        return cls(n_classes, n_directions)

    def variables(self, width):
        """Return the variables of the sampled softmax."""
        units = width // self.n_directions
        return [
            Variable("output kernel", (self.n_classes, units)),
            Variable("output bias", (self.n_classes,)),
            Variable("sampler generator", (2,), "seed"),
        ]

    def encode_state(self):
        """Return an empty dict: there is no encoding of y."""
        return {}

    @classmethod
    def decode_state(cls, node, layout):
        """Make the head of a layout."""
        return cls.from_layout(layout)
