"""Output files: written whole or not at all, and never over what is not to be replaced."""

import contextlib
import errno
import os
import secrets
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from skrnn.cli.tables.formats import compression_of
from skrnn.exceptions import CommandError

_LONGEST = 255  # bytes of a name, in most file systems


def write_file(path, content, *, force, rescue=False):
    """Write bytes to a file.

    Parameters
    ----------
    path : path-like
    content : bytes
    force, rescue : bool
        As in `create_file`.

    Returns
    -------
    int
        The size of the file.
    """

    def fill(temporary):
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    return create_file(path, fill, force=force, rescue=rescue)


def file_size(n_bytes):
    """Return a size as text, which is not 0.0 for a small file."""
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{max(n_bytes / 1e3, 0.1):.1f} kB"


def create_file(path, fill, *, force, rescue=False):
    """Create a file, which appears under its name when it is complete.

    Parameters
    ----------
    path : path-like
        Links are followed.
    fill : callable
        Takes the path of a file in the same folder that does not exist yet, and writes it.
    force : bool
        Whether a file of this name is replaced. Otherwise, if one has come into being since
        `check_outputs`, it stays, and the new one gets another name.
    rescue : bool, default=False
        Whether a file that cannot be written into its folder is written into that for temporary
        files.

    Returns
    -------
    int
        The size of the file.

    Raises
    ------
    CommandError
        If there is no such file now, or it is not the new one. The message says where the new one
        is.
    """
    try:
        return _create(path, fill, force)
    except OSError as error:
        problem = f"cannot write {path}: {error.strerror or error}."
        if rescue:
            with contextlib.suppress(OSError):
                kept = os.path.join(tempfile.mkdtemp(prefix="skrnn-"), _short_name(path, ""))
                fill(kept)
                problem += f" It is complete in {kept} instead. Move it to where you want it."
        raise CommandError(problem) from error


def write_standard_output(content):
    """Write bytes to standard output."""
    if hasattr(sys.stdout, "buffer"):
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        sys.stdout.write(content.decode())


def _create(path, fill, force):
    real = os.path.realpath(path)
    # Not longer than a short name: that of the file may be as long as a name can be.
    temporary = os.path.join(os.path.dirname(real), f".skrnn-{secrets.token_hex(8)}.part")
    try:
        fill(temporary)
        size = os.stat(temporary).st_size
        try:
            if force:
                _replace(temporary, real)
            else:
                _link(temporary, real)
        except (FileExistsError, IsADirectoryError) as error:
            beside = _put_beside(temporary, real)
            is_folder = os.path.isdir(real)
            what = "a folder that" if is_folder else "a file that"
            way_out = "" if is_folder else " --force would have replaced it."
            raise CommandError(
                f"{path} is {what} has come into being during the work, and stays as it is."
                f"{way_out} The new file is complete in {beside}."
            ) from error
        return size
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _replace(temporary, path):
    with contextlib.suppress(FileNotFoundError):
        # Who may read the old file, may read the new one, and nobody else.
        os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
    os.replace(temporary, path)


def _link(temporary, path):
    """Give a file its name, unless there is one of this name: a rename would replace it."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except (AttributeError, NotImplementedError):
        _copy(temporary, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS):
            raise
        _copy(temporary, path)


def _copy(temporary, path):
    """Copy a file, in a file system without links."""
    with open(path, "xb") as target:
        try:
            with open(temporary, "rb") as source:
                shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        except BaseException:
            os.unlink(path)
            raise


def _put_beside(temporary, path):
    """Give a file the first free name like a path's; return it."""
    folder = os.path.dirname(path)
    for number in range(2, 10_000):
        beside = os.path.join(folder, _short_name(path, f"-{number}"))
        try:
            _link(temporary, beside)
        except FileExistsError:
            continue
        return beside
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)


def _short_name(path, mark):
    """Return the name of a path with a mark before its ending, as short as names have to be."""
    name = Path(path).name
    compression = compression_of(name)
    stem = name[: len(name) - len(compression)]
    ending = Path(stem).suffix + name[len(stem) :]
    stem = name[: len(name) - len(ending)]
    while stem and len(os.fsencode(stem + mark + ending)) > _LONGEST:
        stem = stem[:-1]
    return stem + mark + ending
