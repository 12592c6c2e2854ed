"""One training of an estimator: its seeds, and its checkpoints if there are any."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skrnn.backend.standard_output import print_line
from skrnn.estimators.checkpointing import checkpoint_of
from skrnn.estimators.extra_losses import objective_of
from skrnn.exceptions import UnknownObjectError
from skrnn.sequences.warning import warn_caller


@dataclass
class Session:
    """One training: its seeds, and its checkpoints if any.

    Attributes
    ----------
    seeds : list of int
    folder : CheckpointFolder or None
        Where checkpoints are written.
    newest : Moment or None
        The checkpoint that the training continues from.
    minutes : float or None
        Interval of the checkpoints within an epoch.
    """

    seeds: list
    folder: Any = None
    newest: Any = None
    minutes: float | None = None

    @property
    def is_finished(self):
        """Whether a checkpoint has the end of the training."""
        return self.newest is not None and self.newest.state.finished

    @property
    def phase(self):
        """The phase of the newest checkpoint, "training" or "pretraining"; None without one."""
        return self.newest and self.newest.state.phase

    def save(self, estimator, state):
        """Write a checkpoint of the estimator as it is at a moment of its training."""
        from skrnn.estimators.moments import write_moment

        self.folder.save(lambda: write_moment(estimator, state, self.seeds), state)


@contextmanager
def open_session(estimator, data, head, *, epochs, going_on):
    """Give the training its seeds and, if `checkpoint` is set, its folder.

    `data` is all that determines the result besides parameters and seeds; None for a call
    without checkpoints.
    """
    from skrnn.backend.tensorflow import check_tensorflow

    check_tensorflow()  # before the slow n-grams and vectors
    from skrnn.backend.defaults import keras_defaults
    from skrnn.training.replicas import check_strategy

    checkpoint = checkpoint_of(estimator)
    check_strategy(
        estimator,
        pretrains=data is not None and not going_on,
        has_extra_losses=bool(objective_of(estimator)),
    )
    random = check_random_state(estimator.random_state)
    seeds = [int(n) for n in random.randint(np.iinfo(np.int32).max, size=2)]
    # A training is the same one whatever the process has set for its own networks.
    with (
        keras_defaults(),
        _opened(estimator, data, head, seeds, epochs, going_on, checkpoint) as session,
    ):
        yield session


@contextmanager
def _opened(estimator, data, head, seeds, epochs, going_on, checkpoint):
    if data is None or checkpoint is None:
        yield Session(seeds)
        return
    from skrnn.estimators.moments import read_moment
    from skrnn.training.checkpoint import CheckpointFolder, training_name

    any_seed = estimator.random_state is None
    before = None
    if going_on:
        network, state = estimator.network_, vars(estimator).get("_optimizer_state")
        unaveraged = vars(estimator).get("_unaveraged")
        before = [network.seed, network.values, state, unaveraged, estimator.history_]
    # Not as a file has it: training goes on if no file can hold the classes.
    decides = [*data, vars(head), before, None if any_seed else seeds]
    words = next(part.words for part in data if hasattr(part, "words"))
    try:
        name = training_name(estimator, decides, words, any_seed=any_seed)
    except UnknownObjectError as error:
        warn_caller(
            f"This fit of {type(estimator).__name__} writes no checkpoints and uses none, since it "
            f"cannot be known which are of the same training: {error} Use callbacks, schedules and "
            "other parameters that can be pickled and do not read what may change, or set "
            "checkpoint=None to silence this warning.",
            UserWarning,
        )
        yield Session(seeds)
        return
    until = epochs + (estimator.n_iter_ if going_on else 0)
    folder, newest = CheckpointFolder.open(
        checkpoint.path,
        name,
        until,
        read=lambda document, arrays: read_moment(document, arrays, type(estimator)),
        any_seed=any_seed,
    )
    try:
        if newest is not None and estimator.verbose:
            print_line(f"Resuming from {newest.path}.")
        minutes = None if folder is None else checkpoint.minutes
        yield Session(newest.seeds if newest else seeds, folder, newest, minutes)
    finally:
        if folder is not None:
            folder.close()


def watcher(session, kept, moment_of, network, settings):
    """Return the function that is called with each state of a training, or None.

    It writes checkpoints, and keeps the estimators of some epochs.

    Parameters
    ----------
    session : Session
    kept : KeptEpochs or None
    moment_of : callable
        Takes a network, a state of the training and its settings, and returns the estimator as it
        would be if the training ended there.
    network : FittedNetwork
        The one that training starts from.
    settings : TrainingSettings
    """
    if session.folder is None and kept is None:
        return None

    def moment(state, values):
        network_then = type(network)(network.description, values, network.seed)
        return moment_of(network_then, state, settings)

    def on_state(state):
        if session.folder is not None:
            one = moment(state, state.variables)
            if not state.finished:
                one.best_epoch_ = one.n_iter_
            session.save(one, state)
        if kept is not None:
            best = state.stopping and state.stopping.best_weights
            values = state.variables
            if best:  # as if the training ended with this epoch
                values = network.description.with_weights(values, best)
            kept.take(lambda: moment(state, values), state)

    return on_state
