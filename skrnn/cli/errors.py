"""Which exceptions a command shows as one line.

The rule: :class:`~skrnn.exceptions.SkrnnError`, OSError and MemoryError anywhere in a command are
about its files and arguments, so :func:`skrnn.cli.main` shows them as one line. scikit-learn's
validation raises plain ValueError and TypeError, which cannot be distinguished from those of a
programming error. They are shown as one line only if a call that takes the user's rows raised them,
inside :func:`refusals`. So are arithmetic and recursion that end at a limit, and a network that
TensorFlow has no memory for. Other exceptions (AttributeError, KeyError, IndexError,
AssertionError, and a ValueError elsewhere) are programming errors and keep their traceback.
"""

import contextlib
import importlib
import re
import sys

from skrnn.exceptions import CommandError


def one_line(text):
    """Return a message on one line, with control characters escaped."""
    # A file name may contain line breaks and terminal codes. Blanks within a line stay, because two
    # names may differ in nothing else.
    line = re.sub(r"\s*[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]\s*", " ", str(text)).strip()
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


@contextlib.contextmanager
def refusals(before=""):
    """Turn what an estimator raises about the user's rows or parameters into a CommandError.

    Put it around the calls that take them (`fit`, `predict`, `explain`, ...), and nothing else:
    each ValueError, TypeError, ImportError, OSError and error of a limit inside becomes a
    CommandError.

    Parameters
    ----------
    before : str, default=""
        Beginning of the message.
    """
    try:
        yield
    except BrokenPipeError:
        # The reader of standard output has ended; skrnn.cli.main handles it.
        raise
    except OSError as error:
        raise CommandError(before + os_error(error)) from error
    except MemoryError as error:
        raise CommandError(before + memory_error(error)) from error
    except (ValueError, TypeError, ImportError, ArithmeticError, RecursionError) as error:
        raise CommandError(f"{before}{error}") from error
    except Exception as error:
        if not isinstance(error, _memory_of_tensorflow()):
            raise
        raise CommandError(before + memory_error(error)) from error


def memory_error(error):
    """Return the message of an error of missing memory."""
    return (
        f"there is not enough memory ({one_line(error)[:200] or 'MemoryError'}). Use a smaller "
        "network, shorter texts, or fewer rows."
    )


def _memory_of_tensorflow():
    """Return the classes of TensorFlow's errors of memory; none if it is not loaded."""
    tensorflow = sys.modules.get("tensorflow")
    return () if tensorflow is None else (tensorflow.errors.ResourceExhaustedError,)


def os_error(error):
    """Return the message of an OSError without its number."""
    if error.strerror and error.filename is not None:
        return f"{error.strerror}: {error.filename!r}"
    return error.strerror or str(error)


def require(module, what):
    """Import a package of the extra `cli`, or say how to install it.

    Parameters
    ----------
    module : str
        Name of the module.
    what : str
        What needs it, such as "Tables".

    Returns
    -------
    module
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise CommandError(
            f'{what} need {name}. Install it with: pip install "skrnn[cli]"'
        ) from error
