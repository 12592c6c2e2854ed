"""Training one network on several devices, in the scope of a strategy of `tf.distribute`.

Each device, a *replica*, has a copy of the weights and a share of the rows of each batch. The
result is that of one device with the same batches, except for the order in which float32 numbers
are added. Keras's own training with a strategy differs in four places:

- It averages the loss over each replica's rows, then over the replicas, so rows in a smaller share
  have a larger weight. Here, the loss accounts for the size of the share.
- It clips the gradient of each replica by its norm, before they are summed. Here, they are summed
  first.
- Dropout draws the same noise in each replica, so rows of one batch share it. Here, each replica
  draws the noise of the whole batch and uses that of its rows.
- It reads batches ahead, in its own threads. Here, batches are read as without a strategy, which
  checkpoints and chunks need (:mod:`skrnn.training.feeds`), and split afterwards.

Because of the last point, Keras's loop over epochs and batches, and all callbacks, run unchanged.
Only the network's `train_function` and `test_function` are different.

Only the network that is trained is created in the scope. The estimator's own network is created
outside of it, so predicting, saving and pickling do not depend on the strategy.
"""

import functools
import threading
from contextlib import contextmanager
from typing import Any

from skrnn.backend.scope import is_in_scope, outside_scope
from skrnn.backend.tensorflow import keras, tf
from skrnn.exceptions import InvalidInputError
from skrnn.layers.dropout import WordDropout
from skrnn.network.build import bind
from skrnn.sequences.special_tokens import FIRST_WORD, PADDING, UNKNOWN

_SUPPORTED = (tf.distribute.MirroredStrategy, tf.distribute.OneDeviceStrategy)


def check_strategy(estimator, *, pretrains, has_extra_losses=False):
    """Raise ValueError if a strategy is in scope with which training would not be exact.

    Parameters
    ----------
    estimator : RNNClassifier or its sibling
        The estimator to train.
    pretrains : bool
        Whether `pretraining_epochs` have an effect in this training.
    has_extra_losses : bool, default=False
        Whether `extra_losses` add something to the loss.

    Raises
    ------
    ValueError
        The message names the way out.
    """
    if not is_in_scope():
        return
    strategy, optimizer = tf.distribute.get_strategy(), estimator.optimizer
    name, scope = type(estimator).__name__, f"the scope of a {type(strategy).__name__}"
    outside = f"fit outside of the scope of {type(strategy).__name__}"
    if not isinstance(strategy, _SUPPORTED):
        raise InvalidInputError(
            f"{name} trains in the scope of a tf.distribute.MirroredStrategy (or "
            f"OneDeviceStrategy), but this is {scope}. Use one of these, or {outside}."
        )
    # Both are computed for the batches of one device.
    for setting, is_on, off in (
        ("extra_losses", has_extra_losses, None),
        ("pretraining_epochs", pretrains and estimator.pretraining_epochs, 0),
    ):
        if is_on:
            raise InvalidInputError(
                f"{setting}={getattr(estimator, setting)!r} of {name} is not supported in {scope}. "
                f"Set it to {off}, or {outside}."
            )
    for setting in ("gradient_accumulation_steps", "use_ema"):
        if getattr(optimizer, setting, None):
            raise InvalidInputError(
                f"The optimizer's {setting}={getattr(optimizer, setting)!r} is not supported in "
                f"{scope}. Leave it out, or {outside}."
            )
    scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if scales or keras.config.dtype_policy().name == "mixed_float16":
        raise InvalidInputError(
            f"Loss scaling (mixed_float16, LossScaleOptimizer) is not supported in {scope}. Train "
            f"{name} in float32, or {outside}."
        )


def whole_batches(dataset):
    """Make Keras use the batches of a `tf.data.Dataset` unchanged, also with a strategy.

    The dataset is changed in place and returned. Keras splits and prefetches a dataset, unless its
    class shows that it is already split.
    """
    if is_in_scope():
        cls: Any = type(dataset)
        dataset.__class__ = _split_already(cls)
    return dataset


@functools.cache
def _split_already(cls):
    return type(cls.__name__, (cls, tf.distribute.DistributedDataset), {})


def make_replicated(make_network, make_compile_kwargs):
    """Return a compiled network that trains on all devices of the strategy in scope.

    Parameters
    ----------
    make_network : callable
        Returns a network of :func:`skrnn.network.build_network`, not compiled.
    make_compile_kwargs : callable
        Returns the arguments of ``compile``, made anew, the optimizer an object.

    Returns
    -------
    network : keras.Model
        To be fitted on :func:`whole_batches`.
    """
    network = make_network()
    kwargs = {k: v for k, v in make_compile_kwargs().items() if v is not None}
    # Sums of a batch are added to the metrics once, not by each replica: they stay outside.
    kwargs["metrics"] = outside_scope(lambda: make_compile_kwargs()["metrics"])
    bind(network, kwargs)
    outside_scope(lambda: network.compile(**kwargs))
    # Gradients come summed, and Keras (3.15) would sum them once more behind its clipping. Can go
    # once it clips the sum.
    network.optimizer._all_reduce_sum_gradients = list
    for layer in network.layers:
        _draw_for_whole_batches(layer)
    steps = _Steps(network)
    network.train_function = steps.make(training=True)
    network.test_function = steps.make(training=False)
    return network


class _Steps:
    """Steps of a network on whole batches, whose rows are split among the replicas."""

    def __init__(self, network):
        self.network, self.strategy = network, tf.distribute.get_strategy()
        self.n_replicas = self.strategy.num_replicas_in_sync
        # Of all variables, the states of the dropouts' generators are no weights.
        weights = {id(weight) for weight in network.weights}
        every = [variable for layer in network.layers for variable in layer.variables]
        self.generators = [variable for variable in every if id(variable) not in weights]

    def make(self, training):
        """Return what Keras calls for each batch, with its iterator, and which returns logs."""

        @tf.function(autograph=False, jit_compile=False)
        def step(iterator):
            return self._run(iterator.get_next(), training)

        return step

    def _run(self, batch, training):
        batch = self._whole(batch)
        n = tf.shape(batch[1])[0]
        n_losses = self._n_losses(batch[2])
        dealt = [_deal(n, replica, self.n_replicas) for replica in range(self.n_replicas)]
        # Cut here, so that each device gets its own rows only.
        shares = [
            (_take(batch, rows, is_real), rows, tf.reduce_sum(tf.gather(n_losses, rows)))
            for rows, is_real in dealt
        ]
        shares = self.strategy.experimental_distribute_values_from_function(
            lambda context: shares[context.replica_id_in_sync_group]
        )
        on_replica = self._train if training else self._test
        loss, y, y_pred, weights, states = self.strategy.run(
            on_replica, args=(*shares, n, tf.reduce_sum(n_losses))
        )
        for variable, state in zip(self.generators if training else [], states, strict=True):
            state = self._of_all(state)[0]  # the same everywhere
            if state is not None:  # random numbers were drawn from it
                variable.assign(state)
        logs = self._tell(tf.add_n(self._of_all(loss)), n)
        # Keras does not weigh its metrics: rows that stand in for none, which come last, must go.
        y, y_pred, weights = (tf.concat(self._of_all(a), axis=0)[:n] for a in (y, y_pred, weights))
        if len(self.network.output.shape) == 3:  # the mask of each part, which joining them lost
            y_pred._keras_mask = weights != 0
        return logs | self.network.compute_metrics(None, y, y_pred, weights)

    def _n_losses(self, weights):
        """Return over how many losses of each row Keras takes the mean: its steps, or one."""
        if len(self.network.output.shape) == 3:  # padding has no weight
            return tf.math.count_nonzero(weights, axis=1)
        return tf.ones(tf.shape(weights)[:1], tf.int64)

    def _whole(self, batch):
        """Return inputs, y and weights; data that a callback evaluates Keras has split already."""
        join = functools.partial(tf.concat, axis=0)
        x, y, weights = keras.utils.unpack_x_y_sample_weight(
            tf.nest.map_structure(lambda part: join(self._of_all(part)), batch)
        )
        if weights is None:
            n, each = tf.shape(y)[0], [1] * (y.shape.rank - 1)  # also if outputs have weights
            weights = tf.ones([n, *each])
        return x, y, weights

    def _of_all(self, value):
        return self.strategy.experimental_local_results(value)

    def _sum_each(self, strategy, *values):
        # Not by `all_reduce` or `strategy.reduce`: TensorFlow (2.21) numbers its collective
        # operations anew for each strategy object, and two objects of one process that sum arrays
        # of unlike shapes end in an error, after which nothing is summed until it is restarted.
        return [tf.add_n(self._of_all(value)) for value in values]

    def _tell(self, loss, n):
        """Add the loss of a batch to the mean over the epoch."""
        (tracker,) = [metric for metric in self.network.metrics if metric.name == "loss"]
        tracker.update_state(loss, sample_weight=n)
        return {"loss": tracker.result()}

    def _train(self, share, rows, n_own, n, n_whole):
        network = self.network
        x, y, weights = share
        with tf.GradientTape() as tape:
            # A replica must not write to a variable by itself: what the generators have come to
            # is returned, and written once.
            with _part_of_batch(rows, n), keras.StatelessScope() as scope:
                y_pred = network(x, training=True)
            loss = self._part_of_loss(share, y_pred, n_own, n_whole, training=True)
            scaled = network.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, network.trainable_weights)
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        replica = tf.distribute.get_replica_context()
        gradients = replica.merge_call(self._sum_each, args=gradients)
        network.optimizer.apply(gradients, network.trainable_weights)
        states = [scope.get_current_value(variable) for variable in self.generators]
        return loss, y, y_pred, weights, states

    def _test(self, share, rows, n_own, n, n_whole):
        x, y, weights = share
        y_pred = self.network(x, training=False)
        loss = self._part_of_loss(share, y_pred, n_own, n_whole, training=False)
        return loss, y, y_pred, weights, []

    def _part_of_loss(self, share, y_pred, n_own, n_whole, *, training):
        """Return what the share adds to the mean loss of the whole batch, by their losses."""
        x, y, weights = share
        # The mean over the share, which Keras has divided by the number of replicas.
        loss = self.network.compute_loss(x, y, y_pred, weights, training=training)
        n_own = tf.cast(n_own, loss.dtype)
        return loss * n_own * self.n_replicas / tf.cast(n_whole, loss.dtype)


def _deal(n, replica, n_replicas):
    """Return the rows of a batch of `n` that a replica gets, and which of them count.

    Rows are sorted by length, so they are assigned in turn. If there are fewer rows than replicas,
    the replicas without a row get the last one, which does not count for them.
    """
    rows = tf.range(replica, tf.maximum(n, replica + 1), n_replicas)
    return tf.minimum(rows, n - 1), rows < n


def _take(batch, rows, is_real):
    x, y, weights = tf.nest.map_structure(lambda array: tf.gather(array, rows), batch)
    is_real = tf.reshape(is_real, [-1] + [1] * (weights.shape.rank - 1))
    return x, y, weights * tf.cast(is_real, weights.dtype)


# --- Noise ------------------------------------------------------------------------------

# What a replica is computing, each in a thread of its own.
_current = threading.local()


@contextmanager
def _part_of_batch(rows, n):
    """Say that what is computed are these rows of a batch of `n`."""
    _current.part = rows, n
    try:
        yield
    finally:
        _current.part = None


def _part():
    """Return the rows and `n`, or None if no replica is training."""
    return getattr(_current, "part", None)


def _draw_for_whole_batches(layer: Any):
    """Make a layer, and those inside it, draw random numbers as for the whole batch.

    Each runs its own code on a dummy batch, of which the replica's rows are used. The classes are
    not changed, so that a callback may save the network.
    """
    for inner in layer.layers if isinstance(layer, keras.Model) else ():
        _draw_for_whole_batches(inner)
    for name in ("forward_layer", "backward_layer", "cell", "vector_dropout"):
        if hasattr(layer, name):
            _draw_for_whole_batches(getattr(layer, name))
    if isinstance(layer, WordDropout):
        layer.call = _on_ids(layer.call)  # type: ignore[method-assign]
    elif isinstance(layer, keras.layers.SpatialDropout1D):
        layer.call = _on_numbers(layer.call, lambda shape: (1, shape[2]))
    elif isinstance(layer, keras.layers.Dropout):
        layer.call = _on_numbers(layer.call, lambda shape: shape[1:])
    elif hasattr(layer, "_create_dropout_mask"):
        layer._create_dropout_mask = _on_step(layer._create_dropout_mask)


def _on_ids(call):
    def call_on_part(inputs, training=False):
        if not training or _part() is None:
            return call(inputs, training=training)
        rows, n = _part()
        dropped = call(tf.fill([n, tf.shape(inputs)[1]], FIRST_WORD), training=True) == UNKNOWN
        return tf.where(tf.gather(dropped, rows) & (inputs != PADDING), UNKNOWN, inputs)

    return call_on_part


def _on_numbers(call, shape_of_noise):
    def call_on_part(inputs, training=False):
        if not training or _part() is None:
            return call(inputs, training=training)
        rows, n = _part()
        ones = tf.ones(tf.concat([[n], shape_of_noise(tf.shape(inputs))], axis=0), inputs.dtype)
        return inputs * tf.gather(call(ones, training=True), rows)

    return call_on_part


def _on_step(create_mask):
    def create_mask_of_part(step_input, rate):
        if _part() is None:
            return create_mask(step_input, rate)
        rows, n = _part()
        masks = create_mask(tf.ones([n, tf.shape(step_input)[1]], step_input.dtype), rate)
        return tf.nest.map_structure(lambda mask: tf.gather(mask, rows), masks)

    return create_mask_of_part
