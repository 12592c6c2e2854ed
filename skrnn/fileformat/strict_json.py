"""Strict JSON: `loads` accepts exactly what `dumps` can write.

Python's own reader accepts duplicate keys (the last one wins), integers of any length and trees of
any depth; here, each of these is an error. NaN, Infinity and -Infinity are the only extension.
"""

import json

from skrnn.exceptions import InvalidFileError, InvalidInputError, InvalidTypeError
from skrnn.fileformat.errors import shown

MAX_DEPTH = 64
# More than any counter, seed or state of a random number generator has.
MAX_DIGITS = 100
_LIMIT = 10**MAX_DIGITS


def dumps(tree):
    """Return a tree as ASCII bytes, the same bytes for the same tree.

    Parameters
    ----------
    tree : dict, list, str, int, float, bool or None
        Exactly these types, not subclasses; keys are str. Floats are restored bit for bit.

    Raises
    ------
    TypeError, ValueError
        If the tree has anything else, is nested deeper than `MAX_DEPTH`, or has an integer of more
        than `MAX_DIGITS` digits. The message names the place.
    """
    found = _odd(tree)
    if found is not None:
        kind, value, problem = found
        raise kind(
            f"{_where(tree, value)} {problem}. A file can hold dict with str keys, list, str, int, "
            "float, bool and None; convert the value to these first."
        )
    return json.dumps(tree, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def loads(data, part):
    """Return the tree that is encoded in bytes.

    Raises
    ------
    InvalidFileError
        If they are not JSON, or JSON that `dumps` would not write.
    """
    try:
        tree = json.loads(
            data.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_int=_short_int
        )
    except RecursionError:
        raise InvalidFileError(f"JSON is nested deeper than {MAX_DEPTH} levels.", part) from None
    except ValueError as error:  # including UnicodeDecodeError and JSONDecodeError
        problem = error.problem if isinstance(error, InvalidFileError) else f"Not JSON: {error}."
        raise InvalidFileError(problem, part) from None
    found = _odd(tree)
    if found is not None:
        raise InvalidFileError(f"JSON {found[2]}.", part)
    return tree


def _without_duplicates(pairs):
    tree = dict(pairs)
    if len(tree) < len(pairs):
        seen = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise InvalidFileError(f"The key {shown(twice)} occurs twice in one JSON object.")
    return tree


def _short_int(digits):
    if len(digits) > MAX_DIGITS:
        raise InvalidFileError(f"An integer has {len(digits)} digits; the limit is {MAX_DIGITS}.")
    return int(digits)


def difference(found, wanted, where="document"):
    """Return the place of the first value in which two trees differ, or None.

    Values are the same if their types and all of their bits are; every NaN is the same one.
    """
    if type(found) is not type(wanted):
        return where
    if type(found) is dict:
        if list(found) != list(wanted):
            return where
        pairs = ((key, one, wanted[key]) for key, one in found.items())
    elif type(found) is list:
        if len(found) != len(wanted):
            return where
        pairs = ((i, *both) for i, both in enumerate(zip(found, wanted, strict=True)))
    elif type(found) is float:  # `==` takes 0.0 for -0.0, and no NaN for another
        return None if repr(found) == repr(wanted) else where
    else:
        return None if found == wanted else where
    for key, one, other in pairs:
        if type(one) is str is type(other):
            place = None if one == other else f"{where}[{key!r}]"
        else:
            place = difference(one, other, f"{where}[{key!r}]")
        if place is not None:
            return place
    return None


_PLAIN = {str, float, bool, type(None)}


def _odd(tree):
    """Return the type of error, the value and its problem, or None if the tree is valid.

    Not recursive, because the tree may be too deep for recursion. It keeps only a reference to
    each branch, because a file may consist of branches only.
    """
    level, depth = [[tree]], -1
    while level:
        if depth > MAX_DEPTH:
            return InvalidInputError, tree, f"is nested deeper than {MAX_DEPTH} levels"
        below = []
        for branch in level:
            leaves = branch
            if type(branch) is dict:
                leaves = branch.values()
                if not all(type(key) is str for key in branch):
                    return InvalidTypeError, branch, "has a key that is not a str"
            for one in leaves:
                kind = type(one)
                if kind is dict or kind is list:
                    if one:
                        below.append(one)
                elif kind is int:
                    if not -_LIMIT < one < _LIMIT:
                        problem = f"is an integer of more than {MAX_DIGITS} digits"
                        return InvalidInputError, one, problem
                elif kind not in _PLAIN:
                    problem = f"is of type {kind.__name__}, which JSON does not have"
                    return InvalidTypeError, one, problem
        level, depth = below, depth + 1
    return None


def _where(tree, value):
    """Return the place of a value in a tree, for an error."""
    branches = [("document", tree)]
    while branches:
        where, branch = branches.pop()
        if branch is value:
            return where
        keys = branch if type(branch) is dict else ()
        if type(branch) is list:
            keys = range(len(branch))
        branches.extend((f"{where}[{key!r}]", branch[key]) for key in keys)
    return "document"
