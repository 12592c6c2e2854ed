"""The network: its shapes, its seeds, its blindness to padding, and scikeras's use of it."""

import doctest
import random
import warnings

import numpy as np
import pytest
from bare import NETWORK
from scikeras.wrappers import KerasClassifier
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline

import skrnn.network
from skrnn import TextToSequence, build_network
from skrnn.backend.tensorflow import keras, tf
from skrnn.network.encoder import CELLS
from tests.repeats import some

POOLINGS = ["last", "max", "mean", "attention"]
SMALL = {**NETWORK, "units": 3, "embedding_dim": 4, "vocabulary_size": 20, "random_state": 0}


def ids(n_samples=3, n_timesteps=6, seed=0):
    return np.random.default_rng(seed).integers(1, 20, (n_samples, n_timesteps)).astype(np.int32)


def outputs(model, x):
    return keras.ops.convert_to_numpy(model(x))


def weights(model):
    return [w.tobytes() for w in model.get_weights()]


# --- Shapes -----------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("pooling", ["last", "attention"])
@pytest.mark.parametrize("bidirectional", some([False, True], True))
def test_architectures(cell, pooling, bidirectional):
    """Fails if a combination does not build, or the output is no probability of each row."""
    model = build_network(
        **SMALL
        | {"cell": cell, "pooling": pooling, "bidirectional": bidirectional, "units": (3, 2)}
    )
    y = outputs(model, ids())
    assert model.output_shape == (None, 1) and y.shape == (3, 1)
    assert ((y > 0) & (y < 1)).all() and len(set(y.ravel())) == 3
    recurrent = [layer for layer in model.layers if cell in layer.name]
    directions = 2 if bidirectional else 1
    assert [layer.output.shape[-1] for layer in recurrent] == [3 * directions, 2 * directions]


@pytest.mark.parametrize("cell", CELLS)
def test_cells_are_what_they_are_called(cell):
    """Fails if a name gives another cell, or weights that would not load into Keras's own."""
    model = build_network(cell=cell, **SMALL)
    own = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
    layer = model.get_layer(cell)
    assert isinstance(layer, own)
    twin = own(3)
    twin.build((None, None, 4))
    assert [w.shape for w in twin.weights] == [w.shape for w in layer.weights]


@pytest.mark.parametrize(
    ("kwargs", "shape", "total"),
    [({"n_outputs": 4}, (3, 4), 1), ({"n_outputs": 4, "head": "labels"}, (3, 4), None)],
)
def test_outputs(kwargs, shape, total):
    """Fails if classes do not sum to one, or labels do."""
    y = outputs(build_network(**SMALL | kwargs), ids())
    assert y.shape == shape
    assert np.allclose(y.sum(axis=1), 1) == (total == 1)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_numeric_input(n_channels):
    """Fails if channels are embedded, NaN is no padding, or one channel needs its axis."""
    x = np.random.default_rng(0).normal(size=(3, 6, n_channels)).astype(np.float32)
    model = build_network(n_channels=n_channels, **SMALL)
    assert not any(isinstance(layer, keras.layers.Embedding) for layer in model.layers)
    padded = np.concatenate([x, np.full((3, 2, n_channels), np.nan, np.float32)], axis=1)
    np.testing.assert_allclose(outputs(model, padded), outputs(model, x), rtol=1e-5, atol=1e-6)
    if n_channels == 1:
        np.testing.assert_allclose(outputs(model, x[..., 0]), outputs(model, x), rtol=1e-6)


def test_dropouts_are_where_they_should_be():
    """Fails if a dropout acts in prediction, or not in training."""
    x = ids(50)
    for name in ("embedding_dropout", "recurrent_dropout", "dropout"):
        model = build_network(**SMALL | {name: 0.5})
        plain = build_network(**SMALL)
        plain.set_weights(model.get_weights())
        np.testing.assert_allclose(outputs(model, x), outputs(plain, x), atol=1e-6)
        trained = keras.ops.convert_to_numpy(model(x, training=True))
        assert np.abs(trained - outputs(plain, x)).max() > 1e-4, name


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"cell": "lsmt"}, r"cell='lsmt' is unknown; it must be one of \['gru', 'lstm', 'rnn'\]"),
        ({"pooling": "sum"}, r"pooling='sum' is unknown; .*'attention', 'last', 'max', 'mean'"),
        ({"units": ()}, r"units=\(\) has no recurrent layer"),
        ({"units": 0}, "units"),
        ({"units": (4, -1)}, "units"),
        ({"head": "poems"}, r"head='poems' is unknown; it must be one of \['classes', 'labels'"),
    ],
)
def test_unknown_names(kwargs, message):
    """Fails if a typing error builds some other network."""
    with pytest.raises(ValueError, match=message):
        build_network(**SMALL | kwargs)


# --- Randomness -------------------------------------------------------------------------


@pytest.mark.parametrize("cell", some(CELLS, "lstm"))
def test_seed_decides_the_weights(cell):
    """Fails if a layer has no seed of its own, or two share one."""
    kwargs = SMALL | {"cell": cell, "bidirectional": True, "pooling": "attention", "units": (3, 3)}
    one, two = build_network(**kwargs), build_network(**kwargs)
    other = build_network(**kwargs | {"random_state": 1})
    assert weights(one) == weights(two)
    drawn = [w for w in one.get_weights() if w.any() and len(np.unique(w)) > 2]
    different = [w for w in other.get_weights() if w.any() and len(np.unique(w)) > 2]
    assert len(drawn) >= 10
    assert all(a.tobytes() != b.tobytes() for a, b in zip(drawn, different, strict=True))
    assert len({w.tobytes() for w in drawn}) == len(drawn)
    unseeded = kwargs | {"random_state": None}
    assert weights(build_network(**unseeded)) != weights(build_network(**unseeded))


def test_global_generators_are_left_alone():
    """Fails if building or calling turns a generator of the process, or depends on one."""
    kwargs = SMALL | {"bidirectional": True, "pooling": "attention", "dropout": 0.5,
                      "embedding_dropout": 0.5, "recurrent_dropout": 0.5}  # fmt: skip

    def draws():
        return random.random(), np.random.random(), float(tf.random.uniform(()))

    def seed(n):
        random.seed(n), np.random.seed(n), tf.random.set_seed(n)

    seed(1)
    wanted = draws()
    seed(1)
    one = build_network(**kwargs)
    one(ids(), training=True)
    assert draws() == wanted
    seed(2)
    two = build_network(**kwargs)
    assert weights(one) == weights(two)
    two(ids(), training=True)
    np.testing.assert_array_equal(one(ids(), training=True), two(ids(), training=True))


# --- Padding ----------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("bidirectional", some([False, True], True))
def test_padding_and_neighbours_change_nothing(cell, pooling, bidirectional):
    """Fails if a step of padding, or another row of the batch, enters the prediction."""
    model = build_network(
        **SMALL | {"cell": cell, "pooling": pooling, "bidirectional": bidirectional}
    )
    # Far from zero, so that every step tells.
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.7, w.shape) for w in model.get_weights()])
    lengths = [6, 1, 3, 2]
    x = ids(4) * (np.arange(6) < np.array(lengths)[:, np.newaxis])
    together = outputs(model, np.pad(x, [(0, 0), (0, 5)]))
    alone = [outputs(model, row[np.newaxis, :n])[0] for row, n in zip(x, lengths, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)
    assert np.ptp(together) > 1e-3


def test_order_matters():
    """Fails if the network is a bag of words."""
    model = build_network(**SMALL)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.7, w.shape) for w in model.get_weights()])
    x = ids(1)
    assert abs(outputs(model, x) - outputs(model, x[:, ::-1])).max() > 1e-3


def test_saved_and_loaded(tmp_path):
    """Fails if a part is not registered with Keras, or loses its configuration."""
    for kwargs in ({"bidirectional": True, "pooling": "attention"}, {"n_channels": 2}):
        model = build_network(**SMALL | kwargs)
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert weights(loaded) == weights(model)
        x = np.ones((2, 3, 2), np.float32) if "n_channels" in kwargs else ids()
        np.testing.assert_array_equal(outputs(loaded, x), outputs(model, x))


# --- A plain scikeras KerasClassifier ----------------------------------------------------


def first_word_decides(n_samples, n_words, seed=0):
    """Documents of the same words in any order, the first being the label."""
    rng = np.random.default_rng(seed)
    words = np.array(["up", "down", "left"][:n_words])
    orders = np.array([rng.permutation(n_words) for _ in range(n_samples)])
    return [" ".join(row) for row in words[orders]], words[orders[:, 0]]


@pytest.mark.parametrize("n_words", [2, 3])
@pytest.mark.slow
def test_plain_scikeras_in_a_pipeline(n_words):
    """Fails if `meta` is misread: wrong outputs or loss. A bag of words gets 1 / n_words here."""
    documents, y = first_word_decides(400, n_words)
    # Not scikeras's random_state: it leaves op determinism switched on in the whole process.
    network = KerasClassifier(
        model=build_network,
        optimizer="adam",
        optimizer__learning_rate=0.03,
        epochs=6,
        verbose=0,
        model__cell="gru",
        model__units=8,
        model__embedding_dim=8,
        model__random_state=0,
        **{f"model__{name}": value for name, value in NETWORK.items()},
    )
    pipe = make_pipeline(TextToSequence(max_length=4, sparse_output=False), network)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipe.fit(documents[:300], y[:300])
        assert pipe.score(documents[300:], y[300:]) > 0.9
        assert pipe.predict_proba(documents[:5]).shape == (5, n_words)
    assert set(pipe.predict(documents)) == set(y)
    model = pipe[-1].model_
    assert model.loss == ("binary_crossentropy", "sparse_categorical_crossentropy")[n_words - 2]
    assert model.get_layer("gru").units == 8


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(-1, 8, 8), (-1, 64)])
def test_plain_scikeras_on_numbers(shape):
    """Fails if floats are embedded as ids, or the channels are taken from the wrong axis."""
    X, y = load_digits(n_class=3, return_X_y=True)
    X = (X / 16).reshape(shape)
    if X.ndim == 2:
        X = X[:, 10:14]  # part of the second line of pixels
    network = KerasClassifier(
        model=build_network,
        optimizer="adam",
        optimizer__learning_rate=0.02,
        epochs=6,
        verbose=0,
        model__cell="gru",
        model__units=16,
        model__random_state=0,
    )
    network.fit(X[:400], y[:400])
    assert network.score(X[400:], y[400:]) > (0.9 if len(shape) == 3 else 0.5)
    assert network.model_.input_shape == ((None, None, 8) if len(shape) == 3 else (None, None))


def test_meta_of_scikeras():
    """Fails if the target or the dtype is read from anything but scikeras's metadata."""

    def built(target, n_classes, X):
        meta = {"target_type_": target, "n_classes_": n_classes, "X_dtype_": X.dtype,
                "X_shape_": X.shape}  # fmt: skip
        model = build_network(**SMALL, meta=meta, compile_kwargs={"loss": None})
        return model.input_shape, model.output_shape, model.layers[-1].activation.__name__

    tokens, table, series = ids(), np.ones((3, 6)), np.ones((3, 6, 2), np.float32)
    assert built("binary", 2, tokens) == ((None, None), (None, 1), "sigmoid")
    assert built("multiclass", 3, table) == ((None, None), (None, 3), "softmax")
    assert built("multiclass", 3, series) == ((None, None, 2), (None, 3), "softmax")
    assert built("multilabel-indicator", 4, tokens) == ((None, None), (None, 4), "sigmoid")


@pytest.mark.slow
def test_docstring():
    """Fails if the examples of build_network do not run as they stand."""
    found = doctest.DocTestFinder().find(skrnn.network.build_network, "build_network")
    assert sum(len(test.examples) for test in found) > 4
    for test in found:
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        assert runner.run(test).failed == 0
