"""Saving and loading without pickle: files of JSON and arrays that contain no code.

From top to bottom: :mod:`~skrnn.persistence.files` has `save` and `load`.
:mod:`~skrnn.persistence.registry` encodes estimators as a tree and arrays, and decodes them;
:mod:`~skrnn.network.description` defines the weights of a network.
:mod:`~skrnn.fileformat.container` reads and writes the file and is independent of estimators. It
uses :mod:`~skrnn.fileformat.archive` for the zip archive and :mod:`~skrnn.fileformat.strict_json`
for the JSON. An invalid file raises :class:`skrnn.exceptions.InvalidFileError`.
"""

from skrnn.persistence.files import load, save
from skrnn.persistence.savable import check_savable
from skrnn.persistence.text import KNOWN_PATTERNS

__all__ = ["KNOWN_PATTERNS", "check_savable", "load", "save"]
