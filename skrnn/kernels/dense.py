"""Dense layers: products in which a row does not depend on how many rows there are."""

import numpy as np

from skrnn.kernels.compiling import kernel
from skrnn.kernels.denormals import flush_denormals, restore_denormals
from skrnn.kernels.lanes import address
from skrnn.kernels.matmul import multiply
from skrnn.kernels.stacking import columns, whole


@kernel("void(Array(float32, 2, 'C', readonly=True), Array(float32, 2, 'C', readonly=True),"
        " float32[:, ::1], boolean)")  # fmt: skip
def project(x, weights, out, onto):
    """Compute ``out = x @ weights`` or, with `onto`, add to it.

    Parameters
    ----------
    x : ndarray of shape (n_rows, n_features), float32
        At least one feature.
    weights : ndarray of shape (n_features, n_columns), float32
    out : ndarray of shape (n_rows, n_used), float32
        Its columns, whole vectors, are the first of the product.
    onto : bool
    """
    mode = flush_denormals()
    multiply(
        address(x, 0, 0), x.shape[1], 1,
        address(weights, 0, 0), weights.shape[1],
        address(out, 0, 0), out.shape[1],
        len(x), out.shape[1], x.shape[1], 1 if onto else 0,
    )  # fmt: skip
    restore_denormals(mode)


def dense(x, weights, bias):
    """Return ``x @ weights + bias``, each sum from the bias on in the order of the features."""
    out = np.zeros((len(x), whole(len(bias))), np.float32)
    out[:, : len(bias)] = bias
    project(np.require(x, np.float32, "CA"), columns(weights), out, True)
    return out[:, : len(bias)]
