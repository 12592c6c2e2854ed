"""Traced Keras programs that predict, shared by all networks of one description.

In Keras a trace belongs to one model object. Here predictions run through one function of each
description, which takes the values as arguments, so that several threads may predict at once.
The kernels of :mod:`skrnn.network.forward` predict without it; this is for GPUs.
"""

import functools
import threading

import numpy as np

from skrnn.backend.defaults import keras_defaults
from skrnn.backend.scope import outside_scope
from skrnn.backend.tensorflow import check_tensorflow, forget_kernels, keras, tf
from skrnn.network.build import build
from skrnn.network.description import LOGITS
from skrnn.network.side_inputs import check_ids
from skrnn.sequences.batching import BatchPlan

PREDICT_BATCH_SIZE = 256


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


# TensorFlow (2.21) and Keras are not prepared for two threads that trace at once: now and then one
# of them got a TypeError out of the tracing. Can go when they are.
tracing = threading.RLock()


def precision():
    """Return Keras's settings of which a network keeps those that it was made under."""
    return keras.config.dtype_policy().name, keras.config.floatx()


_made: set = set()


# Programs kept, least recently used dropped first. Each holds the variables of a network: 3 MB at
# 10,000 words and 64 dimensions.
MAX_PROGRAMS = 64


@functools.lru_cache(maxsize=MAX_PROGRAMS)
def _raw_program(description):
    forget_kernels()  # of programs that have been dropped
    network = build(description, random_state=0)
    scorer = keras.Model(network.input, network.get_layer(LOGITS).output)
    variables = network_variables(network)
    place = {id(variable): i for i, variable in enumerate(variables)}
    learned = [place[id(variable)] for variable in scorer.trainable_variables]
    # Frozen embeddings, and the states of the dropouts' generators.
    others = [place[id(variable)] for variable in scorer.non_trainable_variables]
    signature = (
        [tf.TensorSpec(v.shape, v.dtype) for v in variables],
        [tf.TensorSpec(x.shape, x.dtype) for x in network.inputs],
    )

    @tf.function(input_signature=signature, autograph=False, jit_compile=False)
    def program(values, inputs):
        x = inputs if len(inputs) > 1 else inputs[0]
        raw, _ = scorer.stateless_call(
            [values[i] for i in learned], [values[i] for i in others], x, training=False
        )
        return tf.cast(raw, tf.float32)

    # The one trace there is. Called through it, TensorFlow does not count the first calls of
    # several programs as retracing of one.
    return program.get_concrete_function()


def predict(network, sequences):
    """Return the raw output of a network for sequences, by TensorFlow.

    Parameters
    ----------
    network : skrnn.network.fitted.FittedNetwork
    sequences : Sequences

    Returns
    -------
    ndarray of shape (n_samples, n_outputs), float32
        In the order of the rows; of a head that reads the steps, (n_steps, n_outputs), in the
        order of `sequences.values`.
    """
    check_tensorflow()
    description = network.description
    if description in _made:
        program = _raw_program(description)
    else:  # predictions wait for another thread's tracing only the first time
        with tracing, keras_defaults():
            program = outside_scope(lambda: _raw_program(description))
        if len(_made) >= MAX_PROGRAMS:  # some of them may have been dropped
            _made.clear()
        _made.add(description)
    values = [tf.convert_to_tensor(value) for value in network.values]
    head = network.description.head_
    check_ids(description.side_inputs, sequences)
    is_of_steps = head.reads == "steps"
    n_answers = len(sequences.values) if is_of_steps else len(sequences)
    raw = np.empty((n_answers, head.n_outputs), np.float32)
    for rows in BatchPlan(sequences.lengths, PREDICT_BATCH_SIZE).batches():
        inputs = [tf.constant(x) for x in sequences.inputs(rows)]
        found = program(values, inputs).numpy()
        if is_of_steps:
            places = sequences.steps(rows)
            rows, found = places[places >= 0], found[places >= 0]
        raw[rows] = found
    return raw
