"""How long a training on token ids takes with ``epochs="auto"``: until it has learned enough."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skrnn import RNNClassifier, RNNRegressor
from skrnn.estimators.schedule import ENOUGH, schedule
from skrnn.sequences import Sequences

LENGTH = 6
RNG = np.random.default_rng(0)
X = RNG.integers(3, 20, (60, LENGTH))
Y = np.arange(60) % 2
X[:, 2] = 20 + Y  # one token tells the class


def small(**parameters):
    settings = {"units": 4, "embedding_dim": 8, "random_state": 0, **parameters}
    return RNNClassifier(**settings)


def test_ends_when_it_has_learned_enough():
    """Fails if training goes on, or ends before the loss is low or five epochs are over."""
    plain = {"ngram_range": None, "dropout": 0.0, "word_dropout": 0.0, "embedding_dropout": 0.0}
    model = small(learning_rate=0.02, **plain).fit(X, Y)
    losses = np.array(model.history_["loss"])
    enough = losses <= ENOUGH * np.log(2)
    assert 5 < model.n_iter_ == len(losses) < 20
    assert enough[-1] and not enough[4:-1].any()
    assert losses[0] > losses[-1]


def test_goes_on_while_there_is_something_to_learn():
    """Fails if a training that has learned nothing yet ends after five epochs."""
    with pytest.warns(ConvergenceWarning, match="learned nothing"):
        model = small(learning_rate=1e-7, ngram_range=None).fit(X, Y)
    assert model.n_iter_ == 40


def test_given_epochs_are_all_trained():
    """Fails if a number of epochs is taken for a maximum."""
    assert small(learning_rate=0.05, epochs=9).fit(X, Y).n_iter_ == 9


def test_each_fit_of_a_warm_start_has_its_epochs():
    """Fails if epochs of the fit before count, so that a later fit ends after its first one."""
    model = small(learning_rate=0.02, warm_start=True).fit(X, Y)
    before = model.n_iter_
    assert model.fit(X, Y).n_iter_ == before + 5


def test_a_finished_checkpoint_is_not_trained_again(tmp_path, capsys):
    """Fails if a training that has ended by itself goes on when it is called again."""
    first = small(learning_rate=0.02, checkpoint=tmp_path, verbose=1).fit(X, Y)
    told = capsys.readouterr().out
    assert "epoch  5/40" in told and told.count("left") == told.count("  at most ") == 5
    again = small(learning_rate=0.02, checkpoint=tmp_path, verbose=1).fit(X, Y)
    assert "epoch " not in capsys.readouterr().out
    assert again.n_iter_ == first.n_iter_ < 20
    np.testing.assert_array_equal(again.predict_proba(X), first.predict_proba(X))


@pytest.mark.parametrize("cls", [RNNClassifier, RNNRegressor])
@pytest.mark.parametrize(
    ("n_rows", "parameters", "wanted"),
    [
        (100, {}, (40, 5)),
        (2000, {}, (20, 5)),
        (5000, {}, (31, 5)),
        (60_000, {}, (10, 5)),
        (200_000, {}, (5, 5)),
        (100, {"early_stopping": True}, (40, 40)),
        (100, {"epochs": 7}, (7, 7)),
    ],
)
def test_the_maximum_follows_the_rows(cls, n_rows, parameters, wanted):
    """Fails if many rows are read as often as few, or if early stopping has two rules."""
    estimator = cls(**parameters)
    lengths = np.full(n_rows, 2)
    sequences = Sequences(np.full(2 * n_rows, 5, np.int32), np.append(0, lengths.cumsum()))
    used = np.ones(n_rows, bool)
    found = schedule(estimator, sequences, used, epochs=estimator.epochs, full_data=True)
    assert (found.epochs, found.least_epochs) == wanted
    later = schedule(estimator, sequences, used, epochs=estimator.epochs, full_data=False)
    assert later.epochs == later.least_epochs == parameters.get("epochs", 5)


@pytest.mark.parametrize(
    ("decay", "wanted"),
    [("auto", [1, 2, 3, 4, 5, 5, 5]), (1.0, [1, 2, 3, 4, 5, 6, 7]), (0.0, [1] * 7)],
)
def test_the_learning_rate_stays_after_five_epochs(decay, wanted):
    """Fails if what takes many epochs is learned ever more slowly, or a given decay ends."""
    import keras

    rates = []

    class Note(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))

    how = {"learning_rate": 0.01, "learning_rate_decay": decay, "callbacks": [Note()]}
    model = small(epochs=4, warm_start=True, **how).fit(X, Y)  # which goes on counting
    model.set_params(epochs=3).fit(X, Y)
    np.testing.assert_allclose(rates, 0.01 / np.array(wanted), rtol=1e-6)
