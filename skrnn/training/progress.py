"""The progress of a fit: a line for each epoch, and a bar in terminals and notebooks."""

import contextlib
import errno
import functools
import importlib.util
import io
import os
import sys
import time
from typing import Any

from skrnn.backend.standard_output import warn_of_failure
from skrnn.backend.tensorflow import keras

# Seconds between two drawings of the bar: a batch may take a millisecond.
PAUSE = 0.1
# Figures in this order, if they exist; others follow.
_FIRST = ("loss", "accuracy", "val_loss", "val_accuracy")


def progress_lines(verbose, n_batches, may_end=False):
    """Return the Keras callbacks that show the progress of a fit.

    Parameters
    ----------
    verbose : int
        0 shows nothing. 1 shows a line for each epoch and, in a terminal or notebook, a bar.
        2 shows a line for each epoch.
    n_batches : int or None
        Number of batches in an epoch, or None if unknown.
    may_end : bool, default=False
        As in :class:`EpochLines`.

    Returns
    -------
    list of keras.callbacks.Callback
    """
    if not verbose or sys.stdout is None:
        return []
    if verbose == 1 and (_in_terminal() or _in_notebook()):
        return [ProgressBar(n_batches)]
    return [EpochLines(may_end)]


def _showing(method):
    """Make a method of a callback stop showing progress if nothing can be written, with a warning.

    A line that cannot be written is not worth a training.
    """

    @functools.wraps(method)
    def tolerant(self, *args, **kwargs):
        if self.is_over:
            return
        try:
            method(self, *args, **kwargs)
        except Exception as error:  # whatever stands in for standard output
            self.is_over = True
            self.give_up()
            warn_of_failure(error)

    return tolerant


class EpochLines(keras.callbacks.Callback):
    """A line after each epoch: its number, losses and scores, and the remaining time.

    Parameters
    ----------
    may_end : bool, default=False
        Whether training may end before its last epoch, so that the remaining time is the longest.

    Attributes
    ----------
    is_over : bool
        Whether writing has failed, after which nothing more is written.
    """

    is_over = False

    def __init__(self, may_end=False):
        super().__init__()
        self.may_end = may_end

    def give_up(self):
        """Release what the failed output holds."""

    @_showing
    def on_train_begin(self, logs=None):
        """Start the clock."""
        self.start = time.perf_counter()
        self.n_epochs, self.n_done = self.params["epochs"], 0
        self.first_end = None

    @_showing
    def on_epoch_end(self, epoch, logs=None):
        """Write the line."""
        self.n_done += 1
        width = len(str(self.n_epochs))
        self._write_line(
            f"epoch {epoch + 1:{width}}/{self.n_epochs}{figures(logs)}{self._left(epoch + 1)}"
        )

    def close(self):
        """Release standard output. Called after the training, also after an error."""

    def _left(self, epoch):
        """Estimate the remaining time of all epochs from the pace so far."""
        now = time.perf_counter()
        if self.first_end is None:
            self.first_end = now
            pace = now - self.start
        else:
            # In the first epoch TensorFlow also compiles the network's program.
            pace = (now - self.first_end) / (self.n_done - 1)
        n_left = self.n_epochs - epoch
        most = "at most " if self.may_end else ""
        return f"  {most}{clock(pace * n_left)} left" if n_left > 0 else ""

    def _write_line(self, text):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


class ProgressBar(EpochLines):
    """The lines, and below them a bar with the remaining time, which disappears at the end.

    The bar is rich's, which also keeps apart what other callbacks print.

    Parameters
    ----------
    n_batches : int or None
        Number of batches in an epoch, or None if unknown.
    """

    def __init__(self, n_batches):
        super().__init__()
        self.n_batches = n_batches
        self.bar: Any = None

    def give_up(self):
        """Restore the standard streams, which the bar has redirected."""
        bar, self.bar = self.bar, None
        if bar is not None:
            bar.console.file = io.StringIO()
            with contextlib.suppress(Exception):  # the bar may have failed while it started
                bar.stop()

    @_showing
    def on_train_begin(self, logs=None):
        """Start the clock and the bar."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        super().on_train_begin(logs)
        self.last = -PAUSE
        console: Any = Console(file=sys.stdout, force_terminal=_in_terminal() or None)
        console.on_broken_pipe = _broken_pipe  # rich would end the process
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            auto_refresh=False,
            transient=True,
            # In a notebook the bar has a place of its own, and text stays text.
            redirect_stdout=not console.is_jupyter,
            redirect_stderr=not console.is_jupyter,
        )
        self.bar.start()

    @_showing
    def on_epoch_begin(self, epoch, logs=None):
        """Show the number of the epoch."""
        description = f"epoch {epoch + 1}/{self.n_epochs}"
        if not self.bar.tasks:
            # Epochs of earlier fits are completed, and must not count for the pace.
            n = self.n_batches
            total, completed = (None, 0) if n is None else (n * self.n_epochs, n * epoch)
            self.bar.add_task(description, total=total, completed=completed)
        self._update(description=description)

    @_showing
    def on_train_batch_end(self, batch, logs=None):
        """Move the bar."""
        self._update(advance=1)

    def on_train_end(self, logs=None):
        """Remove the bar."""
        self.close()

    @_showing
    def close(self):
        """Remove the bar, which an exception may have left."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def _update(self, **changes):
        self.bar.update(self.bar.task_ids[0], **changes)
        now = time.perf_counter()
        if now - self.last >= PAUSE:
            self.last = now
            self.bar.refresh()

    def _left(self, epoch):
        return ""  # the bar shows it

    def _write_line(self, text):
        if self.bar.console.is_jupyter:
            super()._write_line(text)
        else:  # above the bar; the terminal wraps a line that is longer than itself
            self.bar.console.print(text, markup=False, highlight=False, soft_wrap=True)


def figures(logs):
    """Return losses and scores as text."""
    logs = dict(logs or {})
    names = [name for name in _FIRST if name in logs]
    names += [name for name in logs if name not in names]
    return "".join(f"  {name} {float(logs[name]):.4f}" for name in names)


def clock(seconds):
    """Return seconds as hours, minutes and seconds, with tenths below ten seconds."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _broken_pipe():
    raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def _in_terminal():
    return getattr(sys.stdout, "isatty", bool)()


def _in_notebook():
    """Whether standard output is that of a notebook's cell, in which rich can draw."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if type(shell).__name__ != "ZMQInteractiveShell":
        return False
    if type(sys.stdout).__module__.partition(".")[0] != "ipykernel":
        return False
    return importlib.util.find_spec("ipywidgets") is not None


def is_in_search(context):
    """Whether a fit is one of many that a search compares, by scikit-learn's tree of tasks."""
    while context is not None:
        names = (context.task_name, context.source_task_name)
        if "candidate-split-evaluation" in names:
            return True
        context = context.parent
    return False
