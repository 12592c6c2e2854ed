"""extra_words: ids for words that no training document has."""

import numpy as np
import pytest

from skrnn import RNNTagger, TextToSequence
from skrnn.embeddings import WordVectors
from skrnn.text import WordReader

DOCUMENTS = ["the film is good", "the film is bad", "the plot"]


def test_ids_come_behind_the_others():
    """Fails if ids of training words change, a word has two ids, or the order is lost."""
    plain = TextToSequence().fit(DOCUMENTS)
    text = TextToSequence(extra_words=["superb", "film", "awful", "superb"])
    X = text.fit_transform(DOCUMENTS)
    n = len(plain.vocabulary_)
    assert text.vocabulary_ == plain.vocabulary_ | {"superb": n + 2, "awful": n + 3}
    assert list(text.vocabulary_.values()) == list(range(2, n + 4))
    np.testing.assert_array_equal(X.toarray(), plain.transform(DOCUMENTS).toarray())
    assert X.words == (None, None, *text.vocabulary_) and X.vocabulary_size == n + 4
    assert text.transform(["the awful unheard"]).toarray()[0, :3].tolist() == [2, n + 3, 1]
    assert [list(row) for row in text.inverse_transform([[n + 2, 1]])] == [["superb", "[UNK]"]]


def test_training_words_that_limits_leave_out():
    """Fails if a rare word with a vector stays unknown in training, or max_df is overruled."""
    extra = ["good", "the", "superb"]
    for limits in ({"max_features": 2}, {"min_df": 2}):
        text = TextToSequence(**limits, extra_words=extra)
        X = text.fit_transform(DOCUMENTS)
        assert "bad" not in text.vocabulary_ and text.vocabulary_["good"] >= 4
        assert text.vocabulary_["good"] in X.data
        np.testing.assert_array_equal(X.toarray(), text.transform(DOCUMENTS).toarray())
        assert sum(limits.values()) == 2
    text = TextToSequence(max_df=0.7, extra_words=extra)
    X = text.fit_transform(DOCUMENTS)
    assert "the" not in text.vocabulary_ and "superb" in text.vocabulary_
    np.testing.assert_array_equal(X.toarray(), text.transform(DOCUMENTS).toarray())


def test_behind_a_given_vocabulary():
    """Fails if `vocabulary` makes them ignored, or moves its ids."""
    text = TextToSequence(vocabulary={"film": 3, "the": 2}, extra_words=["awful", "film"])
    assert text.fit(DOCUMENTS).vocabulary_ == {"the": 2, "film": 3, "awful": 4}
    assert text.transform(["the awful film good"]).toarray().tolist() == [[2, 4, 3, 1]]


@pytest.mark.parametrize(
    ("parameters", "words", "kept"),
    [
        ({}, ["Paris", "paris", "n't", "well-known", ",", "", ":)", "5/10"], "paris n't :)"),
        ({}, ["<br>", "a&amp;b", "\U0001f600", "x"], "\U0001f600 x"),
        ({"lowercase": False}, ["Paris", "paris"], "Paris paris"),
        ({"strip_accents": "unicode"}, ["caf\u00e9"], "cafe"),
        ({"stop_words": ["of"]}, ["of", "off"], "off"),
        ({"token_pattern": r"[a-z]{3,}"}, ["ab", "abc", "abc def"], "abc"),
        ({"analyzer": "char"}, ["x", "xy", "\u6620"], "x \u6620"),
        ({"tokenizer": lambda text: [text[:2]]}, ["running"], "ru"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else "",
)
def test_words_are_read_as_documents_are(parameters, words, kept):
    """Fails if rows are spent on words that no document can have, or others have no row."""
    documents = ["qq qqq qq"]
    plain = TextToSequence(**parameters).fit(documents)
    text = TextToSequence(**parameters, extra_words=words).fit(documents)
    assert list(text.vocabulary_) == [*plain.vocabulary_, *kept.split()]


def test_callable_analyzer():
    """Fails if words are passed to an analyzer that takes lists, which would be letters."""
    text = TextToSequence(analyzer=list, extra_words=["Paris", "a b"])
    assert list(text.fit([["a", "film"]]).vocabulary_) == ["a", "film", "Paris", "a b"]


def test_what_words_may_be():
    """Fails if a mapping of vectors gives other words than its keys, or text is cut to letters."""
    vectors = {"superb": [1.0], "awful": [2.0]}
    for extra in (vectors, WordVectors(vectors, [[1], [2]]), np.array(["superb", "awful"])):
        words = list(TextToSequence(extra_words=extra).fit(["a"]).vocabulary_)
        assert words == ["a", "superb", "awful"] and {type(word) for word in words} == {str}
    fit = TextToSequence().set_params
    with pytest.raises(
        ValueError, match=r"extra_words must be .* pass .*WordVectors.from_file\(path\)"
    ):
        fit(extra_words="glove.6B.100d.txt").fit(["a"])
    with pytest.raises(ValueError, match="extra_words is empty; .* None for no further words"):
        fit(extra_words=[]).fit(["a"])
    with pytest.raises(TypeError, match=r"extra_words must have words .* at position 1"):
        fit(extra_words=["a", None]).fit(["a"])
    with pytest.raises(ValueError, match="The 'extra_words' parameter"):
        fit(extra_words=5).fit(["a"])


def test_words_of_a_tagger():
    """Fails if RNNTagger refuses them, or writes them otherwise than its sentences."""
    X = [["The", "cat"], ["the", "dog", "the"]]
    for limits, first in (
        ({"max_features": 1}, ["the"]),
        ({"vocabulary": ["cat"]}, ["cat"]),
        ({"max_features": None, "max_df": 0.5}, ["cat", "dog"]),
    ):
        text = TextToSequence(**limits, extra_words=["Zebra", "the", "a b"])
        reader, sequences = WordReader.fit(X, text=text, affixes=None, name="RNNTagger")
        added = ["zebra", "the", "a b"] if first == ["cat"] else ["zebra", "a b"]
        assert list(reader.vocabulary_) == [*first, *added]
        zebra = reader.vocabulary_["zebra"]
        assert reader.read([["ZEBRA", "cow"]], "RNNTagger").values.tolist() == [zebra, 1]
        np.testing.assert_array_equal(reader.read(X, "RNNTagger").values, sequences.values)
    with pytest.raises(ValueError, match="extra_words and max_length are used"):
        RNNTagger(text=TextToSequence(tokenizer=str.split)).fit(X, [["a"] * 2, ["b"] * 3])
