"""The linear model of convolutions, alone and beside a network."""

import json
from pathlib import Path

import numpy as np
import pytest
from bare import ESTIMATOR

import skrnn
from skrnn import EpochSearchCV, RNNClassifier, explain
from skrnn.convolutions import SCORES, ConvolutionModel
from skrnn.convolutions.kernels import N_KERNELS
from skrnn.exceptions import InvalidInputError
from skrnn.inspection.convolution_shares import deal_to_steps
from skrnn.sequences import Sequences

SMALL = {**ESTIMATOR, "cell": "rnn", "units": 2, "epochs": 1, "n_kernels": 168, "random_state": 0}


def waves(n, seed=0, n_classes=2, n_channels=1):
    """Return noisy sines and saw-teeth of unequal lengths, at random phases, and their kinds."""
    rng = np.random.default_rng(seed)
    X, y = [], np.arange(n) % n_classes
    for kind in y:
        t = np.arange(rng.integers(40, 70))
        phase = (t / rng.uniform(14, 20) + rng.uniform()) % 1
        shape = [np.sin(2 * np.pi * phase), 2 * phase - 1, np.sign(phase - 0.5)][kind]
        rest = rng.normal(size=(len(t), n_channels - 1))
        X.append(np.column_stack([shape + 0.2 * rng.normal(size=len(t)), rest]))
    return X, y


def as_sequences(X):
    """Return rows as a network reads them."""
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in X])])
    return Sequences(np.concatenate(X).astype(np.float32), offsets)


def fitted(X, y, weights=None, n_kernels="auto", strata=None):
    """Return a model, and its scores of the rows by models without them."""
    model = ConvolutionModel(n_kernels)
    weights = np.ones(len(y), np.float32) if weights is None else weights
    scored = model.fit_score(as_sequences(X), y, strata, weights, seed=0)
    return model, scored.row_inputs[SCORES]


@pytest.mark.parametrize("task", ["two", "three", "labels", "number"])
def test_says_of_new_rows_what_it_said_of_left_out_ones(task):
    """Fails if scores of training rows are more certain than of others, or both are useless."""
    n_classes = 3 if task == "three" else 2
    X, kind = waves(90, n_classes=n_classes)
    others, truth = waves(90, seed=1, n_classes=n_classes)
    rng = np.random.default_rng(0)

    def targets(kind):
        if task == "three":
            return kind[:, np.newaxis] == np.arange(3)
        if task == "labels":  # the second is known to nobody
            return np.stack([kind == 1, rng.uniform(size=len(kind)) < 0.5], axis=1)
        return kind[:, np.newaxis] == 1 if task == "two" else kind[:, np.newaxis] * 2.0 - 1

    y = targets(kind)
    model, left_out = fitted(X, y, strata=kind if task in ("two", "three") else None)
    new = model.score(as_sequences(others)).row_inputs[SCORES]
    assert left_out.dtype == new.dtype == np.float32
    for scores, of in ((left_out, kind), (new, truth)):
        is_right = scores.argmax(1) == of if task == "three" else (scores[:, 0] > 0) == of
        assert is_right.mean() > 0.9
    assert left_out[:, 0].std() == pytest.approx(new[:, 0].std(), rel=0.2)
    if task == "labels":
        assert np.abs(new[:, 1]).max() < 1.5
    if task == "number":
        assert np.abs(new).max() < 2


def test_a_row_has_the_same_bytes_wherever_it_is():
    """Fails if scores depend on the other rows, or on the engine beyond nothing at all."""
    X, y = waves(12)
    model, _ = fitted(X, (y == 1)[:, np.newaxis])
    together = model.score(as_sequences(X)).row_inputs[SCORES]
    alone = [model.score(as_sequences([row])).row_inputs[SCORES] for row in X]
    assert together.tobytes() == np.concatenate(alone).tobytes()


def test_engines_agree(monkeypatch):
    """Fails if NumPy and Numba count different steps."""
    X, y = waves(6)
    model, left_out = fitted(X, (y == 1)[:, np.newaxis], n_kernels=168)
    scores = model.score(as_sequences(X)).row_inputs[SCORES]
    monkeypatch.setenv("SKRNN_ENGINE", "tensorflow")
    again, left_out_again = fitted(X, (y == 1)[:, np.newaxis], n_kernels=168)
    assert left_out.tobytes() == left_out_again.tobytes()
    assert scores.tobytes() == again.score(as_sequences(X)).row_inputs[SCORES].tobytes()


def test_weights_of_rows_and_of_labels():
    """Fails if a row without weight has an influence, on one label or on all."""
    X, y = waves(24)
    y = np.stack([y == 1, y == 0], axis=1)
    weights = np.ones(y.shape, np.float32)
    weights[:4, 1] = 0
    model, _ = fitted(X, y, weights, n_kernels=840)
    wrong = y.copy()
    wrong[:4, 1] ^= True
    other, _ = fitted(X, wrong, weights, n_kernels=840)
    np.testing.assert_allclose(model._coef, other._coef, atol=1e-4 * np.abs(model._coef).max())


@pytest.mark.parametrize("n", [1, 2, 3])
def test_hardly_any_rows(n):
    """Fails if one row, of which nothing is left without it, is believed or is an error."""
    X, y = waves(n)
    _, left_out = fitted(X, (y == 1)[:, np.newaxis], n_kernels=84)
    assert np.isfinite(left_out).all()
    assert np.abs(left_out).max() < 3


def test_fewer_features_for_more_rows_and_outputs():
    """Fails if the memory of "auto" grows with rows, or the file with classes, without bounds."""
    model = ConvolutionModel()
    numbers = [model._number(n, 2) for n in (20, 1000, 2000, 10_000, 10**6)]
    assert numbers[0] == 9996
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 6 * N_KERNELS
    assert model._number(20, 10_000) < 1000
    assert ConvolutionModel(420)._number(10**6, 10_000) == 420


# --- Beside a network ---


@pytest.fixture(scope="module")
def beside():
    """Return a fitted classifier, and its rows."""
    X, y = waves(24, n_channels=2, n_classes=3)
    return RNNClassifier(**SMALL).fit(X, y), X, y


def test_score_is_added_to_the_output(beside, tmp_path):
    """Fails if the score does not reach predictions, or a file or a pickle loses it."""
    classifier, X, _ = beside
    sequences = classifier.read(X)
    raw = classifier.network_.raw(sequences)
    scores = sequences.row_inputs[SCORES]
    nothing = sequences.beside({SCORES: 0 * scores}, {})
    weight = classifier.network_.values[-1]
    alone = classifier.network_.raw(nothing)
    np.testing.assert_allclose(raw - alone, weight * scores, rtol=1e-4, atol=1e-5)
    assert np.abs(weight - 1).max() < 0.1  # trained, from 1
    path = tmp_path / "classifier.skrnn"
    skrnn.save(classifier, path)
    loaded = skrnn.load(path)
    assert loaded.predict_proba(X).tobytes() == classifier.predict_proba(X).tobytes()
    assert loaded.convolutions_.penalty == classifier.convolutions_.penalty
    one = classifier.predict_proba(X[5:6])
    assert one.tobytes() == classifier.predict_proba(X)[5:6].tobytes()


def test_onnx_counts_the_same(beside):
    """Fails if the graph convolves, counts or sums rows differently, however they are padded."""
    onnxruntime = pytest.importorskip("onnxruntime")
    from skrnn.onnx import to_onnx

    classifier, X, _ = beside
    X = [row[: [1, 2, 8, 9, 15, 30][i]] if i < 6 else row for i, row in enumerate(X)]
    session = onnxruntime.InferenceSession(to_onnx(classifier).SerializeToString())
    padded = np.full((len(X), 75, 2), np.nan)
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    (given,) = session.get_inputs()
    kind = np.float64 if "double" in given.type else np.float32
    (_, got) = session.run(None, {given.name: padded.astype(kind)})
    np.testing.assert_allclose(got, classifier.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_explanations_contain_the_score(beside, method):
    """Fails if the contributions lack those of the convolutions, or do not sum to the change."""
    classifier, X, _ = beside
    (found,) = explain(classifier, X[:1], method=method)
    assert found.values.shape == X[0].shape
    change = found.score - found.baseline_score
    sequence = classifier.prepared(as_sequences(X[:1]))
    rows = [sequence, as_sequences([0 * X[0]])]
    both, none = (classifier.convolutions_.score(row).row_inputs[SCORES][0] for row in rows)
    through = (classifier.network_.values[-1] * (both - none))[found.target]
    assert abs(through) > 0.2
    if method == "integrated_gradients":
        assert found.values.sum() == pytest.approx(change, abs=0.02 * abs(change) + 1e-3)
        shares = deal_to_steps(classifier.convolutions_, sequence)[..., found.target]
        rest = found.values - classifier.network_.values[-1][found.target] * shares
        assert np.abs(rest).sum() < np.abs(found.values).sum()  # the network is hardly trained


def test_explanation_of_more_numbers_than_places(monkeypatch):
    """Fails if steps that go together do not share their contribution, or some are left out."""
    from skrnn.inspection import convolution_shares

    X, y = waves(12, n_channels=2)
    model, _ = fitted(X, (y == 1)[:, np.newaxis], n_kernels=84)
    sequence = as_sequences(X[:1])
    zeros = as_sequences([0 * X[0]])
    change = [model.score(one).row_inputs[SCORES][0] for one in (sequence, zeros)]
    for n_places in (512, 20, 1):
        monkeypatch.setattr(convolution_shares, "MAX_PLACES", n_places)
        shares = convolution_shares.deal_to_steps(model, sequence)
        assert shares.shape == (*X[0].shape, 1)
        np.testing.assert_allclose(shares.sum(axis=(0, 1)), change[0] - change[1], atol=1e-4)
    assert np.ptp(shares[:, 0]) == 0


def test_off_and_on():
    """Fails if None, tokens, partial_fit or a continued training have convolutions after all."""
    X, y = waves(12)
    assert RNNClassifier(**{**SMALL, "n_kernels": None}).fit(X, y).convolutions_ is None
    tokens = RNNClassifier(**SMALL).fit([[2, 3, 4], [4, 3]] * 6, y)
    assert tokens.convolutions_ is None
    part = RNNClassifier(**SMALL, warm_start=True).partial_fit(X, y)
    assert part.convolutions_ is None
    assert part.fit(X, y).convolutions_ is None  # the network has no place for it


def test_training_goes_on_with_the_model():
    """Fails if a continued training loses the model, or partial_fit fits it to its few rows."""
    X, y = waves(24)
    classifier = RNNClassifier(**SMALL, warm_start=True).fit(X, y)
    coef = classifier.convolutions_._coef
    classifier.fit(X, y)
    assert classifier.n_iter_ == 2
    assert classifier.convolutions_._coef.tobytes() == coef.tobytes()
    kept = classifier.convolutions_
    classifier.partial_fit(X[:4], y[:4])
    assert classifier.convolutions_ is kept


@pytest.mark.parametrize("bad", [83, 0, "all", 2.5])
def test_number_of_kernels_is_checked(bad):
    """Fails if a number that makes no feature is accepted."""
    X, y = waves(4)
    with pytest.raises(ValueError, match="n_kernels"):
        RNNClassifier(**{**SMALL, "n_kernels": bad}).fit(X, y)


@pytest.mark.parametrize("factor", [1e6, 1e-6])
def test_unit_of_the_channels_does_not_matter(beside, factor):
    """Fails if the same data in another unit gives other answers."""
    classifier, X, y = beside
    other = RNNClassifier(**SMALL).fit([factor * row for row in X], y)
    got = other.predict_proba([factor * row for row in X])
    np.testing.assert_allclose(got, classifier.predict_proba(X), atol=2e-3)


@pytest.mark.slow
def test_search_shares_the_model(monkeypatch):
    """Fails if each candidate of a search fits the convolutions of a fold again."""
    from skrnn.estimators import linear_models

    fits = []

    class Counted(ConvolutionModel):
        def fit_score(self, *args, **kwargs):
            fits.append(1)
            return super().fit_score(*args, **kwargs)

    monkeypatch.setattr(linear_models, "ConvolutionModel", Counted)
    X, y = waves(12)
    search = EpochSearchCV(
        RNNClassifier(**SMALL), {"dropout": [0.0, 0.1], "epochs": [1]}, cv=2, refit=False
    )
    search.fit(X, y)
    assert len(fits) == 2


BROKEN = {
    "channels": {"channels": np.array([7], np.int32)},
    "ends": {"biases_end": np.array([3, 2, 1], np.int64)},
    "which": {"which": np.array([-1], np.int32)},
    "scale": {"scale": np.array([0.0])},
    "coef": {"coef": np.zeros((1, 3), np.float32)},
    "far": {"dilation": np.full(84, 2**17, np.int32)},
    "nothing": {"dilation": np.zeros(0, np.int32)},
}


@pytest.mark.parametrize("name", BROKEN)
def test_arrays_that_cannot_be(name):
    """Fails if a file can make the kernels read outside of its arrays."""
    X, y = waves(6)
    model, _ = fitted(X, (y == 1)[:, np.newaxis], n_kernels=84)
    arrays = model.to_arrays()
    ConvolutionModel.from_arrays("auto", 1.0, 1.0, arrays)
    ((key, value),) = BROKEN[name].items()
    if key in ("channels", "which"):
        value = np.r_[value, arrays[key][1:]]
    with pytest.raises(InvalidInputError):
        ConvolutionModel.from_arrays("auto", 1.0, 1.0, {**arrays, key: value})


@pytest.mark.parametrize("name", ["convolutions", "convolved_numbers"])
def test_its_files_load_for_ever(name):
    """Fails if this version reads convolutions, patches or scales of a file otherwise."""
    folder = Path(__file__).parents[1] / "data" / "format_2"
    expected = json.loads((folder / "expected_series.json").read_text())[name]
    found = skrnn.load(folder / f"{name}.skrnn")
    X = [np.array(row, dtype=float) for row in expected["X"]]
    predict = getattr(found, "predict_proba", found.predict)
    np.testing.assert_allclose(predict(X), expected["predicted"], rtol=1e-4, atol=1e-5)
    assert found.convolutions_ is not None and found.patch_size_ == 3
