"""The explanation of one prediction, and how it is shown."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.inspection.html import render, told_answer, told_score


@dataclass(frozen=True, repr=False, eq=False)  # comparing arrays gives no single truth value
class Explanation:
    """Contributions of the tokens of a text to a prediction; made by :func:`skrnn.explain`.

    Attributes
    ----------
    text : str or None
        The document as the user wrote it; None if X was not text.
    tokens : list of str, or None
        The tokens that the network reads, in their order; None for a numeric sequence.
    spans : ndarray of shape (n_tokens, 2) of int64, or None
        Offsets of the tokens in `text`: token i is ``text[spans[i, 0]:spans[i, 1]]``. None without
        a text, and if a function of the caller cleans or splits the text so that the offsets are
        not certain.
    ids : ndarray of shape (n_tokens,) of int32, or None
        The token ids; 1 is an unknown word.
    values : ndarray of shape (n_tokens,), or (n_timesteps, n_channels), of float64
        The contributions, in units of the score. Positive values support `target`.
    target : object
        The explained class or label, one of `classes_`, or output.
    prediction : object
        The result of `predict`: a class or number, or, for several labels or outputs, an array of
        shape (n_labels,).
    probability : float or None
        The probability of `target`; None if numbers are predicted.
    score : float
        The logit of `target`: log-odds for two classes or several labels, the unnormalized
        log-probability for more than two classes. For numbers the prediction, or, with
        ``loss="poisson"``, its logarithm.
    baseline_score : float
        The logit of the baseline, which has the same number of tokens, all unknown. (A text of
        unknown words only is read as a single one, and may have another score.)
    method : {"integrated_gradients", "occlusion"}
        The method of attribution.
    n_steps : int or None
        Number of points at which the gradient was computed; None for occlusion.
    columns : dict of str to float, or None
        The contributions of the columns beside the text, see :class:`skrnn.TextWithColumns`; their
        baseline is the mean of the training rows. None without columns.

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
    probability: float | None
    score: float
    baseline_score: float
    method: str
    n_steps: int | None
    columns: dict | None = None

    def __repr__(self):
        """Return a summary without the arrays."""
        size = "x".join(map(str, self.values.shape))
        score = told_score(self, self.score, sign="-", decimals=3)
        return (
            f"Explanation(target={self.target!r}, {told_answer(self, '=')}, "
            f"score={score}, method={self.method!r}, {size} values)"
        )

    def to_html(self, *, full=False):
        """Return the text with its words highlighted.

        Words that support the target are blue with a solid underline, words against it are orange
        with a dashed underline. Stronger colours mean larger contributions. The text, the tokens
        and the label are escaped, so markup in them is shown as text. If the offsets are not
        known, the tokens are shown instead of the text.

        Parameters
        ----------
        full : bool, default=False
            Whether to return a complete page instead of a fragment. The page's policy forbids
            scripts and loading anything.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If the explanation is of a numeric sequence, which has no words.
        """
        if self.tokens is None:
            raise InvalidInputError(
                "A numeric sequence has no words to highlight. Draw it with plot(), or use the "
                "attribute values, of shape (n_timesteps, n_channels)."
            )
        return render(self, full)

    def _repr_html_(self):
        """Return the highlighted text for a notebook, or None, which is ignored, for numbers."""
        return None if self.tokens is None else self.to_html()

    def plot(self, *, ax=None):
        """Draw the contributions.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None creates a figure.

        Returns
        -------
        skrnn.inspection.TokenAttributionDisplay
        """
        from skrnn.inspection.attribution_display import TokenAttributionDisplay

        return TokenAttributionDisplay(self).plot(ax=ax)
