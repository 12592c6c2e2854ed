"""Recording and restoring the state of a running training."""

import time
from contextlib import contextmanager

import numpy as np

from skrnn.backend.interrupts import raise_if_interrupted
from skrnn.backend.tensorflow import keras
from skrnn.network import programs
from skrnn.network.programs import read_values
from skrnn.training.callbacks import InverseTimeDecay
from skrnn.training.optimizers import averages_of
from skrnn.training.state import TrainingState


class StateRecorder(keras.callbacks.Callback):
    """The last callback of a fit: keeps the state of the last finished epoch.

    Parameters
    ----------
    run : skrnn.training.fit.Run
        The running training.
    plan : skrnn.training.fit.FitPlan
        Its early stopping, the state to resume from, and the receiver of the states.

    Attributes
    ----------
    state : TrainingState or None
        State of the last finished epoch; None before.
    decay : InverseTimeDecay or None
        The callback that lowers the learning rate.
    n_batches : int or None
        Number of batches in an epoch, or None if unknown.
    """

    def __init__(self, run, plan):
        super().__init__()
        self.run, self.stopping, self.resumed = run, plan.stopping, plan.resumed
        self.on_state, self.minutes = plan.on_state, plan.minutes
        resumed = plan.resumed
        self.state = resumed if resumed and resumed.epoch and not resumed.batch else None
        self.decay = self.n_batches = None
        if resumed and self.stopping:
            self.stopping.resumed = resumed.stopping
        self._last_given = time.monotonic()

    def make_decay(self, learning_rate, decay, epochs=None):
        """Return the callback that lowers the learning rate, restored if training is resumed."""
        last = self.resumed and self.resumed.learning_rate
        self.decay = InverseTimeDecay(learning_rate, decay, last, epochs)
        return self.decay

    def on_epoch_begin(self, epoch, logs=None):
        """Restore the sums of losses and scores of an interrupted epoch."""
        self._epoch = epoch
        if self.resumed and self.resumed.batch and self.resumed.epoch == epoch:
            programs.write_values(running_metrics(self.model), self.resumed.metrics)

    def on_train_batch_end(self, batch, logs=None):
        """Report the state if the interval is over. A Ctrl-C that was lost ends the training."""
        raise_if_interrupted()
        if self.on_state is None or self.minutes is None or self.model.stop_training:
            return  # the epoch ends here, and its state follows
        if self._was_trained_before(batch) or batch + 1 == self.n_batches:
            return
        if time.monotonic() - self._last_given >= 60 * self.minutes:
            self._give(self._take(self._epoch, batch + 1))

    def _was_trained_before(self, batch):
        """Whether the batch was already trained before this fit, and is skipped."""
        return bool(self.resumed) and (self._epoch, batch) < (
            self.resumed.epoch,
            self.resumed.batch,
        )

    def on_epoch_end(self, epoch, logs=None):
        """Keep the state, so that an interruption loses nothing of the epoch."""
        self.state = self._take(epoch + 1, 0)
        if self.on_state is not None:
            self._give(self.state)

    def final(self):
        """Return the state after training, when the network has its final weights."""
        self.set_model(self.run.model)
        state = self._take(len(self.run.history_so_far["loss"]), 0)
        state.finished = True
        averages = averages_of(self.model.optimizer)
        if averages and self.state is not None:
            now = read_values(self.model.trainable_variables)
            if all(map(np.array_equal, now, read_values(averages))):
                state.unaveraged = self.state.variables
        return state

    def _give(self, state):
        self.on_state(state)
        self._last_given = time.monotonic()

    def _take(self, epoch, batch):
        return TrainingState(
            epoch=epoch,
            batch=batch,
            variables=programs.read_values(programs.network_variables(self.model)),
            optimizer=programs.read_values(self.model.optimizer.variables),
            metrics=programs.read_values(running_metrics(self.model)) if batch else [],
            history=self.run.history_so_far,
            learning_rate=self.decay and float(self.decay.last),
            stopping=self.stopping and self.stopping.state,
            stopped=bool(self.model.stop_training),
        )


def running_metrics(network):
    """Return the variables that sum the losses and scores of an epoch."""
    further = getattr(network, "semi_supervised", None)
    metrics = [*network.metrics, *(further.means.values() if further else ())]
    return [variable for metric in metrics for variable in metric.variables]


@contextmanager
def without_first_steps(network, n_steps):
    """Skip the first training steps, which a resumed epoch has already done."""
    step, left = network.train_function, n_steps

    def skip(iterator):
        nonlocal left
        if not left:
            return step(iterator)
        left -= 1
        return network.get_metrics_result()

    if n_steps:
        network.train_function = skip
    try:
        yield
    finally:
        network.train_function = step
