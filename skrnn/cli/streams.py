"""Standard output and error: there, and able to write any letter, whoever has started us."""

import contextlib
import io
import os
import sys


@contextlib.contextmanager
def usable_streams():
    """Write to nowhere what goes to a closed stream, and escape letters that one cannot write."""
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
                # A label or a column's name may have letters that the terminal's encoding has not.
                stream.reconfigure(errors="backslashreplace")
        yield


def say(line):
    """Write a line to standard error."""
    # Of None, print would make standard output, where a table may be on its way.
    if sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)


def give_up_output():
    """Send standard output to nowhere, because what reads it has ended."""
    # What is still in the buffer would raise again when the process ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_descriptors():
    """Open those of the three standard descriptors that are closed.

    The next file that is opened would get the number, a model for example, and what TensorFlow
    writes to standard error would go into it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest number that is free is taken, and those below are open by now.
            os.open(os.devnull, os.O_RDWR)
