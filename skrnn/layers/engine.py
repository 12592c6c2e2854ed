"""The loop of the fused layers: Numba's kernels, or TensorFlow's, see :mod:`skrnn.kernels.engine`.

For TensorFlow, the kernels are Python functions, so a graph with them runs only in this process.
A `.keras` file has no graph. For ``model.export``, set SKRNN_ENGINE to ``tensorflow``.
"""

import ctypes
import os
import sys

from skrnn.kernels.engine import engine
from skrnn.layers import loop


def recur(equations, x, mask, weights, **options):
    """Run a recurrent cell over sequences; see :func:`skrnn.layers.loop.recur`."""
    if engine() == "tensorflow" or equations.kernel is None:
        return loop.recur(equations, x, mask, weights, **options)
    from skrnn.layers import compiled

    return compiled.recur(equations, x, mask, weights, **options)


def release_memory():
    """Return the memory of a training, the kernels' buffers and activations, to the system.

    The C library would keep it. joblib takes a worker that has grown by 300 MB for a memory leak:
    it warns and restarts the worker, which then has to import TensorFlow again.
    """
    memory = sys.modules.get("skrnn.kernels.memory")
    if memory is not None:
        memory.release()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:  # only glibc has it; other C libraries return memory by themselves
        trim(0)
