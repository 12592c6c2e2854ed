"""Saved models that read text, loaded, with the task that they do."""

import os
import stat
from dataclasses import dataclass

from skrnn.cli.errors import refusals
from skrnn.cli.tasks import task_of_model
from skrnn.cli.tasks.base import Task
from skrnn.exceptions import CommandError


@dataclass
class TextModel:
    """A fitted pipeline that reads documents.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted.
    task : Task
        What it predicts.
    """

    pipeline: object
    task: Task


def load_text_model(path):
    """Read a model that :func:`skrnn.save` or ``skrnn train`` has written.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    TextModel

    Raises
    ------
    CommandError
        If the file cannot be read, or has no task of the command line with texts.
    """
    pipeline = load_model(path)
    if not hasattr(pipeline, "steps") or not _reads_text(pipeline):
        raise CommandError(
            f"{path} has a {type(pipeline).__name__}, which does not read text. Expected a "
            "pipeline that begins with TextToSequence, as skrnn train saves it."
        )
    return TextModel(pipeline, task_of_model(pipeline, path))


def load_model(path):
    """Read the estimator in a file."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise CommandError(f"cannot read the model {path}: {error.strerror}.") from error
    if stat.S_ISDIR(mode):
        raise CommandError(f"{path} is a folder, not the file of a model.")
    if not stat.S_ISREG(mode):
        raise CommandError(f"{path} is not a regular file, so it cannot be read as a model.")
    from skrnn import load

    with refusals():
        return load(path)


def _reads_text(pipeline):
    from sklearn.feature_extraction.text import CountVectorizer

    from skrnn.text import DocumentsToSequence

    first = pipeline[0]
    while hasattr(first, "steps"):
        first = first[0]
    return isinstance(first, DocumentsToSequence | CountVectorizer)
