"""RNNClassifier inside scikit-learn: searches, cross-validation, ensembles, clones.

Each test's docstring says what a wrong implementation would fail on.
"""

import pickle

import keras
import numpy as np
import pytest
from bare import NETWORK
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    ShuffleSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews

rng = np.random.default_rng(0)
X = np.array([rng.permutation(6) + 2 for _ in range(120)])
Y = (X == 3).argmax(axis=1) < (X == 4).argmax(axis=1)
REVIEWS, LABELS = make_reviews(120, random_state=12)


def small(**parameters):
    settings = {"cell": "rnn", "units": 8, "embedding_dim": 8, "batch_size": 32, "epochs": 2}
    settings["learning_rate_decay"] = 0.0
    return RNNClassifier(**{**settings, "learning_rate": 0.02, "random_state": 0, **parameters})


def scores(search):
    return {key: v.tolist() for key, v in search.cv_results_.items() if key.endswith("_score")}


@pytest.mark.slow
def test_searches_stratify():
    """Fails where scikeras fails: rows sorted by label, and cv=3 that takes them as they lie."""
    assert is_classifier(small())
    order = np.argsort(Y, kind="stable")
    found = cross_val_score(small(epochs=15), X[order], Y[order], cv=3, error_score="raise")
    assert found.mean() > 0.8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("y", "scoring"),
    [
        (Y, "roc_auc"),
        (np.where(Y, "b", "a"), "neg_log_loss"),
        (X[:, 0] % 3, "roc_auc_ovr"),
        (X[:, 0] % 3, "neg_log_loss"),
    ],
)
def test_scores_of_probabilities(y, scoring):
    """Fails if a scorer does not find probabilities or decisions and gives nan, as in scikeras."""
    found = cross_val_score(small(), X, y, cv=2, scoring=scoring, error_score="raise")
    assert np.isfinite(found).all()


@pytest.mark.reliability
def test_a_search_gives_the_same_with_one_and_two_jobs():
    """Fails if a worker process has other seeds, threads or traced programs than this one."""
    pipe = make_pipeline(TextToSequence(max_features=50), small(dropout=0.2))
    grid = {"rnnclassifier__units": [4, 8], "rnnclassifier__epochs": [1, 2]}
    one = GridSearchCV(
        pipe, grid, cv=2, n_jobs=1, scoring="neg_log_loss", error_score="raise", refit=False
    )
    two = clone(one).set_params(n_jobs=2)
    assert scores(one.fit(REVIEWS, LABELS)) == scores(two.fit(REVIEWS, LABELS))
    # More epochs or units train another network, if the parameters arrive.
    assert len(set(scores(one)["mean_test_score"])) == 4


@pytest.mark.slow
def test_a_search_over_objects():
    """Fails if candidates share a callback or optimizer, whose state would leak from fit to fit."""
    adam, plateau = keras.optimizers.Adam(0.02), keras.callbacks.ReduceLROnPlateau("loss")
    grid = [
        {"net__optimizer": ["sgd", adam]},
        {"net__optimizer": [adam], "net__callbacks": [[plateau]]},
    ]
    search = GridSearchCV(
        Pipeline([("net", small())]),
        grid,
        cv=ShuffleSplit(1, random_state=0),
        scoring="neg_log_loss",
        error_score="raise",
        refit=False,
    )
    sgd_score, adam_score, plateau_score = search.fit(X, Y).cv_results_["mean_test_score"]
    assert sgd_score != adam_score == plateau_score  # there is no plateau in two epochs
    assert not adam.built
    assert plateau.model is None


@pytest.mark.slow
def test_an_optimizer_object_is_a_pattern():
    """Fails if a fit changes the caller's optimizer, or an object trains unlike its name."""
    optimizer = keras.optimizers.Adam(0.02, global_clipnorm=1.0)
    one = small(optimizer=optimizer).fit(X, Y)
    two = small(optimizer=optimizer).fit(X, Y)
    named = small().fit(X, Y)
    assert not optimizer.built
    assert one.optimizer is two.optimizer is optimizer
    expected = named.decision_function(X).tobytes()
    assert one.decision_function(X).tobytes() == two.decision_function(X).tobytes() == expected


@pytest.mark.slow
def test_a_schedule_sets_the_learning_rate():
    """Fails if a schedule is frozen at its first value, or shared trainers remember it."""
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, 1, 1e-3)
    model = small(learning_rate=schedule, epochs=3, **NETWORK).fit(X, Y)
    assert abs(model.history_["loss"][2] - model.history_["loss"][1]) < 1e-3
    again = clone(model).fit(X, Y)
    assert again.decision_function(X).tobytes() == model.decision_function(X).tobytes()
    assert small(epochs=3).fit(X, Y).history_["loss"] != model.history_["loss"]


@pytest.mark.slow
def test_cross_validation_on_ids_of_the_whole_corpus():
    """Fails if an id that only the test fold has is an error, though the vocabulary is known."""
    X_ids = TextToSequence().fit_transform(REVIEWS)
    largest = X_ids.max()
    last = np.flatnonzero(np.diff((X_ids == largest).tocsr().indptr))
    assert len(last) == 1  # so that one training fold lacks the largest id
    found = cross_val_score(small(), X_ids, LABELS, cv=3, error_score="raise")
    assert np.isfinite(found).all()
    plain = X_ids.toarray()
    rest = np.setdiff1d(np.arange(len(LABELS)), last)
    model = small().fit(plain[rest], LABELS[rest])
    with pytest.raises(ValueError, match=f"the id {largest} in row {last[0]}.*set vocabulary_size"):
        model.predict(plain)
    model = small(vocabulary_size=largest + 1).fit(plain[rest], LABELS[rest])
    assert len(model.predict(plain)) == len(plain)


@pytest.mark.slow
def test_clone_of_a_fitted_estimator_is_light():
    """Fails if callbacks keep the model: a clone, made for every fold, would copy it."""
    callback = keras.callbacks.EarlyStopping("loss", restore_best_weights=True)
    model = small(callbacks=[callback], units=64).fit(X, Y)
    assert callback.model is None
    other = clone(model)
    assert other.callbacks[0] is not callback
    assert len(pickle.dumps(other)) < 3_000


@pytest.mark.slow
def test_ensembles_and_calibration():
    """Fails if a meta-estimator cannot clone it, weigh it or ask it for decisions."""
    network = make_pipeline(TextToSequence(max_features=50), small())
    linear = make_pipeline(TfidfVectorizer(), LogisticRegression())
    both = [("network", network), ("linear", linear)]
    for ensemble in (VotingClassifier(both, voting="soft"), StackingClassifier(both, cv=2)):
        assert ensemble.fit(REVIEWS, LABELS).predict_proba(REVIEWS).shape == (120, 2)
    calibrated = CalibratedClassifierCV(small(), cv=2).fit(X, Y)
    assert calibrated.predict_proba(X).shape == (120, 2)
    one_vs_rest = OneVsRestClassifier(small(epochs=1)).fit(X, X[:, 0] % 3)
    assert one_vs_rest.predict_proba(X).shape == (120, 3)
    found = cross_val_predict(small(), X, Y, cv=2, method="decision_function")
    assert found.shape == (120,)
