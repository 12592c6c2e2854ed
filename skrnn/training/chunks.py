"""Rows in chunks, as a stream of padded batches."""

import numpy as np

from skrnn.backend.tensorflow import tf
from skrnn.sequences.batching import AUTO_BATCH_SIZES, BatchPlan
from skrnn.training.feeds import Feed, arrays_of


class ChunkStream:
    """Rows in chunks, which training accepts instead of `Sequences`.

    Parameters
    ----------
    first : tuple (X, y, sample_weight)
        The first chunk, encoded: `Sequences`, targets and weights.
    read : callable
        Returns a new iterator over all encoded chunks.
    """

    # The number of rows is unknown, but must be large if they come in chunks.
    batch_size = AUTO_BATCH_SIZES[1]

    def __init__(self, first, read):
        self.first, self.read = first, read


class StreamFeed(Feed):
    """Batches of the rows of a `ChunkStream`; each holds rows of one chunk.

    Chunks are read in the training thread, each after the previous one is used up. So the caller
    gets their errors, and there are not two of them in memory for long.

    Parameters
    ----------
    stream : ChunkStream
    batch_size : int
    seed : int
        It determines, together with the epoch and the chunk's number, the order of rows.
    """

    def __init__(self, stream, batch_size, seed):
        X, y, sample_weight = stream.first
        super().__init__(X, y, sample_weight, batch_size, seed)
        self.stream = stream
        # Keras builds its metrics from this, before the first epoch.
        self._arrays = super().batch(0)

    def on_epoch_begin(self, epoch, logs=None):
        """Begin a pass over the chunks."""
        super().on_epoch_begin(epoch, logs)
        self._batches = self._read()
        self._next = next(self._batches)

    def on_train_batch_begin(self, batch, logs=None):
        """Take the next batch."""
        self._arrays, self._next = self._next, next(self._batches, None)

    def on_train_batch_end(self, batch, logs=None):
        """End the epoch at the end of the chunks, with the only flag that Keras checks."""
        if self._next is None:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        """Reset the flag, unless it was already set: only the epoch should end."""
        if self._next is None:
            self.model.stop_training = False

    def batch(self, i):
        """Return the arrays of the batch: inputs, y and sample_weight."""
        return self._arrays

    def _number_of_batches(self):
        return tf.int64.max

    def _read(self):
        for number, (X, y, sample_weight) in enumerate(self.stream.read()):
            self.X, self.y, self.sample_weight = X, y, sample_weight
            rng = np.random.default_rng([self.seed, self.epoch, number])
            for i, rows in enumerate(BatchPlan(X.lengths, self.batch_size).batches(rng)):
                yield self._shifted(arrays_of(X, y, sample_weight, rows), number, i)
