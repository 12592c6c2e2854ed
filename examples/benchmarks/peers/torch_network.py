"""The network in PyTorch, shared by the three peers that use it.

It has what the others have, but for one habit of PyTorch: a recurrent layer with two bias
vectors, which add up. Weights start as Keras's do, so that losses can be compared; with
PyTorch's own start, embeddings are twenty times as large.
"""

import torch
from torch import nn


class Network(nn.Module):
    """Embedding, LSTM, last real state, one logit.

    Parameters
    ----------
    vocabulary_size, embedding_dim, units : int
        Sizes.
    """

    def __init__(self, vocabulary_size, embedding_dim=64, units=64):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, units, batch_first=True)
        self.dense = nn.Linear(units, 1)
        start_like_keras(self)

    def forward(self, ids):
        """Return logits of shape (n_samples,) of right-padded ids."""
        states, _ = self.lstm(self.embedding(ids))
        last = (ids != 0).sum(1).clamp(min=1) - 1
        return self.dense(states[torch.arange(len(ids)), last])[:, 0]


@torch.no_grad()
def start_like_keras(network):
    """Give weights the distributions that Keras's layers begin with."""
    nn.init.uniform_(network.embedding.weight, -0.05, 0.05)
    network.embedding.weight[0] = 0
    nn.init.xavier_uniform_(network.lstm.weight_ih_l0)
    nn.init.orthogonal_(network.lstm.weight_hh_l0)
    nn.init.zeros_(network.lstm.bias_ih_l0)
    nn.init.zeros_(network.lstm.bias_hh_l0)
    units = network.lstm.hidden_size
    network.lstm.bias_ih_l0[units : 2 * units] = 1  # the forget gate
    nn.init.xavier_uniform_(network.dense.weight)
    nn.init.zeros_(network.dense.bias)


class Peer:
    """A network trained by hand; a subclass says what the batches are.

    A subclass has `train_batches` and `test_batches`, which yield row numbers and ids, and is
    timed with all they do.
    """

    def start(self, vocabulary_size, seed):
        """Make the network and its optimizer."""
        torch.manual_seed(seed)
        self.network = Network(vocabulary_size)
        # Fused is the fastest of PyTorch's Adams on a CPU, though not its default.
        self.optimizer = torch.optim.Adam(self.network.parameters(), eps=1e-7, fused=True)
        self.loss = nn.BCEWithLogitsLoss()

    def train(self, y):
        """Run one epoch; return the mean loss over the rows."""
        self.network.train()
        total = 0.0
        for rows, ids in self.train_batches():
            self.optimizer.zero_grad()
            loss = self.loss(self.network(ids), y[rows])
            loss.backward()
            self.optimizer.step()
            total += float(loss.detach()) * len(rows)
        return total / len(y)

    def probabilities(self, n_samples):
        """Return the probability of a positive review, in the rows' order."""
        self.network.eval()
        probability = torch.empty(n_samples)
        with torch.inference_mode():
            for rows, ids in self.test_batches():
                probability[rows] = torch.sigmoid(self.network(ids))
        return probability.numpy()
