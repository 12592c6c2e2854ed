"""Class labels and indicators as they come: what passes, and what the error of the rest says."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning
from sklearn.preprocessing import LabelBinarizer, OneHotEncoder

from skrnn.heads.classes import ClassesHead
from skrnn.heads.labels import LabelsHead
from skrnn.heads.targets import check_targets


class Estimator:
    """Is named in errors."""


def test_column_vector_warns_as_scikit_learn_does():
    """Fails if y of shape (n, 1) raises, is an indicator, or goes through in silence."""
    for y in (np.array([[1], [2]]), [["a"], ["b"]], pd.DataFrame({"y": [1, 2]})):
        with pytest.warns(DataConversionWarning, match="column-vector"):
            checked = check_targets(y, Estimator())
        assert checked.shape == (2,)


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
    "label sets": ([["a", "b"], ["c", "d"]], None, "MultiLabelBinarizer"),
    "probabilities": ([[0.2, 0.8], [0.5, 0.5]], None, "look like probabilities.*np.argmax"),
    "float32 probabilities": (np.float32([[0.9, 0.1]] * 3), None, "look like probabilities"),
    "masked": (np.ma.array([1, 2, 3], mask=[0, 0, 1]), None, "masked values, the first in row 2"),
    "masked indicator": (np.ma.array([[1, 0], [1, 1]], mask=[[0, 0], [1, 0]]), None, "in row 1"),
    "masked in a list": ([1, np.ma.masked], None, "masked values, the first in row 1"),
    "3-D": (np.zeros((2, 2, 2)), None, "dim 3"),
    "one class": (["a", "a"], None, "one class only: 'a'"),
    "one class int": ([7, 7], None, "one class only: 7.*stratify"),
    "unknown label": ([1, 2, 4], [1, 2, 3], r"not among the classes: 4 in row 2; .*\[1, 2, 3\]"),
}  # fmt: skip


@pytest.mark.parametrize(("y", "classes", "message"), BAD.values(), ids=BAD)
def test_bad_targets(y, classes, message):
    """Fails if a bad target passes, or its error does not say what came and what to do."""
    with pytest.raises(ValueError, match=message):
        ClassesHead.fit(check_targets(y, Estimator()), Estimator(), classes=classes)


# --- One-hot ------------------------------------------------------------------------------

Y = np.array([0, 2, 1, 1, 0, 2])
ONE_HOT = np.eye(3)[Y]
CODES = {
    "float": ONE_HOT,
    "int": ONE_HOT.astype(int),
    "uint8": ONE_HOT.astype(np.uint8),
    "bool": ONE_HOT.astype(bool),
    "object": ONE_HOT.astype(object),
    "list": ONE_HOT.tolist(),
    "csr": sp.csr_array(ONE_HOT),
    "coo matrix": sp.coo_matrix(ONE_HOT),
    "get_dummies": pd.get_dummies(pd.Series(list("acbbac"))),
    "get_dummies of int": pd.get_dummies(pd.Series(Y), dtype=int),
    "get_dummies sparse": pd.get_dummies(pd.Series(Y), sparse=True),
    "polars": pl.Series("y", Y).to_dummies(),
    "LabelBinarizer": LabelBinarizer().fit_transform(Y),
    "OneHotEncoder": OneHotEncoder().fit_transform(Y[:, np.newaxis]),
    "two columns": np.eye(2)[Y % 2],
}


@pytest.mark.parametrize("y", CODES.values(), ids=CODES)
def test_one_hot(y):
    """Fails if a one-hot y is taken for several labels without a word, or is not trained on."""
    checked = check_targets(y, Estimator())
    with pytest.warns(UserWarning, match=r"exactly one 1.*np\.argmax\(y, axis=1\).*idxmax"):
        head = LabelsHead.fit(checked, Estimator())
    assert head.n_outputs == checked.shape[1]


def test_several_labels_are_not_one_hot():
    """Fails if a row with none or two labels warns, or a later y does, which may be few rows."""
    some = ONE_HOT.copy()
    some[0, 1] = 1
    none = ONE_HOT.copy()
    none[0] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for y in (some, none):
            LabelsHead.fit(check_targets(y, Estimator()), Estimator()).check(ONE_HOT, Estimator())


def test_one_hot_for_a_network_of_classes():
    """Fails if it is not told what to pass instead."""
    head = ClassesHead.fit(Y, Estimator())
    with pytest.raises(
        ValueError, match=r"y has 3 columns.*fitted on 1. Pass np.argmax\(y, axis=1"
    ):
        head.check(check_targets(ONE_HOT, Estimator()), Estimator())


@pytest.mark.parametrize("other", ["neg ", " neg", "neg\t", "neg\u00a0", "neg\n"])
@pytest.mark.parametrize("dtype", [object, str])
def test_labels_that_look_the_same(other, dtype):
    """Fails if two spellings of one label are two classes without a word."""
    y = np.array(["neg", "pos", other], dtype=dtype)
    with pytest.warns(UserWarning, match="'neg.* differ in white space only"):
        ClassesHead.fit(check_targets(y, Estimator()), Estimator())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ClassesHead.fit(check_targets(["neg", "Neg", "not neg"], Estimator()), Estimator())


@pytest.mark.parametrize(
    "other",
    ["n\u0435g", "ne\u0261", "n\u200beg", "\uff4eeg"],
)
def test_labels_of_other_alphabets(other):
    """Fails if a letter that looks like another makes a class without a word."""
    with pytest.warns(UserWarning, match=r"look the same") as found:
        ClassesHead.fit(check_targets(np.array(["neg", "pos", other]), Estimator()), Estimator())
    assert "'neg'" in str(found[0].message) and ascii(other) in str(found[0].message)


NUMBERS = {
    "integers": (np.arange(50), True),
    "unsigned": (np.arange(60, dtype=np.uint8), True),
    "whole floats": (np.arange(50.0), True),
    "fewer": (np.arange(49), False),
    "names": (np.arange(60).astype(str), False),
    "bool": (np.array([True, False]), False),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_quantity_as_classes(name):
    """Fails if many numbers are classes without a word, or names and few numbers warn."""
    labels, warns = NUMBERS[name]
    y = check_targets(np.repeat(labels, 3), Estimator())
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        ClassesHead.fit(y, Estimator())
    assert [("different numbers" in str(one.message)) for one in told] == [True] * warns
