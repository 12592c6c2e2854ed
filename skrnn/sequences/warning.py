"""Warnings about data, at the line of the user's code that passed it."""

import sys
import warnings

from skrnn.exceptions import AmbiguousInputWarning

_BETWEEN = ("skrnn", "sklearn", "joblib", "contextlib")


def warn_caller(message):
    """Issue an `AmbiguousInputWarning` at the first caller outside of skrnn and scikit-learn."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _package(frame) in _BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, AmbiguousInputWarning, stacklevel=level)


def _package(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0]
