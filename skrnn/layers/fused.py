"""When a layer may take the fused loop, and when Keras's own runs."""

from skrnn.backend.tensorflow import keras, tf
from skrnn.layers.engine import recur
from skrnn.layers.equations import Equations

__all__ = ["Equations", "FusedLayer", "sigmoid_back", "tanh_back"]


class FusedLayer:
    """Mixin before a `keras.layers.RNN` subclass: the same layer on a faster loop.

    The subclass says in `_equations` what a step computes. Everything else, weights,
    configuration, shapes and masks, is the Keras layer's, and so is the care of states,
    whether they are passed in, returned, or kept from batch to batch (`stateful`).
    Keras's own loop runs instead, with the same result, wherever the equations would
    not be the layer's (another activation, recurrent dropout), under `unroll`, in
    another precision than float32, and where there is a GPU, for cuDNN's sake.
    """

    # XLA knows no lists of unknown length; it was no faster on a CPU when tried.
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
            The states before the first step, of an LSTM `h` and `c`. By default zeros
            or, if the layer is `stateful`, the states after the batch before.
        mask : boolean tensor of shape (n_samples, n_timesteps), optional
            True at real steps, wherever they are.
        training : bool
            Whether to apply `dropout`, and whether to keep what the gradient needs.
            (A gradient outside training is right too, but runs the loop twice.)

        Returns
        -------
        output : tensor of shape (n_samples, units) or (n_samples, n_timesteps, units)
        *states : tensors of shape (n_samples, units)
            With `return_state` only: the states after the last real step of each
            sequence, or the initial ones if it has none.

        Notes
        -----
        All of this runs in the fused loop: states passed in, returned or kept, masks,
        both directions, and the gradients of it all, also that of the initial states
        and that through the returned ones.
        """
        keeps_states = self.stateful or self.return_state or initial_state is not None
        if keeps_states or not self._is_fusible(sequences):
            # Keras's, which takes care of the states around `inner_loop`.
            return super().call(
                sequences, initial_state=initial_state, mask=mask, training=training
            )
        if training and self.cell.dropout:
            sequences = self._drop_features(sequences)
            self.cell.reset_dropout_mask()
        return self._recur(sequences, mask, training)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Run over the steps, between given states and those after the last step.

        Keras's `call` uses it, which prepares the states and keeps those it has to.

        Parameters
        ----------
        sequences : tensor of shape (n_samples, n_timesteps, n_features)
        initial_state : list of tensors of shape (n_samples, units)
        mask : boolean tensor of shape (n_samples, n_timesteps), or None
        training : bool

        Returns
        -------
        last_output, outputs : tensor
            Both what the layer returns, of which `call` takes one.
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
        """Return whether the states have this layer's shapes; others are Keras's to judge."""
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
