"""Pooling and NaN masking against a plain NumPy statement of each."""

import numpy as np
import pytest

from skrnn.backend.tensorflow import keras
from skrnn.layers.masking import NaNMasking
from skrnn.layers.pooling import AttentionPooling, MaskedMaxPooling, MaskedMeanPooling

RNG = np.random.default_rng(0)
STATES = RNG.normal(size=(4, 5, 3)).astype(np.float32)
# One row is full, one has a single step, one has a hole, one begins late.
MASK = np.array([[1, 1, 1, 1, 1], [1, 0, 0, 0, 0], [1, 0, 1, 1, 0], [0, 0, 1, 1, 1]], dtype=bool)


def attend(layer, states):
    """Yang et al. (2016), equations (5) to (7), for one row of real states."""
    W, b, v = (np.asarray(w, dtype=np.float64) for w in layer.get_weights())
    relevance = np.exp(np.tanh(states @ W + b) @ v)
    return (relevance / relevance.sum() * states).sum(axis=0)


POOLS = {
    MaskedMaxPooling: lambda layer, states: states.max(axis=0),
    MaskedMeanPooling: lambda layer, states: states.mean(axis=0),
    AttentionPooling: attend,
}


def made(pool):
    layer = pool()
    layer.build(STATES.shape)
    # Weights that are not small, so that attention differs from the mean.
    layer.set_weights([RNG.normal(0, 2, w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("pool", POOLS)
def test_against_numpy(pool):
    """Fails if padding has any weight, whatever stands there, or a real step has none."""
    layer = made(pool)
    wanted = [POOLS[pool](layer, row[mask]) for row, mask in zip(STATES, MASK, strict=True)]
    for at_padding in (0, 1e6, -1e6):
        states = np.where(MASK[..., np.newaxis], STATES, np.float32(at_padding))
        pooled = keras.ops.convert_to_numpy(layer(states, mask=MASK))
        np.testing.assert_allclose(pooled, wanted, rtol=1e-5, atol=1e-6)
        assert pooled.dtype == np.float32


@pytest.mark.parametrize("pool", POOLS)
def test_without_a_mask(pool):
    """Fails if no mask is not the same as one that is true everywhere."""
    layer = made(pool)
    wanted = [POOLS[pool](layer, row) for row in STATES]
    pooled = keras.ops.convert_to_numpy(layer(STATES))
    np.testing.assert_allclose(pooled, wanted, rtol=1e-5, atol=1e-6)
    all_true = keras.ops.convert_to_numpy(layer(STATES, mask=np.ones_like(MASK)))
    np.testing.assert_allclose(pooled, all_true, rtol=1e-6)


def test_max_of_states_far_below_zero():
    """Fails if padding counts as 0, or as any value that a state may have."""
    pooled = MaskedMaxPooling()(STATES - 1e30, mask=MASK)
    assert keras.ops.convert_to_numpy(pooled).max() < -9e29


@pytest.mark.parametrize("pool", POOLS)
def test_gradients_are_finite_and_stop_at_padding(pool):
    """Fails if the floor under padding makes NaN of a gradient, or padding is trained on."""
    from skrnn.backend.tensorflow import tf

    layer, states = made(pool), tf.constant(STATES)
    with tf.GradientTape() as tape:
        tape.watch(states)
        loss = tf.reduce_sum(layer(states, mask=tf.constant(MASK)) ** 2)
    gradients = tape.gradient(loss, [states, *layer.trainable_variables])
    assert all(np.isfinite(g).all() for g in gradients)
    assert (gradients[0].numpy()[~MASK] == 0).all()
    assert (np.abs(gradients[0].numpy()[1, 0]) > 0).any()


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 2)])
def test_nan_masking(shape):
    """Fails if a zero is masked, NaN gets through, or one channel has no axis."""
    x = RNG.normal(size=shape).astype(np.float32)
    x[0, 0] = 0  # a value, not padding
    x[0, 2:] = x[2, 1:] = np.nan
    padding = np.zeros((3, 4), dtype=bool)
    padding[0, 2:] = padding[2, 1:] = True
    layer = NaNMasking()
    y = layer(x)
    np.testing.assert_array_equal(y._keras_mask, ~padding)
    assert layer.compute_output_shape(shape) == tuple(y.shape) == (*shape[:2], (*shape, 1)[2])
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(y).reshape(shape), np.nan_to_num(x, nan=0)
    )


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.filterwarnings("error")
def test_one_step(pool):
    """Fails if a sequence of one step is changed, or Keras warns of it."""
    np.testing.assert_allclose(made(pool)(STATES[:, :1], mask=MASK[:, :1] | True), STATES[:, 0])


@pytest.mark.parametrize("pool", POOLS)
def test_saved_and_loaded(pool, tmp_path):
    """Fails if a layer cannot be rebuilt from its configuration, or the mask is lost."""
    inputs = keras.Input((None, 3))
    states = keras.layers.SimpleRNN(4, return_sequences=True)(NaNMasking()(inputs))
    model = keras.Model(inputs, pool()(states))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()
    x = np.where(MASK[[0, 1, 1]][..., np.newaxis], STATES[:3], np.float32(np.nan))
    np.testing.assert_array_equal(loaded(x), model(x))
    # The padding is masked in both: without it the prediction is the same.
    np.testing.assert_allclose(loaded(x[1:2, :1]), loaded(x[1:2]), rtol=1e-6)


def test_attention_initializers_survive():
    """Fails if the seeds of the initial weights are not part of the configuration."""
    layer = AttentionPooling(kernel_initializer=keras.initializers.GlorotUniform(seed=3))
    twin = AttentionPooling.from_config(layer.get_config())
    for one in (layer, twin):
        one.build(STATES.shape)
    np.testing.assert_array_equal(layer.kernel, twin.kernel)
