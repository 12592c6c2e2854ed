"""Numeric sequences as they come: any unit, any level, with gaps, through every way of training.

Each test's docstring says what a wrong implementation would fail on. How a scaler computes is
tested in tests/sequences/test_channels.py.
"""

import io
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from bare import ESTIMATOR
from siblings import RNNRegressorForTest, RNNTaggerForTest, TagsHead, ValuesHead
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils import get_tags

import skrnn
from skrnn import RNNClassifier, explain, trace
from skrnn.heads.registry import HEADS
from skrnn.search import EpochSearchCV
from tests.repeats import every

SMALL = {**ESTIMATOR, "cell": "gru", "units": 4, "batch_size": 16, "learning_rate": 0.02,
         "random_state": 0, "epochs": 2}  # fmt: skip
NAN = np.nan
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 7, 2)).round(3)
Y = (X[:, 2, 0] > X[:, 4, 1]).astype(int)
UNITS = [lambda x: x * 1e6, lambda x: x * 1e-6, lambda x: x + 1e6]
GAPS = X.copy()
GAPS[3, 2] = GAPS[4, 0] = GAPS[5, 4:] = GAPS[6] = NAN
GAPS[7, 1, 0] = GAPS[7, 3, 1] = GAPS[8, -1, 0] = NAN


def small(cls=RNNClassifier, **parameters):
    known = cls().get_params()
    return cls(**{name: value for name, value in SMALL.items() if name in known} | parameters)


def odds(model, rows=X):
    return model.decision_function(rows)


@pytest.fixture(scope="module")
def model():
    return small(scaling="standard").fit(GAPS, Y)


# --- Units --------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["auto", "series"])
def plain(request):
    return small(scaling=request.param).fit(X, Y, X_val=X[:20], y_val=Y[:20])


@pytest.mark.parametrize("unit", every(2, UNITS), ids=["millions", "millionths", "shifted"])
def test_units_make_no_difference(unit, plain):
    """Fails if training, validation or prediction reads numbers as they are."""
    scaling = plain.scaling
    other = small(scaling=scaling).fit(unit(X), Y, X_val=unit(X[:20]), y_val=Y[:20])
    np.testing.assert_allclose(odds(other, unit(X)), odds(plain), atol=1e-4)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(other.history_[name], plain.history_[name], rtol=1e-4)


def test_a_sibling_has_it_too(monkeypatch):
    """Fails if only the classifier scales."""
    monkeypatch.setitem(HEADS, "values", ValuesHead)
    plain = small(RNNRegressorForTest).fit(X, X[:, 0, 0])
    other = small(RNNRegressorForTest).fit(X * 1e6, X[:, 0, 0])
    np.testing.assert_allclose(other.predict(X * 1e6), plain.predict(X), atol=1e-4)
    assert plain.channels_.scaling == "standard" and get_tags(plain).input_tags.allow_nan


def test_scaling_by_hand():
    """Fails if "auto" is not the scale of the training steps, or None is any scale."""
    by_hand = ((X - X.mean(axis=(0, 1))) / X.std(axis=(0, 1))).astype(np.float32)
    unscaled = small(scaling=None).fit(by_hand, Y)
    scaled = small().fit(X, Y)
    np.testing.assert_allclose(odds(scaled), odds(unscaled, by_hand), atol=1e-5)
    assert unscaled.read(by_hand).values.tobytes() == by_hand.tobytes()
    for fitted, kind in ((unscaled, None), (scaled, "standard")):
        assert fitted.channels_.scaling == kind and clone(fitted).scaling == fitted.scaling
    weights = (np.arange(60) < 40).astype(float)
    part = small(epochs=1).fit(X, Y, sample_weight=weights)
    np.testing.assert_allclose(part.channels_.mean, X[:40].mean(axis=(0, 1)))
    assert small(epochs=1).fit([[2, 3]] * 9, [0, 1, 2] * 3).channels_ is None


@pytest.mark.filterwarnings("error")
def test_a_constant_channel_is_no_error():
    """Fails if a constant channel is an error, or makes NaN."""
    flat = X.copy()
    flat[..., 1] = 1e5 / 3
    model = small(epochs=1).fit(flat, Y)
    assert np.isfinite(odds(model, flat)).all()
    assert model.channels_.scale[1] == 0


# --- Missing values -----------------------------------------------------------------------


def nested(rows):
    return pd.DataFrame({f"c{c}": [row[:, c] for row in rows] for c in range(rows[0].shape[1])})


def as_list(rows):
    ends = [int(np.flatnonzero(~np.isnan(row).all(axis=1)).max(initial=-1)) + 1 for row in rows]
    return [row[:end] for row, end in zip(rows, ends, strict=True)]


CONTAINERS = {
    "list": as_list,
    "padded": lambda rows: np.pad(rows, ((0, 0), (0, 4), (0, 0)), constant_values=NAN),
    "nested frame": nested,
    "nested frame of unequal": lambda rows: nested(as_list(rows)),
    "masked": np.ma.masked_invalid,
    "objects": lambda rows: [[[None if v != v else v for v in s] for s in row] for row in rows],
}


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_gaps_are_the_same_in_every_container(model, container):
    """Fails if a container moves a missing step or value, in training or in prediction."""
    rows = container(GAPS)
    if isinstance(rows, pd.DataFrame):
        rows = rows.set_axis([0, 1], axis=1)  # no names that fit has not seen
    assert odds(model, rows).tobytes() == odds(model, GAPS).tobytes()
    if container is as_list:
        assert odds(small().fit(rows, Y), GAPS).tobytes() == odds(model, GAPS).tobytes()


def test_what_a_gap_means(model):
    """Fails if a missing step is read, or a missing value is not the mean of its channel."""
    found = odds(model, GAPS)
    without = np.delete(GAPS[3], 2, axis=0)
    assert odds(model, [without]).tobytes() == found[[3]].tobytes()
    assert odds(model, [GAPS[4, 1:]]).tobytes() == found[[4]].tobytes()
    assert odds(model, [np.empty((0, 2))]).tobytes() == found[[6]].tobytes()
    mean = model.channels_.mean
    np.testing.assert_allclose(mean, np.nanmean(GAPS, axis=(0, 1)))
    filled = np.where(np.isnan(GAPS), mean, GAPS)
    assert odds(model, filled[7:9]).tobytes() == found[7:9].tobytes()


@pytest.mark.parametrize("scaling", ["standard", "series", None])
def test_a_row_has_the_same_bytes_wherever_it_stands(scaling):
    """Fails if the rows beside a row change a sum by which it is scaled."""
    pytest.importorskip("numba")
    fitted = small(scaling=scaling, epochs=1).fit(GAPS, Y)
    together = odds(fitted, GAPS)
    alone = np.concatenate([odds(fitted, GAPS[[i]]) for i in range(len(GAPS))])
    assert alone.tobytes() == together.tobytes()
    order = rng.permutation(len(GAPS))
    assert odds(fitted, as_list(GAPS[order])).tobytes() == together[order].tobytes()


def test_a_table_with_gaps():
    """Fails if the columns of a table, which are steps, are filled in as channels would be."""
    table = GAPS[..., 0]
    fitted = small(epochs=1).fit(table, Y)
    rows = [row[~np.isnan(row)] for row in table]
    assert odds(fitted, rows).tobytes() == odds(fitted, table).tobytes()


def test_a_head_that_answers_each_step(monkeypatch):
    """Fails if a missing step has no answer, or is read as anything but the mean."""
    monkeypatch.setitem(HEADS, "tags", TagsHead)
    tags = [[0, 1] * (len(row) // 2) + [0] * (len(row) % 2) for row in as_list(GAPS)]
    tagger = small(RNNTaggerForTest, epochs=1).fit(GAPS, tags)
    answers = tagger.predict(GAPS)
    assert [len(row) for row in answers] == [len(row) for row in tags]
    filled = np.where(np.isnan(GAPS), tagger.channels_.mean, GAPS)
    raw = tagger.network_.raw(tagger.read(GAPS[[3, 4, 7]]))
    assert raw.tobytes() == tagger.network_.raw(tagger.read(filled[[3, 4, 7]])).tobytes()


def test_infinity_names_row_and_step(model):
    """Fails if infinity passes for a missing value."""
    bad = GAPS.copy()
    bad[9, 5, 1] = -np.inf
    for call in (model.predict, lambda rows: small().fit(rows, Y)):
        with pytest.raises(ValueError, match="infinity: row 9, time step 5, channel 1"):
            call(bad)


def test_explanations_and_traces(model):
    """Fails if a value is given to another step, or unscaled numbers are explained."""
    for method in ("occlusion", "integrated_gradients"):
        (found,) = explain(model, GAPS[[3]], method=method)
        assert found.values.shape == (7, 2)
        assert (found.values[2] == 0).all() and (found.values[[1, 3]] != 0).all()
        mean = np.broadcast_to(model.channels_.mean, (6, 2))
        assert found.baseline_score == pytest.approx(odds(model, [mean])[0] * (
            1 if found.target == 1 else -1), abs=1e-5)  # fmt: skip
    (empty,) = explain(model, GAPS[[6]], method="occlusion")
    assert empty.values.shape == (1, 2) and (empty.values == 0).all()
    (found,) = trace(model, GAPS[[3]])
    np.testing.assert_allclose(
        found.inputs, (np.delete(GAPS[3], 2, 0) - model.channels_.mean) / model.channels_.scale,
        rtol=1e-5, atol=1e-6,
    )  # fmt: skip


# --- Training that goes on ----------------------------------------------------------------


def test_the_first_call_decides():
    """Fails if a further call changes what the network has learned to read."""
    model = small().partial_fit(X[:30], Y[:30], classes=[0, 1])
    before = model.channels_
    model.partial_fit(X[30:] * 50, Y[30:])
    assert model.channels_ is before
    kept = small(warm_start=True).fit(X, Y)
    scaler = kept.channels_
    assert kept.fit(X + 7, Y).channels_ is scaler
    with pytest.raises(ValueError, match="scaling='series'.*trained with scaling='standard'"):
        kept.set_params(scaling="series").fit(X, Y)
    assert kept.channels_ is scaler
    fresh = kept.set_params(warm_start=False).fit(X, Y)
    assert fresh.channels_.scaling == "series"


class Chunks:
    """Chunks, the first of which has a constant channel; reading them may be interrupted."""

    def __init__(self, stop_after=None):
        self.passes, self.stop_after = 0, stop_after

    def __iter__(self):
        """Begin a pass."""
        self.passes += 1
        if self.passes == self.stop_after:
            raise KeyboardInterrupt
        flat = X[:30].copy()
        flat[..., 1] = 2.0
        yield flat, Y[:30]
        yield X[30:] * [1, 100], Y[30:]


def test_a_later_chunk_sets_what_was_constant(tmp_path):
    """Fails if a channel that begins constant is never scaled, or not so after a resumption."""
    model = small(epochs=3).fit_chunks(Chunks())
    both = np.vstack([np.full((30, 7), 2.0), 100 * X[30:, :, 1]])
    np.testing.assert_allclose(model.channels_.mean[1], both.mean())
    np.testing.assert_allclose(model.channels_.scale[1], both.std())
    np.testing.assert_allclose(model.channels_.mean[0], X[:30, :, 0].mean())
    again = small(epochs=3, checkpoint=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        again.fit_chunks(Chunks(stop_after=3))
    resumed = clone(again).fit_chunks(Chunks())
    assert odds(resumed).tobytes() == odds(model).tobytes()
    finished = Chunks()
    loaded = clone(again).fit_chunks(finished)
    assert finished.passes == 1 and odds(loaded).tobytes() == odds(model).tobytes()


@pytest.mark.slow
def test_a_search_gives_the_scores_of_plain_fits():
    """Fails if epochs that candidates share are scored on rows of another scale."""
    grid = {"epochs": [1, 2], "scaling": ["standard", None]}
    search = EpochSearchCV(small(), grid, cv=2).fit(X * 30, Y)
    for parameters, score in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        assert cross_val_score(small(**parameters), X * 30, Y, cv=2).mean() == score


# --- Files --------------------------------------------------------------------------------


def saved(model):
    file = io.BytesIO()
    skrnn.save(model, file)
    file.seek(0)
    return file


def pickled(model):
    return pickle.loads(pickle.dumps(model))


def dumped(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize("keep", [lambda m: skrnn.load(saved(m)), pickled, dumped])
@pytest.mark.parametrize("scaling", ["standard", "series", None])
def test_what_is_kept(keep, scaling):
    """Fails if a file forgets how numbers are scaled, or of what size they are."""
    rows = GAPS if scaling is None else GAPS * 1e250
    fitted = small(scaling=scaling, epochs=1).fit(rows, Y)
    again = keep(fitted)
    assert again.scaling == scaling and again.channels_.scaling == scaling
    assert odds(again, rows).tobytes() == odds(fitted, rows).tobytes()


FILES = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize("version", ["format_1", "format_2"])
def test_files_without_a_scaler(version):
    """Fails if a network that read numbers as they are gets others, or invents a mean."""
    old = skrnn.load(FILES / version / "numeric.skrnn")
    assert old.scaling is None and old.channels_.scaling is None
    rows = np.ones((1, 3, 2))
    rows[0, 1, 1] = NAN
    with pytest.raises(ValueError, match="no mean to fill in: row 0, time step 1, channel 1"):
        old.predict(rows)
    again = skrnn.load(saved(old))
    assert odds(again, np.ones((1, 3, 2))).tobytes() == odds(old, np.ones((1, 3, 2))).tobytes()
    texts = skrnn.load(FILES / version / "gru_attention.skrnn")
    assert texts.scaling == "auto" and texts.channels_ is None


def test_no_state_that_is_half_changed():
    """Fails if an error about numbers that are too large leaves part of a new fit."""
    model = small(epochs=1).fit(X, Y)
    before = vars(model).copy()
    bad = X.copy()
    bad[3, 2, 0] = 1e300
    for wrong, message in (
        (lambda: model.partial_fit(bad, Y), "row 3, time step 2, channel 0"),
        (lambda: model.set_params(scaling=None).fit(bad, Y), "too large for float32: row 3"),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()
        assert {**vars(model), "scaling": "auto"} == before
