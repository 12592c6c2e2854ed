"""Base class of the heads.

A network is an encoder, which is the same for every task, and a head. The head defines how y
becomes targets, which output of the encoder it reads, the last layers, loss and metrics, how the
raw output becomes a prediction, and what files, ONNX and explanations need. A new task is a
subclass in its own module, and an entry in :mod:`skrnn.heads.registry`.

Nothing here loads TensorFlow. Keras is imported inside the methods that build and train.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from skrnn.sequences import Sequences

# The loss on fewer rows is mostly noise, and would stop the training at a random epoch.
MIN_HELD_OUT = 10


class Variable(NamedTuple):
    """A variable of a network.

    Attributes
    ----------
    name : str
        Used in errors.
    shape : tuple of int
    kind : {"weight", "frozen", "seed"}
        A trained weight; a weight that training does not change; the state of a dropout's
        generator.
    """

    name: str
    shape: tuple
    kind: str = "weight"


class Head(ABC):
    """Base class: the output of a network for one task, and its training.

    A fitted head knows the encoding of y (classes, a scale, ...). A head from `from_layout` knows
    only its layers, which is enough to build and train a network. Each head learns the encoding in
    a classmethod ``fit(y, estimator, ...)``, which the estimator calls in `_make_head`.

    Attributes
    ----------
    kind : str
        Its name in files.
    reads : {"summary", "steps"}
        The output of the encoder that it reads: the pooled states of a row, or the state at each
        step. For a head that reads the summary, rows are collapsed first, see
        :meth:`skrnn.sequences.Sequences.collapse`.
    wrapper : {"KerasClassifier", "KerasRegressor", "BaseWrapper"}
        The wrapper of scikeras that trains it.
    fits_ngrams : bool
        Whether a linear n-gram model can be fitted beside the network.
    has_entropy : bool
        Whether predictions have an `entropy`, as those of probabilities.
    n_outputs : int
        Width of the raw output.
    """

    kind: ClassVar[str]
    reads: ClassVar[str] = "summary"
    wrapper: ClassVar[str] = "BaseWrapper"
    fits_ngrams: ClassVar[bool] = False
    has_entropy: ClassVar[bool] = False
    n_outputs: int

    # --- y, targets and weights ---

    @abstractmethod
    def check(self, y, estimator) -> None:
        """Raise ValueError if later targets do not fit what was learned."""

    @abstractmethod
    def encode(self, y) -> np.ndarray | Sequences:
        """Return targets as the loss takes them: an array with one row each.

        A head that reads the steps may return :class:`skrnn.sequences.Sequences`, a target for each
        step. They are padded as the steps are, and Keras leaves padding out of the loss.
        """

    def learn_names(self, y, estimator) -> None:
        """Learn, from y as the caller gave it, what the checked array does not have."""
        return None

    def check_names(self, y, estimator) -> None:
        """Raise ValueError if they differ from those of a later y, as the caller gave it."""
        return None

    def has_classes(self, classes) -> bool:
        """Whether the classes that the caller gives are those that were learned."""
        return False

    def with_options(self, estimator) -> Head:
        """Return the head with those parameters of the estimator that it has, checked."""
        return self

    def learn(self, y, weights) -> Head:
        """Return the head after it has learned from rows what depends on their weights.

        It is called with the rows of each call of a training, and once more with validation rows.
        What training depends on must not change after it has been learned.

        Parameters
        ----------
        y : ndarray
            Checked.
        weights : ndarray of shape (n_samples,) or (n_samples, n_outputs), float32
            In the loss. Rows of weight 0 must not count.
        """
        return self

    def as_learned(self, other: Head) -> Head:
        """Return the head with what a head of the same training has learned from more rows.

        Parameters
        ----------
        other : Head
            Of a checkpoint of the same training.
        """
        return self

    def weights(self, y, sample_weight, estimator) -> np.ndarray:
        """Return the weights in the loss, including those from the estimator's parameters.

        Parameters
        ----------
        y : ndarray
            Checked.
        sample_weight : ndarray of shape (n_samples,), float64
        estimator : estimator instance

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_outputs)
            In any unit. With a weight for each output, the head has a `weighing_outputs`.
        """
        return sample_weight

    def constant_loss(self, targets, weights) -> float | None:
        """Return the weighted mean loss of the best constant answer, or None if it is not known.

        With it, `fit` can tell that a network has learned nothing.

        Parameters
        ----------
        targets : ndarray or Sequences
            From `encode`.
        weights : ndarray
            As the loss takes them.
        """
        return None

    def least_loss(self, targets, weights) -> float:
        """Return the weighted mean loss of the best answer to each row.

        Parameters
        ----------
        targets : ndarray or Sequences
            From `encode`, or soft ones.
        weights : ndarray
            As the loss takes them.
        """
        return 0.0

    def with_soft_targets(self) -> Head:
        """Return a head that trains with probabilities as targets."""
        raise NotImplementedError

    def cross_entropy(self, raw, targets, weights) -> float:
        """Return the weighted mean cross-entropy of probabilities, for heads that have them.

        Parameters
        ----------
        raw : ndarray of shape (n_samples, n_outputs), float64
        targets : ndarray
            From `encode`.
        weights : ndarray
            As the loss takes them.
        """
        raise NotImplementedError

    def weighing_outputs(self) -> Head:
        """Return a head whose losses take a weight for each row and output."""
        raise NotImplementedError

    def hold_out(self, rows, y, *, fraction, seed) -> tuple[np.ndarray, np.ndarray]:
        """Split off random validation rows, or none if there would be too few.

        Parameters
        ----------
        rows : ndarray of int
            The rows to split.
        y : ndarray
            Checked targets of all rows.
        fraction : float
            Fraction of the rows to hold out.
        seed : int
            Seed of the split.

        Returns
        -------
        training, validation : ndarray of int
            The two parts, each in ascending order.
        """
        n_validation = int(np.ceil(fraction * len(rows)))
        if n_validation < MIN_HELD_OUT or n_validation >= len(rows):
            return rows, rows[:0]
        training, validation = train_test_split(rows, test_size=n_validation, random_state=seed)
        return np.sort(training), np.sort(validation)

    def ngram_targets(self, targets) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the targets of a linear n-gram model, for heads with `fits_ngrams`.

        Parameters
        ----------
        targets : ndarray
            Encoded.

        Returns
        -------
        y : ndarray of shape (n_samples, n_outputs), bool or float
            For each raw output, whether it should be positive, or what it should be.
        strata : ndarray of shape (n_samples,), or None
            Classes by which the folds of the cross-fitting are stratified.
        """
        raise NotImplementedError

    def ngram_weights(self, targets, weights) -> np.ndarray:
        """Return the weights of the rows in that model.

        Parameters
        ----------
        targets : ndarray
            Encoded, or soft.
        weights : ndarray
            As the loss takes them.
        """
        return weights

    # --- The network: Keras is imported here and nowhere else in a head ---

    @abstractmethod
    def outputs(self, encoding, seeds: Iterator[int], name: str):
        """Return the raw output, a Keras tensor, for an encoding.

        Parameters
        ----------
        encoding : skrnn.network.encoder.Encoding
        seeds : iterator of int
            Seeds of initial weights and dropout.
        name : str
            Name of the layer with the raw output.
        """

    @abstractmethod
    def activate(self, raw):
        """Return the output of the Keras model, given its raw output."""

    def activate_mean(self, raw, answers: list, networks: list):
        """Return the output of several networks together.

        Parameters
        ----------
        raw : Keras tensor
            The mean of their raw outputs.
        answers : list of Keras tensor
            What `activate` returned for each.
        networks : list of keras.Model
            They hold the `activation_variables`, if any, which a head has to average.
        """
        if self.activation_variables():
            raise NotImplementedError(
                f"The head of {self.kind} does not say how several networks answer together. Set "
                "n_networks=1, or define activate_mean."
            )
        return self.activate(raw)

    @abstractmethod
    def loss(self):
        """Return the loss that training minimizes, for Keras's `compile`."""

    @abstractmethod
    def metrics(self) -> list:
        """Return new metrics, named as `history_` shows them."""

    @abstractmethod
    def example(self) -> tuple[np.ndarray, np.ndarray]:
        """Return targets and predictions of one row, from which Keras builds the metrics."""

    def row_losses(self, y, raw):
        """Return the loss of each row, from raw output."""
        raise NotImplementedError

    def divergence(self, raw, others):
        """Return the Kullback-Leibler divergence of each row's predictions."""
        raise NotImplementedError

    def entropy(self, raw):
        """Return the entropy of each row's prediction."""
        raise NotImplementedError

    # --- Prediction, without TensorFlow ---

    @abstractmethod
    def raw_output(self, summary, values) -> np.ndarray:
        """Return the raw output.

        Parameters
        ----------
        summary : ndarray of shape (n_samples, width), float32
            The pooled states.
        values : list of ndarray
            The values of `variables`, in their order.
        """

    @abstractmethod
    def predict(self, raw):
        """Return the prediction for each row of raw output."""

    @property
    def needs_held_out(self) -> bool:
        """Whether it learns from held-out rows how raw output becomes a prediction."""
        return False

    def with_decision(self, raw, targets) -> Head:
        """Return a head that has learned that from raw output and targets of held-out rows."""
        return self

    # --- Files, ONNX, explanations ---

    @abstractmethod
    def layout(self) -> dict[str, Any]:
        """Return the layout of the last layers as JSON: "kind", "n_outputs" and further keys.

        Two heads of the same layout share traced programs, even if their encodings of y differ.
        """

    @classmethod
    @abstractmethod
    def from_layout(cls, layout: dict[str, Any]) -> Head:
        """Return a head without an encoding of y.

        Raises
        ------
        ValueError
            If the layout, which may come from an untrusted file, is not valid.
        """

    @abstractmethod
    def variables(self, width: int) -> list[Variable]:
        """Return the variables of the last layers, which read `width` numbers."""

    def activation_variables(self) -> list[Variable]:
        """Return the variables of the layers after the raw output, which `activate` makes.

        They come after all other variables of the network. Predictions find their values in
        :attr:`skrnn.network.fitted.FittedNetwork.activation_values`.
        """
        return []

    @abstractmethod
    def encode_state(self) -> dict[str, Any]:
        """Return the encoding of y as JSON."""

    @classmethod
    @abstractmethod
    def decode_state(cls, node, layout: dict[str, Any]) -> Head:
        """Return the fitted head of a node of a file, checked against the network's layout."""

    def write_onnx(self, graph, raw, samples: str, values=()) -> None:
        """Write the outputs of an ONNX model.

        Parameters
        ----------
        graph : skrnn.onnx.graph.Graph
        raw : str
            The raw output, (n_samples, n_outputs). Of a head that reads the steps, (n_samples,
            n_timesteps, n_outputs), which is the output "emissions" already.
        samples : str
            Name of the axis of the rows.
        values : list of ndarray
            Of `activation_variables`.
        """
        raise NotImplementedError

    @property
    def targets(self) -> np.ndarray:
        """What can be explained, in the order of their numbers: classes, labels or outputs."""
        raise NotImplementedError

    def direction(self, raw, target) -> tuple[np.ndarray, int]:
        """Return the combination of raw outputs to explain, and the number of the target."""
        raise NotImplementedError

    def unit(self, target) -> tuple[float, float]:
        """Return by what an explained combination is multiplied, and what is then added to it."""
        return 1.0, 0.0

    def probability(self, raw, target) -> float | None:
        """Return the probability of a target, by its number; None if there is none."""
        return None
