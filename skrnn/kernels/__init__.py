"""The fused layers' loops as machine code, compiled by Numba where that is installed.

From the bottom up: `lanes` (vectors of numbers), `denormals`, `activations` and `matmul`;
`packing` (the real steps of a batch); `loop` (the time loop of any cell, forward and backward);
`lstm`, `gru` and `simple_rnn` (the cells); `shards` (threads), `memory`, and `recurrence`, which
makes TensorFlow operations of it all. `compiling` says how a kernel is compiled and kept.
"""
