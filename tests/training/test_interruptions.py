"""A fit that does not come to its end: interrupted from the keyboard, or diverged.

Each test's docstring says what a wrong implementation would fail on.
"""

import signal

import keras
import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews

rng = np.random.default_rng(0)
X = np.array([rng.permutation(6) + 2 for _ in range(120)])
Y = (X == 3).argmax(axis=1) < (X == 4).argmax(axis=1)


pytestmark = pytest.mark.usefixtures("terminal")


def small(**parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 6, "embedding_dim": 6, "dropout": 0.2}
    settings |= {"batch_size": 32, "epochs": 4, "learning_rate": 0.02, "random_state": 0}
    return RNNClassifier(**{**settings, **parameters})


def weights(model):
    return [variable.numpy().tobytes() for variable in model.model_.variables]


class ControlC(keras.callbacks.Callback):
    """Presses Ctrl-C, as the terminal does, after a batch."""

    def __init__(self, epoch, batch=1):
        super().__init__()
        self.at = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.at:
            signal.raise_signal(signal.SIGINT)


class Explode(keras.callbacks.Callback):
    """Makes the weights of an epoch infinite."""

    def __init__(self, epoch):
        super().__init__()
        self.at = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.at:
            variable = self.model.trainable_variables[-1]
            variable.assign(np.full(variable.shape, np.inf, np.float32))


def test_ctrl_c_keeps_the_last_finished_epoch():
    """Fails if the interrupted epoch's batches, or nothing, stay: bytes of two whole epochs.

    Also if the optimizer keeps what the broken epoch did to it, or the order of rows moves.
    """
    model = small(callbacks=[ControlC(epoch=2)])
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(X, Y)
    two = small(epochs=2).fit(X, Y)
    assert weights(model) == weights(two)
    assert model.n_iter_ == model.best_epoch_ == 2
    assert model.history_ == two.history_
    np.testing.assert_array_equal(model.predict_proba(X), two.predict_proba(X))
    assert "has the weights of epoch 2" in "".join(caught.value.__notes__)
    # Training goes on as if nothing had been.
    model.set_params(callbacks=None)
    model.partial_fit(X, Y).partial_fit(X, Y)
    assert weights(model) == weights(small().fit(X, Y))


@pytest.mark.slow
def test_ctrl_c_in_the_first_epoch_leaves_all_as_it_was():
    """Fails if a half-trained epoch passes for a fitted estimator, or replaces a fitted one."""
    model = small(callbacks=[ControlC(epoch=0)])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)
    fitted = small(epochs=1).fit(X, Y)
    before = weights(fitted)
    fitted.set_params(callbacks=[ControlC(epoch=0)])
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(X, ~Y)
    assert weights(fitted) == before
    assert fitted.n_iter_ == 1


@pytest.mark.slow
def test_ctrl_c_under_early_stopping_keeps_the_best_epoch():
    """Fails if it keeps the last one: the validation labels are wrong, so the first is best."""
    model = small(early_stopping=True, n_iter_no_change=9, callbacks=[ControlC(epoch=3)])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, X_val=X, y_val=~Y)
    assert model.n_iter_ == 3
    assert model.best_epoch_ == 1
    best = small(epochs=1).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), best.predict_proba(X))


def test_the_best_epoch_is_one_of_the_finished(monkeypatch):
    """Fails if Ctrl-C after early stopping has looked at an epoch counts that one as kept."""
    from skrnn.training.callbacks import EpochTasks

    finish = EpochTasks.on_epoch_end

    def interrupt(self, epoch, logs=None):
        finish(self, epoch, logs)
        if epoch == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(EpochTasks, "on_epoch_end", interrupt)
    model = small(early_stopping=True, n_iter_no_change=9)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, X_val=X, y_val=Y)
    assert model.best_epoch_ == model.n_iter_ == 2
    assert weights(model) == weights(small(epochs=2).fit(X, Y))


@pytest.mark.slow
def test_a_pipeline_can_be_used_after_ctrl_c():
    """Fails if an interruption leaves the last step of a Pipeline unfitted."""
    reviews, labels = make_reviews(120, random_state=0)
    pipe = make_pipeline(TextToSequence(), small(callbacks=[ControlC(epoch=1)]))
    with pytest.raises(KeyboardInterrupt):
        pipe.fit(reviews, labels)
    assert pipe.predict(reviews[:3]).shape == (3,)


def test_divergence_keeps_the_last_good_epoch():
    """Fails if NaN weights, or no weights, stay; or if the error names no cause."""
    model = small(callbacks=[Explode(epoch=2)])
    with pytest.raises(ValueError, match=r"diverged.*epoch 3.*learning_rate.*numeric") as caught:
        model.fit(X, Y)
    assert weights(model) == weights(small(epochs=2).fit(X, Y))
    assert model.n_iter_ == 2
    assert "has the weights of epoch 2" in "".join(caught.value.__notes__)


def test_divergence_in_the_first_epoch_leaves_all_as_it_was():
    """Fails if an estimator that was never good passes for fitted."""
    model = small(callbacks=[Explode(epoch=0)])
    with pytest.raises(ValueError, match=r"diverged.*epoch 1"):
        model.fit(X, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.slow
def test_weights_that_end_an_epoch_infinite_are_not_kept():
    """Fails if only the loss is looked at, which is that of before the last update."""

    class ExplodeAtTheEnd(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3 and len(self.model.history.history.get("loss", ())) == 1:
                variable = self.model.trainable_variables[-1]
                variable.assign(np.full(variable.shape, np.nan, np.float32))

    model = small(callbacks=[ExplodeAtTheEnd()])
    with pytest.raises(ValueError, match=r"diverged.*epoch 2"):
        model.fit(X, Y)
    assert weights(model) == weights(small(epochs=1).fit(X, Y))
