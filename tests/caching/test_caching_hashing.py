"""What tells one computation from another; each docstring says what a wrong digest fails on."""

import operator
import re
import subprocess
import sys
import threading
from enum import Enum
from functools import lru_cache, partial

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import RNNClassifier, TextToSequence
from skrnn.caching.hashing import content, digest
from skrnn.exceptions import UnknownObjectError
from skrnn.sequences import Sequences


class Tokenizer:
    """Keeps all to itself."""

    def __init__(self, pattern):
        self._pattern = pattern

    def split(self, text):
        return re.findall(self._pattern, text)


class Color(Enum):
    RED = 1
    BLUE = 2


def keyword_only(n):
    def function(text, *, k=n):
        return text[:k]

    return function


def without(words):
    return lambda text: [word for word in text.split() if word not in words]


class Decay(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, rate):
        self._rate = rate

    def __call__(self, step):
        return self._rate


class Own(keras.callbacks.Callback):
    def __init__(self, rate):
        super().__init__()
        self._rate = rate


PAIRS = {
    "numbers": lambda n: 1.0 + n,
    "object arrays": lambda n: np.array([1, 2, 3, 4], object).reshape((2, 2) if n else (1, 4)),
    "sets": lambda n: {"a", "b", n},
    "frozensets in code": lambda n: [lambda w: w in {"a"}, lambda w: w in {"b"}][n],
    "slices": lambda n: slice(0, 3 + n),
    "enums": lambda n: [Color.RED, Color.BLUE][n],
    "series": lambda n: pd.Series([1, 2 + n]),
    "frames": lambda n: pd.DataFrame({"a": [1, 2 + n]}),
    "patterns": lambda n: re.compile([r"\w+", r"\w"][n]).findall,
    "item getters": lambda n: operator.itemgetter(["title", "body"][n]),
    "private attributes": lambda n: Tokenizer([r"\w+", r"\w"][n]).split,
    "closures": lambda n: without(["the", "a"][n]),
    "keyword-only defaults": lambda n: keyword_only(3 + n),
    "partials": lambda n: partial(re.sub, "a", "bc"[n]),
    "caches": lambda n: lru_cache([lambda w: w, lambda w: w + "s"][n]),
    "transformers": lambda n: FunctionTransformer(np.log, kw_args={"where": n}),
    "output": lambda n: StandardScaler().set_output(transform=["default", "pandas"][n]),
    "random states": lambda n: np.random.RandomState(n),
    "requests": lambda n: RNNClassifier(class_weight={0: 1, 1: 2 + n}),
    "tokenizers": lambda n: TextToSequence(tokenizer=[str.split, str.splitlines][n]),
    "optimizers": lambda n: keras.optimizers.SGD(0.1 + n),
    "schedules": lambda n: Decay(0.1 + n),
    "own callbacks": lambda n: Own(0.1 + n),
    "sequences": lambda n: Sequences(np.array([1, 2 + n], np.int32), np.array([0, 1, 2])),
    "offsets": lambda n: Sequences(np.array([1, 2, 3], np.int32), np.array([0, 1 + n, 3])),
    "classes of two modules": lambda n: [keras.layers.LSTM, type("LSTM", (), {})][n],
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_differs_is_told_apart_and_what_is_equal_is_not(name):
    """Fails if another computation's result would be taken, or nothing ever found again."""
    make = PAIRS[name]
    assert digest(make(0)) == digest(make(0))
    assert digest(make(0)) != digest(make(1))


def test_what_cannot_be_known_is_an_error_or_counts_by_its_class():
    """Fails if two things that nobody can tell apart pass for one."""
    with pytest.raises(UnknownObjectError, match="cannot be distinguished from others"):
        digest([threading.Lock()])
    assert digest(threading.Lock(), lenient=True) != digest(None, lenient=True)


def test_a_callback_is_the_same_after_a_fit():
    """Fails if what Keras keeps of a fit makes another training of the next."""
    callback = keras.callbacks.LearningRateScheduler(keyword_only(3))
    before = digest(callback)
    callback.set_params({"epochs": 3})
    callback.set_model(keras.Sequential())
    assert digest(callback) == before


def test_a_class_registers_what_it_is_known_by():
    """Fails if a type needs a change of hashing.py, or subclasses lose what is registered."""

    class Lock:
        def __init__(self, name):
            self.name, self.inside = name, threading.Lock()

    class OwnLock(Lock):
        pass

    class Cached:
        def __init__(self, name):
            self.name, self.cache = name, object()

        def __skrnn_digest__(self):
            return self.name

    with pytest.raises(UnknownObjectError):
        digest(Lock("a"))
    content.register(Lock, lambda lock: lock.name)
    for kind in (Lock, OwnLock, Cached):
        assert digest(kind("a")) == digest(kind("a")) != digest(kind("b"))
    assert digest(Lock("a")) != digest(OwnLock("a"))


@pytest.mark.slow
def test_another_process_finds_the_same_names():
    """Fails if an address, a hash seed or an order of a set is in a name."""
    code = """
import re, numpy as np
from skrnn import TextToSequence
from skrnn.caching.hashing import digest
def split(text, k=2):
    return [w for w in text.split() if w not in {"the", "a", "an", "of"}]
found = [TextToSequence(tokenizer=split), {"b", "a", "c"}, re.compile("x").findall, np.ones(3)]
print(digest(found))
"""
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin"},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1 and len(found.pop().strip()) == 24


@pytest.mark.slow
def test_the_code_of_a_class_of_the_main_script_counts():
    """Fails if a step that was edited in a notebook is taken for what it was."""
    code = """
from sklearn.base import BaseEstimator
from skrnn.caching.hashing import digest
class Step(BaseEstimator):
    def transform(self, X):
        return X + 1
first = digest(Step())
class Step(BaseEstimator):
    def transform(self, X):
        return X + 2
assert digest(Step()) != first
"""
    subprocess.run([sys.executable, "-c", code], check=True)
