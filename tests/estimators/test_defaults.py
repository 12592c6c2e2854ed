"""The defaults, nothing set but the seed: few rows, many classes, long rows, several labels."""

import inspect

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, build_network

pytestmark = pytest.mark.slow

N_NOISE = 300


def noise(rng, n):
    """Return words with Zipf's frequencies, which tell nothing."""
    return [f"w{i}" for i in np.minimum(rng.zipf(1.3, n), N_NOISE)]


def make_texts(n, n_classes, seed, length=20):
    """Return texts with one of five words of their class, for one in ten of another class."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % n_classes)
    texts = []
    for label in np.where(rng.random(n) < 0.1, rng.integers(0, n_classes, n), y):
        words = noise(rng, length)
        words[rng.integers(0, length)] = f"c{label}n{rng.integers(0, 5)}"
        texts.append(" ".join(words))
    return texts, y


def fitted(train, y):
    return make_pipeline(TextToSequence(), RNNClassifier(random_state=0)).fit(train, y)


@pytest.mark.parametrize(
    ("n", "n_classes", "wanted"), [(500, 2, 0.8), (500, 6, 0.7), (1000, 20, 0.7)]
)
def test_few_rows_and_many_classes(n, n_classes, wanted):
    """Fails if few updates, or many outputs, leave the answer at one class."""
    pipe = fitted(*make_texts(n, n_classes, 0))
    test, y = make_texts(500, n_classes, 1)
    assert pipe.score(test, y) > wanted
    assert set(pipe.predict(test)) == set(range(n_classes))
    assert np.isfinite(pipe[-1].history_["loss"]).all()


def test_one_class_is_rare():
    """Fails if a class of one row in twenty is never the answer."""
    rng = np.random.default_rng(0)
    y = (rng.random(1000) < 0.05).astype(int)
    texts = [" ".join([*noise(rng, 15), *(["rare"] if label else [])]) for label in y]
    pipe = fitted(texts[:600], y[:600])
    assert (pipe.predict(texts[600:]) == y[600:])[y[600:] == 1].mean() > 0.8


def test_long_documents():
    """Fails if thousands of steps make the loss infinite, or the answer one class."""
    texts, y = make_texts(100, 2, 0, length=1500)
    pipe = fitted(texts, y)
    assert np.isfinite(pipe[-1].history_["loss"]).all()
    assert set(pipe.predict(texts)) == {0, 1}
    assert pipe.score(texts, y) > 0.7


def test_several_labels():
    """Fails if labels shadow each other."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (800, 4))
    texts = [
        " ".join(rng.permutation([*noise(rng, 12), *(f"l{i}" for i in np.flatnonzero(row))]))
        for row in y
    ]
    pipe = fitted(texts[:500], y[:500])
    assert (pipe.predict(texts[500:]) == y[500:]).mean() > 0.9


def test_numeric_sequences_are_not_dropped():
    """One channel. Fails if the embedding's dropout, half of a single channel, reaches it."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    phase = rng.uniform(0, 6, (600, 1))
    X = np.sin(np.arange(40) * np.where(y, 0.5, 0.8)[:, None] + phase)
    model = RNNClassifier(random_state=0, epochs=15).fit(X[:400], y[:400])
    assert model.score(X[400:], y[400:]) > 0.9


def test_the_network_has_the_same_defaults():
    """Fails if build_network and RNNClassifier drift apart, which the guide says are alike."""
    estimator = RNNClassifier().get_params()
    network = {
        name: parameter.default
        for name, parameter in inspect.signature(build_network).parameters.items()
    }
    shared = set(estimator) & set(network) - {"vocabulary_size", "random_state"}
    assert len(shared) >= 8
    assert {name: network[name] for name in shared} == {name: estimator[name] for name in shared}
