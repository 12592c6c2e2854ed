"""Pickles: what in an estimator cannot be pickled, and how Keras objects are unpickled.

Keras is started the way that skrnn starts it: on TensorFlow, and in silence.
"""

import copy
import pickle
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from skrnn.exceptions import InvalidTypeError

try:
    import cloudpickle
except ImportError:  # joblib before 1.6 has it inside
    from joblib.externals import cloudpickle


class StartTensorFlow:
    """A value that, when unpickled, starts TensorFlow as skrnn does, and becomes None.

    Put before Keras objects in a pickle, it comes first: unpickling one of them alone would import
    Keras by itself, with the messages of TensorFlow that :mod:`skrnn.backend.tensorflow` hides.
    """

    def __reduce__(self):
        """Return what unpickling calls."""
        return start, ()


def start():
    """Start TensorFlow."""
    import skrnn.backend.tensorflow  # noqa: F401


def is_of_keras(value) -> bool:
    """Whether a value, or one in a list, is an object of Keras or of a subclass of its classes."""
    values = value if isinstance(value, list | tuple) else [value]
    return any(
        base.__module__.partition(".")[0] == "keras" for one in values for base in type(one).__mro__
    )


# Objects inside one another that are looked through for what cannot be pickled.
MAX_DEPTH = 6
_PLAIN = (type(None), str, bytes, bool, int, float, np.ndarray, np.generic)


def _by_pickle(value):
    pickle.Pickler(_Nowhere(), protocol=pickle.HIGHEST_PROTOCOL).dump(value)


def by_cloudpickle(value):
    """Pickle a value as joblib, Dask and Ray do, which takes functions of any kind."""
    cloudpickle.Pickler(_Nowhere(), protocol=pickle.HIGHEST_PROTOCOL).dump(value)


class NamedParameters:
    """Mixin of estimators, before BaseEstimator: errors of copies name the parameter.

    A pickle or a deep copy would only name the smallest part that it fails on, "cannot pickle
    '_thread.lock' object", and nothing around it.
    """

    def __getstate__(self):
        """Return the state, or raise TypeError if it is pickled and a parameter cannot be."""
        attempt = _running_pickler()
        if attempt is not None:
            check_parameters(self, attempt)
        return super().__getstate__()

    def __sklearn_clone__(self):
        """Return a clone, or raise TypeError if a parameter cannot be copied."""
        try:
            return super().__sklearn_clone__()
        except Exception:
            check_parameters(self, copy.deepcopy)
            raise


def check_parameters(estimator, attempt):
    """Raise InvalidTypeError if a parameter of an estimator cannot be copied, see `check`."""
    owner = type(estimator).__name__
    for name, value in estimator.get_params(deep=False).items():
        check(value, name, owner, attempt)
    if attempt is not copy.deepcopy:  # clones share them
        check(list(vars(estimator).get("_skl_callbacks", ())), "set_callbacks", owner, attempt)


def check(value, name, owner, attempt=by_cloudpickle):
    """Raise InvalidTypeError if a value cannot be pickled or copied.

    Parameters
    ----------
    value : object
    name : str
        Name of a parameter.
    owner : str
        What has the parameter.
    attempt : callable
        Copies a value, or raises an error.
    """
    error = None if _is_plain(value) else _error_of(value, attempt)
    if error is None:
        return
    copied = "copied" if attempt is copy.deepcopy else "pickled"
    path, error = _path([(name, value)], error, attempt)
    n = next(i for i, (_, part) in enumerate(path) if i + 1 == len(path) or not _is_container(part))
    whole, parts = "".join(step for step, _ in path[: n + 1]), path[n + 1 :]
    inside = ""
    if parts:
        inner = "".join(step for step, _ in parts).removeprefix(".")
        inside = f" Its {inner} is a {_kind_of(parts[-1][1])}."
    raise InvalidTypeError(
        f"{whole} of {owner}, a {_kind_of(path[n][1])}, cannot be {copied}.{inside} ({error}) "
        "Estimators are copied by each search and cross-validation, and pickled to be saved or "
        f"sent to worker processes. {_way_out(path[-1][1])}"
    ) from error


def _way_out(culprit):
    if isinstance(culprit, FunctionType):
        return "Define the function with `def` at the top of a module that can be imported."
    return (
        "Make it when it is first used (a callback: in on_train_begin), or give the class a "
        "`__getstate__` that leaves it out."
    )


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, data):
        return len(data)


def _error_of(value, attempt):
    try:
        attempt(value)
    except Exception as error:  # of the value's own methods, too
        return error
    return None


def _path(path, error, attempt):
    """Return the way to the smallest part that cannot be pickled, and its error."""
    if len(path) < MAX_DEPTH:
        for step, part in _parts(path[-1][1]):
            if _is_plain(part) or any(part is other for _, other in path):
                continue
            inside = _error_of(part, attempt)
            if inside is not None:
                return _path([*path, (step, part)], inside, attempt)
    return path, error


def _is_container(value):
    return type(value) in (list, tuple, dict)


def _parts(value):
    """Yield the parts of an object, with the steps to them."""
    if isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield f"[{i}]", part
    elif isinstance(value, Mapping):
        for name, part in list(getattr(value, "__dict__", {}).items()):
            yield f".{name}", part
        for key, part in value.items():
            yield f"[{key!r}]", part
    elif hasattr(value, "get_params") and not isinstance(value, type):
        for name, part in value.get_params(deep=False).items():
            yield f".{name}", part
    elif isinstance(value, FunctionType):
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        for name, cell in cells:
            with suppress(ValueError):  # an empty one
                yield f".{name}", cell.cell_contents
        for name in value.__code__.co_names:
            if name in value.__globals__:
                yield f".{name}", value.__globals__[name]
    elif isinstance(value, MethodType):
        yield ".__self__", value.__self__
    else:
        for name, part in list(getattr(value, "__dict__", {}).items()):
            yield f".{name}", part


def _is_plain(value):
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if type(value) is dict:  # of word vectors or class weights: only looked at
        return all(isinstance(part, _PLAIN) for part in value.values())
    return isinstance(value, _PLAIN)


def _running_pickler():
    """Return what pickles like the caller of `__getstate__`; None if it copies, or does else."""
    frame: Any = sys._getframe(2)
    homes: list = []
    while frame is not None and len(homes) < 100:
        homes.append(frame.f_globals.get("__name__", ""))
        frame = frame.f_back
    if "copy" in homes[:4] or any(home.startswith(("skops", "dill")) for home in homes):
        return None
    return by_cloudpickle if any("cloudpickle" in home for home in homes) else _by_pickle


def _kind_of(value):
    if isinstance(value, FunctionType):
        return f"function {value.__module__}.{value.__qualname__}"
    return f"{type(value).__module__}.{type(value).__qualname__}"
