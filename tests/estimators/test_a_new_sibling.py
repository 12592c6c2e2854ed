"""A new task is a head, an estimator, and a line in each registry; nothing else asks for classes.

The heads and estimators are in tests/siblings.py. Each test's docstring says what would fail it.
"""

import pickle
import warnings

import numpy as np
import pytest
from siblings import RNNRegressorForTest, RNNTaggerForTest, TagsHead, ValuesHead
from sklearn.base import clone, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score

import skrnn
from skrnn import Checkpoint
from skrnn.fileformat import container
from skrnn.heads.registry import HEADS
from skrnn.persistence import registry
from skrnn.search import EpochSearchCV

rng = np.random.default_rng(0)
SERIES = rng.normal(size=(160, 6, 2)).astype(np.float32)
SUMS = 30 + 7 * SERIES[:, :, 0].sum(axis=1)
IDS = [rng.integers(2, 12, n).tolist() for n in rng.integers(3, 8, 160)]
# How often the id 3 is there, and the id 7.
TWO = np.array([[row.count(3), 5 * row.count(7)] for row in IDS], float)
TAGS = [[int(i == 3) + 2 * int(before == 3) for before, i in zip([0, *row], row, strict=False)]
        for row in IDS]  # fmt: skip


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The lines that a sibling adds to the registries."""
    for head in (ValuesHead, TagsHead):
        monkeypatch.setitem(HEADS, head.kind, head)
    for cls in (RNNRegressorForTest, RNNTaggerForTest):
        monkeypatch.setitem(registry._CODECS, cls.__name__, registry._of_network(cls))


def small(cls=RNNRegressorForTest, **parameters):
    settings = {"cell": "gru", "units": 6, "bidirectional": False, "embedding_dim": 4,
                "embeddings": None, "word_dropout": 0.0, "embedding_dropout": 0.0, "dropout": 0.0,
                "learning_rate": 0.02, "epochs": 3, "batch_size": 16,
                "random_state": 0}  # fmt: skip
    return cls(**{**settings, **parameters})


def weights(model):
    return [value.tobytes() for value in model.network_.values]


# --- Numbers of each row ------------------------------------------------------------------


@pytest.mark.slow
def test_it_learns_numbers_from_series():
    """Fails if y is not standardized and brought back, or anything treats it as classes."""
    model = small(epochs=25, pooling="mean").fit(SERIES[:120], SUMS[:120])
    assert is_regressor(model) and not hasattr(model, "classes_") and model.ngrams_ is None
    assert model.predict(SERIES).shape == (160,) and model.predict(SERIES).dtype == np.float64
    assert model.score(SERIES[120:], SUMS[120:]) > 0.7
    assert set(model.history_) >= {"loss", "rmse"} and "accuracy" not in model.history_
    # Of standardized targets: a constant has the loss 1, of a variance of some hundreds.
    assert model.history_["loss"][0] < 3
    with pytest.raises(NotFittedError):
        small().predict(SERIES)
    with pytest.raises(ValueError, match="NaN"):
        small().fit(SERIES, np.where(SUMS > 30, np.nan, SUMS))


@pytest.mark.slow
def test_it_learns_two_numbers_from_tokens():
    """Fails if two columns are taken for an indicator, or n-grams are fitted to numbers."""
    model = small(epochs=25, embeddings="corpus").fit(IDS[:120], TWO[:120])
    found = model.predict(IDS[120:])
    assert found.shape == (40, 2) and model.ngrams_ is None
    assert r2_score(TWO[120:], found, multioutput="raw_values").min() > 0.3
    assert [one.name for one in model.network_.description.side_inputs] == []
    with pytest.raises(ValueError, match=r"y has 1 columns, but the estimator has 2"):
        model.partial_fit(IDS, TWO[:, 0])


@pytest.mark.slow
def test_weights_of_rows_count():
    """Fails if sample_weight is lost on the way where no class has a weight."""
    heavy = np.where(SUMS > 30, 5.0, 1.0)
    model = small().fit(SERIES, SUMS, sample_weight=heavy)
    assert weights(model) != weights(small().fit(SERIES, SUMS))
    only = small().fit(SERIES, SUMS, sample_weight=(SUMS > 30).astype(float))
    # The head knows all of y, the network those rows alone.
    assert only.predict(SERIES).mean() > model.predict(SERIES).mean()


@pytest.mark.slow
def test_early_stopping():
    """Fails if held-out rows are dealt by classes, or the best epoch is another measure's."""
    model = small(epochs=30, early_stopping=True, validation_fraction=0.2, n_iter_no_change=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(SERIES, SUMS)
    assert {"val_loss", "val_rmse"} <= set(model.history_)
    assert model.best_epoch_ == np.argmin(model.history_["val_loss"]) + 1
    given = small(epochs=30, early_stopping=True, n_iter_no_change=1)
    given.fit(SERIES[:120], SUMS[:120], X_val=SERIES[120:], y_val=SUMS[120:])
    assert given.best_epoch_ == np.argmin(given.history_["val_loss"]) + 1
    with pytest.warns(UserWarning, match="of RNNRegressorForTest has no effect"):
        small(epochs=1, early_stopping=True).fit(SERIES[:20], SUMS[:20])


@pytest.mark.slow
def test_it_goes_on():
    """Fails if epochs one by one, in chunks, after a pickle or a clone are not those together."""
    whole = small(learning_rate_decay=0.0).fit(SERIES, SUMS)
    parts = clone(whole)
    for _ in range(3):
        parts.partial_fit(SERIES, SUMS)
    assert weights(parts) == weights(whole) and parts.history_ == whole.history_
    warm = clone(whole).set_params(warm_start=True, epochs=1).fit(SERIES, SUMS)
    warm = pickle.loads(pickle.dumps(warm)).set_params(epochs=2).fit(SERIES, SUMS)
    assert weights(warm) == weights(whole)
    # Another spread of y changes nothing of the coding: the first call has set it.
    mean = parts.head_.mean.tolist()
    parts.partial_fit(SERIES, SUMS + 100)
    assert parts.head_.mean.tolist() == mean
    chunks = [(SERIES[:80], SUMS[:80]), (SERIES[80:], SUMS[80:])]
    streamed = clone(whole).fit_chunks(chunks, X_val=SERIES[:20], y_val=SUMS[:20])
    assert streamed.n_iter_ == 3 and len(streamed.history_["val_rmse"]) == 3


class Broken(Exception):
    """Ends a fit where a kill would."""


@pytest.mark.slow
def test_checkpoints_go_on(tmp_path, monkeypatch):
    """Fails if the file of a moment wants classes, or training ends with other bytes."""
    from skrnn.training.recorder import StateRecorder

    wanted = small(early_stopping=True, n_iter_no_change=9, dropout=0.2).fit(SERIES, SUMS)

    def broken(self, batch, logs=None):
        if (self._epoch, batch) == (1, 4):
            raise Broken

    kept = small(early_stopping=True, n_iter_no_change=9, dropout=0.2,
                 checkpoint=Checkpoint(tmp_path, minutes=0))  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(StateRecorder, "on_train_batch_begin", broken)
        with pytest.raises(Broken):
            clone(kept).fit(SERIES, SUMS)
    assert [path.name for path in tmp_path.glob("*/epoch-0001-batch-000004.skrnn")]
    resumed = clone(kept).fit(SERIES, SUMS)
    assert weights(resumed) == weights(wanted) and resumed.history_ == wanted.history_
    again = clone(kept).fit(SERIES, SUMS)  # found, and not trained
    np.testing.assert_array_equal(again.predict(SERIES), wanted.predict(SERIES))
    assert clone(kept).fit(SERIES, SUMS + 1).head_.mean[0] == pytest.approx(SUMS.mean() + 1)


@pytest.mark.slow
def test_save_and_load(tmp_path):
    """Fails if a file needs classes, or the coding of y is lost or believed whatever it is."""
    for X, y in ((SERIES, SUMS), (IDS, TWO)):
        model = small(epochs=1, warm_start=True).fit(X, y)
        skrnn.save(model, tmp_path / "model.skrnn")
        found = skrnn.load(tmp_path / "model.skrnn")
        assert type(found) is RNNRegressorForTest and found.get_params() == model.get_params()
        np.testing.assert_array_equal(found.predict(X), model.predict(X))
        assert weights(found.fit(X, y)) == weights(model.fit(X, y))
    document, arrays = container.read(tmp_path / "model.skrnn")
    for mean in ([1.0], ["1", "2"], None):
        document["model"]["state"]["head"]["mean"] = mean
        container.write(tmp_path / "odd.skrnn", document, arrays)
        with pytest.raises(skrnn.InvalidFileError, match="'mean' is"):
            skrnn.load(tmp_path / "odd.skrnn")


@pytest.mark.slow
def test_epoch_search():
    """Fails if a search over epochs deals folds by classes, or its fits are not those alone."""
    grid = {"epochs": [1, 4], "units": [3, 6]}
    search = EpochSearchCV(small(), grid, cv=2).fit(SERIES, SUMS)
    best = search.best_estimator_
    assert search.best_params_["epochs"] == 4 and best.n_iter_ == 4
    assert weights(clone(best).fit(SERIES, SUMS)) == weights(best)
    assert search.score(SERIES, SUMS) == best.score(SERIES, SUMS)
    one = clone(best).set_params(epochs=1, units=3).fit(SERIES[80:], SUMS[80:])
    wanted = one.score(SERIES[:80], SUMS[:80])
    place = search.cv_results_["params"].index({"epochs": 1, "units": 3})
    assert search.cv_results_["split0_test_score"][place] == pytest.approx(wanted)


# --- A tag of each step -------------------------------------------------------------------


def test_it_learns_a_tag_of_each_step():
    """Fails if steps are pooled, moved or dropped, or padding is learned from.

    A tag says whether the step is the id 3, and whether the one before was.
    """
    model = small(RNNTaggerForTest, epochs=12, learning_rate=0.05).fit(IDS[:120], TAGS[:120])
    assert model.network_.description.pooling_layer() is None
    found = model.predict(IDS[120:])
    assert [len(tags) for tags in found] == [len(row) for row in IDS[120:]]
    right = np.concatenate(found) == np.concatenate(TAGS[120:])
    often = np.concatenate(TAGS[120:]) == 0
    assert right.mean() > 0.97 > often.mean()
    # Unknown words and empty rows are what they are.
    odd = model.predict([[1] * 5, [], [3, 1, 1]])
    assert [len(tags) for tags in odd] == [5, 0, 3] and odd[2][0] == 1


def test_padding_is_no_target():
    """Fails if the loss of a row depends on how long its neighbours are.

    An epoch of one batch, without a step that matters: its loss is that of NumPy.
    """
    rows, tags = [[3, 4, 5, 3, 6, 7, 8], [9]], [[1, 2, 0, 1, 2, 0, 0], [2]]
    model = small(RNNTaggerForTest, epochs=1, learning_rate=1e-9).fit(rows, tags)
    raw = model.network_.raw(model.read(rows)).astype(float)
    losses = np.log(np.exp(raw).sum(axis=1)) - raw[np.arange(8), np.concatenate(tags)]
    assert model.history_["loss"][0] == pytest.approx(losses.mean(), rel=1e-4)


@pytest.mark.slow
def test_a_tagger_is_kept_and_stops_early(tmp_path):
    """Fails if validation, files or pickles know of one target a row only."""
    model = small(RNNTaggerForTest, early_stopping=True, validation_fraction=0.2, epochs=4)
    model.set_params(checkpoint=tmp_path / "kept").fit(IDS, TAGS)
    assert model.best_epoch_ == np.argmin(model.history_["val_loss"]) + 1
    skrnn.save(model, tmp_path / "model.skrnn")
    again = clone(model).fit(IDS, TAGS)  # its checkpoint is found
    for found in (skrnn.load(tmp_path / "model.skrnn"), pickle.loads(pickle.dumps(model)), again):
        for got, wanted in zip(found.predict(IDS), model.predict(IDS), strict=True):
            np.testing.assert_array_equal(got, wanted)
    with pytest.raises(ValueError, match=r"y has 2 tags in row 1, but X has 3 steps there"):
        small(RNNTaggerForTest).fit([[2, 3], [4, 5, 6]], [[0, 1], [1, 0]])
