"""The embedding layer: Keras's, with a gradient summed in a kernel."""

import numpy as np
import pytest

from skrnn.backend.tensorflow import keras, tf
from skrnn.layers import Embedding

IDS = np.array([[1, 2, 1, 0], [3, 1, 0, 0], [4, 4, 4, 4]], np.int32)


def both(**kwargs):
    """Return our layer and Keras's with the same weights."""
    layers = [cls(6, 5, mask_zero=True, **kwargs) for cls in (Embedding, keras.layers.Embedding)]
    for layer in layers:
        layer.build((None, None))
    layers[1].set_weights(layers[0].get_weights())
    return layers


def gradient(layer, ids):
    """Return the output and the gradient of the table, from within a graph."""
    scale = tf.reshape(tf.range(1.0, ids.size * 5 + 1), [*ids.shape, 5])

    @tf.function
    def run(ids):
        with tf.GradientTape() as tape:
            y = layer(ids)
            loss = tf.reduce_sum(y * scale)
        return y, tf.convert_to_tensor(tape.gradient(loss, layer.embeddings.value))

    return [tensor.numpy() for tensor in run(tf.constant(ids))]


@pytest.mark.parametrize("engine", ["numba", "tensorflow"])
def test_output_and_gradient_are_keras_own(engine, monkeypatch):
    """With repeated ids. Fails if an occurrence is lost, counted twice or put elsewhere."""
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    ours, theirs = both()
    for got, wanted in zip(gradient(ours, IDS), gradient(theirs, IDS), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_an_id_outside_the_table_is_an_error(monkeypatch):
    """Fails if the kernel writes beside the table instead: TensorFlow has to stop it before."""
    monkeypatch.setenv("SKRNN_ENGINE", "numba")
    ours, _ = both()
    with pytest.raises(tf.errors.InvalidArgumentError, match="not in"):
        gradient(ours, np.array([[1, 6]], np.int32))


def test_mask_and_configuration_are_keras_own():
    """Fails if padding gets no mask, or the layer cannot be made again from its configuration."""
    ours, theirs = both()
    np.testing.assert_array_equal(ours.compute_mask(IDS), theirs.compute_mask(IDS))
    assert Embedding.from_config(ours.get_config()).get_config() == ours.get_config()
    assert ours.get_config().keys() == theirs.get_config().keys()


@pytest.mark.parametrize("ids", [IDS.astype(np.int64), IDS.astype(np.float32)])
def test_other_input_runs_in_keras(ids, monkeypatch):
    """Fails if the kernel gets ids of a type that it does not take."""
    monkeypatch.setenv("SKRNN_ENGINE", "numba")
    ours, theirs = both()
    for got, wanted in zip(gradient(ours, ids), gradient(theirs, ids), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_half_precision_runs_in_keras(monkeypatch):
    """Fails if float16 vectors are taken for float32."""
    monkeypatch.setenv("SKRNN_ENGINE", "numba")
    ours, theirs = both(dtype="mixed_float16")
    assert ours(IDS).dtype == tf.float16
    np.testing.assert_array_equal(ours(IDS), theirs(IDS))
