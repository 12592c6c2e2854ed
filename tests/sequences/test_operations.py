"""What SciPy makes of token ids: ids that keep their words, or numbers that no network reads."""

import copy
import inspect
import pickle
import warnings

import joblib
import numpy as np
import pytest
from scipy import sparse

from skrnn import HashingTextToSequence, RNNClassifier, TextToSequence
from skrnn.sequences import KeepsOrigin, TokenArray, check_sequences, origin_of

TEXTS = ["good film", "bad film bad", "", "good plot", "bad plot plot plot"]
X = TextToSequence().fit_transform(TEXTS)
OTHER = TextToSequence().fit_transform(["plot plot plot", "film film bad", "good"])
HASHED = HashingTextToSequence(n_features=50).transform(TEXTS)
FORMATS = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
DENSE = X.toarray()

warnings.filterwarnings("ignore", category=sparse.SparseEfficiencyWarning)


def read(X):
    return check_sequences(X, estimator=RNNClassifier()).sequences


SAME = {
    "times 1": lambda X: X * 1,
    "1 times": lambda X: 1 * X,
    "by 1": lambda X: (X / 1).astype(np.int32),
    "power of 1": lambda X: X**1,
    "power": lambda X: X.power(1),
    "abs": abs,
    "round": round,
    "plus": lambda X: X + 0,
    "minus": lambda X: X - 0,
    "maximum": lambda X: X.maximum(0),
    "maximum of arrays": lambda X: X.maximum(sparse.csr_array(X.shape, dtype=int)),
    "minimum": lambda X: X.minimum(sparse.csr_array(np.full(X.shape, 99))),
    "itself": lambda X: X.maximum(X),
    "masked": lambda X: X.multiply(X > 0),
    "first words": lambda X: X * (np.arange(X.shape[1]) < 2),
    "floor": lambda X: X.floor().astype(np.int32),
    "rint": lambda X: X.rint().astype(np.int32),
    "real": lambda X: X.real,
    "conjugate": lambda X: X.conj(),
    "copy": lambda X: X.copy(),
    "copy.copy": copy.copy,
    "deep copy": copy.deepcopy,
    "pickle": lambda X: pickle.loads(pickle.dumps(X)),
    "int64": lambda X: X.astype(np.int64),
    "float and back": lambda X: X.astype(float).astype(int),
    "sorted": lambda X: X.sorted_indices() if hasattr(X, "sorted_indices") else X,
    "reversed": lambda X: X.tocsr()[::-1][::-1],
    "transposed": lambda X: X.T.T,
    "reshaped": lambda X: X.reshape(X.shape[1], -1).reshape(X.shape),
    "identity": lambda X: X @ sparse.eye_array(X.shape[1], dtype=int, format="csr"),
    "identity before": lambda X: sparse.eye_array(len(TEXTS), dtype=int, format="csr") @ X.tocsr(),
    "csr_array": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
    "vstack": lambda X: sparse.vstack([X.tocsr()[:2], X.tocsr()[2:]]),
    "hstack": lambda X: sparse.hstack([X.tocsr()[:, :2], X.tocsr()[:, 2:]]),
    "block": lambda X: sparse.block_array([[X.tocsr()[:2]], [X.tocsr()[2:]]]),
    "hstack of csc": lambda X: sparse.hstack([X.tocsc()[:, :2], X.tocsc()[:, 2:]], format="csc"),
    "one stacked": lambda X: sparse.vstack([X.tocsr()]),
}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_the_same_ids_keep_their_words(change, format):
    """Fails if an operation that changes no id returns an array that any network takes."""
    for array, words, hashing in ((X, X.words, None), (HASHED, None, HASHED.hashing)):
        try:
            changed = change(array.asformat(format))
        except (NotImplementedError, TypeError, AttributeError) as error:
            # What SciPy cannot do in a format, it cannot do with plain arrays either.
            with pytest.raises(type(error)):
                change(sparse.csr_array(array.toarray()).asformat(format))
            return
        origin = origin_of(changed)
        assert origin.words == words and origin.hashing == hashing and not origin.is_calculated
        assert read(changed).words == words
        kept = DENSE[:, :2] if change is SAME["first words"] else DENSE
        if words is not None:
            np.testing.assert_array_equal(changed.toarray()[:, : kept.shape[1]], kept)


@pytest.mark.parametrize("after", FORMATS)
@pytest.mark.parametrize("before", FORMATS)
def test_formats_and_back(before, after):
    """Fails if a conversion of formats forgets the words, or one of the ids."""
    there = X.asformat(before).asformat(after)
    assert isinstance(there, KeepsOrigin) and there.words is X.words and there.format == after
    assert isinstance(there.tocsr(), TokenArray) and there.tocsr().vocabulary_size == 6
    again = pickle.loads(pickle.dumps(there))
    assert again.words == X.words and type(again) is type(there)
    assert read(there).values.tolist() == X.data.tolist() and read(there).words is X.words


def test_parts_keep_their_words():
    """Fails if a selection in another format, or a row of an iteration, has no words."""
    for part in (X.tolil()[1:3], X.tocsc()[:, :2], X.todok()[:2, :2], X[0], *X, X.T[:2]):
        assert part.words is X.words


CALCULATED = {
    "twice": lambda X: X * 2,
    "twice, before": lambda X: 2 * X,
    "half": lambda X: (X / 2).rint().astype(int),
    "square": lambda X: X**2,
    "product": lambda X: X.multiply(X),
    "negative twice": lambda X: -(-X - 0) * 3,
    "sign": lambda X: X.sign(),
    "log": lambda X: X.log1p().rint().astype(int),
    "clipped": lambda X: X.minimum(sparse.csr_array(np.full(X.shape, 2))),
    "raised": lambda X: X.maximum(sparse.csr_array(np.full(X.shape, 3))),
    "small": lambda X: (X * 60).astype(np.int8),
    "sums": lambda X: X @ sparse.csr_array(np.ones((X.shape[1], 3), int)),
    "in place": lambda X: X.__imul__(2),
    "stacked": lambda X: sparse.vstack([X * 2, X * 2]),
}


@pytest.mark.parametrize("calculate", CALCULATED.values(), ids=CALCULATED)
def test_other_numbers_are_no_ids(calculate):
    """Fails if a network reads twice an id as another word in silence."""
    with pytest.raises(ValueError, match="calculation with token ids.*TextToSequence.*numeric|neg"):
        read(calculate(X.copy()))
    assert X.words is not None and X.toarray().tolist() == DENSE.tolist()


def test_numbers_can_be_calculated():
    """Fails if comparisons return arrays of ids, or plain copies cannot be calculated with."""
    for compare in ("__ne__", "__eq__", "__lt__", "__gt__"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sparse.SparseEfficiencyWarning)
            found = getattr(X, compare)(X.copy())
        assert type(found) is sparse.csr_array and found.dtype == bool
        assert (found.toarray() == getattr(DENSE, compare)(DENSE)).all()
    plain = sparse.csr_array(X)
    twice = plain * 2
    assert type(twice) is sparse.csr_array and (twice - plain).sum() == X.sum()
    assert read(twice).words is None
    assert type(X.data + 1) is np.ndarray and type(np.add(1, X.data)) is np.ndarray
    assert repr(X.data[:2]) == repr(DENSE[DENSE > 0][:2])
    assert check_sequences(X * 2, estimator=RNNClassifier(), input="numeric")


STACKS = {
    "vstack": lambda a, b: sparse.vstack([a, b]),
    "vstack, csr": lambda a, b: sparse.vstack([a, b], format="csr"),
    "hstack": lambda a, b: sparse.hstack([a, b]),
    "block": lambda a, b: sparse.block_array([[a], [b]]),
    "csc": lambda a, b: sparse.hstack([a.tocsc(), b.tocsc()]),
    "csc, vstack": lambda a, b: sparse.vstack([a.tocsc(), b.tocsc()]),
    "one plain": lambda a, b: sparse.vstack([sparse.csr_array(a), b]),
    "the ids": lambda a, b: np.concatenate([a.data, b.data]),
    "three": lambda a, b: sparse.vstack([a, a, b]),
    "stacks": lambda a, b: sparse.vstack([sparse.vstack([a, a]), b]),
}


@pytest.mark.parametrize("kind", ["words", "hashes", "other hashes"])
@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_different_vocabularies_cannot_be_stacked(stack, kind):
    """Fails if rows of two vocabularies become one array."""
    other = {"words": OTHER, "hashes": HASHED, "other hashes": HASHED}[kind]
    mine = X
    if kind == "other hashes":
        mine = HashingTextToSequence(n_features=50, lowercase=False).transform(TEXTS)
    a, b = mine[:3, :2], other[:3, :2]
    with pytest.raises(ValueError, match="cannot be stacked.*text.transform.*TextWithColumns"):
        stack(a, b)


def test_stacks_of_one_vocabulary(tmp_path):
    """Fails if equal words of other objects contradict, or what is stacked is refused elsewhere."""
    again = TextToSequence().fit_transform(TEXTS)
    stacked = sparse.vstack([X, again, pickle.loads(pickle.dumps(X))])
    assert type(stacked) is sparse.csr_array and origin_of(stacked).words == X.words
    joblib.dump(stacked, tmp_path / "stacked")
    plain = joblib.load(tmp_path / "stacked")
    assert type(plain.data) is np.ndarray and (plain != stacked).nnz == 0
    longer = TextToSequence(vocabulary=[*X.words[2:], "more"]).fit_transform(TEXTS)
    assert origin_of(sparse.vstack([X, longer])).words == longer.words
    beside = sparse.hstack([X, sparse.csr_array(np.ones((5, 2), int))])
    assert beside.shape[1] == X.shape[1] + 2 and not isinstance(beside, KeepsOrigin)


def test_every_operation_of_scipy_is_wrapped():
    """Fails if an operation of SciPy's that returns an array is not known here."""
    for kind in (TokenArray, *KeepsOrigin.__subclasses__()):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_") and name not in vars(KeepsOrigin):
                assert name in vars(kind) or kind is not TokenArray, (kind, name)
                assert hasattr(method, "__wrapped__") or name in vars(TokenArray), (kind, name)
