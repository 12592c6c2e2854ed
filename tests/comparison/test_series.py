"""`compare` on series and numbers, and with estimators of other libraries.

Each test's docstring says what a wrong implementation would fail on.
"""

import pickle

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import RNNRegressor
from skrnn.comparison import Comparison, compare
from skrnn.exceptions import InvalidInputError


def make_series(n_samples=40):
    """Return series of different lengths and their slopes, sorted."""
    rng = np.random.default_rng(0)
    slopes = np.sort(rng.normal(size=n_samples))
    lengths = rng.integers(5, 12, n_samples)
    return [
        np.column_stack([slope * np.arange(n), rng.normal(size=n)])
        for slope, n in zip(slopes, lengths, strict=True)
    ], slopes


def rises(X):
    """Return the differences of the last and the first step, (n_samples, 1)."""
    return np.array([[(row[-1, 0] - row[0, 0]) / len(row)] for row in X])


def rises_of_padded(X):
    return rises([row[~np.isnan(row[:, 0])] for row in X])


SERIES, SLOPES = make_series()


def as_object_array(X):
    rows = np.empty(len(X), dtype=object)
    rows[:] = X
    return rows


def padded(X):
    longest = max(map(len, X))
    return np.array(
        [np.pad(row, ((0, longest - len(row)), (0, 0)), constant_values=np.nan) for row in X]
    )


@pytest.mark.parametrize(
    ("form", "features"),
    [(list, rises), (as_object_array, rises), (padded, rises_of_padded)],
)
def test_forms_of_series(form, features):
    """Fails if ragged rows are made one array, or if three dimensions are refused."""
    ridge = make_pipeline(FunctionTransformer(features), Ridge(alpha=0.1))
    scoring = ["r2", "neg_root_mean_squared_error"]
    row = compare({"ridge": ridge}, form(SERIES), SLOPES, cv=4, scoring=scoring)[0]
    errors = []
    for train, test in KFold(4).split(SLOPES):
        fitted = Ridge(alpha=0.1).fit(rises([SERIES[i] for i in train]), SLOPES[train])
        predicted = fitted.predict(rises([SERIES[i] for i in test]))
        errors.append(root_mean_squared_error(SLOPES[test], predicted))
    assert row["test_neg_root_mean_squared_error"] == pytest.approx(-np.mean(errors))
    assert row["test_r2"] < 1


def test_two_outputs():
    """Fails if y of two columns is flattened or taken for classes."""
    y = np.column_stack([SLOPES, -3 * SLOPES])
    ridge = make_pipeline(FunctionTransformer(rises), Ridge(alpha=1e-6))
    cv = KFold(3, shuffle=True, random_state=0)
    one, two = (compare([ridge], SERIES, target, cv=cv)[0]["test_score"] for target in (SLOPES, y))
    assert two == pytest.approx(one)
    assert one > 0.9


@pytest.mark.slow
def test_networks_beside_others():
    """Fails if a regressor of sequences and one of tables do not take the same rows."""
    network = RNNRegressor(
        "rnn", units=2, bidirectional=False, dropout=0.0, epochs=2, random_state=0
    )
    ridge = make_pipeline(FunctionTransformer(rises), Ridge())
    cv = [(np.arange(0, 40, 2), np.arange(1, 40, 2))]
    result = compare({"network": network, "ridge": ridge}, SERIES, SLOPES, cv=cv)
    train, test = ([SERIES[i] for i in part] for part in cv[0])
    expected = network.fit(train, SLOPES[::2]).score(test, SLOPES[1::2])
    assert result["network"]["test_score"] == pytest.approx(expected)
    assert result["network"]["pickled_bytes"] > result["ridge"]["pickled_bytes"]


# --- estimators without scikit-learn's tags


class Foreign:
    """A nearest neighbor as another library may write it."""

    def __init__(self, power=2.0):
        self.power = power

    def get_params(self, deep=True):
        return {"power": self.power}

    def set_params(self, **parameters):
        vars(self).update(parameters)
        return self

    def fit(self, X, y):
        self._rows, self._y = rises(X), np.asarray(y)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        distances = np.abs(rises(X) - self._rows.T) ** self.power
        return self._y[distances.argmin(axis=1)]

    def score(self, X, y):
        return 0.125

    def __getstate__(self):
        return {"power": self.power}  # so that its pickle does not depend on shared arrays


class ForeignClassifier(Foreign):
    _estimator_type = "classifier"

    def predict_proba(self, X):
        return 0.1 + 0.8 * (self.predict(X)[:, None] == self.classes_)


class ForeignRegressor(Foreign):
    _estimator_type = "regressor"


LABELS = np.where(SLOPES > 0, "up", "down")


def test_foreign_classifiers():
    """Fails if scikit-learn's tools refuse an estimator without tags, or folds are not stratified.

    All labels of the first folds are the same, so that unstratified training lacks a class.
    """
    scoring = {"accuracy": "accuracy", "loss": "neg_log_loss", "auc": "roc_auc"}
    result = compare([ForeignClassifier()], SERIES, LABELS, cv=4, scoring=scoring)
    expected = []
    for train, test in StratifiedKFold(4).split(LABELS, LABELS):
        fitted = ForeignClassifier().fit([SERIES[i] for i in train], LABELS[train])
        expected.append(accuracy_score(LABELS[test], fitted.predict([SERIES[i] for i in test])))
    row = result["foreignclassifier"]
    assert row["test_accuracy"] == pytest.approx(np.mean(expected))
    assert row["test_accuracy"] > 0.8
    assert -1 < row["test_loss"] < 0 < row["test_auc"]


def test_foreign_regressors_have_their_own_score_and_size():
    """Fails if the score or the size of the estimator around it is reported."""
    cv = [(np.arange(0, 40, 2), np.arange(1, 40, 2))]
    original = ForeignRegressor(power=1.0)
    row = compare({"mine": original}, SERIES, SLOPES, cv=cv)[0]
    assert row["test_score"] == 0.125
    fitted = ForeignRegressor(power=1.0).fit(SERIES[::2], SLOPES[::2])
    assert row["pickled_bytes"] == len(pickle.dumps(fitted, protocol=5))
    assert not hasattr(original, "_rows")  # a clone is fitted
    errors = compare([original], SERIES, SLOPES, cv=cv, scoring="neg_mean_squared_error")
    wanted = -np.mean((fitted.predict(SERIES[1::2]) - SLOPES[1::2]) ** 2)
    assert errors[0]["test_neg_mean_squared_error"] == pytest.approx(wanted)


@pytest.mark.parametrize("classifier", [LogisticRegression(), ForeignClassifier()])
@pytest.mark.parametrize("regressor", [LinearRegression(), ForeignRegressor()])
def test_classifiers_beside_regressors(classifier, regressor):
    """Fails if accuracy and R² are put in one column."""
    estimators = {"sort": classifier, "measure": regressor}
    with pytest.raises(InvalidInputError, match="'sort' is a classifier and 'measure' is a regres"):
        compare(estimators, SERIES, LABELS)


def test_a_scorer_of_both_kinds():
    """Fails if classifiers and regressors cannot be compared by a score that both have."""
    X, y = rises(SERIES), (SLOPES > 0).astype(int)
    estimators = [DummyClassifier(), LinearRegression()]
    result = compare(estimators, X, y, scoring="neg_mean_squared_error")
    assert result["linearregression"]["test_neg_mean_squared_error"] > -0.25


@pytest.mark.parametrize("scale", [1e-9, 1e-6, 1.0, 1e6, 1e12])
def test_errors_of_any_size_can_be_read(scale):
    """Fails if millionths are shown as -0.0000, as both estimators were then alike."""
    common = {"fit_seconds": 1.0, "predict_seconds": 1.0, "pickled_bytes": 1}
    rows = [
        {"estimator": name, "test_error": -value * scale, "test_error_std": 0.1 * scale, **common}
        for name, value in (("a", 1.25), ("b", 2.5))
    ]
    lines = str(Comparison(rows, n_splits=3)).splitlines()[1:]
    shown = [float(line.split()[1]) / scale for line in lines]
    assert shown == pytest.approx([-1.25, -2.5])
