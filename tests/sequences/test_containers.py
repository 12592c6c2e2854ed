"""Containers of sequences: frames of series, columns of Arrow, masks, and what is missing."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone

from skrnn import RNNClassifier
from skrnn.sequences import check_sequences, refuse_mask

rng = np.random.default_rng(0)
LENGTHS = [5, 7, 6, 9]
EQUAL = rng.normal(size=(4, 8, 3))  # (cases, steps, channels)
UNEQUAL = [rng.normal(size=(n, 3)) for n in LENGTHS]


def read(X, input="auto"):
    return check_sequences(X, estimator=RNNClassifier(), input=input)


def same(X, expected, input="auto"):
    found, wanted = read(X, input), read(expected, input)
    np.testing.assert_array_equal(found.sequences.values, wanted.sequences.values)
    np.testing.assert_array_equal(found.sequences.offsets, wanted.sequences.offsets)
    return found.form


# --- Frames whose cells are series --------------------------------------------------------

CELLS = {
    "arrays": np.asarray,
    "series": pd.Series,
    "series with an index": lambda x: pd.Series(x, index=np.arange(len(x)) + 7),
    "lists": list,
    "tuples": tuple,
    "masked": np.ma.asarray,
    "polars": pl.Series,
}


def nested(rows, cell=np.asarray):
    frame = pd.DataFrame(index=range(len(rows)))
    for channel in range(np.shape(rows[0])[1]):
        frame[f"dim_{channel}"] = pd.Series([cell(row[:, channel]) for row in rows], dtype=object)
    return frame


@pytest.mark.parametrize("rows", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_cells_are_series_of_a_channel(rows, cell):
    """Fails if columns become time steps, or series of different lengths are an error."""
    frame = nested(rows, cell)
    for X in (frame, frame.to_numpy()):
        form = same(X, list(rows))
        assert form.n_features == 3 and not form.is_table


@pytest.mark.parametrize("rows", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
def test_list_columns_of_other_frames(rows):
    """Fails if only pandas' frames are read."""
    columns = {f"c{c}": [row[:, c].tolist() for row in rows] for c in range(3)}
    for X in (pl.DataFrame(columns), pa.table(columns), pd.DataFrame(columns)):
        same(X, list(rows))
    same(pa.table(columns).to_batches()[0], list(rows))


def test_one_column_of_series():
    """Fails if a single channel, or a column of ids, is read across."""
    one = [row[:, :1] for row in UNEQUAL]
    assert same(nested(one), one).n_features == 1
    ids = pd.DataFrame({"ids": [[2, 3], [4], [5, 6, 7]]})
    assert same(ids, [[2, 3], [4], [5, 6, 7]]).n_features == 1
    assert read(ids).sequences.is_tokens
    same(pd.DataFrame({"ids": [[2, 3], [4, 5]]}), [[2, 3], [4, 5]])


def put(place, value):
    frame = nested(UNEQUAL)
    frame.iat[place] = value
    return frame


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (put((2, 1), np.ones(4)), r"channels of row 2 .* \[6, 4, 6\].*NaN"),
        (put((1, 0), 3.0), "one column a channel.*'dim_0' of row 1 there is float"),
        (put((1, 2), np.nan), "'dim_2' of row 1 there is float"),
        (put((0, 1), "text"), "dim_1|TextToSequence"),
        (put((0, 1), np.ones((5, 2))), r"'dim_1' of row 0 .* shape \(5, 2\)"),
        (put((3, 1), np.array(["a", "b"])), "dim_1|TextToSequence"),
    ],
)
def test_cells_that_are_no_series(X, message):
    """Fails if a cell that cannot be read is an error from inside NumPy, or none."""
    with pytest.raises(ValueError, match=message):
        read(X)


# --- Masks --------------------------------------------------------------------------------


def masked(X, *places):
    X = np.ma.array(X, copy=True)
    for place in places:
        X[place] = np.ma.masked
    X.data[X.mask] = 1000.0 if X.dtype.kind == "f" else 9
    return X


TABLE = rng.normal(size=(4, 6))
CUT = [TABLE[0], TABLE[1], TABLE[2, :4], TABLE[3]]
ENDS = {
    "table": masked(TABLE, (2, slice(4, None))),
    "float32": masked(TABLE, (2, slice(4, None))).astype(np.float32),
    "objects": masked(TABLE, (2, slice(4, None))).astype(object),
    "rows": [masked(row, slice(4, None)) if i == 2 else row for i, row in enumerate(TABLE)],
    "unequal rows": [masked(TABLE[2], slice(4, None)) if i == 2 else r for i, r in enumerate(CUT)],
}


@pytest.mark.parametrize("X", ENDS.values(), ids=ENDS)
def test_masked_steps_at_the_end_are_padding(X):
    """Fails if the numbers below a mask are read."""
    kind = X.dtype if X is ENDS["float32"] else np.float64
    same(X, [row.astype(kind) for row in CUT])


def test_masked_channels():
    """Fails if the mask of three dimensions, or of the rows of a list, is not seen."""
    X = masked(EQUAL, (1, slice(5, None)))
    expected = [EQUAL[0], EQUAL[1, :5], *EQUAL[2:]]
    same(X, expected)
    same(list(X), expected)
    same(nested(X, np.ma.asarray), expected)
    same(np.ma.array(TABLE, mask=False), TABLE)


INSIDE = {
    "table": masked(TABLE, (2, 1)),
    "first": masked(TABLE, (2, 0)),
    "rows": [masked(row, 1) if i == 2 else row for i, row in enumerate(TABLE)],
    "3-D": masked(EQUAL, (2, 1)),
    "a channel": masked(EQUAL, (2, 1, 0)),
    "a channel at the end": masked(EQUAL, (2, -1, 0)),
    "ids": masked(rng.integers(2, 9, (4, 6)), (2, 1)),
    "ids in rows": [masked(row, 1) for row in rng.integers(2, 9, (4, 6))],
    "unequal ids": [masked(rng.integers(2, 9, n), 1) for n in (4, 5, 6)],
}


@pytest.mark.parametrize("input", ["auto", "tokens"])
@pytest.mark.parametrize("name", INSIDE)
@pytest.mark.filterwarnings("ignore:X has integers with missing")  # the error comes after it
def test_a_mask_between_ids_is_an_error(name, input):
    """Fails if a masked id between others is left out or read."""
    if input == "auto" and "ids" not in name:
        return
    with pytest.raises(ValueError, match=r"NaN|missing|not finite|3-D|token ids of shape|fractio"):
        read(INSIDE[name], input)


@pytest.mark.parametrize("name", INSIDE)
def test_a_mask_between_numbers_is_a_missing_value(name):
    """Fails if what is below a mask is read, or its step is lost."""
    X = INSIDE[name]
    filled = [np.ma.filled(row.astype(float), np.nan) for row in X]
    assert any(np.isnan(row).any() for row in filled)
    for input in ("numeric",) if "ids" in name else ("auto", "numeric"):
        same(X, filled, input)


@pytest.mark.parametrize("argument", ["y", "y_val", "sample_weight"])
def test_masked_targets_and_weights_are_refused(argument):
    """Fails if labels or weights below a mask take part in the training."""
    X, y = rng.normal(size=(20, 5)), np.arange(20) % 2
    given = {"X": X, "y": y, "X_val": X, "y_val": y, "sample_weight": np.ones(20)}
    clf = RNNClassifier(units=2, epochs=1)
    message = f"{argument} has masked values, the first in row 3"
    for bad in (np.ma.array(given[argument]), np.ma.array(given[argument]).astype(object)):
        bad[3] = np.ma.masked
        with pytest.raises(ValueError, match=message):
            clone(clf).fit(**{**given, argument: bad})
    if argument == "y":
        labels = np.ma.array(np.eye(20, 3, dtype=int))
        labels[3, 0] = np.ma.masked
        with pytest.raises(ValueError, match=message):
            clone(clf).fit(X, labels)
        with pytest.raises(ValueError, match=message):
            clone(clf).partial_fit(X, bad)
        with pytest.raises(ValueError, match=message):
            clone(clf).fit_chunks([(X, bad)])
    refuse_mask(np.ma.array(given[argument]), argument)  # nothing is masked


# --- Arrow --------------------------------------------------------------------------------

ROWS = [[2, 3, 4], [5], [], [6, 7]]
FLOAT_ROWS = [[2.5, 3.0], [1.0], [4.5, 0.0, 1.5]]
ARROW = {
    "array": pa.array(ROWS),
    "chunked": pa.chunked_array([ROWS[:2], ROWS[2:]]),
    "large": pa.array(ROWS, pa.large_list(pa.int32())),
    "column": pa.table({"ids": ROWS})["ids"],
    "pandas": pd.Series(ROWS, dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    "polars": pl.Series(ROWS),
    "table": pa.table({"ids": ROWS}),
}


@pytest.mark.parametrize("X", ARROW.values(), ids=ARROW)
def test_columns_of_lists(X):
    """Fails if a column of lists of Arrow or polars is no list of sequences."""
    same(X, ROWS)


def test_numbers_of_arrow():
    """Fails if floats, fixed sizes or tables of numbers are not read."""
    same(pa.array(FLOAT_ROWS), FLOAT_ROWS)
    same(pa.array(TABLE.tolist(), pa.list_(pa.float64(), 6)), TABLE)
    table = pa.table({f"t{i}": column for i, column in enumerate(TABLE.T)})
    assert same(table, TABLE).is_table
    integers = pa.table({f"t{i}": column for i, column in enumerate(np.array([[2, 3], [4, 5]]).T)})
    assert read(integers).sequences.is_tokens


def test_targets_of_arrow():
    """Fails if labels in a column of Arrow are refused or become its scalars."""
    labels = ["a", "b"] * 10
    X = rng.normal(size=(20, 5))
    clf = RNNClassifier("rnn", 2, epochs=1)
    for y in (
        pa.array(labels),
        pa.chunked_array([labels[:3], labels[3:]]),
        pa.array(labels).dictionary_encode(),
        pa.array(labels, pa.large_string()),
        pd.Series(labels, dtype="string[pyarrow]"),
        pl.Series(labels),
    ):
        assert clf._check_y(y).tolist() == labels
    with pytest.raises(ValueError, match="None"):
        clf._check_y(pa.array([*labels, None]))
    assert clf.fit(X, pa.chunked_array([labels])).classes_.tolist() == ["a", "b"]


def test_a_panel_with_an_index_of_steps():
    """Fails if a panel is an error that does not name the way out."""
    index = pd.MultiIndex.from_product([range(20), range(5)])
    panel = pd.DataFrame(rng.normal(size=(100, 2)), index=index)
    with pytest.raises(ValueError, match=r"100 rows and y has 20.*groupby\(level=0, sort=False\)"):
        RNNClassifier().fit(panel, np.arange(20) % 2)
