"""Make the files of RNNTagger that every later version has to load, and what they predict.

Run once, by the version that introduced it: ``python tests/data/make_tags.py``. They are of
format 2, and never made anew. One reads words with a column beside them, and has a linear chain,
spellings, transitions and a scheme; the other reads series, and answers each step by itself.
"""

import json
from pathlib import Path

import numpy as np

from skrnn import RNNTagger, make_tagged_sentences
from skrnn.persistence import save

FOLDER = Path(__file__).parent / "format_2"
SMALL = {"units": 3, "epochs": 2, "random_state": 0}


def make():
    """Yield the name of each estimator, itself fitted, and an X that JSON can hold."""
    sentences, y = make_tagged_sentences(15, random_state=0)
    words = [[(word, word[-1]) for word in sentence] for sentence in sentences]
    tagger = RNNTagger(embedding_dim=4, scheme="BIO", **SMALL)
    yield "tagged_words", tagger.fit(words, y), [*words[:3], [("unseen", "?")], []]
    rng = np.random.default_rng(0)
    series = [rng.normal(size=(4 + i % 3, 2)).round(5) for i in range(30)]
    states = [np.where(row[:, 0] > 0, "up", "down") for row in series]
    tagger = RNNTagger(cell="gru", output="softmax", **SMALL)
    yield "tagged_series", tagger.fit(series, states), [row.tolist() for row in series[:3]]


if __name__ == "__main__":
    expected = {}
    for name, tagger, X in make():
        save(tagger, FOLDER / f"{name}.skrnn")
        rows = [np.array(row) for row in X] if name == "tagged_series" else X
        expected[name] = {
            "X": X,
            "predict": [row.tolist() for row in tagger.predict(rows)],
            "predict_proba": [row.tolist() for row in tagger.predict_proba(rows)],
        }
    (FOLDER / "expected_tags.json").write_text(json.dumps(expected, indent=1) + "\n")
