"""Warnings about data, at the line of the user's code that passed it."""

import sys
import warnings

from skrnn.exceptions import AmbiguousInputWarning

_BETWEEN = ("skrnn", "sklearn", "joblib", "contextlib", "scikeras", "keras", "tensorflow")


def warn_caller(message, category: type[Warning] = AmbiguousInputWarning):
    """Issue a warning at the first caller outside of skrnn and scikit-learn."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _package(frame) in _BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _package(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0]
