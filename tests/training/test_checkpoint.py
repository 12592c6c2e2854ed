"""Checkpoints: a training that stops goes on, and ends with the same bytes.

Here a fit is broken off by an exception, which is quick and exact about the moment;
test_kills.py kills processes. Each test's docstring says what a wrong implementation fails on.
"""

import os
import resource
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV

import skrnn
from skrnn import (
    AdversarialLoss,
    Checkpoint,
    RNNClassifier,
    TextToSequence,
    VirtualAdversarialLoss,
    make_reviews,
)

REVIEWS, LABELS = make_reviews(200, random_state=0)
TEXT = TextToSequence(max_features=300)
X = TEXT.fit_transform(REVIEWS)
MORE = TEXT.transform(make_reviews(200, random_state=1)[0])


def small(folder, minutes=0, **parameters):
    settings = {**ESTIMATOR, "cell": "gru", "units": 6, "embedding_dim": 6, "dropout": 0.3}
    settings |= {"batch_size": 32, "epochs": 4, "learning_rate": 0.02, "random_state": 0}
    checkpoint = None if folder is None else Checkpoint(folder, minutes)
    settings |= {"learning_rate_decay": 1.0, "checkpoint": checkpoint}
    return RNNClassifier(**{**settings, **parameters})


def everything(model, more=None):
    """Return all that two fits of one training have in common."""
    return (
        [values.tobytes() for values in model.network_.values],
        [values.tobytes() for values in model._optimizer_state],
        model.history_,
        model.pretraining_history_,
        (model.n_iter_, model.best_epoch_),
        model.predict_proba(MORE if more is None else more).tobytes(),
    )


class Broken(Exception):
    pass


class BreakOff(keras.callbacks.Callback):
    """Raises after a batch of an epoch, as a machine that fails would."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.at = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) == self.at:
            raise Broken


class Watch(keras.callbacks.Callback):
    """Counts the batches that are really trained."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def on_train_begin(self, logs=None):
        self.begin = int(self.model.optimizer.iterations)

    def on_train_end(self, logs=None):
        self.steps.append(int(self.model.optimizer.iterations) - self.begin)


def break_off(monkeypatch, at, fit):
    """Run a fit that breaks off at a batch, without a trace in its parameters."""
    from skrnn.backend.tensorflow import BaseWrapper

    initialize = BaseWrapper._initialize_callbacks

    def with_break(self):
        initialize(self)
        self._fit_callbacks = [*self._fit_callbacks, BreakOff(*at)]

    with monkeypatch.context() as patch:
        patch.setattr(BaseWrapper, "_initialize_callbacks", with_break)
        with pytest.raises(Broken):
            fit()


def files(folder):
    return sorted(path.name for path in Path(folder).glob("*/*.skrnn"))


VARIANTS = {
    "plain": {},
    "four classes": {},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 1, "epochs": 9},
    "n-grams and corpus": {"ngram_range": (1, 2), "embeddings": "corpus", "word_dropout": 0.1},
    "a stack, recurrent dropout": {"units": (5, 4), "recurrent_dropout": 0.2, "pooling": "mean"},
    "adversarial": {"extra_losses": VirtualAdversarialLoss(1.0)},
    "optimizer object": {"optimizer": keras.optimizers.SGD(0.1, momentum=0.9)},
    "schedule": {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.02, 5, 0.9)},
}


@pytest.mark.parametrize(
    "variant, at",
    [
        ("plain", (0, 3)),
        pytest.param("plain", (1, 0), marks=pytest.mark.slow),
        pytest.param("early stopping", (2, 5), marks=pytest.mark.slow),
        *(pytest.param(name, (2, 5), marks=pytest.mark.reliability) for name in VARIANTS),
    ],
)
def test_a_broken_fit_goes_on_to_the_same_bytes(tmp_path, monkeypatch, variant, at):
    """Fails if anything that training depends on is not kept.

    Weights, the optimizer, the generators of the dropouts, the place in the order of rows, the
    running sums of loss and accuracy, the step size, or what early stopping remembers.
    """
    options = VARIANTS[variant]
    labels = LABELS + np.arange(200) % 3 if variant == "four classes" else LABELS
    wanted = everything(small(None, **options).fit(X, labels))
    break_off(monkeypatch, at, lambda: small(tmp_path, **options).fit(X, labels))
    watch = Watch()
    resumed = small(tmp_path, **options)
    from skrnn.backend.tensorflow import BaseWrapper

    initialize = BaseWrapper._initialize_callbacks
    with monkeypatch.context() as patch:
        patch.setattr(
            BaseWrapper,
            "_initialize_callbacks",
            lambda self: (initialize(self), self._fit_callbacks.append(watch))[0],
        )
        resumed.fit(X, labels)
    assert everything(resumed) == wanted
    n_batches = -(-(len(LABELS) - 20 * ("stopping" in variant)) // 32)
    done = at[0] * n_batches + at[1]
    assert watch.steps == [resumed.n_iter_ * n_batches - done]


@pytest.mark.slow
def test_it_may_break_again_and_again(tmp_path, monkeypatch):
    """Fails if batches that are passed over are counted, or written as if they were trained."""
    wanted = everything(small(None).fit(X, LABELS))
    for at in [(1, 4), (1, 5), (1, 5), (2, 0), (3, 6)]:
        break_off(monkeypatch, at, lambda: small(tmp_path).fit(X, LABELS))
        epoch, batch = at
        name = f"epoch-{epoch:04}-batch-{batch:06}" if batch else f"epoch-{epoch:04}"
        assert f"{name}.skrnn" in files(tmp_path)
    resumed = small(tmp_path).fit(X, LABELS)
    assert everything(resumed) == wanted
    assert list(resumed.history_) == list(small(None).fit(X, LABELS).history_)


@pytest.mark.slow
def test_pretraining_goes_on(tmp_path, monkeypatch):
    """Fails if epochs of the language model are done again, or its optimizer begins anew."""
    from skrnn.training.recorder import StateRecorder

    options = {"pretraining_epochs": 3, "epochs": 1, "minutes": None}
    wanted = everything(small(None, **options).fit(X, LABELS, X_unlabeled=MORE))
    begun, begin = [], StateRecorder.on_epoch_begin

    def count(self, epoch, logs=None):
        if self.run.description.head["kind"] == "next_token":
            begun.append(epoch)
            if len(begun) == 3:
                raise Broken
        begin(self, epoch, logs)

    monkeypatch.setattr(StateRecorder, "on_epoch_begin", count)
    with pytest.raises(Broken):
        small(tmp_path, **options).fit(X, LABELS, X_unlabeled=MORE)
    assert files(tmp_path) == ["pretraining-0001.skrnn", "pretraining-0002.skrnn"]
    resumed = small(tmp_path, **options).fit(X, LABELS, X_unlabeled=MORE)
    assert begun == [0, 1, 2, 2]
    assert everything(resumed) == wanted


@pytest.mark.slow
def test_a_batch_of_pretraining_goes_on(tmp_path, monkeypatch):
    """Fails if a checkpoint within an epoch of the language model is not where that was."""
    from skrnn.training.recorder import StateRecorder

    options = {"pretraining_epochs": 2, "epochs": 1, "minutes": 0.0}
    wanted = everything(small(None, **options).fit(X, LABELS, X_unlabeled=MORE))
    end = StateRecorder.on_train_batch_end

    def stop(self, batch, logs=None):
        end(self, batch, logs)
        if self.run.description.head["kind"] == "next_token" and batch == 2:
            raise Broken

    with monkeypatch.context() as patch:
        patch.setattr(StateRecorder, "on_train_batch_end", stop)
        with pytest.raises(Broken):
            small(tmp_path, **options).fit(X, LABELS, X_unlabeled=MORE)
    assert "pretraining-0000-batch-000003.skrnn" in files(tmp_path)
    assert everything(small(tmp_path, **options).fit(X, LABELS, X_unlabeled=MORE)) == wanted


@pytest.mark.slow
def test_chunks_go_on(tmp_path, monkeypatch):
    """Fails if chunks that were used are trained on again."""
    chunks = [(X[:150], LABELS[:150]), (X[150:], LABELS[150:])]
    wanted = everything(small(None).fit_chunks(chunks))
    break_off(monkeypatch, (1, 4), lambda: small(tmp_path).fit_chunks(chunks))
    assert everything(small(tmp_path).fit_chunks(chunks)) == wanted


@pytest.mark.slow
def test_a_warm_start_goes_on(tmp_path, monkeypatch):
    """Fails if what was fitted before does not count, or is lost."""
    start = small(None, warm_start=True, epochs=2).fit(X, LABELS)
    wanted = everything(clone_fitted(start).set_params(epochs=3).fit(X, LABELS))
    broken = clone_fitted(start).set_params(epochs=3, checkpoint=tmp_path)
    break_off(monkeypatch, (3, 2), lambda: broken.fit(X, LABELS))
    resumed = clone_fitted(start).set_params(epochs=3, checkpoint=tmp_path)
    assert everything(resumed.fit(X, LABELS)) == wanted
    assert resumed.n_iter_ == 5


def clone_fitted(model):
    import pickle

    return pickle.loads(pickle.dumps(model))


@pytest.mark.slow
def test_a_finished_fit_is_not_done_again(tmp_path):
    """Fails if the second fit trains, or differs from the first in anything."""
    first = small(tmp_path, ngram_range=(1, 2), early_stopping=True).fit(X, LABELS)
    watch = Watch()
    second = small(tmp_path, ngram_range=(1, 2), early_stopping=True, verbose=2)
    second.set_callbacks(ProgressBar()).fit(X, LABELS)
    assert watch.steps == []
    assert everything(second) == everything(first)
    assert repr(first.set_params(verbose=2)) == repr(second)
    second.partial_fit(X, LABELS)
    assert everything(second) == everything(first.partial_fit(X, LABELS))


@pytest.fixture
def trained(monkeypatch):
    """The batches really trained by each fit, in order."""
    from skrnn.backend.tensorflow import BaseWrapper

    watch, initialize = Watch(), BaseWrapper._initialize_callbacks

    def with_watch(self):
        initialize(self)
        self._fit_callbacks = [*self._fit_callbacks, watch]

    monkeypatch.setattr(BaseWrapper, "_initialize_callbacks", with_watch)
    return watch.steps


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"ngram_range": (1, 2), "word_dropout": 0.1},
        {"early_stopping": True, "n_iter_no_change": 2},
        {"callbacks": [keras.callbacks.LearningRateScheduler(lambda epoch: 0.02 / (1 + epoch))]},
    ],
    ids=lambda options: next(iter(options)),
)
def test_more_epochs_go_on_from_fewer(tmp_path, trained, options):
    """Fails if epochs are trained twice, or end with other bytes than those of one fit.

    With early stopping the weights to go on from are not those that were kept as the best.
    """
    wanted = {n: everything(small(None, epochs=n, **options).fit(X, LABELS)) for n in (1, 2, 5)}
    del trained[:]
    n_batches = 6 if "early_stopping" in options else 7
    for epochs, n_trained in [(1, 1), (2, 1), (5, 3)]:
        model = small(tmp_path, epochs=epochs, **options).fit(X, LABELS)
        assert everything(model) == wanted[epochs]
        assert trained.pop() == n_trained * n_batches
    for epochs in (2, 1, 5):
        model = small(tmp_path, epochs=epochs, **options).fit(X, LABELS)
        assert everything(model) == wanted[epochs]
    assert trained == []
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.slow
def test_fewer_epochs_after_more(tmp_path, trained):
    """Fails if what a longer fit has left is taken for the end of a shorter, or thrown away."""
    wanted = {n: everything(small(None, epochs=n).fit(X, LABELS)) for n in (2, 4, 6)}
    del trained[:]
    for epochs, n_trained in [(4, 4), (2, 2), (6, 2)]:
        assert everything(small(tmp_path, epochs=epochs).fit(X, LABELS)) == wanted[epochs]
        assert trained.pop() == n_trained * 7


class ByProgress(keras.callbacks.Callback):
    """Looks ahead to the last epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.02 * (1 - epoch / self.params["epochs"])


def on_plateau():
    """Return a callback that remembers the epochs before."""
    return keras.callbacks.ReduceLROnPlateau("loss", patience=2, min_delta=1.0)


@pytest.mark.slow
@pytest.mark.parametrize("make", [ByProgress, on_plateau])
def test_callbacks_that_look_ahead_or_remember_keep_the_fits_apart(tmp_path, make):
    """Fails if a fit goes on where its callback would have done otherwise."""
    for epochs in (1, 4):
        found = small(tmp_path, epochs=epochs, callbacks=[make()]).fit(X, LABELS)
        plain = small(None, epochs=epochs, callbacks=[make()]).fit(X, LABELS)
        assert everything(found) == everything(plain)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_end_and_the_moment_before_are_kept(tmp_path):
    """Fails if a folder grows with the epochs, or has nothing that more epochs can go on from."""
    small(tmp_path, minutes=None).fit(X, LABELS)
    assert files(tmp_path) == ["epoch-0004.skrnn", "final-0004.skrnn"]


@pytest.mark.reliability
@pytest.mark.parametrize(
    "other",
    [
        {"units": 7},
        {"random_state": 1},
        {"learning_rate": 0.021},
        {"class_weight": {0: 1, 1: 2}},
        {"optimizer": keras.optimizers.SGD(0.1)},
        {"embeddings": np.ones((302, 6), np.float32)},
        {"callbacks": [keras.callbacks.LearningRateScheduler(lambda epoch: 0.01)]},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_fit_has_a_folder_of_its_own(tmp_path, other):
    """Fails if a parameter that changes the result is not in the folder's name."""
    small(tmp_path).fit(X, LABELS)
    small(tmp_path, **other).fit(X, LABELS)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.slow
def test_what_callbacks_and_optimizers_do_is_in_the_name(tmp_path):
    """Fails if other functions share a folder, or if equal objects do not."""
    few = {"epochs": 1}
    for rate in (0.05, 0.01, 0.05):
        schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate=rate: rate)
        small(tmp_path, **few, callbacks=[schedule]).fit(X, LABELS)
    assert len(list(tmp_path.iterdir())) == 2
    for _ in range(2):  # Keras names them sgd, sgd_1
        small(tmp_path, **few, optimizer=keras.optimizers.SGD(0.1)).fit(X, LABELS)
    assert len(list(tmp_path.iterdir())) == 3

    class StopAtOnce:
        def setup(self, estimator, context):
            pass

        teardown = setup

        def on_fit_task_begin(self, estimator, context, *, X, y, metadata):
            pass

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            return context.task_name == "epoch"

    assert small(tmp_path).set_callbacks(StopAtOnce()).fit(X, LABELS).n_iter_ == 1
    assert small(tmp_path).fit(X, LABELS).n_iter_ == 4


@pytest.mark.slow
def test_words_and_the_size_of_the_vocabulary_are_in_the_name(tmp_path):
    """Fails if a model with a place for fewer words, or with other words' vectors, is taken."""
    few = {"epochs": 1}
    larger = X.copy()
    larger.vocabulary_size = 310
    assert small(tmp_path, **few).fit(X, LABELS).vocabulary_size_ == 302
    assert small(tmp_path, **few).fit(larger, LABELS).predict([[309]]).shape == (1,)
    vectors = {word: np.full(6, i / 100) for i, word in enumerate(TEXT.vocabulary_)}
    other = X.copy()
    other.words = X.words[:2] + X.words[:1:-1]
    one = small(tmp_path, **few, embeddings=vectors).fit(X, LABELS)
    two = small(tmp_path, **few, embeddings=vectors).fit(other, LABELS)
    assert everything(one) != everything(two, other)


@pytest.mark.slow
@pytest.mark.parametrize(
    "odd", [{"verbose": 3}, {"embeddings": np.ones((302, 6)).tolist()}], ids=["verbose", "list"]
)
def test_checkpoints_of_odd_parameters_can_be_read(tmp_path, monkeypatch, odd):
    """Fails if a file is written that is taken for damaged when it is needed."""
    wanted = everything(small(None, **odd).fit(X, LABELS))
    break_off(monkeypatch, (2, 1), lambda: small(tmp_path, **odd).fit(X, LABELS))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert everything(small(tmp_path, **odd).fit(X, LABELS)) == wanted


def test_what_no_file_can_hold_is_told_and_training_goes_on(tmp_path):
    """Fails if class labels without a form in JSON end a fit that would go well without."""
    days = np.array(["2026-01-01", "2026-01-02"], "datetime64[D]")[LABELS]
    with pytest.warns(UserWarning, match="cannot be stored in a checkpoint"):
        assert small(tmp_path, epochs=1).fit(X, days).n_iter_ == 1


def test_a_file_is_no_folder(tmp_path):
    """Fails if a wrong path is a bare NotADirectoryError."""
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(ValueError, match=r"is a file\. Pass a folder"):
        small(path).fit(X, LABELS)


@pytest.mark.slow
def test_the_end_of_an_epoch_is_no_moment_within_it(tmp_path, monkeypatch):
    """Fails if a training broken off while it validates loses the further losses of the epoch."""
    options = {"extra_losses": AdversarialLoss(1.0)}
    wanted = small(None, **options).fit(X, LABELS, X_val=MORE, y_val=np.arange(200) % 2)

    def break_off_in_validation(self, epoch, logs=None):
        if epoch == 1:
            raise Broken

    from skrnn.training.callbacks import FiniteTraining

    with monkeypatch.context() as patch:
        patch.setattr(FiniteTraining, "on_epoch_end", break_off_in_validation)
        with pytest.raises(Broken):
            small(tmp_path, **options).fit(X, LABELS, X_val=MORE, y_val=np.arange(200) % 2)
    resumed = small(tmp_path, **options).fit(X, LABELS, X_val=MORE, y_val=np.arange(200) % 2)
    assert everything(resumed) == everything(wanted)
    assert {len(values) for values in resumed.history_.values()} == {4}


@pytest.mark.slow
def test_other_data_has_a_folder_of_its_own(tmp_path):
    """Fails if rows, labels, weights or validation rows are not in the folder's name."""
    few = {"epochs": 1}
    small(tmp_path, **few).fit(X, LABELS)
    small(tmp_path, **few).fit(X[:199], LABELS[:199])
    small(tmp_path, **few).fit(X, 1 - LABELS)
    small(tmp_path, **few).fit(X, LABELS, sample_weight=np.r_[2, np.ones(199)])
    small(tmp_path, **few).fit(X, LABELS, X_val=MORE, y_val=np.arange(200) % 2)
    assert len(list(tmp_path.iterdir())) == 5
    # What only watches, or another container of the same rows, is the same fit.
    small(tmp_path, **few, verbose=0).fit(X.toarray(), LABELS.tolist())
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.reliability
def test_a_search_keeps_every_fit_apart(tmp_path):
    """Fails if folds or candidates share a folder: scores would not be those without."""
    grid = {"units": [4, 6], "epochs": [1, 2]}
    plain = GridSearchCV(small(None), grid, cv=2).fit(X, LABELS)
    kept = GridSearchCV(small(tmp_path), grid, cv=2, n_jobs=2).fit(X, LABELS)
    np.testing.assert_array_equal(
        kept.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )
    folders = {
        path.name.rsplit("-", 1)[0] if path.name.count("-") > 1 else path.name
        for path in tmp_path.iterdir()
    }
    assert len(folders) == 5  # of two widths and two folds, and of the best on all rows


@pytest.mark.slow
def test_without_a_seed_an_unfinished_fit_goes_on_and_a_finished_one_does_not(
    tmp_path, monkeypatch
):
    """Fails if random_state=None never finds its checkpoint, or always gives the first fit."""
    options = {"random_state": None}
    break_off(monkeypatch, (2, 1), lambda: small(tmp_path, **options).fit(X, LABELS))
    [folder] = tmp_path.iterdir()
    begun = skrnn.load(max(folder.glob("*.skrnn")))
    resumed = small(tmp_path, **options).fit(X, LABELS)
    assert resumed.history_["loss"][:2] == begun.history_["loss"]
    another = small(tmp_path, **options).fit(X, LABELS)
    assert another.history_["loss"] != resumed.history_["loss"]
    assert len(list(tmp_path.iterdir())) == 2


def test_two_at_a_time_do_not_write_over_each_other(tmp_path):
    """Fails if a second process that does the same fit shares the folder of the first."""
    from skrnn.training.checkpoint import CheckpointFolder

    one, _ = CheckpointFolder.open(tmp_path, "fit", 1, read=None)
    with pytest.warns(UserWarning, match=f"running elsewhere.*by process {os.getpid()} on"):
        other, _ = CheckpointFolder.open(tmp_path, "fit", 1, read=None)
    assert one.path != other.path
    one.close()
    again, _ = CheckpointFolder.open(tmp_path, "fit", 1, read=None)
    assert again.path == one.path


@pytest.mark.slow
def test_a_checkpoint_is_a_model(tmp_path, monkeypatch):
    """Fails if a file of an unfinished training cannot predict, or be trained on."""
    break_off(monkeypatch, (2, 0), lambda: small(tmp_path).fit(X, LABELS))
    [newest] = tmp_path.glob("*/epoch-0002.skrnn")
    model = skrnn.load(newest)
    two = small(None, epochs=2).fit(X, LABELS)
    np.testing.assert_array_equal(model.predict_proba(MORE), two.predict_proba(MORE))
    # With more data and epochs, the optimizer going on where it was.
    model.set_params(warm_start=True, epochs=1, checkpoint=None)
    two.set_params(warm_start=True, epochs=1)
    labels = np.arange(200) % 2
    assert everything(model.fit(MORE, labels)) == everything(two.fit(MORE, labels))


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path, monkeypatch, damage):
    """Fails if a damaged file is believed, or all is lost with it; or if nobody is told."""
    wanted = everything(small(None).fit(X, LABELS))
    break_off(monkeypatch, (3, 0), lambda: small(tmp_path, minutes=None).fit(X, LABELS))
    [newest] = tmp_path.glob("*/epoch-0003.skrnn")
    content = bytearray(newest.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    newest.write_bytes({"cut": content[:-100], "flip": content, "empty": b""}[damage])
    with pytest.warns(UserWarning, match=r"is damaged, so the previous one is used.*epoch-0003"):
        resumed = small(tmp_path).fit(X, LABELS)
    assert everything(resumed) == wanted


@pytest.mark.slow
def test_without_a_whole_checkpoint_training_begins_anew(tmp_path, monkeypatch):
    """Fails if damaged files stop the fit for good."""
    wanted = everything(small(None).fit(X, LABELS))
    break_off(monkeypatch, (3, 0), lambda: small(tmp_path).fit(X, LABELS))
    for path in tmp_path.glob("*/*.skrnn"):
        path.write_bytes(path.read_bytes()[:1000])
    with pytest.warns(UserWarning, match="damaged"):
        assert everything(small(tmp_path).fit(X, LABELS)) == wanted


@pytest.mark.slow
def test_a_full_disk_leaves_the_older_checkpoint_and_says_so(tmp_path):
    """Fails if a checkpoint that does not fit ends the training, or damages the one before.

    The system refuses files over a size, as it does where a disk is full.
    """

    class FillDisk(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    model = small(tmp_path, callbacks=[FillDisk()], minutes=None)
    try:
        with pytest.warns(UserWarning, match="could not be written.*Training continues"):
            model.fit(X, LABELS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert files(tmp_path) == ["epoch-0001.skrnn", "epoch-0002.skrnn"]
    assert not list(tmp_path.glob("*/.*tmp"))
    [newest] = tmp_path.glob("*/epoch-0002.skrnn")
    with pytest.warns(UserWarning, match="callbacks"):
        assert skrnn.load(newest).n_iter_ == 2
    assert everything(model) == everything(small(None).fit(X, LABELS))


@pytest.mark.slow
def test_other_versions_are_told(tmp_path, monkeypatch):
    """Fails if a training goes on under another TensorFlow without a word."""
    from skrnn.training import checkpoint

    break_off(monkeypatch, (2, 0), lambda: small(tmp_path).fit(X, LABELS))
    now = checkpoint.versions()
    monkeypatch.setattr(checkpoint, "versions", lambda: {**now, "tensorflow": "9.9"})
    with pytest.warns(UserWarning, match=r"tensorflow .* then, 9\.9 now"):
        small(tmp_path).fit(X, LABELS)


@pytest.mark.slow
def test_a_user_of_checkpoints_sees_no_warning(tmp_path):
    """Fails if an ordinary fit with checkpoints warns of anything."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        small(tmp_path, callbacks=[Watch()]).fit(X, LABELS)
        clone(small(tmp_path)).fit(X, LABELS)
