"""Class labels and indicators as they come: what passes, and what the error of the rest says."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import DataConversionWarning

from skrnn.heads.classes import ClassesHead
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
