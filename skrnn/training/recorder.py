"""Takes the state of a running training, and puts one back."""

import time
from contextlib import contextmanager

from skrnn.backend.tensorflow import keras
from skrnn.network import programs
from skrnn.training.callbacks import InverseTimeDecay
from skrnn.training.state import TrainingState


class StateKeeper(keras.callbacks.Callback):
    """The last callback of a fit: keeps the state of the last finished epoch.

    Parameters
    ----------
    running : SequenceClassifier
        What is trained.
    stopping : BestEpoch or None
        Its early stopping.
    resumed : TrainingState or None
        Where the training goes on.
    on_state : callable or None
        Is given each state.
    minutes : float or None
        How often it is given one within an epoch.

    Attributes
    ----------
    state : TrainingState or None
        Of the last finished epoch; None before.
    decay : InverseTimeDecay or None
        What lowers the step size; set by the one who makes it.
    history : keras.callbacks.History
        Of this fit; set by the one who makes it.
    n_batches : int or None
        Of an epoch, where that is known; set by the one who knows.
    """

    def __init__(self, running, stopping, resumed, on_state, minutes):
        super().__init__()
        self.running, self.stopping, self.resumed = running, stopping, resumed
        self.on_state, self.minutes = on_state, minutes
        self.state = resumed if resumed and resumed.epoch and not resumed.batch else None
        self.decay = self.history = self.n_batches = None
        if resumed and stopping:
            stopping.resumed = resumed.stopping
        self._told = time.monotonic()

    def make_decay(self, learning_rate, decay):
        """Return the callback that lowers the step size, as it was where training goes on."""
        last = self.resumed and self.resumed.learning_rate
        self.decay = InverseTimeDecay(learning_rate, decay, last)
        return self.decay

    def on_epoch_begin(self, epoch, logs=None):
        """Take up the sums of an epoch that was interrupted."""
        self._epoch = epoch
        if self.resumed and self.resumed.batch and self.resumed.epoch == epoch:
            programs.write_values(running_metrics(self.model), self.resumed.metrics)

    def on_train_batch_end(self, batch, logs=None):
        """Tell of the state where the minutes are over."""
        if self.on_state is None or self.minutes is None or self.model.stop_training:
            return  # an epoch that ends here has its state in a moment
        if self._is_of_before(batch) or batch + 1 == self.n_batches:
            return
        if time.monotonic() - self._told >= 60 * self.minutes:
            self._tell(self._take(self._epoch, batch + 1))

    def _is_of_before(self, batch):
        """Whether the batch was trained before this fit, which only passes over it."""
        return bool(self.resumed) and (self._epoch, batch) < (
            self.resumed.epoch,
            self.resumed.batch,
        )

    def on_epoch_end(self, epoch, logs=None):
        """Keep the state; an interruption from here on loses nothing of the epoch."""
        self.state = self._take(epoch + 1, 0)
        if self.on_state is not None:
            self._tell(self.state)

    def final(self, network):
        """Return the state after training, of a network whose weights are the final ones."""
        self.set_model(network)
        state = self._take(self.running.current_epoch, 0)
        # The fit has ended, and with it its history has become the estimator's.
        state.history, state.finished = self.running.history_, True
        return state

    def _tell(self, state):
        self.on_state(state)
        self._told = time.monotonic()

    def _take(self, epoch, batch):
        return TrainingState(
            epoch=epoch,
            batch=batch,
            variables=programs.read_values(programs.network_variables(self.model)),
            optimizer=programs.read_values(self.model.optimizer.variables),
            metrics=programs.read_values(running_metrics(self.model)) if batch else [],
            history=self.running.history_with(self.history),
            pretraining_history=self.running.pretraining_history_,
            learning_rate=self.decay and float(self.decay.last),
            stopping=self.stopping and self.stopping.state,
            stopped=bool(self.model.stop_training),
        )


def running_metrics(network):
    """Return the variables that add up the losses and scores of an epoch."""
    further = getattr(network, "semi_supervised", None)
    metrics = [*network.metrics, *(further.means.values() if further else ())]
    return [variable for metric in metrics for variable in metric.variables]


@contextmanager
def without_first_steps(network, n_steps):
    """Let the first training steps do nothing: an epoch that is resumed has done them."""
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
