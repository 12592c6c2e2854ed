"""A fitted RNNClassifier written and read: in another process, for going on, as a copy.

Each test's docstring says what a wrong implementation would fail on.
"""

import copy
import pickle
import subprocess
import sys

import joblib
import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews

rng = np.random.default_rng(0)
X = np.array([rng.permutation(6) + 2 for _ in range(120)])
Y = (X == 3).argmax(axis=1) < (X == 4).argmax(axis=1)


def small(**parameters):
    settings = {"cell": "rnn", "units": 8, "embedding_dim": 8, "dropout": 0.2, "batch_size": 32}
    settings |= {"epochs": 2, "learning_rate": 0.02, "random_state": 0}
    return RNNClassifier(**{**settings, **parameters})


def weights(model):
    return [variable.numpy().tobytes() for variable in model.model_.variables]


def pickled(model):
    return pickle.loads(pickle.dumps(model))


OTHER_PROCESS = """
import sys
import joblib
pipe = joblib.load("pipe.joblib")
reviews, labels = joblib.load("reviews.joblib")
found = {"loaded": pipe.predict_proba(reviews)}
pipe[-1].callbacks = None  # Keras itself warns where it saves a model
found["fitted anew"] = pipe.fit(reviews, labels).predict_proba(reviews)
joblib.dump(found, "found.joblib")
"""


@pytest.mark.slow
def test_another_process_gives_the_same_bytes_and_no_noise(tmp_path):
    """Fails if the pickle needs this process, if a seed does, or if anyone warns or chatters."""
    reviews, labels = make_reviews(150, random_state=12)
    callbacks = [keras.callbacks.ModelCheckpoint(str(tmp_path / "{epoch}.keras"))]
    network = small(cell="lstm", callbacks=callbacks)
    pipe = make_pipeline(TextToSequence(), network).fit(reviews, labels)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.keras", "2.keras"]
    joblib.dump(pipe, tmp_path / "pipe.joblib")
    joblib.dump((reviews, labels), tmp_path / "reviews.joblib")
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", OTHER_PROCESS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    expected = pipe.predict_proba(reviews).tobytes()
    for what, found in joblib.load(tmp_path / "found.joblib").items():
        assert found.tobytes() == expected, what


@pytest.mark.slow
def test_size_is_that_of_weights_and_vocabulary():
    """Fails if the optimizer, the training rows or a second copy of the weights goes along."""
    words = [f"word{i}" for i in range(10_000)]
    documents = [" ".join(words[i : i + 100]) for i in range(0, 10_000, 100)] * 2
    network = RNNClassifier(units=64, embedding_dim=64, ngram_range=None, epochs=1, random_state=0)
    pipe = make_pipeline(TextToSequence(max_features=10_000), network)
    pipe.fit(documents, [0, 1] * 100)
    needed = sum(weight.nbytes for weight in network.model_.get_weights())
    needed += len(pickle.dumps(pipe[0].vocabulary_))
    assert needed > 2_500_000
    assert len(pickle.dumps(pipe)) <= 1.1 * needed
    # Also after having been read, and with callbacks that have seen the weights.
    again = pickled(pipe)
    again.predict(documents)
    assert len(pickle.dumps(again)) <= 1.1 * needed
    stopping = keras.callbacks.EarlyStopping("loss", restore_best_weights=True)
    network.set_params(callbacks=[stopping]).fit(pipe[0].transform(documents), [0, 1] * 100)
    assert len(pickle.dumps(pipe)) <= 1.1 * needed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "copied"),
    [
        ("adam", pickled),
        ("adam", copy.deepcopy),
        (keras.optimizers.RMSprop(0.02), pickled),
    ],
    ids=["pickle", "copy", "optimizer object"],
)
def test_training_goes_on_after_a_copy(optimizer, copied):
    """Fails if the optimizer's state, the dropout's generator or the epoch is lost on the way."""
    model = small(warm_start=True, optimizer=optimizer).fit(X, Y)
    other = copied(model)
    before = weights(model)
    assert weights(other) == before
    other.fit(X, Y)
    assert weights(model) == before  # the copy is one
    assert weights(model.fit(X, Y)) == weights(other) != before
    assert model.history_ == other.history_


@pytest.mark.slow
def test_warm_start_may_be_asked_for_after_fit():
    """Fails if it is the fit's warm_start that decides what a pickle keeps."""
    model = small().fit(X, Y).set_params(warm_start=True)
    other = pickled(model)
    assert weights(other.fit(X, Y)) == weights(model.fit(X, Y))
    light = len(pickle.dumps(model.set_params(warm_start=False)))
    assert light < len(pickle.dumps(model.set_params(warm_start=True))) - 500


def test_partial_fit_after_a_light_pickle():
    """Fails if a pickle without the optimizer's state cannot be trained further."""
    model = pickled(small().fit(X, Y))
    assert model.partial_fit(X, Y).n_iter_ == 3


def test_unfitted_and_fitted_clones():
    """Fails if a clone shares its model with the original."""
    model = small().fit(X, Y)
    before = weights(model)
    other = clone(model).set_params(epochs=3).fit(X, Y)
    assert weights(model) == before != weights(other)
    assert pickled(small()).get_params() == small().get_params()
