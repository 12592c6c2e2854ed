"""Calibration and ensembles: scikit-learn's own, around pipelines with a network."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_nbsvm

pytestmark = pytest.mark.slow

LABELS = np.array(["bad", "fair", "good"])


def make_texts(n, n_classes=2, seed=0):
    """Return texts whose label follows from one word of ten, for one row in five a wrong one."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    told = np.where(rng.random(n) < 0.2, rng.integers(0, n_classes, n), y)
    words = np.array([f"w{i}" for i in range(30)])
    texts = [" ".join([*rng.choice(words, 9), f"says{label}"]) for label in told]
    return texts, LABELS[y]


def make_pipe(**settings):
    settings = {"cell": "gru", "units": 8, "embedding_dim": 16, "random_state": 0, **settings}
    return make_pipeline(TextToSequence(), RNNClassifier(**settings))


@pytest.fixture(scope="module")
def texts():
    return make_texts(400), make_texts(400, seed=1)


def test_calibration_mends_what_is_too_sure(texts):
    """An overfitted network is too sure. Fails if its scores do not reach the calibrator."""
    (train, y_train), (test, y_test) = texts
    settings = {"epochs": 30, "dropout": 0.0, "embedding_dropout": 0.0, "word_dropout": 0.0}
    settings |= {"learning_rate": 0.01, "learning_rate_decay": 0.0}
    sure = make_pipe(**settings, ngram_range=None)
    alone = log_loss(y_test, clone(sure).fit(train, y_train).predict_proba(test))
    calibrated = CalibratedClassifierCV(sure, cv=2).fit(train, y_train)
    assert log_loss(y_test, calibrated.predict_proba(test)) < alone - 0.1


def test_calibration_of_several_classes():
    """Fails if multiclass scores come in another order or shape than the calibrator takes."""
    train, y_train = make_texts(300, 3)
    test, y_test = make_texts(300, 3, seed=1)
    calibrated = CalibratedClassifierCV(make_pipe(epochs=3), method="temperature", cv=2)
    calibrated.fit(train, y_train)
    assert calibrated.predict_proba(test).shape == (300, 3)
    assert calibrated.score(test, y_test) > 0.75


def test_voting_with_a_baseline(texts):
    """Fails if the network's columns are not the classes' that the baseline has."""
    (train, y_train), (test, y_test) = texts
    members = [("rnn", make_pipe(epochs=4)), ("nbsvm", make_nbsvm())]
    voting = VotingClassifier(members, voting="soft").fit(train, y_train)
    mean = np.mean([m.predict_proba(test) for m in voting.estimators_], axis=0)
    np.testing.assert_allclose(voting.predict_proba(test), mean)
    assert voting.score(test, y_test) > 0.85
    hard = VotingClassifier([*members, ("other", make_pipe(epochs=4, random_state=1))])
    assert hard.fit(train, y_train).score(test, y_test) > 0.85


def test_stacking_with_a_baseline(texts):
    """Fails if cross_val_predict inside finds no probabilities or mixes rows up."""
    (train, y_train), (test, y_test) = texts
    stacking = StackingClassifier(
        [("rnn", make_pipe(epochs=4)), ("nbsvm", make_nbsvm())], LogisticRegression(), cv=3
    ).fit(train, y_train)
    assert stacking.score(test, y_test) > 0.85
    assert stacking.transform(test).shape == (400, 2)
    # Both have learned the word that tells; where only one had, the other's weight would be 0.
    assert (stacking.final_estimator_.coef_ > 0.5).all()
