"""The number of TensorFlow's threads, set once before it starts its pools, and that of BLAS.

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
import threading as threads
from contextlib import contextmanager

import joblib
from threadpoolctl import ThreadpoolController

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


class _OneBlasThread:
    """Keeps BLAS at one thread as long as any thread of the process needs that.

    The setting belongs to the process. :func:`threadpoolctl.threadpool_limits` sets back what it
    found, so of two that overlap, the one that ends last sets back the limit of the first, for
    good; or, from version 3.8 on, it does nothing in any thread but the first. Here the first to
    enter remembers the numbers, and the last to leave sets them back. Some libraries have a
    setting for each thread, which each sets back.
    """

    def __init__(self):
        self._lock = threads.Lock()
        self._inside: dict = {}  # thread -> how often it is inside
        self._found: dict = {}  # (thread or None, path of a library) -> (library, n_threads)

    def enter(self):
        thread = threads.get_ident()
        with self._lock:
            # Look each time: a library may have been loaded while another thread was inside.
            for library in ThreadpoolController().select(user_api="blas").lib_controllers:
                key = thread if _is_of_thread(library) else None, library.filepath
                n = library.get_num_threads()
                self._found.setdefault(key, (library, n))
                if n != 1:
                    _set_threads(library, 1)
            self._inside[thread] = self._inside.get(thread, 0) + 1

    def leave(self):
        thread = threads.get_ident()
        with self._lock:
            self._inside[thread] -= 1
            if not self._inside[thread]:
                del self._inside[thread]
                self._set_back(thread)
            if not self._inside:
                self._set_back(None)

    def in_child(self):
        """Forget the threads that a fork does not have."""
        self._lock = threads.Lock()
        thread = threads.get_ident()
        self._inside = {one: n for one, n in self._inside.items() if one == thread}
        self._found = {key: one for key, one in self._found.items() if key[0] in (None, thread)}
        if not self._inside:
            self._set_back(None)

    def _set_back(self, owner):
        for key in [key for key in self._found if key[0] == owner]:
            _set_threads(*self._found.pop(key))


def _is_of_thread(library):
    """Whether a library's number of threads is set for the calling thread alone."""
    is_openmp = getattr(library, "threading_layer", None) == "openmp"
    return is_openmp and hasattr(library, "_real_set_num_threads")


def _set_threads(library, n):
    # What threadpoolctl (3.8) keeps for one thread, so that several do not undo one another.
    getattr(library, "_real_set_num_threads", library.set_num_threads)(n)


_one_blas_thread = _OneBlasThread()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_one_blas_thread.in_child)


@contextmanager
def one_blas_thread():
    """Run BLAS on one thread: the order in which it adds, and so the last bits, depend on them.

    Any number of threads may be inside at once. When the last has left, BLAS has the number of
    threads that it had before the first came.
    """
    _one_blas_thread.enter()
    try:
        yield
    finally:
        _one_blas_thread.leave()
