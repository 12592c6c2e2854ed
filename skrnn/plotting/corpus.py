"""Lengths and words of a corpus, to choose max_length and max_features."""

from collections import defaultdict
from functools import partial
from itertools import count

import numpy as np

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.plotting.style import COLORS, check_matplotlib, flat_axes, ink
from skrnn.text import TextToSequence
from skrnn.text.vocabulary import check_vocabulary, learn_vocabulary

_SHARES = (0.9, 0.95, 0.99)


class CorpusDisplay:
    """How much of a corpus :class:`skrnn.TextToSequence` keeps by `max_length` and `max_features`.

    The left axes show a histogram of the lengths of the documents and, for each `max_length`, the
    shares of documents that are not truncated and of tokens that are kept. The right axes show, for
    each `max_features`, the shares of tokens and of distinct words that are in the vocabulary. The
    legends list the values for 90, 95 and 99%, and the current parameters are marked.

    Create it with `from_estimator`; `plot` draws it again.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_documents,)
        Number of tokens of each document.
    word_counts : ndarray of int of shape (n_words,)
        Number of occurrences of each word, in the order of the ids: the first word that enters
        the vocabulary is the first one.
    n_distinct : int or None, default=None
        Number of distinct words in the corpus, including words that never enter the vocabulary.
        None is the number of `word_counts` that are not 0.
    max_length : int or None, default=None
        The current parameter, to be marked.
    max_features : int or None, default=None
        The current parameter, to be marked.
    known : tuple (n_words, share) or None, default=None
        Size of a fitted vocabulary, and the share of the tokens of the corpus that are in it.

    Attributes
    ----------
    coverage_ : ndarray of float of shape (n_words,)
        Share of the tokens that are in a vocabulary of 1, 2, ... words.
    distinct_coverage_ : ndarray of float of shape (n_words,)
        Share of the distinct words that are in a vocabulary of 1, 2, ... words.
    ax_ : ndarray of matplotlib.axes.Axes, of shape (2,)
        Lengths on the left, words on the right.
    histogram_ax_ : matplotlib.axes.Axes
        Axes behind the left ones, with the histogram of the lengths.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.

    Examples
    --------
    >>> from skrnn import TextToSequence
    >>> from skrnn.plotting import CorpusDisplay
    >>> documents = ["good", "good film", "not a good film", "a bad film!"]
    >>> display = CorpusDisplay.from_estimator(TextToSequence(max_length=2), documents)
    >>> display.lengths.tolist()
    [1, 2, 4, 4]
    >>> display.word_counts.tolist()  # film, good, a, !, bad, not
    [3, 3, 2, 1, 1, 1]
    >>> display.documents_whole(2), round(display.tokens_kept(2), 3)
    (0.5, 0.636)
    >>> display.length_for(0.75), display.words_for(0.7)
    (4, 3)
    """

    def __init__(
        self,
        lengths,
        word_counts,
        n_distinct=None,
        max_length=None,
        max_features=None,
        known=None,
    ):
        self.lengths = lengths
        self.word_counts = word_counts
        self.n_distinct = n_distinct
        self.max_length = max_length
        self.max_features = max_features
        self.known = known

    @property
    def coverage_(self):
        """Share of the tokens that are in a vocabulary of 1, 2, ... words."""
        return np.cumsum(self.word_counts) / max(1, np.sum(self.lengths))

    @property
    def distinct_coverage_(self):
        """Share of the distinct words that are in a vocabulary of 1, 2, ... words."""
        occurring = np.cumsum(np.asarray(self.word_counts) > 0)
        return occurring / (occurring[-1] if self.n_distinct is None else self.n_distinct)

    @classmethod
    def from_estimator(cls, text_to_sequence, documents, *, ax=None):
        """Draw a corpus as an estimator reads it.

        Parameters
        ----------
        text_to_sequence : TextToSequence, or Pipeline that starts with one
            It need not be fitted. Words are counted and ranked as if it were fitted on these
            documents without `max_features`. If it is fitted, the coverage of its vocabulary is
            marked, too.
        documents : iterable of str of shape (n_documents,)
            As in :meth:`skrnn.TextToSequence.fit`.
        ax : pair of matplotlib.axes.Axes, default=None
            Axes for lengths and words; None creates a figure.

        Returns
        -------
        display : CorpusDisplay

        Raises
        ------
        ValueError, TypeError
            If the estimator is of another class, or `fit` would not accept the documents.
        """
        return cls(**_measure(_first_step(text_to_sequence), documents)).plot(ax=ax)

    def documents_whole(self, max_length):
        """Return the share of the documents that `max_length` does not truncate.

        Parameters
        ----------
        max_length : int or array-like of int
            Tokens of a document that are kept.

        Returns
        -------
        share : float or ndarray of float
        """
        ranked = np.sort(self.lengths)
        return _as_given(np.searchsorted(ranked, max_length, side="right") / len(ranked))

    def tokens_kept(self, max_length):
        """Return the share of the tokens that `max_length` keeps.

        Parameters
        ----------
        max_length : int or array-like of int
            Tokens of a document that are kept.

        Returns
        -------
        share : float or ndarray of float
        """
        ranked = np.sort(self.lengths)
        n_whole = np.searchsorted(ranked, max_length, side="right")
        kept = np.concatenate([[0], np.cumsum(ranked)])
        cut = (len(ranked) - n_whole) * np.asarray(max_length)
        return _as_given((kept[n_whole] + cut) / max(1, kept[-1]))

    def length_for(self, share):
        """Return the smallest `max_length` that does not truncate this share of the documents.

        Parameters
        ----------
        share : float
            In (0, 1].

        Returns
        -------
        max_length : int
        """
        return max(1, int(np.quantile(self.lengths, share, method="inverted_cdf")))

    def words_for(self, share):
        """Return the smallest `max_features` whose vocabulary has this share of the tokens.

        Parameters
        ----------
        share : float
            In (0, 1].

        Returns
        -------
        max_features : int or None
            None if there is none, since `min_df` or a given `vocabulary` excludes words.
        """
        enough = self.coverage_ >= share - 1e-12  # up to rounding
        return int(enough.argmax()) + 1 if enough[-1] else None

    def plot(self, *, ax=None):
        """Draw lengths and words.

        Parameters
        ----------
        ax : pair of matplotlib.axes.Axes, default=None
            Axes for lengths and words; None creates a figure.

        Returns
        -------
        display : CorpusDisplay
        """
        plt = check_matplotlib("CorpusDisplay")
        if ax is None:
            _, ax = plt.subplots(1, 2, figsize=(10, 4.8), layout="constrained")
        self.ax_ = flat_axes(ax, "CorpusDisplay")
        if len(self.ax_) != 2:
            raise InvalidInputError(
                f"ax has {len(self.ax_)} axes, but must have two, for lengths and words. Pass None "
                "for a new figure."
            )
        self.figure_ = self.ax_[0].figure
        self._plot_lengths(self.ax_[0])
        self._plot_words(self.ax_[1])
        for axes in self.ax_:
            axes.set_ylim(0, 1.04)
            axes.yaxis.set_major_formatter("{x:.0%}")
            axes.grid(alpha=0.3)
            # Below the axes, since a curve can be in any corner.
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False)
        return self

    def _plot_lengths(self, axes):
        upper = self._longest_drawn()
        grid = np.unique(np.linspace(0, upper, 500).astype(int))
        self.histogram_ax_ = behind = axes.twinx()
        axes.set_zorder(behind.get_zorder() + 1)
        axes.patch.set_visible(False)
        # Edges between integers, and all bins of the same width.
        width = max(1, round(upper / 40))
        edges = np.arange(-0.5, upper + width, width)
        drawn = np.asarray(self.lengths)[np.asarray(self.lengths) <= edges[-1]]
        behind.hist(drawn, bins=edges, color=ink(0.85), edgecolor=ink(1), lw=0.3)
        behind.set_ylabel("documents in each bin (grey)", color=ink(0.4))
        behind.tick_params(axis="y", colors=ink(0.4))
        whole, kept = self.documents_whole(grid), self.tokens_kept(grid)
        axes.plot(grid, whole, color=COLORS[0], label="documents left whole")
        axes.plot(grid, kept, "--", color=COLORS[1], label="tokens kept")
        at = [self.length_for(share) for share in _SHARES]
        _mark_shares(axes, at, self.documents_whole(at), "whole at", COLORS[0])
        if self.max_length is not None:
            shares = self.documents_whole(self.max_length), self.tokens_kept(self.max_length)
            label = "max_length={:,}: {} whole, {} of the tokens"
            label = label.format(self.max_length, *map(_percent, shares))
            axes.axvline(self.max_length, color=ink(0.25), ls=":", label=label)
        axes.set_xlim(0, max(upper, 1))
        longest = int(np.max(self.lengths))
        rest = f" (the longest has {longest:,} tokens)" if longest > upper else ""
        axes.set_xlabel(f"max_length{rest}")
        axes.set_ylabel("share kept")

    def _longest_drawn(self):
        """Return the end of the x axis, so that one long document does not hide the others."""
        longest = int(np.max(self.lengths))
        usual = 1.5 * np.quantile(self.lengths, 0.99)
        return int(max(min(longest, usual), 1.05 * (self.max_length or 0)))

    def _plot_words(self, axes):
        n_words = np.arange(1, len(self.word_counts) + 1)
        axes.plot(n_words, self.coverage_, color=COLORS[0], label="running tokens known")
        distinct = self.distinct_coverage_
        axes.plot(n_words, distinct, "--", color=COLORS[1], label="distinct words known")
        at = [n for n in map(self.words_for, _SHARES) if n is not None]
        if at:
            shares = self.coverage_[np.array(at) - 1]
            _mark_shares(axes, at, shares, "known at", COLORS[0])
        if self.max_features is not None:
            share = self.coverage_[min(self.max_features, len(n_words)) - 1]
            all_ = f", all {len(n_words):,} words" if self.max_features > len(n_words) else ""
            label = f"max_features={self.max_features:,}: {_percent(share)} of the tokens{all_}"
            at = min(self.max_features, len(n_words))
            axes.axvline(at, color=ink(0.25), ls=":", label=label)
        if self.known is not None:
            label = "fitted vocabulary, {:,} words: {} of the tokens"
            label = label.format(self.known[0], _percent(self.known[1]))
            axes.plot(*self.known, "*", ms=12, mec=ink(), mfc=COLORS[4], label=label)
        axes.set_xscale("log")
        # A format string, since a local function cannot be pickled.
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("max_features")
        axes.set_ylabel("share known")


def _first_step(estimator):
    first = estimator[0] if hasattr(estimator, "steps") else estimator
    if not isinstance(first, TextToSequence):
        within = "" if first is estimator else "a Pipeline that starts with the step "
        way_out = " Pass its best_estimator_." if hasattr(first, "best_estimator_") else ""
        raise InvalidTypeError(
            "Expected a TextToSequence, or a Pipeline that starts with one, got "
            f"{within}{type(first).__name__}.{way_out}"
        )
    return first


def _measure(text_to_sequence, documents):
    """Return the parameters of a display; the documents are read once."""
    text_to_sequence._validate_params()
    indices = defaultdict(count().__next__)
    tokens, lengths = text_to_sequence._read(documents, partial(map, indices.__getitem__))
    if not len(tokens):
        raise InvalidInputError(
            f"There are no words to draw: none of the {len(lengths)} documents has a token."
        )
    occurrences = np.bincount(tokens)
    given, max_features = text_to_sequence.vocabulary, text_to_sequence.max_features
    if given is None:
        min_df = text_to_sequence.min_df
        vocabulary, _ = learn_vocabulary(list(indices), tokens, lengths, None, min_df)
    else:
        vocabulary, max_features = check_vocabulary(given), None  # it is ignored

    def counts(words):
        return np.array([occurrences[indices[w]] if w in indices else 0 for w in words])

    known = None
    if hasattr(text_to_sequence, "vocabulary_"):
        words = text_to_sequence.vocabulary_
        known = (len(words), counts(words).sum() / len(tokens))
    return {
        "lengths": lengths,
        "word_counts": counts(vocabulary),
        "n_distinct": len(indices),
        "max_length": text_to_sequence.max_length,
        "max_features": max_features,
        "known": known,
    }


def _as_given(share):
    """Return a float for a number, an array for an array."""
    return share if np.ndim(share) else float(share)


def _mark_shares(axes, x, y, reached_by, color):
    shares = ", ".join(f"{share:.0%}" for share in _SHARES[: len(x)])
    label = f"{shares} {reached_by} {', '.join(f'{value:,}' for value in x)}"
    axes.plot(x, y, "o", color=color, mfc=ink(1), label=label)


def _percent(share):
    """Return a share as text, rounded down: less than all is never 100%."""
    return f"{np.floor(share * 1000 + 1e-9) / 10:.1f}%"
