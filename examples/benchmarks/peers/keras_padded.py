"""Plain Keras as everyone writes it: `mask_zero`, padded, `Model.fit` and `Model.predict`.

An epoch is timed inside `fit` by a callback; the padded array is made beforehand, untimed. What
`predict` takes is all of it. Keras compiles with XLA or not as its defaults have it.
"""

from keras_network import EpochClock, build
from protocol import Stopwatch, serve
from reviews import Reviews


class Peer:
    """One model and the reviews."""

    def prepare(self, path, cell="lstm", batch_size=128, predict_batch_size=128, seed=0):
        """Pad the reviews and build the model."""
        import keras

        keras.utils.set_random_seed(seed)
        train, self.test = (Reviews(path, part) for part in ("train", "test"))
        self.X, self.y = train.padded("int32"), train.y
        self.X_test = self.test.padded("int32")
        self.batch_size, self.predict_batch_size = batch_size, predict_batch_size
        self.model = build(cell, train.vocabulary_size)
        self.clock = EpochClock()

    def epoch(self, epochs=1):
        """Train for some epochs; time the last."""
        watch = Stopwatch()
        self.model.fit(
            self.X,
            self.y,
            batch_size=self.batch_size,
            epochs=epochs,
            verbose=0,
            callbacks=[self.clock],
        )
        around = watch.read() - self.clock.total
        return {"seconds": self.clock.seconds, "around_seconds": around, "loss": self.clock.loss}

    def predict(self):
        """Predict the test reviews."""
        watch = Stopwatch()
        probability = self.model.predict(self.X_test, batch_size=self.predict_batch_size, verbose=0)
        return {"seconds": watch.read(), "accuracy": self.test.accuracy(probability)}


if __name__ == "__main__":
    serve(Peer())
