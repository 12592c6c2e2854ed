"""`compare` with estimators of aeon and sktime beside a network."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import RNNClassifier, from_channels_first
from skrnn.comparison import compare

pytestmark = pytest.mark.interop


def flat(X):
    return X.reshape(len(X), -1)


@pytest.fixture
def panel():
    """Sorted classes: 24 series of two channels and ten steps, as aeon and sktime have them."""
    rng = np.random.default_rng(0)
    y = np.repeat(["falls", "rises"], 12)
    slopes = np.where(y == "rises", 1.0, -1.0)
    return rng.normal(size=(24, 2, 10)) + slopes[:, None, None] * np.linspace(-1, 1, 10), y


def test_classifiers(panel):
    """Fails if an estimator of another library is refused, or is fitted on other rows."""
    from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier
    from aeon.classification.feature_based import SummaryClassifier
    from sktime.classification.dummy import DummyClassifier

    X, y = panel
    network = RNNClassifier("rnn", units=2, bidirectional=False, epochs=1, random_state=0)
    nearest = KNeighborsTimeSeriesClassifier(n_neighbors=1)
    estimators = {
        "skrnn": make_pipeline(FunctionTransformer(from_channels_first), network),
        "1-NN with DTW": nearest,
        "aeon": SummaryClassifier(estimator=RandomForestClassifier(10, random_state=0)),
        "sktime": DummyClassifier(),
        "forest": make_pipeline(FunctionTransformer(flat), RandomForestClassifier(10)),
    }
    result = compare(estimators, X, y, cv=3, scoring=["accuracy", "neg_log_loss"])
    folds = list(StratifiedKFold(3).split(y, y))
    expected = [
        accuracy_score(y[test], nearest.fit(X[train], y[train]).predict(X[test]))
        for train, test in folds
    ]
    assert result["1-NN with DTW"]["test_accuracy"] == pytest.approx(np.mean(expected))
    assert result["sktime"]["test_accuracy"] == 0.5
    assert all(np.isfinite(row["test_neg_log_loss"]) for row in result)


def test_regressors(panel):
    """Fails if a regressor without scikit-learn's tags has no score, or that of a classifier."""
    from aeon.regression import DummyRegressor as OfAeon
    from sktime.regression.dummy import DummyRegressor as OfSktime

    X = panel[0]
    y = X.sum(axis=(1, 2))
    cv = [(np.arange(0, 24, 2), np.arange(1, 24, 2))]
    scoring = ["r2", "neg_root_mean_squared_error"]
    result = compare({"aeon": OfAeon(), "sktime": OfSktime()}, X, y, cv=cv, scoring=scoring)
    error = np.sqrt(np.mean((y[1::2] - y[::2].mean()) ** 2))
    for row in result:
        assert row["test_neg_root_mean_squared_error"] == pytest.approx(-error)
        assert row["test_r2"] <= 0
