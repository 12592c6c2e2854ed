"""The kernels of the GRU; its equations are those of :class:`skrnn.layers.GRU`, reset after."""

from skrnn.kernels.activations import sigmoid, sigmoid_back, tanh, tanh_back
from skrnn.kernels.compiling import kernel, part
from skrnn.kernels.denormals import flush_denormals, restore_denormals
from skrnn.kernels.lanes import VL, load, store
from skrnn.kernels.loop import BACKWARD, FORWARD, backward_loop, forward_loop

# Keras's gates are z, r, g. The candidate's two sums, x W_g + b_g and h U_g + b'_g, are columns
# of their own: the columns are x_g, z, r, h_g. The tape has g, z, r, h_g, and then h.
X_GATES, H_GATES = (2, 0, 1), (0, 1, 2)
FIRST_H, N_GATES, N_STATES, N_TAPE = 1, 4, 1, 5


@part
def activate(tape, now, earlier, before, width):
    """Turn the sums of a line into gates and the state."""
    for u in range(0, width, VL):
        h = load(earlier, before, 4 * width + u)
        z = sigmoid(load(tape, now, width + u))
        r = sigmoid(load(tape, now, 2 * width + u))
        g = tanh(load(tape, now, u) + r * load(tape, now, 3 * width + u))
        store(tape, now, u, g)
        store(tape, now, width + u, z)
        store(tape, now, 2 * width + u, r)
        store(tape, now, 4 * width + u, g + z * (h - g))


@part
def activate_back(tape, now, earlier, before, dgates, at, dstates, line, width):
    """Turn the gradient of the state into that of the sums and, in part, of the state before."""
    for u in range(0, width, VL):
        h = load(earlier, before, 4 * width + u)
        g = load(tape, now, u)
        z = load(tape, now, width + u)
        r = load(tape, now, 2 * width + u)
        h_g = load(tape, now, 3 * width + u)
        dh = load(dstates, line, u)
        dg = tanh_back(g, dh - dh * z)
        store(dgates, at, u, dg)
        store(dgates, at, width + u, sigmoid_back(z, dh * (h - g)))
        store(dgates, at, 2 * width + u, sigmoid_back(r, dg * h_g))
        store(dgates, at, 3 * width + u, dg * r)
        store(dstates, line, u, dh * z)


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
