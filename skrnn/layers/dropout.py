"""Dropout of whole words."""

from skrnn.backend.tensorflow import keras

ops = keras.ops


@keras.saving.register_keras_serializable(package="skrnn")
class WordDropout(keras.layers.Layer):
    """Replace random tokens by the unknown word in training (Dai & Le 2015; Iyyer et al. 2015).

    Takes and returns token ids of shape (n_samples, n_timesteps). Padding stays padding. In
    prediction nothing changes; what is learned for the unknown word meanwhile serves it too.

    Parameters
    ----------
    rate : float
        Share of the tokens replaced.
    seed : int or None
        Seeds the draws.
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
        dropped = ops.logical_and(drawn < self.rate, inputs > 0)
        return ops.where(dropped, ops.ones_like(inputs), inputs)

    def compute_output_shape(self, input_shape):
        """Return (n_samples, n_timesteps)."""
        return input_shape

    def get_config(self):
        """Return what rebuilds the layer."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
