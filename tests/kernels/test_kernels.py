"""The Numba kernels, part by part, and whole against plain NumPy in float64 and Keras's layers.

`test_layers` compares the layers that run on them with Keras's; here are the sizes, flags and
circumstances that only machine code has to fear.
"""

import gc
import hashlib
import itertools
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import layers
from skrnn.kernels import engine as engines
from skrnn.layers import compiled, loop
from skrnn.layers.engine import recur, release_memory
from tests.layers import test_layers
from tests.repeats import every

numba = pytest.importorskip("numba")

from skrnn.kernels import (  # noqa: E402
    activations,
    cells,
    compiling,
    lanes,
    matmul,
    memory,
    packing,
    recurrence,
    shards,
)

KINDS = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}
STEPS = {
    "lstm": test_layers.numpy_lstm,
    "gru": test_layers.numpy_gru,
    "simple_rnn": test_layers.numpy_simple_rnn,
}


@pytest.fixture(params=KINDS)
def cell(request):
    return request.param


@numba.njit
def product(a, transposed, b, c, m, n, k, onto):
    a_row, a_k = (1, a.shape[1]) if transposed else (a.shape[1], 1)
    matmul.multiply(
        a.ctypes.data, a_row, a_k, b.ctypes.data, b.shape[1], c.ctypes.data, c.shape[1],
        m, n, k, onto,
    )  # fmt: skip


@numba.njit
def activated(values):
    tanh, sigmoid = np.empty_like(values), np.empty_like(values)
    for i in range(len(values)):
        lanes.store(tanh, i, 0, activations.tanh(lanes.load(values, i, 0)))
        lanes.store(sigmoid, i, 0, activations.sigmoid(lanes.load(values, i, 0)))
    return tanh, sigmoid


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("onto", [0, 1])
def test_product(transposed, onto):
    """Fails if a remainder of rows or columns is left out, done twice, or written beyond."""
    for m, n_vectors, k in itertools.product(range(14), range(1, 8), (1, 2, 33)):
        n = n_vectors * lanes.VL
        a, b = normal(m, k), normal(k, n + 3)
        c = normal(m + 1, n + 5)
        expected = c.astype(float)
        expected[:m, :n] = onto * expected[:m, :n] + a.astype(float) @ b[:, :n]
        product(np.ascontiguousarray(a.T) if transposed else a, transposed, b, c, m, n, k, onto)
        assert_allclose(c, expected, rtol=0, atol=1e-4)


def test_a_row_of_a_product_does_not_depend_on_the_others():
    """Fails if the blocks' shape changes the order of a sum: predictions would change with it."""
    a, b = normal(13, 50), normal(50, 7 * lanes.VL)
    alone, together = (np.empty((m, b.shape[1]), np.float32) for m in (1, 13))
    product(a, False, b, together, 13, b.shape[1], 50, 0)
    for row in range(13):
        product(a[row : row + 1], False, b, alone, 1, b.shape[1], 50, 0)
        assert_array_equal(alone[0], together[row])


def test_activations():
    """Fails if the approximation is coarse anywhere, leaves [-1, 1], or swallows a NaN."""
    a = np.concatenate([np.linspace(-100, 100, 10**6), np.geomspace(1e-38, 100, 10**6)])
    a = np.concatenate([a, -a, [np.inf, -np.inf, np.nan, 0.0]])
    a = np.resize(a, (len(a) // lanes.VL + 1, lanes.VL)).astype("float32")
    tanh, sigmoid = activated(a)
    expected = np.tanh(a.astype(float))
    assert_allclose(tanh, expected, rtol=6e-7, atol=1e-38)
    assert np.nanmax(np.abs(tanh)) == 1
    assert_allclose(sigmoid, expected_sigmoid(a), rtol=0, atol=2e-7)


def expected_sigmoid(a):
    return 0.5 + 0.5 * np.tanh(0.5 * a.astype(float))


@pytest.mark.parametrize("go_backwards", [0, 1])
def test_packing(go_backwards):
    """Fails if a line stands for another step than its row's next: all else is read by it."""
    mask = np.random.default_rng(0).random((9, 6)) < 0.5
    mask[3], mask[4] = False, True
    read = mask[:, ::-1] if go_backwards else mask
    lengths = packing.count_real_steps(mask)
    assert_array_equal(lengths, mask.sum(axis=1))
    rows = np.argsort(-lengths, kind="stable")
    form = packing.Form(6, 1, go_backwards, 0, 0)
    n_active, place = packing.pack(mask, rows, lengths[rows], form)
    steps = [(row, k, j) for row in rows for k, j in enumerate(np.flatnonzero(read[row]))]
    expected = sorted(steps, key=lambda step: step[1])  # stable: rows in order within a step
    assert_array_equal(place, [j for _, _, j in expected])
    assert_array_equal(n_active, np.bincount([k for _, k, _ in expected], minlength=6))


# Whole cells, without TensorFlow: what it is handed is NumPy's.


def make(cell, n_features, units, *, bias=True, seed=0, **flags):
    n = {"lstm": 4, "gru": 3, "simple_rnn": 1}[cell]
    shapes = [(n_features, n * units), (units, n * units)]
    shapes += bias * [(2, 3 * units) if cell == "gru" else (n * units,)]
    flags = {name: False for name in ("go_backwards", "every_step", "zero_padding")} | flags
    layer = recurrence.Layer(cell, units, **flags, masked=True, save=True)
    rng = np.random.default_rng(seed)
    scale = 0.5 / np.sqrt(max(units, n_features) / 4)
    return layer, [rng.normal(scale=scale, size=shape).astype("float32") for shape in shapes]


def run(layer, x, mask, weights, dy=None):
    y, tape = compiled._forward_of(layer)(x, mask, *weights)
    if dy is None:
        return y
    return y, compiled._backward_of(layer)(dy, tape, x, mask, *weights)


def reference(layer, x, mask, weights):
    """Return what the layer returns, in float64: masked steps repeat the state before them."""
    if layer.go_backwards:
        x, mask = x[:, ::-1], mask[:, ::-1]
    W, U, *b = (w.astype(float) for w in weights)
    b = b[0] if b else np.zeros((2, 3 * layer.units) if layer.cell == "gru" else U.shape[1])
    y = np.zeros((*x.shape[:2], layer.units))
    for row in range(len(x)):
        h, c = np.zeros(layer.units), np.zeros(layer.units)
        for t in range(x.shape[1]):
            if mask[row, t]:
                h, c = STEPS[layer.cell](x[row, t], h, c, W, U, b)
            if mask[row, t] or not layer.zero_padding:
                y[row, t] = h
    return y if layer.every_step else y[:, -1]


@pytest.mark.slow
@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("zero_padding", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_every_flag(cell, go_backwards, zero_padding, every_step):
    """Fails if outputs or gradients of masked steps go to, or come from, another step's state.

    The slope of the float64 statement, along a direction in all arguments at once, is what the
    gradients must add up to.
    """
    rng = np.random.default_rng(1)
    layer, weights = make(
        cell, 3, 5, go_backwards=go_backwards, zero_padding=zero_padding, every_step=every_step
    )
    x = rng.normal(size=(7, 9, 3)).astype("float32")
    mask = rng.random((7, 9)) < 0.6
    mask[2], mask[3], mask[4, 5:], mask[5, -1] = False, True, False, True
    dy = rng.normal(size=(7, 9, 5) if every_step else (7, 5)).astype("float32")
    y, (dx, *dweights) = run(layer, x, mask, weights, dy)
    assert_allclose(y, reference(layer, x, mask, weights), rtol=0, atol=1e-6)
    assert_array_equal(dx[~mask], 0)
    point = [x.astype(float), *(w.astype(float) for w in weights)]
    for i, gradient in enumerate((dx, *dweights)):
        direction = rng.normal(size=gradient.shape)
        ends = [
            [p + step * direction if j == i else p for j, p in enumerate(point)]
            for step in (1e-5, -1e-5)
        ]
        up, down = (np.sum(dy * reference(layer, end[0], mask, end[1:])) for end in ends)
        assert_allclose(np.sum(gradient * direction), (up - down) / 2e-5, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("n_features", "units"),
    [
        (5, 17),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in [(1, 1), (33, 10), (16, 70)]),
    ],
)
@pytest.mark.parametrize("bias", [True, False])
def test_any_size(cell, n_features, units, bias):
    """Fails if the zeros that fill vectors up leak into a state or a gradient.

    Also if a chunk of lines, of which there are several here, is lost or counted twice: a sum
    over the rows of a batch is that over its halves.
    """
    layer, weights = make(cell, n_features, units, bias=bias, every_step=True)
    rng = np.random.default_rng(0)
    n_samples, n_times = 64, 40
    x = rng.normal(size=(n_samples, n_times, n_features)).astype("float32")
    mask = np.arange(n_times) < rng.integers(1, n_times + 1, size=n_samples)[:, None]
    mask &= rng.random(mask.shape) < 0.9
    dy = rng.normal(size=(n_samples, n_times, units)).astype("float32")
    y, (dx, *dweights) = run(layer, x, mask, weights, dy)
    few = slice(0, 4)
    assert_allclose(y[few], reference(layer, x[few], mask[few], weights), rtol=0, atol=2e-6)
    parts = []
    for half in (slice(None, 20), slice(20, None)):
        y_half, gradients = run(layer, x[half], mask[half], weights, dy[half])
        assert_array_equal(y_half, y[half])
        parts.append(gradients)
        assert_array_equal(gradients[0], dx[half])
    for dweight, *addends in zip(dweights, *(part[1:] for part in parts), strict=True):
        scale = np.abs(dweight).max()
        assert_allclose(dweight, sum(addends), rtol=0, atol=1e-4 * scale)


@pytest.mark.parametrize("kind", every(3, KINDS.values()))
def test_a_batch_of_ragged_rows_as_in_keras(kind):
    """Fails if several shards and chunks of unequal rows give other gradients than Keras's."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(70, 40, test_layers.N_FEATURES)).astype("float32")
    lengths = rng.integers(0, 41, size=70)
    mask = (np.arange(40) < lengths[:, None]) & (rng.random((70, 40)) < 0.9)
    params = {"units": 17, "return_sequences": True}
    ours = test_layers.make(kind, **params)
    theirs = test_layers.make(kind, keras.layers, **params)
    for layer in (ours, theirs):  # larger weights would make a chaos of rounding
        layer.set_weights([0.3 * w for w in layer.get_weights()])
    test_layers.assert_like_keras(ours, theirs, x, mask)


def ragged(cell, n_samples=70, n_times=30, **flags):
    """Return the arguments of `run` for a batch of several shards."""
    layer, weights = make(cell, 6, 20, **flags)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n_samples, n_times, 6)).astype("float32")
    mask = np.arange(n_times) < rng.integers(1, n_times + 1, size=n_samples)[:, None]
    dy = np.ones((n_samples, *layer.every_step * [n_times], 20), "float32")
    return layer, x, mask, weights, dy


def test_a_row_alone_has_the_same_bytes(cell):
    """Fails if a prediction depends on the other rows of its batch, or on padding."""
    layer, x, mask, weights, _ = ragged(cell)
    together = run(layer, x, mask, weights)
    for row in (0, 7, 69):
        n = mask[row].sum()
        alone = run(layer, x[row : row + 1, :n], mask[row : row + 1, :n], weights)
        assert_array_equal(alone[0], together[row])


def test_predicting_keeps_no_tape(cell):
    """Fails if memory grows with the steps where no gradient is wanted, or results change."""
    layer, x, mask, weights, dy = ragged(cell, every_step=True)
    lean = layer._replace(save=False)
    y, tape = compiled._forward_of(lean)(x, mask, *weights)
    assert tape.size == 0
    expected, gradients = run(layer, x, mask, weights, dy)
    assert_array_equal(y, expected)
    # A gradient is there all the same: the loop runs again.
    for gradient, other in zip(run(lean, x, mask, weights, dy)[1], gradients, strict=True):
        assert_array_equal(gradient, other)


def test_inputs_are_only_read(cell):
    """Fails if a kernel writes to what TensorFlow handed it, which others read too."""
    layer, x, mask, weights, dy = ragged(cell)
    _, tape = compiled._forward_of(layer)(x, mask, *weights)
    given = [dy, tape, x, mask, *weights]
    for array in given:
        array.flags.writeable = False
    before = [array.copy() for array in given]
    compiled._backward_of(layer)(*given)
    for array, copy in zip(given, before, strict=True):
        assert_array_equal(array, copy)


@pytest.mark.parametrize(("n_samples", "n_times"), [(0, 3), (3, 0), (0, 0), (1, 1)])
def test_nothing_to_read(cell, n_samples, n_times):
    """Fails if an empty batch is a crash, which in machine code is the process's."""
    layer, weights = make(cell, 2, 3)
    x, mask = np.ones((n_samples, n_times, 2), "float32"), np.ones((n_samples, n_times), bool)
    y, gradients = run(layer, x, mask, weights, np.ones((n_samples, 3), "float32"))
    assert y.shape == (n_samples, 3)
    assert [g.shape for g in gradients] == [x.shape, *(w.shape for w in weights)]
    assert all(np.all(g == 0) for g in gradients) == (x.size == 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_shows(cell, bad):
    """Fails if a NaN turns into a number: a diverged network would pass for a trained one."""
    layer, x, mask, weights, dy = ragged(cell, every_step=True)
    y, _ = run(layer, x, mask, weights, dy)
    x[3, 0] = bad
    if np.isnan(bad):
        spoilt, gradients = run(layer, x, mask, weights, dy)
        assert np.isnan(spoilt[3]).all()
        assert_array_equal(np.delete(spoilt, 3, axis=0), np.delete(y, 3, axis=0))
        assert all(np.isnan(g).any() for g in gradients)
    weights[0][:] = bad
    spoilt = run(layer, x, mask, weights)
    assert np.isnan(spoilt[3]).any()


# Threads and processes.


def digest():
    """Return what identifies the bytes of all outputs and gradients."""
    sha = hashlib.sha256()
    for cell in KINDS:
        y, gradients = run(*ragged(cell, every_step=True))
        for array in (y, *gradients):
            sha.update(array.tobytes())
    return sha.hexdigest()


@pytest.mark.reliability
def test_same_bytes_on_any_number_of_threads_and_in_another_process(monkeypatch):
    """Fails if who runs a shard, or when, decides in what order gradients are summed."""
    digests = set()
    for n in (0, 1, 3):
        with ThreadPoolExecutor(max(n, 1)) as pool:
            monkeypatch.setattr(shards, "_pool", (pool if n else None, n))
            digests.add(digest())
    root = str(Path(__file__).parent.parent.parent)
    shown = subprocess.run(
        [sys.executable, "-c", "from tests.kernels.test_kernels import digest; print(digest())"],
        cwd=root,
        env={**os.environ, "SKRNN_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert digests == {shown.stdout.split()[-1]}


def test_many_callers_at_once(cell, monkeypatch):
    """Fails if callers share scratch memory, or wait for each other's threads for ever."""
    arguments = ragged(cell, every_step=True)
    expected, expected_gradients = run(*arguments)
    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(8) as callers:
        monkeypatch.setattr(shards, "_pool", (pool, 1))
        for y, gradients in callers.map(lambda _: run(*arguments), range(24), timeout=120):
            assert_array_equal(y, expected)
            for gradient, other in zip(gradients, expected_gradients, strict=True):
                assert_array_equal(gradient, other)


def test_shards_within_shards(monkeypatch):
    """Fails if a shard that deals shards itself waits for the thread it runs on."""
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(shards, "_pool", (pool, 1))
        inner = lambda i: sum(shards.run(lambda j: 10 * i + j, range(4)))  # noqa: E731
        assert shards.run(inner, range(4)) == [6, 46, 86, 126]


def test_a_shard_that_fails_is_told(monkeypatch):
    """Fails if an error in a helping thread is lost, and half a batch with it."""
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(shards, "_pool", (pool, 1))
        # Both threads are within the function at once, so one of them is the helper.
        both = threading.Barrier(2)

        def fail(i):
            both.wait(timeout=60)
            if threading.current_thread() is not threading.main_thread():
                raise ValueError("of the helper")

        with pytest.raises(ValueError, match="of the helper"):
            shards.run(fail, range(2))


def test_an_interrupt_waits_for_nothing_more(monkeypatch):
    """Fails if Ctrl-C in the calling thread waits for all shards that nobody has begun."""
    done = []
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(shards, "_pool", (pool, 1))
        both = threading.Barrier(2)

        def interrupt(i):
            if i < 2:
                both.wait(timeout=60)
                if threading.current_thread() is threading.main_thread():
                    raise KeyboardInterrupt
                threading.Event().wait(timeout=0.5)  # the caller's thread gives up meanwhile
            done.append(i)

        with pytest.raises(KeyboardInterrupt):
            shards.run(interrupt, range(100))
    assert len(done) < 10


def test_threads_that_cannot_start(monkeypatch):
    """Fails if a prediction at the interpreter's end, when no thread starts, is lost."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    monkeypatch.setattr(shards, "_pool", (pool, 1))
    assert shards.run(str, range(3)) == ["0", "1", "2"]


def test_denormals():
    """Fails if vanishing gradients take a hundred times as long, or the mode outlives a call.

    The mode belongs to a thread: left set, NumPy's results would change with it.
    """
    layer, x, mask, weights, dy = ragged("simple_rnn", n_samples=4, n_times=200)
    mask[:] = True
    weights = [0.1 * w for w in weights]
    _, (dx, *_) = run(layer, x, mask, weights, dy)
    small = np.abs(dx[dx != 0]).min()
    assert np.any(dx == 0) and small >= np.finfo(np.float32).tiny
    assert np.array([1e-40], "float32")[0] * np.float32(0.5) != 0


# Memory, compilation, and the choice of the engine.


def test_borrowed_memory_is_used_again_but_never_shared():
    """Fails if every batch pays for fresh memory, or two tapes lie on top of each other."""
    memory.release()
    first, second = memory.borrow(1000, 100), memory.borrow(1000, 100)
    assert not np.shares_memory(first, second)
    view = first[5:]
    del first
    third = memory.borrow(1000, 100)
    assert not np.shares_memory(view, third)  # a view keeps its block
    places = {array.ctypes.data for array in (second, third)}
    assert all(place % memory.ALIGNMENT == 0 for place in places)
    del second, third
    assert memory.borrow(900, 100).ctypes.data in places


def test_idle_memory_is_bounded(monkeypatch):
    """Fails if a process keeps all it ever used; joblib takes such a worker for leaking."""
    monkeypatch.setattr(memory, "MAX_IDLE_BYTES", 10**6)
    gc.collect()  # arrays of other tests, in cycles, would come back in the middle of this one
    memory.release()
    arrays = [memory.borrow(100, 1000) for _ in range(5)]
    del arrays
    assert 0 < sum(block.nbytes for block in memory._idle) <= 10**6
    release_memory()
    assert not memory._idle


def test_compiles_where_nothing_can_be_kept():
    """Fails if a read-only installation and home make the layers fail."""
    namespace = {}
    exec("def twice(n):\n    return 2 * n", namespace)  # no file, so no folder for it
    assert compiling.kernel("int64(int64)")(namespace["twice"])(21) == 42


def test_kept_code_is_that_of_the_whole_folder():
    """Fails if a kernel compiled before a change of its parts is taken for the new one."""
    for one in (packing.pack, cells.cell_of("lstm").forward):
        assert one.py_func.__qualname__.endswith(compiling._STATE)


@pytest.fixture
def numba_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delenv("SKRNN_ENGINE", raising=False)


def test_engine_without_numba(numba_missing, monkeypatch):
    """Fails if an optional package has become a required one."""
    assert engines.engine() == "tensorflow"
    monkeypatch.setenv("SKRNN_ENGINE", "numba")
    with pytest.raises(ImportError, match="pip install numba"):
        engines.engine()


def test_layer_without_numba(numba_missing, monkeypatch):
    """Fails if a layer asks for the kernels in spite of it."""
    called = []
    monkeypatch.setattr(loop, "recur", lambda *args, **kwargs: called.append(args) or args[1])
    layers.LSTM(2)(np.ones((1, 1, 2), "float32"))
    assert called


def test_engine_with_a_numba_that_does_not_load(monkeypatch):
    """Fails if a NumPy too new for Numba keeps networks from training, or nobody is told."""

    def fail(name):
        raise ImportError("Numba needs NumPy 2.4 or less.")

    engines._load_error.cache_clear()
    monkeypatch.delenv("SKRNN_ENGINE", raising=False)
    monkeypatch.setattr(engines.importlib, "import_module", fail)
    try:
        with pytest.warns(RuntimeWarning, match="Numba needs NumPy 2.4 or less"):
            assert engines.engine() == "tensorflow"
        assert engines.engine() == "tensorflow"  # told once
        monkeypatch.setenv("SKRNN_ENGINE", "numba")
        with pytest.raises(ImportError, match="does not load"):
            engines.engine()
    finally:
        engines._load_error.cache_clear()


def test_choice_of_the_engine(monkeypatch):
    """Fails if a typo in the variable is taken for a choice."""
    for wish, chosen in (("tensorflow", "tensorflow"), ("numba", "numba")):
        monkeypatch.setenv("SKRNN_ENGINE", wish)
        assert engines.engine() == chosen
    monkeypatch.delenv("SKRNN_ENGINE")
    assert engines.engine() == "numba"
    for wish in ("", "Numba", "cuda"):
        monkeypatch.setenv("SKRNN_ENGINE", wish)
        with pytest.raises(ValueError, match="SKRNN_ENGINE must be 'numba' or 'tensorflow'"):
            engines.engine()


def test_cells_without_kernels_take_the_other_loop(monkeypatch):
    """Fails if the GRU that resets before, which has no kernels, is computed as another."""
    called = []
    monkeypatch.setattr(loop, "recur", lambda *args, **kwargs: called.append(args) or args[1])
    equations = SimpleNamespace(kernel=None)
    recur(equations, 0, None, [], save=False)
    assert called
    assert layers.GRU(2, reset_after=False)._equations().kernel is None


@pytest.mark.slow
def test_importing_skrnn_does_not_load_numba():
    """Fails if half a second goes to Numba where no layer is ever traced."""
    code = "import sys, skrnn, skrnn.layers; print('numba' in sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300
    )
    assert shown.stdout.split()[-1] == "False"


FROM_THE_CACHE = """
import json, sys
import numpy as np
from skrnn.backend.tensorflow import tf
from skrnn import layers

x = np.random.default_rng(0).normal(size=(5, 7, 3)).astype(np.float32)
for name in sys.argv[1:]:
    layer = getattr(layers, name)(4, return_sequences=True, seed=0)
    layer.build(x.shape)
    layer.set_weights([np.sin(np.arange(w.size, dtype=np.float32)).reshape(w.shape)
                       for w in layer.get_weights()])
    with tf.GradientTape() as tape:
        y = layer(x, training=True)
        loss = tf.reduce_sum(y**2)
    gradient = tape.gradient(loss, layer.trainable_weights[0].value)
    print(json.dumps([float(tf.reduce_sum(abs(y))), float(tf.reduce_sum(abs(gradient)))]))
"""


@pytest.mark.reliability
def test_kernels_of_different_processes_get_along_in_one_cache(tmp_path):
    """Fails if two processes give different functions one name: a third calls the wrong one.

    Each of the first two compiles one cell, so that Numba counts up to the same numbers in both.
    """

    def start(*cells, **variables):
        environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)} | variables
        return subprocess.Popen(
            [sys.executable, "-c", FROM_THE_CACHE, *cells],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def told(process):
        output, _ = process.communicate()
        assert process.returncode == 0
        return [json.loads(line) for line in output.splitlines()]

    apart = [start("LSTM"), start("GRU")]
    assert all(told(process) for process in apart)
    got = told(start("LSTM", "GRU"))
    wanted = told(start("LSTM", "GRU", SKRNN_ENGINE="tensorflow"))
    np.testing.assert_allclose(got, wanted, rtol=1e-5)


@numba.njit
def exponentials(values):
    result = np.empty_like(values)
    for i in range(len(values)):
        lanes.store(result, i, 0, activations.exp(lanes.load(values, i, 0)))
    return result


def test_exp():
    """Fails if the approximation is coarse anywhere, or swallows a NaN."""
    a = np.concatenate([np.linspace(-87, 87, 10**6), [0.0, -1e-30, np.nan]])
    a = np.resize(a, (len(a) // lanes.VL + 1, lanes.VL)).astype("float32")
    assert_allclose(exponentials(a), np.exp(a.astype(float)), rtol=3e-7)
    far = np.full((1, lanes.VL), -1e30, "float32")
    assert (exponentials(far) < 2e-38).all()


def test_kernels_are_compiled_at_first_use():
    """Fails if importing compiles: a process that predicts would compile what trains, too."""
    compiled = compiling.kernel("int64(int64)")(lambda n: n + 1)
    assert compiled._compiled is None
    assert compiled(41) == 42 and compiled._compiled is not None
