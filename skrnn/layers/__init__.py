"""Recurrent layers: Keras's own, on a loop made for CPUs."""

from skrnn.layers.gru import GRU
from skrnn.layers.lstm import LSTM
from skrnn.layers.simple_rnn import SimpleRNN

__all__ = ["GRU", "LSTM", "SimpleRNN"]
