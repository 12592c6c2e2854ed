"""Parts of a network as models of their own."""

from itertools import accumulate

from skrnn.backend.tensorflow import keras
from skrnn.layers.averaging import Mean
from skrnn.layers.evidence import AddScores, AppendEvidence, JoinColumns
from skrnn.layers.ids import AddIdScores, AppendIds
from skrnn.network.description import EMBEDDING, LOGITS
from skrnn.network.several import networks_of
from skrnn.sequences import PADDING

# Layers that read a side input beside what the layer before has made.
_READ_BESIDE = (AddScores, AppendEvidence, JoinColumns, AppendIds, AddIdScores)


class _MaskedByTokens(keras.layers.Layer):
    """Give embedded tokens the mask that an embedding would: true where there is a token."""

    def call(self, inputs):
        return inputs[0]

    def compute_mask(self, inputs, mask=None):
        return inputs[1] != PADDING

    def compute_output_shape(self, input_shape):
        return input_shape[0]


def behind_embeddings(network):
    """Return the part of a model from embedded tokens, and its inputs, to logits.

    Of several networks, the vectors of a token in each are side by side, first to last.
    """
    networks = networks_of(network)
    if len(networks) == 1:
        return behind_embedding(network)
    parts = [behind_embedding(one, name=f"behind_{one.name}") for one in networks]
    widths = [part.inputs[0].shape[-1] for part in parts]
    embedded = keras.Input((None, sum(widths)), name="embedded")
    others = [keras.Input(x.shape[1:], dtype=x.dtype, name=x.name) for x in parts[0].inputs[1:]]
    ends = list(accumulate(widths))
    logits = [
        part([embedded[:, :, end - width : end], *others])
        for part, width, end in zip(parts, widths, ends, strict=True)
    ]
    return keras.Model([embedded, *others], Mean()(logits), name="behind_embeddings")


def behind_embedding(network, name="behind_embedding"):
    """Return the part of a network from embedded tokens, and its inputs, to logits."""
    tokens, *others = network.inputs
    others = {tensor.name: tensor for tensor in others}
    names = [layer.name for layer in network.layers]
    first, last = names.index(EMBEDDING), names.index(LOGITS)
    embedded = keras.Input(network.layers[first].output.shape[1:], name="embedded")
    x = _MaskedByTokens(name="masked_by_tokens")([embedded, tokens])
    for layer in network.layers[first + 1 : last + 1]:
        if not isinstance(layer, keras.layers.InputLayer):
            if isinstance(layer, _READ_BESIDE):
                x = [x, others[layer.input[1].name]]
            x = layer(x)
    return keras.Model([embedded, tokens, *others.values()], x, name=name)
