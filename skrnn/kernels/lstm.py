"""The kernels of the LSTM; its equations are those of :class:`skrnn.layers.LSTM`."""

from skrnn.kernels.activations import sigmoid, sigmoid_back, tanh, tanh_back
from skrnn.kernels.compiling import kernel, part
from skrnn.kernels.denormals import flush_denormals, restore_denormals
from skrnn.kernels.lanes import VL, load, store, zeros
from skrnn.kernels.loop import BACKWARD, FORWARD, backward_loop, forward_loop

# The gates are Keras's: i, f, g, o. The tape has these, then h and c.
X_GATES = H_GATES = (0, 1, 2, 3)
FIRST_H, N_GATES, N_STATES, N_TAPE = 0, 4, 2, 6


@part
def activate(tape, now, earlier, before, width):
    """Turn the sums of a line into gates and states."""
    for u in range(0, width, VL):
        i = sigmoid(load(tape, now, u))
        f = sigmoid(load(tape, now, width + u))
        g = tanh(load(tape, now, 2 * width + u))
        o = sigmoid(load(tape, now, 3 * width + u))
        c = f * load(earlier, before, 5 * width + u) + i * g
        store(tape, now, u, i)
        store(tape, now, width + u, f)
        store(tape, now, 2 * width + u, g)
        store(tape, now, 3 * width + u, o)
        store(tape, now, 4 * width + u, o * tanh(c))
        store(tape, now, 5 * width + u, c)


@part
def activate_back(tape, now, earlier, before, dgates, at, dstates, line, width):
    """Turn the gradient of the states into that of the sums and of the states before."""
    for u in range(0, width, VL):
        i = load(tape, now, u)
        f = load(tape, now, width + u)
        g = load(tape, now, 2 * width + u)
        o = load(tape, now, 3 * width + u)
        # Once more is quicker than from memory.
        tanh_c = tanh(load(tape, now, 5 * width + u))
        dh = load(dstates, line, u)
        dc = load(dstates, line, width + u) + tanh_back(tanh_c, dh * o)
        store(dgates, at, u, sigmoid_back(i, dc * g))
        store(dgates, at, width + u, sigmoid_back(f, dc * load(earlier, before, 5 * width + u)))
        store(dgates, at, 2 * width + u, tanh_back(g, dc * i))
        store(dgates, at, 3 * width + u, sigmoid_back(o, dh * tanh_c))
        store(dstates, line, u, zeros())
        store(dstates, line, width + u, dc * f)


_forward = forward_loop(activate, N_GATES, len(X_GATES), FIRST_H, N_STATES)
_backward = backward_loop(activate_back, N_GATES, len(X_GATES), FIRST_H, N_STATES)


@kernel(FORWARD)
def forward(x, weights, mask, rows, n_active, place, y, tape, save, form):
    """Run over one shard; see `forward_loop`."""
    mode = flush_denormals()
    _forward(x, weights, mask, rows, n_active, place, y, tape, save, form)
    restore_denormals(mode)


@kernel(BACKWARD)
def backward(
    x, tape, dy, mask, rows, n_active, place, W_back, U_back, dx, dweights, dstates, form
):  # fmt: skip
    """Run back over one shard; see `backward_loop`."""
    mode = flush_denormals()
    _backward(
        x, tape, dy, mask, rows, n_active, place, W_back, U_back, dx, dweights, dstates, form
    )  # fmt: skip
    restore_denormals(mode)
