"""Saved models that read text, loaded, with their class labels as text."""

import os
import stat
from dataclasses import dataclass

import numpy as np

from skrnn.cli.errors import refusals
from skrnn.cli.lookalikes import hint, warn_of_classes
from skrnn.cli.tables import as_text
from skrnn.exceptions import CommandError
from skrnn.lookalikes import quoted, shown


@dataclass
class TextModel:
    """A fitted pipeline that classifies documents.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted.
    classes : list of str
        Its class labels as in a CSV file, in the order of `classes_`.
    """

    pipeline: object
    classes: list

    @property
    def names(self):
        """The classes as they are shown: no two look the same."""
        return shown(self.classes)

    def predict(self, texts):
        """Return the index of each text's predicted class, and the probabilities."""
        position = {label: i for i, label in enumerate(self.pipeline.classes_.tolist())}
        predicted = [position[label] for label in self.pipeline.predict(texts).tolist()]
        return np.array(predicted, np.intp), self.pipeline.predict_proba(texts)

    def indices(self, table, labels, option):
        """Return the index of each label's class; unknown labels are an error."""
        position = {label: i for i, label in enumerate(self.classes)}
        unknown = [i for i, label in enumerate(labels) if label not in position]
        if unknown:
            labels = sorted({labels[i] for i in unknown})
            raise CommandError(
                f"{table.path}: the model does not know the label{'s' * (len(labels) > 1)} "
                f"{_some(labels)} ({option}), {table.places(unknown)}. It was trained on "
                f"{_some(self.classes)}.{hint(labels[0], self.classes)}"
            )
        return np.array([position[label] for label in labels], np.intp)


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
        If the file cannot be read, or is not a classifier of texts.
    """
    pipeline = load_model(path)
    if not hasattr(pipeline, "steps") or not _reads_text(pipeline):
        raise CommandError(
            f"{path} has a {type(pipeline).__name__}, which does not read text. Expected a "
            "pipeline that begins with TextToSequence, as skrnn train saves it."
        )
    if getattr(getattr(pipeline[-1], "head_", None), "kind", "classes") != "classes":
        raise CommandError(
            f"{path} predicts several labels per text, which the command line does not support. "
            "Use it in Python, with skrnn.load."
        )
    classes = [as_text(label) for label in pipeline.classes_.tolist()]
    warn_of_classes(classes, f"the model {path}")
    return TextModel(pipeline, classes)


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


def _some(labels):
    return ", ".join(quoted(labels[:8])) + f" and {len(labels) - 8} more" * (len(labels) > 8)
