"""PyTorch by hand on the padded array: shuffle, cut into batches, step.

An epoch is the whole loop over the batches, a prediction the whole loop over the test reviews
in inference mode; the padded tensor is made beforehand, untimed.
"""

import torch
import torch_network
from protocol import Stopwatch, serve
from reviews import Reviews


class Peer(torch_network.Peer):
    """One network and the reviews."""

    def prepare(self, path, cell="lstm", batch_size=128, predict_batch_size=128, seed=0):
        """Pad the reviews and make the network; of the cells only the LSTM is written out."""
        train, self.test = (Reviews(path, part) for part in ("train", "test"))
        self.X, self.X_test = (torch.from_numpy(r.padded("int64")) for r in (train, self.test))
        self.y = torch.from_numpy(train.y).float()
        self.batch_size, self.predict_batch_size = batch_size, predict_batch_size
        self.start(train.vocabulary_size, seed)

    def train_batches(self):
        """Yield row numbers and ids in random order."""
        for rows in torch.randperm(len(self.X)).split(self.batch_size):
            yield rows, self.X[rows]

    def test_batches(self):
        """Yield row numbers and ids in order."""
        for rows in torch.arange(len(self.X_test)).split(self.predict_batch_size):
            yield rows, self.X_test[rows]

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


if __name__ == "__main__":
    serve(Peer())
