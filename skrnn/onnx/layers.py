"""Writing the network of :func:`skrnn.build_network` to a graph, layer by layer.

ONNX's recurrent operators read arrays whose first axis is time, and take the length of each row:
they stop at the end of a row, or start there when they read backwards. Steps after the end are
never read, and pooling ignores them as :mod:`skrnn.layers.pooling` does. The weights are those of
Keras, with the gates in ONNX's order.
"""

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.onnx.inputs import mask

# Index of each of ONNX's gates in Keras's order: i, o, f, c from i, f, c, o; z, r, h in both.
_GATES = {"lstm": [0, 3, 1, 2], "gru": [0, 1, 2], "rnn": [0]}
_OPERATORS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}


class Weights:
    """The layers of a network by name, with a check of the class of each.

    Parameters
    ----------
    model : keras.Model
        The network, or one of several.
    """

    def __init__(self, model):
        from skrnn.backend.tensorflow import keras
        from skrnn.layers.dropout import WordDropout

        layers = keras.layers
        # Layers without effect on predictions, and the last activation, which the outputs replace.
        passes = (
            layers.InputLayer,
            layers.Activation,
            layers.Dropout,
            layers.SpatialDropout1D,
            WordDropout,
        )
        self.left = {layer.name: layer for layer in model.layers if type(layer) not in passes}
        for layer in self.left.values():
            policy = layer.dtype_policy.name
            if policy != "float32":
                raise InvalidInputError(
                    f"to_onnx cannot express the layer {layer.name!r} of model_, which computes in "
                    f"{policy}; ONNX models compute in float32. Fit with Keras's default "
                    "precision, keras.config.set_dtype_policy('float32')."
                )

    def take(self, name, kind):
        """Return the layer of this name, which must have exactly this class."""
        layer = self.left.get(name)
        if type(layer) is not kind:
            self._refuse(name, layer, f"but expects a {kind.__name__} of that name")
        del self.left[name]
        return layer

    def check_all_taken(self):
        """Raise ValueError if the network has layers that are not in the graph."""
        for name, layer in self.left.items():
            self._refuse(name, layer, "which build_network does not create")

    def pass_behind(self, name, layers):
        """Leave out the layers behind one: the head writes what they do."""
        names = [layer.name for layer in layers]
        for behind in names[names.index(name) + 1 :]:
            self.left.pop(behind, None)

    def arrays(self, layer, *names):
        """Return the weights of a layer, which must have these and no others."""
        found = {weight.name: weight.numpy() for weight in layer.weights}
        if set(found) != set(names):
            raise InvalidInputError(
                f"to_onnx cannot express the layer {layer.name!r} of model_: it has the weights "
                f"{sorted(found)} instead of {sorted(names)}. Export an estimator whose model_ has "
                "the layers that fit has made; only the values of weights may be changed."
            )
        return [found[name].astype(np.float32) for name in names]

    def _refuse(self, name, layer, why):
        got = "no layer" if layer is None else f"the layer {name!r} ({type(layer).__name__})"
        raise InvalidInputError(
            f"to_onnx cannot express {got} in model_, {why}. Export an estimator whose model_ has "
            "the layers that fit has made; only the values of weights may be changed."
        )


def embed(graph, weights, steps, evidence):
    """Return the vectors of token ids, float32 of shape (n_timesteps, n_samples, width).

    Parameters
    ----------
    graph : Graph
        Where to write.
    weights : Weights
        The network's.
    steps : Steps
        Token ids.
    evidence : str or None
        N-gram scores at each step, (n_samples, n_timesteps, n_outputs).

    Returns
    -------
    str
    """
    from skrnn.layers import Embedding
    from skrnn.layers.evidence import AppendEvidence
    from skrnn.network.description import EMBEDDING

    (embeddings,) = weights.arrays(weights.take(EMBEDDING, Embedding), "embeddings")
    tokens = graph.add("Transpose", steps.values, perm=[1, 0])
    name = f"embedding of the ids 0 to {len(embeddings) - 1}"
    x = graph.add("Gather", graph.constant(embeddings, EMBEDDING), tokens, name=name)
    if evidence is None:
        return x
    weights.arrays(weights.take("append_evidence", AppendEvidence))
    evidence = graph.add("Transpose", evidence, perm=[1, 0, 2])
    return graph.add("Concat", x, evidence, axis=2)


def mask_channels(graph, weights, steps):
    """Return numeric steps, float32 of shape (n_timesteps, n_samples, n_channels)."""
    from skrnn.layers.masking import NaNMasking

    weights.arrays(weights.take("nan_masking", NaNMasking))
    return graph.add("Transpose", steps.values, perm=[1, 0, 2])


def recurrent_stack(graph, weights, x, steps, network):
    """Return the states of the last recurrent layer.

    Parameters
    ----------
    graph : Graph
        Where to write.
    weights : Weights
        The network's.
    x : str
        Vectors (n_timesteps, n_samples, width).
    steps : Steps
        Gives the lengths.
    network : NetworkDescription

    Returns
    -------
    str
        The state after each step (n_timesteps, n_samples, n_units), or, if the network pools by
        "last", that after the last step (n_samples, n_units).
    """
    from skrnn.backend.tensorflow import keras
    from skrnn.network.encoder import CELLS

    cell = network.cell
    lengths = graph.cast(graph.add("Squeeze", steps.lengths, np.array([1])), np.int32)
    for one in network.recurrent_layers():
        name, width = one.name, one.units
        if len(one.directions) > 1:
            both = weights.take(name, keras.layers.Bidirectional)
            layers = [both.forward_layer, both.backward_layer]
        else:
            layers = [weights.take(name, CELLS[cell])]
        arrays = [_recurrent_weights(cell, weights, layer) for layer in layers]
        kernel, recurrent, bias = (np.stack(of_both) for of_both in zip(*arrays, strict=True))
        every_step = one.every_step
        y = graph.add(
            _OPERATORS[cell],
            x,
            graph.constant(kernel, f"{name}_kernel"),
            graph.constant(recurrent, f"{name}_recurrent_kernel"),
            graph.constant(bias, f"{name}_bias"),
            lengths,
            name=name,
            n_outputs=(True,) if every_step else (False, True),
            hidden_size=width,
            direction="bidirectional" if len(layers) == 2 else "forward",
            # Keras's GRU resets what the state contributes, not the state; see skrnn.layers.GRU.
            **({"linear_before_reset": 1} if cell == "gru" else {}),
        )
        # From (..., n_directions, n_samples, n_units) to both directions' units side by side.
        if every_step:
            x = graph.add("Transpose", y, perm=[0, 2, 1, 3])
            x = graph.add("Reshape", x, np.array([0, 0, len(layers) * width]))
        else:
            x = graph.add("Transpose", y, perm=[1, 0, 2])
            x = graph.add("Reshape", x, np.array([0, len(layers) * width]))
    return x


def _recurrent_weights(cell, weights, layer):
    """Return ONNX's W (n_gates * units, n_features), R (n_gates * units, units) and B."""
    kernel, recurrent, bias = weights.arrays(layer, "kernel", "recurrent_kernel", "bias")
    # One bias for x, one for the state; only the GRU has both.
    bias = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])

    def gates(array):
        parts = np.split(array, len(_GATES[cell]), axis=-1)
        return np.concatenate([parts[i] for i in _GATES[cell]], axis=-1)

    return gates(kernel).T, gates(recurrent).T, gates(bias).ravel()


def pool(graph, weights, x, steps, network):
    """Return one vector for each row, (n_samples, n_units), from the states of all steps."""
    from skrnn.layers.pooling import AttentionPooling, MaskedMaxPooling, MaskedMeanPooling

    name = network.pooling_layer()
    if name is None:
        return x
    is_real = mask(graph, steps)
    if name == "max_pooling":
        weights.arrays(weights.take(name, MaskedMaxPooling))
        x = graph.add("Where", is_real, x, np.float32(-3.0e38))
        return graph.add("ReduceMax", x, axes=[0], keepdims=0)
    if name == "mean_pooling":
        weights.arrays(weights.take(name, MaskedMeanPooling))
        x = graph.add("Where", is_real, x, np.float32(0))
        total = graph.add("ReduceSum", x, np.array([0]), keepdims=0)
        return graph.add("Div", total, graph.cast(steps.lengths, np.float32))
    layer = weights.take(name, AttentionPooling)
    kernel, bias, query = weights.arrays(layer, "kernel", "bias", "query")
    kernel = graph.constant(kernel, "attention_kernel")
    query = graph.constant(query, "attention_query")
    relevance = graph.add("Add", graph.add("MatMul", x, kernel), bias)
    scores = graph.add("MatMul", graph.add("Tanh", relevance), query)
    scores = graph.add("Where", is_real, scores, np.float32(-1e30))
    share = graph.add("Softmax", scores, axis=0)
    # A runtime may leave any value after the end of a row; zero times NaN would not be zero.
    x = graph.add("Where", is_real, x, np.float32(0))
    return graph.add("ReduceSum", graph.add("Mul", share, x), np.array([0]), keepdims=0)


def join(graph, weights, x, columns):
    """Return pooled states, columns, and the layer that reads both, side by side.

    Parameters
    ----------
    graph : Graph
        Where to write.
    weights : Weights
        The network's.
    x : str
        Pooled states.
    columns : str
        Standardized, float32 of shape (n_samples, n_columns).

    Returns
    -------
    str
    """
    from skrnn.layers.evidence import JoinColumns
    from skrnn.network.description import JOIN

    kernel, bias = weights.arrays(weights.take(JOIN, JoinColumns), "kernel", "bias")
    kernel, bias = graph.constant(kernel, f"{JOIN}_kernel"), graph.constant(bias, f"{JOIN}_bias")
    both = graph.add("Concat", x, columns, axis=1)
    joined = graph.add("Relu", graph.add("Gemm", both, kernel, bias, name=JOIN))
    return graph.add("Concat", both, joined, axis=1)


def logits(graph, weights, x, scores, network):
    """Return the network's output before its activation, (n_samples, n_outputs).

    Parameters
    ----------
    graph : Graph
        Where to write.
    weights : Weights
        The network's.
    x : str
        Pooled states.
    scores : str or None
        N-gram scores of each row.
    network : NetworkDescription

    Returns
    -------
    str
    """
    from skrnn.backend.tensorflow import keras
    from skrnn.layers.evidence import AddScores
    from skrnn.network.description import LOGITS

    name = network.raw_layer()
    kernel, bias = weights.arrays(weights.take(name, keras.layers.Dense), "kernel", "bias")
    kernel, bias = graph.constant(kernel, f"{name}_kernel"), graph.constant(bias, f"{name}_bias")
    x = graph.add("Gemm", x, kernel, bias, name=name)
    if scores is None:
        return x
    (weight,) = weights.arrays(weights.take(LOGITS, AddScores), "weight")
    return graph.add("Add", x, graph.add("Mul", weight, scores))
