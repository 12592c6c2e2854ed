"""The one exception for a file that cannot be loaded."""

import os

ANEW = (
    "Copy the file anew from where it was made, or make it anew with skrnn.save; there is no way "
    "to load a part of it."
)


class InvalidFileError(ValueError):
    """A file is damaged, was changed, is of a newer format, or never was one of skrnn's.

    Raised by :func:`skrnn.load` for whatever is wrong with a file's content. A file that is
    missing or may not be opened keeps its own OSError.

    Parameters
    ----------
    problem : str
        What was found, and what was wanted instead.
    part : str or None, default=None
        Where in the file.
    path : str, path-like or None, default=None
        Which file.
    way_out : str or None, default=None
        What to do about it; None says to get the file anew.

    Examples
    --------
    >>> import os, tempfile
    >>> from skrnn import InvalidFileError, load
    >>> path = os.path.join(tempfile.mkdtemp(), "no.skrnn")
    >>> with open(path, "w") as file:
    ...     _ = file.write("something else")
    >>> try:
    ...     load(path)
    ... except InvalidFileError as error:
    ...     print(error.path == path)
    True
    """

    def __init__(self, problem, part=None, path=None, way_out=None):
        super().__init__(problem, part, path, way_out)
        self.problem = problem
        self.part = part
        self.path = path
        self.way_out = way_out or ANEW

    def __str__(self):
        """Name the file, the part and the problem, then the way out."""
        file = "The file" if self.path is None else f"The file {os.fspath(self.path)!r}"
        where = "" if self.part is None else f" In {self.part}:"
        return f"{file} cannot be loaded.{where} {self.problem} {self.way_out}"


def shown(value, width=60):
    """Return a value out of a file as an error message may show it: on one line, and short."""
    # repr of a whole hostile value could be as long as the file.
    if isinstance(value, str):
        value = value[: width + 1]
    elif isinstance(value, dict | list):
        return f"a {type(value).__name__} of {len(value)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= width else text[: width - 3] + "..."
