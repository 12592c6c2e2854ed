"""Display of the contributions of tokens to a prediction."""

from numbers import Integral

import numpy as np

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.plotting.style import COLORS, check_matplotlib, ink, one_axes, plain, printable
from skrnn.sequences import UNKNOWN

# Colours for and against the class, as in the HTML of an explanation.
FOR, AGAINST = COLORS[0], COLORS[1]
# Ends of the colour map: the same hues, but one dark and one light, so that the extremes of both
# signs also differ in greyscale. Bars also differ by their side; a map has only its colours.
MAP_FOR, MAP_AGAINST = "#00427C", "#F08C2E"


class TokenAttributionDisplay:
    """Bar chart of the tokens' contributions, in the order of the text.

    For a numeric sequence, a map of its steps and channels. Create it with `from_estimator`, or
    with :meth:`skrnn.inspection.Explanation.plot`. `plot` draws it again.

    Parameters
    ----------
    explanation : skrnn.inspection.Explanation
        From :func:`skrnn.explain`.
    max_tokens : int, default=30
        Maximum number of tokens to draw. Of a longer text, those that contribute the most are
        drawn.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes with the chart.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.

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
            A fitted estimator, see :func:`skrnn.explain`.
        X : list of one str, or array-like with one row
            The text to explain, or the token ids or numeric sequence for an RNNClassifier.
        method : {"integrated_gradients", "occlusion"}, default="integrated_gradients"
            Method of attribution, see :func:`skrnn.explain`.
        target : class label or None, default=None
            The class or label to explain; None is the predicted one.
        max_tokens : int, default=30
            Maximum number of tokens to draw.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None creates a figure.

        Returns
        -------
        display : TokenAttributionDisplay

        Raises
        ------
        ValueError
            If X has several rows, and in the cases of :func:`skrnn.explain`.
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
        """Draw the contributions.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None creates a figure, whose height depends on the number of tokens.

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
        from skrnn.inspection.html import told_answer, told_score, told_target

        # The contributions of integrated gradients sum to the difference of the two scores.
        start = "baseline" if e.tokens is None else "with all words unknown"
        self.ax_.set_title(
            f"{plain(told_target(e))}: {told_answer(e)}\n"
            f"score {told_score(e, e.score)} ({start} {told_score(e, e.baseline_score)})",
            fontsize="medium",
        )
        return self

    def _shown(self):
        """Return the positions of the tokens to draw, in their order; None for numbers."""
        if not hasattr(self.explanation, "tokens") or not hasattr(self.explanation, "values"):
            raise InvalidTypeError(
                "TokenAttributionDisplay draws an Explanation, got a "
                f"{type(self.explanation).__name__}. Pass an element of the list that "
                "skrnn.explain(estimator, X) returns, or use "
                "TokenAttributionDisplay.from_estimator."
            )
        if self.explanation.tokens is None:
            return None
        order = np.argsort(-np.abs(self.explanation.values), kind="stable")
        return np.sort(order[: self.max_tokens])

    def _plot_tokens(self, shown):
        e, ax = self.explanation, self.ax_
        values = e.values[shown]
        places = np.arange(len(shown))
        # The sign is also visible from the side of the line.
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
            # Without bars, the chart would look broken.
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
    """Return a colour map from "against the class" (light orange) over white to "for" (dark blue).

    See the constants above for the reason of the two lightnesses.
    """
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("against_for", [MAP_AGAINST, "white", MAP_FOR])


def label(found, i, width=24):
    """Return a token as a tick label, as the user wrote it if that is known.

    Parameters
    ----------
    found : Explanation or Trace
        Of a text, so that it has `tokens`.
    i : int
        Number of the token.
    width : int, default=24
        Longer tokens are shortened to this.

    Returns
    -------
    str
        Characters that cannot be drawn are escaped.
    """
    token = found.tokens[i]
    if found.spans is not None:
        token = found.text[slice(*found.spans[i])] or token
    shown = printable(token).replace("\n", r"\n")  # a label has one line
    return plain(shown if len(shown) <= width else shown[: width - 1] + "\N{HORIZONTAL ELLIPSIS}")
