"""The gradient of an embedding: the gradients of its tokens, summed by id.

TensorFlow's own sum adds single numbers. This one adds rows, in a quarter of the time.
"""

from skrnn.kernels.compiling import kernel


@kernel("void(int32[::1], float32[:, ::1], float32[:, ::1])")
def add_rows(ids, rows, table):
    """Add each row to the row of `table` that its id names.

    Ids outside the table are skipped. TensorFlow raises an error for them, but may call this
    function first if the gradient does not depend on the rows that were looked up.
    """
    for i in range(len(ids)):
        if 0 <= ids[i] < len(table):
            to = table[ids[i]]
            row = rows[i]
            for j in range(len(row)):
                to[j] += row[j]
