"""Files without pickle: JSON and arrays, and nothing in them that runs.

Reads top-down: :mod:`~skrnn.persistence.files` has `save` and `load`,
:mod:`~skrnn.persistence.codecs` turns estimators into a tree and arrays and back, with
:mod:`~skrnn.persistence.shapes` telling what weights a network has, and
:mod:`~skrnn.persistence.container` is the file and knows nothing of estimators:
:mod:`~skrnn.persistence.archive` is the zip around it, :mod:`~skrnn.persistence.strict_json` the
JSON within. :mod:`~skrnn.persistence.errors` has the one exception.
"""

from skrnn.persistence.errors import InvalidFileError
from skrnn.persistence.files import load, save

__all__ = ["InvalidFileError", "load", "save"]
