"""TextToSequence: its contract with scikit-learn, its output, and the way back to words."""

import doctest
import os
import pickle
import subprocess
import sys
import tarfile
import threading
from collections import Counter
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.utils import get_tags

import skrnn.text.to_sequence
from skrnn import TextToSequence

DOCS = ["I didn't like it.", "", "It was great, I LIKED it!", "Great?"]


def plain_rows(X):
    return [row[row > 0].tolist() for row in X.toarray()]


# --- The contract with scikit-learn; its own checks are in test_common.py ---------------


def test_y_passes_through():
    """Fails if y is no second argument, as pipelines pass it."""
    model = TextToSequence().fit(DOCS, [0, 1, 0, 1])
    assert (model.fit_transform(DOCS, [0, 1, 0, 1]) != model.transform(DOCS)).nnz == 0


def test_using_changes_nothing():
    """Fails if fit changes a parameter, or transform or inverse_transform leave traces."""
    model = TextToSequence(max_length=3, vocabulary={"it": 2, "great": 3})
    params = dict(model.get_params())
    assert model.fit(DOCS) is model
    assert model.get_params() == params
    before = pickle.dumps(vars(model))
    model.inverse_transform(model.transform(DOCS))
    model.get_feature_names_out()
    assert pickle.dumps(vars(model)) == before


def test_rows_do_not_depend_on_their_neighbours():
    """Fails if the order or the number of documents in a call reaches the ids of a row."""
    model = TextToSequence().fit(DOCS)
    together = plain_rows(model.transform(DOCS))
    assert plain_rows(model.transform(DOCS[::-1])) == together[::-1]
    assert [plain_rows(model.transform([doc]))[0] for doc in DOCS] == together


def test_fit_transform_is_fit_then_transform_and_reads_once():
    """Fails if the two ways to the ids drift apart, or tokens are cut twice."""
    for params in ({}, {"max_features": 3}, {"min_df": 2}, {"max_length": 3, "truncate": "both"}):
        one_go = TextToSequence(**params).fit_transform(DOCS)
        two_steps = TextToSequence(**params).fit(DOCS).transform(DOCS)
        assert (one_go != two_steps).nnz == 0
    seen = []
    TextToSequence(analyzer=lambda doc: seen.append(doc) or doc.split()).fit_transform(DOCS)
    assert seen == DOCS


def test_refit_forgets():
    """Fails if a second fit keeps words or widths of the first."""
    model = TextToSequence().fit(["a b c d e"])
    model.fit(["z"])
    assert model.vocabulary_ == {"z": 2}
    assert model.transform(["z"]).shape == (1, 1)


def test_tags_and_no_n_features_in():
    tags = get_tags(TextToSequence())
    assert tags.input_tags.string and not tags.input_tags.two_d_array and tags.requires_fit
    assert not hasattr(TextToSequence().fit(DOCS), "n_features_in_")


def test_in_a_pipeline_with_column_transformer_and_feature_union():
    """Fails if feature names or output widths are not what the composers expect."""
    frame = pd.DataFrame({"text": DOCS, "stars": [1, 2, 5, 4]}, index=[7, 8, 9, 10])
    text = TextToSequence(sparse_output=False, max_length=2)
    for column in ("text", ["text"]):  # a Series, and a frame of one column
        columns = ColumnTransformer([("t", text, column)], remainder="passthrough")
        table = columns.set_output(transform="pandas").fit_transform(frame)
        assert list(table.columns) == [
            "t__texttosequence0",
            "t__texttosequence1",
            "remainder__stars",
        ]
        assert list(table.index) == [7, 8, 9, 10]
        assert table.iloc[3].tolist()[1:] == [clone(text).fit(DOCS).vocabulary_["?"], 4]
    dense = TextToSequence(sparse_output=False)  # which carries no words that would be compared
    union = FeatureUnion([("w", dense), ("c", clone(dense).set_params(analyzer="char"))])
    assert union.fit_transform(DOCS).shape[1] == len(union.get_feature_names_out())
    pipe = clone(make_pipeline(TextToSequence())).set_params(texttosequence__max_length=2)
    assert pipe.fit_transform(DOCS).shape == (4, 2)


def test_set_output():
    """Fails if frames lose their index, or a longer document gives columns without names."""
    model = TextToSequence(sparse_output=False).set_output(transform="pandas")
    series = pd.Series(DOCS, index=list("abcd"))
    table = model.fit_transform(series)
    assert list(table.index) == list("abcd")
    assert table.columns[0] == "texttosequence0"
    with pytest.raises(ValueError, match=r"row 1 has 20 tokens.*7 columns of fit.*max_length"):
        model.transform(["a", "b " * 20])
    with pytest.raises(ValueError, match=r"Pandas output.*sparse_output=False"):
        clone(model).set_params(sparse_output=True).fit_transform(DOCS)
    assert isinstance(model.set_output(transform="polars").transform(DOCS), pl.DataFrame)


# --- The output -------------------------------------------------------------------------


def test_ids_by_hand():
    """The whole layout on one corpus that was numbered by hand."""
    model = TextToSequence(max_features=4)
    X = model.fit_transform(["b a b", "c c a b", "", "e d d"])
    # b 3 times; a, c, d twice and in alphabetical order; e falls to max_features.
    assert list(model.vocabulary_.items()) == [("b", 2), ("a", 3), ("c", 4), ("d", 5)]
    assert isinstance(X, sp.csr_array) and X.dtype == np.int32
    expected = [[2, 3, 2, 0], [4, 4, 3, 2], [0, 0, 0, 0], [1, 5, 5, 0]]
    assert X.toarray().tolist() == expected
    assert X.nnz == 10 and (X.data > 0).all() and X.has_sorted_indices
    dense = TextToSequence(max_features=4, sparse_output=False).fit_transform(
        ["b a b", "c c a b", "", "e d d"]
    )
    assert isinstance(dense, np.ndarray) and dense.dtype == np.int32
    assert dense.tolist() == expected
    assert all(type(id_) is int for id_ in model.vocabulary_.values())


def test_ties_at_the_cut_are_alphabetical():
    """Fails if the words that share the last count are cut in order of appearance."""
    model = TextToSequence(max_features=3).fit(["z y x w v z"])
    assert model.vocabulary_ == {"z": 2, "v": 3, "w": 4}


@pytest.mark.parametrize("min_df", [1, 2, 3, 0.5, 0.75, 1.0])
def test_min_df_keeps_the_words_count_vectorizer_keeps(min_df):
    """Fails if occurrences are counted where documents are meant ("b b b")."""
    docs = ["b b b a", "a c", "a c d", "a"]
    rival = CountVectorizer(min_df=min_df, token_pattern=r"\w").fit(docs)
    assert set(TextToSequence(min_df=min_df).fit(docs).vocabulary_) == set(rival.vocabulary_)


@pytest.mark.parametrize(
    ("truncate", "max_length", "kept"),
    [
        ("head", 3, "abc"),
        ("tail", 3, "efg"),
        ("both", 3, "abg"),
        ("both", 4, "abfg"),
        ("both", 1, "a"),
        ("tail", 1, "g"),
        ("both", 7, "abcdefg"),
    ],
)
def test_truncate_names_what_is_kept(truncate, max_length, kept):
    """Fails on Keras's opposite meaning, and on the odd token at the wrong end."""
    docs = ["a b c d e f g", "a b", "", "a b c d e f g a"]
    model = TextToSequence(max_length=max_length, truncate=truncate)
    X = model.fit_transform(docs)
    assert X.shape == (4, max_length)
    rows = ["".join(words) for words in model.inverse_transform(X)]
    assert rows[0] == kept
    assert rows[2] == ""
    if max_length > 1:
        assert rows[1] == "ab"
    # Words beyond max_length count for the vocabulary all the same.
    assert len(model.vocabulary_) == 7


def test_width():
    """Fails if a long document of a later call is cut, or a short call is narrower than fit."""
    model = TextToSequence().fit(["a b c"])
    assert model.transform(["a"]).shape == (1, 3)
    assert model.transform(["a b c a b"]).shape == (1, 5)
    assert model.transform([]).shape == (0, 3)
    assert len(model.get_feature_names_out()) == 3
    # A network cannot be built for no column at all.
    assert TextToSequence(vocabulary=["a"]).fit_transform(["", ""]).shape == (2, 1)
    wide = TextToSequence(max_length=9).fit(["a b c"])
    assert wide.transform(["a"]).shape == (1, 9)
    assert len(wide.get_feature_names_out()) == 9


def test_unknown_words_and_empty_documents():
    """Fails if unknown words are dropped, which would move "not" next to what it negates."""
    model = TextToSequence().fit(["good not"])
    assert plain_rows(model.transform(["not very good", "", " \n", "..."])) == [
        [3, 1, 2],
        [],
        [],
        [],
    ]


def test_fixed_vocabulary():
    """Fails if the caller's order or ids are not kept, or an own vocabulary is learned."""
    for given in (
        ["b", "a"],
        ("b", "a"),
        {"a": 3, "b": 2},
        np.array(["b", "a"]),
        pl.Series(["b", "a"]),
    ):
        model = TextToSequence(vocabulary=given, max_features=1, min_df=9)
        assert plain_rows(model.fit_transform(["a b z"])) == [[3, 2, 1]]
        assert list(model.vocabulary_.items()) == [("b", 2), ("a", 3)]
    # A set comes in another order in every process: sorted.
    assert TextToSequence(vocabulary={"b", "a", "c"}).fit(["x"]).vocabulary_ == {
        "a": 2,
        "b": 3,
        "c": 4,
    }
    given = {"a": 2}
    TextToSequence(vocabulary=given).fit(["x"]).vocabulary_["b"] = 3
    assert given == {"a": 2}
    with pytest.warns(UserWarning, match="'Great'.*lowercase"):
        TextToSequence(vocabulary=["Great"]).fit(DOCS)


@pytest.mark.parametrize(
    ("vocabulary", "error", "message"),
    [
        (["a", "b", "a"], ValueError, r"'a' more than once, at positions \[0, 2\]"),
        ({"a": 0, "b": 1}, ValueError, r"'a' the id 0; .* must be 2 to 3.*sorted"),
        ({"a": 2, "b": 4}, ValueError, "'b' the id 4"),
        ({"a": 2, "b": 2}, ValueError, "'b' the id 2, which 'a' has too"),
        ({"a": 2.0}, TypeError, "'a' the id 2.0; ids must be integers"),
        ({"a": True}, TypeError, "ids must be integers"),
        (["a", 3], TypeError, "int 3 at position 1"),
        ([], ValueError, "vocabulary is empty"),
        ("abc", ValueError, "str 'abc'"),
        (pd.DataFrame({"word": ["a"]}), ValueError, r"got shape \(1, 1\)"),
    ],
)
def test_bad_vocabulary(vocabulary, error, message):
    with pytest.raises(error, match=message):
        TextToSequence(vocabulary=vocabulary).fit(["a"])


def test_min_df_that_leaves_no_word():
    with pytest.raises(ValueError, match=r"min_df=3 .* 3 of the 2 .* occurs in 1\. Lower"):
        TextToSequence(min_df=3).fit(["a", "b"])


def test_not_fitted():
    """A given vocabulary is no fit: the width is still unknown."""
    model = TextToSequence(vocabulary=["a"], max_length=3)
    for use in (model.transform, model.inverse_transform, model.get_feature_names_out):
        with pytest.raises(NotFittedError):
            use(["a"])


# --- Back to words ----------------------------------------------------------------------


def test_inverse_transform_of_every_form():
    """Fails if zeros within a row end it, or columns out of order are read as stored."""
    model = TextToSequence(vocabulary=["a", "b"]).fit(["a"])
    forms = [
        np.array([[0, 2, 0, 3], [0, 0, 0, 0]]),
        np.array([[2.0, 3.0], [0.0, 0.0]]),
        [[2, 0, 3], []],
        [np.array([2, 3], dtype=np.uint8), ()],
        np.array([[2, 3], []], dtype=object),
        pd.DataFrame([[2, 3], [0, 0]]),
        sp.coo_array([[2, 0, 3], [0, 0, 0]]),
        sp.csc_matrix([[2, 0, 3], [0, 0, 0]]),
        # stored out of order: 3 in column 4, then 2 in column 1
        sp.csr_array(([3, 2], [4, 1], [0, 2, 2]), shape=(2, 5)),
    ]
    for X in forms:
        assert [row.tolist() for row in model.inverse_transform(X)] == [["a", "b"], []]
    assert model.inverse_transform([[1, 2]])[0].tolist() == ["[UNK]", "a"]
    assert model.inverse_transform([]) == []


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([[2], [3, 9]], ValueError, "Row 1 has 9.* to 3, the last word"),
        (np.array([[0, 0], [0, -1]]), ValueError, "Row 1 has -1"),
        ([[], [], [2.5]], ValueError, "Row 2 has 2.5"),
        (np.array([[2, np.nan]]), ValueError, "Row 0 has nan"),
        (sp.csr_array([[0], [9]]), ValueError, "Row 1 has 9"),
        ([2, 3], ValueError, r"Row 0 is int 2.*\[ids\]"),
        (np.array([2, 3]), ValueError, r"shape \(2,\)"),
        ([["a"]], TypeError, "Row 0 has str_"),
        (np.array([[True]]), TypeError, "dtype bool"),
        (None, TypeError, "got NoneType"),
    ],
)
def test_inverse_transform_of_bad_ids(X, error, message):
    """A negative id would otherwise read a word from the other end of the table."""
    model = TextToSequence(vocabulary=["a", "b"]).fit(["a"])
    with pytest.raises(error, match=message):
        model.inverse_transform(X)


# --- The words of a document ------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"lowercase": False, "strip_accents": "unicode", "max_length": 2},
        {"token_pattern": r"(?u)\b(\w)\w+\b"},
        {"analyzer": "char"},
        {"tokenizer": str.split},
        {"analyzer": str.split},
    ],
    ids=str,
)
def test_build_analyzer_cuts_as_transform_does(given):
    """Fails if its words are not those whose ids `transform` gives, in their order.

    It has to work before `fit`, and, pickled, in a worker of the caller's.
    """
    documents = [*DOCS, "Ça va? <br/> It wasn't!"]
    analyzer = pickle.loads(pickle.dumps(TextToSequence(**given).build_analyzer()))
    rows = [analyzer(document) for document in documents]
    assert {type(row) for row in rows} == {list}
    text = TextToSequence(**{**given, "max_length": None}, min_df=2).fit(documents)
    assert 1 in text.transform(documents).data  # words without an id are words too
    ids = [[text.vocabulary_.get(word, 1) for word in row] for row in rows]
    assert plain_rows(text.transform(documents)) == ids


def test_build_analyzer_of_tokens():
    """Fails if documents that are cut already are refused, or given back to be changed."""
    document = ["I", "did"]
    words = TextToSequence(analyzer=list).build_analyzer()(document)
    assert words == document and words is not document
    same = TextToSequence(analyzer=lambda document: document).build_analyzer()
    assert same(document) is not document


def test_build_analyzer_refuses():
    """Fails if an error comes late, or a list of documents is read as one."""
    with pytest.raises(ValueError, match="not a regular expression"):
        TextToSequence(token_pattern="(").build_analyzer()
    with pytest.raises(TypeError, match="is list"):
        TextToSequence().build_analyzer()(["two", "documents"])
    with pytest.raises(ValueError, match="is NoneType"):
        TextToSequence().build_analyzer()(None)


# --- Other processes and threads --------------------------------------------------------


def test_pickle_holds_the_vocabulary_once():
    """Fails if an inverse table or the analyzer is pickled along."""
    model = TextToSequence().fit([" ".join(f"word{i}" for i in range(5000))])
    model.inverse_transform(model.transform(["word1"]))
    assert len(pickle.dumps(model)) < 1.05 * len(pickle.dumps(model.vocabulary_)) + 6000


def test_ids_carry_their_words():
    """Fails if the array's words are others than the vocabulary's, or made anew at each call."""
    model = TextToSequence()
    X = model.fit_transform(DOCS)
    for word, id_ in model.vocabulary_.items():
        assert X.words[id_] == word
    assert X.words[:2] == (None, None) and len(X.words) == X.vocabulary_size
    assert model.transform(["anything"]).words is X.words
    assert pickle.loads(pickle.dumps(model)).transform(["anything"]).words == X.words
    model.fit(["other words"])
    assert model.transform(["x"]).words == (None, None, "other", "words")
    model.vocabulary_ = {"mine": 2}  # set by hand, as some do
    assert model.transform(["x"]).words == (None, None, "mine")


SCRIPT = """
import sys

import joblib
from skrnn import TextToSequence
model = joblib.load(sys.argv[1])
fresh = TextToSequence(max_features=5).fit(["z y x w v u t s", "n't ! ? b a"])
assert not {"tensorflow", "keras", "scikeras"} & set(sys.modules), "TensorFlow was loaded"
X = model.transform(["I didn't like it", "great?"])
from_set = TextToSequence(vocabulary={f"w{i}" for i in range(50)}).fit(["w1"])
print(list(fresh.vocabulary_), list(from_set.vocabulary_), X.toarray().tolist())
"""


@pytest.mark.slow
def test_fresh_process_needs_no_tensorflow_and_agrees(tmp_path):
    """Fails if unpickling loads TensorFlow, or ids depend on the hash seed."""
    model = TextToSequence().fit(DOCS)
    joblib.dump(model, tmp_path / "model.joblib")
    outputs = set()
    for seed in ("0", "1"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / "model.joblib")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        outputs.add(run.stdout)
    assert len(outputs) == 1
    assert str(model.transform(["I didn't like it", "great?"]).toarray().tolist()) in outputs.pop()


def test_transform_from_several_threads():
    """Fails if a call keeps its state on the instance."""
    model = TextToSequence().fit(DOCS)
    texts = [[f"I liked {'it ' * i}"] * 50 for i in range(8)]
    expected = [plain_rows(model.transform(X)) for X in texts]
    results = [None] * 8

    def work(i):
        for _ in range(5):
            results[i] = plain_rows(model.transform(texts[i]))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == expected


# --- Documentation and real data --------------------------------------------------------


def test_docstring_example():
    failures, tried = doctest.testmod(skrnn.text.to_sequence)
    assert tried and not failures


def test_real_reviews():
    """On 300 IMDb reviews: numbers as a plain count says, and every word comes back."""
    archive = Path(os.environ.get("SKRNN_DATA", "")) / "aclImdb_v1.tar.gz"
    if "SKRNN_DATA" not in os.environ or not archive.exists():
        pytest.skip("needs the IMDb archive: set SKRNN_DATA to the folder that holds it")
    reviews = []
    with tarfile.open(archive) as tar:  # read in order: the first 300 cost little
        for member in tar:
            if member.name.endswith(".txt") and member.name.count("/") == 3:
                reviews.append(tar.extractfile(member).read().decode())
            if len(reviews) == 300:
                break
    model = TextToSequence(max_features=None)
    X = model.fit_transform(reviews)
    words = model.inverse_transform(X)
    counts = Counter(word for row in words for word in row)
    assert list(model.vocabulary_) == sorted(counts, key=lambda word: (-counts[word], word))
    assert "br" not in counts and "[UNK]" not in counts
    assert {"n't", "!", "?", "i", "'s"} < set(list(model.vocabulary_)[:60])
    # Whoever rejoins the tokens of a review finds its letters and digits in their order.
    for review, row in zip(reviews, words, strict=True):
        text = review.replace("<br />", " ").lower()
        letters = [character for character in text if character.isalnum()]
        assert [c for c in "".join(row) if c.isalnum()] == letters
