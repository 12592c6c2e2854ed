"""Sparse arrays of token ids in all formats of SciPy, whose operations keep the origin of the ids.

SciPy makes a new array for each result, which knows nothing of its source. So each operation is
wrapped: a result that holds the same ids, some of them or at other places, gets their origin. One
that holds other numbers is marked, so that no network takes them for ids.
"""

from functools import wraps
from inspect import isfunction
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from skrnn.exceptions import InvalidTypeError
from skrnn.sequences.origin import UNKNOWN_ORIGIN, Origin, TokenIds, traced
from skrnn.sequences.words import join_words, split_words

_PLAIN = {
    name: getattr(sparse, f"{name}_array")
    for name in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
}
# These move ids or select some of them, but change none.
_MOVING = {
    *("__getitem__", "copy", "asformat", "reshape", "transpose", "swapaxes", "permute_dims"),
    *(f"to{name}" for name in _PLAIN),
}
_PRODUCTS = ("__matmul__", "__rmatmul__", "dot")
_OPERATORS = {
    *("__abs__", "__neg__", "__pos__", "__round__", "__pow__", "__getitem__", "_real", "_imag"),
    *("__mul__", "__rmul__", "__truediv__", "__rtruediv__", "__div__", "__rdiv__"),
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", *_PRODUCTS),
}


class KeepsOrigin:
    """Mixin of the sparse arrays of token ids."""

    vocabulary_size: int | None = None
    words: tuple | None = None
    hashing: tuple | None = None
    column_values: Any = None
    _is_calculated = False
    _formats: ClassVar[dict] = {}

    def __init_subclass__(cls, **kwargs):
        """Wrap the operations of the array."""
        super().__init_subclass__(**kwargs)
        base = _PLAIN[cls._format]  # type: ignore[attr-defined]
        if base not in cls.__bases__:
            return
        KeepsOrigin._formats[base] = cls
        for name in dir(base):
            method = getattr(base, name)
            is_operation = not name.startswith("_") or name in _OPERATORS
            is_own = name in vars(cls) or name in vars(KeepsOrigin)
            if is_operation and isfunction(method) and not is_own:
                setattr(cls, name, _keeping(name, method))

    @property
    def origin(self) -> Origin:
        """What is known of the ids."""
        return Origin(self.vocabulary_size, self.words, self.hashing, self._is_calculated)

    @property
    def data(self):
        """The stored ids, which know their origin."""
        try:
            data = self.__dict__["data"]
        except KeyError:
            raise AttributeError("data") from None
        has_origin = self.words is not None or self.hashing is not None or self._is_calculated
        return TokenIds.of(data, self.origin) if has_origin and data.dtype != object else data

    @data.setter
    def data(self, data):
        origin = traced(data)
        if origin is not None and self.origin == UNKNOWN_ORIGIN:
            self._set_origin(origin)
        self.__dict__["data"] = data.view(np.ndarray) if isinstance(data, TokenIds) else data

    @property
    def _csr_container(self):
        return KeepsOrigin._formats[sparse.csr_array]

    @property
    def _csc_container(self):
        return KeepsOrigin._formats[sparse.csc_array]

    def __iter__(self):
        """Iterate over the rows."""
        return (self._with_origin(row) for row in super().__iter__())  # type: ignore[misc]

    # Sums and differences would be ids of other words. Resamplers that make new rows between two
    # others, as SMOTE does, begin with a difference.

    def __add__(self, other):
        """Add zero only."""
        if self.column_values is None:  # else the sum is refused by what reads it
            self._refuse_arithmetic(other)
        return self._after(super().__add__(other), False)  # type: ignore[misc]

    def __radd__(self, other):
        """Add zero only."""
        if self.column_values is None:  # else the sum is refused by what reads it
            self._refuse_arithmetic(other)
        return self._after(super().__radd__(other), False)  # type: ignore[misc]

    def __sub__(self, other):
        """Subtract zero only."""
        self._refuse_arithmetic(other)
        return self._after(super().__sub__(other), False)  # type: ignore[misc]

    def __rsub__(self, other):
        """Raise TypeError."""
        self._refuse_arithmetic(other)
        return self._after(super().__rsub__(other), False)  # type: ignore[misc]

    def __imul__(self, other):
        """Multiply in place."""
        return self._changed_by(other, super().__imul__(other))  # type: ignore[misc]

    def __itruediv__(self, other):
        """Divide in place."""
        return self._changed_by(other, super().__itruediv__(other))  # type: ignore[misc]

    def _changed_by(self, other, result):
        if result is self and other != 1:
            self._set_origin(Origin(is_calculated=True))
        return result

    def _refuse_arithmetic(self, other):
        if np.ndim(other) and self.dtype != bool:  # type: ignore[attr-defined]
            raise InvalidTypeError(
                "Token ids are numbers of words, so their sums and differences have no meaning: "
                "a row between two texts, as SMOTE and ADASYN make them, would be a text of "
                "other words. To balance classes, repeat or leave out rows, with "
                "imbalanced-learn's RandomOverSampler or RandomUnderSampler, or set "
                "class_weight='balanced'. To compare two arrays, use (a != b).nnz; to calculate "
                "with the numbers, convert X with scipy.sparse.csr_array(X)."
            )

    def _set_origin(self, origin):
        self.vocabulary_size, self.words, self.hashing, self._is_calculated = origin

    def _with_origin(self, result):
        """Return an array of some of these ids, with their origin."""
        if isinstance(result, sparse.sparray) and result is not self:
            if not isinstance(result, KeepsOrigin):
                result = _as(KeepsOrigin._formats[type(result)], result)
            result._set_origin(self.origin)
        return result

    def _after(self, result, moves):
        """Return the result of an operation, with the origin if it holds ids.

        Parameters
        ----------
        result : Any
        moves : bool
            Whether it holds ids, whatever they are.
        """
        if result is self or not isinstance(result, sparse.sparray):
            return result
        if result.dtype == bool and self.dtype != bool:  # type: ignore[attr-defined]
            plain = _PLAIN[result.format]
            return result if type(result) is plain else _as(plain, result)
        if moves or self._has_ids_of(result):
            return self._with_origin(result)
        if isinstance(result, KeepsOrigin):
            result._set_origin(Origin(is_calculated=True))
        return result

    def _has_ids_of(self, result):
        """Whether each number of a result is the id that is at the same place here."""
        if result.shape != self.shape or self.ndim != 2:  # type: ignore[attr-defined]
            return False
        mine, other = sparse.csr_array(self), sparse.csr_array(result)
        if np.array_equal(mine.indptr, other.indptr) and np.array_equal(mine.data, other.data):
            return np.array_equal(mine.indices, other.indices)
        return (other != mine.multiply(other != 0)).nnz == 0

    def __getstate__(self):
        """Pickle the words as one string."""
        state = self.__dict__.copy()
        if self.words is not None:
            state["words"] = join_words(self.words)
        return state

    def __setstate__(self, state):
        """Restore the words from one string."""
        self.__dict__.update(state)
        if self.words is not None:
            self.words = split_words(self.words)


def _as(kind, array):
    """Return a sparse array as one of another class of the same format."""
    result = kind.__new__(kind)
    for name, value in vars(array).items():
        is_own = name not in ("vocabulary_size", "words", "hashing", "_is_calculated")
        if is_own or issubclass(kind, KeepsOrigin):
            vars(result)[name] = value.view(np.ndarray) if isinstance(value, TokenIds) else value
    return result


def _keeping(name, method):
    """Return a method of SciPy's whose result keeps the origin of ids."""

    @wraps(method)
    def call(self, *args, **kwargs):
        result = method(self, *args, **kwargs)
        moves = name in _MOVING or (name in _PRODUCTS and _selects(name, *args))
        return self._after(result, moves)

    return call


def _selects(name, other):
    """Whether a product with a matrix selects rows or columns: it has a 1 for each, or none."""
    if not sparse.issparse(other) or other.ndim != 2:
        return False
    matrix = sparse.csr_array(other if name == "__rmatmul__" else other.T)
    return bool((matrix.data == 1).all() and (np.diff(matrix.indptr) <= 1).all())


class TokenBSR(KeepsOrigin, sparse.bsr_array):
    """Token ids in BSR format."""


class TokenCOO(KeepsOrigin, sparse.coo_array):
    """Token ids in COO format."""


class TokenCSC(KeepsOrigin, sparse.csc_array):
    """Token ids in CSC format."""


class TokenDIA(KeepsOrigin, sparse.dia_array):
    """Token ids in DIA format."""


class TokenDOK(KeepsOrigin, sparse.dok_array):
    """Token ids in DOK format."""


class TokenLIL(KeepsOrigin, sparse.lil_array):
    """Token ids in LIL format."""
