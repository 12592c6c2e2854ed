"""Pooling a sequence of states to one vector.

All layers here use Keras's masks: True at real steps. Each row must have a real step, as
:mod:`skrnn.sequences` ensures.
"""

from skrnn.backend.tensorflow import keras

ops = keras.ops
register = keras.saving.register_keras_serializable(package="skrnn")


class _Pooling(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, mask=None):
        """Return None: pooling removes the time steps."""
        return None

    def compute_output_shape(self, input_shape):
        """Return (n_samples, n_units)."""
        return (input_shape[0], input_shape[-1])


@register
class MaskedMaxPooling(_Pooling):
    """The maximum of each unit over the real steps."""

    def call(self, inputs, mask=None):
        """Pool (n_samples, n_timesteps, n_units) to (n_samples, n_units)."""
        if mask is not None:
            # This minimum is right for any activation, also if values are not bounded as by tanh.
            floor = ops.cast(-3.0e38, inputs.dtype)
            inputs = ops.where(ops.expand_dims(mask, -1), inputs, floor)
        return ops.max(inputs, axis=1)


@register
class MaskedMeanPooling(_Pooling):
    """The mean of each unit over the real steps."""

    def call(self, inputs, mask=None):
        """Pool (n_samples, n_timesteps, n_units) to (n_samples, n_units)."""
        if mask is None:
            return ops.mean(inputs, axis=1)
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        return ops.sum(inputs * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)


@register
class AttentionPooling(_Pooling):
    r"""A mean over the steps, weighted by a learned attention.

    .. math:: u_t = \tanh(W h_t + b), \quad a = \mathrm{softmax}_t(v^\top u_t), \quad
              s = \textstyle\sum_t a_t h_t

    the word attention of Yang et al., "Hierarchical Attention Networks for Document
    Classification", NAACL 2016, equations (5) to (7). Padding has weight zero.
    """

    def __init__(
        self, kernel_initializer="glorot_uniform", query_initializer="glorot_uniform", **kwargs
    ):
        super().__init__(**kwargs)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.query_initializer = keras.initializers.get(query_initializer)

    def build(self, input_shape):
        """Create W, b and v for the width of the states."""
        width = input_shape[-1]
        self.kernel = self.add_weight(
            shape=(width, width), initializer=self.kernel_initializer, name="kernel"
        )
        self.bias = self.add_weight(shape=(width,), initializer="zeros", name="bias")
        self.query = self.add_weight(
            shape=(width, 1), initializer=self.query_initializer, name="query"
        )

    def call(self, inputs, mask=None):
        """Pool (n_samples, n_timesteps, n_units) to (n_samples, n_units)."""
        relevance = ops.tanh(ops.matmul(inputs, self.kernel) + self.bias)
        scores = ops.matmul(relevance, self.query)
        if mask is not None:
            scores = ops.where(ops.expand_dims(mask, -1), scores, ops.cast(-1e30, scores.dtype))
        # ops.softmax warns if the axis has one step, but such a sequence is valid here.
        weights = ops.exp(scores - ops.max(scores, axis=1, keepdims=True))
        return ops.sum(weights * inputs, axis=1) / ops.sum(weights, axis=1)

    def get_config(self):
        """Return the configuration of the layer."""
        return {
            **super().get_config(),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "query_initializer": keras.initializers.serialize(self.query_initializer),
        }
