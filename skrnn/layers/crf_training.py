"""The loss and the accuracy of a CRF.

Both need the weights of the layer. They find them on the tensor that the layer returned, as Keras
finds the mask of a tensor; so those of a model that was loaded, or cloned, need nothing else. On
other tensors they use the layer that they were bound to.
"""

import weakref

from skrnn.backend.tensorflow import keras, tf
from skrnn.exceptions import InvalidInputError
from skrnn.layers import crf_operations

_MARK = "_skrnn_crf"


def mark(emissions, layer):
    """Return a tensor that says which layer it comes from."""
    setattr(emissions, _MARK, layer)
    return emissions


def layer_of(emissions):
    """Return the layer that a tensor comes from, or None if it does not say."""
    return getattr(emissions, _MARK, None)


def mask_of(tensor):
    """Return Keras's mask of a tensor, or None."""
    return getattr(tensor, "_keras_mask", None)


class _Bound:
    """Mixin: what has a layer.

    The layer is no part of the configuration: after loading, it is found again. A weak reference,
    because Keras would save the weights of an attribute once more.
    """

    _layer = None

    def bind(self, layer):
        """Use the weights of this layer, and return self.

        Only needed for predictions that do not come directly from the layer, such as those of
        `model.predict`.

        Parameters
        ----------
        layer : CRF, or keras.Model
            A model with one such layer may stand for it.
        """
        if isinstance(layer, keras.Model):
            found = [one for one in layer.layers if hasattr(one, "_weights_now")]
            if len(found) != 1:
                raise InvalidInputError(
                    f"The model {layer.name!r} has {len(found)} layers of the kind CRF, so "
                    f"{type(self).__name__} must be bound to the layer that it reads."
                )
            layer = found[0]
        self._layer = weakref.ref(layer)
        return self

    def _chain(self, y_pred):
        layer = layer_of(y_pred) or (self._layer and self._layer())
        if layer is None:
            raise InvalidInputError(
                f"{type(self).__name__} does not know the CRF layer whose weights it needs: the "
                "predictions do not come directly from one. Make the CRF the last layer of the "
                f"output, or call bind(layer) of the {type(self).__name__}."
            )
        return layer._weights_now()


def _read(y_true, y_pred, sample_weight):
    """Return emissions, tags, steps, mask, and weights as tensors.

    Returns
    -------
    emissions : tf.Tensor of shape (n_samples, n_timesteps, n_tags), float32
    tags : tf.Tensor of shape (n_samples, n_timesteps), int32
    steps : tf.Tensor of shape (n_samples, n_timesteps), bool
        The steps of each row's chain.
    mask : tf.Tensor of shape (n_samples, n_timesteps), bool, or None
        The steps that count in a mean.
    weights : tf.Tensor of shape (n_samples, 1) or (n_samples, n_timesteps), float32, or None
    """
    mask = mask_of(y_pred)
    emissions = tf.cast(tf.convert_to_tensor(y_pred), tf.float32)
    tags = tf.cast(tf.convert_to_tensor(y_true), tf.int32)
    _check_shapes(tags.shape, emissions.shape)
    shape = tf.shape(emissions)[:2]
    tags = tf.reshape(tags, shape)
    steps = tf.fill(shape, True)
    if mask is not None:
        steps = mask = tf.cast(mask, tf.bool)
    if sample_weight is None:
        return emissions, tags, steps, mask, None
    weights = tf.cast(tf.convert_to_tensor(sample_weight), tf.float32)
    if weights.shape.rank == 1:
        return emissions, tags, steps, mask, weights[:, None]
    # Keras traces a step with weights of rows and of steps only once: the rank may be unknown.
    weights = tf.reshape(weights, [shape[0], tf.size(weights) // tf.maximum(shape[0], 1)])
    counts = tf.logical_or(weights != 0, tf.shape(weights)[1] != shape[1])
    steps = tf.logical_and(steps, counts)
    mask = tf.logical_and(tf.fill(shape, True), counts) if mask is None else mask
    return emissions, tags, steps, mask, weights


def _check_shapes(tags, emissions):
    ranks = (2,) if tags.rank != 3 or tags[-1] != 1 else (3,)
    if emissions.rank != 3 or (tags.rank is not None and tags.rank not in ranks):
        raise InvalidInputError(
            "A CRF is trained on integer tags of shape (n_samples, n_timesteps) for emissions of "
            f"shape (n_samples, n_timesteps, n_tags), but the targets have the shape {tags} and "
            f"the emissions {emissions}. Of one-hot targets, take argmax(axis=-1)."
        )


class _PerStep(keras.losses.Loss):
    """Keras's reduction of losses that are known already, with weights and mask."""

    def call(self, y_true, y_pred):
        return y_pred


@keras.saving.register_keras_serializable(package="skrnn")
class CRFLoss(_Bound, keras.losses.Loss):
    """The negative log-likelihood of the tags of whole rows, in nats a token.

    Each step of a row has an equal part of the row's loss, which Keras reduces as the losses of any
    other tagger. So with the default reduction, the loss of a batch is the sum of each row's weight
    times its negative log-likelihood, divided by the number of tokens: those of Keras's mask or,
    without a mask, those whose weight is not 0 or, without weights of steps, all. A learning rate
    means the same as for a softmax at each step.

    Parameters
    ----------
    reduction : {"sum_over_batch_size", "sum", "mean_with_sample_weight", None}, \
default="sum_over_batch_size"
        As in `keras.losses.Loss`.
    name : str, default="crf_loss"
    **kwargs
        Arguments of `keras.losses.Loss`.

    Notes
    -----
    ``y_true`` are integers of shape (n_samples, n_timesteps), ``y_pred`` are the emissions that a
    :class:`CRF` returned. Weights may be given for each row, or for each step; then steps of weight
    0 are in no row, as masked steps, and the weight of a row is the mean of its steps' weights.

    A tag that does not exist raises an error. A row whose tags are forbidden by a score of -inf
    has an infinite loss.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skrnn.layers import CRF, CRFLoss
    >>> crf = CRF()
    >>> model = keras.Sequential([keras.layers.Embedding(10, 3, mask_zero=True), crf])
    >>> model.compile("adam", loss=CRFLoss())
    >>> history = model.fit(np.array([[5, 2], [7, 0]]), np.array([[0, 1], [2, 0]]), verbose=0)
    >>> list(history.history)
    ['loss']
    """

    def __init__(self, reduction="sum_over_batch_size", name="crf_loss", **kwargs):
        super().__init__(reduction=reduction, name=name, **kwargs)

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the loss of a batch."""
        emissions, tags, steps, mask, weights = _read(y_true, y_pred, sample_weight)
        losses = self._losses(emissions, tags, steps, self._chain(y_pred))
        if mask is not None:
            losses._keras_mask = mask
        return _PerStep(reduction=self.reduction, name="mean")(losses, losses, weights)

    def call(self, y_true, y_pred):
        """Return the part of each step in the loss of its row, 0 at masked steps."""
        emissions, tags, steps, _, _ = _read(y_true, y_pred, None)
        return self._losses(emissions, tags, steps, self._chain(y_pred))

    def _losses(self, emissions, tags, steps, chain):
        of_rows = crf_operations.losses(emissions, tags, steps, chain)
        is_real = tf.cast(steps, tf.float32)
        n_steps = tf.reduce_sum(is_real, axis=1)
        part = tf.math.divide_no_nan(of_rows, n_steps)
        return tf.where(steps, part[:, None], 0.0)


@keras.saving.register_keras_serializable(package="skrnn")
class CRFAccuracy(_Bound, keras.metrics.Metric):
    """The fraction of tokens whose tag in the best path is the true one.

    Takes what :class:`CRFLoss` takes; among ``weighted_metrics``, with weights of rows or steps.

    Parameters
    ----------
    name : str, default="crf_accuracy"
    **kwargs
        Arguments of `keras.metrics.Metric`.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skrnn.layers import CRF, CRFAccuracy
    >>> crf = CRF()
    >>> model = keras.Sequential([keras.layers.Embedding(10, 3, mask_zero=True), crf])
    >>> model.compile("adam", loss=crf.loss, metrics=[CRFAccuracy(name="accuracy")])
    >>> history = model.fit(np.array([[5, 2], [7, 0]]), np.array([[0, 1], [2, 0]]), verbose=0)
    >>> list(history.history)
    ['accuracy', 'loss']
    """

    def __init__(self, name="crf_accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add the tokens of a batch."""
        emissions, tags, steps, _, weights = _read(y_true, y_pred, sample_weight)
        best = crf_operations.best_tags(emissions, steps, self._chain(y_pred))
        counts = tf.cast(steps, tf.float32)
        if weights is not None:
            counts *= weights
        hits = tf.where(best == tags, counts, 0.0)
        self.total.assign_add(tf.reduce_sum(hits))
        self.count.assign_add(tf.reduce_sum(counts))

    def result(self):
        """Return the fraction."""
        return tf.math.divide_no_nan(self.total.value, self.count.value)
