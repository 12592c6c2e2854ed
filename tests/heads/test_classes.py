"""The head of classes: labels of any type to what a network is trained on, and back.

Nothing here loads TensorFlow but the tests of the losses.
"""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skrnn.heads.classes import ClassesHead
from skrnn.heads.registry import head_of_layout
from skrnn.heads.targets import check_targets


class Estimator:
    """Is named in errors, and weighs classes."""

    class_weight = None


def coded(y, classes=None):
    y = check_targets(y, Estimator())
    return y, ClassesHead.fit(y, Estimator(), classes=classes)


# Splits by the labels that it is given, not by those that it knows.
HEAD = ClassesHead(np.array(["a", "b"]))
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
    checked, head = coded(y)
    assert head.classes.tolist() == classes
    assert type(head.classes.tolist()[0]) is type(classes[0])
    targets = head.encode(checked)
    if len(classes) == 2:
        assert head.n_outputs == 1
        assert targets.dtype == np.float32 and targets.shape == (4, 1)
        logits = targets * 4 - 2
    else:
        assert head.n_outputs == 3
        assert targets.dtype == np.int32 and targets.shape == (4,)
        logits = 3.0 * np.eye(3)[targets] - 1
    assert head.predict(logits.astype(np.float32)).tolist() == np.asarray(y).tolist()
    # The columns of the probabilities are the classes in order.
    winners = head.probabilities(logits).argmax(axis=1)
    assert head.classes[winners].tolist() == np.asarray(y).tolist()


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
    checked, head = coded(["b", "b"], classes=["c", "b", "a", "b"])
    assert head.classes.tolist() == ["a", "b", "c"]
    assert head.encode(checked).tolist() == [1, 1]


def test_hold_out():
    """Fails if the parts overlap, miss rows, ignore classes, or do not follow the seed."""
    y = np.repeat(["a", "b"], [90, 10])
    rows = np.arange(0, 100)
    training, validation = HEAD.hold_out(rows, y, fraction=0.2, seed=0)
    np.testing.assert_array_equal(np.sort(np.r_[training, validation]), rows)
    assert (y[validation] == "b").sum() == 2 and len(validation) == 20
    assert (np.diff(training) > 0).all() and (np.diff(validation) > 0).all()
    again = HEAD.hold_out(rows, y, fraction=0.2, seed=0)
    other = HEAD.hold_out(rows, y, fraction=0.2, seed=1)
    np.testing.assert_array_equal(validation, again[1])
    assert not np.array_equal(validation, other[1])
    # Only the rows that are given, here those of nonzero weight.
    some = np.arange(50, 100)
    training, validation = HEAD.hold_out(some, y, fraction=0.5, seed=0)
    np.testing.assert_array_equal(np.sort(np.r_[training, validation]), some)


def test_hold_out_keeps_a_classes_only_row_for_training():
    """Fails if one rare class, as real label sets have, is an error, or is never trained on."""
    y = np.repeat(["a", "b", "c"], [60, 39, 1])
    training, validation = HEAD.hold_out(np.arange(100), y, fraction=0.1, seed=0)
    assert 99 in training and len(validation) == 10
    assert set(y[validation]) == {"a", "b"}


@pytest.mark.parametrize(
    ("counts", "fraction"), [([50, 40], 0.1), ([2] * 30, 0.2), ([2] * 30, 0.9)]
)
def test_hold_out_of_too_few(counts, fraction):
    """Fails if few validation rows are thought enough, or a class is left without any."""
    y = np.repeat(np.arange(len(counts)), counts)
    training, validation = HEAD.hold_out(np.arange(len(y)), y, fraction=fraction, seed=0)
    assert len(validation) == 0
    np.testing.assert_array_equal(training, np.arange(len(y)))


def test_other_targets_than_at_fit():
    """Fails if going on takes unknown labels, or an indicator."""
    _, head = coded(["a", "b"])
    head.check(np.array(["b", "b"]), Estimator())
    with pytest.raises(ValueError, match="not among the classes: 'c' in row 1"):
        head.check(np.array(["a", "c"]), Estimator())
    with pytest.raises(ValueError, match="y has 3 columns, but the estimator was fitted on 1"):
        head.check(np.eye(3, dtype=int), Estimator())


def test_weights_of_classes():
    """Fails if a dict weighs by the rows at hand, "balanced" by all, or one of them is left out."""
    y, head = coded(["a", "b", "b", "c"])
    one, some = Estimator(), np.array([1.0, 2.0, 1.0, 0.0])
    assert head.weights(y, some, one).tolist() == some.tolist()
    one.class_weight = {"b": 3.0}
    assert head.weights(y, some, one).tolist() == [1, 6, 3, 0]
    assert head.weights(y[:1], some[:1], one).tolist() == [1]
    one.class_weight = "balanced"
    np.testing.assert_allclose(head.weights(y, np.ones(4), one), [4 / 3, 2 / 3, 2 / 3, 4 / 3])


def test_ngram_targets():
    """Fails if the linear model of a class learns another one, or the folds know no classes."""
    y, head = coded(["a", "c", "b", "c"])
    targets, strata = head.ngram_targets(head.encode(y))
    assert targets.dtype == bool and targets.argmax(axis=1).tolist() == [0, 2, 1, 2]
    assert strata.tolist() == [0, 2, 1, 2]
    y, head = coded(["no", "yes", "yes"])
    targets, strata = head.ngram_targets(head.encode(y))
    assert targets.tolist() == [[False], [True], [True]] and strata.tolist() == [0, 1, 1]


@pytest.mark.parametrize("n_classes", [2, 4])
def test_layout_makes_the_same_network(n_classes):
    """Fails if a layout loses the number of outputs, or an odd one out of a file passes."""
    _, head = coded(np.arange(n_classes))
    layout = head.layout()
    again = head_of_layout(layout)
    assert type(again) is ClassesHead and again.classes is None and again.layout() == layout
    assert again.variables(5) == head.variables(5)
    assert [one.shape for one in again.variables(5)] == [(5, again.n_outputs), (again.n_outputs,)]


@pytest.mark.parametrize(
    "change",
    [
        {"n_outputs": 0},
        {"n_outputs": True},
        {"n_outputs": 2.0},
        {"n_outputs": "1"},
        {"more": 1},
        {"kind": "values of nothing"},
        {"kind": ["classes"]},
        {"kind": None},
    ],
    ids=str,
)
def test_hostile_layouts(change):
    """Fails if a layout out of a file makes a head that no estimator makes."""
    with pytest.raises(ValueError, match="layout|unknown"):
        head_of_layout({"kind": "classes", "n_outputs": 1, **change})
    with pytest.raises(ValueError, match="layout of a head|layout must be an object"):
        head_of_layout([("kind", "classes"), ("n_outputs", 1)])


def test_direction():
    """Fails if what is explained is the logit of another class."""
    _, binary = coded(["a", "b"])
    for raw, target, sign, number in ((2, None, 1, 1), (-2, None, -1, 0), (2, 0, -1, 0)):
        direction, chosen = binary.direction(np.array([[raw]]), target)
        assert (direction.tolist(), chosen) == ([sign], number)
    _, several = coded(["a", "b", "c"])
    raw = np.array([[0.0, 3.0, 1.0]])
    assert several.direction(raw, None)[1] == 1
    direction, chosen = several.direction(raw, 2)
    assert (direction.tolist(), chosen) == ([0, 0, 1], 2)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_losses_are_those_of_their_definition(n_classes):
    """Against NumPy. Fails if a row's loss, divergence or entropy is another's, or of logits."""
    rng = np.random.default_rng(0)
    y, head = coded(rng.permutation(np.arange(9) % n_classes))
    raw, others = rng.normal(0, 2, (2, 9, head.n_outputs)).astype(np.float32)
    p, q = head.probabilities(raw), head.probabilities(others)
    targets = head.encode(y)
    losses = -np.log(p[np.arange(9), y])
    np.testing.assert_allclose(head.row_losses(targets, raw), losses, rtol=1e-5)
    divergence = (p * np.log(p / q)).sum(axis=1)
    np.testing.assert_allclose(head.divergence(raw, others), divergence, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(head.entropy(raw), -(p * np.log(p)).sum(axis=1), rtol=1e-4)
