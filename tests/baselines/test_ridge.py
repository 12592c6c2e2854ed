"""Ridge regression on weighted n-grams, against scikit-learn's and plain NumPy."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import Ridge

from skrnn.baselines.ridge import FLOOR, PENALTIES, POWER, SMOOTHING, fit_ridge, row_norms

rng = np.random.default_rng(0)
PRESENT = (rng.random((60, 25)) < 0.3).astype(float)
Y = PRESENT[:, 0] * 3 - PRESENT[:, 1] + rng.normal(size=60)
WEIGHTS = rng.integers(0, 4, 60).astype(float)


def dense(weights):
    """The weighted rows, by loops that follow the definition."""
    deviation = Y - np.average(Y, weights=weights)
    size = weights * deviation / np.average(abs(deviation), weights=weights)
    above, below = np.full(25, SMOOTHING), np.full(25, SMOOTHING)
    for row, one in zip(PRESENT, size, strict=True):
        above += row * max(one, 0)
        below += row * max(-one, 0)
    ratio = np.log(above / above.sum() / (below / below.sum()))
    return (PRESENT * ratio) / (FLOOR + (PRESENT * ratio**2).sum(axis=1))[:, None] ** POWER


@pytest.mark.parametrize("weights", [np.ones(60), WEIGHTS], ids=["equal", "weights"])
def test_it_is_scikit_learns_ridge(monkeypatch, weights):
    """Fails if rows, weights, intercept or a penalty of the path are others than Ridge's."""
    monkeypatch.setattr("skrnn.baselines.ridge.TOLERANCE", 1e-12)
    path = fit_ridge(csr_array(PRESENT), Y, weights)
    X = dense(weights)
    norm = weights @ (X**2).sum(axis=1) / 60
    for i, penalty in enumerate(PENALTIES):
        wanted = Ridge(alpha=penalty * norm).fit(X, Y, weights).predict(X)
        coef, squares, intercept = path.model(i)
        got = PRESENT @ coef / row_norms(PRESENT @ squares) + intercept
        np.testing.assert_allclose(got, wanted, atol=1e-8)


def test_the_solver_stops_near_the_solution():
    """Fails if the tolerance in use leaves errors that matter for predictions."""
    path = fit_ridge(csr_array(PRESENT), Y, np.ones(60))
    X = dense(np.ones(60))
    norm = (X**2).sum() / 60
    wanted = Ridge(alpha=PENALTIES[0] * norm).fit(X, Y).predict(X)
    coef, squares, intercept = path.model(0)
    got = PRESENT @ coef / row_norms(PRESENT @ squares) + intercept
    assert abs(got - wanted).max() < 0.01 * Y.std()


@pytest.mark.parametrize("y", [np.full(60, 0.1), np.zeros(60)], ids=["0.1", "0"])
def test_equal_numbers_have_no_coefficients(y):
    """Fails if rounding of the mean is learned, or divided by."""
    coef, squares, intercept = fit_ridge(csr_array(PRESENT), y, np.ones(60)).model(0)
    assert abs(coef).max() < 1e-9 and abs(squares).max() < 1e-9 and intercept == pytest.approx(y[0])


def test_weight_zero_is_removal():
    """Fails if rows without a weight count in ratios, means or the penalty."""
    kept = WEIGHTS > 0
    one = fit_ridge(csr_array(PRESENT), Y, WEIGHTS)
    other = fit_ridge(csr_array(PRESENT[kept]), Y[kept], WEIGHTS[kept])
    scale = kept.mean()  # of the mean squared norm of a row
    assert np.allclose(one.ratio, other.ratio) and np.allclose(one.center, other.center)
    assert 0 < scale < 1
