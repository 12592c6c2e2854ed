"""The heads by their kind. The head of a new task is added here."""

from skrnn.exceptions import InvalidInputError
from skrnn.heads.base import Head
from skrnn.heads.classes import ClassesHead
from skrnn.heads.labels import LabelsHead
from skrnn.heads.next_token import NextTokenHead
from skrnn.heads.tags import TagsHead
from skrnn.heads.values import ValuesHead

_ALL: tuple[type[Head], ...] = (ClassesHead, LabelsHead, NextTokenHead, TagsHead, ValuesHead)
HEADS = {head.kind: head for head in _ALL}


def head_class(kind):
    """Return the class of heads of this kind.

    Raises
    ------
    ValueError
        If there is none.
    """
    if type(kind) is not str or kind not in HEADS:
        raise InvalidInputError(
            f"The head {str(kind)[:40]!r} is unknown; it must be one of {sorted(HEADS)}."
        )
    return HEADS[kind]


def head_of_layout(layout):
    """Return a head without an encoding of y.

    Parameters
    ----------
    layout : dict
        The result of :meth:`skrnn.heads.base.Head.layout`, or an untrusted value from a file.

    Raises
    ------
    ValueError
        If it is not valid.
    """
    if type(layout) is not dict:
        raise InvalidInputError(f"A head's layout must be an object, not {str(layout)[:40]}.")
    return head_class(layout.get("kind")).from_layout(layout)
