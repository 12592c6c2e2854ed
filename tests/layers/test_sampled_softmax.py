"""The loss of a language model: against TensorFlow's own, and the full cross-entropy.

Each test's docstring says what a wrong implementation would fail on.
"""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from skrnn.layers.sampled_softmax import LogUniformSampler, SampledSoftmax

N_CLASSES, UNITS = 21, 4


@pytest.mark.slow
def test_sampler_draws_as_often_as_it_says():
    """Fails if the counts that correct the sampled softmax are not those of the draws."""
    sampler = LogUniformSampler(60, 12)
    rng = np.random.default_rng(0)
    share, expected = np.zeros(60), np.zeros(60)
    for _ in range(3000):
        sample, n_draws = sampler.draw(rng)
        assert len(set(sample.tolist())) == 12
        share[sample] += 1 / 3000
        expected += np.exp(sampler.log_expected_count(np.arange(60), n_draws).numpy()) / 3000
    # Not exactly: the formula, TensorFlow's too, takes the number of draws for given.
    np.testing.assert_allclose(share, expected, atol=0.04)
    assert abs(expected.sum() - 12) < 0.2


def test_sampled_softmax_is_tensorflows():
    """Fails if the correction by the counts, the bias, or the removal of true classes is wrong."""
    rng = np.random.default_rng(0)
    n_classes = 5000
    layer = SampledSoftmax(n_classes, n_sampled=100)
    layer.build([(None, None, 16), (None, None)])
    layer.bias.assign(rng.normal(size=n_classes))
    sample, n_draws = layer.sampler.draw(rng)
    states = tf.constant(rng.normal(size=(30, 16)).astype(np.float32))
    classes = tf.constant([*sample[:10], *range(4980, 5000)], tf.int32)
    got = layer._cross_entropy(states, classes, tf.constant(sample), n_draws)
    p = np.log((np.arange(n_classes) + 2) / (np.arange(n_classes) + 1)) / np.log(n_classes + 1)
    counts = (1 - (1 - p) ** n_draws).astype(np.float32)
    wanted = tf.nn.sampled_softmax_loss(
        layer.kernel.value,
        layer.bias.value,
        labels=tf.cast(classes, tf.int64)[:, None],
        inputs=states,
        num_sampled=100,
        num_classes=n_classes,
        sampled_values=(sample.astype(np.int64), counts[classes.numpy()][:, None], counts[sample]),
    )
    np.testing.assert_allclose(got, wanted, rtol=1e-3)


@pytest.mark.parametrize("n_directions", [1, 2])
def test_small_vocabulary_has_the_full_softmax(n_directions):
    """Fails if the loss of a vocabulary that fits into the sample is not the cross-entropy.

    Also if padding counts, a state is held against another token than the next one (or, read
    backward, the previous one), or a row gets another row's losses.
    """
    rng = np.random.default_rng(0)
    layer = SampledSoftmax(N_CLASSES, n_directions, seed=1)
    tokens = np.array([[5, 6, 7, 8], [9, 10, 0, 0], [3, 2, 4, 0]], np.int32)
    states = rng.normal(size=(3, 4, n_directions * UNITS)).astype(np.float32)
    layer.build([states.shape, tokens.shape])
    layer.bias.assign(np.linspace(-1, 1, N_CLASSES))
    kernel, bias = layer.kernel.numpy(), layer.bias.numpy()

    def loss(state, token):
        logits = kernel @ state + bias
        return logsumexp(logits) - logits[token - 1]

    lengths = [4, 2, 3]
    wanted = np.zeros((3, 2))
    for row, length in enumerate(lengths):
        for t in range(length - 1):
            wanted[row] += loss(states[row, t, :UNITS], tokens[row, t + 1]), 1
            if n_directions == 2:
                wanted[row] += loss(states[row, t + 1, UNITS:], tokens[row, t]), 1
    np.testing.assert_allclose(layer([states, tokens]), wanted, rtol=1e-5)


def test_samples_follow_from_the_seed():
    """Fails if two layers of one seed draw different samples, or one layer the same twice."""
    tokens = np.arange(1, 41, dtype=np.int32).reshape(2, 20)
    states = np.random.default_rng(0).normal(size=(2, 20, UNITS)).astype(np.float32)
    layers = [SampledSoftmax(5000, n_sampled=20, seed=3) for _ in range(2)]
    first, second = (np.asarray(layer([states, tokens])) for layer in layers)
    np.testing.assert_array_equal(first, second)
    assert (np.asarray(layers[0]([states, tokens])) != first).any()
