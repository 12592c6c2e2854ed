"""Tools that resample rows: ids are repeated or left out, and never calculated with."""

import operator
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.utils import resample, shuffle

from skrnn import RNNClassifier, TextToSequence, make_reviews
from skrnn.sequences import TokenArray, check_sequences

REVIEWS, LABELS = make_reviews(60, random_state=0)
X = TextToSequence().fit_transform(REVIEWS)
Y = np.array([1] * 45 + [0] * 15)
MESSAGE = "SMOTE.*RandomOverSampler.*class_weight"


def smote(X):
    """Make rows between others, as imbalanced-learn's `_generate_samples` does."""
    diffs = X[[1, 2, 3]] - X[[0, 0, 0]]
    steps = getattr(sp, type(X).__name__)(np.full((3, 1), 0.5))
    return X[[0, 0, 0]] + steps.multiply(diffs)


SUMS = {
    "SMOTE": smote,
    "sum": lambda X: X[:2] + X[2:4],
    "difference": lambda X: X[:2] - X[2:4],
    "plain from ids": lambda X: X - sp.csr_array(X),
    "ids from plain": lambda X: sp.csr_array(X) - X,
    "plain and ids": lambda X: sp.csr_array(X) + X,
    "dense": lambda X: X + np.ones(X.shape),
    "dense first": lambda X: np.ones(X.shape) - X,
    "mixup": lambda X: 0.5 * X[:2] + 0.5 * X[2:4],
    "in place": lambda X: operator.iadd(X.copy(), X),
}


@pytest.mark.parametrize("calculate", SUMS.values(), ids=SUMS)
def test_sums_of_ids_are_refused(calculate):
    """Fails if ids are interpolated in silence, or the error is about a name in SciPy."""
    before = X.toarray()
    with pytest.raises(TypeError, match=MESSAGE):
        calculate(X)
    np.testing.assert_array_equal(X.toarray(), before)


def test_what_has_a_meaning_works():
    """Fails if comparing, counting, or an empty start of a sum is refused."""
    assert (X.copy() != X).nnz == 0 and (X[:2] != X[1:3]).nnz > 0
    assert X.sum() == X.data.sum() and X.max() == X.data.max()
    assert (X + 0).nnz == X.nnz and (0 + X).nnz == X.nnz and (X - 0).nnz == X.nnz
    plain = sp.csr_array(X)
    assert type(plain) is sp.csr_array and (plain - plain).nnz == 0
    assert (X @ np.ones(X.shape[1])).tolist() == X.toarray().sum(axis=1).tolist()


def test_selected_rows_keep_their_words():
    """Fails if scikit-learn's resampling loses the vocabulary."""
    for rows in (resample(X, replace=True, random_state=0), shuffle(X, random_state=0)):
        assert isinstance(rows, TokenArray) and rows.words is X.words


@pytest.mark.parametrize("name", ["RandomOverSampler", "RandomUnderSampler"])
def test_samplers_that_select_rows(name):
    """Fails if imbalanced-learn cannot repeat or leave out texts."""
    imblearn = pytest.importorskip("imblearn")
    sampler = getattr(imblearn.over_sampling if "Over" in name else imblearn.under_sampling, name)
    rows, y = sampler(random_state=0).fit_resample(X, Y)
    # RandomOverSampler stacks rows with SciPy, which returns an array without words.
    assert sp.issparse(rows) and getattr(rows, "words", None) in (X.words, None)
    assert np.bincount(y).tolist() == ([45, 45] if "Over" in name else [15, 15])
    texts = {tuple(row) for row in X.toarray().tolist()}
    assert {tuple(row) for row in rows.toarray().tolist()} <= texts
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_sequences(rows, estimator=RNNClassifier()).sequences.is_tokens


@pytest.mark.parametrize("name", ["SMOTE", "BorderlineSMOTE", "SVMSMOTE", "ADASYN"])
def test_samplers_that_interpolate(name):
    """Fails if SMOTE makes texts of other words, or an error of SciPy's."""
    over_sampling = pytest.importorskip("imblearn.over_sampling")
    with pytest.raises(TypeError, match=MESSAGE):
        getattr(over_sampling, name)(random_state=0).fit_resample(X, Y)
