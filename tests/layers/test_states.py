"""Initial and final states of the fused layers, and what carries them, against Keras's own layers.

Under copied weights the fused layers must return the same outputs, states and gradients, also the
gradient of the initial states and that which arrives through the final ones.
"""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import layers
from skrnn.layers import engine as engines
from skrnn.layers import fused
from tests.layers import test_layers
from tests.layers.test_layers import ENGINES_ONE_SLOW, KINDS, N_FEATURES, UNITS, loss_weights, make

N_SAMPLES, N_STEPS = 5, 11
# One row in full, one step, no step, and steps that are not the first or the last.
SCATTERED = np.random.default_rng(1).random((N_SAMPLES, N_STEPS)) < 0.5
SCATTERED[0], SCATTERED[1], SCATTERED[2] = True, np.arange(N_STEPS) == 4, False
OPTIONS = {
    "last": {},
    "every-zeros": {"return_sequences": True, "zero_output_for_mask": True},
    "every-back": {"return_sequences": True, "go_backwards": True, "use_bias": False},
    "last-back-dropout": {"go_backwards": True, "dropout": 0.4, "seed": 3},
}


@pytest.fixture(params=ENGINES_ONE_SLOW)
def engine(request, monkeypatch):
    """Have the layers run on each engine in turn; tests without it take the default."""
    if request.param == "numba":
        pytest.importorskip("numba")
    monkeypatch.setenv("SKRNN_ENGINE", request.param)
    return request.param


@pytest.fixture
def recurred(monkeypatch):
    """Return a list that grows by the options of each use of the fused loop."""
    uses = []

    def recur(*args, **options):
        uses.append(options)
        return engines.recur(*args, **options)

    monkeypatch.setattr(fused, "recur", recur)
    return uses


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


X = normal(N_SAMPLES, N_STEPS, N_FEATURES)


def initial_states(kind, n_samples=N_SAMPLES):
    return [normal(n_samples, UNITS, seed=7 + i) for i in range(1 + (kind == "LSTM"))]


def loss(results):
    """Weigh each number of the results differently."""
    return tf.add_n([tf.reduce_sum(y * loss_weights(tf.shape(y))) for y in results])


def results_and_gradients(layer, x, initial, mask=None, training=True, chosen=slice(None)):
    """Return what the layer does, and the gradients of a loss of the chosen results."""
    variables = [x, *initial]

    @tf.function
    def run(x, *initial):
        with tf.GradientTape() as tape:
            tape.watch([x, *initial])
            state = list(initial) if initial else None
            results = layer(x, initial_state=state, mask=mask, training=training)
            results = list(results) if layer.return_state else [results]
            total = loss(results[chosen])
        wanted = [x, *initial, *(w.value for w in layer.trainable_weights)]
        return results, tape.gradient(total, wanted, unconnected_gradients="zero")

    results, gradients = run(*map(tf.constant, variables))
    return [r.numpy() for r in results], [g.numpy() for g in gradients]


def assert_close(got, wanted, rtol=3e-6):
    """Compare arrays to a few roundings of their largest number: eleven steps of float32."""
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted, strict=True):
        assert a.shape == b.shape
        assert_allclose(a, b, rtol=0, atol=rtol * max(np.abs(b).max(), 1e-3))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("LSTM", "every-zeros"),
        ("GRU", "every-back"),
        *(
            pytest.param(kind, options, marks=pytest.mark.slow)
            for kind, options in itertools.product(list(KINDS)[1:], OPTIONS)
        ),
    ],
)
def test_states_in_and_out_as_in_keras(engine, recurred, kind, options):
    """Fails if a result or gradient is not Keras's, or if Keras's slow loop has made it."""
    params = OPTIONS[options]
    mask = None if options == "last" else SCATTERED
    ours = make(kind, return_state=True, **params)
    theirs = make(kind, keras.layers, return_state=True, **params)
    initial = initial_states(kind)
    got = results_and_gradients(ours, X, initial, mask)
    assert [(len(use["initial"]), use["final"]) for use in recurred] == [(len(initial), True)]
    wanted = results_and_gradients(theirs, X, initial, mask)
    for a, b in zip(got, wanted, strict=True):
        assert_close(a, b)
    if mask is not None:  # a sequence without steps: its states pass through, its output is zero
        assert_array_equal([s[2] for s in got[0][1:]], [s[2] for s in initial])
        assert_array_equal(got[0][0][2], 0)


@pytest.mark.parametrize("kind", ["LSTM", pytest.param("GRU", marks=pytest.mark.slow)])
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.slow
def test_only_in_or_only_out(engine, recurred, kind, given):
    """Fails if states that go one way only need the other, in results or in gradients.

    An encoder's output is not used and a decoder's last states are not: the gradient that then
    does not arrive must count as zero.
    """
    params = {"return_sequences": True} if given else {"return_state": True}
    initial = initial_states(kind) if given else []
    chosen = slice(None) if given else slice(1, None)
    got, wanted = (
        results_and_gradients(
            make(kind, module, **params), X, initial, SCATTERED, training=False, chosen=chosen
        )
        for module in (layers, keras.layers)
    )
    for a, b in zip(got, wanted, strict=True):
        assert_close(a, b)
    assert [use["final"] for use in recurred] == [not given]


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_finite_differences(engine, kind):
    """Fails if our gradients and Keras's were wrong alike: these slopes are NumPy's in float64."""
    layer = make(kind, return_state=True, return_sequences=True, zero_output_for_mask=True)
    initial = initial_states(kind)
    results, gradients = results_and_gradients(layer, X, initial, SCATTERED)
    point = [v.astype(float) for v in (X, *initial, *layer.get_weights())]
    n_given = 1 + len(initial)
    weights_of = [loss_weights(r.shape).numpy() for r in results]

    def total(x, *rest):
        found = numpy_results(kind, x, rest[: n_given - 1], rest[n_given - 1 :])
        return sum(np.sum(w * r) for w, r in zip(weights_of, found, strict=True))

    rng = np.random.default_rng(2)
    for i, gradient in enumerate(gradients):
        direction = rng.normal(size=gradient.shape)
        up, down = (
            total(*(p + step * direction if j == i else p for j, p in enumerate(point)))
            for step in (1e-5, -1e-5)
        )
        scale = np.linalg.norm(gradient) * np.linalg.norm(direction)
        assert abs(np.sum(gradient * direction) - (up - down) / 2e-5) < 1e-5 * scale


def numpy_results(kind, x, initial, weights):
    """Return the outputs, zero at masked steps, and the final states, in float64."""
    step = {
        "LSTM": test_layers.numpy_lstm,
        "GRU": test_layers.numpy_gru,
        "GRU-reset-before": test_layers.numpy_gru_reset_before,
        "SimpleRNN": test_layers.numpy_simple_rnn,
    }[kind]
    y = np.zeros((*x.shape[:2], UNITS))
    h, c = np.array(initial[0]), np.array(initial[-1])
    for row in range(len(x)):
        for t in np.flatnonzero(SCATTERED[row]):
            h[row], c[row] = step(x[row, t], h[row], c[row], *weights)
            y[row, t] = h[row]
    return [y, h, c][: 1 + len(initial)]


@pytest.mark.parametrize("kind", ["LSTM", "GRU", pytest.param("SimpleRNN", marks=pytest.mark.slow)])
def test_two_halves_are_the_whole(engine, kind):
    """Fails if something is lost where one call ends and the next begins, forward or backward."""
    layer = make(kind, return_sequences=True, return_state=True)
    initial = initial_states(kind)
    mask = tf.constant(SCATTERED)

    def whole(x, state):
        return layer(x, initial_state=state, mask=mask, training=True)

    def halves(x, state):
        first, *state = layer(x[:, :4], initial_state=state, mask=mask[:, :4], training=True)
        second, *state = layer(x[:, 4:], initial_state=state, mask=mask[:, 4:], training=True)
        # What padding repeats is the output of its own call: where none came before, zeros.
        return tf.concat([first, second], 1), *state

    found = []
    for run in (whole, halves):
        with tf.GradientTape() as tape:
            variables = [tf.constant(v) for v in (X, *initial)]
            tape.watch(variables)
            y, *states = run(variables[0], variables[1:])
            y = tf.where(mask[:, :, None], y, 0)
            total = loss([y, *states])
        wanted = [*variables, *(w.value for w in layer.trainable_weights)]
        found.append([v.numpy() for v in (y, *states, *tape.gradient(total, wanted))])
    assert_close(*found)


@pytest.mark.parametrize("kind", ["LSTM", pytest.param("GRU", marks=pytest.mark.slow)])
def test_padding_and_neighbours_do_not_matter(engine, kind):
    """Fails if final states, or the gradient of initial ones, depend on padding or other rows."""
    layer = make(kind, return_state=True)
    initial = initial_states(kind)
    lengths = np.array([11, 1, 0, 6, 9])
    mask = np.arange(N_STEPS) < lengths[:, None]
    results, (_, *gradients) = results_and_gradients(layer, X, initial, mask)
    rubbish = np.full((N_SAMPLES, 3, N_FEATURES), 9, "float32")
    padded = np.concatenate([rubbish, X, rubbish], axis=1)
    off = np.zeros((N_SAMPLES, 3), bool)
    more = results_and_gradients(layer, padded, initial, np.hstack([off, mask, off]))
    assert_close(more[0], results)
    assert_close(more[1][1:], gradients)
    alone = layer(X[3:4, :6], initial_state=[s[3:4] for s in initial])
    assert_close([a[0].numpy() for a in alone], [r[3] for r in results])


@pytest.mark.parametrize("n_samples", [0, 1, 70])
def test_any_batch(engine, n_samples):
    """Fails for shards without rows, or if rows of several shards get each other's states."""
    x, initial = normal(n_samples, 6, N_FEATURES), initial_states("LSTM", n_samples)
    mask = np.random.default_rng(3).random((n_samples, 6)) < 0.4
    layer = make("LSTM", return_state=True)
    results, gradients = results_and_gradients(layer, x, initial, mask)
    assert [g.shape for g in gradients[:3]] == [x.shape, *(s.shape for s in initial)]
    if n_samples:
        theirs = make("LSTM", keras.layers, return_state=True)
        wanted = results_and_gradients(theirs, x, initial, mask)
        assert_close(results, wanted[0])
        assert_close(gradients, wanted[1], rtol=1e-5)


def test_results_are_those_without_states(engine):
    """Fails if asking for the final states changes the bytes of outputs or gradients."""
    got, wanted = (
        results_and_gradients(make("LSTM", **params), X, [], SCATTERED, chosen=slice(1))
        for params in ({"return_state": True}, {})
    )
    assert_array_equal(got[0][0], wanted[0][0])
    for a, b in zip(got[1], wanted[1], strict=True):
        assert_array_equal(a, b)


# What carries states.


@pytest.mark.parametrize(
    "kind",
    [
        "LSTM",
        pytest.param("GRU", marks=pytest.mark.slow),
        pytest.param("SimpleRNN", marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow
def test_stateful(engine, recurred, kind):
    """Fails if states are not kept from call to call, cannot be reset, or go the slow way."""
    found = []
    for module in (layers, keras.layers):
        name, fixed = KINDS[kind]
        layer = getattr(module, name)(UNITS, stateful=True, return_sequences=True, **fixed)
        layer.build(X[:, :4].shape)
        layer.set_weights(make(kind).get_weights())
        run = tf.function(layer)  # the states are written within the graph
        ys = [run(X[:, :4]), run(X[:, 4:8], mask=SCATTERED[:, 4:8])]
        states = [s.numpy() for s in layer.states]
        layer.reset_state()
        found.append([y.numpy() for y in (*ys, run(X[:, :4]))] + states)
    assert_close(*found)
    assert_array_equal(found[0][2], found[0][0])
    assert recurred and all(use["final"] for use in recurred)
    anew = make(kind, return_sequences=True)(X[:, 4:8], mask=SCATTERED[:, 4:8])
    assert np.abs(found[0][1] - anew).max() > 0.01


def test_a_stateful_layer_has_one_batch_size(engine):
    """Fails if kept states meet a batch of another size, as Keras forbids."""
    layer = layers.GRU(UNITS, stateful=True)
    layer(X)
    # Older versions of Keras leave it to TensorFlow, whose error is of another class.
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        layer(X[:2])


@pytest.mark.parametrize(
    ("kind", "return_sequences"),
    [
        ("LSTM", True),
        pytest.param("LSTM", False, marks=pytest.mark.slow),
        pytest.param("GRU", True, marks=pytest.mark.slow),
        pytest.param("GRU", False, marks=pytest.mark.slow),
    ],
)
def test_bidirectional(engine, recurred, kind, return_sequences):
    """Fails if the wrapper's states, two for each direction of an LSTM, get lost or swapped."""
    initial = initial_states(kind) + [-2 * s for s in initial_states(kind)]
    found = []
    for module in (layers, keras.layers):
        inner = getattr(module, kind)(UNITS, return_state=True, return_sequences=return_sequences)
        layer = keras.layers.Bidirectional(inner)
        layer.build(X.shape)
        shapes = [w.shape for w in layer.get_weights()]
        layer.set_weights([0.5 * normal(*shape, seed=i) for i, shape in enumerate(shapes)])
        results, gradients = results_and_gradients(layer, X, initial, SCATTERED)
        assert len(results) == 1 + len(initial)
        found.append(results + gradients)
    assert_close(*found)
    assert len(recurred) == 2


def translator(module, kind):
    """Return an encoder whose states start a decoder."""
    source = keras.Input((None,), dtype="int32")
    target = keras.Input((None, N_FEATURES))
    embedded = keras.layers.Embedding(9, 3, mask_zero=True)(source)
    _, *states = getattr(module, kind)(UNITS, return_state=True)(embedded)
    decoder = getattr(module, kind)(UNITS, return_sequences=True)
    outputs = keras.layers.Dense(2)(decoder(target, initial_state=states))
    return keras.Model([source, target], outputs)


@pytest.mark.parametrize("kind", ["LSTM", pytest.param("GRU", marks=pytest.mark.slow)])
@pytest.mark.slow
def test_encoder_and_decoder_train_as_keras_and_are_saved(recurred, tmp_path, kind):
    """Fails if a functional model of states trains in another way, or does not come back."""
    ours, theirs = translator(layers, kind), translator(keras.layers, kind)
    rng = np.random.default_rng(0)
    ids = rng.integers(1, 9, size=(12, 7)) * (np.arange(7) < rng.integers(1, 8, size=(12, 1)))
    inputs, y = [ids.astype("int32"), normal(12, 5, N_FEATURES)], normal(12, 5, 2)
    theirs.set_weights(ours.get_weights())
    for model in (ours, theirs):
        model.compile(keras.optimizers.SGD(0.5), "mse")
        model.fit(inputs, y, batch_size=6, epochs=3, shuffle=False, verbose=0)
    assert {(u["initial"] is not None, u["final"]) for u in recurred} == {
        (True, True),
        (True, False),
    }
    assert_close(ours.get_weights(), theirs.get_weights(), rtol=1e-5)
    ours.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert any(isinstance(layer, getattr(layers, kind)) for layer in loaded.layers)
    assert_array_equal(loaded.predict(inputs, verbose=0), ours.predict(inputs, verbose=0))


def test_layers_without_states_keep_their_trace(engine, recurred):
    """Fails if a plain layer pays for states that nobody has passed in or wants out."""
    make("LSTM")(X, mask=SCATTERED, training=True)
    assert [set(use) & {"initial", "final"} for use in recurred] == [set()]


def test_states_of_another_size(engine):
    """Fails if states of too many rows or units are read past their end, or cut in silence."""
    layer = make("GRU", return_state=True)

    @tf.function(input_signature=[tf.TensorSpec((None, None, N_FEATURES)), tf.TensorSpec(None)])
    def run(x, state):
        return layer(x, initial_state=state)

    for shape in ((N_SAMPLES + 1, UNITS), (N_SAMPLES - 1, UNITS), (N_SAMPLES, UNITS + 1)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(X, np.zeros(shape, "float32"))
    with pytest.raises(Exception, match=r"shape|size|dimension|ncompatible"):
        layer(X, initial_state=np.zeros((N_SAMPLES, UNITS + 1), "float32"))
    # A function of the caller may be written to a file, so it has the loop of TensorFlow.
    assert_close(
        run(X, initial_states("GRU")[0])[0], layer(X, initial_state=initial_states("GRU"))[0]
    )
