"""The time loop of prediction over concatenated rows, without mask, padding or tape.

The sums of a step are those of :mod:`skrnn.kernels.loop`, of a line ``[x, 1, h]`` with the stacked
``[W, b, U]``. The sums over the first features of x may be precomputed, once for each token instead
of at each step: each sum is a chain of additions in the order of the line, so continuing it gives
the same bits. Every row is computed on its own, so its prediction does not depend on the others.
"""

from typing import NamedTuple

import numpy as np
from numba import int32, int64, types

from skrnn.kernels import gru, lstm, simple_rnn
from skrnn.kernels.compiling import kernel, part_of
from skrnn.kernels.denormals import flush_denormals, restore_denormals
from skrnn.kernels.lanes import VL, address, load, store
from skrnn.kernels.loop import READ, VALUES, whole, zeros_aligned
from skrnn.kernels.matmul import multiply

IDS = types.Array(int32, 1, "C", readonly=True)
INDICES = types.Array(int64, 1, "C", readonly=True)
# The output of the loop: the last state, each state, their maximum, or their mean.
LAST, STEPS, MAX, MEAN = range(4)


class Reading(NamedTuple):
    """How rows are read, and what is kept; all integers.

    Attributes
    ----------
    units : int
        Width of the state.
    backwards : int
        1 to read rows from the last step to the first, else 0.
    keep : int
        One of LAST, STEPS, MAX and MEAN.
    column : int
        The first of the columns to which the units go.
    """

    units: int
    backwards: int
    keep: int
    column: int


READING = types.NamedUniTuple(int64, len(Reading._fields), Reading)
PREDICT = types.void(READ, IDS, READ, READ, INDICES, INDICES, INDICES, VALUES, VALUES, READING)


def predict_loop(cell, name):
    """Make the loop of a cell.

    Parameters
    ----------
    cell : module
        See :mod:`skrnn.kernels.cells`.
    name : str
        Of the cell.

    Returns
    -------
    function
        ``predict(begun, ids, rest, weights, starts, places, lengths, states, out, reading)`` runs
        over some rows, sorted by length, the longest first.

        begun (n_ids, n_columns) and ids (n_steps,)
            The sums that the step ``i`` goes on from are ``begun[ids[i]]``; with no row in
            `begun`, they are zero.
        rest (n_steps, n_features)
            The features that are still to be summed up.
        weights
            The stacked weights of these features, of the bias and the state.
        starts, lengths (n_rows,)
            Row ``i`` has the steps ``starts[i] : starts[i] + lengths[i]``, at least one.
        states (n_rows, n_states * units)
            The states before the first step, replaced by those after the last.
        out, places (n_rows,)
            What is kept goes to the row ``places[i]`` of `out` or, with each step, to the rows
            from ``places[i]`` on, in the order of the sequence.
        reading
            See `Reading`.
    """
    activate, n_tape, n_states = cell.activate, cell.N_TAPE, cell.N_STATES
    n_gates, last_x, first_h = cell.N_GATES, len(cell.X_GATES), cell.FIRST_H

    @part_of(name)
    def _sums(lines, weights, tape, n, n_rest, units, width, onto):
        a_row, b_k, c_row = lines.shape[1], weights.shape[1], tape.shape[1]
        if first_h > 0:
            multiply(
                address(lines, 0, 0), a_row, 1,
                address(weights, 0, 0), b_k,
                address(tape, 0, 0), c_row,
                n, first_h * width, n_rest + 1, onto,
            )  # fmt: skip
        column = first_h * width
        multiply(
            address(lines, 0, 0), a_row, 1,
            address(weights, 0, column), b_k,
            address(tape, 0, column), c_row,
            n, (last_x - first_h) * width, n_rest + 1 + units, onto,
        )  # fmt: skip
        if last_x < n_gates:
            column = last_x * width
            multiply(
                address(lines, 0, n_rest), a_row, 1,
                address(weights, n_rest, column), b_k,
                address(tape, 0, column), c_row,
                n, (n_gates - last_x) * width, 1 + units, 0,
            )  # fmt: skip

    @part_of(name)
    def _keep(tape, line, h_column, out, place, totals, k, t, length, reading):
        units, column, keep = reading.units, reading.column, reading.keep
        if keep == STEPS:
            for u in range(units):
                out[place + t, column + u] = tape[line, h_column + u]
        elif keep == MEAN:
            for u in range(units):
                totals[line, u] += np.float64(tape[line, h_column + u])
            if k + 1 == length:
                for u in range(units):
                    out[place, column + u] = np.float32(totals[line, u] / np.float64(length))
        elif keep == MAX and k > 0:
            for u in range(units):
                h, largest = tape[line, h_column + u], out[place, column + u]
                # A NaN stays.
                stays = largest >= h or largest != largest
                out[place, column + u] = largest if stays else h
        elif keep == MAX or k + 1 == length:
            for u in range(units):
                out[place, column + u] = tape[line, h_column + u]

    @part_of(name)
    def predict(begun, ids, rest, weights, starts, places, lengths, states, out, reading):
        n, n_rest = len(lengths), rest.shape[1]
        units, width = reading.units, whole(reading.units)
        tape = zeros_aligned(n, n_tape * width)
        h_column = (n_tape - n_states) * width
        lines = zeros_aligned(n, whole(n_rest + 1 + width))
        for line in range(n):
            lines[line, n_rest] = 1
            for u in range(units):
                lines[line, n_rest + 1 + u] = states[line, u]
                for s in range(n_states):
                    tape[line, h_column + s * width + u] = states[line, s * units + u]
        totals = np.zeros((n if reading.keep == MEAN else 0, units))
        onto = 1 if len(begun) else 0
        for k in range(lengths[0]):
            while lengths[n - 1] <= k:
                n -= 1
            for line in range(n):
                at = starts[line] + (lengths[line] - 1 - k if reading.backwards else k)
                for j in range(n_rest):
                    lines[line, j] = rest[at, j]
                if onto:
                    row = np.int64(ids[at])
                    for j in range(0, last_x * width, VL):
                        store(tape, line, j, load(begun, row, j))
            _sums(lines, weights, tape, n, n_rest, units, width, onto)
            for line in range(n):
                activate(tape, line, tape, line, width)
                for j in range(0, width, VL):
                    store(lines, line, n_rest + 1 + j, load(tape, line, h_column + j))
                t = lengths[line] - 1 - k if reading.backwards else k
                _keep(tape, line, h_column, out, places[line], totals, k, t, lengths[line], reading)
        for line in range(len(lengths)):
            for s in range(n_states):
                for u in range(units):
                    states[line, s * units + u] = tape[line, h_column + s * width + u]

    return predict


_lstm = predict_loop(lstm, "lstm")
_gru = predict_loop(gru, "gru")
_rnn = predict_loop(simple_rnn, "rnn")


@kernel(PREDICT)
def predict_lstm(begun, ids, rest, weights, starts, places, lengths, states, out, reading):
    """Run an LSTM over rows; see `predict_loop`."""
    mode = flush_denormals()
    _lstm(begun, ids, rest, weights, starts, places, lengths, states, out, reading)
    restore_denormals(mode)


@kernel(PREDICT)
def predict_gru(begun, ids, rest, weights, starts, places, lengths, states, out, reading):
    """Run a GRU over rows; see `predict_loop`."""
    mode = flush_denormals()
    _gru(begun, ids, rest, weights, starts, places, lengths, states, out, reading)
    restore_denormals(mode)


@kernel(PREDICT)
def predict_rnn(begun, ids, rest, weights, starts, places, lengths, states, out, reading):
    """Run a simple network over rows; see `predict_loop`."""
    mode = flush_denormals()
    _rnn(begun, ids, rest, weights, starts, places, lengths, states, out, reading)
    restore_denormals(mode)


PREDICTING = {"lstm": predict_lstm, "gru": predict_gru, "rnn": predict_rnn}
