"""Converting inputs in the graph to sequences and lengths, as :mod:`skrnn.sequences` does.

However the caller pads, after these nodes every row begins with its first real step and has at
least one, and the array is as wide as the longest row. If the estimator would raise an error, the
model fails, too: ONNX has no operator for that, but `Gather` must fail if an index is out of
bounds, and runtimes show the name of the node.
"""

from dataclasses import dataclass

import numpy as np

from skrnn.onnx.graph import ML
from skrnn.sequences import PADDING, UNKNOWN
from skrnn.sequences.columns import LARGEST_SCALED

SAMPLES, STEPS = "n_samples", "n_timesteps"


@dataclass(frozen=True)
class Steps:
    """Sequences in a graph, by the names of their tensors.

    Attributes
    ----------
    values : str
        Token ids int64 of shape (n_samples, n_timesteps), or float32 of shape (n_samples,
        n_timesteps, n_channels); padding is 0.
    lengths : str
        Number of real steps of each row, int64 of shape (n_samples, 1), at least 1.
    ends : str or None
        Where every step stays, the number of steps to answer, which may be 0.
    """

    values: str
    lengths: str
    ends: str | None = None


def token_input(graph, vocabulary_size, *, keeps_steps=False):
    """Declare the input "tokens" and return its `Steps`.

    Parameters
    ----------
    graph : Graph
        Where to write.
    vocabulary_size : int
    keeps_steps : bool
        Whether each step stays where it is, so that it has an answer of its own; see
        :mod:`skrnn.onnx.steps`.
    """
    tokens = checked_ids(graph, graph.input("tokens", np.int32, [SAMPLES, STEPS]), vocabulary_size)
    if not keeps_steps:
        return _token_steps(graph, tokens)
    tokens = graph.add("Pad", tokens, np.array([0, 0, 0, 1]), np.int64(PADDING))
    ends = up_to_last(graph, _is_token(graph, tokens))
    return Steps(tokens, graph.add("Max", ends, np.array([[1]])), ends)


def checked_ids(graph, ids, n_ids):
    """Return ids in int64, with such that are out of bounds where there is one below 0."""
    ids = graph.cast(ids, np.int64)
    # Gather counts negative indices from the end, so make them out of bounds on the other side.
    return graph.add("Where", graph.add("Less", ids, np.int64(0)), np.int64(n_ids), ids)


def up_to_last(graph, is_real):
    """Return the number of steps of each row up to its last real one."""
    number = graph.add("Add", graph.positions(is_real, 1), np.int64(1))
    number = graph.add("Where", is_real, number, np.int64(0))
    return graph.add("ReduceMax", number, axes=[1], keepdims=1)


def word_input(graph, vocabulary, max_length, truncate):
    """Declare the input "words" and return the `Steps` of their ids.

    Parameters
    ----------
    graph : Graph
        Where to write.
    vocabulary : dict of str to int
        The ids.
    max_length : int or None
        Longer rows are truncated to this.
    truncate : {"head", "tail", "both"}
        The end at which they are truncated.

    Returns
    -------
    Steps
    """
    words = graph.input("words", str, [SAMPLES, STEPS])
    tokens = graph.add(
        "LabelEncoder",
        words,
        name="vocabulary",
        domain=ML,
        keys_strings=["", *vocabulary],
        values_int64s=[PADDING, *vocabulary.values()],
        default_int64=UNKNOWN,
    )
    if max_length is not None:
        tokens = _truncated(graph, tokens, max_length, truncate)
    return _token_steps(graph, tokens)


def channel_input(graph, shape, scaler, *, keeps_steps=False):
    """Declare the input "channels" and return its `Steps`, scaled.

    Parameters
    ----------
    graph : Graph
        Where to write.
    shape : tuple
        () for a table of one channel, else (n_channels,).
    scaler : skrnn.sequences.ChannelScaler
        It computes in float64, and so does the graph.
    keeps_steps : bool
        As of `token_input`; a step without numbers is filled in.

    Returns
    -------
    Steps
    """
    x = graph.input("channels", np.float64, [SAMPLES, STEPS, *shape])
    if not shape:
        x = graph.add("Unsqueeze", x, np.array([2]))
    # One more step of padding, which becomes the step of zeros of a row without steps.
    x = graph.add("Pad", x, np.array([0, 0, 0, 0, 1, 0]), np.float64(np.nan))
    is_nan = graph.add("IsNaN", x)
    is_blank = graph.add("ReduceMin", graph.cast(is_nan, np.int32), axes=[2], keepdims=0)
    is_real = graph.add("Not", graph.cast(is_blank, np.bool_))
    if keeps_steps:
        ends = up_to_last(graph, is_real)
        is_real = graph.add("Less", graph.positions(is_real, 1), ends)
    is_bad = graph.add("IsInf", x)
    fill = np.zeros(1, np.float32)
    if scaler.scaling == "standard":
        x = graph.add("Div", graph.add("Sub", x, scaler.mean), scaler.divisor)
        if (scaler.n_numbers == 0).any():
            x = graph.add("Where", scaler.n_numbers == 0, np.float64(0), x)
        is_far = graph.add("Greater", graph.add("Abs", x), np.float64(LARGEST_SCALED))
        is_bad = graph.add("Or", is_bad, is_far)
    elif scaler.scaling == "series":
        x = _by_series(graph, x, is_nan)
    x = graph.cast(x, np.float32)
    if scaler.scaling is None:
        is_bad = graph.add("Or", is_bad, graph.add("IsInf", x))
        fill = scaler.mean.astype(np.float32)
        if (scaler.n_numbers == 0).any():  # no mean to fill in
            is_unknown = graph.add("And", is_nan, scaler.n_numbers == 0)
            is_unknown = graph.add("And", is_unknown, _for_channels(graph, is_real))
            is_bad = graph.add("Or", is_bad, is_unknown)
    is_bad = graph.cast(is_bad, np.int32)
    refused = graph.add("ReduceMax", is_bad, axes=[0, 1, 2], keepdims=0)
    no_more = graph.add("Gather", np.array([0]), refused, name="no infinite or far number")
    x = graph.add("Where", is_nan, fill, x)
    x = graph.add("Where", _for_channels(graph, is_real), x, np.float32(0))
    if keeps_steps:
        lengths = graph.add("Add", graph.add("Max", ends, np.array([[1]])), no_more)
        return Steps(x, lengths, ends)
    n_before, lengths = _ranks(graph, is_real)
    place = _for_channels(graph, _to_front(graph, is_real, n_before, lengths))
    place = graph.add("Expand", place, graph.add("Shape", x))
    x = graph.add("ScatterElements", x, place, x, axis=1)
    lengths = graph.add("Add", graph.add("Max", lengths, np.array([[1]])), no_more)
    return Steps(_as_wide_as_the_longest(graph, x, lengths), lengths)


def in_patches(graph, steps, size):
    """Return steps with each `size` consecutive ones as one, as :mod:`skrnn.sequences.patches`.

    Parameters
    ----------
    graph : Graph
        Where to write.
    steps : Steps
        Numeric.
    size : int

    Returns
    -------
    Steps
    """
    if size == 1:
        return steps
    # More zeros than needed: then only complete patches are kept.
    x = graph.add("Pad", steps.values, np.array([0, 0, 0, 0, size - 1, 0]), np.float32(0))
    longest = graph.add("Gather", graph.add("Shape", x), np.array([1]))
    complete = graph.add("Mul", graph.add("Div", longest, np.array([size])), np.array([size]))
    x = graph.add("Slice", x, np.array([0]), complete, np.array([1]))
    n_samples = graph.add("Gather", graph.add("Shape", x), np.array([0]))
    n_patches = graph.add("Div", complete, np.array([size]))
    shape = graph.add("Concat", n_samples, n_patches, np.array([-1]), axis=0)
    lengths = graph.add("Add", steps.lengths, np.int64(size - 1))
    return Steps(graph.add("Reshape", x, shape), graph.add("Div", lengths, np.array([size])))


def _for_channels(graph, tensor):
    """Return a tensor of steps with an axis of channels."""
    return graph.add("Unsqueeze", tensor, np.array([2]))


def _by_series(graph, x, is_nan):
    """Return each channel of each row, standardized by its own numbers, 0 if it is constant."""

    def mean_of(numbers):
        numbers = graph.add("Where", is_nan, np.float64(0), numbers)
        return graph.add("Div", graph.add("ReduceSum", numbers, np.array([1])), n)

    known = graph.cast(graph.add("Not", is_nan), np.float64)
    n = graph.add("Max", graph.add("ReduceSum", known, np.array([1])), np.float64(1))
    low = graph.add("Where", is_nan, np.float64(np.inf), x)
    low = graph.add("ReduceMin", low, axes=[1], keepdims=1)
    high = graph.add("Where", is_nan, np.float64(-np.inf), x)
    high = graph.add("ReduceMax", high, axes=[1], keepdims=1)
    varies = graph.add("Less", low, high)
    # Squares of large numbers would overflow.
    largest = graph.add("Max", graph.add("Abs", low), graph.add("Abs", high))
    x = graph.add("Div", x, graph.add("Where", varies, largest, np.float64(1)))
    x = graph.add("Sub", x, mean_of(x))
    x = graph.add("Sub", x, mean_of(x))
    scale = graph.add("Sqrt", mean_of(graph.add("Mul", x, x)))
    varies = graph.add("And", varies, graph.add("Greater", scale, np.float64(0)))
    x = graph.add("Div", x, graph.add("Where", varies, scale, np.float64(1)))
    return graph.add("Where", varies, x, np.float64(0))


def column_input(graph, scaler):
    """Declare the input "columns" and return the standardized numbers.

    Parameters
    ----------
    graph : Graph
        Where to write.
    scaler : skrnn.sequences.ColumnScaler

    Returns
    -------
    str
        float32 of shape (n_samples, n_columns).
    """
    columns = graph.input("columns", np.float64, [SAMPLES, len(scaler.names)])
    x = graph.add("Div", graph.add("Sub", columns, scaler.mean), scaler.scale)
    # NaN is not less than anything.
    is_valid = graph.add("Less", graph.add("Abs", x), np.float64(LARGEST_SCALED))
    is_bad = graph.cast(graph.add("Not", is_valid), np.int32)
    refused = graph.add("ReduceMax", is_bad, axes=[0, 1], keepdims=0)
    name = "no missing, infinite or far number in the columns"
    no_more = graph.add("Gather", np.array([0.0], np.float32), refused, name=name)
    return graph.add("Add", graph.cast(x, np.float32), no_more)


def mask(graph, steps):
    """Return whether a step is real, bool of shape (n_timesteps, n_samples, 1)."""
    is_real = graph.add("Less", graph.positions(steps.values, 1), steps.lengths)
    is_real = graph.add("Transpose", is_real, perm=[1, 0])
    return graph.add("Unsqueeze", is_real, np.array([2]))


def _token_steps(graph, tokens):
    """Drop all zeros; replace rows without known words by one unknown word."""
    # One more step of padding, so that even an array without columns has room for that word.
    tokens = graph.add("Pad", tokens, np.array([0, 0, 0, 1]), np.int64(PADDING))
    positions = graph.positions(tokens, 1)
    is_known = graph.cast(graph.add("Greater", tokens, np.int64(UNKNOWN)), np.int32)
    is_known = graph.cast(graph.add("ReduceMax", is_known, axes=[1], keepdims=1), np.bool_)
    is_first = graph.add("Equal", positions, np.int64(0))
    unknown = graph.add("Where", is_first, np.int64(UNKNOWN), np.int64(PADDING))
    tokens = graph.add("Where", is_known, tokens, unknown)
    is_real = _is_token(graph, tokens)
    n_before, lengths = _ranks(graph, is_real)
    place = _to_front(graph, is_real, n_before, lengths)
    tokens = graph.add("ScatterElements", tokens, place, tokens, axis=1)
    return Steps(_as_wide_as_the_longest(graph, tokens, lengths), lengths)


def _truncated(graph, tokens, max_length, truncate):
    """Replace the tokens that :func:`skrnn.text.rows.truncate_rows` drops by padding."""
    n_head = {"head": max_length, "tail": 0, "both": max_length - max_length // 2}[truncate]
    n_tail = max_length - n_head
    is_real = _is_token(graph, tokens)
    n_before, lengths = _ranks(graph, is_real)
    in_head = graph.add("LessOrEqual", n_before, np.int64(n_head))
    n_left = graph.add("Sub", lengths, n_before)
    in_tail = graph.add("Less", n_left, np.int64(n_tail))
    is_kept = graph.add("And", is_real, graph.add("Or", in_head, in_tail))
    return graph.add("Where", is_kept, tokens, np.int64(PADDING))


def _is_token(graph, tokens):
    return graph.add("Not", graph.add("Equal", tokens, np.int64(PADDING)))


def _ranks(graph, is_real):
    """Return the number of real steps up to each, and the number in each row."""
    real = graph.cast(is_real, np.int64)
    n_before = graph.add("CumSum", real, np.int64(1))
    return n_before, graph.add("ReduceSum", real, np.array([1]))


def _to_front(graph, is_real, n_before, lengths):
    """Return the places at which real steps are in front, and padding behind, in their order."""
    to_front = graph.add("Sub", n_before, np.int64(1))
    positions = graph.positions(is_real, 1)
    to_back = graph.add("Add", lengths, graph.add("Sub", positions, n_before))
    return graph.add("Where", is_real, to_front, to_back)


def _as_wide_as_the_longest(graph, x, lengths):
    longest = graph.add("ReduceMax", lengths, axes=[0], keepdims=0)
    return graph.add("Slice", x, np.array([0]), longest, np.array([1]))
