"""skorch around the PyTorch network, on the padded array.

`NeuralNetBinaryClassifier` is skorch's classifier for one sigmoid output (`NeuralNetClassifier`
wants an output a class). An epoch is timed by a callback inside `partial_fit`, with skorch's own
data loader; without the validation split that skorch makes by default, for the others have none.
"""

import torch
from protocol import Stopwatch, serve
from reviews import Reviews
from skorch import NeuralNetBinaryClassifier
from skorch.callbacks import Callback
from torch_network import Network


class EpochClock(Callback):
    """Time the epochs inside of `partial_fit`."""

    total = 0.0

    def on_epoch_begin(self, net, **kwargs):
        """Start."""
        self._watch = Stopwatch()

    def on_epoch_end(self, net, **kwargs):
        """Stop."""
        self.seconds = self._watch.read()
        self.total += self.seconds


class Peer:
    """One estimator and the reviews."""

    def prepare(self, path, cell="lstm", batch_size=128, predict_batch_size=128, seed=0):
        """Pad the reviews and make the estimator; of the cells only the LSTM is written out."""
        torch.manual_seed(seed)
        train, self.test = (Reviews(path, part) for part in ("train", "test"))
        self.X, self.X_test = train.padded("int64"), self.test.padded("int64")
        self.y = train.y.astype("float32")
        self.clock = EpochClock()
        self.net = NeuralNetBinaryClassifier(
            Network,
            module__vocabulary_size=train.vocabulary_size,
            optimizer=torch.optim.Adam,
            optimizer__eps=1e-7,
            optimizer__fused=True,
            lr=0.001,
            batch_size=batch_size,
            iterator_train__shuffle=True,
            iterator_valid__batch_size=predict_batch_size,
            max_epochs=1,
            train_split=None,
            callbacks=[("clock", self.clock)],
            verbose=0,
        ).initialize()

    def epoch(self, epochs=1):
        """Train for some epochs; time the last."""
        clock = dict(self.net.callbacks_)["clock"]
        clock.total = 0.0
        self.net.max_epochs = epochs
        watch = Stopwatch()
        self.net.partial_fit(self.X, self.y)
        around = watch.read() - clock.total
        loss = float(self.net.history[-1, "train_loss"])
        return {"seconds": clock.seconds, "around_seconds": around, "loss": loss}

    def predict(self):
        """Predict the test reviews."""
        watch = Stopwatch()
        probability = self.net.predict_proba(self.X_test)
        return {"seconds": watch.read(), "accuracy": self.test.accuracy(probability[:, 1])}


if __name__ == "__main__":
    serve(Peer())
