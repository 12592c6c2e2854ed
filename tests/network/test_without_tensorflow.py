"""Predictions in processes that know nothing of TensorFlow.

Each test starts new processes, as a service would: what one process has imported stays.
"""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import RNNClassifier, TextToSequence, make_reviews

ROOT = str(Path(skrnn.__file__).parent.parent)
REVIEWS, LABELS = make_reviews(80, random_state=0)
NEW = ["Not bad at all", "", "the plot was dull and I hated it"]
# Importing either fails, as if it were not installed.
BLOCKED = "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
PREDICT = """
import pickle, sys
import joblib, skrnn
load = {"save": skrnn.load, "pickle": joblib.load}[sys.argv[1]]
model = load(sys.argv[2])
X = pickle.load(open(sys.argv[3], "rb"))
found = [getattr(model, name)(X) for name in ("predict", "predict_proba", "decision_function")]
loaded = [m for m in ("tensorflow", "keras", "scikeras") if sys.modules.get(m)]
sys.stdout.buffer.write(pickle.dumps((found, loaded)))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Paths of a fitted text pipeline and of a network of numbers, each as file and pickle."""
    folder, found = tmp_path_factory.mktemp("models"), {}
    text = make_pipeline(TextToSequence(), RNNClassifier(units=4, epochs=1, random_state=0))
    series = np.random.default_rng(0).normal(size=(40, 6, 2))
    number = RNNClassifier(**ESTIMATOR, pooling="attention").set_params(cell="gru")
    models = {
        "text": (text.fit(REVIEWS, LABELS), NEW),
        "numeric": (number.fit(series, series[:, 0, 0] > 0), series[:7]),
    }
    for name, (model, X) in models.items():
        skrnn.save(model, folder / f"{name}.save")
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(model))
        (folder / f"{name}.X").write_bytes(pickle.dumps(X))
        found[name] = (folder / name, model, X)
    return found


def answers(path, kind, before="", **environment):
    """Return what a new process predicts, and which of the heavy packages it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", before + PREDICT, kind, f"{path}.{kind}", f"{path}.X"],
        env=os.environ | {"PYTHONPATH": ROOT} | environment,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    return pickle.loads(done.stdout)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("text", "save"),
        # Each new process takes seconds.
        pytest.param("numeric", "pickle", marks=pytest.mark.slow),
        pytest.param("text", "pickle", marks=pytest.mark.slow),
        pytest.param("numeric", "save", marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow
def test_a_new_process_predicts_the_same_bytes(models, name, kind):
    """Fails if prediction loads TensorFlow, or another process gets another bit."""
    path, model, X = models[name]
    (labels, probabilities, decision), loaded = answers(path, kind)
    assert loaded == []
    np.testing.assert_array_equal(labels, model.predict(X))
    assert probabilities.tobytes() == model.predict_proba(X).tobytes()
    assert decision.tobytes() == model.decision_function(X).tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_backend_of_keras_does_not_matter(models, backend):
    """Fails if a process with another backend of Keras in its environment cannot predict."""
    path, model, X = models["text"]
    (labels, *_), loaded = answers(path, "save", KERAS_BACKEND=backend)
    assert loaded == []
    np.testing.assert_array_equal(labels, model.predict(X))


@pytest.mark.slow
def test_without_tensorflow_installed(models):
    """Fails if loading or predicting tries to import TensorFlow or Keras and needs to succeed."""
    path, model, X = models["text"]
    (_, probabilities, _), loaded = answers(path, "pickle", BLOCKED)
    assert loaded == []
    assert probabilities.tobytes() == model.predict_proba(X).tobytes()


@pytest.mark.slow
def test_without_numba(models):
    """Fails if the NumPy engine loads TensorFlow, or differs beyond rounding."""
    path, model, X = models["text"]
    (_, probabilities, _), loaded = answers(path, "save", SKRNN_ENGINE="tensorflow")
    assert loaded == []
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-6)


@pytest.mark.slow
def test_tensorflow_on_request(models):
    """Fails if SKRNN_PREDICT=tensorflow is ignored, or both ways differ beyond rounding."""
    path, model, X = models["text"]
    (_, probabilities, _), loaded = answers(path, "save", SKRNN_PREDICT="tensorflow")
    assert "tensorflow" in loaded
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-6)


FORK = """
import os, sys
import skrnn
model = skrnn.load(sys.argv[1])
texts = ["Not bad at all", "the plot was dull"] * 50
wanted = model.predict_proba(texts).tobytes()
children = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        same = all(model.predict_proba(texts).tobytes() == wanted for _ in range(5))
        os._exit(0 if same else 1)
    children.append(pid)
assert model.predict_proba(texts).tobytes() == wanted
print([os.waitpid(pid, 0)[1] for pid in children])
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_children_of_a_process_that_has_predicted(models):
    """Fails if a forked worker waits for its parent's threads, or predicts something else."""
    path, *_ = models["text"]
    done = subprocess.run(
        [sys.executable, "-c", FORK, f"{path}.save"],
        env=os.environ | {"PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "[0, 0, 0]", done.stderr


DISPLAY = """
import sys
import skrnn
model = skrnn.load(sys.argv[1])
repr(model), model._repr_html_(), model[-1]._repr_html_()
assert "model_" in dir(model[-1]) and "history_" in dir(model[-1])
print(sorted({"tensorflow", "keras"} & set(sys.modules)))
assert model[-1].model_.name
"""


@pytest.mark.slow
def test_displays(models):
    """Fails if showing a loaded network, in a notebook too, takes the seconds of TensorFlow."""
    path, _, _ = models["text"]
    done = subprocess.run(
        [sys.executable, "-c", DISPLAY, f"{path}.save"],
        env=os.environ | {"PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.split("\n")[0] == "[]", done.stderr
