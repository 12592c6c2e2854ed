"""Estimators around others in a file: thresholds, calibration, votes, frozen steps, picked columns.

Each test's docstring says what a wrong implementation would fail on.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from bare import ESTIMATOR
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    StratifiedKFold,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import (
    DocumentVectorizer,
    HashingTextToSequence,
    RNNClassifier,
    TextToSequence,
    load,
    make_nbsvm,
    make_reviews,
    make_tfidf_logistic,
    save,
)
from skrnn.exceptions import InvalidFileError
from skrnn.fileformat import container
from tests.repeats import every

ROOT = Path(__file__).parent.parent.parent
REVIEWS, Y = make_reviews(80, random_state=0)
REVIEWS = list(REVIEWS)
WORDS = np.array(["bad", "good"])[np.asarray(Y)]
THREE = np.array(["a", "bb", "ccc"])[np.arange(80) % 3]
FRAME = pd.DataFrame({"id": np.arange(80), "review": REVIEWS, "stars": np.arange(80) % 5})


def logistic():
    return make_tfidf_logistic()


def network():
    settings = {**ESTIMATOR, "cell": "rnn", "units": 2, "embedding_dim": 2, "epochs": 1}
    # One network for all folds, which is traced once.
    settings |= {"vocabulary_size": 500, "random_state": 0}
    return make_pipeline(TextToSequence(), RNNClassifier(**settings))


def frozen(y=Y):
    return FrozenEstimator(logistic().fit(REVIEWS, y))


def pick(*columns):
    return make_column_transformer(("passthrough", list(columns)))


VECTORS = DocumentVectorizer(3, epochs=2, random_state=0)
CASES = {
    "tuned": (TunedThresholdClassifierCV(logistic(), scoring="f1", cv=2), REVIEWS, Y),
    "tuned, its curve": (
        TunedThresholdClassifierCV(logistic(), cv=2, store_cv_results=True, thresholds=7),
        REVIEWS,
        WORDS,
    ),
    "tuned, list of thresholds": (
        TunedThresholdClassifierCV(logistic(), cv=0.5, refit=False, thresholds=[0.2, 0.5, 0.6]),
        REVIEWS,
        Y,
    ),
    "tuned, array of thresholds": (
        TunedThresholdClassifierCV(logistic(), cv=2, thresholds=np.array([0.3, 0.5])),
        REVIEWS,
        Y,
    ),
    "weights in an array": (
        VotingClassifier([("a", logistic())], voting="soft", weights=np.ones(1)),
        REVIEWS,
        Y,
    ),
    "tuned, log-odds": (
        TunedThresholdClassifierCV(make_nbsvm(), response_method="decision_function", cv=2),
        REVIEWS,
        Y,
    ),
    "tuned before": (TunedThresholdClassifierCV(frozen(), cv="prefit", refit=False), REVIEWS, Y),
    "tuned network": (TunedThresholdClassifierCV(network(), cv=2), REVIEWS, WORDS),
    "tuned step": (
        make_pipeline(
            TextToSequence(), TunedThresholdClassifierCV(network()[-1], cv=2, thresholds=5)
        ),
        REVIEWS,
        Y,
    ),
    "fixed": (FixedThresholdClassifier(logistic(), threshold=0.3), REVIEWS, Y),
    "fixed, words": (
        FixedThresholdClassifier(logistic(), threshold=0.7, pos_label="bad"),
        REVIEWS,
        WORDS,
    ),
    "sigmoid": (CalibratedClassifierCV(logistic(), cv=2), REVIEWS, WORDS),
    "isotonic": (CalibratedClassifierCV(logistic(), method="isotonic", cv=2), REVIEWS, THREE),
    "temperature": (CalibratedClassifierCV(logistic(), method="temperature", cv=2), REVIEWS, THREE),
    "temperature of two": (
        CalibratedClassifierCV(logistic(), method="temperature", cv=2),
        REVIEWS,
        WORDS,
    ),
    "together": (CalibratedClassifierCV(logistic(), cv=2, ensemble=False), REVIEWS, THREE),
    "calibrated later": (CalibratedClassifierCV(frozen()), REVIEWS, Y),
    "calibrated network": (CalibratedClassifierCV(network(), cv=2), REVIEWS, Y),
    "isotonic network": (
        make_pipeline(
            TextToSequence(), CalibratedClassifierCV(network()[-1], method="isotonic", cv=2)
        ),
        REVIEWS,
        WORDS,
    ),
    "hard votes": (
        VotingClassifier([("a", logistic()), ("b", make_nbsvm()), ("c", logistic())]),
        REVIEWS,
        WORDS,
    ),
    "soft votes": (
        VotingClassifier(
            [("a", logistic()), ("gone", "drop"), ("b", network())],
            voting="soft",
            weights=[2, 1, 0.5],
        ),
        REVIEWS,
        WORDS,
    ),
    "votes with vectors": (
        make_pipeline(
            TextToSequence(),
            VotingClassifier(
                [
                    ("network", network()[-1]),
                    ("vectors", make_pipeline(VECTORS, LogisticRegression())),
                ],
                voting="soft",
            ),
        ),
        REVIEWS,
        WORDS,
    ),
    "vectors and their pipeline, frozen": (
        make_pipeline(
            FrozenEstimator(make_pipeline(TextToSequence(), clone(VECTORS)).fit(REVIEWS)),
            LogisticRegression(),
        ),
        REVIEWS,
        THREE,
    ),
    "tokenizer and vectors, frozen": (
        make_pipeline(
            FrozenEstimator(TextToSequence().fit(REVIEWS)),
            FrozenEstimator(clone(VECTORS).fit(TextToSequence().fit_transform(REVIEWS))),
            LogisticRegression(),
        ),
        REVIEWS,
        Y,
    ),
    "tokenizer frozen before a network": (
        make_pipeline(FrozenEstimator(TextToSequence().fit(REVIEWS)), network()[-1]),
        REVIEWS,
        Y,
    ),
    "vectors of hashes": (
        make_pipeline(HashingTextToSequence(n_features=500), VECTORS, LogisticRegression()),
        REVIEWS,
        Y,
    ),
    "vectors of a column": (
        make_pipeline(pick("review"), TextToSequence(), VECTORS, LogisticRegression()),
        FRAME,
        Y,
    ),
    "votes of three": (VotingClassifier([("a", logistic())], voting="soft"), REVIEWS, THREE),
    "all at once": (
        TunedThresholdClassifierCV(
            VotingClassifier(
                [("a", CalibratedClassifierCV(logistic(), cv=2)), ("b", frozen())], voting="soft"
            ),
            cv=2,
        ),
        REVIEWS,
        Y,
    ),
    "picked column": (make_pipeline(pick("review"), *network()), FRAME, WORDS),
    "picked by number": (
        make_pipeline(ColumnTransformer([("text", "passthrough", [-2])]), *network()),
        FRAME,
        Y,
    ),
    "picked by marks": (
        make_pipeline(
            ColumnTransformer([("text", "passthrough", [False, True, False])]), *network()
        ),
        FRAME,
        Y,
    ),
    "picked and counted": (
        make_pipeline(make_column_transformer((TfidfVectorizer(), "review")), LogisticRegression()),
        FRAME,
        Y,
    ),
    "words and numbers": (
        make_pipeline(
            make_column_transformer(
                (TfidfVectorizer(), "review"), ("drop", ["id"]), remainder="passthrough"
            ),
            LogisticRegression(),
        ),
        FRAME,
        WORDS,
    ),
    "tokenized inside": (
        make_pipeline(make_column_transformer((TextToSequence(), "review")), network()[-1]),
        FRAME,
        Y,
    ),
    "weights of columns": (
        make_pipeline(
            ColumnTransformer(
                [("a", CountVectorizer(), "review"), ("b", CountVectorizer(binary=True), "review")],
                transformer_weights={"a": 0.5},
                sparse_threshold=0,
            ),
            LogisticRegression(),
        ),
        FRAME,
        Y,
    ),
    "tuned over columns": (
        TunedThresholdClassifierCV(make_pipeline(pick("review"), *network()), cv=2),
        FRAME,
        Y,
    ),
}


@pytest.fixture(scope="module")
def fitted():
    found = {}

    def fit(name):
        if name not in found:
            estimator, X, y = CASES[name]
            found[name] = clone(estimator).fit(X, y), X
        return found[name]

    return fit


def answers(estimator, X):
    names = ("predict", "predict_proba", "decision_function", "predict_log_proba")
    return {name: getattr(estimator, name)(X) for name in names if hasattr(estimator, name)}


def assert_same(found, wanted, X):
    assert type(found) is type(wanted)
    mine, other = answers(found, X), answers(wanted, X)
    assert mine.keys() == other.keys() and len(mine) > 0
    for name, values in other.items():
        np.testing.assert_array_equal(mine[name], values)
        assert mine[name].dtype == values.dtype, name


# Every sixth; the others fit ensembles of the same kinds.
@pytest.mark.parametrize(
    "name",
    every(6, CASES),
)
def test_predictions_are_the_same_bytes(name, fitted, tmp_path):
    """Fails if a number, a class, a column or a member comes back as another."""
    estimator, X = fitted(name)
    path = tmp_path / "model.skrnn"
    save(estimator, path)
    found = load(path)
    assert_same(found, estimator, X)
    new = X[:3] if isinstance(X, list) else X.iloc[:3]
    assert_same(found, estimator, new)
    # Parameters as before, also of what is inside.
    mine, other = found.get_params(), estimator.get_params()
    assert mine.keys() == other.keys()
    for key, value in other.items():
        if not hasattr(value, "get_params") and "estimators" not in key and key != "steps":
            assert repr(mine[key]) == repr(value) or "transformers" in key or "steps" in key, key
    before = path.read_bytes()
    save(found, path)
    assert path.read_bytes() == before
    assert type(clone(found)) is type(estimator)


@pytest.mark.parametrize("name", every(2, ["tuned", "sigmoid", "hard votes", "picked and counted"]))
def test_they_can_be_fitted_again(name, fitted, tmp_path):
    """Fails if what `fit` clones is missing, or is fitted already and not cloned."""
    estimator, X = fitted(name)
    save(estimator, tmp_path / "model.skrnn")
    found = load(tmp_path / "model.skrnn")
    found.fit(X, CASES[name][2])
    assert_same(found, estimator, X)


def test_frames_of_other_libraries_and_columns_in_another_order(fitted, tmp_path):
    """Fails if columns are found by their place where they were given by name."""
    estimator, _ = fitted("picked column")
    save(estimator, tmp_path / "model.skrnn")
    found = load(tmp_path / "model.skrnn")
    wanted = estimator.predict_proba(FRAME)
    for frame in (FRAME[["stars", "review", "id"]], pl.from_pandas(FRAME)):
        np.testing.assert_array_equal(found.predict_proba(frame), wanted)
    with pytest.raises(ValueError, match="columns are missing"):
        found.predict(FRAME[["id", "stars"]])
    assert found[0].get_feature_names_out().tolist() == ["passthrough__review"]


def test_frames_as_output(tmp_path):
    """Fails if set_output is lost, in the whole or in what stands for 'passthrough'."""
    columns = make_column_transformer((CountVectorizer(), "review"), ("passthrough", ["stars"]))
    columns.set_params(sparse_threshold=0)
    picked = pick("review", "stars").set_output(transform="pandas").fit(FRAME)
    save(picked, tmp_path / "picked.skrnn")
    found = load(tmp_path / "picked.skrnn").transform(FRAME)
    pd.testing.assert_frame_equal(found, picked.transform(FRAME))
    columns.fit(FRAME)
    save(columns, tmp_path / "columns.skrnn")
    np.testing.assert_array_equal(
        load(tmp_path / "columns.skrnn").transform(FRAME), columns.transform(FRAME)
    )


REFUSED = {
    "score": (
        TunedThresholdClassifierCV(logistic(), scoring=make_scorer(f1_score), cv=2),
        REVIEWS,
        "scoring=.*the name of a score",
    ),
    "folds": (
        CalibratedClassifierCV(logistic(), cv=StratifiedKFold(2)),
        REVIEWS,
        r"cv=.*set_params\(cv=None\)",
    ),
    "weights": (
        VotingClassifier([("a", logistic())], weights=np.ones(1, int)),
        REVIEWS,
        "Pass them as a list",
    ),
    "function": (
        make_pipeline(FunctionTransformer(list), *logistic()),
        REVIEWS,
        "make_column_transformer",
    ),
    "columns by function": (
        make_pipeline(
            make_column_transformer((TfidfVectorizer(), lambda X: "review")), logistic()[-1]
        ),
        FRAME,
        "Give them as a name",
    ),
    "columns by slice": (
        make_pipeline(ColumnTransformer([("a", "passthrough", slice(1, 2))]), *network()),
        FRAME,
        "Give them as a name",
    ),
    "inside": (
        CalibratedClassifierCV(
            make_pipeline(
                TfidfVectorizer(tokenizer=str.split, token_pattern=None), LogisticRegression()
            ),
            cv=2,
        ),
        REVIEWS,
        "tokenizer",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_stored_is_refused_first(name, tmp_path):
    """Fails if a file is made that is not the whole estimator, or code of its parts is stored."""
    estimator, X, told = REFUSED[name]
    estimator = clone(estimator).fit(X, Y)
    with pytest.raises(TypeError, match=told):
        save(estimator, tmp_path / "model.skrnn")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_parameters_that_were_changed_after_fit(fitted, tmp_path):
    """Fails if the parameters of what is fitted again are silently those of the last fit."""
    for name, key in (
        ("tuned", "estimator__logisticregression__C"),
        ("sigmoid", "estimator__tfidfvectorizer__min_df"),
        ("hard votes", "a__logisticregression__C"),
    ):
        estimator, X = fitted(name)
        changed = load_copy(estimator, tmp_path).set_params(**{key: 7})
        with pytest.raises(TypeError, match="set it back, or fit again"):
            save(changed, tmp_path / "other.skrnn")
        assert not (tmp_path / "other.skrnn").exists()
        save(changed.fit(X, CASES[name][2]), tmp_path / "other.skrnn")
        (tmp_path / "other.skrnn").unlink()


def load_copy(estimator, folder):
    save(estimator, folder / "copy.skrnn")
    return load(folder / "copy.skrnn")


def test_a_pattern_of_a_member_has_to_be_trusted(tmp_path):
    """Fails if a regular expression inside another estimator escapes the check."""
    pipe = make_pipeline(TfidfVectorizer(token_pattern=r"[a-z]+"), LogisticRegression())
    save(CalibratedClassifierCV(pipe, cv=2).fit(REVIEWS, Y), tmp_path / "model.skrnn")
    with pytest.raises(InvalidFileError, match="token_pattern"):
        load(tmp_path / "model.skrnn")
    load(tmp_path / "model.skrnn", token_patterns=[r"[a-z]+"])


@pytest.mark.slow
def test_neither_loading_nor_saving_others_imports_ensembles(fitted, tmp_path):
    """Fails if each process that predicts waits for parts of scikit-learn that it does not use."""
    estimator, _ = fitted("hard votes")
    save(estimator.estimators_[0], tmp_path / "model.skrnn")
    code = (
        "import sys, skrnn; skrnn.load(sys.argv[1]); "
        "print([m for m in ('sklearn.ensemble', 'sklearn.compose') if m in sys.modules])"
    )
    run = [sys.executable, "-c", code, str(tmp_path / "model.skrnn")]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- Files that were made to harm ---------------------------------------------------------------


def put(*path):
    *keys, last, value = path

    def change(model, arrays):
        for key in keys:
            model = model[key]
        model[last] = value

    return change


def change_array(name, change):
    def changed(model, arrays):
        (found,) = [key for key in arrays if key.endswith(name)]
        arrays[found] = change(arrays[found])

    return changed


PAIR = ("state", "pairs", 0)
PART = ("state", "parts", 0)
MEMBER = ("state", "members", 0)
ATTACKS = {
    "score by name": ("tuned", put("parameters", "scoring", "os.system"), "'scoring'"),
    "score that is no name": ("tuned", put("parameters", "scoring", ["f1"]), "'scoring'"),
    "folds": ("tuned", put("parameters", "cv", [[0], [1]]), "'cv'"),
    "estimator as a parameter": ("tuned", put("parameters", "estimator", 1), "no parameter"),
    "no threshold": ("tuned", put("state", "best_threshold", None), "not a finite number"),
    "NaN threshold": ("tuned", put("state", "best_threshold", {"float64": float("nan")}), "finite"),
    "threshold of code": ("tuned", put("state", "best_threshold", {"object": 1.0}), "not a finite"),
    "huge threshold": ("tuned", put("state", "best_threshold", {"float32": 1e300}), "not a finite"),
    "scores of the curve": (
        "tuned, its curve",
        change_array("scores", lambda values: values[1:]),
        "has shape",
    ),
    "class inside": ("tuned", put("estimator", "class", "os.system"), "is unknown"),
    "no classifier": (
        "tuned network",
        lambda model, arrays: model.update(estimator=model["estimator"]["steps"][0]["estimator"]),
        "not a classifier",
    ),
    "three classes": ("fixed", put("parameters", "pos_label", "no"), "which is no class"),
    "other classes": ("sigmoid", put("state", "classes", "values", ["x", "y"]), "other classes"),
    "one class": ("sigmoid", put("state", "classes", "values", ["bad"]), "two classes"),
    "no pairs": ("sigmoid", put("state", "pairs", []), "'pairs'"),
    "method": ("sigmoid", put("parameters", "method", "isotonic"), "'x' is missing"),
    "calibrators": ("sigmoid", put(*PAIR, "calibrators", []), "0 calibrators for 1"),
    "slope": ("sigmoid", put(*PAIR, "calibrators", 0, "a_", {"float64": float("inf")}), "'a_'"),
    "further": ("sigmoid", put(*PAIR, "calibrators", 0, "c_", 1.0), "unknown key"),
    "steps that fall": (
        "isotonic",
        lambda model, arrays: arrays.update(
            {key: one[::-1].copy() for key, one in arrays.items() if key.endswith("/x")}
        ),
        "do not ascend",
    ),
    "steps of other lengths": (
        "isotonic",
        lambda model, arrays: arrays.update(
            {key: one[1:] for key, one in arrays.items() if key.endswith("/x")}
        ),
        "has shape",
    ),
    "member's name": ("hard votes", put(*MEMBER, "name", "a__b"), "which is taken or"),
    "names of members": ("hard votes", put("state", "members", 1, "name", "a"), "which is taken"),
    "name of a parameter": ("hard votes", put(*MEMBER, "name", "voting"), "which is taken"),
    "member of code": ("hard votes", put(*MEMBER, "estimator", "os.system"), "'estimator'"),
    "no members": ("hard votes", put("state", "members", []), "'members'"),
    "classes of members": (
        "hard votes",
        put("state", "classes", "values", ["a", "b", "c"]),
        "other classes",
    ),
    "dtype of classes": ("hard votes", put("state", "classes", "dtype", "U3"), "does not fit"),
    "weights": ("hard votes", put("parameters", "weights", [1]), "1 weights for 3"),
    "weights of words": ("hard votes", put("parameters", "weights", ["a"] * 3), "'weights'"),
    "columns of code": (
        "picked and counted",
        put("steps", 0, "estimator", *PART, "columns", {}),
        "'columns'",
    ),
    "no such column": (
        "picked and counted",
        put("steps", 0, "estimator", *PART, "columns", "other"),
        "no column 'other'",
    ),
    "number of a column": (
        "picked and counted",
        put("steps", 0, "estimator", *PART, "columns", 10**9),
        "not one of 3",
    ),
    "many columns": (
        "picked by number",
        lambda model, arrays: model["steps"][0]["estimator"].update(
            state={
                "parts": model["steps"][0]["estimator"]["state"]["parts"],
                "sparse_output": False,
                "n_features_in": 10**12,
            }
        ),
        "more than",
    ),
    "marks": (
        "picked by marks",
        put("steps", 0, "estimator", *PART, "columns", [True]),
        "1 marks for 3",
    ),
    "transformer of code": (
        "picked column",
        put("steps", 0, "estimator", *PART, "transformer", "os.system"),
        "'transformer'",
    ),
    "no remainder": (
        "picked column",
        lambda model, arrays: model["steps"][0]["estimator"]["state"]["parts"].pop(),
        "must be the remainder",
    ),
    "width of columns": (
        "words and numbers",
        put("steps", 0, "estimator", "state", "parts", 2, "n_outputs", 9),
        "the second expects",
    ),
    "two columns of documents": (
        "picked column",
        put("steps", 0, "estimator", *PART, "n_outputs", 2),
        "takes documents",
    ),
    "names of features": (
        "picked by number",
        put("steps", 0, "estimator", "parameters", "verbose_feature_names_out", 3),
        "'verbose_feature_names_out'",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack(attack, fitted, tmp_path):
    """Fails if a changed file loads, or is refused by another exception or for another reason."""
    name, change, told = ATTACKS[attack]
    path = tmp_path / "hostile.skrnn"
    save(fitted(name)[0], path)
    document, arrays = container.read(path)
    change(document["model"], arrays)
    container.write(path, document, arrays)
    with pytest.raises(InvalidFileError, match=told):
        load(path)


# Values at any place of the tree; none of them may end in another exception.
ODD = [None, True, 0, -1, 10**30, 0.5, float("nan"), "", "x", "a__b", [], [1], ["x"], {}, {"a": 1}]


@pytest.mark.parametrize("name", every(2, ["tuned", "isotonic", "soft votes", "words and numbers"]))
def test_anything_anywhere(name, fitted, tmp_path):
    """Fails if any value in any place gives an exception other than that of an invalid file."""
    path = tmp_path / "hostile.skrnn"
    save(fitted(name)[0], path)
    document, arrays = container.read(path)
    places = [place for place in every_place(document["model"]) if "vocabulary" not in place[:-1]]
    drawn = np.random.default_rng(0)
    n_refused = 0
    from skrnn.persistence import registry

    for i in range(400):
        place = places[drawn.integers(len(places))]
        tree = changed(document["model"], place, ODD[i % len(ODD)])
        try:
            registry.decode(tree, dict(arrays))
        except InvalidFileError:
            n_refused += 1
    assert n_refused > 200


def every_place(tree, place=()):
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield (*place, key)
        if isinstance(value, dict | list):
            yield from every_place(value, (*place, key))


def changed(tree, place, value):
    """Return a tree with another value in one place; the rest is shared."""
    if not place:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[place[0]] = changed(tree[place[0]], place[1:], value)
    return copy
