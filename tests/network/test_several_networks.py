"""Several networks that are trained as one: each learns as if alone, and they answer by the mean.

Each test's docstring says what a wrong implementation would fail on.
"""

import json
import pickle

import numpy as np
import pytest

from skrnn.backend.tensorflow import keras
from skrnn.exceptions import InvalidInputError
from skrnn.network.build import build, build_network
from skrnn.network.description import MAX_NETWORKS, NetworkDescription, SideInput, ngram_inputs
from skrnn.network.fitted import FittedNetwork
from skrnn.network.forward import Forward
from skrnn.network.programs import network_variables, predict
from skrnn.network.several import networks_of
from skrnn.sequences import Sequences
from skrnn.training.fit import FitData, FitPlan, Trainer, initial_network
from skrnn.training.objective import Objective
from skrnn.training.state import TrainingSettings
from tests.repeats import some

N_IDS, N_ROWS = 20, 13
TOKENS = {"vocabulary_size": N_IDS, "embedding_dim": 3}
NUMERIC = {"vocabulary_size": None, "n_channels": 2}
RNG = np.random.default_rng(0)
OFFSETS = np.concatenate([[0], np.cumsum(RNG.integers(1, 6, N_ROWS))])
ROWS = Sequences(RNG.integers(1, N_IDS, OFFSETS[-1]).astype(np.int32), OFFSETS)
SERIES = Sequences(RNG.normal(size=(OFFSETS[-1], 2)).astype(np.float32), OFFSETS)
WEIGHTS = RNG.uniform(0.5, 2.0, N_ROWS).astype(np.float32)
SCORES, EVIDENCE = (RNG.normal(size=(n, 1)).astype(np.float32) for n in (N_ROWS, OFFSETS[-1]))
NUMBERS = RNG.normal(size=(N_ROWS, 2)).astype(np.float32)
TAGS = Sequences(RNG.integers(0, 3, OFFSETS[-1]).astype(np.int32), OFFSETS)
COLUMNS = SideInput("columns", "state", 2)
# The head, other parts of the description, the rows, and the targets.
CASES = {
    "two classes": (
        {"kind": "classes", "n_outputs": 1},
        {**TOKENS, "side_inputs": (COLUMNS, *ngram_inputs(1, True))},
        ROWS.beside({"columns": NUMBERS, "ngram_scores": SCORES}, {"ngram_evidence": EVIDENCE}),
        RNG.integers(0, 2, (N_ROWS, 1)).astype(np.float32),
    ),
    "classes": (
        {"kind": "classes", "n_outputs": 4},
        {**TOKENS, "pooling": "attention", "trainable_embeddings": False},
        ROWS,
        RNG.integers(0, 4, N_ROWS).astype(np.int32),
    ),
    "labels": (
        {"kind": "labels", "n_outputs": 2},
        {**TOKENS, "units": (3, 2), "pooling": "last"},
        ROWS,
        RNG.integers(0, 2, (N_ROWS, 2)).astype(np.float32),
    ),
    "numbers": ({"kind": "values", "n_outputs": 2, "loss": "huber"}, NUMERIC, SERIES, NUMBERS),
    "tags": ({"kind": "tags", "n_outputs": 3, "output": "crf"}, TOKENS, ROWS, TAGS),
    "steps": ({"kind": "tags", "n_outputs": 3, "output": "softmax"}, NUMERIC, SERIES, TAGS),
    "next": (
        {"kind": "next_token", "n_outputs": N_IDS - 1, "n_directions": 2},
        TOKENS,
        Sequences(ROWS.values.clip(2), OFFSETS).take(np.flatnonzero(ROWS.lengths > 1)),
        np.zeros((ROWS.lengths > 1).sum(), np.float32),
    ),
}
DROPOUT = {"word_dropout": 0.3, "embedding_dropout": 0.3, "dropout": 0.5}
NO_DROPOUT = dict.fromkeys(DROPOUT, 0.0)


def describe(case, n_networks=2, **changes):
    head, parts, *_ = CASES[case]
    settings = {"cell": "gru", "units": (3,), **NO_DROPOUT, **parts, **changes}
    return NetworkDescription(**settings, head=head, n_networks=n_networks)


def drawn(description, seed=0, scale=0.5):
    """Return a network of random weights, large enough for answers to differ."""
    network, rng = initial_network(description, seed), np.random.default_rng(seed)
    values = [
        value
        if variable.kind == "seed"
        else rng.normal(size=variable.shape, scale=scale).astype(np.float32)
        for variable, value in zip(description.variables(), network.values, strict=True)
    ]
    return FittedNetwork(description, values, seed)


def alone(network):
    """Return the networks that a network consists of, as networks of their own."""
    of_one = network.description.of_one
    split = network.description.split(network.values)
    return [FittedNetwork(of_one, values, network.seed) for values in split]


def train(case, network, objective=None, **settings):
    _, _, rows, targets = CASES[case]
    weights = WEIGHTS[: len(rows)]
    settings = {"optimizer": "adam", "learning_rate": 0.05, "batch_size": 5, **settings}
    data = FitData(rows, targets, weights, validation=(rows, targets, weights))
    if objective:
        counts = np.bincount(ROWS.values, minlength=N_IDS).astype(float)
        data.unlabeled, data.token_counts = rows, counts
    plan = FitPlan(3, objective=objective)
    return Trainer(TrainingSettings(**settings)).fit(network, data, plan)


def assert_close(values, others, atol=2e-5):
    for one, other in zip(values, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=atol)


# --- Training -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("optimizer", "noise"),
    [
        ({"optimizer": "adam"}, DROPOUT),
        ({"optimizer": "sgd", "learning_rate": 0.5, "global_clipnorm": 0.1}, NO_DROPOUT),
    ],
    ids=["adam", "clipped"],
)
@pytest.mark.parametrize("case", some(CASES, "two classes", "tags"))
def test_each_network_learns_as_if_alone(case, optimizer, noise):
    """Fails if a network's step depends on the others: by the loss, its mean, a norm, or noise."""
    network = drawn(describe(case, **noise))
    before = [values.copy() for values in network.values]
    together = train(case, network, **optimizer)
    separate = [train(case, one, **optimizer) for one in alone(network)]
    for mine, other in zip(
        network.description.split(together.network.values), separate, strict=True
    ):
        assert_close(mine, other.network.values)
    assert_close(network.values, before, atol=0)  # a copy is trained
    moved = np.abs(np.subtract(separate[0].network.values[-2], before[len(before) // 2 - 2]))
    assert moved.max() > 1e-3  # else nothing was compared
    losses = [one.state.history["loss"] for one in separate]
    np.testing.assert_allclose(together.state.history["loss"], np.mean(losses, axis=0), rtol=1e-4)


@pytest.mark.parametrize("case", some(CASES, "labels", "tags"))
def test_scores_of_training_are_those_of_the_common_answer(case):
    """Fails if validation loss or accuracy is of one network, or the mean over them."""
    outcome = train(case, drawn(describe(case)))
    network = outcome.network
    _, _, rows, targets = CASES[case]
    model = network.model
    head = network.description.head_
    kwargs = {"optimizer": "sgd", "loss": head.loss(), "metrics": head.metrics()}
    for one in (kwargs["loss"], *kwargs["metrics"]):
        if hasattr(one, "bind"):
            one.bind(model)
    model.compile(**kwargs)
    index = np.arange(len(rows))
    inputs = rows.inputs(index)
    y, weights = targets, WEIGHTS[: len(rows)]
    if isinstance(targets, Sequences):
        weights = np.where(targets.steps(index) >= 0, weights[:, np.newaxis], np.float32(0))
        y = targets.pad(index)
    x = inputs if len(inputs) > 1 else inputs[0]
    found = model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True, batch_size=99)
    history = outcome.state.history
    np.testing.assert_allclose(history["val_loss"][-1], found["loss"], rtol=1e-4)
    for name in ("accuracy", "rmse"):
        if name in found:
            np.testing.assert_allclose(history[f"val_{name}"][-1], found[name], rtol=1e-4)


@pytest.mark.parametrize("case", some(["two classes", "classes", "labels"], "labels"))
def test_further_losses_are_each_networks_own(case):
    """Fails if perturbations are those of another network, or of all of them together."""
    network = drawn(describe(case, **DROPOUT), scale=1.0)
    objective = Objective(adversarial_epsilon=0.5, entropy_weight=0.7)
    together = train(case, network, objective, optimizer="sgd", learning_rate=0.1)
    separate = [
        train(case, one, objective, optimizer="sgd", learning_rate=0.1) for one in alone(network)
    ]
    split = network.description.split(together.network.values)
    for mine, other in zip(split, separate, strict=True):
        assert_close(mine, other.network.values, atol=1e-4)
    for name in ("loss", "adversarial_loss", "entropy"):
        mean = np.mean([one.state.history[name] for one in separate], axis=0)
        np.testing.assert_allclose(together.state.history[name], mean, rtol=1e-3)


@pytest.mark.slow
def test_networks_search_different_directions():
    """Fails if two equal networks are perturbed alike, which random directions are to avoid."""
    one = drawn(describe("classes", n_networks=1, trainable_embeddings=True), scale=1.0)
    twins = FittedNetwork(describe("classes", trainable_embeddings=True), one.values * 2, 0)
    objective = Objective(virtual_adversarial_epsilon=2.0)
    settings = {"optimizer": "sgd", "learning_rate": 0.1}
    first, second = alone(train("classes", twins, objective, **settings).network)
    assert_close(first.values, train("classes", one, objective, **settings).network.values, 1e-4)
    assert np.abs(first.values[0] - second.values[0]).max() > 1e-5


# --- Answers ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [name for name in CASES if name != "next"])
def test_the_answer_is_the_mean(case):
    """Fails if kernels, TensorFlow or the model leave a network out, or weigh one otherwise."""
    network, rows = drawn(describe(case, n_networks=3)), CASES[case][2]
    wanted = np.mean([one.raw(rows) for one in alone(network)], axis=0, dtype=np.float64)
    assert np.ptp([one.raw(rows) for one in alone(network)], axis=0).min() > 1e-6
    np.testing.assert_allclose(network.raw(rows), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(predict(network, rows), wanted, rtol=1e-4, atol=1e-5)
    chains = [one.activation_values for one in alone(network)]
    means = [np.mean(parts, axis=0) for parts in zip(*chains, strict=True)]
    assert_close(network.activation_values, means)


@pytest.mark.parametrize("n_networks", [2, 9])
def test_same_bytes_alone_and_together(n_networks):
    """Fails if the order in which the networks are added depends on the number of rows."""
    network = drawn(describe("two classes", n_networks=n_networks))
    rows = CASES["two classes"][2]
    raw = network.raw(rows)
    for row in range(len(rows)):
        assert network.raw(rows.take([row])).tobytes() == raw[row].tobytes()
    assert pickle.loads(pickle.dumps(network)).raw(rows).tobytes() == raw.tobytes()


# --- The model and its description --------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_variables_network_after_network(case):
    """Fails if Keras has the variables in another order, or begins two networks alike."""
    description = describe(case, n_networks=3, **DROPOUT)
    model = build(description, random_state=0)
    variables = network_variables(model)
    assert [tuple(v.shape) for v in variables] == [v.shape for v in description.variables()]
    assert len({v.name for v in description.variables()}) == len(variables)
    for one, values in zip(networks_of(model), description.split(variables), strict=True):
        assert list(map(id, network_variables(one))) == list(map(id, values))
    first, second, third = ([v.numpy() for v in own] for own in description.split(variables))
    # The first network is the one that there would be alone.
    single = network_variables(build(description.of_one, random_state=0))
    for mine, alone_ in zip(first, single, strict=True):
        np.testing.assert_array_equal(mine, alone_)
    # What is drawn, weights and states of generators, and not begun with zeros or ones.
    is_drawn = [len(np.unique(value)) > 2 or value.dtype.kind in "ui" for value in first]
    assert sum(is_drawn) > 3
    for one, *others in zip(is_drawn, first, second, third, strict=True):
        assert not one or len({other.tobytes() for other in others}) == 3
    weights = [v for v in description.variables() if v.kind != "seed"]
    assert [w.shape for w in model.get_weights()] == [v.shape for v in weights]


def test_one_network_is_described_as_before():
    """Fails if files, or keys of caches, of a single network change."""
    config = describe("classes", n_networks=1).config()
    assert "n_networks" not in config
    assert NetworkDescription.from_config(json.loads(json.dumps(config))).n_networks == 1
    config = describe("classes", n_networks=3).config()
    assert config["n_networks"] == 3
    again = NetworkDescription.from_config(json.loads(json.dumps(config)))
    assert again == describe("classes", n_networks=3)
    assert again.of_one == describe("classes", n_networks=1)
    assert describe("classes", 1).changes(again) == {"n_networks": (1, 3)}


@pytest.mark.parametrize("n_networks", [0, -1, 2.0, True, None, "2", MAX_NETWORKS + 1, 10**12])
def test_hostile_numbers(n_networks):
    """Fails if a file may ask for no network, or for more than fit into memory."""
    config = {**describe("classes", n_networks=2).config(), "n_networks": n_networks}
    with pytest.raises(InvalidInputError, match="n_networks"):
        NetworkDescription.from_config(config)


def test_pretrained_vectors_are_every_networks():
    """Fails if only the first embedding gets the initial vectors."""
    vectors = np.random.default_rng(0).normal(size=(N_IDS, 3)).astype(np.float32)
    for one in alone(initial_network(describe("classes", 3), 0, vectors)):
        np.testing.assert_array_equal(one.values[0], vectors)


@pytest.mark.slow
def test_plain_keras(tmp_path):
    """Fails if the model needs this package's trainer, or does not survive a file of Keras."""
    model = build_network(
        cell="rnn", units=2, vocabulary_size=9, embedding_dim=2, n_outputs=3, n_networks=2,
        random_state=0, compile_kwargs={"optimizer": "sgd", "metrics": ["accuracy"]},
    )  # fmt: skip
    x, y = np.array([[2, 3, 0], [4, 0, 0]], np.int32), np.array([0, 2])
    history = model.fit(x, y, epochs=2, verbose=0).history
    answers = [one(x)[1].numpy() for one in networks_of(model)]
    logs = sum(np.log(answer) for answer in answers) / 2
    geometric = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(x, verbose=0), geometric, rtol=1e-5)
    assert set(history) == {"loss", "accuracy"}
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), geometric, rtol=1e-5)
    loaded.fit(x, y, verbose=0)


def test_forward_of_one():
    """Fails if a single network's answer is computed, and so rounded, in another way."""
    network, rows = drawn(describe("labels", n_networks=1)), ROWS
    assert (
        network.raw(rows).tobytes()
        == Forward(network.description, network.values).raw(rows).tobytes()
    )
