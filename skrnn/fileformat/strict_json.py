"""JSON without its dark corners: what is read is exactly what may be written.

Python's own reader takes duplicate keys (the last one wins), integers of any length and trees of
any depth; each of these is refused here. NaN, Infinity and -Infinity are JSON's only extension.
"""

import json

from skrnn.exceptions import InvalidFileError
from skrnn.fileformat.errors import shown

MAX_DEPTH = 64
# More than any counter, seed or state of a generator of random numbers has.
MAX_DIGITS = 100
_LIMIT = 10**MAX_DIGITS


def dumps(tree):
    """Return a tree as ASCII bytes, the same bytes for the same tree.

    Parameters
    ----------
    tree : dict, list, str, int, float, bool or None
        Only these types, exactly; keys are str. Floats come back with every bit.

    Raises
    ------
    TypeError, ValueError
        Where the tree has something else, is nested deeper than `MAX_DEPTH`, or has an integer
        of more than `MAX_DIGITS` digits; named by its place.
    """
    found = _odd(tree)
    if found is not None:
        kind, value, problem = found
        raise kind(
            f"{_where(tree, value)} {problem}. A file takes dict with keys of str, list, str, int, "
            "float, bool and None; turn the value into these before."
        )
    return json.dumps(tree, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def loads(data, part):
    """Return the tree of some bytes.

    Raises
    ------
    InvalidFileError
        Where they are no JSON, or JSON that `dumps` would not write.
    """
    try:
        tree = json.loads(
            data.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_int=_short_int
        )
    except RecursionError:
        raise InvalidFileError(f"JSON is nested deeper than {MAX_DEPTH} levels.", part) from None
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError among them
        told = error.problem if isinstance(error, InvalidFileError) else f"No JSON: {error}."
        raise InvalidFileError(told, part) from None
    found = _odd(tree)
    if found is not None:
        raise InvalidFileError(f"JSON {found[2]}.", part)
    return tree


def _without_duplicates(pairs):
    tree = dict(pairs)
    if len(tree) < len(pairs):
        seen = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise InvalidFileError(f"The key {shown(twice)} stands twice in one JSON object.")
    return tree


def _short_int(digits):
    if len(digits) > MAX_DIGITS:
        raise InvalidFileError(
            f"An integer has {len(digits)} digits; at most {MAX_DIGITS} are read."
        )
    return int(digits)


_PLAIN = {str, float, bool, type(None)}


def _odd(tree):
    """Return an error's type, a value and what is wrong with it; None where all is well.

    Not recursive: what is looked for may be a tree too deep for recursion. And it keeps no more
    than a reference to each branch: a file may be nothing but branches.
    """
    level, depth = [[tree]], -1
    while level:
        if depth > MAX_DEPTH:
            return ValueError, tree, f"is nested deeper than {MAX_DEPTH} levels"
        below = []
        for branch in level:
            leaves = branch
            if type(branch) is dict:
                leaves = branch.values()
                if not all(type(key) is str for key in branch):
                    return TypeError, branch, "has a key that is no str"
            for one in leaves:
                kind = type(one)
                if kind is dict or kind is list:
                    if one:
                        below.append(one)
                elif kind is int:
                    if not -_LIMIT < one < _LIMIT:
                        return ValueError, one, f"is an integer of more than {MAX_DIGITS} digits"
                elif kind not in _PLAIN:
                    return TypeError, one, f"is of type {kind.__name__}, which JSON has not"
        level, depth = below, depth + 1
    return None


def _where(tree, value):
    """Return where in a tree a value stands, for an error."""
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
