"""The kernels as TensorFlow operations.

What :func:`recur` returns, and its gradient, are those of :func:`skrnn.layers.loop.recur`. The
functions handed to TensorFlow hold no data and are made once for each kind of layer, because a
graph keeps its functions as long as the process runs.
"""

import functools
import importlib
from typing import NamedTuple

import numpy as np

from skrnn.backend.tensorflow import tf
from skrnn.kernels import shards
from skrnn.kernels.lanes import VL
from skrnn.kernels.memory import borrow, empty, zeros
from skrnn.kernels.packing import Form, count_real_steps, pack


class Shard(NamedTuple):
    """Some rows of a batch, packed; `lines` is their part of the tape."""

    rows: np.ndarray
    n_active: np.ndarray
    place: np.ndarray
    lines: slice


class Layer(NamedTuple):
    """What the kernels do: all that is known of a layer when its graph is made."""

    cell: str
    units: int
    go_backwards: bool
    every_step: bool
    zero_padding: bool
    masked: bool
    save: bool

    @property
    def kernels(self):
        """The module with the cell's kernels; importing it compiles them."""
        return importlib.import_module(f"skrnn.kernels.{self.cell}")

    @property
    def width(self):
        """Units, filled up to whole vectors."""
        return -(-self.units // VL) * VL


def recur(equations, x, mask, weights, *, go_backwards, every_step, zero_padding, save):
    """Run a recurrent cell over sequences; see :func:`skrnn.layers.loop.recur`."""
    layer = Layer(
        equations.kernel,
        equations.units,
        go_backwards,
        every_step,
        zero_padding,
        mask is not None,
        save,
    )
    function = _compiled(layer, x.shape[2], tuple(tuple(w.shape) for w in weights))
    return function(x, *([] if mask is None else [mask]), *weights)


# One graph for all layers of a kind, as in `_loop`.
@functools.lru_cache(maxsize=16)
def _compiled(layer, n_features, weight_shapes):
    layer.kernels  # compiles here, on the caller's thread  # noqa: B018
    signature = [tf.TensorSpec((None, None, n_features))]
    if layer.masked:
        signature.append(tf.TensorSpec((None, None), tf.bool))
    signature.extend(map(tf.TensorSpec, weight_shapes))
    n_given = 1 + layer.masked

    @tf.function(input_signature=signature, autograph=False)
    def recurrence(*inputs):
        mask = inputs[1:n_given]

        @tf.custom_gradient
        def run(x, *weights):
            y, tape = tf.numpy_function(
                _forward_of(layer), [x, *mask, *weights], [tf.float32] * 2, stateful=False
            )
            y.set_shape([x.shape[0]] + layer.every_step * [x.shape[1]] + [layer.units])

            def gradient(dy):
                gradients = tf.numpy_function(
                    _backward_of(layer),
                    [dy, tape, x, *mask, *weights],
                    [tf.float32] * (1 + len(weights)),
                    stateful=False,
                )
                for dvalue, value in zip(gradients, (x, *weights), strict=True):
                    dvalue.set_shape(value.shape)
                return gradients

            return y, gradient

        return run(inputs[0], *inputs[n_given:])

    return recurrence


@functools.cache
def _forward_of(layer):
    def forward(x, *rest):
        mask, weights = _mask_and_weights(layer, x, rest)
        plan, n_lines = _deal(layer, mask)
        return _forward(layer, x, mask, weights, plan, n_lines, layer.save)

    return forward


@functools.cache
def _backward_of(layer):
    def backward(dy, tape, x, *rest):
        mask, weights = _mask_and_weights(layer, x, rest)
        plan, n_lines = _deal(layer, mask)
        if not layer.save:
            _, tape = _forward(layer, x, mask, weights, plan, n_lines, True)
        return _backward(layer, dy, tape, x, mask, weights, plan)

    return backward


def _mask_and_weights(layer, x, rest):
    if layer.masked:
        return rest[0], rest[1:]
    return np.ones(x.shape[:2], bool), rest


def n_shards(n_samples):
    """Return to how many shards rows are dealt.

    A function of the rows alone: it decides in what order gradients are summed, and the same
    seed must give the same bytes on any number of cores.
    """
    return 4 if n_samples >= 64 else 2


def _form(layer, mask):
    return Form(
        mask.shape[1],
        layer.units,
        int(layer.go_backwards),
        int(layer.every_step),
        int(layer.zero_padding),
    )


def _deal(layer, mask):
    """Deal the rows to shards like cards, sorted by length: they split evenly."""
    lengths = count_real_steps(mask)
    order = np.argsort(-lengths, kind="stable")
    n = n_shards(len(order))
    plan, n_lines = [], 0
    for s in range(n):
        rows = order[s::n].copy()
        n_active, place = pack(mask, rows, lengths[rows], _form(layer, mask))
        plan.append(Shard(rows, n_active, place, slice(n_lines, n_lines + len(place))))
        n_lines += len(place)
    return plan, n_lines


def _stack(layer, weights):
    """Return the matrix of `[W, b, U]`, gate after gate, each filled up to whole vectors."""
    cell, units = layer.kernels, layer.units
    W, U, *bias = weights
    n_features = len(W)
    stacked = zeros(n_features + 1 + units, cell.N_GATES, layer.width)
    x_gates = stacked[:, : len(cell.X_GATES), :units]
    h_gates = stacked[:, cell.FIRST_H :, :units]
    x_gates[:n_features] = W.reshape(n_features, -1, units)[:, cell.X_GATES]
    h_gates[n_features + 1 :] = U.reshape(units, -1, units)[:, cell.H_GATES]
    if bias:
        b_x, *b_h = bias[0].reshape(-1, len(cell.X_GATES), units)
        x_gates[n_features] = b_x[list(cell.X_GATES)]
        for b in b_h:
            h_gates[n_features] += b[list(cell.H_GATES)]
    return stacked.reshape(len(stacked), -1)


def _unstack(layer, dstacked, weights):
    """Return the gradients of the weights from that of the matrix that `_stack` made of them."""
    cell, units = layer.kernels, layer.units
    W, U, *bias = weights
    n_features = len(W)
    dstacked = dstacked.reshape(len(dstacked), cell.N_GATES, layer.width)
    dx_gates = dstacked[:, : len(cell.X_GATES), :units]
    dh_gates = dstacked[:, cell.FIRST_H :, :units]
    dW, dU = empty(*W.shape), empty(*U.shape)
    dW.reshape(n_features, -1, units)[:, cell.X_GATES] = dx_gates[:n_features]
    dU.reshape(units, -1, units)[:, cell.H_GATES] = dh_gates[n_features + 1 :]
    if not bias:
        return dW, dU
    db = empty(*bias[0].shape)
    parts = db.reshape(-1, len(cell.X_GATES), units)
    parts[0, list(cell.X_GATES)] = dx_gates[n_features]
    for part in parts[1:]:
        part[list(cell.H_GATES)] = dh_gates[n_features]
    return dW, dU, db


def _forward(layer, x, mask, weights, plan, n_lines, save):
    cell, form = layer.kernels, _form(layer, mask)
    n_samples, n_times = mask.shape
    y = empty(*([n_samples] + layer.every_step * [n_times] + [layer.units]))
    tape_width = cell.N_TAPE * layer.width
    tape = borrow(n_lines, tape_width) if save else empty(0, tape_width)
    x, flat_y, stacked = _flat(x), _flat(y), _stack(layer, weights)

    def run(shard):
        rows, n_active, place, lines = shard
        own = tape[lines] if save else empty(max(n_active, default=0), tape_width)
        cell.forward(x, stacked, mask, rows, n_active, place, flat_y, own, int(save), form)

    shards.run(run, plan)
    return y, tape


def _backward(layer, dy, tape, x, mask, weights, plan):
    cell, form = layer.kernels, _form(layer, mask)
    stacked = _stack(layer, weights)
    n_features, width = x.shape[2], layer.width
    last_x, first_h = len(cell.X_GATES) * width, cell.FIRST_H * width
    W_back = zeros(last_x, -(-n_features // VL) * VL)
    W_back[:, :n_features] = stacked[:n_features, :last_x].T
    U_back = zeros(stacked.shape[1] - first_h, width)
    U_back[:, : layer.units] = stacked[n_features + 1 :, first_h:].T
    dx = empty(*x.shape)
    x, flat_dx, dy = _flat(x), _flat(dx), _flat(dy)

    def run(shard):
        rows, n_active, place, lines = shard
        dstacked = zeros(*stacked.shape)
        cell.backward(
            x, tape[lines], dy, mask, rows, n_active, place, W_back, U_back, flat_dx, dstacked, form
        )
        return dstacked

    first, *others = shards.run(run, plan)
    for dstacked in others:
        first += dstacked
    return dx, *_unstack(layer, first, weights)


def _flat(values):
    """View the steps, or the rows, as the rows of a matrix."""
    return values.reshape(-1, values.shape[-1])
