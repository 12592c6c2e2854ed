"""Semi-supervised losses: adversarial losses, and the entropy of predictions.

Adversarial training (Miyato, Dai & Goodfellow 2017) makes predictions robust against the worst
small perturbation of a text's embedding, found by one step along the gradient. For labelled rows,
it is the perturbation that increases the loss the most; for rows with or without a label
("virtual"), the one that changes the prediction the most. Minimizing the entropy on unlabelled
rows keeps the decision boundary away from them (Sachan, Zaheer & Salakhutdinov 2019).

The papers normalize the embeddings to mean 0 and variance 1 over the words of the text, so that
the network cannot make the perturbation small by increasing the embeddings. Changing a normalized
embedding by `r` is the same as changing the original one by `sigma * r`, where `sigma` is the
standard deviation of each dimension. This is done here, so the network and its predictions are the
same as without these losses.
"""

from skrnn.backend.tensorflow import keras, tf
from skrnn.network.description import EMBEDDING
from skrnn.network.parts import behind_embedding
from skrnn.network.several import networks_of
from skrnn.sequences import PADDING

# The direction that changes the prediction the most is searched at this fraction of the norm of
# the perturbation. With much less, the predictions are equal in float32.
PROBE = 0.1


class SemiSupervisedStep:
    """A training step of a network with further losses, which replaces Keras's own.

    A batch is ``((x, y, sample_weight), unlabeled, seeds)``, x and `unlabeled` being tuples of a
    network's inputs (`unlabeled` may be empty) and `seeds` int32 of shape (2, 2). "loss" is the
    cross-entropy on the labelled rows; the further losses are in the logs by their names.

    The network's dropout is the same in all passes over a batch, as in the authors' code, so that
    only the perturbation changes the prediction.

    Parameters
    ----------
    network : keras.Model
        From `build_network`, on token ids, compiled; its `train_step` is replaced.
    objective : Objective
        At least one of its losses is on.
    head : skrnn.heads.base.Head
        Of the network: its losses.
    optimizer : keras.optimizers.Optimizer or None, default=None
        None is that of the network.

    Attributes
    ----------
    frequencies : tf.Variable of shape (vocabulary_size,)
        Share of each id among the words of the text.
    means : dict of str to keras.metrics.Mean
        The further losses of the running epoch.
    """

    def __init__(self, network, objective, head, optimizer=None):
        self.network = network
        self.objective = objective
        self.head = head
        self.optimizer = network.optimizer if optimizer is None else optimizer
        embedding = network.get_layer(EMBEDDING)
        self._table = embedding.embeddings
        # Named: TensorFlow sorts what it sums by name, and Keras's own names count models.
        self._embedding = keras.Model(network.inputs[0], embedding.output, name="to_embedding")
        self._head = behind_embedding(network)
        # Of an embedding that is frozen, and the states of the dropouts' generators.
        fixed = [v for layer in network.layers for v in layer.non_trainable_variables]
        self._generators = [v for v in fixed if v is not self._table]
        self.frequencies = tf.Variable(tf.zeros(embedding.input_dim), trainable=False)
        self.means = _means(objective)
        network.train_step = self.train_step

    def load(self, counts):
        """Take the counts of the ids in the text, ndarray of shape (vocabulary_size,)."""
        self.frequencies.assign(counts / counts.sum())

    def reset(self):
        """Begin an epoch: the logs have its means."""
        for mean in self.means.values():
            mean.reset_state()

    def train_step(self, data):
        """Update the weights by one batch, and return the logs."""
        (x, y, _), _, _ = data
        gradients, loss, logits = self.gradients(data)
        self.optimizer.apply(gradients, self.network.trainable_variables)
        return _logs(self, x, y, loss, logits)

    def gradients(self, data):
        """Return the gradients of all losses for a batch, the loss and the logits."""
        (x, y, sample_weight), unlabeled, seeds = data
        optimizer, variables = self.optimizer, self.network.trainable_variables
        before = self._states()
        sigma = self.standard_deviation()
        with tf.GradientTape() as tape:
            embedded = self.embed(x)
            tape.watch(embedded)
            logits = self.logits(embedded, x)
            loss = self.labelled_loss(y, logits, sample_weight)
            total = loss
            between = self._states()
            if unlabeled:
                unlabeled_logits = self.logits(self.embed(unlabeled), unlabeled)
            after = self._states()
            if self.objective.entropy_weight:
                entropy = tf.reduce_mean(self.head.entropy(unlabeled_logits))
                self._note("entropy", entropy, unlabeled)
                total += self.objective.entropy_weight * entropy
            total = optimizer.scale_loss(total)
        *gradients, gradient = tape.gradient(total, [*variables, embedded])

        rows = [(x, logits, before, seeds[0])]
        if unlabeled:
            rows.append((unlabeled, unlabeled_logits, between, seeds[1]))
        perturbations = []
        if self.objective.virtual_adversarial_epsilon:
            perturbations = [self.worst_for_answer(*each, sigma) for each in rows]
        with tf.GradientTape() as tape:
            total = tf.zeros(())
            if self.objective.adversarial_epsilon:
                worst = self.worst_for_loss(gradient, x, sigma)
                disturbed = self._disturbed(x, before, worst)
                adversarial = self.labelled_loss(y, disturbed, sample_weight)
                self._note("adversarial_loss", adversarial, x)
                total += adversarial
            if perturbations:
                parts = []
                for (inputs, answer, states, _), r in zip(rows, perturbations, strict=True):
                    disturbed = self._disturbed(inputs, states, r)
                    parts.append(self.head.divergence(tf.stop_gradient(answer), disturbed))
                virtual = tf.reduce_mean(tf.concat(parts, axis=0))
                self._note("virtual_adversarial_loss", virtual, x)
                total += virtual
            total = optimizer.scale_loss(total)
        if self.objective.adversarial_epsilon or perturbations:
            more = tape.gradient(total, variables, unconnected_gradients="zero")
            pairs = zip(gradients, more, strict=True)
            gradients = [tf.convert_to_tensor(a) + tf.convert_to_tensor(b) for a, b in pairs]
        self._restore(after)
        return gradients, loss, logits

    def standard_deviation(self):
        """Return that of each embedding dimension over the text, shape (embedding_dim,)."""
        table, share = tf.convert_to_tensor(self._table), self.frequencies[:, None]
        mean = tf.reduce_sum(share * table, axis=0)
        return tf.sqrt(tf.reduce_sum(share * (table - mean) ** 2, axis=0))

    def embed(self, inputs):
        """Return the tokens' vectors, (n_samples, n_timesteps, embedding_dim), in training."""
        # Without the mask, which Keras would warn of losing; `logits` makes its own.
        return tf.identity(self._embedding(inputs[0], training=True))

    def logits(self, embedded, inputs):
        """Return the network's logits for embedded tokens, in training.

        Parameters
        ----------
        embedded : tensor of shape (n_samples, n_timesteps, embedding_dim)
        inputs : tuple of tensors
            What the network reads; of the token ids only the padding counts here.
        """
        return tf.cast(self._head([embedded, *inputs], training=True), tf.float32)

    def worst_for_loss(self, gradient, inputs, sigma):
        """Return the perturbation that increases the loss the most, to first order.

        Parameters
        ----------
        gradient : tensor of shape (n_samples, n_timesteps, embedding_dim)
            Of the loss with respect to the embedded tokens.
        inputs : tuple of tensors
            The network's.
        sigma : tensor of shape (embedding_dim,)
            The embeddings' standard deviations.

        Returns
        -------
        tensor of the gradient's shape
            Divided by `sigma`, each row has the norm `adversarial_epsilon`; zero at padding.
        """
        real = _real_steps(inputs[0])
        return sigma * _of_norm(self.objective.adversarial_epsilon, gradient * sigma * real)

    def worst_for_answer(self, inputs, answer, states, seed, sigma):
        """Return the perturbation that changes the prediction the most, by one power iteration.

        Parameters
        ----------
        inputs : tuple of tensors
            The network's.
        answer : tensor of shape (n_samples, n_outputs)
            Its logits for them.
        states : list of tensors
            Of the dropouts' generators, before that pass.
        seed : tensor of shape (2,), int32
            Draws the direction to begin with.
        sigma : tensor of shape (embedding_dim,)
            The embeddings' standard deviations.

        Returns
        -------
        tensor of shape (n_samples, n_timesteps, embedding_dim)
            Divided by `sigma`, each row has the norm `virtual_adversarial_epsilon`; zero at
            padding.
        """
        epsilon, real = self.objective.virtual_adversarial_epsilon, _real_steps(inputs[0])
        shape = tf.concat([tf.shape(inputs[0]), tf.shape(sigma)], axis=0)
        noise = tf.random.stateless_normal(shape, seed)
        probe = _of_norm(PROBE * epsilon, noise * real)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(probe)
            moved = self._disturbed(inputs, states, sigma * probe)
            divergence = self.head.divergence(answer, moved)
        gradient = tape.gradient(divergence, probe)
        return sigma * _of_norm(epsilon, gradient * real)

    def labelled_loss(self, y, logits, sample_weight):
        """Return the loss of the head, weighted and averaged as by Keras."""
        return tf.reduce_mean(self.head.row_losses(y, logits) * sample_weight)

    def _disturbed(self, inputs, states, perturbation):
        """Return the logits of another pass, with the dropout of the first."""
        self._restore(states)
        embedded = self.embed(inputs)
        return self.logits(embedded + tf.cast(perturbation, embedded.dtype), inputs)

    def _states(self):
        return [tf.identity(variable.value) for variable in self._generators]

    def _restore(self, states):
        for variable, state in zip(self._generators, states, strict=True):
            variable.assign(state)

    def _note(self, name, value, inputs):
        self.means[name].update_state(value, sample_weight=tf.shape(inputs[0])[0])


class SemiSupervisedSteps:
    """The same training step for several networks, each with losses of its own.

    Parameters
    ----------
    network : skrnn.network.several.Several
        Compiled; its `train_step` is replaced.
    objective, head
        As of :class:`SemiSupervisedStep`.

    Attributes
    ----------
    means : dict of str to keras.metrics.Mean
        The further losses of the running epoch, averaged over the networks.
    """

    def __init__(self, network, objective, head):
        self.network, self.head = network, head
        self.means = _means(objective)
        self.steps = [
            SemiSupervisedStep(one, objective, head, network.optimizer)
            for one in networks_of(network)
        ]
        for step in self.steps:
            step.means = self.means
        network.train_step = self.train_step

    def load(self, counts):
        """Take the counts of the ids in the text, ndarray of shape (vocabulary_size,)."""
        for step in self.steps:
            step.load(counts)

    def reset(self):
        """Begin an epoch: the logs have its means."""
        for mean in self.means.values():
            mean.reset_state()

    def train_step(self, data):
        """Update the weights by one batch, and return the logs."""
        labelled, unlabeled, seeds = data
        gradients, losses, logits = [], [], []
        for i, step in enumerate(self.steps):
            own = seeds
            if i:  # each network searches from a direction of its own
                fold_in = tf.random.experimental.stateless_fold_in
                own = [fold_in(seed, i) for seed in tf.unstack(tf.convert_to_tensor(seeds))]
            found, loss, answer = step.gradients((labelled, unlabeled, own))
            gradients += found
            losses.append(loss)
            logits.append(answer)
        self.network.optimizer.apply(gradients, self.network.trainable_variables)
        x, y, _ = labelled
        n = len(self.steps)
        return _logs(self, x, y, tf.add_n(losses) / n, tf.add_n(logits) / n)


def _means(objective):
    on = {
        "adversarial_loss": objective.adversarial_epsilon,
        "virtual_adversarial_loss": objective.virtual_adversarial_epsilon,
        "entropy": objective.entropy_weight,
    }
    return {name: keras.metrics.Mean(name) for name, value in on.items() if value}


def _logs(step, x, y, loss, logits):
    """Add a batch to the metrics of a step's network, and return the logs."""
    answer = step.head.activate(logits)
    for metric in step.network.metrics:
        if metric.name == "loss":
            metric.update_state(loss, sample_weight=tf.shape(x[0])[0])
        else:
            metric.update_state(y, answer)
    means = {name: mean.result() for name, mean in step.means.items()}
    return step.network.get_metrics_result() | means


def _real_steps(tokens):
    return tf.cast(tokens != PADDING, tf.float32)[:, :, None]


def _of_norm(norm, x):
    """Scale each row to this Euclidean norm; a row of zeros stays."""
    # First to a largest element of 1: squares of small gradients are zero in float32.
    largest = tf.reduce_max(tf.abs(x), axis=[1, 2], keepdims=True)
    x = tf.math.divide_no_nan(x, largest)
    return norm * tf.math.divide_no_nan(x, tf.norm(x, axis=[1, 2], keepdims=True))
