"""A place in the tree of a file, being written or being read.

Whatever is read is taken by name and checked at once; what nobody has taken in the end is an
error, so that a file holds what is used and nothing else.
"""

import numpy as np

from skrnn.exceptions import InvalidFileError
from skrnn.fileformat.errors import shown

DOCUMENT, ARRAYS = "document.json", "arrays.safetensors"
# No weight that was ever trained is near these. Beyond them products overflow, and a prediction
# is no number although each weight is one.
LARGEST = {2: 65504.0, 4: 1e12, 8: 1e100}


class Place:
    """Where the arrays of an estimator go that is being written.

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
        """Return the place of a part."""
        return Place(self.lenient, self.arrays, f"{self.prefix}/{name}")

    def put(self, name, array):
        """Write an array."""
        self.arrays[f"{self.prefix}/{name}"] = np.asarray(array)


class Node:
    """An object of the tree that is being read.

    Parameters
    ----------
    tree : dict
        The object.
    arrays : dict of str to ndarray
        Arrays that nobody has taken so far; shared by all nodes.
    reading : Reading
        What is true of the whole file.
    where : str
        Its place, also the beginning of its arrays' names.
    """

    def __init__(self, tree, arrays, reading, where="model"):
        self.where = where
        self.arrays = arrays
        self.reading = reading
        if type(tree) is not dict:
            self.refuse(f"{shown(tree)} is where an object should be.")
        self._rest = dict(tree)

    def __contains__(self, key):
        """Whether there is something of this name still to be taken."""
        return key in self._rest

    def refuse(self, problem, part=DOCUMENT, **kwargs):
        """Raise the error of a file that is not as it should be."""
        raise InvalidFileError(problem, f"{part}, {self.where}", **kwargs)

    def take(self, key, wanted, is_valid):
        """Take a value and check it.

        Parameters
        ----------
        key : str
            Its name.
        wanted : str
            What it should be, for the error.
        is_valid : callable
            Whether it is.
        """
        if key not in self._rest:
            self.refuse(f"{key!r} is missing.")
        value = self._rest.pop(key)
        if not is_valid(value):
            self.refuse(f"{key!r} is {shown(value)} where {wanted} should be.")
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
        """Take a number; an integer will do, as other programs may write one."""
        value = self.take(key, wanted, lambda v: type(v) in (int, float) and is_valid(v))
        return float(value)

    def take_strings(self, key, *, unique=False):
        """Take a list of strings."""
        values = self.take(key, "a list of strings", _is_list_of_strings)
        if unique and len(set(values)) < len(values):
            self.refuse(f"{key!r} has a string twice.")
        return values

    def below(self, key, name=None, **kwargs):
        """Take an object as a node of its own."""
        tree = self.take(key, "an object", lambda value: type(value) is dict)
        return self.of(tree, key if name is None else name)

    def of(self, tree, name):
        """Return a node for an object that was taken already."""
        return Node(tree, self.arrays, self.reading, f"{self.where}/{name}")

    def take_array(self, name, dtypes, shape):
        """Take an array and check it.

        Parameters
        ----------
        name : str
            Its name below this node's.
        dtypes : tuple of str
            Those it may have.
        shape : tuple of int or None
            What it must have; None stands for any length.

        Returns
        -------
        ndarray
            Its floats are finite, and not so large that sums of products are not.
        """
        array = self.arrays.pop(f"{self.where}/{name}", None)
        if array is None:
            self.refuse(f"The array {name!r} is missing.", ARRAYS)
        fits = len(array.shape) == len(shape) and all(
            n is None or n == found for n, found in zip(shape, array.shape, strict=True)
        )
        if not fits:
            self.refuse(
                f"The array {name!r} has shape {array.shape} where {_written(shape)} should be.",
                ARRAYS,
            )
        if array.dtype.name not in dtypes:
            self.refuse(
                f"The array {name!r} has dtype {array.dtype} where {' or '.join(dtypes)} should "
                "be.",
                ARRAYS,
            )
        if array.dtype.kind == "f" and array.size:
            self._check_finite(name, array)
        return array

    def _check_finite(self, name, array):
        # A sum of squares would overflow; the extremes show NaN and infinity too.
        largest = LARGEST[array.itemsize]
        if not max(float(array.max()), -float(array.min())) <= largest:
            at = np.unravel_index(int(np.argmin(np.abs(array) <= largest)), array.shape)
            self.refuse(
                f"The array {name!r} holds {array[at]} at {tuple(map(int, at))}; wanted are "
                f"finite numbers up to {largest:g}.",
                ARRAYS,
            )

    def close(self):
        """Check that everything was taken."""
        if self._rest:
            self.refuse(f"It has {shown(next(iter(self._rest)))}, which is not known there.")


class Reading:
    """What is true of the whole file while it is read.

    Parameters
    ----------
    token_patterns : tuple of str
        Regular expressions that are taken besides the known ones.

    Attributes
    ----------
    left_out : list of str
        Parameters that the file says it does not have.
    """

    def __init__(self, token_patterns=()):
        self.token_patterns = tuple(token_patterns)
        self.left_out = []


def _is_list_of_strings(value):
    return type(value) is list and all(type(one) is str for one in value)


def _written(shape):
    lengths = ", ".join("any" if n is None else str(n) for n in shape)
    return f"({lengths}{',' if len(shape) == 1 else ''})"
