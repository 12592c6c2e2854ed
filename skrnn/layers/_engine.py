"""Which engine runs the fused layers: Numba's kernels where they are installed, or TensorFlow.

The environment variable SKRNN_ENGINE chooses when a layer is first traced: ``numba`` requires the
kernels of :mod:`skrnn.layers.kernels`, ``tensorflow`` has the loop of :mod:`skrnn.layers._loop`;
unset, it is the kernels wherever Numba is installed. Results agree to rounding.
"""

import importlib.util
import os

from skrnn.layers import _loop

ENGINES = ("numba", "tensorflow")


def engine():
    """Return the engine's name.

    Raises
    ------
    ValueError
        Where SKRNN_ENGINE is no engine's name.
    ImportError
        Where it asks for Numba, which is not installed.
    """
    wish = os.environ.get("SKRNN_ENGINE")
    if wish is not None and wish not in ENGINES:
        raise ValueError(f"SKRNN_ENGINE must be 'numba' or 'tensorflow', but is {wish!r}.")
    if wish == "tensorflow":
        return wish
    if importlib.util.find_spec("numba") is not None:
        return "numba"
    if wish == "numba":
        raise ImportError(
            "SKRNN_ENGINE is 'numba', which is not installed: pip install \"skrnn[numba]\""
        )
    return "tensorflow"


def recur(equations, x, mask, weights, **options):
    """Run a recurrent cell over sequences; see :func:`skrnn.layers._loop.recur`."""
    if engine() == "tensorflow" or equations.kernel is None:
        return _loop.recur(equations, x, mask, weights, **options)
    from skrnn.layers.kernels import recurrence

    return recurrence.recur(equations, x, mask, weights, **options)
