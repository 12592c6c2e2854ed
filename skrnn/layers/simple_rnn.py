"""The simple recurrent network of Elman."""

import dataclasses

from skrnn.backend.tensorflow import keras, tf
from skrnn.layers.fused import Equations, FusedLayer, tanh_back


@dataclasses.dataclass(frozen=True)
class _Equations(Equations):
    """One step and its gradient; the equation is that of :class:`SimpleRNN`."""

    units: int
    use_bias: bool

    n_states = 1  # h
    n_saved = 0
    kernel = "simple_rnn"

    def weight_shapes(self, n_features):
        return [(n_features, self.units), (self.units,) * 2] + self.use_bias * [(self.units,)]

    def prepare(self, W, U, b=None):
        return W, U, b

    def project(self, w, x):
        W, _, b = w
        xW = tf.matmul(x, W)
        return (xW if b is None else tf.nn.bias_add(xW, b),)

    def step(self, w, xW, states):
        _, U, _ = w
        (xW,), (h,) = xW, states
        return (tf.tanh(xW + tf.matmul(h, U)),), ()

    def prepare_back(self, W, U, b=None):
        return tf.transpose(W), tf.transpose(U)

    def step_back(self, w, before, after, saved, dstates):
        _, UT = w
        (dh,) = dstates
        da = tanh_back(after, dh)
        return (tf.matmul(da, UT),), (da,)

    def hoisted_gradients(self, w, x, h, saved, dgates):
        WT, _ = w
        (da,) = dgates
        dx = tf.matmul(da, WT)
        dW = tf.matmul(x, da, transpose_a=True)
        dU = tf.matmul(h, da, transpose_a=True)
        return dx, dW, dU, *(self.use_bias * [tf.reduce_sum(da, axis=0)])


@keras.saving.register_keras_serializable("skrnn")
class SimpleRNN(FusedLayer, keras.layers.SimpleRNN):
    r"""The simple recurrent network.

    A drop-in replacement for `keras.layers.SimpleRNN`: same parameters, weights and
    results, with a loop optimized for CPUs. A step computes

    .. math:: h_t = \tanh(x_t W + h_{t-1} U + b)

    The initial state is :math:`h_0 = 0`, or the `initial_state` that is passed to the
    layer, or, if the layer is `stateful`, the state after the previous batch.
    `initial_state`, `return_state` and gradients through them do not slow the loop down.
    The weights are `kernel` `W` of shape (n_features, units), `recurrent_kernel` `U` of
    shape (units, units) and `bias` `b` of shape (units,).

    See Also
    --------
    keras.layers.SimpleRNN : Documents all parameters. Its own loop runs if they change
        this equation (another activation, `recurrent_dropout`).

    References
    ----------
    .. [1] Elman, "Finding structure in time", Cognitive Science 14(2), 1990.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.layers import SimpleRNN
    >>> x = np.ones((1, 2, 4), dtype="float32")
    >>> layer = SimpleRNN(3, return_sequences=True)
    >>> h = layer(x).numpy()
    >>> W, U, b = layer.get_weights()
    >>> bool(np.allclose(h[0, 1], np.tanh(x[0, 1] @ W + h[0, 0] @ U + b), atol=1e-6))
    True
    """

    def _equations(self):
        return _Equations(self.units, self.use_bias)

    def get_config(self):
        """Return the configuration of the layer, with its seed.

        Keras's own has no seed. `Bidirectional` copies its layer by the configuration, so the copy
        would draw a seed from Python's global generator. Remove this method when Keras's
        configuration has the seed (3.15 does not).
        """
        return {**super().get_config(), "seed": self.cell.seed}
