"""stop_words, min_df and max_df mean what they mean in scikit-learn."""

import warnings

import numpy as np
import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

from skrnn import HashingTextToSequence, TextToSequence
from skrnn.text.offsets import find_spans

DOCS = ["the film the plot", "the film is not bad", "a plot", "the the end", "it is bad"]


@pytest.mark.parametrize(
    "given",
    [
        {"stop_words": "english"},
        {"stop_words": ["the", "film"]},
        {"max_df": 2},
        {"max_df": 0.5},
        {"max_df": 0.5, "min_df": 2},
        {"max_df": 1},
        {"max_df": 5},
        {"max_df": 1.0, "min_df": 0.3, "stop_words": ["bad"]},
        {"max_df": 0.7, "max_features": 2},
    ],
    ids=str,
)
def test_the_vocabulary_is_that_of_count_vectorizer(given):
    """Fails if a limit counts occurrences, or is compared the other way."""
    rival = CountVectorizer(token_pattern=r"\w+", **given).fit(DOCS)
    own = TextToSequence(token_pattern=r"\w+", **given).fit(DOCS)
    assert set(own.vocabulary_) == set(rival.vocabulary_)


@pytest.mark.parametrize("make", [list, tuple, set, frozenset, np.array, dict.fromkeys])
def test_containers_of_stop_words(make):
    """Fails if only a list is accepted, or something else is taken for one."""
    text = TextToSequence(stop_words=make(["the", "is"]))
    if make == dict.fromkeys:
        with pytest.raises(ValueError, match="'stop_words' parameter .* must be"):
            text.fit(DOCS)
        return
    X = text.fit_transform(DOCS)
    assert [" ".join(words) for words in text.inverse_transform(X)][:2] == [
        "film plot",
        "film not bad",
    ]


@pytest.mark.parametrize("make", [TextToSequence, HashingTextToSequence])
def test_stop_words_are_left_out_and_others_unknown(make):
    """Fails if a stop word leaves a gap, or a word beyond max_df is left out."""
    X = make(stop_words="english").fit(DOCS).transform(DOCS)
    assert np.diff(X.indptr).tolist() == [2, 2, 1, 1, 1]
    if make is TextToSequence:
        X = TextToSequence(max_df=2).fit_transform(DOCS)
        assert (X.toarray()[0] == 1).sum() == 2  # "the", twice


def test_stop_words_only_for_words():
    """Fails if characters or the tokens of a callable are left out, unlike in scikit-learn."""
    for analyzer in ("char", str.split):
        text = TextToSequence(stop_words=["a"], analyzer=analyzer).fit(["a b"])
        assert "a" in text.vocabulary_


@pytest.mark.parametrize("parameters", [{}, {"tokenizer": str.split}, {"token_pattern": r"\w+"}])
def test_offsets_leave_stop_words_out(parameters):
    """Fails if offsets are those of the stop words, or missing."""
    document = "The film is <b>bad</b>"
    analyzer = TextToSequence(stop_words=["the", "is"], **parameters)._make_analyzer()
    tokens = next(analyzer.iter_tokens([document]))
    spans = find_spans(analyzer, document, tokens)
    assert [document[start:end].lower() for start, end in spans] == tokens == ["film", "bad"]


@pytest.mark.filterwarnings("ignore:.*finds no token")  # in the texts of one case
@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"stop_words": "german"}, ValueError, "stop_words"),
        ({"stop_words": ["a", 3]}, TypeError, r"stop_words must hold words \(str\).*int 3"),
        ({"stop_words": 3}, ValueError, "stop_words"),
        ({"max_df": 1.5}, ValueError, "max_df"),
        ({"max_df": 0}, ValueError, "max_df"),
        ({"max_df": 1, "min_df": 2}, ValueError, r"max_df=1 is fewer .* min_df=2.*Raise max_df"),
        ({"max_df": 0.1}, ValueError, r"max_df=0.1"),
        ({"max_df": 2, "token_pattern": "the"}, ValueError, "none of 1 words .* Raise max_df"),
    ],
)
def test_bad_limits_leave_the_fit_as_it_was(parameters, error, message):
    text = TextToSequence().fit(DOCS)
    before = dict(text.vocabulary_)
    with pytest.raises(error, match=message):
        text.set_params(**parameters).fit(DOCS)
    assert text.vocabulary_ == before


def test_stop_words_that_never_occur_are_told():
    """Fails if "don't" is in a list and nothing happens, since the tokens are "do" and "n't"."""
    with pytest.warns(UserWarning, match=r"2 of the stop_words never occur.*'The'.*\['the'\]"):
        TextToSequence(stop_words=["don't", "The", "film"]).fit(DOCS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TextToSequence(stop_words="english").fit(DOCS)
        TextToSequence(stop_words=sorted(ENGLISH_STOP_WORDS), strip_accents="ascii").fit(DOCS)
