"""Make the files of RNNRegressor that every later version has to load, and what they predict.

Run once, by the version that introduced it: ``python tests/data/make_numbers.py``. They are of
format 2, and never made anew.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline

from skrnn import RNNRegressor, TextToSequence, make_reviews
from skrnn.persistence import save

FOLDER = Path(__file__).parent / "format_2"
REVIEWS, LABELS = make_reviews(60, random_state=0)
SMALL = {"units": 3, "embedding_dim": 4, "epochs": 2, "random_state": 0}


def make():
    """Yield the name of each estimator, itself fitted, and an X that JSON can hold."""
    text = make_pipeline(TextToSequence(max_features=120), RNNRegressor(**SMALL))
    yield "stars", text.fit(REVIEWS, np.where(LABELS == 1, 8.5, 2.5)), REVIEWS[:4]
    series = np.random.default_rng(0).normal(size=(40, 6, 2))
    counts = RNNRegressor(cell="gru", loss="poisson", **SMALL)
    y = np.exp(np.stack([series[:, 0, 0], series[:, 1, 1]], axis=1))
    yield "counts", counts.fit(series, y), series[:3].tolist()


if __name__ == "__main__":
    expected = {}
    for name, estimator, X in make():
        save(estimator, FOLDER / f"{name}.skrnn")
        rows = np.array(X) if name == "counts" else X
        expected[name] = {"X": X, "predict": estimator.predict(rows).tolist()}
    (FOLDER / "expected_numbers.json").write_text(json.dumps(expected, indent=1) + "\n")
