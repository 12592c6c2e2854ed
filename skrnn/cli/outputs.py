"""What a command writes: refused before the work where it cannot be, and whole or not at all."""

import os
import secrets
import sys
import tempfile
from pathlib import Path

from skrnn.cli.errors import CommandError


def check_outputs(outputs, inputs=(), *, force):
    """Refuse, before any work, files that cannot or must not be written.

    Parameters
    ----------
    outputs : dict of str to path-like or None
        The file that each option names; None and "-" (standard output) are no files.
    inputs : iterable of path-like
        Files that the command reads, which none of these may be.
    force : bool
        Whether existing files may be replaced.
    """
    files = {option: Path(path) for option, path in outputs.items() if not _is_none(path)}
    real = {}
    for option, path in files.items():
        _check_output(option, path, force)
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


def _is_none(path):
    return path is None or str(path) == "-"


def _check_output(option, path, force):
    if path.is_dir():
        raise CommandError(f"{option} {path} is a folder. Name a file in it.")
    if path.exists() and not path.is_file():
        raise CommandError(f"{option} {path} is no regular file. Use - for standard output.")
    if path.exists() and not force:
        raise CommandError(f"{option} {path} exists. Name another file, or let --force replace it.")
    # Not created: a folder misspelt would be a new one.
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise CommandError(
            f"{option} {path}: there is no folder {path.parent}. Make it first, with mkdir -p."
        )
    try:  # asked by doing it: some folders let nobody write, whatever they say
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CommandError(
            f"{option} {path}: the folder {path.parent} may not be written to ({error.strerror}). "
            "Name a file in another."
        ) from error


def _same(path, other):
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False
