"""Replace a file by a new one, whole or not at all."""

import os
import secrets
import stat
from errno import EINVAL, ENOTSUP

from skrnn.exceptions import InvalidTypeError
from skrnn.paths import local_path

_WAY_OUT = (
    "Pass an open binary file, such as that of fsspec: with fsspec.open(url, 'rb') as file: "
    "skrnn.load(file), or 'wb' to save. Or copy the file from or to the storage."
)
# So that a temporary name fits wherever the name itself does: at most 80 bytes of it.
_N_SHOWN = 20


def checked_path(path):
    """Return a path as a str.

    Parameters
    ----------
    path : str, bytes or path-like

    Raises
    ------
    InvalidTypeError
        If it is something else.
    InvalidInputError
        If it is a URL.
    """
    if not isinstance(path, str | bytes | os.PathLike):
        raise InvalidTypeError(
            f"A file is given as a {type(path).__name__}, {str(path)[:60]}, but must be a str, "
            "bytes, a path-like, or a binary file that is open: open(path, 'rb') to load, "
            "open(path, 'wb') to save."
        )
    return os.path.expanduser(os.fsdecode(local_path(path, "path", _WAY_OUT)))


def replace_file(path, fill, check=None):
    """Write a temporary file in the same folder, then rename it to the path.

    A file that is replaced passes on its permissions and, where the system allows it, its owner. A
    new one has those of the process's umask. What is no regular file, such as a pipe, is written
    to.

    Parameters
    ----------
    path : str, bytes or path-like
        If it is a link, its target is replaced.
    fill : callable
        Takes the open binary file, and writes it.
    check : callable or None, default=None
        Takes the path of the complete temporary file before it is renamed. If it raises an error,
        nothing is replaced.

    Raises
    ------
    OSError
        If the file cannot be written. An existing file is left unchanged.
    """
    path = os.path.realpath(checked_path(path))
    folder, name = os.path.split(path)
    try:
        before = os.stat(path)
    except FileNotFoundError:
        before = None
    if before is not None and not stat.S_ISREG(before.st_mode):
        with open(path, "wb") as file:  # of a folder, this raises
            fill(file)
        return
    unique = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary = os.path.join(folder, f".{name[:_N_SHOWN]}.{unique}.tmp")
    # The content of a private file must never be readable by others, not even while it is written.
    mode = 0o666 if before is None else 0o600
    try:
        descriptor = os.open(temporary, _FLAGS, mode)
        with open(descriptor, "wb") as file:
            if before is not None:
                _take_permissions(descriptor, before)
            fill(file)
            file.flush()
            os.fsync(descriptor)
        if check is not None:
            check(temporary)
        os.replace(temporary, path)
    except BaseException as error:
        if os.path.lexists(temporary):
            os.remove(temporary)
        if isinstance(error, OSError) and error.filename == temporary:
            error.filename = path  # that which the caller knows
        raise
    _sync_folder(folder)


_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def _take_permissions(descriptor, before):
    """Give a new file the owner and the mode of the one that it replaces."""
    if not hasattr(os, "fchmod"):  # Windows before Python 3.13
        return
    mode = stat.S_IMODE(before.st_mode)
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
        for owner in (before.st_uid, -1):  # only root may give a file away
            try:
                os.fchown(descriptor, owner, before.st_gid)
                break
            except OSError:
                continue
        else:  # another group must not read what only the old one could
            mode &= ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    os.fchmod(descriptor, mode)


def _sync_folder(folder):
    # Without this, a power failure may undo the renaming.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (EINVAL, ENOTSUP):  # some network file systems do not support it
            raise
    finally:
        os.close(descriptor)
