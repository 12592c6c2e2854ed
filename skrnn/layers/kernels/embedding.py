"""The gradient of an embedding: what its tokens bring, summed up by id.

TensorFlow's own sum goes number by number; this one adds rows, in a quarter of the time.
"""

import functools

from skrnn._backend import tf
from skrnn.layers.kernels.compiling import kernel
from skrnn.layers.kernels.memory import zeros


@kernel("void(int32[::1], float32[:, ::1], float32[:, ::1])")
def add_rows(ids, rows, table):
    """Add each row to the row of `table` that its id names."""
    for i in range(len(ids)):
        to = table[ids[i]]
        row = rows[i]
        for j in range(len(row)):
            to[j] += row[j]


def look_up(table, ids):
    """Return the rows of a table.

    Parameters
    ----------
    table : tf.Tensor of shape (n_ids, n_features), float32
    ids : tf.Tensor of int32, any shape
        Each below n_ids.

    Returns
    -------
    tf.Tensor of shape (*ids.shape, n_features)
        Its gradient with respect to `table` is a tensor, not `tf.IndexedSlices`.
    """

    @tf.custom_gradient
    def run(table):
        def gradient(dy):
            dtable = tf.numpy_function(
                _sum_by_id(*table.shape), [ids, dy], tf.float32, stateful=False
            )
            dtable.set_shape(table.shape)
            return dtable

        return tf.gather(table, ids), gradient

    return run(table)


# TensorFlow keeps the functions it calls for ever: one a shape, which hold no data.
@functools.cache
def _sum_by_id(n_ids, n_features):
    def sum_by_id(ids, rows):
        table = zeros(n_ids, n_features)
        add_rows(ids.ravel(), rows.reshape(-1, n_features), table)
        return table

    return sum_by_id
