"""What an estimator is after each of several epochs of one fit."""

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
        Fitted, for each wanted epoch that the training came to. The weights are held once for
        each; what does not change from epoch to epoch is shared.
    seconds : dict of int to float
        When, on the clock of `time.perf_counter`.
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
    """Let fits of the estimator inside keep what they are after these epochs.

    Yields
    ------
    KeptEpochs
    """
    estimator._kept_epochs = kept = KeptEpochs(wanted)
    try:
        yield kept
    finally:
        vars(estimator).pop("_kept_epochs", None)
