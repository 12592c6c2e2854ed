"""What recurrent layers hold, step by step."""

from numbers import Integral

import numpy as np

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.inspection.attribution_display import diverging, label
from skrnn.plotting.style import check_matplotlib, flat_axes

# Between 0 and 1: how far a gate is open. The others are around 0, where the colour is white.
GATES = {"input_gate", "forget_gate", "output_gate", "update_gate", "reset_gate"}
# So many tokens can be read below a map; of more, every second, third ... is written.
MAX_LABELS = 48


class TraceDisplay:
    """Maps of the gates and states of a recurrent layer: time from left to right, a row a unit.

    Made by `from_estimator`, or by :meth:`skrnn.inspection.Trace.plot`; `plot` draws it again.

    Parameters
    ----------
    trace : skrnn.inspection.Trace
        From :func:`skrnn.trace`.
    layer : int, default=0
        Which layer of a stack; negative numbers count from the last.
    direction : {"forward", "backward"}, default="forward"
        Which way it reads. Backward, read the map from right to left.
    activations : str, list of str or None, default=None
        What to draw, by the names in ``trace.layers[layer][direction]``; None draws all.

    Attributes
    ----------
    ax_ : ndarray of matplotlib.axes.Axes, of shape (n_activations,)
        One below the other.
    figure_ : matplotlib.figure.Figure
        The figure they are in.

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
        cls, estimator, X, *, layer=0, direction="forward", activations=None, ax=None
    ):
        """Trace one text and draw it.

        Parameters
        ----------
        estimator : Pipeline or RNNClassifier
            Fitted, see :func:`skrnn.trace`.
        X : list of one str, or one row of what an RNNClassifier takes
            What to trace.
        layer : int, default=0
            Which layer of a stack.
        direction : {"forward", "backward"}, default="forward"
            Which way it reads.
        activations : str, list of str or None, default=None
            What to draw; None draws all.
        ax : array of matplotlib.axes.Axes, one an activation, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : TraceDisplay

        Raises
        ------
        ValueError
            For several rows, and as :func:`skrnn.trace` does.
        """
        from skrnn.inspection.tracing import trace

        check_matplotlib(cls.__name__)  # before the work
        found = trace(estimator, X)
        if len(found) != 1:
            raise InvalidInputError(
                f"{cls.__name__} draws one text, but X has {len(found)} rows. Pass a list of one, "
                "or draw each of trace(estimator, X) with its plot()."
            )
        display = cls(found[0], layer=layer, direction=direction, activations=activations)
        return display.plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : array of matplotlib.axes.Axes, one an activation, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : TraceDisplay

        Raises
        ------
        ValueError
            Where the trace has no such layer, direction or activation, or `ax` is not one for
            each activation.
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
                f"ax has {len(self.ax_)} axes, but {len(arrays)} are wanted, one each for "
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
                f"TraceDisplay draws a Trace, got a {type(self.trace).__name__}. Pass one of those "
                "that skrnn.trace(estimator, X) returns, or use TraceDisplay.from_estimator."
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
            limit = max(1.0, float(np.abs(array).max(initial=0)))  # beyond 1 only a cell goes
            # Or the hidden state, in full colour at 1, would seem stronger than the cell it is of.
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
