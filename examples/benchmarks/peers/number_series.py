"""An epoch on numeric sequences, with skrnn or with plain Keras; `numbers_speed.py` runs it.

The lengths are like those of film reviews cut at 500 words: log-normal, with a median of 174.
"""

import time
from itertools import pairwise

import numpy as np
from protocol import serve

N_ROWS, MAX_STEPS, N_CHANNELS, UNITS, BATCH = 2560, 500, 8, 64, 128


def rows():
    """Return series, float32 of shape (n_timesteps, 8), and the sum of a channel's first steps."""
    rng = np.random.default_rng(0)
    lengths = np.minimum(rng.lognormal(np.log(174), 0.7, N_ROWS).astype(int) + 10, MAX_STEPS)
    values = rng.normal(size=(lengths.sum(), N_CHANNELS)).astype(np.float32)
    X = np.split(values, np.cumsum(lengths)[:-1])
    return X, np.array([row[:10, 0].sum() for row in X])


class Clock:
    """Wall and CPU seconds at the begin and the end of epochs."""

    def __init__(self):
        self.moments = []

    def tick(self):
        """Take the time."""
        self.moments.append((time.perf_counter(), time.process_time()))

    def last(self):
        """Return the seconds of the last epoch."""
        (wall, cpu), (wall_end, cpu_end) = list(pairwise(self.moments))[-1]
        self.moments.clear()
        return {"seconds": wall_end - wall, "cpu_seconds": cpu_end - cpu}


class Ours:
    """`RNNRegressor` with the network of the other, padded by batches of similar length."""

    def prepare(self, cell):
        """Make the estimator."""
        from skrnn import RNNRegressor

        self.clock, self.data = _OurClock(), rows()
        self.model = RNNRegressor(
            cell=cell,
            units=UNITS,
            bidirectional=False,
            pooling="last",
            patch_size=1,
            n_kernels=None,
            dropout=0.0,
            learning_rate=0.001,
            learning_rate_decay=0.0,
            global_clipnorm=None,
            batch_size=BATCH,
            warm_start=True,
            random_state=0,
        ).set_callbacks(self.clock)

    def epoch(self):
        """Train for two epochs; return the seconds of the second."""
        self.model.set_params(epochs=2).fit(*self.data)
        return {**self.clock.last(), "loss": self.model.history_["loss"][-1]}


class _OurClock(Clock):
    """A callback of scikit-learn; one of Keras would have each fit trace anew."""

    def setup(self, estimator, context):
        """Do nothing; part of the protocol."""

    def teardown(self, estimator, context):
        """Do nothing; part of the protocol."""

    def on_fit_task_begin(self, estimator, context):
        """Take the time."""
        if context.task_name == "epoch":
            self.tick()

    def on_fit_task_end(self, estimator, context):
        """Take the time."""
        if context.task_name == "epoch":
            self.tick()


class Keras:
    """`Masking`, the recurrent layer and a number, on rows padded to one length beforehand."""

    def prepare(self, cell):
        """Pad the rows, and compile the model."""
        import keras

        keras.utils.set_random_seed(0)
        X, y = rows()
        padded = np.zeros((len(X), MAX_STEPS, N_CHANNELS), np.float32)
        for row, out in zip(X, padded, strict=True):
            out[: len(row)] = row
        layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
        shape = keras.Input((None, N_CHANNELS))
        layers = [shape, keras.layers.Masking(), layer[cell](UNITS), keras.layers.Dense(1)]
        self.model = keras.Sequential(layers)
        self.model.compile(optimizer="adam", loss="mse")
        self.data, self.clock = (padded, (y - y.mean()) / y.std()), Clock()
        tick = self.clock.tick
        self.callback = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: tick(), on_epoch_end=lambda epoch, logs: tick()
        )

    def epoch(self):
        """Train for two epochs; return the seconds of the second."""
        history = self.model.fit(
            *self.data, batch_size=BATCH, epochs=2, verbose=0, callbacks=[self.callback]
        )
        return {**self.clock.last(), "loss": history.history["loss"][-1]}


class Peer:
    """One of the two."""

    def prepare(self, kind, cell):
        """Make it."""
        self.peer = {"skrnn": Ours, "keras": Keras}[kind]()
        self.peer.prepare(cell)

    def epoch(self):
        """Train."""
        return self.peer.epoch()


if __name__ == "__main__":
    serve(Peer())
