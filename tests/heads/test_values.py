"""The head of numbers: checks of y, the unit in which it is learned, and back.

Nothing here loads TensorFlow but the tests of the losses.
"""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skrnn.heads.numbers import center_and_scale, check_numbers, weighted_quantile
from skrnn.heads.registry import head_of_layout
from skrnn.heads.values import LOSSES, ValuesHead


class Estimator:
    """Is named in errors, and has a loss."""

    def __init__(self, loss="squared_error", quantile=None):
        self.loss, self.quantile = loss, quantile


def fitted(y, loss="squared_error", quantile=None, weights=None):
    y, estimator = check_numbers(y, Estimator()), Estimator(loss, quantile)
    weights = np.ones(len(y), np.float32) if weights is None else np.float32(weights)
    return ValuesHead.fit(y, estimator).learn(y, weights), y


NUMBERS = {
    "list": [3, 1, 2],
    "float32": np.float32([3, 1, 2]),
    "int8": np.int8([3, 1, 2]),
    "bool": [True, False, True],
    "Decimal": [Decimal(3), Decimal(1), Decimal(2)],
    "object": np.array([3, 1.0, np.float32(2)], dtype=object),
    "pandas": pd.Series([3, 1, 2], index=[4, 4, 1]),
    "Int64": pd.Series([3, 1, 2], dtype="Int64"),
    "polars": pl.Series([3, 1, 2]),
    "Arrow": pa.chunked_array([[3, 1], [2]]),
}


@pytest.mark.parametrize("y", NUMBERS.values(), ids=NUMBERS)
def test_numbers_in_any_container(y):
    """Fails if a container of numbers is refused, or its numbers change."""
    found = check_numbers(y, Estimator())
    wanted = [1.0, 0.0, 1.0] if y is NUMBERS["bool"] else [3.0, 1.0, 2.0]
    assert found.dtype == np.float64 and found.tolist() == wanted


WRONG = {
    "None": (None, "requires y to be passed"),
    "NaN": ([1.0, np.nan, 2.0], "contains NaN in row 1"),
    "infinity": ([[1.0, 2.0], [3.0, -np.inf]], "contains infinity in row 1, column 1"),
    "strings": (["1", "2"], "y has '1', a str, in row 0.*RNNClassifier"),
    "one string": (np.array([1.0, "x"], dtype=object), "'x', a str, in row 1"),
    "missing": (pd.Series([1, None, 2], dtype="Int64"), "contains NaN in row 1"),
    "dates": (np.array(["2020-01-01"] * 2, "datetime64[D]"), "in row 0"),
    "complex": (np.array([1j, 2]), "a complex"),
    "3-D": (np.zeros((2, 2, 2)), r"y has shape \(2, 2, 2\).*reshape"),
    "ragged": ([[1.0], [1.0, 2.0]], "different lengths"),
    "empty": ([], "at least one"),
    "huge": ([10**400, 1], "contains infinity in row 0"),
}


@pytest.mark.parametrize(("y", "match"), WRONG.values(), ids=WRONG)
def test_what_is_no_number_is_named(y, match):
    """Fails if an invalid y is taken, or the error does not say what and where."""
    with pytest.raises(ValueError, match=match):
        check_numbers(y, Estimator())


def test_negative_counts_and_quantiles():
    """Fails if Poisson takes a negative number, or the error does not name its row."""
    head, _ = fitted([1.0, 2.0], "poisson")
    with pytest.raises(ValueError, match=r"negative number -0.5 in row 2"):
        head.check(np.array([0.0, 1.0, -0.5]), Estimator("poisson"))
    with pytest.raises(ValueError, match="needs the parameter 'quantile'"):
        ValuesHead.fit(np.ones(3), Estimator("quantile"))
    with pytest.raises(ValueError, match="fitted with loss='poisson'.*loss='huber'"):
        head.with_options(Estimator("huber"))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("unit", [1.0, 1e9, 1e-6, 1e300, 1e-300, 8.9e307])
def test_any_unit_comes_back(loss, unit):
    """Fails if huge or tiny numbers overflow, vanish, or are learned in another size."""
    y = np.array([0.25, 0.5, 1.0, 2.0, 0.0])
    head, _ = fitted(unit * y, loss, 0.3 if loss == "quantile" else None)
    plain, _ = fitted(y, loss, 0.3 if loss == "quantile" else None)
    targets = head.encode(unit * y)
    np.testing.assert_allclose(targets, plain.encode(y), rtol=1e-6)
    raw = targets if loss != "poisson" else np.log(np.maximum(targets, 1e-30))
    np.testing.assert_allclose(head.predict(raw), unit * y, atol=unit * 1e-6)


def test_units_are_those_documented():
    """Fails if a center or scale is not that of the loss, or ignores weights."""
    y, w = np.array([1.0, 2.0, 4.0, 100.0]), np.array([1.0, 2.0, 1.0, 1.0])
    repeated = np.repeat(y, [1, 2, 1, 1])
    center, scale = center_and_scale(y, w, "squared_error", None)
    assert center == pytest.approx(repeated.mean()) and scale == pytest.approx(repeated.std())
    assert center_and_scale(y, w, "absolute_error", None)[0] == np.median(repeated)
    assert center_and_scale(y, w, "poisson", None) == (0.0, pytest.approx(repeated.mean()))
    normal = np.random.default_rng(0).normal(5, 3, 20_000)
    normal[:100] = 1e6  # are not to decide the scale
    center, scale = center_and_scale(normal, np.ones(20_000), "huber", None)
    assert center == pytest.approx(5, abs=0.1) and scale == pytest.approx(3, rel=0.03)
    # No interquartile range: mostly zeros.
    assert center_and_scale(np.array([0.0] * 9 + [10.0]), np.ones(10), "huber", None) == (0, 1)


@pytest.mark.parametrize("q", [0.1, 0.25, 0.5, 0.9])
def test_weighted_quantile_is_that_of_repeated_rows(q):
    """Fails if weights are not repetitions, or the median of an even number is no mean."""
    rng = np.random.default_rng(3)
    y, w = rng.normal(size=31), rng.integers(1, 5, 31)
    wanted = np.quantile(np.repeat(y, w), q, method="averaged_inverted_cdf")
    assert weighted_quantile(y, w.astype(float), q) == pytest.approx(wanted)


@pytest.mark.parametrize("loss", LOSSES)
def test_equal_numbers_wait_for_others(loss):
    """Fails if a constant is an error or not predicted, or a later scale is not learned."""
    quantile = 0.5 if loss == "quantile" else None
    y = np.full((5, 2), 0.1)
    y[:, 1] = np.arange(5)
    head, y = fitted(y, loss, quantile)
    assert head.scale[0] == 0 and head.scale[1] > 0
    raw = np.full((3, 2), 0.3, np.float32)
    assert head.predict(raw)[:, 0].tolist() == [0.1] * 3
    later = np.stack([np.arange(5.0), np.arange(5.0) * 100], axis=1)
    learned = head.learn(later, np.ones(5, np.float32))
    assert learned.scale[0] > 0 and learned.scale[1] == head.scale[1]
    assert learned.learn(later * 7, np.ones(5, np.float32)) is learned


def test_rows_of_weight_0_do_not_count():
    """Fails if they move center or scale."""
    head, _ = fitted([1.0, 2.0, 3.0, 1e9], weights=[1, 1, 1, 0])
    assert head.center[0] == 2 and head.scale[0] == pytest.approx(np.sqrt(2 / 3))


def test_y_comes_back_in_its_shape():
    """Fails if (n, 1) becomes (n,), or names of columns are lost or mixed up."""
    raw = np.zeros((2, 1), np.float32)
    assert fitted([1.0, 2.0])[0].predict(raw).shape == (2,)
    assert fitted([[1.0], [2.0]])[0].predict(raw).shape == (2, 1)
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [5.0, 3.0]})
    head, _ = fitted(frame)
    head.learn_names(frame, Estimator())
    assert head.targets.tolist() == ["a", "b"]
    head.check_names(frame, Estimator())
    with pytest.raises(ValueError, match=r"are \['b', 'a'\].*fitted on \['a', 'b'\]"):
        head.check_names(frame[["b", "a"]], Estimator())


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_those_of_numpy(loss):
    """Fails if a loss, its averages or its layout is another one."""
    quantile = 0.8 if loss == "quantile" else None
    head = head_of_layout(ValuesHead(2, loss, quantile).layout())
    rng = np.random.default_rng(1)
    y = np.float32(rng.poisson(1.0, (6, 2)))
    raw = np.float32(rng.normal(size=(6, 2)))
    answer = np.exp(raw) if loss == "poisson" else raw
    gap = y - answer
    logs = np.log(np.where(y > 0, y, 1)) - raw  # of the exponential
    wanted = {
        "squared_error": gap**2,
        "absolute_error": abs(gap),
        "huber": np.where(abs(gap) < 1.35, gap**2 / 2, 1.35 * (abs(gap) - 1.35 / 2)),
        "poisson": y * logs - y + answer,
        "quantile": np.where(gap > 0, 0.8 * gap, -0.2 * gap),
    }[loss].mean(axis=1)
    np.testing.assert_allclose(head.loss()(y, answer), wanted, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(head.row_losses(y, raw), wanted, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(head._plain_losses(y, answer).mean(axis=1), wanted, rtol=1e-4)
    # No other constant is better; that of the huber loss is near the best.
    weights = np.float32([1, 2, 1, 0, 1, 3])
    best = head.constant_loss(y, weights)
    others = (np.full_like(y, one) for one in np.linspace(0.05, 4, 80))
    least = min(np.average(head._plain_losses(y, one)[:, 0], weights=weights) for one in others)
    assert loss == "huber" or head.constant_loss(y[:, [0]], weights) <= least + 1e-9
    assert best > 0
    same = head.divergence(raw, raw).numpy()
    assert (same < 1e-6).all() and (head.divergence(raw, raw + 0.5).numpy() > 0.05).all()


@pytest.mark.parametrize(
    "change",
    [{"loss": "other"}, {"n_outputs": 0}, {"quantile": 0.5}, {"loss": "quantile"}, {"more": 1},
     {"loss": "quantile", "quantile": 1.0}, {"loss": ["huber"]}],
    ids=str,
)  # fmt: skip
def test_odd_layouts_are_refused(change):
    """Fails if a file may name a loss that does not exist."""
    with pytest.raises(ValueError, match="layout of a head of values"):
        head_of_layout(ValuesHead(1, "huber").layout() | change)
