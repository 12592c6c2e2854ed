"""The part of a graph that answers each step, and the ids beside the steps.

Steps stay where the caller has them, and what is after the last real one of a row is padding. One
more step of padding is appended, which gives room to a row without steps; it is cut off the answer.
"""

import numpy as np

from skrnn.onnx.inputs import SAMPLES, STEPS, checked_ids, mask


def id_input(graph, side_input):
    """Declare the input of a `SideInput` of ids and return it, int64, one step longer.

    Its shape is (n_samples, n_timesteps, width), and 0 is no id.
    """
    shape = [SAMPLES, STEPS, side_input.width]
    ids = checked_ids(graph, graph.input(side_input.name, np.int32, shape), side_input.n_ids)
    return graph.add("Pad", ids, np.array([0, 0, 0, 0, 1, 0]), np.int64(0))


def append_ids(graph, weights, x, ids, network):
    """Return vectors (n_timesteps, n_samples, width) with the summed vectors of ids behind them.

    Parameters
    ----------
    graph : Graph
        Where to write.
    weights : skrnn.onnx.layers.Weights
        The network's.
    x : str
        Vectors (n_timesteps, n_samples, width).
    ids : dict of str to str
        The ids by the names of the side inputs, from `id_input`.
    network : NetworkDescription
    """
    from skrnn.layers.ids import AppendIds

    for one in network.id_inputs:
        (table,) = weights.arrays(weights.take(f"append_{one.name}", AppendIds), "table")
        sums = _sums(graph, table, ids[one.name], f"table of {one.name}")
        x = graph.add("Concat", x, graph.add("Transpose", sums, perm=[1, 0, 2]), axis=2)
    return x


def join(graph, weights, x, columns):
    """Return states of steps with the columns of their row, and the layer that reads both.

    Parameters
    ----------
    graph : Graph
        Where to write.
    weights : skrnn.onnx.layers.Weights
        The network's.
    x : str
        States (n_timesteps, n_samples, n_units).
    columns : str
        Standardized, float32 of shape (n_samples, n_columns).
    """
    from skrnn.layers.evidence import JoinColumns
    from skrnn.network.description import JOIN

    kernel, bias = weights.arrays(weights.take(JOIN, JoinColumns), "kernel", "bias")
    kernel, bias = graph.constant(kernel, f"{JOIN}_kernel"), graph.constant(bias, f"{JOIN}_bias")
    steps = graph.add("Gather", graph.add("Shape", x), np.array([0]))
    shape = graph.add("Concat", steps, np.array([1, 1]), axis=0)
    both = graph.add("Concat", x, graph.add("Expand", columns, shape), axis=2)
    joined = graph.add("Add", graph.add("MatMul", both, kernel, name=JOIN), bias)
    return graph.add("Concat", both, graph.add("Relu", joined), axis=2)


def emissions(graph, weights, x, steps, ids, network):
    """Return the raw output of each step, float32 of shape (n_samples, n_timesteps, n_outputs).

    It is 0 behind the last step of a row.

    Parameters
    ----------
    graph : Graph
        Where to write.
    weights : skrnn.onnx.layers.Weights
        The network's.
    x : str
        States (n_timesteps, n_samples, n_units).
    steps : skrnn.onnx.inputs.Steps
    ids : dict of str to str
        The ids by the names of the side inputs, from `id_input`.
    network : NetworkDescription
    """
    from skrnn.backend.tensorflow import keras
    from skrnn.layers.ids import AddIdScores
    from skrnn.network.description import LOGITS

    name = network.raw_layer()
    kernel, bias = weights.arrays(weights.take(name, keras.layers.Dense), "kernel", "bias")
    kernel, bias = graph.constant(kernel, f"{name}_kernel"), graph.constant(bias, f"{name}_bias")
    # A runtime may leave any value after the end of a row.
    x = graph.add("Where", mask(graph, steps), x, np.float32(0))
    x = graph.add("Add", graph.add("MatMul", x, kernel, name=name), bias)
    x = graph.add("Transpose", x, perm=[1, 0, 2])
    for one in network.id_score_inputs:
        is_last = one is network.id_score_inputs[-1]
        layer = weights.take(LOGITS if is_last else f"add_{one.name}", AddIdScores)
        (scores,) = weights.arrays(layer, "scores")
        x = graph.add("Add", x, _sums(graph, scores, ids[one.name], f"scores of {one.name}"))
    is_step = graph.add("Less", graph.positions(steps.values, 1), steps.ends)
    is_step = graph.add("Unsqueeze", is_step, np.array([2]))
    x = graph.add("Where", is_step, x, np.float32(0))
    return graph.add("Slice", x, np.array([0]), np.array([-1]), np.array([1]))


def _sums(graph, table, ids, name):
    """Return the sums of the rows that ids name, (n_samples, n_timesteps, n_features)."""
    table = table.copy()
    table[0] = 0  # no id
    rows = graph.add(
        "Gather", graph.constant(table, name), ids, name=f"{name}, ids 0 to {len(table) - 1}"
    )
    return graph.add("ReduceSum", rows, np.array([2]), keepdims=0)
