"""Pictures in scikit-learn's Display convention."""

import numpy as np


def check_matplotlib(caller):
    """Import matplotlib's pyplot, or say how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib. Install it with: pip install 'skrnn[plot]'"
        ) from error
    return plt


class TrainingCurveDisplay:
    """Loss and accuracy of a network, epoch by epoch.

    Made by `from_estimator`; `plot` draws it again.

    Parameters
    ----------
    history : dict of str to list of float
        An estimator's `history_`.
    best_epoch : int or None, default=None
        The epoch to mark, counted from 1.

    Attributes
    ----------
    ax_ : ndarray of matplotlib.axes.Axes, of shape (2,)
        Loss on the left, accuracy on the right.
    figure_ : matplotlib.figure.Figure
        The figure they are in.
    """

    def __init__(self, history, best_epoch=None):
        self.history = history
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the training of a fitted estimator.

        Parameters
        ----------
        estimator : RNNClassifier, or Pipeline that ends in one
            Fitted.
        ax : pair of matplotlib.axes.Axes, default=None
            Where to draw loss and accuracy; None makes a figure.

        Returns
        -------
        display : TrainingCurveDisplay
        """
        last = estimator[-1] if hasattr(estimator, "steps") else estimator
        if not hasattr(last, "history_"):
            raise ValueError(
                f"{type(last).__name__} has no history_ to draw. Pass a fitted RNNClassifier, or "
                "a fitted Pipeline that ends in one."
            )
        best = last.best_epoch_ if last.best_epoch_ != last.n_iter_ else None
        return cls(last.history_, best).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : pair of matplotlib.axes.Axes, default=None
            Where to draw loss and accuracy; None makes a figure.

        Returns
        -------
        display : TrainingCurveDisplay
        """
        plt = check_matplotlib("TrainingCurveDisplay")
        if ax is None:
            _, ax = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
        self.ax_ = np.asarray(ax)
        self.figure_ = self.ax_[0].figure
        for axes, measure in zip(self.ax_, ("loss", "accuracy"), strict=True):
            self._plot_measure(axes, measure)
        return self

    def _plot_measure(self, axes, measure):
        epochs = np.arange(1, len(self.history["loss"]) + 1)
        # Told apart by marker and dash too, not by colour alone.
        for key, label, style in (
            (measure, "training", "o-"),
            (f"val_{measure}", "validation", "s--"),
        ):
            if key in self.history:
                axes.plot(epochs, self.history[key], style, label=label, markersize=4)
        if self.best_epoch is not None:
            axes.axvline(self.best_epoch, color="0.5", linestyle=":", label="best epoch")
        axes.set_xlabel("epoch")
        axes.set_ylabel(measure)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
