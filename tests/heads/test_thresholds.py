"""Thresholds of labels, learned and given."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import f1_score

from skrnn import RNNClassifier
from skrnn.heads.labels import LabelsHead
from skrnn.heads.thresholds import MIN_POSITIVES, best_thresholds, check_thresholds

rng = np.random.default_rng(0)
N = 300
SHARES = np.array([0.5, 0.1, 0.04])
Y = rng.random((N, 3)) < SHARES
PROBABILITIES = np.clip(SHARES / 2 + 0.15 * Y + rng.normal(0, 0.08, (N, 3)), 0, 1)


class Estimator:
    """Is named in errors."""

    thresholds = None


def scores(y, probabilities, thresholds):
    found = probabilities > thresholds
    return f1_score(y, found, average=None, zero_division=0)


@pytest.mark.slow
def test_no_threshold_is_better():
    """Against brute force. Fails if the F1 score of a label could be higher."""
    assert (Y.sum(axis=0) >= MIN_POSITIVES).all()
    found = best_thresholds(Y, PROBABILITIES)
    assert ((found >= 0) & (found <= 1)).all()
    tried = np.array([scores(Y, PROBABILITIES, t) for t in [0, 0.5, *PROBABILITIES[:99].ravel()]])
    tried = np.array([*tried, scores(Y, PROBABILITIES, found)])
    np.testing.assert_allclose(tried[-1], tried.max(axis=0))
    assert (tried.max(axis=0) > tried[1] + 0.1)[1:].all()  # there is something to learn


def test_equal_probabilities_stay_together():
    """Against brute force, on few values. Fails if a cut is between rows of equal probability."""
    for seed in range(20):
        random = np.random.default_rng(seed)
        y = random.random((40, 1)) < 0.4
        probabilities = random.integers(0, 4, (40, 1)) / 4
        y, probabilities = y.repeat(2, axis=1), probabilities.repeat(2, axis=1)
        tried = [scores(y, probabilities, t) for t in [0, 0.25, 0.5, 0.75]]
        found = scores(y, probabilities, best_thresholds(y, probabilities))
        assert found.tolist() == np.max(tried, axis=0).tolist()


def test_half_stays_where_nothing_is_better():
    """Fails if a threshold moves without a reason."""
    y = np.arange(20)[:, np.newaxis] < 10
    assert best_thresholds(y, np.where(y, 0.6, 0.1)).tolist() == [0.5]
    for same in (np.zeros((20, 1), bool), np.ones((20, 1), bool)):
        assert best_thresholds(same, rng.random((20, 1))).tolist() == [0.5]


def test_labels_with_few_rows_share_a_threshold():
    """Fails if a threshold is learned from a single row, and predicts the label everywhere."""
    y = np.zeros((100, 3), bool)
    y[0, 0] = y[:2, 1] = y[:30, 2] = True
    probabilities = np.where(y, 0.3, 0.1)
    probabilities[0, 0] = 0.05  # the only row of this label is the least probable one
    first, second, third = best_thresholds(y, probabilities)
    assert first == second and 0.1 < first < 0.3 and 0.1 < third < 0.3
    assert (probabilities[:, 0] > first).sum() == 0


@pytest.mark.parametrize(
    "given", [[0.2, 0.5, 1], (0.2, 0.5, 1.0), np.array([0.2, 0.5, 1]), np.float32([0.2, 0.5, 1])]
)
def test_given_thresholds_decide(given):
    """Fails if a threshold is applied to another label, or a probability equal to it is above."""
    one = Estimator()
    one.thresholds = given
    head = LabelsHead(3).with_options(one)
    raw = np.array([[-1.0, 0.0, 30.0], [-2.0, 1.0, -1.0]], np.float32)
    expected = head.probabilities(raw) > np.asarray(given)
    assert head.predict(raw).tolist() == expected.astype(int).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert head.used_thresholds.tolist() == np.asarray(given, float).tolist()
    assert not head.needs_held_out


def test_one_for_all_labels():
    assert check_thresholds(0.25, np.arange(3), Estimator()).tolist() == [0.25] * 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([0.5, 0.5], r"shape \(2,\)"),
        ([[0.5, 0.5, 0.5]], r"shape \(1, 3\)"),
        ([0.5, 1.5, 0.5], "Got 1.5 for the label 1"),
        ([0.5, 0.5, np.nan], "Got nan for the label 2"),
        (["a", "b", "c"], "Got \\['a'"),
        ([None, 0.5, 0.5], "Got \\[None"),
        ([[0.5], 0.5, 0.5], "Got \\[\\[0.5"),
        (True, "Got True"),
    ],
)
def test_bad_thresholds(given, message):
    """Fails if they are used by broadcasting, or raise only in `predict`."""
    with pytest.raises(
        ValueError, match=f"'thresholds' parameter.*each of the 3 labels.*{message}"
    ):
        check_thresholds(given, np.arange(3), Estimator())


def test_learned_by_the_head():
    """Fails if the head that learns is changed itself, or the thresholds are not used."""
    one = Estimator()
    one.thresholds = "auto"
    head = LabelsHead(3).with_options(one)
    assert head.needs_held_out and head.used_thresholds.tolist() == [0.5] * 3
    raw = np.log(PROBABILITIES / (1 - PROBABILITIES) + 1e-9).astype(np.float32)
    learned = head.with_decision(raw, Y.astype(np.float32))
    assert head.thresholds == "auto" and not learned.needs_held_out
    better = f1_score(Y, learned.predict(raw), average="macro")
    assert better > f1_score(Y, head.predict(raw), average="macro") + 0.1
    # Learned anew when training goes on.
    assert learned.with_options(one).needs_held_out


def test_none_is_half_for_any_logit():
    """Fails if a rule of its own decides rows on the edge."""
    raw = np.float32(list(itertools.product([-1e-3, 0, 1e-3], repeat=2)))
    plain = LabelsHead(2)
    one = Estimator()
    one.thresholds = 0.5
    assert plain.predict(raw).tolist() == plain.with_options(one).predict(raw).tolist()


def test_masked_thresholds():
    """Fails if the values below a mask are read."""
    masked = np.ma.array([0.5, 0.5], mask=[False, True])
    with pytest.raises(ValueError, match="Got masked values"):
        check_thresholds(masked, np.array(["a", "b"]), RNNClassifier())
