"""Make the file of vectors of documents that every later version has to load, and predictions.

Run once, by the version that introduced it: ``python tests/data/make_vectors.py``. It is of
format 2, and never made anew.
"""

import json
from pathlib import Path

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skrnn import DocumentVectorizer, TextToSequence, make_reviews
from skrnn.persistence import save

FOLDER = Path(__file__).parent / "format_2"


if __name__ == "__main__":
    reviews, y = make_reviews(60, random_state=0)
    vectors = DocumentVectorizer(4, epochs=5, random_state=0)
    pipe = make_pipeline(TextToSequence(max_features=60), vectors, LogisticRegression())
    save(pipe.fit(reviews, y), FOLDER / "vectors.skrnn")
    expected = {"X": reviews[:4], "predict_proba": pipe.predict_proba(reviews[:4]).tolist()}
    (FOLDER / "expected_vectors.json").write_text(json.dumps(expected, indent=1) + "\n")
