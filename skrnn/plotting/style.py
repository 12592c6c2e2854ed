"""What the pictures have in common: matplotlib, and colours that everyone tells apart."""

# Okabe and Ito (2008), "Color universal design": told apart with each of the common colour
# blindnesses. Their yellow is left out, for as a line on white it is hardly seen.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Beside the colours, for readers of a printed page.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", (0, (1, 1.2)))


def check_matplotlib(caller):
    """Import matplotlib's pyplot, or say how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib. Install it with: pip install 'skrnn[plot]'"
        ) from error
    return plt


def plain(value):
    """Write a value for a picture: as it is, not as the formula that two dollars would make."""
    return str(value).replace("$", r"\$")
