"""Standard output and error that exist and can write any character."""

import contextlib
import io
import os
import sys


@contextlib.contextmanager
def usable_streams():
    """Discard output to closed streams, and escape characters that a stream cannot encode."""
    _open_descriptors()
    with contextlib.ExitStack() as stack:
        for name, redirect in (
            ("stdout", contextlib.redirect_stdout),
            ("stderr", contextlib.redirect_stderr),
        ):
            stream = getattr(sys, name)
            if stream is None:
                nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
                stack.enter_context(redirect(nowhere))
            elif isinstance(stream, io.TextIOWrapper):
                # Labels and column names may have characters that the terminal cannot encode.
                stream.reconfigure(errors="backslashreplace")
        yield


@contextlib.contextmanager
def lasting_output():
    """Go on without standard output from when it cannot be written, for a work that makes files.

    Yields
    ------
    LastingOutput
        Standard output inside.
    """
    lasting = LastingOutput(sys.stdout)
    with contextlib.redirect_stdout(lasting):
        yield lasting
        lasting.flush()


class LastingOutput:
    """A stream of text that discards what cannot be written.

    Parameters
    ----------
    stream : file-like
        Of text.

    Attributes
    ----------
    problem : OSError or None
        Why the stream could not be written any more.
    """

    def __init__(self, stream):
        self._stream = stream
        self.problem = None

    def write(self, text):
        """Write text, or discard it."""
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self):
        """Write what is in the buffer, or discard it."""
        self._try(self._stream.flush)

    def __getattr__(self, name):
        """Return what the stream itself has, such as its encoding."""
        return getattr(self._stream, name)

    def _try(self, call):
        if self.problem is None:
            try:
                call()
            except OSError as error:
                self.problem = error
                give_up(self._stream)


def say(line):
    """Write a line to standard error, if it can be written."""
    # With file=None, print would write to standard output, into a table.
    if sys.stderr is not None:
        try:
            print(line, file=sys.stderr, flush=True)
        except OSError:
            give_up(sys.stderr)


def give_up(stream):
    """Discard what is written to a stream, because its reader has ended or the disk is full."""
    # The rest of the buffer would raise again when the process ends.
    try:
        descriptor = stream.fileno()
    except (OSError, AttributeError):
        return  # not that of a process
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _open_descriptors():
    """Open the closed ones of the three standard descriptors.

    Otherwise the next file to be opened, such as a model, would get the number, and TensorFlow's
    output on standard error would go into that file.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # Takes the lowest free number; those below are open by now.
            os.open(os.devnull, os.O_RDWR)
