"""The command line: ``skrnn train``, ``predict``, ``evaluate`` and other commands.

Each command is a module in ``commands/``. It imports what it needs when it runs, so that
``skrnn --help`` is quick.
"""

import argparse
import errno
import sys
import warnings

from skrnn import __version__
from skrnn.cli.commands import (
    compare,
    demo,
    evaluate,
    explain,
    export,
    make_reviews,
    predict,
    train,
)
from skrnn.cli.errors import memory_error, one_line, os_error
from skrnn.cli.streams import give_up, lasting_output, say, usable_streams
from skrnn.exceptions import SkrnnError

__all__ = ["main", "make_parser"]

_COMMANDS = (train, predict, evaluate, explain, export, compare, make_reviews, demo)
# As in shells: 128 plus the number of the signal.
_INTERRUPTED, _PIPE_CLOSED = 130, 141
# Of a stream whose disk is full, whose quota is used up, or whose disk fails.
_NOT_WRITTEN = {errno.ENOSPC, errno.EFBIG, errno.EIO} | {getattr(errno, "EDQUOT", errno.ENOSPC)}


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """End with one line, without the usage, which would fill the screen."""
        say(f"{self.prog}: {one_line(message).removesuffix('.')}. See {self.prog} --help.")
        raise SystemExit(2)


def make_parser():
    """Return the parser of the ``skrnn`` command."""
    parser = _Parser(
        prog="skrnn", description="Recurrent neural networks that behave like scikit-learn."
    )
    parser.add_argument("--version", action="version", version=f"skrnn {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def main(argv=None):
    """Run the command line; return the exit status.

    Parameters
    ----------
    argv : list of str or None, default=None
        The arguments after the name of the program; None uses those of the process.

    Returns
    -------
    status : int
        0; 2 after an error in a file or an argument, described by one line on standard error;
        130 after Ctrl-C; 141 if the reader of standard output has stopped.
    """
    with usable_streams():
        argv = sys.argv[1:] if argv is None else list(argv)
        arguments = _parse(argv)
        arguments.argv = argv
        return _run(arguments)


def _parse(argv):
    parser = make_parser()
    for one in argv:
        # argparse would leave out the value; some versions give an option an empty list then.
        if one.startswith("--") and one.endswith("=--"):
            parser.prog = " ".join(["skrnn", *argv[:1]])
            parser.error(f"argument {one.removesuffix('=--')}: '--' is not a value")
    try:
        return parser.parse_args(argv)
    except SystemExit:
        try:  # what --help has printed
            sys.stdout.flush()
        except OSError:
            give_up(sys.stdout)
        raise


def _run(arguments):
    name = f"skrnn {arguments.command}"
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: say(f"{name}: warning: {one_line(message)}")
            if getattr(arguments, "outlasts_output", False):
                _run_to_the_end(arguments)
            else:
                arguments.run(arguments)
                sys.stdout.flush()
    except KeyboardInterrupt:
        say(f"\n{name}: interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        give_up(sys.stdout)
        return _PIPE_CLOSED
    except MemoryError as error:
        say(f"{name}: {memory_error(error)}")
        return 2
    except (SkrnnError, OSError) as error:
        say(f"{name}: {one_line(_told(error))}")
        return 2
    return 0


def _run_to_the_end(arguments):
    """Run a command whose work must not end with the reader of its progress, such as head."""
    with lasting_output() as output:
        arguments.run(arguments)
    if output.problem is not None and not isinstance(output.problem, BrokenPipeError):
        warnings.warn(
            f"standard output could not be written ({output.problem.strerror}), so it is "
            "incomplete. The files are complete.",
            stacklevel=1,
        )


def _told(error):
    if not isinstance(error, OSError):
        return error
    if error.errno in _NOT_WRITTEN and error.filename is None:
        give_up(sys.stdout)
        return f"cannot write to standard output: {error.strerror}."
    return os_error(error)
