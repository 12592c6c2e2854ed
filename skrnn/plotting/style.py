"""What the pictures have in common: matplotlib, and colours that everyone tells apart."""

from unicodedata import category

import numpy as np

from skrnn.exceptions import InvalidInputError, InvalidTypeError

# Okabe and Ito (2008), "Color universal design": told apart with each of the common colour
# blindnesses. Their yellow is left out, for as a line on white it is hardly seen.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Beside the colours, for readers of a printed page.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", (0, (1, 1.2)))
# Categories of Unicode: control, half of a character, not assigned, ends of lines and paragraphs.
_CODED = {"Cc", "Cs", "Cn", "Zl", "Zp"}
# Format characters that embed, override or isolate a direction.
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_matplotlib(caller):
    """Import matplotlib's pyplot, or say how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib. Install it with: pip install 'skrnn[plot]'"
        ) from error
    return plt


def ink(grey=0.0):
    """Return the colour of what is black, or of a grey, on a white page.

    Black is hardly seen where a style sheet has a dark page: there the same is white, or as light
    as the grey is dark.

    Parameters
    ----------
    grey : float, default=0.0
        How much of the page's own colour is in it: 0 is the colour of texts, 1 the page's.

    Returns
    -------
    tuple of float of shape (3,)
    """
    from matplotlib import rcParams
    from matplotlib.colors import to_rgb, to_rgba

    # Axes of no colour show the figure's.
    is_clear = to_rgba(rcParams["axes.facecolor"])[3] == 0
    page = rcParams["figure.facecolor" if is_clear else "axes.facecolor"]
    pairs = zip(to_rgb(rcParams["text.color"]), to_rgb(page), strict=True)
    return tuple((1 - grey) * text + grey * behind for text, behind in pairs)


def line_color(place):
    """Return the colour of a line, by its number; after the last they start again."""
    color = COLORS[place % len(COLORS)]
    return ink() if color == "#000000" else color


def flat_axes(ax, caller):
    """Return axes, however they are nested, as an array of shape (n_axes,)."""
    from matplotlib.axes import Axes

    found = np.asarray(ax, dtype=object).ravel()
    for one in found:
        if not isinstance(one, Axes):
            raise InvalidTypeError(
                f"{caller} draws into matplotlib axes, but ax has a {type(one).__name__}. Pass "
                "what plt.subplots() returns beside the figure, or None for a new figure."
            )
    return found


def one_axes(ax, caller):
    """Return the axes of a picture that needs one, also out of an array of one."""
    found = flat_axes(ax, caller)
    if len(found) != 1:
        raise InvalidInputError(
            f"{caller} draws into one axes, but ax has {len(found)}. Pass one of them, or None "
            "for a new figure."
        )
    return found[0]


def printable(value):
    """Write a value with codes for characters that a picture cannot hold.

    Control characters and halves of characters make an SVG that is no XML; marks of direction
    turn whatever stands beside them. Lines remain: a name may have two.
    """
    return "".join(
        c if c == "\n" or (category(c) not in _CODED and c not in _TURNING) else ascii(c)[1:-1]
        for c in str(value)
    )


def plain(value):
    """Write a value for a picture: as it is, not as the formula that two dollars would make."""
    from matplotlib import rcParams

    text = printable(value)
    # Where dollars make no formula, the backslash would show; TeX's own always do.
    makes_formulas = rcParams["text.parse_math"] or rcParams["text.usetex"]
    return text.replace("$", r"\$") if makes_formulas else text


def in_legend(value):
    """Write a value for a legend: matplotlib leaves out labels that begin with an underscore."""
    text = plain(value)
    # A space is in every font; characters of no width are not.
    return f" {text}" if text.startswith("_") else text
