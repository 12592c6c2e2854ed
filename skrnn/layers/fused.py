"""Mixin of the fused layers, which chooses between the fused loop and Keras's own."""

from skrnn.backend.tensorflow import keras, tf
from skrnn.layers.engine import recur
from skrnn.layers.equations import Equations

__all__ = ["Equations", "FusedLayer", "sigmoid_back", "tanh_back"]


class FusedLayer:
    """Mixin before a `keras.layers.RNN` subclass: the same layer with a faster loop.

    The subclass defines in `_equations` what a step computes. The Keras layer does
    everything else: weights, configuration, shapes, masks and states, whether they are
    passed in, returned, or kept between batches (`stateful`). Keras's own loop runs
    instead, with the same result, if the layer has other equations (another activation,
    recurrent dropout), with `unroll`, if the precision is not float32, and on a GPU, where
    it uses cuDNN.
    """

    # XLA does not support lists of unknown length, and was not faster on a CPU when tried.
    supports_jit = property(lambda self: False, lambda self, value: None)

    def _equations(self):
        raise NotImplementedError

    def _is_fusible(self, sequences):
        cell = self.cell
        return (
            not self.unroll
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
        initial_state : list of tensors of shape (n_samples, units), optional
            The states before the first step; for an LSTM, `h` and `c`. By default zeros
            or, if the layer is `stateful`, the states after the previous batch.
        mask : boolean tensor of shape (n_samples, n_timesteps), optional
            True at real steps, which may be anywhere in a row.
        training : bool
            Whether to apply `dropout`, and whether to keep what the gradient needs.
            (A gradient outside training is correct too, but runs the loop twice.)

        Returns
        -------
        output : tensor of shape (n_samples, units) or (n_samples, n_timesteps, units)
        *states : tensors of shape (n_samples, units)
            Only with `return_state`: the states after the last real step of each
            sequence, or the initial states if it has no real step.

        Notes
        -----
        The fused loop supports all of this: states that are passed in, returned or kept,
        masks, both directions, and all gradients, including those of the initial states
        and through the returned states.
        """
        keeps_states = self.stateful or self.return_state or initial_state is not None
        if keeps_states or not self._is_fusible(sequences):
            # Keras's `call` handles the states around `inner_loop`.
            return super().call(
                sequences, initial_state=initial_state, mask=mask, training=training
            )
        if training and self.cell.dropout:
            sequences = self._drop_features(sequences)
            self.cell.reset_dropout_mask()
        return self._recur(sequences, mask, training)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Run over the steps, from the given states to those after the last step.

        Called by Keras's `call`, which prepares the states and keeps them if necessary.

        Parameters
        ----------
        sequences : tensor of shape (n_samples, n_timesteps, n_features)
        initial_state : list of tensors of shape (n_samples, units)
        mask : boolean tensor of shape (n_samples, n_timesteps), or None
        training : bool

        Returns
        -------
        last_output, outputs : tensor
            Both are the output of the layer; `call` uses one of them.
        states : list of tensors of shape (n_samples, units)
        """
        if not (self._is_fusible(sequences) and self._takes(initial_state, sequences)):
            return super().inner_loop(sequences, initial_state, mask=mask, training=training)
        n_rows = tf.shape(sequences)[0]
        for state in initial_state:
            tf.debugging.assert_equal(
                tf.shape(state)[0],
                n_rows,
                f"The initial states of layer {self.name!r} must have a row for each sequence.",
            )
        shape = (sequences.shape[0], self.units)
        initial_state = [tf.ensure_shape(state, shape) for state in initial_state]
        if training and self.cell.dropout:
            sequences = self._drop_features(sequences)
        final = self.stateful or self.return_state
        results = self._recur(sequences, mask, training, initial=initial_state, final=final)
        y, *states = results if final else [results]
        return y, y, states

    def _takes(self, initial_state, sequences):
        """Return whether the states have this layer's shapes; Keras handles other shapes."""
        shape = (sequences.shape[0], self.units)
        return len(initial_state) == self._equations().n_states and all(
            state.shape.is_compatible_with(shape) for state in initial_state
        )

    def _drop_features(self, sequences):
        # One draw for a whole sequence, from the same stream as Keras's.
        kept_features = self.cell.get_dropout_mask(sequences[:, 0, :])
        return sequences * kept_features[:, None, :]

    def _recur(self, sequences, mask, training, **states):
        cell = self.cell
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
            **states,
        )


def sigmoid_back(y, dy):
    """Gradient of ``y = sigmoid(a)`` with respect to `a`: ``dy * y * (1 - y)``."""
    return tf.raw_ops.SigmoidGrad(y=y, dy=dy)


def tanh_back(y, dy):
    """Gradient of ``y = tanh(a)`` with respect to `a`: ``dy * (1 - y * y)``."""
    return tf.raw_ops.TanhGrad(y=y, dy=dy)
