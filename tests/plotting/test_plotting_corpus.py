"""What max_length and max_features keep of a corpus, against counting by brute force."""

import random
from collections import Counter

import matplotlib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import TextToSequence, make_reviews
from skrnn.plotting import CorpusDisplay

matplotlib.use("Agg")
import matplotlib.pyplot as plt

DOCUMENTS = [*make_reviews(60, random_state=0)[0], "", "so so so so so so"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize("truncate", ["head", "tail", "both"])
@pytest.mark.parametrize("max_length", [1, 7, 20, 1000])
def test_lengths_are_those_of_the_estimator(max_length, truncate):
    """Fails if shares differ from what `transform` leaves of the documents."""
    whole = TextToSequence().fit(DOCUMENTS).transform(DOCUMENTS)
    cut = TextToSequence(max_length=max_length, truncate=truncate).fit(DOCUMENTS)
    display = CorpusDisplay.from_estimator(cut, DOCUMENTS)
    before, after = np.diff(whole.indptr), np.diff(cut.transform(DOCUMENTS).indptr)
    np.testing.assert_array_equal(display.lengths, before)
    assert display.documents_whole(max_length) == np.mean(before == after)
    assert display.tokens_kept(max_length) == after.sum() / before.sum()
    several = display.tokens_kept([max_length, 5])
    assert several.tolist() == [display.tokens_kept(max_length), display.tokens_kept(5)]


@pytest.mark.parametrize("parameters", [{}, {"min_df": 3}, {"min_df": 0.1}, {"analyzer": "char"}])
def test_coverage_is_that_of_the_estimator(parameters):
    """Fails if coverage differs from the known ids of an estimator of that `max_features`."""
    display = CorpusDisplay.from_estimator(TextToSequence(**parameters), DOCUMENTS)
    every = TextToSequence(**parameters, max_features=None).fit(DOCUMENTS)
    n_words = len(every.vocabulary_)
    distinct = {token for d in DOCUMENTS for token in every.build_analyzer()(d)}
    assert len(display.word_counts) == len(display.coverage_) == n_words
    for max_features in (1, 2, n_words // 2, n_words):
        ids = TextToSequence(**parameters, max_features=max_features).fit_transform(DOCUMENTS)
        assert display.coverage_[max_features - 1] == np.mean(ids.data > 1)
        share = len(set(ids.data.tolist()) - {1}) / len(distinct)
        assert display.distinct_coverage_[max_features - 1] == share


@pytest.mark.parametrize("vocabulary", [["film", "the", "unheard", "not"], {"the": 2, "not": 3}])
def test_given_vocabulary(vocabulary):
    """Fails if words are ranked by frequency, or a `max_features` without effect is marked."""
    text = TextToSequence(vocabulary=vocabulary, max_features=1)
    display = CorpusDisplay.from_estimator(text, DOCUMENTS)
    counts = Counter(token for d in DOCUMENTS for token in text.build_analyzer()(d))
    assert display.word_counts.tolist() == [counts[word] for word in vocabulary]
    assert display.max_features is None
    occurring = sum(word in counts for word in vocabulary)
    assert display.distinct_coverage_[-1] == occurring / len(counts)
    assert display.words_for(0.9) is None


def test_smallest_settings_for_a_share():
    """Fails if a smaller max_length or max_features would do, or the returned one does not."""
    rng = random.Random(0)
    for n in (1, 2, 3, 10, 100):
        lengths = [rng.randrange(1, 30) for _ in range(n)]
        counts = np.array(sorted((rng.randrange(1, 9) for _ in range(n)), reverse=True))
        display = CorpusDisplay(np.array(lengths), counts * sum(lengths) / counts.sum())
        for share in (0.1, 0.5, 0.9, 0.99, 1.0):
            wanted = min(m for m in range(1, 31) if np.mean(np.array(lengths) <= m) >= share)
            assert display.length_for(share) == wanted
            sums = np.cumsum(counts) / counts.sum()
            assert display.words_for(share) == 1 + int(np.flatnonzero(sums >= share - 1e-12)[0])


def test_draws_lengths():
    """Fails if the histogram or a curve shows other numbers, or the setting is not marked."""
    display = CorpusDisplay.from_estimator(TextToSequence(max_length=15), DOCUMENTS)
    axes = display.ax_[0]
    assert sum(bar.get_height() for bar in display.histogram_ax_.patches) == len(DOCUMENTS)
    for bar in display.histogram_ax_.patches:
        low, high = bar.get_x(), bar.get_x() + bar.get_width()
        inside = (low < display.lengths) & (display.lengths < high)
        assert bar.get_height() == inside.sum()
    for label, share in (
        ("documents left whole", display.documents_whole),
        ("tokens kept", display.tokens_kept),
    ):
        x, y = lines(axes)[label].get_data()
        assert y.tolist() == [share(n) for n in x]
        assert x[0] == 0 and x[-1] >= 15
    (setting,) = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert set(setting.get_xdata()) == {15}
    at = [display.length_for(share) for share in (0.9, 0.95, 0.99)]
    (rings,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert rings.get_xdata().tolist() == at
    assert rings.get_ydata().tolist() == [display.documents_whole(n) for n in at]
    assert f"90%, 95%, 99% whole at {at[0]}, {at[1]}, {at[2]}" in labels(axes)
    whole = np.floor(1000 * display.documents_whole(15)) / 10
    assert any(label.startswith(f"max_length=15: {whole:.1f}% whole") for label in labels(axes))


def test_draws_words():
    """Fails if a curve shows other numbers, or another vocabulary than the fitted is starred."""
    text = TextToSequence(max_features=30).fit(DOCUMENTS[:5])
    display = CorpusDisplay.from_estimator(text, DOCUMENTS)
    axes = display.ax_[1]
    x, y = lines(axes)["running tokens known"].get_data()
    assert x.tolist() == list(range(1, len(display.word_counts) + 1))
    np.testing.assert_array_equal(y, display.coverage_)
    distinct = lines(axes)["distinct words known"].get_ydata()
    np.testing.assert_array_equal(distinct, display.distinct_coverage_)
    (star,) = [line for line in axes.lines if line.get_marker() == "*"]
    known = np.mean(text.transform(DOCUMENTS).data > 1)
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (30, known)
    assert known < display.coverage_[29]  # it has not seen these documents
    unfitted = CorpusDisplay.from_estimator(TextToSequence(), DOCUMENTS)
    assert not [line for line in unfitted.ax_[1].lines if line.get_marker() == "*"]
    (setting,) = [line for line in unfitted.ax_[1].lines if line.get_linestyle() == ":"]
    n_words = len(unfitted.word_counts)
    assert setting.get_label() == f"max_features=10,000: 100.0% of the tokens, all {n_words} words"
    assert set(setting.get_xdata()) == {n_words}


def test_share_that_is_not_all():
    """Fails if 99.96% reads as all."""
    display = CorpusDisplay(np.array([2499]), np.array([2498, 1]), max_features=1).plot()
    assert "max_features=1: 99.9% of the tokens" in labels(display.ax_[1])


def test_endless_document():
    """Fails if one document presses all others into a corner, or that is not said."""
    lengths = np.array([10] * 500 + [100_000])
    display = CorpusDisplay(lengths, np.array([lengths.sum()])).plot()
    assert display.ax_[0].get_xlim() == (0, 15)
    assert display.ax_[0].get_xlabel() == "max_length (the longest has 100,000 tokens)"
    wide = CorpusDisplay(lengths, np.array([lengths.sum()]), max_length=100).plot()
    assert wide.ax_[0].get_xlim()[1] > 100


def test_pipelines_and_containers():
    """Fails if a pipeline, fitted or not, or a generator is read otherwise than a list."""
    alone = CorpusDisplay.from_estimator(TextToSequence(max_length=9), DOCUMENTS)
    pipe = make_pipeline(TextToSequence(max_length=9), FunctionTransformer(accept_sparse=True))
    for documents in (np.array(DOCUMENTS, dtype=object), (d for d in DOCUMENTS)):
        display = CorpusDisplay.from_estimator(pipe, documents)
        np.testing.assert_array_equal(display.word_counts, alone.word_counts)
        assert display.max_length == 9 and display.known is None
    pipe.fit(DOCUMENTS)
    n_words = len(alone.word_counts)
    assert CorpusDisplay.from_estimator(pipe, DOCUMENTS).known == (n_words, 1.0)
    tokens = [["a", "b"], ["a"]]
    assert CorpusDisplay.from_estimator(TextToSequence(analyzer=list), tokens).lengths[0] == 2


def test_draws_where_it_is_told():
    """Fails if `ax` is ignored, or too many axes are left empty."""
    figure, ax = plt.subplots(2)
    display = CorpusDisplay.from_estimator(TextToSequence(), DOCUMENTS, ax=ax)
    assert display.figure_ is figure and len(plt.get_fignums()) == 1
    with pytest.raises(ValueError, match="ax has 3 axes, but must have two"):
        display.plot(ax=plt.subplots(3)[1])


def test_bad_input():
    """Fails if a mistake shows as an error of a library below, or the wrong row is named."""
    draw = CorpusDisplay.from_estimator
    with pytest.raises(TypeError, match="Expected a TextToSequence.*got FunctionTransformer"):
        draw(FunctionTransformer(), DOCUMENTS)
    search = GridSearchCV(FunctionTransformer(), {})
    search.best_estimator_ = TextToSequence()
    with pytest.raises(TypeError, match=r"got GridSearchCV\. Pass its best_estimator_\.$"):
        draw(search, DOCUMENTS)
    with pytest.raises(TypeError, match="Pipeline that starts with the step FunctionTransformer"):
        draw(make_pipeline(FunctionTransformer()), DOCUMENTS)
    with pytest.raises(ValueError, match="none of the 2 documents has a token"):
        draw(TextToSequence(), ["", " "])
    with pytest.raises(ValueError, match="none of the 0 documents"):
        draw(TextToSequence(), [])
    with pytest.raises(ValueError, match="Document in row 1 is NoneType"):
        draw(TextToSequence(), ["a", None])
    with pytest.raises(ValueError, match="'min_df' parameter"):
        draw(TextToSequence(min_df=-1), DOCUMENTS)
