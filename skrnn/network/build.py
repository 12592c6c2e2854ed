"""Building a Keras model from a description."""

from functools import partial
from typing import Any

import numpy as np

from skrnn.backend.tensorflow import check_tensorflow, keras
from skrnn.exceptions import InvalidInputError
from skrnn.layers.evidence import CALIBRATED_WEIGHT, INITIAL_WEIGHT, AddScores
from skrnn.layers.ids import AddIdScores
from skrnn.network.description import (
    CONVOLUTION_SCORES,
    LOGITS,
    N_GATES,
    POOLINGS,
    NetworkDescription,
    SideInput,
)
from skrnn.network.encoder import encode
from skrnn.network.several import put_together


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
    side_inputs: tuple[SideInput, ...] = (),
    vocabulary_size: int = 10_002,
    n_channels: int | None = None,
    n_outputs: int = 1,
    head: str = "classes",
    n_networks: int = 1,
    random_state: int | None = None,
    meta: dict[str, Any] | None = None,
    compile_kwargs: dict[str, Any] | None = None,
) -> keras.Model:
    """Build a recurrent network that classifies sequences.

    The network has an embedding of token ids (or reads numeric channels directly), one or more
    recurrent layers, pooling over the time steps, and the last layers of a head. It can be used
    alone, or as ``model=`` of a plain ``scikeras.wrappers.KerasClassifier``, which fills in
    `meta` and `compile_kwargs`.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}, default="lstm"
        The recurrent layer: Keras's SimpleRNN, LSTM or GRU, with the faster loop of
        :mod:`skrnn.layers`.
    units : int or tuple of int, default=64
        Number of units of the recurrent layer. A tuple stacks several layers, first to last.
    bidirectional : bool, default=True
        Whether each layer also reads from the end. The states of both directions are
        concatenated.
    embedding_dim : int, default=128
        Token ids only. Dimension of the token embedding.
    pooling : {"last", "max", "mean", "attention"}, default="max"
        How the states of the last layer become one vector: the state after the last real step, or
        the maximum, mean, or attention-weighted mean over the real steps.
    trainable_embeddings : bool, default=True
        Token ids only. Whether training changes the token embedding.
    word_dropout : float, default=0.1
        Token ids only. Fraction of the tokens that are replaced by the unknown word during
        training (Dai & Le 2015).
    embedding_dropout : float, default=0.3
        Token ids only. Fraction of the embedding's dimensions dropped for a whole sequence (Gal &
        Ghahramani 2016).
    recurrent_dropout : float, default=0.0
        Fraction of the state dropped between time steps. Values above 0 use Keras's slower loop.
    dropout : float, default=0.5
        Fraction of the pooled vector dropped before the dense layer.
    side_inputs : sequence of SideInput, default=()
        Further inputs of the network besides the sequence, in this order, see
        :class:`skrnn.network.description.SideInput`.
    vocabulary_size : int, default=10_002
        Token ids only. Number of token ids, including 0 (padding) and 1 (unknown):
        `max_features` + 2.
    n_channels : int or None, default=None
        Number of numeric channels, in which NaN steps are padding; None for token ids.
    n_outputs : int, default=1
        Number of outputs: 1 for two classes, otherwise the number of classes or labels.
    head : {"classes", "labels"}, default="classes"
        "classes" predicts one class for each row (sigmoid for two, softmax for more), "labels" any
        number of independent labels (sigmoid). See :mod:`skrnn.heads`.
    n_networks : int, default=1
        Number of networks that read the same inputs, share nothing else, and answer by the mean of
        their outputs before the last activation. Each is trained on its own loss.
    random_state : int or None, default=None
        Seed of the initial weights and of dropout; None draws one.
    meta : dict or None, default=None
        scikeras's metadata. If given, it determines `n_outputs`, `head` and, from the dtype and
        shape of X, `n_channels`.
    compile_kwargs : dict or None, default=None
        Arguments of ``keras.Model.compile``. If given, the model is compiled, with the loss of the
        head unless another loss is given.

    Returns
    -------
    model : keras.Model
        Takes int32 of shape (n_samples, n_timesteps), or float32 of shape (n_samples,
        n_timesteps, n_channels) or, with one channel, (n_samples, n_timesteps). Returns
        probabilities, float32 of shape (n_samples, n_outputs).

    Raises
    ------
    ValueError
        If `cell`, `pooling` or `head` is unknown, or `units` is empty.
    RuntimeError
        In a fork of a process that has used TensorFlow, or without eager execution.

    Examples
    --------
    >>> from skrnn import build_network
    >>> model = build_network(cell="gru", units=8, vocabulary_size=100, random_state=0)
    >>> model.output_shape
    (None, 1)

    In a plain scikeras classifier, parameters of the network have the prefix ``model__``. X must
    be dense, with the same width as in fit:

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
    if meta is not None:
        head, n_outputs = _head_from_meta(meta)
        n_channels = _channels_from_meta(meta)
    _choose("cell", cell, N_GATES)
    _choose("pooling", pooling, POOLINGS)
    _choose("head", head, ("classes", "labels"))
    stack = tuple(units) if isinstance(units, tuple | list) else (units,)
    if not stack:
        raise InvalidInputError(
            "units=() has no recurrent layer. Pass the number of units of at least one layer."
        )
    description = NetworkDescription(
        cell=cell,
        units=stack,
        bidirectional=bidirectional,
        embedding_dim=embedding_dim,
        pooling=pooling,
        trainable_embeddings=trainable_embeddings,
        word_dropout=word_dropout,
        embedding_dropout=embedding_dropout,
        recurrent_dropout=recurrent_dropout,
        dropout=dropout,
        vocabulary_size=vocabulary_size if n_channels is None else None,
        n_channels=n_channels,
        side_inputs=tuple(SideInput(*one) for one in side_inputs),
        head={"kind": head, "n_outputs": n_outputs},
        n_networks=n_networks,
    )
    return build(description, random_state=random_state, compile_kwargs=compile_kwargs)


def build(
    description: NetworkDescription,
    *,
    random_state: int | None = None,
    compile_kwargs: dict[str, Any] | None = None,
) -> keras.Model:
    """Build the Keras model of a description.

    Parameters
    ----------
    description : NetworkDescription
    random_state : int or None
        Seed of the initial weights and of dropout; None draws one.
    compile_kwargs : dict or None
        Arguments of ``keras.Model.compile``. If given, the model is compiled, with the loss of the
        head unless another loss is given.

    Raises
    ------
    RuntimeError
        In a fork of a process that has used TensorFlow, or without eager execution.
    """
    check_tensorflow()
    head, seeds = description.head_, _seeds(random_state)
    name = f"{description.cell}_{head.kind}"
    if description.n_networks == 1:
        inputs, _, answer = _one_network(description, head, seeds)
        model = keras.Model(inputs, answer, name=name)
    else:
        # The seeds go on from network to network, so no two begin, or drop units, alike.
        make_one = partial(_one_network, description, head, seeds)
        model = put_together(make_one, description.n_networks, head, name)
    if compile_kwargs is not None:
        kwargs = {k: v for k, v in compile_kwargs.items() if v is not None}
        kwargs = {"loss": head.loss(), **kwargs}
        bind(model, kwargs)
        model.compile(**kwargs)
    return model


def _one_network(description, head, seeds):
    """Return inputs, raw output and answer of one network."""
    encoding = encode(description, seeds)
    raw = head.outputs(encoding, seeds, description.raw_layer())
    adding = description.row_inputs + description.id_score_inputs
    for one in adding:
        name = LOGITS if one is adding[-1] else f"add_{one.name}"
        raw = _adding(one, name)([raw, encoding.side[one.name]])
    inputs = encoding.inputs if len(encoding.inputs) > 1 else encoding.inputs[0]
    return inputs, raw, head.activate(raw)


def bind(model: keras.Model, compile_kwargs: dict[str, Any]) -> None:
    """Tell losses and metrics that have a method `bind` the model that they are compiled with.

    A loss may need more than the model's output, such as a variable of its last layer.
    """
    for one in keras.tree.flatten([compile_kwargs.get("loss"), compile_kwargs.get("metrics")]):
        if callable(getattr(one, "bind", None)):
            one.bind(model)


def _adding(side_input, name):
    """Return the layer that adds a side input to the raw output."""
    if side_input.per == "id_scores":
        return AddIdScores(side_input.n_ids, name=name)
    is_calibrated = side_input.name == CONVOLUTION_SCORES
    return AddScores(CALIBRATED_WEIGHT if is_calibrated else INITIAL_WEIGHT, name=name)


def _choose(parameter, value, choices):
    if value not in choices:
        raise InvalidInputError(
            f"{parameter}={value!r} is unknown; it must be one of {sorted(choices)}."
        )


def _seeds(random_state):
    """Yield seeds for Keras, one for each component.

    Keras would draw a missing seed from Python's global generator, whose state we must not change.
    """
    rng = np.random.default_rng(random_state)
    while True:
        yield int(rng.integers(2**31))


def _head_from_meta(meta):
    """Return the head and the number of outputs from scikeras's metadata."""
    target_type = meta["target_type_"]
    if target_type == "binary":
        return "classes", 1
    kind = "classes" if target_type == "multiclass" else "labels"
    return kind, int(meta["n_classes_"])


def _channels_from_meta(meta):
    if np.dtype(meta["X_dtype_"]).kind in "iu":
        return None
    shape = meta["X_shape_"]
    return 0 if len(shape) == 2 else shape[2]
