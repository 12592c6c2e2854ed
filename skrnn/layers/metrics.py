"""Metrics that Keras does not have."""

from skrnn.backend.tensorflow import keras, tf


@keras.saving.register_keras_serializable(package="skrnn")
class PerToken(keras.metrics.Metric):
    """The mean loss over all tokens, from each row's sum of losses and number of tokens.

    Takes predictions of shape (n_samples, 2), as
    :class:`skrnn.layers.sampled_softmax.SampledSoftmax` returns them.
    """

    def __init__(self, name="per_token", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add the rows of a batch."""
        total, count = tf.unstack(tf.reduce_sum(y_pred, axis=0))
        self.total.assign_add(total)
        self.count.assign_add(count)

    def result(self):
        """Return the mean."""
        return tf.math.divide_no_nan(self.total.value, self.count.value)


@keras.saving.register_keras_serializable(package="skrnn")
class SoftAccuracy(keras.metrics.Mean):
    """The share of rows whose likeliest class, by soft targets, is the predicted one.

    Takes probabilities of shape (n_samples, n_classes), or (n_samples, 1) for the second of two.
    """

    def __init__(self, name="soft_accuracy", **kwargs):
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add the rows of a batch."""
        if y_pred.shape[-1] == 1:
            agrees = (y_true > 0.5)[:, 0] == (y_pred > 0.5)[:, 0]
        else:
            agrees = tf.argmax(y_true, axis=-1) == tf.argmax(y_pred, axis=-1)
        super().update_state(tf.cast(agrees, self.dtype), sample_weight)
