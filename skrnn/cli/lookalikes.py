"""Labels and names that a reader cannot distinguish, or that look like a mistake."""

import re
import warnings
from collections import Counter, defaultdict
from decimal import Decimal, InvalidOperation
from unicodedata import category, normalize

# Of labels longer than this, differences are not searched for.
_LONG = 1000
# Letters, symbols and marks that show nothing: fillers, variation selectors, a joiner.
_INVISIBLE = set("\u034f\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\uffa0\ufe0e\ufe0f")
_MISSING = {"nan", "NaN", "NAN", "<NA>", "#N/A", "NaT", "N/A", "n/a", "NA", "null", "NULL", "None"}
# Warnings about a column end after this many.
_MOST = 5


def look(text):
    """Return a text as a reader sees it.

    Without surrounding blanks and invisible characters, with single blanks, and in one Unicode
    form.
    """
    if len(text) > _LONG:
        return text
    text = normalize("NFKC", text)
    if not text.isascii() or not text.isprintable():
        text = "".join(
            c for c in text if c.isspace() or (category(c)[0] != "C" and c not in _INVISIBLE)
        )
    return " ".join(text.split())


def likeness(label):
    """Return what labels have in common that may be one label: look without case, or number."""
    seen = look(label).casefold()
    try:
        number = Decimal(seen)
    except (InvalidOperation, ValueError):
        return seen
    return number if number.is_finite() else seen


def quoted(names):
    """Return the repr of each name, with escapes if it would look like another's.

    Parameters
    ----------
    names : list of str
        All different.

    Returns
    -------
    list of str
    """
    groups = defaultdict(list)
    for name in names:
        groups[look(repr(name))].append(name)
    return [_escaped(name) if len(groups[look(repr(name))]) > 1 else repr(name) for name in names]


def shown(labels, width=None, *, escape=None):
    """Return the labels for a table or picture, no two of them the same.

    A label that has something invisible, or looks like another, is in quotes.

    Parameters
    ----------
    labels : list of str
        All different.
    width : int or None, default=None
        Longer names are shortened.
    escape : callable or None, default=None
        Takes a name, returns it with escapes for what cannot be shown. None escapes what is not
        printable.

    Returns
    -------
    list of str
    """
    groups = defaultdict(list)
    for label in labels:
        groups[look(label)].append(label)
    names = {}
    for group in groups.values():
        if len(group) > 1:
            names |= zip(group, quoted(group), strict=True)
        else:
            (label,) = group
            names[label] = label if _has_single_blanks(label) else repr(label)
    made = [(escape or _printable)(names[label]) for label in labels]
    return made if width is None else _shortened(made, width)


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
        ("invisible characters", look),
        ("case, blanks or invisible characters", lambda label: look(label).casefold()),
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


def _escaped(name):
    # After a blank, another one would not be seen on a page.
    return re.sub(r"(?<= ) ", r"\\x20", ascii(name))


def _has_single_blanks(label):
    return label == " ".join(label.split())


def _printable(label):
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in label)


def _shortened(names, width):
    half = (width - 3) // 2
    heads = [name if len(name) <= width else f"{name[: width - 3]}..." for name in names]
    halves = [f"{name[:half]}...{name[-half:]}" for name in names]
    n_heads, n_halves = Counter(heads), Counter(halves)
    made = []
    for i, (name, head, both) in enumerate(zip(names, heads, halves, strict=True), start=1):
        number = f"... #{i}"
        rare = both if n_halves[both] == 1 else name[: width - len(number)] + number
        made.append(head if n_heads[head] == 1 else rare)
    return made


def _n_rows(n):
    return f"{n:,} row{'s' * (n != 1)}"
