"""What cannot be sent to a worker is named, with the parameter that holds it, before any starts."""

import copy
import io
import os
import pickle
import re
import threading

import joblib
import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skrnn import EpochSearchCV, RNNClassifier, TextToSequence
from skrnn.backend.pickling import cloudpickle
from skrnn.search import epoch_search

TEXTS, LABELS = ["good film", "bad film", "good plot", "bad plot"] * 3, [1, 0, 1, 0] * 3


class Logger(keras.callbacks.Callback):
    """Holds what a process has for itself."""

    def __init__(self, held):
        super().__init__()
        self.held = held


class Rate(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self):
        self.lock = threading.Lock()

    def __call__(self, step):
        return 0.01


class Vectors(dict):
    def __init__(self):
        super().__init__(good=np.ones(2))
        self.file = io.BufferedReader(io.FileIO(0, closefd=False))


class Split:
    def __init__(self):
        self.lock = threading.Lock()

    def __call__(self, text):
        return text.split()


def file():
    return open(os.devnull, "a")


def with_lock(lock):
    return lambda *args: lock and 0.0


# Parameter and value, and what the message has to name.
PARAMETERS = {
    "a lock": (
        "callbacks",
        lambda: [Logger(threading.Lock())],
        r"callbacks\[0\].*Logger.*held.*lock",
    ),
    "a file": ("callbacks", lambda: [Logger(file())], r"callbacks\[0\].*held.*TextIOWrapper"),
    "a generator": ("callbacks", lambda: [Logger(i for i in "ab")], r"callbacks\[0\].*generator"),
    "one callback": ("callbacks", lambda: Logger(threading.Lock()), "callbacks of .*Logger.*lock"),
    "the second": (
        "callbacks",
        lambda: [keras.callbacks.TerminateOnNaN(), Logger(threading.Thread())],
        r"callbacks\[1\].*Logger",
    ),
    "deep inside": (
        "callbacks",
        lambda: [Logger({"a": [1, threading.Lock()]})],
        r"callbacks\[0\].* Its held\['a'\]\[1\] is a _thread.lock",
    ),
    "a closure": (
        "callbacks",
        lambda: [keras.callbacks.LambdaCallback(on_epoch_end=with_lock(threading.Lock()))],
        r"callbacks\[0\].*LambdaCallback.*on_epoch_end\.lock is a _thread.lock",
    ),
    "a schedule": ("learning_rate", Rate, "learning_rate of RNNClassifier.*lock"),
    "vectors": ("embeddings", Vectors, "embeddings of RNNClassifier, a .*Vectors.*file"),
}


def searched(kind):
    name, make, match = PARAMETERS[kind]
    return make_pipeline(TextToSequence(), RNNClassifier(units=2, **{name: make()})), match


@pytest.fixture
def no_worker(monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("workers have been started")

    monkeypatch.setattr(epoch_search, "run_tasks", fail)


@pytest.mark.parametrize("kind", PARAMETERS)
def test_a_search_names_the_parameter(no_worker, kind):
    """Fails if the message is "cannot pickle '_thread.lock' object", and no more."""
    pipe, match = searched(kind)
    grid = {"rnnclassifier__units": [2, 3]}
    with pytest.raises(
        TypeError, match="rnnclassifier__" + match.replace("RNNClassifier", "Pipeline")
    ):
        EpochSearchCV(pipe, grid, cv=2, n_jobs=2).fit(TEXTS, LABELS)
    with joblib.parallel_config("loky", n_jobs=2), pytest.raises(TypeError, match="on_train_begin"):
        EpochSearchCV(pipe, grid, cv=2).fit(TEXTS, LABELS)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"estimator": make_pipeline(TextToSequence(tokenizer=Split()), DummyClassifier())},
         "texttosequence__tokenizer of Pipeline, a .*Split.*lock"),
        ({"scoring": with_lock(threading.Lock())}, "scoring of EpochSearchCV.*lock"),
        ({"scoring": {"a": make_scorer(with_lock(threading.Lock()))}}, "scoring of .*lock"),
        ({"param_grid": {"dummyclassifier__constant": [1, threading.Lock()]}},
         "dummyclassifier__constant of param_grid, a _thread.lock"),
    ],
)  # fmt: skip
def test_whatever_a_search_sends_is_checked(no_worker, settings, match):
    """Fails if only callbacks are looked at."""
    default = {
        "estimator": make_pipeline(TextToSequence(), DummyClassifier()),
        "param_grid": {"dummyclassifier__constant": [0, 1]},
    }
    with pytest.raises(TypeError, match=match):
        EpochSearchCV(**(default | settings), cv=2, n_jobs=2, refit=False).fit(TEXTS, LABELS)


class Shared:
    """Copied by reference, and never pickled."""

    def __init__(self):
        self.lock = threading.Lock()

    def __deepcopy__(self, memo):
        return self

    def __call__(self, text):
        return text.split()


@pytest.mark.parametrize("jobs", ["one", "threads"])
def test_without_workers_nothing_has_to_be_pickled(jobs):
    """Fails if a search in this process refuses a callback that it never sends."""
    pipe = make_pipeline(TextToSequence(tokenizer=Shared()), DummyClassifier())
    grid = {"dummyclassifier__strategy": ["prior"]}
    search = EpochSearchCV(pipe, grid, cv=2, n_jobs=2, refit=False)
    with pytest.raises(TypeError, match="texttosequence__tokenizer of Pipeline, a .*Shared"):
        search.fit(TEXTS, LABELS)
    if jobs == "one":
        search.set_params(n_jobs=1).fit(TEXTS, LABELS)
    else:
        with joblib.parallel_config("threading"):
            search.fit(TEXTS, LABELS)


@pytest.mark.parametrize("search", [EpochSearchCV, GridSearchCV])
@pytest.mark.parametrize("kind", [kind for kind in PARAMETERS if kind != "a closure"])
def test_in_this_process_the_copies_of_a_search_name_the_parameter(kind, search):
    """Fails if a search without workers, which clones, gives only the smallest part."""
    pipe, match = searched(kind)
    with pytest.raises(TypeError, match=match + ".*on_train_begin"):
        search(pipe, {"rnnclassifier__units": [2, 3]}, cv=2).fit(TEXTS, LABELS)


@pytest.mark.parametrize("kind", ["a lock", "a schedule", "vectors"])
@pytest.mark.parametrize(
    "way",
    [
        pickle.dumps,
        cloudpickle.dumps,
        lambda estimator: joblib.dump(estimator, io.BytesIO()),
    ],
    ids=["pickle", "cloudpickle", "joblib"],
)
def test_a_pickle_names_the_parameter(kind, way):
    """Fails if whoever saves a model is told of a lock, and not where it is."""
    pipe, match = searched(kind)
    with pytest.raises(TypeError, match=match):
        way(pipe)


@pytest.mark.parametrize("way", [pickle.dumps, lambda pipe: joblib.dump(pipe, io.BytesIO())])
@pytest.mark.parametrize("name", ["callbacks", "tokenizer"])
def test_a_lambda_is_named_by_pickles_and_sent_to_workers(way, name):
    """Fails if a lambda in a callback is refused in a search, or is not named by `pickle`."""
    called = lambda *args: []  # noqa: E731
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=called)]
    made = (
        RNNClassifier(callbacks=callbacks)
        if name == "callbacks"
        else TextToSequence(tokenizer=called)
    )
    with pytest.raises(TypeError, match=rf"{name}.*at the top of a module"):
        way(made)
    cloudpickle.dumps(made)


@pytest.mark.parametrize("kind", PARAMETERS)
def test_a_shallow_copy_needs_no_pickle(kind):
    """Fails if copy.copy, which checkpoints use, refuses what it never pickles."""
    pipe, _ = searched(kind)
    assert copy.copy(pipe[-1]).get_params() == pipe[-1].get_params()


def test_a_deep_copy_needs_no_pickle():
    """Fails if copies of lambdas are refused because pickle refuses them."""
    made = RNNClassifier(callbacks=[keras.callbacks.LambdaCallback(lambda epoch: None)])
    assert clone(made).callbacks and copy.deepcopy(made).callbacks


@pytest.mark.slow
def test_scikit_learns_search_names_the_parameter():
    """Fails if GridSearchCV, which pickles by itself, gives only the smallest part."""
    pipe, match = searched("a lock")
    with pytest.raises(Exception) as caught:
        GridSearchCV(pipe, {"rnnclassifier__units": [2, 3]}, cv=2, n_jobs=2).fit(TEXTS, LABELS)
    chain, error = [], caught.value
    while error is not None:
        chain.append(str(error))
        error = error.__cause__ or error.__context__
    assert re.search(match, "\n".join(chain))
