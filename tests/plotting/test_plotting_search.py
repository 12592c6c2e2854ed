"""Scores of a search's candidates: which lines are drawn, and which candidate is marked."""

import matplotlib
import numpy as np
import pytest
from scipy.stats import uniform
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from skrnn.plotting import SearchCurveDisplay

matplotlib.use("Agg")
import matplotlib.pyplot as plt

X, Y = make_classification(120, n_informative=4, flip_y=0.1, random_state=0)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


class Epochs(SGDClassifier):
    """A quick estimator with epochs, a parameter that can be anything, and fits that can fail."""

    def __init__(self, epochs=1, units=4, alpha=1e-4, fails_at=None):
        super().__init__(alpha=alpha, random_state=0)
        self.epochs, self.units, self.fails_at = epochs, units, fails_at

    def fit(self, X, y):
        """Fit, or fail."""
        if self.fails_at is not None and self.epochs >= self.fails_at:
            raise ValueError("failed")
        self.max_iter, self.tol = self.epochs, None
        return super().fit(X, y)


def results(**grid):
    """Results of a made-up search: the score is 0.5 + epochs / 100, minus the place in units."""
    units = grid["units"]
    params = [{"epochs": e, "units": u} for u in units for e in grid["epochs"]]
    mean = [0.5 + p["epochs"] / 100 - units.index(p["units"]) / 1000 for p in params]
    return {"params": params, "mean_test_score": mean, "std_test_score": [0.01] * len(mean)}


def legend(display):
    (found,) = display.figure_.legends
    return [text.get_text() for text in found.get_texts()]


def star(display):
    (found,) = [line for line in display.ax_.lines if line.get_marker() == "*"]
    return found


def test_draws_cv_results():
    """Fails if a candidate's score is missing, at the wrong place, or in another's line."""
    pipe = Pipeline([("scale", MaxAbsScaler()), ("net", Epochs())])
    grid = {"net__epochs": [4, 1, 2], "net__units": [8, (4, 4), None], "net__alpha": [1e-4]}
    search = GridSearchCV(pipe, grid, cv=3, scoring="balanced_accuracy").fit(X, Y)
    display = SearchCurveDisplay.from_estimator(search)
    assert display.param == "net__epochs" and display.ax_.get_xlabel() == "epochs"
    assert display.ax_.get_ylabel() == "balanced_accuracy (mean ± std of the folds)"
    drawn = {
        (line.get_label(), x): y
        for line in display.lines_
        for x, y in zip(*line.get_data(), strict=True)
    }
    wanted = {
        (f"units={p['net__units']}", p["net__epochs"]): mean
        for p, mean in zip(
            search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
        )
    }
    assert drawn == wanted and len(drawn) == 9
    assert all(np.all(np.diff(line.get_xdata()) > 0) for line in display.lines_)
    best = star(display)
    assert best.get_xdata()[0] == search.best_params_["net__epochs"]
    assert best.get_ydata()[0] == search.best_score_
    chosen = f"units={search.best_params_['net__units']}"
    (line,) = [line for line in display.lines_ if line.get_label() == chosen]
    assert best.get_markerfacecolor() == line.get_color()
    assert legend(display)[-1].startswith(f"best: {search.best_score_:.3g} at epochs=")
    assert len(display.ax_.collections) == 3  # bands


@pytest.mark.parametrize(("style", "n_bands", "n_bars"), [("auto", 1, 0), ("errorbar", 0, 5)])
def test_standard_deviation(style, n_bands, n_bars):
    """Fails if the spread is not mean plus and minus std, or many bands hide each other."""
    cv_results = results(epochs=[1, 2, 4], units=[1, 2, 3, 4, 5])
    display = SearchCurveDisplay.from_cv_results(cv_results, std_display_style=style)
    kinds = [type(c).__name__ for c in display.ax_.collections]
    assert kinds.count("FillBetweenPolyCollection") == n_bands
    assert kinds.count("LineCollection") == n_bars
    if n_bands:
        ys = display.ax_.collections[0].get_paths()[0].vertices[:, 1]
        np.testing.assert_allclose([ys.min(), ys.max()], [0.51 - 0.01, 0.54 + 0.01])
    else:
        ys = [segment[:, 1] for segment in display.ax_.collections[0].get_segments()]
        np.testing.assert_allclose(ys, [[0.50, 0.52], [0.51, 0.53], [0.53, 0.55]])
    none = SearchCurveDisplay.from_cv_results(cv_results, std_display_style=None)
    assert not none.ax_.collections and "std" not in none.ax_.get_ylabel()
    with pytest.raises(ValueError, match="std_display_style must be .* got 'bars'"):
        none.plot(std_display_style="bars")


def test_many_lines():
    """Fails if the best are not the named ones, or the others are dropped."""
    display = SearchCurveDisplay.from_cv_results(results(epochs=[1, 2], units=list(range(12))))
    named = [f"units={place}" for place in range(7)]
    assert legend(display) == [*named, "best: 0.52 at epochs=2", "5 others"]
    assert len(display.lines_) == 12
    assert len({line.get_color() for line in display.lines_[:7]}) == 7
    assert len({line.get_color() for line in display.lines_[7:]}) == 1
    eight = SearchCurveDisplay.from_cv_results(results(epochs=[1, 2], units=list(range(8))))
    assert len(legend(eight)) == 9


def test_chosen_is_not_the_best():
    """Fails if a rule of the search's own is overruled, or its choice lost among the grey."""

    def frugal(cv_results):
        return cv_results["param_units"].tolist().index(11)

    grid = {"epochs": [1, 5], "units": list(range(12))}
    search = GridSearchCV(Epochs(), grid, cv=2, refit=frugal).fit(X, Y)
    search.cv_results_["mean_test_score"][search.best_index_] -= 0.3
    display = SearchCurveDisplay.from_estimator(search)
    assert display.curves[0].params == {"units": 11}
    assert "units=11" in legend(display)
    assert [text for text in legend(display) if text.startswith("chosen: ")]
    assert star(display).get_ydata()[0] == search.cv_results_["mean_test_score"][11]


def test_several_scores():
    """Fails if another score than the one asked for is drawn."""
    scoring = {"accuracy": "accuracy", "auc": "roc_auc"}
    search = GridSearchCV(Epochs(), {"epochs": [1, 2]}, cv=2, scoring=scoring, refit="auc")
    search.fit(X, Y)
    for asked, drawn in ((None, "auc"), ("accuracy", "accuracy")):
        display = SearchCurveDisplay.from_estimator(search, scoring=asked)
        wanted = search.cv_results_[f"mean_test_{drawn}"]
        np.testing.assert_array_equal(display.lines_[0].get_ydata(), wanted)
        assert display.ax_.get_ylabel().startswith(drawn)
    with pytest.raises(ValueError, match=r"has no score 'f1'.*\['accuracy', 'auc'\]"):
        SearchCurveDisplay.from_estimator(search, scoring="f1")
    with pytest.raises(ValueError, match=r"has several.*\['accuracy', 'auc'\]"):
        SearchCurveDisplay.from_cv_results(search.cv_results_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")  # they are meant to
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_failed_candidates():
    """Fails if failures are drawn as scores, marked as best, or passed over in silence."""
    grid = {"epochs": [1, 2, 3], "fails_at": [None, 2, 1]}
    display = SearchCurveDisplay.from_estimator(GridSearchCV(Epochs(), grid, cv=2).fit(X, Y))
    drawn = {line.get_label(): np.isnan(line.get_ydata()).tolist() for line in display.lines_}
    assert drawn == {
        "fails_at=None": [False] * 3,
        "fails_at=2": [False, True, True],
        "fails_at=1 (failed)": [True] * 3,
    }
    (crosses,) = [line for line in display.ax_.lines if line.get_marker() == "x"]
    assert crosses.get_xdata().tolist() == [1, 2, 3] and "a fit failed" in legend(display)
    assert np.isfinite(star(display).get_ydata()[0])
    all_failed = results(epochs=[1], units=[1]) | {"mean_test_score": [np.nan]}
    with pytest.raises(ValueError, match="mean_test_score has only NaN"):
        SearchCurveDisplay.from_cv_results(all_failed)


def test_random_search():
    """Fails if lines of a single point are lost, or numpy's 1 is not 1, or True is."""
    space = {"epochs": [1, 2], "alpha": uniform(1e-5, 1e-2)}
    search = RandomizedSearchCV(Epochs(), space, n_iter=5, cv=2, random_state=0).fit(X, Y)
    display = SearchCurveDisplay.from_estimator(search)
    assert len(display.lines_) == 5
    assert all(line.get_marker() != "None" for line in display.lines_)
    cv_results = results(epochs=[1, 2], units=[1])
    cv_results["params"] += [{"epochs": 3, "units": np.int64(1)}, {"epochs": 4, "units": True}]
    cv_results |= {"mean_test_score": [0.5, 0.6, 0.7, 0.8], "std_test_score": [0] * 4}
    display = SearchCurveDisplay.from_cv_results(cv_results)
    assert {c.label: list(c.x) for c in display.curves} == {"units=1": [1, 2, 3], "units=True": [4]}


def test_successive_halving():
    """Fails if scores of few and of many rows are mixed in a line."""
    grid = {"epochs": [1, 2, 3, 4], "units": [1, 2]}
    search = HalvingGridSearchCV(Epochs(), grid, cv=2, min_resources=20, random_state=0)
    search.fit(X, Y)
    display = SearchCurveDisplay.from_estimator(search)
    last = {}
    for p, mean in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        last[p["units"], p["epochs"]] = mean
    drawn = {
        (c.params["units"], x): y for c in display.curves for x, y in zip(c.x, c.mean, strict=True)
    }
    assert drawn == last and sum(len(c.x) for c in display.curves) == len(last)
    by_rows = SearchCurveDisplay.from_estimator(search, param="n_resources")
    assert sum(len(curve.x) for curve in by_rows.curves) == len(search.cv_results_["params"])
    assert set(np.concatenate([c.x for c in by_rows.curves])) == set(search.n_resources_)

    search = HalvingGridSearchCV(
        Epochs(), {"units": [1, 2, 3]}, cv=2, resource="epochs", max_resources=9, random_state=0
    ).fit(X, Y)
    display = SearchCurveDisplay.from_estimator(search)
    assert display.param == "epochs" and len(display.curves) == 3


def test_other_parameters():
    """Fails if the x axis is guessed where it is not clear, or errors do not list the choices."""
    params = [
        {"net__alpha": a, "net__units": u, "cell": c}
        for a in (0.001, 0.1)
        for u in (2, 4)
        for c in ("rnn", "gru")
    ]
    cv_results = {"params": params, "mean_test_score": np.arange(8) / 10}
    with pytest.raises(ValueError, match=r"Several .* one of \['net__alpha', 'net__units'\]"):
        SearchCurveDisplay.from_cv_results(cv_results)
    with pytest.raises(ValueError, match=r"param='beta' is not one of \['net__alpha'"):
        SearchCurveDisplay.from_cv_results(cv_results, param="beta")
    with pytest.raises(ValueError, match=r"cell has values that are not numbers.*'net__units'\]"):
        SearchCurveDisplay.from_cv_results(cv_results, param="cell")
    display = SearchCurveDisplay.from_cv_results(cv_results, param="alpha")
    assert display.ax_.get_xscale() == "log" and display.param == "net__alpha"
    assert display.curves[0].label == "units=4, cell=gru"
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["0.001", "0.1"]
    for only in ("net__units", "pretraining_epochs"):  # the only one that varies
        params = [{only: n, "cell": "rnn", "fixed": 3} for n in (1, 2)]
        display = SearchCurveDisplay.from_cv_results(
            {"params": params, "mean_test_score": [0.1, 0.2]}
        )
        assert display.param == only and display.curves[0].label == "mean of the folds"
    with pytest.raises(ValueError, match=r"No numeric parameter varies.*\['cell'\]"):
        SearchCurveDisplay.from_cv_results(
            {"params": [{"cell": "rnn"}, {"cell": "gru"}], "mean_test_score": [0.1, 0.2]}
        )
    both = [{"a__epochs": 1, "b__epochs": n} for n in (1, 2)]
    with pytest.raises(ValueError, match=r"could be \['a__epochs', 'b__epochs'\]"):
        SearchCurveDisplay.from_cv_results(
            {"params": both, "mean_test_score": [0.1, 0.2]}, param="epochs"
        )


def test_labels():
    """Fails if two combinations have one name, or a string looks like another value."""
    values = ["None", None, "auto", "$a$", (1, 2), 0.00012345, MaxAbsScaler(), StandardScaler()]
    display = SearchCurveDisplay.from_cv_results(results(epochs=[1, 2], units=values))
    assert [curve.label.removeprefix("units=") for curve in display.curves] == [
        *("'None'", "None", "auto", "$a$", "(1, 2)", "0.000123", "MaxAbsScaler", "StandardScaler")
    ]
    display.figure_.canvas.draw()
    twins = [MaxAbsScaler(), MaxAbsScaler(clip=True)]
    display = SearchCurveDisplay.from_cv_results(results(epochs=[1, 2], units=twins))
    assert [c.label for c in display.curves] == ["units=MaxAbsScaler (1)", "units=MaxAbsScaler (2)"]
    params = [{"a__size": s, "b__size": 4 - s, "epochs": e} for s in (1, 2) for e in (1, 2)]
    display = SearchCurveDisplay.from_cv_results({"params": params, "mean_test_score": [0.1] * 4})
    assert display.curves[0].label == "a__size=1, b__size=3"


def test_candidate_without_the_parameter():
    """Fails if a rival in the same search, which has no epochs, is left out."""
    pipe = Pipeline([("clf", Epochs())])
    grids = [{"clf": [Epochs()], "clf__epochs": [1, 2]}, {"clf": [GaussianNB()]}]
    search = GridSearchCV(pipe, grids, cv=2).fit(X, Y)
    display = SearchCurveDisplay.from_estimator(search)
    by_label = {c.label: line for c, line in zip(display.curves, display.lines_, strict=True)}
    assert set(by_label) == {"clf=Epochs", "clf=GaussianNB"}
    assert set(by_label["clf=GaussianNB"].get_ydata()) == {search.cv_results_["mean_test_score"][2]}
    display.figure_.canvas.draw()


def test_draws_where_it_is_told():
    """Fails if `ax` is ignored, or drawn without a legend."""
    figure, ax = plt.subplots()
    display = SearchCurveDisplay.from_cv_results(results(epochs=[1, 2], units=[1, 2]), ax=ax)
    assert display.ax_ is ax and display.figure_ is figure and len(plt.get_fignums()) == 1
    assert ax.get_legend().get_texts()[0].get_text() == "units=1"


def test_no_search():
    """Fails if something else than a fitted search shows as an AttributeError or KeyError."""
    with pytest.raises(ValueError, match="GridSearchCV has no cv_results_"):
        SearchCurveDisplay.from_estimator(GridSearchCV(Epochs(), {}))
    with pytest.raises(ValueError, match="needs 'params' and 'mean_test_score'.*'test_score'"):
        SearchCurveDisplay.from_cv_results({"fit_time": [1], "test_score": [1]})
    with pytest.raises(TypeError, match="cv_results_ of a fitted search.* got a NoneType"):
        SearchCurveDisplay.from_cv_results(None)
