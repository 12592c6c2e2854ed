"""The kernels on batches: rows dealt to shards, weights stacked, forward and backward.

Plain NumPy around the compiled loops. :mod:`skrnn.layers.compiled` makes TensorFlow operations
of it.
"""

from typing import NamedTuple

import numpy as np

from skrnn.kernels import shards
from skrnn.kernels.cells import cell_of
from skrnn.kernels.lanes import VL
from skrnn.kernels.memory import borrow, empty, zeros
from skrnn.kernels.packing import Form, count_real_steps, pack
from skrnn.kernels.stacking import stack


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
        """The module with the cell's kernels."""
        return cell_of(self.cell)

    def compile(self):
        """Compile all that runs the layer, which would otherwise be done at first use."""
        cell = self.kernels
        for one in (count_real_steps, pack, cell.forward, cell.backward):
            one.compile()

    @property
    def width(self):
        """Units, filled up to whole vectors."""
        return -(-self.units // VL) * VL


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


def deal(layer, mask):
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


def _unstack(layer, dstacked, weights):
    """Return the gradients of the weights from that of the matrix that `stack` made of them."""
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


def forward(layer, x, mask, weights, plan, n_lines, save):
    """Return the outputs, and the tape that the gradient needs, empty without `save`."""
    cell, form = layer.kernels, _form(layer, mask)
    n_samples, n_times = mask.shape
    y = empty(*([n_samples] + layer.every_step * [n_times] + [layer.units]))
    tape_width = cell.N_TAPE * layer.width
    tape = borrow(n_lines, tape_width) if save else empty(0, tape_width)
    x, flat_y, stacked = _flat(x), _flat(y), stack(layer.kernels, layer.units, weights)

    def run(shard):
        rows, n_active, place, lines = shard
        own = tape[lines] if save else empty(max(n_active, default=0), tape_width)
        cell.forward(x, stacked, mask, rows, n_active, place, flat_y, own, int(save), form)

    shards.run(run, plan)
    return y, tape


def backward(layer, dy, tape, x, mask, weights, plan):
    """Return the gradients of `x` and of the weights."""
    cell, form = layer.kernels, _form(layer, mask)
    stacked = stack(layer.kernels, layer.units, weights)
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
