"""Regressors inside skforecast and sktime, which make windows of a series.

They are not in the test environment, since they want older versions of other packages. `.ci/run`
installs the extra `interop` in an environment of its own.
"""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import RNNRegressor, from_channels_first

pytestmark = pytest.mark.interop

WINDOW, HORIZON = 6, 4


@pytest.fixture
def series():
    values = np.sin(np.arange(60) / 3) + np.arange(60) / 20
    return pd.Series(values, pd.period_range("2020-01", periods=60, freq="M"), name="load")


@pytest.fixture
def dated(series):
    """skforecast wants dates with a frequency."""
    return series.set_axis(series.index.to_timestamp().to_series().asfreq("MS").index)


class Recorder(RegressorMixin, BaseEstimator):
    """The mean, and all X that it was given."""

    seen = []  # noqa: RUF012 (shared by clones)

    def fit(self, X, y):
        self.mean_ = np.mean(y)
        Recorder.seen.append(("fit", np.asarray(X)))
        return self

    def predict(self, X):
        Recorder.seen.append(("predict", np.asarray(X)))
        return np.full(len(X), self.mean_)


@pytest.fixture
def seen():
    Recorder.seen.clear()
    return Recorder.seen


def network(**parameters):
    settings = {"units": 3, "bidirectional": False, "dropout": 0.0, "epochs": 2, "random_state": 0}
    return RNNRegressor("rnn", **{**settings, **parameters})


def windows_of(series):
    """Return all windows, oldest value first, and what follows each."""
    windows = np.lib.stride_tricks.sliding_window_view(series.to_numpy(), WINDOW)[:-1]
    return windows.copy(), series.to_numpy()[WINDOW:]


def by_hand(regressor, series, form):
    """Forecast recursively: predict, append, move the window by one."""
    X, y = windows_of(series)
    fitted = regressor.fit(form(X), y)
    window = series.to_numpy()[-WINDOW:]
    forecasts = []
    for _ in range(HORIZON):
        forecasts.append(fitted.predict(form(window[None]))[0])
        window = np.append(window[1:], forecasts[-1])
    return np.array(forecasts)


def newest_first(X):
    return X[:, ::-1].copy()


# --- skforecast


def test_skforecast_hands_the_newest_lag_first(seen, dated):
    """Fails if the documented order of lags is not (any more) what skforecast does."""
    from skforecast.recursive import ForecasterRecursive

    ForecasterRecursive(Recorder(), lags=WINDOW).fit(dated)
    (_, X), *_ = seen
    assert np.allclose(X, windows_of(dated)[0][:, ::-1])


def test_oldest_first_in_skforecast(seen, dated):
    """Fails if the documented pipeline does not turn the lags around, in fit and in predict."""
    from skforecast.recursive import ForecasterRecursive

    turned = make_pipeline(FunctionTransformer(np.fliplr), Recorder())
    forecaster = ForecasterRecursive(turned, lags=WINDOW)
    forecaster.fit(dated)
    forecaster.predict(steps=1)
    assert np.allclose(seen[0][1], windows_of(dated)[0])
    assert np.allclose(seen[-1][1], dated.to_numpy()[None, -WINDOW:])


@pytest.mark.parametrize("turned", [False, True])
def test_forecasts_of_skforecast(dated, turned):
    """Fails if a network in skforecast does not read a window as a series of one channel.

    The same network by hand, on windows in the order that it is meant to see, forecasts the same.
    """
    from skforecast.recursive import ForecasterRecursive

    regressor = network()
    if turned:
        regressor = make_pipeline(FunctionTransformer(np.fliplr), regressor)
    forecaster = ForecasterRecursive(regressor, lags=WINDOW)
    forecaster.fit(dated)
    found = forecaster.predict(steps=HORIZON)

    def form(X):
        return (X if turned else newest_first(X))[:, :, None]

    assert np.allclose(found, by_hand(network(), dated, form), rtol=1e-5)


def test_whole_numbers_in_skforecast(dated):
    """Fails if windows of integers are read as token ids in spite of the documented parameter.

    skforecast hands them over as integers in `fit`, and as floats in `predict`.
    """
    from skforecast.recursive import ForecasterRecursive

    counts = (10 * dated).round()
    found = []
    for dtype in (float, int):
        forecaster = ForecasterRecursive(network(input="numeric"), lags=WINDOW)
        forecaster.fit(counts.astype(dtype))
        found.append(forecaster.predict(steps=HORIZON))
    assert np.array_equal(*found)


def test_grid_search_of_skforecast(dated):
    """Fails if the parameters of a network cannot be searched, as those of a Keras model cannot."""
    from skforecast.model_selection import TimeSeriesFold, grid_search_forecaster
    from skforecast.recursive import ForecasterRecursive

    found = grid_search_forecaster(
        ForecasterRecursive(network(epochs=1), lags=WINDOW),
        dated,
        cv=TimeSeriesFold(steps=HORIZON, initial_train_size=50, refit=False),
        param_grid={"units": [2, 4]},
        metric="mean_absolute_error",
        return_best=False,
        verbose=False,
        show_progress=False,
    )
    assert sorted(found["units"]) == [2, 4]
    assert found["mean_absolute_error"].notna().all()


# --- sktime


def test_sktime_hands_the_oldest_value_first(seen, series):
    """Fails if the documented order and shapes of sktime's windows are not what it does."""
    from sktime.forecasting.compose import make_reduction

    windows = windows_of(series)[0]
    for scitype, wanted in (
        ("tabular-regressor", windows),
        ("time-series-regressor", windows[:, None, :]),
    ):
        seen.clear()
        reduced = make_reduction(Recorder(), window_length=WINDOW, scitype=scitype)
        reduced.fit(series, fh=[1]).predict()
        assert np.allclose(seen[0][1], wanted)
        assert seen[0][1].shape == wanted.shape
        assert np.allclose(np.ravel(seen[-1][1]), series.to_numpy()[-WINDOW:])


@pytest.mark.parametrize("path", ["tabular-regressor", "time-series-regressor"])
def test_forecasts_of_sktime(series, path):
    """Fails if a window is read as one step of many channels, which trains without an error.

    sktime's panels are of shape (n, n_channels, n_timesteps), so the pipeline turns them around.
    """
    from sktime.forecasting.compose import make_reduction

    regressor = network()
    if path == "time-series-regressor":
        regressor = make_pipeline(FunctionTransformer(from_channels_first), regressor)
    reduced = make_reduction(regressor, window_length=WINDOW, scitype=path)
    found = reduced.fit(series, fh=np.arange(1, HORIZON + 1)).predict()
    wanted = by_hand(network(), series, lambda X: X[:, :, None])
    assert np.allclose(found, wanted, rtol=1e-5)


def test_direct_strategy_of_sktime(series):
    """Fails if the clones of a network, one for each step ahead, share weights or targets."""
    from sktime.forecasting.compose import make_reduction

    reduced = make_reduction(network(), window_length=WINDOW, strategy="direct")
    found = reduced.fit(series, fh=[1, 2]).predict()
    # All clones get the windows that are followed by two values.
    X, y = windows_of(series)
    X, last = X[:-1, :, None], series.to_numpy()[None, -WINDOW:, None]
    wanted = [network().fit(X, target).predict(last)[0] for target in (y[:-1], y[1:])]
    assert np.allclose(found, wanted, rtol=1e-5)
    assert wanted[0] != wanted[1]
