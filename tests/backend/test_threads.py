"""Threads are settled when TensorFlow starts, so each case needs a process of its own.

Those of BLAS can be set at any time, and are at the end of this file.
"""

import contextlib
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

import skrnn
from skrnn.backend.threads import n_threads, one_blas_thread
from skrnn.embeddings import corpus_embeddings
from skrnn.ngrams import NgramModel
from skrnn.sequences import Sequences

SHOW = """
{before}
from skrnn.backend.tensorflow import tf
threading = tf.config.threading
print(threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads())
"""


def threads_of(before="", **environment):
    clean = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS" and "TF_NUM" not in k}
    shown = subprocess.run(
        [sys.executable, "-c", SHOW.format(before=before)],
        env=clean | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return tuple(map(int, shown.stdout.split()))


@pytest.mark.reliability
def test_one_thread_an_operation_and_joblibs_grant_side_by_side():
    """Fails if a worker took the whole machine, which two workers would then fight over."""
    assert threads_of(OMP_NUM_THREADS="3") == (1, 3)


@pytest.mark.reliability
def test_what_the_user_chose_stays():
    """Fails if skrnn overrode tf.config; results of other models in the process would change."""
    before = "import tensorflow as tf; tf.config.threading.set_intra_op_parallelism_threads(2)"
    assert threads_of(before, SKRNN_NUM_THREADS="5") == (2, 0)


@pytest.mark.reliability
def test_a_tensorflow_that_has_started_is_left_alone():
    """Fails if importing skrnn after TensorFlow's first operation raised."""
    assert threads_of("import tensorflow as tf; tf.zeros(1)") == (0, 0)


def test_order_of_wishes(monkeypatch):
    """Fails if the variable that names skrnn did not win over the one that joblib sets."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("SKRNN_NUM_THREADS", "2")
    assert n_threads() == 2
    monkeypatch.delenv("SKRNN_NUM_THREADS")
    assert n_threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert 1 <= n_threads() <= os.cpu_count()


@pytest.mark.parametrize("wish", ["0", "-1", "two"])
def test_a_bad_wish_is_told(monkeypatch, wish):
    """Fails if a typo silently gave another number of threads."""
    monkeypatch.setenv("SKRNN_NUM_THREADS", wish)
    with pytest.raises(ValueError, match="SKRNN_NUM_THREADS must be a positive integer"):
        n_threads()


# --- BLAS: a setting of the process, changed by threads that overlap ---


@pytest.fixture
def blas():
    """Return the numbers of threads of the libraries, which are more than one before and after."""

    def numbers():
        return [
            one.num_threads
            for one in ThreadpoolController().select(user_api="blas").lib_controllers
        ]

    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(3, user_api="blas"):
        if set(numbers()) != {3}:
            pytest.skip("BLAS has no threads that can be set")
        yield numbers
        assert set(numbers()) == {3}


def overlapped(ends, fails=False):
    """Run two guards that overlap: the second begins within the first, and `ends` says who ends."""
    inside, leave = [threading.Event() for _ in range(2)], [threading.Event() for _ in range(2)]

    def run(i):
        with contextlib.suppress(ArithmeticError), one_blas_thread():
            inside[i].set()
            leave[i].wait(60)
            if fails:
                raise ArithmeticError

    running = [threading.Thread(target=run, args=(i,)) for i in range(2)]
    for one, is_inside in zip(running, inside, strict=True):
        one.start()
        assert is_inside.wait(60)
    for i in ends:
        leave[i].set()
        running[i].join(60)
        yield


@pytest.mark.parametrize("fails", [False, True], ids=["", "failing"])
@pytest.mark.parametrize("ends", [(0, 1), (1, 0)], ids=["first ends first", "last ends first"])
def test_the_last_of_several_fits_gives_blas_its_threads_back(blas, ends, fails):
    """Fails if two fits in threads leave BLAS at one thread, or one gives it back too early."""
    steps = overlapped(ends, fails)
    next(steps)
    assert set(blas()) == {1}
    next(steps)
    assert set(blas()) == {3}


def test_a_guard_within_a_guard(blas):
    """Fails if a fit within a fit gives the threads back."""
    with one_blas_thread():
        with one_blas_thread():
            pass
        assert set(blas()) == {1}
    assert set(blas()) == {3}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_has_its_threads_although_a_fit_was_running(blas):
    """Fails if a child waits for the end of a fit that only its parent has."""
    steps = overlapped((0, 1))
    next(steps)  # the first has ended, the second holds BLAS
    child = os.fork()
    if not child:
        os._exit(set(blas()) != {3})
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert set(blas()) == {1}
    next(steps)


def test_nothing_sets_the_threads_of_the_process_but_the_guard():
    """Fails if another limit, which threads cannot share, comes into the package."""
    package = Path(skrnn.__file__).parent
    users = {
        path.name
        for path in package.rglob("*.py")
        if re.search(r"threadpoolctl|_num_threads\(", path.read_text())
    }
    assert users == {"threads.py"}


@pytest.mark.parametrize("what", ["ngrams", "corpus vectors"])
@pytest.mark.slow
def test_what_uses_blas_in_threads_leaves_its_threads(blas, what):
    """Fails if n-grams or word vectors change them by themselves."""
    rng = np.random.default_rng(0)
    sequences = Sequences(rng.integers(2, 12, 200).astype(np.int32), np.arange(0, 201, 10))
    y = np.arange(20) % 2

    def run(seed):
        if what == "ngrams":
            NgramModel((1, 1)).fit_score(
                sequences, y[:, None] > 0, y, np.ones(20), vocabulary_size=12, seed=seed
            )
        else:
            corpus_embeddings(sequences, 12, 4, random_state=seed)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(12)))
    assert set(blas()) == {3}
