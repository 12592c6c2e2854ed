"""The loop of the fused layers: Numba's kernels, or TensorFlow's, see :mod:`skrnn.kernels.engine`.

For TensorFlow, the kernels are Python functions, so a graph with them runs only in this process.
What is traced for export (``model.export``, ``tf.saved_model.save``, TFLite) gets TensorFlow's
loop, and so does any graph of a user's own `tf.function` outside training, which may be saved
later. A `.keras` file has no graph.
"""

import ctypes
import os
import sys

from skrnn.backend.tensorflow import tf
from skrnn.exceptions import NoKernelsError
from skrnn.kernels.engine import engine
from skrnn.layers import loop


def recur(equations, x, mask, weights, **options):
    """Run a recurrent cell over sequences; see :func:`skrnn.layers.loop.recur`."""
    is_portable = not runs_here(is_training=options["save"])
    if is_portable:  # a file cannot hold what the gradient would take from the forward pass
        options["save"] = False
    if is_portable or equations.kernel is None or engine() == "tensorflow":
        return loop.recur(equations, x, mask, weights, **options)
    try:
        from skrnn.layers import compiled

        return compiled.recur(equations, x, mask, weights, **options)
    except NoKernelsError:  # which has also changed the engine
        return loop.recur(equations, x, mask, weights, **options)


# What traces a graph to write it to a file, and what traces one that only this process runs.
_EXPORTERS = ("keras.src.export.", "tensorflow.python.saved_model.", "tensorflow.lite.", "tf2onnx.")
_RUNNERS = ("keras.src.backend.tensorflow.trainer", "skrnn.network.", "skrnn.inspection.")


def runs_here(*, is_training):
    """Return whether what is computed now stays in this process.

    A graph does if it is traced in training, or by Keras's `fit`, `evaluate` and `predict`, or by
    skrnn, unless that happens within an export.
    """
    if tf.executing_eagerly():
        return True
    # Replicas are traced in threads of their own.
    stays, frame = is_training or tf.distribute.has_strategy(), sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__") or ""
        if name.startswith(_EXPORTERS):
            return False
        stays = stays or name.startswith(_RUNNERS)
        frame = frame.f_back
    return stays


def looks_up_here(layer, ids):
    """Return whether kernels may look up ids for a layer that has a table of float32."""
    return (
        # Their gradient is a Python function: a graph that is not exported may have it.
        runs_here(is_training=True)
        and engine() == "numba"
        and layer.compute_dtype == layer.variable_dtype == "float32"
        and isinstance(ids, tf.Tensor)
        and ids.dtype == tf.int32
        and not tf.config.list_physical_devices("GPU")
    )


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
