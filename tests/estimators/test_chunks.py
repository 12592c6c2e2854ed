"""fit_chunks: rows that come in chunks.

Each test's docstring says what a wrong implementation would fail on.
"""

import gc
import weakref

import keras
import numpy as np
import pytest
from bare import ESTIMATOR

from skrnn import (
    RNNClassifier,
    RNNRegressor,
    TextToSequence,
    VirtualAdversarialLoss,
    make_reviews,
)
from skrnn.training.chunks import StreamFeed

REVIEWS, LABELS = make_reviews(1200, random_state=0)
TEXT = TextToSequence(max_features=500).fit(REVIEWS)
X = TEXT.transform(REVIEWS)


def small(**parameters):
    settings = {**ESTIMATOR, "cell": "gru", "units": 8, "embedding_dim": 8, "epochs": 2}
    settings |= {"batch_size": 32, "learning_rate": 0.01, "random_state": 0}
    return RNNClassifier(**{**settings, **parameters})


def weights(model):
    return [variable.numpy().tobytes() for variable in model.model_.variables]


class Chunks:
    """Counts its passes, and how many of its chunks are alive."""

    def __init__(self, size, n_rows=1200, bad=None, counts=False):
        self.size, self.n_rows, self.bad, self.counts = size, n_rows, bad, counts
        self.passes, self.alive, self.most_alive = 0, [], 0

    def __iter__(self):
        self.passes += 1
        for number, start in enumerate(range(0, self.n_rows, self.size)):
            rows = slice(start, start + self.size)
            x, y = X[rows], LABELS[rows]
            if number == self.bad:
                x = x.copy()
                x.data[0] = 10_000
            if self.counts:
                gc.collect()
            self.alive = [one for one in self.alive if one() is not None] + [weakref.ref(x)]
            self.most_alive = max(self.most_alive, len(self.alive))
            yield x, y
            del x


@pytest.mark.slow
def test_one_chunk_is_nearly_a_fit():
    """Fails if rows are lost or labels mixed up: one chunk of all rows learns what fit learns."""
    model = small(epochs=8).fit_chunks([(X, LABELS)])
    assert model.n_iter_ == 8
    assert model.score(X, LABELS) > 0.9
    whole = small(epochs=8).fit(X, LABELS)
    np.testing.assert_allclose(model.history_["loss"], whole.history_["loss"], rtol=0.3)


def test_every_row_of_every_chunk_counts():
    """Fails if an epoch ends with its first chunk: the second one has the other class only."""
    order = np.argsort(LABELS, kind="stable")
    first, second = np.split(order, 2)
    model = small(epochs=1, batch_size=16).fit_chunks(
        [(X[first], LABELS[first]), (X[second], LABELS[second])], classes=[0, 1]
    )
    # What came last is what it believes; with the first chunk only it would say 0.
    assert model.predict(X).mean() > 0.6
    n_batches = 2 * -(-len(first) // 16)
    assert int(model._optimizer_state[0]) == n_batches


@pytest.mark.reliability
def test_a_pass_an_epoch_and_few_chunks_in_memory():
    """Fails if chunks are gathered in a list, or an epoch is made of the first pass's rows."""
    chunks = Chunks(150, counts=True)
    model = small(epochs=3).fit_chunks(chunks)
    assert chunks.passes == 3
    assert len(model.history_["loss"]) == 3
    assert chunks.most_alive <= 4  # of 8: the first one, the one in use, the one being read


def test_the_same_chunks_give_the_same_bytes():
    """Fails if the order of rows hangs on anything but the seed."""
    assert weights(small().fit_chunks(Chunks(300))) == weights(small().fit_chunks(Chunks(300)))
    assert weights(small().fit_chunks(Chunks(300))) != weights(
        small(random_state=1).fit_chunks(Chunks(300))
    )


def test_a_generator_serves_for_one_epoch_only():
    """Fails if further epochs would quietly train on nothing."""
    assert small(epochs=1).fit_chunks(iter(Chunks(300))).n_iter_ == 1
    with pytest.raises(ValueError, match=r"reads its chunks 2 times.*epochs=1"):
        small().fit_chunks(iter(Chunks(300)))


def test_early_stopping_on_given_rows():
    """Fails if the best epoch is not the one kept: wrong labels make it the first."""
    model = small(epochs=5, early_stopping=True, n_iter_no_change=2)
    model.fit_chunks(Chunks(300), X_val=X[:200], y_val=1 - LABELS[:200])
    assert model.best_epoch_ < model.n_iter_ < 5
    with pytest.raises(ValueError, match="needs X_val and y_val"):
        small(early_stopping=True).fit_chunks(Chunks(300))


@pytest.mark.slow
def test_it_goes_on_from_a_fit_with_its_ngrams():
    """Fails if n-grams of the fit before are forgotten, or weights begin anew."""
    model = small(ngram_range=(1, 2), epochs=1, warm_start=True).fit(X[:600], LABELS[:600])
    coef = model.ngrams_._coef
    model.fit_chunks(Chunks(300))
    assert model.ngrams_._coef is coef
    assert model.n_iter_ == 2
    assert model.predict(X[:3]).shape == (3,)


@pytest.mark.slow
@pytest.mark.parametrize(
    "chunks, error, message",
    [
        (Chunks(300, bad=2), ValueError, r"In chunk 2: .*id 10000 in row 0"),
        ([(X[:9].toarray() - 1, LABELS[:9])], ValueError, r"In chunk 0: "),
        ([], ValueError, "got no chunk"),
        ([X], ValueError, r"Chunk 0 is a TokenArray.*\(X, y\)"),
        ([(X, LABELS), (X,)], ValueError, r"Chunk 1 is a tuple of 1"),
        (7, TypeError, "expects an iterable"),
        ([(X[:5], LABELS[:4])], ValueError, r"In chunk 0: .*inconsistent"),
        ([(X, LABELS), (X[:5], LABELS[:5] + 1)], ValueError, r"In chunk 1: .*label.*2"),
    ],
)
def test_bad_chunks_are_named_and_change_nothing(chunks, error, message):
    """Fails if the number of the bad chunk is lost in TensorFlow, or the estimator is changed."""
    model = small(epochs=1).fit(X[:100], LABELS[:100])
    before = weights(model)
    with pytest.raises(error, match=message):
        model.fit_chunks(chunks)
    assert weights(model) == before


def test_an_error_of_the_callers_own_comes_as_it_is():
    """Fails if what a reader of files raises arrives as TensorFlow's error."""

    def broken():
        yield X[:100], LABELS[:100]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        small(epochs=1).fit_chunks(broken())


def test_a_callback_may_end_it_within_an_epoch():
    """Fails if the flag that ends an epoch's chunks overrules who wants to end the training."""

    class Enough(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    assert small(epochs=4, callbacks=[Enough()]).fit_chunks(Chunks(300)).n_iter_ == 1


@pytest.mark.slow
def test_class_weights_of_a_class_that_a_chunk_lacks():
    """Fails if a chunk without a weighted class is an error, or the weights are not used."""
    order = np.argsort(LABELS, kind="stable")
    first, second = np.split(order, 2)
    chunks = [(X[second], LABELS[second]), (X[first], LABELS[first])]
    model = small(epochs=1, class_weight={1: 50.0}).fit_chunks(chunks, classes=[0, 1])
    assert model.predict(X).mean() > 0.5


@pytest.mark.parametrize(
    "option", [{"pretraining_epochs": 1}, {"extra_losses": VirtualAdversarialLoss(1)}], ids=str
)
def test_what_chunks_cannot_have_is_refused(option):
    """Fails if an option is quietly without effect."""
    with pytest.raises(ValueError, match=rf"{next(iter(option))}=.*1.*fit_chunks"):
        small(**option).fit_chunks(Chunks(300))


@pytest.mark.slow
def test_numbers_in_chunks():
    """Fails if numeric sequences take another way than token ids, or targets lose their rows."""
    rng = np.random.default_rng(0)
    series = rng.normal(size=(300, 12))
    rising = series[:, 0] < 0  # the first step is what the last state has to remember
    chunks = [(series[i : i + 100], rising[i : i + 100]) for i in (0, 100, 200)]
    model = RNNClassifier("gru", 8, epochs=15, batch_size=16, learning_rate=0.02, random_state=0)
    assert model.fit_chunks(chunks).score(series, rising) > 0.9


class Broken(Exception):
    pass


# The first chunk has one y and one value of a channel, so later ones set their scales.
SERIES = np.random.default_rng(0).normal(size=(30, 6, 2))
SERIES[:10, :, 1] = 7
NUMBERS = np.concatenate([np.full(10, 5.0), SERIES[10:].sum(axis=(1, 2))])
GROWING = [(SERIES[i : i + 10], NUMBERS[i : i + 10]) for i in (0, 10, 20)]


def numbers(**parameters):
    settings = {"cell": "rnn", "units": 3, "epochs": 2, "random_state": 0, "patch_size": 2}
    return RNNRegressor(**{**settings, **parameters})


@pytest.mark.slow
@pytest.mark.parametrize("is_finished", [True, False])
def test_a_checkpoint_has_the_scale_that_later_chunks_have_set(is_finished, tmp_path, monkeypatch):
    """Fails if a fit that is loaded or resumed has the scale of the first chunk: none."""
    wanted = numbers().fit_chunks(GROWING)
    if is_finished:
        numbers(checkpoint=tmp_path).fit_chunks(GROWING)
    else:
        with monkeypatch.context() as patch:
            patch.setattr(StreamFeed, "on_epoch_begin", broken_off(StreamFeed.on_epoch_begin))
            with pytest.raises(Broken):
                numbers(checkpoint=tmp_path).fit_chunks(GROWING)
    found = numbers(checkpoint=tmp_path).fit_chunks(GROWING)
    assert found.head_.scale == wanted.head_.scale > 0
    assert found.predict(SERIES).tobytes() == wanted.predict(SERIES).tobytes()


def broken_off(on_epoch_begin):
    def broken(feed, epoch, logs=None):
        if epoch == 1:
            raise Broken
        on_epoch_begin(feed, epoch, logs)

    return broken


@pytest.mark.slow
def test_validation_rows_are_scaled_as_later_chunks_are():
    """Fails if validation rows keep the scale of a first chunk with a constant channel."""
    large = [(X * [1, 1e6], y) for X, y in GROWING]
    X_val, y_val = SERIES * [1, 1e6], NUMBERS
    model = numbers(epochs=1, scoring=None).fit_chunks(large, X_val, y_val)
    residual = (model.predict(X_val) - y_val) / model.head_.scale
    np.testing.assert_allclose(model.history_["val_rmse"][0], np.sqrt(np.mean(residual**2)), 1e-4)
