"""Scores of all candidates of a search by one of its parameters."""

import numpy as np
from sklearn.exceptions import NotFittedError

from skrnn.exceptions import InvalidInputError
from skrnn.plotting.cv_results import (
    choose_param,
    choose_score,
    last_rounds,
    make_curves,
    short_names,
)
from skrnn.plotting.style import (
    DASHES,
    MARKERS,
    check_matplotlib,
    in_legend,
    ink,
    line_color,
    one_axes,
    plain,
)

# More lines than this cannot be distinguished; the others have this light grey.
_N_NAMED = 8
_N_BANDS = 3
_REST = 0.75
# The x axis is logarithmic if the largest value is at least so many times the smallest.
_LOG_FROM = 50


class SearchCurveDisplay:
    """Scores of all candidates of a search by one parameter, for example the epochs.

    There is a line for each combination of the other parameters: the mean over the folds and, as a
    band or as bars, its standard deviation. If there are more than eight lines, the seven best are
    coloured and named.

    Create it with `from_estimator` or `from_cv_results`; `plot` draws it again.

    Parameters
    ----------
    param : str
        The parameter on the x axis.
    curves : list of SearchCurve
        The curves, best first.
    best_index : int
        The row of `cv_results_` to mark.
    score_name : str, default="score"
        Label of the y axis.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes with the curves.
    figure_ : matplotlib.figure.Figure
        The figure of the axes.
    lines_ : list of matplotlib.lines.Line2D
        The lines of `curves`, in the same order.

    See Also
    --------
    TrainingCurveDisplay : Loss and accuracy of a single fit.
    sklearn.model_selection.ValidationCurveDisplay : Scores by one parameter, without a search.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skrnn.plotting import SearchCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"max_depth": [1, 2, 3], "criterion": ["gini", "entropy"]}
    >>> search = GridSearchCV(DecisionTreeClassifier(random_state=0), grid).fit(X, y)
    >>> display = SearchCurveDisplay.from_estimator(search)
    >>> display.param
    'max_depth'
    >>> [curve.label for curve in display.curves]
    ['criterion=gini', 'criterion=entropy']
    """

    def __init__(self, param, curves, best_index, score_name="score"):
        self.param = param
        self.curves = curves
        self.best_index = best_index
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, search, *, param=None, scoring=None, ax=None, std_display_style="auto"):
        """Draw the scores of a fitted search.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV, or a search with the same `cv_results_`
            Fitted. After a successive halving with more and more rows, the score of each candidate
            is the one with the most rows.
        param : str or None, default=None
            The numeric parameter on the x axis, by its full name or the part after the last
            ``__``. None chooses the one that ends in "epochs", if it varies, or else the only
            numeric one that varies. "n_resources" is possible after a successive halving.
        scoring : str or None, default=None
            The score to draw, if the search has several. None is the score of ``refit``.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw into; None creates a figure.
        std_display_style : {"auto", "fill_between", "errorbar"} or None, default="auto"
            How to draw the standard deviation over the folds, see `plot`.

        Returns
        -------
        display : SearchCurveDisplay
            The marked candidate is the `best_index_` of the search. If it has none, it is the best
            one by this score.

        Raises
        ------
        NotFittedError
            If the search has no `cv_results_`.
        ValueError
            If the parameter or the score is ambiguous, or the parameter is not numeric. The
            message lists the choices.
        """
        if not hasattr(search, "cv_results_"):
            raise NotFittedError(
                f"This {type(search).__name__} has no cv_results_ to draw. Pass a GridSearchCV, "
                "RandomizedSearchCV or another search with cross-validation, after its fit."
            )
        several = getattr(search, "multimetric_", False)
        refit = getattr(search, "refit", None)
        if several and scoring is None and isinstance(refit, str):
            scoring = refit
        single = getattr(search, "scoring", None)
        display = cls._read(
            search.cv_results_,
            param=param,
            scoring=scoring,
            score_name=single if isinstance(single, str) else None,
            best_index=getattr(search, "best_index_", None),
        )
        return display.plot(ax=ax, std_display_style=std_display_style)

    @classmethod
    def from_cv_results(
        cls, cv_results, *, param=None, scoring=None, ax=None, std_display_style="auto"
    ):
        """Draw the `cv_results_` of a search.

        Parameters
        ----------
        cv_results : dict of str to array-like
            The `cv_results_` of a search: "params", and "mean_test_score" and "std_test_score",
            or the same keys with the name of another score.
        param : str or None, default=None
            See `from_estimator`.
        scoring : str or None, default=None
            The score to draw, if there are several.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw into; None creates a figure.
        std_display_style : {"auto", "fill_between", "errorbar"} or None, default="auto"
            How to draw the standard deviation over the folds, see `plot`.

        Returns
        -------
        display : SearchCurveDisplay
            The candidate with the best mean is marked.

        Raises
        ------
        ValueError
            As in `from_estimator`.

        Examples
        --------
        >>> from skrnn.plotting import SearchCurveDisplay
        >>> cv_results = {
        ...     "params": [{"epochs": n, "units": m} for m in (8, 16) for n in (2, 4, 8)],
        ...     "mean_test_score": [0.61, 0.72, 0.78, 0.70, 0.83, 0.81],
        ...     "std_test_score": [0.02, 0.02, 0.01, 0.03, 0.01, 0.02],
        ... }
        >>> display = SearchCurveDisplay.from_cv_results(cv_results)
        >>> [(curve.label, curve.mean.tolist()) for curve in display.curves]
        [('units=16', [0.7, 0.83, 0.81]), ('units=8', [0.61, 0.72, 0.78])]
        """
        display = cls._read(cv_results, param=param, scoring=scoring)
        return display.plot(ax=ax, std_display_style=std_display_style)

    @classmethod
    def _read(cls, cv_results, *, param, scoring, score_name=None, best_index=None):
        scoring = choose_score(cv_results, scoring)
        mean = np.asarray(cv_results[f"mean_test_{scoring}"], dtype=float)
        std = np.asarray(cv_results.get(f"std_test_{scoring}", np.full_like(mean, np.nan)), float)
        if np.isnan(mean).all():
            raise InvalidInputError(f"There is no score to draw: mean_test_{scoring} has only NaN.")
        candidates, rows = list(cv_results["params"]), last_rounds(cv_results)
        if param == "n_resources" and param in cv_results:
            rounds = zip(candidates, cv_results[param], strict=True)
            candidates, rows = [{**c, param: n} for c, n in rounds], np.arange(len(candidates))
        param = choose_param([candidates[row] for row in rows], param)
        curves = make_curves(candidates, rows, param, mean, std)
        if best_index is None:
            best_index = rows[np.nanargmax(mean[rows])]
        # First, so that it is named among however many.
        curves.sort(key=lambda curve: best_index not in curve.rows)
        return cls(param, curves, int(best_index), score_name or scoring)

    def plot(self, *, ax=None, std_display_style="auto"):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw into; None creates a figure.
        std_display_style : {"auto", "fill_between", "errorbar"} or None, default="auto"
            How to draw the standard deviation over the folds of the named lines: as bands, as
            bars, or not at all. "auto" draws bands for up to three lines. More bands would hide
            each other: then only the best line has one.

        Returns
        -------
        display : SearchCurveDisplay

        Raises
        ------
        ValueError
            If `std_display_style` has another value.
        """
        if std_display_style not in ("auto", "fill_between", "errorbar", None):
            raise InvalidInputError(
                "std_display_style must be 'auto', 'fill_between', 'errorbar' or None, got "
                f"{std_display_style!r}."
            )
        plt = check_matplotlib("SearchCurveDisplay")
        own_figure = ax is None
        if own_figure:
            longest = max(30, *(len(curve.label) for curve in self.curves))
            size = (5.8 + 0.075 * longest, 4.2)  # with the legend beside the axes
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_ = one_axes(ax, "SearchCurveDisplay")
        self.figure_ = self.ax_.figure
        n_named = len(self.curves) if len(self.curves) <= _N_NAMED else _N_NAMED - 1
        self.lines_ = [
            self._plot_curve(curve, place if place < n_named else None)
            for place, curve in enumerate(self.curves)
        ]
        self._plot_std(n_named, std_display_style)
        self._plot_failures()
        self._mark_best()
        self._set_axes(n_named, spread=std_display_style is not None)
        if own_figure:
            self.figure_.legend(loc="outside right upper", frameon=False)
        else:
            self.ax_.legend(fontsize="small")
        return self

    def _plot_curve(self, curve, place):
        style = {"color": ink(_REST), "lw": 1, "marker": ".", "zorder": 1.5}
        label = None
        if place is not None:
            style = {
                "color": line_color(place),
                "ls": DASHES[place % len(DASHES)],
                "marker": MARKERS[place % len(MARKERS)],
                "markersize": 5,
                "zorder": 3 - place / 10,
            }
            failed = np.isnan(curve.mean).all()
            label = in_legend(curve.label) + (" (failed)" if failed else "")
        if curve.x is None:
            style.pop("marker")
            return self.ax_.axhline(curve.mean[0], label=label, **style)
        (line,) = self.ax_.plot(curve.x, curve.mean, label=label, **style)
        return line

    def _plot_failures(self):
        """Mark candidates without a score at the bottom, since a gap in a line is not obvious."""
        failures = [c.x[np.isnan(c.mean)] for c in self.curves if c.x is not None]
        x = np.unique(np.concatenate([*failures, []]))
        if len(x):
            bottom = self.ax_.get_xaxis_transform()
            height = np.full(len(x), 0.03)
            crosses = {"marker": "x", "ls": "", "color": ink(), "clip_on": False}
            self.ax_.plot(x, height, transform=bottom, label="a fit failed", **crosses)

    def _plot_std(self, n_named, style):
        if style is None:
            return
        n_drawn = n_named
        if style == "auto":
            style, n_drawn = "fill_between", n_named if n_named <= _N_BANDS else 1
        for curve, line in list(zip(self.curves, self.lines_, strict=True))[:n_drawn]:
            low, high, color = curve.mean - curve.std, curve.mean + curve.std, line.get_color()
            if curve.x is None:
                self.ax_.axhspan(low[0], high[0], color=color, alpha=0.12, lw=0)
            elif style == "fill_between" and len(curve.x) > 1:
                self.ax_.fill_between(curve.x, low, high, color=color, alpha=0.15, lw=0)
            else:
                bars = {"fmt": "none", "ecolor": color, "elinewidth": 1, "capsize": 3}
                self.ax_.errorbar(curve.x, curve.mean, curve.std, **bars)

    def _mark_best(self):
        place, point = next(
            (place, int(np.flatnonzero(curve.rows == self.best_index)[0]))
            for place, curve in enumerate(self.curves)
            if self.best_index in curve.rows
        )
        curve, line = self.curves[place], self.lines_[place]
        score = curve.mean[point]
        # A search with a callable `refit` may have chosen a candidate without the best mean.
        word = "best" if score >= max(c.best_mean for c in self.curves) else "chosen"
        label, at, transform = f"{word}: {score:.3g}", 0.98, self.ax_.get_yaxis_transform()
        if curve.x is not None:
            at, transform = curve.x[point], self.ax_.transData
            label += f" at {plain(short_names([self.param])[self.param])}={at:.4g}"
        star = {"marker": "*", "markersize": 15, "ls": "", "mec": ink(), "mfc": line.get_color()}
        self.ax_.plot([at], [score], label=label, transform=transform, zorder=4, **star)

    def _set_axes(self, n_named, spread):
        from matplotlib.ticker import MaxNLocator, NullLocator

        n_others = len(self.lines_) - n_named
        if n_others:
            self.ax_.plot([], [], ".-", color=ink(_REST), lw=1, label=f"{n_others} others")
        x = np.unique(np.concatenate([c.x for c in self.curves if c.x is not None]))
        if x[0] > 0 and x[-1] / x[0] >= _LOG_FROM:
            self.ax_.set_xscale("log")
            places = np.log(x)
        else:
            places = x
        if len(x) <= _N_NAMED and np.all(np.diff(places) * 12 >= np.ptp(places)):
            self.ax_.set_xticks(x, [f"{value:.4g}" for value in x])
            self.ax_.xaxis.set_minor_locator(NullLocator())
        elif places is x and x.dtype.kind in "iu":
            self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        self.ax_.set_xlabel(plain(short_names([self.param])[self.param]))
        self.ax_.set_ylabel(
            plain(f"{self.score_name} (mean{' ± std' if spread else ''} of the folds)")
        )
        self.ax_.grid(alpha=0.3)
