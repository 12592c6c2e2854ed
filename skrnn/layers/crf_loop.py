"""Linear chains in TensorFlow operations: where there are no kernels, and in graphs for files.

The results are those of :mod:`skrnn.chains`. All is computed with logarithms in float64, for a
batch at once. A step is one product of matrices if no number can be too small for it, and otherwise
a sum over each pair of tags.
"""

import functools

import numpy as np

from skrnn.backend.tensorflow import tf

# Stands for -inf, whose gradient would be NaN. The score of a possible path is far above.
FORBIDDEN = -1e30
# Logarithms that differ by less keep their places in a sum in float64.
MAX_RANGE = 500.0


def real_steps_first(emissions, mask, *others):
    """Return emissions in float64, the others, and lengths, all padding behind.

    One step of padding is added, so that there is at least one step.
    """
    order = tf.argsort(tf.cast(tf.logical_not(mask), tf.int32), axis=1, stable=True)
    moved = [tf.gather(values, order, batch_dims=1) for values in (emissions, *others)]
    emissions, *others = (
        tf.pad(values, [[0, 0], [0, 1]] + [[0, 0]] * (len(values.shape) - 2)) for values in moved
    )
    lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    return tf.cast(emissions, tf.float64), *others, lengths


# One graph for a number of tags, kept until the process ends, as in `skrnn.layers.compiled`.
@functools.cache
def losses_of(n_tags):
    """Return a function of emissions, tags, mask and a chain: the loss of each row."""
    scores = tf.TensorSpec((n_tags,))
    signature = [
        tf.TensorSpec((None, None, n_tags)),
        tf.TensorSpec((None, None), tf.int32),
        tf.TensorSpec((None, None), tf.bool),
        tf.TensorSpec((n_tags, n_tags)),
        scores,
        scores,
    ]

    @tf.function(input_signature=signature, autograph=False)
    def losses(emissions, tags, mask, transitions, start, end):
        @tf.custom_gradient
        def run(emissions, transitions, start, end):
            wide, ids, lengths = real_steps_first(emissions, mask, tags)
            chain = _Chain(wide, lengths, transitions, start, end)
            alphas, log_z = chain.forward()
            loss = chain.loss(ids, log_z)

            def gradient(dy):
                demissions, *rest = chain.backward(ids, alphas, log_z, tf.cast(dy, tf.float64))
                steps = tf.where(mask, tf.cumsum(tf.cast(mask, tf.int32), axis=1) - 1, -1)
                demissions = tf.gather(demissions, tf.maximum(steps, 0), batch_dims=1)
                demissions = tf.where(mask[..., None], demissions, 0.0)
                return [tf.cast(one, tf.float32) for one in (demissions, *rest)]

            return tf.cast(loss, tf.float32), gradient

        return run(emissions, transitions, start, end)

    return losses


class _Chain:
    """A batch of emissions, real steps first, and the scores of neighbours."""

    def __init__(self, emissions, lengths, transitions, start, end):
        parts = (emissions, transitions, start, end)
        self.emissions, self.transitions, self.start, self.end = (
            tf.maximum(tf.cast(part, tf.float64), tf.constant(FORBIDDEN, tf.float64))
            for part in parts
        )
        self.lengths = lengths
        self.n_steps = tf.shape(emissions)[1]
        by_step = tf.reduce_max(self.emissions, axis=2) - tf.reduce_min(self.emissions, axis=2)
        spread = sum(
            tf.reduce_max(part) - tf.reduce_min(part)
            for part in (self.transitions, self.transitions, self.start, self.end)
        )
        self.is_safe = tf.reduce_max(by_step) + spread < MAX_RANGE
        self.shift = tf.reduce_max(self.transitions)
        self.matrix = tf.exp(self.transitions - self.shift)

    def product(self, x, to_the_left=False):
        """Return the logarithm of the product of ``exp(x)`` and the factors of transitions."""

        def by_matrix():
            largest = tf.reduce_max(x, axis=1, keepdims=True)
            factors = tf.exp(x - largest)
            product = tf.matmul(factors, self.matrix, transpose_b=to_the_left)
            return tf.math.log(product) + largest + self.shift

        def by_pairs():
            if to_the_left:
                return tf.reduce_logsumexp(x[:, None, :] + self.transitions, axis=2)
            return tf.reduce_logsumexp(x[:, :, None] + self.transitions, axis=1)

        return tf.cond(self.is_safe, by_matrix, by_pairs)

    def forward(self):
        """Return the sums of paths up to each step, and of whole paths; 0 for an empty row."""
        emissions, lengths = self.emissions, self.lengths
        alpha = self.start + emissions[:, 0]
        alphas = tf.TensorArray(tf.float64, self.n_steps, element_shape=alpha.shape)

        def step(t, alpha, alphas):
            further = self.product(alpha) + emissions[:, t]
            alpha = tf.where((t < lengths)[:, None], further, alpha)
            return t + 1, alpha, alphas.write(t, alpha)

        _, alpha, alphas = tf.while_loop(
            lambda t, *_: t < self.n_steps, step, (1, alpha, alphas.write(0, alpha))
        )
        log_z = tf.reduce_logsumexp(alpha + self.end, axis=1)
        return alphas.stack(), tf.where(lengths > 0, log_z, tf.zeros_like(log_z))

    def loss(self, tags, log_z):
        """Return the negative log-likelihood of tags; infinite for a forbidden path."""
        n_tags = self.emissions.shape[2]
        tags = self.checked(tags)
        is_real, is_pair, last = self._places()
        score = tf.gather(self.emissions, tags, batch_dims=2)
        pairs = tf.gather(tf.reshape(self.transitions, [-1]), tags[:, :-1] * n_tags + tags[:, 1:])
        total = tf.reduce_sum(tf.where(is_real, score, 0.0), axis=1)
        total += tf.reduce_sum(tf.where(is_pair, pairs, 0.0), axis=1)
        total += tf.gather(self.start, tags[:, 0])
        total += tf.gather(self.end, tf.gather(tags, last, batch_dims=1))
        loss = log_z - total
        is_forbidden = tf.logical_and(total <= FORBIDDEN / 10, loss == loss)  # NaN stays
        loss = tf.where(is_forbidden, tf.constant(np.inf, tf.float64), loss)
        return tf.where(self.lengths > 0, loss, tf.zeros_like(loss))

    def checked(self, tags):
        """Return the tags, zero at padding, after a check that they exist."""
        is_real, _, _ = self._places()
        tags = tf.where(is_real, tags, 0)
        n_tags = self.emissions.shape[2]
        checks = [
            tf.debugging.assert_non_negative(tags, f"Tags must be from 0 to {n_tags - 1}."),
            tf.debugging.assert_less(tags, n_tags, f"Tags must be from 0 to {n_tags - 1}."),
        ]
        with tf.control_dependencies([check for check in checks if check is not None]):
            return tf.identity(tags)

    def _places(self):
        """Return which steps are real, which have a next one, and the last of each row."""
        steps = tf.range(self.n_steps)
        is_real = steps < self.lengths[:, None]
        return is_real, is_real[:, 1:], tf.maximum(self.lengths - 1, 0)

    def backward(self, tags, alphas, log_z, dy):
        """Return the gradients of emissions, transitions, start and end."""
        demissions, pairs = self._expected(alphas, log_z, dy)
        n_tags = self.emissions.shape[2]
        is_real, is_pair, last = self._places()
        tags = tf.where(is_real, tags, 0)
        ones = tf.one_hot(tags, n_tags, dtype=tf.float64)
        demissions -= tf.where(is_real[..., None], ones * dy[:, None, None], 0.0)
        before = tf.boolean_mask(tags[:, :-1] * n_tags + tags[:, 1:], is_pair)
        of_pairs = tf.boolean_mask(tf.broadcast_to(dy[:, None], tf.shape(is_pair)), is_pair)
        counts = tf.math.unsorted_segment_sum(of_pairs, before, n_tags**2)
        dtransitions = pairs - tf.reshape(counts, [n_tags, n_tags])
        dstart = tf.reduce_sum(demissions[:, 0], axis=0)
        dend = tf.reduce_sum(tf.gather(demissions, last, batch_dims=1), axis=0)
        return demissions, dtransitions, dstart, dend

    def _expected(self, alphas, log_z, dy):
        """Return the weighted probabilities of tags, and the sum of those of transitions."""
        emissions, lengths, transitions = self.emissions, self.lengths, self.transitions
        dy = tf.where(log_z > FORBIDDEN / 10, dy, tf.zeros_like(dy))
        zero = tf.zeros_like(emissions[:, 0])
        results = tf.TensorArray(tf.float64, self.n_steps, element_shape=zero.shape)

        def step(t, after, results, pairs):
            alpha = alphas[t]
            has_next, is_last = (t + 1 < lengths)[:, None], (t + 1 == lengths)[:, None]
            right = tf.where(has_next, after - log_z[:, None], FORBIDDEN)

            def by_matrix():
                largest = tf.reduce_max(alpha, axis=1, keepdims=True)
                left = dy[:, None] * tf.exp(alpha - largest)
                scaled = tf.where(has_next, right + largest + self.shift, FORBIDDEN)
                return tf.matmul(left, tf.exp(scaled), transpose_a=True) * self.matrix

            def by_pairs():
                logs = alpha[:, :, None] + transitions + right[:, None, :]
                return tf.reduce_sum(dy[:, None, None] * tf.exp(logs), axis=0)

            pairs += tf.cond(self.is_safe, by_matrix, by_pairs)
            beta = tf.where(is_last, self.end, self.product(after, to_the_left=True))
            gamma = dy[:, None] * tf.exp(alpha + beta - log_z[:, None])
            gamma = tf.where(tf.logical_or(has_next, is_last), gamma, 0.0)
            after = tf.where(tf.logical_or(has_next, is_last), beta + emissions[:, t], after)
            return t - 1, after, results.write(t, gamma), pairs

        _, _, results, pairs = tf.while_loop(
            lambda t, *_: t >= 0,
            step,
            (self.n_steps - 1, zero, results, tf.zeros_like(transitions)),
        )
        return tf.transpose(results.stack(), [1, 0, 2]), pairs


def best_tags(emissions, mask, transitions, start, end):
    """Return the tags of the best paths, int32, 0 at masked steps; see `skrnn.chains.viterbi`."""
    n_tags = emissions.shape[2]
    wide, lengths = real_steps_first(emissions, mask)
    transitions, start, end = (tf.cast(one, tf.float64) for one in (transitions, start, end))
    n_steps, numbers = tf.shape(wide)[1], tf.range(n_tags)
    reached = start + wide[:, 0]
    places = tf.TensorArray(tf.int32, n_steps, element_shape=reached.shape)

    def first(is_best):
        return tf.reduce_min(tf.where(is_best, numbers, n_tags - 1), axis=-1)

    def step(t, reached, places):
        sums = tf.transpose(reached[:, :, None] + transitions, [0, 2, 1])
        best = tf.reduce_max(sums, axis=2)
        goes_on = (t < lengths)[:, None]
        place = tf.where(goes_on, first(sums == best[..., None]), numbers)
        reached = tf.where(goes_on, best + wide[:, t], reached)
        return t + 1, reached, places.write(t, place)

    begun = places.write(0, tf.zeros_like(reached, tf.int32) + numbers)
    _, reached, places = tf.while_loop(lambda t, *_: t < n_steps, step, (1, reached, begun))
    last = reached + end
    tag = first(last == tf.reduce_max(last, axis=1, keepdims=True))
    tags = tf.TensorArray(tf.int32, n_steps, element_shape=tag.shape)

    def back(t, tag, tags):
        tags = tags.write(t, tag)
        return t - 1, tf.gather(places.read(t), tag, batch_dims=1), tags

    _, _, tags = tf.while_loop(lambda t, *_: t >= 0, back, (n_steps - 1, tag, tags))
    tags = tf.transpose(tags.stack())
    steps = tf.maximum(tf.cumsum(tf.cast(mask, tf.int32), axis=1) - 1, 0)
    return tf.where(mask, tf.gather(tags, steps, batch_dims=1), 0)
