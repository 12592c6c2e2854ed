"""The networks as scikit-learn estimators."""

from skrnn.estimators.checkpointing import Checkpoint
from skrnn.estimators.classifier import RNNClassifier
from skrnn.estimators.extra_losses import AdversarialLoss, EntropyLoss, VirtualAdversarialLoss
from skrnn.estimators.regressor import RNNRegressor
from skrnn.estimators.tagger import RNNTagger

__all__ = [
    "AdversarialLoss",
    "Checkpoint",
    "EntropyLoss",
    "RNNClassifier",
    "RNNRegressor",
    "RNNTagger",
    "VirtualAdversarialLoss",
]
