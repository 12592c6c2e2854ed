"""Keeping the estimator of each of several epochs of one fit."""

import time
from contextlib import contextmanager


class KeptEpochs:
    """The estimators that fits of fewer epochs would have made.

    Parameters
    ----------
    wanted : iterable of int
        After which epochs, counted from 1.

    Attributes
    ----------
    estimators : dict of int to estimator
        The fitted estimator of each wanted epoch that the training reached. Each has its own
        weights; what does not change between epochs is shared.
    seconds : dict of int to float
        The time of each, by `time.perf_counter`.
    """

    def __init__(self, wanted):
        self.wanted = frozenset(wanted)
        self.estimators, self.seconds = {}, {}

    def take(self, make, state):
        """Keep the estimator that ``make()`` returns for a state of a training, if wanted."""
        if state.finished or state.batch or state.epoch not in self.wanted:
            return
        self.estimators[state.epoch] = make()
        self.seconds[state.epoch] = time.perf_counter()


@contextmanager
def keeping_epochs(estimator, wanted):
    """Keep the estimators after the wanted epochs of a fit inside the context.

    Yields
    ------
    KeptEpochs
    """
    estimator._kept_epochs = kept = KeptEpochs(wanted)
    try:
        yield kept
    finally:
        vars(estimator).pop("_kept_epochs", None)
