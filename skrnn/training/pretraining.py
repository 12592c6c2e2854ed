"""Language-model pretraining: recurrent layers learn what text is like, from text without labels.

A language model with layers like the classifier's is trained to tell the next token from the
state at each (Dai & Le 2015); layers that read backwards tell the previous one (Howard & Ruder
2018; Sachan et al. 2019). Its embedding and its recurrent layers are what the classifier then
starts from; its output weights, which the directions share as in ELMo, are thrown away. In a
bidirectional stack only the first layer can be trained so: what the second one reads has seen
the token that it would have to tell.

The softmax is over the true token and a sample of the vocabulary, shared by a batch, so that no
tensor has the size of tokens times vocabulary (sampled softmax, Jean et al. 2015). Everything
random is drawn by NumPy from the seed.
"""

import numpy as np

from skrnn.backend.tensorflow import keras, tf
from skrnn.exceptions import InvalidInputError
from skrnn.layers.evidence import AppendEvidence
from skrnn.network.description import EMBEDDING
from skrnn.network.fitted import FittedNetwork
from skrnn.sequences import PADDING, Sequences
from skrnn.sequences.batching import LENGTH_NOISE, auto_batch_size
from skrnn.training.callbacks import diverged
from skrnn.training.scikeras import wrap
from skrnn.training.state import PretrainingState

# Predictions in one sequence; longer documents are cut evenly into windows of at most so many.
WINDOW = 200
# Steps of a batch, padding included: bounds its memory, whatever the documents' lengths.
MAX_STEPS = 8_000
# Classes in the sample; where the vocabulary has no more, the softmax is the full one.
N_SAMPLED = 512
# Sets these draws apart from others of the same seed.
STREAM = 1
# The batch is dealt to so many parts, which TensorFlow computes side by side.
N_SHARDS = 2


def pretrain(network, corpus, settings, *, epochs, resumed=None, on_state=None):
    """Train the embedding and the recurrent layers of a network as a language model.

    Parameters
    ----------
    network : FittedNetwork
        On token ids, with the weights that training begins with.
    corpus : Sequences
        Token ids.
    settings : TrainingSettings
        The optimizer, and at most so many windows a batch, and no more than make `MAX_STEPS`.
    epochs : int
        Passes over the corpus.
    resumed : PretrainingState or None
        Where these epochs were when they were interrupted.
    on_state : callable or None
        Is given the state after each epoch.

    Returns
    -------
    network : FittedNetwork
        With what was learned.
    losses : list of float
        The mean loss of each epoch, in nats a token. With a sample for the vocabulary it is
        lower than the full cross-entropy.

    Raises
    ------
    ValueError
        If no sequence has two tokens, or the training diverges.
    """
    keras_model, seed = network.model, network.seed
    optimizer = wrap(network.description.head_, settings).compile_kwargs()["optimizer"]
    size = settings.batch_size
    losses = _pretrain(
        keras_model, corpus, optimizer, epochs=epochs, seed=seed, verbose=settings.verbose,
        batch_size=auto_batch_size(len(corpus)) if size == "auto" else size,
        resumed=resumed, on_state=on_state,
    )  # fmt: skip
    return FittedNetwork(network.description, network.values, seed), losses


def _pretrain(network, corpus, optimizer, *, epochs, batch_size, seed, verbose, resumed, on_state):
    windows = cut_windows(corpus)
    if not len(windows):
        raise InvalidInputError(
            "pretraining_epochs > 0 needs sequences of at least two tokens, to tell one from the "
            "other. Set it to 0, or give longer ones as X_unlabeled."
        )
    model = LanguageModel(network, optimizer, _unigram_log_odds(network, corpus), seed)
    losses = []
    if resumed is not None:
        losses += resumed.losses
        model.write(resumed.values)
    for epoch in range(len(losses), epochs):
        rng = np.random.default_rng([seed, STREAM, epoch])
        total = n_predictions = 0.0
        for rows in token_batches(windows.lengths, batch_size, rng):
            sample, n_draws = model.sampler.draw(rng)
            loss, n = model.train_step(windows.pad(rows), sample, n_draws)
            total, n_predictions = total + float(loss), n_predictions + int(n)
        losses.append(total / n_predictions)
        if not (np.isfinite(losses[-1]) and model.is_finite()):
            raise diverged(epoch + 1, "Pretraining")
        if verbose:
            print(f"Pretraining epoch {epoch + 1}/{epochs} - loss: {losses[-1]:.4f}")
        if on_state is not None:
            on_state(PretrainingState(list(losses), model.read()))
    model.hand_over()
    return losses


def cut_windows(corpus):
    """Cut sequences so that each is at most `WINDOW` predictions long.

    Neighbours share a token: the last one that the first of them tells is the first that the
    second of them reads. Sequences of a single token have nothing to tell and are left out.

    Parameters
    ----------
    corpus : Sequences
        Token ids.

    Returns
    -------
    Sequences
        The windows, in the corpus's order.
    """
    n_predictions = corpus.lengths - 1
    n_windows = -(-n_predictions // WINDOW)
    row = np.repeat(np.arange(len(corpus)), n_windows)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(n_windows) - n_windows, n_windows)
    start = n_predictions[row] * nth // n_windows[row]
    end = n_predictions[row] * (nth + 1) // n_windows[row] + 1
    offsets = np.concatenate([[0], np.cumsum(end - start)])
    first = corpus.offsets[row] + start - offsets[:-1]
    steps = np.arange(offsets[-1]) + np.repeat(first, end - start)
    return Sequences(corpus.values[steps], offsets)


def token_batches(lengths, batch_size, rng):
    """Put sequences of like length into batches of bounded size, in random order.

    Parameters
    ----------
    lengths : ndarray of shape (n_samples,)
        None over `MAX_STEPS`.
    batch_size : int
        At most so many rows a batch, and no more than make `MAX_STEPS` steps with the padding.
    rng : numpy.random.Generator
        Shuffles.

    Returns
    -------
    list of ndarray
        Row numbers; every row is in exactly one.
    """
    noise = rng.uniform(1 - LENGTH_NOISE, 1 + LENGTH_NOISE, len(lengths))
    order = np.argsort(lengths * noise + rng.uniform(0, 2, len(lengths)), kind="stable")
    cuts, longest, first = [], 0, 0
    for place, length in enumerate(lengths[order].tolist()):
        longest = max(longest, length)
        n_rows = place - first + 1
        if n_rows > batch_size or n_rows * longest > MAX_STEPS:
            cuts.append(place)
            longest, first = length, place
    batches = np.split(order, cuts)
    return [batches[i] for i in rng.permutation(len(batches))]


class LogUniformSampler:
    """Draws distinct classes, class k with a probability that falls with k as in Zipf's law.

    .. math:: p_k = log((k + 2) / (k + 1)) / log(n_classes + 1)

    as ``tf.random.log_uniform_candidate_sampler`` does, but from a generator of one's own: that
    one's draws depend on the global seed, too. It fits classes ordered by frequency; others
    are sampled as rightly, but less well.

    Parameters
    ----------
    n_classes, n_sampled : int
        Of so many classes, draw so many.
    """

    def __init__(self, n_classes, n_sampled):
        self.n_classes = n_classes
        self.n_sampled = min(n_sampled, n_classes)

    @property
    def takes_all(self):
        """Whether the sample is the whole."""
        return self.n_sampled == self.n_classes

    def draw(self, rng):
        """Return int32 of shape (n_sampled,), and how many draws it took, repetitions included."""
        if self.takes_all:
            return np.arange(self.n_classes, dtype=np.int32), np.float32(1)
        draws = np.empty(0, np.int64)
        while True:
            u = rng.uniform(size=2 * self.n_sampled)
            new = np.exp(u * np.log(self.n_classes + 1)).astype(np.int64) - 1
            draws = np.concatenate([draws, np.minimum(new, self.n_classes - 1)])
            first = np.sort(np.unique(draws, return_index=True)[1])[: self.n_sampled]
            if len(first) == self.n_sampled:
                return draws[first].astype(np.int32), np.float32(first[-1] + 1)

    def log_expected_count(self, classes, n_draws):
        """Return the log of the probability of each class (a tensor) to be in the sample."""
        k = tf.cast(classes, tf.float32)
        if self.takes_all:
            return tf.zeros_like(k)
        p = tf.math.log1p(1 / (k + 1)) / np.log(self.n_classes + 1).astype(np.float32)
        return tf.math.log(-tf.math.expm1(n_draws * tf.math.log1p(-p)))


class LanguageModel:
    """Layers like those of a network, and a softmax over the vocabulary on top.

    Parameters
    ----------
    network : keras.Model
        From `build_network`; left as it is until `hand_over`.
    optimizer : keras.optimizers.Optimizer
        A new one.
    log_odds : ndarray of shape (n_classes,), float32
        What the output biases start from; class k is the token id k + 1.
    seed : int
        Draws the output weights.
    """

    def __init__(self, network, optimizer, log_odds, seed):
        self._pairs, self.states = _copy_readers(network)
        n_classes, units = len(log_odds), self.states.outputs[0].shape[-1]
        limit = np.sqrt(6 / (n_classes + units))  # Glorot & Bengio's
        rng = np.random.default_rng([seed, STREAM])
        kernel = rng.uniform(-limit, limit, (n_classes, units)).astype(np.float32)
        self.kernel, self.bias = keras.Variable(kernel), keras.Variable(log_odds)
        self.sampler = LogUniformSampler(n_classes, N_SAMPLED)
        self.optimizer = optimizer
        self.optimizer.build(self.variables)
        signature = [
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((self.sampler.n_sampled,), tf.int32),
            tf.TensorSpec((), tf.float32),
        ]
        step = tf.function(self._step, input_signature=signature, autograph=False)
        # Called through its one trace, TensorFlow does not count it as a retracing.
        self.train_step = step.get_concrete_function()

    @property
    def variables(self):
        """What is trained."""
        return [*self.states.trainable_variables, self.kernel, self.bias]

    def losses(self, tokens, sample, n_draws):
        """Return the loss of every prediction, a list of tensors.

        Parameters
        ----------
        tokens : tensor of shape (n_samples, n_timesteps), int32
            Padded at the right.
        sample : tensor of shape (n_sampled,), int32
            Distinct classes.
        n_draws : tensor, scalar float32
            How many draws they took.
        """
        forward, *backward = tf.nest.flatten(self.states(tokens, training=True))
        is_real = tokens[:, 1:] != PADDING
        told = [(forward[:, :-1], tokens[:, 1:])]
        if backward:  # the state at a token, come from behind, tells the one before
            told.append((backward[0][:, 1:], tokens[:, :-1]))
        losses = []
        n_parts = N_SHARDS // len(told)
        for states, targets in told:
            for part in range(n_parts):
                real = is_real[part::n_parts]
                losses.append(
                    self._sampled_softmax(
                        tf.boolean_mask(states[part::n_parts], real),
                        tf.boolean_mask(targets[part::n_parts], real) - 1,
                        sample,
                        n_draws,
                    )
                )
        return losses

    def is_finite(self):
        """Whether all that the network is to have are numbers."""
        return all(np.isfinite(values).all() for values in self.states.get_weights())

    def read(self):
        """Return all that going on needs, arrays."""
        return [variable.numpy() for variable in self._everything()]

    def write(self, values):
        """Be as `read` has found another."""
        for variable, value in zip(self._everything(), values, strict=True):
            variable.assign(value)

    def _everything(self):
        # Layer by layer: a model's own list lacks the states of its dropouts' generators.
        layers = [variable for layer in self.states.layers for variable in layer.variables]
        return [*layers, self.kernel, self.bias, *self.optimizer.variables]

    def hand_over(self):
        """Copy the weights into the network's layers."""
        for layer, copy in self._pairs:
            layer.set_weights(copy.get_weights())

    def _sampled_softmax(self, states, classes, sample, n_draws):
        """Return the cross-entropy among the true class and the sample, one a state.

        What ``tf.nn.sampled_softmax_loss`` computes, in two thirds of its memory.
        """
        kernel, bias = self.kernel.value, self.bias.value
        log_count = self.sampler.log_expected_count
        true = tf.reduce_sum(states * tf.gather(kernel, classes), axis=1)
        true += tf.gather(bias, classes) - log_count(classes, n_draws)
        others = tf.matmul(states, tf.gather(kernel, sample), transpose_b=True)
        others += tf.gather(bias, sample) - log_count(sample, n_draws)
        others = tf.where(classes[:, None] == sample, -1e30, others)  # has its logit already
        return tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.zeros_like(classes), logits=tf.concat([true[:, None], others], axis=1)
        )

    def _step(self, tokens, sample, n_draws):
        with tf.GradientTape() as tape:
            losses = self.losses(tokens, sample, n_draws)
            total = tf.add_n([tf.reduce_sum(loss) for loss in losses])
            n = tf.add_n([tf.size(loss) for loss in losses])
            mean = total / tf.cast(n, tf.float32)
        self.optimizer.apply(tape.gradient(mean, self.variables), self.variables)
        return total, n


class _NoEvidence(keras.layers.Layer):
    """Append zeros where the classifier reads the evidence of n-grams, which knows the label."""

    def __init__(self, n_outputs, **kwargs):
        super().__init__(**kwargs)
        self.n_outputs = n_outputs
        self.supports_masking = True

    def call(self, inputs):
        return tf.pad(inputs, [[0, 0], [0, 0], [0, self.n_outputs]])

    def compute_output_shape(self, input_shape):
        return *input_shape[:-1], input_shape[-1] + self.n_outputs


def _copy_readers(network):
    """Return pairs of layers and their copies, and the copies' model: tokens to states.

    The model's outputs have a state for every token: one that has read what is before and, in a
    bidirectional network, one that has read what is behind.
    """
    pairs = []

    def copied(layer, **changes):
        copy = type(layer).from_config({**layer.get_config(), **changes})
        pairs.append((layer, copy))
        return copy

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = copied(network.get_layer(EMBEDDING))(tokens)
    for layer in network.layers:
        if isinstance(layer, AppendEvidence):
            x = _NoEvidence(layer.input[1].shape[-1], name="no_evidence")(x)
    stack = [
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)
    ]
    if isinstance(stack[0], keras.layers.Bidirectional):
        forward = copied(stack[0].forward_layer, return_sequences=True)(x)
        backward = copied(stack[0].backward_layer, return_sequences=True)(x)
        outputs = [forward, keras.ops.flip(backward, axis=1)]
    else:
        for layer in stack:
            x = copied(layer, return_sequences=True)(x)
        outputs = [x]
    states = keras.Model(tokens, outputs, name="language_model")
    for layer, copy in pairs:
        copy.set_weights(layer.get_weights())
    return pairs, states


def _unigram_log_odds(network, corpus):
    """Return the log of each class's share of the corpus: what an output bias would learn first."""
    n_ids = network.get_layer(EMBEDDING).input_dim
    counts = np.bincount(corpus.values, minlength=n_ids)[1:] + 1.0
    return np.log(counts / counts.sum()).astype(np.float32)
