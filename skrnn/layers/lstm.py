"""Long short-term memory."""

import dataclasses

from skrnn.backend.tensorflow import keras, tf
from skrnn.layers.fused import Equations, FusedLayer, sigmoid_back, tanh_back


@dataclasses.dataclass(frozen=True)
class _Equations(Equations):
    """One step of an LSTM and its gradient; the equations are those of :class:`LSTM`."""

    units: int
    use_bias: bool

    n_states = 2  # h, c
    n_saved = 5  # i, f, g, o, tanh(c)
    kernel = "lstm"

    def weight_shapes(self, n_features):
        width = 4 * self.units
        return [(n_features, width), (self.units, width)] + self.use_bias * [(width,)]

    def prepare(self, W, U, b=None):
        return W, U, b

    def project(self, w, x):
        W, _, b = w
        xW = tf.matmul(x, W)
        return (xW if b is None else tf.nn.bias_add(xW, b),)

    def step(self, w, xW, states):
        _, U, _ = w
        (xW,) = xW
        h, c = states
        i, f, g, o = tf.split(xW + tf.matmul(h, U), 4, axis=1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = f * c + i * g
        tanh_c = tf.tanh(c)
        h = o * tanh_c
        return (h, c), (i, f, g, o, tanh_c)

    def prepare_back(self, W, U, b=None):
        return tf.transpose(W), tf.transpose(U)

    def step_back(self, w, before, after, saved, dstates):
        _, UT = w
        _, c = before
        i, f, g, o, tanh_c = saved
        dh, dc = dstates
        dc = dc + tanh_back(tanh_c, dh * o)
        di = sigmoid_back(i, dc * g)
        df = sigmoid_back(f, dc * c)
        dg = tanh_back(g, dc * i)
        do = sigmoid_back(o, dh * tanh_c)
        dgates = tf.concat([di, df, dg, do], axis=1)
        return (tf.matmul(dgates, UT), dc * f), (dgates,)

    def hoisted_gradients(self, w, x, h, saved, dgates):
        WT, _ = w
        (dgates,) = dgates
        dx = tf.matmul(dgates, WT)
        dW = tf.matmul(x, dgates, transpose_a=True)
        dU = tf.matmul(h, dgates, transpose_a=True)
        return dx, dW, dU, *(self.use_bias * [tf.reduce_sum(dgates, axis=0)])


@keras.saving.register_keras_serializable("skrnn")
class LSTM(FusedLayer, keras.layers.LSTM):
    r"""Long short-term memory, with a forget gate.

    A drop-in replacement for `keras.layers.LSTM`: same parameters, weights and results,
    with a loop optimized for CPUs. A step computes

    .. math::

        i_t &= \sigma(x_t W_i + h_{t-1} U_i + b_i) \\
        f_t &= \sigma(x_t W_f + h_{t-1} U_f + b_f) \\
        g_t &= \tanh(x_t W_g + h_{t-1} U_g + b_g) \\
        o_t &= \sigma(x_t W_o + h_{t-1} U_o + b_o) \\
        c_t &= f_t c_{t-1} + i_t g_t \\
        h_t &= o_t \tanh c_t

    The initial state is :math:`h_0 = c_0 = 0`, or the `initial_state` ``[h, c]`` that is
    passed to the layer, or, if the layer is `stateful`, the state after the previous
    batch. `initial_state`, `return_state` and gradients through them do not slow the
    loop down. The weights are `kernel` :math:`W = [W_i, W_f, W_g, W_o]` of shape
    (n_features, 4 * units), `recurrent_kernel` `U` of shape (units, 4 * units) and `bias`
    `b` of shape (4 * units,). This is Keras's layout, so weights can be exchanged.

    See Also
    --------
    keras.layers.LSTM : Documents all parameters. Its own loop runs if they change these
        equations (another activation, `recurrent_dropout`).

    References
    ----------
    .. [1] Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation
       9(8), 1997.
    .. [2] Gers, Schmidhuber and Cummins, "Learning to forget: continual prediction
       with LSTM", Neural Computation 12(10), 2000.

    Examples
    --------
    >>> import keras
    >>> from skrnn.layers import LSTM
    >>> model = keras.Sequential(
    ...     [
    ...         keras.layers.Embedding(10_000, 64, mask_zero=True),
    ...         keras.layers.Bidirectional(LSTM(64)),
    ...         keras.layers.Dense(1, activation="sigmoid"),
    ...     ]
    ... )
    """

    def _equations(self):
        return _Equations(self.units, self.use_bias)
