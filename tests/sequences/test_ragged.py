"""Labels of steps: every container gives the same two arrays, and bad ones name row and step."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skrnn.exceptions import InvalidInputError
from skrnn.sequences import as_rows, ragged_labels, refuse_unequal_rows

WORDS = [["B", "I", "O"], [], ["O"]]
NUMBERS = [[3, 1, 2], [], [7]]


def objects(rows, make=list):
    """Return an object array of rows."""
    array = np.empty(len(rows), object)
    for i, row in enumerate(rows):
        array[i] = make(row)
    return array


CONTAINERS = {
    "lists": lambda rows: rows,
    "tuples": lambda rows: tuple(map(tuple, rows)),
    "list of arrays": lambda rows: [np.array(row, dtype=type(rows[0][0])) for row in rows],
    "object array of lists": objects,
    "object array of arrays": lambda rows: objects(rows, np.array),
    "object array of object arrays": lambda rows: objects(rows, lambda r: np.array(r, object)),
    "series of lists": pd.Series,
    "series of arrays": lambda rows: pd.Series(objects(rows, np.array)),
    "series with an index": lambda rows: pd.Series(rows, index=[5, 3, 9]),
    "list of series": lambda rows: [pd.Series(row, dtype=type(rows[0][0])) for row in rows],
    "pandas frame of one column": lambda rows: pd.DataFrame({"tags": rows}),
    "pandas list column of Arrow": lambda rows: pd.Series(pa.array(rows)).astype(
        pd.ArrowDtype(pa.array(rows).type)
    ),
    "polars": pl.Series,
    "polars frame of one column": lambda rows: pl.DataFrame({"tags": rows}),
    "list of polars": lambda rows: [pl.Series(row) for row in rows],
    "arrow": pa.array,
    "chunked arrow": lambda rows: pa.chunked_array([pa.array(rows)]),
    "arrow table": lambda rows: pa.table({"tags": rows}),
    "list of arrow": lambda rows: list(pa.array(rows)),
}


@pytest.mark.parametrize("rows", [WORDS, NUMBERS], ids=["words", "numbers"])
@pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_containers(make, rows):
    """Fails if a container is read in another order, loses a row, or turns integers to floats."""
    flat, offsets = ragged_labels(make(rows))
    assert flat.tolist() == [label for row in rows for label in row]
    assert offsets.tolist() == [0, 3, 3, 4] and offsets.dtype == np.int64
    assert flat.dtype.kind == ("U" if rows is WORDS else "i")


RECTANGLE = [["B", "I"], ["O", "O"]]


@pytest.mark.parametrize(
    "y",
    [
        RECTANGLE,
        np.array(RECTANGLE),
        np.array(RECTANGLE, object),
        np.array(RECTANGLE, np.dtypes.StringDType()),
        pd.DataFrame(RECTANGLE),
        pl.DataFrame(RECTANGLE, orient="row"),
        pa.table({"0": ["B", "O"], "1": ["I", "O"]}),
    ],
)
def test_rectangles(y):
    """Fails if rows of one length are read by columns, or as something else than rows."""
    flat, offsets = ragged_labels(y)
    assert flat.tolist() == ["B", "I", "O", "O"] and offsets.tolist() == [0, 2, 4]


def test_there_and_back():
    """Fails if rows of one length become a rectangle: cross_val_predict needs rows."""
    for rows in (WORDS, NUMBERS, RECTANGLE, [[], []]):
        found = as_rows(*ragged_labels(rows))
        assert found.dtype == object and found.shape == (len(rows),)
        assert [row.tolist() for row in found] == rows
        assert [row.tolist() for row in as_rows(*ragged_labels(found))] == rows
    marginals = as_rows(np.ones((4, 2)), np.array([0, 3, 3, 4]))
    assert [row.shape for row in marginals] == [(3, 2), (0, 2), (1, 2)]


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ([[1, 2]], "i"),
        ([[np.int32(1), 2]], "i"),
        ([np.array([1], np.uint8), np.array([2], np.uint8)], "u"),
        ([np.array([1], np.uint8), np.array([2], np.int64)], "i"),
        ([[True], [False]], "b"),
        ([[1.0, 2.0]], "f"),
        ([["a"], ["b" * 300]], "O"),
        ([["a\0"]], "O"),
        ([[np.str_("a")]], "U"),
    ],
)
def test_types(labels, kind):
    """Fails if labels change: integers to floats, or text that loses its end."""
    flat, _ = ragged_labels(labels)
    assert flat.dtype.kind == kind
    assert flat.tolist() == [one for row in labels for one in row]


BAD = {
    "None": (None, "y is None, but has to be a list of labels for each row"),
    "str": ("BIO", "y is str, but"),
    "mapping": ({0: ["B"]}, "y is dict, but"),
    "generator": ((row for row in WORDS), r"Pass list\(y\)"),
    "number": (3, "y is int, but"),
    "no rows": ([], "y has no rows"),
    "no rows, array": (np.array([]), "y has no rows"),
    "flat": (["B", "O"], r"Row 0 of y is the str 'B', but has to be a list .* np\.split\(y, np"),
    "flat array": (np.array([1, 2]), "Row 0 of y is the int64 '1', but has to be a list"),
    "flat series": (pd.Series(["B", "O"]), "Row 0 of y is the str 'B'"),
    "flat row": ([["B"], "O"], "Row 1 of y is the str 'O'"),
    "joined": (["B I O", "O"], r"\[row.split\(\) for row in y\]"),
    "missing row": ([["B"], None], "Row 1 of y is missing: None"),
    "missing row, Arrow": (pa.array([["B"], None]), "Row 1 of y is missing: None"),
    "set": ([["B"], {"O"}], "Row 1 of y is a set, which has no order"),
    "three dimensions": (np.zeros((2, 3, 4), int), r"shape \(2, 3, 4\).*argmax"),
    "two in a row": ([np.zeros((2, 3), int)], r"Row 0 of y has shape \(2, 3\)"),
    "nested": ([["B", ["O"]]], "the list .* in row 0, step 1"),
    "missing": ([["B"], ["O", None]], "None in row 1, step 1"),
    "NaN": ([["B"], ["O", float("nan")]], "nan in row 1, step 1"),
    "NaN, array": (np.array([[1.0, np.nan]]), "nan in row 0, step 1"),
    "NA": ([["B", pd.NA]], "<NA> in row 0, step 1"),
    "NaT": ([["B", pd.NaT]], "NaT in row 0, step 1"),
    "masked": (np.ma.array([[1, 2], [3, 4]], mask=[[0, 0], [0, 1]]), "first in row 1"),
    "masked row": ([[1, 2], np.ma.array([3, 4], mask=[0, 1])], "first in row 1"),
    "mixed": ([["B"], [], [1]], "mixes labels of type int and str"),
    "flags among numbers": ([[True], [2]], "mixes labels of type bool and int"),
    "quantity": ([[1, 2], [0.5]], "0.5 in row 1, step 0"),
    "infinite": ([[1, 2], [float("inf")]], "inf in row 1, step 0"),
    "bytes": ([[b"B"]], "the bytes .* in row 0, step 0"),
    "date": ([[np.datetime64("2020-01-01")]], "datetime64 .* in row 0, step 0"),
    "huge": ([[2**70]], "beyond 64 bits"),
    "huge, mixed": ([[2**63, -1]], "beyond 64 bits"),
}


@pytest.mark.parametrize(("y", "message"), BAD.values(), ids=BAD.keys())
def test_bad_labels(y, message):
    """Fails if labels that are none are learned as if they were, or the message names no place."""
    with pytest.raises(InvalidInputError, match=message):
        ragged_labels(y)


def test_name():
    """Fails if an error is about another argument than the one given."""
    with pytest.raises(InvalidInputError, match="y_true has no rows"):
        ragged_labels([], "y_true")


def test_unequal_rows():
    """Fails if a row that is too short shifts the labels of all that follow."""
    steps = np.array([0, 3, 3, 4])
    refuse_unequal_rows(steps.copy(), steps)
    with pytest.raises(InvalidInputError, match="Row 1 of y has 1 labels, but row 1 of X has 0"):
        refuse_unequal_rows(np.array([0, 3, 4, 4]), steps)
    with pytest.raises(InvalidInputError, match="y has 2 rows, but X has 3"):
        refuse_unequal_rows(np.array([0, 3, 4]), steps)
