"""The networks as scikit-learn estimators."""

from skrnn.estimators.checkpointing import Checkpoint
from skrnn.estimators.classifier import RNNClassifier
from skrnn.estimators.extra_losses import AdversarialLoss, EntropyLoss, VirtualAdversarialLoss

__all__ = [
    "AdversarialLoss",
    "Checkpoint",
    "EntropyLoss",
    "RNNClassifier",
    "VirtualAdversarialLoss",
]
