"""The encoder of a prediction in NumPy, for machines on which Numba does not load.

It computes what :mod:`skrnn.network.forward_compiled` does, to rounding: a matrix product may sum
a row in another order when it stands among other rows.
"""

import numpy as np
from scipy.special import expit

# Rows that are read together, and the steps whose states are kept between layers.
MAX_ROWS, MAX_STEPS = 256, 65_536


class NumpyEncoder:
    """An encoder in NumPy.

    Parameters
    ----------
    encoder : skrnn.network.forward.Encoder
    """

    def __init__(self, encoder):
        self.encoder = encoder

    def run(self, inputs, pooling, carried=None):
        """Return the pooled states, or all; see `CompiledEncoder.run`."""
        lengths = np.diff(inputs.offsets)
        n = len(lengths) if pooling else inputs.offsets[-1]
        out = np.empty((n, self.encoder.width), np.float32)
        order = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(order):
            stop = start + max(1, min(MAX_ROWS, MAX_STEPS // int(lengths[order[start]])))
            self._run_group(inputs, order[start:stop], pooling, out, carried)
            start = stop
        return out

    def _run_group(self, inputs, rows, pooling, out, carried):
        """Run all layers over some rows, sorted by length, and pool."""
        offsets = inputs.offsets[:-1][rows]
        lengths = inputs.offsets[1:][rows] - offsets
        starts = np.cumsum(lengths) - lengths
        steps = np.arange(lengths.sum()) + np.repeat(offsets - starts, lengths)
        x = inputs.numbers[steps]
        if inputs.ids is not None:
            vectors = np.asarray(self.encoder.embedding[inputs.ids[steps]], np.float32)
            x = np.hstack([vectors, x])
        for i, layer in enumerate(self.encoder.layers):
            both, lasts = [], []
            for direction, weights in enumerate(layer):
                states = self._initial(weights, len(rows), carried and carried[i][rows])
                both.append(self._recur(weights, x, starts, lengths, direction == 1, states))
                lasts.append(states[0])
                if carried is not None:
                    carried[i][rows] = np.hstack(states)
            x = np.hstack(both)
        if pooling is None:
            out[steps] = x
        elif pooling == "last":
            out[rows] = np.hstack(lasts)
        else:
            out[rows] = self._pool(pooling, x, starts, lengths)

    def _initial(self, weights, n_rows, carried):
        """Return the states before the first step: h and, of an LSTM, c."""
        n_states = 2 if self.encoder.cell == "lstm" else 1
        if carried is None:
            carried = np.zeros((n_rows, n_states * len(weights.recurrent_kernel)), np.float32)
        return [part.copy() for part in np.split(carried, n_states, axis=1)]

    def _recur(self, weights, x, starts, lengths, backwards, states):
        """Return the state after each step; `states` becomes that after the last."""
        step = _STEPS[self.encoder.cell]
        W, U, bias = weights
        b, b_h = bias if bias.ndim == 2 else (bias, None)
        sums = x @ W + b
        h = np.empty((len(x), len(U)), np.float32)
        # The rows are sorted: those that have a step k come first.
        n_active = np.searchsorted(-lengths, -np.arange(lengths[0]))
        for k, n in enumerate(n_active):
            at = starts[:n] + (lengths[:n] - 1 - k if backwards else k)
            before = [state[:n] for state in states]
            recurrent = before[0] @ U
            after = step(sums[at], recurrent if b_h is None else recurrent + b_h, before)
            for state, new in zip(states, after, strict=True):
                state[:n] = new
            h[at] = after[0]
        return h

    def _pool(self, pooling, x, starts, lengths):
        """Pool states that lie row after row."""
        if pooling == "max":
            return np.maximum.reduceat(x, starts, axis=0)
        if pooling == "mean":
            return np.add.reduceat(x, starts, axis=0) / lengths[:, np.newaxis].astype(np.float32)
        kernel, bias, query = self.encoder.attention
        scores = np.tanh(x @ kernel + bias) @ query
        largest = np.maximum.reduceat(scores, starts, axis=0)
        shares = np.exp(scores - np.repeat(largest, lengths, axis=0))
        total = np.add.reduceat(shares, starts, axis=0)
        return np.add.reduceat(shares * x, starts, axis=0) / total


def _rnn(x, h_part, states):
    return (np.tanh(x + h_part),)


def _lstm(x, h_part, states):
    i, f, g, o = np.split(x + h_part, 4, axis=1)
    c = expit(f) * states[1] + expit(i) * np.tanh(g)
    return expit(o) * np.tanh(c), c


def _gru(x, h_part, states):
    x_z, x_r, x_g = np.split(x, 3, axis=1)
    h_z, h_r, h_g = np.split(h_part, 3, axis=1)
    z = expit(x_z + h_z)
    g = np.tanh(x_g + expit(x_r + h_r) * h_g)
    return (z * states[0] + (1 - z) * g,)


_STEPS = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}
