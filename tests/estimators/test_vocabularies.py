"""Ids of another vocabulary, wherever ids meet a network."""

import pickle
from copy import deepcopy

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import (
    EpochSearchCV,
    HashingTextToSequence,
    RNNClassifier,
    TextToSequence,
    TextWithColumns,
    explain,
    trace,
)
from skrnn.onnx import to_onnx
from tests.repeats import every, some

FIRST = ["good film", "bad film", "good plot", "bad plot"] * 10
Y = np.array([1, 0, 1, 0] * 10)
OTHER = ["plot good good", "bad", "film plot plot", "good plot bad"] * 10
TEXT = TextToSequence().fit(FIRST)
X = TEXT.transform(FIRST)
X_OTHER = TextToSequence().fit_transform(OTHER)
MESSAGE = (
    r"another vocabulary \(4 words\) than the one with which this RNNClassifier was fitted "
    r"\(4 words\): id 2 is 'plot' in X, but was 'bad' in fit.*text\.transform.*fit_transform"
    r".*make_pipeline\(TextToSequence\(\), RNNClassifier\(\)\)"
)


def small(**parameters):
    settings = {"units": 2, "embedding_dim": 3, "epochs": 1, "random_state": 0, "cell": "rnn"}
    settings |= {"embeddings": None, "ngram_range": None}
    # One network for all, which is traced once, and has room for ids of any other vocabulary.
    return RNNClassifier(**{**settings, "vocabulary_size": 200, **parameters})


@pytest.fixture(scope="module")
def fitted():
    return small(warm_start=True, vocabulary_size=None).fit(X, Y)


def chunks(*parts):
    return [(part, Y[: part.shape[0]]) for part in parts]


MEETINGS = {
    "predict": lambda clf, other: clf.predict(other),
    "predict_proba": lambda clf, other: clf.predict_proba(other),
    "decision_function": lambda clf, other: clf.decision_function(other),
    "score": lambda clf, other: clf.score(other, Y),
    "read": lambda clf, other: clf.read(other),
    "explain": lambda clf, other: explain(clf, other[:1]),
    "trace": lambda clf, other: trace(clf, other[:1]),
    "fit, warm": lambda clf, other: clf.fit(other, Y),
    "fit, X_val": lambda clf, other: clf.fit(X, Y, X_val=other, y_val=Y),
    "fit, X_unlabeled": lambda clf, other: clf.fit(X, Y, X_unlabeled=other),
    "first fit, X_val": lambda clf, other: clone(clf).fit(X, Y, X_val=other, y_val=Y),
    "first fit, X_unlabeled": lambda clf, other: clone(clf).fit(X, Y, X_unlabeled=other),
    "plain fit, both": lambda clf, other: clone(clf).fit(
        X.toarray(), Y, X_val=X, y_val=Y, X_unlabeled=other
    ),
    "partial_fit": lambda clf, other: clf.partial_fit(other, Y),
    "partial_fit, X_unlabeled": lambda clf, other: clf.partial_fit(X, Y, X_unlabeled=other),
    "fit_chunks, warm": lambda clf, other: clf.fit_chunks(chunks(other, X)),
    "fit_chunks, second": lambda clf, other: clone(clf).fit_chunks(chunks(X, other)),
    "fit_chunks, X_val": lambda clf, other: clone(clf).fit_chunks(chunks(X), X_val=other, y_val=Y),
    "one row": lambda clf, other: clf.predict(other[[2]]),
    "a copy": lambda clf, other: clf.predict(other.astype(np.int64).copy()),
    "another pipeline": lambda clf, _: make_pipeline(TextToSequence().fit(OTHER), clf).predict(
        OTHER
    ),
    "explain, another pipeline": lambda clf, _: explain(
        make_pipeline(TextToSequence().fit(OTHER), clf), OTHER[:1]
    ),
    "unpickled": lambda clf, other: pickle.loads(pickle.dumps(clf)).predict(other),
    "deep copy": lambda clf, other: deepcopy(clf).predict(other),
}


@pytest.mark.parametrize("meet", MEETINGS.values(), ids=MEETINGS)
def test_another_vocabulary_is_refused(fitted, meet):
    """Fails if ids that number other words give predictions or training in silence."""
    before = pickle.dumps(fitted)
    with pytest.raises(ValueError, match=MESSAGE):
        meet(fitted, X_OTHER)
    assert pickle.dumps(fitted) == before


def test_files_keep_the_words(fitted, tmp_path):
    """Fails if a model that was saved, or a checkpoint, takes the ids of any vocabulary."""
    skrnn.save(fitted, tmp_path / "m.skrnn")
    joblib.dump(fitted, tmp_path / "m.joblib")
    small(checkpoint=tmp_path / "c").fit(X, Y)
    checkpoint = next((tmp_path / "c").rglob("*.skrnn"))
    for again in (
        skrnn.load(tmp_path / "m.skrnn"),
        joblib.load(tmp_path / "m.joblib"),
        skrnn.load(checkpoint),
    ):
        assert again._words.words == X.words
        with pytest.raises(ValueError, match=MESSAGE):
            again.predict(X_OTHER)
        again.predict(X)


@pytest.mark.slow
def test_a_search_keeps_the_words():
    """Fails if the estimator of an epoch in a search has no words."""
    search = EpochSearchCV(small(), {"epochs": [1, 2]}, cv=2, refit=True).fit(X, Y)
    with pytest.raises(ValueError, match=MESSAGE):
        search.predict(X_OTHER)
    assert len(search.predict(X)) == len(Y)


def extended():
    return TextToSequence(vocabulary=[*TEXT.vocabulary_, "more"]).fit(FIRST).transform(FIRST)


@pytest.mark.parametrize(
    "same",
    [
        X[::-1],
        X.toarray(),
        csr_array(X),
        X.toarray().tolist(),
        TextToSequence().fit_transform(FIRST[::-1]),
        pickle.loads(pickle.dumps(X)),
        extended(),
        TextToSequence(max_features=2).fit_transform(FIRST),
    ],
    ids=["rows", "dense", "csr", "list", "same words", "pickle", "longer", "shorter"],
)
def test_what_does_not_contradict_is_taken(fitted, same):
    """Fails if equal words of another object, or arrays without words, are refused."""
    assert len(fitted.predict(same)) == 40


HASHING = HashingTextToSequence(n_features=30)
FRAME = pd.DataFrame({"text": FIRST, "number": range(len(FIRST))})
COLUMNS = TextWithColumns(text="text", columns=["number"])
# Wider than the texts, so that the result is sparse.
PICK = make_column_transformer((TextToSequence(max_length=9), "text"), sparse_threshold=1)


def fitted_on(texts, transformer):
    rows = FRAME.assign(text=texts) if transformer in (COLUMNS, PICK) else texts
    return clone(transformer).fit(rows)


MISMATCHED = {
    "words": (TextToSequence(), TextToSequence(), lambda clf: clf),
    "of TextWithColumns": (COLUMNS, COLUMNS, lambda clf: clf),
    "in a ColumnTransformer": (PICK, PICK, lambda clf: clf),
    "in a pipeline": (TextToSequence(), TextToSequence(), make_pipeline),
    "frozen": (TextToSequence(), TextToSequence(), FrozenEstimator),
    "hashes": (HASHING, HashingTextToSequence(n_features=20), lambda clf: clf),
    "split otherwise": (
        HASHING,
        HashingTextToSequence(n_features=30, analyzer="char"),
        lambda clf: clf,
    ),
    "words for hashes": (HASHING, TextToSequence(), lambda clf: clf),
    "hashes for words": (TextToSequence(), HASHING, lambda clf: clf),
}


@pytest.mark.parametrize("name", some(MISMATCHED, "words", "hashes"))
def test_no_file_of_a_pipeline_that_reads_other_words(name, tmp_path):
    """Fails if a pipeline of a tokenizer and a network that do not fit together is exported."""
    mine, other, around = MISMATCHED[name]
    mine, other = fitted_on(FIRST, mine), fitted_on(OTHER, other)
    columns = mine.__class__ in (TextWithColumns, ColumnTransformer)
    clf = small().fit(mine.transform(FRAME if columns else FIRST), Y)
    path = tmp_path / "model.skrnn"
    skrnn.save(make_pipeline(mine, around(clf)), path)
    before = path.read_bytes()
    wrong = make_pipeline(other, around(clf))
    with pytest.raises(ValueError, match="ToSequence of the Pipeline has .* was.* fit"):
        skrnn.save(wrong, path)
    assert path.read_bytes() == before
    if name in ("words", "of TextWithColumns", "words for hashes"):
        with pytest.raises(ValueError, match="The TextToSequence of the Pipeline has"):
            to_onnx(wrong)


def test_folds_and_new_fits_are_free(fitted):
    """Fails if folds contradict each other, or a new fit is held to the words of the last one."""
    assert len(cross_val_score(small(), X, Y, cv=2)) == 2
    again = deepcopy(fitted).set_params(warm_start=False).fit(X_OTHER, Y)
    assert again._words.words == X_OTHER.words
    assert small().fit(X.toarray(), Y)._words is None


def test_words_are_learned_when_training_goes_on():
    """Fails if a network that began with plain ids never learns the words that came later."""
    clf = small().partial_fit(X.toarray(), Y, classes=[0, 1])
    assert len(clf.predict(X_OTHER)) == 40  # no words yet
    clf.partial_fit(X, Y).partial_fit(X.toarray(), Y)
    with pytest.raises(ValueError, match=MESSAGE):
        clf.partial_fit(X_OTHER, Y)
    longer = extended()
    clf = small().partial_fit(X, Y).partial_fit(longer, Y).partial_fit(X, Y)
    assert clf._words.words == longer.words


@pytest.mark.slow
def test_numbers_have_no_words():
    """Fails if a network of numbers is held to words."""
    clf = small(input="numeric", vocabulary_size=None).fit(X.toarray().astype(float), Y)
    assert clf._words is None


def test_hashed_ids_are_of_one_kind(tmp_path):
    """Fails if ids of another number of hashes, or of words, are read as the hashes of fit."""
    texts, y = ["good film", "bad film"] * 6, [1, 0] * 6
    hashed = {n: HashingTextToSequence(n_features=n).transform(texts) for n in (50, 100)}
    words = TextToSequence().fit_transform(texts)
    clf = small().fit(hashed[100], y)
    skrnn.save(clf, tmp_path / "hashed.skrnn")
    for one in (clf, pickle.loads(pickle.dumps(clf)), skrnn.load(tmp_path / "hashed.skrnn")):
        one.predict(hashed[100][:3])
        one.predict(hashed[100].toarray())  # which claims nothing
        for other, kind in ((hashed[50], "n_features=50"), (words, "words of a TextToSequence")):
            for meet in (one.predict, lambda X, one=one: one.partial_fit(X, y)):
                with pytest.raises(ValueError, match=f"{kind}, but .* n_features=100"):
                    meet(other)
    with pytest.raises(
        ValueError, match="In X_unlabeled: X has the ids of a HashingTextToSequence"
    ):
        small().fit(words, y, X_unlabeled=hashed[50])
    with pytest.raises(ValueError, match="n_features=50, but .* words of a TextToSequence"):
        small().fit(words, y).predict(hashed[50])


SPLITTING = {
    "lowercase": {"lowercase": False},
    "accents": {"strip_accents": "ascii"},
    "markup": {"strip_markup": False},
    "characters": {"analyzer": "char"},
    "analyzer": {"analyzer": str.split},
    "preprocessor": {"preprocessor": str.lower},
    "tokenizer": {"tokenizer": str.split},
    "pattern": {"token_pattern": r"\w+"},
    "stop words": {"stop_words": ["the"]},
    "English": {"stop_words": "english"},
    "many stop words": {"stop_words": [f"word{i}" for i in range(50)]},
}
HARMLESS = {"max_length": 3, "truncate": "tail", "lowercase": np.True_}


@pytest.mark.filterwarnings("ignore:.*stop_words never occur")
@pytest.mark.parametrize("given", every(4, SPLITTING.values()), ids=SPLITTING)
def test_hashes_of_texts_that_are_split_otherwise(given, tmp_path):
    """Fails if ids of other analyzer settings are read as those of fit."""
    X = HASHING.transform(FIRST)
    other = clone(HASHING).set_params(**given)
    clf = small().fit(X, Y)
    skrnn.save(clf, tmp_path / "m")
    name = next(iter(given))
    for one in (clf, skrnn.load(tmp_path / "m"), pickle.loads(pickle.dumps(clf))):
        with pytest.raises(ValueError, match=f"with.*{name}=.*, but .* was fitted"):
            one.predict(other.transform(FIRST))
        with pytest.raises(ValueError, match="HashingTextToSequence with"):
            one.partial_fit(other.transform(FIRST), Y)
        one.predict(clone(HASHING).transform(FIRST))
    small().fit(other.transform(FIRST), Y).predict(clone(other).transform(OTHER))


def test_what_does_not_change_hashes():
    """Fails if a parameter is compared that decides about no token."""
    clf = small().fit(HASHING.transform(FIRST), Y)
    for name, value in HARMLESS.items():
        clf.predict(clone(HASHING).set_params(**{name: value}).transform(FIRST))
    clf.predict(HASHING.transform(FIRST).copy()[:3])
    overridden = HashingTextToSequence(n_features=30, analyzer=str.split)
    clf = small().fit(overridden.transform(FIRST), Y)
    clf.predict(clone(overridden).set_params(lowercase=False, token_pattern=None).transform(FIRST))
    clf = small().fit(HASHING.set_params(stop_words=["a", "b"]).transform(FIRST), Y)
    clf.predict(clone(HASHING).set_params(stop_words={"b", "a"}).transform(FIRST))
    HASHING.set_params(stop_words=None)


def test_hashes_of_older_files(tmp_path):
    """Fails if a network of which only the number of hashes is known refuses its own ids."""
    clf = small().fit(HASHING.transform(FIRST), Y)
    clf._hashing = clf._hashing[:1]
    clf.predict(HASHING.transform(FIRST))
    with pytest.raises(ValueError, match="n_features=20, but .* n_features=30"):
        clf.predict(HashingTextToSequence(n_features=20).transform(FIRST))


def test_a_larger_vocabulary_is_another_one(fitted):
    """Fails if the error is about the size of ids, and advises to accept the wrong ones."""
    larger = TextToSequence().fit_transform([*OTHER, "many more words here"])
    for meet in (MEETINGS["predict"], MEETINGS["first fit, X_val"]):
        with pytest.raises(ValueError, match="another vocabulary"):
            meet(fitted, larger[: len(Y)])
