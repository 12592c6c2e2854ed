"""Sentences that are words already: any container, and errors that name row and position."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skrnn.text.sentences import are_sentences, read_sentences

WORDS = [["The", "cat", "sat"], [], ["So"]]
PAIRS = [[("The", "DT"), ("cat", "NN")], [], [("sat", "VB")]]


def objects(rows):
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


CONTAINERS = {
    "lists": lambda rows: rows,
    "tuples": lambda rows: tuple(map(tuple, rows)),
    "object array": objects,
    "object array of arrays": lambda rows: objects([np.array(row, object) for row in rows]),
    "pandas": pd.Series,
    "polars": pl.Series,
    "Arrow": lambda rows: pa.chunked_array([rows]),
    "frame": lambda rows: pd.DataFrame({"words": rows}),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_hold_the_same_words(container):
    """Fails if a container is taken for something else, or loses an empty sentence."""
    X = CONTAINERS[container](WORDS)
    assert are_sentences(X)
    words, columns, offsets = read_sentences(X, "Tagger")
    assert words == ["The", "cat", "sat", "So"] and columns == []
    assert offsets.tolist() == [0, 3, 3, 4]


def test_an_array_of_two_dimensions():
    """Fails if rows of equal length, which NumPy makes an array of, are no sentences."""
    words, _, offsets = read_sentences(np.array([["a", "b"], ["c", "d"]]), "Tagger")
    assert words == ["a", "b", "c", "d"] and offsets.tolist() == [0, 2, 4]
    assert all(type(word) is str for word in words)


@pytest.mark.parametrize("rows", [PAIRS, [list(map(list, row)) for row in PAIRS]])
def test_values_beside_the_words(rows):
    """Fails if a tuple is read as a word, or a column is lost."""
    words, columns, _ = read_sentences(rows, "Tagger")
    assert words == ["The", "cat", "sat"] and columns == [["DT", "NN", "VB"]]


def test_values_may_be_integers():
    """Fails if a value must be a str: "1" and 1 are one value."""
    assert read_sentences([[("a", 1), ("b", True)]], "Tagger").columns == [["1", "True"]]


@pytest.mark.parametrize(
    "other", [[[1, 2], [3]], np.eye(3), [np.eye(2)], None, 3, {"a": 1}, [[]], []]
)
def test_other_input_is_not_sentences(other):
    """Fails if token ids or series are taken for words."""
    assert not are_sentences(other)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (["the cat"], "Row 0 of X is the text 'the cat'.*text.split"),
        ([["a"], None], "Row 1 of X is NoneType None"),
        ([["a"], 3], "Row 1 of X is int 3"),
        ([["a", None]], "Row 0 of X has None at position 1"),
        ([["a"], ["b", 1.5]], "Row 1 of X has 1.5 at position 1"),
        ([["a", ("b", "N")]], r"Row 0 of X has \('b', 'N'\) at position 1"),
        ([[("a", "N"), "b"]], r"Row 0 of X has 'b' at position 1.*tuple \(word, value\)"),
        ([[("a", "N"), ("b",)]], r"tuple \(word, value\)"),
        ([[("a", 1.5)]], "Row 0 of X has 1.5 beside the word 'a' at position 0"),
        ([[("a", None)]], "Row 0 of X has None beside"),
        ([], "X has no rows"),
        ("text", "got str 'text'"),
        ({"a": 1}, "got dict"),
    ],
)
def test_errors_name_the_place(rows, wanted):
    """Fails if something that is no word becomes one, as str(None) would."""
    with pytest.raises((ValueError, TypeError), match=wanted):
        read_sentences(rows, "Tagger")


def test_later_rows_need_the_columns_of_the_first():
    """Fails if words without their columns pass in prediction."""
    with pytest.raises(ValueError, match="needs a tuple"):
        read_sentences(WORDS, "Tagger", n_columns=1)
    with pytest.raises(ValueError, match=r"\('The', 'DT'\) at position 0"):
        read_sentences(PAIRS, "Tagger", n_columns=0)
