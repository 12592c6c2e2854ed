"""Loss and accuracy of a fit, epoch by epoch."""

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.plotting.style import check_matplotlib, flat_axes, in_legend, ink, line_color, plain

_FURTHER = "further losses"
_LEGEND = "skrnn-training-curves"  # by which a legend of ours is known again


class TrainingCurveDisplay:
    """Loss and accuracy of a network, epoch by epoch.

    Made by `from_estimator`; `plot` draws it again. Further losses of the training
    (`adversarial_loss`, `virtual_adversarial_loss`, `entropy`) have a picture of their own.

    Parameters
    ----------
    history : dict of str to list of float
        An estimator's `history_`: lists of one length, "loss" among them. NaN is an epoch without
        the measure.
    best_epoch : int or None, default=None
        The epoch to mark, counted from 1.
    name : str or None, default=None
        What the legend calls the fit; useful where several are drawn into the same axes.

    Attributes
    ----------
    ax_ : ndarray of matplotlib.axes.Axes, of shape (n_panels,)
        Loss on the left, then accuracy, and further losses where there are some.
    figure_ : matplotlib.figure.Figure
        The figure they are in.

    See Also
    --------
    SearchCurveDisplay : Scores by epoch, of all candidates of a search.
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

        With early stopping, the epoch whose weights it has is marked.

        Parameters
        ----------
        estimator : RNNClassifier, or Pipeline that ends in one
            Fitted; any estimator that has a `history_` with "loss" will do.
        ax : array-like of matplotlib.axes.Axes, of shape (n_panels,), default=None
            Where to draw, see `plot`.
        name : str or None, default=None
            What the legend calls the fit.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        ValueError
            If the estimator has no `history_`, or no epoch is finished.

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
        """Draw.

        Parameters
        ----------
        ax : array-like of matplotlib.axes.Axes, of shape (n_panels,), default=None
            Where to draw loss, accuracy, and further losses where there are some; only as many
            are drawn as there are axes. None makes a figure.

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
                f"Pass {len(panels)}, or None for a new figure."
            )
        self.figure_ = self.ax_[0].figure
        for axes, label in zip(self.ax_, panels, strict=False):
            self._plot_panel(axes, label, panels[label])
        own_legends = [x for x in self.figure_.legends if x.get_gid() == _LEGEND]
        for legend in own_legends:  # of another fit in the same figure: one of both follows
            legend.remove()
        in_figure = own_figure or bool(own_legends)
        if in_figure:
            # Above the axes, where no curve runs; loss and accuracy have the same lines.
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
                f"The lists of history differ in length: {lengths}. Each needs a value for every "
                "epoch; NaN where there is none."
            )

    def _panels(self):
        """Return, for each axes by its y label, the curves: key of the history, label, style."""
        measures = [key for key in self.history if not key.startswith("val_")]
        further = [key for key in measures if key.endswith("_loss") or key == "entropy"]
        rest = [key for key in measures if key not in (*further, "loss", "accuracy")]
        panels = {
            # Told apart by marker and dash too, not by colour alone.
            key: [(key, "training", "o-"), (f"val_{key}", "validation", "s--")]
            for key in ("loss", "accuracy", *rest)
            if key in self.history
        }
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
            # Colours go on from what another fit has drawn here.
            n_before = sum(line.get_marker() != "None" for line in axes.lines)
            color, told = line_color(n_before), in_legend(of_this_fit + curve)
            axes.plot(epochs, values, dash, label=told, color=color, **style)
            mark = color if self.name else mark
        if self.best_epoch is not None:
            told = in_legend(f"{of_this_fit}best epoch")
            axes.axvline(self.best_epoch, color=mark, ls=":", label=told)
        axes.set_xlabel("epoch")
        axes.set_ylabel(plain(label))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if len(epochs) == 1:
            axes.set_xlim(0.5, max(1.5, axes.get_xlim()[1]))
        axes.grid(alpha=0.3)


def _best_epoch(estimator):
    """Return the epoch whose weights early stopping has kept; None where there was none."""
    best = getattr(estimator, "best_epoch_", None)
    stopped = getattr(estimator, "early_stopping", False) and "val_loss" in estimator.history_
    return best if stopped or best != getattr(estimator, "n_iter_", best) else None
