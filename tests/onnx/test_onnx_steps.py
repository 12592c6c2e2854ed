"""What answers each step, exported: the network's output at each, and what ids beside it add.

Each test's docstring says what a wrong implementation would fail on.
"""

from dataclasses import replace

import numpy as np
import pytest
from exported import start
from id_networks import CASES, N_OUTPUTS, ShiftedHead, describe, draw_sequences, draw_values
from siblings import RNNTaggerForTest, TagsHead
from sklearn.pipeline import make_pipeline

from skrnn import TextToSequence
from skrnn.heads.registry import HEADS
from skrnn.network.fitted import FittedNetwork
from skrnn.onnx import to_onnx
from skrnn.sequences import COLUMNS, ChannelScaler, ColumnScaler


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    for head in (TagsHead, ShiftedHead):
        monkeypatch.setitem(HEADS, head.kind, head)


def fitted(case, kind="tags", **changes):
    """Return a tagger of drawn weights, far larger than training starts from."""
    model, description = RNNTaggerForTest(), describe(case, kind, **changes)
    model.network_ = FittedNetwork(description, draw_values(description), 0)
    model.head_ = HEADS[kind](N_OUTPUTS)
    model.vocabulary_size_ = description.vocabulary_size
    model.ngrams_ = model.convolutions_ = model.columns_ = model.channels_ = None
    model.patch_size_ = None if description.is_tokens else 1
    model._is_table = False
    if description.state_inputs:
        model.columns_ = ColumnScaler(("a", "b"), np.zeros(2), np.ones(2))
    if not description.is_tokens:
        scale = np.array([2.0, 0.5])
        model.channels_ = ChannelScaler("standard", np.array([0.3, -1.0]), scale, np.full(2, 9))
    return model


def fed(sequences):
    """Return the inputs of the model: padded arrays by name."""
    rows, others = np.arange(len(sequences)), sequences.row_inputs | sequences.step_inputs
    first, *beside = sequences.inputs(rows)
    named = dict(zip(others, beside, strict=True))
    if COLUMNS in named:
        named[COLUMNS] = named[COLUMNS].astype(np.float64)
    if sequences.is_tokens:
        return {"tokens": first, **named}
    return {"channels": first.astype(np.float64), **named}


def without_evidence(case):
    """Return the case without numbers beside the steps, which come from n-grams alone."""
    given = CASES[case]["side_inputs"]
    return {"side_inputs": tuple(one for one in given if one.per != "step")}


@pytest.mark.parametrize("case", CASES)
def test_emissions_are_the_raw_output_of_each_step(case):
    """Fails if a table, an id, a direction or a step is another's, or padding changes a step.

    A row is empty, another has a step that is missing or 0, and padding is wider than any row.
    """
    model = fitted(case, **without_evidence(case))
    description = model.network_.description
    sequences = draw_sequences(description)
    values = sequences.values.copy()
    values[1] = 0 if description.is_tokens else np.nan
    sequences = replace(sequences, values=values)
    session = start(to_onnx(model))
    inputs = fed(sequences)
    for name, array in inputs.items():
        if array.ndim > 1 and name != COLUMNS:
            fill = np.nan if name == "channels" else 0
            width = [(0, 0), (0, 3), *[(0, 0)] * (array.ndim - 2)]
            inputs[name] = np.pad(array, width, constant_values=fill)
    assert [one.name for one in session.get_inputs()] == list(session_names(inputs))
    emissions, tags = session.run(["emissions", "label"], inputs)
    assert emissions.shape == (6, 10, N_OUTPUTS) and emissions.dtype == np.float32
    is_step = np.arange(10) < sequences.lengths[:, np.newaxis]
    raw = model.network_.raw(model.prepared(sequences))
    np.testing.assert_allclose(emissions[is_step], raw, rtol=0, atol=1e-5)
    assert not emissions[~is_step].any()
    np.testing.assert_array_equal(tags[is_step], emissions[is_step].argmax(axis=1))


def session_names(inputs):
    """Return the names in the order in which the model declares them: columns after the steps."""
    first, *others = inputs
    return [first, *sorted(others, key=lambda name: name != COLUMNS)]


def test_rows_without_steps():
    """Fails if an array without columns has no answer, or a row of padding alone."""
    model = fitted("vectors")
    session = start(to_onnx(model))
    nothing = draw_sequences(model.network_.description, (0, 0))
    (found,) = session.run(["emissions"], fed(nothing))
    assert found.shape == (2, 0, N_OUTPUTS)
    padded = {name: np.zeros((2, 3, *x.shape[2:]), np.int32) for name, x in fed(nothing).items()}
    (found,) = session.run(["emissions"], padded)
    assert found.shape == (2, 3, N_OUTPUTS) and not found.any()


@pytest.mark.parametrize("odd", [-1, 20])
def test_unknown_ids_are_refused(odd):
    """Fails if an id below 0 counts from the end of the table."""
    model = fitted("vectors")
    session, inputs = start(to_onnx(model)), fed(draw_sequences(model.network_.description))
    inputs["affixes"][2, 1, 1] = odd
    with pytest.raises(Exception, match="ids 0 to 19"):
        session.run(None, inputs)


def test_what_is_behind_the_emissions_is_the_heads(monkeypatch):
    """Fails if the head is not given its transitions, or their layer is refused."""
    given = []

    def write_onnx(self, graph, raw, samples, values=()):
        given.extend(values)

    monkeypatch.setattr(ShiftedHead, "write_onnx", write_onnx)
    model = fitted("scores", "shifted_tags")
    session = start(to_onnx(model))
    assert [one.name for one in session.get_outputs()] == ["emissions"]
    np.testing.assert_array_equal(given, [model.network_.values[-1]])


def test_a_pipeline_of_texts_is_refused():
    """Fails if words are dropped, or moved to the front, before each gets an answer."""
    text = TextToSequence().fit(["one two three"])
    with pytest.raises(
        TypeError, match="which answers each step. Export the RNNTaggerForTest alone"
    ):
        to_onnx(make_pipeline(text, fitted("vectors")))
