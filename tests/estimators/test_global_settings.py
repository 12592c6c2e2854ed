"""scikit-learn's global settings: what is used inside does not follow them."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import RNNClassifier, TextToSequence, compare, make_nbsvm, make_reviews
from skrnn.baselines import NBSVMClassifier
from skrnn.ngrams import NgramModel
from skrnn.sequences import TokenArray, check_sequences
from tests.repeats import every

REVIEWS, LABELS = make_reviews(60, random_state=0)
SMALL = RNNClassifier("rnn", 2, embedding_dim=4, epochs=1, random_state=0)
SETTINGS = [
    {"transform_output": "pandas"},
    {"transform_output": "polars"},
    {"assume_finite": True},
    {"display": "text", "print_changed_only": False},
    {"enable_metadata_routing": True},
    {"skip_parameter_validation": True},
    {"sparse_interface": "sparray"},
    {"working_memory": 1, "pairwise_dist_chunk_size": 1, "enable_cython_pairwise_dist": False},
]
IDS = [" ".join(settings) for settings in SETTINGS]


@pytest.fixture(scope="module")
def expected():
    pipe = make_pipeline(TextToSequence(), clone(SMALL)).fit(REVIEWS, LABELS)
    return pipe.predict_proba(REVIEWS).tolist()


@pytest.mark.parametrize("settings", every(5, SETTINGS), ids=IDS)
def test_a_default_fit_does_not_follow(settings, expected, tmp_path):
    """Fails if a fit, a file or a prediction differs, warns or ends under a global setting."""
    with sklearn.config_context(**settings), warnings.catch_warnings():
        warnings.simplefilter("error")
        pipe = make_pipeline(TextToSequence(), clone(SMALL)).fit(REVIEWS, LABELS)
        skrnn.save(pipe, tmp_path / "m.skrnn")
        again = skrnn.load(tmp_path / "m.skrnn")
        assert again.predict_proba(REVIEWS).tolist() == expected
        assert pipe.predict_proba(REVIEWS).tolist() == expected


@pytest.mark.slow
@pytest.mark.parametrize("settings", SETTINGS, ids=IDS)
def test_ngrams_and_baselines_do_not_follow(settings):
    """Fails if a transformer inside a model returns frames."""
    ids = TextToSequence().fit_transform(REVIEWS)
    sequences, size, _ = check_sequences(ids, estimator=SMALL)
    y, ones = np.eye(3, dtype=bool)[np.arange(60) % 3], np.ones(60)

    def scores():
        ngrams = NgramModel((1, 2))
        ngrams.fit_score(sequences, y, None, ones, vocabulary_size=size, seed=0)
        return ngrams.score(sequences).row_inputs["ngram_scores"].tolist()

    def compared():
        table = compare({"a": make_nbsvm()}, REVIEWS, LABELS, cv=2)
        return table["a"]["test_score"]

    before = scores(), compared()
    with sklearn.config_context(**settings):
        assert (scores(), compared()) == before
        counts = np.eye(4)[[0, 1, 2, 3] * 3]
        NBSVMClassifier().fit(counts, [0, 1, 2, 1] * 3).predict(counts)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_the_tokenizer_and_global_frames(container):
    """Fails if sparse ids are no longer sparse ids, or if what an instance is told is lost."""
    with sklearn.config_context(transform_output=container):
        for text in (TextToSequence(), TextToSequence().set_output(transform="default")):
            assert isinstance(text.fit_transform(REVIEWS), TokenArray)
            assert isinstance(text.transform(REVIEWS), TokenArray)
        dense = TextToSequence(sparse_output=False)
        assert type(dense.fit_transform(REVIEWS)).__module__.startswith(container)
        told = TextToSequence().set_output(transform=container)
        with pytest.raises(ValueError, match="sparse_output=False"):
            told.fit_transform(REVIEWS)
    with pytest.raises(ValueError, match="sparse_output=False"):
        told.fit(REVIEWS).transform(REVIEWS)


@pytest.mark.slow
def test_array_api_dispatch():
    """Fails if a fit ends where arrays of other libraries are dispatched."""
    code = """
import sklearn
from skrnn import TextToSequence, make_reviews
from skrnn.ngrams import NgramModel
from skrnn.sequences import check_sequences
from skrnn import RNNClassifier
import numpy as np
sklearn.set_config(array_api_dispatch=True)
texts, y = make_reviews(60, random_state=0)
X = TextToSequence().fit_transform(texts)
sequences, size, _ = check_sequences(X, estimator=RNNClassifier())
RNNClassifier()._check_y(y)
NgramModel((1, 2)).fit_score(
    sequences, y[:, None] == 1, y, np.ones(60), vocabulary_size=size, seed=0
)
print("done")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "done\n", done.stderr
