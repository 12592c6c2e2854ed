"""The choice of the engine: Numba's kernels if they load, otherwise TensorFlow and NumPy.

The environment variable SKRNN_ENGINE sets the engine. It is read in training when a layer is first
traced, and in prediction with each call. ``numba`` requires the kernels of :mod:`skrnn.kernels`;
``tensorflow`` trains with the loop of :mod:`skrnn.layers.loop` and predicts with NumPy. By default,
the kernels are used if Numba loads. Results agree up to rounding.

Importing this loads neither Numba nor TensorFlow.
"""

import functools
import importlib
import importlib.util
import os
import warnings

from skrnn.exceptions import InvalidInputError

ENGINES = ("numba", "tensorflow")
INSTALL = "pip install numba"


def engine():
    """Return the engine's name.

    Raises
    ------
    ValueError
        If SKRNN_ENGINE is not the name of an engine.
    ImportError
        If it requires Numba, which is not installed or does not load.
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
    """Return why Numba does not load, usually a NumPy that is too new for it, and warn once."""
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
