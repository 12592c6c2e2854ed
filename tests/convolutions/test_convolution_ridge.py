"""Ridge regression, the predictions of left-out rows, and log-odds of them."""

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression, Ridge

from skrnn.convolutions.calibration import calibrate
from skrnn.convolutions.ridge import PENALTIES, fit_ridge


def example(n, widths, seed=0, noise=0.5):
    """Return two blocks of features of about unit norm, targets that depend on them, weights."""
    rng = np.random.default_rng(seed)
    blocks = [rng.normal(size=(n, width)) / np.sqrt(width) for width in widths]
    both = np.hstack(blocks)
    y = both @ rng.normal(size=(sum(widths), 2)) + noise * rng.normal(size=(n, 2))
    return blocks, y, rng.uniform(0.2, 2, n)


@pytest.mark.parametrize("n, widths", [(12, (30, 5)), (40, (10, 5))], ids=["wide", "long"])
@pytest.mark.parametrize("no_weight", [False, True])
def test_left_out_rows_are_predicted_as_by_refits(n, widths, no_weight):
    """Fails if coefficients are not scikit-learn's, or left-out rows have had an influence."""
    blocks, y, weights = example(n, widths)
    if no_weight:
        weights[3] = 0.0
    got = fit_ridge(blocks, y, weights, seed=0, factors=(0.3,))
    X = np.hstack([blocks[0], 0.3 * blocks[1]])
    centred = X - weights @ X / weights.sum()
    alpha = got.penalty * (weights @ (centred**2).sum(axis=1)) / n
    ridge = Ridge(alpha=alpha, solver="svd").fit(X, y, weights)
    np.testing.assert_allclose(ridge.coef_[:, : widths[0]].T, got.coef[0], atol=1e-6)
    np.testing.assert_allclose(0.3 * ridge.coef_[:, widths[0] :].T, got.coef[1], atol=1e-6)
    np.testing.assert_allclose(ridge.intercept_, got.intercept, atol=1e-6)
    for i in range(n):
        rest = np.arange(n) != i
        one = Ridge(alpha=alpha, solver="svd").fit(X[rest], y[rest], weights[rest])
        np.testing.assert_allclose(got.left_out[i], one.predict(X[[i]])[0], atol=1e-6)


def test_penalty_and_factor_are_those_that_predict_best():
    """Fails if noise is fitted, or features without information are not left out."""
    blocks, _, weights = example(60, (50, 10), noise=0.0)
    only_second = blocks[1] @ np.ones((10, 2))
    found = fit_ridge(blocks, only_second, weights, seed=0)
    assert found.factor == 1.0
    only_first = blocks[0] @ np.ones((50, 2))
    assert fit_ridge(blocks, only_first, weights, seed=0).factor < 1.0
    noise = np.random.default_rng(1).normal(size=(60, 1))
    assert fit_ridge(blocks, noise, weights, seed=0).penalty > PENALTIES[len(PENALTIES) // 2]


def test_factor_of_many_rows_is_chosen_on_some(monkeypatch):
    """Fails if the choice on a part of the rows is lost."""
    from skrnn.convolutions import ridge

    monkeypatch.setattr(ridge, "MAX_ROWS", 50)
    blocks, _, weights = example(200, (20, 10))
    y = blocks[1] @ np.ones((10, 1))
    found = fit_ridge(blocks, y, weights, seed=0)
    assert found.factor == 1.0
    assert found.left_out.shape == y.shape


def test_log_odds_are_those_of_a_logistic_regression():
    """Fails if the factor is not the best one for many rows, where smoothing does not matter."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(4000, 1))
    is_class = rng.uniform(size=(4000, 1)) < expit(1.7 * scores - 0.6)
    factor, intercept = calibrate(scores, is_class, np.ones(4000), exclusive=False)
    model = LogisticRegression(C=1e6).fit(scores, is_class[:, 0])
    assert factor[0] == pytest.approx(model.coef_[0, 0], rel=0.02)
    assert intercept[0] == pytest.approx(model.intercept_[0], abs=0.02)


def test_probabilities_of_classes_are_calibrated():
    """Fails if a factor is wrong that is shared by exclusive classes."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(4000, 3))
    truth = softmax(2.5 * scores + [0.0, 0.5, -0.5], axis=1)
    y = (truth.cumsum(axis=1) < rng.uniform(size=(4000, 1))).sum(axis=1)
    factor, intercept = calibrate(scores, y[:, None] == np.arange(3), np.ones(4000), exclusive=True)
    assert len(set(factor)) == 1
    got = log_softmax(scores * factor + intercept, axis=1)
    assert np.abs(np.exp(got) - truth).mean() < 0.02


@pytest.mark.parametrize("exclusive", [False, True])
def test_scores_that_say_nothing_or_all(exclusive):
    """Fails if a score is believed that is wrong, or one that was right for few rows is certain."""
    y = np.arange(20) % 2 == 0
    is_class = np.stack([y, ~y], axis=1)
    right = np.where(is_class, 1.0, -1.0)
    factor, intercept = calibrate(right, is_class, np.ones(20), exclusive)
    p = softmax(right * factor + intercept, axis=1) if exclusive else expit(right * factor)
    assert 0.9 < p[is_class].min() <= p[is_class].max() < 0.99
    factor, _ = calibrate(-right, is_class, np.ones(20), exclusive)
    assert (factor >= 0).all()
    assert factor.max() < 0.2


@pytest.mark.parametrize("n_features", [3, 30], ids=["fewer than rows", "more than rows"])
def test_rows_that_are_all_alike_get_the_mean(n_features):
    """Fails if features without any difference give NaN, which predictions would then be."""
    targets = np.arange(6.0)[:, np.newaxis]
    blocks = [np.zeros((6, n_features)), np.zeros((6, 2))]
    fitted = fit_ridge(blocks, targets, np.ones(6), 0)
    assert all((coef == 0).all() for coef in fitted.coef)
    np.testing.assert_allclose(fitted.intercept, 2.5)
    np.testing.assert_allclose(fitted.left_out[:, 0], (15 - targets[:, 0]) / 5)
