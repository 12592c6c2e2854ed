"""Displays and messages of long parameters are short, and made without reading all of them."""

import pickle
import time
from collections import OrderedDict, UserDict, deque
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline

from skrnn import EpochSearchCV, HashingTextToSequence, RNNClassifier, TextToSequence
from skrnn.baselines import NBSVMClassifier
from skrnn.printing import brief
from skrnn.text.documents import describe
from tests.repeats import every


class Counted:
    """A value that counts how often somebody asks what it looks like."""

    asked = 0

    def __repr__(self):
        Counted.asked += 1
        return "a value of a hundred characters " * 3


class Vector(np.ndarray):
    """An array that counts, too."""

    def __repr__(self):
        Counted.asked += 1
        return super().__repr__()


MANY = 2_000
VALUES = {
    "dict": {f"w{i}": Counted() for i in range(MANY)},
    "dict of arrays": {f"w{i}": np.zeros(50).view(Vector) for i in range(MANY)},
    "few long arrays": {f"w{i}": np.zeros(900).view(Vector) for i in range(20)},
    "dict of lists": {f"w{i}": [Counted()] * 50 for i in range(MANY)},
    "list": [Counted() for _ in range(MANY)],
    "tuple": tuple(Counted() for _ in range(MANY)),
    "set": {Counted() for _ in range(MANY)},
    "frozenset": frozenset(Counted() for _ in range(MANY)),
    "nested": [[Counted()] * 10] * 10,
    "mapping": MappingProxyType({i: Counted() for i in range(MANY)}),
    "UserDict": UserDict({i: Counted() for i in range(MANY)}),
    "OrderedDict": OrderedDict({i: Counted() for i in range(MANY)}),
    "deque": deque(Counted() for _ in range(MANY)),
    "keys": dict.fromkeys(Counted() for _ in range(MANY)).keys(),
    "object array": np.array([Counted() for _ in range(MANY)]),
    "array": np.zeros((MANY, 50)).view(Vector),
    "Series": pd.Series([Counted() for _ in range(MANY)]),
    "text": "a" * 100_000,
}
# Each has one parameter that may be long; the others are shown as ever.
ESTIMATORS = {
    "network": lambda value: RNNClassifier(embeddings=value, units=7),
    "vocabulary": lambda value: TextToSequence(vocabulary=value, max_length=7),
    "stop words": lambda value: TextToSequence(stop_words=value, max_length=7),
    "hashing": lambda value: HashingTextToSequence(stop_words=value, max_length=7),
    "baseline": lambda value: NBSVMClassifier(C=value, alpha=7),
    "pipeline": lambda value: make_pipeline(TextToSequence(), RNNClassifier(embeddings=value)),
    "search": lambda value: GridSearchCV(
        make_pipeline(TextToSequence(vocabulary=value), RNNClassifier()), {"a": [7]}
    ),
    "nested pipelines": lambda value: Pipeline([("a", make_pipeline(RNNClassifier(units=value)))]),
    "own search": lambda value: EpochSearchCV(RNNClassifier(), {"embeddings": value}),
}


@pytest.mark.parametrize(
    "show", [repr, lambda estimator: estimator._repr_html_()], ids=["repr", "html"]
)
@pytest.mark.parametrize("kind", every(2, VALUES))
@pytest.mark.parametrize("make", ESTIMATORS.values(), ids=ESTIMATORS)
def test_a_display_reads_a_few_items(make, kind, show):
    """Fails if the display of any estimator asks all items of a long parameter for their repr."""
    estimator = make(VALUES[kind])
    Counted.asked = 0
    shown = show(estimator)
    assert Counted.asked < 250
    assert len(shown) < 2_500 + (100_000 if "<style" in shown else 0)
    assert "a" * 1_000 not in shown


@pytest.mark.parametrize("kind", VALUES)
def test_messages_read_a_few_items(kind):
    """Fails if a message about a wrong value holds the whole of it."""
    Counted.asked = 0
    assert len(brief(VALUES[kind])) <= 60 and len(describe(VALUES[kind])) < 100
    assert Counted.asked < 40
    for wrong in (
        lambda value: RNNClassifier(embedding_dim=value)._validate_params(),
        lambda value: TextToSequence(max_df=value)._validate_params(),
    ):
        with pytest.raises((ValueError, TypeError), match="must be") as error:
            wrong(VALUES[kind])
        assert len(str(error.value)) < 2_001


def test_parameters_are_returned_as_they_are():
    """Fails if cloning, searching or saving get the short form."""
    value = VALUES["dict"]
    pipe = make_pipeline(TextToSequence(stop_words=value), RNNClassifier(embeddings=value))
    repr(pipe)
    found = pipe.get_params()
    assert found["rnnclassifier__embeddings"] is found["texttosequence__stop_words"] is value
    assert pipe[1].get_params()["embeddings"] is pipe[1].embeddings is value
    assert clone(RNNClassifier(embeddings={"a": 1})).embeddings == {"a": 1}


def test_short_parameters_are_shown_in_full():
    """Fails if a display is shortened that was readable, or shows defaults."""
    assert repr(RNNClassifier(units=(64, 32), ngram_range=None)) == (
        "RNNClassifier(ngram_range=None, units=(64, 32))"
    )
    assert repr(TextToSequence(vocabulary=["good", "bad"])) == (
        "TextToSequence(vocabulary=['good', 'bad'])"
    )
    assert repr(TextToSequence()) == "TextToSequence()"
    assert "token_pattern" not in repr(HashingTextToSequence(max_length=3))


def test_what_is_shown_of_a_long_value():
    vectors = {f"w{i}": np.zeros(300, "float32") for i in range(400)}
    assert repr(RNNClassifier(embeddings=vectors)) == (
        "RNNClassifier(embeddings={'w0': <ndarray of float32, shape (300,)>, "
        "'w1': <ndarray of float32, shape (300,)>, 'w2': <ndarray of float32, shape (300,)>, "
        "... 397 more})"
    )
    words = [f"w{i}" for i in range(5000)]
    assert "vocabulary=['w0', 'w1', 'w2', ... 4,997 more]" in repr(TextToSequence(vocabulary=words))
    assert brief("a\nb") == r"'a\nb'" and brief(3) == "3"
    assert brief(frozenset(range(50)), 200) == "frozenset({0, 1, 2, ... 47 more})"


def test_time_does_not_follow_the_size():
    """Fails if the display of a large parameter takes longer than that of a small one."""
    taken = []
    for n_words in (100, 100_000):
        estimator = make_pipeline(
            TextToSequence(vocabulary=[f"w{i}" for i in range(n_words)]),
            RNNClassifier(embeddings={f"w{i}": np.zeros(2) for i in range(n_words)}),
        )
        runs = []
        for _ in range(3):
            start = time.thread_time()
            repr(estimator)
            estimator._repr_html_()
            runs.append(time.thread_time() - start)
        taken.append(min(runs))
    assert taken[1] < 10 * taken[0]


def test_a_default_that_was_copied_is_not_shown():
    """Fails if the long default of `token_pattern` is taken for a setting after a copy."""
    text = TextToSequence()
    assert repr(pickle.loads(pickle.dumps(text))) == repr(text) == "TextToSequence()"
