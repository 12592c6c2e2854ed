"""The one place that starts Keras, TensorFlow and scikeras.

Every module that needs them imports them from here, inside the functions or modules that are
themselves imported only when a network is really wanted: ``import skrnn``, unpickling a
tokenizer and ``skrnn --help`` stay free of the seconds that TensorFlow takes.
"""

import os
import re
import sys
import tempfile
from contextlib import contextmanager

from skrnn.backend.threads import has_started, limit_threads

# TensorFlow writes to the terminal when it first looks for a GPU, at level ERROR even on a
# machine that has none ("failed call to cuInit"). Whatever really fails also raises in Python,
# so the C++ log is switched off unless the user has asked for it. Can go once a TensorFlow
# without a GPU is silent (2.21 is not).
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Keras 3 takes the backend from the environment or ~/.keras/keras.json; skrnn's networks are
# written for TensorFlow, so that is what an unset choice means here.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# What TensorFlow says while it loads, before that level has any effect.
_LOADING_NOISE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|[IW]\d{4} \d\d:\d\d|I0000 |W0000 |To enable the following instructions:"
)


@contextmanager
def _without_loading_noise():
    """Hold standard error back while TensorFlow loads, and let through what is not its noise.

    The lines come from C++ and can only be caught at the file descriptor. Can go once
    ``import tensorflow`` obeys TF_CPP_MIN_LOG_LEVEL from its first line on (2.21 does not).
    """
    wanted = os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
    # A process may have no standard error (a service, pythonw): nothing to keep clean.
    if wanted or "tensorflow" in sys.modules or sys.stderr is None:
        yield
        return
    sys.stderr.flush()
    try:
        stderr = os.dup(2)
    except OSError:
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            for line in held:
                if not _LOADING_NOISE.match(line):
                    os.write(2, line)


def _check_backend():
    # Asked before Keras is imported, which may fail on a backend that is not installed.
    keras = sys.modules.get("keras")
    backend = keras.backend.backend() if keras else os.environ["KERAS_BACKEND"]
    if backend != "tensorflow":
        raise ImportError(
            f"skrnn trains its networks with Keras on TensorFlow, but Keras runs on {backend!r} "
            "in this process (KERAS_BACKEND or ~/.keras/keras.json). Set "
            "KERAS_BACKEND=tensorflow before Keras is first imported."
        )


_check_backend()
with _without_loading_noise():
    import keras
    import tensorflow as tf
    from scikeras.wrappers import BaseWrapper, KerasClassifier, KerasRegressor

limit_threads(tf)

_is_cut_off = False


def _look_at_parent():
    global _is_cut_off
    _is_cut_off = _is_cut_off or has_started(tf)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_look_at_parent)


def check_not_forked():
    """Raise RuntimeError where TensorFlow would wait for ever: in a fork of where it was running.

    A child has none of its parent's threads, and TensorFlow waits for those of its pools. Can go
    once it starts them anew in a child (2.21 does not).
    """
    if _is_cut_off:
        raise RuntimeError(
            "TensorFlow was running in the process that this one was forked from, and cannot run "
            "in a fork: it would wait for ever for threads that stayed behind. Start workers with "
            "joblib's backend 'loky' (its default), or with multiprocessing's 'spawn' or "
            "'forkserver'. Or fork before the parent fits or predicts anything; what it has only "
            "loaded (skrnn.load, pickle), its forks can use."
        )


__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor", "check_not_forked", "keras", "tf"]
