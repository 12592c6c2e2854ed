"""EpochSearchCV: the scores of GridSearchCV, from fewer epochs, and none of them lost.

Each test's docstring says what a wrong implementation fails on.
"""

import copy
import os
import pickle
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn import config_context
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import EpochSearchCV, RNNClassifier, TextToSequence, make_reviews

REVIEWS, LABELS = make_reviews(80, random_state=3)
ROOT = Path(__file__).parent.parent.parent


def network(**parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 4, "embedding_dim": 4, "batch_size": 16}
    settings |= {"learning_rate": 0.03, "random_state": 0}
    return RNNClassifier(**{**settings, **parameters})


def pipeline(**parameters):
    return Pipeline([("text", TextToSequence(max_features=60)), ("rnn", network(**parameters))])


GRID = {"rnn__units": [3, 4], "rnn__epochs": [2, 1, 4]}


def assert_same(search, grid_search, X=REVIEWS):
    """Compare all but times, which are the point."""
    one, other = search.cv_results_, grid_search.cv_results_
    assert [k for k in one if "time" not in k] == [k for k in other if "time" not in k]
    for key in one:
        if "time" not in key:
            np.testing.assert_array_equal(one[key], other[key], err_msg=key)
    for name in ("best_params_", "best_index_", "best_score_", "n_splits_", "multimetric_"):
        if hasattr(grid_search, name):
            assert getattr(search, name) == getattr(grid_search, name), name
    if grid_search.refit:
        np.testing.assert_array_equal(search.predict_proba(X), grid_search.predict_proba(X))


def count_epochs(path):
    """Return a callback that counts in a file, so that clones and processes count together.

    One of Keras that only watches: it is no part of what a training is named by.
    """
    return keras.callbacks.CSVLogger(path, append=True)


def counted(path):
    lines = path.read_text().splitlines() if path.exists() else []
    return sum(not line.startswith("epoch") for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"scoring": "neg_log_loss"},
        {
            "scoring": ["accuracy", "neg_log_loss"],
            "refit": "neg_log_loss",
            "return_train_score": True,
        },
        pytest.param(
            {"scoring": lambda e, X, y: {"a": e.score(X, y), "b": len(X)}, "refit": "a"},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"scoring": "neg_log_loss", "refit": lambda results: 3}, marks=pytest.mark.slow
        ),
        pytest.param({"scoring": "neg_log_loss", "refit": False}, marks=pytest.mark.slow),
    ],
    ids=["one", "several", "callable", "refit callable", "no refit"],
)
def test_the_scores_are_those_of_grid_search(settings):
    """Fails if an epoch on the way is not what a fit of so many epochs ends with.

    Also if candidates come in another order, or anything of the results is missing.
    """
    pipe = pipeline(dropout=0.3, ngram_range=(1, 2), embeddings="corpus")
    one = EpochSearchCV(pipe, GRID, cv=2, **settings).fit(REVIEWS, LABELS)
    assert_same(one, GridSearchCV(pipe, GRID, cv=2, **settings).fit(REVIEWS, LABELS))


@pytest.mark.slow
@pytest.mark.parametrize(
    "parameters",
    [
        {"early_stopping": True, "validation_fraction": 0.4, "n_iter_no_change": 1},
        {"callbacks": [keras.callbacks.EarlyStopping("loss", min_delta=9.0, patience=2)]},
        {"callbacks": [keras.callbacks.ReduceLROnPlateau("loss", min_delta=9.0, patience=1)]},
    ],
    ids=["early stopping", "stopped by a callback", "plateau"],
)
def test_what_ends_or_changes_a_training(parameters):
    """Fails if the best weights so far, or those of a training that has ended, are not taken."""
    pipe = pipeline(learning_rate=0.1, **parameters)
    grid = {"rnn__epochs": [1, 2, 3, 6]}
    settings = {"cv": 2, "scoring": "neg_log_loss"}
    one = EpochSearchCV(pipe, grid, **settings).fit(REVIEWS, LABELS)
    assert_same(one, GridSearchCV(pipe, grid, **settings).fit(REVIEWS, LABELS))


class ByProgress(keras.callbacks.Callback):
    """Looks ahead to the last epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.05 * (1 - epoch / self.params["epochs"])


@pytest.mark.slow
def test_a_callback_that_may_look_ahead():
    """Fails if its epochs are taken for those of a longer fit."""
    pipe, settings = pipeline(callbacks=[ByProgress()]), {"cv": 2, "scoring": "neg_log_loss"}
    one = EpochSearchCV(pipe, {"rnn__epochs": [1, 3]}, **settings).fit(REVIEWS, LABELS)
    two = GridSearchCV(pipe, {"rnn__epochs": [1, 3]}, **settings).fit(REVIEWS, LABELS)
    assert_same(one, two)


@pytest.mark.slow
def test_each_epoch_is_trained_once_and_each_fold_tokenised_once(tmp_path):
    """Fails if candidates that differ in epochs are fits of their own, or steps are fitted anew."""
    path = tmp_path / "tokenised"

    def split(text):
        with path.open("a") as file:
            file.write("x\n")
        return text.split()

    pipe = pipeline(callbacks=[count_epochs(tmp_path / "epochs")])
    pipe.set_params(text__tokenizer=split)
    EpochSearchCV(pipe, GRID, cv=2, refit=False).fit(REVIEWS, LABELS)
    assert counted(tmp_path / "epochs") == 2 * 2 * 4  # folds, units, the most epochs
    # Each fold's 40 training rows once, its test rows once for each fit.
    assert counted(path) == 2 * (40 + 2 * 40)


@pytest.mark.slow
def test_some_epochs_succeed_and_later_ones_fail():
    """Fails if an error in a later epoch takes the earlier ones with it, or goes untold."""

    def fail(epoch, logs):
        if epoch == 2:
            raise ZeroDivisionError("in the third epoch")

    pipe = pipeline(callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=fail)])
    grid, settings = {"rnn__epochs": [1, 2, 3]}, {"cv": 2, "scoring": "neg_log_loss"}
    searches = []
    for cls in (EpochSearchCV, GridSearchCV):
        with pytest.warns() as caught:
            searches.append(cls(pipe, grid, **settings).fit(REVIEWS, LABELS))
        [told] = [w for w in caught if issubclass(w.category, FitFailedWarning)]
        assert "2 fits failed out of a total of 6" in str(told.message)
        assert "in the third epoch" in str(told.message)
    assert_same(*searches)
    assert np.isnan(searches[0].cv_results_["mean_test_score"]).tolist() == [False, False, True]
    with pytest.raises(ZeroDivisionError):
        EpochSearchCV(pipe, grid, error_score="raise", **settings).fit(REVIEWS, LABELS)


def test_epochs_that_are_none_fail_alone():
    """Fails if a bad value takes the good ones with it."""
    grid = {"rnn__epochs": [1, 0, "two", 2]}
    with pytest.warns(FitFailedWarning, match="'epochs' parameter"):
        search = EpochSearchCV(pipeline(), grid, cv=2).fit(REVIEWS, LABELS)
    found = np.isnan(search.cv_results_["mean_test_score"]).tolist()
    assert found == [False, True, True, False]


@pytest.mark.slow
def test_other_steps_and_other_estimators():
    """Fails if the last step may not be searched over, or may not be another estimator."""
    pipe, settings = pipeline(), {"cv": 2, "scoring": "neg_log_loss"}
    grid = [
        {"rnn": [network(units=3)], "rnn__epochs": [1, 2]},
        {"text__max_features": [20, 40], "rnn__epochs": [1, 2]},
        {"rnn": [LogisticRegression()], "text__sparse_output": [False], "text__max_length": [9]},
    ]
    assert_same(
        EpochSearchCV(pipe, grid, **settings).fit(REVIEWS, LABELS),
        GridSearchCV(pipe, grid, **settings).fit(REVIEWS, LABELS),
    )
    plain = EpochSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2)
    X = np.random.default_rng(0).normal(size=(80, 3))
    assert_same(
        plain.fit(X, LABELS),
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(X, LABELS),
        X,
    )


@pytest.mark.slow
def test_a_network_alone_and_a_pipeline_in_a_pipeline():
    """Fails if the network is only found where a pipeline of two steps has it."""
    ids = TextToSequence().fit_transform(REVIEWS)
    settings = {"cv": 2, "scoring": "neg_log_loss"}
    assert_same(
        EpochSearchCV(network(), {"epochs": [1, 2]}, **settings).fit(ids, LABELS),
        GridSearchCV(network(), {"epochs": [1, 2]}, **settings).fit(ids, LABELS),
        ids,
    )
    nested = make_pipeline(TextToSequence(), make_pipeline("passthrough", network()))
    grid = {"pipeline__rnnclassifier__epochs": [1, 2]}
    assert_same(
        EpochSearchCV(nested, grid, **settings).fit(REVIEWS, LABELS),
        GridSearchCV(nested, grid, **settings).fit(REVIEWS, LABELS),
    )


@pytest.mark.slow
def test_weights_and_groups_travel_with_the_rows():
    """Fails if sample_weight is not split with the rows, or does not reach fit and scorer."""
    weights = np.random.default_rng(0).integers(0, 4, 80)
    with config_context(enable_metadata_routing=True):
        pipe = pipeline()
        pipe[-1].set_fit_request(sample_weight=True)
        scorer = make_scorer(f1_score).set_score_request(sample_weight=True)
        settings = {"cv": 2, "scoring": scorer, "return_train_score": True}
        grid = {"rnn__epochs": [1, 3]}
        one = EpochSearchCV(pipe, grid, **settings).fit(REVIEWS, LABELS, sample_weight=weights)
        two = GridSearchCV(pipe, grid, **settings).fit(REVIEWS, LABELS, sample_weight=weights)
    assert_same(one, two)


def test_a_progress_bar_shows_the_search(capsys, monkeypatch):
    """Fails if scikit-learn's callbacks do not get through to the fits, on the search's tree."""
    monkeypatch.setenv("COLUMNS", "200")
    search = EpochSearchCV(pipeline(), {"rnn__epochs": [1, 3]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(REVIEWS, LABELS)
    told = capsys.readouterr().out
    assert told.count("EpochSearchCV - candidate-split-evaluation | Pipeline - fit") == 2
    assert told.count("RNNClassifier - fit") == 3  # two folds, and the best on all rows


@pytest.mark.slow
@pytest.mark.parametrize(
    "parameters",
    [
        {
            "callbacks": [
                keras.callbacks.EarlyStopping("loss", patience=9, restore_best_weights=True)
            ]
        },
        {"optimizer": keras.optimizers.SGD(0.3, momentum=0.9, use_ema=True)},
    ],
    ids=["best weights", "averages"],
)
def test_what_changes_weights_after_the_last_epoch(parameters):
    """Fails if an epoch on the way is taken for an end that has something done to it."""
    pipe = pipeline(learning_rate=0.9, **parameters)
    grid, settings = {"rnn__epochs": [1, 3]}, {"cv": 2, "scoring": "neg_log_loss"}
    one = EpochSearchCV(pipe, grid, **settings).fit(REVIEWS, LABELS)
    assert_same(one, GridSearchCV(pipe, grid, **settings).fit(REVIEWS, LABELS))


@pytest.mark.slow
def test_candidates_that_look_alike_are_not_taken_for_one():
    """Fails if fitted steps of one candidate serve another, whose functions only look the same."""
    tokenizers = [re.compile(pattern).findall for pattern in (r"\w+", r"\w")]
    settings = {"cv": 2, "scoring": "neg_log_loss"}
    grid = {"text__tokenizer": tokenizers}
    one = EpochSearchCV(pipeline(), grid, **settings).fit(REVIEWS, LABELS)
    assert_same(one, GridSearchCV(pipeline(), grid, **settings).fit(REVIEWS, LABELS))
    assert len(set(one.cv_results_["mean_test_score"])) == 2


def add_one(X):
    return np.add(X, 1, out=X)


class Bare:
    """A step that is no estimator of scikit-learn's."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


def curious(estimator, X, y):
    """Score in ways that look into the pipeline, copy it, and work on its rows in place."""
    copied = pickle.loads(pickle.dumps(copy.deepcopy(estimator)))
    assert clone(estimator).memory is None
    assert (copied.predict(X) == estimator.predict(X)).all()
    before = estimator.decision_function(X).sum()
    X *= -1
    after = estimator.decision_function(X).sum()
    X *= -1
    return before - after + estimator[-1].epochs


@pytest.mark.slow
def test_steps_and_scorers_of_any_kind():
    """Fails if steps that work in place, or are no estimators, or scorers that look inside, break.

    Also if a scored network says that it had another number of epochs.
    """
    X = np.random.default_rng(0).normal(size=(80, 5)).astype(np.float32)
    steps = [
        ("scale", StandardScaler()),
        ("bare", Bare()),
        ("add", FunctionTransformer(add_one)),
        ("rnn", network(learning_rate=0.01)),
    ]
    grid = {"rnn__units": [3, 4], "rnn__epochs": [1, 2]}
    settings = {"cv": 2, "scoring": curious, "refit": False}
    one = EpochSearchCV(Pipeline(steps), grid, **settings).fit(X.copy(), LABELS)
    assert_same(one, GridSearchCV(Pipeline(steps), grid, **settings).fit(X.copy(), LABELS))


def test_nothing_of_a_search_is_left():
    """Fails if prepared rows stay in memory, or the caller's estimator is changed."""
    from skrnn.search import epoch_search

    pipe = pipeline()
    before = repr(pipe.get_params())
    search = EpochSearchCV(pipe, {"rnn__epochs": [1, 2]}, cv=2).fit(REVIEWS, LABELS)
    assert epoch_search._stores == {}
    assert repr(pipe.get_params()) == before
    assert search.best_estimator_.memory is None
    assert "_kept_epochs" not in vars(search.best_estimator_[-1])


# --- Several processes, and their ends --------------------------------------------------


@pytest.mark.reliability
def test_the_same_with_two_jobs():
    """Fails if a worker process has other seeds or threads."""
    settings = {"cv": 2, "scoring": "neg_log_loss"}
    pipe = pipeline(ngram_range=(1, 2), dropout=0.2)
    two = EpochSearchCV(pipe, GRID, n_jobs=2, **settings).fit(REVIEWS, LABELS)
    assert_same(two, GridSearchCV(pipe, GRID, **settings).fit(REVIEWS, LABELS))


def killer(marker=None):
    """Return a callback that ends its process; with a marker only the first time."""

    def kill(epoch, logs):
        if marker is None or not os.path.exists(marker):
            if marker is not None:
                Path(marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return keras.callbacks.LambdaCallback(on_epoch_begin=kill)


@pytest.mark.reliability
def test_a_worker_that_is_killed_costs_nothing(tmp_path):
    """Fails if a search ends with its worker, or another fit is lost or failed."""
    grid = {"rnn__units": [3, 4, 5], "rnn__epochs": [1, 2]}
    settings = {"cv": 2, "scoring": "neg_log_loss", "refit": False}
    wanted = GridSearchCV(pipeline(), grid, **settings).fit(REVIEWS, LABELS)
    pipe = pipeline(callbacks=[killer(str(tmp_path / "killed"))])
    with pytest.warns(RuntimeWarning, match="repeated one at a time; no other is lost"):
        search = EpochSearchCV(pipe, grid, n_jobs=2, **settings).fit(REVIEWS, LABELS)
    assert_same(search, wanted)


@pytest.mark.reliability
def test_a_fit_that_kills_its_worker_fails_alone():
    """Fails if error_score does not stand for it, or stands for others too."""
    grid = {"rnn__callbacks": [None, [killer()]], "rnn__epochs": [1, 2]}
    settings = {"cv": 2, "scoring": "neg_log_loss", "n_jobs": 2, "refit": False}
    with pytest.warns() as caught:
        search = EpochSearchCV(pipeline(), grid, error_score=-9.0, **settings).fit(REVIEWS, LABELS)
    assert any("it was killed or ran out of memory" in str(w.message) for w in caught)
    assert any("4 fits failed out of a total of 8" in str(w.message) for w in caught)
    scores = search.cv_results_["mean_test_score"]
    plain = GridSearchCV(pipeline(), {"rnn__epochs": [1, 2]}, cv=2, scoring="neg_log_loss")
    wanted = plain.fit(REVIEWS, LABELS).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(scores, [*wanted, -9.0, -9.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # told above
        with pytest.raises(RuntimeError, match="ended twice during this fit"):
            EpochSearchCV(pipeline(), grid, error_score="raise", **settings).fit(REVIEWS, LABELS)


def test_what_joblib_itself_refuses_is_told():
    """Fails if a bad call is taken for the end of a worker, and tried again and again."""
    with warnings.catch_warnings(), pytest.raises(ValueError, match="n_jobs == 0"):
        warnings.simplefilter("error")
        EpochSearchCV(pipeline(), {"rnn__epochs": [1]}, cv=2, n_jobs=0).fit(REVIEWS, LABELS)


# --- Going on ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_finished_search_is_read(tmp_path):
    """Fails if a fit is done again, or its results are not those of the first time."""
    epochs = tmp_path / "epochs"
    settings = {"cv": 2, "scoring": ["accuracy", "neg_log_loss"], "refit": False}
    pipe = pipeline(callbacks=[count_epochs(epochs)])
    first = EpochSearchCV(pipe, GRID, checkpoint=tmp_path / "kept", **settings)
    first.fit(REVIEWS, LABELS)
    done = counted(epochs)
    again = EpochSearchCV(pipe, GRID, checkpoint=tmp_path / "kept", **settings)
    again.fit(REVIEWS, LABELS)
    assert counted(epochs) == done
    assert (first.n_resumed_, again.n_resumed_) == (0, 4)
    assert_same(again, first)
    np.testing.assert_array_equal(
        again.cv_results_["mean_fit_time"], first.cv_results_["mean_fit_time"]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"pipe": {"learning_rate": 0.02}},
        {"scoring": "f1"},
        {"scoring": make_scorer(f1_score, average="macro")},
        {"scoring": make_scorer(f1_score, average="micro")},
        {"return_train_score": True},
        {"cv": 3},
        {"scoring": make_scorer(lambda y, found: 1.0)},
        {"scoring": make_scorer(lambda y, found: 2.0)},
        {"labels": 1 - LABELS},
        {"reviews": [*REVIEWS[1:], "another"]},
    ],
    ids=str,
)
def test_another_search_is_another(tmp_path, change):
    """Fails if anything that decides a score is not in the names of the results."""
    settings = {"cv": 2, "refit": False, "scoring": make_scorer(f1_score)}
    settings |= {k: v for k, v in change.items() if k in ("cv", "scoring", "return_train_score")}
    grid = {"rnn__epochs": [1, 2]}

    def fit(pipe, reviews, labels, **settings):
        search = EpochSearchCV(pipe, grid, checkpoint=tmp_path, **settings)
        return search.fit(reviews, labels)

    fit(pipeline(), REVIEWS, LABELS, cv=2, refit=False, scoring=make_scorer(f1_score))
    pipe = pipeline(**change.get("pipe", {}))
    data = change.get("reviews", REVIEWS), change.get("labels", LABELS)
    assert fit(pipe, *data, **settings).n_resumed_ == 0
    assert fit(pipe, *data, **settings).n_resumed_ == settings["cv"]


@pytest.mark.slow
def test_damaged_results_and_failed_fits_are_done_again(tmp_path):
    """Fails if a damaged file is believed or ends the search, or a failure is kept for good."""
    grid, settings = {"rnn__epochs": [1, 2]}, {"cv": 2, "refit": False, "checkpoint": tmp_path}
    wanted = EpochSearchCV(pipeline(), grid, **settings).fit(REVIEWS, LABELS)
    path = min(tmp_path.iterdir())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.warns(UserWarning, match="is damaged, and its fit is repeated"):
        again = EpochSearchCV(pipeline(), grid, **settings).fit(REVIEWS, LABELS)
    assert again.n_resumed_ == 1
    assert_same(again, wanted)
    bad = {"rnn__cell": ["rnn", "none"], "rnn__epochs": [1, 2]}
    for n_resumed in (0, 2):
        with pytest.warns(FitFailedWarning):
            search = EpochSearchCV(pipeline(), bad, **settings).fit(REVIEWS, LABELS)
        assert search.n_resumed_ == n_resumed
    broken = {**settings, "scoring": lambda estimator, X, y: np.nan}
    for _ in range(2):
        with pytest.warns(UserWarning, match="non-finite"):
            assert EpochSearchCV(pipeline(), grid, **broken).fit(REVIEWS, LABELS).n_resumed_ == 0
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match="is a file, but must be a folder"):
        EpochSearchCV(pipeline(), grid, checkpoint=file).fit(REVIEWS, LABELS)


SEARCH = """
import sys
sys.path[:0] = [{tests!r}, {tests!r} + "/search"]
from test_epoch_search import *
pipe = pipeline(ngram_range=(1, 2))
search = EpochSearchCV(pipe, {grid!r}, cv=3, scoring="neg_log_loss", checkpoint=sys.argv[1])
print("begun", flush=True)
search.fit(REVIEWS, LABELS)
print(search.n_resumed_, search.cv_results_["mean_test_score"].tolist(), search.best_score_)
"""


@pytest.mark.reliability
def test_a_search_that_is_killed_goes_on(tmp_path):
    """Fails if SIGKILL at some moment costs a finished fit, or changes a score."""
    grid = {"rnn__units": [3, 4, 5, 6], "rnn__epochs": [1, 2, 3]}
    code = SEARCH.format(tests=str(ROOT / "tests"), grid=grid)

    def start():
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", code, str(tmp_path)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    rng = np.random.default_rng(0)
    n_before = 0
    for _ in range(4):
        process = start()
        assert process.stdout.readline() == "begun\n"
        while len(list(tmp_path.glob("fit-*"))) < n_before + 2 and process.poll() is None:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        n_before = len(list(tmp_path.glob("fit-*")))
    assert 8 <= n_before < 12
    last = start()
    told = last.communicate(timeout=300)[0].split("\n")[1]
    wanted = GridSearchCV(pipeline(ngram_range=(1, 2)), grid, cv=3, scoring="neg_log_loss")
    wanted.fit(REVIEWS, LABELS)
    scores = wanted.cv_results_["mean_test_score"].tolist()
    assert told == f"{n_before} {scores} {wanted.best_score_}"


# --- Successive halving -----------------------------------------------------------------


@pytest.mark.slow
def test_halving_goes_on_from_the_round_before(tmp_path):
    """Fails if a round trains epochs of the round before again, or scores another network."""
    settings = {"resource": "rnn__epochs", "max_resources": 4, "min_resources": 1, "factor": 2}
    settings |= {"cv": 2, "refit": False, "random_state": 0, "scoring": "neg_log_loss"}
    grid = {"rnn__units": [3, 4], "rnn__learning_rate": [0.01, 0.03]}
    plain = pipeline(callbacks=[count_epochs(tmp_path / "plain")])
    wanted = HalvingGridSearchCV(plain, grid, **settings).fit(REVIEWS, LABELS)
    kept = pipeline(callbacks=[count_epochs(tmp_path / "kept")], checkpoint=tmp_path / "pool")
    search = HalvingGridSearchCV(kept, grid, **settings).fit(REVIEWS, LABELS)
    for key in ("mean_test_score", "iter", "n_resources", "rank_test_score"):
        np.testing.assert_array_equal(search.cv_results_[key], wanted.cv_results_[key])
    rounds = dict(zip(wanted.n_resources_, wanted.n_candidates_, strict=True))
    assert rounds == {1: 4, 2: 2, 4: 1}
    assert counted(tmp_path / "plain") == 2 * (4 * 1 + 2 * 2 + 1 * 4)
    assert counted(tmp_path / "kept") == 2 * (4 * 1 + 2 * 1 + 1 * 2)
