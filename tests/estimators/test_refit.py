"""Predictions of other threads while an estimator is fitted again.

Each test's docstring says what would fail it.
"""

import copy
import io
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn.exceptions import NotFittedError

from skrnn import RNNClassifier, TextToSequence, make_reviews
from skrnn.backend.tensorflow import keras
from skrnn.persistence import registry

REVIEWS, SENTIMENT = make_reviews(40, random_state=0)
TEXT = TextToSequence(max_features=30)
X = TEXT.fit_transform(REVIEWS)
FEW = TextToSequence(max_features=9).fit_transform(REVIEWS)
TWO = np.where(SENTIMENT, "good", "bad")
THREE = np.array(["x", "y", "z"])[np.arange(40) % 3]
LABELS = np.array([[i % 2, i % 3 == 0] for i in range(40)])


def tiny(**parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 2, "embedding_dim": 2, "epochs": 1}
    return RNNClassifier(**{**settings, "random_state": 0, **parameters})


def answers(clf):
    """Return what a fitted classifier says of itself and of the rows."""
    return [
        clf.predict(X).tolist(), clf.predict_proba(X).tolist(), clf.decision_function(X).tolist(),
        clf.score(X, TWO), clf.classes_.tolist(), clf.n_iter_, clf.history_, clf.vocabulary_size_,
        clf.n_features_in_, pickle.loads(pickle.dumps(clf)).predict(X).tolist(),
        copy.copy(clf).predict(X).tolist(),
    ]  # fmt: skip


class InAnotherThread(keras.callbacks.Callback):
    """Asks, at each moment of a training, what another thread sees of the estimator."""

    def __init__(self):
        super().__init__()
        self.seen, self.ask = [], None

    def look(self):
        if self.ask is not None:
            with ThreadPoolExecutor(1) as pool:
                self.seen.append(pool.submit(self.ask).result())

    def on_train_begin(self, logs=None):
        self.look()

    def on_epoch_end(self, epoch, logs=None):
        self.look()

    def on_train_end(self, logs=None):
        self.look()

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return InAnotherThread, ()


@pytest.mark.slow
@pytest.mark.parametrize("fails", [False, True], ids=["", "fails"])
@pytest.mark.parametrize("again", ["other labels", "several labels", "numbers", "chunks",
                                   "warm start", "partial_fit"])  # fmt: skip
def test_other_threads_see_the_network_of_before(again, fails):
    """Fails if an old network answers under new labels, or reads X as the new one, in training."""
    watch = InAnotherThread()
    clf = tiny(callbacks=[watch], ngram_range=(1, 2)).fit(X, TWO)
    before = answers(clf)
    watch.ask = lambda: answers(clf)
    if fails:
        clf.set_params(callbacks=[watch, keras.callbacks.LambdaCallback(on_train_end=fail)])
    calls = {
        "other labels": lambda: clf.fit(X, THREE),
        "several labels": lambda: clf.fit(X, LABELS),
        "numbers": lambda: clf.fit(np.zeros((40, 3)) + np.arange(40)[:, None], THREE),
        "chunks": lambda: clf.fit_chunks([(FEW, THREE)]),
        "warm start": lambda: clf.set_params(warm_start=True).fit(X, TWO),
        "partial_fit": lambda: clf.partial_fit(X, TWO),
    }
    try:
        calls[again]()
    except RuntimeError:
        assert fails
    assert len(watch.seen) == 3
    for seen in watch.seen:
        assert seen == before
    if fails:
        watch.ask = None
        assert answers(clf) == before


def fail(logs):
    raise RuntimeError


def test_the_first_fit():
    """Fails if another thread finds an estimator that is fitted by half."""
    watch = InAnotherThread()
    clf = tiny(callbacks=[watch])

    def ask():
        with pytest.raises(NotFittedError):
            clf.predict(X)
        return [name for name in vars(clf) if name.endswith("_")]

    watch.ask = ask
    clf.fit(X, TWO)
    assert watch.seen == [[], [], []]


@pytest.fixture(scope="module")
def two():
    """Two fitted states of one estimator: of words and two classes, of numbers and three."""
    return tiny().fit(X, TWO), tiny(pooling="mean").fit(FEW, THREE)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "save"])
def test_a_result_is_of_one_moment(two, method):
    """Fails if a prediction takes the network of one fit, and the head or the input of another."""
    one, other = two
    clf = copy.copy(one)

    def ask(estimator):
        if method == "save":
            return registry.encode(estimator)[0]["state"]
        return getattr(estimator, method)(FEW).tolist()

    wanted = [repr(ask(one)), repr(ask(other))]
    stop, seen = threading.Event(), []

    def look():
        while not stop.is_set():
            seen.append(repr(ask(clf)))

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    while len(seen) < 60:
        clf._take_changes(vars(one), vars(other))
        clf._take_changes(vars(other), vars(one))
    stop.set()
    for thread in threads:
        thread.join()
    assert set(seen) <= set(wanted)


@pytest.mark.slow
def test_attributes_that_a_fit_does_not_have_go(two):
    """Fails if something of the former fit survives, or a parameter set meanwhile is undone."""
    clf = tiny().fit(np.zeros((40, 3)) + np.arange(40)[:, None], THREE)
    assert hasattr(clf, "_is_table")
    clf.set_params(verbose=0).fit(X, TWO)
    buffer = io.BytesIO()
    pickle.dump(clf, buffer)
    assert clf.predict(X).tolist() == two[0].predict(X).tolist()
