"""Values as messages and notebooks show them: short, in a time that does not depend on their size.

scikit-learn prints an estimator by the full `repr` of its parameters, several times, and shortens
the result. For a dict of word vectors that takes hours. Here, long values are shortened before.
"""

import inspect
import sys
from collections.abc import Collection, Mapping, Set
from itertools import islice

# Callers of `get_params` that print: functions of scikit-learn's text and HTML displays.
_PRINTERS = ("sklearn.utils._pprint", "sklearn.utils._repr_html")
_PRINTING_METHOD = "_get_params_html"
# Values with fewer parts are printed in full.
_MANY = 30
_LONGEST_MESSAGE = 2000
_SHOWN_ITEMS, _SHOWN_CHARACTERS = 3, 60


def brief(value, width=_SHOWN_CHARACTERS):
    """Return a short `repr` of a value.

    Parameters
    ----------
    value : object
    width : int, default=60
        Longer results are cut.

    Returns
    -------
    str
    """
    text = _brief(value, 1) if _is_large(value) else " ".join(repr(value).split())
    return text if len(text) <= width else f"{text[: width - 3]}..."


class BriefParameters:
    """Mixin of estimators: scikit-learn's displays get long parameters in a short form.

    `get_params` returns the parameters as they are to all other callers, so cloning, setting and
    searching do not differ.
    """

    def get_params(self, deep=True):
        """Get the parameters of this estimator.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the parameters of estimators inside, too.

        Returns
        -------
        params : dict
            The values by name.
        """
        return self._for_caller(super().get_params(deep=deep), sys._getframe(1))

    def _get_params(self, attr, deep=True):
        # scikit-learn's compositions get theirs in this way, past the method above.
        return self._for_caller(super()._get_params(attr, deep=deep), sys._getframe(1))

    def _for_caller(self, params, frame):
        if not _is_printing(frame):
            return params
        given = inspect.signature(type(self).__init__).parameters

        def is_default(name, value):
            default = given[name].default if name in given else None
            # A default that was copied or loaded is equal. Comparing arrays has no such answer.
            return value is default or (type(value) is type(default) is str and value == default)

        return {
            name: value if is_default(name, value) or not _is_large(value) else _Brief(value)
            for name, value in params.items()
        }

    def _validate_params(self):
        try:
            super()._validate_params()
        except ValueError as error:
            told = str(error)
            if len(told) <= _LONGEST_MESSAGE:
                raise
            start, got, value = told.partition(" Got ")
            raise type(error)(f"{start}{got}{value[:_SHOWN_CHARACTERS]}... instead.") from None


class _Brief:
    """A long value, of which only the short form is left."""

    def __init__(self, value):
        self._text = _brief(value, 1)

    def __repr__(self):
        return self._text


def _is_printing(frame):
    # Estimators that hold others, such as Pipeline, pass the question on.
    while frame is not None and frame.f_code.co_name in ("get_params", "_get_params"):
        frame = frame.f_back
    if frame is None:
        return False
    module = frame.f_globals.get("__name__", "")
    return module.startswith(_PRINTERS) or frame.f_code.co_name == _PRINTING_METHOD


def _is_large(value):
    return _count(value, _MANY) > _MANY


def _count(value, enough):
    """Count the parts of a value, and stop once there are more than `enough`."""
    if isinstance(value, str | bytes):
        return 1 + len(value) // 100
    if hasattr(value, "shape"):
        return _size(value)
    if not isinstance(value, Collection):
        return 1
    n = len(value)
    if n > enough:
        return n
    items = value.items() if isinstance(value, Mapping) else [(None, one) for one in value]
    n = 0
    for key, one in items:
        n += _count(one, enough - n) + (key is not None)
        if n > enough:
            break
    return max(n, 1)


def _size(array):
    size = 1
    for length in getattr(array, "shape", ()):
        size *= length if isinstance(length, int) else _MANY
    return size


def _brief(value, depth):
    if isinstance(value, str | bytes):
        short = value[:_SHOWN_CHARACTERS]
        return repr(short) + ("..." if len(short) < len(value) else "")
    if hasattr(value, "shape") and not isinstance(value, type):
        dtype = f" of {value.dtype}" if hasattr(value, "dtype") else ""
        shape = tuple(value.shape)
        return repr(value) if shape == () else f"<{type(value).__name__}{dtype}, shape {shape}>"
    if not isinstance(value, Collection):
        text = repr(value)
        return text if len(text) <= 10 * _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
    name, n = type(value).__name__, len(value)
    if depth == 0:
        return f"<{name} of {n:,}>"
    first = list(islice(value.items() if isinstance(value, Mapping) else value, _SHOWN_ITEMS))
    if isinstance(value, Mapping):
        shown = [f"{_brief(key, 0)}: {_brief(one, depth - 1)}" for key, one in first]
        start, end = "{", "}"
    else:
        shown = [_brief(one, depth - 1) for one in first]
        start, end = ("{", "}") if isinstance(value, Set) else ("[", "]")
        if isinstance(value, tuple):
            start, end = "(", ")"
    if n > len(first):
        shown.append(f"... {n - len(first):,} more")
    text = f"{start}{', '.join(shown)}{end}"
    return text if type(value) in (dict, list, tuple, set) else f"{name}({text})"
