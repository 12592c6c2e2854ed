"""Gated recurrent unit."""

import dataclasses

from skrnn.backend.tensorflow import keras, tf
from skrnn.layers.fused import Equations, FusedLayer, sigmoid_back, tanh_back


@dataclasses.dataclass(frozen=True)
class _Equations(Equations):
    """One step of a GRU and its gradient; the equations are those of :class:`GRU`."""

    units: int
    use_bias: bool
    reset_after: bool

    n_states = 1  # h

    @property
    def n_saved(self):
        return 4 if self.reset_after else 3  # z, r, g and, reset after, h U_g + b'_g

    @property
    def kernel(self):
        return "gru" if self.reset_after else None

    def weight_shapes(self, n_features):
        width = 3 * self.units
        bias = (2, width) if self.reset_after else (width,)
        return [(n_features, width), (self.units, width)] + self.use_bias * [bias]

    def prepare(self, W, U, b=None):
        b_x, b_h = (b[0], b[1]) if self.use_bias and self.reset_after else (b, None)
        W_zr, W_g = self._split(W)
        U_zr, U_g = self._split(U)
        b_zr, b_g = self._split(b_x, axis=0) if self.use_bias else (0.0, 0.0)
        return W_zr, W_g, b_zr, b_g, U, U_zr, U_g, b_h

    def _split(self, gates, axis=1):
        """Separate the gates, z and r, from the candidate, g."""
        return tf.split(gates, [2 * self.units, self.units], axis)

    def project(self, w, x):
        W_zr, W_g, b_zr, b_g, *_ = w
        return tf.matmul(x, W_zr) + b_zr, tf.matmul(x, W_g) + b_g

    def step(self, w, xW, states):
        *_, U, U_zr, U_g, b_h = w
        (x_zr, x_g), (h,) = xW, states
        if self.reset_after:
            hU = tf.matmul(h, U)
            h_zr, h_g = self._split(hU if b_h is None else tf.nn.bias_add(hU, b_h))
            z, r = tf.split(tf.sigmoid(x_zr + h_zr), 2, axis=1)
            g = tf.tanh(x_g + r * h_g)
            saved = (z, r, g, h_g)
        else:
            z, r = tf.split(tf.sigmoid(x_zr + tf.matmul(h, U_zr)), 2, axis=1)
            g = tf.tanh(x_g + tf.matmul(r * h, U_g))
            saved = (z, r, g)
        return (g + z * (h - g),), saved

    def prepare_back(self, W, U, b=None):
        UT = tf.transpose(U)
        return tf.transpose(W), UT, UT[: 2 * self.units], UT[2 * self.units :]

    def step_back(self, w, before, after, saved, dstates):
        _, UT, U_zrT, U_gT = w
        z, r, g, *h_g = saved
        (h,), (dh,) = before, dstates
        dz = sigmoid_back(z, dh * (h - g))
        dg = tanh_back(g, dh - dh * z)
        if self.reset_after:
            dr = sigmoid_back(r, dg * h_g[0])
            dhU = tf.concat([dz, dr, dg * r], axis=1)
            return (dh * z + tf.matmul(dhU, UT),), (dhU, dg)
        drh = tf.matmul(dg, U_gT)
        dr = sigmoid_back(r, drh * h)
        dzr = tf.concat([dz, dr], axis=1)
        return (dh * z + drh * r + tf.matmul(dzr, U_zrT),), (dzr, dg)

    def hoisted_gradients(self, w, x, h, saved, dgates):
        WT = w[0]
        if self.reset_after:
            dhU, dg = dgates
            dgates = tf.concat([self._split(dhU)[0], dg], axis=1)
            dU = tf.matmul(h, dhU, transpose_a=True)
            db = tf.reduce_sum(dhU, axis=0)
            db = tf.stack([tf.concat([db[: 2 * self.units], tf.reduce_sum(dg, axis=0)], 0), db])
        else:
            dzr, dg = dgates
            dgates = tf.concat([dzr, dg], axis=1)
            rh = h * tf.concat([r for _, r, _ in saved], 0)
            dU_zr = tf.matmul(h, dzr, transpose_a=True)
            dU = tf.concat([dU_zr, tf.matmul(rh, dg, transpose_a=True)], axis=1)
            db = tf.reduce_sum(dgates, axis=0)
        dx = tf.matmul(dgates, WT)
        dW = tf.matmul(x, dgates, transpose_a=True)
        return dx, dW, dU, *(self.use_bias * [db])


@keras.saving.register_keras_serializable("skrnn")
class GRU(FusedLayer, keras.layers.GRU):
    r"""Gated recurrent unit, in both forms that Keras has.

    A drop-in replacement for `keras.layers.GRU`: same parameters, weights and results,
    with a loop optimized for CPUs. A step computes

    .. math::

        z_t &= \sigma(x_t W_z + b_z + h_{t-1} U_z + b'_z) \\
        r_t &= \sigma(x_t W_r + b_r + h_{t-1} U_r + b'_r) \\
        g_t &= \tanh(x_t W_g + b_g + r_t (h_{t-1} U_g + b'_g)) \\
        h_t &= z_t h_{t-1} + (1 - z_t) g_t

    The initial state is :math:`h_0 = 0`, or the `initial_state` that is passed to the
    layer, or, if the layer is `stateful`, the state after the previous batch.
    `initial_state`, `return_state` and gradients through them do not slow the loop down.
    With ``reset_after=False``, the form of [1]_, there is no `b'` and the candidate is
    :math:`g_t = \tanh(x_t W_g + b_g + (r_t h_{t-1}) U_g)`. The weights are
    `kernel` :math:`W = [W_z, W_r, W_g]` of shape (n_features, 3 * units),
    `recurrent_kernel` `U` of shape (units, 3 * units) and `bias`, which is `b` and `b'`
    as rows of shape (2, 3 * units), or `b` of shape (3 * units,). This is Keras's layout,
    so weights can be exchanged.

    See Also
    --------
    keras.layers.GRU : Documents all parameters. Its own loop runs if they change these
        equations (another activation, `recurrent_dropout`).

    References
    ----------
    .. [1] Cho et al., "Learning phrase representations using RNN encoder-decoder for
       statistical machine translation", EMNLP 2014, arXiv:1406.1078.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.layers import GRU
    >>> layer = GRU(3)
    >>> layer(np.zeros((2, 5, 4), dtype="float32")).shape
    TensorShape([2, 3])
    >>> [tuple(weight.shape) for weight in layer.weights]
    [(4, 9), (3, 9), (2, 9)]
    """

    def _equations(self):
        return _Equations(self.units, self.use_bias, self.reset_after)
