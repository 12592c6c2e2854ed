"""Models with skrnn's layers, exported and served by a process that has TensorFlow only."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from skrnn.backend.tensorflow import keras, tf
from skrnn.kernels.engine import engine
from skrnn.layers import LSTM, Embedding, SimpleRNN
from skrnn.layers.engine import runs_here

IDS = np.array([[2, 3, 4, 5], [6, 7, 0, 0]], np.int32)

SERVE = """
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
found = []
for path in sys.argv[2:]:
    function = tf.saved_model.load(path).signatures["serving_default"]
    (name,) = function.structured_input_signature[1]
    (answer,) = function(**{name: tf.constant(json.loads(sys.argv[1]), tf.int32)}).values()
    found.append(answer.numpy().tolist())
assert "skrnn" not in sys.modules and "numba" not in sys.modules
print(json.dumps(found))
"""


def make():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None,), dtype="int32", name="ids")
    x = Embedding(10, 3, mask_zero=True)(inputs)
    x = keras.layers.Bidirectional(LSTM(2, return_sequences=True))(x)
    x = SimpleRNN(2)(x)
    return keras.Model(inputs, keras.layers.Dense(1)(x))


def by_export(model, path):
    model.export(path, verbose=False)


def by_archive(model, path):
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serving_default",
        lambda x: model.call(x, training=False),
        input_signature=[tf.TensorSpec((None, None), tf.int32)],
    )
    archive.write_out(path, verbose=False)


def by_training_endpoint(model, path):
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serving_default",
        lambda x: model.call(x, training=True),
        input_signature=[tf.TensorSpec((None, None), tf.int32)],
    )
    archive.write_out(path, verbose=False)


def by_tensorflow(model, path):
    tf.saved_model.save(model, path)


def by_traced_function(model, path):
    """Save a function that has run before."""
    module = tf.Module()
    module.model = model

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)], autograph=False)
    def serve(ids):
        return {"answer": model(ids, training=False)}

    serve(IDS)
    module.serve = serve
    tf.saved_model.save(module, path, signatures=serve)


EXPORTS = {
    one.__name__: one
    for one in (by_export, by_archive, by_training_endpoint, by_tensorflow, by_traced_function)
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Return a model's answers, and those of a process that serves its exports."""
    folder, model = tmp_path_factory.mktemp("exports"), make()
    # Programs of this process, which use the kernels, are there before.
    wanted = model.predict(IDS, verbose=0)
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(IDS, np.zeros((2, 1)), verbose=0)
    model.set_weights(before)
    for name, export in EXPORTS.items():
        export(model, str(folder / name))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", SERVE, json.dumps(IDS.tolist())]
        + [str(folder / name) for name in EXPORTS],
        cwd=folder,
        env=environment | {"PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return wanted, dict(zip(EXPORTS, json.loads(done.stdout), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPORTS)
def test_another_process_serves_it(name, served):
    """Fails if the graph calls Python, which only the process that made it can answer."""
    wanted, found = served
    np.testing.assert_allclose(found[name], wanted, rtol=1e-5, atol=1e-6)


def operations(function):
    graph = function.graph.as_graph_def()
    nodes = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
    return {node.op for node in nodes}


@pytest.mark.slow
def test_the_estimators_network(tmp_path):
    """Fails if model_ of a fitted estimator is exported with the kernels of this process."""
    from bare import ESTIMATOR

    from skrnn import RNNClassifier

    X, y = [[2, 3, 4], [5, 6, 7]] * 4, [0, 1] * 4
    estimator = RNNClassifier(
        **{**ESTIMATOR, "ngram_range": (1, 1)}, units=2, embedding_dim=2, epochs=1, random_state=0
    )
    estimator.fit(X, y).model_.export(tmp_path / "model", verbose=False)
    served = tf.saved_model.load(tmp_path / "model").signatures["serving_default"]
    assert not operations(served) & {"PyFunc", "EagerPyFunc", "PyFuncStateless"}


@pytest.mark.slow
def test_this_process_keeps_its_kernels():
    """Fails if training, evaluation and prediction here lose the faster loop."""
    if engine() != "numba":
        pytest.skip("needs Numba")
    model = make()
    model.compile("sgd", "mse")
    model.fit(IDS, np.zeros((2, 1)), verbose=0)
    model.predict(IDS, verbose=0)
    model.evaluate(IDS, np.zeros((2, 1)), verbose=0)
    spec = tf.TensorSpec((None, None), tf.int32)
    trained = tf.function(lambda ids: model(ids, training=True)).get_concrete_function(spec)
    asked = tf.function(lambda ids: model(ids, training=False)).get_concrete_function(spec)
    assert "PyFuncStateless" in operations(trained)
    assert "PyFuncStateless" not in operations(asked)
    assert runs_here(is_training=False)  # without a graph
    seen = []

    class Look(keras.layers.Layer):
        def call(self, x):
            seen.append(runs_here(is_training=False))
            return x

    inputs = keras.Input((3,))
    looking = keras.Model(inputs, Look()(inputs))
    looking.compile("sgd", "mse")
    for use in (looking.predict_on_batch, lambda x: looking.test_on_batch(x, x)):
        seen.clear()
        use(np.zeros((1, 3), np.float32))
        assert seen and all(seen)


@pytest.mark.slow
def test_a_keras_file_needs_the_layers(tmp_path):
    """Fails if a process without skrnn reads a file of its layers as something else."""
    make().save(tmp_path / "model.keras")
    code = (
        "import os, sys; os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'; import keras\n"
        "try:\n    keras.models.load_model(sys.argv[1])\n"
        "except TypeError as error:\n    print('Embedding' in str(error))\n"
        "import skrnn.layers\n"
        "print(len(keras.models.load_model(sys.argv[1]).layers))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model.keras")],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["True", "5"], done.stderr[-2000:]
