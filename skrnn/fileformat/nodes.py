"""Writing and reading an object in the tree of a file.

A reader takes each value by name and checks it at once. Values that are not taken raise an error,
so that a file holds only what is used.
"""

import numpy as np

from skrnn.exceptions import InvalidFileError
from skrnn.fileformat.errors import shown

DOCUMENT, ARRAYS = "document.json", "arrays.safetensors"
# What strings of one width may take in memory, besides what their file takes: the width is that of
# the longest, or more.
FREE_BYTES, BYTES_PER_BYTE = 2**20, 16
# Far above any trained weight. Larger finite values could overflow in a product and make
# predictions NaN.
LARGEST = {2: 65504.0, 4: 1e12, 8: 1e100}


class Place:
    """The place in the tree of an estimator that is being written; collects its arrays.

    Parameters
    ----------
    lenient : bool
        Whether parameters that cannot be written are left out.
    """

    def __init__(self, lenient=False, arrays=None, prefix="model"):
        self.lenient = lenient
        self.arrays = {} if arrays is None else arrays
        self.prefix = prefix

    def below(self, name):
        """Return the place of a part of this one."""
        return Place(self.lenient, self.arrays, f"{self.prefix}/{name}")

    def put(self, name, array):
        """Add an array."""
        self.arrays[f"{self.prefix}/{name}"] = np.asarray(array)


class Node:
    """An object of the tree that is being read.

    Parameters
    ----------
    tree : dict
        The object.
    arrays : dict of str to ndarray
        Arrays that have not been taken yet; shared by all nodes.
    reading : Reading
        Options and results for the whole file.
    where : str
        Path of the object in the tree, and prefix of the names of its arrays.
    """

    def __init__(self, tree, arrays, reading, where="model"):
        self.where = where
        self.arrays = arrays
        self.reading = reading
        if type(tree) is not dict:
            self.refuse(f"Got {shown(tree)} instead of an object.")
        self._rest = dict(tree)

    def __contains__(self, key):
        """Whether there is a value of this name that has not been taken yet."""
        return key in self._rest

    def has_below(self, key, name):
        """Whether there is an object of this name that has a value of another name."""
        tree = self._rest.get(key)
        return type(tree) is dict and name in tree

    def refuse(self, problem, part=DOCUMENT, **kwargs):
        """Raise an InvalidFileError that names this node."""
        raise InvalidFileError(problem, f"{part}, {self.where}", **kwargs)

    def take(self, key, wanted, is_valid):
        """Take a value and check it.

        Parameters
        ----------
        key : str
            Its name.
        wanted : str
            Description of a valid value, for the error.
        is_valid : callable
            Returns whether a value is valid.
        """
        if key not in self._rest:
            self.refuse(f"{key!r} is missing.")
        value = self._rest.pop(key)
        if not is_valid(value):
            self.refuse(f"{key!r} is {shown(value)}, but should be {wanted}.")
        return value

    def take_int(self, key, lowest=0, highest=2**31 - 1):
        """Take an integer within bounds."""
        return self.take(
            key,
            f"an integer from {lowest} to {highest}",
            lambda value: type(value) is int and lowest <= value <= highest,
        )

    def take_flag(self, key):
        """Take true or false."""
        return self.take(key, "true or false", lambda value: type(value) is bool)

    def take_float(self, key, wanted, is_valid):
        """Take a number; integers are accepted, because other programs may write them."""
        value = self.take(key, wanted, lambda v: type(v) in (int, float) and is_valid(v))
        return float(value)

    def take_strings(self, key, *, unique=False):
        """Take a list of strings."""
        values = self.take(key, "a list of strings", _is_list_of_strings)
        if unique and len(set(values)) < len(values):
            self.refuse(f"{key!r} has the same string twice.")
        return values

    def below(self, key, name=None, **kwargs):
        """Take an object as a node of its own."""
        tree = self.take(key, "an object", lambda value: type(value) is dict)
        return self.of(tree, key if name is None else name)

    def of(self, tree, name):
        """Return a node for an object that was already taken."""
        return Node(tree, self.arrays, self.reading, f"{self.where}/{name}")

    def take_array(self, name, dtypes, shape):
        """Take an array and check it.

        Parameters
        ----------
        name : str
            Its name, without the path of this node.
        dtypes : tuple of str
            The accepted dtypes.
        shape : tuple of int or None
            The required shape; None accepts any length.

        Returns
        -------
        ndarray
            Floats are finite, and so small that sums of products are finite too.
        """
        array = self.arrays.pop(f"{self.where}/{name}", None)
        if array is None:
            self.refuse(f"The array {name!r} is missing.", ARRAYS)
        fits = len(array.shape) == len(shape) and all(
            n is None or n == found for n, found in zip(shape, array.shape, strict=True)
        )
        if not fits:
            self.refuse(
                f"The array {name!r} has shape {array.shape}, but should be {_written(shape)}.",
                ARRAYS,
            )
        if array.dtype.name not in dtypes:
            self.refuse(
                f"The array {name!r} has dtype {array.dtype}, but should be {' or '.join(dtypes)}.",
                ARRAYS,
            )
        if array.dtype.kind == "f" and array.size:
            self._check_finite(name, array)
        return array

    def _check_finite(self, name, array):
        # Minimum and maximum also reveal NaN and infinity; a sum of squares could overflow.
        largest = LARGEST[array.itemsize]
        if not max(float(array.max()), -float(array.min())) <= largest:
            at = np.unravel_index(int(np.argmin(np.abs(array) <= largest)), array.shape)
            self.refuse(
                f"The array {name!r} holds {array[at]} at {tuple(map(int, at))}, but must have "
                f"finite numbers up to {largest:g}.",
                ARRAYS,
            )

    def close(self):
        """Check that everything was taken."""
        if self._rest:
            self.refuse(f"It has the unknown key {shown(next(iter(self._rest)))}.")


class Reading:
    """Options and results of reading a whole file.

    Parameters
    ----------
    token_patterns : tuple of str
        Regular expressions that are accepted in addition to the known ones.
    arrays : dict of str to ndarray
        All arrays of the file, by whose size memory is bounded.

    Attributes
    ----------
    left_out : list of str
        Parameters that the file lists as left out.
    """

    def __init__(self, token_patterns=(), arrays=None):
        self.token_patterns = tuple(token_patterns)
        self.left_out = []
        n_bytes = sum(array.nbytes for array in (arrays or {}).values())
        self._spare = FREE_BYTES + BYTES_PER_BYTE * n_bytes

    def may_take(self, n_bytes, written):
        """Return whether memory may be taken for something, and count it.

        Parameters
        ----------
        n_bytes : int
            What it takes in memory.
        written : int
            At least so many bytes of the document are its own.
        """
        self._spare -= max(0, n_bytes - BYTES_PER_BYTE * written)
        return self._spare >= 0


def _is_list_of_strings(value):
    return type(value) is list and all(type(one) is str for one in value)


def _written(shape):
    lengths = ", ".join("any" if n is None else str(n) for n in shape)
    return f"({lengths}{',' if len(shape) == 1 else ''})"
