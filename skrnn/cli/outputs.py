"""Checks of output files before the work, so that it is not in vain."""

import os
import stat
import tempfile
from pathlib import Path

from skrnn.exceptions import CommandError


def check_outputs(outputs, inputs=(), *, force, streamed=()):
    """Check, before any work, that files can and may be written.

    Parameters
    ----------
    outputs : dict of str to path-like or None
        The file of each option, or None.
    inputs : iterable of path-like
        Files that the command reads. They must not be overwritten.
    force : bool
        Whether existing files may be replaced.
    streamed : iterable of str
        Options for which "-" is standard output.
    """
    real = {}
    for option, given in outputs.items():
        if given is None or (str(given) == "-" and option in streamed):
            continue
        path = Path(given)
        _check_output(option, path, force, option in streamed)
        for other in inputs:
            if _same(path, other):
                raise CommandError(f"{option} {path} is an input file. Use another name.")
        twin = real.setdefault(os.path.realpath(path), option)
        if twin != option:
            raise CommandError(f"{twin} and {option} are the same file, {path}. Use another name.")


def check_page(option, path):
    """Check that a web page has the ending of one, so that a browser opens it.

    Parameters
    ----------
    option : str
    path : path-like or None
    """
    if path is not None and Path(path).suffix.lower() not in (".html", ".htm"):
        raise CommandError(f"{option} {path}: a web page needs the ending .html.")


def check_folder(option, path, outputs=()):
    """Check, before any work, that a path is a folder or can become one.

    Parameters
    ----------
    option : str
    path : path-like or None
        May begin with "~".
    outputs : iterable of path-like
        Files that will be written, in whose place the folder would be.
    """
    if path is None:
        return
    try:
        folder = Path(path).expanduser()
    except RuntimeError as error:  # unknown user
        raise CommandError(f"{option} {path}: {error}") from error
    mode = _mode(option, folder)
    if mode is not None and not stat.S_ISDIR(mode):
        raise CommandError(f"{option} {path} is a file. Use a folder; it is created if missing.")
    if os.path.realpath(folder) in [os.path.realpath(one) for one in outputs if one is not None]:
        raise CommandError(f"{option} {path} is also the name of an output file. Use another name.")


def _check_output(option, path, force, streamed):
    if str(path) == "-":
        raise CommandError(f"{option} -: this cannot go to standard output. Name a file.")
    mode = _mode(option, path)
    if mode is not None:
        _check_existing(option, path, mode, force, streamed)
    # The folder is not created, because its name may be misspelt.
    real = os.path.realpath(path)
    folder, name = os.path.split(real)
    if not os.path.isdir(folder):
        # For a broken link, the missing folder is that of the target.
        named = folder if real != os.path.abspath(path) else path.parent
        raise CommandError(
            f"{option} {path}: the folder {named} does not exist. Create it with mkdir -p."
        )
    try:  # by trying it: permissions are not the whole truth
        trial = tempfile.TemporaryDirectory(prefix=".skrnn-", dir=folder)
    except OSError as error:
        raise CommandError(
            f"{option} {path}: cannot write to the folder {path.parent} ({error.strerror}). "
            "Use a file in another folder."
        ) from error
    with trial as inside:
        try:  # in a folder of its own, so that nobody takes the file for the output
            with open(os.path.join(inside, name), "xb"):
                pass
        except OSError as error:  # such as a character that the file system does not have
            raise CommandError(
                f"{option} {path}: a file of this name cannot be created ({error.strerror}). Use "
                "another name."
            ) from error


def _mode(option, path):
    """Return the mode of a file, or None if it does not exist."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:  # such as a folder without permission, or a name that is too long
        raise CommandError(f"{option} {path}: {error.strerror}. Use another name.") from error


def _check_existing(option, path, mode, force, streamed):
    if stat.S_ISDIR(mode):
        raise CommandError(f"{option} {path} is a folder. Use the name of a file in it.")
    if not stat.S_ISREG(mode):
        way_out = "Use - for standard output." if streamed else "Use another name."
        raise CommandError(f"{option} {path} is not a regular file. {way_out}")
    if not force:
        raise CommandError(f"{option} {path} exists. Use another name, or --force to replace it.")


def _same(path, other):
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False
