"""Optimizers: whole gradients of embedding rows, and Adam in one kernel."""

import numpy as np
import pytest

from skrnn.backend.tensorflow import keras, tf
from skrnn.training.optimizers import on_dense_gradients

IDS = np.array([[1, 2, 1], [1, 3, 1]], np.int32)


def train(optimizer, n_steps=3):
    """Return an embedding's weights before and after steps on the sum of its tokens' squares."""
    table = keras.Variable(np.linspace(-1, 1, 20, dtype=np.float32).reshape(5, 4))
    before = table.numpy()
    optimizer.build([table])

    # In a graph, as in a fit.
    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.gather(table.value, IDS) ** 2)
        gradient = tape.gradient(loss, table.value)
        assert isinstance(gradient, tf.IndexedSlices)
        optimizer.apply([gradient], [table])

    for _ in range(n_steps):
        step()
    return before, table.numpy()


COUNTS = np.array([0, 4, 1, 1, 0], np.float32)[:, None]


@pytest.mark.parametrize("weight_decay", [None, 0.01])
def test_adam_is_the_published_update(weight_decay):
    """Against NumPy. Fails if the gradients of a repeated token are squared one by one."""
    learning_rate, beta1, beta2, epsilon = 0.01, 0.9, 0.999, 1e-7
    cls = keras.optimizers.AdamW if weight_decay else keras.optimizers.Adam
    kwargs = {"weight_decay": weight_decay} if weight_decay else {}
    before, after = train(on_dense_gradients(cls(learning_rate, **kwargs)))
    w, m, v = before.astype(float), 0.0, 0.0
    for t in (1, 2, 3):
        if weight_decay:
            w = w - w * weight_decay * learning_rate
        g = (
            2 * w * COUNTS
            if not weight_decay
            else 2 * w / (1 - weight_decay * learning_rate) * COUNTS
        )
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        alpha = learning_rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
        w = w - alpha * m / (np.sqrt(v) + epsilon)
    np.testing.assert_allclose(after, w, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["Adam", "AdamW", "RMSprop", "SGD", "Nadam", "Adagrad"])
def test_agrees_with_keras_where_no_token_repeats(name):
    """Fails if an update differs from Keras's own for the gradients that both take alike."""
    cls = getattr(keras.optimizers, name)
    results = []
    for wrap in (on_dense_gradients, lambda optimizer: optimizer):
        table = keras.Variable(np.linspace(-1, 1, 20, dtype=np.float32).reshape(5, 4))
        optimizer = wrap(cls(0.01, clipnorm=0.5))
        optimizer.build([table])
        for _ in range(3):
            optimizer.apply([tf.sin(table.value)], [table])
        results.append(table.numpy())
    np.testing.assert_allclose(*results, rtol=2e-6, atol=1e-6)


def test_clipping_takes_the_norm_of_the_sum():
    """SGD moves by the clipped norm. Fails if the norm is that of the single occurrences."""
    before, after = train(on_dense_gradients(keras.optimizers.SGD(1.0, global_clipnorm=0.1)), 1)
    assert np.linalg.norm(after - before) == pytest.approx(0.1, rel=1e-5)


def test_amsgrad_is_left_to_keras():
    """Fails if the one kernel, which knows no amsgrad, is used for it."""
    plain, sums = (
        train(wrap(keras.optimizers.Adam(0.1, amsgrad=amsgrad)), 30)[1]
        for wrap, amsgrad in ((on_dense_gradients, False), (on_dense_gradients, True))
    )
    assert not np.array_equal(plain, sums)


def test_a_saved_model_loads_with_plain_keras(tmp_path):
    """Fails if the file names a class that Keras does not have."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(on_dense_gradients(keras.optimizers.Adam(0.02)), "mse")
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").optimizer
    assert type(loaded) is keras.optimizers.Adam
    assert float(loaded.learning_rate) == pytest.approx(0.02)
    assert int(loaded.iterations) == int(model.optimizer.iterations) > 0
