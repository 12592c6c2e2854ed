"""Ids beside each step: their vectors, summed, and their scores; and what comes after a raw output.

Each test's docstring says what a wrong implementation would fail on.
"""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from id_networks import (
    AFFIXES,
    CASES,
    COLUMNS,
    EVIDENCE,
    N_OUTPUTS,
    POS,
    WIDE,
    ShiftedHead,
    describe,
    draw_sequences,
    draw_values,
)
from numpy.testing import assert_allclose, assert_array_equal
from siblings import RNNTaggerForTest, TaggerByIds, TagsHead

import skrnn
from skrnn.backend.tensorflow import keras, tf
from skrnn.exceptions import InvalidInputError
from skrnn.heads.registry import HEADS
from skrnn.kernels import sums
from skrnn.layers.ids import AddIdScores, AppendIds
from skrnn.network import programs, side_inputs
from skrnn.network.build import build
from skrnn.network.description import LOGITS, NetworkDescription, SideInput
from skrnn.network.fitted import FittedNetwork
from skrnn.network.forward import Forward
from skrnn.persistence import registry
from tests.repeats import some

ENGINES = ("numba", "tensorflow")


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    for head in (TagsHead, ShiftedHead):
        monkeypatch.setitem(HEADS, head.kind, head)
    for cls in (RNNTaggerForTest, TaggerByIds):
        monkeypatch.setitem(registry._CODECS, cls.__name__, registry._of_network(cls))


@pytest.fixture(params=ENGINES)
def engine(request, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", request.param)
    return request.param


def keras_model(description, values):
    model = build(description, random_state=0)
    programs.write_values(programs.network_variables(model), values)
    return model


# --- The description -------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["tags", "shifted_tags"])
def test_variables_are_those_of_the_network(case, kind):
    """Fails if a table, a dropout's state or a variable behind the raw output is elsewhere."""
    for rate in (0.0, 0.3):
        description = describe(case, kind, embedding_dropout=rate)
        model = build(description, random_state=0)
        variables, built = description.variables(), programs.network_variables(model)
        assert [tuple(v.shape) for v in built] == [variable.shape for variable in variables]
        assert ["seed" in v.name for v in built] == [one.kind == "seed" for one in variables]
        assert [x.name for x in model.inputs[1:]] == [one.name for one in description.side_inputs]
        names = {layer.name for layer in model.layers}
        assert {LOGITS, description.raw_layer()} <= names
        by_name = dict(zip((one.name for one in variables), built, strict=True))
        for one in description.id_inputs:
            table = by_name[f"table of {one.name}"].numpy()
            assert 0.04 < np.abs(table).max() <= 0.05
        for one in description.id_score_inputs:
            assert not by_name[f"scores of {one.name}"].numpy().any()


@pytest.mark.parametrize("case", CASES)
def test_config_round_trip(case):
    """Fails if a file loses the size of a table, or writes more for the kinds of before."""
    description = describe(case)
    tree = json.loads(json.dumps(description.config()))
    again = NetworkDescription.from_config(tree)
    assert again == description and again.key == description.key
    assert pickle.loads(pickle.dumps(description)) == description
    keys = {"ids": {"n_ids", "dim"}, "id_scores": {"n_ids"}}
    for one in tree["side_inputs"]:
        assert set(one) == {"name", "per", "width"} | keys.get(one["per"], set())
    assert SideInput("x", "row", 2) == ("x", "row", 2, None, None)


@pytest.mark.parametrize(
    "given",
    [[AFFIXES.config() | {"n_ids": value}] for value in (None, 0, -1, 2.0, "3", True, [4])]
    + [[AFFIXES.config() | {"dim": value}] for value in (None, 0, 1.5, False)]
    + [[AFFIXES.config() | {"width": 0}], [WIDE.config() | {"n_ids": 0}]]
    + [[WIDE.config() | {"dim": 3}], [WIDE.config() | {"dim": None}]]
    + [[EVIDENCE.config() | {"n_ids": None}], [COLUMNS.config() | {"n_ids": 4, "dim": 2}]]
    + [[{k: v for k, v in one.config().items() if k != "n_ids"}] for one in (AFFIXES, WIDE)]
    + [[{k: v for k, v in AFFIXES.config().items() if k != "dim"}]]
    + [[AFFIXES.config(), AFFIXES.config()], [AFFIXES.config() | {"per": ["ids"]}]]
    # Out of order, and a row's scores added to steps.
    + [[one.config() for one in pair] for pair in ((WIDE, POS), (POS, EVIDENCE), (POS, COLUMNS))]
    + [[SideInput("rows", "row", N_OUTPUTS).config()]],
    ids=str,
)
def test_impossible_side_inputs(given):
    """Fails if a description out of a file passes that no estimator writes."""
    tree = describe("vectors").config()
    NetworkDescription.from_config(tree)
    with pytest.raises(ValueError, match=r"[Nn]etwork|[Ss]ide input"):
        NetworkDescription.from_config(tree | {"side_inputs": given})


def test_scores_need_steps():
    """Fails if scores of steps can be added to what is one answer a row."""
    tree = describe("scores").config() | {"head": {"kind": "classes", "n_outputs": N_OUTPUTS}}
    with pytest.raises(
        ValueError, match="'wide' adds to the raw output of each step, but the head"
    ):
        NetworkDescription.from_config(tree)
    # The vectors of steps go into any network.
    tree["side_inputs"] = [AFFIXES.config()]
    assert NetworkDescription.from_config(tree).id_inputs == (AFFIXES,)


# --- The layers ------------------------------------------------------------------------------

IDS = np.array([[[1, 2, 1], [0, 0, 3], [0, 0, 0]], [[4, 0, 0], [2, 2, 2], [3, 1, 0]]], np.int32)


def of_layer(layer, x, ids, scale):
    """Return output, and gradients of input and table, from within a graph."""

    @tf.function
    def run(x, ids):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer([x, ids])
            loss = tf.reduce_sum(y * scale)
        gradients = tape.gradient(loss, [x, layer.trainable_weights[0].value])
        return y, *map(tf.convert_to_tensor, gradients)

    return [tensor.numpy() for tensor in run(tf.constant(x), tf.constant(ids))]


@pytest.mark.parametrize("make", [lambda: AppendIds(5, 4), lambda: AddIdScores(5)])
def test_output_and_gradients_are_those_of_plain_sums(make, engine):
    """Fails if an id is lost, counted once where it is there twice, or 0 adds its row."""
    layer, rng = make(), np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 4)).astype(np.float32)
    layer.build([x.shape, IDS.shape])
    table = rng.normal(size=(5, 4)).astype(np.float32)
    table[0] = np.nan
    layer.set_weights([table])
    n_hot = np.stack([(one == IDS).sum(axis=2) for one in range(5)], axis=2)
    n_hot[..., 0] = 0
    sums = n_hot @ np.nan_to_num(table)
    appends = isinstance(layer, AppendIds)
    wanted = np.concatenate([x, sums], axis=2) if appends else x + sums
    scale = rng.normal(size=wanted.shape).astype(np.float32)
    y, dx, dtable = of_layer(layer, x, IDS, scale)
    assert_allclose(y, wanted, rtol=1e-5, atol=1e-6)
    assert y.shape == layer.compute_output_shape([x.shape, IDS.shape])
    assert_allclose(dx, scale[..., :4], rtol=1e-6)
    assert_allclose(dtable, np.einsum("bti,btd->id", n_hot, scale[..., -4:]), rtol=1e-5, atol=1e-6)
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("odd", [-1, 5])
def test_a_layer_refuses_ids_outside_its_table(odd, monkeypatch):
    """Fails if the kernel reads beside the table, or answers as if there were no id."""
    monkeypatch.setenv("SKRNN_ENGINE", "numba")
    layer = AddIdScores(5)
    x = np.zeros((1, 1, 2), np.float32)
    layer.build([x.shape, (1, 1, 2)])
    with pytest.raises(Exception, match="not all in the table of 5"):
        of_layer(layer, x, np.array([[[1, odd]]], np.int32), 1.0)


def test_dropout_takes_whole_dimensions_of_a_row(engine):
    """Fails if noise differs between steps, touches the step's own vector, or predictions."""
    layer = AppendIds(3, 50, dropout=0.5, seed=1, embeddings_initializer="ones")
    x, ids = np.ones((4, 6, 2), np.float32), np.ones((4, 6, 1), np.int32)
    y = layer([x, ids], training=True).numpy()
    assert (y[..., :2] == 1).all() and set(np.unique(y[..., 2:])) == {0.0, 2.0}
    assert (y == y[:, :1]).all() and (y[0] != y[1]).any()
    assert (layer([x, ids], training=False).numpy() == 1).all()


# --- Predictions -----------------------------------------------------------------------------


@pytest.mark.parametrize("case", some(CASES, "all"))
def test_raw_output_is_that_of_keras(case, monkeypatch):
    """Fails if a table, a score or a padded id is taken for another, or an empty row moves others.

    And if TensorFlow's own predictions differ.
    """
    monkeypatch.setenv("SKRNN_ENGINE", "numba")  # TensorFlow's loop takes long to trace
    description = describe(case, "shifted_tags")
    values, sequences = draw_values(description), draw_sequences(description)
    model = keras_model(description, values)
    part = keras.Model(model.input, model.get_layer(LOGITS).output)
    padded = part(sequences.inputs(np.arange(6)), training=False).numpy()
    is_step = np.arange(padded.shape[1]) < sequences.lengths[:, np.newaxis]
    predicted = programs.predict(FittedNetwork(description, values, 0), sequences)
    assert_allclose(predicted, padded[is_step], rtol=1e-5, atol=2e-6)
    for name in ENGINES:
        monkeypatch.setenv("SKRNN_ENGINE", name)
        raw = Forward(description, values).raw(sequences)
        assert raw.shape == (18, N_OUTPUTS) and raw.dtype == np.float32
        assert_allclose(raw, predicted, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("case", CASES)
def test_rows_in_any_company(case, monkeypatch):
    """Fails if the order of a sum depends on other rows, or on how steps are dealt to threads."""
    monkeypatch.setenv("SKRNN_ENGINE", "numba")
    monkeypatch.setattr(sums, "STEPS_AT_ONCE", 2)
    description = describe(case)
    forward, sequences = Forward(description, draw_values(description)), draw_sequences(description)
    raw = forward.raw(sequences)
    alone = [forward.raw(sequences.take([row])) for row in range(6)]
    assert np.concatenate(alone).tobytes() == raw.tobytes()
    monkeypatch.setattr(sums, "STEPS_AT_ONCE", 100)
    assert forward.raw(sequences).tobytes() == raw.tobytes()
    assert forward.raw(sequences.take([3])).shape == (0, N_OUTPUTS)


def test_sums_are_the_same_bytes_on_both_engines(monkeypatch):
    """Fails if one of them adds the row of 0, or in another order."""
    rng, found = np.random.default_rng(0), set()
    ids = rng.integers(0, 9, (50, 7)).astype(np.int32)
    table = rng.normal(size=(9, 33)).astype(np.float32)
    table[0] = np.inf
    table.flags.writeable = False
    for name in ENGINES:
        monkeypatch.setenv("SKRNN_ENGINE", name)
        out = np.ones((50, 33), np.float32)
        sums.add_sums(out, table, ids)
        found.add(out.tobytes())
        assert np.isfinite(out).all()
    assert len(found) == 1


@pytest.mark.parametrize("name", ["affixes", "wide"])
@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda ids: np.where(np.arange(len(ids))[:, None] == 9, -1, ids), "but got -1 to"),
        (lambda ids: ids + 12, "knows the ids 0 to"),
        (lambda ids: ids.astype(float), "which are integers, but got float64"),
        (lambda ids: ids[:, 1:], r"ids for each step, but got an array of shape \(18, "),
        (lambda ids: ids[1:], r"got an array of shape \(17, "),
        (lambda ids: None, "ids for each step, but got nothing for 18"),
    ],
)
def test_unknown_ids_are_refused(name, change, match, engine):
    """Fails if an id outside of the table reads other memory, or counts as none."""
    description = describe("all")
    values, sequences = draw_values(description), draw_sequences(description)
    given = dict(sequences.step_inputs)
    given[name] = change(given[name])
    odd = replace(sequences, step_inputs=given)
    with pytest.raises(InvalidInputError, match=match) as caught:
        Forward(description, values).raw(odd)
    assert repr(name) in str(caught.value)
    with pytest.raises(InvalidInputError, match=match):
        side_inputs.check_side_inputs(description.side_inputs, odd, "X")


def test_ids_of_any_integer_type():
    """Fails if ids that fit are refused for their type, or read as another."""
    description = describe("all")
    forward, sequences = Forward(description, draw_values(description)), draw_sequences(description)
    wide = {k: v.astype(np.int64) if v.dtype == np.int32 else v
            for k, v in sequences.step_inputs.items()}  # fmt: skip
    assert_array_equal(forward.raw(replace(sequences, step_inputs=wide)), forward.raw(sequences))


def test_values_behind_the_raw_output():
    """Fails if transitions are taken for the head's weights, or for a score."""
    description = describe("all", "shifted_tags")
    values = draw_values(description)
    network = FittedNetwork(description, values, 0)
    (shift,) = network.activation_values
    assert_array_equal(shift, values[-1])
    assert FittedNetwork(describe("all"), draw_values(describe("all")), 0).activation_values == []
    plain = Forward(describe("all"), values[:-1])
    sequences = draw_sequences(description)
    assert_array_equal(network.raw(sequences), plain.raw(sequences))
    copied = pickle.loads(pickle.dumps(network))
    assert_array_equal(copied.activation_values[0], shift)


class Bound:
    """Notes the model that it is bound to."""

    def bind(self, model):
        assert not getattr(model, "compiled", False)
        self.model = model


class BoundLoss(Bound, keras.losses.MeanSquaredError):
    """A loss that reads the model."""


class BoundMetric(Bound, keras.metrics.MeanSquaredError):
    """A metric that reads the model."""


def test_losses_and_metrics_know_the_model():
    """Fails if a loss is not told of the model's variables, or too late."""
    loss, metric = BoundLoss(), BoundMetric()
    given = {"loss": loss, "metrics": [metric, keras.metrics.MeanAbsoluteError()]}
    model = build(describe("vectors"), random_state=0, compile_kwargs=given)
    assert loss.model is model and metric.model is model


# --- Training --------------------------------------------------------------------------------

rng = np.random.default_rng(0)
ROWS = [rng.integers(2, 26, n).tolist() for n in rng.integers(3, 8, 120)]
TAGS = [[one % 3 for one in row] for row in ROWS]


def tagger(kinds, cls=TaggerByIds, **parameters):
    settings = {"cell": "gru", "units": 4, "bidirectional": False, "embedding_dim": 2,
                "embeddings": None, "word_dropout": 0.0, "embedding_dropout": 0.1, "dropout": 0.0,
                "learning_rate": 0.05, "epochs": 6, "batch_size": 20,
                "random_state": 0}  # fmt: skip
    model = cls(**{**settings, **parameters})
    model._kinds = kinds
    return model


def accuracy(model):
    return (np.concatenate(model.predict(ROWS)) == np.concatenate(TAGS)).mean()


def weights(model):
    return [value.tobytes() for value in model.network_.values]


@pytest.mark.parametrize("engine", some(ENGINES, "numba"), indirect=True)
@pytest.mark.parametrize("kinds", [("ids",), ("id_scores",)])
def test_it_learns_from_ids(kinds, engine):
    """Fails if the tables get no gradient, or another step's: the words tell nothing."""
    model = tagger(kinds).fit(ROWS, TAGS)
    assert accuracy(model) > 0.95
    names = [one.name for one in model.network_.description.variables()]
    used = model.network_.values[names.index(
        "table of endings" if "ids" in kinds else "scores of linear"
    )]  # fmt: skip
    # Training moves what occurs, and nothing else.
    assert np.abs(used[1:]).max(axis=1).min() > 0.01 and np.abs(used[0]).max() <= 0.05


def test_it_goes_on_and_is_kept(tmp_path):
    """Fails if epochs one by one, pickles or files lose a table, its dropout or its moments."""
    kinds = ("ids", "id_scores")
    whole = tagger(kinds, epochs=2, learning_rate_decay=0.0).fit(ROWS, TAGS)
    parts = tagger(kinds, epochs=1, learning_rate_decay=0.0, warm_start=True).fit(ROWS, TAGS)
    copied = pickle.loads(pickle.dumps(parts)).fit(ROWS, TAGS)
    assert weights(copied) == weights(whole)
    skrnn.save(whole, tmp_path / "model.skrnn")
    loaded = skrnn.load(tmp_path / "model.skrnn")
    loaded._kinds = kinds
    for got, wanted in zip(loaded.predict(ROWS), whole.predict(ROWS), strict=True):
        assert_array_equal(got, wanted)
    parts._kinds = ("ids",)
    with pytest.raises(ValueError, match="different network: side_inputs from"):
        parts.fit(ROWS, TAGS)


class Disordered(TaggerByIds):
    """A tagger that gives its ids in another order than it says."""

    def beside_columns(self, sequences):
        found = super().beside_columns(sequences)
        return replace(found, step_inputs=dict(reversed(found.step_inputs.items())))


def test_side_inputs_come_in_order():
    """Fails if Keras, which reads inputs by their order, takes one for another without a word."""
    with pytest.raises(ValueError, match=r"reads \['endings', 'linear'\] .* have \['linear'"):
        tagger(("ids", "id_scores"), Disordered).fit(ROWS, TAGS)


def test_ids_tell_data_apart():
    """Fails if a checkpoint of other ids beside the same words is taken for this training's."""
    from skrnn.caching.hashing import digest

    sequences = draw_sequences(describe("vectors"))
    ids = sequences.step_inputs["affixes"].copy()
    assert digest(sequences) == digest(sequences.beside({}, {"affixes": ids.copy()}))
    ids[5, 1] ^= 1
    assert digest(sequences) != digest(sequences.beside({}, {"affixes": ids}))


class TraceableTagger(TaggerByIds):
    """A tagger by ids that also reads its words."""

    def beside_columns(self, sequences):
        return replace(super().beside_columns(sequences), values=sequences.values)


def test_a_trace_reads_ids():
    """Fails if ids are taken for numbers, or left out of what the first layer reads."""
    model = tagger(("ids", "id_scores"), TraceableTagger, epochs=1).fit(ROWS, TAGS)
    states = Forward(model.network_.description, model.network_.values).states(model.read(ROWS[:3]))
    traced = np.concatenate([one.hidden for one in skrnn.trace(model, ROWS[:3])])
    assert_allclose(traced, states, rtol=1e-4, atol=1e-5)
