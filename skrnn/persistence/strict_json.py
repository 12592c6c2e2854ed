"""JSON without its dark corners: what is read is exactly what may be written.

Python's own reader takes duplicate keys (the last one wins), integers of any length and trees of
any depth; each of these is refused here. NaN, Infinity and -Infinity are JSON's only extension.
"""

import json

from skrnn.persistence.errors import InvalidFileError, shown

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
    _check(tree, _refuse_to_write)
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

    def refuse(kind, where, problem):
        raise InvalidFileError(f"{where} {problem}.", part)

    _check(tree, refuse)
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


def _check(tree, refuse):
    # Not recursive: what is looked for may be a tree too deep for recursion.
    level, depth = [("document", tree)], 0
    while level:
        if depth > MAX_DEPTH:
            refuse(ValueError, "JSON", f"is nested deeper than {MAX_DEPTH} levels")
        below = []
        for where, value in level:
            if type(value) is dict:
                for key, one in value.items():
                    if type(key) is not str:
                        refuse(TypeError, where, f"has a key that is no str, {shown(key)}")
                    # Leaves are most of a tree: no place is made for them before it is needed.
                    if type(one) not in _PLAIN:
                        below.append((f"{where}[{shown(key)}]", one))
            elif type(value) is list:
                below.extend(
                    (f"{where}[{k}]", one) for k, one in enumerate(value) if type(one) not in _PLAIN
                )
            elif type(value) is int:
                if not -_LIMIT < value < _LIMIT:
                    refuse(ValueError, where, f"is an integer of more than {MAX_DIGITS} digits")
            elif type(value) not in _PLAIN:
                refuse(TypeError, where, f"is of type {type(value).__name__}, which JSON has not")
        level, depth = below, depth + 1


_PLAIN = {str, float, bool, type(None)}


def _refuse_to_write(kind, where, problem):
    raise kind(
        f"{where} {problem}. A file takes dict with keys of str, list, str, int, float, bool and "
        "None; turn the value into these before."
    )
