"""Numbers for each row, in a unit of their own: a linear layer, or its exponential for counts."""

from copy import copy

import numpy as np
from scipy.special import xlogy

from skrnn.exceptions import InvalidInputError
from skrnn.heads.base import Head
from skrnn.heads.classes import dense, dense_output, dense_variables
from skrnn.heads.labels import take_names
from skrnn.heads.numbers import SMALLEST, center_and_scale, weighted_quantile
from skrnn.heads.targets import column_names

# In standard deviations, as in scikit-learn's HuberRegressor.
HUBER_DELTA = 1.35
# Where the targets of ridge regression are cut off, beside a robust loss: in standard deviations.
OUTLYING = 5.0
LOSSES = ("squared_error", "absolute_error", "huber", "poisson", "quantile")


class ValuesHead(Head):
    """Predicts numbers. The network learns ``(y - center) / scale``.

    Parameters
    ----------
    n_outputs : int
        The number of columns of y.
    loss : str
        One of `LOSSES`.
    quantile : float or None
        In (0, 1), for ``loss="quantile"``.
    center, scale : ndarray of shape (n_outputs,), float64, or None
        Of each column; a scale of 0 is not learned yet, because all numbers were equal.
    is_flat : bool
        Whether y has one dimension.
    names : ndarray of shape (n_outputs,), or None
        The names of y's columns in a data frame.
    """

    kind = "values"
    wrapper = "KerasRegressor"
    fits_ngrams = True

    def __init__(
        self, n_outputs, loss, quantile=None, *, center=None, scale=None, is_flat=True, names=None
    ):
        self.n_outputs, self.loss_name, self.quantile = n_outputs, loss, quantile
        self.center, self.scale, self.is_flat, self.names = center, scale, is_flat, names

    @classmethod
    def fit(cls, y, estimator):
        """Take the number of columns; `learn` learns their scales.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            From :func:`skrnn.heads.numbers.check_numbers`.
        estimator : estimator instance
            With `loss` and `quantile`.
        """
        quantile = estimator.quantile if estimator.loss == "quantile" else None
        if quantile is None and estimator.loss == "quantile":
            raise InvalidInputError(
                f"loss='quantile' of {type(estimator).__name__} needs the parameter 'quantile', "
                "which is None. Set it to a number in (0, 1); 0.5 is the median."
            )
        return cls(
            1 if y.ndim == 1 else y.shape[1],
            estimator.loss,
            None if quantile is None else float(quantile),
            is_flat=y.ndim == 1,
        )

    @property
    def targets(self):
        """The names of the columns, or their numbers."""
        return np.arange(self.n_outputs) if self.names is None else self.names

    def learn_names(self, y, estimator):
        """Take the names of a data frame's columns."""
        self.names = column_names(y, estimator)

    def check_names(self, y, estimator):
        """Raise ValueError if the columns of a data frame are others, or in another order."""
        names = None if self.names is None else column_names(y, estimator)
        if names is not None and not np.array_equal(names, self.names):
            raise InvalidInputError(
                f"The columns of y are {names.tolist()}, but {type(estimator).__name__} was fitted "
                f"on {self.names.tolist()}. Select them in this order."
            )

    def with_options(self, estimator):
        """Raise ValueError if the loss is another one than that of the first fit."""
        before = self.loss_name, self.quantile
        now = estimator.loss, estimator.quantile if estimator.loss == "quantile" else None
        if before != now:
            raise InvalidInputError(
                f"{type(estimator).__name__} was fitted with loss={before[0]!r} and "
                f"quantile={before[1]}, and cannot continue with loss={now[0]!r} and "
                f"quantile={now[1]}. Set them back, or call fit with warm_start=False."
            )
        return self

    def check(self, y, estimator):
        """Raise ValueError if y has another number of columns, or negative counts."""
        width = 1 if y.ndim == 1 else y.shape[1]
        if width != self.n_outputs:
            raise InvalidInputError(
                f"y has {width} columns, but the estimator was fitted on {self.n_outputs}."
            )
        if self.loss_name == "poisson" and (y < 0).any():
            row = int(np.argwhere(y < 0)[0][0])
            raise InvalidInputError(
                f"y has the negative number {float(np.atleast_1d(y[row]).min())!r} in row {row}, "
                f"but loss='poisson' of {type(estimator).__name__} is for counts. Use another "
                "loss, or drop the row."
            )

    def learn(self, y, weights):
        """Learn center and scale of the columns that have none yet, from rows with a weight."""
        known = np.zeros(self.n_outputs, bool) if self.scale is None else self.scale > 0
        if known.all():
            return self
        head = copy(self)
        head.center, head.scale = (
            np.zeros(self.n_outputs) if one is None else one.copy()
            for one in (self.center, self.scale)
        )
        used = weights > 0
        y, weights = self._columns(y)[used], weights[used].astype(np.float64)
        for k in np.flatnonzero(~known):
            values, of_values = y[:, k], weights
            if self.scale is not None:  # so that two different constants give a scale
                values = np.append(values, self.center[k])
                of_values = np.append(weights, weights.mean())
            head.center[k], head.scale[k] = center_and_scale(
                values, of_values, self.loss_name, self.quantile
            )
        return head

    def as_learned(self, other):
        """Return the head with center and scale of another one."""
        head = copy(self)
        head.center, head.scale = other.center, other.scale
        return head

    def _columns(self, y):
        return y.reshape(len(y), self.n_outputs)

    def encode(self, y):
        """Return float32 (n_samples, n_outputs), in units of the scale."""
        # Halves, because differences of numbers near the limit of float64 overflow.
        half = self._columns(y) / 2 - self.center / 2
        with np.errstate(over="ignore"):  # beyond float32, training raises DivergedError
            return (half / np.where(self.scale > 0, self.scale / 2, 0.5)).astype(np.float32)

    def ngram_targets(self, targets):
        """Return the targets; for counts, a number whose slope at the mean is the logarithm's."""
        if self.loss_name == "poisson":
            targets = 2 * np.log((1 + targets.astype(np.float64)) / 2)
        elif self.loss_name != "squared_error":
            # Ridge regression follows single large numbers, which these losses do not.
            targets = np.clip(targets, -OUTLYING, OUTLYING)
        return targets.astype(np.float64), None

    # --- The network ---

    def outputs(self, encoding, seeds, name):
        """Return numbers (n_samples, n_outputs)."""
        return dense(encoding.summary, self.n_outputs, seeds, name)

    def activate(self, raw):
        """Return the numbers, or for counts their exponentials."""
        from skrnn.backend.tensorflow import keras

        activation = "exponential" if self.loss_name == "poisson" else "linear"
        return keras.layers.Activation(activation, name="value")(raw)

    def loss(self):
        """Return the loss of each row, averaged over its outputs."""

        def loss(y, answer):
            from skrnn.backend.tensorflow import tf

            return tf.reduce_mean(self._losses(y, answer), axis=-1)

        return loss

    def row_losses(self, y, raw):
        """Return the loss of each row, from raw output."""
        from skrnn.backend.tensorflow import tf

        answer = tf.exp(raw) if self.loss_name == "poisson" else raw
        return tf.reduce_mean(self._losses(y, answer), axis=-1)

    def _losses(self, y, answer):
        from skrnn.backend.tensorflow import tf

        y = tf.cast(y, answer.dtype)
        gap = y - answer
        if self.loss_name == "squared_error":
            return tf.square(gap)
        if self.loss_name == "absolute_error":
            return tf.abs(gap)
        if self.loss_name == "huber":
            inside = tf.minimum(tf.abs(gap), HUBER_DELTA)
            return inside * (tf.abs(gap) - 0.5 * inside)
        if self.loss_name == "quantile":
            return tf.maximum(self.quantile * gap, (self.quantile - 1) * gap)
        # Half of the deviance, which is 0 at best. The smallest float32 keeps log(0) away.
        return tf.math.xlogy(y, y / tf.maximum(answer, 1e-37)) - gap

    def constant_loss(self, targets, weights):
        """Return the loss of the mean, the median or the quantile of each column."""
        targets, weights = targets.astype(np.float64), weights.astype(np.float64)
        if self.loss_name in ("squared_error", "poisson"):
            best = np.average(targets, axis=0, weights=weights)
        else:
            q = self.quantile or 0.5
            best = np.array([weighted_quantile(y, weights, q) for y in targets.T])
        losses = self._plain_losses(targets, best).mean(axis=1)
        return float(np.average(losses, weights=weights))

    def _plain_losses(self, y, answer):
        """Return what `_losses` returns, computed without TensorFlow."""
        gap = y - answer
        size = np.abs(gap)
        if self.loss_name == "squared_error":
            return gap**2
        if self.loss_name == "absolute_error":
            return size
        if self.loss_name == "huber":
            inside = np.minimum(size, HUBER_DELTA)
            return inside * (size - 0.5 * inside)
        if self.loss_name == "quantile":
            return np.maximum(self.quantile * gap, (self.quantile - 1) * gap)
        return xlogy(y, y / np.maximum(answer, SMALLEST)) - gap

    def divergence(self, raw, others):
        """Return the divergence of each row's predictions: as of normal distributions, or counts.

        With the variance 1, the divergence of two normal distributions is half the squared
        difference of their means.
        """
        from skrnn.backend.tensorflow import tf

        each = 0.5 * tf.square(raw - others)
        if self.loss_name == "poisson":
            each = tf.exp(raw) * (raw - others) - tf.exp(raw) + tf.exp(others)
        return tf.reduce_mean(each, axis=-1)

    def metrics(self):
        """Return the root mean squared error, in units of the scale."""
        from skrnn.backend.tensorflow import keras

        return [keras.metrics.RootMeanSquaredError(name="rmse")]

    def example(self):
        """Return targets and predictions of one row."""
        answer = np.zeros((1, self.n_outputs), np.float32)
        return answer, answer

    # --- Predictions ---

    def raw_output(self, summary, values):
        """Return numbers (n_samples, n_outputs), float32."""
        return dense_output(summary, *values)

    def predict(self, raw):
        """Return float64 numbers in the shape of y."""
        raw = raw.astype(np.float64)
        if self.loss_name == "poisson":
            raw = np.exp(raw)
        values = raw * self.scale + self.center
        return values[:, 0] if self.is_flat else values

    # --- Files, ONNX, explanations ---

    def layout(self):
        """Return the number of outputs, and the loss."""
        quantile = {} if self.quantile is None else {"quantile": self.quantile}
        tree = {"kind": self.kind, "n_outputs": self.n_outputs, "loss": self.loss_name}
        return tree | quantile

    @classmethod
    def from_layout(cls, layout):
        """Return a head without a scale."""
        loss, quantile = layout.get("loss"), layout.get("quantile")
        keys = {"kind", "n_outputs", "loss"} | ({"quantile"} if loss == "quantile" else set())
        n_outputs = layout.get("n_outputs")
        if (
            set(layout) != keys
            or type(n_outputs) is not int
            or n_outputs < 1
            or type(loss) is not str
            or loss not in LOSSES
            or (loss == "quantile" and not (type(quantile) is float and 0 < quantile < 1))
        ):
            raise InvalidInputError(
                "The layout of a head of values is its kind, a positive 'n_outputs', a 'loss' of "
                f"{', '.join(LOSSES)}, and for the last one 'quantile' in (0, 1), not "
                f"{str(layout)[:80]}."
            )
        return cls(n_outputs, loss, quantile)

    def variables(self, width):
        """Return the variables of the dense layer."""
        return dense_variables(width, self.n_outputs)

    def encode_state(self):
        """Return center, scale, shape and names."""
        return {
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "is_flat": self.is_flat,
            **({} if self.names is None else {"names": self.names.tolist()}),
        }

    @classmethod
    def decode_state(cls, node, layout):
        """Return the head of a node."""
        head = cls.from_layout(layout)
        for name, least in (("center", -np.inf), ("scale", 0.0)):
            wanted = f"a list of {head.n_outputs} finite numbers of at least {least}"
            setattr(head, name, _take_numbers(node, name, wanted, head.n_outputs, least))
        head.is_flat = node.take_flag("is_flat")
        if head.is_flat and head.n_outputs > 1:
            node.refuse(f"'is_flat' is true, but there are {head.n_outputs} outputs.")
        if "names" in node:
            head.names = take_names(node, head.n_outputs)
        return head

    def write_onnx(self, graph, raw, samples, values=()):
        """Write "variable", float64, as skl2onnx names the output of a regressor."""
        numbers = graph.cast(raw, np.float64)
        if self.loss_name == "poisson":
            numbers = graph.add("Exp", numbers)
        numbers = graph.add("Add", graph.add("Mul", numbers, self.scale), self.center)
        if self.is_flat:
            numbers = graph.add("Squeeze", numbers, np.array([1]))
        graph.output(
            numbers, "variable", np.float64, [samples] + [self.n_outputs] * (not self.is_flat)
        )

    def direction(self, raw, target):
        """Return an output, by its number; None is the only one."""
        if target is None and self.n_outputs > 1:
            raise InvalidInputError(
                f"target=None explains the only output, but there are {self.n_outputs}. Pass one "
                f"of {self.targets.tolist()}."
            )
        target = 0 if target is None else target
        return np.eye(self.n_outputs)[target], target

    def unit(self, target):
        """Return scale and center of an output; its logarithm has the scale 1."""
        if self.loss_name == "poisson":
            with np.errstate(divide="ignore"):
                is_constant = self.scale[target] == 0
                unit = self.center[target] if is_constant else self.scale[target]
                return float(not is_constant), float(np.log(unit))
        return float(self.scale[target]), float(self.center[target])


def _take_numbers(node, name, wanted, n, least):
    def is_valid(value):
        is_list = type(value) is list and len(value) == n
        return is_list and all(
            type(one) is float and least <= one < np.inf and one > -np.inf for one in value
        )

    return np.array(node.take(name, wanted, is_valid))
