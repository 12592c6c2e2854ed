"""The progress line of a fit: one that is rewritten where it can be, one an epoch elsewhere."""

import shutil
import sys
import time

from skrnn._backend import keras

# Seconds between two writings of a line: a reader sees no more, and a batch may take a millisecond.
PAUSE = 0.1
# In this order, as far as they are there; further ones after them.
_FIRST = ("loss", "accuracy", "val_loss", "val_accuracy")


def progress_lines(verbose, n_batches):
    """Return the Keras callbacks that show a fit.

    Parameters
    ----------
    verbose : int
        0 shows nothing; 1 a line that is rewritten in a terminal or notebook, and elsewhere, as
        in a log, a line an epoch; 2 a line an epoch.
    n_batches : int or None
        Of an epoch, where it is known.

    Returns
    -------
    list of keras.callbacks.Callback
    """
    if not verbose or sys.stdout is None:
        return []
    if verbose == 1 and _can_rewrite():
        return [RewrittenLine(n_batches)]
    return [EpochLines()]


class EpochLines(keras.callbacks.Callback):
    """A line after each epoch: its number, losses and scores, and the time that is left."""

    def on_train_begin(self, logs=None):
        """Start the clock."""
        self.start = time.perf_counter()
        self.n_epochs, self.n_done = self.params["epochs"], 0

    def on_epoch_begin(self, epoch, logs=None):
        """Remember where the training began, which may have been resumed."""
        if not self.n_done:
            self.first = epoch

    def on_epoch_end(self, epoch, logs=None):
        """Write the line."""
        self.n_done += 1
        self._write_line(f"{self._told(epoch, logs)}{self._left(self.n_done, epoch + 1)}")

    def _told(self, epoch, logs):
        width = len(str(self.n_epochs))
        return f"epoch {epoch + 1:{width}}/{self.n_epochs}{tell(logs)}"

    def _left(self, n_done, epoch):
        """Tell the time left, by the share of the epochs done since the start; stops are no end."""
        n_left = self.n_epochs - epoch
        seconds = (time.perf_counter() - self.start) / n_done * n_left
        return f"  {clock(seconds)} left" if n_left > 0 else ""

    def _write_line(self, text):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


class RewrittenLine(EpochLines):
    """One line that is written anew over itself, and stays as it is at the end.

    Parameters
    ----------
    n_batches : int or None
        Of an epoch; None where nobody knows.
    """

    def __init__(self, n_batches):
        super().__init__()
        self.n_batches = n_batches

    def on_train_begin(self, logs=None):
        """Start the clock."""
        super().on_train_begin(logs)
        self.shown, self.last, self.told = 0, 0.0, ""

    def on_epoch_begin(self, epoch, logs=None):
        """Note the epoch."""
        super().on_epoch_begin(epoch, logs)
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        """Rewrite the line, unless it has just been."""
        now = time.perf_counter()
        if now - self.last < PAUSE:
            return
        self.last, share = now, ""
        left = ""
        if self.n_batches:
            done = (batch + 1) / self.n_batches
            share = f" {min(done, 1):4.0%}"
            left = self._left(self.epoch - self.first + done, self.epoch + done)
        self._show(f"{self._told(self.epoch, {})}{share}{tell(logs)}{left}")

    def on_epoch_end(self, epoch, logs=None):
        """Rewrite the line with the epoch's figures."""
        self.n_done += 1
        self.told = self._told(epoch, logs)
        self._show(f"{self.told}{self._left(self.n_done, epoch + 1)}")

    def on_train_end(self, logs=None):
        """Leave the last figures, with the time that it took."""
        if self.told:
            self._show(f"{self.told}  {clock(time.perf_counter() - self.start)}")
        if self.shown:
            self._write_line("")

    def _show(self, text):
        # A line that wraps could not be rewritten.
        text = text[: shutil.get_terminal_size((100, 24)).columns - 1]
        sys.stdout.write(f"\r{text.ljust(self.shown)}")
        sys.stdout.flush()
        self.shown = len(text)


def tell(logs):
    """Return losses and scores as text."""
    logs = dict(logs or {})
    names = [name for name in _FIRST if name in logs]
    names += [name for name in logs if name not in names]
    return "".join(f"  {name} {float(logs[name]):.4f}" for name in names)


def clock(seconds):
    """Return seconds as hours, minutes and seconds; tenths where they are few."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _can_rewrite():
    r"""Whether standard output is a terminal, or a notebook's cell, where \r goes back."""
    if sys.stdout.isatty():
        return True
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"


def is_in_search(context):
    """Whether a fit is one of many that a search compares, by scikit-learn's tree of tasks."""
    while context is not None:
        names = (context.task_name, context.source_task_name)
        if "candidate-split-evaluation" in names:
            return True
        context = context.parent
    return False
