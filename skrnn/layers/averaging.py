"""Layers of networks that answer together, by the mean of their raw outputs.

Each network is trained on its own loss, so the tensor with the common answer also carries those of
the networks, as the emissions of a CRF carry their layer (:mod:`skrnn.layers.crf_training`).
"""

import weakref

from skrnn.backend.tensorflow import keras, tf
from skrnn.layers.crf_training import layer_of, mark

_ANSWERS = "_skrnn_answers"


def answers_of(answer):
    """Return the answers of the networks behind a common one; None if it does not say."""
    return getattr(answer, _ANSWERS, None)


@keras.saving.register_keras_serializable(package="skrnn")
class Mean(keras.layers.Layer):
    """The mean of tensors of one shape, added first to last. The mask is that of the first."""

    def call(self, inputs):
        """Return the mean."""
        return tf.add_n(inputs) / len(inputs)

    def compute_mask(self, inputs, mask=None):
        """Return the mask of the first tensor."""
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape):
        """Return the shape of one of them."""
        return tuple(input_shape[0])


@keras.saving.register_keras_serializable(package="skrnn")
class Together(keras.layers.Layer):
    """Return the first of several answers, on which the loss finds the others.

    It is returned as it is, with the mask and the logits that Keras has noted on it.
    """

    def __init__(self, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True

    def call(self, inputs):
        """Return the common answer."""
        answer, *others = inputs
        setattr(answer, _ANSWERS, others)
        return answer

    def compute_mask(self, inputs, mask=None):
        """Return the mask of the common answer."""
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape):
        """Return the shape of the common answer."""
        return tuple(input_shape[0])

    def get_config(self):
        """Return the parameters."""
        return {key: value for key, value in super().get_config().items() if key != "autocast"}


@keras.saving.register_keras_serializable(package="skrnn")
class MeanCRF(keras.layers.Layer):
    """The conditional random field whose scores are the means of those of several.

    Takes the mean of emissions, then the emissions of each :class:`skrnn.layers.CRF`, which say
    where they come from. Returns the first, for the loss and the accuracy of a CRF.
    """

    # XLA has no Python functions.
    supports_jit = property(lambda self: False, lambda self, value: None)
    _fields = ()

    def bind(self, layers):
        """Use the scores of these layers, and return self; a call finds them by itself."""
        # Weak references: Keras would save the layers of an attribute once more.
        self._fields = tuple(map(weakref.ref, layers))
        return self

    def call(self, inputs):
        """Return the mean of the emissions as it is."""
        mean, *emissions = inputs
        found = [layer_of(one) for one in emissions]
        if None not in found:  # none of them says so while Keras only asks for shapes
            self.bind(found)
        return mark(tf.identity(mean), self)

    def compute_mask(self, inputs, mask=None):
        """Return the mask of the emissions."""
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape):
        """Return the shape of the emissions."""
        return tuple(input_shape[0])

    def _weights_now(self):
        of_all = zip(*(field()._weights_now() for field in self._fields), strict=True)
        return [tf.add_n(parts) / len(parts) for parts in of_all]
