"""Paths of files and folders, which are local: URLs are refused."""

import os
import re
from typing import Any

from skrnn.exceptions import InvalidInputError

# A scheme and what follows it. pathlib makes one slash of two. A single letter is a Windows drive.
_URL = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]+:(:|/|\\)")
# In the middle of a path, as after `Path("s3://bucket").absolute()`: only schemes of storage.
_INSIDE = re.compile(
    r"[/\\](s3[an]?|gs|gcs|abfss?|adl|az|wasbs?|hdfs|webhdfs|https?|ftps?|sftp|ssh|file|dbfs|oss|"
    r"hf|memory|github|dropbox|gdrive):[/\\]",
    re.IGNORECASE,
)


# A variable that a shell replaces and Python does not.
_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)\}|%(\w+)%")


def local_path(path: Any, place: str, way_out: str | None = None) -> Any:
    """Return a path unchanged, or raise an error if it is a URL or has a variable of the shell.

    Opened as a path, ``s3://bucket/run`` is a file in a local folder called ``s3:``.

    Parameters
    ----------
    path : str, path-like or other object
        Other objects are returned unchanged.
    place : str
        The parameter or option, for the error.
    way_out : str or None, default=None
        What to do instead of giving a URL; None for a general advice.

    Returns
    -------
    object
        `path` itself.

    Raises
    ------
    InvalidInputError
        If it is a URL, or has a variable of the environment such as $HOME and does not exist. It
        is a ValueError.

    Examples
    --------
    >>> from skrnn.paths import local_path
    >>> local_path("runs/1", "checkpoint")
    'runs/1'
    >>> local_path("s3://bucket/run", "checkpoint")
    Traceback (most recent call last):
    skrnn.exceptions.InvalidInputError: checkpoint='s3://bucket/run' looks like a URL, but ...
    """
    if not isinstance(path, str | bytes | os.PathLike):
        return path
    text = os.fsdecode(path)
    if not text or "\0" in text:
        way_out = "Pass the path of a file or folder."
        if isinstance(path, bytes) and path:
            way_out = "For the content of a file, pass io.BytesIO(content)."
        raise InvalidInputError(f"{place}={text[:40]!r} is not a path. {way_out}")
    if _URL.match(text) or _INSIDE.search(text):
        raise InvalidInputError(
            f"{place}={text!r} looks like a URL, but must be a local path. "
            + (way_out or "Mount the storage as a folder, or copy the file to a local disk.")
            + " If it is a local path, pass it as an absolute path."
        )
    variable = _VARIABLE.search(text)
    if variable and variable[variable.lastindex or 0] in os.environ and not os.path.lexists(text):
        raise InvalidInputError(
            f"{place}={text!r} has the variable {variable[0]}, which a shell replaces, but Python "
            "does not. Pass os.path.expandvars(path), or for the home directory a path that begins "
            "with '~'."
        )
    return path
