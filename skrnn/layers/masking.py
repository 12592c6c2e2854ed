"""Converting NaN padding to a mask."""

from skrnn.backend.tensorflow import keras

ops = keras.ops


@keras.saving.register_keras_serializable(package="skrnn")
class NaNMasking(keras.layers.Layer):
    """Read NaN steps as padding: zeros with a mask.

    Takes float32 of shape (n_samples, n_timesteps, n_channels), or without the last axis for
    one channel. A step is padding if its first channel is NaN.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, mask=None):
        """Return True of shape (n_samples, n_timesteps) at the steps that are not NaN."""
        first = inputs if len(inputs.shape) == 2 else inputs[..., 0]
        return ops.logical_not(ops.isnan(first))

    def call(self, inputs):
        """Replace NaN by zero, and add the last axis for a single channel."""
        x = ops.where(ops.isnan(inputs), ops.zeros_like(inputs), inputs)
        return ops.expand_dims(x, -1) if len(inputs.shape) == 2 else x

    def compute_output_shape(self, input_shape):
        """Return (n_samples, n_timesteps, n_channels)."""
        return (*input_shape, 1) if len(input_shape) == 2 else tuple(input_shape)
