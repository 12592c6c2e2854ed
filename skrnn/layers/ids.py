"""What a network reads of the ids beside each step: summed vectors, and scores.

Several ids describe a step, such as the hashed prefixes and suffixes of a word, or its part of
speech. The id 0 is none of them.
"""

from skrnn.backend.tensorflow import keras, tf
from skrnn.exceptions import NoKernelsError
from skrnn.layers.engine import looks_up_here

ops = keras.ops


def sum_of_rows(layer, table, ids):
    """Return the sums of the rows of a layer's table, (..., n_features) for ids (..., width)."""
    if looks_up_here(layer, ids) and ids.shape[-1] is not None:
        try:
            from skrnn.layers import compiled

            return compiled.sum_up(tf.convert_to_tensor(table), ids)
        except NoKernelsError:
            pass
    ids = ops.cast(ids, "int32")
    rows = ops.take(table, ids, axis=0)
    # Not a product: whatever the row of 0 holds, it adds nothing.
    rows = ops.where(ops.expand_dims(ids != 0, -1), rows, ops.zeros((), rows.dtype))
    return ops.sum(rows, axis=-2)


@keras.saving.register_keras_serializable(package="skrnn")
class AppendIds(keras.layers.Layer):
    """Append the sum of the vectors of several ids to the vector of each step.

    Takes vectors (n_samples, n_timesteps, n_features), whose mask is kept, and ids (n_samples,
    n_timesteps, width). Of several tables that are hashed into, spaCy's MultiHashEmbed sums or
    joins the vectors in the same way.

    Parameters
    ----------
    n_ids : int
        Ids are below it.
    dim : int
        Numbers in the vector of an id.
    dropout : float
        Fraction of the sum's dimensions dropped for a whole sequence, in training.
    seed : int or None
        Of the dropout.
    embeddings_initializer : keras.initializers.Initializer or str
        Of the table.
    """

    def __init__(
        self, n_ids, dim, dropout=0.0, seed=None, embeddings_initializer="uniform", **kwargs
    ):
        super().__init__(**kwargs)
        self.n_ids, self.dim, self.rate, self.seed = n_ids, dim, dropout, seed
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.vector_dropout = None
        if dropout:
            self.vector_dropout = keras.layers.SpatialDropout1D(dropout, seed=seed)

    def build(self, input_shape):
        """Create the table."""
        self.table = self.add_weight(
            shape=(self.n_ids, self.dim), initializer=self.embeddings_initializer, name="table"
        )

    def call(self, inputs, training=False):
        """Return vectors of n_features + dim."""
        vectors, ids = inputs
        summed = sum_of_rows(self, self.table, ids)
        if self.vector_dropout is not None:
            summed = self.vector_dropout(summed, training=training)
        return ops.concatenate([vectors, summed], axis=-1)

    def compute_mask(self, inputs, mask=None):
        """Return the mask of the vectors."""
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape):
        """Return (n_samples, n_timesteps, n_features + dim)."""
        vectors, _ = input_shape
        return *vectors[:-1], vectors[-1] + self.dim

    def get_config(self):
        """Return the parameters."""
        return {
            **super().get_config(),
            "n_ids": self.n_ids,
            "dim": self.dim,
            "dropout": self.rate,
            "seed": self.seed,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
        }


@keras.saving.register_keras_serializable(package="skrnn")
class AddIdScores(keras.layers.Layer):
    """Add the learned scores of several ids to the raw output of each step.

    Takes raw output (n_samples, n_timesteps, n_outputs), whose mask is kept, and ids (n_samples,
    n_timesteps, width), and returns the shape of the raw output. It is a linear model beside the
    network ("wide and deep", Cheng et al. 2016), trained with it. Scores are zero before training.

    Parameters
    ----------
    n_ids : int
        Ids are below it.
    """

    def __init__(self, n_ids, **kwargs):
        super().__init__(**kwargs)
        self.n_ids = n_ids

    def build(self, input_shape):
        """Create a score for each id and output."""
        shape = (self.n_ids, input_shape[0][-1])
        self.scores = self.add_weight(shape=shape, initializer="zeros", name="scores")

    def call(self, inputs):
        """Return the raw output with the scores."""
        raw, ids = inputs
        return raw + sum_of_rows(self, self.scores, ids)

    def compute_mask(self, inputs, mask=None):
        """Return the mask of the raw output."""
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape):
        """Return the shape of the raw output."""
        return input_shape[0]

    def get_config(self):
        """Return the parameters."""
        return {**super().get_config(), "n_ids": self.n_ids}
