"""Keras's defaults, whatever the process has set.

Keras takes the precision of new layers, losses and metrics from settings of the thread (the dtype
policy) and of the process (`floatx`, `epsilon`). An estimator's network is a float32 one, and a
seed gives the same bytes, under any of them.
"""

import threading
from contextlib import contextmanager

from skrnn.backend.tensorflow import keras

POLICY, FLOATX, EPSILON = "float32", "float32", 1e-7

_lock = threading.Lock()
_n_inside = 0
_before = (FLOATX, EPSILON)


@contextmanager
def keras_defaults():
    """Run code under Keras's defaults; then the settings are what they were.

    The dtype policy belongs to the calling thread. `floatx` and `epsilon` belong to the process:
    if they are not the defaults, other threads see the defaults until the last one is through.
    """
    policy = keras.config.dtype_policy()
    _enter()
    try:
        keras.config.set_dtype_policy(POLICY)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(policy)
    finally:
        _leave()


def _enter():
    global _n_inside, _before
    with _lock:
        if not _n_inside:
            _before = keras.config.floatx(), keras.config.epsilon()
            _set(FLOATX, EPSILON)
        _n_inside += 1


def _leave():
    global _n_inside
    with _lock:
        _n_inside -= 1
        # What a callback has set meanwhile stays.
        if not _n_inside and (keras.config.floatx(), keras.config.epsilon()) == (FLOATX, EPSILON):
            _set(*_before)


def _set(floatx, epsilon):
    if keras.config.floatx() != floatx:
        keras.config.set_floatx(floatx)
    if keras.config.epsilon() != epsilon:
        keras.config.set_epsilon(epsilon)
