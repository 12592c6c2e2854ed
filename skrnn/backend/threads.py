"""How many threads TensorFlow uses: decided here, once, before it starts its pools.

A recurrent layer is a long row of small operations. Splitting one of them over threads costs
more than it brings, so each runs on one thread ("intra-op"), and what is independent runs side
by side ("inter-op"), which :mod:`skrnn.layers` provides for. With one thread an operation adds
its numbers in one order, and the results are the same bytes on any number of cores, in a joblib
worker or out of it.

The number of threads side by side is the first of these that is set: ``SKRNN_NUM_THREADS``;
what joblib grants its worker (it says so in ``OMP_NUM_THREADS``); the cores this process may
use. Whoever sets TensorFlow's threads otherwise, by ``tf.config.threading`` or its environment
variables ``TF_NUM_INTRAOP_THREADS`` and ``TF_NUM_INTEROP_THREADS``, or runs an operation before
the first fit, keeps them; seeds then give the same bytes for the same setting.
"""

import os

import joblib


def n_threads():
    """Return the number of operations to run side by side.

    Raises
    ------
    ValueError
        Where SKRNN_NUM_THREADS is no positive integer.
    """
    wish = os.environ.get("SKRNN_NUM_THREADS")
    if wish is not None:
        if not wish.isdecimal() or int(wish) < 1:
            raise ValueError(f"SKRNN_NUM_THREADS must be a positive integer, but is {wish!r}.")
        return int(wish)
    granted = os.environ.get("OMP_NUM_THREADS", "")
    return int(granted) if granted.isdecimal() and int(granted) > 0 else joblib.cpu_count()


def limit_threads(tf):
    """Set TensorFlow's threads, unless somebody has."""
    threading = tf.config.threading
    chosen = (
        "TF_NUM_INTRAOP_THREADS" in os.environ
        or "TF_NUM_INTEROP_THREADS" in os.environ
        or threading.get_intra_op_parallelism_threads()
        or threading.get_inter_op_parallelism_threads()
    )
    if chosen:
        return
    try:
        threading.set_intra_op_parallelism_threads(1)
        threading.set_inter_op_parallelism_threads(n_threads())
    except RuntimeError:  # TensorFlow has run something: its pools are as they are
        return


def has_started(tf):
    """Whether TensorFlow has started its pools: their sizes can then no longer be set."""
    threading = tf.config.threading
    n = threading.get_inter_op_parallelism_threads()
    try:
        threading.set_inter_op_parallelism_threads(n + 1)
    except RuntimeError:
        return True
    threading.set_inter_op_parallelism_threads(n)
    return False
