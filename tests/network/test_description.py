"""What a network is made of, said without building it, against what Keras builds."""

import json
import tracemalloc
from pathlib import Path

import pytest

from skrnn.fileformat import container
from skrnn.network.build import build
from skrnn.network.description import NetworkDescription, SideInput, ngram_inputs
from skrnn.network.programs import network_variables

NETWORKS = [
    {"cell": cell, "pooling": pooling, "units": units, "bidirectional": both}
    for cell in ("rnn", "lstm", "gru")
    for pooling in ("last", "max", "mean", "attention")
    for units in ([3], [4, 2], [2, 3, 2])
    for both in (False, True)
]
SCORES, BOTH = (
    [one.config() for one in ngram_inputs(n_outputs, has_evidence)]
    for n_outputs, has_evidence in ((3, False), (2, True))
)
COLUMNS = {"name": "columns", "per": "state", "width": 2}
OPTIONS = [
    {},
    {"word_dropout": 0.1, "embedding_dropout": 0.2, "dropout": 0.5, "recurrent_dropout": 0.1},
    {
        "side_inputs": SCORES,
        "head": {"kind": "classes", "n_outputs": 3},
        "trainable_embeddings": False,
    },
    {"side_inputs": BOTH, "head": {"kind": "labels", "n_outputs": 2}},
    {"side_inputs": [COLUMNS, *BOTH], "dropout": 0.5, "head": {"kind": "labels", "n_outputs": 2}},
    {"side_inputs": [COLUMNS], "n_channels": 2, "vocabulary_size": None},
    {"n_channels": 2, "vocabulary_size": None, "dropout": 0.5, "word_dropout": 0.1},
    {
        "n_channels": 1,
        "vocabulary_size": None,
        "embedding_dropout": 0.3,
        "head": {"kind": "classes", "n_outputs": 4},
    },
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
    "vocabulary_size": 7,
    "n_channels": None,
    "side_inputs": [],
    "head": {"kind": "classes", "n_outputs": 1},
}
FILES = sorted((Path(__file__).parent.parent / "data/format_1").glob("*.skrnn"))


# Each architecture with the options in turn, and each of them with one of the architectures.
@pytest.mark.reliability
@pytest.mark.parametrize("i", range(len(NETWORKS)))
def test_variables_and_names_are_those_of_the_network(i):
    """Fails if a shape, the order, a name or the trainability is not as Keras makes it."""
    description = NetworkDescription.from_config(
        {**PLAIN, **NETWORKS[i], **OPTIONS[i % len(OPTIONS)]}
    )
    model = build(description, random_state=0)
    variables, built = description.variables(), network_variables(model)
    assert [tuple(v.shape) for v in built] == [variable.shape for variable in variables]
    assert ["seed" in v.name for v in built] == [one.kind == "seed" for one in variables]
    trainable = {id(v) for v in model.trainable_variables}
    assert [id(v) in trainable for v in built] == [one.kind == "weight" for one in variables]
    for layer in description.recurrent_layers():
        found = model.get_layer(layer.name)
        inner = found.forward_layer if description.bidirectional else found
        assert inner.units == layer.units and inner.return_sequences == layer.every_step
        assert inner.trainable_weights[0].shape[0] == layer.n_features
        if description.bidirectional:
            assert (found.forward_layer.name, found.backward_layer.name) == layer.directions
    names = {layer.name for layer in model.layers}
    assert description.raw_layer() in names
    assert {description.pooling_layer()} - {None} <= names
    assert [x.name for x in model.inputs[1:]] == [one.name for one in description.side_inputs]


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
def test_config_round_trip(options):
    """Fails if a description out of a file is not the one that went in, or hashes otherwise."""
    config = {**PLAIN, **options}
    one = NetworkDescription.from_config(config)
    again = NetworkDescription.from_config(json.loads(json.dumps(one.config())))
    assert one.config() == config
    assert again == one and hash(again) == hash(one) and again.key == one.key
    assert one.changes(again) == {}
    # As an object it is made of tuples, which nobody changes.
    assert type(one.units) is tuple and all(type(x) is SideInput for x in one.side_inputs)
    other = NetworkDescription.from_config({**config, "units": [3, 3]})
    assert other != one and other.key != one.key
    assert one.changes(other) == {"units": ((3,), (3, 3))}


ROW, STEP = SCORES[0], BOTH[1]
IMPOSSIBLE = [
    {"cell": "transformer"},
    {"cell": ["rnn"]},
    {"cell": None},
    {"units": []},
    {"units": [0]},
    {"units": [True]},
    {"units": [2] * 101},
    {"units": 3},
    {"units": ["3"]},
    {"units": {"0": 3}},
    {"pooling": "sum"},
    {"pooling": {}},
    {"bidirectional": 1},
    {"trainable_embeddings": "yes"},
    {"dropout": 1.0},
    {"dropout": -0.1},
    {"dropout": float("nan")},
    {"dropout": True},
    {"word_dropout": None},
    {"embedding_dim": 2.0},
    {"embedding_dim": None},
    {"n_channels": 2},
    {"n_channels": 0, "vocabulary_size": None},
    {"vocabulary_size": None},
    {"vocabulary_size": -7},
    {"head": None},
    {"head": {}},
    {"head": {"kind": "classes"}},
    {"head": {"kind": "classes", "n_outputs": 0}},
    {"head": {"kind": "classes", "n_outputs": 1, "more": 1}},
    {"head": {"kind": "labels", "n_outputs": 1}},
    {"head": {"kind": "poems", "n_outputs": 1}},
    {"head": {"kind": ["classes"], "n_outputs": 1}},
    {"side_inputs": None},
    {"side_inputs": {}},
    {"side_inputs": ["ngram_scores"]},
    {"side_inputs": [{**ROW, "width": 1, "per": "epoch"}]},
    {"side_inputs": [{**ROW, "width": 1, "per": ["row"]}]},
    {"side_inputs": [{**ROW, "width": 0}]},
    {"side_inputs": [{**ROW, "width": 1, "name": "no name/.."}]},
    {"side_inputs": [{**ROW, "width": 1, "name": 7}]},
    {"side_inputs": [{**ROW, "width": 2}]},
    {"side_inputs": [{**ROW, "width": 1}] * 2},
    {"side_inputs": [STEP, {**ROW, "width": 1}]},
    {"side_inputs": [{**ROW, "width": 1}, COLUMNS]},
    {"side_inputs": [STEP, COLUMNS]},
    {"side_inputs": [COLUMNS, {**COLUMNS, "name": "more"}]},
    {"side_inputs": [{**COLUMNS, "width": 0}]},
    {"side_inputs": [{**ROW, "width": 1}] * 101},
    {"n_channels": 2, "vocabulary_size": None, "side_inputs": [{**ROW, "width": 1}]},
    {"another": 1},
]


@pytest.mark.parametrize("change", IMPOSSIBLE, ids=lambda change: str(change)[:60])
def test_impossible_networks(change):
    """Fails if a description out of a file passes that no estimator writes."""
    with pytest.raises(ValueError, match=r"[Nn]etwork|null|head|[Ss]ide input|outputs"):
        NetworkDescription.from_config({**PLAIN, **change})


@pytest.mark.parametrize("name", PLAIN)
def test_nothing_may_be_missing(name):
    """Fails if a missing part of a description is replaced by a default."""
    with pytest.raises(ValueError, match=f"lacks, or does not know, .'{name}'"):
        NetworkDescription.from_config({k: v for k, v in PLAIN.items() if k != name})


@pytest.mark.parametrize("tree", [None, 3, "rnn", [], [["cell", "rnn"]]], ids=str)
def test_no_description_at_all(tree):
    """Fails if what is no object raises anything but ValueError."""
    for read in (NetworkDescription.from_config, NetworkDescription.from_format_1):
        with pytest.raises(ValueError, match="network's description lacks"):
            read(tree)


@pytest.mark.parametrize(
    "change",
    [
        {"units": [10**12] * 100},
        {"embedding_dim": 10**15},
        {"vocabulary_size": 10**18},
        {"head": {"kind": "classes", "n_outputs": 10**18}},
        {"n_channels": 10**18, "vocabulary_size": None},
        {"units": [10**4000]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_huge_numbers_allocate_nothing(change):
    """Fails if a few digits in a file take memory before they are compared with its arrays."""
    tracemalloc.start()
    try:
        description = NetworkDescription.from_config({**PLAIN, **change})
        assert max(max(one.shape) for one in description.variables()) >= 10**12
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


# --- Format 1 ---------------------------------------------------------------------------

OLD = {
    **{key: value for key, value in PLAIN.items() if key not in ("side_inputs", "head")},
    "ngram_scores": False,
    "ngram_evidence": False,
    "n_outputs": 1,
    "multilabel": False,
}


def networks(tree):
    """Yield the descriptions of networks in the document of a file."""
    if isinstance(tree, dict):
        if isinstance(tree.get("network"), dict):
            yield tree["network"]
        for value in tree.values():
            yield from networks(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from networks(value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_format_1(path):
    """Fails if a network of before is read as another one; arrays tell what it was."""
    document, arrays = container.read(path)
    found = list(networks(document))
    has_network = path.stem in ("default", "gru_attention", "multilabel", "numeric")
    assert len(found) == has_network
    for old in found:
        description = NetworkDescription.from_format_1(old)
        assert description.head == {
            "kind": "labels" if path.stem == "multilabel" else "classes",
            "n_outputs": old["n_outputs"],
        }
        names = [one.name for one in description.side_inputs]
        has_ngrams = path.stem in ("default", "multilabel")
        assert names == (["ngram_scores", "ngram_evidence"] if has_ngrams else [])
        same = old.keys() & description.config().keys()
        assert {key: description.config()[key] for key in same} == {key: old[key] for key in same}
        of_network = {
            int(name.rsplit("/", 1)[1]): array.shape
            for name, array in arrays.items()
            if "/variables/" in name
        }
        assert [of_network[i] for i in sorted(of_network)] == [
            variable.shape for variable in description.variables()
        ]


@pytest.mark.parametrize(
    "change",
    [
        {"n_outputs": 0},
        {"n_outputs": 2.0},
        {"n_outputs": "3"},
        {"multilabel": True},
        {"multilabel": 1},
        {"ngram_scores": None},
        {"ngram_evidence": True},
        {"ngram_scores": True, "n_channels": 2, "vocabulary_size": None},
        {"ngram_scores": True, "n_outputs": [1]},
        {"head": {"kind": "classes", "n_outputs": 1}},
        {"side_inputs": []},
        {"cell": "transformer"},
        {"another": 1},
    ],
    ids=str,
)
def test_impossible_networks_of_format_1(change):
    """Fails if the way round by the old format skips a check, or takes words of both."""
    NetworkDescription.from_format_1(OLD)
    with pytest.raises(ValueError, match=r"[Nn]etwork|null|head|[Ss]ide input|outputs"):
        NetworkDescription.from_format_1({**OLD, **change})
