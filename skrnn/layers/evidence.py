"""The linear part beside a recurrent network ("wide and deep", Cheng et al. 2016)."""

from skrnn.backend.tensorflow import keras

# NB-SVM is overconfident: on held-out reviews, half its log-odds is closer to the truth.
INITIAL_WEIGHT = 0.5


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
    """

    def build(self, input_shape):
        """Create one weight for each output."""
        self.weight = self.add_weight(
            shape=(input_shape[0][-1],),
            initializer=keras.initializers.Constant(INITIAL_WEIGHT),
            name="weight",
        )

    def call(self, inputs):
        """Return ``logits + weight * scores``."""
        logits, scores = inputs
        return logits + self.weight * scores

    def compute_output_shape(self, input_shape):
        """Return (n_samples, n_outputs)."""
        return input_shape[0]
