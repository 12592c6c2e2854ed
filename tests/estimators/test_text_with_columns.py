"""Texts and columns of numbers in one network: every way in, and columns that are not those of fit.

Each test's docstring says what a wrong implementation would fail on.
"""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from bare import ESTIMATOR
from scipy import sparse
from siblings import RNNRegressorForTest, RNNTaggerForTest, TagsHead, ValuesHead
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

import skrnn
from skrnn import (
    AdversarialLoss,
    EntropyLoss,
    EpochSearchCV,
    HashingTextToSequence,
    RNNClassifier,
    TextToSequence,
    TextWithColumns,
    VirtualAdversarialLoss,
)
from skrnn.fileformat import container
from skrnn.heads.registry import HEADS
from skrnn.network.description import JOIN_UNITS

rng = np.random.default_rng(0)
N = 120
# The class is that of the word, turned round where the number is high: neither alone says anything.
WORDS, HIGH = rng.integers(0, 2, N), rng.integers(0, 2, N)
LABELS = WORDS ^ HIGH
FILLERS = [" ".join(rng.choice(["the", "film", "was", "so"], n)) for n in rng.integers(0, 5, N)]
FRAME = pd.DataFrame(
    {
        "review": [f"{f} {['bad', 'good'][w]}" for f, w in zip(FILLERS, WORDS, strict=True)],
        # As of a clock: in float32, all of these are one number.
        "time": 1.7e9 + 10 * HIGH + rng.normal(size=N),
        "length": rng.normal(size=N),
    }
)
TEXT = TextWithColumns(TextToSequence(), text="review", columns=["time", "length"])
X = TEXT.fit_transform(FRAME)


def small(cls=RNNClassifier, **changes):
    settings = {"cell": "rnn", "units": 4, "embedding_dim": 4, "batch_size": 16, "epochs": 1}
    given = {**ESTIMATOR, "random_state": 0, **settings, **changes}
    if cls is not RNNClassifier:
        for name in ("ngram_range", "n_kernels"):
            given.pop(name, None)
    return cls(**given)


@pytest.fixture(scope="module")
def pipe():
    return make_pipeline(clone_of_text(), small(ngram_range=(1, 2))).fit(FRAME, LABELS)


def clone_of_text():
    return TextWithColumns(TextToSequence(), text="review", columns=["time", "length"])


@pytest.mark.slow
def test_what_only_both_tell():
    """Fails if the network does not read the columns, or only adds something of theirs."""
    settings = {"cell": "gru", "epochs": 40, "learning_rate": 0.02}
    both = make_pipeline(clone_of_text(), small(**settings)).fit(FRAME[:90], LABELS[:90])
    assert both.score(FRAME[90:], LABELS[90:]) > 0.95
    # The bound of what either alone can tell; on 30 rows a guess may be right in 0.8.
    text = small(**settings).fit(X[:90].without_columns(), LABELS[:90])
    numbers = LogisticRegression().fit(X[:90].column_values - 1.7e9, LABELS[:90])
    assert text.score(X[90:].without_columns(), LABELS[90:]) < 0.8
    assert numbers.score(X[90:].column_values - 1.7e9, LABELS[90:]) < 0.8


def test_the_network_of_a_fit(pipe):
    """Fails if columns and n-grams take each other's place, or scales come from other rows."""
    network = pipe[-1].network_.description
    assert [(one.name, one.per) for one in network.side_inputs] == [
        ("columns", "state"),
        ("ngram_scores", "row"),
        ("ngram_evidence", "step"),
    ]
    assert network.head_width == 4 + 2 + JOIN_UNITS
    scaler = pipe[-1].columns_
    assert scaler.names == ("time", "length")
    np.testing.assert_allclose(scaler.mean, X.column_values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(scaler.scale, X.column_values.std(axis=0), rtol=1e-9)
    plain = small().fit(X.without_columns(), LABELS)
    assert plain.columns_ is None and not plain.network_.description.side_inputs


def test_predictions_of_keras_and_of_single_rows(pipe, monkeypatch):
    """Fails if TensorFlow reads the columns otherwise, or a row's answer depends on the others."""
    pytest.importorskip("numba")
    monkeypatch.setenv("SKRNN_ENGINE", "numba")
    found = pipe.predict_proba(FRAME)
    assert len(np.unique(found[:, 0])) > N // 2
    alone = np.concatenate([pipe.predict_proba(FRAME[i : i + 1]) for i in range(5)])
    assert alone.tobytes() == found[:5].tobytes()
    assert pipe.predict_proba(FRAME[::-1]).tobytes() == found[::-1].tobytes()
    monkeypatch.setenv("SKRNN_PREDICT", "tensorflow")
    np.testing.assert_allclose(pipe.predict_proba(FRAME), found, atol=1e-5)
    other = FRAME.assign(length=FRAME["length"] + 1)
    assert np.abs(pipe.predict_proba(other) - found).max() > 1e-4


def saved(estimator, path):
    skrnn.save(estimator, path)
    return skrnn.load(path)


COPIES = {
    "pickle": lambda pipe, path: pickle.loads(pickle.dumps(pipe)),
    "joblib": lambda pipe, path: joblib.load(joblib.dump(pipe, path / "pipe")[0]),
    "save": lambda pipe, path: saved(pipe, path / "pipe.skrnn"),
    "network alone": lambda pipe, path: make_pipeline(pipe[0], saved(pipe[-1], path / "n.skrnn")),
    "deepcopy": lambda pipe, path: copy.deepcopy(pipe),
}


@pytest.mark.parametrize("kind", COPIES)
def test_files_and_copies(kind, pipe, tmp_path):
    """Fails if what is stored predicts otherwise, or takes other columns."""
    found = COPIES[kind](pipe, tmp_path)
    assert found.predict_proba(FRAME).tobytes() == pipe.predict_proba(FRAME).tobytes()
    assert found[0].get_params()["columns"] == ["time", "length"]
    with pytest.raises(ValueError, match="'time'"):
        found.predict(FRAME.drop(columns="time"))
    assert found[0].fit_transform(FRAME).column_names == ("time", "length")


def columns_of(document):
    text, network = (step["estimator"] for step in document["model"]["steps"])
    return text, network["state"]


MEAN, SCALE = "model/steps/1/columns/mean", "model/steps/1/columns/scale"
# Changes of the first step, of the second step's state, or of the arrays.
ATTACKS = {
    "no names": (lambda text, state, arrays: state.pop("columns"), "same columns"),
    "no columns": (lambda text, state, arrays: state["network"].update(side_inputs=[]), "columns"),
    "fewer names": (lambda text, state, arrays: state["columns"].update(names=["time"]), "1 names"),
    "other names": (
        lambda text, state, arrays: state["columns"].update(names=["time", "width"]),
        r"returns the columns \('time', 'length'\)",
    ),
    "one name twice": (
        lambda text, state, arrays: state["columns"].update(names=["time", "time"]),
        "same string twice",
    ),
    "wide": (
        lambda text, state, arrays: state["network"]["side_inputs"][0].update(width=10**12),
        "2 names for 1000000000000 columns",
    ),
    "no mean": (lambda text, state, arrays: arrays.pop(MEAN), "'mean' is missing"),
    "zero scale": (lambda text, state, arrays: arrays.update({SCALE: np.zeros(2)}), "above 0"),
    "nan": (lambda text, state, arrays: arrays.update({MEAN: np.full(2, np.nan)}), "finite"),
    "columns": (lambda text, state, arrays: text.update(columns=[["time"]]), "a list of them"),
    "more columns": (lambda text, state, arrays: text.update(columns=["a", "b", "c"]), "2 names"),
    "text": (lambda text, state, arrays: text.update(text={}), "a name or a position"),
    "names in": (lambda text, state, arrays: text.update(names_in=["a"]), "1 names for 3"),
    "tokenizer": (
        lambda text, state, arrays: text.update(to_sequence={"class": "os.system"}),
        "is unknown",
    ),
    "more": (lambda text, state, arrays: text.update(code="x"), "unknown key 'code'"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_files(attack, pipe, tmp_path):
    """Fails if a file loads whose columns do not fit, or another exception refuses it."""
    change, told = ATTACKS[attack]
    path = tmp_path / "pipe.skrnn"
    skrnn.save(pipe, path)
    document, arrays = container.read(path)
    change(*columns_of(document), arrays)
    container.write(path, document, arrays)
    with pytest.raises(skrnn.InvalidFileError, match=told):
        skrnn.load(path)


def test_hashed_words(pipe, tmp_path):
    """Fails if columns need a vocabulary: in files, explanations or predictions."""
    text = TextWithColumns(
        HashingTextToSequence(n_features=50), text="review", columns=["time", "length"]
    )
    hashed = make_pipeline(text, small()).fit(FRAME[:40], LABELS[:40])
    found = saved(hashed, tmp_path / "hashed.skrnn")
    assert found.predict_proba(FRAME).tobytes() == hashed.predict_proba(FRAME).tobytes()
    assert list(skrnn.explain(hashed, FRAME[:1], method="occlusion")[0].columns) == [
        "time",
        "length",
    ]


def test_a_transformer_cannot_be_saved(pipe, tmp_path):
    """Fails if a file is written that lacks how the columns are made."""
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import StandardScaler

    columns = make_column_transformer((StandardScaler(), ["time", "length"]))
    text = TextWithColumns(TextToSequence(), text="review", columns=columns).fit(FRAME)
    with pytest.raises(TypeError, match="ColumnTransformer as columns.*joblib"):
        skrnn.save(make_pipeline(text, pipe[-1]), tmp_path / "pipe.skrnn")
    assert not list(tmp_path.iterdir())


BARE = X.without_columns()
ONE = BARE.with_columns(X.column_values[:, :1], ["time"])
OTHERS = {
    "none": (BARE, "has no columns beside its texts.*'time', 'length'"),
    "fewer": (
        BARE.with_columns(X.column_values[:, :1], ["time"]),
        "columns 'time' ",
    ),
    "more": (
        BARE.with_columns(X.column_values[:, [0, 1, 1]], ["time", "length", "x"]),
        "'time', 'length', 'x'",
    ),
    "order": (
        BARE.with_columns(X.column_values[:, ::-1], ["length", "time"]),
        "'length', 'time' beside.*same order",
    ),
    "names": (
        BARE.with_columns(X.column_values, ["time", "width"]),
        "'time', 'width' beside",
    ),
    "lost": (sparse.vstack([X[:60], X[60:]]), "lost its columns"),
    "dense": (X.toarray(), "lost its columns"),
    "far": (BARE.with_columns(X.column_values * 1e12, X.column_names), "its unit"),
}
WAYS_IN = {
    "predict": lambda clf, X: clf.predict(X),
    "predict_proba": lambda clf, X: clf.predict_proba(X),
    "decision_function": lambda clf, X: clf.decision_function(X),
    "score": lambda clf, X: clf.score(X, LABELS),
    "explain": lambda clf, X: skrnn.explain(clf, X, method="occlusion"),
    "trace": lambda clf, X: skrnn.trace(clf, X),
    "partial_fit": lambda clf, X: clf.partial_fit(X, LABELS),
    "warm start": lambda clf, X: clf.set_params(warm_start=True).fit(X, LABELS),
    "validation": lambda clf, rows: clf.fit(X, LABELS, X_val=rows, y_val=LABELS),
    "unlabelled": lambda clf, rows: clf.fit(X, LABELS, X_unlabeled=rows),
    "second chunk": lambda clf, rows: clf.fit_chunks([(X, LABELS), (rows, LABELS)]),
}


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        # Only this way trains before it sees the rows.
        pytest.param(kind, way, marks=[pytest.mark.slow] * (way == "second chunk"))
        for kind in OTHERS
        for way in WAYS_IN
    ],
)
def test_other_columns_are_refused(kind, way, pipe):
    """Fails if a way in reads rows without the columns of fit, or others in their place."""
    rows, message = OTHERS[kind]
    network = copy.copy(pipe[-1])
    before = network.network_
    with pytest.raises(ValueError, match=message):
        WAYS_IN[way](network, rows)
    assert network.network_ is before and network.columns_ is pipe[-1].columns_


def test_columns_for_a_network_without():
    """Fails if columns that no one asked for are dropped in silence."""
    plain = small().fit(X.without_columns(), LABELS)
    with pytest.raises(ValueError, match="fitted without columns.*without_columns"):
        plain.predict(X)


@pytest.mark.slow
def test_every_way_of_training(tmp_path):
    """Fails if a way of training loses the columns or mixes up rows."""
    options = {
        "early_stopping": True, "pretraining_epochs": 1, "embeddings": "corpus",
        "extra_losses": [
            ("a", AdversarialLoss(1.0)), ("v", VirtualAdversarialLoss(1.0)), ("e", EntropyLoss(0.1))
        ],
        "ngram_range": (1, 1), "checkpoint": tmp_path / "c", "epochs": 2,
    }  # fmt: skip
    whole = small(**options).fit(X, LABELS, X_unlabeled=X[:50])
    again = small(**options).fit(X, LABELS, X_unlabeled=X[:50])  # from the checkpoint
    assert again.predict_proba(X).tobytes() == whole.predict_proba(X).tobytes()
    (folder,) = (one for one in (tmp_path / "c").iterdir() if one.is_dir())
    others = X.without_columns().with_columns(X.column_values * 2, X.column_names)
    other = small(**options).fit(others, LABELS, X_unlabeled=X[:50])
    assert len([one for one in (tmp_path / "c").iterdir() if one.is_dir()]) == 2, folder
    assert other.columns_.mean[0] == pytest.approx(2 * whole.columns_.mean[0])


def test_going_on_keeps_the_scale():
    """Fails if each part of the rows is measured by another scale."""
    one = small(warm_start=True).fit(X[:60], LABELS[:60])
    scaler = one.columns_
    one.fit(X[60:], LABELS[60:])
    one.partial_fit(X[60:], LABELS[60:])
    assert one.columns_ is scaler and one.n_iter_ == 3
    chunks = small(epochs=2).fit_chunks([(X[:60], LABELS[:60]), (X[60:], LABELS[60:])])
    np.testing.assert_array_equal(chunks.columns_.mean, scaler.mean)
    parts = small().partial_fit(X[:60], LABELS[:60], classes=[0, 1])
    np.testing.assert_array_equal(parts.columns_.mean, scaler.mean)
    plain = small(warm_start=True).fit(X.without_columns(), LABELS)
    with pytest.raises(ValueError, match="fitted without columns"):
        plain.fit(X, LABELS)


def test_rows_without_weight_do_not_count():
    """Fails if a row that is left out by its weight moves the scale."""
    weights = np.ones(N)
    weights[::3] = 0
    weighted = small().fit(X, LABELS, sample_weight=weights)
    left = small().fit(X[weights > 0], LABELS[weights > 0])
    assert weighted.predict_proba(X).tobytes() == left.predict_proba(X).tobytes()


@pytest.mark.slow
def test_scikit_learns_tools():
    """Fails if folds, searches or wrappers lose the columns, or their parameters are not found."""
    pipe = make_pipeline(clone_of_text(), small())
    folds = StratifiedKFold(2)
    on_frames = cross_validate(pipe, FRAME, LABELS, cv=folds, error_score="raise")
    on_ids = cross_validate(small(), X, LABELS, cv=folds, error_score="raise")
    assert len(on_frames["test_score"]) == len(on_ids["test_score"]) == 2
    grid = {"textwithcolumns__to_sequence__max_features": [3, 100]}
    search = GridSearchCV(pipe, grid, cv=folds, error_score="raise").fit(FRAME, LABELS)
    assert search.predict(FRAME).shape == (N,)
    grid = {"rnnclassifier__epochs": [1, 2]}
    expected = GridSearchCV(pipe, grid, cv=folds, error_score="raise").fit(FRAME, LABELS)
    staged = EpochSearchCV(pipe, grid, cv=folds, error_score="raise").fit(FRAME, LABELS)
    name = "mean_test_score"
    np.testing.assert_array_equal(staged.cv_results_[name], expected.cv_results_[name])
    bag = BaggingClassifier(small(), n_estimators=2, random_state=0).fit(X, LABELS)
    assert all(one.columns_.names == ("time", "length") for one in bag.estimators_)
    with_gaps = np.where(np.arange(N) % 4, LABELS, -1)
    trained = SelfTrainingClassifier(small(), max_iter=1).fit(X, with_gaps)
    assert trained.estimator_.columns_.names == ("time", "length")


def test_validation_rows_in_a_pipeline():
    """Fails if X_val, which the pipeline transforms, comes without columns."""
    with sklearn.config_context(enable_metadata_routing=True, transform_output="pandas"):
        network = small(early_stopping=True).set_fit_request(X_val=True, y_val=True)
        pipe = make_pipeline(clone_of_text(), network, transform_input=["X_val"])
        pipe.fit(FRAME[:80], LABELS[:80], X_val=FRAME[80:], y_val=LABELS[80:])
        assert len(pipe[-1].history_["val_loss"]) == 1
        assert pipe.predict(FRAME).shape == (N,)


@pytest.mark.slow
def test_other_estimators_read_columns(monkeypatch):
    """Fails if only the classifier can: a number of each row, and a tag of each step."""
    for head in (ValuesHead, TagsHead):
        monkeypatch.setitem(HEADS, head.kind, head)
    y = FRAME["length"].to_numpy()
    numbers = small(RNNRegressorForTest, cell="gru", epochs=30, learning_rate=0.02).fit(X, y)
    assert np.corrcoef(numbers.predict(X), y)[0, 1] > 0.95
    tags = [np.full(n, high) for n, high in zip(np.diff(X.indptr), HIGH, strict=True)]
    tagger = small(RNNTaggerForTest, epochs=20, learning_rate=0.02).fit(X, tags)
    found = tagger.predict(X)
    assert [len(one) for one in found] == [len(one) for one in tags]
    assert np.mean(np.concatenate(found) == np.concatenate(tags)) > 0.95


def test_explanations(pipe):
    """Fails if what columns contribute is left out, so that the sum is not the score's change."""
    for method in ("integrated_gradients", "occlusion"):
        (found,) = skrnn.explain(pipe, FRAME[:1], method=method)
        assert list(found.columns) == ["time", "length"] and "".join(found.tokens)
        (alone,) = skrnn.explain(pipe[-1], X[:1], method=method)
        assert alone.columns == found.columns and alone.values.tolist() == found.values.tolist()
        assert "Columns: " in found.to_html() and "length" in found.to_html()
        if method == "integrated_gradients":
            total = found.values.sum() + sum(found.columns.values())
            assert total == pytest.approx(found.score - found.baseline_score, abs=0.01)
            baseline = found.baseline_score
        else:
            assert found.baseline_score == pytest.approx(baseline, abs=1e-4)
            mean = FRAME[:1].assign(time=pipe[-1].columns_.mean[0])
            moved = pipe.decision_function(FRAME[:1]) - pipe.decision_function(mean)
            sign = 1 if found.target == 1 else -1
            assert found.columns["time"] == pytest.approx(sign * moved[0], abs=1e-6)
    (text_only,) = skrnn.explain(small().fit(X.without_columns(), LABELS), X[:1].without_columns())
    assert text_only.columns is None and "Columns" not in text_only.to_html()
    assert skrnn.trace(pipe, FRAME[:2])[1].hidden.shape[1] == 4
    with pytest.raises(TypeError, match="expects a frame"):
        skrnn.explain(pipe, FRAME["review"])


def test_onnx(pipe):
    """Fails if the exported model lacks the columns, scales them in float32 or takes NaN."""
    pytest.importorskip("onnx", reason="needs onnx to export")
    ort = pytest.importorskip("onnxruntime", reason="needs onnxruntime to run what is exported")
    from skrnn.onnx import pad_words

    text, network = pipe[0].to_sequence_, pipe[-1]
    words = pad_words(map(text.build_analyzer(), FRAME["review"]))
    ids = X.without_columns().toarray()
    for estimator, fed in ((pipe, {"words": words}), (network, {"tokens": ids})):
        options = ort.SessionOptions()
        options.log_severity_level = 4
        model = skrnn.to_onnx(estimator).SerializeToString()
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        fed |= {"columns": X.column_values}
        assert [one.name for one in session.get_inputs()] == list(fed)
        (probabilities,) = session.run(["probabilities"], fed)
        np.testing.assert_allclose(probabilities, pipe.predict_proba(FRAME), atol=1e-5)
        for bad in (np.nan, np.inf, 1e30):
            values = X.column_values.copy()
            values[3, 1] = bad
            with pytest.raises(Exception, match="no missing, infinite or far number"):
                session.run(["label"], fed | {"columns": values})
