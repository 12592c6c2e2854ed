"""The kernels as TensorFlow operations.

The result and the gradient of :func:`recur` are those of :func:`skrnn.layers.loop.recur`. The
functions that are passed to TensorFlow hold no data and are created once for each kind of layer,
because a graph keeps its functions as long as the process runs.
"""

import functools

import numpy as np

from skrnn.backend.tensorflow import tf
from skrnn.exceptions import InvalidInputError
from skrnn.kernels import embedding
from skrnn.kernels import recurrence as kernels
from skrnn.kernels.memory import empty, zeros


def recur(
    equations,
    x,
    mask,
    weights,
    *,
    go_backwards,
    every_step,
    zero_padding,
    save,
    initial=None,
    final=False,
):
    """Run a recurrent cell over sequences; see :func:`skrnn.layers.loop.recur`."""
    layer = kernels.Layer(
        equations.kernel,
        equations.units,
        go_backwards,
        every_step,
        zero_padding,
        mask is not None,
        save,
        initial is not None,
        final,
    )
    function = _compiled(layer, x.shape[2], tuple(tuple(w.shape) for w in weights))
    return function(x, *([] if mask is None else [mask]), *(initial or []), *weights)


# One graph for all layers of a kind, kept until the process ends, as in `skrnn.layers.loop`.
@functools.cache
def _compiled(layer, n_features, weight_shapes):
    layer.compile()  # here, on the caller's thread
    signature = [tf.TensorSpec((None, None, n_features))]
    if layer.masked:
        signature.append(tf.TensorSpec((None, None), tf.bool))
    signature.extend([tf.TensorSpec((None, layer.units))] * layer.n_initial)
    signature.extend(map(tf.TensorSpec, weight_shapes))
    n_given = 1 + layer.masked

    @tf.function(input_signature=signature, autograph=False)
    def recurrence(*inputs):
        mask = inputs[1:n_given]

        @tf.custom_gradient
        def run(x, *variables):
            y, tape, *final = tf.numpy_function(
                _forward_of(layer),
                [x, *mask, *variables],
                [tf.float32] * (2 + layer.n_final),
                stateful=False,
            )
            y.set_shape([x.shape[0]] + layer.every_step * [x.shape[1]] + [layer.units])
            for state in final:
                state.set_shape([x.shape[0], layer.units])

            def gradient(dy, *dfinal):
                gradients = tf.numpy_function(
                    _backward_of(layer),
                    [dy, *dfinal, tape, x, *mask, *variables],
                    [tf.float32] * (1 + len(variables)),
                    stateful=False,
                )
                for dvalue, value in zip(gradients, (x, *variables), strict=True):
                    dvalue.set_shape(value.shape)
                return gradients

            return (y, *final) if final else y, gradient

        return run(inputs[0], *inputs[n_given:])

    return recurrence


@functools.cache
def _forward_of(layer):
    def forward(x, *rest):
        mask, initial, weights = _parts(layer, x, rest)
        plan, n_lines = kernels.deal(layer, mask)
        return kernels.forward(layer, x, mask, weights, plan, n_lines, layer.save, initial)

    return forward


@functools.cache
def _backward_of(layer):
    def backward(dy, *rest):
        dfinal, (tape, x, *rest) = rest[: layer.n_final], rest[layer.n_final :]
        mask, initial, weights = _parts(layer, x, rest)
        plan, n_lines = kernels.deal(layer, mask)
        if not layer.save:
            _, tape, *_ = kernels.forward(layer, x, mask, weights, plan, n_lines, True, initial)
        return kernels.backward(layer, dy, tape, x, mask, weights, plan, dfinal)

    return backward


def _parts(layer, x, rest):
    """Return the mask, the initial states and the weights of what follows `x`."""
    mask = rest[0] if layer.masked else np.ones(x.shape[:2], bool)
    rest = rest[layer.masked :]
    return mask, rest[: layer.n_initial], rest[layer.n_initial :]


def look_up(table, ids):
    """Return the rows of a table.

    Parameters
    ----------
    table : tf.Tensor of shape (n_ids, n_features), float32
    ids : tf.Tensor of int32, any shape
        Each below n_ids.

    Returns
    -------
    tf.Tensor of shape (*ids.shape, n_features)
        Its gradient with respect to `table` is a tensor, not `tf.IndexedSlices`.
    """
    n_features = table.shape[1]
    rows = _compiled_look_up(n_features)(table, tf.reshape(ids, [-1]))
    rows = tf.reshape(rows, tf.concat([tf.shape(ids), [n_features]], 0))
    rows.set_shape([*ids.shape, n_features])
    return rows


# TensorFlow keeps gradient functions, and the graphs around them, until the process ends. So this
# graph is small, and created once for tables of a width; it is not that of a whole network.
@functools.cache
def _compiled_look_up(n_features):
    embedding.add_rows.compile()
    sum_by_id = _sum_by_id(n_features)
    signature = [tf.TensorSpec((None, n_features)), tf.TensorSpec((None,), tf.int32)]

    @tf.function(input_signature=signature, autograph=False)
    def gather(table, ids):
        @tf.custom_gradient
        def run(table):
            def gradient(dy):
                n_ids = tf.shape(table)[0]
                dtable = tf.numpy_function(sum_by_id, [n_ids, ids, dy], tf.float32, stateful=False)
                dtable.set_shape(table.shape)
                return dtable

            return tf.gather(table, ids), gradient

        return run(table)

    return gather


def _sum_by_id(n_features):
    def sum_by_id(n_ids, ids, rows):
        table = zeros(n_ids, n_features)
        embedding.add_rows(ids, rows, table)
        return table

    return sum_by_id


def sum_up(table, ids):
    """Return sums of rows of a table.

    Parameters
    ----------
    table : tf.Tensor of shape (n_ids, n_features), float32
    ids : tf.Tensor of shape (..., width), int32
        The rows to sum, each below n_ids; 0 is none.

    Returns
    -------
    tf.Tensor of shape (..., n_features)
        Its gradient with respect to `table` is a tensor, not `tf.IndexedSlices`.
    """
    n_features, width = table.shape[1], ids.shape[-1]
    sums = _compiled_sum_up(n_features, width)(table, tf.reshape(ids, [-1, width]))
    sums = tf.reshape(sums, tf.concat([tf.shape(ids)[:-1], [n_features]], 0))
    sums.set_shape([*ids.shape[:-1], n_features])
    return sums


@functools.cache
def _compiled_sum_up(n_features, width):
    embedding.sum_rows.compile()
    embedding.add_to_rows.compile()
    signature = [tf.TensorSpec((None, n_features)), tf.TensorSpec((None, width), tf.int32)]

    @tf.function(input_signature=signature, autograph=False)
    def add(table, ids):
        @tf.custom_gradient
        def run(table):
            def gradient(dy):
                n_ids = tf.shape(table)[0]
                dtable = tf.numpy_function(
                    _add_to_rows, [n_ids, ids, dy], tf.float32, stateful=False
                )
                dtable.set_shape(table.shape)
                return dtable

            sums = tf.numpy_function(_sum_rows, [ids, table], tf.float32, stateful=False)
            sums.set_shape([ids.shape[0], n_features])
            return sums, gradient

        return run(table)

    return add


def _sum_rows(ids, table):
    if ids.size and not 0 <= ids.min() <= ids.max() < len(table):
        raise InvalidInputError(
            f"Ids from {ids.min()} to {ids.max()} are not all in the table of {len(table)} ids."
        )
    sums = empty(len(ids), table.shape[1])
    embedding.sum_rows(ids, table, sums)
    return sums


def _add_to_rows(n_ids, ids, rows):
    table = zeros(n_ids, rows.shape[1])
    embedding.add_to_rows(ids, rows, table)
    return table
