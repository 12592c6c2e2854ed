"""The gradient of an embedding: what its tokens bring, summed up by id.

TensorFlow's own sum goes number by number; this one adds rows, in a quarter of the time.
"""

import functools

from skrnn.backend.tensorflow import tf
from skrnn.kernels.compiling import kernel
from skrnn.kernels.memory import zeros


@kernel("void(int32[::1], float32[:, ::1], float32[:, ::1])")
def add_rows(ids, rows, table):
    """Add each row to the row of `table` that its id names.

    An id outside the table is passed over: TensorFlow raises an error for it, but where the
    gradient does not depend on the rows looked up, it may come here before.
    """
    for i in range(len(ids)):
        if 0 <= ids[i] < len(table):
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
    n_features = table.shape[1]
    rows = _compiled(n_features)(table, tf.reshape(ids, [-1]))
    rows = tf.reshape(rows, tf.concat([tf.shape(ids), [n_features]], 0))
    rows.set_shape([*ids.shape, n_features])
    return rows


# TensorFlow keeps what it calls for a gradient for ever, and with it the graph around that: here
# a small one, made once for tables of this width, and not that of a whole network.
@functools.cache
def _compiled(n_features):
    sum_by_id = _sum_by_id(n_features)
    signature = [tf.TensorSpec((None, n_features)), tf.TensorSpec((None,), tf.int32)]

    @tf.function(input_signature=signature, autograph=False)
    def gather(table, ids):
        @tf.custom_gradient
        def run(table):
            def gradient(dy):
                n_ids = tf.shape(table)[0]
                dtable = tf.numpy_function(sum_by_id, [n_ids, ids, dy], tf.float32, stateful=False)
                dtable.set_shape(table.shape)
                return dtable

            return tf.gather(table, ids), gradient

        return run(table)

    return gather


def _sum_by_id(n_features):
    def sum_by_id(n_ids, ids, rows):
        table = zeros(n_ids, n_features)
        add_rows(ids, rows, table)
        return table

    return sum_by_id
