"""Make the files of format 2 that every later version has to load, and what they predict.

Run once, by the version that introduced the format: ``python tests/data/make_format_2.py``. The
files in ``format_2`` are never made anew; a new format gets a folder of its own.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_nbsvm, make_reviews, make_tfidf_logistic
from skrnn.persistence import save

FOLDER = Path(__file__).parent / "format_2"
REVIEWS, LABELS = make_reviews(60, random_state=0)
WORDS = np.where(LABELS == 1, "schön", "awful")
IDS = [[2 + (7 * i + 3 * t) % 9 for t in range(3 + i % 5)] for i in range(30)]
rng = np.random.default_rng(0)
SMALL = {"units": 3, "embedding_dim": 4, "epochs": 2, "random_state": 0}


def make():
    """Yield the name of each estimator, itself fitted, and an X that JSON can hold."""
    text = make_pipeline(TextToSequence(max_features=120), RNNClassifier(**SMALL))
    yield "default", text.fit(REVIEWS, WORDS), REVIEWS[:4]
    stack = RNNClassifier(
        **SMALL | {"cell": "gru", "units": (4, 3), "ngram_range": None, "warm_start": True},
        pooling="attention",
    )
    yield "gru_attention", stack.fit(IDS, [i % 3 for i in range(30)]), IDS[:5]
    series = rng.normal(size=(40, 6, 2))
    numeric = RNNClassifier(cell="rnn", pooling="mean", bidirectional=False, **SMALL)
    yield "numeric", numeric.fit(series, series[:, 0, 0] > 0), series[:3].tolist()
    labels = np.array([[2 in ids, 5 in ids, 7 in ids] for ids in IDS]).astype(int)
    yield "multilabel", RNNClassifier(**SMALL).fit(IDS, labels), IDS[:5]
    tfidf = make_tfidf_logistic(max_features=100)
    yield "tfidf_logistic", tfidf.fit(REVIEWS, WORDS), REVIEWS[:4]
    nbsvm = make_nbsvm(max_features=100)
    yield "nbsvm", nbsvm.fit(REVIEWS, LABELS), REVIEWS[:4]


if __name__ == "__main__":
    expected = {}
    for name, estimator, X in make():
        save(estimator, FOLDER / f"{name}.skrnn")
        rows = np.array(X) if name == "numeric" else X
        expected[name] = {
            "X": X,
            "classes": estimator.classes_.tolist(),
            "predict_proba": estimator.predict_proba(rows).tolist(),
        }
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
