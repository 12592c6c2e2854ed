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


def say(line):
    """Write a line to standard error."""
    # With file=None, print would write to standard output, into a table.
    if sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)


def give_up_output():
    """Discard standard output, because its reader has ended."""
    # The rest of the buffer would raise again when the process ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
