"""The rows of a fit as a stream of padded batches."""

import weakref
from typing import Any

import numpy as np

from skrnn.backend.tensorflow import keras, tf
from skrnn.sequences import Sequences, shifted
from skrnn.sequences.batching import BatchPlan
from skrnn.training.streams import Stream


class Feed(keras.callbacks.Callback):
    """The rows of one fit as a `tf.data.Dataset` of padded batches.

    As a callback, it knows the epoch. The order of the rows depends on the epoch and the seed, so
    it is the same whether epochs run in one fit or in several.

    Parameters
    ----------
    X : Sequences
    y : ndarray or Sequences
        Targets; those of steps are `Sequences`.
    sample_weight : ndarray
    batch_size : int
    seed : int or None
        None keeps the rows sorted by length, for evaluation.
    max_steps : int or None
        Maximum number of steps in a batch.
    """

    def __init__(self, X, y, sample_weight, batch_size, seed=None, max_steps=None):
        super().__init__()
        self.X, self.y, self.sample_weight = X, y, sample_weight
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = self.first = 0
        self._ordered = None
        self.plan = BatchPlan(X.lengths, batch_size, max_steps)

    def resume(self, epoch, batch):
        """Begin with this batch of this epoch."""
        self.epoch, self.first = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        """Set the epoch whose batches Keras requests next."""
        if epoch != self.epoch:
            self.epoch, self.first = epoch, 0

    def batch(self, i):
        """Return the arrays of batch `i` of the epoch: inputs, y and sample_weight."""
        if self._ordered != self.epoch:
            rng = None if self.seed is None else np.random.default_rng([self.seed, self.epoch])
            self._ordered, self._rows = self.epoch, self.plan.batches(rng)
        rows = self._rows[i]
        arrays = arrays_of(self.X, self.y, self.sample_weight, rows)
        return self._shifted(arrays, i)

    def _shifted(self, arrays, *batch):
        """Return the arrays of a batch for training, the patches beginning anywhere."""
        size = self.X.patch_size
        if size == 1 or self.seed is None:
            return arrays
        steps, *others = arrays
        rng = np.random.default_rng([self.seed, Stream.SHIFTS, self.epoch, *batch])
        return shifted(steps, size, rng.integers(size, size=len(steps))), *others

    def dataset(self):
        """Return the batches for Keras, with dynamic lengths, so that one trace is enough."""
        dtypes, shapes = zip(*self._signature(), strict=True)
        # TensorFlow keeps a reference to the function (`_py_funcs_used_in_graph` of the default
        # graph, 2.21). With a strong reference, every fit would leak its rows and its model.
        feed: Any = weakref.ref(self)

        def load(i):
            batch = tf.numpy_function(lambda i: feed().batch(i + feed().first), [i], dtypes)
            for tensor, shape in zip(batch, shapes, strict=True):
                tensor.set_shape(shape)
            return self._arrange(batch)

        # A fifth of the overhead of `from_generator`, which has four callbacks for each batch.
        batches = tf.data.Dataset.range(self._number_of_batches()).map(load)
        # There is nothing to tune, and the end of an epoch would wait for the tuner's thread, which
        # sleeps for up to the duration of the epoch (2.21).
        options = tf.data.Options()
        options.autotune.enabled = False
        return batches.with_options(options)

    def _number_of_batches(self):
        return len(self.plan)

    def _signature(self):
        """Return dtype and shape of the arrays of a batch."""
        targets, weights = arrays_of(self.X, self.y, self.sample_weight, [0])[-2:]
        targets, weights = _signature(targets), _signature(weights)
        if isinstance(self.y, Sequences):
            targets[1][1] = weights[1][1] = None
        return [*_inputs_signature(self.X), targets, weights]

    def _arrange(self, batch):
        """Arrange the tensors of a batch for Keras's training step."""
        *x, y, sample_weight = batch
        return x[0] if len(x) == 1 else tuple(x), y, sample_weight


class PairedFeed(Feed):
    """Batches of labelled rows, each paired with a batch of unlabelled rows.

    The unlabelled rows are cycled: the next epoch continues where the last one has stopped. The
    batches are inputs of :class:`skrnn.training.semi_supervised.SemiSupervisedStep`.

    Parameters
    ----------
    X, y, sample_weight, batch_size, seed
        As in `Feed`.
    unlabeled : Sequences or None
        Rows without a label.
    on_epoch : callable
        Called without arguments when an epoch begins.
    """

    def __init__(self, X, y, sample_weight, batch_size, seed, unlabeled, on_epoch):
        super().__init__(X, y, sample_weight, batch_size, seed)
        self.unlabeled = unlabeled
        self.unlabeled_plan = unlabeled and BatchPlan(unlabeled.lengths, batch_size)
        self.on_epoch = on_epoch
        self._round = None

    def on_epoch_begin(self, epoch, logs=None):
        """Set the epoch."""
        super().on_epoch_begin(epoch, logs)
        self.on_epoch()

    def batch(self, i):
        """Return the arrays of batch `i` of the epoch: labelled, unlabelled, and two seeds."""
        labelled = super().batch(i)
        nth = self.epoch * len(self.plan) + i
        seeds = np.random.default_rng([self.seed, Stream.NOISE, nth]).integers(2**31, size=(2, 2))
        return *labelled, *self._unlabeled_batch(nth), seeds.astype(np.int32)

    def _unlabeled_batch(self, nth):
        if self.unlabeled is None:
            return []
        nth_round, i = divmod(nth, len(self.unlabeled_plan))
        if nth_round != self._round:
            rng = np.random.default_rng([self.seed, Stream.ROUNDS, nth_round])
            self._round, self._unlabeled_rows = nth_round, self.unlabeled_plan.batches(rng)
        return self.unlabeled.inputs(self._unlabeled_rows[i])

    def _signature(self):
        unlabeled = [] if self.unlabeled is None else _inputs_signature(self.unlabeled)
        return [*super()._signature(), *unlabeled, (tf.int32, [2, 2])]

    def _arrange(self, batch):
        *tensors, seeds = batch
        n_inputs = len(self.X.inputs([0]))
        x = tensors[:n_inputs]
        y, sample_weight = tensors[n_inputs : n_inputs + 2]
        return (tuple(x), y, sample_weight), tuple(tensors[n_inputs + 2 :]), seeds


def arrays_of(X, y, sample_weight, rows):
    """Return the arrays of a batch: inputs, targets and weights of the given rows."""
    weights = sample_weight[rows]
    if not isinstance(y, Sequences):
        return *X.inputs(rows), y[rows], weights
    # Each step has the weight of its row, and padding none.
    weights = np.where(y.steps(rows) >= 0, weights[:, np.newaxis], np.float32(0))
    return *X.inputs(rows), y.pad(rows), weights


def _signature(array):
    return tf.as_dtype(array.dtype), [None, *array.shape[1:]]


def _inputs_signature(sequences):
    rows, *others = map(_signature, sequences.inputs([0]))
    for _, shape in [rows, *others[len(sequences.row_inputs) :]]:
        shape[1] = None
    return [rows, *others]
