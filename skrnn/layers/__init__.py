"""Faster versions of Keras's recurrent layers and embedding, for CPUs, a CRF, and other layers.

Importing this registers all layers of skrnn with Keras, as ``keras.models.load_model`` needs.
"""

from skrnn.layers import (  # noqa: F401
    dropout,
    evidence,
    ids,
    masking,
    metrics,
    pooling,
    sampled_softmax,
)
from skrnn.layers.crf import CRF
from skrnn.layers.crf_training import CRFAccuracy, CRFLoss
from skrnn.layers.embedding import Embedding
from skrnn.layers.gru import GRU
from skrnn.layers.lstm import LSTM
from skrnn.layers.simple_rnn import SimpleRNN

__all__ = ["CRF", "GRU", "LSTM", "CRFAccuracy", "CRFLoss", "Embedding", "SimpleRNN"]
