"""A conditional random field as the last layer of a tagger."""

import numpy as np

from skrnn.backend.tensorflow import keras, tf
from skrnn.chains import Chain
from skrnn.exceptions import InvalidInputError
from skrnn.layers import crf_operations
from skrnn.layers.crf_training import CRFAccuracy, CRFLoss, mark, mask_of


@keras.saving.register_keras_serializable(package="skrnn")
class CRF(keras.layers.Layer):
    """Linear-chain conditional random field over the steps of a sequence (Lafferty et al. 2001).

    Put it behind a `Dense` layer with a unit for each tag and no activation, and train with its
    `loss`. The score of a row of tags is the sum of their emissions, which this layer reads and
    returns unchanged, and of what it learns: the scores of transitions, of the first tag and of the
    last. The loss is the negative log-likelihood of the whole row; `decode` returns the best row
    of tags (Viterbi 1967), `marginals` the probability of each tag at each step.

    Parameters
    ----------
    transitions_initializer, start_initializer, end_initializer : str or Initializer, \
default="zeros"
        Of the weights.
    transitions_regularizer, start_regularizer, end_regularizer : str or Regularizer, default=None
        Penalties of the weights.
    **kwargs
        Arguments of `keras.layers.Layer`, such as `name`.

    Attributes
    ----------
    transitions : keras.Variable of shape (n_tags, n_tags)
        ``transitions[i, j]`` is the score of tag `j` directly after tag `i`.
    start, end : keras.Variable of shape (n_tags,)
        The scores of a tag at the first and at the last step of a row.

    See Also
    --------
    skrnn.chains : The same without Keras, on ragged rows.

    Notes
    -----
    Targets are integers from 0 to n_tags - 1, of shape (n_samples, n_timesteps). Steps that the
    mask of Keras leaves out (``Embedding(mask_zero=True)``, ``Masking()``) are in no row, and so
    are steps of weight 0, if `sample_weight` has a weight for each step; without a mask, pass one
    of the two. What the targets are there does not matter.

    The kernels of Numba compute the loss and its gradient, also of a layer behind a GPU; without
    them, TensorFlow does. They do not run under XLA, so a model with this layer is compiled without
    it, unless `jit_compile` is set.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skrnn.layers import CRF
    >>> words = np.array([[5, 2, 9], [7, 3, 0]], dtype="int32")
    >>> tags = np.array([[0, 1, 2], [0, 1, 0]])
    >>> crf = CRF()
    >>> model = keras.Sequential([
    ...     keras.layers.Embedding(10, 8, mask_zero=True),
    ...     keras.layers.LSTM(8, return_sequences=True),
    ...     keras.layers.Dense(3),
    ...     crf,
    ... ])
    >>> model.compile("adam", loss=crf.loss, metrics=[crf.accuracy])
    >>> history = model.fit(words, tags, verbose=0)
    >>> crf.decode(model(words)).shape
    TensorShape([2, 3])
    """

    # XLA has no Python functions.
    supports_jit = property(lambda self: False, lambda self, value: None)

    def __init__(
        self,
        transitions_initializer="zeros",
        start_initializer="zeros",
        end_initializer="zeros",
        transitions_regularizer=None,
        start_regularizer=None,
        end_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.transitions_initializer = keras.initializers.get(transitions_initializer)
        self.start_initializer = keras.initializers.get(start_initializer)
        self.end_initializer = keras.initializers.get(end_initializer)
        self.transitions_regularizer = keras.regularizers.get(transitions_regularizer)
        self.start_regularizer = keras.regularizers.get(start_regularizer)
        self.end_regularizer = keras.regularizers.get(end_regularizer)

    def build(self, input_shape):
        """Create the weights, by the number of tags."""
        n_tags = input_shape[-1] if len(input_shape) == 3 else None
        if n_tags is None:
            raise InvalidInputError(
                f"The layer {self.name!r} reads emissions of shape (n_samples, n_timesteps, "
                f"n_tags) with a fixed number of tags, not of shape {tuple(input_shape)}. Put a "
                "Dense layer with a unit for each tag before it."
            )
        for name, shape in (("transitions", (n_tags, n_tags)), ("start", (n_tags,)),
                            ("end", (n_tags,))):  # fmt: skip
            weight = self.add_weight(
                shape=shape,
                initializer=getattr(self, f"{name}_initializer"),
                regularizer=getattr(self, f"{name}_regularizer"),
                name=name,
            )
            setattr(self, name, weight)

    def call(self, emissions):
        """Return the emissions as they are."""
        return mark(tf.identity(emissions), self)

    def compute_output_shape(self, input_shape):
        """Return the shape of the emissions."""
        return tuple(input_shape)

    def get_config(self):
        """Return the parameters."""
        config = super().get_config()
        for name in ("transitions", "start", "end"):
            initializer = getattr(self, f"{name}_initializer")
            regularizer = getattr(self, f"{name}_regularizer")
            config[f"{name}_initializer"] = keras.initializers.serialize(initializer)
            config[f"{name}_regularizer"] = keras.regularizers.serialize(regularizer)
        return config

    def __dir__(self):
        """Return the attributes, without those that Keras would save as parts of the layer."""
        return [name for name in super().__dir__() if name not in ("loss", "accuracy")]

    @property
    def loss(self):
        """A new :class:`CRFLoss` of this layer, for ``compile(loss=...)``."""
        return CRFLoss().bind(self)

    @property
    def accuracy(self):
        """A new :class:`CRFAccuracy` of this layer, for ``compile(metrics=[...])``."""
        return CRFAccuracy(name="accuracy").bind(self)

    @property
    def chain(self):
        """The learned scores as a :class:`skrnn.chains.Chain` of NumPy arrays."""
        return Chain(*(np.array(weight) for weight in self._weights_now()))

    def decode(self, emissions, mask=None, allowed=None):
        """Return the best tags of each row.

        Parameters
        ----------
        emissions : tensor or ndarray of shape (n_samples, n_timesteps, n_tags)
            What the layer returned.
        mask : tensor or ndarray of shape (n_samples, n_timesteps), bool, or None
            True at real steps. None takes the mask of the emissions, which a tensor that the
            model returned still has, but what `model.predict` returns has not; without one, all
            steps are real.
        allowed : skrnn.chains.Allowed or None
            From :func:`skrnn.chains.allowed_transitions`: only legal rows of tags come out.

        Returns
        -------
        tf.Tensor of shape (n_samples, n_timesteps), int32
            0 at masked steps.

        Raises
        ------
        InvalidInputError
            If the layer is not built.
        """
        emissions, mask = _read(emissions, mask)
        chain = self._weights_now()
        if allowed is not None:
            chain = [
                tf.where(legal, scores, -np.inf)
                for scores, legal in zip(chain, allowed, strict=True)
            ]
        return crf_operations.best_tags(emissions, mask, chain)

    def marginals(self, emissions, mask=None):
        """Return the probability of each tag at each step, given the whole row.

        Parameters
        ----------
        emissions, mask
            As in `decode`.

        Returns
        -------
        tf.Tensor of shape (n_samples, n_timesteps, n_tags), float32
            0 at masked steps.

        Raises
        ------
        InvalidInputError
            If the layer is not built.
        """
        emissions, mask = _read(emissions, mask)
        return crf_operations.marginals(emissions, mask, self._weights_now())

    def _weights_now(self):
        if not self.built:
            raise InvalidInputError(
                f"The layer {self.name!r} has no weights yet: the model must be built, or called "
                "on data, before."
            )
        weights = (self.transitions, self.start, self.end)
        return [tf.convert_to_tensor(weight) for weight in weights]


def _read(emissions, mask):
    mask = mask_of(emissions) if mask is None else mask
    emissions = tf.cast(tf.convert_to_tensor(emissions), tf.float32)
    if mask is None:
        return emissions, tf.fill(tf.shape(emissions)[:2], True)
    return emissions, tf.cast(mask, tf.bool)
