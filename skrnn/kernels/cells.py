"""The cells by name.

A cell is a module with what its loops need: `activate` and `activate_back`, which turn the sums
of its gates into states and back; ``X_GATES`` and ``H_GATES``, Keras's gates in the order of the
columns that take part of the input and of the state; ``FIRST_H``, the first column that takes part
of the state; and the numbers of columns, ``N_GATES``, ``N_STATES`` and, on the tape, ``N_TAPE``.
"""


def cell_of(name):
    """Return the module of a cell: "lstm", "gru", or "rnn", which is also called "simple_rnn"."""
    if name == "lstm":
        from skrnn.kernels import lstm

        return lstm
    if name == "gru":
        from skrnn.kernels import gru

        return gru
    if name in ("rnn", "simple_rnn"):
        from skrnn.kernels import simple_rnn

        return simple_rnn
    raise ValueError(f"There are no kernels for the cell {name!r}.")
