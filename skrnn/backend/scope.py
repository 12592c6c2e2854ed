"""Detect the scope of a strategy of `tf.distribute`, and run code outside of it."""

import threading

from skrnn.backend.tensorflow import keras, tf


def is_in_scope():
    """Return whether the calling thread is in the scope of a strategy."""
    return tf.distribute.has_strategy()


def outside_scope(make):
    """Return ``make()``, whose variables do not belong to a strategy even if one is in scope.

    A scope cannot be left, but it belongs to the calling thread: another thread is outside of it.
    """
    if not is_in_scope():
        return make()
    policy, result = keras.config.dtype_policy(), []

    def run():
        keras.config.set_dtype_policy(policy)  # it belongs to the thread, too
        try:
            result.extend([make(), None])
        except BaseException as error:  # for the calling thread
            result.extend([None, error])

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    made, error = result
    if error is not None:
        raise error
    return made
