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
from skrnn.cli.errors import one_line, os_error
from skrnn.cli.streams import give_up_output, say, usable_streams
from skrnn.exceptions import CommandError, SkrnnError

__all__ = ["main", "make_parser"]

_COMMANDS = (train, predict, evaluate, explain, export, compare, make_reviews, demo)
# As in shells: 128 plus the number of the signal.
_INTERRUPTED, _PIPE_CLOSED = 130, 141


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """End with one line, without the usage, which would fill the screen."""
        say(f"{self.prog}: {one_line(message)}. See {self.prog} --help.")
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
        return _run(argv)


def _run(argv):
    arguments = make_parser().parse_args(argv)
    arguments.argv = sys.argv[1:] if argv is None else list(argv)
    name = f"skrnn {arguments.command}"
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: say(f"{name}: warning: {one_line(message)}")
            arguments.run(arguments)
            sys.stdout.flush()
    except KeyboardInterrupt:
        say(f"\n{name}: interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        give_up_output()
        return _PIPE_CLOSED
    except (SkrnnError, OSError) as error:
        if isinstance(error, OSError):
            if error.errno == errno.ENOSPC and error.filename is None:
                give_up_output()
                error = CommandError(f"cannot write to standard output: {error.strerror}.")
            else:
                error = CommandError(os_error(error))
        say(f"{name}: {one_line(error)}")
        return 2
    return 0
