"""The score of validation rows after each epoch, by any scorer of scikit-learn."""

import inspect
import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_regressor
from sklearn.metrics import check_scoring, r2_score
from sklearn.utils import indexable

from skrnn._sklearn_compat import _safe_indexing
from skrnn.exceptions import InvalidInputError
from skrnn.printing import brief
from skrnn.sequences import plain_column

LOSS = "loss"


class Scored(NamedTuple):
    """Validation rows as a scorer takes them.

    Attributes
    ----------
    X : object
        In the container of the caller.
    y : ndarray
        Checked.
    sample_weight : ndarray of shape (n_samples,), or None
        As the caller gave them.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None = None

    @classmethod
    def held_out(cls, X, y, sample_weight, rows):
        """Take the given rows of the training data.

        Parameters
        ----------
        X, sample_weight : as the caller gave them
        y : ndarray
            Checked.
        rows : ndarray of int
        """
        (X,) = indexable(plain_column(X))
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)[rows]
        return cls(_safe_indexing(X, rows), y[rows], weights)


class ValidationScorer:
    """The parameter `scoring` of an estimator, checked.

    Parameters
    ----------
    estimator : NetworkEstimator

    Raises
    ------
    ValueError
        If it is the name of no scorer.
    """

    def __init__(self, estimator):
        self.name, self.scoring = type(estimator).__name__, estimator.scoring
        try:
            self.scorer = check_scoring(estimator, scoring=self.scoring)
        except ValueError as error:
            raise InvalidInputError(
                f"The 'scoring' parameter of {self.name} must be 'loss', None, a callable, or the "
                "name of a scorer, one of sklearn.metrics.get_scorer_names(). Got "
                f"{brief(self.scoring)} instead."
            ) from error
        function = getattr(self.scorer, "_score_func", None)
        self.metric, self.options = function, getattr(self.scorer, "_kwargs", {})
        self.of_predictions = getattr(self.scorer, "_response_method", None) == "predict"
        if self.scoring is None:
            function = estimator.score
            self.of_predictions = is_regressor(estimator)
            self.metric = r2_score if self.of_predictions else None
        try:
            self.takes_weights = (
                "sample_weight" in inspect.signature(function or self.scorer).parameters
            )
        except ValueError:  # a function without a signature
            self.takes_weights = False

    def check(self, scored):
        """Check, before any training, that some answer to the validation rows has a score.

        R² of a single row has none, nor has the area under the curve of a single class.

        Parameters
        ----------
        scored : Scored

        Raises
        ------
        ValueError
            If the score of the right answer is NaN.
        """
        answer = scored.y
        if self.metric is None or not isinstance(answer, np.ndarray):
            return
        if not self.of_predictions:
            answer = right_scores(answer)
            if answer is None:
                return
        given = {**self.options}
        if scored.sample_weight is not None and self.takes_weights:
            given["sample_weight"] = scored.sample_weight
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = float(self.metric(scored.y, answer, **given))
        except Exception:  # of this answer, perhaps, not of those to come
            return
        if np.isnan(found):
            raise InvalidInputError(
                f"scoring={brief(self.scoring)} of {self.name} is {found} for the "
                f"{len(scored.y)} validation rows, whatever is predicted. Choose a scorer that is "
                "defined for these rows, or pass others as X_val and y_val."
            )

    def score(self, estimator, scored, epoch):
        """Return the score of an estimator, a finite float.

        Parameters
        ----------
        estimator : NetworkEstimator
            Fitted, as it is after an epoch.
        scored : Scored
        epoch : int
            Named in errors.

        Raises
        ------
        ValueError
            If the scorer fails, or the score is not a finite number.
        """
        X, y, weights = scored
        given = {"sample_weight": weights} if weights is not None and self.takes_weights else {}
        where = f"scoring={brief(self.scoring)} of {self.name}"
        try:
            found = self.scorer(estimator, X, y, **given)
        except Exception as error:
            raise InvalidInputError(
                f"{where} failed for the {len(y)} validation rows after epoch {epoch}: "
                f"{type(error).__name__}: {error}"
            ) from error
        try:
            value = float(found)
        except (TypeError, ValueError):
            raise InvalidInputError(
                f"{where} returned {brief(found)} after epoch {epoch}, but must return a number."
            ) from None
        if not np.isfinite(value):
            raise InvalidInputError(
                f"{where} is {value} for the {len(y)} validation rows after epoch {epoch}. Choose "
                "a scorer that is defined for these rows, or pass others as X_val and y_val."
            )
        return value


def right_scores(y):
    """Return probabilities that are right of two classes or several labels, or None for others."""
    if y.ndim > 1:
        return y.astype(np.float64) if y.dtype.kind in "biuf" else None
    classes = np.unique(y)
    return (y == classes[-1]).astype(np.float64) if len(classes) < 3 else None


def scorer_of(estimator):
    """Return the `ValidationScorer` of an estimator, or None if the loss decides."""
    scoring = getattr(estimator, "scoring", LOSS)
    is_loss = isinstance(scoring, str) and scoring == LOSS
    return None if is_loss else ValidationScorer(estimator)
