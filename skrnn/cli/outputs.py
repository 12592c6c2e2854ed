"""What a command writes: refused before the work where it cannot be, and whole or not at all."""

import os
import secrets
import stat
import sys
import tempfile
from pathlib import Path

from skrnn.exceptions import CommandError


def check_outputs(outputs, inputs=(), *, force, streamed=()):
    """Refuse, before any work, files that cannot or must not be written.

    Parameters
    ----------
    outputs : dict of str to path-like or None
        The file that each option names; None is no file.
    inputs : iterable of path-like
        Files that the command reads, which none of these may be.
    force : bool
        Whether existing files may be replaced.
    streamed : iterable of str
        Options of which "-" is standard output, and no file.
    """
    real = {}
    for option, given in outputs.items():
        if given is None or (str(given) == "-" and option in streamed):
            continue
        path = Path(given)
        _check_output(option, path, force, option in streamed)
        for other in inputs:
            if _same(path, other):
                raise CommandError(f"{option} {path} is the file that is read. Name another.")
        twin = real.setdefault(os.path.realpath(path), option)
        if twin != option:
            raise CommandError(f"{twin} and {option} are the same file, {path}. Name another.")


def check_page(option, path):
    """Refuse a page that is not called one: it would be opened as something else.

    Parameters
    ----------
    option : str
        That names it.
    path : path-like or None
    """
    if path is not None and Path(path).suffix.lower() not in (".html", ".htm"):
        raise CommandError(f"{option} {path}: it is a web page. Name it .html.")


def check_folder(option, path):
    """Refuse, before any work, what cannot be a folder; one that is missing will be made.

    Parameters
    ----------
    option : str
        That names it.
    path : path-like or None
        May begin with "~".
    """
    if path is None:
        return
    try:
        folder = Path(path).expanduser()
    except RuntimeError as error:  # nobody of this name
        raise CommandError(f"{option} {path}: {error}") from error
    mode = _mode(option, folder)
    if mode is not None and not stat.S_ISDIR(mode):
        raise CommandError(f"{option} {path} is a file. Name a folder, which is made if missing.")


def write_file(path, content):
    """Write bytes; an older file of the name stays whole until the new one is.

    Parameters
    ----------
    path : path-like
        A link is followed.
    content : bytes
        All of it.
    """
    real = os.path.realpath(path)
    temporary = f"{real}.{secrets.token_hex(4)}.part"
    try:
        try:
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, real)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror or error}.") from error


def write_standard_output(content):
    """Write bytes to standard output."""
    if hasattr(sys.stdout, "buffer"):
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        sys.stdout.write(content.decode())


def _check_output(option, path, force, streamed):
    if str(path) == "-":
        raise CommandError(
            f"{option} -: this is written to a file, not to standard output. Name the file."
        )
    mode = _mode(option, path)
    if mode is not None:
        _check_existing(option, path, mode, force, streamed)
    # Not created: a folder misspelt would be a new one.
    real = os.path.realpath(path)
    folder = os.path.dirname(real)
    if not os.path.isdir(folder):
        # Of a link that leads nowhere, the folder that is missing is not the one it is in.
        named = folder if real != os.path.abspath(path) else path.parent
        raise CommandError(
            f"{option} {path}: there is no folder {named}. Make it first, with mkdir -p."
        )
    try:  # asked by doing it: some folders let nobody write, whatever they say
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CommandError(
            f"{option} {path}: the folder {path.parent} may not be written to ({error.strerror}). "
            "Name a file in another."
        ) from error


def _mode(option, path):
    """Return what kind of file there is; None where there is none."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:  # a folder that one may not enter, a name too long
        raise CommandError(f"{option} {path}: {error.strerror}. Name another.") from error


def _check_existing(option, path, mode, force, streamed):
    if stat.S_ISDIR(mode):
        raise CommandError(f"{option} {path} is a folder. Name a file in it.")
    if not stat.S_ISREG(mode):
        way_out = "Use - for standard output." if streamed else "Name another."
        raise CommandError(f"{option} {path} is no regular file. {way_out}")
    if not force:
        raise CommandError(f"{option} {path} exists. Name another file, or let --force replace it.")


def _same(path, other):
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False
