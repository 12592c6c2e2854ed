"""The kernels on batches: rows split into shards, stacked weights, forward and backward.

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

    @property
    def n_lines(self):
        """How many of the rows take a first step."""
        return self.n_active[0] if len(self.n_active) else 0

    def last_lines(self, save):
        """Return on which lines of the tape the last states of the rows with a step are."""
        lines = np.arange(self.n_lines)
        if not save:  # each step has written over the one before
            return lines
        n_steps = np.searchsorted(-self.n_active, -lines)
        starts = self.n_lines + np.cumsum(self.n_active) - self.n_active
        return starts[n_steps - 1] + lines


class Layer(NamedTuple):
    """What the kernels do: all that is known of a layer when its graph is made."""

    cell: str
    units: int
    go_backwards: bool
    every_step: bool
    zero_padding: bool
    masked: bool
    save: bool
    # Whether the states before the first step are given, and those after the last returned.
    initial: bool = False
    final: bool = False

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
    def n_initial(self):
        """How many initial states are given."""
        return self.kernels.N_STATES if self.initial else 0

    @property
    def n_final(self):
        """How many final states are returned."""
        return self.kernels.N_STATES if self.final else 0

    @property
    def width(self):
        """Units, filled up to whole vectors."""
        return -(-self.units // VL) * VL


def n_shards(n_samples):
    """Return the number of shards for a number of rows.

    It depends on the rows only, because it determines the order in which gradients are summed, and
    the same seed must give the same bytes on any number of cores.
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
    """Assign the rows, sorted by length, to the shards in turn, so that the work is even."""
    lengths = count_real_steps(mask)
    order = np.argsort(-lengths, kind="stable")
    n = n_shards(len(order))
    plan, n_lines = [], 0
    for s in range(n):
        rows = order[s::n].copy()
        n_active, place = pack(mask, rows, lengths[rows], _form(layer, mask))
        end = n_lines + n_active[:1].sum() + len(place)
        plan.append(Shard(rows, n_active, place, slice(n_lines, end)))
        n_lines = end
    return plan, n_lines


def _unstack(layer, dstacked, weights):
    """Return the gradients of the weights from that of the matrix that `stack` returned."""
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


def forward(layer, x, mask, weights, plan, n_lines, save, initial=()):
    """Run a layer forward.

    Parameters
    ----------
    initial : sequence of ndarray of shape (n_samples, units)
        The states before the first step, `h` first; zeros if there are none.

    Returns
    -------
    y : ndarray
        The outputs.
    tape : ndarray
        What the gradient needs, empty without `save`.
    *final : ndarray of shape (n_samples, units)
        The states after the last real step, if the layer returns them.
    """
    cell, form = layer.kernels, _form(layer, mask)
    n_samples, n_times = mask.shape
    y = empty(*([n_samples] + layer.every_step * [n_times] + [layer.units]))
    tape_width = cell.N_TAPE * layer.width
    tape = borrow(n_lines, tape_width) if save else empty(0, tape_width)
    x, flat_y, stacked = _flat(x), _flat(y), stack(layer.kernels, layer.units, weights)
    final = _states(layer, n_samples) if layer.final else ()

    def run(shard):
        rows, n_active, place, lines = shard
        own = tape[lines] if save else empty(shard.n_lines, tape_width)
        states = own[:, -cell.N_STATES * layer.width :]
        _write(layer, states[: shard.n_lines], rows, initial)
        cell.forward(x, stacked, mask, rows, n_active, place, flat_y, own, int(save), form)
        if final:
            _read(layer, states[shard.last_lines(save)], rows, final, initial)

    shards.run(run, plan)
    return y, tape, *final


def _states(layer, n_samples):
    return [empty(n_samples, layer.units) for _ in range(layer.kernels.N_STATES)]


def _write(layer, lines, rows, states):
    """Write the states of the first of these rows to as many lines, side by side."""
    lines[...] = 0
    for i, state in enumerate(states):
        lines[:, i * layer.width :][:, : layer.units] = state[rows[: len(lines)]]


def _read(layer, lines, rows, states, others):
    """Read the states of the first of these rows from lines; those of the rest are `others`."""
    ours, rest = rows[: len(lines)], rows[len(lines) :]
    for i, state in enumerate(states):
        state[ours] = lines[:, i * layer.width :][:, : layer.units]
        state[rest] = others[i][rest] if len(others) else 0


def backward(layer, dy, tape, x, mask, weights, plan, dfinal=()):
    """Return the gradients of `x`, of the initial states if they are given, and of the weights.

    `dfinal` are those of the states after the last step, if the layer returns them.
    """
    cell, form = layer.kernels, _form(layer, mask)
    stacked = stack(layer.kernels, layer.units, weights)
    n_features, width = x.shape[2], layer.width
    last_x, first_h = len(cell.X_GATES) * width, cell.FIRST_H * width
    W_back = zeros(last_x, -(-n_features // VL) * VL)
    W_back[:, :n_features] = stacked[:n_features, :last_x].T
    U_back = zeros(stacked.shape[1] - first_h, width)
    U_back[:, : layer.units] = stacked[n_features + 1 :, first_h:].T
    dx = empty(*x.shape)
    dinitial = _states(layer, len(x)) if layer.initial else ()
    x, flat_dx, dy = _flat(x), _flat(dx), _flat(dy)

    def run(shard):
        rows, n_active, place, lines = shard
        dstacked = zeros(*stacked.shape)
        dstates = empty(shard.n_lines, cell.N_STATES * width)
        _write(layer, dstates, rows, dfinal)
        cell.backward(
            x, tape[lines], dy, mask, rows, n_active, place,
            W_back, U_back, flat_dx, dstacked, dstates, form,
        )  # fmt: skip
        if dinitial:
            _read(layer, dstates, rows, dinitial, dfinal)
        return dstacked

    first, *others = shards.run(run, plan)
    for dstacked in others:
        first += dstacked
    return dx, *dinitial, *_unstack(layer, first, weights)


def _flat(values):
    """View the steps, or the rows, as the rows of a matrix."""
    return values.reshape(-1, values.shape[-1])
