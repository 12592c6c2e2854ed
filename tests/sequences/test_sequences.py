"""Sequences: every container of the same rows gives the same form, and bad input says where.

Nothing here loads TensorFlow.
"""

import array
import copy
import pickle
import time
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.model_selection import KFold
from sklearn.utils import _safe_indexing

from skrnn import TextToSequence
from skrnn.exceptions import AmbiguousInputWarning
from skrnn.sequences import Sequences, TokenArray, check_sequences


class Estimator:
    """Stands for an estimator: its class is named in errors."""


def check(X, **kwargs):
    return check_sequences(X, estimator=Estimator(), **kwargs)


def collapsed(X, **kwargs):
    """Return what a head reads that has one answer a row."""
    return check(X, **kwargs).sequences.collapse()


def rows_of(sequences):
    return [
        sequences.values[start:end].tolist()
        for start, end in zip(sequences.offsets[:-1], sequences.offsets[1:], strict=True)
    ]


# An empty row, one of padding in the list, unknown words only, and unknown words among others.
ROWS = [[7, 3, 9], [], [1, 1], [4, 1, 4, 2], [5]]
WANTED = [[7, 3, 9], [1], [1], [4, 1, 4, 2], [5]]
DENSE = np.array([[7, 3, 9, 0], [0] * 4, [1, 1, 0, 0], [4, 1, 4, 2], [5, 0, 0, 0]])
# The same rows with padding on the left and in between.
SCATTERED = np.array(
    [[0, 7, 0, 3, 9, 0], [0] * 6, [0, 1, 0, 0, 0, 1], [4, 1, 0, 4, 0, 2], [0, 0, 0, 0, 0, 5]]
)


def unsorted_csr():
    X = sp.csr_array(DENSE)
    for start, end in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        X.indices[start:end] = X.indices[start:end][::-1].copy()
        X.data[start:end] = X.data[start:end][::-1].copy()
    X = sp.csr_array((X.data, X.indices, X.indptr), shape=X.shape)
    assert not X.has_sorted_indices
    return X


def duplicates_csr():
    # 7 stored as 3 + 4 at one place, as SciPy reads it.
    X = sp.csr_array(DENSE)
    data, indices = np.r_[3, 4, X.data[1:]], np.r_[0, X.indices]
    X = sp.csr_array((data, indices, np.r_[0, X.indptr[1:] + 1]), shape=X.shape)
    assert not X.has_canonical_format
    return X


def stored_zeros_csr():
    shape = SCATTERED.shape
    columns = np.tile(np.arange(shape[1]), shape[0])
    indptr = np.arange(shape[0] + 1) * shape[1]
    X = sp.csr_array((SCATTERED.ravel(), columns, indptr), shape=shape)
    assert X.nnz == SCATTERED.size
    return X


def read_only(X):
    X = X.copy()
    for part in [X] if isinstance(X, np.ndarray) else [X.data, X.indices, X.indptr]:
        part.flags.writeable = False
    return X


def objects(rows):
    X = np.empty(len(rows), dtype=object)
    X[:] = [np.array(row, dtype=int) for row in rows]
    return X


CONTAINERS = {
    "csr_array": lambda: sp.csr_array(DENSE),
    "csr_matrix": lambda: sp.csr_matrix(DENSE),
    "scattered csr": lambda: sp.csr_array(SCATTERED),
    "coo": lambda: sp.coo_array(SCATTERED),
    "csc": lambda: sp.csc_array(SCATTERED),
    "lil": lambda: sp.lil_array(SCATTERED),
    "bsr": lambda: sp.bsr_array(SCATTERED),
    "unsorted": unsorted_csr,
    "duplicates": duplicates_csr,
    "stored zeros": stored_zeros_csr,
    "int64 indices": lambda: sp.csr_array(
        (sp.csr_array(DENSE).data, sp.csr_array(DENSE).indices.astype(np.int64),
         sp.csr_array(DENSE).indptr.astype(np.int64)), shape=DENSE.shape),
    "TokenArray": lambda: TokenArray(DENSE),
    "dense": lambda: DENSE,
    "zeros anywhere": lambda: SCATTERED,
    "fortran": lambda: np.asfortranarray(SCATTERED),
    "strided": lambda: np.repeat(SCATTERED, 2, axis=1)[:, ::2],
    "read-only dense": lambda: read_only(SCATTERED),
    "read-only csr": lambda: read_only(sp.csr_array(SCATTERED)),
    "read-only unsorted": lambda: read_only(unsorted_csr()),
    "lists": lambda: ROWS,
    "list of equal lists": lambda: SCATTERED.tolist(),
    "lists with zeros": lambda: [[0, *row, 0] for row in ROWS],
    "tuples": lambda: tuple(map(tuple, ROWS)),
    "arrays": lambda: [np.array(row, dtype=np.int16) for row in ROWS],
    "array.array": lambda: [array.array("i", row) for row in ROWS],
    "mixed rows": lambda: [ROWS[0], (), np.array(ROWS[2]), pd.Series(ROWS[3]), range(5, 6)],
    "object array of rows": lambda: objects(ROWS),
    "object array of equal rows": lambda: objects(SCATTERED.tolist()),
    "object array of ids": lambda: SCATTERED.astype(object),
    "pandas": lambda: pd.DataFrame(SCATTERED),
    "pandas objects": lambda: pd.DataFrame(SCATTERED, dtype=object),
    "pandas Int64": lambda: pd.DataFrame(SCATTERED, dtype="Int64"),
    "pandas sparse": lambda: pd.DataFrame.sparse.from_spmatrix(sp.csr_matrix(SCATTERED)),
    "pandas column of lists": lambda: pd.Series(ROWS),
    "polars": lambda: pl.DataFrame(SCATTERED),
    "polars column of lists": lambda: pl.Series(ROWS),
    **{
        np.dtype(dtype).name: lambda dtype=dtype: SCATTERED.astype(dtype)
        for dtype in (np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64)
    },
    "int8 csr": lambda: sp.csr_array(SCATTERED.astype(np.int8)),
    "uint64 csr": lambda: sp.csr_array(SCATTERED.astype(np.uint64)),
    "big-endian": lambda: SCATTERED.astype(">i4"),
}  # fmt: skip


@pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS)
@pytest.mark.parametrize("input", ["auto", "tokens"])
def test_every_container_gives_the_same_sequences(make, input):
    """Fails where a container's order, dtype, padding or empty rows are read in another way."""
    X = make()
    parts = [X.data.copy(), X.indices.copy()] if getattr(X, "format", "") == "csr" else [None]
    before = copy.deepcopy(X)
    kept, vocabulary_size, _ = check(X, input=input)
    # Before, rows are as they came: zeros within them, unknown words and all.
    assert [[i for i in row if i] for row in rows_of(kept)] == ROWS
    sequences = kept.collapse()
    assert rows_of(sequences) == WANTED
    for one in (kept, sequences):
        assert one.values.dtype == np.int32 and one.offsets.dtype == np.int64
    assert sequences.is_tokens and vocabulary_size == 10
    if parts[0] is not None:  # sorting or summing must not happen in the caller's array
        np.testing.assert_array_equal(X.data, parts[0])
        np.testing.assert_array_equal(X.indices, parts[1])
    elif isinstance(X, np.ndarray) and X.dtype != object:
        np.testing.assert_array_equal(X, before)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "X",
    [SCATTERED.astype(float), sp.csr_array(SCATTERED.astype(float)), SCATTERED.astype(np.float16),
     [[float(i) for i in row] for row in ROWS], pd.DataFrame(SCATTERED.astype(float))],
    ids=["dense", "csr", "float16", "lists", "pandas"],
)  # fmt: skip
def test_float_ids_are_ids_when_announced(X):
    """Fails if whole floats, as a data frame with gaps hands them over, are not cast."""
    assert rows_of(collapsed(X, input="tokens")) == WANTED
    if not sp.issparse(X):
        with warnings.catch_warnings():  # such floats may be ids: tests/sequences/test_readings.py
            warnings.simplefilter("ignore", AmbiguousInputWarning)
            assert not check(X)[0].is_tokens


def test_sparse_weights_are_refused():
    """Fails if a tf-idf matrix, which has no order to read, were taken for time series."""
    weights = sp.csr_array([[0.0, 1.5]])
    with pytest.raises(ValueError, match="sparse array of float64.*TextToSequence"):
        check(weights)
    assert check(weights, input="numeric")[0].values.ravel().tolist() == [0.0, 1.5]


def test_a_column_of_text_is_told_from_lists_of_tokens():
    """Fails if the way out for texts made the tokenizer take every character for a token."""
    for texts in (pd.DataFrame({"text": ["good", "bad"]}), ["good", "bad"]):
        with pytest.raises(ValueError, match=r"make_pipeline\(TextToSequence\(\), "):
            check(texts)
    with pytest.raises(ValueError, match="TextToSequence\\(analyzer=list\\)"):
        check([["very", "good"], ["bad"]])


def test_memory_map(tmp_path):
    """Fails if a read-only map, as joblib hands it to workers, is written to."""
    for X in (SCATTERED, TokenArray(DENSE)):
        joblib.dump(X, tmp_path / "X.joblib")
        mapped = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
        assert rows_of(collapsed(mapped)) == WANTED


def test_take_and_pad_against_plain_python():
    """Fails where offsets are off by one: rows of every length, repeated and out of order."""
    rng = np.random.default_rng(0)
    rows = [rng.integers(2, 99, rng.integers(0, 6)).tolist() for _ in range(40)]
    for sequences, plain in (
        (check(rows).sequences, rows),
        (collapsed(rows), [row or [1] for row in rows]),
    ):
        taking_and_padding(sequences, plain, rng)


def taking_and_padding(sequences, plain, rng):
    for chosen in ([0], [39], [3, 3, 3], rng.permutation(40), rng.integers(-40, 40, 17)):
        taken = sequences.take(chosen)
        assert rows_of(taken) == [plain[i] for i in chosen]
        assert len(taken) == len(chosen)
        longest = max(len(plain[i]) for i in chosen)
        padded = sequences.pad(chosen)
        assert padded.dtype == np.int32
        assert padded.tolist() == [plain[i] + [0] * (longest - len(plain[i])) for i in chosen]
    assert len(sequences.take(np.array([], dtype=int))) == 0
    np.testing.assert_array_equal(sequences.lengths, [len(row) for row in plain])


# --- Numeric sequences ------------------------------------------------------------------


def test_numeric_containers_give_the_same_sequences():
    """Fails if NaN padding and shorter rows are not the same, with one channel and with two."""
    nan = np.nan
    one = [[1.5, 0.0, 2.0], [0.5], []]
    table = [[1.5, 0, 2], [0.5, nan, nan], [nan] * 3]
    wanted = [[[1.5], [0.0], [2.0]], [[0.5]], [[0.0]]]
    frames = [pd.DataFrame(table), pl.DataFrame(table, orient="row"), np.array(table, dtype=object)]
    nullable = pd.DataFrame(table).astype("Float64")
    series = np.array(table)[..., np.newaxis]
    for X in (one, pd.Series(one), pl.Series(one), table, np.array(table), series, *frames,
              nullable, np.array(table, dtype=np.float16)):  # fmt: skip
        kept, vocabulary_size, _ = check(X)
        sequences = kept.collapse()
        assert rows_of(kept) == [*wanted[:2], []] and rows_of(sequences) == wanted, X
        is_small = isinstance(X, np.ndarray) and X.dtype == np.float16
        wanted_type = np.float32 if is_small else np.float64
        assert sequences.values.dtype == wanted_type and vocabulary_size is None

    two = [np.array([[1.0, 2], [3, 4]]), np.array([[5.0, 6]]), np.empty((0, 2))]
    cube = np.full((3, 3, 2), nan)
    for i, row in enumerate(two):
        cube[i, : len(row)] = row
    wanted = [[[1, 2], [3, 4]], [[5, 6]], [[0, 0]]]
    for X in (two, [row.tolist() for row in two], cube, cube.astype(np.float32), cube.tolist()):
        assert rows_of(collapsed(X)) == wanted


def test_missing_values_stay_where_they_are():
    """Fails if a missing step moves those after it, or padding behind the last step is kept."""
    nan = np.nan
    cube = np.array([[[nan, nan], [1, nan], [nan, nan]], [[2, 3], [nan, nan], [nan, 4]]])
    nested = pd.DataFrame({"a": list(cube[..., 0]), "b": list(cube[..., 1])})
    for X in (cube, list(cube), [cube[0, :2], cube[1]], cube.tolist(), nested,
              np.ma.masked_invalid(cube)):  # fmt: skip
        sequences, *_ = check(X)
        assert sequences.lengths.tolist() == [2, 3]
        np.testing.assert_array_equal(sequences.values, np.vstack([cube[0, :2], cube[1]]))
        assert rows_of(sequences.collapse())[0][0][0] == 1.0
        assert sequences.collapse().lengths.tolist() == [1, 2]


def test_numeric_pad_is_nan():
    """Fails if padding is 0, which among numbers is a value."""
    sequences, *_ = check([[1.0, 2.0], [3.0]])
    padded = sequences.pad([1, 0])
    np.testing.assert_array_equal(padded, np.array([[[3], [np.nan]], [[1], [2]]], np.float32))


def test_integers_and_bools_can_be_numeric():
    """Fails if `input` does not overrule the dtype, or zeros are dropped as if padding."""
    for X in (np.array([[0, 2, 0]]), sp.csr_array([[0, 2, 0]]), np.array([[False, True, False]])):
        kind = "auto" if X.dtype == bool else "numeric"
        values = check(X, input=kind)[0].values
        np.testing.assert_array_equal(values.ravel() != 0, [False, True, False])


def test_auto_goes_by_dtype_where_rows_are_empty():
    """Fails if an empty list, which NumPy reads as floats, makes numbers of ids."""
    assert check([[], [3, 4]])[0].is_tokens
    assert check([[], []])[0].is_tokens
    assert not check([[], [3.0]])[0].is_tokens


# --- What fit remembers, and what is held against it -------------------------------------


def fitted_on(X, **kwargs):
    return check(X, **kwargs).form


def test_n_features_in():
    """Fails if the columns, channels or longest row are miscounted."""
    assert fitted_on(SCATTERED).n_features == 6
    assert fitted_on(sp.csr_array(SCATTERED)).n_features == 6
    assert fitted_on(ROWS).n_features == 4
    assert fitted_on(np.ones((2, 5))).n_features == 5
    assert fitted_on(np.ones((2, 5, 3))).n_features == 3
    assert fitted_on([[0.5], [1.0, 2.0]]).n_features == 1


def again(X, form):
    return check(X, form=form, input="numeric").sequences.collapse()


def test_one_row_of_a_ragged_list():
    """Fails if a list that happens to have rows of one length is held to the columns of fit."""
    form = fitted_on([[0.5], [1.0, 2.0]])
    assert rows_of(again([[1.0, 2.0, 3.0]], form)) == [[[1.0], [2.0], [3.0]]]
    assert rows_of(again(np.array([[1.0, 2.0, 3.0]]), form)) == [[[1.0], [2.0], [3.0]]]


def test_a_table_and_the_same_rows_as_series():
    """Fails if a network fitted on a table refuses its rows without their padding."""
    form = fitted_on(np.ones((2, 3)))
    wanted = rows_of(again(np.array([[1.0, 2.0, np.nan], [3.0, np.nan, np.nan]]), form))
    assert rows_of(again([[1.0, 2.0], [3.0]], form)) == wanted
    assert rows_of(again(np.array([[[1.0], [2.0]], [[3.0], [np.nan]]]), form)) == wanted
    with pytest.raises(ValueError, match="X has 4 features, but Estimator is expecting 3 features"):
        again(np.ones((2, 4)), form)


@pytest.mark.parametrize(
    ("fit_on", "then", "message"),
    [
        (np.ones((2, 8)), np.ones((2, 4, 8)), "8 channels at each time step.*fitted with 1"),
        (np.ones((2, 4, 8)), np.ones((2, 8)), "1 channels at each time step.*fitted with 8"),
        (np.ones((2, 4, 8)), np.ones((2, 4, 7)), "7 channels.*fitted with 8"),
        (np.ones((2, 4, 8)), [np.ones((1, 7)), np.ones((2, 7))], "7 channels.*fitted with 8"),
        (np.ones((2, 4, 8)), [[1.0], [1.0, 2.0]], "1 channels.*fitted with 8"),
    ],
)
def test_other_channels_than_at_fit(fit_on, then, message):
    """Fails if 8 columns pass for 8 channels; Keras would then raise from deep within."""
    with pytest.raises(ValueError, match=message):
        again(then, fitted_on(fit_on))


def test_empty_rows_have_the_channels_of_fit():
    """Fails if a call of empty sequences only is taken for one channel."""
    form = fitted_on(np.ones((2, 4, 3)))
    for X in ([[]], [np.empty((0, 3))], [[], []]):
        assert rows_of(again(X, form))[0] == [[0, 0, 0]]


def test_token_width_may_change():
    """Fails if ids are held to the width of fit: other documents are longer or shorter."""
    form = fitted_on(DENSE)
    for X in (SCATTERED, DENSE[:, :1], sp.csr_array(SCATTERED), ROWS):
        checked = check(X, form=form, input="tokens", vocabulary_size=10)
        assert len(checked.sequences) == 5 and checked.form == form


# --- The vocabulary ---------------------------------------------------------------------


def test_vocabulary_size():
    """Fails if an id equal to the size passes, or the row that is named is another one."""
    assert check(ROWS, vocabulary_size=10)[1] == 10
    assert check(ROWS, vocabulary_size=500)[1] == 500
    assert check([[1]])[1] == 2  # padding and unknown always have their places
    for size, X in ((9, ROWS), (9, DENSE), (8, sp.csr_array(SCATTERED)), (7, [[], [3, 6], [7]])):
        row = 2 if size == 7 else 0
        with pytest.raises(ValueError, match=rf"id \d in row {row} of X, outside.*vocabulary_size"):
            check(X, vocabulary_size=size)


def test_declared_vocabulary():
    """Fails if the size that TextToSequence declares is not seen, or anything else's is."""
    X = TextToSequence().fit(["a b c d e"]).transform(["a"])
    assert check(X)[1] == 7
    frame = pd.DataFrame({"vocabulary_size": [2, 3], "more": [4, 5]})
    assert check(frame)[1] == 6


def test_token_array_keeps_its_vocabulary(tmp_path):
    """Fails if cross-validation, copies or workers lose it: folds would then disagree."""
    X = TokenArray(DENSE)
    X.vocabulary_size = 77
    X.words = (None, None, *(f"word{i}" for i in range(75)))
    train, _ = next(KFold(2).split(X))
    joblib.dump(X, tmp_path / "X.joblib")
    kept = {
        "slice": X[1:3],
        "fancy": X[[0, 2]],
        "array": X[np.array([4, 0])],
        "boolean": X[np.arange(5) > 2],
        "columns": X[:, :2],
        "both": X[1:3, 0:2],
        "KFold": X[train],
        "_safe_indexing": _safe_indexing(X, [1, 2]),
        "_safe_indexing boolean": _safe_indexing(X, np.arange(5) > 2),
        "copy": X.copy(),
        "astype": X.astype(np.int64),
        "copy.copy": copy.copy(X),
        "deepcopy": copy.deepcopy(X),
        "pickle": pickle.loads(pickle.dumps(X)),
        "joblib": joblib.load(tmp_path / "X.joblib", mmap_mode="r"),
    }
    for how, part in kept.items():
        assert isinstance(part, TokenArray) and part.vocabulary_size == 77, how
        assert part.words == X.words, how
        in_memory = how not in ("copy.copy", "deepcopy", "pickle", "joblib")
        assert not in_memory or part.words is X.words, how  # not a copy for every fold
    assert TokenArray.vocabulary_size is None and TokenArray.words is None  # the class itself
    assert X[1, 1] == 0 and X[3, 3] == 2
    np.testing.assert_array_equal(X[3:].toarray(), DENSE[3:])


@pytest.mark.parametrize(
    "words",
    [
        None,
        (None, None, "a", "b"),
        (None, None),
        (None, None, ""),
        (None, None, "a", None, "b"),
        (None, None, "a\0b", "\0", "\ud800", "\n"),
        ("pad", "oov", "a"),
        np.array([None, None, "a"], dtype=object),
    ],
    ids=repr,
)
def test_any_words_survive_pickling(words):
    """Fails if words are cut at the separator, or None becomes a word."""
    X = TokenArray(DENSE)
    X.words = words
    again = pickle.loads(pickle.dumps(X)).words
    assert type(again) is type(words) and np.array_equal(again, words)


def test_a_row_of_a_large_vocabulary_pickles_quickly(tmp_path):
    """Fails if joblib's pickler, written in Python, meets every word: it takes a second for this.

    Its hash is taken at each call of a cached function.
    """
    X = TokenArray(DENSE)
    X.words = (None, None, *(f"word{i}" for i in range(200_000)))
    start = time.process_time()
    joblib.hash(X[:1])
    joblib.dump(X[:1], tmp_path / "X.joblib")
    assert joblib.load(tmp_path / "X.joblib").words == X.words
    assert time.process_time() - start < 0.3


def test_sequences_carry_the_words():
    """Fails if the words are lost between the array and the estimator."""
    X = TokenArray(DENSE)
    X.words = tuple(map(str, range(10)))
    sequences, *_ = check(X)
    assert sequences.words is X.words and sequences.take([1, 0]).words is X.words
    assert check(X.toarray())[0].words is None


# --- Errors -----------------------------------------------------------------------------

NAN, INF = np.nan, np.inf
FLOATS = np.ones((3, 4))


def changed(X, place, value):
    X = np.array(X, dtype=np.result_type(np.asarray(X), np.asarray(value)))
    X[place] = value
    return X


BAD = {
    "bare string": ("a film", "auto", r"single str as X, 'a film'.*make_pipeline\(TextToSequence"),
    "bare bytes": (b"a film", "auto", "single bytes"),
    "strings": (["a film", "b"], "auto", r"row 0 of X is the str 'a film'.*TextToSequence\(\)"),
    "string later": ([[1], "b"], "auto", "row 1 of X is the str 'b'"),
    "bytes": ([b"a", b"b"], "auto", "row 0 of X is the bytes b'a'"),
    "string array": (np.array(["a"]), "auto", "row 0 of X is the str_ 'a'"),
    "bytes array": (np.array([b"a"]), "auto", "row 0 of X is the bytes_ b'a'"),
    "pandas strings": (pd.Series(["a", "b"]), "auto", "row 0 of X is the str 'a'"),
    "polars strings": (pl.Series(["a", "b"]), "auto", "row 0 of X is the str 'a'"),
    "frame of strings": (pd.DataFrame({"text": ["a"]}), "auto", "row 0 of X holds the str 'a'"),
    "token lists": ([["a", "b"], ["c"]], "auto", r"row 0 .* 'a'.*TextToSequence\(analyzer=list\)"),
    "string inside": ([[1, 2], [3, "b", 4]], "auto", "Row 1 of X is not a sequence of numbers"),
    "None inside": ([[1, 2], [3, None, 4]], "auto", "Row 1 of X is not a sequence of numbers"),
    "number for a row": ([[1, 2], 3], "auto", r"Row 1 of X is not a sequence.*shape \(\)"),
    "set for a row": ([{1, 2}, {3}], "auto", "Row 0 of X is not a sequence"),
    "too deep": ([[[[1.0]]], [[[1.0], [2.0]]]], "auto", "Row 0 of X is not a sequence.*n_channels"),
    "ragged within": ([[[1.0, 2.0], [3.0]]], "auto", "Row 0 of X.*different lengths within"),
    "one row": ([1, 2, 3], "auto", "Expected 2D array, got 1D array instead"),
    "one sparse row": (sp.csr_array(DENSE)[0], "auto", r"Expected 2D.*shape \(4,\).*X\[\[i\]"),
    "nothing": (None, "auto", "got NoneType as X, None; it expects a sequence"),
    "no rows": (np.empty((0, 4), int), "auto", "0 sample"),
    "no float rows": (np.empty((0, 4)), "auto", "0 sample"),
    "no sparse rows": (sp.csr_array((0, 4), dtype=int), "auto", "0 sample"),
    "empty list": ([], "auto", "Expected 2D array"),
    "no columns": (np.empty((4, 0), int), "auto", "0 feature"),
    "no sparse columns": (sp.csr_array((4, 0), dtype=int), "auto", "0 feature"),
    "no steps": (np.empty((4, 0, 2)), "auto", r"shape \(4, 0, 2\).*none of them 0"),
    "4-D": (np.ones((2, 2, 2, 2)), "auto", r"shape \(2, 2, 2, 2\).*expects \(n_samples"),
    "3-D ids": (np.ones((2, 2, 2), int), "auto", r"token ids of shape \(2, 2, 2\).*floats"),
    "3-D row of ids": ([[[1, 2]], [[3, 4], [5, 6]]], "auto", r"shape \(1, 2\) in row 0"),
    "complex": (np.array([[1j]]), "auto", "Complex"),
    "dates": (np.array([["2020-01-01"]], "M8[D]"), "auto", r"dtype datetime64\[D\]"),
    "sparse complex": (sp.csr_array(np.array([[1j]])), "tokens", "dtype complex128"),
    "bool ids": (np.array([[True]]), "tokens", "integers.*dtype bool"),
    "negative": (changed(DENSE, (3, 1), -4), "auto", r"id that is negative in row 3 of X: -4\..*1"),
    "negative csr": (sp.csr_array(changed(DENSE, (3, 1), -4)), "auto", "negative in row 3"),
    "negative list": ([[1], [], [2, -4]], "auto", "negative in row 2 of X: -4"),
    "fraction": (changed(DENSE, (3, 1), 2.5), "tokens", r"fractional in row 3 of X: 2\.5"),
    "NaN id": (changed(DENSE, (3, 1), NAN), "tokens", "not finite in row 3 of X: nan"),
    "infinite id": (changed(DENSE, (4, 1), INF), "tokens", "not finite in row 4 of X: inf"),
    "huge": (changed(DENSE, (3, 1), 2**31), "auto", "beyond 32 bits in row 3 of X: 2147483648"),
    "huge uint64": (np.array([[2], [2**64 - 1]], np.uint64), "auto", "beyond 32 bits in row 1"),
    "huge float": (np.array([[2], [1e300]]), "tokens", "beyond 32 bits in row 1"),
    "huge int": ([[1], [2**70, 1]], "auto", "Row 1 of X is not a sequence of numbers"),
    "inf": (changed(FLOATS, (2, 1), INF), "auto", "infinity.*row 2, time step 1.*Clip"),
    "-inf list": ([[1.0], [2.0, -INF]], "auto", "infinity.*row 1, time step 1"),
    "inf channel": (changed(np.ones((2, 3, 2)), (1, 2, 1), INF), "auto",
                    "infinity: row 1, time step 2, channel 1"),
    "channels differ": ([np.ones((1, 2)), np.ones((2, 3))], "auto", r"of channels, \[2, 3\]"),
}  # fmt: skip


@pytest.mark.parametrize(("X", "input", "message"), BAD.values(), ids=BAD)
@pytest.mark.filterwarnings("error")
def test_bad_input(X, input, message):
    """Fails if bad input passes, or its error does not say what came, where, and what to do."""
    before = pickle.dumps(X)
    with pytest.raises(ValueError, match=message):
        check(X, input=input)
    assert pickle.dumps(X) == before or sp.issparse(X)


def test_sequences_are_frozen():
    """Fails if fields can be set: the offsets would no longer fit the values."""
    with pytest.raises(AttributeError):
        Sequences(np.ones(1, np.int32), np.array([0, 1])).values = None


def test_a_huge_id_is_not_taken_for_a_vocabulary():
    """Fails if a timestamp among the ids led to an embedding that no memory holds."""
    X = [[3, 4], [1_763_800_000]]
    with pytest.raises(ValueError, match="would make an embedding of that many rows"):
        check(X)
    _, size, _ = check(X, vocabulary_size=2**31 - 1)
    assert size == 2**31 - 1
