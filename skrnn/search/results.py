"""The results of a search on disk: a small file for each fit, named by a digest of its inputs."""

import os
import sys
from pathlib import Path

import joblib
import numpy as np

import skrnn
from skrnn.backend.versions import version_of
from skrnn.caching.hashing import digest
from skrnn.exceptions import InvalidFileError, InvalidInputError, UnknownObjectError
from skrnn.fileformat import container
from skrnn.paths import local_path
from skrnn.sequences.warning import warn_caller

# Part of the names; change it if results depend on something new.
FORMAT = 2


class ResultFolder:
    """A folder for the results of a search.

    Parameters
    ----------
    path : str or path-like
        It is created if missing.
    common : list
        What the results of all fits of the search depend on, except the data.
    data : tuple (rows, params)
        X and y, and what is passed to `fit` and to the scorer.

    Raises
    ------
    UnknownObjectError
        If it cannot be known whether these are those of another search.
    """

    def __init__(self, path, common, data):
        self.path = Path(local_path(path, "checkpoint of EpochSearchCV")).expanduser()
        if self.path.exists() and not self.path.is_dir():
            raise InvalidInputError(
                f"checkpoint={str(path)!r} is a file, but must be a folder. The folder is created "
                "if it does not exist."
            )
        self.path.mkdir(parents=True, exist_ok=True)
        self._digests: dict = {}  # of the candidates of a fit, which several folds have
        try:
            rows, about = data
            rows = joblib.hash(rows)
        except Exception as error:  # pickling rows may raise anything
            raise UnknownObjectError(f"The rows cannot be pickled ({error}).") from error
        self._common = [FORMAT, _settings(), digest(common), rows, digest(about)]

    def name(self, candidates, *split):
        """Return the name of a fit, by what it depends on besides what all have in common.

        Raises
        ------
        UnknownObjectError
            If that cannot be known.
        """
        key = tuple(map(id, candidates))
        if key not in self._digests:
            self._digests[key] = digest(candidates)
        return f"fit-{digest([*self._common, self._digests[key], *split])}.skrnn-result"

    def read(self, name):
        """Return the results that are kept under a name, or None."""
        path = self.path / name
        if not path.exists():
            return None
        try:
            document, _ = container.read(path)
            return document["results"]
        except (InvalidFileError, OSError, KeyError) as error:
            warn_caller(
                f"A result of the search is damaged, and its fit is repeated: {error}",
                UserWarning,
            )
            return None

    def write(self, name, results):
        """Keep results. If that fails, for example on a full disk, warn and go on."""
        try:
            plain = [{k: _plain(v) for k, v in result.items()} for result in results]
            container.write(self.path / name, {"results": plain}, {}, check=container.read)
        except (OSError, TypeError, ValueError) as error:
            warn_caller(
                f"A result of the search could not be written to {self.path}: {error}. The search "
                "continues. If it is interrupted, this fit has to be repeated.",
                UserWarning,
            )


def _plain(value):
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def _settings():
    """Return what else a score depends on: versions, and settings of this process."""
    names = ("scikit-learn", "tensorflow", "keras", "numpy", "scipy", "numba")
    found = [skrnn.__version__, *map(version_of, names)]
    found.append(os.environ.get("SKRNN_ENGINE"))
    keras = sys.modules.get("keras")  # if it is not loaded, it has its defaults
    policy = ("float32", "float32")
    if keras is not None:
        policy = (keras.config.dtype_policy().name, keras.config.floatx())
    return [*found, policy]
