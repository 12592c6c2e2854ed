"""Labels of any type to what a network is trained on, and back. No TensorFlow."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning

from skrnn.heads.classes import TargetCoder, check_targets, hold_out


class Estimator:
    """Is named in errors."""


def coded(y, classes=None):
    y = check_targets(y, Estimator())
    return y, TargetCoder.fit(y, classes, Estimator())


NAMES = ["b", "a", "b", "c"]
LABELS = {
    "str": (NAMES, ["a", "b", "c"]),
    "str array": (np.array(NAMES), ["a", "b", "c"]),
    "object": (np.array(NAMES, dtype=object), ["a", "b", "c"]),
    "StringDType": (np.array(NAMES, dtype=np.dtypes.StringDType()), ["a", "b", "c"]),
    "pandas": (pd.Series(NAMES, index=[4, 4, 1, 0]), ["a", "b", "c"]),
    "pandas string": (pd.Series(NAMES, dtype="string"), ["a", "b", "c"]),
    "category": (pd.Series(NAMES, dtype="category"), ["a", "b", "c"]),
    "polars": (pl.Series(NAMES), ["a", "b", "c"]),
    "polars categories": (pl.Series(NAMES, dtype=pl.Categorical), ["a", "b", "c"]),
    "int": ([5, -2, 5, 9], [-2, 5, 9]),
    "uint8": (np.array([5, 2, 5, 250], np.uint8), [2, 5, 250]),
    "int8": (np.array([5, -128, 5, 127], np.int8), [-128, 5, 127]),
    "beyond float64": ([2**53, 0, 2**53, 2**53 + 1], [0, 2**53, 2**53 + 1]),
    "float": ([1.0, -3.0, 1.0, 2.0], [-3.0, 1.0, 2.0]),
    "object of int": (np.array([5, -2, 5, 9], dtype=object), [-2, 5, 9]),
    "pandas Int64": (pd.Series([5, -2, 5, 9], dtype="Int64"), [-2, 5, 9]),
    "binary int": ([1, -1, 1, -1], [-1, 1]),
    "binary str": (["no", "yes", "no", "yes"], ["no", "yes"]),
    "bool": ([True, False, True, False], [False, True]),
    "pandas boolean": (pd.Series([True, False, True, False], dtype="boolean"), [False, True]),
    "object of bool": (np.array([True, False, True, False], dtype=object), [False, True]),
}


@pytest.mark.parametrize(("y", "classes"), LABELS.values(), ids=LABELS)
@pytest.mark.filterwarnings("error")
def test_labels_of_any_type_come_back(y, classes):
    """Fails if a label changes its type or its class on the way to the network and back."""
    checked, coder = coded(y)
    assert coder.classes.tolist() == classes
    assert type(coder.classes.tolist()[0]) is type(classes[0])
    targets = coder.encode(checked)
    if len(classes) == 2:
        assert coder.n_outputs == 1
        assert targets.dtype == np.float32 and targets.shape == (4, 1)
        logits = targets * 4 - 2
    else:
        assert coder.n_outputs == 3
        assert targets.dtype == np.int32 and targets.shape == (4,)
        logits = 3.0 * np.eye(3)[targets] - 1
    assert coder.labels(logits.astype(np.float32)).tolist() == np.asarray(y).tolist()
    # The columns of the probabilities are the classes in order.
    winners = coder.probabilities(logits).argmax(axis=1)
    assert coder.classes[winners].tolist() == np.asarray(y).tolist()


INDICATOR = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    "y",
    [
        INDICATOR,
        INDICATOR.tolist(),
        INDICATOR.astype(bool),
        INDICATOR.astype(float),
        INDICATOR.astype(object),
        sp.csr_matrix(INDICATOR),
        sp.coo_array(INDICATOR),
        pd.DataFrame(INDICATOR),
        pl.DataFrame(INDICATOR),
    ],
    ids=["int", "list", "bool", "float", "object", "csr", "coo", "pandas", "polars"],
)
def test_multilabel(y):
    """Fails if an indicator is read as classes, or labels are not independent."""
    checked, coder = coded(y)
    assert coder.multilabel and coder.n_outputs == 3
    assert coder.classes.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(checked, INDICATOR)
    assert coder.encode(checked).dtype == np.float32
    logits = np.where(INDICATOR, 3, -3).astype(np.float32)
    np.testing.assert_array_equal(coder.labels(logits), INDICATOR)
    np.testing.assert_allclose(coder.probabilities(logits), 1 / (1 + np.exp(-3.0 * (logits / 3))))


def test_two_label_indicator_is_no_binary_target():
    """Fails if two columns are taken for two classes."""
    _, coder = coded([[0, 1], [1, 1]])
    assert coder.n_outputs == 2 and coder.multilabel


def test_column_vector_warns_as_scikit_learn_does():
    """Fails if y of shape (n, 1) raises, is an indicator, or goes through in silence."""
    for y in (np.array([[1], [2]]), [["a"], ["b"]], pd.DataFrame({"y": [1, 2]})):
        with pytest.warns(DataConversionWarning, match="column-vector"):
            checked, coder = coded(y)
        assert checked.shape == (2,) and coder.n_outputs == 1


def test_probabilities_keep_their_digits():
    """Fails if 1 - p is computed in float32, or by subtraction: both give 0 at logit 40."""
    _, binary = coded([0, 1])
    logits = np.array([[-40.0], [0.0], [40.0]], dtype=np.float32)
    tiny = np.exp(-40.0)
    np.testing.assert_allclose(
        binary.probabilities(logits), [[1, tiny], [0.5, 0.5], [tiny, 1]], rtol=1e-12
    )
    _, several = coded([0, 1, 2])
    probabilities = several.probabilities(np.array([[40.0, 0.0, 0.0], [1e4, -1e4, 0]], np.float32))
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities[0], [1, tiny, tiny], rtol=1e-12)
    np.testing.assert_array_equal(probabilities[1], [1, 0, 0])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_classes_to_come():
    """Fails if the classes of a first batch are taken for all, or their order matters."""
    checked, coder = coded(["b", "b"], classes=["c", "b", "a", "b"])
    assert coder.classes.tolist() == ["a", "b", "c"]
    assert coder.encode(checked).tolist() == [1, 1]


BAD = {
    "None": (None, None, "requires y to be passed, but the target y is None"),
    "continuous": ([0.1, 0.2, 0.3], None, "Unknown label type: continuous"),
    "NaN": ([1.0, np.nan], None, "Input y contains NaN"),
    "inf": ([1.0, np.inf], None, "Input y contains infinity"),
    "NaN among str": (np.array(["a", np.nan], dtype=object), None, "NaN or None: nan in row 1"),
    "None among str": (["a", "b", None], None, "NaN or None: None in row 2"),
    "None first": ([None, "b"], None, "NaN or None: None in row 0"),
    "pandas NA": (pd.Series(["a", None], dtype="string"), None, "contains NaN or None.*row 1"),
    "pandas Int64 NA": (pd.Series([1, None], dtype="Int64"), None, "Input y contains NaN"),
    "polars null": (pl.Series(["a", None]), None, "contains NaN or None: None in row 1"),
    "mixed list": (["a", 1], None, "mixes labels of type int and str"),
    "mixed array": (np.array(["a", 1], dtype=object), None, "mixes labels of type int and str"),
    "empty": ([], None, "y has no labels"),
    "scalar": (3, None, r"1d array, got an array of shape \(\)"),
    "label lists": ([["a", "b"], ["c"]], None, "rows of y have different lengths.*MultiLabelBin"),
    "other indicator": ([[-1, 1], [1, -1]], None, r"values \[-1, 1\].*zeros and ones"),
    "multioutput": ([["a", "b"], ["a", "c"]], None, r"\(2, 2\) and is multiclass-multioutput"),
    "3-D": (np.zeros((2, 2, 2)), None, "dim 3"),
    "one class": (["a", "a"], None, "one class only: 'a'"),
    "one class int": ([7, 7], None, "one class only: 7.*stratification"),
    "unknown label": ([1, 2, 4], [1, 2, 3], r"not among the classes: 4 in row 2; .*\[1, 2, 3\]"),
}  # fmt: skip


@pytest.mark.parametrize(("y", "classes", "message"), BAD.values(), ids=BAD)
def test_bad_targets(y, classes, message):
    """Fails if a bad target passes, or its error does not say what came and what to do."""
    with pytest.raises(ValueError, match=message):
        coded(y, classes)


def test_other_targets_than_at_fit():
    """Fails if going on takes unknown labels or another number of labels."""
    _, coder = coded(["a", "b"])
    with pytest.raises(ValueError, match="not among the classes: 'c' in row 1"):
        coder.check(np.array(["a", "c"]))
    with pytest.raises(ValueError, match="y has 3 columns, but the estimator was fitted on 1"):
        coder.check(INDICATOR)
    _, coder = coded(INDICATOR)
    with pytest.raises(ValueError, match="y has 2 columns, but the estimator was fitted on 3"):
        coder.check(INDICATOR[:, :2])
    with pytest.raises(ValueError, match="y has 1 columns, but the estimator was fitted on 3"):
        coder.check(np.array([0, 1]))


def test_hold_out():
    """Fails if the parts overlap, miss rows, ignore classes, or do not follow the seed."""
    y = np.repeat(["a", "b"], [90, 10])
    rows = np.arange(0, 100)
    training, validation = hold_out(rows, y, fraction=0.2, seed=0)
    np.testing.assert_array_equal(np.sort(np.r_[training, validation]), rows)
    assert (y[validation] == "b").sum() == 2 and len(validation) == 20
    assert (np.diff(training) > 0).all() and (np.diff(validation) > 0).all()
    again = hold_out(rows, y, fraction=0.2, seed=0)
    other = hold_out(rows, y, fraction=0.2, seed=1)
    np.testing.assert_array_equal(validation, again[1])
    assert not np.array_equal(validation, other[1])
    # Only the rows that are given, here those of nonzero weight.
    some = np.arange(50, 100)
    training, validation = hold_out(some, y, fraction=0.5, seed=0)
    np.testing.assert_array_equal(np.sort(np.r_[training, validation]), some)
    indicator = np.tile(INDICATOR, (10, 1))
    training, validation = hold_out(np.arange(len(indicator)), indicator, fraction=0.4, seed=0)
    assert len(validation) == 0.4 * len(indicator)


def test_hold_out_keeps_a_classes_only_row_for_training():
    """Fails if one rare class, as real label sets have, is an error, or is never trained on."""
    y = np.repeat(["a", "b", "c"], [60, 39, 1])
    training, validation = hold_out(np.arange(100), y, fraction=0.1, seed=0)
    assert 99 in training and len(validation) == 10
    assert set(y[validation]) == {"a", "b"}


@pytest.mark.parametrize(
    ("counts", "fraction"), [([50, 40], 0.1), ([2] * 30, 0.2), ([2] * 30, 0.9)]
)
def test_hold_out_of_too_few(counts, fraction):
    """Fails if few validation rows are thought enough, or a class is left without any."""
    y = np.repeat(np.arange(len(counts)), counts)
    training, validation = hold_out(np.arange(len(y)), y, fraction=fraction, seed=0)
    assert len(validation) == 0
    np.testing.assert_array_equal(training, np.arange(len(y)))
