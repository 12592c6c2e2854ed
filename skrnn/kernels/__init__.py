"""Recurrent layers as machine code, compiled by Numba if it loads, to train and to predict.

From the bottom up: `lanes` (vectors of numbers), `denormals`, `activations` and `matmul`. For
training, `packing` (the real steps of a batch), `loop` (the time loop of any cell, forward and
backward), `lstm`, `gru` and `simple_rnn` (the cells), `memory`, and `recurrence`, which puts them
together. For prediction, `predict` (the time loop over concatenated rows), `pool` and `dense`. Both
use `shards` (threads). `compiling` compiles and caches the kernels. `engine`, which loads none of
them, chooses between the kernels and TensorFlow.
"""
