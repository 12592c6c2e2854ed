"""The forward pass without TensorFlow, against the Keras model of the same description.

Each test's docstring says what a wrong implementation would fail on.
"""

import dataclasses
import os
import subprocess
import sys
import threading
from unittest import mock

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.backend.tensorflow import keras
from skrnn.network.build import build
from skrnn.network.description import LOGITS, NetworkDescription, SideInput, ngram_inputs
from skrnn.network.forward import Forward
from skrnn.sequences import Sequences
from tests.repeats import some

ENGINES = ("numba", "tensorflow")
N_SAMPLES, N_OUTPUTS, VOCABULARY = 30, 3, 40
TOKENS = {"vocabulary_size": VOCABULARY}
NUMERIC = {"vocabulary_size": None, "n_channels": 2}
COLUMNS = SideInput("columns", "state", 2)
INPUTS = [
    TOKENS | {"embedding_dim": 7},
    # A width of one whole vector, and no dropout: no seeds among the values.
    TOKENS | {"embedding_dim": 32, "word_dropout": 0.0, "embedding_dropout": 0.0, "dropout": 0.0},
    TOKENS | {"embedding_dim": 5, "side_inputs": ngram_inputs(N_OUTPUTS, True)},
    TOKENS | {"embedding_dim": 5, "side_inputs": ngram_inputs(N_OUTPUTS, False)},
    TOKENS | {"side_inputs": (COLUMNS, *ngram_inputs(N_OUTPUTS, True))},
    NUMERIC | {"side_inputs": (COLUMNS,)},
    NUMERIC,
    # The one channel of a table.
    {"vocabulary_size": None, "n_channels": 0},
]
STACKS = [((5,), True), ((16,), False), ((4, 17, 3), True), ((33, 6), False)]


@pytest.fixture(params=ENGINES)
def engine(request, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", request.param)
    return request.param


def describe(**changes):
    head = {"kind": "classes", "n_outputs": N_OUTPUTS}
    return NetworkDescription(**{"cell": "lstm", "units": (5,), "head": head} | TOKENS | changes)


def draw_values(description, seed=0):
    """Draw values, larger than those of a new network so that an error shows.

    Not so large that a simple network is chaotic, which would show each rounding.
    """
    rng, values = np.random.default_rng(seed), []
    for variable in description.variables():
        if variable.kind == "seed":
            values.append(np.zeros(variable.shape, np.uint32))
        else:
            value = rng.normal(size=variable.shape, scale=0.8 / variable.shape[0] ** 0.5)
            values.append(value.astype(np.float32))
    return values


def draw_sequences(description, n_samples=N_SAMPLES, longest=25, seed=1):
    """Draw rows of different lengths, with the side inputs that the network reads."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, longest + 1, n_samples))])
    n_steps = offsets[-1]
    if description.is_tokens:
        values = rng.integers(1, VOCABULARY, n_steps).astype(np.int32)
    else:
        values = rng.normal(size=(n_steps, description.n_channels or 1)).astype(np.float32)
    width = description.head_.n_outputs
    scores = rng.normal(size=(n_samples, width)).astype(np.float32)
    evidence = rng.normal(size=(n_steps, width)).astype(np.float32)
    sequences = Sequences(values, offsets)
    columns = rng.normal(size=(n_samples, 2)).astype(np.float32)
    return sequences.beside(
        {one.name: columns for one in description.state_inputs}
        | {one.name: scores for one in description.row_inputs},
        {one.name: evidence for one in description.step_inputs},
    )


def keras_output(description, values, sequences, layer):
    """Return what a layer of the Keras model returns for the padded rows."""
    with mock.patch.dict(os.environ, SKRNN_ENGINE="numba"):  # TensorFlow's loop takes long to trace
        return _keras_output(description, values, sequences, layer)


def _keras_output(description, values, sequences, layer):
    model = build(description, random_state=0)
    variables = [variable for one in model.layers for variable in one.variables]
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    inputs = sequences.inputs(np.arange(len(sequences)))
    if description.n_channels == 0:
        inputs[0] = inputs[0][:, :, 0]
    part = keras.Model(model.input, model.get_layer(layer).output)
    return part(inputs if len(inputs) > 1 else inputs[0], training=False).numpy()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("pooling", some(["max", "attention", "last", "mean"], "attention"))
def test_raw_output_is_that_of_keras(cell, pooling, monkeypatch):
    """Fails if a weight is taken for another, a gate, a direction, or padding for a step."""
    i = len(cell) + len(pooling)
    # Not all combinations: building a Keras model takes a while.
    for j, (units, bidirectional) in enumerate(STACKS[i % 2 :: 2]):
        description = describe(
            cell=cell,
            pooling=pooling,
            units=units,
            bidirectional=bidirectional,
            **INPUTS[(i + j) % len(INPUTS)],
        )
        monkeypatch.setenv("SKRNN_ENGINE", "numba")  # TensorFlow's loop takes long to trace
        values, sequences = draw_values(description), draw_sequences(description)
        expected = keras_output(description, values, sequences, LOGITS)
        forward = Forward(description, values)
        for name in ENGINES:
            monkeypatch.setenv("SKRNN_ENGINE", name)
            raw = forward.raw(sequences)
            assert raw.dtype == np.float32 and raw.shape == (N_SAMPLES, N_OUTPUTS)
            assert_allclose(raw, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("i", range(len(INPUTS)))
def test_all_inputs(i, engine):
    """Fails if side inputs go to the wrong place, or channels are taken for tokens."""
    description = describe(**INPUTS[i])
    values, sequences = draw_values(description), draw_sequences(description)
    expected = keras_output(description, values, sequences, LOGITS)
    raw = Forward(description, values).raw(sequences)
    assert_allclose(raw, expected, rtol=1e-5, atol=2e-6)


def test_labels(engine):
    """Fails if the head of labels adds another raw output than its Keras layer."""
    description = describe(head={"kind": "labels", "n_outputs": 4})
    values, sequences = draw_values(description), draw_sequences(description)
    expected = keras_output(description, values, sequences, LOGITS)
    assert_allclose(Forward(description, values).raw(sequences), expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_states(engine, bidirectional):
    """Fails if states stand at other steps than their own, or in the other direction's columns."""
    description = describe(cell="gru", units=(3, 6), bidirectional=bidirectional)
    values, sequences = draw_values(description), draw_sequences(description)
    layer = description.recurrent_layers()[-1].name
    padded = keras_output(description, values, sequences, layer)
    is_step = np.arange(padded.shape[1]) < sequences.lengths[:, np.newaxis]
    states = Forward(description, values).states(sequences)
    assert_allclose(states, padded[is_step], rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_going_on_from_a_state(cell, engine):
    """Fails if a state is lost or mixed up between rows, layers, or h and c."""
    description = describe(cell=cell, units=(3, 18), bidirectional=False)
    forward, sequences = Forward(description, draw_values(description)), draw_sequences(description)
    sequences = sequences.take(np.flatnonzero(sequences.lengths > 4))
    whole = forward.states(sequences)
    begins = [np.arange(a, a + 1 + i % 4) for i, a in enumerate(sequences.offsets[:-1])]
    ends = [
        np.arange(begin[-1] + 1, b) for begin, b in zip(begins, sequences.offsets[1:], strict=True)
    ]
    carried = None
    for part in (begins, ends):
        steps = np.concatenate(part)
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in part])])
        before = None if carried is None else [one.copy() for one in carried]
        states, after = forward.advance(Sequences(sequences.values[steps], offsets), carried)
        assert_allclose(states, whole[steps], rtol=1e-5, atol=1e-6)
        if before is not None:
            for one, kept in zip(carried, before, strict=True):
                assert_array_equal(one, kept)  # the caller may go on from it again
        carried = after
    assert_allclose(carried[-1][:, :18], whole[sequences.offsets[1:] - 1], rtol=1e-5, atol=1e-6)


def test_no_state_to_go_on_from():
    """Fails if a network that reads backwards, or states of another, are computed with."""
    description = describe()
    sequences = draw_sequences(description)
    with pytest.raises(ValueError, match="bidirectional=False"):
        Forward(description, draw_values(description)).advance(sequences)
    description = describe(bidirectional=False)
    with pytest.raises(ValueError, match="carried states"):
        Forward(description, draw_values(description)).advance(sequences, [np.zeros((3, 10))])


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_precisions(dtype, engine):
    """Fails if values of a file in half precision are refused, or computed with as such."""
    for kind in (TOKENS, NUMERIC):
        description = describe(**kind)
        sequences = draw_sequences(description)
        values = draw_values(description)
        stored = [v if v.dtype == np.uint32 else v.astype(dtype) for v in values]
        singles = [v if v.dtype == np.uint32 else v.astype(np.float32) for v in stored]
        raw = Forward(description, stored).raw(sequences)
        assert raw.dtype == np.float32
        assert_array_equal(raw, Forward(description, singles).raw(sequences))


def test_values_that_a_file_maps(engine):
    """Fails if arrays that cannot be written, or do not lie row after row, are not taken."""
    description = describe(pooling="attention")
    sequences, values = draw_sequences(description), draw_values(description)
    expected = Forward(description, values).raw(sequences)
    fixed = [np.asfortranarray(value) for value in values]
    for value in fixed:
        value.flags.writeable = False
    assert_array_equal(Forward(description, fixed).raw(sequences), expected)
    frozen = sequences.values.copy()
    frozen.flags.writeable = False
    sequences = Sequences(frozen, sequences.offsets)
    assert_array_equal(Forward(description, fixed).raw(sequences), expected)


def test_a_nan_is_not_lost(engine):
    """Fails if the maximum passes over states that are not numbers."""
    description = describe(cell="rnn", bidirectional=False, **NUMERIC)
    values = draw_values(description)
    x = np.zeros((4, 2), np.float32)
    x[3] = np.nan  # the last of its row
    raw = Forward(description, values).raw(Sequences(x, np.array([0, 2, 4])))
    assert np.isfinite(raw[0]).all() and np.isnan(raw[1]).all()


def test_no_rows(engine):
    """Fails if nothing to predict is an error."""
    description = describe()
    forward = Forward(description, draw_values(description))
    empty = Sequences(np.zeros(0, np.int32), np.zeros(1, np.int64))
    assert forward.raw(empty).shape == (0, N_OUTPUTS)
    assert forward.states(empty).shape == (0, 10)


def test_what_is_not_the_networks(engine):
    """Fails if the kernels read memory beyond a table, or a wrong input passes for a right one."""
    description = describe(side_inputs=ngram_inputs(N_OUTPUTS, True))
    values, right = draw_values(description), draw_sequences(description)
    forward = Forward(description, values)
    n = len(right.values)
    for changes, message in [
        ({"step_inputs": {}}, "ngram_evidence"),
        ({"row_inputs": {}}, "ngram_scores"),
        ({"row_inputs": {"ngram_scores": right.row_inputs["ngram_scores"][:, :1]}}, "3 numbers"),
        ({"values": np.full(n, VOCABULARY, np.int32)}, "token ids 0 to 39"),
        ({"values": np.full(n, -1, np.int32)}, "token ids 0 to 39"),
        ({"values": np.ones((n, 2), np.float32)}, "reads token ids"),
        ({"offsets": right.offsets[:-1]}, "at least one step"),
        ({"offsets": np.append(right.offsets, n)}, "at least one step"),
    ]:
        with pytest.raises(ValueError, match=message):
            forward.raw(dataclasses.replace(right, **changes))
    for wrong, message in [
        (values[:-1], "variables, but got"),
        ([values[0], values[1][:-1], *values[2:]], "embedding of the network has the shape"),
    ]:
        with pytest.raises(ValueError, match=message):
            Forward(description, wrong)


def test_without_numba(monkeypatch):
    """Fails if prediction needs Numba: it does not load on every platform."""
    description = describe()
    values, sequences = draw_values(description), draw_sequences(description)
    expected = Forward(description, values).raw(sequences)
    monkeypatch.delenv("SKRNN_ENGINE", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    for name in [name for name in sys.modules if name.startswith("skrnn.kernels.")]:
        if name != "skrnn.kernels.engine":
            monkeypatch.setitem(sys.modules, name, None)
    assert_allclose(Forward(description, values).raw(sequences), expected, rtol=1e-5, atol=2e-6)


def test_many_callers_at_once():
    """Fails if threads that share a network share scratch memory."""
    description = describe(units=(4, 4), pooling="attention")
    values = draw_values(description)
    forward = Forward(description, values)
    parts = [draw_sequences(description, n, seed=n) for n in range(1, 17)]
    expected = [Forward(description, values).raw(part) for part in parts]
    got = {}

    def call(i):
        got[i] = [forward.raw(parts[i]) for _ in range(5)]

    threads = [threading.Thread(target=call, args=(i,)) for i in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for i, one in enumerate(expected):
        for raw in got[i]:
            assert_array_equal(raw, one)


ALONE = """
import os, sys, threading
import numpy as np
from skrnn.network.description import NetworkDescription
from skrnn.network.forward import Forward
from skrnn.sequences import Sequences

os.environ["SKRNN_NUM_THREADS"] = "3"
head = {"kind": "classes", "n_outputs": 1}
description = NetworkDescription(cell="gru", units=(8,), vocabulary_size=50, head=head)
values = [np.full(one.shape, 0.01 * i, np.float32) for i, one in enumerate(description.variables())]
sequences = Sequences(np.arange(1, 41, dtype=np.int32), np.arange(0, 41, 4))
forward = Forward(description, values)
expected = forward.raw(sequences).tobytes()
loaded = {"tensorflow", "keras", "scikeras"} & set(sys.modules)
compiled = [name for name in ("lstm", "gru", "simple_rnn") for kernel in ("forward", "backward")
            if getattr(sys.modules[f"skrnn.kernels.{name}"], kernel)._compiled]
other = NetworkDescription(cell="rnn", units=(8,), vocabulary_size=50, head=head)
others = [np.full(one.shape, 0.01 * i, np.float32) for i, one in enumerate(other.variables())]
going = True
def keep_predicting():
    while going:
        Forward(description, values).raw(sequences)
threads = [threading.Thread(target=keep_predicting) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(4):
    child = os.fork()
    if not child:
        # The parent has not compiled this cell.
        Forward(other, others).raw(sequences)
        os._exit(0 if forward.raw(sequences).tobytes() == expected else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
going = False
for thread in threads:
    thread.join()
print(sorted(loaded), compiled)
"""


@pytest.mark.slow
def test_without_tensorflow_and_in_forks():
    """Fails if prediction loads TensorFlow, compiles what trains, or hangs in a fork."""
    shown = subprocess.run(
        [sys.executable, "-c", ALONE], check=True, capture_output=True, text=True, timeout=300
    )
    assert shown.stdout.split("\n")[0] == "[] []"
