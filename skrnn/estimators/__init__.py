"""The networks as scikit-learn estimators."""

from skrnn.estimators.checkpointing import Checkpoint
from skrnn.estimators.classifier import RNNClassifier
from skrnn.estimators.document_vectorizer import DocumentVectorizer
from skrnn.estimators.extra_losses import AdversarialLoss, EntropyLoss, VirtualAdversarialLoss
from skrnn.estimators.regressor import RNNRegressor
from skrnn.estimators.tagger import RNNTagger

__all__ = [
    "AdversarialLoss",
    "Checkpoint",
    "DocumentVectorizer",
    "EntropyLoss",
    "RNNClassifier",
    "RNNRegressor",
    "RNNTagger",
    "VirtualAdversarialLoss",
]
