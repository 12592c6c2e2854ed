"""Which tags may follow one another in a scheme of spans."""

from typing import NamedTuple

import numpy as np

from skrnn.exceptions import InvalidInputError

SCHEMES = ("BIO", "BIOES")
_PREFIXES = {"BIO": ("B", "I"), "BIOES": ("B", "I", "E", "S")}


class Allowed(NamedTuple):
    """What may stand where, of a set of tags.

    Attributes
    ----------
    transitions : ndarray of shape (n_tags, n_tags), bool
        ``transitions[i, j]``: whether tag `j` may stand directly after tag `i`.
    start, end : ndarray of shape (n_tags,), bool
        Whether a row may begin, and end, with the tag.
    """

    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray


def allowed_transitions(labels, scheme):
    """Return which labels may follow one another.

    Parameters
    ----------
    labels : sequence of str
        "O", and labels of spans as a prefix and a type: "B-NP", "I-NP".
    scheme : {"BIO", "BIOES"}
        "BIO" (also IOB2): each span begins with B, and goes on with I of the same type. "BIOES":
        longer spans are B, I of any number, E; a span of one step is S.

    Returns
    -------
    Allowed

    Raises
    ------
    InvalidInputError
        If the scheme or a label is unknown, a label occurs twice, or no row of any length has a
        legal path.

    Examples
    --------
    >>> from skrnn.chains import allowed_transitions
    >>> allowed = allowed_transitions(["B-NP", "I-NP", "O"], "BIO")
    >>> allowed.transitions[2].tolist(), allowed.start.tolist()
    ([True, False, True], [True, False, True])
    """
    if scheme not in SCHEMES:
        raise InvalidInputError(f"scheme={scheme!r} is unknown; it must be one of {SCHEMES}.")
    parts = [_split(label, scheme) for label in labels]
    if len(set(parts)) < len(parts):
        twice = next(label for i, label in enumerate(labels) if parts[i] in parts[:i])
        raise InvalidInputError(f"The label {twice!r} occurs twice among {_some(labels)}.")
    is_inside = [_goes_on(before, scheme) for before in parts]
    continues = [prefix in ("I", "E") for prefix, _ in parts]
    n = len(parts)
    transitions = np.zeros((n, n), bool)
    for i, (_, kind) in enumerate(parts):
        for j, (_, other) in enumerate(parts):
            if scheme == "BIO":
                transitions[i, j] = not continues[j] or (is_inside[i] and kind == other)
            elif is_inside[i]:
                transitions[i, j] = continues[j] and kind == other
            else:
                transitions[i, j] = not continues[j]
    start = ~np.array(continues, bool)
    end = np.ones(n, bool) if scheme == "BIO" else ~np.array(is_inside, bool)
    allowed = Allowed(transitions, start, end)
    _check_any_path(allowed, labels, scheme)
    return allowed


def _split(label, scheme):
    prefixes = _PREFIXES[scheme]
    if label == "O":
        return "O", None
    prefix, dash, kind = str(label).partition("-")
    if not dash or prefix not in prefixes or not kind:
        known = ", ".join(f"{one}-..." for one in prefixes)
        raise InvalidInputError(
            f"The label {str(label)!r} is not one of the scheme {scheme!r}, whose labels are "
            f"{known} and O. Rename it, choose another scheme, or leave the scheme out."
        )
    return prefix, kind


def _goes_on(part, scheme):
    """Whether a span may go on after the label; in BIOES it must."""
    return part[0] in ("B", "I")


def _check_any_path(allowed, labels, scheme):
    """Raise an error unless some path leads from a start to an end."""
    reached = allowed.start
    for _ in range(len(reached)):
        reached = reached | allowed.transitions[reached].any(axis=0)
    if not (reached & allowed.end).any():
        missing = "B-... or O" if scheme == "BIO" else "S-..., O, or B-... with its E-..."
        raise InvalidInputError(
            f"No row can be tagged with the labels {_some(labels)} in the scheme {scheme!r}: each "
            f"path needs one of {missing}. Check the labels, or leave the scheme out."
        )


def _some(labels):
    shown = ", ".join(repr(str(label)) for label in list(labels)[:8])
    return f"{shown}, ..." if len(labels) > 8 else shown or "(none)"
