"""Numba's cache, damaged in every way, and kernels that cannot be compiled at all."""

import errno
import os
import pickle
import subprocess
import sys
import textwrap
import warnings

import numba
import numpy as np
import pytest

from skrnn import layers
from skrnn.backend.tensorflow import tf
from skrnn.exceptions import NoKernelsError
from skrnn.heads.classes import dense_output
from skrnn.kernels import cache, compiling
from skrnn.kernels import engine as engines
from tests.repeats import every


def thrice(n):
    return 3 * n


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch):
    """Start as a process in which nothing has been reported, and nothing has failed."""
    monkeypatch.setattr(cache, "_told", set())
    monkeypatch.setattr(engines, "_failures", [])
    monkeypatch.delenv("SKRNN_ENGINE", raising=False)
    monkeypatch.setattr(thrice, "__qualname__", "thrice")
    engines._load_error.cache_clear()
    yield
    engines._load_error.cache_clear()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the files of a kernel that was compiled by an earlier process."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert compiled()(14) == 42
    return tmp_path


def compiled():
    """Return the dispatcher of a kernel, as a new process compiles or loads it."""
    thrice.__qualname__ = "thrice"
    return compiling.kernel("int64(int64)")(thrice).compile()


def is_from_cache(dispatcher):
    return bool(dispatcher.stats.cache_hits)


def files(folder, ending):
    found = list(folder.rglob(f"*.{ending}"))
    assert len(found) == 1
    return found[0]


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def blank(path):
    """Leave blocks of zeros, as some file systems do after a power failure."""
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes(len(content) - 100))


def turn_into_folder(path):
    path.unlink()
    path.mkdir()
    (path / "inside").touch()


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "one byte": lambda path: path.write_bytes(b"\x80"),
    "cut": cut,
    "text": lambda path: path.write_text("<html>no space left on device</html>"),
    "garbage": lambda path: path.write_bytes(np.random.default_rng(0).bytes(5000)),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "partly zeros": blank,
    "another pickle": lambda path: path.write_bytes(pickle.dumps(numba.__version__) * 2),
}


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", every(4, DAMAGE))
def test_a_damaged_file_is_compiled_again_and_the_cache_heals(folder, damage, ending):
    """Fails if it ends a fit, is reported more than once or not at all, or stays as it is."""
    DAMAGE[damage](files(folder, ending))
    with pytest.warns(RuntimeWarning, match="Numba's cache is damaged") as told:
        for _ in range(2):
            dispatcher = compiled()
            assert dispatcher(14) == 42
    assert len(told) == 1 and str(folder) in str(told[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        healed = compiled()
    assert is_from_cache(healed) and healed(14) == 42


def test_a_changed_bit_of_machine_code_is_not_run(folder):
    """Fails if the processor decides what a damaged kernel does."""
    flip(files(folder, "nbc"))
    with pytest.warns(RuntimeWarning, match="is not what was written"):
        assert compiled()(14) == 42


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_file_that_is_gone_is_no_damage(folder, ending):
    """Fails if somebody who empties the cache is warned, or gets an error."""
    files(folder, ending).unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compiled()(14) == 42
        assert is_from_cache(compiled())


def test_what_another_version_has_left_is_not_used(folder):
    """Fails if an update of Numba runs the machine code of the one before."""
    path = files(folder, "nbi")
    content = path.read_bytes()
    stream = pickle.dumps("0.1.0") + content[len(pickle.dumps(numba.__version__, protocol=-1)) :]
    path.write_bytes(stream)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dispatcher = compiled()
    assert dispatcher(14) == 42 and not is_from_cache(dispatcher)


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_what_cannot_be_removed_is_left(folder, ending):
    """Fails if a folder in the place of a file, which nothing can replace, ends a fit."""
    turn_into_folder(files(folder, ending))
    with pytest.warns(RuntimeWarning, match="NUMBA_CACHE_DIR"):
        assert compiled()(14) == 42


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT])
def test_a_cache_that_cannot_be_written_is_reported_once(tmp_path, monkeypatch, code):
    """Fails if a full disk, or a folder of others, ends a fit or makes it slow without a word."""

    def fail(*args):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cache._CheckedFile, "_open_for_write", fail)
    with pytest.warns(RuntimeWarning, match="cannot keep compiled code") as told:
        assert [compiled()(14) for _ in range(2)] == [42, 42]
    assert len(told) == 1 and "NUMBA_CACHE_DIR" in str(told[0].message)


def test_a_function_without_a_folder_for_the_cache():
    """Fails if a read-only installation without a home makes layers fail."""
    namespace = {}
    exec("def twice(n):\n    return 2 * n", namespace)
    with pytest.warns(RuntimeWarning, match="cannot keep compiled code"):
        assert compiling.kernel("int64(int64)")(namespace["twice"])(21) == 42


# --- Kernels that cannot be compiled ---


@pytest.fixture
def broken(monkeypatch):
    """Let no kernel compile, and forget those that are compiled."""

    def fail(self, keep):
        raise RuntimeError("LLVM does not know this processor.")

    monkeypatch.setattr(compiling.Kernel, "_compile_with", fail)
    from skrnn.kernels import dense, embedding, gru, lstm, packing, pool, predict, simple_rnn
    from skrnn.layers import compiled as operations

    for module in (dense, embedding, gru, lstm, packing, pool, predict, simple_rnn):
        for one in vars(module).values():
            if isinstance(one, compiling.Kernel):
                monkeypatch.setattr(one, "_compiled", None)
    operations._compiled.cache_clear()
    operations._compiled_look_up.cache_clear()
    yield
    operations._compiled.cache_clear()
    operations._compiled_look_up.cache_clear()


def answers():
    """Return what the users of kernels answer: layers, embeddings, heads."""
    x = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    recurrent = [getattr(layers, name)(4, seed=0) for name in ("LSTM", "GRU", "SimpleRNN")]
    embedding = layers.Embedding(7, 3, embeddings_initializer="ones")
    yield from (lambda layer=layer: layer(x) for layer in recurrent)
    yield lambda: embedding(tf.constant([[1, 2]]))
    yield lambda: dense_output(x[0], np.ones((2, 3), np.float32), np.ones(3, np.float32))


@pytest.mark.slow
def test_whoever_calls_a_kernel_goes_on_without_it(broken):
    """Fails if a Numba that loads, but does not compile, ends a fit or a prediction."""
    for i, answer in enumerate(answers()):
        engines._failures.clear()
        with pytest.warns(RuntimeWarning, match="LLVM does not know this processor") as told:
            found = np.asarray(answer())
        assert len(told) == 1, i
        assert engines.engine() == "tensorflow"
        wanted = np.asarray(answer())  # without a kernel, and without a further warning
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_who_requires_the_kernels_gets_the_reason(broken, monkeypatch):
    """Fails if SKRNN_ENGINE=numba runs something else, or does not say why it cannot."""
    monkeypatch.setenv("SKRNN_ENGINE", "numba")
    with pytest.raises(NoKernelsError, match="LLVM does not know"):
        compiling.kernel("int64(int64)")(thrice)(1)
    with pytest.raises(ImportError, match="does not compile here: LLVM does not know"):
        engines.engine()


def test_a_numba_whose_compiler_is_off(monkeypatch):
    """Fails if NUMBA_DISABLE_JIT=1 ends a fit in an error that does not name it."""
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    with pytest.warns(RuntimeWarning, match="unset NUMBA_DISABLE_JIT") as told:
        assert [engines.engine() for _ in range(2)] == ["tensorflow", "tensorflow"]
    assert len(told) == 1
    monkeypatch.setenv("SKRNN_ENGINE", "numba")
    with pytest.raises(ImportError, match="NUMBA_DISABLE_JIT"):
        engines.engine()


# --- The same in processes of their own ---

FIT = """
import sys, warnings
import numpy as np
from skrnn import RNNClassifier
X, y = np.random.default_rng(0).integers(2, 9, (20, 5)), np.arange(20) % 2
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    clf = RNNClassifier("rnn", 2, epochs=1, embedding_dim=2, ngram_range=None, random_state=0)
    found = clf.fit(X, y).predict_proba(X)
print(*(w.category.__name__ + ": " + str(w.message) for w in told), sep="\\n")
print(float(found[0, 0]))
"""


def fitted(**environment):
    """Return warnings and an answer of a fit in a process of its own."""
    shown = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FIT)],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    *told, answer = shown.stdout.strip().splitlines()
    return [one for one in told if one], float(answer)


@pytest.mark.slow
def test_a_process_without_the_compiler_fits_and_predicts():
    """Fails if NUMBA_DISABLE_JIT=1 ends a fit."""
    told, answer = fitted(NUMBA_DISABLE_JIT="1")
    assert len(told) == 1 and "NUMBA_DISABLE_JIT" in told[0]
    assert answer == pytest.approx(fitted(SKRNN_ENGINE="tensorflow")[1], abs=1e-5)


@pytest.mark.reliability
def test_processes_with_a_damaged_cache_fit_predict_and_heal_it(tmp_path):
    """Fails if one empty file ends every fit, or stays; or two processes at once disturb it."""
    there = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert fitted(**there)[0] == []
    wanted = fitted(**there)
    paths = [path for path in sorted(tmp_path.rglob("*")) if path.suffix in (".nbi", ".nbc")]
    assert len(paths) >= 8
    for i, path in enumerate(paths):
        list(DAMAGE.values())[i % len(DAMAGE)](path)
    both = [
        subprocess.Popen([sys.executable, "-c", FIT], env=os.environ | there, text=True,
                         stdout=subprocess.PIPE)
        for _ in range(2)
    ]  # fmt: skip
    for process in both:
        shown, _ = process.communicate(timeout=600)
        assert process.returncode == 0 and float(shown.split()[-1]) == wanted[1]
    assert fitted(**there) == ([], wanted[1])
