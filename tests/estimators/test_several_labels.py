"""Several labels for each row: weights of each label's term, names, learned thresholds."""

import json
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.metrics import f1_score, recall_score

import skrnn
from skrnn import AdversarialLoss, EpochSearchCV, RNNClassifier
from skrnn.heads.labels import LabelsHead
from skrnn.heads.thresholds import best_thresholds

rng = np.random.default_rng(0)
X = np.array([rng.permutation(6) + 2 for _ in range(120)])
Y = (X == 3).argmax(axis=1) < (X == 4).argmax(axis=1)
LABELS = np.stack([Y, rng.random(120) < 0.2, X[:, 0] == 5], axis=1).astype(int)
NAMES = ["order", "noise", "first"]
FRAME = pd.DataFrame(LABELS, columns=NAMES)
SMALL = {"cell": "rnn", "units": 3, "embedding_dim": 4, "embeddings": None, "random_state": 0}


def small(**parameters):
    return RNNClassifier(**{**SMALL, "ngram_range": None, "epochs": 1, **parameters})


def values(model):
    return [one.tobytes() for one in model.network_.values]


# --- Weights ------------------------------------------------------------------------------


def many_labels(n_rows, n_labels=28, seed=0):
    """Texts with a word for each of their labels, half of which are in one row of a hundred."""
    random = np.random.default_rng(seed)
    shares = np.where(np.arange(n_labels) < 4, 0.25, 0.04)
    shares[n_labels // 2 :] = 0.012
    y = random.random((n_rows, n_labels)) < shares
    noise = random.integers(2 + n_labels, 80, (n_rows, 10))
    words = [
        [*(2 + np.flatnonzero(labels & (random.random(n_labels) < 0.9))), *others]
        for labels, others in zip(y, noise, strict=True)
    ]
    return [random.permutation(row).tolist() for row in words], y.astype(int)


@pytest.mark.slow
@pytest.mark.parametrize("ngram_range", [None, (1, 1)])
def test_balanced_with_rare_labels(ngram_range):
    """Fails if one row in a hundred carries nearly all weight: micro-F1 was 0, macro recall 0."""
    ids, y = many_labels(1500)
    more_ids, more_y = many_labels(600, seed=1)
    found = {}
    for class_weight in (None, "balanced"):
        model = RNNClassifier(
            "gru", 24, embedding_dim=16, epochs=10, learning_rate=0.01, dropout=0.2,
            embeddings=None, ngram_range=ngram_range, class_weight=class_weight, random_state=0,
        ).fit(ids, y)  # fmt: skip
        predicted = model.predict(more_ids)
        found[class_weight] = (
            recall_score(more_y, predicted, average="macro", zero_division=0),
            f1_score(more_y, predicted, average="micro"),
        )
    (recall, micro), (balanced_recall, balanced_micro) = found.values()
    # With n-grams, it learns the rare labels without weights too.
    assert balanced_recall > recall + (0.1 if ngram_range is None else -0.05)
    assert balanced_micro > 0.5 * micro > 0.1


@pytest.mark.slow
def test_equal_weights_of_labels_are_none():
    """Fails if the loss of each label is another one, or weights per label change what is 1."""
    plain = small(epochs=2).fit(X, LABELS, X_val=X, y_val=LABELS)
    same = small(epochs=2, class_weight=[2, 2, 2]).fit(X, LABELS, X_val=X, y_val=LABELS)
    for key, expected in plain.history_.items():
        np.testing.assert_allclose(same.history_[key], expected, rtol=1e-5)
    np.testing.assert_allclose(same.predict_proba(X), plain.predict_proba(X), atol=1e-5)


def test_the_loss_is_weighted_by_label():
    """Against NumPy. Fails if the validation loss has other weights than 1, or another mean."""
    model = small(class_weight=[5, {1: 3}, 0]).fit(X, LABELS, X_val=X[:50], y_val=LABELS[:50])
    p = model.predict_proba(X[:50])
    losses = -np.log(np.where(LABELS[:50], p, 1 - p))
    assert model.history_["val_loss"][-1] == pytest.approx(losses.mean(), rel=1e-4)


@pytest.mark.slow
def test_a_label_of_weight_zero_is_not_learned():
    """Fails if a label's weight reaches another label's output."""
    without = small(class_weight=[1, 1, 0], epochs=2).fit(X, LABELS)
    other = LABELS.copy()
    other[:, 2] = rng.random(120) < 0.5
    assert values(small(class_weight=[1, 1, 0], epochs=2).fit(X, other)) == values(without)
    assert values(small(class_weight=[1, 0, 1], epochs=2).fit(X, other)) != values(without)


@pytest.mark.slow
def test_every_way_of_training_takes_weights_of_labels(tmp_path):
    """Fails if a way of training has room for one weight for each row only."""
    weights = {"order": 1, "noise": {1: 4}, "first": 2}
    model = small(class_weight=weights, checkpoint=tmp_path)
    one = clone(model).fit(X, FRAME)
    assert values(clone(model).fit(X, FRAME)) == values(one)  # loaded
    assert len(list(tmp_path.iterdir())) == 1
    clone(model).set_params(class_weight="balanced").fit(X, FRAME)
    assert len(list(tmp_path.iterdir())) == 2
    more = small(class_weight=weights).partial_fit(X[:50], FRAME[:50])
    assert more.partial_fit(X[50:], FRAME[50:]).n_iter_ == 2
    chunks = [(X[:50], FRAME[:50]), (X[50:], FRAME[50:], np.ones(70))]
    assert small(class_weight=weights).fit_chunks(chunks, X_val=X, y_val=FRAME).n_iter_ == 1
    extra = small(class_weight=weights, warm_start=True, extra_losses=AdversarialLoss(epsilon=1.0))
    assert extra.fit(X, FRAME).fit(X, FRAME).n_iter_ == 2
    with pytest.raises(ValueError, match="'balanced' is not supported in partial_fit.*label"):
        small(class_weight="balanced").partial_fit(X, LABELS)


# --- Names --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_frame():
    return small(epochs=2).fit(X, FRAME)


def test_the_columns_are_the_classes(of_frame, tmp_path):
    """Fails if the labels of a frame are lost, in the estimator or in its file."""
    assert of_frame.classes_.tolist() == NAMES
    plain = small(epochs=2).fit(X, LABELS)
    assert values(of_frame) == values(plain) and plain.classes_.tolist() == [0, 1, 2]
    assert of_frame.predict(X).dtype == np.int64 and of_frame.predict(X).shape == (120, 3)
    assert of_frame.score(X, FRAME) == of_frame.score(X, LABELS)
    skrnn.save(of_frame, tmp_path / "labels.skrnn")
    again = skrnn.load(tmp_path / "labels.skrnn")
    assert again.classes_.tolist() == NAMES and again.classes_.dtype == of_frame.classes_.dtype
    np.testing.assert_array_equal(again.predict(X), of_frame.predict(X))


def test_what_is_explained_has_its_name(of_frame):
    """Fails if a label of a frame can be asked for by its number only."""
    (found,) = skrnn.explain(of_frame, X[:1], target="first")
    assert found.target == "first"
    with pytest.raises(ValueError, match="last"):
        skrnn.explain(of_frame, X[:1], target="last")


@pytest.mark.parametrize(
    "frame", [pd.DataFrame, pytest.param(pl.DataFrame, marks=pytest.mark.slow)]
)
@pytest.mark.slow
def test_other_columns_later(of_frame, frame):
    """Fails if columns in another order are learned as if they were in the first one."""
    other = frame({name: LABELS[:, NAMES.index(name)] for name in sorted(NAMES)})
    right = frame({name: LABELS[:, k] for k, name in enumerate(NAMES)})
    model = clone(of_frame)
    with pytest.raises(ValueError, match="In X_val, y_val: The columns of y are .*in this order"):
        model.fit(X, FRAME, X_val=X, y_val=other)
    with pytest.raises(ValueError, match="In chunk 1: The columns of y are"):
        model.fit_chunks([(X, FRAME), (X, other)])
    model.partial_fit(X, right, classes=NAMES)
    before = values(model)
    with pytest.raises(ValueError, match="The columns of y are .*in this order"):
        model.partial_fit(X, other)
    with pytest.raises(ValueError, match="differs from the classes of the first call"):
        model.partial_fit(X, LABELS, classes=sorted(NAMES))
    assert values(model) == before
    model.partial_fit(X, LABELS, classes=NAMES).partial_fit(X, right)


# --- Thresholds ---------------------------------------------------------------------------


@pytest.mark.parametrize("y", [Y, np.arange(120) % 3, Y[:, np.newaxis].astype(int)])
@pytest.mark.parametrize("thresholds", ["auto", 0.4, [0.4, 0.6]])
@pytest.mark.filterwarnings("ignore:A column-vector y")  # the third one is
def test_thresholds_are_for_several_labels(y, thresholds):
    """Fails if they are without effect in silence."""
    with pytest.raises(ValueError, match="thresholds=.*several labels.*TunedThresholdClassifierCV"):
        small(thresholds=thresholds).fit(X, y)


def test_bad_thresholds_raise_before_training():
    for thresholds, match in (([0.5, 0.5], "3 labels"), ("best", "'thresholds'"), (2, "'thresh")):
        model = small(thresholds=thresholds)
        with pytest.raises(ValueError, match=match):
            model.fit(X, LABELS)
        assert not hasattr(model, "network_")


@pytest.mark.slow
def test_given_thresholds(of_frame, tmp_path):
    """Fails if `predict` does not use them, or a file, a clone or a pickle loses them."""
    given = np.quantile(of_frame.predict_proba(X), [0.3, 0.5, 0.9], axis=0).diagonal().copy()
    model = clone(of_frame).set_params(thresholds=given).fit(X, FRAME)
    assert values(model) == values(of_frame)
    expected = model.predict_proba(X) > given
    np.testing.assert_array_equal(model.predict(X), expected)
    assert 0.5 < expected[:, 0].mean() < 0.9 and 0 < expected[:, 2].mean() < 0.3
    skrnn.save(model, tmp_path / "given.skrnn")
    again = skrnn.load(tmp_path / "given.skrnn")
    assert again.thresholds_.tolist() == again.thresholds.tolist() == given.tolist()
    np.testing.assert_array_equal(again.predict(X), expected)
    assert of_frame.thresholds_.tolist() == [0.5] * 3
    # A second fit of one class for each row has none of the first.
    assert model.set_params(thresholds=None).fit(X, Y).thresholds_ is None


def held_out(model, **of_fit):
    """Fit, and return what the thresholds were learned from."""
    seen = []
    head, learn = LabelsHead, LabelsHead.with_decision

    def note(self, raw, targets):
        seen.append((self.probabilities(raw), targets > 0))
        return learn(self, raw, targets)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head, "with_decision", note)
        model.fit(X, FRAME, **of_fit)
    return seen


AUTO = {"thresholds": "auto", "validation_fraction": 0.3}


@pytest.mark.parametrize(
    ("parameters", "of_fit", "n_rows"),
    [
        ({}, {}, 36),
        pytest.param({"early_stopping": True}, {}, 36, marks=pytest.mark.slow),
        ({}, {"X_val": X[:40], "y_val": FRAME[:40]}, 40),
        pytest.param({"ngram_range": (1, 1)}, {}, 36, marks=pytest.mark.slow),
        pytest.param({"class_weight": "balanced"}, {}, 36, marks=pytest.mark.slow),
        ({}, {"sample_weight": np.arange(120) % 2}, 18),
    ],
    ids=["held out", "early stopping", "X_val", "n-grams", "balanced", "weights"],
)
def test_auto_learns_from_held_out_rows(parameters, of_fit, n_rows):
    """Fails if rows that the network or the n-grams were fitted on decide."""
    model = small(**AUTO, **parameters, epochs=2)
    ((probabilities, y),) = held_out(model, **of_fit)
    assert len(y) == n_rows
    assert model.thresholds_.tolist() == best_thresholds(y, probabilities).tolist()
    assert model.thresholds_.tolist() != [0.5] * 3
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X) > model.thresholds_)
    # The rows that the network was not trained on are among all rows.
    mine = model.predict_proba(X)
    is_one = [(np.abs(mine - one).max(axis=1) < 1e-6).any() for one in probabilities]
    assert all(is_one)
    assert ("val_loss" in model.history_) == bool(
        parameters.get("early_stopping") or "X_val" in of_fit
    )


@pytest.mark.slow
def test_auto_trains_without_the_held_out_rows():
    """Fails if held-out rows are trained on: then it would be the network of all rows."""
    plain = small().fit(X, LABELS)
    auto = small(**AUTO).fit(X, LABELS)
    stopped = small(validation_fraction=0.3, early_stopping=True).fit(X, LABELS)
    assert values(auto) != values(plain) and values(auto) == values(stopped)


def test_auto_with_too_few_rows():
    """Fails if thresholds are learned from training rows instead, or 0.5 is kept in silence."""
    with pytest.warns(UserWarning, match="thresholds='auto' of RNNClassifier has no effect.*0.5"):
        model = small(thresholds="auto").fit(X[:30], LABELS[:30])
    assert model.thresholds_.tolist() == [0.5] * 3
    assert values(model) == values(small().fit(X[:30], LABELS[:30]))


def test_auto_where_rows_come_in_parts():
    """Fails if parts that were trained on decide."""
    with pytest.raises(ValueError, match="thresholds='auto' is not supported in partial_fit"):
        small(**AUTO).partial_fit(X, LABELS)
    chunks = [(X[:60], LABELS[:60]), (X[60:], LABELS[60:])]
    with pytest.raises(ValueError, match="thresholds='auto' of .* needs X_val and y_val in fit_ch"):
        small(**AUTO).fit_chunks(chunks)
    model = small(**AUTO).fit_chunks(chunks, X_val=X, y_val=LABELS)
    expected = best_thresholds(LABELS > 0, model.predict_proba(X))
    assert model.thresholds_.tolist() == expected.tolist()


def test_auto_in_files_and_checkpoints(tmp_path):
    """Fails if a file, a resumed fit or an epoch of a search has other thresholds than its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = small(**AUTO, epochs=2, checkpoint=tmp_path / "c").fit(X, FRAME)
        again = clone(model).fit(X, FRAME)
    assert values(again) == values(model)
    assert again.thresholds_.tolist() == model.thresholds_.tolist() != [0.5] * 3
    *_, last = sorted((tmp_path / "c").rglob("*.skrnn"))
    assert skrnn.load(last).thresholds_.tolist() == model.thresholds_.tolist()
    skrnn.save(model, tmp_path / "model.skrnn")
    loaded = skrnn.load(tmp_path / "model.skrnn")
    assert loaded.thresholds == "auto"
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.slow
def test_auto_in_a_search():
    """Fails if an epoch that is scored on the way has the thresholds of another one."""
    search = EpochSearchCV(
        small(**AUTO), {"epochs": [1, 2]}, cv=2, scoring="f1_macro", refit=False
    ).fit(X, LABELS)
    for k, epochs in enumerate((1, 2)):
        for fold, rows in enumerate((slice(60, 120), slice(0, 60))):
            one = small(**AUTO, epochs=epochs).fit(X[rows], LABELS[rows])
            rest = np.setdiff1d(np.arange(120), np.arange(120)[rows])
            score = f1_score(LABELS[rest], one.predict(X[rest]), average="macro", zero_division=0)
            assert search.cv_results_[f"split{fold}_test_score"][k] == pytest.approx(score)


@pytest.mark.slow
def test_auto_finds_rare_labels():
    """Fails if labels that are never more probable than not stay unpredicted."""
    ids, y = many_labels(400, n_labels=4)
    y[:, 3] = np.random.default_rng(0).random(400) < 0.2  # noise
    plain = small(units=4, epochs=2, learning_rate=0.01).fit(ids, y)
    auto = clone(plain).set_params(**AUTO).fit(ids, y)
    more_ids, more_y = many_labels(300, n_labels=4, seed=1)
    more_y[:, 3] = np.random.default_rng(1).random(300) < 0.2
    scores = [
        f1_score(more_y, one.predict(more_ids), average="macro", zero_division=0)
        for one in (plain, auto)
    ]
    assert scores[1] > scores[0] + 0.1


def test_one_hot_still_trains():
    """Fails if a warning about a one-hot y is not shown where it is passed, or ends the fit."""
    one_hot = np.eye(3)[np.arange(120) % 3]
    with pytest.warns(UserWarning, match="argmax") as caught:
        model = small().fit(X, one_hot)
    assert model.classes_.tolist() == [0, 1, 2] and model.predict(X).shape == (120, 3)
    with pytest.warns(UserWarning, match="argmax") as in_parts:
        model = small().partial_fit(X, one_hot)
    assert {one.filename for one in [*caught, *in_parts]} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(X, one_hot)
        small().fit(X, LABELS, X_val=X, y_val=one_hot)


def test_a_document_of_labels_is_json():
    """Fails if names or thresholds are written in a form that only this process reads."""
    model = small(**AUTO).fit(X, FRAME)
    state = json.loads(json.dumps(model.head_.encode_state()))
    assert state["names"] == NAMES and state["thresholds"] == model.thresholds_.tolist()
