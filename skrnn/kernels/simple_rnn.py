"""The kernels of the simple network; its equation is that of :class:`skrnn.layers.SimpleRNN`."""

from skrnn.kernels.activations import tanh, tanh_back
from skrnn.kernels.compiling import kernel, part
from skrnn.kernels.denormals import flush_denormals, restore_denormals
from skrnn.kernels.lanes import VL, load, store, zeros
from skrnn.kernels.loop import BACKWARD, FORWARD, backward_loop, forward_loop

# One sum; the tape has nothing but h, which takes its place.
X_GATES = H_GATES = (0,)
FIRST_H, N_GATES, N_STATES, N_TAPE = 0, 1, 1, 1


@part
def activate(tape, now, earlier, before, width):
    """Turn the sum of a line into the state."""
    for u in range(0, width, VL):
        store(tape, now, u, tanh(load(tape, now, u)))


@part
def activate_back(tape, now, earlier, before, dgates, at, dstates, line, width):
    """Turn the gradient of the state into that of the sum."""
    for u in range(0, width, VL):
        store(dgates, at, u, tanh_back(load(tape, now, u), load(dstates, line, u)))
        store(dstates, line, u, zeros())


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
