"""A network whose answers are calibrated: the same layers, with other weights in the last ones."""

import numpy as np

from skrnn.network.description import NGRAM_SCORES
from skrnn.network.fitted import FittedNetwork


def calibrated(network: FittedNetwork, scale: float, share: float) -> FittedNetwork:
    """Return a network with the raw output ``scale * raw + share * scores``.

    Parameters
    ----------
    network : FittedNetwork
        Its raw output is that of a dense layer, plus weights times the scores of n-grams, if it
        reads any.
    scale : float
    share : float
        Of the n-gram model's scores.
    """
    description, values = network.description, []
    for own in description.split(list(network.values)):
        last = {one.name for one in description.head_.variables(description.head_width)}
        for variable, value in zip(description.of_one.variables(), own, strict=True):
            name = variable.name
            if name in last or name == f"weight of {NGRAM_SCORES}":
                value = value * np.float32(scale)
            if name == f"weight of {NGRAM_SCORES}":
                value = value + np.float32(share)
            values.append(value)
    return FittedNetwork(description, values, network.seed)
