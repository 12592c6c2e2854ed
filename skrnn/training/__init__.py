"""How a network is trained: batches, epochs, states and checkpoints."""
