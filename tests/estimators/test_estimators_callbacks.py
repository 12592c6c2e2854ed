"""Callbacks of RNNClassifier: scikit-learn's own, and Keras's.

Each test's docstring says what a wrong implementation would fail on.
"""

import gc
import subprocess
import sys
import weakref

import keras
import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews

rng = np.random.default_rng(0)
X = np.array([rng.permutation(6) + 2 for _ in range(120)])
Y = (X == 3).argmax(axis=1) < (X == 4).argmax(axis=1)
REVIEWS, LABELS = make_reviews(120, random_state=12)


def small(**parameters):
    """The same network nearly everywhere: tracing another one takes longer than its training."""
    settings = {**ESTIMATOR, "cell": "rnn", "units": 8, "embedding_dim": 8, "batch_size": 32}
    return RNNClassifier(
        **{**settings, "epochs": 3, "learning_rate": 0.02, "random_state": 0, **parameters}
    )


def weights(model):
    return [variable.numpy().tobytes() for variable in model.model_.trainable_variables]


def epoch_scores(monitor, name):
    return [row[name] for row in monitor.get_logs().data if row["task_name"] == "epoch"]


class Recorder:
    """A callback of scikit-learn that notes tasks, and stops where told to."""

    def __init__(self, stop_after=None, fail=False):
        self.stop_after, self.fail = stop_after, fail
        self.begun, self.ended, self.rows, self.fitted, self.torn_down = [], [], [], [], 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        self.torn_down += 1

    def on_fit_task_begin(self, estimator, context, *, X, y, metadata):
        self.begun.append((context.task_name, context.task_id))
        self.rows.append((len(X), len(y), sorted(metadata or {})))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        self.ended.append((context.task_name, context.task_id))
        self.fitted.append(fitted_estimator)
        if self.fail and context.task_name == "fit":
            raise RuntimeError("on purpose")
        return context.task_name == "epoch" and len(self.ended) == self.stop_after


# --- scikit-learn's -----------------------------------------------------------------------


@pytest.mark.slow
def test_monitor_scores_every_epoch_as_if_fit_had_ended_there():
    """Fails if an epoch's copy has other weights than a fit of so many epochs, also going on."""
    expected = [log_loss(Y, small(epochs=n).fit(X, Y).predict_proba(X)) for n in (1, 2, 3, 4)]
    monitor = ScoringMonitor(scoring="neg_log_loss")
    model = small(warm_start=True).set_callbacks(monitor).fit(X, Y)
    assert [-s for s in epoch_scores(monitor, "neg_log_loss")] == pytest.approx(expected[:3], 1e-9)
    model.set_params(epochs=1).fit(X, Y)
    assert [-s for s in epoch_scores(monitor, "neg_log_loss")] == pytest.approx(expected[3:], 1e-9)


@pytest.mark.slow
def test_what_callbacks_are_given():
    """Fails if rows or weights are those inside, or a copy changes with the training after it."""
    recorder = Recorder()
    model = small().set_callbacks(recorder).fit(X, Y, sample_weight=np.ones(len(X)))
    assert recorder.begun == [("fit", 0), ("epoch", 0), ("epoch", 1), ("epoch", 2)]
    assert recorder.ended == [("epoch", 0), ("epoch", 1), ("epoch", 2), ("fit", 0)]
    assert recorder.rows == [(120, 120, ["sample_weight"])] * 4
    assert recorder.torn_down == 1
    assert [copy.n_iter_ for copy in recorder.fitted] == [1, 2, 3, 3]
    assert [len(copy.history_["loss"]) for copy in recorder.fitted] == [1, 2, 3, 3]
    assert weights(recorder.fitted[0]) == weights(small(epochs=1).fit(X, Y))
    assert weights(recorder.fitted[2]) == weights(recorder.fitted[3]) == weights(model)
    assert recorder.fitted[0].predict(X).shape == (120,)


def test_copies_are_estimators_of_their_epoch():
    """Fails if a copy lacks what makes it go on, or has thresholds that it has not learned."""
    recorder, labels = Recorder(), np.stack([Y, ~Y, X[:, 0] == 3], axis=1).astype(int)
    clf = small(epochs=2, thresholds="auto", validation_fraction=0.3)
    clf.set_callbacks(recorder).fit(X, labels)
    for copy, epoch in zip(recorder.fitted, (1, 2, 2), strict=True):
        assert copy.best_epoch_ == copy.n_iter_ == epoch
        assert copy._settings == clf._settings
        assert vars(copy).keys() >= vars(clf).keys()
        assert np.array_equal(copy.head_.thresholds, copy.thresholds_)
    np.testing.assert_array_equal(recorder.fitted[1].thresholds_, clf.thresholds_)
    (first, *_), one = recorder.fitted, small(epochs=1, thresholds="auto")
    one.set_params(validation_fraction=0.3).fit(X, labels)
    np.testing.assert_array_equal(first.thresholds_, one.thresholds_)
    np.testing.assert_array_equal(first.predict(X), one.predict(X))
    for copy in (first, one):
        copy.set_params(thresholds=None).partial_fit(X, labels)
    np.testing.assert_array_equal(first.predict_proba(X), one.predict_proba(X))


def test_copies_have_attributes_that_are_none():
    """Fails if a copy lacks what the fit sets to None, and predicts with."""
    recorder = Recorder()
    model = small(epochs=1).set_callbacks(recorder).fit(X, Y)
    none = {name for name, value in vars(model).items() if name.endswith("_") and value is None}
    assert none >= {"ngrams_", "columns_", "embedding_coverage_"}
    for copy in recorder.fitted:
        assert none <= vars(copy).keys()
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))


@pytest.mark.slow
def test_partial_fit_is_a_task_of_one_epoch():
    """Fails if partial_fit is silent, or leaves the callbacks' context behind."""
    recorder = Recorder()
    model = small().set_callbacks(recorder).partial_fit(X, Y).partial_fit(X, Y)
    assert recorder.ended == [("epoch", 0), ("fit", 0)] * 2
    assert recorder.torn_down == 2
    assert not [name for name in vars(model) if "callback_" in name]


def test_true_stops_the_fit():
    """Fails if what a callback returns is not listened to; the fit then counts as complete."""
    model = small(epochs=5).set_callbacks(Recorder(stop_after=2)).fit(X, Y)
    assert model.n_iter_ == 2
    assert weights(model) == weights(small(epochs=2).fit(X, Y))


def test_a_callback_that_fails_leaves_the_estimator_as_it_was():
    """Fails if the new weights are in place before the last callback has been heard."""
    recorder = Recorder(fail=True)
    model = small(warm_start=True).fit(X, Y)
    before = weights(model)
    with pytest.raises(RuntimeError, match="on purpose"):
        model.set_callbacks(recorder).fit(X, Y)
    assert weights(model) == before
    assert model.n_iter_ == len(model.history_["loss"]) == 3
    assert recorder.torn_down == 1
    assert not hasattr(model, "_callback_fit_ctx")


@pytest.mark.slow
@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("outer", ["estimator", "pipeline", "search"])
def test_progress_bar_shows_epochs(outer, capsys):
    """Fails if a bar on a Pipeline or a search cannot look into the network's fit."""
    pytest.importorskip("rich")
    model, rows, y = small(), X, Y
    if outer != "estimator":
        model, rows, y = make_pipeline(TextToSequence(max_features=50), model), REVIEWS, LABELS
    if outer == "search":
        grid = {"rnnclassifier__epochs": [1, 3]}
        model = GridSearchCV(model, grid, cv=ShuffleSplit(1, random_state=0), refit=False)
    model.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(rows, y)
    output = capsys.readouterr().out
    assert "RNNClassifier" in output
    assert "100%" in output


@pytest.mark.slow
def test_monitor_inside_a_search():
    """Fails if tasks of epochs are not attached to those of the search, or cannot be scored."""
    monitor = ScoringMonitor(scoring="accuracy")
    network = small().set_callbacks(monitor)
    pipe = make_pipeline(TextToSequence(max_features=50), network)
    grid = {"rnnclassifier__epochs": [1, 3]}
    search = GridSearchCV(pipe, grid, cv=ShuffleSplit(1, random_state=0), refit=False)
    search.fit(REVIEWS, LABELS)
    found = epoch_scores(monitor, "accuracy")
    assert len(found) == 4
    assert all(0 <= score <= 1 for score in found)


# --- Keras's ------------------------------------------------------------------------------


class Watch(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen, self.losses = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((epoch, self.model.name))
        self.losses.append(logs["loss"])


@pytest.mark.slow
def test_keras_callbacks_see_every_epoch_and_let_the_model_go():
    """Fails if a callback misses epochs, counts them anew when going on, or keeps the model."""
    watch = Watch()
    model = small(callbacks=[watch], warm_start=True).fit(X, Y).fit(X, Y)
    assert watch.seen == [(epoch, "rnn_classes") for epoch in range(6)]
    assert watch.losses == model.history_["loss"]
    assert watch.model is None
    assert weights(model) == weights(small(epochs=6).fit(X, Y))


@pytest.mark.slow
def test_keras_callbacks_may_stop_and_steer():
    """Fails if a user's EarlyStopping or learning rate does not reach the training.

    Also if a callback alone, or a tuple, is not taken.
    """
    stop = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=1e9)
    assert small(callbacks=stop, epochs=9).fit(X, Y).n_iter_ == 2
    still = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch < 1 else 0.0)
    assert weights(small(callbacks=(still,)).fit(X, Y)) == weights(small(epochs=1).fit(X, Y))


def test_what_is_no_callback():
    """Fails if a wrong callback is only noticed, or not explained, somewhere in Keras."""
    for wrong in (["loss"], [object()]):
        with pytest.raises((TypeError, ValueError), match="callbacks"):
            small(callbacks=wrong).fit(X, Y)


@pytest.mark.slow
def test_a_fit_lets_its_rows_go():
    """Fails if the trainer that is kept for the next fit keeps the rows, or the estimator."""
    rows = X.copy()
    model = small().fit(rows, Y)
    references = [weakref.ref(rows), weakref.ref(model)]
    del rows, model
    gc.collect()
    assert [reference() for reference in references] == [None, None]


def test_verbose(capfd):
    """Fails if a fit is not silent by default, or not talkative on demand."""
    small().fit(X, Y).predict(X)
    assert capfd.readouterr() == ("", "")
    small(verbose=2).fit(X, Y)
    assert "epoch 3/3  loss" in capfd.readouterr().out


@pytest.mark.slow
def test_values_that_come_and_go_stand_at_their_epochs():
    """Fails if a value that only some epochs have moves to another epoch of history_."""

    class Sometimes(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                logs["f1"] = 0.5

    history = small(callbacks=[Sometimes()]).fit(X, Y).history_
    np.testing.assert_array_equal(history["f1"], [np.nan, 0.5, np.nan])


@pytest.mark.slow
def test_a_keras_checkpoint_is_the_model_of_its_epoch(tmp_path):
    """Fails if what Keras saves could not be loaded by Keras alone, or had other weights."""
    path = tmp_path / "epoch-{epoch}.keras"
    model = small(callbacks=[keras.callbacks.ModelCheckpoint(path)]).fit(X, Y)
    # In a new process, where nothing else has registered skrnn's layers.
    load = (
        "import skrnn.layers, keras, numpy; "
        f"model = keras.models.load_model({str(tmp_path / 'epoch-3.keras')!r}); "
        f"print(*model.predict(numpy.array({X[:3].tolist()}), verbose=0)[:, 0])"
    )
    shown = subprocess.run([sys.executable, "-c", load], check=True, capture_output=True, text=True)
    found = np.array(shown.stdout.split(), float)
    np.testing.assert_allclose(found, model.predict_proba(X[:3])[:, 1], rtol=1e-5)
    assert shown.stderr == ""
