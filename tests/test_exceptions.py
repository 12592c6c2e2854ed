"""The tree of errors: what one `except` catches, and that its picture is true."""

import pickle
import re

import pytest

import skrnn
from skrnn import exceptions
from skrnn.exceptions import InvalidFileError, SkrnnError

TREE = re.findall(r"[├└]── (\w+) +(?:\(and (\w+)\))?", exceptions.__doc__)


def test_the_tree_has_every_class():
    """Fails if an error is missing from the docstring, or is not caught by `except SkrnnError`."""
    classes = {
        name: one
        for name, one in vars(exceptions).items()
        if isinstance(one, type) and one.__module__ == exceptions.__name__
    }
    warned = {name: one for name, one in classes.items() if issubclass(one, Warning)}
    assert all(f"``{name}`` is a UserWarning" in exceptions.__doc__ for name in warned)
    errors = {name: one for name, one in classes.items() if name not in warned}
    assert {name for name, _ in TREE} == set(errors) - {"SkrnnError"}
    assert all(issubclass(one, SkrnnError) for one in errors.values())


@pytest.mark.parametrize(("name", "builtin"), TREE)
def test_the_built_in_exception_is_the_one_that_is_named(name, builtin):
    """Fails if `except ValueError` or the like stops to catch what scikit-learn's users expect."""
    assert getattr(exceptions, name).__mro__[2].__name__ == (builtin or "Exception")


def test_an_error_survives_a_worker():
    """Fails if an error loses its parts when joblib brings it from another process."""
    error = InvalidFileError("It is empty.", "document.json", "m.skrnn", "Copy it.")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) and vars(again) == vars(error)
    assert skrnn.InvalidFileError is InvalidFileError
