"""A trained network: its description and the values of its variables.

It predicts with the Numba kernels and NumPy. TensorFlow is loaded for `model`, and used to predict
on a GPU. A pickle contains the description, the values and the seed.
"""

import os
import sys
import threading
from typing import Any

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.network.description import NetworkDescription
from skrnn.network.forward_mean import MeanForward
from skrnn.sequences import Sequences


class FittedNetwork:
    """A network that predicts.

    Parameters
    ----------
    description : NetworkDescription
        The layers and their sizes.
    values : list of ndarray
        The values of `description.variables()`, in that order. Floats become float32.
    seed : int
        Seed of its initial weights, its dropout and the order of its batches.
    """

    def __init__(self, description: NetworkDescription, values: list, seed: int):
        self.description = description
        self.seed = seed
        self._values = [_in_float32(value) for value in values]
        self._lock = threading.Lock()

    @property
    def values(self) -> list:
        """The values of the variables, as arrays; taken from `model` if that was created."""
        model = self.__dict__.get("_model")
        if model is None:
            return self._values
        from skrnn.network.programs import network_variables, read_values

        return read_values(network_variables(model))

    @property
    def model(self):
        """The network as a Keras model, created on first access.

        Changing its weights changes the predictions.
        """
        if "_model" not in self.__dict__:
            from skrnn.backend.defaults import keras_defaults
            from skrnn.backend.scope import outside_scope
            from skrnn.network.build import build
            from skrnn.network.programs import network_variables, write_values

            # A strategy is for training only; the model must work without it.
            with keras_defaults():
                model = outside_scope(lambda: build(self.description, random_state=self.seed))
                write_values(network_variables(model), self._values)
            with self._lock:  # all threads get the same model, and only after it has its weights
                self.__dict__.setdefault("_model", model)
        return self.__dict__["_model"]

    def raw(self, sequences: Sequences) -> np.ndarray:
        """Return the raw output, float32 of shape (n_samples, n_outputs), in the rows' order.

        Of a head that reads the steps, (n_steps, n_outputs), in the order of `sequences.values`.

        Parameters
        ----------
        sequences : Sequences
            Collapsed if the head reads the summary, with the side inputs of the description.
        """
        if _predicts_with_tensorflow():
            from skrnn.network.programs import predict

            return predict(self, sequences)
        return self._forward().raw(sequences)

    @property
    def activation_values(self) -> list:
        """The values of the head's `activation_variables`, which decode its raw output.

        Of several networks, the mean of each value.
        """
        n_values = len(self.description.head_.activation_variables())
        first, *others = (own[len(own) - n_values :] for own in self.description.split(self.values))
        if not others:
            return first
        return [
            sum(of_all[1:], of_all[0]) / len(of_all) for of_all in zip(first, *others, strict=True)
        ]

    def _forward(self):
        if "_model" in self.__dict__:  # whose weights may have changed
            return MeanForward(self.description, self.values)
        if "_prepared" not in self.__dict__:
            self._prepared = MeanForward(self.description, self._values)
        return self._prepared

    def __getstate__(self):
        """Return the state, without the model and the prepared weights."""
        return {"description": self.description, "_values": self.values, "seed": self.seed}

    def __setstate__(self, state):
        """Set the state, with a new lock."""
        self.__dict__.update(state, _lock=threading.Lock())


def _in_float32(value):
    # Files of earlier versions may hold the weights of a training in other precisions.
    return value.astype(np.float32, copy=False) if value.dtype.kind == "f" else value


def _predicts_with_tensorflow():
    """Whether TensorFlow predicts: on request, or if it is already loaded and sees a GPU."""
    wish = os.environ.get("SKRNN_PREDICT")
    if wish not in (None, "", "numba", "tensorflow"):
        raise InvalidInputError(f"SKRNN_PREDICT must be 'numba' or 'tensorflow', but is {wish!r}.")
    if wish:
        return wish == "tensorflow"
    tf: Any = sys.modules.get("tensorflow")
    # While another thread imports it, it may have no config yet.
    return hasattr(tf, "config") and bool(tf.config.list_physical_devices("GPU"))
