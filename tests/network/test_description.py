"""The weights of a network, told without building it, against those that Keras builds.

Each test's docstring says what a wrong implementation would fail on.
"""

import pytest

from skrnn.network.build import build_network
from skrnn.network.description import check_network, network_shapes
from skrnn.network.programs import network_variables

pytestmark = pytest.mark.reliability

NETWORKS = [
    {"cell": cell, "pooling": pooling, "units": units, "bidirectional": both}
    for cell in ("rnn", "lstm", "gru")
    for pooling in ("last", "max", "mean", "attention")
    for units in ([3], [4, 2], [2, 3, 2])
    for both in (False, True)
]
OPTIONS = [
    {},
    {"word_dropout": 0.1, "embedding_dropout": 0.2, "dropout": 0.5, "recurrent_dropout": 0.1},
    {"ngram_scores": True, "n_outputs": 3, "trainable_embeddings": False},
    {"ngram_scores": True, "ngram_evidence": True, "n_outputs": 2, "multilabel": True},
    {"n_channels": 2, "vocabulary_size": None, "dropout": 0.5, "word_dropout": 0.1},
    {"n_channels": 1, "vocabulary_size": None, "embedding_dropout": 0.3, "n_outputs": 4},
]
PLAIN = {
    "cell": "rnn",
    "units": [3],
    "bidirectional": False,
    "embedding_dim": 5,
    "pooling": "max",
    "trainable_embeddings": True,
    "word_dropout": 0.0,
    "embedding_dropout": 0.0,
    "recurrent_dropout": 0.0,
    "dropout": 0.0,
    "ngram_scores": False,
    "ngram_evidence": False,
    "vocabulary_size": 7,
    "n_channels": None,
    "n_outputs": 1,
    "multilabel": False,
}


# Each architecture with the options in turn, and each of them with one of the architectures.
@pytest.mark.parametrize("i", range(len(NETWORKS)))
def test_shapes_are_those_of_the_network(i):
    """Fails if a shape, the order or the trainability of a variable is not as Keras makes it."""
    network = {**PLAIN, **NETWORKS[i], **OPTIONS[i % len(OPTIONS)]}
    check_network(network)
    model = build_network(**network, random_state=0)
    shapes = network_shapes(network)
    variables = network_variables(model)
    assert [tuple(v.shape) for v in variables] == [variable.shape for variable in shapes]
    assert ["seed" in v.name for v in variables] == [one.kind == "seed" for one in shapes]
    trainable = {id(v) for v in model.trainable_variables}
    assert [id(v) in trainable for v in variables] == [one.kind == "weight" for one in shapes]


@pytest.mark.parametrize(
    "change",
    [
        {"cell": "transformer"},
        {"cell": ["rnn"]},
        {"units": []},
        {"units": [0]},
        {"units": [True]},
        {"units": [2] * 101},
        {"units": 3},
        {"pooling": "sum"},
        {"dropout": 1.0},
        {"dropout": float("nan")},
        {"embedding_dim": 2.0},
        {"n_outputs": 0},
        {"multilabel": True},
        {"multilabel": 1},
        {"n_channels": 2},
        {"vocabulary_size": None},
        {"n_channels": 2, "vocabulary_size": None, "ngram_scores": True},
        {"another": 1},
    ],
    ids=str,
)
def test_impossible_networks(change):
    """Fails if a description passes that build_network would not take, or take for another."""
    with pytest.raises(ValueError, match="network|null"):
        check_network({**PLAIN, **change})
