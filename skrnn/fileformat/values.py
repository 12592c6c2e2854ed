"""Values of parameters, and class labels, as JSON.

JSON has no tuple, and its keys are strings. What it lacks is written as an object of one key:
``{"tuple": [...]}``, ``{"dict": [[key, value], ...]}``, ``{"type": "float64"}``, ``{"dtype":
"float64"}``, ``{"array": [...]}`` for a short array of floats of one dimension, or of two:
``{"keras": name, "config": {...}}``, ``{"object": name, "parameters": {...}}``. A plain list is a
list.
"""

import itertools
import os
from typing import Any

import numpy as np

from skrnn.exceptions import InvalidInputError, InvalidTypeError, NotStorableError
from skrnn.fileformat import optimizers
from skrnn.fileformat.nodes import BYTES_PER_BYTE, FREE_BYTES

_NUMBERS = {
    name: np.dtype(name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64"),
    )
}
MAX_NUMBERED = 10_000
# Larger ones, such as vectors, are no settings.
MAX_ARRAY = 100_000
_SCALARS = (bool, int, float, str, type(None))
# Labels of fixed width may take so many bytes whatever their lengths; several estimators in a file
# share `FREE_BYTES`.
MAX_SPARE_WIDTH = FREE_BYTES // 16
# Classes of values that files hold by their parameters.
_STORABLE: dict[str, Any] = {}


def storable(cls):
    """Let files hold instances of a class by their parameters; a decorator of the class.

    The class has `get_params`, and `_validate_params`, which raises ValueError.
    """
    _STORABLE[cls.__name__] = cls
    return cls


def encode_value(value):
    """Return a parameter's value as JSON.

    Raises
    ------
    NotStorableError
        If it has no such form.
    """
    if isinstance(value, np.bool_ | np.number | np.str_):
        value = value.item()
    if type(value) in _SCALARS:
        return value
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if type(value) is list:
        return [encode_value(one) for one in value]
    if type(value) is tuple:
        return {"tuple": [encode_value(one) for one in value]}
    if type(value) is dict:
        return {"dict": [[encode_value(k), encode_value(v)] for k, v in value.items()]}
    if _is_short_array(value):
        return {"array": value.tolist()}
    name = getattr(value, "__name__", None)
    if isinstance(value, type) and name in _NUMBERS and _NUMBERS[name].type is value:
        return {"type": name}
    if isinstance(value, np.dtype) and value.name in _NUMBERS:
        return {"dtype": value.name}
    if _STORABLE.get(type(value).__name__) is type(value):
        inner = value.get_params(deep=False)
        return {
            "object": type(value).__name__,
            "parameters": {key: encode_value(one) for key, one in inner.items()},
        }
    written = optimizers.encode(value)
    if written is None:
        raise NotStorableError(type(value).__name__)
    return written


def decode_value(value, *, may_be_object=False, may_be_storable=False):
    """Return what `encode_value` has written.

    Parameters
    ----------
    value : None, bool, int, float, str, list or dict
        The value as JSON.
    may_be_object : bool, default=False
        Whether it may be a dtype or one of Keras's objects. These are callable, so they are not
        accepted for other parameters, some of which are called.
    may_be_storable : bool, default=False
        Whether it, or what is inside it, may be an instance of a class of `storable`.

    Raises
    ------
    ValueError
        If it is not valid.
    """
    if type(value) in _SCALARS:
        return value
    if type(value) is list:
        return _decode_list(value, may_be_storable)
    kind, *others = value or [None]
    inner = value.get(kind)
    if kind == "keras" and others == ["config"] and may_be_object:
        return optimizers.decode(inner, value["config"])
    if kind == "object" and others == ["parameters"] and may_be_storable:
        return _decode_storable(inner, value["parameters"])
    if not others and kind == "tuple" and type(inner) is list:
        return tuple(decode_value(one, may_be_storable=may_be_storable) for one in inner)
    if not others and kind == "dict" and type(inner) is list:
        return _decode_dict(inner)
    if not others and kind == "array" and _are_floats(inner):
        return np.array(inner, dtype=np.float64)
    is_number = type(inner) is str and inner in _NUMBERS and not others and may_be_object
    if is_number and kind in ("type", "dtype"):
        return _NUMBERS[inner].type if kind == "type" else _NUMBERS[inner]
    raise InvalidInputError("An object does not encode a value that is accepted here.")


def _decode_storable(name, parameters):
    cls = _STORABLE.get(name) if type(name) is str else None
    known = cls and cls._get_param_names()
    if not known or type(parameters) is not dict or not set(known) >= parameters.keys():
        raise InvalidInputError("An object is of an unknown class, or has unknown parameters.")
    try:
        found = cls(**{key: decode_value(one) for key, one in parameters.items()})
    except TypeError as error:
        raise InvalidInputError(f"A {name} lacks a parameter.") from error
    found._validate_params()
    return found


def _decode_list(values, may_be_storable):
    decoded = values
    for i, value in enumerate(values):
        one = decode_value(value, may_be_storable=may_be_storable)
        if one is not value:
            if decoded is values:  # a copy only where it is needed, or lists of lists take twice
                decoded = list(values)
            decoded[i] = one
    return decoded


def _is_short_array(value):
    is_one = isinstance(value, np.ndarray) and value.ndim == 1 and len(value) <= MAX_ARRAY
    return is_one and value.dtype.name in ("float16", "float32", "float64")


def _are_floats(values):
    is_list = type(values) is list and len(values) <= MAX_ARRAY
    return is_list and all(type(one) is float for one in values)


def _decode_dict(pairs):
    if not all(type(pair) is list and len(pair) == 2 for pair in pairs):
        raise InvalidInputError("A dict must be written as a list of pairs.")
    pairs = [(decode_value(key), decode_value(one)) for key, one in pairs]
    if not all(type(key) in _SCALARS for key, _ in pairs):
        raise InvalidInputError("A dict has a key that is neither a number nor a string.")
    # Unlike strings, numbers can be chosen so that their hashes collide: then a dict takes n * n
    # steps.
    if len(pairs) > MAX_NUMBERED and not all(type(key) is str for key, _ in pairs):
        raise InvalidInputError(f"A dict has more than {MAX_NUMBERED} keys that are numbers.")
    return dict(pairs)


def encode_number(value):
    """Return a float as JSON, with the dtype of a NumPy scalar: arithmetic depends on it.

    Raises
    ------
    NotStorableError
        If it is none.
    """
    value = np.asarray(value)[()] if getattr(value, "ndim", None) == 0 else value
    if type(value) is float:
        return value
    if isinstance(value, np.float32 | np.float64):
        return {value.dtype.name: float(value)}
    raise NotStorableError(type(value).__name__)


def decode_number(node, key, *, finite=True):
    """Take a number that `encode_number` has written from a node."""
    value = node.take(key, "a number, or an object of its dtype and value", lambda value: True)
    kind, inner = float, value
    if type(value) is dict and len(value) == 1:
        name, inner = next(iter(value.items()))
        kind = {"float32": np.float32, "float64": np.float64}.get(name)
    is_number = (
        kind is not None and type(inner) is float and not (finite and not np.isfinite(inner))
    )
    with np.errstate(over="ignore"):
        number = kind(inner) if is_number else None
    if not is_number or (float(number) != inner and inner == inner):
        node.refuse(f"{key!r} is not a{' finite' * finite} number of float32 or float64.")
    return number


def encode_labels(labels):
    """Return class labels and their dtype as JSON.

    Raises
    ------
    TypeError
        If they are neither numbers nor strings.
    """
    if labels.dtype.kind == "U":
        return _encode_words(labels)
    if labels.dtype.name in _NUMBERS:
        return {"dtype": labels.dtype.name, "values": labels.tolist()}
    if labels.dtype == object and all(isinstance(label, str) for label in labels):
        # Of subclasses, such as an enumeration of str, the text is kept, to which they are equal.
        return {"dtype": "object", "values": [str.__str__(label) for label in labels]}
    raise InvalidTypeError(
        f"The class labels have dtype {labels.dtype}, such as {str(labels[:1].tolist())[:60]}, but "
        "skrnn.save can only store numbers and strings. Fit with such labels, or use joblib.dump."
    )


def _encode_words(labels):
    """Return labels of fixed width, in a dtype that a file of their size may ask for."""
    values = labels.tolist()
    lengths = list(map(len, values))
    written = sum(lengths) + 3 * len(values)
    for width in (labels.dtype.itemsize // 4, max(1, *lengths)):
        if 4 * width * len(values) <= max(BYTES_PER_BYTE * written, MAX_SPARE_WIDTH):
            return {"dtype": f"U{width}", "values": values}
    return {"dtype": "object", "values": values}


def decode_labels(node):
    """Return the labels of a node, which must be sorted and unique.

    Raises
    ------
    InvalidFileError
        If they are not valid.
    """
    dtype = node.take("dtype", "the name of a dtype", lambda value: type(value) is str)
    values = node.take("values", "a list of labels", lambda v: type(v) is list and len(v) > 0)
    node.close()
    wanted = {"b": bool, "i": int, "u": int, "f": float}
    kind = str if dtype not in _NUMBERS else wanted[_NUMBERS[dtype].kind]
    if not all(type(value) is kind for value in values):
        node.refuse(f"A label is not of dtype {dtype!r}.")
    if dtype in _NUMBERS:
        found = _NUMBERS[dtype]
    elif dtype == "object":
        found = np.dtype(object)
    else:
        found = _check_width(dtype, values, node)
    try:
        with np.errstate(over="ignore"):
            labels = np.array(values, dtype=found)
    except OverflowError:
        node.refuse(f"A label is out of the range of {dtype}.")
    if found.kind == "f" and not np.isfinite(labels).all():
        node.refuse("A label is not finite.")
    if not all(a < b for a, b in itertools.pairwise(values)):
        node.refuse("The labels are not sorted, or one occurs twice.")
    if labels.tolist() != values:
        node.refuse(f"A label cannot be stored as {dtype}.")
    return labels


def _check_width(dtype, values, node):
    digits = dtype.removeprefix("U")
    if not dtype.startswith("U") or not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        node.refuse(f"{dtype[:40]!r} is not a dtype of labels.")
    lengths = list(map(len, values))
    # In NumPy, every label takes as much memory as the widest could: four bytes a character.
    n_bytes, written = 4 * int(digits) * len(values), sum(lengths) + 3 * len(values)
    if int(digits) < max(lengths) or not node.reading.may_take(n_bytes, written):
        node.refuse(
            f"The dtype {dtype!r} does not fit {len(values)} labels of these lengths. Labels of "
            "very different lengths can be stored as objects: y.astype(object)."
        )
    return np.dtype(dtype)
