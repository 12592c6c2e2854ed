"""Estimators of other libraries that lack the tags of scikit-learn, such as those of sktime."""

from typing import Any

from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if

CLASSIFIER, REGRESSOR = "classifier", "regressor"


def kind_of(estimator: Any) -> str | None:
    """Return "classifier", "regressor" or None for anything else.

    Parameters
    ----------
    estimator : estimator
        With the tags of scikit-learn, or the attribute `_estimator_type` that
        estimators had before scikit-learn 1.6.
    """
    if not has_tags(estimator):
        return getattr(estimator, "_estimator_type", None)
    if is_classifier(estimator):
        return CLASSIFIER
    return REGRESSOR if is_regressor(estimator) else None


def has_tags(estimator: Any) -> bool:
    """Return whether an estimator has the tags that scikit-learn's tools ask for."""
    return hasattr(estimator, "__sklearn_tags__")


def _has(method):
    return available_if(lambda self: hasattr(self.estimator, method))


class WithTags(BaseEstimator):
    """An estimator with the tags that it lacks, so that scikit-learn's tools accept it.

    Parameters
    ----------
    estimator : estimator
        Has `get_params`, `fit` and `predict`.

    Attributes
    ----------
    estimator_ : estimator
        The fitted clone.
    """

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        """Fit a clone."""
        self.estimator_ = clone(self.estimator).fit(X, y)
        return self

    def predict(self, X):
        """Return what the estimator predicts."""
        return self.estimator_.predict(X)

    @_has("predict_proba")
    def predict_proba(self, X):
        """Return its probabilities."""
        return self.estimator_.predict_proba(X)

    @_has("decision_function")
    def decision_function(self, X):
        """Return its scores of classes."""
        return self.estimator_.decision_function(X)

    @_has("score")
    def score(self, X, y):
        """Return its own score."""
        return self.estimator_.score(X, y)

    @property
    def classes_(self):
        """Classes of a classifier."""
        return self.estimator_.classes_

    def __sklearn_tags__(self):
        """Return tags with the kind of the estimator."""
        tags = super().__sklearn_tags__()
        tags.estimator_type = kind_of(self.estimator)
        if tags.estimator_type == CLASSIFIER:
            tags.classifier_tags = ClassifierTags()
        elif tags.estimator_type == REGRESSOR:
            tags.regressor_tags = RegressorTags()
        tags.target_tags.required = True
        return tags
