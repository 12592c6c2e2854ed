"""A short name for a value: a hash of its content, the same for equal values in every process.

It names the folders of checkpoints, the results of a search, and what several fits share. Nothing
here needs TensorFlow.
"""

import hashlib
import os
import re
from enum import Enum
from functools import partial, singledispatch
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType

import joblib
import numpy as np

from skrnn.exceptions import UnknownObjectError

# Attributes that Keras sets on a callback during a fit.
_OF_A_FIT = ("_model", "_params", "model", "params", "validation_data")


def digest(value, *, lenient=False):
    """Return a hash of a value that is the same for equal values in every process.

    Parameters
    ----------
    value : object
        Arrays, numbers, strings, None, and lists, tuples, dicts and sets of these are hashed by
        their content, other objects by their class and by what :func:`content` returns for them.
    lenient : bool, default=False
        If True, an object whose content is unknown is hashed by its class alone.

    Returns
    -------
    str
        24 hexadecimal digits of a SHA-256.

    Raises
    ------
    UnknownObjectError
        If the content of an object is unknown and `lenient` is False.
    """
    found = hashlib.sha256()
    for part in _parts(value, lenient, ()):
        found.update(part)
    return found.hexdigest()[:24]


def _parts(value, lenient, within):
    """Yield the bytes to hash, each with its kind and its length."""
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
        yield from _parts(sorted(digest(item, lenient=lenient) for item in value), lenient, within)
    elif isinstance(value, list | tuple | np.ndarray):
        yield f"list {getattr(value, 'shape', len(value))}:".encode()
        for item in value:
            yield from _parts(item, lenient, within)
    elif isinstance(value, os.PathLike):
        yield from _parts(os.fspath(value), lenient, within)
    elif value is None or isinstance(value, str | bytes | int | float | complex | slice | range):
        yield f"{type(value).__name__} {value!r}:".encode()
    elif id(value) in within:  # an object that refers to itself
        yield b"again:"
    else:
        kind = type(value)
        try:
            inside = content(value)
        except UnknownObjectError:
            if not lenient:
                raise
            inside = None
        about = [kind.__module__, kind.__qualname__, _code_of_class(kind), inside]
        yield from _parts(about, lenient, (*within, id(value)))


@singledispatch
def content(value):
    """Return what distinguishes an object from others of its class, for :func:`digest`.

    A class that lies above this module registers a function with ``@content.register``. A class
    that lies below defines the method ``__skrnn_digest__``. Without either, estimators are known by
    their parameters and requests, Keras objects by their configuration or attributes, and all
    others by their pickle or, if they cannot be pickled, by their attributes.

    Raises
    ------
    UnknownObjectError
        If there is nothing to know the object by.
    """
    if hasattr(type(value), "__skrnn_digest__"):
        return value.__skrnn_digest__()
    if hasattr(value, "get_params"):
        return _of_estimator(value)
    if _is_of_keras(value):
        try:  # optimizers and schedules; Keras numbers the names of equal ones
            return {k: v for k, v in value.get_config().items() if k != "name"}
        except (AttributeError, NotImplementedError):
            return {k: v for k, v in vars(value).items() if k not in _OF_A_FIT}
    try:
        return joblib.hash(value)
    except Exception as error:  # pickling may raise anything
        attributes = getattr(value, "__dict__", None)
        if attributes:
            return attributes
        raise UnknownObjectError(
            f"A {type(value).__module__}.{type(value).__qualname__} cannot be distinguished from "
            "others of its class: it can neither be pickled nor does it have attributes."
        ) from error


@content.register
def _of_function(function: FunctionType):
    cells = function.__closure__ or ()
    return [
        function.__code__,
        function.__defaults__,
        function.__kwdefaults__,
        [cell.cell_contents for cell in cells],
    ]


@content.register
def _of_code(code: CodeType):
    return [code.co_code, code.co_consts, code.co_names]


@content.register
def _of_partial(function: partial):
    return [function.func, function.args, function.keywords]


@content.register
def _of_method(method: MethodType):
    return [method.__func__, method.__self__]


@content.register
def _of_builtin(function: BuiltinFunctionType):
    owner = function.__self__
    owner = owner.__name__ if isinstance(owner, ModuleType) else owner
    return [function.__module__, function.__qualname__, owner]


@content.register
def _of_class(kind: type):
    return [kind.__module__, kind.__qualname__, _code_of_class(kind)]


@content.register
def _of_pattern(pattern: re.Pattern):
    return [pattern.pattern, pattern.flags]


content.register(np.ufunc, repr)
content.register(Enum, repr)


def _of_estimator(estimator):
    parameters = dict(estimator.get_params(deep=False))
    vectors = parameters.get("embeddings")
    if isinstance(vectors, str | os.PathLike) and os.path.isfile(vectors):
        about = os.stat(vectors)
        parameters["embeddings"] = [os.fspath(vectors), about.st_size, about.st_mtime_ns]
    # scikit-learn keeps these beside the parameters, and clones them too.
    output = getattr(estimator, "_sklearn_output_config", None)
    return [parameters, output, repr(getattr(estimator, "_metadata_request", None))]


def _code_of_class(kind):
    """Return the methods of a class of the main script, which a notebook may redefine."""
    if kind.__module__ != "__main__":
        return None
    return {name: method for name, method in vars(kind).items() if isinstance(method, FunctionType)}


def _is_of_keras(value):
    return any(kind.__module__.startswith("keras.") for kind in type(value).__mro__)
