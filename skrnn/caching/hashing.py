"""What tells one computation from another: a digest of parameters, data and seeds.

Names the folders of checkpoints, the results of a search, and what fits have in common. Nothing
here needs TensorFlow.
"""

import hashlib
import os
import re
from enum import Enum
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType

import joblib
import numpy as np

from skrnn.exceptions import UnknownObjectError
from skrnn.sequences import Sequences

# What Keras keeps on a callback of the fit that it was in.
_OF_A_FIT = ("_model", "_params", "model", "params", "validation_data")


def digest(value, *, lenient=False):
    """Return a name for a value, equal for equal ones in any process.

    Parameters
    ----------
    value : object
        Arrays, `Sequences`, numbers, strings, None, and lists, tuples, dicts and sets of these are
        told by what they hold; estimators by class, parameters and requests; functions by their
        code, closure and defaults; Keras objects by their configuration or attributes; others by
        their pickle, or else their attributes. Of classes of the main script the code counts.
    lenient : bool, default=False
        Whether objects that cannot be known count by their class, instead of being an error.

    Returns
    -------
    str
        24 hexadecimal digits of a SHA-256.

    Raises
    ------
    UnknownObjectError
        With the class of the object.
    """
    found = hashlib.sha256()
    for part in _parts(value, lenient, ()):
        found.update(part)
    return found.hexdigest()[:24]


def _parts(value, lenient, within):
    """Yield the bytes that tell a value from others, each kind and length with it."""
    if isinstance(value, np.generic) and value.dtype.kind in "biuf" and value.itemsize <= 8:
        value = value.item()
    if isinstance(value, np.ndarray | np.generic) and value.dtype != object:
        value = np.ascontiguousarray(value)
        yield f"array {value.dtype.str} {value.shape}:".encode()
        yield memoryview(value.reshape(-1).view(np.uint8))
    elif isinstance(value, dict):
        yield f"dict {len(value)}:".encode()
        for key in sorted(value, key=repr):
            yield from _parts(key, lenient, within)
            yield from _parts(value[key], lenient, within)
    elif isinstance(value, set | frozenset):
        yield from _parts(sorted(digest(one, lenient=lenient) for one in value), lenient, within)
    elif isinstance(value, list | tuple | np.ndarray):
        yield f"list {getattr(value, 'shape', len(value))}:".encode()
        for one in value:
            yield from _parts(one, lenient, within)
    elif isinstance(value, os.PathLike):
        yield from _parts(os.fspath(value), lenient, within)
    elif value is None or isinstance(value, str | bytes | int | float | complex | slice | range):
        yield f"{type(value).__name__} {value!r}:".encode()
    elif id(value) in within:  # an object that holds itself
        yield b"again:"
    else:
        kind = type(value)
        within = (*within, id(value))
        about = [kind.__module__, kind.__qualname__, _code_of_class(kind)]
        yield from _parts([*about, _content(value, lenient)], lenient, within)


def _content(value, lenient):
    """Return what tells an object from others of its class."""
    for kinds, tell in _KNOWN:
        if isinstance(value, kinds):
            return tell(value)
    if hasattr(value, "get_params"):
        return _of_estimator(value)
    if _is_of_keras(value):
        try:  # optimizers and schedules, of which Keras numbers the names of equal ones
            return {k: v for k, v in value.get_config().items() if k != "name"}
        except (AttributeError, NotImplementedError):
            return {k: v for k, v in vars(value).items() if k not in _OF_A_FIT}
    try:
        return joblib.hash(value)
    except Exception as error:  # whatever pickling it may raise
        attributes = getattr(value, "__dict__", None)
        if attributes:
            return attributes
        if lenient:
            return None
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        raise UnknownObjectError(
            f"A {name} cannot be told from others of its class: it can be pickled no more than "
            "looked into."
        ) from error


def _of_function(function):
    cells = function.__closure__ or ()
    return [
        function.__code__,
        function.__defaults__,
        function.__kwdefaults__,
        [cell.cell_contents for cell in cells],
    ]


def _of_builtin(function):
    of = function.__self__
    of = of.__name__ if isinstance(of, ModuleType) else of
    return [function.__module__, function.__qualname__, of]


def _of_estimator(estimator):
    parameters = dict(estimator.get_params(deep=False))
    vectors = parameters.get("embeddings")
    if isinstance(vectors, str | os.PathLike) and os.path.isfile(vectors):
        about = os.stat(vectors)
        parameters["embeddings"] = [os.fspath(vectors), about.st_size, about.st_mtime_ns]
    # What scikit-learn keeps beside the parameters, and copies with them.
    output = getattr(estimator, "_sklearn_output_config", None)
    return [parameters, output, repr(getattr(estimator, "_metadata_request", None))]


_KNOWN = [
    (Sequences, lambda value: [value.values, value.offsets]),
    (FunctionType, _of_function),
    (CodeType, lambda value: [value.co_code, value.co_consts, value.co_names]),
    (partial, lambda value: [value.func, value.args, value.keywords]),
    (MethodType, lambda value: [value.__func__, value.__self__]),
    (BuiltinFunctionType, _of_builtin),
    (type, lambda value: [value.__module__, value.__qualname__, _code_of_class(value)]),
    (np.ufunc, repr),
    (re.Pattern, lambda value: [value.pattern, value.flags]),
    (Enum, repr),
]


def _code_of_class(kind):
    """Return the methods of a class that may change from run to run, as in a notebook."""
    if kind.__module__ != "__main__":
        return None
    return {name: one for name, one in vars(kind).items() if isinstance(one, FunctionType)}


def _is_of_keras(value):
    return any(kind.__module__.startswith("keras.") for kind in type(value).__mro__)
