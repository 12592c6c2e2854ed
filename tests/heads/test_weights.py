"""`class_weight` as weights of classes and of labels."""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from skrnn.heads.weights import class_weights, label_weights


class Estimator:
    """Is named in errors."""


CLASSES = np.array(["a", "b", "c"])
Y = np.array(["a", "b", "b", "c", "c", "c"])
INDICATOR = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 0], [0, 0, 1]])
NAMES = np.array(["x", "y", "z"], dtype=object)


def test_classes():
    """Fails if weights go to another class, or balanced ones are not scikit-learn's."""
    found = class_weights(
        {"c": 3, "a": Fraction(1, 2), "b": np.float32(2)}, CLASSES, Y, Estimator()
    )
    assert found.tolist() == [0.5, 2, 3]
    found = class_weights("balanced", CLASSES, Y, Estimator())
    expected = compute_sample_weight("balanced", Y)
    np.testing.assert_array_equal(found[np.searchsorted(CLASSES, Y)], expected)
    # When training goes on, rows may lack a class.
    found = class_weights("balanced", CLASSES, Y[1:], Estimator())
    assert (
        found[1:].tolist()
        == compute_class_weight("balanced", classes=CLASSES[1:], y=Y[1:]).tolist()
    )


def test_balanced_labels_are_scikit_learns_for_each_column():
    """Fails if a label's weight depends on the other labels of the row."""
    found = label_weights("balanced", NAMES, INDICATOR, Estimator())
    for k in range(3):
        expected = compute_class_weight("balanced", classes=np.arange(2), y=INDICATOR[:, k])
        np.testing.assert_allclose(found[k], expected)
    # A label that no row has, or every row.
    same = np.array([[0, 1], [0, 1]])
    assert label_weights("balanced", NAMES[:2], same, Estimator())[[0, 1], [0, 1]].tolist() == [
        1,
        1,
    ]


@pytest.mark.parametrize(
    "given",
    [
        [{0: 1, 1: 5}, {1: 2}, {0: 3}],
        ({0: 1, 1: 5.0}, {1: 2}, {0: np.int64(3)}),
        {"z": {0: 3}, "x": {False: 1, True: 5}, "y": {1: 2}},
    ],
    ids=["list", "tuple", "by label"],
)
def test_labels(given):
    """Fails if a weight goes to another label or value."""
    found = label_weights(given, NAMES, INDICATOR, Estimator())
    assert found.tolist() == [[1, 5], [1, 2], [3, 1]]


def test_one_number_weighs_both_values():
    found = label_weights({"x": 2, "y": {1: 3}, "z": 0}, NAMES, INDICATOR, Estimator())
    assert found.tolist() == [[2, 2], [1, 3], [0, 0]]
    assert label_weights([2, 3, 4], np.arange(3), INDICATOR, Estimator())[:, 1].tolist() == [
        2,
        3,
        4,
    ]


NO_WEIGHTS = [-1, -1e-300, np.nan, np.inf, 10**400, "2", None, 1j, [1]]


@pytest.mark.parametrize("weight", NO_WEIGHTS, ids=repr)
def test_what_is_no_weight(weight):
    """Fails if a negative weight is trained on, or the error is about something else."""
    message = "class_weight of .*finite number of at least 0. Got"
    with pytest.raises(ValueError, match=message):
        class_weights({"a": 1, "b": weight, "c": 1}, CLASSES, Y, Estimator())
    for given in ([1, weight, 1], {"x": 1, "y": {0: weight}, "z": 1}):
        with pytest.raises(ValueError, match=message):
            label_weights(given, NAMES, INDICATOR, Estimator())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({0: 1, 1: 5}, "y has several labels for each row. Use 'balanced'.*'x', 'y', 'z'"),
        ({"x": 1, "y": 1}, "does not have the labels as its keys"),
        ([1, 2], "list of 2, but y has 3 labels"),
        ([{"x": 1}, 1, 1], "label 'x'.*the key 'x'. The keys are 0 and 1"),
        ([{2: 1}, 1, 1], "the key 2"),
    ],
)
def test_what_fits_no_label(given, message):
    """Fails if a weight has no effect in silence."""
    with pytest.raises(ValueError, match=message):
        label_weights(given, NAMES, INDICATOR, Estimator())


def test_labels_or_values():
    """Fails if the values 0 and 1 are taken for the numbers of two labels, or the reverse."""
    with pytest.raises(ValueError, match="may have the numbers of the labels as its keys, or the"):
        label_weights({0: 1, 1: 5}, np.arange(2), INDICATOR[:, :2], Estimator())
    both = label_weights({0: {1: 5}, 1: {1: 2}}, np.arange(2), INDICATOR[:, :2], Estimator())
    assert both.tolist() == [[1, 5], [1, 2]]


def test_a_list_is_not_for_classes():
    with pytest.raises(ValueError, match="is a list, which is for several labels"):
        class_weights([{0: 1}, {0: 1}], CLASSES, Y, Estimator())
