"""The only module that starts Keras, TensorFlow and scikeras.

All modules that need them import them from here, and only in functions or modules that are used
once a network is needed. ``import skrnn``, unpickling a tokenizer and ``skrnn --help`` do not wait
for TensorFlow, which takes seconds to load.
"""

import os
import re
import sys
import tempfile
import threading
from contextlib import contextmanager

from skrnn.backend.threads import has_started, limit_threads
from skrnn.exceptions import TensorFlowError


def _set_default(name, value):
    # Keras takes an empty variable for one that is not set.
    if not os.environ.get(name):
        os.environ[name] = value


# TensorFlow writes to the terminal when it first looks for a GPU, at level ERROR even on a machine
# without one ("failed call to cuInit"). A real failure also raises in Python, so the C++ log is
# switched off unless the user has set its level. Remove this once TensorFlow is silent on a machine
# without a GPU (2.21 is not).
_set_default("TF_CPP_MIN_LOG_LEVEL", "3")
# Keras 3 takes the backend from the environment or ~/.keras/keras.json. The default here is
# TensorFlow, for which skrnn's networks are written.
_set_default("KERAS_BACKEND", "tensorflow")

# Lines that TensorFlow writes while it loads, before that level has an effect.
_LOADING_NOISE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|[IW]\d{4} \d\d:\d\d|I0000 |W0000 |To enable the following instructions:"
)


@contextmanager
def _without_loading_noise():
    """Hold standard error back while TensorFlow loads, then write the lines that are not its own.

    The lines come from C++ and can only be caught at the file descriptor. Remove this once
    ``import tensorflow`` respects TF_CPP_MIN_LOG_LEVEL from its first line on (2.21 does not).
    """
    wanted = os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
    # A process may have no standard error (a service, pythonw).
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
    # Before Keras is imported, since that may fail on a backend that is not installed.
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


def forget_kernels():
    """Let TensorFlow forget how it has run operations and functions so far.

    It (2.21) keeps what it has prepared for each function and each dataset, also after these are
    gone: 0.3 MB for each fit, and 1.7 MB more for each network. What is still in use is prepared
    again, which takes some milliseconds. Remove this once it forgets them itself.
    """
    from tensorflow.python.eager import context

    context.context().clear_kernel_cache()


_is_cut_off = False


def _look_at_parent():
    global _is_cut_off
    _is_cut_off = _is_cut_off or has_started(tf)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_look_at_parent)


def check_tensorflow():
    """Raise TensorFlowError if networks cannot be built here: in a fork, or without eager."""
    _check_not_forked()
    _check_eager()


def _check_not_forked():
    # A child has none of its parent's threads, and TensorFlow waits forever for those of its pools.
    # Remove this once it starts new threads in a child (2.21 does not).
    if _is_cut_off:
        raise TensorFlowError(
            "TensorFlow was running in the process that this one was forked from, and cannot run "
            "in a fork: it would wait forever for threads that exist in the parent only. Start "
            "workers with joblib's backend 'loky' (its default), or with multiprocessing's 'spawn' "
            "or 'forkserver'. Or fork before the parent trains. Predictions need no TensorFlow: "
            "forks can predict, and a parent that has only loaded and predicted can be forked."
        )


def _check_eager():
    if tf.executing_eagerly():
        return
    elsewhere: list = []  # a graph belongs to its thread, the switch to the process
    thread = threading.Thread(target=lambda: elsewhere.append(tf.executing_eagerly()))
    thread.start()
    thread.join()
    if elsewhere[0]:
        raise TensorFlowError(
            "A network cannot be built or trained here: this code runs inside a tf.Graph (with "
            "tf.Graph().as_default(), tf.compat.v1.Session) or a tf.function. Leave it first: call "
            "fit and model_ outside of it. Predictions need no TensorFlow, and work anywhere."
        )
    raise TensorFlowError(
        "A network cannot be built or trained in this process: TensorFlow's eager execution is "
        "off (tf.compat.v1.disable_eager_execution() or disable_v2_behavior() was called). Remove "
        "that call, or train in another process. Predictions need no TensorFlow, and work anywhere."
    )


__all__ = [
    "BaseWrapper",
    "KerasClassifier",
    "KerasRegressor",
    "check_tensorflow",
    "forget_kernels",
    "keras",
    "tf",
]
