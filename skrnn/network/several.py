"""Several networks as one Keras model: trained each on its own loss, answering together.

They read the same inputs and share nothing else (a deep ensemble: Lakshminarayanan, Pritzel &
Blundell 2017, arXiv:1612.01474). The raw output is the mean of theirs. For probabilities, this is
their geometric mean, a logarithmic opinion pool (Heskes 1998): the sum of the networks' scores,
divided by their number, of which everything that is linear in the raw output remains true.
"""

from collections.abc import Callable

from skrnn.backend.tensorflow import keras, tf
from skrnn.heads.base import Head
from skrnn.layers.averaging import Mean, Together, answers_of
from skrnn.network.description import LOGITS


@keras.saving.register_keras_serializable(package="skrnn")
class Several(keras.Model):
    """A model whose loss in training is the mean of the losses of its networks.

    The gradient is that of their sum: each network learns as if it were alone, with any optimizer.
    In evaluation, the loss is that of the common answer.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the loss, as `keras.Model.compute_loss` does for one network."""
        answers = answers_of(y_pred) if training else None
        if answers is None:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        losses = [
            super(Several, self).compute_loss(x, y, answer, sample_weight, training)
            for answer in answers
        ]
        total = tf.add_n(losses)
        # The value of the mean, with the gradient of the sum.
        return tf.stop_gradient(total / len(losses)) + (total - tf.stop_gradient(total))


def put_together(
    make_one: Callable[[], tuple], n_networks: int, head: Head, name: str
) -> keras.Model:
    """Return several networks as one model.

    Parameters
    ----------
    make_one : callable
        Returns inputs, raw output and answer of another network.
    n_networks : int
    head : Head
    name : str
    """
    networks = []
    for i in range(1, n_networks + 1):
        own, raw, answer = make_one()
        networks.append(keras.Model(own, [raw, answer], name=f"network_{i}"))
    inputs = [keras.Input(x.shape[1:], dtype=x.dtype, name=x.name) for x in networks[0].inputs]
    inputs = inputs if len(inputs) > 1 else inputs[0]
    raws, answers = zip(*(network(inputs) for network in networks), strict=True)
    mean = Mean(name=LOGITS)(list(raws))
    together = head.activate_mean(mean, list(answers), networks)
    return Several(inputs, Together(name="together")([together, *answers]), name=name)


def networks_of(model: keras.Model) -> list[keras.Model]:
    """Return the networks of a model of `build`: those inside it, or the only one itself."""
    if isinstance(model, Several):
        return [layer for layer in model.layers if isinstance(layer, keras.Model)]
    return [model]
