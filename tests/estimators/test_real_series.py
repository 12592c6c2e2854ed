"""Real series in any unit: the same answers.

The files are those of the time series archives, in the folder ``series`` of ``SKRNN_DATA``.
"""

import os
from pathlib import Path

import pytest
from ts_files import read_ts

from skrnn import RNNClassifier

UNITS = {
    "millions": lambda x: x * 1e6,
    "millionths": lambda x: x * 1e-6,
    "shifted": lambda x: x + 1e6,
}


@pytest.fixture(scope="module", params=["BasicMotions", "ItalyPowerDemand", "GunPoint"])
def series(request):
    folder = Path(os.environ.get("SKRNN_DATA", "")) / "series"
    paths = [folder / f"{request.param}_{part}.ts" for part in ("TRAIN", "TEST")]
    if "SKRNN_DATA" not in os.environ or not all(path.exists() for path in paths):
        pytest.skip(f"needs series/{request.param}_TRAIN.ts in the folder that SKRNN_DATA names")
    return [*map(read_ts, paths)]


def predicted(series, unit, scaling):
    (train, labels), (test, _) = series
    model = RNNClassifier("gru", 16, epochs=20, learning_rate=0.01, random_state=0)
    model.set_params(scaling=scaling).fit([unit(row) for row in train], labels)
    return model.predict([unit(row) for row in test])


@pytest.mark.slow
@pytest.mark.parametrize("scaling", ["auto", "series"])
def test_units_change_at_most_one_row(series, scaling):
    """Fails if what a sensor measures in, or from where it counts, decides what is learned."""
    plain = predicted(series, lambda x: x, scaling)
    assert (plain == series[1][1]).mean() > 0.7
    for name, unit in UNITS.items():
        assert (predicted(series, unit, scaling) != plain).sum() <= 1, name
