"""Files without pickle: JSON and arrays, and nothing in them that runs.

Reads top-down: :mod:`~skrnn.persistence.container` is the file and knows nothing of estimators,
:mod:`~skrnn.persistence.archive` the zip around it and :mod:`~skrnn.persistence.strict_json` the
JSON within. :mod:`~skrnn.persistence.errors` has the one exception.
"""

from skrnn.persistence.errors import InvalidFileError

__all__ = ["InvalidFileError"]
