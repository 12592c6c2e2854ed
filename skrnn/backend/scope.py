"""Whether code runs in the scope of a strategy of `tf.distribute`, and how to step out of it."""

import threading

from skrnn.backend.tensorflow import keras, tf


def is_in_scope():
    """Whether the calling thread is in the scope of a strategy."""
    return tf.distribute.has_strategy()


def outside_scope(make):
    """Return ``make()``, whose variables belong to no strategy even where one is in scope.

    A scope cannot be left, but it is the calling thread's: in another, there is none.
    """
    if not is_in_scope():
        return make()
    policy, result = keras.config.dtype_policy(), []

    def run():
        keras.config.set_dtype_policy(policy)  # a thread's own, too
        try:
            result.extend([make(), None])
        except BaseException as error:  # the caller's to handle
            result.extend([None, error])

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    made, error = result
    if error is not None:
        raise error
    return made
