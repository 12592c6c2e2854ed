"""Tasks that skrnn does not have: a head and an estimator each, made by the tests alone.

One learns a number, or several, of each row; the other a tag of each step.
"""

from dataclasses import replace

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_array

from skrnn._sklearn_compat import _fit_context
from skrnn.estimators.base import NetworkEstimator
from skrnn.estimators.parameters import POOLING, SHARED
from skrnn.heads.base import Head
from skrnn.heads.classes import checked_outputs, dense, dense_output, dense_variables
from skrnn.network.description import SideInput
from skrnn.sequences import Sequences


def is_numbers(value):
    return type(value) is list and all(type(one) is float and np.isfinite(one) for one in value)


class ValuesHead(Head):
    """Numbers, standardized; the mean squared error."""

    kind = "values"
    wrapper = "KerasRegressor"

    def __init__(self, n_outputs, mean=None, scale=None, is_flat=None):
        self.n_outputs, self.mean, self.scale, self.is_flat = n_outputs, mean, scale, is_flat

    @classmethod
    def fit(cls, y, estimator, **options):
        columns = y.reshape(len(y), -1)
        scale = columns.std(axis=0)
        mean, scale = columns.mean(axis=0), np.where(scale > 0, scale, 1.0)
        return cls(columns.shape[1], mean, scale, y.ndim == 1)

    def check(self, y, estimator):
        width = y.reshape(len(y), -1).shape[1]
        if width != self.n_outputs:
            raise ValueError(f"y has {width} columns, but the estimator has {self.n_outputs}.")

    def encode(self, y):
        return ((y.reshape(len(y), -1) - self.mean) / self.scale).astype(np.float32)

    def outputs(self, encoding, seeds, name):
        return dense(encoding.summary, self.n_outputs, seeds, name)

    def activate(self, raw):
        from skrnn.backend.tensorflow import keras

        return keras.layers.Activation("linear", name="value")(raw)

    def loss(self):
        return "mean_squared_error"

    def metrics(self):
        from skrnn.backend.tensorflow import keras

        return [keras.metrics.RootMeanSquaredError(name="rmse")]

    def example(self):
        answer = np.zeros((1, self.n_outputs), np.float32)
        return answer, answer

    def raw_output(self, summary, values):
        return dense_output(summary, *values)

    def predict(self, raw):
        values = raw.astype(np.float64) * self.scale + self.mean
        return values[:, 0] if self.is_flat else values

    def layout(self):
        return {"kind": self.kind, "n_outputs": self.n_outputs}

    @classmethod
    def from_layout(cls, layout):
        return cls(checked_outputs(cls, layout))

    def variables(self, width):
        return dense_variables(width, self.n_outputs)

    def encode_state(self):
        return {"mean": self.mean.tolist(), "scale": self.scale.tolist(), "is_flat": self.is_flat}

    @classmethod
    def decode_state(cls, node, layout):
        n_outputs = layout["n_outputs"]
        mean, scale = (
            np.array(
                node.take(
                    name, "numbers", lambda v: is_numbers(v) and len(v) == layout["n_outputs"]
                )
            )
            for name in ("mean", "scale")
        )
        return cls(n_outputs, mean, scale, node.take_flag("is_flat"))


class TagsHead(Head):
    """A whole number below `n_outputs` for each step; the cross-entropy."""

    kind = "tags"
    reads = "steps"
    wrapper = "BaseWrapper"

    def __init__(self, n_outputs):
        self.n_outputs = n_outputs

    @classmethod
    def fit(cls, y, estimator, **options):
        return cls(int(max(max(row, default=0) for row in y)) + 1)

    def check(self, y, estimator):
        if max(max(row, default=0) for row in y) >= self.n_outputs:
            raise ValueError("y has a tag that is not known.")

    def encode(self, y):
        offsets = np.cumsum([0, *map(len, y)])
        return Sequences(np.concatenate(y).astype(np.int32), offsets)

    def outputs(self, encoding, seeds, name):
        return dense(encoding.steps, self.n_outputs, seeds, name)

    def activate(self, raw):
        from skrnn.backend.tensorflow import keras

        return keras.layers.Activation("softmax", name="probability")(raw)

    def loss(self):
        return "sparse_categorical_crossentropy"

    def metrics(self):
        from skrnn.backend.tensorflow import keras

        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]

    def example(self):
        return np.zeros((1, 1), np.int32), np.zeros((1, 1, self.n_outputs), np.float32)

    def raw_output(self, summary, values):
        return dense_output(summary, *values)

    def predict(self, raw):
        return raw.argmax(axis=1)

    def layout(self):
        return {"kind": self.kind, "n_outputs": self.n_outputs}

    @classmethod
    def from_layout(cls, layout):
        return cls(checked_outputs(cls, layout))

    def variables(self, width):
        return dense_variables(width, self.n_outputs)

    def encode_state(self):
        return {}

    def write_onnx(self, graph, raw, samples, values=()):
        tags = graph.add("ArgMax", raw, axis=2, keepdims=0)
        graph.output(tags, "label", np.int64, [samples, "n_timesteps"])

    @classmethod
    def decode_state(cls, node, layout):
        return cls(layout["n_outputs"])


class _Sibling(NetworkEstimator):
    """The parameters that both have."""

    def __init__(
        self,
        cell="lstm",
        units=64,
        *,
        bidirectional=True,
        n_networks=1,
        embedding_dim=128,
        embeddings="corpus",
        trainable_embeddings=True,
        vocabulary_size=None,
        input="auto",
        scaling="auto",
        patch_size="auto",
        pooling="max",
        word_dropout=0.1,
        embedding_dropout=0.3,
        recurrent_dropout=0.0,
        dropout=0.5,
        optimizer="adam",
        learning_rate=0.002,
        learning_rate_decay="auto",
        global_clipnorm=1.0,
        pretraining_epochs=0,
        epochs="auto",
        batch_size="auto",
        early_stopping=False,
        scoring="loss",
        validation_fraction=0.1,
        n_iter_no_change="auto",
        tol=0.0,
        warm_start=False,
        checkpoint=None,
        callbacks=None,
        verbose=0,
        random_state=None,
    ):
        given = dict(locals())
        for name in given.keys() - {"self", "__class__"}:
            setattr(self, name, given[name])

    _parameter_constraints: dict = {**SHARED, **POOLING}  # noqa: RUF012


class RNNRegressorForTest(RegressorMixin, _Sibling):
    """Numbers from sequences."""

    def _check_y(self, y):
        return check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")

    def _make_head(self, y, classes):
        return ValuesHead.fit(y, self)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch."""
        return self._partial_fit(X, y, sample_weight)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_chunks(self, chunks, X_val=None, y_val=None):
        """Train on rows in chunks."""
        return self._fit_chunks(chunks, X_val, y_val)

    def predict(self, X):
        """Return the numbers."""
        return self._answer(X, lambda head, raw: head.predict(raw))


class RNNTaggerForTest(_Sibling):
    """A tag of each step."""

    def _check_y(self, y):
        rows = np.empty(len(y), dtype=object)
        rows[:] = [np.asarray(row) for row in y]
        return rows

    def _make_head(self, y, classes):
        return TagsHead.fit(y, self)

    def predict(self, X):
        """Return the tags of each row."""
        sequences = self.read(X)
        tags = self.head_.predict(self.network_.raw(sequences))
        return np.split(tags, sequences.offsets[1:-1])


class TaggerByIds(RNNTaggerForTest):
    """A tagger whose words are all alike to it, but for the ids that it makes of them."""

    _kinds = ("ids",)

    def _step_features(self, head):
        both = (SideInput("endings", "ids", 2, 8, 6), SideInput("linear", "id_scores", 2, 8))
        return tuple(one for one in both if one.per in self._kinds)

    def beside_columns(self, sequences):
        if sequences.step_inputs:
            return sequences
        ids = np.stack([sequences.values % 3 + 1, sequences.values % 4 + 4], axis=1)
        ids = ids.astype(np.int32)
        names = [one.name for one in self._step_features(None)]
        values = np.ones_like(sequences.values)
        return replace(sequences, values=values, step_inputs=dict.fromkeys(names, ids))
