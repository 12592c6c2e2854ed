"""The head of labels: an indicator to what a network is trained on, and back."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from skrnn.exceptions import InvalidFileError
from skrnn.fileformat.nodes import Node, Reading
from skrnn.heads.labels import LabelsHead
from skrnn.heads.registry import head_of_layout
from skrnn.heads.targets import check_targets


class Estimator:
    """Is named in errors, and weighs labels."""

    class_weight = None


def coded(y):
    y = check_targets(y, Estimator())
    return y, LabelsHead.fit(y, Estimator())


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
    checked, head = coded(y)
    assert checked.ndim == 2 and head.n_outputs == 3
    assert head.classes.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(checked, INDICATOR)
    assert head.encode(checked).dtype == np.float32
    logits = np.where(INDICATOR, 3, -3).astype(np.float32)
    np.testing.assert_array_equal(head.predict(logits), INDICATOR)
    np.testing.assert_allclose(head.probabilities(logits), 1 / (1 + np.exp(-3.0 * (logits / 3))))


def test_two_label_indicator_is_no_binary_target():
    """Fails if two columns are taken for two classes."""
    y, head = coded([[0, 1], [1, 1]])
    assert head.n_outputs == 2 and head.encode(y).tolist() == [[0, 1], [1, 1]]


def test_other_targets_than_at_fit():
    """Fails if going on takes another number of labels."""
    _, head = coded(INDICATOR)
    head.check(INDICATOR[:1], Estimator())
    head.check_names(INDICATOR[:1], Estimator())
    with pytest.raises(ValueError, match="y has 2 columns, but the estimator was fitted on 3"):
        head.check(INDICATOR[:, :2], Estimator())
    with pytest.raises(ValueError, match="y has 1 columns, but the estimator was fitted on 3"):
        head.check(np.array([0, 1]), Estimator())


def test_hold_out():
    """Fails if a split looks at the labels: each combination may be there once."""
    indicator = np.tile(INDICATOR, (10, 1))
    head, rows = LabelsHead(3), np.arange(len(indicator))
    training, validation = head.hold_out(rows, indicator, fraction=0.4, seed=0)
    assert len(validation) == 0.4 * len(indicator)
    np.testing.assert_array_equal(np.sort(np.r_[training, validation]), rows)
    assert (np.diff(training) > 0).all() and (np.diff(validation) > 0).all()
    # Too few to hold out.
    training, validation = head.hold_out(rows, indicator, fraction=0.1, seed=0)
    assert len(validation) == 0 and len(training) == len(rows)


def test_weights():
    """Fails if the weight of a label is given to other labels, or multiplied with theirs."""
    y, head = coded(INDICATOR)
    one = Estimator()
    assert head.weights(y, np.ones(3), one).tolist() == [1, 1, 1]
    one.class_weight = {0: 2.0}
    with pytest.raises(ValueError, match="y has several labels for each row. Use 'balanced'"):
        head.weights(y, np.ones(3), one)
    rows = np.array([1.0, 2.0, 4.0])
    # Each label is in one row of three: 3 / (2 * 1) if there, 3 / (2 * 2) if not.
    one.class_weight = "balanced"
    expected = np.where(INDICATOR, 1.5, 0.75) * rows[:, np.newaxis]
    np.testing.assert_allclose(head.weights(y, rows, one), expected)
    one.class_weight = [{1: 3}, {0: 2}, 5]
    expected = np.stack([[1, 3, 1], [1, 2, 2], [5, 5, 5]], axis=1) * rows[:, np.newaxis]
    np.testing.assert_allclose(head.weights(y, rows, one), expected)


def test_ngram_targets():
    """Fails if a label's linear model learns another one, or folds look for classes."""
    y, head = coded(INDICATOR)
    targets, strata = head.ngram_targets(head.encode(y))
    assert targets.tolist() == INDICATOR.astype(bool).tolist() and strata is None


def test_layout_makes_the_same_network():
    """Fails if a layout loses the labels, or one label, which no indicator has, passes."""
    _, head = coded(INDICATOR)
    again = head_of_layout(head.layout())
    assert type(again) is LabelsHead and again.variables(5) == head.variables(5)
    assert again.classes.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="two outputs or more"):
        head_of_layout({"kind": "labels", "n_outputs": 1})


def test_direction():
    """Fails if what is explained is the log-odds of another label."""
    _, head = coded(INDICATOR)
    raw = np.array([[-5.0, 3.0, 1.0]])
    for target, number in ((None, 1), (0, 0)):
        direction, chosen = head.direction(raw, target)
        assert chosen == number and direction.tolist() == np.eye(3)[number].tolist()


def test_losses_are_those_of_their_definition():
    """Against NumPy. Fails if the labels of a row are not independent, or their mean is a sum."""
    rng = np.random.default_rng(0)
    y, head = coded(rng.integers(0, 2, (9, 3)))
    raw, others = rng.normal(0, 2, (2, 9, 3)).astype(np.float32)
    p, q = head.probabilities(raw), head.probabilities(others)
    losses = -np.log(np.where(y, p, 1 - p)).mean(axis=1)
    np.testing.assert_allclose(head.row_losses(head.encode(y), raw), losses, rtol=1e-5)
    divergence = (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).mean(axis=1)
    np.testing.assert_allclose(head.divergence(raw, others), divergence, rtol=1e-4, atol=1e-6)
    entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p)).mean(axis=1)
    np.testing.assert_allclose(head.entropy(raw), entropy, rtol=1e-4)


def test_losses_of_labels_with_weights():
    """Against NumPy. Fails if the loss of a label is the mean of its row."""
    rng = np.random.default_rng(0)
    y, head = coded(rng.integers(0, 2, (9, 3)))
    raw = rng.normal(0, 2, (9, 3)).astype(np.float32)
    p = head.probabilities(raw)
    losses = -np.log(np.where(y, p, 1 - p))
    weighing = head.weighing_outputs()
    np.testing.assert_allclose(weighing.row_losses(head.encode(y), raw), losses, rtol=1e-5)
    found = weighing.loss().call(head.encode(y), p.astype(np.float32))
    np.testing.assert_allclose(found, losses, rtol=1e-3, atol=1e-6)
    weights = rng.uniform(0, 2, (9, 3)).astype(np.float32)
    found = weighing.loss()(head.encode(y), p.astype(np.float32), weights)
    np.testing.assert_allclose(found, (losses * weights).mean(), rtol=1e-3)
    assert head.loss() == "binary_crossentropy"


# --- Names --------------------------------------------------------------------------------

NAMES = ["toxic", "threat", "obscene"]
FRAMES = {
    "pandas": lambda names: pd.DataFrame(INDICATOR, columns=names),
    "pandas bool": lambda names: pd.DataFrame(INDICATOR.astype(bool), columns=names),
    "pandas sparse": lambda names: pd.DataFrame.sparse.from_spmatrix(
        sp.csr_matrix(INDICATOR), columns=names
    ),
    "polars": lambda names: pl.DataFrame(INDICATOR, schema=names),
    "pyarrow": lambda names: pa.table(dict(zip(names, INDICATOR.T.tolist(), strict=True))),
}


def named(y, classes=None):
    checked = check_targets(y, Estimator())
    head = LabelsHead.fit(checked, Estimator(), classes=classes)
    head.learn_names(y, Estimator())
    return checked, head


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_columns_are_labels(frame):
    """Fails if the names of a frame's columns are lost, or another order passes."""
    checked, head = named(frame(NAMES))
    assert head.classes.tolist() == NAMES
    np.testing.assert_array_equal(checked, INDICATOR)
    head.check_names(frame(NAMES), Estimator())
    head.check_names(INDICATOR, Estimator())  # without names
    with pytest.raises(ValueError, match=r"in this order: select them with y\[list\(classes_\)\]"):
        head.check_names(frame(NAMES[::-1]), Estimator())
    with pytest.raises(ValueError, match="columns of y are .*'other'.* has the labels .*'threat'"):
        head.check_names(frame([*NAMES[:2], "other"]), Estimator())


@pytest.mark.parametrize(
    ("columns", "classes"),
    [
        ([3, 7, 12], [3, 7, 12]),
        ([0, 1, 2], [0, 1, 2]),
        (np.array(["a", "b", "c"]), ["a", "b", "c"]),
        ([("a", 1), ("a", 2), ("b", 1)], ["('a', 1)", "('a', 2)", "('b', 1)"]),
        (["a", 1, 2], ["a", "1", "2"]),
        ([True, False, 2], ["True", "False", "2"]),
    ],
    ids=["int", "numbers", "array", "tuples", "mixed", "bool"],
)
def test_which_names_are_labels(columns, classes):
    """Fails if names are lost, so that their order is not compared, or cannot be stored."""
    frame = pd.DataFrame(INDICATOR)
    frame.columns = columns
    assert named(frame)[1].classes.tolist() == classes


def test_a_name_that_occurs_twice():
    with pytest.raises(ValueError, match="columns of y .*name two labels 'a'"):
        named(pd.DataFrame(INDICATOR, columns=["a", "b", "a"]))


def test_names_from_classes():
    """Fails if `classes` of a first call has no effect, or is sorted unlike the columns."""
    _, head = named(INDICATOR, classes=NAMES)
    assert head.classes.tolist() == NAMES
    assert head.has_classes(NAMES) and not head.has_classes(sorted(NAMES))
    assert named(FRAMES["polars"](NAMES), classes=np.array(NAMES))[1].classes.tolist() == NAMES
    with pytest.raises(ValueError, match="in this order"):
        named(FRAMES["pandas"](NAMES[::-1]), classes=NAMES)
    for odd in ([0, 1], [[0, 1]] * 3, ["a", "b", "a"], [0.5, 1, 2]):
        with pytest.raises(ValueError, match=r"classes=\["):
            named(INDICATOR, classes=odd)


def test_names_and_thresholds_in_files():
    """Fails if a file loses them, or what it holds is not checked."""
    _, head = named(FRAMES["pandas"](NAMES))
    head.thresholds = np.array([0.1, 0.5, 1.0])

    def again(**changes):
        state = json.loads(json.dumps(head.encode_state())) | changes
        node = Node(state, {}, Reading())
        found = LabelsHead.decode_state(node, head.layout())
        node.close()
        return found

    assert again().classes.tolist() == NAMES and again().classes.dtype == object
    assert again().thresholds.tolist() == [0.1, 0.5, 1.0]
    assert again(names=[3, 7, 12]).classes.tolist() == [3, 7, 12]
    for names in (NAMES[:2], ["a", "b", "a"], ["a", 1, 2], "abc", [1, 2, 2**70], [0.5, 1.5, 2.5]):
        with pytest.raises(InvalidFileError, match="name"):
            again(names=names)
    for thresholds in ([0.1, 0.5], [0.1, 0.5, 2], [0.1, 0.5, float("nan")], [0.1, 0.5, "a"], 0.5):
        with pytest.raises(InvalidFileError, match="thresholds"):
            again(thresholds=thresholds)
