"""What a process may have done to TensorFlow before the first fit: said first, or of no effect."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bare import ESTIMATOR

from skrnn import RNNClassifier, explain, load, save
from skrnn.exceptions import SkrnnError, TensorFlowError

ROOT = Path(__file__).parent.parent.parent
X = [[2 + (7 * i + 3 * t) % 9 for t in range(3 + i % 5)] for i in range(24)]
Y = [i % 2 for i in range(24)]


def small(**parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 2, "embedding_dim": 2, "epochs": 1}
    return RNNClassifier(**{**settings, "random_state": 0, **parameters})


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("state") / "model.skrnn"
    save(small().fit(X, Y), path)
    return path


USES = {
    "fit": lambda path: small().fit(X, Y),
    "partial_fit": lambda path: load(path).partial_fit(X, Y),
    "fit_chunks": lambda path: small(vocabulary_size=20).fit_chunks([(X, Y)]),
    "model_": lambda path: load(path).model_,
    "build_network": lambda path: __import__("skrnn").build_network(units=2),
    "explain": lambda path: explain(load(path), X[:1], method="integrated_gradients"),
}


def in_graph(use, path):
    from skrnn.backend.tensorflow import tf

    with tf.Graph().as_default():
        return use(path)


def in_function(use, path):
    from skrnn.backend.tensorflow import tf

    @tf.function(autograph=False)
    def run():
        use(path)

    run()


def in_session(use, path):
    from skrnn.backend.tensorflow import tf

    with tf.compat.v1.Session(graph=tf.Graph()):
        return use(path)


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("place", [in_graph, in_function, in_session])
def test_inside_a_graph(place, name, saved):
    """Fails if the error is one of Keras's insides, or comes after the work."""
    with pytest.raises(TensorFlowError, match=r"tf\.Graph.*tf\.function.*outside"):
        place(USES[name], saved)


@pytest.mark.parametrize("place", [in_graph, in_session])
def test_predictions_inside_a_graph(place, saved):
    """Fails if a prediction, which needs no TensorFlow, is refused with it."""
    wanted = load(saved).predict_proba(X)
    np.testing.assert_array_equal(place(lambda path: load(path).predict_proba(X), saved), wanted)


def test_an_estimator_is_unchanged(saved):
    """Fails if what was fitted is lost when it cannot be trained further."""
    found = load(saved)
    before = vars(found).copy()
    with pytest.raises(TensorFlowError):
        in_graph(lambda path: found.partial_fit(X, Y), saved)
    assert vars(found) == before
    found.partial_fit(X, Y)


@pytest.mark.slow
def test_functions_that_run_eagerly():
    """Fails if a process that debugs its own functions cannot fit, or gets another result."""
    from skrnn.backend.tensorflow import tf

    wanted = small(dropout=0.3).fit(X, Y).predict_proba(X)
    tf.config.run_functions_eagerly(True)
    try:
        found = small(dropout=0.3, batch_size="auto").fit(X, Y)
    finally:
        tf.config.run_functions_eagerly(False)
    np.testing.assert_allclose(found.predict_proba(X), wanted, rtol=1e-5)


OFF = """
import sys
import tensorflow as tf
tf.compat.v1.{call}()
from skrnn import RNNClassifier, load
model = load(sys.argv[1])
X = [[2, 3], [4, 5]]
print(model.predict(X).shape)
for use in (lambda: model.model_, lambda: RNNClassifier(units=2).fit(X, [0, 1]),
            lambda: model.partial_fit(X, [0, 1])):
    try:
        use()
    except Exception as error:
        print(type(error).__name__, error)
"""


@pytest.mark.parametrize("call", ["disable_eager_execution", "disable_v2_behavior"])
@pytest.mark.reliability
def test_eager_execution_that_is_off(call, saved):
    """Fails if the error does not say so, or predictions need what is off."""
    lines = run(OFF.format(call=call), saved).splitlines()
    assert lines[0] == "(2,)" and len(lines) == 4
    for line in lines[1:]:
        assert line.startswith("TensorFlowError") and "eager execution is off" in line


def run(code, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.reliability
def test_variables_that_are_empty():
    """Fails if an empty variable of another program is taken for a value, as that does not."""
    names = ("KERAS_BACKEND", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    names += ("TF_NUM_INTEROP_THREADS", "TF_CPP_MIN_LOG_LEVEL", "SKRNN_PREDICT")
    code = (
        "from skrnn.backend.tensorflow import keras, tf\n"
        "print(keras.backend.backend())\n"
        "print(tf.config.threading.get_intra_op_parallelism_threads())"
    )
    assert run(code, **dict.fromkeys(names, "")) == "tensorflow\n1\n"


def test_it_is_an_error_of_skrnn():
    """Fails if `except RuntimeError`, or `except SkrnnError`, misses it."""
    assert issubclass(TensorFlowError, RuntimeError) and issubclass(TensorFlowError, SkrnnError)
