"""N-grams of token ids, and the linear model on them."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_info, threadpool_limits

from skrnn import RNNClassifier, TextToSequence, make_reviews
from skrnn.baselines import NBSVMClassifier
from skrnn.ngrams import EVIDENCE, SCORES, NgramModel, NgramVocabulary
from skrnn.sequences import Sequences


def to_sequences(rows):
    """Return rows of ids as Sequences."""
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return Sequences(np.concatenate(rows).astype(np.int32), offsets)


def random_rows(seed, n=60, vocabulary_size=12):
    """Return rows of ids from 1 on, so that unknown words are among them."""
    rng = np.random.default_rng(seed)
    return [rng.integers(1, vocabulary_size, rng.integers(1, 15)) for _ in range(n)]


def as_counted(rows, other, ngram_range):
    """Return what CountVectorizer makes of the same documents, without unknown words."""
    counter = CountVectorizer(ngram_range=ngram_range, min_df=2, binary=True, token_pattern=r"\S+")

    def texts(rows):
        return [" ".join(f"w{i}" for i in row) for row in rows]

    counter.fit(texts(rows))
    known = np.array(["w1" not in name.split() for name in counter.get_feature_names_out()])
    return [counter.transform(texts(part)).toarray()[:, known] for part in (rows, other)]


@pytest.mark.parametrize("ngram_range", [(1, 1), (1, 2), (2, 3), (1, 4)])
def test_counts_what_countvectorizer_counts(ngram_range):
    """Fails if n-grams cross rows, contain unknown words, or are lost or confused."""
    rows, other = random_rows(0), random_rows(1)
    vocabulary = NgramVocabulary(ngram_range)
    got = (
        vocabulary.fit_find(to_sequences(rows), 12).indicators(),
        vocabulary.find(to_sequences(other)).indicators(),
    )
    for ours, theirs in zip(got, as_counted(rows, other, ngram_range), strict=True):
        assert ours.shape == theirs.shape
        # The order of the columns is each one's own.
        ours, theirs = (sorted(map(tuple, x.T.tolist())) for x in (ours.toarray(), theirs))
        assert ours == theirs


def test_columns_mean_the_same_in_transform():
    """Fails if transform gives n-grams other columns than fit_transform."""
    rows = to_sequences(random_rows(2))
    vocabulary = NgramVocabulary((1, 3))
    fitted = vocabulary.fit_find(rows, 12).indicators()
    np.testing.assert_array_equal(fitted.toarray(), vocabulary.find(rows).indicators().toarray())


def targets_of(y, n_outputs):
    """Return what each output is to be positive for: class 1, or each class."""
    return y[:, None] == (np.arange(n_outputs) if n_outputs > 1 else [1])


def fit_score(model, rows, y, n_outputs, vocabulary_size=12):
    """Return the cross-fitted scores and evidence of the training rows."""
    weights, targets = np.ones(len(y)), targets_of(y, n_outputs) if y.ndim == 1 else y > 0
    strata = y if y.ndim == 1 else None
    return model.fit_score(rows, targets, strata, weights, vocabulary_size=vocabulary_size, seed=0)


def scores_of(y, n_outputs, rows=None):
    """Return scores of the training rows, cross-fitted and by the fitted model."""
    rows = to_sequences(random_rows(3, len(y)) if rows is None else rows)
    model = NgramModel((1, 2))
    crossed = fit_score(model, rows, y, n_outputs)
    return crossed.row_inputs[SCORES], model.score(rows).row_inputs[SCORES]


def test_training_scores_are_of_models_that_have_not_seen_the_row():
    """On labels by chance. Fails if a row's own label leaks into its score."""
    y = np.random.default_rng(0).integers(0, 2, 400)
    crossed, own = scores_of(y, 1)
    assert abs(np.mean((crossed[:, 0] > 0) == y) - 0.5) < 0.1
    assert np.mean((own[:, 0] > 0) == y) > 0.6


def test_evidence_stands_where_the_ngrams_end():
    """Against a loop over windows. Fails if weights go to other steps, rows or outputs."""
    rows = random_rows(5)
    vocabulary = NgramVocabulary((1, 3))
    vocabulary.fit_find(to_sequences(rows), 12)
    other = random_rows(6)
    found = vocabulary.find(to_sequences(other))
    coef = np.random.default_rng(0).normal(size=(2, found.shape[1]))
    first_number = np.cumsum([0, 0, *map(len, vocabulary._codes)])  # of n-grams of length n
    numbers = {}  # of each n-gram, found one by one
    for row in rows:
        for n in (1, 2, 3):
            for window in zip(*(row[i:] for i in range(n)), strict=False):
                if 1 not in window:
                    alone = vocabulary.find(to_sequences([np.array(window)]))
                    # Those that end here are suffixes; longer n-grams have higher numbers.
                    ends = alone.number[alone.step == n - 1]
                    is_known = len(ends) and max(ends) >= first_number[n]
                    numbers[window] = [max(ends)] if is_known else []
    wanted = []
    for row in other:
        for end in range(1, len(row) + 1):
            windows = [tuple(row[end - n : end]) for n in (1, 2, 3) if n <= end]
            known = [k for window in windows for k in numbers.get(window, ())]
            wanted.append(coef[:, known].sum(axis=1))
    np.testing.assert_allclose(found.evidence(coef), wanted, atol=1e-5)


def test_evidence_and_scores_are_of_the_same_models():
    """Rows whose n-grams are all different. Fails if a row's evidence is of another fold's model.

    Each row's score is then its evidence, scaled, and the intercept of its fold's model.
    """
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 100)
    rows = to_sequences([rng.permutation(np.arange(2, 12))[:8] for _ in y])
    model = NgramModel((1, 1))
    trained = fit_score(model, rows, y, 1)
    assert np.isclose(trained.step_inputs[EVIDENCE].std(), 0.2, atol=1e-3)
    for scored, n_intercepts in ((trained, 5), (model.score(rows), 1)):
        sums = np.add.reduceat(scored.step_inputs[EVIDENCE], rows.offsets[:-1]) / model._scale
        assert len(np.unique((scored.row_inputs[SCORES] - sums).round(3))) <= n_intercepts


@pytest.mark.slow
def test_many_outputs_have_no_evidence():
    """Fails if a hundred classes make a hundred numbers at each step."""
    y = np.arange(200) % 17
    rows = to_sequences(random_rows(7, 200))
    model = NgramModel((1, 1))
    trained = fit_score(model, rows, y, 17)
    assert trained.step_inputs == {} and model.score(rows).step_inputs == {}
    assert trained.row_inputs[SCORES].shape == (200, 17)


def test_scores_of_several_classes_and_labels():
    """Fails if an output's score is another class's."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    rows = [np.r_[rng.integers(5, 12, 6), 2 + label] for label in y]
    crossed, own = scores_of(y, 3, rows)
    assert np.mean(crossed.argmax(axis=1) == y) > 0.95
    indicator = np.eye(3, dtype=np.float32)[y]
    indicator[:, 1] = 1  # a label that every row has
    crossed, own = scores_of(indicator, 3, rows)
    for scores in (crossed, own):
        np.testing.assert_array_equal(scores[:, [0, 2]] > 0, indicator[:, [0, 2]] > 0)
        assert (scores[:, 1] > 0).all()


@pytest.mark.parametrize("n", [2, 3, 7])
def test_few_rows(n):
    """Fails if folds without a class, or without n-grams, are errors or not finite."""
    y = np.arange(n) % 2
    crossed, own = scores_of(y, 1, [[2, 3]] * n)
    assert np.isfinite(crossed).all() and np.isfinite(own).all()
    crossed, own = scores_of(y, 1, [[1]] * n)  # unknown words only
    assert not crossed.any() and not own.any()


def test_linear_models_are_fitted_on_one_blas_thread(monkeypatch):
    """Fails if more add up long vectors in parts: the last bits would go with their number.

    They differ by 1e-13, which shows in a few of millions of float32 scores only.
    """
    seen = []

    def fit(self, *args):
        seen.extend(x["num_threads"] for x in threadpool_info() if x["user_api"] == "blas")
        return real_fit(self, *args)

    real_fit = NBSVMClassifier.fit
    monkeypatch.setattr(NBSVMClassifier, "fit", fit)
    with threadpool_limits(2, user_api="blas"):
        scores_of(np.arange(60) % 2, 1)
    assert set(seen) == {1}


def test_with_many_classes_rare_ngrams_are_left_out(monkeypatch):
    """Fails if the weights grow beyond the bound, or the frequent n-grams are what is left out."""
    rows = [[*row, 2] for row in random_rows(4, 300)]
    monkeypatch.setattr("skrnn.ngrams.MAX_WEIGHTS", 200)
    y = np.arange(300) % 5
    model = NgramModel((1, 2))
    fit_score(model, to_sequences(rows), y, 5)
    assert 20 < model.n_ngrams <= 40
    assert len(model._vocabulary.find(to_sequences([[2]])).number) == 1


@pytest.mark.parametrize("length", [5, 300])
def test_long_and_short_documents_are_weighed_alike(length):
    """A word of ten tells; the rest is noise. Fails if C suits one length of document only."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    rows = [np.r_[rng.integers(50, 1000, length), 2 + label + 2 * (rng.random(3) < 0.2)]
            for label in y]  # fmt: skip
    model = NgramModel((1, 1))
    crossed = fit_score(model, to_sequences(rows), y, 1, vocabulary_size=1000)
    assert np.mean((crossed.row_inputs[SCORES][:, 0] > 0) == y) > 0.9


@pytest.mark.slow
def test_in_the_classifier():
    """Words decide here, and the network hardly trains. Fails if the n-grams do not reach it."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    X = [" ".join(rng.choice([*"abcdefgh"], 8)) + (" yes" if label else " no") for label in y]
    settings = {"units": 2, "epochs": 1, "embeddings": None, "random_state": 0}
    with_ngrams = make_pipeline(TextToSequence(), RNNClassifier(ngram_range=(1, 2), **settings))
    alone = RNNClassifier(ngram_range=None, **settings)
    without = make_pipeline(TextToSequence(), alone)
    assert with_ngrams.fit(X[:200], y[:200]).score(X[200:], y[200:]) == 1.0
    assert without.fit(X[:200], y[:200]).score(X[200:], y[200:]) < 0.9


@pytest.mark.slow
def test_partial_fit_keeps_the_ngrams_of_fit():
    """Fails if partial_fit drops them, or fits them anew on a chunk."""
    documents, y = make_reviews(200, random_state=0)
    X = TextToSequence().fit_transform(documents)
    model = RNNClassifier(units=4, epochs=1, ngram_range=(1, 2), random_state=0).fit(X, y)
    before = model.ngrams_.score(to_sequences([[2, 3, 4]])).row_inputs[SCORES]
    model.partial_fit(X[:20], y[:20])
    np.testing.assert_array_equal(
        model.ngrams_.score(to_sequences([[2, 3, 4]])).row_inputs[SCORES], before
    )
    assert model.n_iter_ == 2
    # From the start there are no rows yet to count n-grams in.
    fresh = RNNClassifier(units=4, ngram_range=(1, 2), random_state=0).partial_fit(X[:20], y[:20])
    assert np.isfinite(fresh.predict_proba(X)).all()


@pytest.mark.parametrize("wrong", [(2, 1), (0, 1), (1,), (1.0, 2), "12"])
def test_wrong_range_is_told(wrong):
    """Fails if a wrong ngram_range is taken, or the message does not name it."""
    documents, y = make_reviews(20, random_state=0)
    X = TextToSequence().fit_transform(documents)
    with pytest.raises(ValueError, match="ngram_range"):
        RNNClassifier(ngram_range=wrong).fit(X, y)
