"""Display of the states and gates of recurrent layers, step by step."""

from numbers import Integral

import numpy as np

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.inspection.attribution_display import diverging, label
from skrnn.plotting.style import check_matplotlib, flat_axes

# Gates are between 0 and 1. The other activations are around 0, where the colour is white.
GATES = {"input_gate", "forget_gate", "output_gate", "update_gate", "reset_gate"}
# Maximum number of tick labels that are readable. With more tokens, every second, third, ... is
# labelled.
MAX_LABELS = 48


class TraceDisplay:
    """Maps of the gates and states of a recurrent layer, with a row for each unit.

    Time runs from left to right. Create it with `from_estimator`, or with
    :meth:`skrnn.inspection.Trace.plot`. `plot` draws it again.

    Parameters
    ----------
    trace : skrnn.inspection.Trace
        From :func:`skrnn.trace`.
    layer : int, default=0
        Number of the layer in a stack; negative numbers count from the last.
    direction : {"forward", "backward"}, default="forward"
        Direction in which the layer reads. For "backward", read the map from right to left.
    activations : str, list of str or None, default=None
        Names of the activations to draw, from ``trace.layers[layer][direction]``; None draws all.

    Attributes
    ----------
    ax_ : ndarray of matplotlib.axes.Axes, of shape (n_activations,)
        The axes, from top to bottom.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.

    Examples
    --------
    >>> from skrnn import RNNClassifier, TextToSequence, make_reviews
    >>> from sklearn.pipeline import make_pipeline
    >>> reviews, labels = make_reviews(40, random_state=0)
    >>> clf = RNNClassifier(cell="rnn", units=2, epochs=1, random_state=0)
    >>> pipe = make_pipeline(TextToSequence(), clf).fit(reviews, labels)
    >>> from skrnn.inspection import TraceDisplay
    >>> display = TraceDisplay.from_estimator(pipe, ["The plot wasn't dull"])
    >>> len(display.ax_)  # a simple RNN has states, and no gates
    1
    """

    def __init__(self, trace, *, layer=0, direction="forward", activations=None):
        self.trace = trace
        self.layer = layer
        self.direction = direction
        self.activations = activations

    @classmethod
    def from_estimator(
        cls, estimator, X, *, network=0, layer=0, direction="forward", activations=None, ax=None
    ):
        """Trace one text and draw it.

        Parameters
        ----------
        estimator : Pipeline or RNNClassifier
            A fitted estimator, see :func:`skrnn.trace`.
        X : list of one str, or array-like with one row
            The text to trace, or the token ids or numeric sequence for an RNNClassifier.
        network : int, default=0
            Which of the `n_networks` of the estimator, counted from 0.
        layer : int, default=0
            Number of the layer in a stack.
        direction : {"forward", "backward"}, default="forward"
            Direction in which the layer reads.
        activations : str, list of str or None, default=None
            Names of the activations to draw; None draws all.
        ax : array of matplotlib.axes.Axes, default=None
            Axes to draw on, one for each activation; None creates a figure.

        Returns
        -------
        display : TraceDisplay

        Raises
        ------
        ValueError
            If X has several rows, and in the cases of :func:`skrnn.trace`.
        """
        from skrnn.inspection.tracing import trace

        check_matplotlib(cls.__name__)  # before the work
        found = trace(estimator, X, network=network)
        if len(found) != 1:
            raise InvalidInputError(
                f"{cls.__name__} draws one text, but X has {len(found)} rows. Pass a list of one, "
                "or draw each of trace(estimator, X) with its plot()."
            )
        display = cls(found[0], layer=layer, direction=direction, activations=activations)
        return display.plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the maps.

        Parameters
        ----------
        ax : array of matplotlib.axes.Axes, default=None
            Axes to draw on, one for each activation; None creates a figure.

        Returns
        -------
        display : TraceDisplay

        Raises
        ------
        ValueError
            If the trace has no such layer, direction or activation, or the number of axes differs
            from that of the activations.
        """
        plt = check_matplotlib(type(self).__name__)
        arrays = self._chosen()
        n_steps, n_units = next(iter(arrays.values())).shape
        if ax is None:
            width = float(np.clip(1.8 + 0.24 * n_steps, 5, 13))
            height = len(arrays) * float(np.clip(0.5 + 0.07 * n_units, 1.1, 2.6)) + 1.0
            _, ax = plt.subplots(
                len(arrays), figsize=(width, height), sharex=True, layout="constrained"
            )
        self.ax_ = flat_axes(ax, type(self).__name__)
        if len(self.ax_) != len(arrays):
            raise InvalidInputError(
                f"ax has {len(self.ax_)} axes, but must have {len(arrays)}, one for each of "
                f"{', '.join(arrays)}."
            )
        self.figure_ = self.ax_[0].figure
        for axes, (name, array) in zip(self.ax_, arrays.items(), strict=True):
            self._plot_map(axes, name, array)
        self._label_steps(n_steps)
        return self

    def _chosen(self):
        layers = getattr(self.trace, "layers", None)
        if layers is None:
            raise InvalidTypeError(
                f"TraceDisplay draws a Trace, got a {type(self.trace).__name__}. Pass an element "
                "of the list that skrnn.trace(estimator, X) returns, or use "
                "TraceDisplay.from_estimator."
            )
        if not isinstance(self.layer, Integral):
            raise InvalidTypeError(f"layer must be an integer, got {self.layer!r}.")
        if not -len(layers) <= self.layer < len(layers):
            raise InvalidInputError(f"layer={self.layer!r}: the network has {len(layers)} layers.")
        of_layer = layers[self.layer]
        if self.direction not in of_layer:
            raise InvalidInputError(
                f"direction={self.direction!r}: the layer reads {' and '.join(of_layer)}."
            )
        arrays = of_layer[self.direction]
        wanted = [self.activations] if isinstance(self.activations, str) else self.activations
        names = list(arrays) if wanted is None else list(wanted)
        unknown = [name for name in names if name not in arrays]
        if unknown or not names:
            raise InvalidInputError(
                f"activations={self.activations!r}: a layer of the kind {self.trace.cell!r} has "
                f"{', '.join(arrays)}."
            )
        return {name: arrays[name] for name in names}

    def _plot_map(self, axes, name, array):
        told = name.replace("_", " ")
        if name in GATES:
            colors = {"cmap": "Greys", "vmin": 0, "vmax": 1}
        else:
            limit = max(1.0, float(np.abs(array).max(initial=0)))  # only cells exceed 1
            # Without this note, a hidden state of 1 would seem as strong as a larger cell state.
            told += f" (full colour at ±{limit:.2g})" if limit > 1 else ""
            colors = {"cmap": diverging(), "vmin": -limit, "vmax": limit}
        image = axes.imshow(array.T, aspect="auto", interpolation="none", **colors)
        bar = self.figure_.colorbar(image, ax=axes, pad=0.015, aspect=8)
        bar.ax.tick_params(labelsize="x-small")
        axes.set_title(told, fontsize="medium", loc="left", pad=3)
        axes.set_ylabel("unit", fontsize="small")
        axes.tick_params(labelsize="small")
        axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)

    def _label_steps(self, n_steps):
        for axes in self.ax_[:-1]:
            axes.tick_params(labelbottom=False)
        last, backward = self.ax_[-1], self.direction == "backward"
        of_layer = self.trace.layers[self.layer]
        if len(of_layer) > 1 or len(self.trace.layers) > 1:
            number = range(len(self.trace.layers))[self.layer] + 1
            told = f"layer {number}, {self.direction}"
            self.ax_[0].set_title(told, fontsize="medium", loc="right", pad=3)
        if backward:
            last.set_xlabel("\N{LEFTWARDS ARROW}  read from right to left")
        if self.trace.tokens is None:
            if not backward:
                last.set_xlabel("time step")
            last.xaxis.get_major_locator().set_params(integer=True)
            return
        places = np.arange(0, n_steps, -(-n_steps // MAX_LABELS))
        for axes in self.ax_:
            axes.set_xticks(places)
        last.set_xticklabels([label(self.trace, i, 14) for i in places], rotation=90)
