"""RNNTagger: a tag for each step, and every tool of scikit-learn that takes it."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skrnn
from skrnn import EpochSearchCV, RNNTagger, TextToSequence
from skrnn.metrics import span_f1_scorer, token_accuracy_score
from tests.repeats import some

FIRST = ["Anna", "John", "Mary", "Paul"]
PLACES = ["Paris", "London", "Rome", "Oslo"]


def sentences(n=60, seed=0):
    """Return names and places: "saw" is followed by a person, "in" by a place of two words."""
    rng = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(n):
        person, place = rng.choice(FIRST), rng.choice(PLACES)
        if rng.random() < 0.5:
            X.append([person, "lives", "in", "New", place])
            y.append(["B-PER", "O", "O", "B-LOC", "I-LOC"])
        else:
            X.append(["We", "saw", person])
            y.append(["O", "O", "B-PER"])
    return X, y


X, Y = sentences()
SMALL = {"units": 8, "embedding_dim": 8, "epochs": 12, "learning_rate": 0.02, "random_state": 0}


@pytest.fixture(scope="module")
def tagger():
    return RNNTagger(**SMALL, scheme="BIO").fit(X, Y)


@pytest.fixture(scope="module")
def brief():
    """A tagger of two epochs."""
    return RNNTagger(**{**SMALL, "epochs": 2}, scheme="BIO").fit(X, Y)


def equal(a, b):
    """Whether two object arrays of arrays have the same bytes."""
    same = zip(a, b, strict=True)
    return all(one.dtype == two.dtype and one.tobytes() == two.tobytes() for one, two in same)


def test_learns_and_answers_in_rows(tagger):
    """Fails if tags are lost, shifted, or come back as lists, which cannot be concatenated."""
    found = tagger.predict(X)
    assert found.dtype == object and [len(row) for row in found] == [len(row) for row in X]
    assert token_accuracy_score(Y, found) == tagger.score(X, Y) == 1.0
    assert tagger.classes_.tolist() == ["B-LOC", "B-PER", "I-LOC", "O"]
    assert tagger.transitions_.shape == (4, 4)


def test_marginals_are_probabilities_of_each_step(tagger):
    """Fails if they are of the softmax of emissions, or steps are mixed between rows."""
    shown = [*X[:4], [], ["Zzz"]]
    found = tagger.predict_proba(shown)
    assert [row.shape for row in found] == [(len(row), 4) for row in shown]
    for row in found:
        np.testing.assert_allclose(row.sum(axis=1), 1, atol=1e-12)
    # I-LOC cannot be the first tag of a row.
    assert found[-1][0, 2] == 0


def test_every_step_has_a_tag(tagger):
    """Fails if unknown words, empty strings or empty sentences are dropped."""
    found = tagger.predict([["Zzz", "", "Anna"], [], ["qqq"]])
    assert [len(row) for row in found] == [3, 0, 1]
    assert tagger.predict([[]])[0].shape == (0,)


@pytest.mark.parametrize("output", ["crf", "softmax"])
def test_a_scheme_forbids_illegal_rows(output):
    """Fails if a tagger that has learned nothing predicts an I without its B."""
    loose = RNNTagger(**{**SMALL, "epochs": 1}, output=output).fit(X, Y)
    rng = np.random.default_rng(0)
    words = [w for row in X for w in row]
    shown = [rng.choice(words, 9).tolist() for _ in range(60)]

    def n_illegal(rows):
        pairs = [pair for row in rows for pair in zip(["O", *row], row, strict=False)]
        return sum(b == "I-LOC" and a not in ("B-LOC", "I-LOC") for a, b in pairs)

    assert n_illegal(loose.predict(shown)) > 0  # else the test says nothing
    strict = RNNTagger(**{**SMALL, "epochs": 1}, output=output, scheme="BIO").fit(X, Y)
    assert n_illegal(strict.predict(shown)) == 0


@pytest.mark.slow
def test_unknown_words_are_tagged_by_their_spelling():
    """Fails if a word outside of the vocabulary is read as the unknown word alone."""
    rng = np.random.default_rng(0)
    stems = ["".join(rng.choice(list("abcdefgh"), 5)) for _ in range(400)]
    ends = np.where(rng.random(400) < 0.5, "ing", "tion")
    words = [stem + end for stem, end in zip(stems, ends, strict=True)]
    rows = [words[i : i + 4] for i in range(0, 400, 4)]
    tags = [["V" if word.endswith("ing") else "N" for word in row] for row in rows]
    settings = {**SMALL, "epochs": 15, "word_dropout": 0.3}
    spelled = RNNTagger(**settings).fit(rows[:70], tags[:70])
    assert spelled.score(rows[70:], tags[70:]) > 0.95
    blind = RNNTagger(**settings, affixes=None).fit(rows[:70], tags[:70])
    assert blind.score(rows[70:], tags[70:]) < 0.75


def test_columns_beside_the_words_are_read():
    """Fails if the values of tuples are ignored: here only they decide."""
    rng = np.random.default_rng(0)
    rows = [[("w", str(v)) for v in rng.integers(3, size=4)] for _ in range(60)]
    tags = [[int(v) for _, v in row] for row in rows]
    found = RNNTagger(**SMALL).fit(rows, tags)
    assert found.score(rows, tags) == 1.0
    assert found.predict(rows)[0].dtype.kind == "i"


@pytest.mark.slow
def test_token_ids_and_numbers_have_a_tag_for_each_step():
    """Fails if unknown ids, or missing steps inside of a row, are left out."""
    rng = np.random.default_rng(0)
    ids = [rng.integers(1, 6, size=n).tolist() for n in rng.integers(2, 6, size=60)]
    tags = [[value % 2 for value in row] for row in ids]
    assert RNNTagger(**SMALL, input="tokens").fit(ids, tags).score(ids, tags) == 1.0
    series = [rng.normal(size=(n, 2)) for n in rng.integers(2, 6, size=60)]
    tags = [(row[:, 0] > 0).astype(int) for row in series]
    found = RNNTagger(**{**SMALL, "epochs": 30}).fit(series, tags)
    assert found.score(series, tags) > 0.9
    gap = series[0].copy()
    gap[0] = np.nan
    assert len(found.predict([gap])[0]) == len(gap)


@pytest.mark.slow
def test_a_pipeline_of_ids_keeps_the_steps():
    """Fails if ids of TextToSequence are collapsed before the network."""
    texts = [" ".join(row) for row in X]
    pipe = make_pipeline(TextToSequence(), RNNTagger(**SMALL)).fit(texts, Y)
    assert pipe.score(texts, Y) == 1.0


@pytest.mark.parametrize(
    "container",
    [
        lambda rows: rows,
        lambda rows: np.array([np.array(row, object) for row in rows] + [None], object)[:-1],
        pd.Series,
    ],
)
def test_containers_of_x_and_y(container, brief):
    """Fails if a container is another problem than lists are."""
    again = clone(brief).fit(container(X), container(Y))
    assert equal(again.predict_proba(container(X)), brief.predict_proba(X))


# --- scikit-learn's tools ---


def test_is_no_classifier(tagger):
    """Fails if scikit-learn would stratify folds by rows of tags, which it refuses."""
    assert not is_classifier(tagger)
    assert tagger.__sklearn_tags__().estimator_type is None


def test_cross_validation_and_scorers():
    """Fails if y is encoded or stacked on the way, or folds differ between processes."""
    model = RNNTagger(**{**SMALL, "epochs": 1}, scheme="BIO")
    scorers = {"spans": span_f1_scorer, "own": check_scoring(model)}
    found = cross_validate(model, X, Y, cv=2, scoring=scorers, error_score="raise")
    assert np.isfinite(found["test_spans"]).all() and np.isfinite(found["test_own"]).all()
    predicted = cross_val_predict(model, X, Y, cv=2)
    folds = list(KFold(2).split(X))
    assert [len(row) for row in predicted] == [len(row) for row in X]
    shares = [token_accuracy_score([Y[i] for i in test], predicted[test]) for _, test in folds]
    np.testing.assert_allclose(shares, found["test_own"])


@pytest.mark.slow
def test_processes_give_the_same_scores():
    """Fails if a worker process trains otherwise than this one."""
    model = RNNTagger(**{**SMALL, "epochs": 2})
    scores = [cross_validate(model, X, Y, cv=2, n_jobs=n)["test_score"] for n in (1, 2)]
    assert scores[0].tolist() == scores[1].tolist()


@pytest.mark.slow
def test_searches_reach_the_tokenizer():
    """Fails if `text__max_features` has no effect, or the given tokenizer is changed."""
    text = TextToSequence(max_features=None)
    model = RNNTagger(**{**SMALL, "epochs": 2}, affixes=None, text=text)
    search = GridSearchCV(model, {"text__max_features": [1, 20]}, cv=2, error_score="raise")
    search.fit(X, Y)
    assert not hasattr(text, "vocabulary_")
    sizes = {
        n: clone(model).set_params(text__max_features=n).fit(X, Y).vocabulary_size_ for n in (1, 20)
    }
    assert sizes == {1: 3, 20: 15}
    sizes, *_ = learning_curve(clone(model), X, Y, cv=2, train_sizes=[0.5, 1.0])
    assert sizes.tolist() == [15, 30]


@pytest.mark.slow
def test_a_search_over_epochs():
    """Fails if the scores of a search over epochs are not those of fits of so many epochs."""
    model = RNNTagger(**SMALL)
    search = EpochSearchCV(model, {"epochs": [1, 3]}, cv=2, scoring=span_f1_scorer).fit(X, Y)
    wanted = GridSearchCV(model, {"epochs": [1, 3]}, cv=2, scoring=span_f1_scorer).fit(X, Y)
    for key in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(search.cv_results_[key], wanted.cv_results_[key])


@pytest.mark.slow
def test_in_a_pipeline_after_a_function():
    """Fails if a Pipeline cannot pass sentences on."""
    pipe = make_pipeline(FunctionTransformer(), RNNTagger(**{**SMALL, "epochs": 1}))
    assert len(pipe.fit(X, Y).predict(X)) == len(X)


# --- Training ---


@pytest.mark.slow
def test_rows_without_steps_and_without_weight_change_nothing(tagger):
    """Fails if an empty sentence is trained on, or weight 0 counts."""
    others = [["We", "lives", "New"]] * 2
    rows, tags = [*X, [], *others], [*Y, [], *[["O", "O", "O"]] * 2]
    weights = np.array([2.0] * (len(X) + 1) + [0.0] * 2)
    words = TextToSequence(vocabulary=list(tagger.text_.vocabulary_))
    a = RNNTagger(**SMALL, text=words).fit(rows, tags, sample_weight=weights)
    b = RNNTagger(**SMALL, text=words).fit([*X, *others], [*Y, *tags[-2:]], weights[1:])
    assert equal(a.predict_proba(X), b.predict_proba(X))


def test_partial_fit_and_warm_start():
    """Fails if a second call begins anew, or forgets the words of the first."""
    tagger = RNNTagger(
        **{**SMALL, "epochs": 1}, learning_rate_decay=0.0, embeddings=None, window=None
    )
    for _ in range(2):
        tagger.partial_fit(X[:40], Y[:40], classes=["B-LOC", "B-PER", "I-LOC", "O"])
    assert tagger.n_iter_ == 2
    whole = clone(tagger).set_params(epochs=2, warm_start=True).fit(X[:40], Y[:40])
    assert equal(whole.predict_proba(X), tagger.predict_proba(X))
    with pytest.raises(ValueError, match="'B-DATE' in row 1, step 0"):
        tagger.partial_fit(X[:2], [["O"] * len(X[0]), ["B-DATE"] + ["O"] * (len(X[1]) - 1)])


def test_early_stopping_by_a_scorer():
    """Fails if validation rows are not scored, or their lengths confuse the loss."""
    settings = {**SMALL, "epochs": 6, "early_stopping": True, "validation_fraction": 0.3}
    model = RNNTagger(**settings, scoring=span_f1_scorer).fit(X, Y)
    assert len(model.history_["val_score"]) == model.n_iter_
    assert model.best_epoch_ == 1 + int(np.argmax(model.history_["val_score"]))
    other = RNNTagger(**{**SMALL, "epochs": 1}).fit(X, Y, X_val=[[], *X[:5]], y_val=[[], *Y[:5]])
    assert np.isfinite(other.history_["val_loss"]).all()


def test_resumes_from_a_checkpoint(tmp_path, capsys):
    """Fails if the checkpoint is another training, or is not read, so that all epochs run."""
    model = RNNTagger(**{**SMALL, "epochs": 2}, checkpoint=tmp_path, verbose=1)
    once = clone(model).fit(X, Y)
    assert once.n_iter_ == 2 and "epoch 1/2" in capsys.readouterr().out
    more = clone(model).set_params(epochs=3).fit(X, Y)
    told = capsys.readouterr().out
    assert "epoch 3/3" in told and "epoch 1/3" not in told
    plain = clone(model).set_params(epochs=3, checkpoint=None, verbose=0).fit(X, Y)
    assert equal(more.predict_proba(X), plain.predict_proba(X))


# --- Files ---

VARIANTS = {
    "words": ({"scheme": "BIO"}, X, Y),
    "softmax": ({"output": "softmax"}, X, Y),
    "no spellings": ({"affixes": None}, X, Y),
    "columns": ({}, [[(w, w[0], len(w)) for w in row] for row in X], Y),
    "tokenizer": ({"text": TextToSequence(max_features=5, lowercase=False)}, X, Y),
    "ids": ({"input": "tokens"}, [[len(w) for w in row] for row in X], Y),
    "numbers": ({}, [[[float(len(w))] for w in row] for row in X], Y),
    "integers": ({}, X, [[len(tag) for tag in row] for row in Y]),
    "gru": ({"cell": "gru", "bidirectional": False, "units": (4, 4)}, X, Y),
}


@pytest.mark.parametrize("variant", some(VARIANTS, "words"))
def test_files_and_pickles_answer_with_the_same_bytes(variant, tmp_path):
    """Fails if words, spellings, columns, tags or transitions are lost in a file."""
    changes, rows, tags = VARIANTS[variant]
    model = RNNTagger(**{**SMALL, "epochs": 1, **changes}).fit(rows, tags)
    skrnn.save(model, tmp_path / "tagger.skrnn")
    loaded = skrnn.load(tmp_path / "tagger.skrnn")
    for other in (loaded, pickle.loads(pickle.dumps(model))):
        assert equal(other.predict(rows), model.predict(rows))
        assert equal(other.predict_proba(rows), model.predict_proba(rows))
        assert repr(other) == repr(model)
    again = clone(loaded).fit(rows, tags)
    assert equal(again.predict_proba(rows), model.predict_proba(rows))


@pytest.mark.slow
def test_predicts_without_tensorflow(tagger, tmp_path):
    """Fails if reading a file, or decoding, loads TensorFlow."""
    skrnn.save(tagger, tmp_path / "tagger.skrnn")
    code = (
        "import sys, skrnn; t = skrnn.load(sys.argv[1]); print(t.predict([['Anna', 'saw']])[0]); "
        "print('tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "tagger.skrnn"], capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "False", done.stderr


def test_same_bytes_in_any_company(tagger):
    """Fails if the answer for a sentence depends on the rows beside it."""
    whole = tagger.predict_proba(X)
    alone = np.array([tagger.predict_proba([row])[0] for row in X] + [None], object)[:-1]
    assert equal(whole, alone)
    assert equal(whole[::-1], tagger.predict_proba(X[::-1]))


# --- Bad input ---


@pytest.mark.parametrize(
    ("rows", "tags", "wanted"),
    [
        (
            X[:2],
            [Y[0], [*Y[1], "O"]],
            rf"y has {len(X[1]) + 1} .* row 1, but X has {len(X[1])} steps",
        ),
        (X[:2], [Y[0], Y[1][:-1]], rf"y has {len(X[1]) - 1} .* row 1, but X has {len(X[1])} steps"),
        (X[:2], Y[:3], "2.*3|3.*2"),
        (X[:2], ["O", "O"], "Row 0 of y is the str 'O'"),
        (X[:2], [Y[0], [None] * len(Y[1])], "NaN or None"),
        (X[:2], [[1.5] * len(Y[0]), [1] * len(Y[1])], "1.5 in row 0"),
        (X[:2], None, "y is None"),
        (["Anna lives here"], [["O"]], "text.split"),
        ([[3, 0, 2]], [[1, 0, 1]], "token id 0 in row 0, step 1"),
        ([[]], [[]], "none of them has"),
    ],
)
def test_errors_say_what_is_wrong(rows, tags, wanted):
    """Fails if a wrong length, a flat y or a missing tag trains, or the error names no row."""
    model = RNNTagger(**SMALL)
    with pytest.raises(ValueError, match=wanted):
        model.fit(rows, tags)
    assert not hasattr(model, "network_") and not hasattr(model, "text_")


def test_other_input_than_in_fit_is_an_error(tagger):
    """Fails if words are read as ids, or ids as words."""
    with pytest.raises(ValueError, match="needs a word"):
        tagger.predict([[1, 2]])
    ids = RNNTagger(**{**SMALL, "epochs": 1}, input="tokens").fit([[2, 3], [3]], [[0, 1], [1]])
    with pytest.raises(ValueError, match="X has words, but RNNTagger was fitted on token ids"):
        ids.predict(X)


def test_unknown_tags_count_as_wrong(tagger):
    """Fails if a tag that only the test rows have is an error, or right."""
    tags = [["B-DATE"] * len(row) for row in X]
    assert tagger.score(X, tags) == 0.0
    with pytest.raises(ValueError, match="Row 0 of y has"):
        tagger.score(X, [[*Y[0], "O"], *Y[1:]])


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"affixes": (0, 2)}, "affixes"),
        ({"affixes": (3, 2)}, "affixes"),
        ({"affixes": "ab"}, "affixes"),
        ({"scheme": "IOB"}, "scheme"),
        ({"output": "tree"}, "output"),
        ({"scoring": "accuracy"}, "skrnn.metrics.span_f1_scorer"),
        ({"vocabulary_size": 3}, "vocabulary_size=3 .* less than"),
    ],
)
def test_bad_parameters_are_refused(changes, wanted):
    """Fails if a parameter out of range trains."""
    with pytest.raises(ValueError, match=wanted):
        RNNTagger(**{**SMALL, **changes}).fit(X, Y)


FORMAT_2 = Path(__file__).parents[1] / "data" / "format_2"


@pytest.mark.parametrize("name", ["tagged_words", "tagged_series"])
def test_its_files_load_for_ever(name):
    """Fails if this version reads a file of the first one with tags otherwise."""
    expected = json.loads((FORMAT_2 / "expected_tags.json").read_text())[name]
    X = expected["X"]
    if name == "tagged_series":
        X = [np.array(row) for row in X]
    else:
        X = [[tuple(word) for word in row] for row in X]
    tagger = skrnn.load(FORMAT_2 / f"{name}.skrnn")
    assert [row.tolist() for row in tagger.predict(X)] == expected["predict"]
    for found, wanted in zip(tagger.predict_proba(X), expected["predict_proba"], strict=True):
        np.testing.assert_allclose(found.reshape(-1), np.ravel(wanted), rtol=1e-4, atol=1e-5)
