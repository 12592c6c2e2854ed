"""TextToSequence's input: how documents become tokens, which containers it takes, bad input."""
# The apostrophes and the letters of other scripts are the subject here.
# ruff: noqa: RUF001

import pickle
import unicodedata

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer

from skrnn import TextToSequence

DOCS = ["I didn't like it.", "", "It was great, I LIKED it!", "Great?"]


def words_of(text, **params):
    """Return the tokens of one text, through the public interface and back."""
    fitted = TextToSequence(**params).fit([text])
    return fitted.inverse_transform(fitted.transform([text]))[0].tolist()


# --- Tokens -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I didn't, it ISN’T!", "i did n't it is n't !"),
        ("can't won't ain't don't've", "ca n't wo n't ai n't do n't 've"),
        ("it's I'm they're we’ve he'll she'd", "it 's i 'm they 're we 've he 'll she 'd"),
        ("'quoted' dogs' o'clock it't", "quoted dogs o clock it t"),
        ("Why?! So bad...", "why ? ! so bad"),
        ("good<br />bad<br><BR/>ugly <b>x</b> 3<4", "good bad ugly x 3 < 4"),
        ("a 7/10", "a 7 10"),
        ("Café naïve ПРИВЕТ الفيلم رائع؟", "café naïve привет الفيلم رائع ؟"),
        ("今天天气好！3D电影 すごい 좋아요", "今 天 天 气 好 ！ 3D 电 影 す ご い 좋아요".lower()),
        ("ไม่ดี", "ไ ม่ ดี"),
        ("cafe\u0301 हिन्दी में مُحَمَّد می\u200cخواهم", "café हिन्दी में مُحَمَّد می\u200cخواهم"),
    ],
)
def test_default_tokens(text, tokens):
    """Written by hand; each line is a case that a plain \\w+ gets wrong or loses."""
    assert words_of(text) == tokens.split(" ")


def test_case_is_kept_on_demand():
    assert words_of("DIDN'T Isn't <BR>", lowercase=False) == ["DID", "N'T", "Is", "n't"]


def test_vowel_signs_of_living_scripts_stay_in_their_word():
    """Fails if a script is missing from the marks: its words would fall to pieces."""
    for first, last in [
        (0x300, 0x370),
        (0x5D0, 0x5EB),
        (0x620, 0x6F0),
        (0x900, 0xE00),
        (0xE01, 0xED0),
    ]:
        for code in range(first, last):
            mark = chr(code)
            if unicodedata.category(mark) in ("Mn", "Mc"):
                word = unicodedata.normalize("NFC", f"\u0915{mark}\u0916")
                assert words_of(word) == [word], hex(code)


def test_char_analyzer():
    """Fails if white space becomes several tokens, or line breaks are spelled out."""
    assert words_of(" 今天\u3000 天气<br />好 \n", analyzer="char") == list("今天 天气 好")


def test_strip_accents_as_count_vectorizer():
    text = "Crème brûlée Привет ¿qué?"
    for strip in ("ascii", "unicode", str.swapcase):
        rival = CountVectorizer(strip_accents=strip, token_pattern=r"\w+").fit([text])
        assert set(words_of(text, strip_accents=strip)) - {"?"} == set(rival.vocabulary_)
    # "ascii" drops the typographic apostrophe unless it was made plain before.
    assert words_of("didn’t", strip_accents="ascii") == ["did", "n't"]


def test_own_callables_and_patterns():
    """Fails if one of them is ignored or gets what another should."""
    assert words_of("A-b c", tokenizer=lambda text: iter(text.split("-"))) == ["a", "b c"]
    assert words_of("A-b", preprocessor=lambda text: text + " X") == ["A", "b", "X"]
    assert words_of("a=1 b=2", token_pattern=r"(\w)=\d") == ["a", "b"]
    assert words_of("A b", analyzer=str.split) == ["A", "b"]
    assert words_of(["A", "n't"], analyzer=list) == ["A", "n't"]
    # numpy.str_ tokens would make every pickle larger and need NumPy to read.
    model = TextToSequence(tokenizer=lambda text: np.array(text.split())).fit(["a b"])
    assert {type(word) for word in model.vocabulary_} == {str}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"tokenizer": lambda text: text}, "tokenizer must return .* row 0 it returned str 'a'"),
        ({"tokenizer": lambda text: None}, "tokenizer must .* row 0 it returned NoneType"),
        (
            {"analyzer": lambda text: [b"a"]},
            "analyzer must .* row 0 it returned a list with bytes b'a'",
        ),
        ({"preprocessor": lambda text: 3}, "preprocessor must return a str, .* row 0 .* int 3"),
        ({"strip_accents": lambda text: None}, "strip_accents must return a str"),
    ],
)
def test_callables_that_return_the_wrong_type(params, message):
    """Without the check a str is read letter by letter, silently."""
    with pytest.raises(TypeError, match=message):
        TextToSequence(**params).fit(["a"])


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("(a)(b)", "2 capturing groups"), ("(", "not a regular"), (None, "needs a tokenizer")],
)
def test_bad_token_pattern(pattern, message):
    with pytest.raises(ValueError, match=message):
        TextToSequence(token_pattern=pattern).fit(["a"])


# --- Containers and bad input -----------------------------------------------------------

CONTAINERS = {
    "tuple": tuple,
    "generator": iter,
    "object": lambda docs: np.array(docs, dtype=object),
    "str_": np.array,
    "StringDType": lambda docs: np.array(docs, dtype=np.dtypes.StringDType()),
    "column": lambda docs: np.array(docs)[:, None],
    "pandas": lambda docs: pd.Series(docs, index=range(9, 9 + len(docs))),
    "pandas category": lambda docs: pd.Series(docs, dtype="category"),
    "pandas string": lambda docs: pd.Series(docs, dtype="string"),
    "pandas frame": lambda docs: pd.DataFrame({"text": docs}),
    "polars": pl.Series,
    "polars frame": lambda docs: pl.DataFrame({"text": docs}),
}


@pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS)
def test_all_containers_give_the_same(make):
    """Fails if a frame is iterated by its column names, the classic silent bug."""
    expected = TextToSequence().fit(DOCS)
    model = TextToSequence().fit(make(DOCS))
    assert model.vocabulary_ == expected.vocabulary_
    assert (model.transform(make(DOCS)) != expected.transform(DOCS)).nnz == 0


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("a text", ValueError, r"single str .a text.\..*\[text\]"),
        (b"a text", ValueError, "single bytes"),
        ([], ValueError, "Found 0 documents"),
        (["", "..."], ValueError, "Empty vocabulary: none of the 2"),
        (["a", None], ValueError, r"row 1 is NoneType None.*fillna"),
        (["a", np.nan], ValueError, "row 1 is float nan"),
        (["a", pd.NA], ValueError, "row 1 is NAType"),
        (pl.Series(["a", None]), ValueError, "row 1 is NoneType"),
        (pd.Series(["a", None], index=[7, 8]), ValueError, "row 1 is "),
        (["a", "b", b"c"], TypeError, r"row 2 is bytes b'c'.*decode"),
        (["a", 3], TypeError, r"row 1 is int 3.*str\(document\)"),
        ([["a"], ["b"]], TypeError, r"row 0 is list \['a'\].*analyzer=list"),
        (np.arange(3), TypeError, "row 0 is int 0"),
        ({"a": 1}, TypeError, "got dict"),
        ({"a"}, TypeError, "got set"),
        (3, TypeError, "got int 3"),
        (None, TypeError, "got NoneType"),
        (sp.eye_array(2, format="csr"), TypeError, "sparse"),
        (pd.DataFrame({"a": ["x", None]}), ValueError, "row 1 is "),
        (pl.DataFrame({"a": ["x", None]}), ValueError, "row 1 is NoneType"),
        (np.ma.array([["x"], ["y"]], mask=[[0], [1]]), ValueError, "row 1 is NoneType"),
        (np.array("a"), ValueError, r"shape \(\)"),
        (np.array([["a", "b"]]), ValueError, r"shape \(1, 2\)"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, r"columns \['a', 'b'\]"),
        (pl.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, r"columns \['a', 'b'\]"),
        (pl.LazyFrame({"a": ["x"]}), TypeError, r"collect\(\) first"),
    ],
)
def test_bad_input_is_named_and_leaves_the_fit_as_it_was(X, error, message):
    model = TextToSequence().fit(DOCS)
    before = pickle.dumps(model)
    with pytest.raises(error, match=message):
        model.fit(X)
    assert pickle.dumps(model) == before
    if not isinstance(X, list) or any(not isinstance(doc, str) for doc in X):
        with pytest.raises(error, match=message):
            model.transform(X)


# --- Columns of Arrow ---------------------------------------------------------------------

COLUMNS = {
    "array": pa.array(DOCS),
    "chunked": pa.table({"text": DOCS})["text"],
    "two chunks": pa.chunked_array([DOCS[:1], DOCS[1:]]),
    "large": pa.array(DOCS, pa.large_string()),
    "view": pa.array(DOCS, pa.string_view()),
    "dictionary": pa.array(DOCS).dictionary_encode(),
    "chunked dictionary": pa.chunked_array([DOCS]).dictionary_encode(),
    "table": pa.table({"text": DOCS}),
    "batch": pa.record_batch({"text": pa.array(DOCS)}),
    "pandas, Arrow": pd.Series(DOCS, dtype=pd.ArrowDtype(pa.string())),
    "pandas, string": pd.Series(DOCS, dtype="string[pyarrow]"),
    "pandas frame": pd.DataFrame({"text": pd.Series(DOCS, dtype=pd.ArrowDtype(pa.string()))}),
    "pandas index": pd.Index(DOCS),
    "pandas array": pd.array(DOCS, dtype="string"),
    "categories": pd.Series(DOCS, dtype="category"),
    "polars": pl.Series(DOCS),
    "polars categories": pl.Series(DOCS, dtype=pl.Categorical),
    "polars frame": pl.DataFrame({"text": DOCS}),
    "NumPy strings": np.array(DOCS, dtype=np.dtypes.StringDType()),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_columns_of_texts(column):
    """Fails if a column of Arrow is refused, or its scalars are read instead of its texts."""
    expected = TextToSequence().fit(DOCS)
    found = TextToSequence().fit(column)
    assert found.vocabulary_ == expected.vocabulary_
    assert (found.transform(column) != expected.transform(DOCS)).nnz == 0


@pytest.mark.parametrize("column", [pa.array(["a", "b"]), pa.chunked_array([["a"], ["b"]])])
def test_a_vocabulary_in_a_column(column):
    """Fails if a vocabulary is refused because Arrow has scalars of its own."""
    assert TextToSequence(vocabulary=column).fit(["a"]).vocabulary_ == {"a": 2, "b": 3}


class Page:
    """A document whose str is a description."""


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([pa.scalar("good")], r"StringScalar.*document\.as_py\(\)"),
        (iter(pa.array(["good"])), r"StringScalar.*document\.as_py\(\)"),
        ([Page()], "row 0 is Page.*Pass the text itself"),
        ([{"text": "good"}], "row 0 is dict.*Pass the text itself"),
        (pa.array(["good", None]), "row 1 is NoneType.*Arrow: pyarrow.compute.fill_null"),
        (pa.array([b"good"]), r"row 0 is bytes.*decode"),
        (pa.table({"a": ["good"], "b": ["bad"]}), r"with columns \['a', 'b'\].*X\['a'\]"),
    ],
)
def test_advice_gives_the_same_words(documents, message):
    """Fails if an error advises what would make other words of a document."""
    with pytest.raises((TypeError, ValueError), match=message) as error:
        TextToSequence().fit(documents)
    assert "str(document)" not in str(error.value)


def test_masked_ids_have_no_words():
    """Fails if `inverse_transform` reads the ids below a mask."""
    text = TextToSequence().fit(DOCS)
    ids = np.ma.array(text.transform(DOCS[:1]).toarray())
    ids[0, 4] = np.ma.masked
    wanted = [["i", "did", "n't", "like"]]
    assert [words.tolist() for words in text.inverse_transform(ids)] == wanted
    assert [words.tolist() for words in text.inverse_transform(list(ids))] == wanted
