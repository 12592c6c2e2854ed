"""Fitted pipelines through skops.io, which writes no pickle and asks which types to trust.

skrnn registers nothing with skops and does nothing for it; this only holds while estimators keep
to plain attributes. Each test's docstring says what a wrong implementation would fail on.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_nbsvm, make_reviews, make_tfidf_logistic

skops_io = pytest.importorskip("skops.io", reason="skops is not installed")

ROOT = Path(__file__).parent.parent.parent
REVIEWS, LABELS = make_reviews(60, random_state=0)
TYPES = [
    "skrnn.estimators.classifier.RNNClassifier",
    "skrnn.heads.classes.ClassesHead",
    "skrnn.network.description.NetworkDescription",
    "skrnn.network.description.SideInput",
    "skrnn.network.fitted.FittedNetwork",
    "skrnn.ngrams.NgramModel",
    "skrnn.ngrams.NgramVocabulary",
    "skrnn.sequences.words.KnownWords",
    "skrnn.text.to_sequence.TextToSequence",
    "skrnn.training.state.TrainingSettings",
]


def network(**parameters):
    settings = {**ESTIMATOR, "units": 3, "embedding_dim": 3, "epochs": 1, "ngram_range": (1, 2)}
    return make_pipeline(
        TextToSequence(), RNNClassifier(**{**settings, "random_state": 0, **parameters})
    )


OTHER_PROCESS = """
import sys
import numpy as np
import skops.io
pipe = skops.io.load("pipe.skops", trusted=sys.argv[1:])
print(pipe.predict_proba(list(np.load("reviews.npy"))).tobytes().hex())
"""


@pytest.mark.reliability
def test_default_pipeline_in_another_process(tmp_path):
    """Fails if a type comes in that a reader was not told of, or predictions change."""
    pipe = network().fit(REVIEWS, LABELS)
    skops_io.dump(pipe, tmp_path / "pipe.skops")
    assert skops_io.get_untrusted_types(file=tmp_path / "pipe.skops") == TYPES
    np.save(tmp_path / "reviews.npy", np.array(REVIEWS))
    run = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, *TYPES],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert bytes.fromhex(run.stdout) == pipe.predict_proba(REVIEWS).tobytes()


@pytest.mark.slow
def test_training_goes_on():
    """Fails if weights, the optimizer's state or a generator's are lost on the way."""
    pipe = network(warm_start=True, dropout=0.3).fit(REVIEWS, LABELS)
    found = skops_io.loads(skops_io.dumps(pipe), trusted=TYPES)
    wanted = pipe.fit(REVIEWS, LABELS).predict_proba(REVIEWS)
    assert found.fit(REVIEWS, LABELS).predict_proba(REVIEWS).tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    ("pipe", "types"),
    [(make_tfidf_logistic(), []), (make_nbsvm(), ["skrnn.baselines.nbsvm.NBSVMClassifier"])],
    ids=["tf-idf", "NB-SVM"],
)
def test_baselines(pipe, types):
    """Fails if a baseline cannot be kept, or wants more trust than its own class."""
    data = skops_io.dumps(pipe.fit(REVIEWS, LABELS))
    assert skops_io.get_untrusted_types(data=data) == types
    found = skops_io.loads(data, trusted=types)
    assert found.predict_proba(REVIEWS).tobytes() == pipe.predict_proba(REVIEWS).tobytes()
