"""The scale of channels: any unit, any level, missing values, constant channels.

Each test's docstring says what a wrong implementation would fail on.
"""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from skrnn.sequences import ChannelScaler, check_sequences

rng = np.random.default_rng(0)
NAN = np.nan
ROWS = [rng.normal([1, -5, 0], [1, 4, 9], (n, 3)) for n in (7, 1, 12, 4, 9)]
SCALINGS = ["standard", "series", None]
UNITS = {
    "millions": lambda x: x * 1e6,
    "millionths": lambda x: x * 1e-6,
    "shifted": lambda x: x + 1e6,
    "1e300": lambda x: x * 1e300,
    "subnormal": lambda x: x * 1e-312,
    "near the largest": lambda x: x * 8e306,
    "power of two": lambda x: x * 2.0**700,
}


class Estimator:
    """Stands for an estimator: its class is named in errors."""


def read(X):
    return check_sequences(X, estimator=Estimator()).sequences


def scaler_of(X, scaling="standard", is_used=None):
    used = np.ones(len(X), bool) if is_used is None else is_used
    return ChannelScaler.fit(read(X), used, scaling)


def scaled(X, scaler=None, scaling="standard", **options):
    return (scaler or scaler_of(X, scaling)).apply(read(X), "Estimator", **options)


def by_hand(row):
    deviation = row.std(axis=0)
    return (row - row.mean(axis=0)) / np.where(deviation > 0, deviation, 1)


def test_standard_is_that_of_all_steps():
    """Fails if rows instead of steps are averaged, or rows without a weight count."""
    expected = StandardScaler().fit(np.vstack(ROWS))
    found = scaled(ROWS)
    np.testing.assert_allclose(found.values, expected.transform(np.vstack(ROWS)), rtol=1e-6)
    assert found.values.dtype == np.float32
    used = np.array([True, False, True, False, False])
    scaler = scaler_of(ROWS, is_used=used)
    expected = StandardScaler().fit(np.vstack([ROWS[0], ROWS[2]]))
    np.testing.assert_allclose(scaler.mean, expected.mean_)
    np.testing.assert_allclose(scaler.scale, expected.scale_)
    assert scaler.n_numbers.tolist() == [19] * 3


def test_series_is_that_of_each_row():
    """Fails if a row is scaled by the numbers of another."""
    X = [*ROWS, np.full((4, 3), 1e6 + 0.1)]
    expected = np.vstack([by_hand(row) for row in ROWS] + [np.zeros((4, 3))])
    found = scaled(X, scaling="series")
    np.testing.assert_allclose(found.values, expected, rtol=1e-5, atol=1e-6)
    for i, row in enumerate(X):
        alone = scaled([row], scaling="series").values
        a, b = found.offsets[i : i + 2]
        assert alone.tobytes() == found.values[a:b].tobytes()


@pytest.mark.parametrize("scaling", ["auto", "standard", "series"])
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.filterwarnings("error")
def test_units_make_no_difference(unit, scaling):
    """Fails if float32 comes before the scale, or a sum of squares overflows or is zero."""
    X = [row.round(3) for row in ROWS]
    found = scaled([UNITS[unit](row) for row in X], scaling=scaling).values
    np.testing.assert_allclose(found, scaled(X, scaling=scaling).values, rtol=1e-5, atol=1e-6)
    if unit == "power of two":
        assert found.tobytes() == scaled(X, scaling=scaling).values.tobytes()


def test_large_float32_and_many_steps():
    """Fails if sums are in float32, or steps that are read in blocks are not all read."""
    X = (rng.normal(size=(2, 700_000, 1)) + 1e4).astype(np.float32)
    found = scaled(X).values.astype(np.float64)
    assert abs(found.mean()) < 1e-6 and abs(found.std() - 1) < 1e-6


@pytest.mark.parametrize("value", [0.0, 0.1, -3e299, 5e-324, 1e6 + 1 / 3])
@pytest.mark.filterwarnings("error")
def test_a_constant_channel_is_centred(value):
    """Fails if rounding gives a constant channel a deviation by which it is divided."""
    X = np.full((6, 7, 2), value)
    X[..., 1] = rng.normal(size=(6, 7))
    scaler = scaler_of(X)
    assert (scaler.mean[0], scaler.scale[0]) == (value, 0)
    found = scaled(X, scaler).values
    assert (found[:, 0] == 0).all() and abs(found[:, 1].std() - 1) < 1e-6
    assert (scaled(X, scaling="series").values[:, 0] == 0).all()


@pytest.mark.parametrize("scaling", SCALINGS)
def test_missing_values(scaling):
    """Fails if a missing value is not the mean, or counts in mean and deviation."""
    X = np.stack([rng.normal(size=(9, 2)) + 3 for _ in range(5)])
    X[1, 4] = X[2, :2] = X[3, 6:] = X[4] = NAN
    X[0, 3, 1] = X[2, 5, 0] = NAN
    found = scaled(X, scaling=scaling)
    assert found.lengths.tolist() == [9, 9, 9, 6, 0]
    is_blank = np.isnan(found.values)
    np.testing.assert_array_equal(is_blank.all(axis=1), is_blank.any(axis=1))
    assert np.flatnonzero(is_blank[:, 0]).tolist() == [9 + 4, 18, 19]
    collapsed = found.collapse()
    assert collapsed.lengths.tolist() == [9, 8, 7, 6, 1]
    assert np.isfinite(collapsed.values).all() and (collapsed.values[-1] == 0).all()
    kept = scaled(X, scaling=scaling, keeps_steps=True)
    assert kept.lengths.tolist() == [9, 9, 9, 6, 0]
    mean = np.nanmean(X, axis=(0, 1)) if scaling is None else np.zeros(2)
    for values in (found.values[3, 1] - mean[1], kept.values[[13, 18, 19]] - mean):
        np.testing.assert_allclose(values, 0, atol=1e-6)
    expected = np.vstack([row[~np.isnan(row).all(axis=1)] for row in X])
    if scaling == "standard":
        expected = (expected - np.nanmean(expected, axis=0)) / np.nanstd(expected, axis=0)
    elif scaling == "series":
        expected = np.vstack([(x - np.nanmean(x, axis=0)) / np.nanstd(x, axis=0) for x in X[:4]])
        expected = expected[~np.isnan(expected).all(axis=1)]
    np.testing.assert_allclose(
        collapsed.values[:-1], np.where(np.isnan(expected), mean, expected), rtol=1e-5, atol=1e-6
    )


def test_no_scaling_leaves_the_bytes():
    """Fails if numbers change, or are copied, without need."""
    X = np.vstack(ROWS).astype(np.float32)[None]
    found = scaled(X, scaling=None)
    assert found.values is read(X).values or found.values.tobytes() == X.tobytes()


def test_later_rows_set_what_was_constant():
    """Fails if a channel without a scale never gets one, or one with a scale gets another."""
    first = np.stack([rng.normal(size=(3, 4)), np.full((3, 4), 2.0), np.full((3, 4), NAN),
                      np.full((3, 4), 7.0)], axis=2)  # fmt: skip
    more = rng.normal(5, 3, size=(8, 6, 4))
    more[..., 3] = 7
    scaler = scaler_of(first)
    assert scaler.n_numbers.tolist() == [12, 12, 0, 12]
    later = scaler.updated(read(more), np.ones(8, bool))
    assert (later.mean[0], later.scale[0]) == (scaler.mean[0], scaler.scale[0])
    both = np.append(first[..., 1].ravel(), more[..., 1].ravel())
    np.testing.assert_allclose([later.mean[1], later.scale[1]], [both.mean(), both.std()])
    unseen = more[..., 2]
    np.testing.assert_allclose([later.mean[2], later.scale[2]], [unseen.mean(), unseen.std()])
    assert (later.mean[3], later.scale[3]) == (7, 0)
    again = later.updated(read(more * 5), np.ones(8, bool))
    assert again.mean[:3].tolist() == later.mean[:3].tolist() and again.scale[3] > 0
    assert scaler.n_numbers.tolist() == [12, 12, 0, 12]  # no scaler changes
    twice = scaler.updated(read(first), np.ones(3, bool))  # the same rows do not count twice
    assert twice.n_numbers.tolist() == [12, 12, 0, 12]
    others = scaler_of(np.zeros((1, 2, 1))).updated(read(np.full((1, 2, 1), 6.0)), np.ones(1, bool))
    assert (others.mean, others.scale, others.n_numbers) == ([3.0], [3.0], [4])


@pytest.mark.filterwarnings("error")
def test_a_channel_without_numbers_is_not_read():
    """Fails if numbers of a channel that training never saw reach weights that learned nothing."""
    X = rng.normal(size=(3, 4, 2))
    X[..., 1] = NAN
    scaler = scaler_of(X)
    X[0, 0, 1] = 1e20
    assert (scaled(X, scaler).values[:, 1] == 0).all()
    with pytest.raises(ValueError, match="no mean to fill in: row 0, time step 1, channel 1"):
        scaled(X, ChannelScaler.unknown(None, 2))


@pytest.mark.parametrize(
    ("scaling", "value", "message"),
    [
        (
            None,
            1e39,
            "for float32: row 3, time step 2, channel 1, is 1e.39.*scaling=None",
        ),
        (None, -1e300, "row 3, time step 2"),
        ("standard", 1e12, "row 3, time step 2, channel 1, is 1e.12, more than 1e.09 standard dev"),
        ("standard", -1.7e308, "row 3, time step 2, channel 1"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_numbers_that_are_too_large(scaling, value, message):
    """Fails if a number overflows in the network, or is judged before it is scaled."""
    X = [row.copy() for row in ROWS]
    scaler = scaler_of(X, scaling)
    X[3][2, 1] = value
    with pytest.raises(ValueError, match=message):
        scaled(X, scaler)
    scaled(X, scaling="standard")  # where training has seen such numbers


@pytest.mark.parametrize("unit", UNITS)
def test_arrays_of_a_file(unit):
    """Fails if a mean that no file can hold is lost, or rounded."""
    scaler = scaler_of([UNITS[unit](row) for row in ROWS])
    arrays = scaler.to_arrays()
    assert max(np.abs(one).max() for one in arrays[:2]) <= 1
    read_back = ChannelScaler.from_arrays("standard", *arrays)
    for name in ("mean", "scale", "n_numbers"):
        assert getattr(read_back, name).tobytes() == getattr(scaler, name).tobytes()


@pytest.mark.parametrize(
    "change",
    [
        {"exponent": [4000, 0]}, {"exponent": [0, -2**62]}, {"scale": [-0.5, 0.5]},
        {"scale": [1.5, 0.5]}, {"mean": [-3.0, 0.0]}, {"n_numbers": [-1, 5]},
        {"n_numbers": [0, 5]}, {"mean": [1.0, 1.0], "exponent": [1024, 0]},
    ],
    ids=str,
)  # fmt: skip
def test_arrays_that_are_refused(change):
    """Fails if a file can hold a scaler by which numbers become infinite."""
    good = {"mean": [0.5, 0.25], "scale": [0.5, 1.0], "exponent": [3, -7], "n_numbers": [5, 5]}
    ChannelScaler.from_arrays("standard", *map(np.array, good.values()))
    with pytest.raises(ValueError, match="channel"):
        ChannelScaler.from_arrays("standard", *map(np.array, (good | change).values()))
