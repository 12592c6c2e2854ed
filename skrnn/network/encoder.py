"""From inputs to states: the layers that every task shares."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from skrnn.backend.tensorflow import keras
from skrnn.layers import GRU, LSTM, Embedding, SimpleRNN
from skrnn.layers.dropout import WordDropout
from skrnn.layers.evidence import AppendEvidence, JoinColumns
from skrnn.layers.ids import AppendIds
from skrnn.layers.masking import NaNMasking
from skrnn.layers.pooling import AttentionPooling, MaskedMaxPooling, MaskedMeanPooling
from skrnn.network.description import APPEND, EMBEDDING, JOIN, JOIN_UNITS, NetworkDescription

CELLS = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
_POOLS = {"max_pooling": MaskedMaxPooling, "mean_pooling": MaskedMeanPooling}


class Encoding(NamedTuple):
    """What a head reads, Keras tensors.

    Attributes
    ----------
    inputs : list
        The sequences, and the side inputs in the description's order.
    summary : tensor of shape (n_samples, width), or None
        The pooled states, dropout applied, if the head reads the summary; with columns if any.
    steps : tensor of shape (n_samples, n_timesteps, width), or None
        The state at each step, dropout applied, if the head reads the steps; with columns if any.
    side : dict of str to tensor
        The side inputs by name.
    """

    inputs: list
    summary: Any
    steps: Any
    side: dict


def encode(description: NetworkDescription, seeds: Iterator[int]) -> Encoding:
    """Build the layers from inputs to states.

    Parameters
    ----------
    description : NetworkDescription
    seeds : iterator of int
        Of initial weights and dropout, in the order of the layers.
    """
    sequences, x = _steps(description, seeds)
    side = {}
    for one in description.side_inputs:
        shape = (one.width,) if one.per in ("state", "row") else (None, one.width)
        dtype = "int32" if one.is_ids else "float32"
        side[one.name] = keras.Input(shape, dtype=dtype, name=one.name)
    for i, one in enumerate(description.step_inputs):
        name = APPEND if len(description.step_inputs) == 1 else f"{APPEND}_{i + 1}"
        x = AppendEvidence(name=name)([x, side[one.name]])
    for one in description.id_inputs:
        x = _append_ids(one, description, seeds)([x, side[one.name]])
    x = _recurrent_stack(x, description, seeds)
    pool = description.pooling_layer()
    if pool is not None:
        x = _pool(pool, seeds)(x)
    if description.dropout:
        x = keras.layers.Dropout(description.dropout, seed=next(seeds), name="dropout")(x)
    for one in description.state_inputs:
        initializer = keras.initializers.GlorotUniform(seed=next(seeds))
        join = JoinColumns(JOIN_UNITS, kernel_initializer=initializer, name=JOIN)
        x = join([x, side[one.name]])
    reads_steps = description.head_.reads == "steps"
    return Encoding(
        [sequences, *side.values()], None if reads_steps else x, x if reads_steps else None, side
    )


def _steps(description, seeds):
    """Return the input tensor, and the steps of shape (n_samples, n_timesteps, width)."""
    if not description.is_tokens:
        n_channels = description.n_channels
        shape = (None,) if n_channels == 0 else (None, n_channels)
        inputs = keras.Input(shape, dtype="float32", name="channels")
        return inputs, NaNMasking(name="nan_masking")(inputs)
    inputs = keras.Input((None,), dtype="int32", name="tokens")
    initializer = keras.initializers.RandomUniform(-0.05, 0.05, seed=next(seeds))
    x = inputs
    if description.word_dropout:
        x = WordDropout(description.word_dropout, seed=next(seeds), name="word_dropout")(x)
    x = Embedding(
        description.vocabulary_size,
        description.embedding_dim,
        mask_zero=True,
        embeddings_initializer=initializer,
        trainable=description.trainable_embeddings,
        name=EMBEDDING,
    )(x)
    if description.embedding_dropout:
        x = keras.layers.SpatialDropout1D(
            description.embedding_dropout, seed=next(seeds), name="embedding_dropout"
        )(x)
    return inputs, x


def _append_ids(side_input, description, seeds):
    initializer = keras.initializers.RandomUniform(-0.05, 0.05, seed=next(seeds))
    rate = description.embedding_dropout
    return AppendIds(
        side_input.n_ids,
        side_input.dim,
        dropout=rate,
        seed=next(seeds) if rate else None,
        embeddings_initializer=initializer,
        name=f"append_{side_input.name}",
    )


def _recurrent_stack(x, description, seeds):
    """Put the recurrent layers on top of each other; only the last may drop the time axis."""
    cell = description.cell
    for layer in description.recurrent_layers():

        def make(name, go_backwards=False, layer=layer):
            return CELLS[cell](
                layer.units,
                return_sequences=layer.every_step,
                recurrent_dropout=description.recurrent_dropout,
                go_backwards=go_backwards,
                kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
                recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
                seed=next(seeds),
                name=name,
            )

        if description.bidirectional:
            x = keras.layers.Bidirectional(
                make(cell), backward_layer=make(f"backward_{cell}", True), name=layer.name
            )(x)
        else:
            x = make(layer.name)(x)
    return x


def _pool(name, seeds):
    if name == "attention_pooling":
        return AttentionPooling(
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            query_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            name=name,
        )
    return _POOLS[name](name=name)
