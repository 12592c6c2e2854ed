"""A trained network as a value: what it predicts, its Keras model, its pickles."""

import pickle
import threading

import joblib
import numpy as np
import pytest

from skrnn.network import programs
from skrnn.network.build import build
from skrnn.network.description import NetworkDescription
from skrnn.network.fitted import FittedNetwork
from skrnn.sequences import Sequences

DESCRIPTION = NetworkDescription(
    units=(3,), embedding_dim=4, vocabulary_size=20, head={"kind": "classes", "n_outputs": 3}
)
rng = np.random.default_rng(0)
ROWS = Sequences(rng.integers(2, 20, 30).astype(np.int32), np.array([0, 4, 5, 14, 30]))


def fitted(seed=0):
    values = programs.read_values(programs.network_variables(build(DESCRIPTION, random_state=seed)))
    return FittedNetwork(DESCRIPTION, values, seed)


def data(values):
    return [value.tobytes() for value in values]


def test_raw_is_what_the_model_says():
    """Fails if the raw output is of other weights than those of `model`, or of other rows."""
    network = fitted()
    raw = network.raw(ROWS)
    assert raw.shape == (4, 3) and raw.dtype == np.float32
    probabilities = np.asarray(network.model(ROWS.pad(range(4))))
    expected = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)


def test_values_follow_a_changed_model():
    """Fails if what a caller does to `model` is lost to predictions, pickles or files."""
    network, other = fitted(), fitted(1)
    before = data(network.values)
    assert data(network.values) == before and "_model" not in vars(network)
    model = network.model
    assert network.model is model and data(network.values) == before
    model.set_weights(other.model.get_weights())
    assert data(network.values) == data(
        DESCRIPTION.with_weights(network.values, other.model.get_weights())
    )
    np.testing.assert_array_equal(network.raw(ROWS), other.raw(ROWS))
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(again.raw(ROWS), other.raw(ROWS))


def test_pickles_by_value(tmp_path):
    """Fails if a pickle holds the Keras model, a lock, or prepared weights, or loses a value."""
    network = fitted()
    network.raw(ROWS)
    before = data(network.values)
    size = len(pickle.dumps(network))
    network.model  # noqa: B018 (makes it)
    network.raw(ROWS)
    assert len(pickle.dumps(network)) == size
    assert size < sum(value.nbytes for value in network.values) + 8_000
    joblib.dump(network, tmp_path / "network.joblib")
    for again in (
        pickle.loads(pickle.dumps(network)),
        joblib.load(tmp_path / "network.joblib", mmap_mode="r"),
    ):
        assert again.description == DESCRIPTION and again.seed == network.seed
        assert data(again.values) == before and "_model" not in vars(again)
        np.testing.assert_array_equal(again.raw(ROWS), network.raw(ROWS))
        assert data(programs.read_values(programs.network_variables(again.model))) == before


def test_all_threads_get_one_model():
    """Fails if two threads make a model each: weights set in one would be lost in the other."""
    network, found, start = fitted(), [], threading.Barrier(4)

    def work():
        start.wait()
        found.append((network.model, data(network.model.get_weights())))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(model) for model, _ in found}) == 1
    assert len({tuple(weights) for _, weights in found}) == 1  # and none before it has them


def test_weights_of_another_network_are_refused():
    """Fails if weights are put into the wrong places, or generators count as weights."""
    network = fitted()
    weights = network.model.get_weights()
    kept = DESCRIPTION.with_weights(network.values, weights)
    assert data(kept) == data(network.values)
    for wrong in (weights[:-1], [*weights, weights[0]], weights[::-1]):
        with pytest.raises(ValueError, match="not those of this network"):
            DESCRIPTION.with_weights(network.values, wrong)


@pytest.mark.parametrize("wish", ["TensorFlow", "jax", "1"])
def test_an_unknown_wish_is_refused(wish, monkeypatch):
    """Fails if a typing error in SKRNN_PREDICT predicts with something else in silence."""
    monkeypatch.setenv("SKRNN_PREDICT", wish)
    with pytest.raises(ValueError, match=f"'numba' or 'tensorflow', but is '{wish}'"):
        fitted().raw(ROWS)
