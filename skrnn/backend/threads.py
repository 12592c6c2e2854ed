"""Set the number of TensorFlow's threads, once, before it starts its pools.

A recurrent layer is a long sequence of small operations. Splitting one of them over threads costs
more than it gains, so each runs on one thread ("intra-op"), and independent operations run at the
same time ("inter-op"); :mod:`skrnn.layers` makes use of that. With one thread, an operation adds
its numbers in one order, so that the results are the same bytes on any number of cores, in a
joblib worker or not.

The number of operations at the same time is the first of these that is set: ``SKRNN_NUM_THREADS``;
``OMP_NUM_THREADS``, which joblib sets in its workers; the number of cores for this process.
Threads that the user has set are kept, be it by ``tf.config.threading``, by the environment
variables ``TF_NUM_INTRAOP_THREADS`` and ``TF_NUM_INTEROP_THREADS``, or by running an operation
before the first fit. Seeds then give the same bytes for the same setting.
"""

import os

import joblib

from skrnn.exceptions import InvalidInputError


def n_threads():
    """Return the number of operations to run at the same time.

    Raises
    ------
    ValueError
        If SKRNN_NUM_THREADS is not a positive integer.
    """
    wish = os.environ.get("SKRNN_NUM_THREADS")
    if wish is not None:
        if not wish.isdecimal() or int(wish) < 1:
            raise InvalidInputError(
                f"SKRNN_NUM_THREADS must be a positive integer, but is {wish!r}."
            )
        return int(wish)
    granted = os.environ.get("OMP_NUM_THREADS", "")
    return int(granted) if granted.isdecimal() and int(granted) > 0 else joblib.cpu_count()


def limit_threads(tf):
    """Set TensorFlow's threads, unless the user has set them."""
    threading = tf.config.threading
    chosen = (
        os.environ.get("TF_NUM_INTRAOP_THREADS")
        or os.environ.get("TF_NUM_INTEROP_THREADS")
        or threading.get_intra_op_parallelism_threads()
        or threading.get_inter_op_parallelism_threads()
    )
    if chosen:
        return
    try:
        threading.set_intra_op_parallelism_threads(1)
        threading.set_inter_op_parallelism_threads(n_threads())
    except RuntimeError:  # TensorFlow has run an operation: its pools can no longer change
        return


def has_started(tf):
    """Return whether TensorFlow has started its pools: then their sizes can no longer be set."""
    threading = tf.config.threading
    n = threading.get_inter_op_parallelism_threads()
    try:
        threading.set_inter_op_parallelism_threads(n + 1)
    except RuntimeError:
        return True
    threading.set_inter_op_parallelism_threads(n)
    return False
