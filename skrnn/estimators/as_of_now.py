"""Estimators that other threads may use while they are fitted."""

from collections.abc import Callable
from typing import Any

import numpy as np


class AsOfNow:
    """Mixin of estimators whose attributes are read and changed as a whole."""

    get_params: Callable[..., dict[str, Any]]

    def _take_changes(self, before, after):
        """Set the attributes that differ between two moments, all at once."""
        now = vars(self).copy()
        for name in {**before, **after}:
            if name not in after:
                now.pop(name, None)
            elif name not in before or after[name] is not before[name]:
                now[name] = after[name]
        # One assignment: other threads see all of the former attributes, or all of the new ones.
        self.__dict__ = now

    def as_of_now(self):
        """Return a shallow copy of the estimator as it is at this moment.

        What reads more than one attribute reads those of a copy, since another thread may fit the
        estimator meanwhile.
        """
        copied = object.__new__(type(self))
        copied.__dict__ = vars(self).copy()
        return copied

    def for_fitting(self):
        """Return a copy as of this moment, with numbers and str of NumPy as those of Python.

        A grid that is an array has such parameters. The arithmetic of small integers overflows, and
        what is fitted of a parameter has to be in a file.
        """
        copied = self.as_of_now()
        for name, value in self.get_params(deep=False).items():
            setattr(copied, name, _plain(value))
        return copied


def _plain(value):
    if isinstance(value, np.bool_ | np.number | np.str_):
        return value.item()
    if type(value) in (tuple, list) and any(isinstance(one, np.generic) for one in value):
        return type(value)(_plain(one) for one in value)
    return value
