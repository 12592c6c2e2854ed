"""onnxruntime predicting with the weights that PyTorch trained; padded or length-bucketed.

The graph is written node by node around ONNX's own LSTM with its `sequence_lens`, which a graph
exported from PyTorch would lack. It stops at each row's end, and `Y_h` is the last real state.
"""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from protocol import Stopwatch, serve
from reviews import Reviews, buckets


def make_graph(weights):
    """Return the network as a serialised ONNX model."""

    def gates(name):
        """Bring PyTorch's gates (in, forget, cell, out) to ONNX's order (in, out, forget, cell)."""
        i, f, g, o = np.split(weights[name], 4)
        return np.concatenate([i, o, f, g])

    bias = np.concatenate([gates("lstm.bias_ih_l0"), gates("lstm.bias_hh_l0")])
    constants = {
        "embedding": weights["embedding.weight"],
        "W": gates("lstm.weight_ih_l0")[None],
        "R": gates("lstm.weight_hh_l0")[None],
        "B": bias[None],
        "dense": weights["dense.weight"],
        "dense_bias": weights["dense.bias"],
        "directions": np.array([0]),
    }
    nodes = [
        helper.make_node("Gather", ["embedding", "ids"], ["x"]),
        helper.make_node(
            "LSTM",
            ["x", "W", "R", "B", "lengths"],
            ["", "states"],
            hidden_size=weights["lstm.weight_hh_l0"].shape[1],
        ),
        helper.make_node("Squeeze", ["states", "directions"], ["state"]),
        helper.make_node("Gemm", ["state", "dense", "dense_bias"], ["logits"], transB=1),
        helper.make_node("Sigmoid", ["logits"], ["probability"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "classifier",
        [
            value("ids", TensorProto.INT32, ["n_timesteps", "n_samples"]),
            value("lengths", TensorProto.INT32, ["n_samples"]),
        ],
        [value("probability", TensorProto.FLOAT, ["n_samples", 1])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    # An old enough format for any onnxruntime: the newest onnx may be ahead of it.
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


class Peer:
    """One session and the test reviews."""

    def prepare(self, path, weights, bucketed, predict_batch_size=128):
        """Make the graph; pad the reviews, unless each batch is padded on its own."""
        self.test = Reviews(path, "test")
        with np.load(weights) as file:
            weights = dict(file)
        self.expected = weights.pop("probability")
        self.session = onnxruntime.InferenceSession(
            make_graph(weights), providers=["CPUExecutionProvider"]
        )
        self.bucketed, self.batch_size = bucketed, predict_batch_size
        self.X = None if bucketed else self.test.padded("int32")

    def predict(self):
        """Predict the test reviews."""
        watch = Stopwatch()
        probability = np.empty(len(self.test), np.float32)
        lengths = self.test.lengths.astype(np.int32)
        for rows in self._batches():
            if self.bucketed:
                ids = self.test.padded("int32", rows, int(lengths[rows].max()))
            else:
                ids = self.X[rows]
            feed = {"ids": np.ascontiguousarray(ids.T), "lengths": lengths[rows]}
            probability[rows] = self.session.run(None, feed)[0][:, 0]
        seconds = watch.read()
        return {
            "seconds": seconds,
            "accuracy": self.test.accuracy(probability),
            "largest_difference": float(np.abs(probability - self.expected).max()),
        }

    def _batches(self):
        if self.bucketed:
            return buckets(self.test.lengths, self.batch_size)
        n = len(self.test)
        return [np.arange(i, min(i + self.batch_size, n)) for i in range(0, n, self.batch_size)]


if __name__ == "__main__":
    serve(Peer())
