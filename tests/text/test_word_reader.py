"""Words become ids, and how they are written becomes ids beside them."""

import numpy as np
import pytest

from skrnn import TextToSequence
from skrnn.text.spelling import learn_spellings, shape_of, spelling_ids, spellings
from skrnn.text.word_reader import GIVEN, SPELLINGS, WordReader

X = [["The", "Cat", "sat"], [], ["the", "dog", "ran"], ["a", "CAT"]]


def fitted(X=X, text=None, affixes=(1, 3)):
    return WordReader.fit(X, text=text, affixes=affixes, name="Tagger")


def test_shapes_tell_kinds_of_characters_apart():
    """Fails if case, digits or punctuation are lost, or a long number has a shape of its own."""
    words = ["Paris", "USA", "x", "2,000", "1999999", "e-mail", "", "ΣΩ", "½", "日本"]
    wanted = ["Xxx", "XX", "x", "9,99", "99", "x-xx", "", "XX", "½", "xx"]
    assert [shape_of(word) for word in words] == wanted
    assert len(shape_of("a-" * 100)) == 10


def test_prefixes_and_suffixes_are_different_spellings():
    """Fails if "un-" and "-un" are one."""
    assert spellings("un", (2, 2))[:2] == ["<un", "un>"]
    assert spellings("Ox", (1, 3)) == ["<o", "x>", "<ox", "ox>", "", "", "=Xx"]


def test_spellings_that_occur_once_are_left_out():
    """Fails if a spelling of a single occurrence, which is its word, gets an id."""
    known = learn_spellings(["abc", "abd"], np.array([1, 1]), (1, 3))
    assert set(known) == {"<a", "<ab", "=xx"}
    assert set(known.values()) == {1, 2, 3}
    ids = spelling_ids(["xbc", "abq"], known, (1, 3))
    assert (ids[0] > 0).sum() == 1 and (ids[1] > 0).sum() == 3


def test_words_and_spellings_of_each_step():
    """Fails if the ids of one word stand beside another."""
    reader, sequences = fitted()
    words = np.array(reader.words, object)
    flat = [word for row in X for word in row]
    assert words[sequences.values].tolist() == [word.lower() for word in flat]
    assert sequences.offsets.tolist() == [0, 3, 3, 6, 8]
    named = {i: one for one, i in reader.spellings.items()}
    for word, ids in zip(flat, sequences.step_inputs[SPELLINGS], strict=True):
        assert {named[i] for i in ids if i} <= set(spellings(word, (1, 3)))
    again = reader.read(X, "Tagger")
    assert again.values.tolist() == sequences.values.tolist()
    assert (again.step_inputs[SPELLINGS] == sequences.step_inputs[SPELLINGS]).all()


def test_unknown_words_have_spellings():
    """Fails if an unknown word is dropped, or says nothing."""
    reader, _ = fitted()
    read = reader.read([["CATS", "zzz"]], "Tagger")
    assert read.values.tolist() == [1, 1]
    assert read.step_inputs[SPELLINGS][0].any()


def test_columns_share_one_table_without_sharing_ids():
    """Fails if equal values of two columns are one id, or an unknown value is an error."""
    reader, sequences = fitted([[("a", "X", "X"), ("b", "Y", "X")]])
    assert sequences.step_inputs[GIVEN].tolist() == [[1, 3], [2, 3]]
    assert reader.read([[("a", "Q", "X")]], "Tagger").step_inputs[GIVEN].tolist() == [[0, 3]]
    assert reader.n_ids()[GIVEN] == (2, 4)


@pytest.mark.parametrize(
    ("changes", "n_words"),
    [
        ({}, 6),
        ({"lowercase": False}, 8),
        ({"max_features": 2}, 2),
        ({"min_df": 2}, 2),
        ({"vocabulary": ["cat", "the"]}, 2),
    ],
)
def test_the_tokenizer_says_which_words_have_an_id(changes, n_words):
    """Fails if a parameter of `text` has no effect."""
    text = TextToSequence(**{"max_features": None, **changes})
    reader, _ = fitted(text=text)
    assert len(reader.vocabulary_) == n_words
    assert reader.vocabulary_size == n_words + 2


def test_accents_are_stripped_as_text_says():
    """Fails if `strip_accents` is not applied to words in prediction."""
    text = TextToSequence(strip_accents="unicode")
    reader, _ = fitted([["café"]], text=text)
    assert reader.read([["cafe", "CAFÉ"]], "T").values.tolist() == [2, 2]


@pytest.mark.parametrize("option", ["strip_markup", "token_pattern", "analyzer", "stop_words"])
def test_options_of_documents_are_refused(option):
    """Fails if what says how texts become words is ignored without a word."""
    value = {"strip_markup": False, "token_pattern": r"\w+", "analyzer": "char"}
    text = TextToSequence(**{option: value.get(option, "english")})
    with pytest.raises(ValueError, match=option):
        fitted(text=text)


def test_a_row_that_would_be_cut_is_an_error():
    """Fails if tags of cut words are lost."""
    text = TextToSequence(max_length=2)
    with pytest.raises(ValueError, match="Row 0 of X has 3 words.*max_length=2"):
        fitted(text=text)


def test_no_words_are_an_error():
    """Fails if a network of no words is made."""
    with pytest.raises(ValueError, match="none of them has a word"):
        fitted([[], []])
