"""The transformer of vectors of documents: in pipelines, from any container, with more texts."""

import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import (
    DocumentVectorizer,
    HashingTextToSequence,
    RNNClassifier,
    TextToSequence,
    make_nbsvm,
    make_reviews,
)
from skrnn.estimators import document_vectorizer as module

TEXTS, LABELS = make_reviews(120, random_state=0)
SMALL = {"n_components": 4, "epochs": 5, "random_state": 0}
TEXT = TextToSequence().fit(TEXTS)
X = TEXT.transform(TEXTS)
ROWS = [list(map(int, X[[i]].data)) for i in range(len(TEXTS))]


class OfNumbers(DocumentVectorizer):
    """Makes ids of the numbers that scikit-learn's checks pass."""

    def fit(self, X, y=None):
        """Fit on ids."""
        return super().fit(self._ids(X), y)

    def transform(self, X):
        """Transform ids."""
        return super().transform(self._ids(X))

    def _ids(self, X):
        if issparse(X):
            raise TypeError("A sparse array is not supported: the checks are on numbers.")
        numbers = np.asarray(X)
        if numbers.dtype == object:
            numbers = np.array(X, float)
        if numbers.ndim != 2 or numbers.dtype.kind != "f" or not np.isfinite(numbers).all():
            return X
        ids = np.clip(np.floor(numbers * 2) + 6, 1, 11).astype(int)
        return type(X)(ids, columns=X.columns) if hasattr(X, "columns") else ids

    def __sklearn_tags__(self):
        """Return tags with which all checks run."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


_ANY_LENGTH = "rows of token ids have any length, whatever that of the rows of fit"
EXPECTED_FAILURES = {
    "check_n_features_in_after_fitting": _ANY_LENGTH,
    "check_transformer_general": _ANY_LENGTH,
    "check_estimators_nan_inf": "NaN at the end of a row is padding, and ends the row",
}

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SkipTestWarning)  # of array API, which needs a setting
    scikit_learn_checks = parametrize_with_checks(
        [OfNumbers(3, vocabulary_size=12, random_state=0, epochs=3, min_df=1, input="tokens")],
        expected_failed_checks=lambda _: EXPECTED_FAILURES,
    )


@scikit_learn_checks
def test_scikit_learn_checks(estimator, check):
    """Fails on any break of scikit-learn's contract that is not listed above."""
    check(estimator)


def topics(n, seed, n_words=300):
    """Return texts on one of two topics, whose words are many and each in few texts."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    likely = np.where((np.arange(n_words) % 2) == y[:, np.newaxis], 24, 8) / n_words
    has = rng.random((n, n_words)) < likely
    texts = [" ".join(f"w{i}" for i in rng.permutation(np.flatnonzero(row))) for row in has]
    return np.array(texts, dtype=object), np.array(["a", "b"])[y]


def test_texts_without_labels_tell_the_topics():
    """Fails if the vectors do not know of words that no labeled text has."""
    texts, y = topics(1200, seed=0)
    text = TextToSequence().fit(texts)
    vectors = DocumentVectorizer(8, random_state=0).fit(text.transform(texts))
    linear = make_pipeline(FrozenEstimator(text), FrozenEstimator(vectors), LogisticRegression())
    linear.fit(texts[:10], y[:10])
    assert linear.score(texts[10:], y[10:]) > 0.8
    assert make_nbsvm().fit(texts[:10], y[:10]).score(texts[10:], y[10:]) < 0.7
    # New texts, which the vectors have not seen either.
    assert linear.score(*topics(300, seed=1)) > 0.8


def test_more_texts_are_learned_from():
    """Fails if X_unlabeled is left out, has other words, or counts otherwise than X."""
    one = DocumentVectorizer(**SMALL).fit(X[:40], X_unlabeled=X[40:])
    both = DocumentVectorizer(**SMALL).fit(X)
    np.testing.assert_array_equal(one.ngram_vectors_, both.ngram_vectors_)
    np.testing.assert_array_equal(one.transform(X), both.transform(X))
    few = DocumentVectorizer(**SMALL).fit(X[:40])
    assert len(few.ngram_vectors_) < len(one.ngram_vectors_)
    with pytest.raises(ValueError, match="In X_unlabeled: .* row 0 of X is the str"):
        DocumentVectorizer(**SMALL).fit(X, X_unlabeled=TEXTS)
    other = TextToSequence().fit_transform(TEXTS[::-1] + ["zebra zebra"] * 300)
    with pytest.raises(ValueError, match="In X_unlabeled: .* another vocabulary"):
        DocumentVectorizer(**SMALL).fit(X, X_unlabeled=other)


def test_more_texts_in_a_vote_of_a_pipeline():
    """Fails if the routing of scikit-learn does not bring the texts to both members as ids."""
    with config_context(enable_metadata_routing=True):
        network = RNNClassifier(units=2, embedding_dim=2, epochs=1, random_state=0)
        vectors = DocumentVectorizer(**SMALL)
        for one in (network, vectors):
            one.set_fit_request(X_unlabeled=True)
        vote = VotingClassifier(
            [("network", network), ("vectors", make_pipeline(vectors, LogisticRegression()))],
            voting="soft",
        )
        pipeline = make_pipeline(FrozenEstimator(TEXT), vote)
        pipeline.set_params(transform_input=["X_unlabeled"])
        pipeline.fit(TEXTS[:40], LABELS[:40], X_unlabeled=TEXTS[40:])
    found = pipeline[-1].named_estimators_["vectors"]
    alone = DocumentVectorizer(**SMALL).fit(X)
    np.testing.assert_array_equal(found[0].ngram_vectors_, alone.ngram_vectors_)
    parts = [one.predict_proba(X) for one in pipeline[-1].estimators_]
    np.testing.assert_allclose(pipeline.predict_proba(TEXTS), np.mean(parts, axis=0))


def test_any_container():
    """Fails if ids in a list, a padded array or a frame are read otherwise than sparse ones."""
    pandas = pytest.importorskip("pandas")
    wanted = DocumentVectorizer(**SMALL).fit(X)
    size = wanted.vocabulary_size_
    width = max(map(len, ROWS))
    after = np.array([row + [0] * (width - len(row)) for row in ROWS])
    before = np.array([[0] * (width - len(row)) + row for row in ROWS])
    frame = pandas.DataFrame(after, columns=[f"t{i}" for i in range(width)])
    for rows in (ROWS, after, before, frame, [np.array(row) for row in ROWS]):
        one = DocumentVectorizer(**SMALL, vocabulary_size=size).fit(rows)
        np.testing.assert_array_equal(one.ngram_vectors_, wanted.ngram_vectors_)
        np.testing.assert_array_equal(one.transform(rows), wanted.transform(X))
        assert one.n_features_in_ == width
    with_nan = pandas.DataFrame([list(map(float, row)) for row in ROWS])
    floats = DocumentVectorizer(**SMALL, vocabulary_size=size, input="tokens")
    np.testing.assert_array_equal(floats.fit_transform(with_nan), wanted.transform(X))
    assert one.fit(frame).feature_names_in_[0] == "t0"
    assert not hasattr(one.fit(ROWS), "feature_names_in_")


def test_what_is_unknown_is_zero():
    """Fails if an unknown word makes another n-gram, or empty texts fail."""
    vectors = DocumentVectorizer(**SMALL, min_df=2).fit(X)
    found = vectors.transform(TEXT.transform(["", "zyx qqq", TEXTS[0], f"zyx {TEXTS[0]} zyx"]))
    assert (found[:2] == 0).all() and np.abs(found[2]).max() > 0
    np.testing.assert_array_equal(found[2], found[3])
    alone = DocumentVectorizer(**SMALL, min_df=1, ngram_range=(2, 2), vocabulary_size=9)
    alone.fit([[2, 3, 4], [2, 3, 5]])
    assert len(alone.ngram_vectors_) == 3
    assert (alone.transform([[3, 2], [2, 1, 3], [2, 0, 3]])[:2] == 0).all()


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (lambda one: one.fit(TEXTS), "row 0 of X is the str"),
        (
            lambda one: one.fit([[2, 3], [4, 5]]),
            r"No n-gram of known tokens occurs in min_df=2 of the 2 documents.*"
            r"Pass more or longer documents, or a smaller min_df\.$",
        ),
        (
            lambda one: one.set_params(min_df=1, ngram_range=(3, 4)).fit([[2, 3]]),
            r"Pass more or longer documents, or an ngram_range from less than 3 tokens on\.$",
        ),
        (lambda one: one.fit([[1, 1], [1, 1]]), "All token ids are 1, the unknown word"),
        (lambda one: one.fit([[2, -3], [2, 3]]), r"has no input='numeric'"),
        (lambda one: one.transform([[2, -3]]), r"has no input='numeric'"),
        (lambda one: one.fit([[], []]), "."),
        (lambda one: one.fit(np.array([[2.0, 3.0], [2.0, 3.0]])), "X has other numbers"),
        (
            lambda one: one.fit(np.random.default_rng(0).normal(size=(9, 5, 2))),
            "X has other numbers",
        ),
        (lambda one: one.fit(CountVectorizer().fit_transform(TEXTS)), "looks like counts"),
        (lambda one: one.set_params(input="numeric").fit(X), "'input' parameter"),
        (lambda one: one.set_params(ngram_range=(2, 1)).fit(X), r"must be \(min_n, max_n\)"),
        (lambda one: one.set_params(n_components=0).fit(X), "n_components"),
        (lambda one: one.set_params(C=1e4).fit(X), "'C'.*1000.0"),
        (lambda one: one.set_params(epochs=0).fit(X), "epochs"),
        (lambda one: one.set_params(min_df=500).fit(X), "min_df=500 of the 120 documents"),
        (lambda one: one.fit(X, X_unlabeled=[[2, 10_000]]), "In X_unlabeled: .*id 10000"),
        (lambda one: one.transform([[2, 10_000]]), "id 10000"),
        (lambda one: one.transform(TextToSequence().fit_transform(TEXTS[::-7])), "vocabulary"),
        (lambda one: one.transform(HashingTextToSequence().fit_transform(TEXTS)), "HashingText"),
    ],
)
def test_bad_input_changes_nothing(bad, problem):
    """Fails if an error has no words, or leaves a half-fitted transformer."""
    vectors = DocumentVectorizer(**SMALL).fit(X)
    before, state = vectors.transform(X), set(vars(vectors))
    with pytest.raises(ValueError, match=problem) as error:
        bad(vectors)
    assert "warm_start" not in str(error.value)
    assert set(vars(vectors)) == state
    np.testing.assert_array_equal(vectors.transform(X), before)
    with pytest.raises(NotFittedError):
        clone(vectors).transform(X)


def test_changed_parameters_wait_for_the_next_fit():
    """Fails if set_params changes what a fitted transformer infers."""
    vectors = DocumentVectorizer(**SMALL).fit(X)
    before = vectors.transform(X)
    vectors.set_params(C=10, ngram_range=(1, 1), n_components=7)
    np.testing.assert_array_equal(vectors.transform(X), before)
    assert vectors.get_feature_names_out().tolist() == [f"documentvectorizer{i}" for i in range(4)]
    assert vectors.fit(X).transform(X).shape == (120, 7)


def test_seeds():
    """Fails if the seed does not decide, or the vectors of equal documents differ."""
    one, same = (DocumentVectorizer(**SMALL).fit(X) for _ in range(2))
    np.testing.assert_array_equal(one.transform(X), same.transform(X))
    other = DocumentVectorizer(**SMALL | {"random_state": np.random.RandomState(5)}).fit(X)
    assert np.abs(other.transform(X) - one.transform(X)).max() > 0.01
    twice = one.transform(TEXT.transform([TEXTS[3], TEXTS[5], TEXTS[3]]))
    np.testing.assert_array_equal(twice[0], twice[2])
    np.testing.assert_array_equal(twice[0], one.transform(X)[3])
    assert one.sample_.max() < len(one.ngram_vectors_)


def test_auto():
    """Fails if "auto" is not what the documentation says."""
    vectors = DocumentVectorizer(2, random_state=0, epochs=1)
    for n, min_df in ((100, 2), (6000, 3), (30_000, 10)):
        assert vectors.fit([[2, 3]] * n, X_unlabeled=[[3, 2]] * 20).min_df_ == min_df
    many = DocumentVectorizer(2, random_state=0, epochs=100).fit(X).ngram_vectors_
    auto = DocumentVectorizer(2, random_state=0).fit(X).ngram_vectors_
    np.testing.assert_array_equal(auto, many)


def test_rows_without_a_label_may_have_higher_ids():
    """Fails if plain ids of more rows are refused, where nobody says how many ids there are."""
    vectors = DocumentVectorizer(**SMALL).fit([[2, 3]] * 3, X_unlabeled=[[2, 9]] * 3)
    assert vectors.vocabulary_size_ == 10
    both = DocumentVectorizer(**SMALL).fit([[2, 3]] * 3 + [[2, 9]] * 3)
    np.testing.assert_array_equal(vectors.ngram_vectors_, both.ngram_vectors_)
    with pytest.raises(ValueError, match="In X_unlabeled: .*id 9"):
        DocumentVectorizer(**SMALL, vocabulary_size=9).fit([[2, 3]] * 3, X_unlabeled=[[2, 9]] * 3)


def test_a_transform_during_a_fit():
    """Fails if vectors are those of no fit, since a part of the attributes is of another one."""
    first, second = (np.array(rows * 100) for rows in ([[2, 3], [4, 5]], [[2, 5], [4, 3], [5, 2]]))
    vectors = DocumentVectorizer(**SMALL)
    wanted = [vectors.fit(rows).transform(first) for rows in (first, second)]
    done = threading.Event()

    def fit():
        while not done.is_set():
            vectors.fit(first)
            vectors.fit(second)

    with ThreadPoolExecutor(1) as pool:
        fits = pool.submit(fit)
        try:
            found = [vectors.transform(first) for _ in range(60)]
        finally:
            done.set()
        fits.result()
    for one in found:
        assert any(np.array_equal(one, each) for each in wanted)


def test_what_is_set_during_a_fit_is_kept(monkeypatch):
    """Fails if a fit undoes what another thread has set in the meantime."""
    vectors, make = DocumentVectorizer(**SMALL).fit(X), module.document_vectors

    def setting(*given, **how):
        vectors.set_params(C=5)
        vectors.note = "mine"
        return make(*given, **how)

    monkeypatch.setattr(module, "document_vectors", setting)
    vectors.fit(X)
    assert vectors.C == 5 and vectors.note == "mine" and vectors._C == 0.1


def test_in_a_search():
    """Fails if a search cannot set a parameter, clone the transformer or send it to a process."""
    pipeline = make_pipeline(TextToSequence(), DocumentVectorizer(**SMALL), LogisticRegression())
    search = GridSearchCV(
        pipeline, {"documentvectorizer__n_components": [2, 3]}, cv=2, error_score="raise", n_jobs=2
    )
    best = search.fit(TEXTS, LABELS).best_estimator_
    again = pickle.loads(pickle.dumps(best))
    np.testing.assert_array_equal(again.predict_proba(TEXTS), best.predict_proba(TEXTS))


def test_as_a_frame():
    """Fails if set_output is not heeded."""
    pytest.importorskip("pandas")
    vectors = DocumentVectorizer(**SMALL).set_output(transform="pandas")
    found = vectors.fit_transform(X)
    assert list(found.columns) == [f"documentvectorizer{i}" for i in range(4)]
    np.testing.assert_array_equal(found.to_numpy(), DocumentVectorizer(**SMALL).fit_transform(X))
