"""What an explanation holds, and how it is shown."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.inspection.html import render


@dataclass(frozen=True, repr=False, eq=False)  # arrays have no one truth to compare by
class Explanation:
    """What each token of a text has in a classifier's score; made by :func:`skrnn.explain`.

    Attributes
    ----------
    text : str or None
        The document as the user wrote it; None where no text was given.
    tokens : list of str, or None
        The tokens that the network reads, in their order; None for a numeric sequence.
    spans : ndarray of shape (n_tokens, 2) of int64, or None
        Token i is what the user wrote as ``text[spans[i, 0]:spans[i, 1]]``. None without a text,
        and where it was cleaned or cut by a function of the caller's so that this cannot be told
        for certain.
    ids : ndarray of shape (n_tokens,) of int32, or None
        The tokens' ids, 1 being an unknown word.
    values : ndarray of shape (n_tokens,), or (n_timesteps, n_channels), of float64
        The contributions, in units of the score: what is positive speaks for `target`.
    target : object
        The class or label explained, one of `classes_`.
    prediction : object
        What `predict` says: a class, or for several labels an indicator of shape (n_labels,).
    probability : float
        Of `target`.
    score : float
        The network's logit for `target`: log-odds with two classes or several labels, the
        unnormalized log-probability with several classes.
    baseline_score : float
        The same of the baseline, in which all tokens are unknown, as many as they are. (A text
        that holds none but unknown words is read as a single one, and may get another score.)
    method : {"integrated_gradients", "occlusion"}
        How the contributions were found.
    n_steps : int or None
        Points of the path at which the gradient was taken; None for occlusion.

    Examples
    --------
    >>> from skrnn import RNNClassifier, TextToSequence, explain, make_reviews
    >>> from sklearn.pipeline import make_pipeline
    >>> reviews, labels = make_reviews(40, random_state=0)
    >>> clf = RNNClassifier(cell="rnn", units=2, epochs=1, random_state=0)
    >>> pipe = make_pipeline(TextToSequence(), clf).fit(reviews, labels)
    >>> (found,) = explain(pipe, ["The plot wasn't dull!"])
    >>> len(found.values) == len(found.tokens)
    True
    >>> found.method, found.target in labels
    ('integrated_gradients', True)
    """

    text: str | None
    tokens: list | None
    spans: np.ndarray | None
    ids: np.ndarray | None
    values: np.ndarray
    target: Any
    prediction: Any
    probability: float
    score: float
    baseline_score: float
    method: str
    n_steps: int | None

    def __repr__(self):
        """Return the answer and the size; the rest is long."""
        size = "x".join(map(str, self.values.shape))
        return (
            f"Explanation(target={self.target!r}, probability={self.probability:.3f}, "
            f"score={self.score:.3f}, method={self.method!r}, {size} values)"
        )

    def to_html(self, *, full=False):
        """Return the text with its words highlighted.

        What speaks for the target is blue and underlined, what speaks against it is orange and
        underlined with dashes, each the stronger the more it contributes. The text, the tokens
        and the label are escaped: what is markup in them is shown, and not run. Where the
        offsets are not known, the tokens are shown instead of the text.

        Parameters
        ----------
        full : bool, default=False
            Whether to return a page of its own, which forbids itself all scripts and to load
            anything, rather than a part of one.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            For a numeric sequence, which has no words.
        """
        if self.tokens is None:
            raise InvalidInputError(
                "A numeric sequence has no words to highlight. Draw it with plot(), or read "
                "values, of shape (n_timesteps, n_channels)."
            )
        return render(self, full)

    def _repr_html_(self):
        """Return the highlighted text for a notebook; None, which it passes over, for numbers."""
        return None if self.tokens is None else self.to_html()

    def plot(self, *, ax=None):
        """Draw the contributions.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        skrnn.inspection.TokenAttributionDisplay
        """
        from skrnn.inspection.attribution_display import TokenAttributionDisplay

        return TokenAttributionDisplay(self).plot(ax=ax)
