"""What keeps a command from running, in one line; and which exceptions are that."""

import contextlib
import dis

_RAISE = dis.opmap["RAISE_VARARGS"]


class CommandError(Exception):
    """What keeps a command from running: what, where, and the way out, in one line."""


def one_line(text):
    """Return a message on one line, its control characters written out."""
    # A file's name may hold line breaks and terminal codes.
    line = " ".join(str(text).split())
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


@contextlib.contextmanager
def told_in_one_line(before=""):
    """Make what skrnn and scikit-learn refuse on purpose a :class:`CommandError`.

    An exception that comes of itself (arrays of other shapes within NumPy, a missing attribute)
    is a mistake of the program, and keeps its traceback.

    Parameters
    ----------
    before : str, default=""
        What the line begins with.
    """
    try:
        yield
    except (OSError, ImportError) as error:
        if isinstance(error, BrokenPipeError) or not (
            isinstance(error, OSError) or _is_refusal(error)
        ):
            raise
        # Without "[Errno 2]", which tells nobody anything.
        named = isinstance(error, OSError) and error.strerror and error.filename
        told = f"{error.strerror}: {error.filename!r}" if named else error
        raise CommandError(f"{before}{told}") from error
    except (ValueError, TypeError) as error:
        if not _is_refusal(error):
            raise
        raise CommandError(f"{before}{error}") from error


def _is_refusal(error):
    """Tell whether a `raise` statement of skrnn or scikit-learn is where it came from."""
    traceback = error.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    frame = traceback.tb_frame
    package = frame.f_globals.get("__name__", "").partition(".")[0]
    return package in ("skrnn", "sklearn") and frame.f_code.co_code[traceback.tb_lasti] == _RAISE
