"""The results of a search on disk: one small file a fit, named by all that decides it."""

import importlib.metadata
import os
import sys
from pathlib import Path
from warnings import warn

import joblib
import numpy as np

import skrnn
from skrnn.caching.hashing import digest
from skrnn.exceptions import InvalidFileError, InvalidInputError, UnknownObjectError
from skrnn.fileformat import container

# Part of the names: a change of what decides a result makes new ones.
FORMAT = 1


class ResultFolder:
    """Where the results of a search are kept.

    Parameters
    ----------
    path : str or path-like
        Made if missing.
    common : list
        What decides the results of all fits of the search, besides the data.
    data : list
        X, y and what else has a value for each row.
    """

    def __init__(self, path, common, data):
        self.path = Path(path).expanduser()
        if self.path.exists() and not self.path.is_dir():
            raise InvalidInputError(
                f"checkpoint={str(path)!r} is a file; it wants a folder, which is made where "
                "there is none."
            )
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            self._common = [FORMAT, _settings(), digest(common), joblib.hash(data)]
        except Exception as error:  # whatever pickling rows may raise
            raise self._cannot(error) from error

    def name(self, *fit):
        """Return the name of a fit, told by what decides it besides what all have in common."""
        try:
            return f"fit-{digest([*self._common, *fit])}.skrnn-result"
        except UnknownObjectError as error:
            raise self._cannot(error) from error

    @staticmethod
    def _cannot(error):
        return InvalidInputError(
            "checkpoint= of EpochSearchCV names the results of a fit by all that decides them, "
            f"which cannot be done here: {error} Leave checkpoint out, or use parameters and rows "
            "that can be pickled."
        )

    def read(self, name):
        """Return the results kept under a name, or None."""
        path = self.path / name
        if not path.exists():
            return None
        try:
            document, _ = container.read(path)
            return document["results"]
        except (InvalidFileError, OSError, KeyError) as error:
            warn(
                f"A result of the search is damaged, and its fit is done again: {error}",
                UserWarning,
                stacklevel=2,
            )
            return None

    def write(self, name, results):
        """Keep results; where that fails, a full disk for instance, say so and go on."""
        try:
            plain = [{k: _plain(v) for k, v in result.items()} for result in results]
            container.write(self.path / name, {"results": plain}, {})
        except (OSError, TypeError, ValueError) as error:
            warn(
                f"A result of the search could not be written to {self.path}: {error}. The search "
                "goes on; were it interrupted, this fit would have to be done again.",
                UserWarning,
                stacklevel=2,
            )


def _plain(value):
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def _settings():
    """Return what else decides a score: versions, and how this process computes."""
    names = ("scikit-learn", "tensorflow", "keras", "numpy", "scipy")
    found = [skrnn.__version__, *(importlib.metadata.version(name) for name in names)]
    try:
        found.append(importlib.metadata.version("numba"))
    except importlib.metadata.PackageNotFoundError:
        found.append(None)
    found.append(os.environ.get("SKRNN_ENGINE"))
    keras = sys.modules.get("keras")  # not loaded, it has its defaults
    policy = ("float32", "float32")
    if keras is not None:
        policy = (keras.config.dtype_policy().name, keras.config.floatx())
    return [*found, policy]
