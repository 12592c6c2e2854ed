"""What a recurrent network reads beside its sequence.

A linear model of n-grams ("wide and deep", Cheng et al. 2016), and columns of numbers.
"""

from skrnn.backend.tensorflow import keras

# NB-SVM is overconfident: on held-out reviews, half its log-odds is closer to the truth.
INITIAL_WEIGHT = 0.5
# The scores of convolutions are calibrated on left-out rows.
CALIBRATED_WEIGHT = 1.0


@keras.saving.register_keras_serializable(package="skrnn")
class AppendEvidence(keras.layers.Layer):
    """Append the evidence of another model at each step to the vector of the step.

    Takes vectors (n_samples, n_timesteps, width), whose mask is kept, and evidence (n_samples,
    n_timesteps, n_outputs). So recurrent layers read the weights of n-grams in their context, such
    as after a negation or in the last sentence.
    """

    def call(self, inputs):
        """Return vectors of width + n_outputs."""
        return keras.ops.concatenate(inputs, axis=-1)

    def compute_mask(self, inputs, mask=None):
        """Return the mask of the vectors."""
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape):
        """Return (n_samples, n_timesteps, width + n_outputs)."""
        vectors, evidence = input_shape
        return *vectors[:-1], vectors[-1] + evidence[-1]


@keras.saving.register_keras_serializable(package="skrnn")
class AddScores(keras.layers.Layer):
    """Add the score of another model, times a learned weight, to each logit.

    Takes the logits and the scores, both (n_samples, n_outputs), and returns the same shape. The
    network is trained together with the weights, so it learns what the scores do not explain.

    Parameters
    ----------
    initial_weight : float
        The weights before training.
    """

    def __init__(self, initial_weight=INITIAL_WEIGHT, **kwargs):
        super().__init__(**kwargs)
        self.initial_weight = initial_weight

    def build(self, input_shape):
        """Create one weight for each output."""
        self.weight = self.add_weight(
            shape=(input_shape[0][-1],),
            initializer=keras.initializers.Constant(self.initial_weight),
            name="weight",
        )

    def call(self, inputs):
        """Return ``logits + weight * scores``."""
        logits, scores = inputs
        return logits + self.weight * scores

    def compute_output_shape(self, input_shape):
        """Return (n_samples, n_outputs)."""
        return input_shape[0]

    def get_config(self):
        """Return the parameters."""
        return {**super().get_config(), "initial_weight": self.initial_weight}


@keras.saving.register_keras_serializable(package="skrnn")
class JoinColumns(keras.layers.Layer):
    """Join the numbers of a row to its states, and add a layer that reads both.

    Takes states (n_samples, width), or (n_samples, n_timesteps, width), whose mask is kept, and
    numbers (n_samples, n_columns). Returns the states, the numbers, and rectified linear units
    that read both, side by side. So a dense layer behind it learns the numbers' own part, and what
    they mean together with the text.

    Parameters
    ----------
    units : int
        Number of rectified linear units.
    kernel_initializer : keras.initializers.Initializer or str
        Of their kernel.
    """

    def __init__(self, units, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        """Create kernel and bias."""
        states, numbers = input_shape
        shape = (states[-1] + numbers[-1], self.units)
        self.kernel = self.add_weight(
            shape=shape, initializer=self.kernel_initializer, name="kernel"
        )
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, inputs):
        """Return vectors of width + n_columns + units."""
        states, numbers = inputs
        numbers = keras.ops.cast(numbers, states.dtype)
        if len(states.shape) == 3:
            n_timesteps = keras.ops.shape(states)[1]
            numbers = keras.ops.repeat(numbers[:, None], n_timesteps, axis=1)
        both = keras.ops.concatenate([states, numbers], axis=-1)
        joined = keras.ops.relu(keras.ops.matmul(both, self.kernel) + self.bias)
        return keras.ops.concatenate([both, joined], axis=-1)

    def compute_mask(self, inputs, mask=None):
        """Return the mask of the states."""
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape):
        """Return the shape of the states, with width + n_columns + units."""
        states, numbers = input_shape
        return *states[:-1], states[-1] + numbers[-1] + self.units

    def get_config(self):
        """Return the parameters."""
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return {**super().get_config(), "units": self.units, "kernel_initializer": initializer}
