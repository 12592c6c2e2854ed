"""scikit-learn's checks on a tagger, and on one that answers each row.

The checks pass one number for each row as y. So they run on a subclass that gives it to each step
of the row, and predicts the tag of the last.
"""

import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn.base import is_classifier
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from skrnn import RNNTagger


class TaggerOfRows(RNNTagger):
    """A tagger whose rows have one tag."""

    def fit(self, X, y, sample_weight=None):
        """Give the tag of a row to each of its steps."""
        return super().fit(X, self._of_steps(X, y), sample_weight)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch."""
        return super().partial_fit(X, self._of_steps(X, y), classes, sample_weight)

    def predict(self, X):
        """Return the tag of the last step of each row."""
        return np.array([row[-1] for row in super().predict(X)])

    def score(self, X, y, sample_weight=None):
        """Return the share of rows with the right tag."""
        return float(np.average(self.predict(X) == np.asarray(y).ravel(), weights=sample_weight))

    def predict_proba(self, X):
        """Return the probabilities of the last step of each row."""
        return np.array([row[-1] for row in super().predict_proba(X)])

    def _of_steps(self, X, y):
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None"
            )
        y = np.asarray(y)
        if y.dtype.kind == "f":
            if not np.isfinite(y).all():
                raise ValueError("Input y contains NaN or infinity.")
            y = np.round(y).astype(int)
        if issparse(X):  # token ids, of which the checks know nothing
            raise TypeError("A sparse array is not supported: the checks are on numbers.")
        y, rows = y.ravel(), np.asarray(X)
        lengths = [self._length(row) for row in rows] if rows.ndim > 1 else [1] * len(y)
        return [[tag] * n for tag, n in zip(y.tolist(), lengths, strict=False)]

    def _length(self, row):
        """Return how many steps a row has: NaN at its end is padding."""
        is_real = row == row
        return int(is_real.nonzero()[0].max(initial=-1)) + 1

    def __sklearn_tags__(self):
        """Return tags with which all checks run."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.sparse = False
        tags.input_tags.string = False
        return tags


SMALL = {"cell": "rnn", "units": 2, "epochs": 1, "random_state": 0, "input": "numeric"}
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": (
        "a row of weight 2 is drawn once in an epoch, the same row given twice is drawn twice, in "
        "two mini-batches; as for the other estimators, see tests/test_common.py"
    ),
}


@pytest.mark.slow
@parametrize_with_checks(
    [TaggerOfRows(**SMALL)], expected_failed_checks=lambda estimator: EXPECTED_FAILURES
)
def test_checks_of_a_tagger_of_rows(estimator, check):
    """Fails if a tagger breaks a rule of scikit-learn's estimators."""
    check(estimator)


def test_checks_that_need_no_rows():
    """Fails if the public class breaks those, or claims to be a classifier."""
    with pytest.warns(SkipTestWarning, match="two_d_array=False"):
        check_estimator(RNNTagger(**SMALL))
    assert not is_classifier(RNNTagger())
