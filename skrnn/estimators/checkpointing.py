"""The parameter `checkpoint`: where checkpoints go, and how often they are written."""

import os
from numbers import Real
from typing import Any

from skrnn._sklearn_compat import Interval
from skrnn.estimators.settings import Settings
from skrnn.fileformat.values import storable
from skrnn.paths import local_path


@storable
class Checkpoint(Settings):
    """Folder and interval of the checkpoints of a training.

    Passing a path as `checkpoint` is the same as ``Checkpoint(path)``.

    Parameters
    ----------
    path : str or path-like
        A local folder, which is created if it does not exist. A URL raises a ValueError in `fit`.
    minutes : float or None, default=10.0
        A checkpoint is written after each epoch, and also within an epoch if the last one is older
        than this. 0 writes one after each batch, None only after epochs.

    See Also
    --------
    skrnn.RNNClassifier : The estimator; its parameter `checkpoint` describes the files.

    Examples
    --------
    >>> from skrnn import Checkpoint, RNNClassifier
    >>> clf = RNNClassifier(checkpoint=Checkpoint("checkpoints", minutes=2))
    >>> clf.set_params(checkpoint__minutes=5).checkpoint
    Checkpoint(path='checkpoints', minutes=5)
    """

    _parameter_constraints: dict = {  # noqa: RUF012
        "path": [str, os.PathLike],
        "minutes": [Interval(Real, 0, None, closed="left"), None],
    }

    def __init__(self, path, minutes=10.0):
        self.path = path
        self.minutes = minutes


def checkpoint_of(estimator) -> Checkpoint | None:
    """Return the checked parameter `checkpoint` of an estimator as an object, or None.

    Raises
    ------
    ValueError
        If the path or the interval is not valid.
    """
    value: Any = getattr(estimator, "checkpoint", None)
    if value is None:
        return None
    checkpoint = value if isinstance(value, Checkpoint) else Checkpoint(value)
    checkpoint._validate_params()
    local_path(checkpoint.path, f"checkpoint of {type(estimator).__name__}")
    return checkpoint


def check_paths(estimator):
    """Raise ValueError if a path among the parameters of an estimator is not local or not valid."""
    checkpoint_of(estimator)
    local_path(estimator.embeddings, f"embeddings of {type(estimator).__name__}")
