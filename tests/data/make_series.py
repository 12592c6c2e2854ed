"""Make the files of series with convolutions that every later version has to load, and predictions.

Run once, by the version that introduced them: ``python tests/data/make_series.py``. They are of
format 2, and never made anew. The series have several lengths, patches, a missing value, units that
ask for scaling, and a linear model of convolutions.
"""

import json
from pathlib import Path

import numpy as np

from skrnn import RNNClassifier, RNNRegressor
from skrnn.persistence import save

FOLDER = Path(__file__).parent / "format_2"
SMALL = {"units": 3, "epochs": 2, "patch_size": 3, "n_kernels": 84, "random_state": 0}


def make():
    """Yield the name of each estimator, itself fitted, and an X that JSON can hold."""
    rng = np.random.default_rng(0)
    X = [rng.normal([5e3, 0.02], [1e3, 0.01], (10 + i % 7, 2)).round(5) for i in range(40)]
    y = np.array([row[:, 0].mean() for row in X])
    X[1][4, 0] = np.nan
    few = [[[None if np.isnan(x) else x for x in step] for step in row.tolist()] for row in X[:4]]
    yield "convolutions", RNNClassifier(**SMALL).fit(X, y > 5e3), few
    yield "convolved_numbers", RNNRegressor(scaling="series", **SMALL).fit(X, y), few


if __name__ == "__main__":
    expected = {}
    for name, estimator, X in make():
        save(estimator, FOLDER / f"{name}.skrnn")
        rows = [np.array(row, dtype=float) for row in X]
        predict = getattr(estimator, "predict_proba", estimator.predict)
        expected[name] = {"X": X, "predicted": predict(rows).tolist()}
    (FOLDER / "expected_series.json").write_text(json.dumps(expected, indent=1) + "\n")
