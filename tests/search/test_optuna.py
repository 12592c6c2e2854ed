"""Optuna around RNNClassifier: the example's study, and optuna-integration's OptunaSearchCV."""

import sys
from pathlib import Path

import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews

pytestmark = pytest.mark.slow

optuna = pytest.importorskip("optuna", reason="needs optuna (extra: test)")

SMALL = {**ESTIMATOR, "embedding_dim": 4, "batch_size": 16}


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent.parent.parent / "examples")
    monkeypatch.delitem(sys.modules, "optuna_search", raising=False)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    import optuna_search

    return optuna_search


def fit(example, data, trial, **parameters):
    X, y, X_val, y_val = data
    names = {k: v for k, v in trial.params.items()} | parameters
    settings = {k: v for k, v in SMALL.items() if k not in names}
    return RNNClassifier(units=8, random_state=0, **settings, **names).fit(
        X, y, X_val=X_val, y_val=y_val
    )


def test_a_trial_is_a_plain_fit(example):
    """Fails if a trial is told other losses than those of its epochs, or is pruned with reason."""
    data = example.make_data(60, 30)
    settings = {k: v for k, v in SMALL.items() if k != "word_dropout"}
    study = example.search(data, n_trials=2, epochs=2, **settings)
    for trial in study.trials:
        assert trial.state == optuna.trial.TrialState.COMPLETE
        losses = fit(example, data, trial, epochs=2).history_["val_loss"]
        assert trial.intermediate_values == {1: losses[0], 2: losses[1]}
        assert trial.value == losses[1]


class PruneAfter(optuna.pruners.BasePruner):
    """Prunes every trial but the first after an epoch."""

    def prune(self, study, trial):
        return trial.number > 0


def test_a_pruned_fit_leaves_nothing_behind(example):
    """Fails if pruning ends a search, trains on, or disturbs the fits after it.

    Also if the estimator is left half fitted, or keeps the callbacks' context.
    """
    X, y, X_val, y_val = example.make_data(60, 30)
    clf = RNNClassifier(cell="rnn", units=8, epochs=3, random_state=0, **SMALL)
    expected = clf.fit(X, y).predict_proba(X)
    study = optuna.create_study(pruner=PruneAfter())

    def objective(trial):
        one = RNNClassifier(**clf.get_params())
        before = set(vars(one))
        try:
            one.set_callbacks(example.PruneByEpoch(trial)).fit(X, y, X_val=X_val, y_val=y_val)
        except optuna.TrialPruned:
            left = set(vars(one)) - before
            assert left == {"_skl_callbacks"}
            # It can be fitted as if nothing had happened.
            again = one.set_callbacks().fit(X, y).predict_proba(X)
            assert again.tobytes() == expected.tobytes()
            raise
        return one.history_["val_loss"][-1]

    study.optimize(objective, n_trials=2)
    done, pruned = study.trials
    assert done.state == optuna.trial.TrialState.COMPLETE
    assert pruned.state == optuna.trial.TrialState.PRUNED
    assert list(done.intermediate_values) == [1, 2, 3]
    assert pruned.intermediate_values == {1: done.intermediate_values[1]}


@pytest.mark.filterwarnings("ignore:.*experimental:optuna.exceptions.ExperimentalWarning")
@pytest.mark.filterwarnings("ignore:.*terminator:FutureWarning")  # within optuna-integration 5.0
def test_optuna_search_cv():
    """Fails if OptunaSearchCV cannot clone or set a pipeline, or scores something else."""
    integration = pytest.importorskip(
        "optuna_integration.sklearn", reason="needs optuna-integration"
    )
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    reviews, labels = make_reviews(60, random_state=0)
    reviews = np.array(reviews, dtype=object)
    network = RNNClassifier(cell="rnn", units=4, epochs=1, random_state=0, **SMALL)
    pipe = make_pipeline(TextToSequence(max_features=20), network)
    space = {
        "rnnclassifier__learning_rate": optuna.distributions.FloatDistribution(1e-3, 1e-1, log=True)
    }
    settings = {"cv": 2, "scoring": "neg_log_loss"}
    search = integration.OptunaSearchCV(
        pipe, space, n_trials=2, random_state=0, error_score="raise", **settings
    ).fit(reviews, labels)
    pipe.set_params(**search.best_params_)
    expected = cross_val_score(pipe, reviews, labels, **settings).mean()
    assert search.best_score_ == pytest.approx(expected, abs=1e-12)
    expected = pipe.fit(reviews, labels).predict_proba(reviews)
    assert search.predict_proba(reviews).tobytes() == expected.tobytes()
