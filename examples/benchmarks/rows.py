"""Rows of the table of `speed.py`, and the limit of the machine."""

from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class Row:
    """One library with one network.

    Parameters
    ----------
    peer : str
        Short name, for results and ``--peers``.
    cell : str
        "lstm", "gru", "rnn" or "bilstm".
    title : str
        Name in the table.
    environment, script : str
        The environment and the script of the process.
    trains : bool
        Whether there is an epoch to time.
    settings : dict
        Additional arguments of the peer's `prepare`.
    variables : dict
        Environment variables of its process.
    """

    peer: str
    cell: str
    title: str
    environment: str
    script: str
    trains: bool = True
    settings: dict = field(default_factory=dict)
    variables: dict = field(default_factory=dict)


CELLS = {
    "lstm": "LSTM",
    "gru": "GRU",
    "rnn": "SimpleRNN",
    "bilstm": "bidirectional LSTM",
}
OURS, KERAS = "skrnn", "keras"
OURS_TENSORFLOW = "skrnn-tensorflow"


def _for_cell(cell):
    return [
        Row(OURS, cell, "skrnn.RNNClassifier", "skrnn", "ours", settings={"cell": cell}),
        Row(
            OURS_TENSORFLOW,
            cell,
            "the same without Numba",
            "skrnn",
            "ours",
            settings={"cell": cell},
            variables={"SKRNN_ENGINE": "tensorflow"},
        ),
        Row(KERAS, cell, "Keras, padded", "keras", "keras_padded", settings={"cell": cell}),
    ]


ROWS = [
    *_for_cell("lstm"),
    Row("scikeras", "lstm", "scikeras, padded", "scikeras", "scikeras_padded"),
    Row("torch", "lstm", "PyTorch by hand, padded", "torch", "torch_padded"),
    Row("skorch", "lstm", "skorch, padded", "skorch", "skorch_padded"),
    # Before onnxruntime, which uses its weights.
    Row("torch-bucketed", "lstm", "PyTorch by hand, bucketed", "torch", "torch_bucketed"),
    Row(
        "onnx",
        "lstm",
        "onnxruntime, padded",
        "onnxruntime",
        "onnx_predict",
        trains=False,
        settings={"bucketed": False},
    ),
    Row(
        "onnx-bucketed",
        "lstm",
        "onnxruntime, bucketed",
        "onnxruntime",
        "onnx_predict",
        trains=False,
        settings={"bucketed": True},
    ),
    *_for_cell("gru"),
    *_for_cell("rnn"),
    *_for_cell("bilstm"),
]


# Number of weight matrices in a cell, times the number of directions.
_GATES = {"lstm": 4, "gru": 3, "rnn": 1, "bilstm": 8}


def gflop(cell, n_tokens, *, train, embedding_dim=64, units=64):
    """Return the GFLOP of the matrix products that every implementation needs.

    These are x.W and h.U for every real token. Training also needs the gradients of both factors,
    which makes three times as many. Embedding, dense layer, elementwise operations and the
    optimizer are not counted.
    """
    per_token = 2 * (embedding_dim + units) * _GATES[cell] * units
    return (3 if train else 1) * n_tokens * per_token / 1e9


# Targets: title, cell, "train" or "predict", the peers of which the fastest is compared (or the
# limit), and the required ratio.
BARS = [
    ("LSTM epoch", "lstm", "train", ["keras", "scikeras"], 4),
    ("LSTM epoch", "lstm", "train", ["torch-bucketed"], 1.5),
    ("LSTM epoch", "lstm", "train", ["limit"], 0.45),
    ("GRU epoch", "gru", "train", ["keras"], 4),
    ("bidirectional LSTM epoch", "bilstm", "train", ["keras"], 4),
    ("LSTM predict", "lstm", "predict", ["keras", "scikeras"], 5),
    ("LSTM predict", "lstm", "predict", ["torch-bucketed"], 1),
    ("LSTM epoch on whole reviews", "whole lstm", "train", ["keras"], 12),
]
# Targets outside the epochs: key, title in the table, maximum seconds.
OVERHEADS = [
    ("import", "`import skrnn`", 0.3),
    ("import_classifier", "`from skrnn import RNNClassifier`, after that", None),
    ("load_tensorflow", "loading TensorFlow and Keras, once a process", None),
    ("first_batch", "from `fit()` to the end of the first batch", 3),
    ("one_batch_fit", "`fit` on one batch of reviews, first in a process", None),
    ("one_batch_fit_again", "the same with a second estimator", None),
    ("ten_rows", "`predict` of 10 reviews, first of an architecture", None),
    ("ten_rows_again", "the same again", 0.02),
]
