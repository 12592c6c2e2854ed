"""Where token ids come from, the words or hashes that they number, and how arrays carry it along.

SciPy's functions that stack arrays make plain ones, from the `data` of their arguments. So `data`
of an array of token ids is a :class:`TokenIds`, which knows its origin, and from which the origin
of the stacked array can be found.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from skrnn.exceptions import InvalidInputError
from skrnn.sequences.words import first_contradiction


class Origin(NamedTuple):
    """What is known of the ids of an array.

    Attributes
    ----------
    vocabulary_size : int or None
        Every id is below it.
    words : tuple of str or None
        The word of each id; None if the words are not known.
    hashing : tuple of (str, str) or None
        The settings of the :class:`skrnn.HashingTextToSequence` that made the ids.
    is_calculated : bool
        Whether the numbers are the result of a calculation with ids, such as twice the ids.
    """

    vocabulary_size: int | None = None
    words: tuple | None = None
    hashing: tuple | None = None
    is_calculated: bool = False


UNKNOWN_ORIGIN = Origin()


class TokenIds(np.ndarray):
    """The stored ids of an array, with their origin; results of calculations are plain arrays."""

    origin: Origin | None = None
    # With it, np.concatenate makes an array of this class, which owns its memory.
    __array_priority__ = 1.0

    @classmethod
    def of(cls, ids, origin):
        """Return a view of an array."""
        view = ids.view(cls)
        view.origin = origin
        return view

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        """Calculate with plain arrays."""
        if out is not None:
            kwargs["out"] = tuple(map(_plain, out))
        result = getattr(ufunc, method)(*map(_plain, inputs), **kwargs)
        return out[0] if out is not None and len(out) == 1 else result

    def __array_function__(self, func, types, args, kwargs):
        """Hand on the origin where arrays are joined, as SciPy joins the ids of its arrays."""
        result = super().__array_function__(func, types, args, kwargs)
        if func is np.concatenate and isinstance(result, TokenIds):
            result.origin = _joined(args[0])
        # Into such an array SciPy writes the joined ids in another order.
        if func is np.empty_like and isinstance(result, TokenIds) and self.base is None:
            result.origin = self.origin
        return result

    def __reduce__(self):
        """Pickle as a plain array."""
        return _plain(self).__reduce__()

    def __reduce_ex__(self, protocol):
        """Pickle as a plain array."""
        return _plain(self).__reduce_ex__(protocol)

    def __repr__(self):
        """Show the ids as an array."""
        return repr(_plain(self))


def origin_of(X) -> Origin:
    """Return what is known of the ids of a sparse array, also of one that SciPy has stacked.

    Parameters
    ----------
    X : Any
    """
    if not issparse(X):
        return UNKNOWN_ORIGIN
    return X.origin if hasattr(X, "origin") else traced(getattr(X, "data", None)) or UNKNOWN_ORIGIN


def traced(ids: Any) -> Origin | None:
    """Return the origin of ids, or of the memory in which they are, or None."""
    while isinstance(ids, np.ndarray):
        if isinstance(ids, TokenIds) and ids.origin is not None:
            return ids.origin
        ids = ids.base
    return None


def _joined(parts):
    """Return the origin of joined ids; raise ValueError if they number different words."""
    origins = [origin for origin in map(traced, parts) if origin is not None]
    known = {id(origin.words): origin.words for origin in origins if origin.words is not None}
    hashings = {origin.hashing for origin in origins if origin.hashing is not None}
    longest: tuple = ()
    for words in known.values():
        token = first_contradiction(longest, words)
        if token is not None:
            raise InvalidInputError(
                "Token ids of different vocabularies cannot be stacked: id "
                f"{token} is {longest[token]!r} in one array and {words[token]!r} in another. "
                f"{_WAY_OUT}"
            )
        longest = max(longest, words, key=len)
    if len(hashings) + bool(known) > 1:
        raise InvalidInputError(
            "Token ids of different kinds cannot be stacked: the same id stands for different "
            f"words, since the arrays come from {_kinds(known, hashings)}. {_WAY_OUT}"
        )
    sizes = [size for size in (origin.vocabulary_size for origin in origins) if size is not None]
    return Origin(
        max(sizes) if sizes else None,
        longest if known else None,
        next(iter(hashings), None),
        any(origin.is_calculated for origin in origins),
    )


_WAY_OUT = (
    "Use one fitted transformer for all texts, text.transform(more) instead of "
    "fit_transform(more). To read two texts of a row, join them to one before TextToSequence; for "
    "numbers beside texts, use TextWithColumns; for different transformers of one text, a "
    "StackingClassifier."
)


def _kinds(known, hashings):
    kinds = ["TextToSequence"] if known else []
    return " and ".join([*kinds, *["HashingTextToSequence"] * bool(hashings)]) + (
        " with different settings" if len(hashings) > 1 else ""
    )


def _plain(array):
    return array.view(np.ndarray) if isinstance(array, TokenIds) else array
