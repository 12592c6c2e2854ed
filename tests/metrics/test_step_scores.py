"""Accuracy of tokens and sequences, and the scorers in scikit-learn's tools."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score

import skrnn.metrics
from skrnn.exceptions import InvalidInputError
from skrnn.metrics import sequence_accuracy_score, span_f1_score, token_accuracy_score

TRUE = [["B-X", "I-X", "O"], [], ["O"], ["B-X", "O"]]
FOUND = [["B-X", "O", "O"], [], ["O"], ["new", "O"]]


def objects(rows):
    array = np.empty(len(rows), object)
    array[:] = [np.array(row) for row in rows]
    return array


def test_shares():
    """Fails if rows are averaged in place of steps, or an unknown label is an error."""
    assert token_accuracy_score(TRUE, FOUND) == pytest.approx(4 / 6)
    assert sequence_accuracy_score(TRUE, FOUND) == pytest.approx(2 / 4)
    assert token_accuracy_score([[1, 2], [3]], [[1, 9], [3]]) == pytest.approx(2 / 3)
    assert sequence_accuracy_score([[1, 2], [3]], [[1, 9], [3]]) == 0.5


def test_weights():
    """Fails if a step does not have the weight of its row."""
    weights = [3, 5, 0, 1]
    assert token_accuracy_score(TRUE, FOUND, sample_weight=weights) == pytest.approx(7 / 11)
    assert sequence_accuracy_score(TRUE, FOUND, sample_weight=weights) == pytest.approx(5 / 9)
    with pytest.raises(ValueError, match="sample_weight"):
        token_accuracy_score(TRUE, FOUND, sample_weight=[1])


@pytest.mark.parametrize("score", [token_accuracy_score, sequence_accuracy_score, span_f1_score])
@pytest.mark.parametrize("make", [objects, pd.Series, pl.Series, pa.array, tuple])
def test_containers(make, score):
    """Fails if a container of ragged rows gives another score than lists."""
    found = [row.copy() for row in FOUND]
    found[3][0] = "I-Y"
    assert score(make(TRUE), make(found)) == score(TRUE, found)
    assert score(make(TRUE), found) == score(TRUE, found)


def test_rectangles():
    """Fails if a 2-D array is read by columns."""
    true = np.array([[1, 2], [3, 4], [5, 6]])
    assert token_accuracy_score(true, true * [1, 0]) == 0.5
    assert sequence_accuracy_score(pd.DataFrame(true), true) == 1


@pytest.mark.parametrize("score", [token_accuracy_score, sequence_accuracy_score, span_f1_score])
def test_bad_input(score):
    """Fails if rows that do not belong together are compared, or an error names no place."""
    cases = {
        "Row 1 of y_pred has 1 labels, but row 1 of y_true has 2": (
            [["a"], ["b", "c"]],
            [["a"]] * 2,
        ),
        "y_pred has 1 rows, but y_true has 2": ([["a"], ["b"]], [["a"]]),
        "such as 'a', but y_pred has labels such as 1": ([["a"]], [[1]]),
        "such as 1, but y_pred has labels such as 'a'": ([[1]], [["a"]]),
        "Row 0 of y_pred is the str 'a'": ([["a"]], ["a"]),
        "y_true contains NaN or None: None in row 0, step 1": ([["a", None]], [["a", "b"]]),
    }
    for message, (true, predicted) in cases.items():
        with pytest.raises(InvalidInputError, match=message):
            score(true, predicted)


def test_nothing_to_count():
    """Fails if no steps at all are an error, or a silent number."""
    with pytest.warns(UndefinedMetricWarning, match="has a step; it is NaN"):
        assert np.isnan(token_accuracy_score([[], []], [[], []]))
    with pytest.warns(UndefinedMetricWarning, match="has a step; it is NaN"):
        assert np.isnan(token_accuracy_score([[], [1]], [[], [1]], sample_weight=[1, 0]))
    assert sequence_accuracy_score([[], []], [[], []]) == 1


class Constant(BaseEstimator):
    """Tags each word with its own first letter, and unknown ones with a constant."""

    def __init__(self, rest="O"):
        self.rest = rest

    def fit(self, X, y):
        self.known_ = {
            w: t for words, tags in zip(X, y, strict=True) for w, t in zip(words, tags, strict=True)
        }
        return self

    def predict(self, X):
        return objects([[self.known_.get(word, self.rest) for word in row] for row in X])


X = [["a", "b", "c"], [], ["c"], ["a", "c"], ["b"], ["c", "c", "a"]] * 2
Y = [["B-X", "I-X", "O"], [], ["O"], ["B-X", "O"], ["B-Y"], ["O", "O", "B-X"]] * 2
SCORERS = [name for name in skrnn.metrics.__all__ if name.endswith("_scorer")]


@pytest.mark.parametrize("name", SCORERS)
@pytest.mark.parametrize("make", [list, objects])
def test_scorers(name, make):
    """Fails if a scorer cannot be used in a search on ragged labels, or is of another metric."""
    scorer = getattr(skrnn.metrics, name)
    score = getattr(skrnn.metrics, name.replace("_scorer", "_score"))
    y = make(Y)
    found = cross_val_score(Constant(), X, y, scoring=scorer, cv=3, error_score="raise")
    predicted = cross_val_predict(Constant(), X, y, cv=3)
    wanted = [score(Y[4 * k : 4 * k + 4], predicted[4 * k : 4 * k + 4]) for k in range(3)]
    assert found.tolist() == wanted
    search = GridSearchCV(
        Constant(), {"rest": ["O", "B-X"]}, scoring=pickle.loads(pickle.dumps(scorer)), cv=2
    )
    assert search.fit(X, y).best_score_ > 0


def test_every_metric_has_a_scorer():
    """Fails if a metric is added without its scorer."""
    scores = {name for name in skrnn.metrics.__all__ if name.endswith("_score")}
    assert {name.replace("_scorer", "_score") for name in SCORERS} == scores
