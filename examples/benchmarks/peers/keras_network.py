"""The network in plain Keras, shared by the two peers that use it."""

import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras

CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}


def build(cell, vocabulary_size, units=64, embedding_dim=64):
    """Return the compiled model; "bi" before a cell's name stands for both directions."""
    layer = CELLS[cell.removeprefix("bi")](units)
    if cell.startswith("bi"):
        layer = keras.layers.Bidirectional(layer)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(vocabulary_size, embedding_dim, mask_zero=True),
            layer,
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


class EpochClock(keras.callbacks.Callback):
    """Time the epochs inside of `fit`, without what `fit` does before and after."""

    total = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        """Start."""
        if epoch == 0:
            self.total = 0.0
        self._begin = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Stop."""
        self.seconds = time.perf_counter() - self._begin
        self.total += self.seconds
        self.loss = float(logs["loss"])
