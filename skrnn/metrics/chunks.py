"""Spans in labels such as B-NP, I-NP and O, read as conlleval reads them.

conlleval is the script with which the shared tasks of CoNLL-2000, 2002 and 2003 were scored (Tjong
Kim Sang and Buchholz, 2000). It reads every sequence of labels, whether a scheme allows it or not:
I-NP after O or after another type begins a span, as in the scheme IOB1. seqeval reads the same way
unless it is told to be strict, and knows two more prefixes, E (end) and S (single). The first
character of a label is the prefix, and what follows the hyphen is the type.
"""

import re
from typing import NamedTuple

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.sequences.warning import warn_caller

# What is read as meant. U and L, of the scheme BILOU, and M, of BMES, are told apart by type only.
_PREFIXED = re.compile(r"O|[BIESULM](-.*)?", re.DOTALL)
_OUTSIDE = "O"


class Chunks(NamedTuple):
    """Spans, in the order of their ends.

    Attributes
    ----------
    row : ndarray of shape (n_spans,) of int64
    start, end : ndarray of shape (n_spans,) of int64
        Steps of the row, `end` exclusive.
    types : ndarray of shape (n_spans,) of object (str)
        "_" for a label without a type, as "B".
    """

    row: np.ndarray
    start: np.ndarray
    end: np.ndarray
    types: np.ndarray


def find_chunks(flat: np.ndarray, offsets: np.ndarray, name: str, apart: bool = False) -> Chunks:
    """Return the spans of all rows.

    Parameters
    ----------
    flat : ndarray of shape (n_steps,) of str
    offsets : ndarray of shape (n_samples + 1,) of int64
    name : str
        Name of the labels, for errors.
    apart : bool, default=False
        Whether each row is read for itself. Otherwise all are read as one sequence with O between
        the rows, as seqeval does. It makes a difference for labels without a type whose first
        character is none of the prefixes, and only there: such a span may start in an earlier row.

    Raises
    ------
    InvalidInputError
        If labels are not strings, or one is empty.
    """
    labels, codes = _coded(flat, offsets, name)
    _warn_of_unprefixed(labels, name)
    tags = np.array([label[0] for label in labels] + [_OUTSIDE])
    names = [label[1:].split("-", maxsplit=1)[-1] or "_" for label in labels] + ["_"]
    numbers = {one: number for number, one in enumerate(dict.fromkeys(names))}
    types = np.array([numbers[one] for one in names])

    # Each row is followed by O.
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    extended = np.full(len(flat) + len(offsets) - 1, len(labels))
    extended[np.arange(len(flat)) + rows] = codes
    starts = offsets[:-1] + np.arange(len(offsets) - 1)

    tag, kind = tags[extended], types[extended]
    before, kind_before = np.roll(tag, 1), np.roll(kind, 1)
    kind_before[starts if apart else starts[:1]] = -1  # nothing has the type of what is before
    begins, ends = _boundaries(before, tag, kind_before != kind)
    # A span begins at the last beginning before its end.
    position = np.arange(len(extended))
    last = np.maximum.accumulate(np.where(begins, position, 0))
    end = np.flatnonzero(ends)
    row = np.searchsorted(starts, end, side="right") - 1
    start = last[end - 1] - starts[row]
    if apart:
        start = np.maximum(start, 0)
    found = np.array(list(numbers), dtype=object)[kind[end - 1]]
    return Chunks(row, start, end - starts[row], found)


def _boundaries(before, tag, is_other):
    """Return where a span begins, and where one has ended before; the table of conlleval.

    Parameters
    ----------
    before, tag : ndarray of str
        Prefixes of the label before and of the label.
    is_other : ndarray of bool
        Whether the two have different types.
    """
    ends = np.isin(before, ["E", "S"])
    ends |= np.isin(before, ["B", "I"]) & np.isin(tag, ["B", "S", "O"])
    ends |= ~np.isin(before, ["O", "."]) & is_other
    begins = np.isin(tag, ["B", "S"])
    begins |= np.isin(before, ["E", "S", "O"]) & np.isin(tag, ["E", "I"])
    begins |= ~np.isin(tag, ["O", "."]) & is_other
    return begins, ends


def _coded(flat, offsets, name):
    """Return the different labels, and the number of each step's."""
    if len(flat) and flat.dtype.kind not in "UO":
        raise InvalidInputError(
            f"{name} has labels of type {flat.dtype}, such as {flat[0]}, but spans are written in "
            "strings: 'B-NP' where one begins, 'I-NP' inside, 'O' outside. Pass the names of the "
            "labels; for integers there are token_accuracy_score and sequence_accuracy_score."
        )
    numbers: dict[str, int] = {}
    codes = np.fromiter(
        (numbers.setdefault(label, len(numbers)) for label in flat.tolist()), np.int64, len(flat)
    )
    if "" in numbers:
        step = int(np.flatnonzero(codes == numbers[""])[0])
        row = int(np.searchsorted(offsets, step, side="right")) - 1
        raise InvalidInputError(
            f"{name} has an empty label in row {row}, step {step - offsets[row]}. Write 'O' for a "
            "step outside of all spans."
        )
    return list(numbers), codes


def _warn_of_unprefixed(labels, name):
    odd = [label for label in labels if not _PREFIXED.fullmatch(label)]
    if odd:
        warn_caller(
            f"{name} has labels without a prefix, such as {odd[0]!r}. Spans are read as by "
            "conlleval and seqeval, which take the first character of a label for its prefix "
            "(B-, I-, E- or S-) and what follows for its type. If labels are of single steps, such "
            "as parts of speech, use token_accuracy_score."
        )
