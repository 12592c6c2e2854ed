"""Labels and names that a reader cannot distinguish, or that look like a mistake."""

import warnings
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from unicodedata import normalize

from skrnn.lookalikes import look, quoted, visible

_MISSING = {"nan", "NaN", "NAN", "<NA>", "#N/A", "NaT", "N/A", "n/a", "NA", "null", "NULL", "None"}
# Warnings about a column end after this many.
_MOST = 5


def likeness(label):
    """Return what labels have in common that may be one label: look without case, or number."""
    seen = look(label).casefold()
    try:
        number = Decimal(seen)
    except (InvalidOperation, ValueError):
        return seen
    return number if number.is_finite() else seen


def warn_of_classes(classes, owner):
    """Warn of classes of a model that look the same.

    Parameters
    ----------
    classes : list of str
    owner : str
        The beginning of the sentence: "the model m.skrnn".
    """
    for group in _alike(classes, look)[:_MOST]:
        warnings.warn(
            f"{owner} has classes that look the same: {', '.join(quoted(group))}.", stacklevel=3
        )


def warn_of_labels(counts, column):
    """Warn of labels that may be the same one, or a missing one.

    Parameters
    ----------
    counts : dict of str to int
        Number of rows of each label.
    column : str
        What has the labels, as the beginning of the sentence: "column 'label'".
    """
    alike = _alike(counts, likeness)
    for group in alike[:_MOST]:
        listed = [
            f"{name} ({_n_rows(counts[label])})"
            for name, label in zip(quoted(group), group, strict=True)
        ]
        warnings.warn(
            f"{column} has labels that differ only in {difference(group)}: {', '.join(listed)}. "
            "They are different classes. If they should be one, make them equal in the table.",
            stacklevel=3,
        )
    if len(alike) > _MOST:
        warnings.warn(
            f"{column} has {len(alike) - _MOST} more groups of labels that are nearly equal.",
            stacklevel=3,
        )
    for label in sorted(_MISSING.intersection(counts)):
        warnings.warn(
            f"{column} has the label {label!r} in {_n_rows(counts[label])}. It is a class like "
            "others. If it means that there is no label, empty these fields and use "
            "--drop-missing.",
            stacklevel=3,
        )


def difference(labels):
    """Say in what some labels of the same likeness differ."""
    for name, form in (
        ("surrounding blanks", str.strip),
        ("blanks", lambda label: " ".join(label.split())),
        ("Unicode form", lambda label: normalize("NFKC", label)),
        ("case", str.casefold),
        ("invisible characters", visible),
        ("letters of other alphabets that look the same", look),
        ("case, blanks or invisible characters", lambda label: visible(label).casefold()),
        ("case, blanks, invisible characters or alphabets", lambda label: look(label).casefold()),
    ):
        if len(set(map(form, labels))) == 1:
            return name
    return "how a number is written"


def hint(label, others):
    """Return a sentence on one of `others` that is nearly equal to a label, or an empty string."""
    same = likeness(label)
    for other in others:
        if other != label and likeness(other) == same:
            both = [label, other]
            return f" {' and '.join(quoted(both))} differ only in {difference(both)}."
    return ""


def _alike(labels, key):
    """Return the labels of equal key, as a list of lists of at least two."""
    groups = defaultdict(list)
    for label in labels:
        groups[key(label)].append(label)
    return [group for group in groups.values() if len(group) > 1]


def _n_rows(n):
    return f"{n:,} row{'s' * (n != 1)}"
