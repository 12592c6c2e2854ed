"""skrnn.save and skrnn.load: what comes back, and what is refused before it is written.

Each test's docstring says what a wrong implementation would fail on.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from bare import ESTIMATOR
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_nbsvm, make_reviews, make_tfidf_logistic
from skrnn.backend.tensorflow import keras
from skrnn.baselines import LogCountRatio, NBSVMClassifier
from skrnn.exceptions import InvalidFileError
from skrnn.fileformat import container
from skrnn.network.fitted import FittedNetwork
from skrnn.persistence import load, registry, save
from tests.repeats import some

ROOT = Path(__file__).parent.parent.parent
FORMAT_1 = ROOT / "tests" / "data" / "format_1"
REVIEWS, LABELS = make_reviews(60, random_state=0)
IDS = [[2 + (7 * i + 3 * t) % 9 for t in range(3 + i % 5)] for i in range(40)]
Y = [i % 2 for i in range(40)]
rng = np.random.default_rng(0)
SERIES = rng.normal(size=(40, 5, 2))


def small(**parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 3, "embedding_dim": 3, "epochs": 1}
    return RNNClassifier(**{**settings, "random_state": 0, **parameters})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skrnn"


def loaded(estimator, path, **kwargs):
    save(estimator, path)
    return load(path, **kwargs)


def pickled(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


def assert_equal_parameters(found, wanted):
    """Compare by value and type, and Keras's objects by what they are made of."""
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        if isinstance(value, keras.optimizers.Optimizer) or hasattr(value, "get_config"):
            assert type(found[name]) is type(value), name
            assert found[name].get_config() == value.get_config(), name
            continue
        assert type(found[name]) is type(value), name
        assert repr(found[name]) == repr(value), name


MULTILABEL = np.array([[2 in ids, 5 in ids, 7 in ids] for ids in IDS]).astype(int)
THREE = np.array(["böse", "gut", "naja"])[np.arange(40) % 3]
OBJECTS = np.array(["a", "longer"], dtype=object)[Y]
CASES = {
    "tokens": (small(), IDS, Y),
    "lstm": (small(cell="lstm", bidirectional=True), IDS, Y),
    "n-grams": (small(ngram_range=(1, 2)), IDS, THREE),
    "n-grams of two": (small(ngram_range=(2, 3)), IDS, Y),
    "many classes": (small(ngram_range=(1, 2)), IDS, np.arange(40) % 20),
    "corpus": (small(embeddings="corpus"), IDS, Y),
    "vectors": (small(embeddings=None, trainable_embeddings=False), IDS, Y),
    "stack": (small(cell="gru", units=(3, 2), pooling="attention"), IDS, THREE),
    "list of units": (small(units=[2, 2], pooling="last"), IDS, Y),
    "dropouts": (small(word_dropout=0.1, embedding_dropout=0.2, dropout=0.3), IDS, Y),
    "recurrent dropout": (small(recurrent_dropout=0.2), IDS, Y),
    "multilabel": (small(pooling="mean"), IDS, MULTILABEL),
    "multilabel n-grams": (small(ngram_range=(1, 1)), IDS, MULTILABEL),
    "channels": (small(pooling="attention"), SERIES, Y),
    "table": (small(), SERIES[:, :, 0], Y),
    "bool labels": (small(), IDS, np.array(Y) > 0),
    "float labels": (small(), IDS, np.array([-1, 2], "float32")[Y]),
    "byte labels": (small(), IDS, np.array(Y, "uint8")),
    "object labels": (small(), IDS, OBJECTS),
    "early stopping": (small(early_stopping=True, validation_fraction=0.4, epochs=3), IDS, Y),
    "class weights": (small(class_weight={"a": 1.5, "longer": 2}), IDS, OBJECTS),
    "NumPy's numbers": (small(class_weight={np.int64(0): np.float32(2), 1: 1}), IDS, Y),
    "pretraining": (small(pretraining_epochs=1), IDS, Y),
    "schedule": (small(learning_rate=keras.optimizers.schedules.CosineDecay(0.01, 10)), IDS, Y),
    "boundaries": (
        small(
            learning_rate=keras.optimizers.schedules.PiecewiseConstantDecay([2, 3], [0.1, 0.2, 0.3])
        ),
        IDS,
        Y,
    ),
    "optimizer": (small(optimizer=keras.optimizers.RMSprop(0.02), warm_start=True), IDS, Y),
    "scheduled": (
        small(
            optimizer=keras.optimizers.SGD(
                keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9), momentum=0.5
            ),
            warm_start=True,
        ),
        IDS,
        Y,
    ),
    "warm start": (small(warm_start=True, optimizer="AdamW", global_clipnorm=None), IDS, Y),
    "frozen": (small(warm_start=True, trainable_embeddings=False), IDS, Y),
    "factored": (small(warm_start=True, optimizer="adafactor"), IDS, Y),
}


# One of each kind of network, target and optimizer; the others take as long again.
BY_DEFAULT = {
    "lstm", "multilabel n-grams", "channels", "scheduled",
}  # fmt: skip


@pytest.mark.parametrize(
    "case",
    [one if one in BY_DEFAULT else pytest.param(one, marks=pytest.mark.slow) for one in CASES],
)
def test_round_trip_of_the_classifier(case, path):
    """Fails if anything is lost that predicts, is a parameter, or is told of the fit."""
    estimator, X, y = CASES[case]
    estimator = clone(estimator).fit(X, y)
    wanted = estimator.predict_proba(X)
    found = loaded(estimator, path)
    first = path.read_bytes()
    save(found, path)  # before it has a network
    assert path.read_bytes() == first
    assert found.predict_proba(X).tobytes() == wanted.tobytes()
    assert found.predict(X).tolist() == estimator.predict(X).tolist()
    assert found.predict(X).dtype == estimator.predict(X).dtype
    save(found, path)
    assert path.read_bytes() == first
    parameters = estimator.get_params()
    if case == "NumPy's numbers":
        parameters["class_weight"] = {0: 2.0, 1: 1}
    assert_equal_parameters(found.get_params(), parameters)
    kept = vars(pickled(estimator))
    assert vars(found).keys() == kept.keys()
    for wanted, got in zip(kept["network_"].values, found.network_.values, strict=True):
        assert got.dtype == wanted.dtype and got.tobytes() == wanted.tobytes()
    assert found.network_.description == kept["network_"].description
    assert found.network_.seed == kept["network_"].seed
    assert found._settings.learning_rate_decay == kept["_settings"].learning_rate_decay
    for name in ("history_", "pretraining_history_", "n_iter_", "best_epoch_", "n_features_in_"):
        assert repr(getattr(found, name)) == repr(getattr(estimator, name)), name


GOING_ON = ["tokens", "n-grams", "dropouts", "multilabel", "channels", "optimizer", "scheduled"]
GOING_ON += ["warm start", "frozen", "factored", "schedule"]


@pytest.mark.slow
@pytest.mark.parametrize("case", GOING_ON)
def test_training_goes_on_as_after_a_pickle(case, path):
    """Fails if a generator's state, the optimizer's, the epoch or the seed is lost."""
    estimator, X, y = CASES[case]
    estimator = clone(estimator).fit(X, y)
    other, found = pickled(estimator), loaded(estimator, path)
    for one in (other, found):
        one.partial_fit(X, y)
    assert found.predict_proba(X).tobytes() == other.predict_proba(X).tobytes()
    assert found.history_ == other.history_
    found.fit(X, y)
    assert found.predict_proba(X).tobytes() == other.fit(X, y).predict_proba(X).tobytes()
    assert found.n_iter_ == other.n_iter_ == (3 if estimator.warm_start else 1)


@pytest.mark.slow
def test_optimizer_stays_one_object(path):
    """Fails if the loaded optimizer is two, so that going on starts with an empty state."""
    estimator, X, y = CASES["optimizer"]
    estimator = clone(estimator).fit(X, y)
    found = loaded(estimator, path)
    assert found._settings.optimizer is found.optimizer
    found.fit(X, y)
    assert found.predict_proba(X).tobytes() == estimator.fit(X, y).predict_proba(X).tobytes()


def test_parameters_set_after_fit(path):
    """Fails if what trained and what is asked for next are taken for one."""
    estimator = small(warm_start=True).fit(IDS, Y)
    estimator.set_params(optimizer="sgd", learning_rate=0.5)
    other, found = pickled(estimator), loaded(estimator, path)
    assert (found.optimizer, found._settings.optimizer) == ("sgd", "adam")
    assert (
        found.fit(IDS, Y).predict_proba(IDS).tobytes()
        == other.fit(IDS, Y).predict_proba(IDS).tobytes()
    )


def test_optimizer_state_only_where_wanted(path):
    """Fails if a file carries the optimizer's slots, twice the weights, for nothing."""
    estimator = small(warm_start=True).fit(IDS, Y)
    assert "_optimizer_state" in vars(loaded(estimator, path))
    estimator.set_params(warm_start=False)
    assert "_optimizer_state" not in vars(loaded(estimator, path))


PIPELINES = {
    "default": make_pipeline(TextToSequence(), small(ngram_range=(1, 3))),
    "nested": Pipeline(
        [("all", Pipeline([("ids", TextToSequence(max_features=30)), ("net", small())]))]
    ),
    "passthrough": Pipeline(
        [("none", "passthrough"), ("ids", TextToSequence(analyzer="char")), ("net", small())],
        verbose=False,
    ),
    "dense": make_pipeline(
        TextToSequence(max_length=9, truncate="both", sparse_output=False, strip_accents="ascii"),
        small(),
    ),
    "words": make_pipeline(TextToSequence(vocabulary=["film", "good", "the"]), small()),
    "own pattern": make_pipeline(TextToSequence(token_pattern=r"[a-z]{2,}"), small()),
    "tf-idf": make_tfidf_logistic(),
    "no idf": make_pipeline(TfidfVectorizer(use_idf=False, min_df=2), LogisticRegression(C=3)),
    "float32": make_pipeline(
        TfidfVectorizer(dtype=np.float32, stop_words=["the"]),
        LogisticRegression(class_weight="balanced", fit_intercept=False),
    ),
    "counts": make_pipeline(
        CountVectorizer(analyzer="char_wb", ngram_range=(2, 3), max_df=0.9, max_features=200),
        LogCountRatio(),
        LogisticRegression(),
    ),
    "NB-SVM": make_nbsvm(),
    "NB-SVM of words": make_pipeline(
        CountVectorizer(vocabulary={"film": 1, "good": 0}), NBSVMClassifier(alpha=0.5)
    ),
}


@pytest.mark.parametrize("case", some(PIPELINES, "default", "tf-idf", "NB-SVM"))
def test_round_trip_of_pipelines(case, path):
    """Fails if a step loses a parameter or what it learned, or labels their dtype."""
    labels = np.array(["schlecht", "schön"])[LABELS]
    pipe = clone(PIPELINES[case]).fit(REVIEWS, labels)
    patterns = [r"[a-z]{2,}"] if case == "own pattern" else []
    found = loaded(pipe, path, token_patterns=patterns)
    assert found.predict_proba(REVIEWS).tobytes() == pipe.predict_proba(REVIEWS).tobytes()
    assert found.predict(REVIEWS).tobytes() == pipe.predict(REVIEWS).tobytes()
    assert [name for name, _ in found.steps] == [name for name, _ in pipe.steps]
    wanted = {k: v for k, v in pipe.get_params().items() if not hasattr(v, "fit") and k != "steps"}
    given = found.get_params()
    assert_equal_parameters(
        {k: v for k, v in given.items() if k in wanted and k != "all__steps"},
        {k: v for k, v in wanted.items() if k != "all__steps"},
    )
    first = path.read_bytes()
    save(found, path)
    assert path.read_bytes() == first


def test_single_transformers(path):
    """Fails if only whole pipelines can be kept."""
    for one in (TextToSequence(), CountVectorizer(), TfidfVectorizer()):
        one.fit(REVIEWS)
        found = loaded(one, path)
        assert (found.transform(REVIEWS) != one.transform(REVIEWS)).nnz == 0
        assert type(found) is type(one)
    counts = CountVectorizer().fit_transform(REVIEWS)
    ratio = LogCountRatio(alpha=2).fit(counts, LABELS)
    assert (loaded(ratio, path).transform(counts) != ratio.transform(counts)).nnz == 0


OTHER_PROCESS = """
import sys
import numpy as np
from skrnn.persistence import load
pipe = load("model.skrnn")
print(pipe.predict_proba(list(np.load("reviews.npy"))).tobytes().hex())
"""


@pytest.mark.reliability
def test_another_process_gives_the_same_bytes(path):
    """Fails if the file needs this process, or if loading warns or chatters."""
    pipe = clone(PIPELINES["default"]).fit(REVIEWS, LABELS)
    save(pipe, path)
    np.save(path.parent / "reviews.npy", np.array(REVIEWS))
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", OTHER_PROCESS],
        cwd=path.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert bytes.fromhex(run.stdout) == pipe.predict_proba(REVIEWS).tobytes()


NO_TENSORFLOW = """
import sys
from skrnn.exceptions import InvalidFileError
from skrnn.persistence import load
load(sys.argv[1])
try:
    load(sys.argv[2])
except InvalidFileError:
    print(sorted({"tensorflow", "keras"} & set(sys.modules)))
"""


@pytest.mark.slow
def test_baselines_and_refusals_load_no_tensorflow(path):
    """Fails if a tf-idf model, or the refusal of a damaged network, costs TensorFlow's start."""
    document, arrays = container.read(FORMAT_1 / "numeric.skrnn")
    arrays["model/variables/0"][:] = np.nan
    container.write(path, document, arrays)
    run = subprocess.run(
        [sys.executable, "-c", NO_TENSORFLOW, str(FORMAT_1 / "tfidf_logistic.skrnn"), str(path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "[]\n"


FORMATS = [FORMAT_1, FORMAT_1.with_name("format_2")]
EXPECTED = {folder.name: json.loads((folder / "expected.json").read_text()) for folder in FORMATS}


@pytest.mark.parametrize("name", EXPECTED["format_1"])
@pytest.mark.parametrize("folder", FORMATS, ids=lambda folder: folder.name)
def test_files_of_every_format_load_for_ever(folder, name):
    """Fails if this version reads an older one's file otherwise than it was meant."""
    expected = EXPECTED[folder.name][name]
    estimator = load(folder / f"{name}.skrnn")
    X = np.array(expected["X"]) if name == "numeric" else expected["X"]
    assert estimator.classes_.tolist() == expected["classes"]
    np.testing.assert_allclose(estimator.predict_proba(X), expected["predict_proba"], atol=1e-5)
    if "default" in name:
        assert repr(clone(estimator).fit(REVIEWS, LABELS)) == repr(estimator)


@pytest.mark.slow
def test_loaded_estimators_are_estimators(path):
    """Fails if what is loaded cannot be cloned, pickled or searched."""
    pipe = loaded(clone(PIPELINES["default"]).fit(REVIEWS, LABELS), path)
    wanted = pipe.predict_proba(REVIEWS)
    assert pickled(pipe).predict_proba(REVIEWS).tobytes() == wanted.tobytes()
    anew = clone(pipe).fit(REVIEWS, LABELS)
    assert anew.predict_proba(REVIEWS).tobytes() == wanted.tobytes()
    search = GridSearchCV(pipe, {"rnnclassifier__units": [2]}, cv=2).fit(REVIEWS, LABELS)
    assert search.best_estimator_[-1].units == 2


def test_output_and_requests_are_kept(path):
    """Fails if set_output or set_fit_request is forgotten."""
    to_ids = TextToSequence(sparse_output=False, max_length=5).set_output(transform="pandas")
    network = small()
    with sklearn.config_context(enable_metadata_routing=True):
        network.set_fit_request(X_val=True, y_val="y_val_2", sample_weight=False)
        pipe = Pipeline([("ids", to_ids), ("net", network)], transform_input=["X_val"])
        pipe.fit(REVIEWS, LABELS)
    found = loaded(pipe, path)
    assert list(found[0].transform(REVIEWS[:1])) == [f"texttosequence{i}" for i in range(5)]
    assert found[1]._metadata_request.fit.requests == network._metadata_request.fit.requests
    assert found.transform_input == ["X_val"]
    assert list(found[1].feature_names_in_) == list(pipe[1].feature_names_in_)


class Subclass(RNNClassifier):
    pass


def callable_tokenizer(text):
    return text.split()


def fitted(estimator, X=IDS, y=Y):
    return estimator.fit(X, y)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: fitted(Subclass(**small().get_params())), r"cannot store .*Subclass\."),
        (lambda: GridSearchCV(small(), {}), r"cannot store .*GridSearchCV\. Use joblib"),
        (lambda: "a string", r"cannot store builtins\.str\."),
        (
            lambda: TextToSequence(tokenizer=callable_tokenizer).fit(REVIEWS),
            r"tokenizer=.*function.*joblib\.dump",
        ),
        (lambda: CountVectorizer(analyzer=callable_tokenizer).fit(REVIEWS), "analyzer=.*function"),
        (lambda: TextToSequence(vocabulary={"a", "b"}).fit(REVIEWS), "vocabulary=.*set.*list"),
        (
            lambda: fitted(small(callbacks=[keras.callbacks.TerminateOnNaN()])),
            r"callbacks=.*set_params\(callbacks=None\)",
        ),
        (
            lambda: fitted(small(embeddings=rng.normal(size=(11, 3)))),
            r"embeddings=.*set_params\(embeddings=None\)",
        ),
        (lambda: fitted(small(random_state=np.random.RandomState(0))), "random_state=.*int"),
        (
            lambda: Pipeline([("a", TextToSequence())], memory=tempfile.mkdtemp()).fit(REVIEWS),
            r"memory='.*'.*set_params\(memory=None\)",
        ),
        (lambda: fitted(small(), y=np.array(["2020", "2021"], "M8[Y]")[Y]), "datetime64"),
    ],
    ids=["subclass", "search", "no estimator", "function", "analyzer", "set", "callbacks"]
    + ["array", "RandomState", "memory", "dates"],
)
def test_what_cannot_be_kept_is_refused_by_name(make, told, path):
    """Fails if something is dropped in silence, or its name or the way out is not told."""
    with pytest.raises(TypeError, match=told):
        save(make(), path)
    assert not path.exists()


class OwnOptimizer(keras.optimizers.SGD):
    pass


def test_own_classes_of_optimizers_are_refused(path):
    """Fails if a class that a file cannot name is written under its parent's name."""
    estimator = small(optimizer=OwnOptimizer(0.1)).fit(IDS, Y)
    with pytest.raises(TypeError, match=r"optimizer=.*set_params\(optimizer='adam'\)"):
        save(estimator, path)
    with pytest.raises(TypeError, match="trained with a OwnOptimizer"):
        save(estimator.set_params(optimizer="adam"), path)


def test_further_attributes_are_refused(path):
    """Fails if what the user keeps in an estimator is lost in silence."""
    pipe = make_tfidf_logistic().fit(REVIEWS, LABELS)
    pipe[0].comment = "mine"
    with pytest.raises(TypeError, match="TfidfVectorizer has the attribute 'comment'"):
        save(pipe, path)


def test_callbacks_of_scikit_learn_are_refused(path):
    """Fails if callbacks set on an estimator or a pipeline are dropped in silence."""
    for one in (small().fit(IDS, Y), make_nbsvm().fit(REVIEWS, LABELS)):
        with pytest.raises(TypeError, match=r"set_callbacks\(\) without any"):
            save(one.set_callbacks(ProgressBar()), path)
        save(one.set_callbacks(), path)


def test_snapshots_of_a_running_fit(path):
    """Fails if the copy that predicts in the midst of a fit cannot be written."""
    estimator = small(epochs=2).fit(IDS, Y)
    halfway = clone(estimator).fit(IDS, Y)
    network = estimator.network_
    halfway.network_ = FittedNetwork(network.description, network.values, network.seed)
    halfway.history_, halfway.n_iter_ = estimator.history_, estimator.n_iter_
    del halfway.best_epoch_, halfway.pretraining_history_
    found = loaded(halfway, path)
    assert found.predict_proba(IDS).tobytes() == estimator.predict_proba(IDS).tobytes()
    assert found.partial_fit(IDS, Y).n_iter_ == 3


def test_unfitted(path):
    """Fails if an estimator is written that cannot predict."""
    for one in (small(), TextToSequence(), make_nbsvm(), PIPELINES["default"]):
        with pytest.raises(NotFittedError):
            save(clone(one), path)


def test_what_could_not_be_loaded_is_not_saved(path):
    """Fails if a broken estimator becomes a file that nobody can read."""
    estimator = make_tfidf_logistic().fit(REVIEWS, LABELS)
    estimator[-1].coef_[0, 3] = np.nan
    with pytest.raises(ValueError, match=r"could not be loaded.*'coef' holds nan at \(0, 3\)"):
        save(estimator, path)
    other = small().fit(IDS, Y)
    other.n_iter_ = 7
    with pytest.raises(ValueError, match="'n_iter' is 7"):
        save(other, path)


@pytest.mark.slow
def test_lenient_encoding_names_what_it_leaves_out(path):
    """Fails if a checkpoint cannot be written for a callback, or hides what it lacks."""
    estimator = small(
        callbacks=[keras.callbacks.TerminateOnNaN()],
        random_state=np.random.RandomState(0),
        optimizer=OwnOptimizer(0.1),
        embeddings=rng.normal(size=(11, 3)),
    ).fit(IDS, Y)
    tree, arrays = registry.encode(estimator, lenient=True)
    assert sorted(tree["left_out"]) == ["callbacks", "embeddings", "optimizer", "random_state"]
    arrays["training/0"] = np.zeros(3)
    container.write(path, {"model": tree, "training": {"epoch": 1}}, arrays)
    with pytest.warns(UserWarning, match="without callbacks, embeddings, optimizer, random_state"):
        found = load(path)
    names = ("callbacks", "embeddings", "optimizer", "random_state")
    assert [getattr(found, name) for name in names] == [None, None, "adam", None]
    assert found.predict_proba(IDS).tobytes() == estimator.predict_proba(IDS).tobytes()
    assert found.partial_fit(IDS, Y).n_iter_ == 2


def test_patterns_of_others_are_not_trusted(path):
    """Fails if a pattern that takes for ever is matched because a file says so."""
    pipe = make_pipeline(TextToSequence(token_pattern="(a+)+$|b"), small()).fit(["a b"] * 4, Y[:4])
    save(pipe, path)
    with pytest.raises(InvalidFileError, match=r"\(a\+\)\+\$.*token_patterns=\["):
        load(path)
    assert load(path, token_patterns=["(a+)+$|b"])[0].token_pattern == "(a+)+$|b"
    with pytest.raises(TypeError, match="token_patterns='a' is a str"):
        load(path, token_patterns="a")
