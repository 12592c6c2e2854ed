"""Labels and names that a reader cannot distinguish: which they are, and how to show them."""

import re
from collections import Counter, defaultdict
from unicodedata import category, normalize

# Of labels longer than this, differences are not searched for.
_LONG = 1000
# Letters, symbols and marks that show nothing: fillers, variation selectors, a joiner.
_INVISIBLE = set("\u034f\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\uffa0\ufe0e\ufe0f")
# Letters of Cyrillic, Greek, Armenian and the IPA, and the Latin ones that look the same.
_LATIN = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u051b\u051d\u0475\u043a\u04cf\u043f"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405\u04c0\u051a\u051c\u0474"
    "\u03bf\u03b1\u03bd\u03c1\u03b9\u03ba\u03c5\u03c7\u03b3"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u0585\u057d\u0570\u0578\u0581\u0566\u0131\u0261\u0251",
    "aeopcyxijsdhqwvklnABEKMHOPCTYXIJSIQWVoavpikuxyABEZHIKMNOPTYXouhngqiga",
)


def look(text):
    """Return a text as a reader sees it.

    Without surrounding blanks and invisible characters, with single blanks, in one Unicode form,
    and with Latin letters in place of those of other alphabets that look like them.
    """
    return visible(text).translate(_LATIN)


def visible(text):
    """Return a text without what cannot be seen, and in one Unicode form."""
    if len(text) > _LONG:
        return text
    text = normalize("NFKC", text)
    if not text.isascii() or not text.isprintable():
        text = "".join(
            c for c in text if c.isspace() or (category(c)[0] != "C" and c not in _INVISIBLE)
        )
    return " ".join(text.split())


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
