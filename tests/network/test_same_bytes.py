"""A row's answer is the same bytes in whatever company it comes: Numba's engine promises it.

Each test's docstring says what a wrong implementation would fail on.
"""

import hashlib
import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from skrnn.kernels import lanes, shards
from skrnn.network import forward_compiled
from skrnn.network.description import NetworkDescription, SideInput, ngram_inputs
from skrnn.network.forward import Forward
from skrnn.sequences import Sequences

VOCABULARY, N_OUTPUTS = 60, 3
KINDS = {
    "tokens": {"vocabulary_size": VOCABULARY, "embedding_dim": 33},
    "side": {
        "vocabulary_size": VOCABULARY,
        "embedding_dim": 12,
        "side_inputs": (SideInput("columns", "state", 2), *ngram_inputs(N_OUTPUTS, True)),
    },
    "numeric": {"vocabulary_size": None, "n_channels": 3},
}
STACKS = [((20,), True), ((5,), False), ((7, 34), True)]
COMBINATIONS = [
    (cell, pooling, *STACKS[i % 3], kind)
    for i, (pooling, cell, kind) in enumerate(
        itertools.product(("last", "max", "mean", "attention"), ("rnn", "lstm", "gru"), KINDS)
    )
]


@pytest.fixture(autouse=True)
def numba_engine(monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", "numba")


def make(cell, pooling, units, bidirectional, kind):
    """Return a network of random weights."""
    description = NetworkDescription(
        cell=cell,
        pooling=pooling,
        units=units,
        bidirectional=bidirectional,
        head={"kind": "classes", "n_outputs": N_OUTPUTS},
        **KINDS[kind],
    )
    rng = np.random.default_rng(0)
    values = [rng.normal(size=v.shape, scale=0.4) for v in description.variables()]
    return Forward(description, values)


def draw(forward, n_samples, longest=40):
    """Return rows of different lengths."""
    description, rng = forward.description, np.random.default_rng(1)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, longest + 1, n_samples))])
    n_steps = offsets[-1]
    values = rng.integers(1, VOCABULARY, n_steps).astype(np.int32)
    if not description.is_tokens:
        values = rng.normal(size=(n_steps, 3)).astype(np.float32)
    scores, evidence = (
        rng.normal(size=(n, N_OUTPUTS)).astype(np.float32) for n in (n_samples, n_steps)
    )
    columns = rng.normal(size=(n_samples, 2)).astype(np.float32)
    return Sequences(values, offsets).beside(
        {one.name: columns for one in description.state_inputs}
        | {one.name: scores for one in description.row_inputs},
        {one.name: evidence for one in description.step_inputs},
    )


def digest():
    """Check rows alone against rows together, and return what identifies all answers."""
    sha = hashlib.sha256()
    for combination in COMBINATIONS:
        forward = make(*combination)
        sequences = draw(forward, 37)
        together = forward.raw(sequences)
        alone = [forward.raw(sequences.take([row])) for row in range(len(sequences))]
        assert np.concatenate(alone).tobytes() == together.tobytes(), combination
        sha.update(together.tobytes())
    return sha.hexdigest()


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_rows_alone_and_in_any_order(combination):
    """Fails if a sum's order depends on where a row stands, or a vector's end is another code."""
    forward = make(*combination)
    sequences = draw(forward, 37)
    raw = forward.raw(sequences)
    assert len(np.unique(raw)) == raw.size  # answers that tell the rows apart
    for row in range(len(sequences)):
        assert forward.raw(sequences.take([row])).tobytes() == raw[row].tobytes()
    rows = np.random.default_rng(2).permutation(37)
    for n in (2, 5, 6, 7, 13, 37):
        assert forward.raw(sequences.take(rows[:n])).tobytes() == raw[rows[:n]].tobytes()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_many_rows(cell):
    """Fails if groups of rows, which several threads read, differ from one row."""
    forward = make(cell, "max", (20,), True, "tokens")
    sequences = draw(forward, 300, 9)
    raw = forward.raw(sequences)
    for row in range(0, 300, 7):
        assert forward.raw(sequences.take([row])).tobytes() == raw[row].tobytes()
    states = forward.states(sequences)
    for row in range(0, 300, 11):
        a, b = sequences.offsets[row : row + 2]
        assert forward.states(sequences.take([row])).tobytes() == states[a:b].tobytes()


@pytest.mark.parametrize(
    "changes",
    [
        {"MAX_TABLE_BYTES": 0},
        {"MAX_TABLE_BYTES": 0, "MIN_FEATURES": 1},
        {"MAX_TABLE_BYTES": 0, "FEW_ROWS": 0},
        {"MIN_FEATURES": 1, "FEW_ROWS": 1000},
        {"TABLE_ROWS": 1},
        {"MAX_ROWS": 1},
        {"MAX_ROWS": 5, "MAX_STEPS": 1},
        {"MIN_STEPS_PER_THREAD": 10**6},
    ],
    ids=str,
)
def test_ways_to_the_same_sums(changes, monkeypatch):
    """Fails if what is only a matter of speed or memory decides about a bit."""
    networks = [make(*combination) for combination in COMBINATIONS[1::2]]
    inputs = [draw(forward, 20, 20) for forward in networks]
    expected = [one.raw(x).tobytes() for one, x in zip(networks, inputs, strict=True)]
    for name, value in changes.items():
        monkeypatch.setattr(forward_compiled, name, value)
    assert [one.raw(x).tobytes() for one, x in zip(networks, inputs, strict=True)] == expected


def test_any_number_of_threads(monkeypatch):
    """Fails if threads decide in what order numbers are summed."""
    forward = make("lstm", "attention", (7, 34), True, "side")
    sequences = draw(forward, 100)
    found = set()
    for n in (0, 1, 3, 15):
        with ThreadPoolExecutor(max(n, 1)) as pool:
            monkeypatch.setattr(shards, "_pool", (pool if n else None, n))
            found.add(forward.raw(sequences).tobytes())
    assert len(found) == 1


def narrowed(environment):
    """Return the width of vectors and the digest in a process of this environment."""
    code = (
        "import tests.network.test_same_bytes as t; from skrnn.kernels import lanes; "
        "print(lanes.VL, t.digest())"
    )
    root = str(Path(__file__).parent.parent.parent)
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=os.environ | {"PYTHONPATH": root} | environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    return shown.stdout.split()


@pytest.mark.slow
def test_another_process():
    """Fails if answers depend on the process."""
    assert narrowed({"SKRNN_NUM_THREADS": "1"}) == [str(lanes.VL), digest()]


CELLS = """
import sys
import tests.network.test_same_bytes as t
for cell in sys.argv[1:]:
    forward = t.make(cell, "attention", (7,), True, "tokens")
    print(forward.raw(t.draw(forward, 9)).tobytes().hex())
"""


@pytest.mark.reliability
def test_processes_get_along_in_one_cache(tmp_path):
    """Fails if two processes give different functions one name: a third calls the wrong one.

    Each of the first two compiles one cell, so that Numba counts up to the same numbers in both.
    """
    root = str(Path(__file__).parent.parent.parent)
    environment = os.environ | {"PYTHONPATH": root, "NUMBA_CACHE_DIR": str(tmp_path)}

    def start(*cells):
        return subprocess.Popen(
            [sys.executable, "-c", CELLS, *cells],
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def printed(process):
        output, _ = process.communicate()
        assert process.returncode == 0
        return output.split()

    apart = [start("lstm"), start("gru")]
    wanted = [line for process in apart for line in printed(process)]
    assert printed(start("lstm", "gru")) == wanted


AVX512 = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"


@pytest.mark.slow
@pytest.mark.skipif(not lanes.IS_X86, reason="names processors of x86")
@pytest.mark.parametrize(
    ("width", "environment"),
    [
        (
            8,
            {
                "NUMBA_CPU_NAME": "haswell",
                "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+bmi,+bmi2",
                "OPENBLAS_CORETYPE": "Haswell",
                "ONEDNN_MAX_CPU_ISA": "AVX2",
                "NPY_DISABLE_CPU_FEATURES": AVX512,
            },
        ),
        (
            4,
            {
                "NUMBA_CPU_NAME": "nehalem",
                "NUMBA_CPU_FEATURES": "+sse4.2",
                "OPENBLAS_CORETYPE": "Nehalem",
                "NPY_DISABLE_CPU_FEATURES": f"AVX2 FMA3 {AVX512}",
            },
        ),
    ],
)
def test_narrower_vectors(width, environment):
    """Fails if the promise holds on processors with AVX-512 only: the width is part of the code."""
    if width == 8 and lanes.VL < 8:
        pytest.skip("this processor has no AVX2")
    assert narrowed(environment)[0] == str(width)
