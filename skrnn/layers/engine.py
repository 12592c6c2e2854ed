"""Which engine runs the fused layers: Numba's kernels where they are installed, or TensorFlow.

The environment variable SKRNN_ENGINE chooses when a layer is first traced: ``numba`` requires the
kernels of :mod:`skrnn.kernels`, ``tensorflow`` has the loop of :mod:`skrnn.layers.loop`;
unset, it is the kernels wherever Numba is installed. Results agree to rounding.

The kernels are Python functions to TensorFlow, so a graph that holds them runs in this process
only. A `.keras` file holds none; for ``model.export`` set SKRNN_ENGINE to ``tensorflow``.
"""

import ctypes
import functools
import importlib
import importlib.util
import os
import sys
import warnings

from skrnn.exceptions import InvalidInputError
from skrnn.layers import loop

ENGINES = ("numba", "tensorflow")
INSTALL = 'pip install "skrnn[numba]"'


def engine():
    """Return the engine's name.

    Raises
    ------
    ValueError
        Where SKRNN_ENGINE is no engine's name.
    ImportError
        Where it asks for Numba, which is not installed or does not load.
    """
    wish = os.environ.get("SKRNN_ENGINE")
    if wish is not None and wish not in ENGINES:
        raise InvalidInputError(f"SKRNN_ENGINE must be 'numba' or 'tensorflow', but is {wish!r}.")
    if wish == "tensorflow":
        return "tensorflow"
    if importlib.util.find_spec("numba") is None:
        if wish == "numba":
            raise ImportError(f"SKRNN_ENGINE is 'numba', which is not installed: {INSTALL}")
        return "tensorflow"
    error = _load_error()
    if error is None:
        return "numba"
    if wish == "numba":
        raise ImportError(f"SKRNN_ENGINE is 'numba', which does not load: {INSTALL}") from error
    return "tensorflow"


@functools.cache
def _load_error():
    """Return why Numba does not load, and tell it once: a NumPy newer than it knows, mostly."""
    try:
        importlib.import_module("numba")
    except Exception as error:
        warnings.warn(
            f"Numba is installed but does not load, so recurrent layers run without it, in "
            f"about twice the time: {error} To have it again: {INSTALL}; to do without: set "
            "SKRNN_ENGINE=tensorflow.",
            RuntimeWarning,
            stacklevel=2,
        )
        return error
    return None


def recur(equations, x, mask, weights, **options):
    """Run a recurrent cell over sequences; see :func:`skrnn.layers.loop.recur`."""
    if engine() == "tensorflow" or equations.kernel is None:
        return loop.recur(equations, x, mask, weights, **options)
    from skrnn.layers import compiled

    return compiled.recur(equations, x, mask, weights, **options)


def release_memory():
    """Hand back to the system what a training took: the kernels' buffers, and activations.

    The C library would keep it, and joblib takes a worker that has grown by 300 MB for a leaking
    one, which it warns of and replaces, TensorFlow's start included.
    """
    memory = sys.modules.get("skrnn.kernels.memory")
    if memory is not None:
        memory.release()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:  # glibc has it; others return memory by themselves
        trim(0)
