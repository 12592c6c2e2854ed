"""scikeras's KerasClassifier around the Keras network, on the padded array.

Timed as `keras_padded.py` is; `predict_proba` includes scikeras's checks, as for its users.
"""

from keras_network import EpochClock, build
from protocol import Stopwatch, serve
from reviews import Reviews
from scikeras.wrappers import KerasClassifier


class Peer:
    """One estimator and the reviews."""

    def prepare(self, path, cell="lstm", batch_size=128, predict_batch_size=128, seed=0):
        """Pad the reviews and make the estimator."""
        train, self.test = (Reviews(path, part) for part in ("train", "test"))
        self.X, self.y = train.padded("int32"), train.y
        self.X_test = self.test.padded("int32")
        self.clock = EpochClock()
        # No random_state: scikeras would switch op determinism on, and with it XLA off.
        self.clf = KerasClassifier(
            model=build,
            model__cell=cell,
            model__vocabulary_size=train.vocabulary_size,
            batch_size=batch_size,
            predict__batch_size=predict_batch_size,
            epochs=1,
            verbose=0,
            warm_start=True,
            callbacks=[self.clock],
        )

    def epoch(self, epochs=1):
        """Train for some epochs, going on from those before; time the last."""
        self.clock.total = 0.0
        watch = Stopwatch()
        self.clf.set_params(epochs=epochs).fit(self.X, self.y)
        around = watch.read() - self.clock.total
        return {"seconds": self.clock.seconds, "around_seconds": around, "loss": self.clock.loss}

    def predict(self):
        """Predict the test reviews."""
        watch = Stopwatch()
        probability = self.clf.predict_proba(self.X_test)
        return {"seconds": watch.read(), "accuracy": self.test.accuracy(probability[:, 1])}


if __name__ == "__main__":
    serve(Peer())
