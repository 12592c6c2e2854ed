"""The vectors of documents have a share in what a teacher answers."""

import numpy as np
import pytest

from skrnn import RNNClassifier
from skrnn.caching.store import Store, sharing
from skrnn.embeddings.documents import Vectors
from skrnn.estimators import document_teacher as module
from skrnn.estimators.document_teacher import pooled
from skrnn.estimators.rows import Rows
from skrnn.heads.classes import ClassesHead
from skrnn.sequences import Sequences

FIRST, OWN, COMMON = 3, 40, 20
SIZE = FIRST + 3 * OWN + COMMON


class Student:
    """What is asked of an estimator."""

    vocabulary_size_ = SIZE

    def __init__(self, classes):
        self.head_ = ClassesHead(classes)


def texts(n, n_classes=2, length=20, seed=0):
    """Return texts of which half of the words are of their class, and the classes."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    own = FIRST + OWN * y[:, np.newaxis] + rng.integers(0, OWN, (n, length // 2))
    common = FIRST + 3 * OWN + rng.integers(0, COMMON, (n, length - length // 2))
    return np.hstack([own, common]).astype(np.int32), y


def rows_of(ids):
    return Sequences(ids.ravel(), ids.shape[1] * np.arange(len(ids) + 1))


def taught(ids, y, more, answers=None, seed=0, weights=None):
    """Return what is answered to `more` if the network knows nothing, and the share."""
    student = Student(np.unique(y))
    weights = np.ones(len(y), np.float32) if weights is None else weights
    training = Rows(rows_of(ids), student.head_.encode(y), weights)
    if answers is None:
        answers = np.full((len(more), len(np.unique(y))), 1 / len(np.unique(y)))
    return pooled(answers, training, rows_of(more), student, seed=seed)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_few_labels_tell_what_the_directions_mean(n_classes):
    """Fails if vectors, classes or rows are mixed up: a network that knows nothing adds nothing."""
    ids, y = texts(24, n_classes)
    more, truth = texts(400, n_classes, seed=1)
    answers, share = taught(ids, y, more)
    assert (answers.argmax(axis=1) == truth).mean() > 0.97
    assert 0.5 < share <= 1
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    again, other = taught(ids, y, more), taught(ids, y, more, seed=1)
    np.testing.assert_array_equal(again[0], answers)
    assert not np.array_equal(other[0], answers)


def test_rows_of_little_weight_teach_little():
    """Fails if the regression on vectors does not get the weights of rows.

    More rows are wrong than right, so without weights the classes would be swapped.
    """
    ids, y = texts(150, 2)
    more, truth = texts(400, 2, seed=1)
    is_wrong = np.arange(150) % 3 > 0
    weights = np.where(is_wrong, 0.01, 1).astype(np.float32)
    told = np.where(is_wrong, 1 - y, y)
    answers, share = taught(ids, told, more, weights=weights / weights.mean())
    assert share > 0
    assert (answers.argmax(axis=1) == truth).mean() > 0.9
    swapped, _ = taught(ids, told, more)
    assert (swapped.argmax(axis=1) == truth).mean() < 0.5


def test_names_of_classes():
    """Fails if numbers of classes are taken for the classes themselves."""
    ids, y = texts(24, 3)
    more, truth = texts(100, 3, seed=1)
    answers, _ = taught(ids, 5 - 2 * y, more)
    assert (answers.argmax(axis=1) == 2 - truth).mean() > 0.9


def test_the_share_is_the_weight_of_a_pool():
    """Fails if the network's answers are dropped, or added without their weight."""
    ids, y = texts(24)
    more, _ = texts(50, seed=1)
    own, nothing = taught(ids, y, more)
    p = np.random.default_rng(0).uniform(0.05, 0.95, 50)
    both, share = taught(ids, y, more, np.column_stack([1 - p, p]))
    assert 0 < share <= nothing
    odds = [np.log(one[:, 1] / one[:, 0]) for one in (both, own)]
    np.testing.assert_allclose(
        odds[0], share / nothing * odds[1] + (1 - share) * np.log(p / (1 - p)), atol=1e-4
    )
    certain = np.eye(2)[np.arange(50) % 2]
    answers, of_certain = taught(ids, y, more, certain)
    assert np.isfinite(answers).all()
    assert of_certain < share  # it knows more than the n-grams


def test_vectors_that_tell_nothing_have_a_small_share():
    """Fails if the share does not follow from the labels: here, a single word tells the class."""
    rng = np.random.default_rng(0)

    def noise(n):
        ids = FIRST + 1 + rng.integers(0, SIZE - FIRST - 1, (n, 30)).astype(np.int32)
        y = rng.integers(0, 2, n)
        ids[y == 1, 3] = FIRST
        return ids, y

    ids, y = noise(300)
    _, share = taught(ids, y, noise(300)[0])
    easy, y = texts(300)
    _, other = taught(easy, y, texts(300, seed=1)[0])
    assert share < 0.3 < other


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n", [40, pytest.param(100, marks=pytest.mark.slow)])
def test_a_network_that_knows_the_order_of_words_stays(n, seed):
    """Fails if vectors, better than nothing by chance, replace what only a network can know.

    The class is whether the first and the last word are of the same kind. No word tells it.
    """
    rng = np.random.default_rng(seed)
    ids = (FIRST + rng.integers(0, 20, (n + 100, 8))).astype(np.int32)
    y = ((ids[:, 0] < FIRST + 10) == (ids[:, -1] < FIRST + 10)).astype(int)
    p = np.where(y[n:] == 1, 0.95, 0.05)
    found, share = taught(ids[:n], y[:n], ids[n:], np.column_stack([1 - p, p]), seed)
    assert share < 0.25
    np.testing.assert_array_equal(found.argmax(axis=1), y[n:])


def test_documents_without_a_common_word():
    """Fails if vectors that are noise have a share: no n-gram is in two documents."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        ids = FIRST + rng.permutation(120)[:, np.newaxis].astype(np.int32)
        answers = rng.dirichlet([1, 1], 20)
        found, share = taught(ids[:100], rng.random(100) < 0.3, ids[100:], answers, seed)
        assert share == 0
        np.testing.assert_array_equal(found, answers)


def test_a_few_odd_classes_do_not_matter():
    """Fails if rows whose class no fold knows speak against the vectors."""
    ids, y = texts(100, 3)
    more, truth = texts(50, 3, seed=1)
    _, wanted = taught(ids, y, more)
    y[:10] = 10 + np.arange(10)
    answers, share = taught(ids, y, more)
    assert share == pytest.approx(wanted, abs=0.1)
    assert (answers.argmax(axis=1) == truth).mean() > 0.95


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.filterwarnings("error")
def test_texts_far_longer_than_the_labeled_ones(n_classes):
    """Fails if a regression that is very sure has an infinite logarithm, or a warning of it."""
    ids, y = texts(30, n_classes, length=4)
    more, truth = texts(20, n_classes, length=1200, seed=1)
    wrong = np.full((20, n_classes), 1e-9)
    wrong[np.arange(20), (truth + 1) % n_classes] = 1
    answers, share = taught(ids, y, more, wrong / wrong.sum(axis=1, keepdims=True))
    assert np.isfinite(np.log(answers)).all() and 0 < share < 1


def test_many_rows_and_classes_have_one_penalty(monkeypatch):
    """Fails if six regressions for each fold are fitted where one takes long."""
    fits = []

    class Noting(module.LogisticRegression):
        def fit(self, *args):
            fits.append(self.C)
            return super().fit(*args)

    monkeypatch.setattr(module, "LogisticRegression", Noting)
    ids, y = texts(30)
    more, truth = texts(50, seed=1)
    taught(ids, y, more)
    assert len(fits) == 6 * 5 + 1 and len(set(fits)) == 6
    monkeypatch.setattr(module, "MANY", 29)
    del fits[:]
    answers, _ = taught(ids, y, more)
    assert fits == [1.0] * 6
    assert (answers.argmax(axis=1) == truth).mean() > 0.9


@pytest.mark.parametrize("n", [2, 3])
def test_too_few_rows(n):
    """Fails if there is a fold with one class, which no regression learns."""
    ids, _ = texts(n)
    more, _ = texts(10, seed=1)
    answers, share = taught(ids, np.arange(n) % 2, more)
    assert share == 0
    np.testing.assert_array_equal(answers, 0.5)


def test_a_class_with_one_row():
    """Fails if a fold without a class fails, or its rows are certain to be of another one."""
    ids, y = texts(30)
    y[0] = 2
    answers, share = taught(ids, y, texts(10, seed=1)[0])
    assert answers.shape == (10, 3) and np.isfinite(answers).all() and share > 0


@pytest.mark.slow
def test_a_student_knows_them():
    """Fails if the answers of the vectors do not reach the student.

    The labeled texts have few of the words of their classes, new ones have all 40.
    """
    ids, y = texts(10, length=8)
    more, _ = texts(500, length=8, seed=1)
    new, truth = texts(400, length=8, seed=2)
    how = {"units": 8, "embedding_dim": 16, "random_state": 0, "epochs": 12}
    how |= {"input": "tokens", "vocabulary_size": SIZE, "learning_rate": 0.01}
    model = RNNClassifier(**how).fit(ids, y)
    student = RNNClassifier(**how, self_training_rounds=1).fit(ids, y, X_unlabeled=more)
    assert student.score(new, truth) > 0.85 > model.score(new, truth) + 0.2


def test_the_candidates_of_a_search_share_them(monkeypatch):
    """Fails if vectors are made again for the same rows, or kept for other ones."""
    calls, make = [], module.document_vectors

    def noting(X, seed):
        calls.append(X.shape)
        return make(X, seed=seed)

    monkeypatch.setattr(module, "document_vectors", noting)
    ids, y = texts(24)
    more, _ = texts(30, seed=1)
    with sharing(Store()):
        first, again = taught(ids, y, more), taught(ids, y, more)
        np.testing.assert_array_equal(first[0], again[0])
        assert len(calls) == 1
        taught(ids, y, more[:20])
        taught(ids, y, more, seed=1)
        assert len(calls) == 3


def test_rare_ngrams_cost_nothing(monkeypatch):
    """Fails if an n-gram of one document of many is learned."""
    seen = []

    class Noting(module.NgramVocabulary):
        def __init__(self, ngram_range, min_df):
            seen.append(min_df)
            super().__init__(ngram_range, min_df)

    def no_vectors(X, seed):
        return Vectors(*(np.zeros((n, 2), np.float32) for n in X.shape))

    monkeypatch.setattr(module, "NgramVocabulary", Noting)
    monkeypatch.setattr(module, "document_vectors", no_vectors)
    for n in (10, 10_000, 50_000):
        module._vectors(rows_of(np.full((n, 1), FIRST, np.int32)), SIZE, 0)
    assert seen == [2, 5, 10]
