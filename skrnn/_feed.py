"""The rows of a fit as a stream of padded batches."""

import weakref

import numpy as np

from skrnn._backend import keras, tf
from skrnn.batching import BatchPlan


class Feed(keras.callbacks.Callback):
    """The rows of one fit as a `tf.data.Dataset` of padded batches.

    As a callback it learns the epoch, from which and the seed the order of the rows follows: it
    is then the same whether epochs run in one fit or in several.

    Parameters
    ----------
    X : Sequences
    y, sample_weight : ndarray
    batch_size : int
    seed : int or None
        None keeps the rows sorted by length, for evaluation.
    """

    def __init__(self, X, y, sample_weight, batch_size, seed=None):
        super().__init__()
        self.X, self.y, self.sample_weight = X, y, sample_weight
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        self.plan = BatchPlan(X.lengths, batch_size)

    def on_epoch_begin(self, epoch, logs=None):
        """Take note of the epoch whose batches Keras is about to ask for."""
        self.epoch = epoch

    def batch(self, i):
        """Return the arrays of batch `i` of the epoch: inputs, y and sample_weight."""
        if i == 0:
            rng = None if self.seed is None else np.random.default_rng([self.seed, self.epoch])
            self._rows = self.plan.batches(rng)
        rows = self._rows[i]
        return *self.X.inputs(rows), self.y[rows], self.sample_weight[rows]

    def dataset(self):
        """Return the batches as Keras takes them, lengths left open so that one trace serves."""
        some = self.X.inputs([0]) + [self.y, self.sample_weight]
        dtypes = [tf.as_dtype(array.dtype) for array in some]
        shapes = [[None, *array.shape[1:]] for array in some]
        shapes[0][1] = None
        # TensorFlow never lets go of a function it calls (`_py_funcs_used_in_graph` of the
        # default graph, 2.21): held strongly, every fit would leave its rows and model behind.
        feed = weakref.ref(self)

        def load(i):
            batch = tf.numpy_function(lambda i: feed().batch(i), [i], dtypes)
            for tensor, shape in zip(batch, shapes, strict=True):
                tensor.set_shape(shape)
            *x, y, sample_weight = batch
            return x[0] if len(x) == 1 else tuple(x), y, sample_weight

        # A fifth of the overhead of `from_generator`, which calls back four times a batch.
        return tf.data.Dataset.range(len(self.plan)).map(load)
