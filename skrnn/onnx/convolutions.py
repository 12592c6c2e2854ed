"""The linear model of convolutions in the graph, as in :mod:`skrnn.convolutions`.

The steps are rounded to the same integers, whose sums are exact in float32 in any order, so the
graph counts the same steps as skrnn. Levels are summed in float64.
"""

from itertools import groupby

import numpy as np

from skrnn.convolutions.grid import LARGEST, STEPS
from skrnn.convolutions.kernels import N_TAPS
from skrnn.convolutions.summaries import n_segments


def convolution_scores(graph, model, steps):
    """Return the scores of rows, float32 of shape (n_samples, n_outputs).

    Parameters
    ----------
    graph : Graph
        Where to write.
    model : skrnn.convolutions.ConvolutionModel
        Fitted.
    steps : skrnn.onnx.inputs.Steps
        The channels as the network reads them.
    """
    arrays = model.to_arrays()
    x = graph.cast(steps.values, np.float64)
    x = graph.add("Div", graph.add("Sub", x, arrays["mean"]), arrays["scale"])
    x = graph.add("Clip", x, np.float64(-LARGEST), np.float64(LARGEST))
    x = graph.add("Round", graph.add("Mul", x, np.float64(STEPS)))
    place = graph.positions(x, 1)
    is_real = graph.add("Less", place, steps.lengths)  # (n_samples, n_timesteps)
    # Padding is 0, which the grid may have moved.
    x = graph.add("Where", graph.add("Unsqueeze", is_real, np.array([2])), x, np.float64(0))
    n_channels = len(arrays["mean"])
    features = [*_shares(graph, model._convolutions, x, place, is_real, steps.lengths, n_channels)]
    features += _summaries(graph, x, place, is_real, steps.lengths, n_channels)
    features = graph.add("Concat", *features, axis=1)
    coef = graph.constant(arrays["coef"].T.astype(np.float64), "convolution_weights")
    scores = graph.add("Add", graph.add("MatMul", features, coef), arrays["intercept"])
    return graph.cast(scores, np.float32)


def _shares(graph, plan, x, place, is_real, lengths, n_channels):
    """Yield shares of steps above thresholds, (n_samples, n_features_of_part), in their order."""
    channels_first = graph.cast(graph.add("Transpose", x, perm=[0, 2, 1]), np.float32)
    n_biases = np.diff(plan.biases_end, prepend=0)
    runs = groupby(range(len(n_biases)), lambda i: (plan.dilation[i], n_biases[i]))
    for (d, n_own), own in runs:
        own = list(own)
        d = int(d)
        kernel = plan.kernels(own, n_channels).astype(np.float32)
        yield _of_one_dilation(
            graph, plan, kernel, channels_first, place, is_real, lengths, own, d, n_own
        )


def _of_one_dilation(graph, plan, kernel, x, place, is_real, lengths, own, d, n_own):
    found = graph.add("Conv", x, kernel, dilations=[d], pads=[4 * d, 4 * d], kernel_shape=[N_TAPS])
    # (n_samples, n_convolutions, n_timesteps): the steps that count.
    rest = graph.add("Sub", lengths, np.int64(4 * d))
    is_inside = graph.add(
        "And",
        graph.add("Less", np.int64(4 * d - 1), place),
        graph.add("Less", place, rest),
    )
    is_long = graph.add("Less", np.int64(8 * d), lengths)
    only_inside = graph.add("And", is_long, (plan.inside[own] == 1)[np.newaxis])
    only_inside = graph.add("Unsqueeze", only_inside, np.array([2]))
    is_inside = graph.add("Unsqueeze", is_inside, np.array([1]))
    is_real = graph.add("Unsqueeze", is_real, np.array([1]))
    counts = graph.add("And", is_real, graph.add("Or", is_inside, graph.add("Not", only_inside)))
    biases = np.stack([plan.biases[plan.biases_of(i)] for i in own]).astype(np.float32)
    is_above = graph.add(
        "Greater", graph.add("Unsqueeze", found, np.array([2])), biases[:, :, np.newaxis]
    )
    is_above = graph.add("And", is_above, graph.add("Unsqueeze", counts, np.array([2])))
    n_above = graph.add("ReduceSum", graph.cast(is_above, np.float32), np.array([3]), keepdims=0)
    n_all = graph.add("ReduceSum", graph.cast(counts, np.float32), np.array([2]), keepdims=1)
    shares = graph.add("Div", graph.cast(n_above, np.float64), graph.cast(n_all, np.float64))
    return graph.add("Reshape", shares, np.array([0, len(own) * int(n_own)]))


def _summaries(graph, x, place, is_real, lengths, n_channels):
    """Return the features of levels, each (n_samples, its width), in their order."""
    add = graph.add
    x = add("Div", x, np.float64(STEPS))  # (n_samples, n_timesteps, n_channels), padding is 0
    n = graph.cast(lengths, np.float64)  # (n_samples, 1)
    real = add("Unsqueeze", is_real, np.array([2]))
    over_steps = np.array([1])

    def total(values):
        return add("ReduceSum", values, over_steps, keepdims=0)

    def at(condition):  # the value of the one step where it holds
        return total(add("Where", add("Unsqueeze", condition, np.array([2])), x, np.float64(0)))

    mean = add("Div", total(x), n)
    square = add("Sub", add("Div", total(add("Mul", x, x)), n), add("Mul", mean, mean))
    spread = add("Sqrt", add("Max", square, np.float64(0)))
    low = add("ReduceMin", add("Where", real, x, np.float64(np.inf)), axes=[1], keepdims=0)
    high = add("ReduceMax", add("Where", real, x, np.float64(-np.inf)), axes=[1], keepdims=0)
    last_place = add("Sub", lengths, np.int64(1))
    is_last = add("Equal", place, last_place)
    first = at(add("Equal", place, np.zeros((1, 1), np.int64)))
    # Twice the distance from the middle of the row.
    t = graph.cast(place, np.float64)
    distance = add("Sub", add("Mul", t, np.float64(2)), graph.cast(last_place, np.float64))
    moment = total(add("Mul", x, add("Unsqueeze", distance, np.array([2]))))
    norm = add("Mul", n, add("Sub", add("Mul", n, n), np.float64(1)))
    norm = add("Max", add("Div", norm, np.float64(3)), np.float64(1))
    before_last = graph.cast(last_place, np.float64)
    slope = add("Mul", add("Div", moment, norm), add("Mul", before_last, np.float64(2)))
    following = add("Slice", x, np.array([1]), np.array([2**31 - 1]), np.array([1]))
    following = add("Pad", following, np.array([0, 0, 0, 0, 1, 0]), np.float64(0))
    change = add("Abs", add("Sub", following, x))
    has_next = add("Unsqueeze", add("Less", place, last_place), np.array([2]))
    change = total(add("Where", has_next, change, np.float64(0)))
    change = add("Div", change, add("Max", before_last, np.float64(1)))
    parts = [add("Log", n), mean, spread, low, high, first, at(is_last), slope, change]
    return [*parts, _segments(graph, x, t, n, n_segments(n_channels), n_channels)]


def _segments(graph, x, t, n, count, n_channels):
    """Return the means of segments, (n_samples, n_segments * n_channels)."""
    add = graph.add
    number = np.arange(count, dtype=np.float64)[:, np.newaxis]  # (n_segments, 1)
    n = add("Unsqueeze", n, np.array([2]))  # (n_samples, 1, 1)
    begins = add("Mul", t, np.float64(count))
    ends = add("Add", begins, np.float64(count))
    low = add("Max", begins, add("Mul", n, number))
    high = add("Min", ends, add("Mul", n, number + 1))
    # What each step has of each segment, (n_samples, n_segments, n_timesteps).
    overlap = add("Max", add("Sub", high, low), np.float64(0))
    means = add("MatMul", add("Div", overlap, n), x)
    return add("Reshape", means, np.array([0, count * n_channels]))
