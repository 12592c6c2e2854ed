"""The linear model of a tagger is fitted on a thread of its own while the network trains."""

import threading

import numpy as np
import pytest

from skrnn import RNNTagger
from skrnn.backend import beside as module
from skrnn.backend.beside import beside
from skrnn.chains import LinearChain

X = [["the", "dog", "barks"], ["a", "cat", "sleeps"], ["dogs", "bark"]] * 8
Y = [["D", "N", "V"], ["D", "N", "V"], ["N", "V"]] * 8


def tagger():
    return RNNTagger(units=3, embedding_dim=4, epochs=2, random_state=0)


@pytest.mark.parametrize(("n", "elsewhere"), [(1, False), (2, True)])
def test_where_it_runs(monkeypatch, n, elsewhere):
    """Fails if a fit that has one thread takes another one, or one with two waits for it."""
    monkeypatch.setattr(module, "n_threads", lambda: n)
    found = beside(threading.get_ident).result()
    assert (found != threading.get_ident()) is elsewhere


def test_the_same_answers_on_any_thread(monkeypatch):
    """Fails if the model depends on what runs beside it."""
    answers = []
    for n in (1, 2):
        monkeypatch.setattr(module, "n_threads", lambda n=n: n)
        answers.append(np.concatenate(list(tagger().fit(X, Y).predict_proba(X))))
    np.testing.assert_array_equal(*answers)


def test_its_error_is_the_fits_error(monkeypatch):
    """Fails if an error on the other thread is lost, or leaves a half-fitted estimator."""

    def fails(*_, **__):
        raise MemoryError("no room for the weights")

    one = tagger().fit(X, Y)
    before = one.predict(X)
    monkeypatch.setattr(module, "n_threads", lambda: 2)
    monkeypatch.setattr(LinearChain, "fit", fails)
    with pytest.raises(MemoryError, match="no room for the weights"):
        one.fit(X, [row[::-1] for row in Y])
    np.testing.assert_array_equal(np.concatenate(one.predict(X)), np.concatenate(before))
