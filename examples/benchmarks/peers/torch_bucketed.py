"""PyTorch by hand with batches of similar length, each padded to its own longest row.

The best that is commonly written in PyTorch for a CPU; `pack_padded_sequence` is far slower.
Timed as `torch_padded.py` is, with the sorting and padding of every epoch inside.
"""

import numpy as np
import torch
import torch_network
from protocol import Stopwatch, serve
from reviews import Reviews, buckets


class Peer(torch_network.Peer):
    """One network and the reviews."""

    def prepare(self, path, cell="lstm", batch_size=128, predict_batch_size=128, seed=0):
        """Load the reviews and make the network; of the cells only the LSTM is written out."""
        self.reviews, self.test = (Reviews(path, part) for part in ("train", "test"))
        self.y = torch.from_numpy(self.reviews.y).float()
        self.batch_size, self.predict_batch_size = batch_size, predict_batch_size
        self.rng = np.random.default_rng(seed)
        self.start(self.reviews.vocabulary_size, seed)

    def train_batches(self):
        """Yield row numbers and ids, batches in random order."""
        for rows in buckets(self.reviews.lengths, self.batch_size, self.rng):
            yield torch.from_numpy(rows), _cut(self.reviews, rows)

    def test_batches(self):
        """Yield row numbers and ids, short reviews first."""
        for rows in buckets(self.test.lengths, self.predict_batch_size):
            yield torch.from_numpy(rows), _cut(self.test, rows)

    def epoch(self, epochs=1):
        """Train for some epochs; time the last."""
        for _ in range(epochs):
            watch = Stopwatch()
            loss = self.train(self.y)
        return {"seconds": watch.read(), "loss": loss}

    def predict(self):
        """Predict the test reviews."""
        watch = Stopwatch()
        probability = self.probabilities(len(self.test))
        return {"seconds": watch.read(), "accuracy": self.test.accuracy(probability)}

    def export(self, path):
        """Write the weights and their predictions, for `onnx_predict.py`."""
        weights = {name: w.numpy() for name, w in self.network.state_dict().items()}
        np.savez(path, probability=self.probabilities(len(self.test)), **weights)


def _cut(reviews, rows):
    return torch.from_numpy(reviews.padded("int64", rows, int(reviews.lengths[rows].max())))


if __name__ == "__main__":
    serve(Peer())
