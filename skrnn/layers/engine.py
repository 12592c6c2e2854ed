"""The loop of the fused layers: Numba's kernels, or TensorFlow's, see :mod:`skrnn.kernels.engine`.

The kernels are Python functions to TensorFlow, so a graph that holds them runs in this process
only. A `.keras` file holds none; for ``model.export`` set SKRNN_ENGINE to ``tensorflow``.
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
