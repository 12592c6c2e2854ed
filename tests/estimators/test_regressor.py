"""RNNRegressor: what it learns, that y's unit does not matter, and that all tools take it."""

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor

import skrnn
from skrnn import EntropyLoss, EpochSearchCV, RNNRegressor, VirtualAdversarialLoss
from skrnn.fileformat import container
from tests.repeats import some

rng = np.random.default_rng(0)
SERIES = rng.normal(size=(160, 6, 2)).astype(np.float32)
SUMS = SERIES[:, :, 0].sum(axis=1).astype(float)
IDS = [rng.integers(2, 12, n).tolist() for n in rng.integers(3, 8, 160)]
TWO = np.array([[row.count(3), 5 * row.count(7)] for row in IDS], float)


def small(**parameters):
    settings = {"cell": "gru", "units": 6, "bidirectional": False, "embedding_dim": 4,
                "embeddings": None, "word_dropout": 0.0, "embedding_dropout": 0.0, "dropout": 0.0,
                "learning_rate": 0.03, "learning_rate_decay": 0.0, "epochs": 2, "batch_size": 16,
                "pooling": "mean", "random_state": 0}  # fmt: skip
    return RNNRegressor(**{**settings, **parameters})


def weights(model):
    return [value.tobytes() for value in model.network_.values]


@pytest.mark.parametrize(
    "loss",
    [
        "squared_error",
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in ("absolute_error", "huber", "poisson")
        ),
    ],
)
def test_the_unit_of_y_does_not_matter(loss):
    """Fails if y is not scaled inside, or predictions are not in its unit."""
    y = np.exp(SUMS / 3)
    model = small(epochs=8, loss=loss).fit(SERIES[:120], y[:120])
    assert is_regressor(model) and not hasattr(model, "classes_") and model.ngrams_ is None
    assert model.score(SERIES[120:], y[120:]) > 0.5
    assert set(model.history_) == {"loss", "rmse"}
    # A power of two changes no digit.
    model.set_params(epochs=2).fit(SERIES[:120], y[:120])
    for unit in (2.0**40, 2.0**-40):
        other = clone(model).fit(SERIES[:120], unit * y[:120])
        assert weights(other) == weights(model) and other.history_ == model.history_
        np.testing.assert_array_equal(other.predict(SERIES), unit * model.predict(SERIES))


@pytest.mark.slow
def test_quantiles_are_those_of_y():
    """Fails if the pinball loss is upside down, or `quantile` is lost."""
    y = np.random.default_rng(1).normal(50, 10, 160)  # nothing of X tells
    for quantile in (0.2, 0.9):
        model = small(loss="quantile", quantile=quantile, epochs=6, units=2).fit(SERIES, y)
        assert np.mean(y < model.predict(SERIES)) == pytest.approx(quantile, abs=0.12)


def test_ngrams_are_beside_the_network():
    """Fails if columns of y are no outputs of the linear model, or their scores are not used."""
    model = small(epochs=4).fit(IDS[:120], TWO[:120])
    found = model.predict(IDS)
    assert found.shape == (160, 2) and found.dtype == np.float64 and model.ngrams_.n_ngrams > 10
    assert r2_score(TWO[120:], found[120:], multioutput="raw_values").min() > 0.3
    assert [one.width for one in model.network_.description.side_inputs] == [2, 2]
    # The bytes of a row do not depend on the others.
    alone = np.concatenate([model.predict([row]) for row in IDS[:5]])
    np.testing.assert_array_equal(alone, found[:5])


def test_kept_and_pickled(tmp_path):
    """Fails if a file or a pickle loses scale, shape, names or n-grams, or believes what is odd."""
    frame = pd.DataFrame({"a": TWO[:, 0], "b": 1e9 * TWO[:, 1]})
    model = small(epochs=1).fit(IDS, frame)
    skrnn.save(model, tmp_path / "model.skrnn")
    for found in (skrnn.load(tmp_path / "model.skrnn"), pickle.loads(pickle.dumps(model))):
        assert type(found) is RNNRegressor and found.get_params() == model.get_params()
        np.testing.assert_array_equal(found.predict(IDS), model.predict(IDS))
        assert found.head_.targets.tolist() == ["a", "b"]
    document, arrays = container.read(tmp_path / "model.skrnn")
    state = document["model"]["state"]["head"]
    for name, odd in (("center", [1.0]), ("scale", [1.0, -1.0]), ("scale", None), ("names", ["a"])):
        state[name], kept = odd, state[name]
        container.write(tmp_path / "odd.skrnn", document, arrays)
        with pytest.raises(skrnn.InvalidFileError, match=f"'{name}' is"):
            skrnn.load(tmp_path / "odd.skrnn")
        state[name] = kept


FORMAT_2 = Path(__file__).parents[1] / "data" / "format_2"


@pytest.mark.parametrize("name", ["stars", "counts"])
def test_its_files_load_for_ever(name):
    """Fails if this version reads a file of the first one with numbers otherwise."""
    expected = json.loads((FORMAT_2 / "expected_numbers.json").read_text())[name]
    X = np.array(expected["X"]) if name == "counts" else expected["X"]
    found = skrnn.load(FORMAT_2 / f"{name}.skrnn").predict(X)
    np.testing.assert_allclose(found, expected["predict"], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_constant_y_and_later_calls():
    """Fails if a constant is an error, or the first call with other numbers sets no scale."""
    model = small(epochs=1).fit(SERIES[:20], np.full(20, 0.1))
    assert (model.predict(SERIES) == 0.1).all()
    counts = small(epochs=1, loss="poisson").fit(SERIES[:20], np.full(20, 7))
    assert (counts.predict(SERIES) == 7).all()
    later = small(loss="poisson").partial_fit(SERIES[:20], np.full(20, 7))
    later.partial_fit(SERIES[:20], np.arange(20))
    assert later.head_.center[0] == 0 and 7 < later.head_.scale[0] < 10
    chunks = [(SERIES[:40], np.full(40, 7.0)), (SERIES[40:], 1e6 * SUMS[40:])]
    whole = small(epochs=12).fit_chunks(chunks, SERIES[:40], 1e6 * SUMS[:40])
    assert 1e6 < whole.head_.scale[0] < 1e7
    parts = small()
    parts.partial_fit(*chunks[0])
    assert parts.head_.scale[0] == 0 and (parts.predict(SERIES) == 7).all()
    parts.partial_fit(*chunks[1])
    scale = parts.head_.scale[0]
    assert 1e6 < scale < 1e7
    parts.partial_fit(SERIES, SUMS)
    assert parts.head_.scale[0] == scale
    with pytest.raises(ValueError, match="fitted with loss='squared_error'"):
        parts.set_params(loss="huber").partial_fit(SERIES, SUMS)


def test_weights_have_no_unit_and_weight_zero_is_removal():
    """Fails if their scale matters, or rows of weight 0 count in the scale of y."""
    wild = np.where(np.arange(160) < 40, 1e9, SUMS)
    heavy = np.where(np.arange(160) < 40, 0.0, np.where(SUMS > 0, 4.0, 1.0))
    model = small().fit(SERIES, wild, sample_weight=heavy)
    assert weights(model) == weights(small().fit(SERIES, wild, sample_weight=heavy / 1024))
    alone = small().fit(SERIES[40:], SUMS[40:], sample_weight=heavy[40:])
    assert weights(model) == weights(alone) and model.head_.scale == alone.head_.scale


def test_wrong_arguments_leave_it_unchanged():
    """Fails if a bad y, a missing quantile or an entropy of numbers is taken."""
    model = small().fit(SERIES, SUMS)
    before = weights(model)
    bad = np.where(np.arange(160) == 3, np.nan, SUMS)
    masked = np.ma.masked_array(SUMS, mask=np.arange(160) == 2)
    for y, match in (
        (bad, "NaN in row 3"),
        (masked, "masked values, the first in row 2"),
        (SUMS.astype(str), "in row 0"),
        (SUMS[:, None, None], "y has shape"),
    ):
        with pytest.raises(ValueError, match=match):
            model.fit(SERIES, y)
    with pytest.raises(ValueError, match="negative number"):
        small(loss="poisson").fit(SERIES, SUMS)
    with pytest.raises(ValueError, match="needs the parameter 'quantile'"):
        small(loss="quantile").fit(SERIES, SUMS)
    with pytest.raises(ValueError, match="'quantile' parameter"):
        small(loss="quantile", quantile=1.0).fit(SERIES, SUMS)
    with pytest.raises(ValueError, match="EntropyLoss, which is the entropy of probabilities"):
        small(extra_losses=EntropyLoss()).fit(IDS, TWO, X_unlabeled=IDS)
    assert weights(model) == before


def test_explained_numbers_are_predictions():
    """Fails if contributions are not in the unit of y, or do not sum to the prediction."""
    model = small(epochs=1).fit(IDS, 1e6 * TWO)
    for method in ("integrated_gradients", "occlusion"):
        (found,) = skrnn.explain(model, IDS[:1], target=1, method=method)
        assert found.target == 1 and found.probability is None
        assert found.score == pytest.approx(model.predict(IDS[:1])[0, 1], rel=1e-4)
        assert "prediction=" in repr(found) and "prediction" in found.to_html()
        if method == "integrated_gradients":
            change = found.score - found.baseline_score
            assert found.values.sum() == pytest.approx(change, rel=0.02, abs=1e4)
    with pytest.raises(ValueError, match=r"Pass one of \[0, 1\]"):
        skrnn.explain(model, IDS[:1])


@pytest.mark.parametrize("loss", some(["squared_error", "poisson"], "poisson"))
@pytest.mark.parametrize("is_flat", some([True, False], False))
def test_onnx_predicts_the_same(loss, is_flat):
    """Fails if scale, link, shape or the sizes of rows are lost in the exported model."""
    runtime = pytest.importorskip("onnxruntime")
    y = 1e6 * (TWO[:, 0] if is_flat else TWO)
    model = small(epochs=1, loss=loss).fit(IDS, y)
    session = runtime.InferenceSession(skrnn.to_onnx(model).SerializeToString())
    width = max(map(len, IDS))
    tokens = np.array([row + [0] * (width - len(row)) for row in IDS], np.int32)
    (found,) = session.run(None, {"tokens": tokens})
    assert [one.name for one in session.get_outputs()] == ["variable"]
    assert found.shape == y.shape and found.dtype == np.float64
    np.testing.assert_allclose(found, model.predict(IDS), rtol=1e-4, atol=50)


@pytest.mark.slow
def test_tools_of_scikit_learn_take_it(tmp_path):
    """Fails if a tool asks for what only classifiers have."""
    table, y = SERIES[:, :, 0], 100 + 50 * SUMS
    logs = TransformedTargetRegressor(small(), func=np.log1p, inverse_func=np.expm1)
    assert logs.fit(table, y - y.min()).predict(table).shape == (160,)
    several = MultiOutputRegressor(small()).fit(table, np.stack([y, -y], axis=1))
    assert several.predict(table).shape == (160, 2)
    model = small(epochs=8).fit(table, y)
    assert permutation_importance(model, table, y, n_repeats=1).importances_mean.min() > 0
    halving = HalvingGridSearchCV(small(), {"units": [2, 6]}, cv=2, min_resources=60)
    assert halving.fit(table, y).predict(table).shape == (160,)
    assert BaggingRegressor(small(), 2, random_state=0).fit(table, y).score(table, y) > 0
    assert np.isfinite(cross_val_score(small(), IDS, TWO, cv=2)).all()
    grid = GridSearchCV(small(), {"loss": ["huber", "squared_error"]}, cv=2).fit(table, y)
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()
    search = EpochSearchCV(small(), {"epochs": [1, 6]}, cv=2).fit(table, y)
    assert search.best_params_["epochs"] == 6


@pytest.mark.slow
def test_training_goes_on_and_stops_early(tmp_path):
    """Fails if warm starts, checkpoints, held-out rows or losses without labels lose the scale."""
    whole = small(epochs=3).fit(SERIES, SUMS)
    warm = small(epochs=1, warm_start=True).fit(SERIES, SUMS).set_params(epochs=2)
    assert weights(warm.fit(SERIES, SUMS)) == weights(whole)
    stopped = small(epochs=30, early_stopping=True, n_iter_no_change=1).fit(SERIES, SUMS)
    assert stopped.best_epoch_ == np.argmin(stopped.history_["val_loss"]) + 1
    kept = small(epochs=2, checkpoint=tmp_path).fit(SERIES, SUMS)
    longer = small(epochs=3, checkpoint=tmp_path).fit(SERIES, SUMS)
    assert weights(longer) == weights(whole) and kept.n_iter_ == 2
    assert small(epochs=1, ngram_range=None).fit(IDS, TWO).ngrams_ is None
    virtual = small(extra_losses=VirtualAdversarialLoss()).fit(IDS, TWO, X_unlabeled=IDS)
    assert np.isfinite(virtual.history_["virtual_adversarial_loss"]).all()
