"""Networks that read ids beside each step, of every kind, and rows for them."""

import numpy as np
from siblings import TagsHead

from skrnn.heads.base import Variable
from skrnn.network.description import NetworkDescription, SideInput
from skrnn.sequences import Sequences

VOCABULARY, N_OUTPUTS = 30, 3
AFFIXES = SideInput("affixes", "ids", 4, 20, 5)
POS = SideInput("pos", "ids", 1, 6, 3)
WIDE = SideInput("wide", "id_scores", 5, 12)
WIDER = SideInput("wider", "id_scores", 2, 40)
COLUMNS, EVIDENCE = SideInput("columns", "state", 2), SideInput("evidence", "step", 3)
TOKENS = {"vocabulary_size": VOCABULARY, "embedding_dim": 6}
NUMERIC = {"vocabulary_size": None, "n_channels": 2}
CASES = {
    "all": {"cell": "lstm", **TOKENS, "side_inputs": (COLUMNS, EVIDENCE, AFFIXES, POS, WIDE)},
    "vectors": {"cell": "gru", "bidirectional": False, **TOKENS, "side_inputs": (AFFIXES,)},
    "scores": {"cell": "rnn", "units": (4, 5), **TOKENS, "side_inputs": (WIDE, WIDER)},
    "numeric": {"cell": "gru", **NUMERIC, "side_inputs": (POS, AFFIXES, WIDE)},
}


class ShiftedHead(TagsHead):
    """A head with a variable after its raw output, as transitions are."""

    kind = "shifted_tags"

    def activate(self, raw):
        from skrnn.backend.tensorflow import keras

        layer = keras.layers.EinsumDense("btc,cd->btd", (None, self.n_outputs), name="shift")
        layer.supports_masking = True
        return layer(raw)

    def activation_variables(self):
        return [Variable("shift", (self.n_outputs, self.n_outputs))]


def describe(case, kind="tags", **changes):
    head = {"kind": kind, "n_outputs": N_OUTPUTS}
    return NetworkDescription(**{"units": (5,), "head": head, **CASES[case], **changes})


def draw_values(description, seed=0):
    rng = np.random.default_rng(seed)
    return [
        np.zeros(one.shape, np.int64)
        if one.kind == "seed"
        else rng.normal(size=one.shape, scale=0.4).astype(np.float32)
        for one in description.variables()
    ]


def draw_sequences(description, lengths=(3, 1, 7, 0, 2, 5), seed=1):
    """Return rows, one of them empty; and some steps without any id."""
    rng, offsets = np.random.default_rng(seed), np.concatenate([[0], np.cumsum(lengths)])
    n_steps = offsets[-1]
    if description.is_tokens:
        values = rng.integers(1, VOCABULARY, n_steps).astype(np.int32)
    else:
        values = rng.normal(size=(n_steps, 2)).astype(np.float32)
    rows, steps = {}, {}
    for one in description.side_inputs:
        if one.is_ids:
            steps[one.name] = rng.integers(0, one.n_ids, (n_steps, one.width)).astype(np.int32)
            steps[one.name][::4] = 0
        elif one.per == "step":
            steps[one.name] = rng.normal(size=(n_steps, one.width)).astype(np.float32)
        else:
            rows[one.name] = rng.normal(size=(len(lengths), one.width)).astype(np.float32)
    return Sequences(values, offsets).beside(rows, steps)
