"""Contributions: that they are complete, and what they should be where that is known."""

import doctest
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pandas as pd
import pytest
from bare import ESTIMATOR
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import RNNClassifier, TextToSequence, explain, make_reviews, trace
from skrnn.inspection import gradients
from skrnn.inspection.explaining import METHODS
from skrnn.inspection.recurrence import lstm
from skrnn.sequences import UNKNOWN
from tests.repeats import some

REVIEWS, LABELS = make_reviews(80, random_state=0)
LABELS = np.array(LABELS)
TARGETS = {
    "binary": LABELS,
    "multiclass": np.array(["c", "a", "b"])[LABELS + (np.arange(80) % 3 == 0)],
    "multilabel": np.stack([LABELS, 1 - LABELS, np.arange(80) % 2], axis=1),
}
SMALL = {**ESTIMATOR, "units": 3, "embedding_dim": 4, "epochs": 1, "random_state": 0}
PLAIN = {"cell": "rnn", "pooling": "last"}
FITS = {
    "last": {**PLAIN, "y": "binary"},
    "default": {"cell": "lstm", "pooling": "max", "bidirectional": True, "ngram_range": (1, 3),
                "y": "binary"},
    "stack": {"cell": "gru", "pooling": "mean", "bidirectional": True, "units": (3, 2),
              "ngram_range": (2, 3), "y": "multiclass"},
    "labels": {"cell": "lstm", "pooling": "attention", "ngram_range": (1, 2), "y": "multilabel"},
}  # fmt: skip


def enlarge(classifier, seed=0, scale=0.6):
    """Give a network weights so large that every part of it shows."""
    rng = np.random.default_rng(seed)
    model = classifier.model_
    model.set_weights([rng.normal(0, scale, w.shape) for w in model.get_weights()])
    return classifier


@cache
def fitted(name):
    """Return a pipeline with large weights."""
    options = FITS[name]
    y = TARGETS[options["y"]]
    parameters = {k: v for k, v in options.items() if k != "y"}
    pipe = make_pipeline(TextToSequence(max_features=150), RNNClassifier(**SMALL | parameters))
    enlarge(pipe.fit(REVIEWS, y)[-1])
    return pipe


def gap(found):
    """Return how far the contributions are from complete, as a part of the change."""
    change = found.score - found.baseline_score
    return abs(found.values.sum() - change) / max(abs(change), 0.01)


# --- Integrated gradients ----------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", FITS)
def test_complete(name):
    """Fails if an input of the network is forgotten, or its contributions are not all dealt."""
    pipe = fitted(name)
    texts = [*REVIEWS[:12], "", "xyzzy quux", "The plot wasn't xyzzy."]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = explain(pipe, iter(texts))
    scores = pipe.decision_function(texts)
    answers = pipe.predict(texts)
    probabilities = pipe.predict_proba(texts)
    classes = pipe[-1].classes_.tolist()
    assert np.ptp([each.score for each in found]) > 0.1
    for i, each in enumerate(found):
        assert gap(each) <= 0.01
        assert each.values.dtype == np.float64 and each.values.shape == (len(each.tokens),)
        column = classes.index(each.target)
        wanted = scores[i, column] if scores.ndim == 2 else scores[i] * (1 if column else -1)
        assert each.score == pytest.approx(wanted, abs=1e-5)
        assert each.probability == pytest.approx(probabilities[i, column])
        assert column == probabilities[i].argmax()
        np.testing.assert_array_equal(each.prediction, answers[i])
        assert np.abs(each.values).max(initial=0) > 1e-3 or i in (12, 13)


@pytest.mark.slow
def test_the_baseline_is_unknown_words():
    """Fails if the baseline is anything but as many unknown words without n-grams."""
    pipe = fitted("last")
    (found,) = explain(pipe, REVIEWS[:1])
    # Behind the estimator, which reads a row of unknown words as one.
    ones = np.ones((1, len(found.tokens)), np.int32)
    probability = float(pipe[-1].model_(ones)[0, 0])
    logit = np.log(probability / (1 - probability)) * (1 if found.target else -1)
    assert found.baseline_score == pytest.approx(logit, abs=1e-4)
    for name in FITS:
        found, other = (explain(fitted(name), REVIEWS[:1], method=m)[0] for m in METHODS)
        assert found.baseline_score == pytest.approx(other.baseline_score, abs=1e-4)


@pytest.mark.slow
def test_unknown_words():
    """Fails if a word that the network cannot tell from the baseline gets a contribution."""
    for name in ("last", "default"):
        pipe = fitted(name)
        known, blank, empty = explain(pipe, ["the Xyzzy was the", "Xyzzy quux", ""])
        assert known.ids.tolist()[1] == 1 and (known.ids[[0, 2, 3]] > 1).all()
        assert known.values[1] == 0 and (known.values[[0, 2, 3]] != 0).all()
        assert known.tokens[1] == "xyzzy" and known.spans[1].tolist() == [4, 9]
        assert blank.values.tolist() == [0, 0] and blank.ids.tolist() == [1, 1]
        assert blank.score == blank.baseline_score
        assert empty.tokens == [] and empty.values.shape == (0,) and empty.spans.shape == (0, 2)


def in_numpy(classifier):
    """Return (steps, n-gram score) -> logit of an LSTM with mean pooling and n-grams."""
    model = classifier.model_
    cell = model.get_layer("lstm").cell
    weights = [np.asarray(w, float) for w in (cell.kernel, cell.recurrent_kernel, cell.bias)]
    kernel, bias = model.get_layer("recurrent_logits").get_weights()
    (factor,) = model.get_layer("logits").get_weights()

    def forward(steps, score):
        pooled = lstm(steps, *weights)["hidden"].mean(axis=0)
        return (pooled @ kernel + bias + factor * score)[0]

    return forward


def ngram_weights(model):
    """Return {n-gram of ids: weight} of a fitted binary NgramModel, read from its codes."""
    _, codes, coef, _ = model.to_arrays()
    size = model._vocabulary.vocabulary_size
    grams, before = [], [()]
    for of_length in codes:
        before = [(*before[code // size], code % size) for code in of_length.tolist()]
        grams.append(before)
    used = [gram for n in range(*np.add(model.ngram_range, (0, 1))) for gram in grams[n - 1]]
    return dict(zip(used, coef[0].astype(float).tolist(), strict=True))


@cache
def mean_pooled():
    options = {"pooling": "mean", "units": 2, "ngram_range": (1, 3)}
    classifier = RNNClassifier(**SMALL | options)
    ids = TextToSequence(max_features=150).fit_transform(REVIEWS)
    enlarge(classifier.fit(ids, LABELS), seed=1, scale=1.2)
    classifier.ngrams_._scale = 1.0  # so that evidence counts as much as an embedding
    return classifier


def test_against_finite_differences():
    """Fails if a gradient, a share of an n-gram, the path, or a part of the sum is wrong.

    The network is written down again in NumPy, its gradients are differences, its integral is a
    sum of 30 slices, and n-grams are looked up one by one.
    """
    classifier = mean_pooled()
    forward, weight_of = in_numpy(classifier), ngram_weights(classifier.ngrams_)
    settings, *_, intercept = classifier.ngrams_.to_arrays()
    ids = list(max(weight_of, key=len)) + [7, 3, 7, 3]
    (found,) = explain(classifier, [ids, [2]], target=1, n_steps=200)[:1]

    table = np.asarray(classifier.model_.get_layer("embedding").embeddings, float)
    grams = [(end, ids[end - n + 1 : end + 1]) for n in (1, 2, 3) for end in range(n - 1, len(ids))]
    grams = [(end, tuple(gram)) for end, gram in grams if tuple(gram) in weight_of]
    assert {len(gram) for _, gram in grams} == {1, 2, 3} and len(set(grams)) > len(
        {gram for _, gram in grams}
    )
    evidence = np.zeros(len(ids))
    for end, gram in grams:
        evidence[end] += settings["scale"] * weight_of[gram]
    score = sum(weight_of[gram] for gram in {gram for _, gram in grams})

    end = np.column_stack([table[ids], evidence])
    start = np.column_stack([np.tile(table[1], (len(ids), 1)), np.zeros(len(ids))])
    gradient, size, step = np.zeros_like(end), 30, 1e-4
    for a in (np.arange(size) + 0.5) / size:
        at = start + a * (end - start)
        for place in np.ndindex(*end.shape):
            nudge = np.zeros_like(end)
            nudge[place] = step
            difference = forward(at + nudge, 0.0) - forward(at - nudge, 0.0)
            gradient[place] += difference / (2 * step) / size
    per_score = forward(end, 1.0) - forward(end, 0.0)
    wanted = (gradient * (end - start))[:, :-1].sum(axis=1)
    for last, gram in grams:
        times = sum(gram == other for _, other in grams)
        worth = settings["scale"] * gradient[last, -1] + per_score / times
        wanted[last - len(gram) + 1 : last + 1] += worth * weight_of[gram] / len(gram)

    np.testing.assert_allclose(found.values, wanted, rtol=1e-3, atol=5e-4)
    assert found.score == pytest.approx(forward(end, score + intercept[0]), abs=1e-4)
    assert np.median(np.abs(wanted)) > 0.02


def test_n_grams_alone():
    """Fails if an n-gram's weight is not dealt to its tokens equally, and exactly."""
    classifier = mean_pooled()
    before = classifier.model_.get_weights()
    try:
        dense = classifier.model_.get_layer("recurrent_logits")
        dense.set_weights([np.zeros_like(w) for w in dense.get_weights()])
        weight_of = ngram_weights(classifier.ngrams_)
        (factor,) = classifier.model_.get_layer("logits").get_weights()[0].tolist()
        gram = max((g for g in weight_of if len(g) == 3), key=lambda g: abs(weight_of[g]))
        for found in explain(classifier, [gram, (1, *gram, 1)], target=1):
            inside = found.values if len(found.values) == 3 else found.values[1:-1]
            wanted = np.zeros(3)
            for n in (1, 2, 3):
                for first in range(4 - n):
                    part = weight_of.get(gram[first : first + n], 0.0)
                    wanted[first : first + n] += part / n
            # A token twice in the n-gram counts once.
            if len(set(gram)) == 3:
                np.testing.assert_allclose(inside, factor * wanted, rtol=1e-5)
            assert found.values.sum() == pytest.approx(inside.sum())
            assert gap(found) < 1e-4 and found.n_steps == 32
    finally:
        classifier.model_.set_weights(before)


def test_numbers():
    """Fails if channels are mixed up, padding contributes, or the baseline is not the mean."""
    X = np.random.default_rng(0).normal(size=(40, 7, 2)).astype(np.float32)
    X[0, 5:] = np.nan
    classifier = RNNClassifier(**SMALL | {"cell": "gru", "pooling": "max"}).fit(X, X[:, 2, 1] > 0)
    enlarge(classifier)
    found = explain(classifier, X[:5])
    assert found[0].values.shape == (5, 2) and found[1].values.shape == (7, 2)
    for each in found:
        assert gap(each) <= 0.01 and each.tokens is each.spans is each.ids is each.text is None
        assert type(each.target) is bool
    mean = classifier.channels_.mean  # zero for the network
    at_mean = classifier.decision_function(np.tile(mean, (1, 7, 1)))[0]
    assert found[1].baseline_score == pytest.approx(
        at_mean * (1 if found[1].target else -1), abs=1e-5
    )
    occluded = explain(classifier, X[:2], method="occlusion")
    row, sign = X[1], 1 if occluded[1].target else -1
    for step, channel in [(0, 0), (3, 1), (6, 0)]:
        without = row.astype(np.float64)
        without[step, channel] = mean[channel]
        fall = sign * np.subtract(*classifier.decision_function([row, without]))
        assert occluded[1].values[step, channel] == pytest.approx(fall, abs=1e-5)
    assert occluded[0].values.shape == (5, 2)


def test_a_table_of_one_channel():
    """Fails if a table's width, or the names of its columns, stand in the way."""
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 4)), columns=list("abcd"))
    classifier = RNNClassifier(**SMALL | PLAIN).fit(X, X["c"] > 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in ("integrated_gradients", "occlusion"):
            (found,) = explain(classifier, X[:1], method=method)
            assert found.values.shape == (4, 1)


def test_says_where_it_is_incomplete(monkeypatch):
    """Fails if contributions that are not complete pass without a warning, or for ever."""
    monkeypatch.setattr(gradients, "TOLERANCE", 1e-12)
    monkeypatch.setattr(gradients, "MAX_STEPS", 64)
    with pytest.warns(ConvergenceWarning, match="differ by more than 0%.*not complete") as caught:
        (found,) = explain(fitted("default"), REVIEWS[:1])
    assert caught[0].filename == __file__
    assert found.n_steps >= 64


def test_threads_and_rows_do_not_meet():
    """Fails if an explanation depends on the others of a call, or on another thread's."""
    pipe = fitted("default")
    together = explain(pipe, REVIEWS[:4])
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(lambda text: explain(pipe, [text])[0], REVIEWS[:4]))
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


# --- Occlusion --------------------------------------------------------------------------


@pytest.mark.parametrize("name", some(["default", "stack"], "default"))
def test_occlusion_is_prediction_without_the_word(name):
    """Fails if more than the one word is missing, n-grams stay behind, or signs are turned."""
    pipe = fitted(name)
    texts = ["I thought the plot was not dull, but xyzzy", "plot", "xyzzy"]
    found = explain(pipe, texts, method="occlusion")
    for text, each in zip(texts, found, strict=True):
        column = pipe[-1].classes_.tolist().index(each.target)

        def score(document, column=column):
            (score,) = pipe.decision_function([document])
            return score[column] if np.ndim(score) else score * (1 if column else -1)

        wanted = [
            score(text) - score(text[:start] + "zzz" + text[end:]) for start, end in each.spans
        ]
        np.testing.assert_allclose(each.values, wanted, atol=1e-5)
        assert each.score == pytest.approx(score(text), abs=1e-5)
        assert each.n_steps is None
    assert np.abs(found[0].values).max() > 1e-2


# --- Targets, and what goes in ------------------------------------------------------------


def test_targets():
    """Fails if a class is explained for another, or two classes are not each other's opposite."""
    pipe = fitted("last")
    no, yes = (explain(pipe, REVIEWS[:1], target=target)[0] for target in (0, 1))
    np.testing.assert_allclose(no.values, -yes.values)
    assert no.score == -yes.score and no.probability == pytest.approx(expit(no.score), abs=1e-5)
    assert (no.target, yes.target) == (0, 1) and no.prediction == yes.prediction
    pipe = fitted("stack")
    scores = [explain(pipe, REVIEWS[:1], target=label)[0] for label in "abc"]
    probabilities = softmax([each.score for each in scores])
    np.testing.assert_allclose([each.probability for each in scores], probabilities, atol=1e-5)
    for wrong in ("d", 0, None.__class__):
        with pytest.raises(ValueError, match=r"target=.* is not a class.*\['a', 'b', 'c'\]"):
            explain(pipe, REVIEWS[:1], target=wrong)


@pytest.mark.parametrize("truncate", some(["head", "tail", "both"], "both"))
def test_truncated(truncate):
    """Fails if tokens that the network never read are explained, or offsets are of others."""
    text = "The plot was not dull at all"
    tokenizer = TextToSequence(max_length=3, truncate=truncate)
    pipe = make_pipeline(tokenizer, RNNClassifier(**SMALL | PLAIN)).fit(REVIEWS, LABELS)
    (found,) = explain(pipe, [text])
    (ids,) = tokenizer.transform([text]).toarray()
    assert found.ids.tolist() == ids.tolist()
    assert found.tokens == {"head": ["the", "plot", "was"], "tail": ["dull", "at", "all"],
                            "both": ["the", "plot", "all"]}[truncate]  # fmt: skip
    assert [text[a:b].lower() for a, b in found.spans] == found.tokens


class Tail(TransformerMixin, BaseEstimator):
    """A step that drops the first token of each row."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return X[:, 1:]


def test_other_pipelines():
    """Fails if tokens are explained that a step between has dropped, or what can be is refused."""
    pipe = make_pipeline(TextToSequence(), "passthrough", RNNClassifier(**SMALL | PLAIN))
    (found,) = explain(pipe.fit(REVIEWS, LABELS), REVIEWS[:1])
    assert len(found.values) == len(found.tokens)
    shorter = make_pipeline(TextToSequence(), Tail(), RNNClassifier(**SMALL | PLAIN))
    with pytest.raises(ValueError, match="row 0 has 3 tokens, but the steps .* return 2 ids"):
        explain(shorter.fit(REVIEWS, LABELS), ["the plot was"])


def test_steps_that_reorder_tokens():
    """Fails if a word is told what another one has contributed."""
    turn = FunctionTransformer(lambda X: X.toarray()[:, ::-1])
    forget = FunctionTransformer(lambda X: np.where(X.toarray() == 3, UNKNOWN, X.toarray()))
    network = RNNClassifier(**SMALL | PLAIN, input="tokens")
    turned = make_pipeline(TextToSequence(), turn, network).fit(REVIEWS, LABELS)
    with pytest.raises(ValueError, match="change the order or the ids of the tokens of row 0"):
        explain(turned, ["the plot was dull"])
    forgetful = make_pipeline(TextToSequence(), forget, network).fit(REVIEWS, LABELS)
    (found,) = explain(forgetful, [" ".join(list(forgetful[0].vocabulary_)[:4])])
    assert found.ids.tolist() == [2, UNKNOWN, 4, 5]


def test_tokens_without_text():
    """Fails if ids alone are not explained, or not by their words where these are known."""
    pipe = fitted("last")
    ids = pipe[0].transform(["The plot was xyzzy"])
    (of_text,) = explain(pipe, ["The plot was xyzzy"])
    (of_ids,) = explain(pipe[-1], ids)
    (of_list,) = explain(pipe[-1], [ids.data.tolist()])
    assert of_ids.tokens == ["the", "plot", "was", "[UNK]"] and of_ids.spans is of_ids.text is None
    assert of_list.tokens == [*map(str, ids.data[:3]), "[UNK]"]
    for other in (of_ids, of_list):
        np.testing.assert_array_equal(other.values, of_text.values)
        assert other.to_html().count("<span") == 4 + 2
    listed = make_pipeline(TextToSequence(analyzer=list), RNNClassifier(**SMALL | PLAIN))
    (found,) = explain(listed.fit([r.split() for r in REVIEWS], LABELS), [["it", "was"]])
    assert found.tokens == ["it", "was"] and found.text is None and found.spans is None


@pytest.mark.parametrize(
    ("estimator", "X", "kwargs", "error", "message"),
    [
        ("last", "one text", {}, ValueError, "pass a list: "),
        ("last", REVIEWS[:1], {"method": "lime"}, ValueError, "method='lime' is unknown"),
        ("last", REVIEWS[:1], {"n_steps": 0}, ValueError, "n_steps must be a positive integer"),
        ("last", REVIEWS[:1], {"n_steps": 2.5}, ValueError, "n_steps must be a positive integer"),
        ("last", [3], {}, TypeError, "row 0 is int 3"),
        (make_pipeline(TextToSequence(), LogisticRegression()), [""], {}, TypeError,
         "steps are TextToSequence, LogisticRegression. It explains recurrent networks only"),
        (make_pipeline(LogisticRegression(), RNNClassifier()), [""], {}, TypeError,
         "Pass the RNNClassifier alone"),
        (make_pipeline("passthrough", make_pipeline(TextToSequence(), RNNClassifier())), [""], {},
         TypeError, "Pass its last step, which is a Pipeline"),
        (make_pipeline("passthrough", TextToSequence(), RNNClassifier()), [""], {}, TypeError,
         r"Pass its part pipeline\[1:\], and the input texts"),
        ("last", REVIEWS[:1], {"target": [0, 1]}, ValueError, r"several classes or outputs\. Pass"),
        (LogisticRegression(), [""], {}, TypeError, "but got LogisticRegression"),
        (make_pipeline(TextToSequence(), RNNClassifier()), [""], {}, NotFittedError, "fitted"),
    ],
)  # fmt: skip
def test_errors(estimator, X, kwargs, error, message):
    """Fails if a mistake goes on to an obscure error, or to an explanation of something else."""
    with pytest.raises(error, match=message):
        explain(fitted(estimator) if isinstance(estimator, str) else estimator, X, **kwargs)


def test_a_search_says_what_to_pass():
    """Fails if the way out of passing a fitted search is not told."""
    search = GridSearchCV(LogisticRegression(), {})
    search.best_estimator_ = LogisticRegression()
    with pytest.raises(TypeError, match="Pass its best_estimator_"):
        explain(search, [""])


@pytest.mark.parametrize("function", [explain, trace])
@pytest.mark.slow
def test_docstrings(function):
    """Fails if an example does not run as it stands."""
    (found,) = doctest.DocTestFinder().find(function, function.__name__, globs={})
    assert len(found.examples) > 4
    assert doctest.DocTestRunner().run(found).failed == 0


def test_no_texts():
    """Fails if nothing to explain is an error."""
    assert explain(fitted("last"), []) == []
