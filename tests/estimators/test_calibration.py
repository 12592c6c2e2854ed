"""Probabilities corrected by rows that a first training has not seen."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

import skrnn
from skrnn import EpochSearchCV, RNNClassifier, RNNRegressor, explain
from skrnn.estimators import calibrating
from skrnn.estimators.calibrating import _held_out, best_calibration, is_wanted
from skrnn.estimators.rows import Rows
from skrnn.heads.classes import ClassesHead
from skrnn.heads.labels import LabelsHead
from skrnn.sequences import Sequences

N, LENGTH = 240, 5
RNG = np.random.default_rng(0)
X = RNG.integers(3, 30, (N, LENGTH))
# A third of the labels is noise: a network that learns the rows by heart is overconfident.
Y = np.where(RNG.random(N) < 1 / 3, RNG.integers(0, 2, N), (X == 7).any(axis=1) | (X == 9).any(1))
Y3 = np.where(RNG.random(N) < 1 / 3, RNG.integers(0, 3, N), (X < 8).any(1) + (X < 6).any(1) * 1)
LABELS = np.column_stack([Y, Y3 > 0]).astype(int)


@pytest.fixture(autouse=True)
def one_part(monkeypatch):
    """Hold out rows once, not four times, to save time; but not where a test is about it."""
    monkeypatch.setattr(calibrating, "ENOUGH_UNSEEN", 1)


@pytest.fixture
def in_turn(monkeypatch, one_part):
    monkeypatch.undo()


def small(**parameters):
    settings = {"units": 4, "embedding_dim": 8, "random_state": 0, "epochs": 4, "calibrate": True}
    return RNNClassifier(**{**settings, **parameters})


def trainings(monkeypatch):
    """Return a list to which each training adds its number of rows."""
    from skrnn.training.fit import Trainer

    counted, fit = [], Trainer.fit

    def counting(self, network, data, *args):
        counted.append(len(data.sequences))
        return fit(self, network, data, *args)

    monkeypatch.setattr(Trainer, "fit", counting)
    return counted


@pytest.mark.parametrize("y", [Y, Y3, LABELS], ids=["two classes", "three", "labels"])
@pytest.mark.parametrize("n_networks", [1, 2])
@pytest.mark.parametrize("ngram_range", [None, (1, 2)])
def test_the_answer_is_that_of_all_rows_corrected(y, n_networks, ngram_range):
    """Fails if the first training changes the second, or the weights do not hold the correction."""
    how = {"n_networks": n_networks, "ngram_range": ngram_range}
    model = small(**how).fit(X, y)
    plain = small(calibrate=False, **how).fit(X, y)
    assert plain.calibration_ is None
    scale, share = model.calibration_
    assert 0 < scale < 1.5 and scale != 1
    assert share > 0 if ngram_range and y is Y else share >= 0
    assert share == 0 or ngram_range is not None
    read = plain.read(X)
    raw = scale * plain.network_.raw(read).astype(float)
    if ngram_range is not None:
        raw += share * read.row_inputs["ngram_scores"]
    np.testing.assert_allclose(model.network_.raw(model.read(X)), raw, atol=1e-5)
    assert model.history_ == plain.history_


def test_new_rows_have_the_better_probabilities():
    """Fails if the calibration is found on rows that the network knows: then it would not help.

    The network is trained until it knows the noise by heart.
    """
    X_new = RNG.integers(3, 30, (1000, LENGTH))
    y_new = (X_new == 7).any(axis=1) | (X_new == 9).any(axis=1)
    y_new = np.where(RNG.random(1000) < 1 / 3, RNG.integers(0, 2, 1000), y_new)
    how = {"units": 16, "embedding_dim": 32, "epochs": 25, "learning_rate": 0.02, "dropout": 0.0}
    how |= {"word_dropout": 0.0, "embedding_dropout": 0.0}
    plain = small(calibrate=False, **how).fit(X, Y)
    model = small(**how).fit(X, Y)
    losses = [log_loss(y_new, one.predict_proba(X_new)) for one in (plain, model)]
    assert model.calibration_.scale < 0.6
    assert losses[1] < losses[0] - 0.1
    assert losses[1] < log_loss(y_new, np.full(1000, Y.mean()))


def test_the_best_calibration_is_found():
    """Fails if scale and share are not those with which the labels were drawn."""
    rng = np.random.default_rng(1)
    raw, scores = 3 * rng.normal(size=(2, 20_000, 1))
    p = 1 / (1 + np.exp(-(0.5 * raw + 0.3 * scores)))
    y = (rng.random(p.shape) < p).astype(np.float32)
    ones = np.ones(len(y), np.float32)
    head = ClassesHead(np.array([0, 1]))
    np.testing.assert_allclose(best_calibration(head, raw, scores, y, ones), (0.5, 0.3), atol=0.03)
    # The same as labels, of which one counts only.
    weights = np.column_stack([ones, 0 * ones])
    both = np.hstack([raw, -raw]), np.hstack([scores, scores]), np.hstack([y, y])
    found = best_calibration(LabelsHead(2), *both, weights)
    np.testing.assert_allclose(found, (0.5, 0.3), atol=0.03)
    # Without n-grams, there is nothing to share.
    assert best_calibration(head, raw, None, y, ones).share == 0
    # Few rows say little, whatever they say: that a network is always wrong, or always right.
    sure, right = np.abs(raw[:10]) + 1, np.ones((10, 1), np.float32)
    few = [best_calibration(head, sure, None, y, ones[:10]).scale for y in (1 - right, right)]
    assert 0.01 < few[0] < 0.6 < 0.81 < few[1] < 1.1


def test_three_classes_with_known_calibration():
    """Fails if the cross-entropy of more than two classes is wrong."""
    rng = np.random.default_rng(2)
    raw = 3 * rng.normal(size=(20_000, 3))
    p = np.exp(0.4 * raw) / np.exp(0.4 * raw).sum(axis=1, keepdims=True)
    y = (p.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    head = ClassesHead(np.arange(3))
    found = best_calibration(head, raw, None, y, np.ones(len(y), np.float32))
    assert found.scale == pytest.approx(0.4, abs=0.02)


def rows(n, n_channels=None):
    values = np.full(2 * n, 5, np.int32) if n_channels is None else np.zeros((2 * n, n_channels))
    sequences = Sequences(values, 2 * np.arange(n + 1))
    return Rows(sequences, np.zeros((n, 1), np.float32), np.ones(n, np.float32))


@pytest.mark.parametrize(
    ("n_rows", "parameters", "wanted"),
    [
        (199, {}, False),
        (200, {}, True),
        (10_000, {}, True),
        (10_001, {}, False),
        (500, {"epochs": 5}, False),
        (500, {"early_stopping": True}, False),
        (500, {"calibrate": False}, False),
        (50, {"calibrate": True}, True),
        (500, {"calibrate": True, "epochs": 5, "early_stopping": True}, True),
        (20_000, {"calibrate": True}, True),
    ],
)
def test_when_auto_calibrates(n_rows, parameters, wanted):
    """Fails if the documented rule does not hold."""
    assert is_wanted(RNNClassifier(**parameters), rows(n_rows)) is wanted


def test_who_has_no_calibration():
    """Fails if numbers are calibrated, or other estimators."""
    assert not is_wanted(RNNClassifier(), rows(500, n_channels=1))
    assert not is_wanted(RNNRegressor(), rows(500))
    with pytest.raises(ValueError, match="calibrate=True of RNNClassifier is for token ids"):
        small().fit(X[..., None].astype(float), Y)
    with pytest.raises(ValueError, match=r"calibrate=True .* EpochSearchCV .* calibrate=False"):
        EpochSearchCV(small(), {"epochs": [1, 2]}, cv=2, error_score="raise").fit(X, Y)
    model = small().partial_fit(X, Y, classes=[0, 1])
    assert model.calibration_ is None
    model = small().fit_chunks([(X, Y)])
    assert model.calibration_ is None


def test_too_few_rows(monkeypatch):
    """Fails if a fifth of few rows decides, or is missing without a word."""
    counted = trainings(monkeypatch)
    with pytest.warns(UserWarning, match="a fifth of 40 rows is less than 10"):
        model = small().fit(X[:40], Y[:40])
    assert model.calibration_ is None and counted == [40]


def test_trainings_without_some_rows(in_turn, monkeypatch, capsys):
    """Fails if all rows are held out, none is, or nobody is told what takes the time."""
    counted = trainings(monkeypatch)
    small(verbose=2).fit(X, Y)
    assert counted == [192] * 4 + [240]
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("epoch")]
    first = "For the calibration, without 48 of 240 rows:"
    assert told == [first] * 4 + ["With all 240 rows:"]
    GridSearchCV(small(verbose=2), {"units": [4]}, cv=2).fit(X, Y)
    assert capsys.readouterr().out.splitlines().count(first) == 4  # the refit


@pytest.mark.parametrize(
    ("n", "lengths"),
    [(50, [10] * 4), (240, [48] * 4), (500, [100] * 2), (998, [200]), (3000, [600])],
)
def test_few_rows_are_held_out_in_turn(in_turn, n, lengths):
    """Fails if few rows decide, if one is held out twice, or if many rows take more time."""
    y = np.arange(n) % 2
    for head in (ClassesHead(np.arange(2)), LabelsHead(2)):
        parts = list(_held_out(head, y, 0))
        assert [len(part) for part in parts] == lengths
        unseen = np.concatenate(parts)
        assert len(np.unique(unseen)) == len(unseen) and np.isin(unseen, np.arange(n)).all()
        if isinstance(head, ClassesHead):
            assert all(0.4 < y[part].mean() < 0.6 for part in parts)


def test_a_class_of_two_rows_is_in_each_training(in_turn):
    """Fails if a class has no row to learn from, or if it stops the rest."""
    y = np.zeros(100, int)
    y[[3, 50]] = 1
    for unseen in _held_out(ClassesHead(np.arange(2)), y, 0):
        assert y[np.setdiff1d(np.arange(100), unseen)].sum() >= 1


def test_rows_without_weight_do_not_calibrate():
    """Fails if weights are left out of the cross-entropy, or rows of weight 0 are held out."""
    weights = np.repeat([1.0, 0.0], N)
    twice, wrong = np.concatenate([X, X]), np.concatenate([Y, 1 - Y])
    model = small(epochs=1).fit(twice, wrong, sample_weight=weights)
    alone = small(epochs=1).fit(X, Y)
    assert model.calibration_ == alone.calibration_


def test_files_onnx_and_pickles_have_it(tmp_path):
    """Fails if a copy of any kind answers otherwise, or forgets by what it was corrected."""
    model = small().fit(X, Y3)
    wanted = model.predict_proba(X)
    path = tmp_path / "model.skrnn"
    skrnn.save(model, path)
    for copied in (skrnn.load(path), pickle.loads(pickle.dumps(model))):
        assert copied.calibration_ == model.calibration_
        np.testing.assert_array_equal(copied.predict_proba(X), wanted)
    np.testing.assert_allclose(model.model_.predict(model.read(X).inputs(range(N)), verbose=0),
                               wanted, atol=1e-5)  # fmt: skip
    onnxruntime = pytest.importorskip("onnxruntime")
    model_bytes = skrnn.to_onnx(model).SerializeToString()
    session = onnxruntime.InferenceSession(model_bytes)
    (given,) = session.get_inputs()
    found = session.run(["probabilities"], {given.name: X.astype(np.int32)})[0]
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_explanations_are_of_the_corrected_answer():
    """Fails if contributions sum to the score before the correction."""
    model = small().fit(X, Y)
    found = explain(model, X[:1])[0]
    change = found.score - found.baseline_score
    assert found.score == pytest.approx(float(model.decision_function(X[:1])[0]), abs=1e-4)
    assert found.values.sum() == pytest.approx(change, abs=0.02 * max(1, abs(change)))


def test_a_file_with_an_odd_calibration(tmp_path):
    """Fails if a damaged file is read."""
    model = small(epochs=1).fit(X, Y)
    for odd in ((-1.0, 0.0), (np.nan, 0.0), (1.0,), (11.0, 0.0)):
        model.calibration_ = odd
        with pytest.raises(ValueError, match="'calibration' is"):  # save reads what it has written
            skrnn.save(model, tmp_path / "odd.skrnn")
    assert not (tmp_path / "odd.skrnn").exists()


def test_training_goes_on_from_the_corrected_network():
    """Fails if what is told as the calibration is that of a network that is no more."""
    model = small(warm_start=True).fit(X, Y)
    assert model.calibration_ is not None
    model.partial_fit(X, Y)
    assert model.calibration_ is None
    model = clone(model).fit(X, Y).fit(X, Y)
    assert model.calibration_ is None and model.n_iter_ == 8


def test_a_checkpoint_keeps_the_calibration(tmp_path, monkeypatch):
    """Fails if a resumed training calibrates again, otherwise, or twice."""
    wanted = small().fit(X, Y)
    real = calibrating.best_calibration

    from skrnn.training.callbacks import FiniteTraining

    state, calls = {"epoch": 2}, []
    whole = FiniteTraining.on_epoch_end

    def on_epoch_end(self, epoch, logs=None):
        whole(self, epoch, logs)
        if calls and epoch == state["epoch"]:
            raise KeyboardInterrupt

    def counted(*args):
        calls.append(len(args[1]))
        return real(*args)

    monkeypatch.setattr(FiniteTraining, "on_epoch_end", on_epoch_end)
    monkeypatch.setattr(calibrating, "best_calibration", counted)
    model = small(checkpoint=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert calls == [48]
    assert model.calibration_ == wanted.calibration_  # what is kept is corrected
    state["epoch"] = None
    resumed = small(checkpoint=tmp_path).fit(X, Y)
    finished = small(checkpoint=tmp_path).fit(X, Y)
    assert calls == [48]
    for one in (resumed, finished):
        assert one.calibration_ == wanted.calibration_
        np.testing.assert_array_equal(one.predict_proba(X), wanted.predict_proba(X))


def test_interrupted_in_the_first_training(monkeypatch):
    """Fails if an estimator that is not trained yet looks as if it were, or Ctrl-C is lost."""
    from skrnn.training.callbacks import FiniteTraining

    whole = FiniteTraining.on_epoch_end

    def on_epoch_end(self, epoch, logs=None):
        whole(self, epoch, logs)
        if epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(FiniteTraining, "on_epoch_end", on_epoch_end)
    model = small()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert not hasattr(model, "network_")


def test_its_file_loads_for_ever():
    """Fails if this version reads a file of the first one with other answers, or corrects twice."""
    folder = Path(__file__).parents[1] / "data" / "format_2"
    expected = json.loads((folder / "expected_calibrated.json").read_text())
    pipe = skrnn.load(folder / "calibrated.skrnn")
    assert 0 < pipe[-1].calibration_.scale < 1.5 and pipe[-1].calibrate is True
    found = pipe.predict_proba(expected["X"])
    np.testing.assert_allclose(found, expected["predict_proba"], atol=1e-5)
