"""The network of RNNTagger in plain Keras, without CRF, for the seconds of an epoch.

It reads the same ids of words, spellings and columns, by embeddings of the same sizes, in batches
of as many sentences in random order, each padded to its longest sentence, or with "all" to the
longest of the set. It has no linear model of surroundings, which is fitted before the epochs.
"""

import statistics
import time

import keras
import numpy as np
import tags_file
import tensorflow as tf
from protocol import Stopwatch, serve

from skrnn import RNNTagger
from skrnn.estimators.tagging import GIVEN_DIM, SPELLINGS_DIM
from skrnn.sequences.batching import auto_batch_size
from skrnn.text.word_reader import GIVEN, SPELLINGS, WordReader

N_EPOCHS = 3
DIMS = {SPELLINGS: SPELLINGS_DIM, GIVEN: GIVEN_DIM}


def build(reader, n_tags, tagger):
    """Return the compiled network, of the sizes of the tagger's defaults."""
    words = keras.Input((None,), dtype="int32")
    inputs = [words]
    x = keras.layers.Embedding(reader.vocabulary_size, tagger.embedding_dim)(words)
    parts = [keras.layers.SpatialDropout1D(tagger.embedding_dropout)(x)]
    for name, (width, n_ids) in reader.n_ids().items():
        inputs.append(keras.Input((None, width), dtype="int32"))
        vectors = keras.layers.Embedding(n_ids, DIMS[name])(inputs[-1])
        parts.append(keras.ops.sum(vectors, axis=2))
    x = keras.layers.Concatenate()(parts) if parts[1:] else parts[0]
    layer = keras.layers.Bidirectional(keras.layers.LSTM(tagger.units, return_sequences=True))
    x = layer(x, mask=keras.ops.not_equal(words, 0))
    x = keras.layers.Dropout(tagger.dropout)(x)
    model = keras.Model(inputs, keras.layers.Dense(n_tags, activation="softmax")(x))
    optimizer = keras.optimizers.Adam(tagger.learning_rate, global_clipnorm=tagger.global_clipnorm)
    model.compile(optimizer, "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return model


def rows_of(sequences, tags):
    """Return for each sentence its arrays of ids, and its tags."""
    arrays = [sequences.values, *sequences.step_inputs.values(), np.asarray(tags, np.int32)]
    return list(zip(*(np.split(array, sequences.offsets[1:-1]) for array in arrays), strict=True))


def padded(arrays, length):
    """Return arrays of different lengths as one, with zeros at the ends."""
    found = np.zeros((len(arrays), length, *arrays[0].shape[1:]), np.int32)
    for row, array in zip(found, arrays, strict=True):
        row[: len(array)] = array
    return found


def batches(rows, size, length, rng):
    """Yield the batches of an epoch: inputs, tags, and a weight of 1 for each real step."""
    order = rng.permutation(len(rows))
    for start in range(0, len(rows), size):
        chosen = [rows[i] for i in order[start : start + size]]
        longest = length or max(len(row[0]) for row in chosen)
        *inputs, tags = (padded(part, longest) for part in zip(*chosen, strict=True))
        yield tuple(inputs), tags, (inputs[0] != 0).astype(np.float32)


class Clock(keras.callbacks.Callback):
    """Time the epochs inside of `fit`."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        """Start."""
        self._watch = Stopwatch()

    def on_epoch_end(self, epoch, logs=None):
        """Stop."""
        self.seconds.append(self._watch.read())


class Peer:
    """One network."""

    def run(self, path, seed, model, all=False):
        """Train a few epochs, and return the seconds of one."""
        keras.utils.set_random_seed(seed)
        train, tagger = tags_file.read(path)["train"], RNNTagger()
        reader, sequences = WordReader.fit(
            train["X"], text=None, affixes=tagger.affixes, window=None, name="RNNTagger"
        )
        flat = [tag for row in train["y"] for tag in row]
        names, tags = np.unique(flat, return_inverse=True)
        rows = rows_of(sequences, tags)
        network, clock = build(reader, len(names), tagger), Clock()
        rng, size = np.random.default_rng(seed), auto_batch_size(len(rows))
        longest = int(sequences.lengths.max()) if all else None
        first = next(batches(rows, size, longest, rng))
        data = tf.data.Dataset.from_generator(
            lambda: batches(rows, size, longest, rng),
            output_signature=tf.nest.map_structure(signature, first),
        )
        cpu, watch = time.process_time(), Stopwatch()
        network.fit(data.prefetch(2), epochs=N_EPOCHS, verbose=0, callbacks=[clock])
        return {
            "trained_s": watch.read(),
            "trained_cpu_s": time.process_time() - cpu,
            "epoch_s": statistics.median(clock.seconds[1:]),
            "epochs": N_EPOCHS,
        }


def signature(array):
    """Return the shape and dtype of a batch, of any number of rows and steps."""
    return tf.TensorSpec((None, None, *array.shape[2:]), array.dtype)


if __name__ == "__main__":
    serve(Peer())
