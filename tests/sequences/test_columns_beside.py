"""Columns of numbers beside token ids: they go with their rows, or what drops them is refused."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.utils import resample, shuffle

from skrnn import RNNClassifier, TextToSequence
from skrnn.caching.hashing import digest
from skrnn.sequences import Columns, ColumnScaler, TokenArray, check_sequences

TEXTS = ["a b c", "", "c c", "b", "a a b c"]
PLAIN = TextToSequence().fit_transform(TEXTS)
VALUES = np.array([[1e9 + i, -i] for i in range(5)])
X = PLAIN.with_columns(VALUES, ["time", "rank"])


def read(X, **options):
    return check_sequences(X, estimator=RNNClassifier(), **options).sequences


SELECTIONS = {
    "slice": slice(1, 4),
    "backwards": slice(None, None, -1),
    "ints": np.array([4, 0, 0]),
    "list": [3, -1],
    "none": [],
    "mask": np.array([True, False, True, False, True]),
    "booleans": [False, True, True, False, False],
    "pair": (slice(2, None), slice(None)),
    "truncated": (np.array([4, 0]), slice(None, 2)),
    "ellipsis": (Ellipsis, slice(None, 2)),
    "grid": np.ix_([4, 2], [0, 1]),
}


@pytest.mark.parametrize("key", SELECTIONS.values(), ids=SELECTIONS)
def test_rows_take_their_columns_along(key):
    """Fails if a way of selecting rows leaves the columns of other rows, or none."""
    chosen, rows = X[key], key[0] if isinstance(key, tuple) else key
    if rows is Ellipsis or isinstance(rows, slice):
        expected = VALUES[slice(None) if rows is Ellipsis else rows]
    else:
        rows = np.ravel(rows)
        expected = VALUES[rows if rows.dtype == bool else rows.astype(int)]
    assert isinstance(chosen, TokenArray) and chosen.column_names == ("time", "rank")
    assert chosen.column_values.tolist() == expected.tolist()
    assert chosen.words == PLAIN.words
    assert (chosen.without_columns() != PLAIN[key]).nnz == 0
    if chosen.shape[0]:
        assert read(chosen).columns.values.tolist() == expected.tolist()


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X.copy(),
        copy.copy,
        copy.deepcopy,
        lambda X: pickle.loads(pickle.dumps(X)),
        lambda X: X.astype(np.int64),
        lambda X: X.tocsr(copy=True),
        lambda X: X.asformat("csr"),
        lambda X: X.sorted_indices(),
    ],
)
def test_copies_have_the_columns(change):
    """Fails if a copy or a pickle has lost them, or shares them with the original."""
    found = read(change(X))
    assert found.columns.names == ("time", "rank")
    assert found.columns.values.tolist() == VALUES.tolist()
    assert found.values.tolist() == read(PLAIN).values.tolist()


def test_joblib(tmp_path):
    """Fails if a dump loses them, or if arrays of other columns have one hash."""
    joblib.dump(X, tmp_path / "X")
    found = joblib.load(tmp_path / "X", mmap_mode="r")
    assert read(found).columns.values.tolist() == VALUES.tolist()
    others = [X, PLAIN, PLAIN.with_columns(VALUES + 1, ["time", "rank"])]
    assert len(set(map(joblib.hash, others))) == 3
    assert len({digest(read(one)) for one in others}) == 3


def test_scikit_learns_functions():
    """Fails if rows in another order have the columns of the old one."""
    a, order = shuffle(X, np.arange(5), random_state=0)
    assert a.column_values.tolist() == VALUES[order].tolist()
    a, order = resample(X, np.arange(5), random_state=0)
    assert a.column_values.tolist() == VALUES[order].tolist()


LOSING = {
    "vstack": lambda X: sparse.vstack([X, X]),
    "vstack with texts alone": lambda X: sparse.vstack([X, PLAIN]),
    "hstack": lambda X: sparse.hstack([X, X]),
    "block": lambda X: sparse.block_array([[X], [X]]),
    "csr_array": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
    "TokenArray": TokenArray,
    "csc": lambda X: X.tocsc(),
    "coo": lambda X: X.tocoo(),
    "dense": lambda X: X.toarray(),
    "rows": lambda X: X.toarray().tolist(),
    "product": lambda X: X * 2,
    "sum": lambda X: X + X,
    "scaled": lambda X: X.multiply(3),
    "diagonal": lambda X: sparse.diags_array(np.ones(5, int), dtype=int) @ X,
    "reshaped": lambda X: X.reshape(4, 5),
    "transposed": lambda X: X.T,
}


@pytest.mark.parametrize("lose", LOSING.values(), ids=LOSING)
@pytest.mark.parametrize("input", ["auto", "tokens"])
def test_what_drops_columns_is_refused(lose, input):
    """Fails if an array without its columns is read as texts alone."""
    with pytest.raises(
        ValueError, match="lost its columns.*Join the frames|texts with other columns"
    ):
        read(lose(X), input=input)


def test_what_is_negative_otherwise_hears_nothing_of_columns():
    """Fails if padding by -1 is told to be of a class that the caller does not use."""
    with pytest.raises(ValueError, match="negative") as caught:
        read(np.array([[3, 4, -1], [2, 5, 6]]))
    assert "columns" not in str(caught.value)


def test_elements_and_sizes():
    """Fails if numbers beside parts of rows are guessed."""
    for key in (0, np.s_[:, 0], np.s_[[0, 1], [0, 1]]):
        found = X[key]
        found = found.toarray() if sparse.issparse(found) else found
        assert (found <= 0).all() and (found < 0).any()  # no ids without their columns
    assert X[0, 0] == -PLAIN[0, 0]
    with pytest.raises(ValueError, match="cannot be resized"):
        X.copy().resize(2, 3)
    resized = PLAIN.copy()
    resized.resize(2, 3)
    assert resized.shape == (2, 3)


@pytest.mark.parametrize(
    ("values", "names", "message"),
    [
        (VALUES[:4], ["a", "b"], r"shape \(4, 2\) for 5 texts"),
        (VALUES, ["a"], r"shape \(5, 2\).*\['a'\]"),
        (VALUES[:, :0], [], "at least one column"),
        (VALUES, ["a", "a"], "two columns of the name 'a'"),
        (np.where(VALUES == -3, np.nan, VALUES), ["a", "b"], "row 3.*'b'.*missing.*SimpleImputer"),
        (np.where(VALUES == -3, np.inf, VALUES), ["a", "b"], "row 3.*'b' is inf"),
        (np.where(VALUES == -3, 1e200, VALUES), ["a", "b"], "row 3.*'b' is 1e\\+200.*1e\\+100"),
    ],
)
def test_bad_columns(values, names, message):
    """Fails if a network could read nonsense, or the message does not say where."""
    with pytest.raises(ValueError, match=message):
        PLAIN.with_columns(values, names)


def test_columns_on_columns():
    """Fails if the ids are negated twice."""
    with pytest.raises(ValueError, match="already has the columns"):
        X.with_columns(VALUES, ["c", "d"])
    again = X.without_columns().with_columns(VALUES[:, :1], ["c"])
    assert again.column_names == ("c",) and (again != X).nnz == 0
    assert X.column_names == ("time", "rank")  # unchanged
    assert (PLAIN.without_columns() != PLAIN).nnz == 0


def test_standardized_in_float64():
    """Fails if times are rounded to float32 first, or a row of no weight counts."""
    scaler = ColumnScaler.fit(Columns(VALUES, ("time", "rank")), np.arange(5) < 4)
    found = scaler.standardize(Columns(VALUES, ("time", "rank")))
    assert found.dtype == np.float32
    expected = (np.arange(5) - 1.5) / np.std(np.arange(4))
    np.testing.assert_allclose(found, np.transpose([expected, -expected]), rtol=1e-5)


@pytest.mark.parametrize(
    "values", [[0.1] * 10, [1e-200, 2e-200], [-1e99, 1e99], [5.0], [1e9, 1e9 + 1e-3]]
)
def test_odd_columns_are_standardized(values):
    """Fails if a constant column is divided by rounding, or squares under- or overflow."""
    columns = Columns(np.array(values)[:, np.newaxis], ("a",))
    found = ColumnScaler.fit(columns, np.ones(len(values), bool)).standardize(columns)[:, 0]
    if len(set(values)) == 1:
        np.testing.assert_allclose(found, 0, atol=1e-12)
    else:
        np.testing.assert_allclose(found, [-1, 1], rtol=1e-3)


def test_far_numbers_are_refused():
    """Fails if a number in another unit makes the network's sums overflow to NaN."""
    scaler = ColumnScaler.fit(Columns(np.array([[0.0], [2.0]]), ("km",)), np.ones(2, bool))
    for far in (1e30, -1e10, 1e99):
        with pytest.raises(ValueError, match="row 1 of the column 'km'.*Check its unit"):
            scaler.standardize(Columns(np.array([[0.0], [far]]), ("km",)))


def test_a_masked_column_is_missing():
    """Fails if the number below a mask takes part."""
    values = np.ma.array(np.ones((5, 1)))
    values[2] = np.ma.masked
    with pytest.raises(ValueError, match="row 2"):
        PLAIN[:5].with_columns(values, ["stars"])


# --- Lost columns -------------------------------------------------------------------------

LONG = TextToSequence().fit_transform(["a b c d", "c", "b a", "a b c", "", "d d a b"])
NUMBERS = np.array([0.5, -1.0, 2.5, 0.1, 3.0, -2.0])
IDS = LONG.with_columns(np.arange(6.0)[:, np.newaxis], ["n"]).toarray()
BESIDE = {
    "before": [NUMBERS, IDS],
    "whole before": [NUMBERS * 10, IDS],
    "zeros before": [NUMBERS, np.zeros(6), IDS],
    "both": [NUMBERS, IDS, NUMBERS],
    "two texts": [NUMBERS, IDS, NUMBERS, IDS[::-1]],
    "after": [IDS, NUMBERS],
}


@pytest.mark.parametrize("parts", BESIDE.values(), ids=BESIDE)
def test_ids_without_their_columns_among_floats(parts):
    """Fails if ids that ColumnTransformer has put beside numbers are read as a series."""
    stacked = np.column_stack(parts).astype(np.float64)
    with pytest.raises(ValueError, match=r"look.* like (the ids of TextWithColumns|padded texts)"):
        read(stacked)
    assert len(read(stacked, input="numeric")) == 6
    if not np.array_equal(stacked, np.trunc(stacked)):
        return
    with pytest.raises(ValueError, match=r"negative.*TextWithColumns that has lost its columns"):
        read(stacked.astype(np.int64))


@pytest.mark.parametrize(
    "series",
    [
        np.random.default_rng(0).normal(size=(8, 6)),
        -np.random.default_rng(0).integers(0, 9, (8, 6)).astype(float),
        np.column_stack([NUMBERS, -np.ones((6, 4))]),
        np.column_stack([NUMBERS, -np.eye(6)]),
        np.zeros((6, 4)),
    ],
    ids=["normal", "whole", "constant", "gaps", "zeros"],
)
def test_series_are_no_lost_ids(series):
    """Fails if a series of numbers is refused because it is not positive."""
    assert len(read(series)) == len(series)
