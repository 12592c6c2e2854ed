"""Keras's optimizers, with the summed gradient of an embedding.

A token that occurs a hundred times in a batch has a hundred gradients. TensorFlow passes them
separately (`tf.IndexedSlices`). For Adam's second moment, and for a norm to clip by, Keras (3.15)
squares each of them instead of their sum, which differs from the published update and from its own
with tensors as gradients. So they are summed first. This is also twice as fast, because Keras sums
them repeatedly.
"""

import functools
from typing import Any

from skrnn.backend.tensorflow import keras, tf
from skrnn.exceptions import InvalidInputError

# What these are mixed into, for type checkers only.
_Optimizer: Any = object


class _DenseGradients(_Optimizer):
    """Mixin before a `keras.optimizers.Optimizer`."""

    def apply(self, grads, trainable_variables=None):
        """Update the variables, `grads` being tensors or `tf.IndexedSlices`."""
        dense = [tf.convert_to_tensor(g) if isinstance(g, tf.IndexedSlices) else g for g in grads]
        return super().apply(dense, trainable_variables)

    def _all_reduce_sum_gradients(self, grads_and_vars):
        # Without a strategy, there is nothing to sum. TensorFlow would register a gradient of that
        # sum and keep it, and the graph of the whole training step, until the process ends: some
        # MB for each trace. Remove this when Keras omits the sum without a strategy.
        if tf.distribute.has_strategy():
            return super()._all_reduce_sum_gradients(grads_and_vars)
        return list(grads_and_vars)


class _OneKernel(_DenseGradients):
    """Mixin before Adam: its update as a single TensorFlow operation.

    The formula is the same, and it takes less than half the time.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable and its moments."""
        value = variable.value if isinstance(variable, keras.Variable) else variable
        if self.amsgrad or value.dtype != tf.float32 or tf.distribute.has_strategy():
            return super().update_step(gradient, variable, learning_rate)
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=value.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )
        return None


@functools.cache
def _on_dense_gradients(cls):
    is_adam = cls in (keras.optimizers.Adam, keras.optimizers.AdamW)
    mixin = _OneKernel if is_adam else _DenseGradients
    # With the name of Keras's class, so that a model saved by a callback loads with plain Keras.
    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    return type(cls.__name__, (mixin, cls), names)


def on_dense_gradients(optimizer):
    """Make an optimizer sum the gradients of each row of an embedding before it uses them.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Changed in place.

    Returns
    -------
    optimizer : keras.optimizers.Optimizer
        The same object.
    """
    cls: Any = type(optimizer)
    optimizer.__class__ = _on_dense_gradients(cls)
    return optimizer


def clip_apart(optimizer, n_networks):
    """Make an optimizer clip the gradients of several networks as it would clip each alone.

    Otherwise, a norm over all gradients would let the steps of one network depend on the others.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Changed in place. It gets the gradients of the first network, then those of the next, and
        so on, as many of each.
    n_networks : int
    """
    if n_networks == 1:
        return
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    clip = optimizer._clip_gradients

    def clip_each(grads):
        n = len(grads) // n_networks
        return [one for i in range(n_networks) for one in clip(grads[i * n : (i + 1) * n])]

    optimizer._clip_gradients = clip_each


def averages_of(optimizer):
    """Return the variables with the averages of the weights, of an optimizer with `use_ema`.

    At the end of a fit, Keras assigns them to the weights.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer

    Returns
    -------
    list of keras.Variable
        One for each trainable variable; empty without `use_ema`.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if not getattr(optimizer, "use_ema", False):
        return []
    return list(optimizer._model_variables_moving_average)


def check_optimizer(name):
    """Raise ValueError if Keras has no optimizer of this name."""
    try:
        keras.optimizers.get(name)
    except ValueError:
        raise InvalidInputError(
            f"The 'optimizer' parameter is not the name of a Keras optimizer: {name!r}. Use "
            "'adam', 'adamw', 'rmsprop', 'sgd' or another of keras.optimizers, or pass an "
            "optimizer object."
        ) from None
