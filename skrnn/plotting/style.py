"""Shared by all displays: matplotlib, and colours for all readers."""

from unicodedata import category

import numpy as np

from skrnn.backend.extras import missing
from skrnn.exceptions import InvalidInputError, InvalidTypeError

# Okabe and Ito (2008), "Color universal design": colours that are different for readers with any of
# the common colour blindnesses. Their yellow is missing: a yellow line on white is hard to see.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# In addition to the colours, for black and white prints.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", (0, (1, 1.2)))
# Categories of Unicode: control, surrogate, not assigned, ends of lines and paragraphs.
_CODED = {"Cc", "Cs", "Cn", "Zl", "Zp"}
# Format characters that change the direction of the text.
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_matplotlib(caller):
    """Return matplotlib's pyplot, or raise an error that says how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise missing(caller, "matplotlib", extra="plot") from error
    return plt


def ink(grey=0.0):
    """Return the colour that is black, or a grey, on a white page.

    With a dark style sheet, black is hard to see: there the colour is white, or as light as the
    grey is dark.

    Parameters
    ----------
    grey : float, default=0.0
        Share of the colour of the page: 0 is the colour of text, 1 that of the page.

    Returns
    -------
    tuple of float of shape (3,)
    """
    from matplotlib import rcParams
    from matplotlib.colors import to_rgb, to_rgba

    # Transparent axes show the colour of the figure.
    is_clear = to_rgba(rcParams["axes.facecolor"])[3] == 0
    page = rcParams["figure.facecolor" if is_clear else "axes.facecolor"]
    pairs = zip(to_rgb(rcParams["text.color"]), to_rgb(page), strict=True)
    return tuple((1 - grey) * text + grey * behind for text, behind in pairs)


def line_color(place):
    """Return the colour of a line by its number; they repeat after the last."""
    color = COLORS[place % len(COLORS)]
    return ink() if color == "#000000" else color


def flat_axes(ax, caller):
    """Return axes, nested in any way, as an array of shape (n_axes,)."""
    from matplotlib.axes import Axes

    found = np.asarray(ax, dtype=object).ravel()
    for axes in found:
        if not isinstance(axes, Axes):
            raise InvalidTypeError(
                f"{caller} needs matplotlib axes, but ax has a {type(axes).__name__}. Pass the "
                "axes that plt.subplots() returns, or None for a new figure."
            )
    return found


def one_axes(ax, caller):
    """Return the axes of a display that needs one; they can be an array of one."""
    found = flat_axes(ax, caller)
    if len(found) != 1:
        raise InvalidInputError(
            f"{caller} needs one axes, but ax has {len(found)}. Pass one of them, or None for a "
            "new figure."
        )
    return found[0]


def printable(value):
    """Return a value as text, with escapes for characters that a figure cannot show.

    Control characters and surrogates make an SVG invalid; marks of direction change their
    surroundings. Line breaks are kept, since a name can have two lines.
    """
    return "".join(
        c if c == "\n" or (category(c) not in _CODED and c not in _TURNING) else ascii(c)[1:-1]
        for c in str(value)
    )


def plain(value):
    """Return a value as text for a figure, without formulas between two dollars."""
    from matplotlib import rcParams

    text = printable(value)
    # Without formulas, the backslash would be visible. With TeX there are always formulas.
    makes_formulas = rcParams["text.parse_math"] or rcParams["text.usetex"]
    return text.replace("$", r"\$") if makes_formulas else text


def in_legend(value):
    """Return a value as text for a legend: matplotlib ignores labels with a leading underscore."""
    text = plain(value)
    # All fonts have a space, but not characters without width.
    return f" {text}" if text.startswith("_") else text
