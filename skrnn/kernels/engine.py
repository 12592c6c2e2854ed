"""The choice of the engine: Numba's kernels if they load, otherwise TensorFlow and NumPy.

The environment variable SKRNN_ENGINE sets the engine. It is read in training when a layer is first
traced, and in prediction with each call. ``numba`` requires the kernels of :mod:`skrnn.kernels`;
``tensorflow`` trains with the loop of :mod:`skrnn.layers.loop` and predicts with NumPy. By default,
the kernels are used if Numba loads and compiles. Results agree up to rounding.

Importing this loads neither Numba nor TensorFlow.
"""

import functools
import importlib
import importlib.util
import os
import warnings

from skrnn.exceptions import InvalidInputError, NoKernelsError

ENGINES = ("numba", "tensorflow")
INSTALL = "pip install numba"
JIT_IS_OFF = "NUMBA_DISABLE_JIT is set, which turns its compiler off."

# Why kernels cannot be compiled in this process, in a list of at most one.
_failures: list = []


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
    error = _load_error() or next(iter(_failures), None)
    if error is None:
        return "numba"
    if wish == "numba":
        raise ImportError(
            f"SKRNN_ENGINE is 'numba', which {_about(error)}: {error} {_way_out(error)}; to do "
            "without: set SKRNN_ENGINE=tensorflow."
        ) from error
    return "tensorflow"


def give_up(error):
    """Do without the kernels from now on, since one cannot be compiled; warn once.

    Parameters
    ----------
    error : Exception
        Why it cannot be compiled.

    Returns
    -------
    NoKernelsError
        For the caller to raise. Whoever called a kernel then asks for the engine again.
    """
    if not _failures:
        _failures.append(error)
        _warn(error)
    return NoKernelsError(f"The kernels of recurrent layers cannot be compiled: {error}")


@functools.cache
def _load_error():
    """Return why Numba does not load or compile, often a NumPy that is too new; warn once."""
    error: Exception
    try:
        numba = importlib.import_module("numba")
    except Exception as not_loaded:
        error = NotLoaded(not_loaded)
    else:
        if not getattr(numba.config, "DISABLE_JIT", False):
            return None
        error = RuntimeError(JIT_IS_OFF)
    _warn(error)
    return error


class NotLoaded(Exception):
    """Numba is installed, and raises this when it is imported."""


def _warn(error):
    if os.environ.get("SKRNN_ENGINE") == "numba":
        return  # it is raised
    warnings.warn(
        f"Numba is installed but {_about(error)}, so recurrent layers run without it, in about "
        f"twice the time: {error} {_way_out(error)}; to do without: set SKRNN_ENGINE=tensorflow.",
        RuntimeWarning,
        stacklevel=3,
    )


def _about(error):
    return "does not load" if isinstance(error, NotLoaded) else "does not compile here"


def _way_out(error):
    if JIT_IS_OFF in str(error):
        return "To have it again: unset NUMBA_DISABLE_JIT"
    return f"To have it again: {INSTALL}"
