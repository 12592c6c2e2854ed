"""A short name for a value: a hash of its content, the same for equal values in every process.

It names the folders of checkpoints, the results of a search, and what several fits share. Nothing
here needs TensorFlow.
"""

import copyreg
import hashlib
import marshal
import os
import re
import sys
from enum import Enum
from functools import cached_property, partial, singledispatch
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
)

import numpy as np

from skrnn.caching.code import cells_of, home, is_installed, members_of, names_of, namespace_of
from skrnn.exceptions import UnknownObjectError

# More objects, or objects inside one another, are not followed: that takes minutes.
MAX_OBJECTS, MAX_DEPTH = 50_000, 150

# Attributes that Keras sets on a callback during a fit.
_OF_A_FIT = ("_model", "_params", "model", "params", "validation_data")


def digest(value, *, lenient=False):
    """Return a hash of a value that is the same for equal values in every process.

    Parameters
    ----------
    value : object
        Arrays, numbers, strings, None, and lists, tuples, dicts and sets of these are hashed by
        their content, other objects by their class and by what :func:`content` returns for them.
        Functions and classes count by their code and by everything that the code names; what is
        installed, by its name and version.
    lenient : bool, default=False
        If True, an object whose content is unknown is hashed by its class alone.

    Returns
    -------
    str
        24 hexadecimal digits of a SHA-256.

    Raises
    ------
    UnknownObjectError
        If the content of an object is unknown and `lenient` is False, or if what code does depends
        on more than what it names.
    """
    try:
        return _Walk(lenient).hash(value, ())[:24]
    except RecursionError as error:
        raise UnknownObjectError("Its objects are inside one another too deeply.") from error


class _Walk:
    """One digest: objects that are met again are not walked again."""

    def __init__(self, lenient):
        self.lenient = lenient
        self.known: dict = {}  # id -> (object, its hash); the object is kept so that ids are unique

    def hash(self, value, within):
        found = hashlib.sha256()
        for part in self.parts(value, within):
            found.update(part)
        return found.hexdigest()

    def parts(self, value, within):
        """Yield the bytes to hash, each with its kind and its length."""
        if isinstance(value, np.generic) and value.dtype.kind in "biuf" and value.itemsize <= 8:
            value = value.item()
        if isinstance(value, np.ndarray | np.generic) and value.dtype != object:
            value = np.ascontiguousarray(value)
            yield f"array {value.dtype.str} {value.shape}:".encode()
            yield memoryview(value.reshape(-1).view(np.uint8))
        elif type(value) in _PLAIN:
            yield f"{type(value).__name__} {value!r}:".encode()
        elif isinstance(value, os.PathLike):
            yield from self.parts(os.fspath(value), within)
        elif id(value) in within:  # an object that refers to itself
            yield f"again {len(within) - within.index(id(value))}:".encode()
        elif type(value) in _CONTAINERS:
            yield from self._container(value, (*within, id(value)))
        else:
            yield self._object(value, (*within, id(value)))

    def _container(self, value, within):
        if type(value) is dict:
            yield f"dict {len(value)}:".encode()
            for name, key in sorted((_order(key, self, within), key) for key in value):
                yield name.encode()
                yield from self.parts(value[key], within)
        elif type(value) in (set, frozenset):
            yield f"list {len(value)}:".encode()
            yield "".join(sorted(self.hash(item, within) for item in value)).encode()
        elif type(value) in (list, tuple) and set(map(type, value)) <= {str, int, float}:
            yield f"list {len(value)}:".encode()
            yield marshal.dumps(list(value), 2)  # much faster; of this version without references
        else:
            yield f"list {getattr(value, 'shape', len(value))}:".encode()
            for item in value:
                yield from self.parts(item, within)

    def _object(self, value, within):
        if len(within) > MAX_DEPTH or len(self.known) > MAX_OBJECTS:
            raise UnknownObjectError(
                f"There is too much to follow, at least {len(self.known)} objects, the last a "
                f"{_kind_of(value)}."
            )
        if id(value) not in self.known:
            kind = type(value)
            try:
                inside = content(value)
            except UnknownObjectError:
                if not self.lenient:
                    raise
                inside = None
            about = [_kind_of(value), inside]
            if not isinstance(value, _CODE):
                about.append(kind)
            self.known[id(value)] = value, f"object {self.hash(about, within)}:".encode()
        return self.known[id(value)][1]


_PLAIN = (type(None), str, bytes, bool, int, float, complex, slice, range, type(Ellipsis))
_CONTAINERS = (dict, set, frozenset, list, tuple, np.ndarray)
_CODE = (FunctionType, CodeType, MethodType, BuiltinFunctionType, ModuleType, type)


def _order(key, walk, within):
    """Return a text for the key of a dict by which equal dicts are sorted in the same way."""
    plain = type(key) in (str, int, float, bool, type(None), bytes)
    return f"{type(key).__name__} {key!r}:" if plain else walk.hash(key, within)


def _kind_of(value):
    return f"{type(value).__module__}.{type(value).__qualname__}"


@singledispatch
def content(value):
    """Return what distinguishes an object from others of its class, for :func:`digest`.

    A class that lies above this module registers a function with ``@content.register``. A class
    that lies below defines the method ``__skrnn_digest__``. Without either, estimators are known by
    their parameters and requests, Keras objects by their configuration or attributes, and all
    others by how a pickle makes them again or, if they cannot be pickled, by their attributes.

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
        return _of_keras(value)
    return _of_object(value)


def _of_object(value):
    """Return how a pickle makes an object again or, if it cannot be pickled, its attributes."""
    attributes = getattr(value, "__dict__", None) or {}
    if isinstance(value, set | frozenset):  # a pickle has the items in any order
        return [frozenset(value), attributes]
    wrapped = [attributes[name] for name in _WRAPPED if name in attributes]
    if wrapped and is_installed(namespace_of(type(value))):  # made by a cache or a compiler
        parameters = getattr(value, "cache_parameters", None)
        return [wrapped, parameters and parameters()]
    try:
        reduce = copyreg.dispatch_table.get(type(value))
        reduced = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception as error:  # pickling may raise anything
        if attributes and any(map(_has_functions, type(value).__mro__)):
            return attributes
        raise UnknownObjectError(
            f"A {_kind_of(value)} cannot be distinguished from others of its class: it can neither "
            "be pickled nor does it have attributes."
        ) from error
    if isinstance(reduced, str):
        return [reduced, getattr(value, "__module__", None)]
    function, arguments, state, items, pairs = (list(reduced) + [None] * 3)[:5]
    return [function, arguments, state, items and list(items), pairs and list(map(list, pairs))]


# Where functools, Numba and TensorFlow keep the function that they wrap.
_WRAPPED = ("__wrapped__", "py_func", "_python_function")


def _has_functions(kind):
    return any(isinstance(member, FunctionType) for member in vars(kind).values())


@content.register
def _of_function(function: FunctionType):
    if hasattr(function, "registry") and hasattr(function, "_clear_cache"):  # singledispatch
        return {f"{k.__module__}.{k.__qualname__}": f for k, f in function.registry.items()}
    return [
        function.__code__,
        function.__defaults__,
        function.__kwdefaults__,
        vars(function),
        cells_of(function),
        names_of(function),
    ]


@content.register
def _of_code(code: CodeType):
    n = code.co_argcount + code.co_kwonlyargcount
    arguments = [code.co_argcount, code.co_posonlyargcount, code.co_varnames[:n], code.co_flags]
    return [code.co_code, code.co_consts, code.co_names, code.co_exceptiontable, arguments]


@content.register
def _of_module(module: ModuleType):
    if is_installed(vars(module)):
        return home(vars(module))
    return {k: v for k, v in vars(module).items() if not k.startswith("__")}


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
    module = sys.modules.get(function.__module__ or "")
    about = home(vars(module)) if module is not None else None
    return [function.__module__, function.__qualname__, owner, about]


@content.register
def _of_class(kind: type):
    return [f"{kind.__module__}.{kind.__qualname__}", members_of(kind)]


@content.register
def _of_pattern(pattern: re.Pattern):
    return [pattern.pattern, pattern.flags]


@content.register
def _of_property(member: property):
    return [member.fget, member.fset, member.fdel]


@content.register(staticmethod)
@content.register(classmethod)
def _of_wrapper(member):
    return member.__func__


@content.register
def _of_cached_property(member: cached_property):
    return member.func  # beside it, there is a lock


content.register(MappingProxyType, dict)
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
    requests = repr(getattr(estimator, "_metadata_request", None))
    own = ("_sklearn_", "_metadata_", "_skl_", "_callback", "_parent_")
    fitted = {k: v for k, v in vars(estimator).items() if not k.startswith(own)}
    for name in parameters:
        fitted.pop(name, None)
    return [parameters, output, requests, fitted]


def _of_keras(value):
    attributes = {k: v for k, v in vars(value).items() if k not in _OF_A_FIT}
    try:  # optimizers and schedules; Keras numbers the names of equal ones
        config = {k: v for k, v in value.get_config().items() if k != "name"}
    except (AttributeError, NotImplementedError):
        return attributes
    weights = value.get_weights() if hasattr(value, "get_weights") else None
    if type(value).__module__.startswith("keras."):
        return [config, weights]
    # A class of the user's may have left something out of its configuration.
    simple = (str, bytes, int, float, complex, type(None), FunctionType, np.ndarray, np.generic)
    kept = {k: v for k, v in attributes.items() if isinstance(v, simple) and "name" not in k}
    return [config, weights, kept]


def _is_of_keras(value):
    return any(kind.__module__.startswith("keras.") for kind in type(value).__mro__)
