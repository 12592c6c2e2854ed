"""Dropout of whole words."""

from skrnn.backend.tensorflow import keras
from skrnn.sequences.special_tokens import PADDING, UNKNOWN

ops = keras.ops


@keras.saving.register_keras_serializable(package="skrnn")
class WordDropout(keras.layers.Layer):
    """Replace random tokens by the unknown word in training (Dai & Le 2015; Iyyer et al. 2015).

    Takes and returns token ids of shape (n_samples, n_timesteps). Padding stays padding, and
    predictions are not affected. The embedding of the unknown word is trained in this way, too.

    Parameters
    ----------
    rate : float
        Fraction of the tokens to replace.
    seed : int or None
        Seed of the random draws.
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=False):
        """Drop tokens if training."""
        if not training:
            return inputs
        drawn = keras.random.uniform(ops.shape(inputs), seed=self.seed_generator)
        dropped = ops.logical_and(drawn < self.rate, inputs != PADDING)
        return ops.where(dropped, UNKNOWN * ops.ones_like(inputs), inputs)

    def compute_output_shape(self, input_shape):
        """Return (n_samples, n_timesteps)."""
        return input_shape

    def get_config(self):
        """Return the configuration of the layer."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
