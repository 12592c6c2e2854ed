"""One class for each row: a sigmoid for two classes, a softmax for more."""

from copy import copy
from math import ceil

import numpy as np
from scipy.special import expit, logsumexp, softmax, xlogy
from sklearn.model_selection import train_test_split

from skrnn.exceptions import InvalidInputError, NoKernelsError
from skrnn.fileformat.values import decode_labels, encode_labels
from skrnn.heads.base import MIN_HELD_OUT, Head, Variable
from skrnn.heads.targets import is_one_hot, warn_of_lookalikes, warn_of_numbers
from skrnn.heads.weights import class_weights
from skrnn.kernels.engine import engine


class ClassesHead(Head):
    """Predicts one of several classes.

    For two classes there is one output, the log-odds of the second; for more, one for each class.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,), or None
        The sorted labels; None in a head that only builds and trains.
    n_outputs : int or None
        Width of the raw output; if None, determined by the classes.
    """

    kind = "classes"
    wrapper = "KerasClassifier"
    fits_ngrams = True
    has_entropy = True
    # Whether it trains with probabilities as targets.
    _is_soft = False

    def __init__(self, classes, n_outputs=None):
        self.classes = classes
        if n_outputs is None:
            n_outputs = 1 if len(classes) == 2 else len(classes)
        self.n_outputs = n_outputs

    @classmethod
    def fit(cls, y, estimator, *, classes=None):
        """Learn the classes.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            From :func:`skrnn.heads.targets.check_targets`.
        estimator : estimator instance
            Named in errors.
        classes : array-like or None
            All labels, if y may lack some.

        Raises
        ------
        ValueError
            If there are fewer than two classes, or y has a label that is not in `classes`.
        """
        head = cls(np.unique(y if classes is None else classes))
        if len(head.classes) < 2:
            raise InvalidInputError(
                f"{type(estimator).__name__} needs samples of at least 2 classes in y, but got "
                f"one class only: {head.classes.tolist()[0]!r}. If the rows are sorted by label, "
                "shuffle or stratify them when you split them."
            )
        head.check(y, estimator)
        warn_of_lookalikes(head.classes, estimator)
        warn_of_numbers(head.classes, estimator)
        return head

    def with_options(self, estimator):
        """Raise ValueError if there are thresholds, which labels have and classes do not."""
        thresholds = getattr(estimator, "thresholds", None)
        if thresholds is not None:
            raise InvalidInputError(
                f"thresholds={thresholds!r} of {type(estimator).__name__} is for several labels "
                "for each row, but y has one label for each row. Leave it out. For two classes, "
                "scikit-learn's TunedThresholdClassifierCV and FixedThresholdClassifier change the "
                "threshold of any classifier."
            )
        return self

    def has_classes(self, classes):
        """Whether these are the classes, in any order."""
        return np.array_equal(np.unique(classes), self.classes)

    @property
    def _is_binary(self):
        return self.n_outputs == 1

    def check(self, y, estimator):
        """Raise ValueError if y has an unknown label."""
        if y.ndim == 2:
            way_out = " Pass np.argmax(y, axis=1) if it is one-hot." if is_one_hot(y) else ""
            raise InvalidInputError(
                f"y has {y.shape[1]} columns, but the estimator was fitted on 1.{way_out}"
            )
        unknown = ~np.isin(y, self.classes)
        if unknown.any():
            row = int(np.flatnonzero(unknown)[0])
            raise InvalidInputError(
                f"y has a label that is not among the classes: {y[[row]].tolist()[0]!r} in row "
                f"{row}; the classes are {self.classes.tolist()}. Pass all of them to the first "
                "call, partial_fit(X, y, classes=...) or fit_chunks(chunks, classes=...), or "
                "fit anew."
            )

    def encode(self, y):
        """Return float32 (n_samples, 1) for two classes, int32 (n_samples,) for more."""
        numbers = np.searchsorted(self.classes, y)
        if self._is_binary:
            return numbers.astype(np.float32)[:, np.newaxis]
        return numbers.astype(np.int32)

    def weights(self, y, sample_weight, estimator):
        """Return the weights of the rows times those of their classes."""
        if estimator.class_weight is None:
            return sample_weight
        of_class = class_weights(estimator.class_weight, self.classes, y, estimator)
        return sample_weight * of_class[np.searchsorted(self.classes, y)]

    # --- Soft targets: probabilities of the classes ---

    def with_soft_targets(self):
        """Return the head with a loss and metrics that take what `soft` returns."""
        head = copy(self)
        head._is_soft = True
        return head

    def soft(self, targets):
        """Return targets from `encode` as probabilities, float32 of shape (n_samples, n_outputs).

        For two classes, there is one column, the probability of the second.
        """
        if self._is_binary or targets.ndim == 2:
            return targets
        return np.eye(self.n_outputs, dtype=np.float32)[targets]

    def of_probabilities(self, probabilities):
        """Return probabilities (n_samples, n_classes) as soft targets."""
        used = probabilities[:, 1:] if self._is_binary else probabilities
        return used.astype(np.float32)

    def raw_of(self, log_probabilities):
        """Return the raw output (n_samples, n_outputs) that means these logarithms."""
        if self._is_binary:
            return log_probabilities[:, 1:] - log_probabilities[:, :1]
        return log_probabilities

    def _are_numbers(self, targets):
        """Whether targets are the numbers of more than two classes, which may be very many."""
        return not self._is_binary and targets.ndim == 1

    def _shares(self, targets):
        """Return the probability of each class, float64 of shape (n_samples, n_classes)."""
        found = self.soft(targets).astype(np.float64)
        return np.hstack([1 - found, found]) if self._is_binary else found

    def constant_loss(self, targets, weights):
        """Return the entropy of the classes."""
        if self._are_numbers(targets):
            return float(entropy_of_counts(np.bincount(targets, weights)))
        return float(entropy_of_counts(weights @ self._shares(targets)))

    def least_loss(self, targets, weights):
        """Return the mean entropy of soft targets; it is 0 for others."""
        if self._are_numbers(targets):
            return 0.0
        return float(np.average(entropy_of_counts(self._shares(targets).T), weights=weights))

    def ngram_weights(self, targets, weights):
        """Return the weights, times the difference of a row's two largest probabilities."""
        if self._are_numbers(targets):
            return weights
        largest = np.sort(self._shares(targets), axis=1)
        return weights * (largest[:, -1] - largest[:, -2]).astype(np.float32)

    def cross_entropy(self, raw, targets, weights):
        """Return the weighted mean cross-entropy."""
        if self._is_binary:
            losses = np.logaddexp(0, raw[:, 0]) - targets[:, 0] * raw[:, 0]
        elif targets.ndim == 2:
            losses = logsumexp(raw, axis=1) - (targets * raw).sum(axis=1)
        else:
            losses = logsumexp(raw, axis=1) - raw[np.arange(len(raw)), targets]
        return float(np.average(losses, weights=weights))

    def hold_out(self, rows, y, *, fraction, seed):
        """Split off stratified validation rows; the only row of a class remains for training.

        No row is split off if there would be fewer than `MIN_HELD_OUT`, or if either part would
        have fewer rows than classes. See the base class for parameters and returned arrays.
        """
        _, number, count = np.unique(y[rows], return_inverse=True, return_counts=True)
        alone = count[number] == 1
        n_classes = int((count > 1).sum())
        n_validation = ceil(fraction * len(rows))
        n_training = len(rows) - int(alone.sum()) - n_validation
        if n_validation < max(MIN_HELD_OUT, n_classes) or n_training < n_classes:
            return rows, rows[:0]
        training, validation = train_test_split(
            rows[~alone], test_size=n_validation, random_state=seed, stratify=number[~alone]
        )
        return np.sort(np.concatenate([training, rows[alone]])), np.sort(validation)

    def ngram_targets(self, targets):
        """Return each class against the others, and the classes; of soft targets, the likeliest."""
        if self._is_binary:
            return targets > 0.5, targets.ravel() > 0.5
        targets = targets.argmax(axis=1) if targets.ndim == 2 else targets
        return targets[:, np.newaxis] == np.arange(self.n_outputs), targets

    # --- The network ---

    def outputs(self, encoding, seeds, name):
        """Return logits (n_samples, n_outputs)."""
        return dense(encoding.summary, self.n_outputs, seeds, name)

    def activate(self, raw):
        """Return probabilities (n_samples, n_outputs)."""
        from skrnn.backend.tensorflow import keras

        activation = "sigmoid" if self._is_binary else "softmax"
        return keras.layers.Activation(activation, name="probability")(raw)

    def loss(self):
        """Return the cross-entropy."""
        if self._is_binary:
            return "binary_crossentropy"
        return "categorical_crossentropy" if self._is_soft else "sparse_categorical_crossentropy"

    def metrics(self):
        """Return the accuracy; with soft targets, the share of rows with their likeliest class."""
        from skrnn.backend.tensorflow import keras

        accuracy = keras.metrics.SparseCategoricalAccuracy
        if self._is_soft:
            from skrnn.layers.metrics import SoftAccuracy as accuracy
        elif self._is_binary:
            accuracy = keras.metrics.BinaryAccuracy
        # An object already has its variables. A name would create them in the first training step,
        # and TensorFlow traces a step that creates variables twice.
        return [accuracy(name="accuracy")]

    def example(self):
        """Return targets and predictions of one row."""
        answer = np.zeros((1, self.n_outputs), np.float32)
        has_columns = self._is_binary or self._is_soft
        return answer if has_columns else np.zeros(1, np.int32), answer

    def row_losses(self, y, raw):
        """Return the cross-entropy of each row."""
        if self._is_binary:
            return sigmoid_losses(y, raw)
        from skrnn.backend.tensorflow import tf

        if self._is_soft:
            return tf.nn.softmax_cross_entropy_with_logits(y, raw)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(y, raw)

    def divergence(self, raw, others):
        """Return the Kullback-Leibler divergence of each row's predictions."""
        if self._is_binary:
            return sigmoid_divergence(raw, others)
        from skrnn.backend.tensorflow import tf

        difference = tf.nn.log_softmax(raw) - tf.nn.log_softmax(others)
        return tf.reduce_sum(tf.nn.softmax(raw) * difference, axis=1)

    def entropy(self, raw):
        """Return the entropy of each row's prediction."""
        if self._is_binary:
            return sigmoid_entropy(raw)
        from skrnn.backend.tensorflow import tf

        return -tf.reduce_sum(tf.nn.softmax(raw) * tf.nn.log_softmax(raw), axis=1)

    # --- Predictions ---

    def raw_output(self, summary, values):
        """Return logits (n_samples, n_outputs)."""
        return dense_output(summary, *values)

    def predict(self, raw):
        """Return the most probable classes, shape (n_samples,)."""
        if self._is_binary:
            return self.classes[(raw[:, 0] > 0).astype(int)]
        return self.classes[raw.argmax(axis=1)]

    def probabilities(self, raw):
        """Return probabilities float64 of shape (n_samples, n_classes)."""
        raw = raw.astype(np.float64)  # so that 1 - p keeps its digits near p = 1
        if self._is_binary:
            return np.hstack([expit(-raw), expit(raw)])
        return softmax(raw, axis=1)

    def decision(self, raw):
        """Return log-odds (n_samples,) for two classes, logits (n_samples, n_classes) for more."""
        return raw[:, 0] if self._is_binary else raw

    # --- Files, ONNX, explanations ---

    def layout(self):
        """Return the number of outputs, which determines everything else."""
        return {"kind": self.kind, "n_outputs": self.n_outputs}

    @classmethod
    def from_layout(cls, layout):
        """Return a head without classes."""
        return cls(None, checked_outputs(cls, layout))

    def variables(self, width):
        """Return the variables of the dense layer."""
        return dense_variables(width, self.n_outputs)

    def encode_state(self):
        """Return the classes."""
        return {"classes": encode_labels(self.classes)}

    @classmethod
    def decode_state(cls, node, layout):
        """Return the head of a node."""
        head = cls(decode_labels(node.below("classes")))
        if len(head.classes) < 2:
            node.refuse("A classifier must have two classes or more.")
        if head.layout() != layout:
            node.refuse(
                f"{len(head.classes)} classes need {head.n_outputs} outputs, but the network's "
                f"head is {layout}."
            )
        return head

    def write_onnx(self, graph, raw, samples, values=()):
        """Write "label" and "probabilities"."""
        activation, axis = ("Sigmoid", {}) if self._is_binary else ("Softmax", {"axis": 1})
        if self._is_binary:
            # The same function for both, so that 1 - p keeps its digits near p = 1.
            raw = graph.add("Concat", graph.add("Neg", raw), raw, axis=1)
        classes, dtype = graph.labels(self.classes)
        best = graph.add("ArgMax", raw, axis=1, keepdims=0)
        label = graph.add("Gather", graph.constant(classes, "classes"), best)
        graph.output(label, "label", dtype, [samples])
        probabilities = graph.add(activation, raw, **axis)
        graph.output(probabilities, "probabilities", np.float32, [samples, len(self.classes)])

    @property
    def targets(self):
        """The classes."""
        return self.classes

    def probability(self, raw, target):
        """Return the probability of a class, by its number."""
        return float(self.probabilities(raw)[0, target])

    def direction(self, raw, target):
        """Return the logit of a class, by its number; None is the predicted class."""
        if self._is_binary:
            target = int(raw[0, 0] > 0) if target is None else target
            return np.array([1.0 if target else -1.0]), target
        target = int(raw[0].argmax()) if target is None else target
        return np.eye(self.n_outputs)[target], target


def entropy_of_counts(counts):
    """Return the entropy in nats of weighted counts, along the first axis; 0 for zeros."""
    shares = counts / np.maximum(counts.sum(axis=0), np.finfo(float).tiny)
    return -xlogy(shares, shares).sum(axis=0)


def dense(summary, n_outputs, seeds, name):
    """Return a dense layer's output of pooled states."""
    from skrnn.backend.tensorflow import keras

    return keras.layers.Dense(
        n_outputs,
        kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
        name=name,
    )(summary)


def dense_output(summary, kernel, bias):
    """Return what `dense` returns, computed without TensorFlow.

    With Numba, each row is summed in the order of its units. In a product of BLAS, the order of
    summation depends on the number of rows.
    """
    if engine() == "numba":
        try:
            from skrnn.kernels.dense import dense

            return dense(summary, kernel, bias)
        except NoKernelsError:
            pass
    return summary @ np.asarray(kernel, np.float32) + np.asarray(bias, np.float32)


def dense_variables(width, n_outputs):
    """Return the variables of `dense`."""
    return [Variable("dense kernel", (width, n_outputs)), Variable("dense bias", (n_outputs,))]


def checked_outputs(cls, layout):
    """Return the number of outputs from a layout without further keys."""
    n_outputs = layout.get("n_outputs")
    if set(layout) != {"kind", "n_outputs"} or type(n_outputs) is not int or n_outputs < 1:
        raise InvalidInputError(
            f"The layout of a head of {cls.kind} is its kind and a positive 'n_outputs', not "
            f"{str(layout)[:60]}."
        )
    return n_outputs


def sigmoid_losses(y, raw, by_output=False):
    """Return the cross-entropy of each row, averaged over its outputs, or of each output."""
    from skrnn.backend.tensorflow import tf

    losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(y, tf.float32), raw)
    return losses if by_output else tf.reduce_mean(losses, axis=1)


def sigmoid_divergence(raw, others):
    """Return the divergence of each row's predictions, averaged over its outputs."""
    from skrnn.backend.tensorflow import tf

    p = tf.sigmoid(raw)
    cross = tf.nn.sigmoid_cross_entropy_with_logits(p, others)
    return tf.reduce_mean(cross - tf.nn.sigmoid_cross_entropy_with_logits(p, raw), axis=1)


def sigmoid_entropy(raw):
    """Return the entropy of each row's prediction, averaged over its outputs."""
    from skrnn.backend.tensorflow import tf

    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.sigmoid(raw), raw), axis=1)
