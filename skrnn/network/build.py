"""From hyperparameters to a Keras model: the only place that knows the architecture."""

from typing import Any

import numpy as np

from skrnn.backend.tensorflow import check_not_forked, keras
from skrnn.layers import GRU, LSTM, Embedding, SimpleRNN
from skrnn.layers.dropout import WordDropout
from skrnn.layers.evidence import AddScores, AppendEvidence
from skrnn.layers.pooling import AttentionPooling, MaskedMaxPooling, MaskedMeanPooling, NaNMasking

CELLS = {
    "rnn": SimpleRNN,
    "lstm": LSTM,
    "gru": GRU,
}
EMBEDDING, LOGITS = "embedding", "logits"
# The dense layer's name if the scores of n-grams are added behind it; else it has the logits.
DENSE = "recurrent_logits"


def build_network(
    *,
    cell: str = "lstm",
    units: int | tuple[int, ...] = 64,
    bidirectional: bool = True,
    embedding_dim: int = 128,
    pooling: str = "max",
    trainable_embeddings: bool = True,
    word_dropout: float = 0.1,
    embedding_dropout: float = 0.3,
    recurrent_dropout: float = 0.0,
    dropout: float = 0.5,
    ngram_scores: bool = False,
    ngram_evidence: bool = False,
    vocabulary_size: int = 10_002,
    n_channels: int | None = None,
    n_outputs: int = 1,
    multilabel: bool = False,
    random_state: int | None = None,
    meta: dict[str, Any] | None = None,
    compile_kwargs: dict[str, Any] | None = None,
) -> keras.Model:
    """Build a recurrent network that classifies sequences.

    The network is an embedding (of token ids; numeric channels go in as they are), one or more
    recurrent layers, a pool over the time steps, and a dense layer whose activation gives
    probabilities. It can be used alone, and as ``model=`` of a plain
    ``scikeras.wrappers.KerasClassifier``, which fills in `meta` and `compile_kwargs`.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}, default="lstm"
        The recurrent layer: Keras's SimpleRNN, LSTM or GRU, on the faster loop of
        :mod:`skrnn.layers`.
    units : int or tuple of int, default=64
        Width of the recurrent layer, or of each layer of a stack, first to last.
    bidirectional : bool, default=True
        Whether each layer also reads from the end, its states joined to the forward ones.
    embedding_dim : int, default=128
        Width of the token embedding.
    pooling : {"last", "max", "mean", "attention"}, default="max"
        What of the last layer's states goes on: the last real step's, their maximum, mean, or
        attention-weighted mean over the real steps.
    trainable_embeddings : bool, default=True
        Whether training changes the token embedding.
    word_dropout : float, default=0.1
        Share of the tokens read as the unknown word in training (Dai & Le 2015); no effect on
        numeric channels.
    embedding_dropout : float, default=0.3
        Share of the embedding's dimensions dropped for a whole sequence (Gal & Ghahramani 2016);
        no effect on numeric channels.
    recurrent_dropout : float, default=0.0
        Share of the state dropped on its way to the next step. The recurrent layers then run in
        Keras's slower loop.
    dropout : float, default=0.5
        Share of the pooled state dropped before the dense layer.
    ngram_scores : bool, default=False
        Whether the network has a second input, a score an output, that is added to the logits
        by a learned weight.
    ngram_evidence : bool, default=False
        Whether it has another input, a number an output at each time step, that is appended to
        the token's vector.
    vocabulary_size : int, default=10_002
        Number of token ids, 0 (padding) and 1 (unknown) included: `max_features` + 2.
    n_channels : int or None, default=None
        None for token ids; else the number of numeric channels, NaN steps being padding.
    n_outputs : int, default=1
        1 for two classes, else the number of classes or labels.
    multilabel : bool, default=False
        Whether the outputs are independent labels (sigmoid) rather than classes (softmax).
    random_state : int or None, default=None
        Seed of the initial weights and of dropout; None draws one.
    meta : dict or None, default=None
        scikeras's metadata. Where given, it decides `n_outputs`, `multilabel` and, from the
        dtype and shape of X, `n_channels`.
    compile_kwargs : dict or None, default=None
        Arguments of ``keras.Model.compile``; where given, the model is returned compiled, with
        the loss that fits the output unless another is named.

    Returns
    -------
    model : keras.Model
        Takes int32 of shape (n_samples, n_timesteps), or float32 of shape (n_samples,
        n_timesteps, n_channels) and, with one channel, (n_samples, n_timesteps) too; returns
        probabilities float32 of shape (n_samples, n_outputs).

    Raises
    ------
    ValueError
        For a cell or pooling that does not exist, or `units` without any.
    RuntimeError
        In a fork of a process in which TensorFlow was running.

    Examples
    --------
    >>> from skrnn import build_network
    >>> model = build_network(cell="gru", units=8, vocabulary_size=100, random_state=0)
    >>> model.output_shape
    (None, 1)

    In a plain scikeras classifier, parameters of the network have the prefix ``model__``. Its
    X is dense and always as wide as in fit:

    >>> from scikeras.wrappers import KerasClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import TextToSequence, make_reviews
    >>> reviews, labels = make_reviews(100, random_state=0)
    >>> pipe = make_pipeline(
    ...     TextToSequence(max_features=500, max_length=30, sparse_output=False),
    ...     KerasClassifier(
    ...         model=build_network,
    ...         model__cell="gru",
    ...         model__units=8,
    ...         model__vocabulary_size=502,
    ...         model__random_state=0,
    ...         optimizer="adam",
    ...         verbose=0,
    ...     ),
    ... )
    >>> pipe.fit(reviews, labels).predict_proba(reviews[:3]).shape
    (3, 2)
    """
    check_not_forked()
    if meta is not None:
        n_outputs, multilabel = _outputs_from_meta(meta)
        n_channels = _channels_from_meta(meta)
    _choose("cell", cell, CELLS)
    _choose("pooling", pooling, {"last", *_POOLS, "attention"})
    seeds = _seeds(random_state)

    inputs, x = _inputs(
        n_channels, vocabulary_size, embedding_dim, trainable_embeddings, word_dropout, seeds
    )
    if embedding_dropout and n_channels is None:
        x = keras.layers.SpatialDropout1D(
            embedding_dropout, seed=next(seeds), name="embedding_dropout"
        )(x)
    others = []
    if ngram_scores:
        others.append(keras.Input((n_outputs,), dtype="float32", name="ngram_scores"))
    if ngram_evidence:
        others.append(keras.Input((None, n_outputs), dtype="float32", name="ngram_evidence"))
        x = AppendEvidence(name="append_evidence")([x, others[-1]])
    x = _recurrent_stack(x, cell, units, bidirectional, recurrent_dropout, pooling, seeds)
    if pooling != "last":
        x = _pool(pooling, seeds)(x)
    if dropout:
        x = keras.layers.Dropout(dropout, seed=next(seeds), name="dropout")(x)
    x = keras.layers.Dense(
        n_outputs,
        kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
        name=DENSE if ngram_scores else LOGITS,
    )(x)
    if ngram_scores:
        x = AddScores(name=LOGITS)([x, others[0]])
    activation = "sigmoid" if n_outputs == 1 or multilabel else "softmax"
    outputs = keras.layers.Activation(activation, name="probability")(x)
    inputs = [inputs, *others] if others else inputs
    model = keras.Model(inputs, outputs, name=f"{cell}_classifier")
    if compile_kwargs is not None:
        kwargs = {k: v for k, v in compile_kwargs.items() if v is not None}
        model.compile(**{"loss": loss_for(n_outputs, multilabel), **kwargs})
    return model


def loss_for(n_outputs, multilabel):
    """Return the name of the Keras loss that goes with the network's output."""
    if n_outputs == 1 or multilabel:
        return "binary_crossentropy"
    return "sparse_categorical_crossentropy"


def _inputs(n_channels, vocabulary_size, embedding_dim, trainable_embeddings, word_dropout, seeds):
    """Return the input tensor, and the steps of shape (n_samples, n_timesteps, width)."""
    if n_channels is None:
        inputs = keras.Input((None,), dtype="int32", name="tokens")
        initializer = keras.initializers.RandomUniform(-0.05, 0.05, seed=next(seeds))
        x = inputs
        if word_dropout:
            x = WordDropout(word_dropout, seed=next(seeds), name="word_dropout")(x)
        return inputs, Embedding(
            vocabulary_size,
            embedding_dim,
            mask_zero=True,
            embeddings_initializer=initializer,
            trainable=trainable_embeddings,
            name=EMBEDDING,
        )(x)
    shape = (None,) if n_channels == 0 else (None, n_channels)
    inputs = keras.Input(shape, dtype="float32", name="channels")
    return inputs, NaNMasking(name="nan_masking")(inputs)


def _recurrent_stack(x, cell, units, bidirectional, recurrent_dropout, pooling, seeds):
    """Put the recurrent layers on top of each other; only a last one may drop the time axis."""
    stack = (units,) if np.ndim(units) == 0 else tuple(units)
    if not stack:
        raise ValueError("units=() leaves no recurrent layer; give the width of at least one.")
    for i, width in enumerate(stack):
        every_step = pooling != "last" or i < len(stack) - 1

        def make(name, go_backwards=False, width=width, every_step=every_step):
            return CELLS[cell](
                width,
                return_sequences=every_step,
                recurrent_dropout=recurrent_dropout,
                go_backwards=go_backwards,
                kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
                recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
                seed=next(seeds),
                name=name,
            )

        name = f"{cell}_{i + 1}" if len(stack) > 1 else cell
        if bidirectional:
            x = keras.layers.Bidirectional(
                make(cell), backward_layer=make(f"backward_{cell}", True), name=f"bi{name}"
            )(x)
        else:
            x = make(name)(x)
    return x


_POOLS = {"max": MaskedMaxPooling, "mean": MaskedMeanPooling}


def _pool(pooling, seeds):
    if pooling == "attention":
        return AttentionPooling(
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            query_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            name="attention_pooling",
        )
    return _POOLS[pooling](name=f"{pooling}_pooling")


def _choose(parameter, value, choices):
    if value not in choices:
        raise ValueError(f"{parameter}={value!r} is unknown; it is one of {sorted(choices)}.")


def _seeds(random_state):
    """Yield seeds for Keras, each component having its own.

    Keras would draw a missing seed from Python's global generator, which is not ours to turn.
    """
    rng = np.random.default_rng(random_state)
    while True:
        yield int(rng.integers(2**31))


def _outputs_from_meta(meta):
    multilabel = meta["target_type_"].startswith("multilabel")
    binary = meta["target_type_"] == "binary"
    return (1 if binary else int(meta["n_classes_"])), multilabel


def _channels_from_meta(meta):
    if np.dtype(meta["X_dtype_"]).kind in "iu":
        return None
    shape = meta["X_shape_"]
    return 0 if len(shape) == 2 else shape[2]
