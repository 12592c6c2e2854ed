"""The mean answer of several networks, computed without TensorFlow."""

from __future__ import annotations

import numpy as np

from skrnn.network.description import NetworkDescription
from skrnn.network.forward import Forward, check_values
from skrnn.sequences import Sequences


class MeanForward:
    """Several networks that predict together; a single one, if the description says so.

    Parameters
    ----------
    description : NetworkDescription
    values : list of ndarray
        Those of `description.variables()`, in their order, as of :class:`Forward`.

    Attributes
    ----------
    networks : list of Forward

    Raises
    ------
    ValueError
        If the values are not as many, or not of the shapes, that the description says.
    """

    def __init__(self, description: NetworkDescription, values):
        check_values(description, values)
        of_one = description.of_one
        self.networks = [Forward(of_one, own) for own in description.split(list(values))]

    def raw(self, sequences: Sequences) -> np.ndarray:
        """Return the mean of the raw outputs, as :meth:`Forward.raw` returns each.

        They are added one after another, so a row's answer does not depend on other rows.
        """
        first, *others = self.networks
        raw = first.raw(sequences)
        if others:
            for one in others:
                raw = raw + one.raw(sequences)
            raw = raw / np.float32(len(self.networks))
        return raw
