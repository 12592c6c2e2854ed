"""The progress line of a fit: one that is rewritten where it can be, one an epoch elsewhere."""

import math
import shutil
import sys
import time

from skrnn.backend.tensorflow import keras

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
    if verbose == 1 and _in_notebook():
        return [NotebookLine(n_batches)]
    if verbose == 1 and _in_terminal():
        return [RewrittenLine(n_batches)]
    return [EpochLines()]


class EpochLines(keras.callbacks.Callback):
    """A line after each epoch: its number, losses and scores, and the time that is left."""

    def on_train_begin(self, logs=None):
        """Start the clock."""
        self.start = time.perf_counter()
        self.n_epochs, self.n_done = self.params["epochs"], 0
        self.prepared = None

    def on_epoch_end(self, epoch, logs=None):
        """Write the line."""
        self.n_done += 1
        self._write_line(f"{self._told(epoch, logs)}{self._left(self.n_done, epoch + 1)}")
        self._prepare(self.n_done)

    def close(self):
        """Leave standard output at the beginning of a line; here it always is."""

    def _prepare(self, n_done):
        """Note when, and after what part of the epochs, the pace is first that of all the rest.

        TensorFlow builds the network's program in the first batch, and in no other.
        """
        if self.prepared is None:
            self.prepared = time.perf_counter(), n_done

    def _told(self, epoch, logs):
        width = len(str(self.n_epochs))
        return f"epoch {epoch + 1:{width}}/{self.n_epochs}{tell(logs)}"

    def _left(self, n_done, epoch):
        """Tell the time left, by the pace until now; that training may stop early is no end."""
        n_left = self.n_epochs - epoch
        since, n_before = self.prepared or (self.start, 0)
        if n_done == n_before:
            since, n_before = self.start, 0
        seconds = (time.perf_counter() - since) / (n_done - n_before) * n_left
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
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        """Rewrite the line, unless it has just been."""
        done = min((batch + 1) / self.n_batches, 1) if self.n_batches else None
        now = time.perf_counter()
        if now - self.last >= PAUSE:
            self.last = now
            self._show(self._under_way(done, logs))
        if done is not None:
            self._prepare(done)

    def _under_way(self, done, logs):
        """Return the line within an epoch, of which the share `done` is over."""
        told = self._told(self.epoch, {})
        if done is None:
            return f"{told}{tell(logs)}"
        left = self._left(self.n_done + done, self.epoch + done) if self.prepared else ""
        return f"{told} {done:4.0%}{tell(logs)}{left}"

    def on_epoch_end(self, epoch, logs=None):
        """Rewrite the line with the epoch's figures."""
        self.n_done += 1
        self.told = self._told(epoch, logs)
        self._show(f"{self.told}{self._left(self.n_done, epoch + 1)}")

    def on_train_end(self, logs=None):
        """Leave the last figures, with the time that it took."""
        if self.told:
            # Without the time where it has no room. The figures stay whole, though they may wrap:
            # this line is not rewritten.
            last = f"{self.told}  {clock(time.perf_counter() - self.start)}"
            self._show(last if len(last) < _columns() else self.told, math.inf)
        self.close()

    def close(self):
        """End the line, which an exception may have left open."""
        if self.shown:
            self._write_line("")
        self.shown = 0

    def _show(self, text, width=None):
        # A line that wraps could not be rewritten.
        width = _columns() - 1 if width is None else width
        text = shortened(text, width)
        sys.stdout.write(f"\r{text.ljust(self.shown)}")
        sys.stdout.flush()
        self.shown = len(text)


class NotebookLine(RewrittenLine):
    r"""One output of a notebook's cell, which is replaced.

    Text that goes back by ``\r`` would do while somebody looks on; a notebook that is run by a
    program (nbclient, papermill) keeps each writing as an output of its own.
    """

    def on_train_begin(self, logs=None):
        """Start the clock, and take a place in the cell."""
        super().on_train_begin(logs)
        self.output = None

    def _show(self, text, width=None):
        from IPython.display import display

        data = {"text/plain": text}
        if self.output is None:
            self.output = display(data, raw=True, display_id=True)
        else:
            self.output.update(data, raw=True)

    def _write_line(self, text):
        """Write nothing: what comes next is another output."""


def tell(logs):
    """Return losses and scores as text."""
    logs = dict(logs or {})
    names = [name for name in _FIRST if name in logs]
    names += [name for name in logs if name not in names]
    return "".join(f"  {name} {float(logs[name]):.4f}" for name in names)


def shortened(text, width):
    """Return a line without the fields that it has no room for: half a number is another one."""
    while len(text) > width and "  " in text.rstrip():
        text = text.rstrip().rpartition("  ")[0]
    return text if len(text) <= width else text[: max(width, 0)]


def clock(seconds):
    """Return seconds as hours, minutes and seconds; tenths where they are few."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _columns():
    return shutil.get_terminal_size((100, 24)).columns


def _in_terminal():
    return getattr(sys.stdout, "isatty", bool)()


def _in_notebook():
    """Whether standard output is that of a notebook's cell, not sent elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if type(shell).__name__ != "ZMQInteractiveShell":
        return False
    return type(sys.stdout).__module__.partition(".")[0] == "ipykernel"


def is_in_search(context):
    """Whether a fit is one of many that a search compares, by scikit-learn's tree of tasks."""
    while context is not None:
        names = (context.task_name, context.source_task_name)
        if "candidate-split-evaluation" in names:
            return True
        context = context.parent
    return False
