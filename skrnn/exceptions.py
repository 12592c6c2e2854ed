"""The errors that skrnn raises on purpose, as one tree.

::

    SkrnnError
    ├── InvalidInputError   (and ValueError)    an argument or data of a value that is not accepted
    ├── InvalidTypeError    (and TypeError)     an argument or data of a type that is not accepted
    ├── InvalidFileError    (and ValueError)    a file that skrnn.load cannot load
    ├── NotStorableError    (and TypeError)     a value that a file without pickle cannot store
    ├── UnknownObjectError  (and ValueError)    an object whose content cannot be hashed
    ├── NoKernelsError      (and RuntimeError)  the Numba kernels cannot be compiled here
    ├── DivergedError       (and ValueError)    a training whose loss or weights are not finite
    ├── TensorFlowError     (and RuntimeError)  a process or place where TensorFlow cannot train
    ├── WorkerDiedError     (and RuntimeError)  a worker process that ended during its task
    └── CommandError                            a skrnn command that cannot run

Each class is also the built-in exception that scikit-learn raises in the same case, so
``except ValueError`` works as usual. ``except SkrnnError`` catches what skrnn refuses, and no
programming error. Estimators also call scikit-learn's own validation, which raises plain
ValueError, TypeError and NotFittedError.

``AmbiguousInputWarning`` is a UserWarning: data was read in one of several possible ways.
"""

import os

NEW_COPY = (
    "Copy the file again from where it was made, or write it again with skrnn.save; a part of it "
    "cannot be loaded."
)


class SkrnnError(Exception):
    """Base class of the errors that skrnn raises on purpose."""


class InvalidInputError(SkrnnError, ValueError):
    """An argument or data has a value that is not accepted."""


class InvalidTypeError(SkrnnError, TypeError):
    """An argument or data has a type that is not accepted."""


class InvalidFileError(SkrnnError, ValueError):
    """A file is damaged, was changed, has a newer format, or is not a file of skrnn.

    Raised by :func:`skrnn.load` for all problems with a file's content. A file that is
    missing or may not be opened raises OSError.

    Parameters
    ----------
    problem : str
        What was found, and what was expected.
    part : str or None, default=None
        Which part of the file.
    path : str, path-like or None, default=None
        Which file.
    way_out : str or None, default=None
        What to do about it; None says to copy or write the file again.

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
        self.way_out = way_out or NEW_COPY

    def __str__(self):
        """Name the file, the part and the problem, then the way out."""
        file = "The file" if self.path is None else f"The file {os.fspath(self.path)!r}"
        where = "" if self.part is None else f" In {self.part}:"
        return f"{file} cannot be loaded.{where} {self.problem} {self.way_out}"


class NotStorableError(SkrnnError, TypeError):
    """A value has no form in JSON, so a file without pickle cannot store it."""


class UnknownObjectError(SkrnnError, ValueError):
    """An object cannot be distinguished from others of its class by its content."""


class NoKernelsError(SkrnnError, RuntimeError):
    """The Numba kernels cannot be compiled; whoever called one goes on without them."""


class DivergedError(SkrnnError, ValueError):
    """Loss or weights of a training are infinite or NaN."""


class TensorFlowError(SkrnnError, RuntimeError):
    """TensorFlow cannot build or train a network here: in a fork, or without eager execution."""


class WorkerDiedError(SkrnnError, RuntimeError):
    """A worker process ended while it ran a task."""


class CommandError(SkrnnError):
    """A skrnn command cannot run: what, where, and the way out, on one line."""


class AmbiguousInputWarning(UserWarning):
    """Data was read in one of several possible ways. The message says how to choose one."""
