"""Weights that words share with words of similar spelling."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

import skrnn
from skrnn import RNNClassifier, TextToSequence
from skrnn.baselines.outputs import fit_classes
from skrnn.ngrams import EVIDENCE, SCORES, NgramModel, NgramVocabulary, cross_fitting
from skrnn.sequences import Sequences
from skrnn.sequences.special_tokens import FIRST_WORD
from skrnn.text.word_pieces import LENGTHS, MAX_WORDS, SpelledWords, countable_pieces, pieces_of

STEMS = (("mount", "hill", "peak"), ("river", "lake", "pond"))


def spelled_texts(n, seed, *, first=0):
    """Return texts and classes; only the stem of a word, which no other text has, tells the class.

    Words of different `first` are different. The word "the" is in all of them.
    """
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    texts = []
    for row, label in enumerate(y, first):
        letters = "".join("abcdefghij"[int(digit)] for digit in f"{row:03d}")
        texts.append(f"the {STEMS[label][rng.integers(3)]}{letters} is the one")
    return texts, y


def sequences_of(text, texts):
    """Return Sequences with words, as estimators have them."""
    ids = text.transform(texts)
    return Sequences(np.asarray(ids.data), np.asarray(ids.indptr, np.int64), words=ids.words)


def fit_score(model, rows, y, vocabulary_size):
    """Return the training rows with cross-fitted scores."""
    return model.fit_score(
        rows, y[:, None] > 0, y, np.ones(len(y)), vocabulary_size=vocabulary_size, seed=0
    )


def vocabulary_of(rows):
    """Return the n-grams that are learned without words."""
    vocabulary = NgramVocabulary((1, 3))
    vocabulary.fit_find(rows, len(rows.words))
    return vocabulary


@pytest.fixture(scope="module")
def fitted():
    """A model of texts, those texts, and texts of other words whose ids are known."""
    texts, y = spelled_texts(120, 0)
    others, y_others = spelled_texts(200, 1, first=500)
    text = TextToSequence(extra_words=" ".join(others).split()).fit(texts)
    rows, others = sequences_of(text, texts), sequences_of(text, others)
    model = NgramModel((1, 2))
    crossed = fit_score(model, rows, y, len(text.vocabulary_) + FIRST_WORD)
    return model, rows, y, crossed, others, y_others


def test_pieces_of_a_word():
    """Fails if a piece is left out or counted twice, or if a character or encoded data has any."""
    pieces = pieces_of([None, "ab", "aaaa", "好", "ab", "x" * 10_000])
    assert pieces.shape[0] == 6
    # "<a", "ab", "b>"; "<ab", "ab>"; the word as a whole has a weight anyway
    assert pieces[[1]].sum() == 5
    marked = "<aaaa>"
    expected = {marked[i : i + n] for n in LENGTHS for i in range(len(marked) - n + 1)}
    assert pieces[[2]].sum() == len(expected)
    assert pieces.max() == 1
    assert pieces[[0]].nnz == pieces[[3]].nnz == pieces[[5]].nnz == 0
    assert (pieces[[1]] != pieces[[4]]).nnz == 0


def test_words_of_no_training_row_have_the_weight_of_their_pieces(fitted):
    """Fails if spelling is not learned; without it, no word of other rows is known."""
    model, _, y, crossed, others, y_others = fitted
    assert ((crossed.row_inputs[SCORES][:, 0] > 0) == y).mean() > 0.9
    assert ((model.score(others).row_inputs[SCORES][:, 0] > 0) == y_others).mean() > 0.9


def test_ids_alone_are_read_as_before(fitted):
    """Fails if rows without words are spelled, or if the test above passes without spelling."""
    _, rows, y, _, others, y_others = fitted
    model = NgramModel((1, 2))
    fit_score(model, replace(rows, words=None), y, len(rows.words))
    told = model.score(others).row_inputs[SCORES][:, 0] > 0
    assert (told == y_others).mean() < 0.65


def test_folded_weights_say_what_the_features_say(fitted):
    """Fails if the weights of pieces are added to the wrong words, or wrongly scaled."""
    _, rows, *_ = fitted
    size = len(rows.words)
    vocabulary = NgramVocabulary((1, 3))
    indicators = vocabulary.fit_find(rows, size, with_all_words=True).indicators()
    spelled = SpelledWords(indicators, 2, pieces_of(rows.words[FIRST_WORD:]))
    coef = np.random.default_rng(0).normal(size=(3, spelled.features.shape[1]))
    np.testing.assert_allclose(
        indicators @ spelled.of_ngrams(coef).T, spelled.features @ coef.T, atol=1e-4
    )
    without = np.ones((3, vocabulary_of(rows).n_ngrams))
    np.testing.assert_allclose(
        indicators @ spelled.mean(without, coef).T,
        (vocabulary_of(rows).find(rows).indicators() @ without.T + spelled.features @ coef.T) / 2,
        atol=1e-4,
    )
    # n-grams of several words, and words of several rows, are those that are learned without words
    plain = vocabulary_of(rows)
    assert spelled.features.shape[1] > plain.n_ngrams
    assert set(plain.codes[0]) < set(vocabulary.codes[0])
    for ours, theirs in zip(vocabulary.codes[1:], plain.codes[1:], strict=True):
        assert len(ours) == len(theirs)


def test_rows_held_out_decide():
    """Fails if pieces are used although they make answers to rows held out worse.

    The classes of these rows are random, so chance decides.
    """
    is_spelled = set()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        words = ["".join(rng.choice(list("abcdefgh"), 6)) for _ in range(40)]
        y = rng.integers(0, 2, 80)
        texts = [" ".join(rng.choice(words, 3)) for _ in y]
        rows = sequences_of(TextToSequence().fit(texts), texts)
        model, plain = NgramModel((1, 2)), NgramModel((1, 2))
        got = fit_score(model, rows, y, len(rows.words)).row_inputs[SCORES]
        before = fit_score(plain, replace(rows, words=None), y, len(rows.words)).row_inputs[SCORES]
        loss, loss_before = (log_loss(y, expit(scores[:, 0])) for scores in (got, before))
        is_spelled.add(loss < loss_before)
        assert loss < loss_before or np.array_equal(got, before)
    assert is_spelled == {False, True}


@pytest.mark.parametrize(
    ("texts", "is_counted"),
    [
        (["a short one"] * 3, True),
        ([" ".join(f"word{i}" for i in range(MAX_WORDS + 1))] * 3, False),
        (["好 坏"] * 3, False),
        (["a b c"] * 3, False),
    ],
    ids=["short", "long", "characters", "letters"],
)
def test_where_spelling_is_tried(texts, is_counted):
    """Fails if long rows take time for their pieces, or if tokens of a single character do."""
    rows = sequences_of(TextToSequence().fit(texts), texts)
    assert (countable_pieces(rows, len(rows.words), 1) is not None) == is_counted


def test_ids_beyond_the_words_have_no_pieces(fitted):
    """Fails if a larger vocabulary_size loses the spelling, or if there is no known word at all."""
    _, rows, *_ = fitted
    pieces = countable_pieces(rows, len(rows.words) + 3, 1)
    assert pieces.shape[0] == len(rows.words) + 3 - FIRST_WORD
    assert pieces[[-3, -2, -1]].nnz == 0
    empty = Sequences(np.ones(4, np.int32), np.arange(5), words=(None, None))
    assert countable_pieces(empty, 2, 1) is None


def test_too_much_work_is_not_begun(fitted, monkeypatch):
    """Fails if many classes or weights make a fit take hours, or a file as large as the words."""
    _, rows, y, *_ = fitted
    monkeypatch.setattr("skrnn.text.word_pieces.MAX_WORK", 1000)
    assert countable_pieces(rows, len(rows.words), 2) is None
    monkeypatch.undo()
    monkeypatch.setattr("skrnn.ngrams.MAX_WEIGHTS", 200)
    model = NgramModel((1, 2))
    fit_score(model, rows, y, len(rows.words))
    assert model.n_ngrams <= 200


def test_classifier_reads_spelling_and_keeps_it_in_a_file(tmp_path):
    """Fails if a classifier does not get the words, or if a file loses the weights of rare ones."""
    texts, y = spelled_texts(120, 2)
    others, y_others = spelled_texts(200, 3, first=500)
    text = TextToSequence(extra_words=" ".join(others).split())
    X, X_others = text.fit_transform(texts), text.transform(others)
    settings = {"units": 4, "embedding_dim": 4, "epochs": 10, "embeddings": None, "random_state": 0}
    network = RNNClassifier(**settings).fit(X, y)
    assert network.score(X_others, y_others) > 0.8
    assert network.ngrams_.n_ngrams > len(text.vocabulary_)
    skrnn.save(network, tmp_path / "spelled.skrnn")
    loaded = skrnn.load(tmp_path / "spelled.skrnn")
    np.testing.assert_array_equal(loaded.predict_proba(X_others), network.predict_proba(X_others))
    # Ids alone do not tell the classes, which a warning says.
    with pytest.warns(ConvergenceWarning):
        plain = RNNClassifier(**settings, input="tokens", vocabulary_size=len(X.words))
        plain.fit(X.toarray(), y)
    assert plain.score(X_others, y_others) < 0.7


def test_the_answer_is_the_mean_of_two_models(fitted):
    """Fails if one of the two models answers alone, or if they are weighted otherwise."""
    model, rows, y, crossed, others, _ = fitted
    plain = NgramModel((1, 2))
    before = fit_score(plain, replace(rows, words=None), y, len(rows.words))
    vocabulary = NgramVocabulary((1, 2))
    found = vocabulary.fit_find(rows, len(rows.words), with_all_words=True)
    spelled = SpelledWords(found.indicators(), 2, pieces_of(rows.words[FIRST_WORD:]))
    folds = list(cross_fitting(len(y), y, 0))
    scores, _, (coef, _, intercept) = fit_classes(
        spelled.features, y[:, None] > 0, np.ones(len(y)), folds
    )
    of_plain = plain.score(replace(others, words=None)).row_inputs[SCORES]
    of_spelled = vocabulary.find(others).indicators() @ spelled.of_ngrams(coef).T + intercept
    assert np.abs(of_plain - of_spelled).max() > 0.5  # so that it matters
    np.testing.assert_allclose(
        model.score(others).row_inputs[SCORES], (of_plain + of_spelled) / 2, atol=1e-4
    )
    np.testing.assert_allclose(
        crossed.row_inputs[SCORES], (before.row_inputs[SCORES] + scores) / 2, atol=1e-5
    )


def test_evidence_of_training_rows_is_by_models_without_them():
    """Fails if the network trains on evidence that the row's own class has made.

    A row's score is the sum of its evidence and of the intercept of the model of its fold.
    """
    words, y = spelled_texts(100, 4)
    texts = [text.removesuffix(" is the one") for text in words]  # no n-gram twice in a row
    rows = sequences_of(TextToSequence().fit(texts), texts)
    model = NgramModel((1, 2))
    crossed = fit_score(model, rows, y, len(rows.words))
    assert model.n_ngrams > vocabulary_of(rows).n_ngrams  # pieces are used
    starts = rows.offsets[:-1]
    evidence = np.add.reduceat(crossed.step_inputs[EVIDENCE][:, 0], starts) / model._scale
    intercepts = crossed.row_inputs[SCORES][:, 0] - evidence
    for _, held_out in cross_fitting(len(y), y, 0):
        assert np.ptp(intercepts[held_out]) < 1e-4
    by_all = model.score(rows).step_inputs[EVIDENCE][:, 0]
    of_all = np.add.reduceat(by_all, starts) / model._scale
    assert np.abs(of_all).mean() > np.abs(evidence).mean() + 0.1  # a model of all rows is surer
