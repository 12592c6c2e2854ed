"""Traced Keras programs, shared by all estimators of one architecture.

Tracing a training step costs a second, the same again for every fold and candidate of a
search; in Keras a trace belongs to one model object. So the traces are kept here by
architecture: a trainer is lent to one fit at a time, which loads its own weights into it, and
predictions run through one function that takes the weights as arguments. The latter is also
why several threads may predict at once.
"""

import functools
import json
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from skrnn.backend.scope import outside_scope
from skrnn.backend.tensorflow import check_not_forked, keras, tf
from skrnn.layers.evidence import AddScores
from skrnn.network.build import DENSE, LOGITS, build_network

# Idle trainers kept, least recently used dropped first. Each holds its weights three times
# (Adam's moments), about 10 MB at 10,000 words and 64 dimensions.
MAX_IDLE_TRAINERS = 4


def network_variables(network):
    """Return all variables of a network: weights, and the states of its dropouts' generators.

    Unlike ``network.variables`` without the metrics, which come with compilation.
    """
    return [variable for layer in network.layers for variable in layer.variables]


def read_values(variables):
    """Return the values of Keras variables as a list of arrays."""
    return [variable.numpy() for variable in variables]


def write_values(variables, values):
    """Assign values (arrays or other variables), one to each variable."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


_thread = threading.local()


def _is_worth_telling(record):
    is_advice = "triggered tf.function retracing" in str(record.msg)
    return not (is_advice and getattr(_thread, "is_training", False))


logging.getLogger("tensorflow").addFilter(_is_worth_telling)


# TensorFlow (2.21) and Keras are not prepared for two threads that trace at once: now and then one
# of them got a TypeError out of the tracing. Can go when they are.
tracing = threading.RLock()


def _quiet(step):
    """Wrap a step of Keras so that TensorFlow does not advise against retracing it.

    TensorFlow counts by line of source code, and takes five networks, each with a first step of
    its own, for one that is traced again and again. Can go once it tells them apart.
    """
    is_traced = False

    def quiet_step(iterator):
        nonlocal is_traced
        _thread.is_training = True
        try:
            if is_traced:
                return step(iterator)
            with tracing:
                done = step(iterator)
            is_traced = True
            return done
        finally:
            _thread.is_training = False

    return quiet_step


@dataclass
class Trainer:
    """A compiled network whose training step may be traced already."""

    key: tuple | None
    network: keras.Model
    initial_optimizer: list = field(init=False)

    def __post_init__(self):
        """Make what Keras makes in the first steps."""
        _build_metrics(self.network)
        self.network.make_train_function()
        self.network.make_test_function()
        self.network.train_function = _quiet(self.network.train_function)
        self.network.test_function = _quiet(self.network.test_function)
        self.network.optimizer.build(self.network.trainable_variables)
        self.initial_optimizer = read_values(self.network.optimizer.variables)

    def load(self, network, optimizer_state=None):
        """Take the weights of `network`, and the optimizer's state or a new one."""
        write_values(network_variables(self.network), network_variables(network))
        write_values(self.network.optimizer.variables, optimizer_state or self.initial_optimizer)


def _build_metrics(network):
    """Make the metrics' variables, which Keras makes in the first training step.

    A training that is resumed within an epoch puts its sums into them before.
    """
    answer = np.zeros((1, network.output_shape[-1]), np.float32)
    sparse = network.loss == "sparse_categorical_crossentropy"
    network.compute_metrics(None, np.zeros(1, np.int32) if sparse else answer, answer)
    network.reset_metrics()


def precision():
    """Return Keras's settings of which a network keeps those that it was made under."""
    return keras.config.dtype_policy().name, keras.config.floatx()


_lock = threading.Lock()
_idle: OrderedDict = OrderedDict()


def borrow_trainer(key, make_network):
    """Return an idle trainer for `key`, or a new one around ``make_network()``.

    A key of None is never shared: user callbacks and optimizer objects may keep or change what
    they were given.
    """
    check_not_forked()
    if key is not None:
        key = (key, precision())
    with _lock:
        idle = _idle.get(key)
        if idle:
            trainer = idle.pop()
            if not idle:
                del _idle[key]
            return trainer
    return Trainer(key, make_network())


def give_back(trainer):
    """Return a trainer after a fit that went well."""
    if trainer.key is None:
        return
    with _lock:
        _idle.setdefault(trainer.key, []).append(trainer)
        _idle.move_to_end(trainer.key)
        while sum(map(len, _idle.values())) > MAX_IDLE_TRAINERS:
            oldest = next(iter(_idle))
            _idle[oldest].pop()
            if not _idle[oldest]:
                del _idle[oldest]


_made: set[tuple] = set()


@functools.lru_cache(maxsize=16)
def _logits_program(architecture, precision):
    network = build_network(**json.loads(architecture), random_state=0)
    dense, *_ = _last_layers(network)
    pooled = keras.Model(network.input, dense.input)
    variables = network_variables(network)
    place = {id(variable): i for i, variable in enumerate(variables)}
    learned = [place[id(variable)] for variable in pooled.trainable_variables]
    # Frozen embeddings, and the states of the dropouts' generators.
    others = [place[id(variable)] for variable in pooled.non_trainable_variables]
    last = [place[id(variable)] for layer in _last_layers(network) for variable in layer.weights]
    signature = (
        [tf.TensorSpec(v.shape, v.dtype) for v in variables],
        [tf.TensorSpec(x.shape, x.dtype) for x in network.inputs],
    )

    @tf.function(input_signature=signature, autograph=False, jit_compile=False)
    def program(values, inputs):
        x = inputs if len(inputs) > 1 else inputs[0]
        states, _ = pooled.stateless_call(
            [values[i] for i in learned], [values[i] for i in others], x, training=False
        )
        return tf.cast(states, tf.float32), [tf.cast(values[i], tf.float32) for i in last]

    # The one trace there is. Called through it, TensorFlow does not count the first calls of
    # several programs as retracing of one.
    return program.get_concrete_function()


def _last_layers(network):
    """Return the dense layer and, if there is one, the layer that adds the scores of n-grams."""
    last = network.get_layer(LOGITS)
    if isinstance(last, AddScores):
        return network.get_layer(DENSE), last
    return (last,)


def _dense(states, kernel, bias):
    """Return ``states @ kernel + bias``, each row summed in the same order.

    A matrix product sums the rows of a block in one order and those left over in another, by
    processor: a row's answer would depend, in its last bit, on where it stands.
    """
    logits = np.zeros((len(states), len(bias)), np.float32)
    for unit, weights in enumerate(kernel):
        logits += states[:, unit, np.newaxis] * weights
    return logits + bias


def as_tensors(values):
    """Return a network's values, variables or arrays, as a prediction takes them."""
    return [tf.convert_to_tensor(getattr(value, "value", value)) for value in values]


def predict_logits(architecture, values, inputs):
    """Return the network's output before its activation.

    Parameters
    ----------
    architecture : str
        The arguments of `build_network` as JSON.
    values : list of tf.Tensor
        Those of `network_variables`, in their order, see `as_tensors`.
    inputs : list of ndarray
        One batch, see `skrnn.sequences.Sequences.inputs`.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs), float32
    """
    check_not_forked()
    key = (architecture, precision())
    if key in _made:
        program = _logits_program(*key)
    else:  # predictions wait for another thread's tracing only the first time
        with tracing:
            program = outside_scope(lambda: _logits_program(*key))
        _made.add(key)
    states, (kernel, bias, *weight) = program(values, [tf.constant(x) for x in inputs])
    logits = _dense(states.numpy(), kernel.numpy(), bias.numpy())
    return logits + weight[0].numpy() * inputs[1] if weight else logits
