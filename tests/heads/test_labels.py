"""The head of labels: an indicator to what a network is trained on, and back."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

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
    """Fails if a dict, which names classes, passes, or "balanced" weighs nothing."""
    y, head = coded(INDICATOR)
    one = Estimator()
    assert head.weights(y, np.ones(3), one).tolist() == [1, 1, 1]
    one.class_weight = {0: 2.0}
    with pytest.raises(ValueError, match="y has several labels for each row. Use 'balanced'"):
        head.weights(y, np.ones(3), one)
    one.class_weight = "balanced"
    # Each label is in one row of three: 3 / (2 * 1) if there, 3 / (2 * 2) if not, multiplied.
    np.testing.assert_allclose(head.weights(y, np.ones(3), one), [27 / 16, 27 / 32, 27 / 64])


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
