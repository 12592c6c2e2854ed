"""The scikit-learn face of the networks."""

from skrnn.estimators.classifier import RNNClassifier

__all__ = ["RNNClassifier"]
