"""Ctrl-C that Python or a library swallows, or turns into another error.

Each test's docstring says what would fail it.
"""

import contextlib
import os
import signal
import threading
import weakref

import numpy as np
import pytest
from bare import ESTIMATOR

from skrnn import RNNClassifier
from skrnn.backend.interrupts import is_interrupted, noted_interrupts, raise_if_interrupted
from skrnn.backend.tensorflow import keras

X = [[2 + (7 * i + t) % 5 for t in range(4)] for i in range(24)]
Y = np.arange(24) % 2
pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="sends signals"),
    pytest.mark.usefixtures("terminal"),
]


def press():
    """Press Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def in_finalizer():
    class Gone:
        def __del__(self):
            press()

    Gone()


def in_weak_reference():
    class Gone:
        pass

    gone = Gone()
    reference = weakref.ref(gone, lambda _: press())
    del gone
    assert reference() is None


def in_bare_except():
    with contextlib.suppress(BaseException):  # as some imports try
        press()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("lose", [in_finalizer, in_weak_reference, in_bare_except])
def test_what_is_lost_is_noted(lose):
    """Fails if a KeyboardInterrupt that is swallowed leaves no trace."""
    with noted_interrupts():
        assert not is_interrupted()
        lose()
        assert is_interrupted()
        with pytest.raises(KeyboardInterrupt):
            raise_if_interrupted()
    assert not is_interrupted()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_key_that_is_not_lost_ends_at_once():
    """Fails if Ctrl-C waits for a batch to end."""
    with pytest.raises(KeyboardInterrupt), noted_interrupts():
        press()
        raise AssertionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_handler_of_a_program_stays():
    """Fails if a fit takes the signal from a program that handles it."""
    seen = []
    signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        with noted_interrupts():
            press()
            assert not is_interrupted()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert seen == [1]


def test_threads_have_no_signals():
    """Fails if a fit in a thread sets a handler, which Python refuses, or sees the main one's."""
    found = []

    def run():
        with noted_interrupts():
            found.append(is_interrupted())

    with noted_interrupts():
        in_bare_except()
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert is_interrupted()
    assert found == [False]


class Press(keras.callbacks.Callback):
    """Presses Ctrl-C at a moment of a training, where it is lost."""

    def __init__(self, moment, how):
        super().__init__()
        self.moment, self.how = moment, how

    def at(self, *moment):
        if moment == self.moment:
            self.moment = None
            self.how()

    def on_train_begin(self, logs=None):
        self.at("begin")

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        self.at("epoch", epoch)

    def on_train_batch_end(self, batch, logs=None):
        self.at("batch", self.epoch, batch)

    def on_train_end(self, logs=None):
        self.at("end")

    def __deepcopy__(self, memo):
        return self


def become_another_error():
    in_bare_except()
    raise RuntimeError("in a callback from C")


@pytest.mark.slow
@pytest.mark.parametrize("how", [in_bare_except, become_another_error])
@pytest.mark.parametrize(
    ("moment", "n_iter"),
    [(("begin",), None), (("epoch", 0), None), (("batch", 1, 0), 1), (("end",), 2)],
)
def test_a_fit_ends(moment, n_iter, how):
    """Fails if a training goes on after Ctrl-C, or loses the epochs that it has finished."""
    clf = RNNClassifier(
        **ESTIMATOR | {"cell": "rnn", "units": 2, "embedding_dim": 2, "epochs": 2,
                       "batch_size": 8, "random_state": 0},
        callbacks=[Press(moment, how)],
    )  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y)
    assert getattr(clf, "n_iter_", None) == n_iter
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_before_the_first_batch(monkeypatch):
    """Fails if Ctrl-C is lost while n-grams are fitted, or TensorFlow is imported."""
    from skrnn.estimators import fit

    of_rows = fit.fit_ngrams

    def fit_ngrams(*args, **options):
        in_bare_except()
        return of_rows(*args, **options)

    monkeypatch.setattr(fit, "fit_ngrams", fit_ngrams)
    clf = RNNClassifier(
        **ESTIMATOR | {"cell": "rnn", "units": 2, "embedding_dim": 2, "ngram_range": (1, 1)}
    )
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y)
    assert not hasattr(clf, "network_")
