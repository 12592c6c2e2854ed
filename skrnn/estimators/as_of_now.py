"""Estimators that other threads may use while they are fitted."""


class AsOfNow:
    """Mixin of estimators whose attributes are read and changed as a whole."""

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
