"""When a layer may take the fused loop, and when Keras's own runs."""

from skrnn.backend.tensorflow import keras, tf
from skrnn.layers.engine import recur
from skrnn.layers.loop import Equations

__all__ = ["Equations", "FusedLayer", "sigmoid_back", "tanh_back"]


class FusedLayer:
    """Mixin before a `keras.layers.RNN` subclass: the same layer on a faster loop.

    The subclass says in `_equations` what a step computes. Everything else, weights,
    configuration, shapes and masks, is the Keras layer's. Keras's own loop runs
    instead, with the same result, wherever the equations would not be the layer's
    (another activation, recurrent dropout), where the caller handles states
    (`stateful`, `return_state`, an initial state), under `unroll`, in another
    precision than float32, and where there is a GPU, for cuDNN's sake.
    """

    # XLA knows no lists of unknown length; it was no faster on a CPU when tried.
    supports_jit = property(lambda self: False, lambda self, value: None)

    def _equations(self):
        raise NotImplementedError

    def _is_fusible(self, sequences, initial_state):
        cell = self.cell
        return (
            initial_state is None
            and not (self.stateful or self.return_state or self.unroll)
            and cell.activation is keras.activations.tanh
            and getattr(cell, "recurrent_activation", keras.activations.sigmoid)
            is keras.activations.sigmoid
            and not cell.recurrent_dropout
            # Keras's implementation 1 draws a dropout mask for each gate.
            and (not cell.dropout or (cell.dropout < 1 and getattr(cell, "implementation", 2) == 2))
            and getattr(self, "use_cudnn", "auto") is not True
            and cell.compute_dtype == cell.variable_dtype == "float32"
            and sequences.dtype == tf.float32
            and not tf.config.list_physical_devices("GPU")
        )

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """Run the layer over a batch of sequences.

        Parameters
        ----------
        sequences : tensor of shape (n_samples, n_timesteps, n_features)
        initial_state : list of tensors, optional
            Passed to Keras's own loop.
        mask : boolean tensor of shape (n_samples, n_timesteps), optional
            True at real steps, wherever they are.
        training : bool
            Whether to apply `dropout`, and whether to keep what the gradient needs.
            (A gradient outside training is right too, but runs the loop twice.)

        Returns
        -------
        output : tensor of shape (n_samples, units) or (n_samples, n_timesteps, units)
        """
        if not self._is_fusible(sequences, initial_state):
            return super().call(
                sequences, initial_state=initial_state, mask=mask, training=training
            )
        cell = self.cell
        if training and cell.dropout:
            # One draw for a whole sequence, from the same stream as Keras's.
            kept_features = cell.get_dropout_mask(sequences[:, 0, :])
            cell.reset_dropout_mask()
            sequences = sequences * kept_features[:, None, :]
        if mask is not None:
            mask = tf.cast(keras.tree.flatten(mask)[0], tf.bool)
        weights = [cell.kernel, cell.recurrent_kernel, *([cell.bias] if cell.use_bias else [])]
        return recur(
            self._equations(),
            sequences,
            mask,
            [tf.convert_to_tensor(w) for w in weights],
            go_backwards=self.go_backwards,
            every_step=self.return_sequences,
            zero_padding=self.zero_output_for_mask,
            save=bool(training),
        )


def sigmoid_back(y, dy):
    """Gradient of ``y = sigmoid(a)`` with respect to `a`: ``dy * y * (1 - y)``."""
    return tf.raw_ops.SigmoidGrad(y=y, dy=dy)


def tanh_back(y, dy):
    """Gradient of ``y = tanh(a)`` with respect to `a`: ``dy * (1 - y * y)``."""
    return tf.raw_ops.TanhGrad(y=y, dy=dy)
