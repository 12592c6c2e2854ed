"""Keras callbacks that a fit adds to the user's own."""

import numpy as np

from skrnn.backend.tensorflow import keras
from skrnn.exceptions import DivergedError
from skrnn.training.state import EarlyStoppingState, is_finite


def diverged(epoch, what="Training"):
    """Return the error to raise if they are not finite."""
    return DivergedError(
        f"{what} diverged: loss or weights were infinite or NaN in epoch {epoch}. Use a smaller "
        "learning_rate or a global_clipnorm, and scale numeric input (not scaling=None)."
    )


class AlignedHistory(keras.callbacks.History):
    """Keras's history, with NaN if an epoch lacks a value that others have."""

    def on_epoch_end(self, epoch, logs=None):
        """Add the values of the epoch."""
        n_before, known = len(self.epoch), set(self.history)
        super().on_epoch_end(epoch, logs)
        for name, values in self.history.items():
            if name not in (logs or {}):
                values.append(np.nan)
            elif name not in known:
                values[:0] = [np.nan] * n_before


class ValidationScore(keras.callbacks.Callback):
    """Add the score of the validation rows to the losses of an epoch, as "val_score".

    Parameters
    ----------
    score : callable
        Takes the number of the epoch, from 1, and the losses, and returns the score.
    """

    def __init__(self, score):
        super().__init__()
        self.score = score

    def on_epoch_end(self, epoch, logs=None):
        """Score the network. All callbacks get the same dict of losses, so later ones read it."""
        logs["val_score"] = self.score(epoch + 1, logs)


class BestEpoch(keras.callbacks.EarlyStopping):
    """Stop on the validation loss or score, and keep the weights of the best epoch.

    Parameters
    ----------
    patience : int
        Number of epochs without improvement after which training ends.
    min_delta : float
        Minimum decrease of the loss, or increase of the score, that counts as an improvement.
    by_score : bool, default=False
        Whether the score decides.
    """

    def __init__(self, *, patience, min_delta, by_score=False):
        super().__init__(
            monitor="val_score" if by_score else "val_loss",
            mode="max" if by_score else "min",
            patience=patience,
            min_delta=min_delta,
            restore_best_weights=True,
        )
        self.resumed = None

    def on_train_begin(self, logs=None):
        """Begin, or continue an interrupted training."""
        super().on_train_begin(logs)
        if self.resumed is not None:
            self.__dict__.update(vars(self.resumed))

    @property
    def state(self):
        """The current `EarlyStoppingState`."""
        best = None if self.best is None else float(self.best)
        return EarlyStoppingState(
            self.wait, best, self.best_epoch, self.stopped_epoch, self.best_weights
        )


class LearnedEnough(keras.callbacks.Callback):
    """Stop when the training loss is low enough.

    Parameters
    ----------
    loss : float
    first_epoch : int
        Epochs after which the training may end, counted from the first one of the network.
    """

    def __init__(self, loss, first_epoch):
        super().__init__()
        self.loss, self.first_epoch = loss, first_epoch

    def on_epoch_end(self, epoch, logs=None):
        """Compare the loss of the epoch."""
        if epoch + 1 >= self.first_epoch and logs["loss"] <= self.loss:
            self.model.stop_training = True


class InverseTimeDecay(keras.callbacks.Callback):
    """Set the learning rate of each epoch to ``learning_rate / (1 + decay * epoch)``.

    After some epochs, it may stay as it is.

    It depends on the number of the epoch only, so epochs may run in one fit or several. If a
    callback of the user sets the learning rate, this one stops doing so.

    Parameters
    ----------
    learning_rate : float
        The learning rate of the first epoch.
    decay : float
    last : float or None
        The last learning rate, if a training is resumed.
    epochs : int or None
        Later epochs have the learning rate of the last of so many; None for as many as there are.
    """

    def __init__(self, learning_rate, decay, last=None, epochs=None):
        super().__init__()
        self.learning_rate, self.decay, self.epochs = learning_rate, decay, epochs
        self.last = np.float32(learning_rate if last is None else last)

    def on_epoch_begin(self, epoch, logs=None):
        """Set the learning rate of the epoch."""
        optimizer = self.model.optimizer
        if np.float32(optimizer.learning_rate) == self.last:
            n = epoch if self.epochs is None else min(epoch, self.epochs - 1)
            self.last = np.float32(self.learning_rate / (1 + self.decay * n))
            optimizer.learning_rate = self.last


class FiniteTraining(keras.callbacks.Callback):
    """Raise an error if a fit diverges, before any callback can keep its weights."""

    def on_epoch_end(self, epoch, logs=None):
        """Check the loss of the epoch, and the weights at its end."""
        if not (np.isfinite(logs["loss"]) and is_finite(self.model.get_weights())):
            raise diverged(epoch + 1)


class EpochTasks(keras.callbacks.Callback):
    """Present each epoch as a task to scikit-learn's callbacks.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        The task of the whole fit.
    estimator : estimator instance
        The estimator that is fitted.
    given : dict
        X, y and metadata, as the caller passed them to fit.
    as_of_now : callable
        Returns the current fitted attributes.
    """

    def __init__(self, context, estimator, given, as_of_now):
        super().__init__()
        self.context, self.estimator, self.given = context, estimator, given
        self.as_of_now = as_of_now

    def on_epoch_begin(self, epoch, logs=None):
        """Open the epoch's task."""
        self.task = self.context.subcontext(task_name="epoch")
        self.task.call_on_fit_task_begin(estimator=self.estimator, **self.given)

    def on_epoch_end(self, epoch, logs=None):
        """Close the epoch's task; a callback that returns True ends the fit."""
        stop = self.task.call_on_fit_task_end(
            estimator=self.estimator, **self.given, reconstruction_attributes=self.as_of_now
        )
        if stop:
            self.model.stop_training = True
