"""Confusion matrices of several estimators, side by side."""

from collections.abc import Mapping
from math import ceil

import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.utils.multiclass import type_of_target, unique_labels

from skrnn._sklearn_compat import _check_sample_weight, _num_samples
from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.lookalikes import shown
from skrnn.plotting.style import check_matplotlib, flat_axes, plain
from skrnn.sequences import holds_rows, ragged_labels, refuse_unequal_rows

# Inches: side of a cell, smallest and largest side of a matrix, width of a character, of a figure.
_CELL, _SMALLEST, _LARGEST, _CHARACTER, _WIDEST = 0.55, 2.2, 5.0, 0.085, 14.0
# With more classes, the numbers in the cells overlap.
_MOST_NUMBERS = 15


class ConfusionMatricesDisplay:
    """Confusion matrices of several classifiers or taggers side by side, with one scale of colours.

    :class:`~sklearn.metrics.ConfusionMatrixDisplay` draws each matrix. All matrices have the same
    classes in the same order, even if a classifier has not predicted some of them.

    Create it with `from_estimators` or `from_predictions`; `plot` draws it again.

    Parameters
    ----------
    confusion_matrices : dict of str to ndarray of shape (n_classes, n_classes)
        The matrices by name. Rows are true classes, columns predicted ones.
    display_labels : array-like of shape (n_classes,), default=None
        Names of the classes; None is their numbers.
    normalize : {"true", "pred", "all"} or None, default=None
        How the matrices were normalized, for the label of the colour bar.
    unit : {"rows", "steps"}, default="rows"
        What is counted, for the label of the colour bar: rows, or the steps of rows of tags.

    Attributes
    ----------
    displays_ : dict of str to ConfusionMatrixDisplay
        scikit-learn's display of each matrix.
    ax_ : ndarray of matplotlib.axes.Axes, of shape (n_matrices,)
        Axes of each matrix.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        The colour bar for all matrices.

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : A single matrix.
    skrnn.compare : Scores of several estimators, by cross-validation.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.plotting import ConfusionMatricesDisplay
    >>> y_true = np.array(["bad", "bad", "good", "good"])
    >>> y_pred = {"LSTM": ["bad", "bad", "good", "good"], "NB-SVM": ["bad", "good", "good", "bad"]}
    >>> display = ConfusionMatricesDisplay.from_predictions(y_true, y_pred)
    >>> display.confusion_matrices["NB-SVM"].tolist()
    [[1, 1], [1, 1]]
    >>> [axes.get_title() for axes in display.ax_]
    ['LSTM', 'NB-SVM']
    """

    def __init__(self, confusion_matrices, *, display_labels=None, normalize=None, unit="rows"):
        self.confusion_matrices = confusion_matrices
        self.display_labels = display_labels
        self.normalize = normalize
        self.unit = unit

    @classmethod
    def from_estimators(
        cls,
        estimators,
        X,
        y,
        *,
        labels=None,
        sample_weight=None,
        normalize=None,
        display_labels=None,
        ax=None,
        **plot_kw,
    ):
        """Draw the confusion matrices of fitted classifiers or taggers.

        Parameters
        ----------
        estimators : dict of str to estimator, or list of tuple (str, estimator)
            Fitted classifiers, taggers or pipelines by name. The name is the title of the matrix.
        X : array-like or list of str
            Rows to predict, in a form that all estimators accept.
        y : array-like of shape (n_samples,), or list of list
            True classes, or a tag for each step of each row. Steps of tags are counted one by one.
        labels : array-like of shape (n_classes,), default=None
            The classes to show, in this order. None shows all classes that occur in `y` or in a
            prediction, sorted.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        normalize : {"true", "pred", "all"} or None, default=None
            Show shares of each true class (row), of each predicted class (column), or of all
            rows. None shows numbers.
        display_labels : array-like of shape (n_classes,), default=None
            Names of the classes; None is `labels`.
        ax : array-like of matplotlib.axes.Axes, default=None
            Axes to draw into, one for each estimator; None creates a figure.
        **plot_kw : dict
            Other arguments of `plot`.

        Returns
        -------
        display : ConfusionMatricesDisplay

        Raises
        ------
        ValueError
            If there are no estimators, two have the same name, the target is multilabel, the
            number of axes or labels is wrong, or rows of tags differ in length.
        TypeError
            If `estimators` is neither a dict nor a list of pairs.
        """
        y_pred = {name: estimator.predict(X) for name, estimator in _named(estimators).items()}
        return cls.from_predictions(
            y,
            y_pred,
            labels=labels,
            sample_weight=sample_weight,
            normalize=normalize,
            display_labels=display_labels,
            ax=ax,
            **plot_kw,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        labels=None,
        sample_weight=None,
        normalize=None,
        display_labels=None,
        ax=None,
        **plot_kw,
    ):
        """Draw the confusion matrices of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,), or list of list
            True classes, or a tag for each step of each row, in any container that the metrics of
            :mod:`skrnn.metrics` accept. Steps of tags are counted one by one.
        y_pred : dict of str to array-like of shape (n_samples,), or list of tuple
            Predicted classes, or rows of tags, by name. The name is the title of the matrix.
        labels : array-like of shape (n_classes,), default=None
            See `from_estimators`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        normalize : {"true", "pred", "all"} or None, default=None
            See `from_estimators`.
        display_labels : array-like of shape (n_classes,), default=None
            Names of the classes; None is `labels`.
        ax : array-like of matplotlib.axes.Axes, default=None
            Axes to draw into, one for each prediction; None creates a figure.
        **plot_kw : dict
            Other arguments of `plot`.

        Returns
        -------
        display : ConfusionMatricesDisplay

        Raises
        ------
        ValueError, TypeError
            As in `from_estimators`.
        """
        y_pred = _named(y_pred)
        for name, predicted in y_pred.items():
            if _num_samples(predicted) != _num_samples(y_true):
                raise InvalidInputError(
                    f"y_pred[{name!r}] has {_num_samples(predicted)} rows, but y_true has "
                    f"{_num_samples(y_true)}. Pass one prediction for each row."
                )
        unit = "rows"
        if holds_rows(y_true) or any(map(holds_rows, y_pred.values())):
            y_true, y_pred, sample_weight = _steps(y_true, y_pred, sample_weight)
            unit = "steps"
        if type_of_target(y_true, input_name="y_true") not in ("binary", "multiclass"):
            raise InvalidInputError(
                f"Confusion matrices need one class per row, got a {type_of_target(y_true)} "
                "target. For several labels per row, use "
                "sklearn.metrics.multilabel_confusion_matrix; for numbers, use "
                "sklearn.metrics.PredictionErrorDisplay."
            )
        if labels is None:
            labels = unique_labels(y_true, *y_pred.values())
        matrices = {
            name: confusion_matrix(
                y_true,
                predicted,
                labels=labels,
                sample_weight=sample_weight,
                normalize=normalize,
            )
            for name, predicted in y_pred.items()
        }
        if display_labels is None:
            display_labels = labels
        if len(display_labels) != len(labels):
            raise InvalidInputError(
                f"display_labels has {len(display_labels)} names, but there are {len(labels)} "
                f"classes: {list(labels)[:10]}. Pass one name for each class."
            )
        display = cls(matrices, display_labels=display_labels, normalize=normalize, unit=unit)
        return display.plot(ax=ax, **plot_kw)

    def plot(
        self,
        *,
        ax=None,
        cmap="Blues",
        include_values=None,
        values_format=None,
        xticks_rotation=None,
        colorbar=True,
    ):
        """Draw the matrices.

        Parameters
        ----------
        ax : array-like of matplotlib.axes.Axes, default=None
            Axes to draw into, one for each matrix; None creates a figure of a suitable size.
        cmap : str or matplotlib Colormap, default="Blues"
            Colour map.
        include_values : bool or None, default=None
            Whether to show the numbers in the cells. None shows them for up to 15 classes.
        values_format : str or None, default=None
            Format of the numbers. None is "d" for integers and ".2f" for others.
        xticks_rotation : float or None, default=None
            Rotation of the names on the x axis, in degrees. None rotates them if they would
            overlap.
        colorbar : bool, default=True
            Whether to add a colour bar.

        Returns
        -------
        display : ConfusionMatricesDisplay
        """
        plt = check_matplotlib("ConfusionMatricesDisplay")
        names = list(self.confusion_matrices)
        matrices = [np.asarray(self.confusion_matrices[name]) for name in names]
        n_classes = _n_classes(matrices)
        labels = range(n_classes) if self.display_labels is None else self.display_labels
        labels = [plain(label) for label in _distinct(labels)]
        own_figure = ax is None
        if own_figure:
            ax = _make_axes(plt, len(names), labels)
        self.ax_ = flat_axes(ax, "ConfusionMatricesDisplay")
        if len(self.ax_) != len(names):
            raise InvalidInputError(
                f"ax has {len(self.ax_)} axes for {len(names)} matrices: {names}. Pass one axes "
                "for each matrix, or None for a new figure."
            )
        self.figure_ = self.ax_[0].figure
        if include_values is None:
            include_values = n_classes <= _MOST_NUMBERS
        if values_format is None:
            values_format = "d" if all(m.dtype.kind in "iu" for m in matrices) else ".2f"
        shares = self.normalize in ("true", "pred")
        highest = 1.0 if shares else max(matrix.max() for matrix in matrices)
        self.displays_ = {}
        for axes, name, matrix in zip(self.ax_, names, matrices, strict=True):
            self.displays_[name] = display = ConfusionMatrixDisplay(matrix, display_labels=labels)
            display.plot(
                ax=axes,
                cmap=cmap,
                include_values=include_values,
                values_format=values_format,
                colorbar=False,
                im_kw={"vmin": 0, "vmax": highest},
            )
            axes.set_title(plain(name))
            _fit_texts(display, xticks_rotation)
        if own_figure:
            _keep_outer_labels(self.ax_)
        self.colorbar_ = None
        if colorbar:
            self.colorbar_ = self.figure_.colorbar(
                self.displays_[names[0]].im_, ax=list(self.ax_), label=self._measure()
            )
        return self

    def _measure(self):
        weighted = any(np.asarray(m).dtype.kind == "f" for m in self.confusion_matrices.values())
        return {
            None: f"weight of the {self.unit}" if weighted else f"number of {self.unit}",
            "true": "share of the true class",
            "pred": "share of the predicted class",
            "all": f"share of all {self.unit}",
        }[self.normalize]


def _steps(y_true, y_pred, sample_weight):
    """Return tags as classes of steps, and the weights of the rows as those of steps."""
    true, offsets = ragged_labels(y_true, "y_true")
    flat = {}
    for name, predicted in y_pred.items():
        flat[name], others = ragged_labels(predicted, f"y_pred[{name!r}]")
        refuse_unequal_rows(others, offsets, f"y_pred[{name!r}]", "y_true")
    if sample_weight is not None:
        rows = np.empty((len(offsets) - 1, 1))
        weights = _check_sample_weight(sample_weight, rows, ensure_non_negative=True)
        sample_weight = np.repeat(weights, np.diff(offsets))
    return true, flat, sample_weight


def _named(things):
    """Return a dict or a list of pairs as a dict."""
    if isinstance(things, Mapping):
        pairs = list(things.items())
    elif isinstance(things, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str)
        for pair in things
    ):
        pairs = list(things)
    else:
        raise InvalidTypeError(
            f'Expected a dict such as {{"LSTM": a, "NB-SVM": b}}, or a list of such pairs, got a '
            f"{type(things).__name__}. A single one needs a name, too."
        )
    if not pairs:
        raise InvalidInputError(
            "There is nothing to draw. Pass at least one estimator or prediction."
        )
    if len(dict(pairs)) < len(pairs):
        raise InvalidInputError(f"Names must differ, got {[name for name, _ in pairs]}.")
    return dict(pairs)


def _distinct(labels):
    """Return the labels, with quotes and escapes if two str would look the same."""
    labels = list(labels)
    if len(set(labels)) < len(labels) or not all(isinstance(label, str) for label in labels):
        return labels
    return shown([str(label) for label in labels], escape=str)


def _n_classes(matrices):
    shapes = [matrix.shape for matrix in matrices]
    if len(set(shapes)) != 1 or len(shapes[0]) != 2 or shapes[0][0] != shapes[0][1]:
        raise InvalidInputError(
            f"The confusion matrices must be square and have the same size, got shapes {shapes}. "
            "Compute them with the same labels=."
        )
    return shapes[0][0]


def _make_axes(plt, n_matrices, labels):
    """Return the axes of a figure with room for matrices and names of classes."""
    side = np.clip(_CELL * len(labels), _SMALLEST, _LARGEST)
    longest = _CHARACTER * max(map(len, labels))
    margin = 0.6 + longest
    below = 0.6 + (0.7 * longest if longest > side / len(labels) else 0.2)
    room = _WIDEST - margin - 1  # 1 for the colour bar
    n_columns = min(n_matrices, max(1, int(room / (side + 0.3))))
    n_rows = ceil(n_matrices / n_columns)
    size = (margin + 1 + n_columns * (side + 0.3), 0.4 + n_rows * (side + 0.4) + below)
    grid = {"figsize": size, "layout": "compressed", "squeeze": False}
    _, ax = plt.subplots(n_rows, n_columns, **grid)
    for unused in ax.ravel()[n_matrices:]:
        unused.remove()
    return ax.ravel()[:n_matrices]


def _keep_outer_labels(ax):
    """Name true classes only at the left, and predicted ones only if no matrix is below."""
    columns = ax[0].get_gridspec().ncols
    for place, axes in enumerate(ax):
        if place % columns:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
        if place + columns < len(ax):
            axes.set_xlabel("")
            axes.tick_params(labelbottom=False)


def _fit_texts(display, rotation):
    """Make numbers and names readable: they fit into the cells and contrast with them."""
    axes, matrix = display.ax_, display.confusion_matrix
    box = axes.get_window_extent()  # in pixels; a subfigure has no size in inches
    cell = min(box.width, box.height) * 72 / axes.figure.dpi / len(matrix)  # points
    if display.text_ is not None:
        longest = max(len(text.get_text()) for text in display.text_.flat)
        fontsize = min(10, 0.9 * cell / (0.6 * longest))
        for text, value in zip(display.text_.flat, matrix.flat, strict=True):
            # By the common scale, while scikit-learn uses the range of the matrix.
            red, green, blue, _ = display.im_.cmap(display.im_.norm(value))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            text.set(color="white" if dark else "black", fontsize=fontsize)
    names = axes.get_xticklabels()
    fontsize = min(10, 0.85 * cell)
    axes.tick_params(labelsize=fontsize)
    if rotation is None:
        longest = 0.6 * fontsize * max(len(name.get_text()) for name in names)
        rotation = (45 if len(names) <= _MOST_NUMBERS else 90) if longest > 0.95 * cell else 0
    if rotation:
        slanting = rotation % 90 != 0
        for name in names:
            name.set(rotation=rotation, ha="right" if slanting else "center")
            name.set_rotation_mode("anchor" if slanting else None)
