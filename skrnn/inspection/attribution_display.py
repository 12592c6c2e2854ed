"""What each token contributes to an answer."""

from numbers import Integral

import numpy as np

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.plotting.style import COLORS, check_matplotlib, ink, one_axes, plain, printable
from skrnn.text.vocabulary import UNKNOWN

# What speaks for the class, and against it, as in the HTML of an explanation.
FOR, AGAINST = COLORS[0], COLORS[1]
# Ends of a map's colours: the same hues, but one dark and one light, so that the strongest of
# both signs differ in a grey print too. A bar is told by its side; a map has the colour only.
MAP_FOR, MAP_AGAINST = "#00427C", "#F08C2E"


class TokenAttributionDisplay:
    """Bars of the tokens' contributions, in the order of the text.

    Of a numeric sequence, a map of its steps and channels. Made by `from_estimator`, or by
    :meth:`skrnn.inspection.Explanation.plot`; `plot` draws it again.

    Parameters
    ----------
    explanation : skrnn.inspection.Explanation
        From :func:`skrnn.explain`.
    max_tokens : int, default=30
        Of a longer text only so many tokens are drawn, those that contribute the most.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it is drawn.
    figure_ : matplotlib.figure.Figure
        The figure it is in.

    Examples
    --------
    >>> from skrnn import RNNClassifier, TextToSequence, make_reviews
    >>> from sklearn.pipeline import make_pipeline
    >>> reviews, labels = make_reviews(40, random_state=0)
    >>> clf = RNNClassifier(cell="rnn", units=2, epochs=1, random_state=0)
    >>> pipe = make_pipeline(TextToSequence(), clf).fit(reviews, labels)
    >>> from skrnn.inspection import TokenAttributionDisplay
    >>> display = TokenAttributionDisplay.from_estimator(pipe, ["The plot wasn't dull!"])
    >>> display.explanation.tokens
    ['the', 'plot', 'was', "n't", 'dull', '!']
    """

    def __init__(self, explanation, *, max_tokens=30):
        self.explanation = explanation
        self.max_tokens = max_tokens

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        method="integrated_gradients",
        target=None,
        max_tokens=30,
        ax=None,
    ):
        """Explain one text and draw it.

        Parameters
        ----------
        estimator : Pipeline or RNNClassifier
            Fitted, see :func:`skrnn.explain`.
        X : list of one str, or one row of what an RNNClassifier takes
            What to explain.
        method : {"integrated_gradients", "occlusion"}, default="integrated_gradients"
            How.
        target : class label or None, default=None
            The class or label to explain; None takes the one predicted.
        max_tokens : int, default=30
            Of a longer text only so many tokens are drawn.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : TokenAttributionDisplay

        Raises
        ------
        ValueError
            For several rows, and as :func:`skrnn.explain` does.
        """
        from skrnn.inspection.explaining import explain

        check_matplotlib(cls.__name__)  # before the work
        found = explain(estimator, X, method=method, target=target)
        if len(found) != 1:
            raise InvalidInputError(
                f"{cls.__name__} draws one text, but X has {len(found)} rows. Pass a list of one, "
                "or draw each of explain(estimator, X) with its plot()."
            )
        return cls(found[0], max_tokens=max_tokens).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a figure that is as high as it has tokens.

        Returns
        -------
        display : TokenAttributionDisplay
        """
        if not isinstance(self.max_tokens, Integral) or self.max_tokens < 1:
            raise InvalidInputError(
                f"max_tokens must be a positive integer, got {self.max_tokens!r}."
            )
        plt = check_matplotlib(type(self).__name__)
        shown = self._shown()
        if ax is None:
            size = (7, 3.6) if shown is None else (6, 1.6 + 0.24 * max(3, len(shown)))
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_ = one_axes(ax, type(self).__name__)
        self.figure_ = self.ax_.figure
        if shown is None:
            self._plot_channels()
        else:
            self._plot_tokens(shown)
        e = self.explanation
        from skrnn.inspection.html import told_target

        # The contributions of integrated gradients sum to the difference of the two scores.
        start = "baseline" if e.tokens is None else "with all words unknown"
        self.ax_.set_title(
            f"{plain(told_target(e))}: probability {e.probability:.3f}\n"
            f"score {e.score:+.2f} ({start} {e.baseline_score:+.2f})",
            fontsize="medium",
        )
        return self

    def _shown(self):
        """Return the places of the tokens to draw, in their order; None for numbers."""
        if not hasattr(self.explanation, "tokens") or not hasattr(self.explanation, "values"):
            raise InvalidTypeError(
                "TokenAttributionDisplay draws an Explanation, got a "
                f"{type(self.explanation).__name__}. Pass one of those that skrnn.explain("
                "estimator, X) returns, or use TokenAttributionDisplay.from_estimator."
            )
        if self.explanation.tokens is None:
            return None
        order = np.argsort(-np.abs(self.explanation.values), kind="stable")
        return np.sort(order[: self.max_tokens])

    def _plot_tokens(self, shown):
        e, ax = self.explanation, self.ax_
        values = e.values[shown]
        places = np.arange(len(shown))
        # Told apart by the side of the line that they are on, too.
        ax.barh(places, values, color=np.where(values > 0, FOR, AGAINST), height=0.75)
        ax.set_yticks(places, [label(e, i) for i in shown])
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(shown) - 0.4, -0.6)  # the first token on top
        ax.axvline(0, color=ink(0.3), linewidth=0.8)
        limit = 1.08 * np.abs(values).max(initial=0) or 1.0
        ax.set_xlim(-limit, limit)
        ax.spines[["top", "right", "left"]].set_visible(False)
        method = e.method.replace("_", " ")
        n_left = len(e.tokens) - len(shown)
        if not values.any():
            # Bars of no length would look like a picture that has failed.
            told = "no known word" if e.ids is not None and (e.ids == UNKNOWN).all() else "all 0"
            ax.text(0.02, 0.5, told, transform=ax.transAxes, va="center", color=ink(0.35))
        left = f"\n{n_left} tokens that contribute less are not shown" if n_left else ""
        ax.set_xlabel(f"against  \N{LEFTWARDS ARROW}  {method}  \N{RIGHTWARDS ARROW}  for{left}")

    def _plot_channels(self):
        values, ax = self.explanation.values, self.ax_
        limit = np.abs(values).max(initial=0) or 1.0
        image = ax.imshow(
            values.T, cmap=diverging(), vmin=-limit, vmax=limit, aspect="auto", interpolation="none"
        )
        self.figure_.colorbar(image, ax=ax, label="contribution")
        ax.set_xlabel("time step")
        ax.set_ylabel("channel")
        for axis in (ax.xaxis, ax.yaxis):
            axis.get_major_locator().set_params(integer=True)


def diverging():
    """Return a map of colours from what speaks against a class over white to what speaks for it.

    The first is a light orange, the last a dark blue.
    """
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("against_for", [MAP_AGAINST, "white", MAP_FOR])


def label(found, i, width=24):
    """Return a token as a tick label, as the user wrote it if that is known.

    Parameters
    ----------
    found : Explanation or Trace
        With `tokens`.
    i : int
        Which token.
    width : int, default=24
        Longer ones are cut.

    Returns
    -------
    str
        What cannot be drawn is written as its code.
    """
    token = found.tokens[i]
    if found.spans is not None:
        token = found.text[slice(*found.spans[i])] or token
    shown = printable(token).replace("\n", r"\n")  # a label has one line
    return plain(shown if len(shown) <= width else shown[: width - 1] + "\N{HORIZONTAL ELLIPSIS}")
