"""The weights of a cell as its loops read them."""

import numpy as np

from skrnn.kernels.lanes import VL
from skrnn.kernels.memory import empty


def whole(n):
    """Round up to whole vectors."""
    return -(-n // VL) * VL


def stack(cell, units, weights):
    """Return the matrix of `[W, b, U]`, gate after gate, each filled up to whole vectors.

    Parameters
    ----------
    cell : module
        See :mod:`skrnn.kernels.cells`.
    units : int
    weights : sequence of ndarray
        Keras's kernel, recurrent kernel and, if there is one, bias.
    """
    W, U, *bias = weights
    n_features = len(W)
    stacked = empty(n_features + 1 + units, cell.N_GATES, whole(units))
    stacked[...] = 0
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


def columns(matrix):
    """Return a float32 matrix whose columns are filled up with zeros to whole vectors."""
    n_rows, n_columns = matrix.shape
    if n_columns % VL == 0:
        return np.require(matrix, np.float32, "CA")
    filled = np.zeros((n_rows, whole(n_columns)), np.float32)
    filled[:, :n_columns] = matrix
    return filled
