"""The time loop of every cell, forward and backward, over one shard of packed rows.

A step of a cell is one sum for each of its gates, ``x W + h U + b``, and what the cell makes of
them. The sums are one product, of lines ``[x, 1, h]`` with a matrix of the stacked
``[W, b, U]``, gate after gate; gates that take nothing from `h` come first and those that take
nothing from `x` last, so that they are columns that see fewer of the rows.

What the gradient needs goes on a *tape*, one line for each real step: what the cell keeps of its
gates, then its states, `h` first. Before these come as many lines as rows take the first step; of
them only the states count, those before that step, which the caller sets.
Units and features are filled up with zeros to whole vectors; as their weights are zero, so are
their states.
"""

import numpy as np
from numba import float32, int64, types

from skrnn.kernels.compiling import part, part_of
from skrnn.kernels.lanes import VL, address, load, store
from skrnn.kernels.matmul import multiply
from skrnn.kernels.packing import FORM, INDICES, MASK, next_place, outputs, time

VALUES = types.Array(float32, 2, "C")
READ = VALUES.copy(readonly=True)
FORWARD = types.void(READ, READ, MASK, INDICES, INDICES, INDICES, VALUES, VALUES, int64, FORM)
BACKWARD = types.void(
    READ, READ, READ, MASK, INDICES, INDICES, INDICES, READ, READ, VALUES, VALUES, VALUES, FORM
)
# Lines whose gradients are summed up in one product. More go past the nearest cache.
CHUNK = 256


@part
def whole(n):
    """Round up to whole vectors."""
    return (n + VL - 1) // VL * VL


@part
def zeros_aligned(n_rows, n_columns):
    """Return zeros whose rows begin where whole vectors are loaded fastest."""
    numbers = np.zeros(n_rows * n_columns + 16, np.float32)
    skip = (-numbers.ctypes.data) % 64 // 4
    return numbers[skip : skip + n_rows * n_columns].reshape(n_rows, n_columns)


@part
def clear(values, i):
    """Set a row to zero."""
    for j in range(values.shape[1]):
        values[i, j] = 0


def _cell(function):
    """Return the name of the module that a compiled function is of: "lstm"."""
    return function.py_func.__module__.rpartition(".")[2]


def forward_loop(activate, n_gates, last_x, first_h, n_states):
    """Make the forward loop of a cell.

    Parameters
    ----------
    activate : function
        ``activate(tape, now, earlier, before, width)`` turns the sums at the begin of line `now`
        of the tape into what the gradient needs and the states, given the line with the states
        before.
    n_gates, last_x, first_h : int
        The columns ``:last_x`` of the gates take part of `x`, ``first_h:`` of `h`.
    n_states : int
    """

    @part_of(_cell(activate))
    def _sums(lines, weights, tape, now, n, n_features, units, width):
        a_row, b_k, c_row = lines.shape[1], weights.shape[1], tape.shape[1]
        if first_h > 0:
            multiply(
                address(lines, 0, 0), a_row, 1,
                address(weights, 0, 0), b_k,
                address(tape, now, 0), c_row,
                n, first_h * width, n_features + 1, 0,
            )  # fmt: skip
        column = first_h * width
        multiply(
            address(lines, 0, 0), a_row, 1,
            address(weights, 0, column), b_k,
            address(tape, now, column), c_row,
            n, (last_x - first_h) * width, n_features + 1 + units, 0,
        )  # fmt: skip
        if last_x < n_gates:
            column = last_x * width
            multiply(
                address(lines, 0, n_features), a_row, 1,
                address(weights, n_features, column), b_k,
                address(tape, now, column), c_row,
                n, (n_gates - last_x) * width, 1 + units, 0,
            )  # fmt: skip

    @part_of(_cell(activate))
    def forward(x, weights, mask, rows, n_active, place, y, tape, save, form):
        n_features, units, width = x.shape[1], form.units, whole(form.units)
        h_column = tape.shape[1] - n_states * width
        n_lines = n_active[0] if len(n_active) else 0
        lines = zeros_aligned(n_lines, whole(n_features + 1 + width))
        for line in range(n_lines):
            lines[line, n_features] = 1
            for j in range(0, width, VL):
                store(lines, line, n_features + 1 + j, load(tape, line, h_column + j))
        for row in rows:
            for j in range(form.n_times if form.every_step else 1):
                if not form.every_step:
                    clear(y, row)
                elif not mask[row, time(form, j)]:
                    clear(y, row * form.n_times + j)
        start = 0
        for k in range(len(n_active)):
            n = n_active[k]
            for line in range(n):
                row = rows[line]
                at = row * form.n_times + time(form, place[start + line])
                for j in range(n_features):
                    lines[line, j] = x[at, j]
            # Without a tape to keep, its first lines serve every step.
            now = n_lines + start if save else 0
            before = now - n_active[k - 1] if k and save else 0
            _sums(lines, weights, tape, now, n, n_features, units, width)
            for line in range(n):
                activate(tape, now + line, tape, before + line, width)
                for j in range(0, width, VL):
                    store(lines, line, n_features + 1 + j, load(tape, now + line, h_column + j))
                end = next_place(form, n_active, place, k, start, line)
                first, last = outputs(form, rows[line], place[start + line], end)
                for i in range(first, last):
                    for j in range(units):
                        y[i, j] = tape[now + line, h_column + j]
            start += n

    return forward


def backward_loop(activate_back, n_gates, last_x, first_h, n_states):
    """Make the backward loop of a cell.

    Parameters
    ----------
    activate_back : function
        ``activate_back(tape, now, earlier, before, dgates, at, dstates, line, width)`` writes the
        gradient of the sums to line `at` of `dgates`, and turns the gradient of the states after
        the step, in `dstates`, into that of the states before, as far as it does not go through
        the sums.
    n_gates, last_x, first_h, n_states : int
        As for `forward_loop`.

    The loop takes `dstates`, a line for each row that takes the first step, holding the gradient
    of the row's last states beside that of its outputs, and leaves in it that of the states
    before the first step.
    """

    @part_of(_cell(activate_back))
    def _hoisted(lines, dgates, dxs, sources, top, W_back, dx, dweights, units, width):
        """Add up the gradient of the weights, and that of the input, of the lines from `top` on."""
        n, n_features = len(lines) - top, dx.shape[1]
        multiply(
            address(lines, top, 0), 1, lines.shape[1],
            address(dgates, top, 0), dgates.shape[1],
            address(dweights, 0, 0), dweights.shape[1],
            n_features + 1, last_x * width, n, 1,
        )  # fmt: skip
        if last_x < n_gates:
            multiply(
                address(lines, top, n_features), 1, lines.shape[1],
                address(dgates, top, last_x * width), dgates.shape[1],
                address(dweights, n_features, last_x * width), dweights.shape[1],
                1, (n_gates - last_x) * width, n, 1,
            )  # fmt: skip
        multiply(
            address(lines, top, n_features + 1), 1, lines.shape[1],
            address(dgates, top, first_h * width), dgates.shape[1],
            address(dweights, n_features + 1, first_h * width), dweights.shape[1],
            units, (n_gates - first_h) * width, n, 1,
        )  # fmt: skip
        multiply(
            address(dgates, top, 0), dgates.shape[1], 1,
            address(W_back, 0, 0), W_back.shape[1],
            address(dxs, top, 0), dxs.shape[1],
            n, W_back.shape[1], last_x * width, 0,
        )  # fmt: skip
        for i in range(top, len(lines)):
            for f in range(n_features):
                dx[sources[i], f] = dxs[i, f]

    @part_of(_cell(activate_back))
    def backward(
        x, tape, dy, mask, rows, n_active, place, W_back, U_back, dx, dweights, dstates, form
    ):  # fmt: skip
        n_features, units, width = x.shape[1], form.units, whole(form.units)
        h_column = tape.shape[1] - n_states * width
        n_lines = n_active[0] if len(n_active) else 0
        n_chunk = max(CHUNK, n_lines)
        lines = zeros_aligned(n_chunk, whole(n_features + 1 + width))
        for line in range(len(lines)):
            lines[line, n_features] = 1
        dgates = zeros_aligned(n_chunk, n_gates * width)
        dxs = zeros_aligned(n_chunk, W_back.shape[1])
        sources = np.empty(n_chunk, np.int64)
        for row in rows:
            for t in range(form.n_times):
                if not mask[row, t]:
                    clear(dx, row * form.n_times + t)
        start, top = len(place), n_chunk
        for k in range(len(n_active) - 1, -1, -1):
            n = n_active[k]
            start -= n
            if top < n:
                _hoisted(lines, dgates, dxs, sources, top, W_back, dx, dweights, units, width)
                top = n_chunk
            top -= n
            now = n_lines + start
            before = now - n_active[k - 1] if k else 0
            for line in range(n):
                row, j = rows[line], place[start + line]
                end = next_place(form, n_active, place, k, start, line)
                first, last = outputs(form, row, j, end)
                for i in range(first, last):
                    for u in range(units):
                        dstates[line, u] += dy[i, u]
                at = row * form.n_times + time(form, j)
                sources[top + line] = at
                for f in range(n_features):
                    lines[top + line, f] = x[at, f]
                for u in range(0, width, VL):
                    h = load(tape, before + line, h_column + u)
                    store(lines, top + line, n_features + 1 + u, h)
                activate_back(
                    tape, now + line, tape, before + line,
                    dgates, top + line, dstates, line, width,
                )  # fmt: skip
            multiply(
                address(dgates, top, first_h * width), dgates.shape[1], 1,
                address(U_back, 0, 0), U_back.shape[1],
                address(dstates, 0, 0), dstates.shape[1],
                n, width, (n_gates - first_h) * width, 1,
            )  # fmt: skip
        if top < n_chunk:
            _hoisted(lines, dgates, dxs, sources, top, W_back, dx, dweights, units, width)

    return backward
