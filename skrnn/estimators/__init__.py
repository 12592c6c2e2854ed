"""The networks as scikit-learn estimators."""

from skrnn.estimators.classifier import RNNClassifier

__all__ = ["RNNClassifier"]
