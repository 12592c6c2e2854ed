"""Threads are settled when TensorFlow starts, so each case needs a process of its own."""

import os
import subprocess
import sys

import pytest

from skrnn.backend.threads import n_threads

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


@pytest.mark.parametrize("wish", ["0", "-1", "two", ""])
def test_a_bad_wish_is_told(monkeypatch, wish):
    """Fails if a typo silently gave another number of threads."""
    monkeypatch.setenv("SKRNN_NUM_THREADS", wish)
    with pytest.raises(ValueError, match="SKRNN_NUM_THREADS must be a positive integer"):
        n_threads()
