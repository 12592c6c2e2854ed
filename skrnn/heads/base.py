"""What a network answers: the interface of a head.

A network is an encoder, which every task shares, and a head. The head says how y becomes targets,
what of the encoder it reads, the last layers, loss and metrics, how the raw output becomes an
answer, and what files, ONNX and explanations need to know of it. A task is a subclass in a file
of its own, and a line in :mod:`skrnn.heads.registry`.

Nothing here loads TensorFlow. Keras is imported inside the methods that build and train.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from skrnn.sequences import Sequences

# A loss on fewer rows is mostly luck: training would stop at any epoch.
MIN_HELD_OUT = 10


class Variable(NamedTuple):
    """A variable of a network.

    Attributes
    ----------
    name : str
        For errors.
    shape : tuple of int
    kind : {"weight", "frozen", "seed"}
        Trained; a weight that training leaves alone; the state of a dropout's generator.
    """

    name: str
    shape: tuple
    kind: str = "weight"


class Head(ABC):
    """What a network answers, and how it learns to.

    A fitted head knows the coding of y (classes, a scale, ...). One made by `from_layout` knows
    only what the network is made of, which is all that building and training it takes. Each head
    learns the coding in a classmethod of its own, ``fit(y, estimator, ...)``, which the estimator
    calls in `_make_head`.

    Attributes
    ----------
    kind : str
        Its name in files.
    reads : {"summary", "steps"}
        What of the encoder it takes: the pooled states of a row, or the state at each step. A
        head that reads the summary gets rows whose steps are collapsed, see
        :meth:`skrnn.sequences.Sequences.collapse`.
    wrapper : {"KerasClassifier", "KerasRegressor", "BaseWrapper"}
        The wrapper of scikeras that trains it.
    fits_ngrams : bool
        Whether a linear model of n-grams beside the network makes sense.
    n_outputs : int
        Width of the raw output.
    """

    kind: ClassVar[str]
    reads: ClassVar[str] = "summary"
    wrapper: ClassVar[str] = "BaseWrapper"
    fits_ngrams: ClassVar[bool] = False
    n_outputs: int

    # --- y, and arrays that a network is trained on ---

    @abstractmethod
    def check(self, y, estimator) -> None:
        """Raise ValueError if later targets do not fit what was learned."""

    @abstractmethod
    def encode(self, y) -> np.ndarray | Sequences:
        """Return targets as the loss takes them: an array with one row each.

        A head that reads the steps may return :class:`skrnn.sequences.Sequences`, a target for each
        step. They are padded as the steps are, and Keras leaves padding out of the loss.
        """

    def weights(self, y, sample_weight, estimator) -> np.ndarray:
        """Return the weights of the rows, what the estimator's parameters say included."""
        return sample_weight

    def hold_out(self, rows, y, *, fraction, seed) -> tuple[np.ndarray, np.ndarray]:
        """Split off validation rows at random; none if there would be too few.

        Parameters
        ----------
        rows : ndarray of int
            The rows to split.
        y : ndarray
            Checked targets of all rows.
        fraction : float
            Share of the rows to hold out.
        seed : int
            Decides the split.

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
        """Return what a linear model of n-grams learns, for heads with `fits_ngrams`.

        Parameters
        ----------
        targets : ndarray
            Encoded.

        Returns
        -------
        y : ndarray of shape (n_samples, n_outputs), bool
            What each raw output is to be positive for.
        strata : ndarray of shape (n_samples,), or None
            Classes that each fold of the cross-fitting gets in its share.
        """
        raise NotImplementedError

    # --- The network: Keras is imported here and nowhere else in a head ---

    @abstractmethod
    def outputs(self, encoding, seeds: Iterator[int], name: str):
        """Return the raw output, a Keras tensor, of what of the encoding the head reads.

        Parameters
        ----------
        encoding : skrnn.network.encoder.Encoding
        seeds : iterator of int
            Of initial weights and dropout.
        name : str
            The name that the layer with the raw output has to have.
        """

    @abstractmethod
    def activate(self, raw):
        """Return what the Keras model answers, given its raw output."""

    @abstractmethod
    def loss(self):
        """Return the loss that training minimizes, as Keras's `compile` takes it."""

    @abstractmethod
    def metrics(self) -> list:
        """Return new metrics, named as `history_` shows them."""

    @abstractmethod
    def example(self) -> tuple[np.ndarray, np.ndarray]:
        """Return targets and answers of one row, from which Keras builds the metrics."""

    def row_losses(self, y, raw):
        """Return the loss of each row, from raw output."""
        raise NotImplementedError

    def divergence(self, raw, others):
        """Return the Kullback-Leibler divergence of each row's answers, for adversarial losses."""
        raise NotImplementedError

    def entropy(self, raw):
        """Return the entropy of each row's answer."""
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
            Those of `variables`, in their order.
        """

    @abstractmethod
    def predict(self, raw):
        """Return the answers, one a row, from raw output."""

    # --- Files, ONNX, explanations ---

    @abstractmethod
    def layout(self) -> dict[str, Any]:
        """Return what the network is made of, as JSON: "kind", "n_outputs" and what else decides.

        Two heads of the same layout share traced programs, whatever their coding of y.
        """

    @classmethod
    @abstractmethod
    def from_layout(cls, layout: dict[str, Any]) -> Head:
        """Make a head without a coding of y.

        Raises
        ------
        ValueError
            If the layout, which may come out of a hostile file, is none.
        """

    @abstractmethod
    def variables(self, width: int) -> list[Variable]:
        """Return the variables of the last layers, which read `width` numbers."""

    @abstractmethod
    def encode_state(self) -> dict[str, Any]:
        """Return the coding of y, as JSON."""

    @classmethod
    @abstractmethod
    def decode_state(cls, node, layout: dict[str, Any]) -> Head:
        """Make a fitted head of a node of a file, and hold it against the network's layout."""

    def write_onnx(self, graph, raw, samples: str) -> None:
        """Write the outputs of an ONNX model, given the name of the raw output."""
        raise NotImplementedError

    def direction(self, raw, target) -> tuple[np.ndarray, int]:
        """Return which combination of raw outputs `explain` explains, and the target's number."""
        raise NotImplementedError
