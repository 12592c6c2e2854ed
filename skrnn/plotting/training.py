"""Loss and accuracy of a fit by epoch."""

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.plotting.style import check_matplotlib, flat_axes, in_legend, ink, line_color, plain

_FURTHER = "further losses"
_LEGEND = "skrnn-training-curves"  # marks our own legends


class TrainingCurveDisplay:
    """Loss and accuracy of a network by epoch.

    Create it with `from_estimator`; `plot` draws it again. Further losses of the training
    (`adversarial_loss`, `virtual_adversarial_loss`, `entropy`) are in separate axes.

    Parameters
    ----------
    history : dict of str to list of float
        The `history_` of an estimator: lists of the same length, including "loss". NaN is for
        epochs without the measure.
    best_epoch : int or None, default=None
        The epoch to mark, counted from 1.
    name : str or None, default=None
        Name of the fit in the legend, for several fits in the same axes.

    Attributes
    ----------
    ax_ : ndarray of matplotlib.axes.Axes, of shape (n_panels,)
        Axes of the loss, the accuracy, and further losses if there are any.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.

    See Also
    --------
    SearchCurveDisplay : Scores of all candidates of a search by epoch.
    sklearn.model_selection.LearningCurveDisplay : Scores by number of training rows.

    Examples
    --------
    >>> from skrnn.plotting import TrainingCurveDisplay
    >>> history = {
    ...     "loss": [0.69, 0.42, 0.31],
    ...     "accuracy": [0.52, 0.81, 0.88],
    ...     "val_loss": [0.66, 0.48, 0.52],
    ...     "val_accuracy": [0.55, 0.80, 0.79],
    ... }
    >>> display = TrainingCurveDisplay(history, best_epoch=2).plot()
    >>> [axes.get_ylabel() for axes in display.ax_]
    ['loss', 'accuracy']
    """

    def __init__(self, history, best_epoch=None, name=None):
        self.history = history
        self.best_epoch = best_epoch
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, name=None):
        """Draw the training of a fitted estimator.

        With early stopping, the epoch whose weights the estimator has is marked.

        Parameters
        ----------
        estimator : RNNClassifier, or Pipeline that ends in one
            Fitted. Any other estimator that has a `history_` with "loss" is possible.
        ax : array-like of matplotlib.axes.Axes, of shape (n_panels,), default=None
            Axes to draw into, see `plot`.
        name : str or None, default=None
            Name of the fit in the legend.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        ValueError
            If the estimator has no `history_`, or has not finished an epoch.

        Examples
        --------
        >>> from sklearn.pipeline import make_pipeline
        >>> from skrnn import RNNClassifier, TextToSequence, make_reviews
        >>> from skrnn.plotting import TrainingCurveDisplay
        >>> reviews, labels = make_reviews(200, random_state=0)
        >>> clf = RNNClassifier("rnn", units=4, epochs=2, ngram_range=None, random_state=0)
        >>> pipe = make_pipeline(TextToSequence(), clf).fit(reviews, labels)
        >>> TrainingCurveDisplay.from_estimator(pipe).ax_.shape
        (2,)
        """
        last = estimator[-1] if hasattr(estimator, "steps") else estimator
        if not hasattr(last, "history_"):
            way_out = "a fitted RNNClassifier, or a fitted Pipeline that ends in one"
            if hasattr(last, "best_estimator_"):
                way_out = "its best_estimator_"
            raise InvalidInputError(
                f"{type(last).__name__} has no history_ to draw. Pass {way_out}."
            )
        return cls(last.history_, _best_epoch(last), name).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : array-like of matplotlib.axes.Axes, of shape (n_panels,), default=None
            Axes for the loss, the accuracy, and further losses if there are any. With fewer
            axes, the last ones are not drawn. None creates a figure.

        Returns
        -------
        display : TrainingCurveDisplay
        """
        plt = check_matplotlib("TrainingCurveDisplay")
        self._check_history()
        panels = self._panels()
        own_figure = ax is None
        if own_figure:
            size = (4.5 * len(panels), 3.8)
            _, ax = plt.subplots(1, len(panels), figsize=size, layout="constrained", squeeze=False)
        self.ax_ = flat_axes(ax, "TrainingCurveDisplay")
        if len(self.ax_) > len(panels):
            raise InvalidInputError(
                f"ax has {len(self.ax_)} axes, but there is only {', '.join(panels)} to draw. "
                f"Pass {len(panels)} axes, or None for a new figure."
            )
        self.figure_ = self.ax_[0].figure
        for axes, label in zip(self.ax_, panels, strict=False):
            self._plot_panel(axes, label, panels[label])
        own_legends = [x for x in self.figure_.legends if x.get_gid() == _LEGEND]
        for legend in own_legends:  # of another fit in the same figure; one for both follows
            legend.remove()
        in_figure = own_figure or bool(own_legends)
        if in_figure:
            # Above the axes, where there are no curves; loss and accuracy have the same lines.
            lines = self.ax_[0].get_legend_handles_labels()
            n_fits = sum(label.endswith("training") for label in lines[1])
            columns = 3 if n_fits < 2 else n_fits  # a row, or a column for each fit
            above = {"loc": "outside upper center", "ncols": columns, "frameon": False}
            self.figure_.legend(*lines, **above).set_gid(_LEGEND)
        for axes in self.ax_[2 if in_figure else 0 :]:
            axes.legend()
        return self

    def _check_history(self):
        lengths = {key: len(values) for key, values in self.history.items()}
        if not lengths.get("loss"):
            raise InvalidInputError("There is no epoch to draw: history has no values of 'loss'.")
        if len(set(lengths.values())) > 1:
            raise InvalidInputError(
                f"The lists of history have different lengths: {lengths}. Each needs one value for "
                "every epoch, or NaN."
            )

    def _panels(self):
        """Return {y label: curves} of all axes; a curve is (key of the history, label, style)."""
        measures = [key for key in self.history if not key.startswith("val_")]
        further = [key for key in measures if key.endswith("_loss") or key == "entropy"]
        rest = [key for key in measures if key not in (*further, "loss", "accuracy")]
        panels = {
            # Markers and dashes differ as well as colours.
            key: [(key, "training", "o-"), (f"val_{key}", "validation", "s--")]
            for key in ("loss", "accuracy", *rest)
            if key in self.history
        }
        if "val_score" in self.history and "score" not in self.history:
            panels["score"] = [("val_score", "validation", "s--")]
        if further:
            styles = ("o-", "s--", "^-.", "D:")
            panels[_FURTHER] = [
                (key, key.replace("_", " "), styles[i % 4]) for i, key in enumerate(further)
            ]
        return panels

    def _plot_panel(self, axes, label, curves):
        from matplotlib.ticker import MaxNLocator

        of_this_fit = f"{self.name}, " if self.name else ""
        epochs = np.arange(1, len(self.history["loss"]) + 1)
        style = {"markersize": 4, "markevery": max(1, len(epochs) // 20)}
        mark = ink(0.35)
        for key, curve, dash in curves:
            values = np.asarray(self.history.get(key, np.nan), dtype=float)
            if np.isnan(values).all():
                continue
            # Continue the colours of another fit in these axes.
            n_before = sum(line.get_marker() != "None" for line in axes.lines)
            color, text = line_color(n_before), in_legend(of_this_fit + curve)
            axes.plot(epochs, values, dash, label=text, color=color, **style)
            mark = color if self.name else mark
        if self.best_epoch is not None:
            text = in_legend(f"{of_this_fit}best epoch")
            axes.axvline(self.best_epoch, color=mark, ls=":", label=text)
        axes.set_xlabel("epoch")
        axes.set_ylabel(plain(label))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if len(epochs) == 1:
            axes.set_xlim(0.5, max(1.5, axes.get_xlim()[1]))
        axes.grid(alpha=0.3)


def _best_epoch(estimator):
    """Return the epoch whose weights early stopping has kept, or None without early stopping."""
    best = getattr(estimator, "best_epoch_", None)
    stopped = getattr(estimator, "early_stopping", False) and "val_loss" in estimator.history_
    return best if stopped or best != getattr(estimator, "n_iter_", best) else None
