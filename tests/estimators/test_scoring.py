"""Early stopping on a scorer: the epoch that scoring by hand after each epoch gives."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from siblings import RNNRegressorForTest, ValuesHead
from sklearn.base import clone
from sklearn.metrics import f1_score, get_scorer, make_scorer, r2_score

from skrnn import EpochSearchCV, RNNClassifier, RNNRegressor, load, save
from skrnn.exceptions import InvalidInputError
from skrnn.heads.registry import HEADS
from tests.repeats import some

rng = np.random.default_rng(0)
TINY: dict = {"cell": "rnn", "units": 3, "bidirectional": False, "dropout": 0.0, "random_state": 0}
TINY |= {"learning_rate": 0.05, "batch_size": 16}
X = rng.normal(size=(60, 4))
Y = (X.sum(axis=1) + rng.normal(size=60) > 0).astype(int)
LABELS = np.column_stack([Y, X[:, 0] > 0, X[:, 1] + rng.normal(size=60) > 1]).astype(int)
TRAINING, HELD = slice(0, 40), slice(40, 60)


def watched(labels=False, **parameters):
    """Return an estimator that stops on a score, and what `fit` takes."""
    y = LABELS if labels else Y
    given = {**TINY, "epochs": 5, "early_stopping": True, "n_iter_no_change": 2, **parameters}
    return RNNClassifier(**given), (X[TRAINING], y[TRAINING]), {"X_val": X[HELD], "y_val": y[HELD]}


def probability(estimator, X, y):
    """A scorer as a function."""
    return estimator.predict_proba(X)[np.arange(len(y)), y].mean()


def by_hand(clf, rows, validation, scorer):
    """Return the score after each epoch of a fit, of estimators that are trained for so many."""
    scores, epochs = [], clf.epochs
    one = clone(clf).set_params(early_stopping=False, warm_start=True, epochs=1, scoring="loss")
    for _ in range(epochs):
        one.fit(*rows, **validation)
        scores.append(scorer(one, validation["X_val"], validation["y_val"]))
        if len(scores) - 1 - int(np.argmax(scores)) >= clf.n_iter_no_change:
            break
    return scores


SCORERS = {
    "labels": ("f1_macro", {}),
    "probabilities": ("neg_log_loss", {}),
    "decision": ("roc_auc", {}),
    "score": (None, {}),
    "function": (probability, {}),
    "made": (make_scorer(f1_score, pos_label=0), {}),
    "several labels": ("f1_micro", {"labels": True}),
    "learned thresholds": ("f1_micro", {"labels": True, "thresholds": "auto"}),
}


@pytest.mark.parametrize(
    "name",
    [
        one if one == "learned thresholds" else pytest.param(one, marks=pytest.mark.slow)
        for one in SCORERS
    ],
)
def test_the_epoch_is_that_of_scoring_by_hand(name):
    """Fails if another network is scored, on other rows, or a smaller score is better."""
    scoring, options = SCORERS[name]
    clf, rows, validation = watched(scoring=scoring, **options)
    clf.fit(*rows, **validation)
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring or RNNClassifier.score
    scores = by_hand(clf, rows, validation, scorer)
    assert clf.history_["val_score"] == pytest.approx(scores, abs=1e-12)
    assert clf.best_epoch_ == int(np.argmax(scores)) + 1 and clf.n_iter_ == len(scores)
    assert scorer(clf, X[HELD], validation["y_val"]) == pytest.approx(max(scores), abs=1e-12)


def test_tol():
    """Fails if `tol` is a decrease of the score, or relative."""
    clf, rows, validation = watched(scoring=probability, n_iter_no_change=1, tol=0.9)
    assert clf.fit(*rows, **validation).best_epoch_ == 1 and clf.n_iter_ == 2


CONTAINERS = {
    "list": lambda X: X.tolist(),
    "frame": pd.DataFrame,
    "sparse ids": lambda X: sp.coo_array(np.abs(X * 3).astype(int) + 1),
    "ragged": lambda X: [row[: 2 + i % 3].tolist() for i, row in enumerate(X)],
    "three dimensions": lambda X: X[:, :, np.newaxis],
}


@pytest.mark.parametrize("name", some(CONTAINERS, "frame", "ragged"))
def test_held_out_rows_are_those_of_the_caller(name):
    """Fails if the scorer gets other rows than are held out, in another form, or weights of all."""
    given, seen = CONTAINERS[name](X), []

    def scorer(estimator, X, y, sample_weight):
        seen.append((X, y, sample_weight, estimator.n_iter_, len(estimator.history_["loss"])))
        # What is read by the way is what reading anew gives.
        other = X[:] if isinstance(X, list) else X.copy()
        np.testing.assert_array_equal(estimator.predict_proba(X), estimator.predict_proba(other))
        return 1.0

    clf = RNNClassifier(**TINY, epochs=2, early_stopping=True, validation_fraction=0.3)
    clf.set_params(scoring=scorer, embedding_dim=2, embeddings=None)
    weights = np.arange(60) + 1.0
    clf.fit(given, Y, sample_weight=weights)
    (rows, y, of_rows, *_), *_ = seen
    held_out = of_rows.astype(int) - 1
    assert len(held_out) == 18 and y.tolist() == Y[held_out].tolist()
    assert [one[3:] for one in seen] == [(1, 1), (2, 2)]
    if name in ("list", "ragged"):
        assert rows == [given[i] for i in held_out]
    else:
        whole = given.toarray() if sp.issparse(given) else np.asarray(given)
        found = rows.toarray() if sp.issparse(rows) else np.asarray(rows)
        assert type(rows) is type(given) or sp.issparse(rows)
        np.testing.assert_array_equal(found, whole[held_out])
    assert "_has_read" not in vars(clf)


BAD = {
    "raises": (lambda e, X, y: 1 / 0, "failed for the 20 .*epoch 1: ZeroDivisionError"),
    "NaN": (lambda e, X, y: np.nan, "is nan for the 20 validation rows after epoch 1"),
    "infinite": (lambda e, X, y: -np.inf, "is -inf for the 20"),
    "no number": (lambda e, X, y: "good", "returned 'good' after epoch 1"),
    "several": ("roc_auc", "scoring='roc_auc' of RNNClassifier (failed|is nan)"),
    "no scorer": ("accurracy", "'scoring' parameter.*accurracy"),
    "number": (3, "'scoring' parameter.*Got 3"),
    "list": (["f1"], "'scoring' parameter"),
}


@pytest.mark.parametrize("name", some(BAD, "raises", "NaN", "no scorer", "number", "list"))
def test_scorers_that_fail(name):
    """Fails if the error is one from inside Keras, or a failed fit leaves a trace."""
    scoring, message = BAD[name]
    clf, rows, validation = watched()
    if name == "several":
        y = np.digitize(X[:, 0], [-0.5, 0.5])
        rows, validation = (X[TRAINING], y[TRAINING]), {"X_val": X[HELD], "y_val": y[HELD]}
    clf.set_params(scoring=scoring)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=message):
        clf.fit(*rows, **validation)
    assert vars(clf) == before


@pytest.mark.parametrize("scoring", [None, "r2", "d2_absolute_error_score"])
@pytest.mark.parametrize("method", ["fit", "fit_chunks"])
def test_one_row_without_a_score_is_told_before_training(scoring, method):
    """Fails if an epoch, which may take hours, comes before the error that one row is too few."""
    model = RNNRegressor(**TINY, scoring=scoring)
    given = (X, Y) if method == "fit" else ([(X, Y)],)
    with pytest.raises(ValueError, match="X_val, y_val: .*for the 1 validation rows, whatever"):
        getattr(model, method)(*given, X_val=X[:1], y_val=Y[:1])
    assert not hasattr(model, "model_")


@pytest.mark.parametrize("scoring", ["roc_auc", make_scorer(r2_score)])
def test_one_class_without_a_score_is_told_before_training(scoring):
    """Fails if the area under the curve of one class is asked for after an epoch only."""
    rows = X[Y == 1][: 5 if scoring == "roc_auc" else 1]
    with pytest.raises(ValueError, match="whatever is predicted"):
        RNNClassifier(**TINY, scoring=scoring).fit(X, Y, X_val=rows, y_val=np.ones(len(rows), int))


@pytest.mark.slow
def test_fit_chunks_and_going_on():
    """Fails if chunks have no score, or epochs without one shift those that have it."""
    clf, rows, validation = watched(scoring="f1", epochs=2, n_iter_no_change=9)
    chunks = [(X[:20], Y[:20]), (X[20:40], Y[20:40])]
    clf.fit_chunks(chunks, **validation)
    assert len(clf.history_["val_score"]) == 2
    scored = get_scorer("f1")(clf, *validation.values())
    assert scored == max(clf.history_["val_score"])
    clf.set_params(warm_start=True, early_stopping=False, scoring="loss").fit(*rows)
    assert np.isnan(clf.history_["val_score"]).tolist() == [False, False, True, True]
    clf.set_params(scoring=None).fit(*rows, **validation)
    scores = clf.history_["val_score"]
    assert scores[-1] == clf.score(*validation.values()) and len(scores) == 6
    clf.set_params(early_stopping=True, epochs=1).fit(*rows, **validation)
    assert clf.best_epoch_ == 7


@pytest.mark.slow
def test_resumed_from_a_checkpoint(tmp_path):
    """Fails if a training that was interrupted goes on with another best score."""
    calls = []

    def last(estimator, X, y):
        calls.append(estimator.n_iter_)
        return [0.1, 0.9, 0.2, 0.3, 0.4][estimator.n_iter_ - 1]

    clf, rows, validation = watched(scoring=last, n_iter_no_change=2)
    whole = clone(clf).fit(*rows, **validation)
    assert (whole.best_epoch_, whole.n_iter_) == (2, 4)
    clf.set_params(scoring="neg_log_loss", n_iter_no_change=9, epochs=2)
    clf.set_params(checkpoint=str(tmp_path / "run")).fit(*rows, **validation)
    clf.set_params(epochs=4).fit(*rows, **validation)
    straight = clone(clf).set_params(checkpoint=None).fit(*rows, **validation)
    assert clf.history_ == straight.history_ and clf.best_epoch_ == straight.best_epoch_
    np.testing.assert_array_equal(clf.predict_proba(X), straight.predict_proba(X))


def test_kept_in_files_and_pickles(tmp_path):
    """Fails if the score is lost, or a file holds what it cannot."""
    clf, rows, validation = watched(scoring="f1", epochs=2)
    save(clf.fit(*rows, **validation), tmp_path / "model.skrnn")
    for found in (load(tmp_path / "model.skrnn"), pickle.loads(pickle.dumps(clf)), clone(clf)):
        assert found.scoring == "f1"
    assert load(tmp_path / "model.skrnn").history_ == clf.history_
    with pytest.raises(TypeError, match="scoring='loss'"):
        save(clf.set_params(scoring=probability), tmp_path / "other.skrnn")
    assert pickle.loads(pickle.dumps(clf)).scoring is probability


@pytest.mark.slow
def test_in_a_search():
    """Fails if epochs that a search keeps are those of the loss, not of the score."""
    clf, _, _ = watched(scoring="f1", n_iter_no_change=1, validation_fraction=0.4)
    search = EpochSearchCV(clf, {"epochs": [2, 4]}, cv=2).fit(X, Y)
    for i, epochs in enumerate((2, 4)):
        for k, (train, test) in enumerate(_folds()):
            one = clone(clf).set_params(epochs=epochs).fit(X[train], Y[train])
            assert search.cv_results_[f"split{k}_test_score"][i] == one.score(X[test], Y[test])


def _folds():
    from sklearn.model_selection import StratifiedKFold

    return StratifiedKFold(2).split(X, Y)


@pytest.mark.slow
def test_an_estimator_of_another_task(monkeypatch):
    """Fails if merging the shared parameters is not enough."""
    monkeypatch.setitem(HEADS, "values", ValuesHead)
    y = X.sum(axis=1) * 100
    model = RNNRegressorForTest(**TINY, epochs=4, early_stopping=True, scoring="r2")
    model.set_params(validation_fraction=0.3).fit(X, y)
    assert model.best_epoch_ == int(np.argmax(model.history_["val_score"])) + 1
    with pytest.raises(InvalidInputError, match="scoring='f1' of RNNRegressorForTest failed"):
        model.set_params(scoring="f1").fit(X, y)
