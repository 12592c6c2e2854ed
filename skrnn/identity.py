"""What tells one computation from another: a digest of parameters, data and seeds.

Names the folders of checkpoints, the results of a search, and what fits have in common. Nothing
here needs TensorFlow.
"""

import hashlib
import os
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType

import numpy as np

from skrnn.sequences import Sequences

# Objects in objects are looked into so far.
MAX_DEPTH = 8


def digest(value):
    """Return a name for a value, equal for equal ones in any process.

    Parameters
    ----------
    value : object
        Arrays, `Sequences`, numbers, strings, None, and lists, tuples and dicts of these are told
        by what they hold; estimators by class and parameters; functions by their code, closure
        and defaults; Keras objects by their configuration; others by class and public attributes.

    Returns
    -------
    str
        24 hexadecimal digits of a SHA-256.
    """
    found = hashlib.sha256()
    for part in _parts(value):
        found.update(part)
    return found.hexdigest()[:24]


def _parts(value, depth=0):
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
            yield from _parts(key, depth)
            yield from _parts(value[key], depth)
    elif isinstance(value, list | tuple | np.ndarray):
        yield f"list {len(value)}:".encode()
        for one in value:
            yield from _parts(one, depth)
    elif isinstance(value, os.PathLike):
        yield from _parts(os.fspath(value))
    elif value is None or isinstance(value, str | bytes | int | float):
        yield f"{type(value).__name__} {value!r}:".encode()
    else:
        content = _content(value) if depth < MAX_DEPTH else None
        yield from _parts([type(value).__qualname__, content], depth + 1)


def _content(value):
    """Return what tells an object from others of its class, as far as can be known."""
    if isinstance(value, Sequences):
        return [value.values, value.offsets]
    if isinstance(value, FunctionType):
        code, cells = value.__code__, value.__closure__ or ()
        closure = [cell.cell_contents for cell in cells]
        return [code.co_code, code.co_consts, code.co_names, value.__defaults__, closure]
    if isinstance(value, CodeType):
        return [value.co_code, value.co_consts, value.co_names]
    if isinstance(value, partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, type | BuiltinFunctionType | np.ufunc):
        return [getattr(value, "__module__", None), getattr(value, "__qualname__", repr(value))]
    if hasattr(value, "get_params"):
        return value.get_params(deep=False)
    try:  # optimizers and schedules of Keras, which numbers the names of equal ones
        return {k: v for k, v in value.get_config().items() if k != "name"}
    except (AttributeError, NotImplementedError):
        attributes = getattr(value, "__dict__", {})
        return {k: v for k, v in attributes.items() if not k.startswith("_")}
