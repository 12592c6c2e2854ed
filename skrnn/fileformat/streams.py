"""Files that the caller has opened: reading from them, and writing to them, in order.

Nothing is asked of them but `read` or `write`: pipes, sockets, compressed and remote files cannot
seek.
"""

import os
import zlib
from typing import Any, Protocol

from skrnn.exceptions import InvalidFileError, InvalidInputError, InvalidTypeError

# So that a length which a file claims takes no memory that its bytes do not.
_CHUNK = 1 << 20


class Readable(Protocol):
    """A binary file that is open for reading."""

    def read(self, n: int, /) -> bytes:
        """Return at most n bytes, and none only at the end."""


class Writable(Protocol):
    """A binary file that is open for writing."""

    def write(self, content: bytes, /) -> Any:
        """Write bytes, and return how many."""


def is_open_file(file):
    """Whether this is an open file, and not the path of one."""
    if isinstance(file, str | bytes) or not (hasattr(file, "read") or hasattr(file, "write")):
        return False
    # Some paths have a method `read`; some open files know their path.
    return not isinstance(file, os.PathLike) or hasattr(file, "tell")


def name_of(file):
    """Return the path of an open file, or None if it has none."""
    name = getattr(file, "name", None)
    return name if isinstance(name, str | os.PathLike) else None


class Source:
    """A binary file to read from beginning to end, from where it stands.

    Parameters
    ----------
    file : binary file
    size : int or None, default=None
        Bytes from there to its end, if that is known.
    """

    def __init__(self, file, size=None):
        self._file = file
        self._at = 0
        self.size = size

    def tell(self):
        """Return how many bytes were read."""
        return self._at

    def read(self, n):
        """Return the next n bytes; fewer only if the file ends before."""
        parts = []
        while n > 0:
            part = self._read(min(n, _CHUNK) if self.size is None else n)
            if not part:
                break
            parts.append(part)
            self._at += len(part)
            n -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read(self, n):
        try:
            part = self._file.read(n)
        except (EOFError, zlib.error) as error:  # a compressed file that is cut or damaged
            raise InvalidFileError(f"It cannot be decompressed: {error}.") from error
        if isinstance(part, str):
            raise InvalidTypeError(
                f"{_shown(self._file)} is open in text mode, but a model is read from bytes. Open "
                "it with open(path, 'rb')."
            )
        if part is None:
            raise BlockingIOError(
                f"{_shown(self._file)} does not wait for its bytes. Pass a file that blocks, or "
                "its content: io.BytesIO(content)."
            )
        return bytes(part)


def check_readable(file):
    """Check that a file is open for reading.

    Raises
    ------
    InvalidInputError
        If it is closed, or open for writing only.
    """
    _check(file, "read", "readable", "rb")


def check_writable(file):
    """Check that a file is open for writing bytes.

    Raises
    ------
    InvalidInputError
        If it is closed, or open for reading only.
    InvalidTypeError
        If it is open in text mode.
    """
    _check(file, "write", "writable", "wb")
    try:
        file.write(b"")
    except TypeError as error:
        raise InvalidTypeError(
            f"{_shown(file)} is open in text mode, but a model is written as bytes. Open it with "
            "open(path, 'wb')."
        ) from error


class Sink:
    """A binary file to write to, which may take only a part of the bytes at once.

    Parameters
    ----------
    file : binary file
    """

    def __init__(self, file):
        self._file = file

    def write(self, content):
        """Write all of these bytes."""
        while content:
            n = self._file.write(content)
            if n is None:  # not every class counts
                return
            content = content[n:]


def _check(file, method, asked, mode):
    if getattr(file, "closed", False):
        raise InvalidInputError(f"{_shown(file)} is closed. Open it again with mode {mode!r}.")
    may = getattr(file, asked, None)
    if not hasattr(file, method) or (callable(may) and not may()):
        doing = "reading" if method == "read" else "writing"
        raise InvalidInputError(
            f"{_shown(file)} is not open for {doing}. Open it with mode {mode!r}."
        )


def _shown(file):
    name = name_of(file)
    kind = type(file).__name__
    return f"The file ({kind})" if name is None else f"The file {os.fspath(name)!r} ({kind})"
