"""Small objects that are values of parameters, and have parameters themselves."""

import inspect
from typing import Any

from skrnn._sklearn_compat import validate_parameter_constraints
from skrnn.exceptions import InvalidInputError
from skrnn.printing import brief

_EXAMPLES = {
    "checkpoint": ", such as skrnn.Checkpoint(path)",
    "extra_losses": ", such as skrnn.AdversarialLoss()",
}


def refuse_inner(estimator, params):
    """Raise ValueError if names of `set_params` go into values that have no parameters."""
    own = estimator.get_params(deep=False)
    for name in params:
        key, inside, inner = name.partition("__")
        value = params.get(key, own.get(key))
        if inside and key in own and not hasattr(value, "set_params"):
            raise InvalidInputError(
                f"{name} of {type(estimator).__name__} cannot be set, because {key} is "
                f"{brief(value)}, which has no parameters. Set {key} to an object that has "
                f"{inner!r}{_EXAMPLES.get(key, '')}."
            )


class Settings:
    """Base of objects that hold a few named values for an estimator, and learn nothing.

    `get_params` and `set_params` are those that scikit-learn's tools ask for, so that `clone`
    copies such an object, and a search reaches its values. A subclass has a written-out
    ``__init__`` that stores its arguments, and `_parameter_constraints`.
    """

    _parameter_constraints: dict

    @classmethod
    def _get_param_names(cls):
        return list(inspect.signature(cls).parameters)

    def get_params(self, deep=True) -> dict[str, Any]:
        """Return the values by name.

        Parameters
        ----------
        deep : bool, default=True
            Without effect: no value has parameters of its own.

        Returns
        -------
        dict of str to object
        """
        return {name: getattr(self, name) for name in self._get_param_names()}

    def set_params(self, **params):
        """Set values by name.

        Parameters
        ----------
        **params : dict
            The names and the new values, which are checked in `fit`.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If there is no value of that name. Nothing is changed then.
        """
        known = self._get_param_names()
        for name in params:
            if name not in known:
                raise InvalidInputError(
                    f"Invalid parameter {name!r} for {self!r}. Valid parameters are: {known!r}."
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def _validate_params(self):
        validate_parameter_constraints(
            self._parameter_constraints, self.get_params(), caller_name=type(self).__name__
        )

    def __repr__(self):
        """Return the call that makes an equal object; default values are left out."""
        shown = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if repr(value) != repr(inspect.signature(type(self)).parameters[name].default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"
