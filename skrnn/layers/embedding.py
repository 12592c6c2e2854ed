"""Token embedding."""

from skrnn.backend.tensorflow import keras, tf
from skrnn.exceptions import NoKernelsError
from skrnn.layers.engine import looks_up_here


@keras.saving.register_keras_serializable("skrnn")
class Embedding(keras.layers.Embedding):
    """Turn token ids into vectors.

    A drop-in replacement for `keras.layers.Embedding`: same parameters, weights and results, with
    a faster gradient if Numba is installed.

    See Also
    --------
    keras.layers.Embedding : Documents all parameters. Its own code runs if the precision is not
        float32, or if the vectors have an adapter or are quantized.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.layers import Embedding
    >>> layer = Embedding(10, 4)
    >>> vectors = layer(np.array([[1, 2, 1]], dtype="int32")).numpy()
    >>> vectors.shape, bool((vectors[0, 0] == vectors[0, 2]).all())
    ((1, 3, 4), True)
    """

    def call(self, inputs):
        """Return vectors (n_samples, n_timesteps, output_dim) for ids (n_samples, n_timesteps)."""
        if not self._has_kernel(inputs):
            return super().call(inputs)
        try:
            from skrnn.layers import compiled

            return compiled.look_up(tf.convert_to_tensor(self.embeddings), inputs)
        except NoKernelsError:
            return super().call(inputs)

    def _has_kernel(self, inputs):
        plain = not (getattr(self, "lora_enabled", False) or getattr(self, "quantization_mode", 0))
        return plain and looks_up_here(self, inputs)
