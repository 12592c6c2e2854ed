"""Optimizers that replace the weights by their averages at the end of a fit (`use_ema`).

Each test's docstring says what would fail it.
"""

import pickle

import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn.base import clone

import skrnn
from skrnn import RNNClassifier
from skrnn.backend.tensorflow import keras

X = [[2 + (7 * i + 3 * t) % 5 for t in range(3 + i % 3)] for i in range(32)]
Y = np.arange(32) % 2
OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8),
    "adam": lambda: keras.optimizers.Adam(0.02, use_ema=True, ema_overwrite_frequency=3),
    "scaled": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.7)
    ),
}


def small(optimizer="sgd", **parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 3, "embedding_dim": 3, "batch_size": 8,
                "dropout": 0.3, "random_state": 0}  # fmt: skip
    return RNNClassifier(**{**settings, "optimizer": OPTIMIZERS[optimizer](), **parameters})


def everything(model):
    return (
        [values.tobytes() for values in model.network_.values],
        [values.tobytes() for values in model._optimizer_state],
        model.history_,
    )


@pytest.fixture(scope="module")
def whole():
    """Fits of three epochs."""
    return {name: small(name, epochs=3).fit(X, Y) for name in OPTIMIZERS}


def saved(model, tmp_path):
    skrnn.save(model, tmp_path / "model.skrnn")
    return skrnn.load(tmp_path / "model.skrnn")


WAYS = {
    "as it is": lambda model, tmp_path: model,
    "pickle": lambda model, tmp_path: pickle.loads(pickle.dumps(model)),
    "file": saved,
}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_warm_starts_are_one_fit(whole, optimizer):
    """Fails if training continues from the averages."""
    model = small(optimizer, epochs=1, warm_start=True)
    for _ in range(3):
        model.fit(X, Y)
    assert everything(model) == everything(whole[optimizer])
    parts = small(optimizer)
    for _ in range(3):
        parts.partial_fit(X, Y)
    assert everything(parts) == everything(whole[optimizer])


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_through_a_pickle_or_a_file(whole, way, tmp_path):
    """Fails if the weights before the averages are lost on the way."""
    model = WAYS[way](small(epochs=2, warm_start=True).fit(X, Y), tmp_path)
    predicted = small(epochs=2).fit(X, Y).predict_proba(X)
    assert model.predict_proba(X).tobytes() == predicted.tobytes()
    model.set_params(epochs=1).fit(X, Y)
    assert everything(model) == everything(whole["sgd"])


@pytest.mark.slow
def test_with_checkpoints(whole, tmp_path):
    """Fails if a finished fit that is loaded continues from the averages."""
    for _ in range(2):  # the second is loaded
        model = small(epochs=1, warm_start=True, checkpoint=tmp_path)
        for _ in range(3):
            model.fit(X, Y)
        assert everything(model) == everything(whole["sgd"])
    more = clone(model).set_params(epochs=3).fit(X, Y)
    assert everything(more) == everything(whole["sgd"])


@pytest.mark.slow
def test_weights_that_were_changed_since():
    """Fails if a change of the weights of model_ is undone when training continues."""
    model = small(epochs=1, warm_start=True).fit(X, Y)
    other = pickle.loads(pickle.dumps(model))
    other.model_.set_weights([0 * weight for weight in other.model_.get_weights()])
    model.fit(X, Y), other.fit(X, Y)
    assert everything(model)[0] != everything(other)[0]
