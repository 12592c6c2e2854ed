"""The fused layers against NumPy, Keras's own layers and finite differences.

Keras's layers are the specification: under copied weights the fused ones must return
the same outputs and gradients, whatever the mask, the direction and the outputs.
"""

import functools
import importlib
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import layers
from skrnn.kernels import engine as engines
from skrnn.layers import loop
from tests.repeats import some

KINDS = {
    "LSTM": ("LSTM", {}),
    "GRU": ("GRU", {}),
    "GRU-reset-before": ("GRU", {"reset_after": False}),
    "SimpleRNN": ("SimpleRNN", {}),
}
KERNELS = "skrnn.layers.compiled"
N_FEATURES, UNITS = 3, 4
# A full row, one of a single step, an empty one, and lengths that end inside a chunk.
LENGTHS = np.array([11, 1, 0, 6, 9])
RIGHT_PADDED = np.arange(11) < LENGTHS[:, None]
SCATTERED = np.random.default_rng(1).random((5, 11)) < 0.5
# Keras's own loop takes some seconds to trace in each case, so that most of them run apart.
ENGINES_ONE_SLOW = ["numba", pytest.param("tensorflow", marks=pytest.mark.slow)]


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(5, 11, N_FEATURES)).astype("float32")


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=engines.ENGINES)
def engine(request, monkeypatch):
    """Have the layers run on each engine in turn; tests without it take the default."""
    if request.param == "numba":
        pytest.importorskip("numba")
    monkeypatch.setenv("SKRNN_ENGINE", request.param)
    return request.param


def make(kind, module=layers, units=UNITS, **params):
    """Build a layer with random weights, biases included, the same each time."""
    name, fixed = KINDS[kind]
    layer = getattr(module, name)(units, **fixed, **params)
    layer.build((None, None, N_FEATURES))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(scale=0.5, size=w.shape) for w in layer.get_weights()])
    return layer


def output_and_gradients(layer, x, mask=None, training=True):
    """Return the output, and the gradient of a loss that weighs each output differently."""
    variables = layer.trainable_weights

    @tf.function
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, mask=mask, training=training)
            loss = tf.reduce_sum(y * loss_weights(tf.shape(y)))
        return y, tape.gradient(loss, [x, *(v.value for v in variables)])

    y, gradients = run(tf.constant(x))
    return y.numpy(), [g.numpy() for g in gradients]


def loss_weights(shape):
    return tf.reshape(tf.sin(1.7 * tf.range(tf.reduce_prod(shape), dtype=tf.float32)), shape)


def assert_like_keras(ours, theirs, x, mask, training=True):
    y, gradients = output_and_gradients(ours, x, mask, training)
    y_keras, gradients_keras = output_and_gradients(theirs, x, mask, training)
    assert_allclose(y, y_keras, rtol=0, atol=1e-6)
    for gradient, expected in zip(gradients, gradients_keras, strict=True):
        assert_allclose(gradient, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    return y


# The equations, once more and as plainly as NumPy allows, in float64.


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def numpy_states(kind, x, lengths, weights):
    """Return the outputs of all steps: zero where there is no real step."""
    W, U, b = (np.asarray(w, dtype=float) for w in weights)
    step = {
        "LSTM": numpy_lstm,
        "GRU": numpy_gru,
        "GRU-reset-before": numpy_gru_reset_before,
        "SimpleRNN": numpy_simple_rnn,
    }[kind]
    states = np.zeros((*x.shape[:2], len(U)))
    for row, length in enumerate(lengths):
        h, c = np.zeros(len(U)), np.zeros(len(U))
        for t in range(length):
            h, c = step(x[row, t], h, c, W, U, b)
            states[row, t] = h
    return states


def numpy_lstm(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + h @ U + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def numpy_gru(x, h, c, W, U, b):
    (x_z, x_r, x_g), (h_z, h_r, h_g) = np.split(x @ W + b[0], 3), np.split(h @ U + b[1], 3)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    return z * h + (1 - z) * np.tanh(x_g + r * h_g), c


def numpy_gru_reset_before(x, h, c, W, U, b):
    n = len(h)
    x_z, x_r, x_g = np.split(x @ W + b, 3)
    z, r = sigmoid(x_z + h @ U[:, :n]), sigmoid(x_r + h @ U[:, n : 2 * n])
    return z * h + (1 - z) * np.tanh(x_g + (r * h) @ U[:, 2 * n :]), c


def numpy_simple_rnn(x, h, c, W, U, b):
    return np.tanh(x @ W + h @ U + b), c


def test_outputs_follow_the_equations(engine, kind, x):
    # Independent of Keras: a misplaced gate or a step too many would show here.
    layer = make(kind, return_sequences=True, zero_output_for_mask=True)
    expected = numpy_states(kind, x, LENGTHS, layer.get_weights())
    assert_allclose(layer(x, mask=RIGHT_PADDED), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES_ONE_SLOW, indirect=True)
def test_gradients_are_finite_differences(engine, kind, x):
    # Of the float64 statement, so that nothing of TensorFlow's gradients is taken on trust.
    layer = make(kind, return_sequences=True, zero_output_for_mask=True)
    y, gradients = output_and_gradients(layer, x, RIGHT_PADDED)
    point = [x.astype(float), *(w.astype(float) for w in layer.get_weights())]
    out = loss_weights(y.shape).numpy()
    rng = np.random.default_rng(2)
    for i, gradient in enumerate(gradients):
        direction = rng.normal(size=gradient.shape)

        def loss(step, i=i, direction=direction):
            x, *weights = [p + step * direction if j == i else p for j, p in enumerate(point)]
            return np.sum(out * numpy_states(kind, x, LENGTHS, weights))

        slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
        assert_allclose(np.sum(gradient * direction), slope, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("params", "mask"),
    [
        pytest.param({}, None, marks=pytest.mark.slow),
        ({}, RIGHT_PADDED),
        pytest.param(
            {"return_sequences": True, "go_backwards": True, "use_bias": False},
            RIGHT_PADDED,
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"return_sequences": True, "zero_output_for_mask": True},
            SCATTERED,
            marks=pytest.mark.slow,
        ),
        pytest.param({"go_backwards": True}, SCATTERED, marks=pytest.mark.slow),
    ],
    ids=lambda v: "-".join(v) if isinstance(v, dict) else "",
)
@pytest.mark.parametrize("engine", ENGINES_ONE_SLOW, indirect=True)
def test_same_outputs_and_gradients_as_keras(engine, kind, x, params, mask):
    # Steps that padding repeats, zeroes or meets first are where a loop without masks
    # would go wrong, in the outputs or, more quietly, in the gradients.
    assert_like_keras(
        make(kind, **params), make(kind, keras.layers, **params), x, mask, training=True
    )


@pytest.mark.parametrize("engine", ENGINES_ONE_SLOW, indirect=True)
@pytest.mark.slow
def test_gradient_outside_training(engine, x):
    # Nothing is saved then: the gradient has to run the loop again.
    assert_like_keras(make("LSTM"), make("LSTM", keras.layers), x, RIGHT_PADDED, training=False)


@pytest.mark.parametrize("n_samples", [0, 1, 2, 5])
@pytest.mark.parametrize("n_steps", [1, 3, 9])
@pytest.mark.parametrize("engine", ENGINES_ONE_SLOW, indirect=True)
def test_any_batch_and_time(engine, n_samples, n_steps):
    # A shard without rows, and a chunk longer than the sequence.
    x = np.random.default_rng(0).normal(size=(n_samples, n_steps, N_FEATURES)).astype("float32")
    layer = make("LSTM")
    y, gradients = output_and_gradients(layer, x)
    expected = numpy_states("LSTM", x, [n_steps] * n_samples, layer.get_weights())
    assert_allclose(y, expected[:, -1], rtol=0, atol=1e-6)
    assert gradients[0].shape == x.shape
    assert all(np.isfinite(g).all() for g in gradients)


@pytest.mark.parametrize("engine", ENGINES_ONE_SLOW, indirect=True)
def test_rows_without_a_real_step(engine, kind, x):
    # An empty document: zero state, and no NaN in the gradient of the others.
    layer = make(kind)
    y, gradients = output_and_gradients(layer, x, np.zeros((5, 11), dtype=bool))
    assert_array_equal(y, 0)
    assert all(np.all(g == 0) for g in gradients)


def test_a_row_does_not_depend_on_padding_or_neighbours(kind, x):
    # A prediction must be the same alone, in a batch, and under more padding.
    layer = make(kind)
    together = layer(x, mask=RIGHT_PADDED).numpy()
    rubbish = np.full((5, 13, N_FEATURES), 9, dtype="float32")
    padded = np.concatenate([np.where(RIGHT_PADDED[..., None], x, -9), rubbish], axis=1)
    mask = np.arange(24) < LENGTHS[:, None]
    assert_allclose(layer(padded, mask=mask), together, rtol=0, atol=1e-6)
    for row, length in enumerate(LENGTHS):
        if length:
            assert_allclose(layer(x[row : row + 1, :length])[0], together[row], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "params",
    [
        {"activation": "relu"},
        {"recurrent_activation": "hard_sigmoid"},
        {"unroll": True},
        {"recurrent_dropout": 0.5},
        {"dtype": "float64"},
    ],
    ids=lambda p: next(iter(p)),
)
def test_other_equations_take_keras_loop(x, params):
    # The fused loop knows tanh and sigmoid only: it would ignore these silently.
    ours, theirs = make("LSTM", **params), make("LSTM", keras.layers, **params)
    assert not ours._is_fusible(tf.constant(x))
    ours_y, theirs_y = (layer(x, mask=RIGHT_PADDED).numpy() for layer in (ours, theirs))
    assert ours_y.dtype == theirs_y.dtype
    assert_array_equal(ours_y, theirs_y)


@pytest.mark.parametrize("kind", some(["LSTM", "GRU", "SimpleRNN"], "GRU"), indirect=True)
def test_input_dropout_is_keras_dropout(kind, x):
    # Same seed, same features dropped, once for a whole sequence; none outside training.
    params = {"dropout": 0.5, "seed": 3}
    ours, theirs = make(kind, **params), make(kind, keras.layers, **params)
    assert ours._is_fusible(tf.constant(x))
    first = assert_like_keras(ours, theirs, x, RIGHT_PADDED)
    outside = ours(x, mask=RIGHT_PADDED, training=False)
    assert not np.allclose(first, outside)
    assert_allclose(outside, make(kind)(x, mask=RIGHT_PADDED), rtol=0, atol=1e-6)


def network(module, seed=0):
    """Stacked and bidirectional, with a sequence and its mask passed between layers."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(12, 5, mask_zero=True),
            keras.layers.Bidirectional(module.LSTM(4, return_sequences=True)),
            module.SimpleRNN(3),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return model


def token_ids(n_samples=16, n_steps=9):
    rng = np.random.default_rng(0)
    ids = rng.integers(1, 12, size=(n_samples, n_steps))
    lengths = rng.integers(1, n_steps + 1, size=n_samples)
    return np.where(np.arange(n_steps) < lengths[:, None], ids, 0).astype("int32")


@pytest.mark.slow
def test_stacked_and_bidirectional_train_as_keras():
    # Predictions before, and after two epochs: all gradients have gone into the weights.
    ours, theirs = network(layers), network(keras.layers)
    theirs.set_weights(ours.get_weights())
    ids, y = token_ids(), np.arange(16) % 2
    for _ in range(2):
        assert_allclose(
            ours.predict(ids, verbose=0), theirs.predict(ids, verbose=0), rtol=0, atol=1e-5
        )
        for model in (ours, theirs):
            model.fit(ids, y, batch_size=8, epochs=2, shuffle=False, verbose=0)


def fitted_network():
    model = network(layers)
    model.fit(token_ids(), np.arange(16) % 2, batch_size=7, epochs=2, verbose=0)
    return model


# Run in a fresh process, on one thread: fit, save the weights; load the model and predict.
FRESH = """
import sys
import keras, numpy as np, tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
from tests.layers.test_layers import fitted_network, token_ids
predicted = keras.models.load_model("model.keras").predict(token_ids(), verbose=0)
np.savez("fresh.npz", predicted, *fitted_network().get_weights())
"""


@pytest.mark.reliability
def test_same_seed_same_bytes_and_reload_in_a_fresh_process(tmp_path):
    # The shards' gradients must be summed in one order, however many threads run them,
    # and a saved model must need nothing of the process that made it.
    model = fitted_network()
    model.save(tmp_path / "model.keras")
    root = str(Path(__file__).parent.parent.parent)
    subprocess.run(
        [sys.executable, "-c", FRESH],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        check=True,
        timeout=300,
    )
    predicted, *weights = np.load(tmp_path / "fresh.npz").values()
    assert_allclose(predicted, model.predict(token_ids(), verbose=0), rtol=0, atol=1e-6)
    for fresh, here in zip(weights, model.get_weights(), strict=True):
        assert_array_equal(fresh, here)


def test_a_saved_layer_is_a_keras_layer(kind, x):
    # Configuration and weights, as a file holds them, are enough for Keras's own class.
    ours = make(kind, return_sequences=True)
    theirs = getattr(keras.layers, KINDS[kind][0]).from_config(ours.get_config())
    theirs.build(x.shape)
    theirs.set_weights(ours.get_weights())
    assert_allclose(theirs(x, mask=RIGHT_PADDED), ours(x, mask=RIGHT_PADDED), rtol=0, atol=1e-5)
    assert keras.saving.get_registered_name(type(ours)) == f"skrnn>{KINDS[kind][0]}"


def test_one_trace_serves_every_length(engine, monkeypatch):
    # Retracing would cost a second for each new length: more than an epoch's worth.
    module = loop if engine == "tensorflow" else importlib.import_module(KERNELS)
    compiled = functools.cache(module._compiled.__wrapped__)
    functions = []

    def keep(*args):
        functions.append(compiled(*args))
        return functions[-1]

    monkeypatch.setattr(module, "_compiled", keep)
    for n_samples, n_steps in ((1, 1), (3, 5), (2, 17), (8, 4)):
        make("GRU", units=7)(np.ones((n_samples, n_steps, N_FEATURES), dtype="float32"))
    assert len(functions) == 4 and len(set(functions)) == 1
    assert functions[0].experimental_get_tracing_count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["LSTM", "GRU"], indirect=True)
def test_learns_which_of_two_tokens_comes_first(kind):
    # The same bag of words in both classes: chance without order, and without a gradient
    # that reaches back over the tokens after the pair.
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=512)
    ids = rng.integers(3, 8, size=(512, 14))
    lengths = rng.integers(6, 15, size=512)
    ids[np.arange(14) >= lengths[:, None]] = 0
    first, second = np.sort(rng.permuted(np.tile(np.arange(6), (512, 1)), axis=1)[:, :2]).T
    ids[np.arange(512), first] = 1 + y
    ids[np.arange(512), second] = 2 - y
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Embedding(8, 8, mask_zero=True),
            getattr(layers, kind)(16),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    model.fit(ids, y, batch_size=32, epochs=12, verbose=0)
    assert model.evaluate(ids, y, verbose=0)[1] > 0.95
