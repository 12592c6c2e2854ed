"""Equations of the recurrent layers in NumPy: slow, but every intermediate value is available."""

import numpy as np
from scipy.special import expit as sigmoid


def simple_rnn(x, W, U, b):
    """Return the states of a simple recurrent layer [1]_.

    Parameters
    ----------
    x : ndarray of shape (n_timesteps, n_features)
        What it reads, first to last.
    W, U, b : ndarray of shape (n_features, units), (units, units) and (units,)
        `kernel`, `recurrent_kernel` and `bias` of Keras's layer.

    Returns
    -------
    dict of str to ndarray of shape (n_timesteps, units)
        "hidden".

    References
    ----------
    .. [1] Elman, "Finding structure in time", Cognitive Science 14(2), 1990.
    """
    h = np.zeros(len(U))
    steps = []
    for x_t in x:
        h = np.tanh(x_t @ W + h @ U + b)
        steps.append((h,))
    return _by_name(["hidden"], steps, len(U))


def lstm(x, W, U, b):
    """Return gates and states of a long short-term memory [1]_, [2]_.

    Parameters
    ----------
    x : ndarray of shape (n_timesteps, n_features)
        What it reads, first to last.
    W, U, b : ndarray of shape (n_features, 4 * units), (units, 4 * units) and (4 * units,)
        `kernel`, `recurrent_kernel` and `bias` of Keras's layer: input gate, forget gate,
        candidate and output gate side by side.

    Returns
    -------
    dict of str to ndarray of shape (n_timesteps, units)
        "input_gate", "forget_gate", "candidate", "output_gate", "cell" and "hidden".

    References
    ----------
    .. [1] Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997.
    .. [2] Gers, Schmidhuber and Cummins, "Learning to forget: continual prediction with LSTM",
       Neural Computation 12(10), 2000.
    """
    h = c = np.zeros(len(U))
    steps = []
    for x_t in x:
        i, f, g, o = np.split(x_t @ W + h @ U + b, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append((i, f, g, o, c, h))
    names = ["input_gate", "forget_gate", "candidate", "output_gate", "cell", "hidden"]
    return _by_name(names, steps, len(U))


def gru(x, W, U, b, reset_after=True):
    """Return gates and states of a gated recurrent unit [1]_.

    Parameters
    ----------
    x : ndarray of shape (n_timesteps, n_features)
        What it reads, first to last.
    W, U : ndarray of shape (n_features, 3 * units) and (units, 3 * units)
        `kernel` and `recurrent_kernel` of Keras's layer: update gate, reset gate and candidate
        side by side.
    b : ndarray of shape (2, 3 * units), or (3 * units,) without `reset_after`
        `bias` for the input and for the state.
    reset_after : bool, default=True
        Whether the reset gate is applied after the multiplication of the state, as in Keras's
        layer and skrnn's networks, or before it, as in [1]_.

    Returns
    -------
    dict of str to ndarray of shape (n_timesteps, units)
        "update_gate", "reset_gate", "candidate" and "hidden".

    References
    ----------
    .. [1] Cho et al., "Learning phrase representations using RNN encoder-decoder for
       statistical machine translation", EMNLP 2014, arXiv:1406.1078.
    """
    units = len(U)
    b_x, b_h = b if reset_after else (b, np.zeros_like(b))
    U_g = U[:, 2 * units :]
    h = np.zeros(units)
    steps = []
    for x_t in x:
        x_z, x_r, x_g = np.split(x_t @ W + b_x, 3)
        h_z, h_r, h_g = np.split(h @ U + b_h, 3)
        z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        g = np.tanh(x_g + (r * h_g if reset_after else (r * h) @ U_g))
        h = z * h + (1 - z) * g
        steps.append((z, r, g, h))
    return _by_name(["update_gate", "reset_gate", "candidate", "hidden"], steps, units)


def _by_name(names, steps, units):
    arrays = np.array(steps).reshape(len(steps), len(names), units)
    return {name: arrays[:, i] for i, name in enumerate(names)}
