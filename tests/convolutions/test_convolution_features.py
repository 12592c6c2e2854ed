"""Features of convolutions and levels, against their definitions written out as loops."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from skrnn.convolutions.grid import LARGEST, MAX_CHANNELS, STEPS, Grid
from skrnn.convolutions.kernels import Convolutions
from skrnn.convolutions.summaries import n_segments, n_summaries, summaries


def rows_of(lengths, n_channels, seed=0):
    """Return random rows on the grid, one after another, and their offsets."""
    rng = np.random.default_rng(seed)
    values = rng.integers(-3 * STEPS, 3 * STEPS, (sum(lengths), n_channels)).astype(np.int32)
    return values, np.concatenate([[0], np.cumsum(lengths)])


def convolved(row, weights, dilation):
    """Return what the nine taps see around each step, with zeros outside of the row."""
    spread = np.zeros(8 * dilation + 1, int)
    spread[::dilation] = weights
    padded = np.pad(row.sum(axis=1).astype(int), 4 * dilation)
    return np.correlate(padded, spread, "valid")


def as_defined(plan, row):
    """Return the features of a row, step by step."""
    shares = []
    for i, dilation in enumerate(plan.dilation):
        twos = list(combinations(range(9), 3))[plan.which[i]]
        weights = [2 if tap in twos else -1 for tap in range(9)]
        found = convolved(row[:, plan.channels_of(i)], weights, dilation)
        reach = 4 * dilation
        if plan.inside[i] and len(row) > 2 * reach:
            found = found[reach : len(row) - reach]
        shares += [(found > bias).mean() for bias in plan.biases[plan.biases_of(i)]]
    return np.array(shares)


@pytest.mark.parametrize("engine", ["numba", "tensorflow"])
@pytest.mark.parametrize(
    "lengths, n_channels", [([30, 1, 8, 9, 17], 1), ([25, 3, 26], 3), ([5, 2], 12)]
)
def test_shares_of_steps_are_as_defined(monkeypatch, engine, lengths, n_channels):
    """Fails if taps, dilations, channels, margins or rows are confused, by either engine."""
    monkeypatch.setenv("SKRNN_ENGINE", engine)
    values, offsets = rows_of(lengths, n_channels)
    plan = Convolutions.fit(values, offsets, 3 * 84, seed=0)
    assert plan.n_features == 3 * 84
    plan.check(n_channels)
    got = plan.shares(values, offsets)
    wanted = [as_defined(plan, values[start:end]) for start, end in pairwise(offsets)]
    np.testing.assert_array_equal(got, wanted)
    assert got.std(axis=0).max() > 0.1


def test_engines_and_neighbours_give_the_same_bytes(monkeypatch):
    """Fails if a row is read differently beside others, or without Numba."""
    values, offsets = rows_of([20] * 35 + [7, 40], 2)
    plan = Convolutions.fit(values, offsets, 168, seed=1)
    together = plan.shares(values, offsets)
    alone = [plan.shares(values[a:b], np.array([0, b - a])) for a, b in pairwise(offsets)]
    assert together.tobytes() == np.concatenate(alone).tobytes()
    part = offsets[34:]
    monkeypatch.setenv("SKRNN_ENGINE", "tensorflow")
    plain = plan.shares(values[part[0] :], part - part[0])
    assert plain.tobytes() == together[34:].tobytes()


def test_channels_are_drawn_from_all():
    """Fails if a channel is never read, or too many are added up for exact sums."""
    values, offsets = rows_of([20] * 5, 40)
    plan = Convolutions.fit(values, offsets, 840, seed=0)
    assert set(plan.channels) == set(range(40))
    n_read = np.diff(plan.channels_end, prepend=0)
    assert n_read.min() == 1
    assert n_read.max() == MAX_CHANNELS
    assert 12 * MAX_CHANNELS * LARGEST * STEPS < 2**24


@pytest.mark.parametrize("length, dilations", [(2, [1]), (16, [1]), (24, [1, 2]), (150, 18)])
def test_kernels_are_not_longer_than_the_series(length, dilations):
    """Fails if dilations do not go from 1 to the length of the series."""
    values, offsets = rows_of([length] * 4, 1)
    found = np.unique(Convolutions.fit(values, offsets, 32 * 84, seed=0).dilation)
    if isinstance(dilations, list):
        assert found.tolist() == dilations
    else:
        assert (found[0], found[-1]) == (1, dilations)


def levels(row, count):
    """Return the features of levels of a row, by NumPy's functions for each channel."""
    x = row / STEPS
    n = len(x)
    t = np.arange(n)
    parts = [[np.log(n)], x.mean(0), x.std(0), x.min(0), x.max(0), x[0], x[-1]]
    slope = np.polyfit(t, x, 1)[0] * (n - 1) if n > 1 else 0 * x[0]
    parts += [slope, np.abs(np.diff(x, axis=0)).mean(0) if n > 1 else 0 * x[0]]
    fine = np.repeat(x, count, axis=0)  # each segment is n of these
    parts += [fine[k * n : (k + 1) * n].mean(0) for k in range(count)]
    return np.concatenate(parts)


@pytest.mark.parametrize("n_channels", [1, 3, 300])
def test_levels_are_as_defined(n_channels):
    """Fails if a statistic, or the share of a step in a segment, is wrong in some row."""
    values, offsets = rows_of([1, 30, 2, 7, 16, 33], n_channels)
    got = summaries(values, offsets)
    count = n_segments(n_channels)
    wanted = [levels(values[start:end], count) for start, end in pairwise(offsets)]
    assert got.shape == (6, n_summaries(n_channels))
    np.testing.assert_allclose(got, wanted, atol=1e-9)
    alone = [summaries(values[a:b], np.array([0, b - a])) for a, b in pairwise(offsets)]
    assert got.tobytes() == np.concatenate(alone).tobytes()


@pytest.mark.parametrize("unit, zero", [(1, 0), (1e6, 0), (1e-6, 0), (1, 1e6), (1e-200, 0)])
def test_grid_has_no_unit(unit, zero):
    """Fails if numbers of another unit or zero are rounded to other integers."""
    x = np.random.default_rng(0).normal(size=(500, 2))
    x[3, 1] = np.nan
    got, wanted = (Grid.fit(v).round(v) for v in (x * unit + zero, x))
    assert np.abs(got - wanted).max() <= 1
    assert got[3, 1] == 0
    constant = np.full((9, 1), 0.1)
    assert not Grid.fit(constant).round(constant).any()
