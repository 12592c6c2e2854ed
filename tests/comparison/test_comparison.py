"""Each test's docstring says what a wrong implementation would fail on."""

import builtins
import math
import pickle
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skrnn.baselines import make_nbsvm, make_tfidf_logistic
from skrnn.comparison import Comparison, compare

X, Y = load_iris(return_X_y=True)
DOCS = [
    "good film",
    "fine film",
    "good fun",
    "fine fun",
    "bad film",
    "dull film",
    "bad bore",
    "dull bore",
]
LABELS = ["pos"] * 4 + ["neg"] * 4


class Spy(ClassifierMixin, BaseEstimator):
    """Record the rows it is fitted on and asked about, and what is called; take known times."""

    log = []  # shared by the clones  # noqa: RUF012

    def __init__(self, name="spy", fit_sleep=0.0, predict_sleep=0.0, weight=0):
        self.name = name
        self.fit_sleep = fit_sleep
        self.predict_sleep = predict_sleep
        self.weight = weight

    def fit(self, X, y):
        time.sleep(self.fit_sleep)
        self.classes_ = np.unique(y)
        self.ballast_ = np.zeros(self.weight)
        Spy.log.append((self.name, "fit", X[:, 0].tolist()))
        return self

    def predict(self, X):
        time.sleep(self.predict_sleep)
        Spy.log.append((self.name, "predict", X[:, 0].tolist()))
        return np.full(len(X), self.classes_[0])

    def score(self, X, y):
        Spy.log.append((self.name, "score", X[:, 0].tolist()))
        return 0.25


@pytest.fixture
def spy_log():
    Spy.log.clear()
    return Spy.log


class Broken(ClassifierMixin, BaseEstimator):
    """Fail in fit, or only where sample 0 is in the training part."""

    def __init__(self, only_with=None):
        self.only_with = only_with

    def fit(self, X, y):
        if self.only_with is None or self.only_with in X[:, 0]:
            raise RuntimeError("out of steam")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


# --- the numbers


@pytest.mark.parametrize(
    ("scoring", "names"),
    [
        (None, ["score"]),
        ("accuracy", ["accuracy"]),
        (["accuracy", "neg_log_loss"], ["accuracy", "neg_log_loss"]),
        ({"a": "accuracy", "f": "f1_macro"}, ["a", "f"]),
        (lambda e, X, y: e.score(X, y) / 2, ["score"]),
        (lambda e, X, y: {"half": e.score(X, y) / 2, "n": len(y)}, ["half", "n"]),
    ],
)
def test_scores_are_cross_validates(scoring, names):
    """Other splits (unstratified), a sample standard deviation or a mixed-up row would differ."""
    estimators = {"tree": DecisionTreeClassifier(random_state=0), "bayes": GaussianNB()}
    result = compare(estimators, X, Y, scoring=scoring)
    for name, estimator in estimators.items():
        expected = cross_validate(estimator, X, Y, scoring=scoring)
        row = result[name]
        for score in names:
            key = "test_score" if f"test_{score}" not in expected else f"test_{score}"
            assert row[f"test_{score}"] == pytest.approx(expected[key].mean())
            assert row[f"test_{score}_std"] == pytest.approx(expected[key].std())
    pairs = [key for name in names for key in (f"test_{name}", f"test_{name}_std")]
    costs = ["fit_seconds", "predict_seconds", "pickled_bytes"]
    assert list(result.columns) == ["estimator", *pairs, *costs]


def test_same_splits_for_all_and_turns_within_a_split(spy_log):
    """A shuffled splitter drawn once an estimator would give each its own rows."""
    rows = np.arange(40.0)[:, None]
    cv = ShuffleSplit(3, test_size=0.25)  # no random_state: every call of split() differs
    compare([("a", Spy("a")), ("b", Spy("b"))], rows, np.arange(40) % 2, cv=cv)
    fits = {name: [r for n, what, r in spy_log if (n, what) == (name, "fit")] for name in "ab"}
    assert len(fits["a"]) == 3
    assert fits["a"] == fits["b"]
    assert fits["a"][0] != fits["a"][1]
    assert [name for name, what, _ in spy_log if what == "fit"] == ["a", "b"] * 3


def test_classifiers_are_stratified_and_regressors_are_not():
    """Unstratified folds of sorted labels would train without one class: accuracy 0."""
    assert compare([GaussianNB()], X, Y, cv=3)[0]["test_score"] > 0.9
    data, target = load_diabetes(return_X_y=True)
    row = compare([LinearRegression()], data, target, cv=4)[0]
    expected = cross_validate(LinearRegression(), data, target, cv=KFold(4))["test_score"]
    assert row["test_score"] == pytest.approx(expected.mean())


@pytest.mark.parametrize("form", [iter, list, tuple])
def test_one_holdout(form, spy_log):
    """A generator of splits would be used up by the first estimator."""
    rows, target = np.arange(10.0)[:, None], np.arange(10) % 2
    cv = form([(np.arange(6), np.arange(6, 10))])
    result = compare({"a": Spy("a"), "b": Spy("b")}, rows, target, cv=cv)
    assert [r for _, what, r in spy_log if what == "fit"] == [[0, 1, 2, 3, 4, 5]] * 2
    assert [r for _, what, r in spy_log if what == "score"] == [[6, 7, 8, 9]] * 2
    assert result.n_splits == 1
    assert "±" not in str(result)  # the spread of one number says nothing


def test_groups_reach_the_splitter(spy_log):
    """GroupKFold without its groups raises; with wrong ones a group falls on both sides."""
    rows, groups = np.arange(12.0)[:, None], np.arange(12) // 3
    compare([Spy()], rows, np.arange(12) % 2, cv=GroupKFold(2), groups=groups)
    for _, what, fitted in spy_log:
        if what == "fit":
            inside = {int(r) // 3 for r in fitted}
            assert inside.isdisjoint({g for g in range(4)} - inside)
            assert len(fitted) == 3 * len(inside)


def test_seconds_and_bytes_are_each_their_own(spy_log):
    """Sleeps bound each time from below: swapped columns, or score time for predict, would not."""
    rows, target = np.arange(8.0)[:, None], np.arange(8) % 2
    result = compare(
        {
            "slow fit": Spy("f", fit_sleep=0.05),
            "slow predict": Spy("p", predict_sleep=0.05),
            "heavy": Spy("h", weight=10_000),
        },
        rows,
        target,
        cv=2,
    )
    assert result["slow fit"]["fit_seconds"] >= 0.05
    assert result["slow predict"]["predict_seconds"] >= 0.05
    # Spy.score does not predict, so a predict_seconds taken from the score time is no sleep.
    predicted = [r for name, what, r in spy_log if (name, what) == ("p", "predict")]
    assert sorted(predicted[0] + predicted[1]) == rows[:, 0].tolist()
    assert result["heavy"]["pickled_bytes"] >= 80_000 > 2_000 > result["slow fit"]["pickled_bytes"]


def test_bytes_are_those_of_the_pickle():
    """Counting items instead of bytes of a buffer, or an unfitted clone, gives another number."""
    split = [(np.arange(0, 150, 2), np.arange(1, 150, 2))]
    row = compare([GaussianNB()], X, Y, cv=split)[0]
    fitted = GaussianNB().fit(X[::2], Y[::2])
    assert row["pickled_bytes"] == len(pickle.dumps(fitted, protocol=5))


def test_what_cannot_be_pickled_has_scores_but_no_size():
    """A lambda in a vectorizer, usual in notebooks, must not cost the whole comparison."""
    pipe = make_pipeline(CountVectorizer(tokenizer=lambda s: s.split(), token_pattern=None), SVC())
    result = compare({"lambda": pipe}, DOCS, LABELS, cv=2)
    assert math.isnan(result[0]["pickled_bytes"])
    assert result[0]["test_score"] >= 0
    assert str(result).splitlines()[1].split()[-1] == "-"


def test_given_estimators_stay_unfitted():
    """Fitting the originals instead of clones would leave traces on them."""
    estimator = GaussianNB()
    compare([estimator], X, Y)
    assert not hasattr(estimator, "classes_")


@pytest.mark.slow
def test_jobs_give_the_same_scores():
    """Results put back in the order of completion would swap rows under n_jobs=2."""
    estimators = [GaussianNB(), DummyClassifier(), LogisticRegression(max_iter=1000)]
    one = compare(estimators, X, Y, cv=3)
    two = compare(estimators, X, Y, cv=3, n_jobs=2)
    keys = ("estimator", "test_score", "test_score_std")
    assert [[r[k] for k in keys] for r in one] == [[r[k] for k in keys] for r in two]


@pytest.mark.parametrize("column", [list, np.array, pd.Series])
def test_text_pipelines(column):
    """Documents in a plain list cannot be indexed by an array unless scikit-learn does it."""
    result = compare(
        {"tf-idf": make_tfidf_logistic(), "NB-SVM": make_nbsvm()}, column(DOCS), LABELS, cv=2
    )
    assert [row["estimator"] for row in result] == ["tf-idf", "NB-SVM"]
    assert all(0 <= row["test_score"] <= 1 for row in result)


def test_sparse_rows():
    """X[train] of a COO matrix raises unless X is made indexable first."""
    assert compare([LinearSVC()], sp.coo_array(X), Y, cv=2)[0]["test_score"] > 0.5


# --- names


def test_names():
    """Two pipelines would share a row, or a made name would take a given one."""
    pipe = make_nbsvm()
    result = compare(
        [pipe, ("mine", pipe), ("pipeline-1", pipe), make_tfidf_logistic()], DOCS, LABELS, cv=2
    )
    names = [row["estimator"] for row in result]
    assert names == ["pipeline-2", "mine", "pipeline-1", "pipeline-3"]
    names = [row["estimator"] for row in compare([GaussianNB(), ("gaussiannb", SVC())], X, Y)]
    assert names == ["gaussiannb-1", "gaussiannb"]
    assert compare([GaussianNB()], X, Y)[0]["estimator"] == "gaussiannb"


# --- failures


def test_failure_raises_and_names_the_estimator():
    """Without a note nobody knows which of many estimators failed."""
    with pytest.raises(RuntimeError, match="out of steam") as info:
        compare({"fine": GaussianNB(), "broken": Broken()}, X, Y)
    assert info.value.__notes__ == ["compare: estimator 'broken' failed on split 0"]


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.slow
def test_failure_with_a_number(n_jobs):
    """A failed fold averaged away would flatter; a failed estimator must not stop the others."""
    rows, target = np.arange(8.0)[:, None], np.array([0, 1] * 4)
    cv = [(np.arange(4), np.arange(4, 8)), (np.arange(4, 8), np.arange(4))]
    estimators = {"fine": DummyClassifier(), "broken": Broken(), "half": Broken(only_with=0.0)}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = compare(estimators, rows, target, cv=cv, error_score=0.0, n_jobs=n_jobs)
    messages = [str(w.message) for w in caught if issubclass(w.category, FitFailedWarning)]
    assert len(messages) == 2  # one an estimator, not one a fold
    assert "'broken' failed on 2 of 2 splits" in messages[0]
    assert "RuntimeError: out of steam" in messages[0]
    assert "'half' failed on 1 of 2" in messages[1]
    assert result["fine"]["test_score"] == 0.5
    assert result["broken"]["test_score"] == 0
    assert math.isnan(result["broken"]["fit_seconds"])
    assert result["half"]["test_score"] == 0.25  # the mean of 0 and 0.5
    assert result["half"]["fit_seconds"] > 0


def test_all_failed_is_a_table_of_dashes():
    """No score is known by name then; the table must still print."""
    with pytest.warns(FitFailedWarning):
        result = compare([Broken()], X, Y, cv=2, error_score=math.nan)
    assert str(result).splitlines()[1].split() == ["broken", "-", "-", "-", "-"]


def test_scorer_that_does_not_apply_leaves_the_others():
    """LinearSVC has no probabilities; its accuracy must not be lost with its log loss."""
    estimators = [LinearSVC(), GaussianNB()]
    scoring = ["accuracy", "neg_log_loss"]
    with pytest.raises(AttributeError, match="predict_proba"):
        compare(estimators, X, Y, cv=2, scoring=scoring)
    with pytest.warns(FitFailedWarning, match="'linearsvc' failed on 2 of 2.*predict_proba"):
        result = compare(estimators, X, Y, cv=2, scoring=scoring, error_score=math.nan)
    assert result["linearsvc"]["test_accuracy"] > 0.8
    assert math.isnan(result["linearsvc"]["test_neg_log_loss"])
    assert result["gaussiannb"]["test_neg_log_loss"] > -1


# --- bad input


@pytest.mark.parametrize(
    ("estimators", "error", "message"),
    [
        ([], ValueError, "estimators is empty"),
        ({}, ValueError, "estimators is empty"),
        (GaussianNB(), TypeError, r"single GaussianNB\. Pass a list"),
        (make_nbsvm(), TypeError, r"single Pipeline\. Pass a list"),
        (3, TypeError, "must be a mapping of names to estimators or a list, got int"),
        ([("a", SVC()), ("a", SVC())], ValueError, "must differ, .* twice: a"),
        ([("a", SVC(), 3)], TypeError, r"\(name, estimator\) pair"),
        ({1: SVC()}, TypeError, "must be strings, got 1"),
        ([SVC], TypeError, r"class SVC\. Pass an instance: SVC\(\)"),
        ({"x": "svc"}, TypeError, "estimator 'x' has no 'fit' method: 'svc'"),
        ([CountVectorizer()], TypeError, "has no 'predict' method"),
    ],
)
def test_bad_estimators(estimators, error, message):
    """Each of these would otherwise fail deep inside scikit-learn, or lose a row silently."""
    with pytest.raises(error, match=message):
        compare(estimators, X, Y)


def test_bad_data(spy_log):
    """All is checked before the first fit, which may take an hour."""
    rows, target = np.arange(8.0)[:, None], np.arange(8) % 2
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        compare([Spy()], rows, target[:-1])
    with pytest.raises(ValueError, match=r"single str\. Pass a list of documents"):
        compare([Spy()], "abcdefgh", target)
    with pytest.raises(ValueError, match=r"holdout as cv=\[\(train, test\)\]"):
        compare([Spy()], rows, target, cv=(np.arange(4), np.arange(4, 8)))
    with pytest.raises(ValueError, match="split 0 of cv must be a pair"):
        compare([Spy()], rows, target, cv=[(np.arange(4), np.array([], int))])
    with pytest.raises(ValueError, match="cv has no splits"):
        compare([Spy()], rows, target, cv=[])
    with pytest.raises(ValueError, match="'acuracy'"):
        compare([Spy()], rows, target, scoring="acuracy")
    with pytest.raises(ValueError, match="error_score must be 'raise' or a number"):
        compare([Spy()], rows, target, error_score="ignore")
    assert spy_log == []


@pytest.mark.parametrize("names", [["predict_seconds"], ["a", "a_std"]])
def test_scorers_whose_columns_clash(names):
    """One column would overwrite another."""
    with pytest.raises(ValueError, match="columns would clash"):
        compare([GaussianNB()], X, Y, scoring=dict.fromkeys(names, "accuracy"))


# --- the result


ROWS = [
    {
        "estimator": name,
        "test_accuracy": accuracy,
        "test_accuracy_std": 0.01,
        "test_neg_loss": loss,
        "test_neg_loss_std": 0.5,
        "fit_seconds": fit,
        "predict_seconds": math.nan if name == "failed" else 0.0001,
        "pickled_bytes": n_bytes,
    }
    for name, accuracy, loss, fit, n_bytes in [
        ("tf-idf", 0.8884, -1.5, 4.256, 450_000),
        ("a <b>|long name", 0.9159, -2.5, 123.4, 11_700_000),
        ("failed", math.nan, math.nan, math.nan, math.nan),
    ]
]


def test_table():
    """Columns that do not line up, a star on a loser or on NaN, or a wrong unit."""
    table = repr(Comparison(ROWS, n_splits=3))
    assert table.splitlines() == [
        "estimator               accuracy          neg_loss  fit (s)  predict (s)  pickle (MB)",
        "tf-idf           0.8884 ± 0.0100  -1.5000 ± 0.5000*    4.26       <0.001        0.450",
        "a <b>|long name  0.9159 ± 0.0100* -2.5000 ± 0.5000      123       <0.001         11.7",
        "failed                         -                 -        -            -            -",
    ]
    assert str(Comparison(ROWS, n_splits=3)) == table


def test_no_star_on_a_single_row():
    """The best of one is no finding."""
    assert "*" not in repr(Comparison(ROWS[:1], n_splits=3))


def test_markdown():
    """A bar in a name ends its cell; the README shows this."""
    lines = Comparison(ROWS[:2], n_splits=1).to_markdown().splitlines()
    assert lines[0] == "| estimator | accuracy | neg_loss | fit (s) | predict (s) | pickle (MB) |"
    assert lines[1] == "| --- | ---: | ---: | ---: | ---: | ---: |"
    assert lines[2] == "| tf-idf | 0.8884 | **-1.5000** | 4.26 | <0.001 | 0.450 |"
    assert lines[3] == r"| a <b>\|long name | **0.9159** | -2.5000 | 123 | <0.001 | 11.7 |"


def test_html_is_escaped():
    """A name with markup would run in the reader's notebook."""
    text = Comparison(ROWS, n_splits=1)._repr_html_()
    assert "<td>a &lt;b&gt;|long name</td>" in text
    assert "<td><b>0.9159</b></td>" in text
    assert text.count("<tr>") == 4


def test_sequence():
    """Rows handed out by reference would let a caller change the result."""
    result = Comparison(ROWS, n_splits=3)
    assert len(result) == 3
    assert [row["estimator"] for row in result] == [row["estimator"] for row in ROWS]
    assert result["tf-idf"] == result[0] == result[:1][0] == ROWS[0]
    assert result[-1]["estimator"] == "failed"
    result[0]["test_accuracy"] = 1.0
    assert result[0]["test_accuracy"] == 0.8884
    with pytest.raises(KeyError, match="no estimator is named 'svm'; there are 'tf-idf'"):
        result["svm"]
    with pytest.raises(IndexError):
        result[3]
    with pytest.raises(AttributeError):
        result.n_splits = 4
    assert repr(pickle.loads(pickle.dumps(result))) == repr(result)


def test_frame(monkeypatch):
    """A missing pandas must say how to get it, and only to_frame may need it."""
    frame = Comparison(ROWS, n_splits=3).to_frame()
    assert frame.loc["tf-idf", "test_accuracy"] == 0.8884
    assert frame.shape == (3, 7)
    real = builtins.__import__

    def without_pandas(name, *args, **kwargs):
        if name == "pandas":
            raise ImportError("No module named 'pandas'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(ImportError, match="pip install pandas"):
        Comparison(ROWS, n_splits=3).to_frame()


@pytest.mark.slow
def test_no_tensorflow():
    """An import at the top would make every comparison pay for it."""
    code = (
        "import sys, skrnn.comparison; "
        "sys.exit(bool({'tensorflow', 'keras', 'scikeras'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
