"""Exported models against the estimators they are of, in onnxruntime, row by row."""

import copy

import numpy as np
import pytest
from exported import (
    LONG,
    VOCABULARY_SIZE,
    as_words,
    assert_same,
    dealt,
    fitted_on_reviews,
    fitted_on_series,
    fitted_on_tokens,
    run,
    series,
    small,
    start,
    tokens,
    with_network,
)
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skrnn import TextToSequence
from skrnn.onnx import to_onnx
from tests.repeats import some


@pytest.fixture
def on_tokens():
    return fitted_on_tokens()


@pytest.fixture
def on_reviews():
    return fitted_on_reviews()


# --- Networks ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("units", [(3,), (4, 3)], ids=["1-layer", "2-layers"])
@pytest.mark.parametrize("pooling", ["last", "max", "mean", "attention"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_every_network(on_tokens, cell, pooling, units, bidirectional):
    """Fails on a wrong gate order, bias, direction, pool, mask or order of layers.

    Also if padding or the other rows of a call change an answer.
    """
    X = tokens()
    estimator = with_network(
        on_tokens, X, cell=cell, pooling=pooling, units=units, bidirectional=bidirectional
    )
    session = start(to_onnx(estimator))
    probability = assert_same(session, estimator, X)
    assert probability[:, 1].std() > 0.1  # or nothing is told
    wide = np.pad(X, ((0, 0), (0, 9)))
    np.testing.assert_allclose(run(session, wide)[1], probability, rtol=0, atol=1e-6)
    for row in (0, 2, 4, len(X) - 1):
        alone = run(session, X[[row]])[1]
        np.testing.assert_allclose(alone, probability[[row]], rtol=0, atol=1e-6)


@pytest.mark.parametrize("n_channels", some([0, 1, 3], 3))
@pytest.mark.parametrize(
    ("cell", "pooling", "scaling"),
    [
        ("lstm", "max", "standard"),
        ("gru", "last", "series"),
        ("rnn", "mean", None),
        ("lstm", "attention", "standard"),
    ],
)
def test_numeric_sequences(cell, pooling, scaling, n_channels):
    """Fails if NaN padding is read, a step of zeros for an empty row is not, or axes are mixed up.

    And if missing steps are read, or numbers are scaled otherwise than by the estimator. 0 channels
    are a table, whose X has two dimensions.
    """
    X = series(n_channels)
    fitted = fitted_on_series(n_channels, scaling)
    estimator = with_network(fitted, X, cell=cell, pooling=pooling, bidirectional=True)
    session = start(to_onnx(estimator))
    assert session.get_inputs()[0].name == "channels"
    probability = assert_same(session, estimator, X)
    assert probability[:, 1].std() > 0.1
    narrow = X[[0, 1, 3, 5], :5]  # the estimator's table is always as wide as in fit
    np.testing.assert_allclose(
        run(session, narrow)[1], probability[[0, 1, 3, 5]], rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("scaling", ["standard", "series", None])
def test_missing_values_and_large_numbers(scaling):
    """Fails if float32 comes before the scale, or a missing, constant or unseen channel differs."""
    X = series(4) + (0 if scaling is None else 1e6)
    X[:, :, 2], X[:, 9, 0], X[4, ::3, 1] = 5.0, np.nan, np.nan
    if scaling is not None:
        X[:, :, 3] = np.nan
    X[0] = np.nan
    fitted = small(scaling=scaling).fit(X, dealt(2, len(X)))
    estimator = with_network(fitted, X)
    session = start(to_onnx(estimator))
    probability = assert_same(session, estimator, X)
    assert len(np.unique(probability[:, 1].round(4))) == len(X)
    if scaling is not None:
        X[2, :4, 3] = 7.0  # a channel without a number in training
        assert_same(session, estimator, X)
    X[6, 1, 0] += 0.5
    assert np.abs(assert_same(session, estimator, X)[6] - probability[6]).max() > 1e-3


@pytest.mark.parametrize("scaling", ["standard", "series", None])
@pytest.mark.parametrize("n_channels", some([0, 2], 2))
def test_numbers_that_the_estimator_refuses(n_channels, scaling):
    """Fails if infinity, or a number that is too large, goes through unnoticed."""
    estimator = fitted_on_series(n_channels, scaling)
    session = start(to_onnx(estimator))
    X = series(n_channels)
    bad = [(4, 16, np.inf), (2, LONG - 1, -np.inf)]
    bad += [] if scaling == "series" else [(1, 0, 1e39), (1, 0, -1e300)]
    for row, step, value in bad:
        wrong = X.copy()
        wrong[row, step] = value
        with pytest.raises(ValueError, match="Input X contains"):
            estimator.predict_proba(wrong)
        with pytest.raises(Exception, match="no infinite or far number"):
            run(session, wrong)


@pytest.mark.parametrize(
    ("multilabel", "thresholds"),
    [
        pytest.param(False, None, marks=pytest.mark.slow),
        pytest.param(True, None, marks=pytest.mark.slow),
        (True, [0.45, 0.0, 1.0]),
    ],
    ids=["classes", "labels", "thresholds"],
)
def test_several_outputs(multilabel, thresholds):
    """Fails if several classes or labels share an activation, or their labels a threshold."""
    X = tokens()
    y = dealt(3, len(X))
    y = np.stack([y == 0, y < 2, y == 1], axis=1).astype(int) if multilabel else y * 10 - 7
    fitted = small(vocabulary_size=VOCABULARY_SIZE, ngram_range=(1, 2))
    estimator = with_network(fitted.set_params(thresholds=thresholds).fit(X, y), X)
    session = start(to_onnx(estimator))
    probability = assert_same(session, estimator, X)
    if thresholds is not None:
        assert run(session, X)[0][:, 1:].tolist() == [[1, 0]] * len(X)
    assert (len(np.unique(probability.argmax(axis=1))) > 1) or multilabel
    assert session.get_outputs()[0].shape == (["n_samples", 3] if multilabel else ["n_samples"])
    assert run(session, X)[0].dtype == np.int64


# --- Token ids and words ----------------------------------------------------------------


def test_token_ids_of_any_width(on_tokens):
    """Fails if rows without known words, or arrays without columns, are not read as empty."""
    estimator = with_network(on_tokens, tokens(), pooling="mean")
    session = start(to_onnx(estimator))
    empty = estimator.predict_proba([[1]])
    for X in (np.zeros((2, 0)), np.zeros((1, 1)), np.zeros((3, 4)), np.ones((2, 3)), [[0, 1, 0]]):
        got = run(session, np.asarray(X, np.int32))[1]
        np.testing.assert_allclose(got, np.tile(empty, (len(X), 1)), rtol=0, atol=1e-6)


def test_zeros_are_dropped_wherever_they_stand(on_tokens):
    """Fails if zeros within a row are read, or the tokens behind them change places."""
    estimator = with_network(on_tokens, tokens(), cell="gru", pooling="last", bidirectional=True)
    session, rng = start(to_onnx(estimator)), np.random.default_rng(0)
    X = rng.integers(1, VOCABULARY_SIZE, (20, 15)) * (rng.random((20, 15)) < 0.5)
    assert_same(session, estimator, X.astype(np.int32))


@pytest.mark.parametrize(
    "id_", some([VOCABULARY_SIZE, 10**6, -1, -VOCABULARY_SIZE, -(2**31)], VOCABULARY_SIZE, -1)
)
@pytest.mark.parametrize("ngram_range", [None, (1, 1)], ids=["network", "n-grams"])
def test_ids_outside_the_vocabulary(on_tokens, id_, ngram_range):
    """Fails if such an id is read as some word; negative ones would count from the end."""
    estimator = on_tokens
    if ngram_range:
        X = tokens()
        estimator = clone(on_tokens).set_params(ngram_range=ngram_range).fit(X, dealt(2, len(X)))
    session = start(to_onnx(estimator))
    X = np.array([[2, 3, 4], [5, id_, 6]], np.int32)
    with pytest.raises(Exception, match=f"of the ids 0 to {VOCABULARY_SIZE - 1}"):
        run(session, X)
    assert_same(session, estimator, np.array([[2, VOCABULARY_SIZE - 1]], np.int32))


def test_pipeline_on_words(on_reviews):
    """Fails if the default pipeline, its n-grams and its string labels come out otherwise."""
    pipe, reviews = on_reviews
    documents = [*reviews, "", "zzz qqq", "great", "not not not", " ".join(reviews[:20])]
    pipe = make_pipeline(pipe[0], with_network(pipe[-1], pipe[0].transform(reviews)))
    session = start(to_onnx(pipe))
    words = as_words(pipe[0], documents)
    probability = assert_same(session, pipe, words, documents)
    assert probability[:, 1].std() > 0.1
    label = run(session, words)[0]
    assert label.dtype == object and set(label) == {"favourable", "bad"}
    alone = start(to_onnx(pipe[-1]))
    ids = pipe[0].transform(documents).toarray()
    np.testing.assert_array_equal(run(alone, ids)[1], probability)
    # Padding before and between words is dropped as well.
    holed = np.full((words.shape[0], 2 * words.shape[1]), "", object)
    holed[:, 1::2] = words
    np.testing.assert_allclose(run(session, holed)[1], probability, rtol=0, atol=1e-6)


@pytest.mark.parametrize("truncate", ["head", "tail", "both"])
@pytest.mark.parametrize("max_length", some([1, 4, 5], 4))
def test_truncation(truncate, max_length, on_reviews):
    """Fails if the model keeps other words of a long document than `TextToSequence` does."""
    fitted, reviews = on_reviews
    text = TextToSequence(max_length=max_length, truncate=truncate).fit(reviews)
    X = text.transform(reviews)
    estimator = with_network(fitted[-1], X, pooling="last", bidirectional=False)
    documents = ["", "great", "not what not", *reviews[:20], "zzz " * 9, "zzz " * 9 + "great film"]
    model = to_onnx(make_pipeline(text, estimator))
    words = as_words(text, documents)
    ids = text.transform(documents)
    assert_same(start(model), estimator, words, ids)


def test_ids_of_a_vocabulary_as_given(on_reviews):
    """Fails if words get their ids by place and not as `vocabulary_` has them."""
    pipe, reviews = on_reviews
    words = list(pipe[0].vocabulary_)
    given = {word: id_ for id_, word in enumerate(words, 2)}
    text = TextToSequence(vocabulary=dict(sorted(given.items()))).fit(reviews)
    pipe = make_pipeline(text, with_network(pipe[-1], text.transform(reviews)))
    assert_same(start(to_onnx(pipe)), pipe, as_words(text, reviews), reviews)


# --- N-grams ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("ngram_range", [(1, 1), (1, 3), (2, 2), (3, 4)])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_ngrams(ngram_range, n_classes, on_reviews):
    """Fails if an n-gram is missed, counted twice, found across an unknown word or a row's end.

    The network's own answer is switched off, and what n-grams say is made loud: with trained
    weights one n-gram more or less would change little.
    """
    pipe, reviews = on_reviews
    X = pipe[0].transform(reviews)
    estimator = clone(pipe[-1]).set_params(ngram_range=ngram_range)
    estimator = with_network(estimator.fit(X, dealt(n_classes, len(reviews))), X)
    recurrent, scores = (estimator.model_.get_layer(n) for n in ("recurrent_logits", "logits"))
    recurrent.kernel.assign(recurrent.kernel * 0.1)
    scores.weight.assign(np.full(scores.weight.shape, 3.0))
    session = start(to_onnx(estimator))
    rng = np.random.default_rng(0)
    dense = X.toarray()
    known = dense[dense > 1]
    rows = [
        dense[0],
        np.tile(dense[1][:6], 5),  # each n-gram five times
        np.where(rng.random(dense.shape[1]) < 0.2, 1, dense[2]),  # unknown words between
        np.where(rng.random(dense.shape[1]) < 0.2, 0, dense[3]),  # padding between
        known[:2],
        known[:1],
        known[:400],
        rng.permutation(known)[:200],
        [1, 1],
    ]
    ragged = np.zeros((len(rows), max(map(len, rows))), np.int32)
    for i, row in enumerate(rows):
        ragged[i, : len(row)] = row
    assert_same(session, estimator, ragged)
    probability = assert_same(session, estimator, dense)
    assert probability.std(axis=0).min() > 0.05
    repeated = np.tile(dense[:20, :10], 3)
    assert np.abs(run(session, repeated)[1] - probability[:20]).max() > 0.01


def test_words_of_similar_spelling():
    """Fails if a model has only the weights of n-grams that several rows have."""
    texts = [f"the {stem}{i:03d} is" for i in range(60) for stem in ("hill", "lake")]
    y = np.tile([0, 1], 60)
    pipe = make_pipeline(TextToSequence(), small(ngram_range=(1, 2))).fit(texts, y)
    assert pipe[-1].ngrams_.n_ngrams > 120  # each word has a weight, though one row has it
    probability = assert_same(start(to_onnx(pipe)), pipe, as_words(pipe[0], texts), texts)
    assert probability.std(axis=0).min() > 0.05


@pytest.mark.slow
def test_a_corpus_without_ngrams():
    """Fails where no n-gram is kept, none of some length, or there are too many classes for
    evidence at each step."""
    alone = np.arange(2, 42, dtype=np.int32).reshape(10, 4)  # no word in two rows
    shuffled = np.stack([np.random.default_rng(i).permutation(np.arange(2, 42)) for i in range(10)])
    many = np.arange(34 * 3, dtype=np.int32).reshape(34, 3) % 11 + 2
    cases = [(alone, 2, (1, 3)), (alone, 2, (2, 3)), (shuffled, 2, (1, 6)), (many, 17, (1, 2))]
    found = []
    for X, n_classes, ngram_range in cases:
        estimator = small(ngram_range=ngram_range).fit(X, dealt(n_classes, len(X)))
        found.append((estimator.ngrams_.n_ngrams, bool(estimator.network_.description.step_inputs)))
        estimator = with_network(estimator, X)
        assert_same(start(to_onnx(estimator)), estimator, X.astype(np.int32))
    assert [n for n, _ in found[:2]] == [0, 0] and all(n > 10 for n, _ in found[2:])
    assert [is_told for _, is_told in found] == [True, True, True, False]


# --- Classes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "dtype"),
    [
        (np.array([-3, 7], np.int8), "int64"),
        (np.array([0, 2**63 - 1], np.uint64), "int64"),
        (np.array([False, True]), "bool"),
        (np.array([0.5, 1.5], np.float32), "float32"),
        (np.array([0.5, 1.5]), "float64"),
        (np.array(["böse", "gut"]), "object"),
        (np.array(["bad", "good"], dtype=object), "object"),
    ],
    ids=lambda value: str(getattr(value, "dtype", value)),
)
def test_label_types(on_tokens, classes, dtype):
    """Fails if a label comes back as another value than `predict` gives, or of another type."""
    estimator = with_classes(with_network(on_tokens, tokens()), classes)
    session = start(to_onnx(estimator))
    assert_same(session, estimator, tokens())
    label = run(session, tokens())[0]
    assert label.dtype == dtype and set(label.tolist()) == set(classes.tolist())


def with_classes(estimator, classes):
    """Return the same network as of an estimator fitted on other labels."""
    from skrnn.heads.classes import ClassesHead

    one = copy.copy(estimator)
    one.classes_ = classes
    one.head_ = ClassesHead(classes)
    return one


@pytest.mark.parametrize(
    ("classes", "match"),
    [
        (np.array([1, 2**63], np.uint64), "dtype uint64"),
        (np.array(["2026-01-01", "2026-01-02"], "datetime64[D]"), "dtype datetime64"),
        (np.array([b"a", b"b"]), "with labels of type bytes_"),
        (np.array([(0, 1), (1, 0), None], dtype=object)[:2], "with labels of type tuple"),
        (np.array([0.5, 1.5], np.longdouble), "dtype float128|dtype longdouble"),
        (np.array(["a", "\ud800"], dtype=object), "the class .*lone surrogates"),
    ],
    ids=["uint64", "datetime", "bytes", "tuple", "longdouble", "surrogate"],
)
def test_classes_that_have_no_type(on_tokens, classes, match):
    """Fails if a label is quietly turned into another value."""
    with pytest.raises(ValueError, match=match):
        to_onnx(with_classes(on_tokens, classes))
