"""Faster versions of Keras's recurrent layers and embedding, for CPUs."""

from skrnn.layers.embedding import Embedding
from skrnn.layers.gru import GRU
from skrnn.layers.lstm import LSTM
from skrnn.layers.simple_rnn import SimpleRNN

__all__ = ["GRU", "LSTM", "Embedding", "SimpleRNN"]
