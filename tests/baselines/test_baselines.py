"""Each test's docstring says what a wrong implementation would fail on."""

import os
import pickle
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from skrnn.baselines import LogCountRatio, NBSVMClassifier, make_nbsvm, make_tfidf_logistic

DOCS = [
    "not bad at all !",
    "I loved it",
    "not bad",
    "loved this",
    "bad film",
    "so bad",
    "a bore",
    "I hated it",
]
LABELS = np.array(["pos"] * 4 + ["neg"] * 4)


def counts(n_samples=120, n_features=15, n_classes=3, seed=0):
    """Draw Poisson counts whose rates depend on the class."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % n_classes
    rates = rng.uniform(0.2, 2, (n_classes, n_features))
    return rng.poisson(rates[y]).astype(float), y


def paper_ratio(F, y, alpha):
    """Equation of Wang & Manning (2012), section 2, document by document; y is 0 or 1."""
    p = np.full(F.shape[1], float(alpha))
    q = np.full(F.shape[1], float(alpha))
    for f, label in zip(F, y, strict=True):
        if label == 1:
            p += f
        else:
            q += f
    return np.log((p / np.abs(p).sum()) / (q / np.abs(q).sum()))


@pytest.mark.parametrize("alpha", [1.0, 0.3])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, sp.csc_matrix, sp.coo_array])
def test_ratio_is_the_papers(alpha, container):
    """A swapped class, a missing norm or alpha added once instead of per feature changes r."""
    F, y = counts(n_classes=2)
    scale = LogCountRatio(alpha=alpha).fit(container(F), y)
    r = paper_ratio(F, y, alpha)
    np.testing.assert_allclose(scale.log_count_ratio_, r, rtol=1e-12)
    Z = scale.transform(container(F))
    assert sp.issparse(Z) == sp.issparse(container(F))
    np.testing.assert_allclose(Z.toarray() if sp.issparse(Z) else Z, r * F, rtol=1e-12)


def test_ratio_of_string_labels_is_of_the_larger_one():
    """The sign would turn if the first label counted as the positive class."""
    scale = LogCountRatio().fit([[1, 0], [0, 1]], ["b", "a"])
    assert scale.classes_.tolist() == ["a", "b"]
    assert scale.log_count_ratio_[0] > 0 > scale.log_count_ratio_[1]


@pytest.mark.parametrize("container", [np.array, sp.csr_array])
def test_transform_leaves_its_input_alone(container):
    """Scaling in place without a copy would change the caller's counts."""
    F, y = counts(n_classes=2)
    X = container(F)
    LogCountRatio().fit(X, y).transform(X)
    np.testing.assert_array_equal(X.toarray() if sp.issparse(X) else X, F)


def test_ratio_of_weighted_is_that_of_repeated():
    """A weight left out of p or q, or normalised, differs from writing the document twice."""
    F, y = counts(n_classes=2)
    weight = np.random.default_rng(1).integers(0, 4, len(y))
    a = LogCountRatio().fit(F, y, sample_weight=weight)
    b = LogCountRatio().fit(np.repeat(F, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(a.log_count_ratio_, b.log_count_ratio_, rtol=1e-12)


def test_float32_counts_stay_exact():
    """Sums in float32 stop growing at 2**24, so a frequent word's ratio would be off by ln 2."""
    X = np.full((4, 2), 2**24, dtype=np.float32)
    X[1:3, 0] = 1
    ratio = LogCountRatio().fit(X, [1, 1, 0, 0]).log_count_ratio_
    np.testing.assert_allclose(ratio, paper_ratio(X.astype(float), [1, 1, 0, 0], 1), atol=1e-12)


def test_ratio_names_what_it_wants():
    """A ratio silently taken of one class, or of three as if two, is a wrong number."""
    F, y = counts(n_classes=3)
    with pytest.raises(ValueError, match=r"needs two classes, but y has 3: \[0, 1, 2\]\."):
        LogCountRatio().fit(F, y)
    with pytest.raises(ValueError, match=r"but y has one class: \[.a.\]\."):
        LogCountRatio().fit(F, ["a"] * len(F))
    with pytest.raises(ValueError, match="Negative values"):
        LogCountRatio().fit(-F, y > 0)
    with pytest.raises(ValueError, match="'alpha' parameter"):
        LogCountRatio(alpha=0).fit(F, y > 0)  # log 0


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifier_is_ratio_then_logistic_one_vs_rest(n_classes):
    """Folding r into the coefficients wrongly, or one ratio for all classes, moves decisions."""
    F, y = counts(n_classes=n_classes)
    names = np.array(["delta", "alpha", "charlie"])[y]
    ours = NBSVMClassifier(C=0.5).fit(sp.csr_array(F), names)
    theirs = OneVsRestClassifier(
        make_pipeline(LogCountRatio(), LogisticRegression(C=0.5, max_iter=1000))
    ).fit(F, names)
    np.testing.assert_allclose(ours.decision_function(F), theirs.decision_function(F), atol=1e-8)
    np.testing.assert_allclose(ours.predict_proba(F), theirs.predict_proba(F), atol=1e-8)
    assert ours.predict(F).tolist() == theirs.predict(F).tolist()
    assert ours.coef_.shape == (1 if n_classes == 2 else 3, F.shape[1])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_order_as_the_decisions(n_classes):
    """Columns in another order than classes_ would not rank documents as the decision does."""
    F, y = counts(n_classes=n_classes)
    clf = NBSVMClassifier().fit(F, y)
    proba, decision = clf.predict_proba(F), clf.decision_function(F)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    if n_classes == 2:
        assert np.argsort(proba[:, 1]).tolist() == np.argsort(decision).tolist()
    assert clf.classes_[proba.argmax(axis=1)].tolist() == clf.predict(F).tolist()


def test_probabilities_where_every_class_is_improbable():
    """Dividing sigmoids by their sum gives 0/0 once all decisions are far below zero."""
    F, y = counts(n_classes=3)
    clf = NBSVMClassifier().fit(F, y)
    clf.intercept_ = clf.intercept_ - 2000
    proba = clf.predict_proba(F)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_one_class_is_an_error():
    """A constant answer for a forgotten class would pass unseen."""
    with pytest.raises(ValueError, match="at least two classes, but y has one class: .pos."):
        make_nbsvm(min_df=1).fit(DOCS, ["pos"] * len(DOCS))


@pytest.mark.parametrize("make", [make_nbsvm, make_tfidf_logistic])
@pytest.mark.parametrize("column", [list, np.array, lambda d: np.array(d, object), pd.Series])
def test_text_columns_and_labels(make, column):
    """A pipeline that indexed its documents by position would break on a Series with an index."""
    X = column(DOCS)
    if isinstance(X, pd.Series):
        X.index = X.index[::-1]
    expected = make().fit(DOCS, LABELS)
    pipe = make().fit(X, LABELS)
    assert set(pipe.classes_) == {"neg", "pos"}
    np.testing.assert_array_equal(pipe.predict_proba(X), expected.predict_proba(DOCS))


@pytest.mark.parametrize("make", [make_nbsvm, make_tfidf_logistic])
def test_clone_search_pickle(make):
    """A step that holds a function or state could not be cloned, searched with jobs or pickled."""
    pipe = clone(make()).fit(DOCS, LABELS)
    proba = pipe.predict_proba(DOCS)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(pipe)).predict_proba(DOCS), proba)
    step = pipe.steps[-1][0]
    search = GridSearchCV(make(), {f"{step}__C": [0.01, 1.0]}, cv=2, error_score="raise")
    search.fit(DOCS * 2, np.tile(LABELS, 2))
    assert search.best_params_.keys() == {f"{step}__C"}


def test_arguments_reach_their_steps():
    """An argument dropped by a factory keeps the default and nobody notices."""
    pipe = make_nbsvm(
        ngram_range=(1, 3), min_df=1, max_features=7, token_pattern=r"\w", alpha=2.0, C=3.0
    )
    words, model = pipe[0].get_params(), pipe[1].get_params()
    assert (words["ngram_range"], words["min_df"], words["max_features"]) == ((1, 3), 1, 7)
    assert (words["token_pattern"], words["binary"]) == (r"\w", True)
    assert (model["alpha"], model["C"]) == (2.0, 3.0)
    pipe = make_tfidf_logistic(
        ngram_range=(1, 2), max_features=9, sublinear_tf=False, C=2.0, random_state=5
    )
    words, model = pipe[0].get_params(), pipe[1].get_params()
    assert (words["ngram_range"], words["max_features"]) == ((1, 2), 9)
    assert (words["sublinear_tf"], model["C"], model["random_state"]) == (False, 2.0, 5)


def test_tokens_keep_what_sentiment_needs():
    """scikit-learn's own pattern loses "!", "?", "I", and takes "don't" for "don"."""
    tokens = make_nbsvm(ngram_range=(1, 1))[0].build_analyzer()("I don't!<br />Why? (7/10)")
    assert tokens == ["i", "don't", "!", "br", "why", "?", "(", "7", "10", ")"]


def test_counts_are_binarised():
    """A word repeated in a document would count more than once in plain counts."""
    pipe = make_nbsvm(min_df=1, ngram_range=(1, 1)).fit(["good good good", "bad"], [1, 0])
    assert pipe[0].transform(["good good bad"]).toarray().tolist() == [[1, 1]]


def test_weights_through_the_pipeline():
    """Ignored weights would give the majority's answer."""
    X, y = ["same words"] * 3, np.array([0, 0, 1])
    pipe = make_nbsvm()
    assert pipe.fit(X, y).predict(X[:1]) == [0]
    assert pipe.fit(X, y, nbsvmclassifier__sample_weight=[1, 1, 9]).predict(X[:1]) == [1]


def test_global_generator_is_left_alone():
    """A solver that draws (liblinear) would move NumPy's global state and change results."""
    before = pickle.dumps(np.random.get_state())
    a = make_nbsvm().fit(DOCS, LABELS)[-1].coef_
    assert pickle.dumps(np.random.get_state()) == before
    np.testing.assert_array_equal(make_nbsvm().fit(DOCS, LABELS)[-1].coef_, a)


def test_empty_and_unknown_documents_agree():
    """A document without known words must not fail, and is the same as an empty one."""
    proba = make_nbsvm().fit(DOCS, LABELS).predict_proba(["", "zzz", "   "])
    assert (proba == proba[0]).all()


@pytest.mark.parametrize("bad", [None, float("nan"), 3])
def test_documents_that_are_no_text_raise(bad):
    """str() of NaN would be a document with the word "nan"."""
    with pytest.raises((ValueError, AttributeError, TypeError)):
        make_nbsvm().fit([*DOCS, bad], [*LABELS, "pos"])
    with pytest.raises(ValueError, match="string object received"):
        make_nbsvm().fit("a bare string", LABELS)


@pytest.mark.slow
def test_no_tensorflow():
    """An import of the network modules would cost seconds and megabytes."""
    code = "import sys, skrnn.baselines; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def read_imdb(per_class=None):
    """Read the reviews straight from the archive, the first `per_class` of each class."""
    folder = os.environ.get("SKRNN_DATA")
    archive = Path(folder or ".") / "aclImdb_v1.tar.gz"
    if not folder or not archive.is_file():
        pytest.skip("needs aclImdb_v1.tar.gz in the folder that SKRNN_DATA names")
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = member.name.split("/")
            # train/unsup, half of the archive, is not read; members keep the archive's order.
            if len(parts) == 4 and parts[2] in ("pos", "neg"):
                rows = found.setdefault((parts[1], parts[2]), [])
                if per_class is None or len(rows) < per_class:
                    rows.append(tar.extractfile(member).read().decode())
    return [
        (
            found[part, "neg"] + found[part, "pos"],
            np.repeat([0, 1], [len(found[part, "neg"]), len(found[part, "pos"])]),
        )
        for part in ("train", "test")
    ]


@pytest.mark.slow
def test_imdb_small():
    """On 2,000 real reviews NB-SVM beats the same n-grams without the ratio, as in the paper."""
    (X, y), (X_test, y_test) = read_imdb(per_class=1000)
    assert len(X) == len(X_test) == 2000
    pipe = make_nbsvm().fit(X, y)
    plain = LogisticRegression(C=0.1, max_iter=1000).fit(pipe[0].transform(X), y)
    score = pipe.score(X_test, y_test)
    print(f"NB-SVM {score:.4f}, plain {plain.score(pipe[0].transform(X_test), y_test):.4f}")
    assert score > plain.score(pipe[0].transform(X_test), y_test)
    assert score > 0.84


@pytest.mark.slow
def test_imdb_full():
    """The figure of issue 2: a lost bigram, an unbinarised count or a wrong ratio falls below."""
    (X, y), (X_test, y_test) = read_imdb()
    assert len(X) == len(X_test) == 25_000
    assert make_nbsvm().fit(X, y).score(X_test, y_test) >= 0.914
