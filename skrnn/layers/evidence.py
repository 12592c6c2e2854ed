"""The linear part beside a recurrent network ("wide and deep", Cheng et al. 2016)."""

from skrnn.backend.tensorflow import keras

# NB-SVM is sure of itself: on held-out reviews half its log-odds is nearer the truth.
INITIAL_WEIGHT = 0.5


@keras.saving.register_keras_serializable(package="skrnn")
class AppendEvidence(keras.layers.Layer):
    """Append to each step's vector what another model says at that step.

    Takes vectors (n_samples, n_timesteps, width), whose mask is kept, and evidence (n_samples,
    n_timesteps, n_outputs). Recurrent layers then read what each n-gram tells in its context:
    behind a negation, in the last sentence.
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
    """Add to each logit the score of another model, by a learned weight.

    Takes the logits and the scores, (n_samples, n_outputs) both, and returns as much. While the
    weights are learned the network is trained on what the scores leave to explain.
    """

    def build(self, input_shape):
        """Make one weight an output."""
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
