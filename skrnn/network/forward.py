"""What a network answers, computed without TensorFlow.

A :class:`Forward` is a description and the values of its variables. It computes what the Keras
model of :func:`skrnn.network.build.build` computes with the same values, to rounding; with the
Numba engine, the answer of a row is moreover the same bytes in whatever company it comes.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from skrnn.exceptions import InvalidInputError, NoKernelsError
from skrnn.heads.classes import dense_output
from skrnn.kernels.engine import engine
from skrnn.kernels.sums import add_sums
from skrnn.network.description import NetworkDescription
from skrnn.network.side_inputs import take_ids, take_numbers
from skrnn.sequences import Sequences


class Weights(NamedTuple):
    """The weights of a recurrent layer in one direction, Keras's own layout, float32."""

    kernel: np.ndarray
    recurrent_kernel: np.ndarray
    bias: np.ndarray


class Encoder(NamedTuple):
    """All that is computed before the head.

    Attributes
    ----------
    cell : {"rnn", "lstm", "gru"}
    embedding : ndarray of shape (vocabulary_size, embedding_dim) of any float type, or None
        None for numeric channels.
    layers : list of list of Weights
        For each layer one or two directions, forward and backward.
    attention : list of ndarray, or None
        Kernel, bias and query of the attention that pools the states.
    """

    cell: str
    embedding: np.ndarray | None
    layers: list
    attention: list | None

    @property
    def width(self):
        """Numbers in a state of the last layer."""
        return sum(len(one.recurrent_kernel) for one in self.layers[-1])


class Inputs(NamedTuple):
    """What an encoder reads.

    Attributes
    ----------
    ids : ndarray of shape (n_steps,), int, or None
    numbers : ndarray of shape (n_steps, n_numbers), float32
        What follows the embedding of each step: channels, then side inputs, and sums of ids'
        vectors.
    offsets : ndarray of shape (n_samples + 1,), int64
        Row ``i`` has the steps ``offsets[i] : offsets[i + 1]``, at least one.
    """

    ids: np.ndarray | None
    numbers: np.ndarray
    offsets: np.ndarray


class Forward:
    """A network that predicts.

    Making one takes microseconds: the values are not copied. What the engine needs of them is
    prepared at the first prediction and kept. Any number of threads may predict at once.

    Parameters
    ----------
    description : NetworkDescription
        Of a single network; see :class:`skrnn.network.forward_mean.MeanForward` for several.
    values : list of ndarray
        Those of `description.variables()`, in their order, in any float type. They must not be
        changed afterwards; for other values, make another `Forward`.

    Raises
    ------
    ValueError
        If the values are not as many, or not of the shapes, that the description says.
    """

    def __init__(self, description: NetworkDescription, values):
        check_values(description, values)
        self.description = description
        self._prepared: dict = {}
        variables = description.variables()
        self._join_values, self._head_values, self._row_weights, self._scores = last_values(
            description, values
        )
        parts = (self._join_values, self._head_values, self._row_weights, self._scores)
        first = len(values) - sum(map(len, parts)) - len(description.head_.activation_variables())
        encoding = zip(variables[:first], values[:first], strict=True)
        rest = iter([value for variable, value in encoding if variable.kind != "seed"])
        embedding = next(rest) if description.is_tokens else None
        self._tables = [next(rest) for _ in description.id_inputs]
        layers = [
            [Weights(*(np.asarray(next(rest), np.float32) for _ in Weights._fields)) for _ in names]
            for names in (layer.directions for layer in description.recurrent_layers())
        ]
        attention = [np.asarray(value, np.float32) for value in rest]
        self._encoder = Encoder(description.cell, embedding, layers, attention or None)

    def raw(self, sequences: Sequences) -> np.ndarray:
        """Return the raw output: of each row, or of each step if the head reads the steps.

        Parameters
        ----------
        sequences : Sequences
            Checked, with the network's side inputs.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs), float32
            Or (n_steps, n_outputs), rows end to end.

        Raises
        ------
        ValueError
            If the sequences are not what the network reads.
        """
        description = self.description
        head, n_steps = description.head_, len(sequences.values)
        ids = [take_ids(sequences.step_inputs, x, n_steps) for x in description.id_score_inputs]
        if head.reads == "steps":
            encoded = self.states(sequences)
        else:
            encoded = self._run(self._inputs(sequences), description.pooling)
        given = sequences.row_inputs
        for one in description.state_inputs:
            numbers = take_numbers(given, one, len(sequences))
            if head.reads == "steps":
                numbers = np.repeat(numbers, sequences.lengths, axis=0)
            encoded = _joined(encoded, numbers, *self._join_values)
        raw = head.raw_output(encoded, self._head_values)
        for one, weight in zip(description.row_inputs, self._row_weights, strict=True):
            added = take_numbers(given, one, len(sequences))
            raw = raw + np.asarray(weight, np.float32) * added
        if ids:
            raw = np.array(raw, np.float32, order="C")
        for own, scores in zip(ids, self._scores, strict=True):
            add_sums(raw, scores, own)
        return raw

    def states(self, sequences: Sequences) -> np.ndarray:
        """Return the states of the last recurrent layer at each step, rows end to end.

        Parameters
        ----------
        sequences : Sequences
            Checked, with the network's side inputs.

        Returns
        -------
        ndarray of shape (n_steps, width), float32
            The forward state, then the backward one.
        """
        # A row without steps has no state, and the kernels take none.
        kept = np.append(True, sequences.lengths > 0)
        if not kept.all():
            sequences = replace(sequences, offsets=sequences.offsets[kept], row_inputs={})
        return self._run(self._inputs(sequences), None)

    def advance(self, sequences: Sequences, carried: list | None = None) -> tuple:
        """Go on from the states that another call has ended with.

        Parameters
        ----------
        sequences : Sequences
            The next steps of each row, at least one.
        carried : list of ndarray, or None
            The second of what the call before returned; None begins.

        Returns
        -------
        states : ndarray of shape (n_steps, width), float32
            As of `states`.
        carried : list of ndarray of shape (n_samples, n_states * units), float32
            For each layer the states after the last step: h and, of an LSTM, c.

        Raises
        ------
        ValueError
            If the network also reads backwards, which has no next step.
        """
        if self.description.bidirectional:
            raise InvalidInputError(
                "A bidirectional network reads rows as a whole; only one made with "
                "bidirectional=False can go on from a state."
            )
        inputs = self._inputs(sequences)
        n_states = 2 if self.description.cell == "lstm" else 1
        shapes = [(len(sequences), n_states * units) for units in self.description.units]
        if carried is None:
            carried = [np.zeros(shape, np.float32) for shape in shapes]
        elif [one.shape for one in carried] != shapes:
            raise InvalidInputError(
                f"The carried states have the shapes {[one.shape for one in carried]}, but the "
                f"network's are {shapes}."
            )
        carried = [np.array(one, np.float32, order="C") for one in carried]
        return self._run(inputs, None, carried), carried

    def _run(self, *inputs):
        try:
            return self._engine().run(*inputs)
        except NoKernelsError:  # which has also changed the engine
            return self._engine().run(*inputs)

    def _engine(self):
        """Return the encoder on the engine of the moment, prepared."""
        name = engine()
        prepared = self._prepared.get(name)
        if prepared is None:
            # Two threads may do so at once; they prepare the same.
            if name == "numba":
                from skrnn.network.forward_compiled import CompiledEncoder

                prepared = CompiledEncoder(self._encoder)
            else:
                from skrnn.network.forward_numpy import NumpyEncoder

                prepared = NumpyEncoder(self._encoder)
            self._prepared[name] = prepared
        return prepared

    def _inputs(self, sequences):
        """Return what the encoder reads, checked: the kernels rely on it."""
        description = self.description
        values, offsets = sequences.values, np.ascontiguousarray(sequences.offsets, np.int64)
        if sequences.is_tokens != description.is_tokens:
            kinds = ("numeric channels", "token ids")
            raise InvalidInputError(
                f"The network reads {kinds[description.is_tokens]}, but got "
                f"{kinds[sequences.is_tokens]}."
            )
        lengths = np.diff(offsets)
        if offsets[0] != 0 or offsets[-1] != len(values) or (lengths < 1).any():
            raise InvalidInputError("Every row needs at least one step, and each step a row.")
        given = sequences.step_inputs
        n_steps = len(values)
        parts = [take_numbers(given, one, n_steps) for one in description.step_inputs]
        ids = [take_ids(given, one, n_steps) for one in description.id_inputs]
        if description.is_tokens:
            n_ids = description.vocabulary_size or 0
            if len(values) and not 0 <= values.min() <= values.max() < n_ids:
                raise InvalidInputError(
                    f"The network knows the token ids 0 to {n_ids - 1}, but got "
                    f"{values.min()} to {values.max()}."
                )
        else:
            n_channels = description.n_channels or 1
            if values.shape[1] != n_channels:
                raise InvalidInputError(
                    f"The network reads {n_channels} channels, but got {values.shape[1]}."
                )
            parts.insert(0, np.asarray(values, np.float32))
        for own, table in zip(ids, self._tables, strict=True):
            parts.append(np.zeros((n_steps, table.shape[1]), np.float32))
            add_sums(parts[-1], table, own)
        if len(parts) == 1:
            numbers = np.ascontiguousarray(parts[0])
        else:
            numbers = np.hstack([np.empty((n_steps, 0), np.float32), *parts])
        return Inputs(values if description.is_tokens else None, numbers, offsets)


def last_values(description: NetworkDescription, values: list) -> tuple[list, list, list, list]:
    """Return the values of what follows the states, before the activation.

    Returns
    -------
    joining, head, row_weights, scores : list of ndarray
        Those of what joins columns to the states, of the head's last layers, of the side inputs of
        rows and of ids with scores.
    """
    head = description.head_
    sizes = [
        2 * len(description.state_inputs),
        len(head.variables(description.head_width)),
        len(description.row_inputs),
        len(description.id_score_inputs),
    ]
    end = len(values) - len(head.activation_variables())
    starts = [end - sum(sizes[i:]) for i in range(len(sizes) + 1)]
    joining, of_head, weights, scores = (
        list(values[start:stop]) for start, stop in pairwise(starts)
    )
    return joining, of_head, weights, scores


def check_values(description: NetworkDescription, values) -> None:
    """Raise ValueError if values are not those of a description's variables, by their shapes."""
    variables = description.variables()
    if len(values) != len(variables):
        raise InvalidInputError(
            f"The network has {len(variables)} variables, but got {len(values)} values."
        )
    for variable, value in zip(variables, values, strict=True):
        if np.shape(value) != variable.shape:
            raise InvalidInputError(
                f"The {variable.name} of the network has the shape {variable.shape}, but got "
                f"{np.shape(value)}."
            )


def _joined(states, numbers, kernel, bias):
    """Return what :class:`skrnn.layers.evidence.JoinColumns` returns, row by row the same bytes."""
    both = np.hstack([states, numbers])
    return np.hstack([both, np.maximum(dense_output(both, kernel, bias), np.float32(0))])
