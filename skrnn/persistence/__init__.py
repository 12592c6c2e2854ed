"""Files without pickle: JSON and arrays, and nothing in them that runs.

Reads top-down: :mod:`~skrnn.persistence.files` has `save` and `load`,
:mod:`~skrnn.persistence.registry` turns estimators into a tree and arrays and back, with
:mod:`~skrnn.network.description` telling what weights a network has, and
:mod:`~skrnn.fileformat.container` is the file and knows nothing of estimators:
:mod:`~skrnn.fileformat.archive` is the zip around it, :mod:`~skrnn.fileformat.strict_json` the
JSON within. What a bad file raises is :class:`skrnn.exceptions.InvalidFileError`.
"""

from skrnn.persistence.files import load, save

__all__ = ["load", "save"]
