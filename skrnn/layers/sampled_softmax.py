"""The loss of a language model without a tensor of the size of tokens times vocabulary."""

import numpy as np

from skrnn.backend.tensorflow import keras, tf
from skrnn.sequences.special_tokens import PADDING

# The predictions are split into this number of parts, which TensorFlow computes in parallel.
N_PARTS = 2
# Classes in the sample, if not said otherwise.
N_SAMPLED = 512


@keras.saving.register_keras_serializable(package="skrnn")
class SampledSoftmax(keras.layers.Layer):
    """The cross-entropy of each row's next tokens, by a softmax over a sample of the vocabulary.

    The softmax is over the true token and a sample of the vocabulary that a batch shares (sampled
    softmax, Jean et al. 2015, arXiv:1412.2007), so that no tensor has the size of tokens times
    vocabulary. If the sample would be the whole vocabulary, the softmax is the full one.

    Takes states of shape (n_samples, n_timesteps, n_directions * units) and token ids of shape
    (n_samples, n_timesteps), padded at the right. Forward states predict the next token; backward
    states, if any, predict the previous one with the same output weights (as in ELMo, Peters et
    al. 2018). Returns float32 of shape (n_samples, 2): the sum of each row's losses in nats, and
    the number of predictions in the sum.

    Parameters
    ----------
    n_classes : int
        Size of the vocabulary without padding: class k is the id k + 1.
    n_directions : {1, 2}
        Whether the states are of both directions.
    n_sampled : int or None
        None is `N_SAMPLED`.
        Number of classes in the sample.
    seed : int
        Seed of the initial weights and of the samples.
    """

    def __init__(self, n_classes, n_directions=1, n_sampled=None, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True  # it computes its own mask from the token ids
        self.n_classes, self.n_directions = n_classes, n_directions
        self.n_sampled, self.seed = N_SAMPLED if n_sampled is None else n_sampled, seed
        self.sampler = LogUniformSampler(n_classes, self.n_sampled)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        """Create the output weights."""
        units = input_shape[0][-1] // self.n_directions
        self.kernel = self.add_weight(
            shape=(self.n_classes, units),
            initializer=keras.initializers.GlorotUniform(seed=self.seed),
            name="kernel",
        )
        self.bias = self.add_weight(shape=(self.n_classes,), initializer="zeros", name="bias")

    def call(self, inputs):
        """Return the sum and the number of losses of each row."""
        states, tokens = inputs
        sample, n_draws = self._draw()
        is_real = tokens[:, 1:] != PADDING
        forward, *backward = tf.split(states, self.n_directions, axis=-1)
        pairs = [(forward[:, :-1], tokens[:, 1:])]
        if backward:  # the backward state at a token predicts the previous token
            pairs.append((backward[0][:, 1:], tokens[:, :-1]))
        n_parts = max(1, N_PARTS // len(pairs))
        n_samples = tf.shape(tokens)[0]
        sums = tf.zeros([n_samples])
        for predicting, targets in pairs:
            for part in range(n_parts):
                rows = tf.range(part, n_samples, n_parts)
                real = is_real[part::n_parts]
                losses = self._cross_entropy(
                    tf.boolean_mask(predicting[part::n_parts], real),
                    tf.boolean_mask(targets[part::n_parts], real) - 1,
                    sample,
                    n_draws,
                )
                row_of = tf.gather(rows, tf.where(real)[:, 0])
                sums += tf.math.unsorted_segment_sum(losses, row_of, n_samples)
        counts = len(pairs) * tf.reduce_sum(tf.cast(is_real, tf.float32), axis=1)
        return tf.stack([sums, counts], axis=1)

    def _draw(self):
        """Return a sample, and the number of draws it took, including repetitions."""
        if self.sampler.takes_all:
            return tf.range(self.n_classes), tf.ones(())

        def draw(seed):
            return self.sampler.draw(np.random.default_rng(seed))

        seed = tf.convert_to_tensor(self.seed_generator.next())
        sample, n_draws = tf.numpy_function(draw, [seed], [tf.int32, tf.float32])
        sample.set_shape([self.sampler.n_sampled])
        n_draws.set_shape([])
        return sample, n_draws

    def _cross_entropy(self, states, classes, sample, n_draws):
        """Return the cross-entropy of each state, among its true class and the sample.

        The same as ``tf.nn.sampled_softmax_loss``, with two thirds of the memory.
        """
        kernel, bias = tf.convert_to_tensor(self.kernel), tf.convert_to_tensor(self.bias)
        log_count = self.sampler.log_expected_count
        true = tf.reduce_sum(states * tf.gather(kernel, classes), axis=1)
        true += tf.gather(bias, classes) - log_count(classes, n_draws)
        others = tf.matmul(states, tf.gather(kernel, sample), transpose_b=True)
        others += tf.gather(bias, sample) - log_count(sample, n_draws)
        others = tf.where(classes[:, None] == sample, -1e30, others)  # its logit is already there
        return tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.zeros_like(classes), logits=tf.concat([true[:, None], others], axis=1)
        )

    def compute_mask(self, inputs, mask=None):
        """Return None: the losses of a row are summed."""
        return None

    def compute_output_shape(self, input_shape):
        """Return (n_samples, 2)."""
        return (input_shape[0][0], 2)

    def get_config(self):
        """Return the configuration of the layer."""
        names = ("n_classes", "n_directions", "n_sampled", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class LogUniformSampler:
    """Draw distinct classes; the probability of class k decreases with k by Zipf's law.

    .. math:: p_k = log((k + 2) / (k + 1)) / log(n_classes + 1)

    as in ``tf.random.log_uniform_candidate_sampler``, whose draws also depend on the global seed.
    This class has its own generator. The distribution suits classes that are ordered by frequency;
    for others, the loss is also unbiased, but has a larger variance.

    Parameters
    ----------
    n_classes, n_sampled : int
        Number of classes, and number of classes to draw.
    """

    def __init__(self, n_classes, n_sampled):
        self.n_classes = n_classes
        self.n_sampled = min(n_sampled, n_classes)

    @property
    def takes_all(self):
        """Whether the sample contains all classes."""
        return self.n_sampled == self.n_classes

    def draw(self, rng):
        """Return int32 of shape (n_sampled,), and the number of draws, including repetitions."""
        if self.takes_all:
            return np.arange(self.n_classes, dtype=np.int32), np.float32(1)
        draws = np.empty(0, np.int64)
        while True:
            u = rng.uniform(size=2 * self.n_sampled)
            new = np.exp(u * np.log(self.n_classes + 1)).astype(np.int64) - 1
            draws = np.concatenate([draws, np.minimum(new, self.n_classes - 1)])
            first = np.sort(np.unique(draws, return_index=True)[1])[: self.n_sampled]
            if len(first) == self.n_sampled:
                return draws[first].astype(np.int32), np.float32(first[-1] + 1)

    def log_expected_count(self, classes, n_draws):
        """Return the log of the probability of each class (a tensor) to be in the sample."""
        k = tf.cast(classes, tf.float32)
        if self.takes_all:
            return tf.zeros_like(k)
        p = tf.math.log1p(1 / (k + 1)) / np.log(self.n_classes + 1).astype(np.float32)
        return tf.math.log(-tf.math.expm1(n_draws * tf.math.log1p(-p)))
