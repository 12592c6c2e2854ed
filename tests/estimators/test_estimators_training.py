"""RNNClassifier's training: seeds, going on, early stopping, divergence.

Each test's docstring says what a wrong implementation would fail on.
"""

import copy
import random
import threading

import keras
import numpy as np
import pytest
import sklearn
import tensorflow as tf
from bare import ESTIMATOR
from keras.src.random.seed_generator import global_seed_generator
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline
from tensorflow.python.framework.config import is_op_determinism_enabled

from skrnn import RNNClassifier, TextToSequence, make_reviews
from skrnn.sequences.batching import auto_batch_size

rng = np.random.default_rng(0)
X = np.array([rng.permutation(6) + 2 for _ in range(200)])
Y = (X == 3).argmax(axis=1) < (X == 4).argmax(axis=1)
# Of different lengths, the answers depending on the order.
RAGGED = [np.concatenate([row, [2] * rng.integers(0, 8)]) for row in X]


def small(**parameters):
    """The same network nearly everywhere: tracing another one takes longer than its training."""
    settings = {**ESTIMATOR, "cell": "rnn", "units": 8, "embedding_dim": 8, "dropout": 0.2}
    settings |= {"batch_size": 32}
    return RNNClassifier(**{**settings, "learning_rate": 0.02, "random_state": 0, **parameters})


def state(model):
    return [variable.numpy().tobytes() for variable in model.model_.variables]


def weights(model):
    return [variable.numpy().tobytes() for variable in model.model_.trainable_variables]


# --- Seeds --------------------------------------------------------------------------------


def test_same_seed_same_bytes():
    """Fails if anything random escapes the seed: weights, dropout, the order, the hold-out."""
    settings = {"epochs": 3, "embedding_dropout": 0.2, "early_stopping": True}
    one, same, other = (small(**{**settings, "random_state": s}).fit(RAGGED, Y) for s in (0, 0, 1))
    assert weights(one) == weights(same)
    assert one.history_ == same.history_
    assert weights(one) != weights(other)


@pytest.mark.slow
def test_same_seed_same_bytes_in_both_directions():
    """Fails if a layer that is copied from its configuration loses the seed of its dropout."""
    settings = {"cell": "rnn", "epochs": 1, "bidirectional": True, "recurrent_dropout": 0.3}
    assert weights(small(**settings).fit(X, Y)) == weights(small(**settings).fit(X, Y))


@pytest.mark.slow
def test_compiled_networks_are_left_clean():
    """Fails if a fit finds weights, optimizer moments or dropout states of the one before.

    Traced training steps are shared between fits of one architecture, see skrnn.training.trainers.
    """
    first = small(epochs=2).fit(X, Y)
    small(epochs=3, learning_rate=0.5, random_state=7).fit(X[:50], ~Y[:50])
    assert weights(small(epochs=2).fit(X, Y)) == weights(first)


def test_global_generators_stay_as_they_are():
    """Fails if a fit with a seed of its own draws from, or seeds, the process's generators."""

    def draw():
        return (
            random.random(),
            np.random.random(),
            float(tf.random.uniform([])),
        )

    def seeded():
        keras.utils.set_random_seed(5)
        global_seed_generator()  # made when first asked for, with a draw from Python's

    small(epochs=1).fit(X, Y)  # what is traced only once
    seeded()  # Keras 3.11 makes its own generator once, later ones at every seeding
    seeded()
    expected = [draw(), draw()]
    seeded()
    found = [draw()]
    # Keras 3.11 cannot be seeded a second time in a process, so its own is looked at.
    kerass_own = global_seed_generator().state
    before = kerass_own.numpy().tolist()
    model = small(epochs=1, pooling="attention", early_stopping=True).fit(X, Y)
    model.predict(X)
    assert [*found, draw()] == expected
    assert kerass_own.numpy().tolist() == before
    assert not is_op_determinism_enabled()


@pytest.mark.slow
def test_random_states_of_every_kind():
    """Fails if None always gives the same network, or a RandomState is copied or not drawn from."""
    assert weights(small(epochs=1, random_state=None).fit(X, Y)) != weights(
        small(epochs=1, random_state=None).fit(X, Y)
    )
    np.random.seed(3)
    one = small(epochs=1, random_state=None).fit(X, Y)
    np.random.seed(3)
    assert weights(small(epochs=1, random_state=None).fit(X, Y)) == weights(one)
    model = small(epochs=1, random_state=np.random.RandomState(0))
    first, second = weights(model.fit(X, Y)), weights(model.fit(X, Y))
    assert first != second
    model = small(epochs=1, random_state=np.random.RandomState(0))
    assert weights(model.fit(X, Y)) == first


@pytest.mark.slow
def test_threads_fit_and_predict_at_the_same_time():
    """Fails if fits share what they must not, or a prediction sees another estimator's weights."""
    expected = [small(epochs=2, random_state=seed).fit(RAGGED, Y) for seed in range(2)]
    values = [model.decision_function(RAGGED).tobytes() for model in expected]
    fitted, wrong = {}, []

    def fit(seed):
        fitted[seed] = weights(small(epochs=2, random_state=seed).fit(RAGGED, Y))

    def predict(seed):
        for _ in range(10):
            if expected[seed].decision_function(RAGGED).tobytes() != values[seed]:
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=[s]) for s in range(2) for work in (fit, predict)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert [fitted[seed] for seed in range(2)] == [weights(model) for model in expected]


# --- Going on -----------------------------------------------------------------------------


def test_epochs_of_partial_fit_are_epochs_of_fit():
    """Fails if partial_fit shuffles every time the same, or loses optimizer or dropout state."""
    whole = small(epochs=3).fit(RAGGED, Y)
    parts = small()
    for _ in range(3):
        parts.partial_fit(RAGGED, Y)
    assert state(parts) == state(whole)
    assert parts.history_ == whole.history_
    assert parts.n_iter_ == 3


def test_every_epoch_is_shuffled_anew():
    """Fails if epochs repeat their order, lose rows, or do not follow from seed and number."""
    from skrnn.sequences import check_sequences
    from skrnn.training.feeds import Feed

    sequences = check_sequences([*RAGGED, [2] * 400], estimator=small()).sequences
    rows = np.arange(len(sequences))
    feed = Feed(sequences, rows, np.ones(len(rows), np.float32), batch_size=32, seed=0)
    orders = []
    for epoch in (0, 1, 0):
        feed.on_epoch_begin(epoch)
        batches = [feed.batch(i) for i in range(len(feed.plan))]
        orders.append(np.concatenate([y for _, y, _ in batches]).tolist())
        assert sorted(orders[-1]) == rows.tolist()
    assert orders[0] == orders[2] != orders[1]


def test_partial_fit_goes_on_after_fit():
    """Fails if partial_fit starts anew after fit, or fit goes on after partial_fit."""
    model = small(epochs=2).fit(X, Y).partial_fit(X, Y)
    assert weights(model) == weights(small(epochs=3).fit(X, Y))
    assert weights(model.fit(X, Y)) == weights(small(epochs=2).fit(X, Y))
    assert model.n_iter_ == len(model.history_["loss"]) == 2


@pytest.mark.slow
def test_partial_fit_with_classes_to_come():
    """Fails if the first chunk decides the classes."""
    labels = np.where(Y, "b", "a")
    model = small().partial_fit(X[Y], labels[Y], classes=["a", "b", "c"])
    assert model.classes_.tolist() == ["a", "b", "c"]
    for _ in range(10):
        model.partial_fit(X, labels)
    assert model.score(X, labels) > 0.9
    assert model.predict_proba(X).shape == (len(X), 3)
    with pytest.raises(ValueError, match=r"classes=.* differs from the classes of the first call"):
        model.partial_fit(X, labels, classes=["a", "b"])
    with pytest.raises(ValueError, match="'d' in row 0"):
        model.partial_fit(X, np.full(len(X), "d"))


def test_warm_start_goes_on():
    """Fails if two fits of two epochs are not one of four: weights, order, optimizer, history."""
    whole = small(epochs=4).fit(RAGGED, Y)
    parts = small(epochs=2, warm_start=True).fit(RAGGED, Y).fit(RAGGED, Y)
    assert state(parts) == state(whole)
    assert parts.history_ == whole.history_
    assert parts.n_iter_ == 4


@pytest.mark.slow
def test_warm_start_takes_new_training_parameters():
    """Fails if going on ignores the new learning rate, or the old estimator is trained along."""
    model = small(epochs=1, warm_start=True).fit(X, Y)
    before = copy.deepcopy(model)
    assert weights(before) == weights(model)
    model.set_params(learning_rate=1e-12).fit(X, Y)
    np.testing.assert_allclose(model.decision_function(X), before.decision_function(X), atol=1e-6)
    for change in (
        {"learning_rate": keras.optimizers.schedules.CosineDecay(0.01, 100)},
        {"learning_rate": 0.01},
        {"optimizer": "sgd"},
        {"optimizer": keras.optimizers.RMSprop(), "batch_size": 1000},
    ):
        assert model.set_params(**change).fit(X, Y) is model
    assert model.n_iter_ == 6
    with pytest.raises(
        ValueError,
        match=r"a different network: units from \(8,\) to \(4,\).*Set the parameters back",
    ):
        model.set_params(units=4).fit(X, Y)
    assert model.n_iter_ == 6


def test_history_has_all_epochs_in_every_list():
    """Fails if lists of training with and without validation cannot be drawn over one axis."""
    model = small(epochs=2, warm_start=True).fit(X, Y).fit(X, Y, X_val=X, y_val=Y).fit(X, Y)
    assert {key: len(values) for key, values in model.history_.items()} == dict.fromkeys(
        ("loss", "accuracy", "val_loss", "val_accuracy"), 6
    )
    assert np.isnan(model.history_["val_loss"]).tolist() == [True] * 2 + [False] * 2 + [True] * 2


# --- Early stopping -----------------------------------------------------------------------


def test_training_loss_is_the_mean_over_the_rows():
    """Fails if rows count by the size of their batch, which is split where lengths differ much.

    With steps too small to move a weight, the loss of the epoch is that of the predictions.
    """
    rows = [*RAGGED[:118], *([2] * 200 for _ in range(10))]
    model = small(epochs=1, dropout=0.0, batch_size=128, learning_rate=1e-12).fit(rows, Y[:128])
    found = log_loss(Y[:128], model.predict_proba(rows))
    np.testing.assert_allclose(model.history_["loss"], [found], rtol=1e-4)


def test_best_epoch_is_restored():
    """Fails if the last epoch's weights are kept, or the loss is not that of the rows.

    The rows have lengths so different that batches are split; each must count the same.
    """
    noise = np.random.default_rng(1).random(len(X)) < 0.3
    rows = [*RAGGED[:190], *([2] * 200 for _ in range(10))]
    train, held_out = slice(0, 120), slice(120, None)
    model = small(epochs=30, early_stopping=True, n_iter_no_change=3, learning_rate=0.05)
    labels = Y ^ noise  # what cannot be learned is overfitted
    model.fit(rows[train], labels[train], X_val=rows[held_out], y_val=labels[held_out])
    losses = model.history_["val_loss"]
    assert model.n_iter_ == len(losses) < 30
    assert model.best_epoch_ == int(np.argmin(losses)) + 1 == model.n_iter_ - 3
    found = log_loss(labels[held_out], model.predict_proba(rows[held_out]))
    np.testing.assert_allclose(found, min(losses), rtol=1e-4)
    assert found < losses[-1] - 1e-3


def test_hold_out_is_stratified_and_seeded():
    """Fails if the last rows are held out (one class, data sorted by label), or always others."""
    order = np.argsort(Y, kind="stable")
    settings = {"epochs": 1, "early_stopping": True, "validation_fraction": 0.2}
    first = small(**settings).fit(X[order], Y[order])
    (seen,) = first.history_["val_accuracy"]
    assert 0 < seen < 1  # a held-out single class, unseen in training, would be all wrong
    assert first.history_ == small(**settings).fit(X[order], Y[order]).history_
    other = small(**settings, random_state=1).fit(X[order], Y[order])
    assert other.history_["val_loss"] != first.history_["val_loss"]


@pytest.mark.slow
def test_early_stopping_of_several_labels():
    """Fails if stratification is tried on an indicator of many rare combinations."""
    labels = np.stack([X[:, i] == 5 for i in range(6)], axis=1).astype(int)
    assert small(epochs=2, early_stopping=True).fit(X, labels).n_iter_ == 2


@pytest.mark.parametrize(
    ("rows", "y"), [(X[:2], [0, 1]), (X[:40], np.repeat(np.arange(20), 2))], ids=["few", "rare"]
)
@pytest.mark.slow
def test_too_few_rows_for_a_hold_out(rows, y):
    """Fails if early stopping on hardly any row is tried, is an error, or is left out silently."""
    model = small(epochs=3, early_stopping=True)
    with pytest.warns(UserWarning, match=r"no effect: validation_fraction=0.1 of \d+ .*X_val"):
        model.fit(rows, y)
    assert model.n_iter_ == 3 and "val_loss" not in model.history_
    # All rows were trained on.
    assert model.history_ == small(epochs=3).fit(rows, y).history_


class NoteStep(keras.callbacks.Callback):
    """Notes the step size of each epoch."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def on_epoch_end(self, epoch, logs=None):
        self.steps.append(float(self.model.optimizer.learning_rate))

    def __deepcopy__(self, memo):
        return self


@pytest.mark.slow
def test_step_size_falls_from_epoch_to_epoch():
    """Fails if it does not, begins anew where training goes on, or a callback's is overruled."""
    steps = []
    model = small(epochs=3, learning_rate_decay=0.5, callbacks=[NoteStep(steps)])
    model.fit(X, Y).partial_fit(X, Y)
    np.testing.assert_allclose(steps, [0.02 / (1 + 0.5 * epoch) for epoch in range(4)])
    steps.clear()
    model.set_params(learning_rate_decay=0.0).fit(X, Y)
    np.testing.assert_allclose(steps, [0.02] * 3)
    steps.clear()
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 * (epoch + 1))
    small(epochs=3, learning_rate_decay=1.0, callbacks=[scheduler, NoteStep(steps)]).fit(X, Y)
    np.testing.assert_allclose(steps, [0.1, 0.2, 0.3])


@pytest.mark.slow
def test_batches_of_few_rows_are_small():
    """Fails if "auto" makes a few updates of few rows, which learn nothing, or many of many."""
    assert [auto_batch_size(n) for n in (1, 500, 3000, 6000, 25_000, 10**6)] == [
        8, 8, 16, 32, 128, 128,
    ]  # fmt: skip
    steps = []

    class Count(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            steps.append(batch)

    small(epochs=1, batch_size="auto", callbacks=[Count()]).fit(X[:160], Y[:160])
    assert len(steps) == 20


@pytest.mark.slow
def test_validation_on_raw_text_in_a_pipeline():
    """Fails if X_val does not go through the fitted tokenizer, or is not asked for."""
    reviews, labels = make_reviews(200, random_state=12)
    with sklearn.config_context(enable_metadata_routing=True):
        network = small(epochs=2, early_stopping=True).set_fit_request(X_val=True, y_val=True)
        pipe = Pipeline([("ids", TextToSequence()), ("net", network)], transform_input=["X_val"])
        pipe.fit(reviews[:150], labels[:150], X_val=reviews[150:], y_val=labels[150:])
    found = log_loss(labels[150:], pipe.predict_proba(reviews[150:]))
    np.testing.assert_allclose(found, min(pipe[-1].history_["val_loss"]), rtol=1e-4)


@pytest.mark.slow
def test_validation_without_early_stopping_only_watches():
    """Fails if giving X_val changes what is trained on."""
    watched = small(epochs=2).fit(X, Y, X_val=X[:20], y_val=Y[:20])
    assert weights(watched) == weights(small(epochs=2).fit(X, Y))
    assert watched.best_epoch_ == 2
    for only in ({"X_val": X}, {"y_val": Y}):
        with pytest.raises(ValueError, match=r"go together, but [Xy]_val is missing"):
            small().fit(X, Y, **only)


# --- Divergence ---------------------------------------------------------------------------


@pytest.mark.slow
def test_divergence_is_an_error():
    """Fails if a network of NaN is handed over as fitted, or in place of a good one."""
    numbers = X[:, :, np.newaxis].astype(float)
    wild = {"learning_rate": 1e38, "global_clipnorm": None, "optimizer": "sgd"}
    with pytest.raises(ValueError, match=r"diverged.*epoch \d.*learning_rate.*scale"):
        small(**wild, epochs=5).fit(numbers, Y)
    # One update, after a loss that is finite still: the first call gives weights their unit.
    model = small(batch_size=1000).partial_fit(numbers, Y).set_params(**wild)
    with pytest.raises(ValueError, match=r"diverged.*epoch 2"):
        model.partial_fit(numbers, Y, sample_weight=np.full(len(Y), 1e5))
    assert model.n_iter_ == 1 and np.isfinite(model.predict_proba(numbers)).all()
    model = small(epochs=1, warm_start=True).fit(numbers, Y)
    before, history = weights(model), copy.deepcopy(model.history_)
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(**wild, epochs=3).fit(numbers, Y)
    with pytest.raises(ValueError, match="diverged"):
        for _ in range(5):
            before, history = weights(model), copy.deepcopy(model.history_)
            model.partial_fit(numbers, Y)
    assert weights(model) == before
    assert model.history_ == history
    assert np.isfinite(model.predict_proba(numbers)).all()
