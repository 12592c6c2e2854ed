"""Explanations of the tag of one step."""

import numpy as np
import pytest

from skrnn import RNNClassifier, RNNTagger, explain
from tests.repeats import some

SMALL = {"units": 8, "embedding_dim": 8, "epochs": 20, "learning_rate": 0.02, "random_state": 0}


def rows_where_the_word_before_decides(n=80, seed=0):
    rng = np.random.default_rng(seed)
    X = [rng.choice(["a", "b", "x", "y"], 5).tolist() for _ in range(n)]
    y = [["1" if i and row[i - 1] == "a" else "0" for i in range(5)] for row in X]
    return X, y


@pytest.fixture(scope="module")
def tagger():
    X, y = rows_where_the_word_before_decides()
    return RNNTagger(**SMALL, output="softmax").fit(X, y)


def test_the_word_that_decides_has_the_largest_share(tagger):
    """Fails if steps are shifted, or occlusion leaves the spelling: the word before decides."""
    row = ["x", "y", "a", "b", "x"]
    (found,) = explain(tagger, [row], step=3)
    assert (found.target, found.prediction, found.method) == ("1", "1", "occlusion")
    assert found.tokens == row and found.values.argmax() == 2
    assert found.score > found.baseline_score
    assert found.probability == pytest.approx(tagger.predict_proba([row])[0][3, 1])
    (against,) = explain(tagger, [row], step=-2, target="0")
    np.testing.assert_allclose(against.values, -found.values, rtol=1e-6)
    assert all(f">{word}<" in found.to_html() for word in set(row))


@pytest.mark.parametrize("kind", some(["columns", "ids", "numbers"], "numbers"))
def test_every_kind_of_input_is_occluded(kind):
    """Fails if a column still tells the tag, or a missing number is an error."""
    rng = np.random.default_rng(0)
    values = [rng.integers(0, 2, size=4) for _ in range(60)]
    y = [[int(v) for v in row] for row in values]
    X = {
        "columns": [[("w", str(v)) for v in row] for row in values],
        "ids": [[int(v) + 2 for v in row] for row in values],
        "numbers": [np.stack([2.0 * row - 1, 0 * row], axis=1) for row in values],
    }[kind]
    tagger = RNNTagger(**SMALL, input="auto" if kind != "ids" else "tokens").fit(X, y)
    (found,) = explain(tagger, X[:1], step=1)
    shares = found.values if found.values.ndim == 1 else found.values.sum(axis=1)
    assert np.abs(shares).argmax() == 1 and len(shares) == 4


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, "step=None must be the number of a step"),
        ({"step": True}, "step=True"),
        ({"step": 9}, "step=9 is none of the 2 steps of row 1"),
        ({"step": 0, "target": "Q"}, "'Q' is not a class"),
        ({"step": 0, "method": "integrated_gradients"}, "Use 'occlusion'"),
    ],
)
def test_bad_input(tagger, changes, wanted):
    """Fails if a step that is not there, or no step, explains something."""
    rows = [["a"] * 10, ["a", "b"]]
    with pytest.raises(ValueError, match=wanted):
        explain(tagger, rows, **changes)


def test_a_step_is_for_taggers():
    """Fails if step= is ignored for a classifier."""
    clf = RNNClassifier(cell="rnn", units=2, epochs=1, input="tokens")
    clf.fit([[2], [3]] * 5, [0, 1] * 5)
    with pytest.raises(ValueError, match="step=0 is for taggers"):
        explain(clf, [[2]], step=0)
