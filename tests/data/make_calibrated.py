"""Make the file of a calibrated network that every later version has to load, and predictions.

Run once, by the version that introduced it: ``python tests/data/make_calibrated.py``. It is of
format 2, and never made anew.
"""

import json
from pathlib import Path

from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews
from skrnn.persistence import save

FOLDER = Path(__file__).parent / "format_2"
SMALL = {"units": 3, "embedding_dim": 4, "epochs": 2, "random_state": 0}


if __name__ == "__main__":
    reviews, y = make_reviews(60, random_state=0)
    pipe = make_pipeline(TextToSequence(max_features=60), RNNClassifier(calibrate=True, **SMALL))
    save(pipe.fit(reviews, y), FOLDER / "calibrated.skrnn")
    expected = {"X": reviews[:4], "predict_proba": pipe.predict_proba(reviews[:4]).tolist()}
    (FOLDER / "expected_calibrated.json").write_text(json.dumps(expected, indent=1) + "\n")
