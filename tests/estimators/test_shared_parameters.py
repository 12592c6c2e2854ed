"""What `RNNClassifier` and `RNNRegressor` have in common is documented in each, as it is here."""

import inspect
import re

import pytest

from skrnn import RNNClassifier, RNNRegressor

# What the text says of classes, or of numbers, differs; the first line, of types, does not.
ABOUT_THE_TASK = {
    "early_stopping",
    "extra_losses",
    "ngram_range",
    "scoring",
    "validation_fraction",
}
SHARED = sorted({*RNNClassifier().get_params()} & {*RNNRegressor().get_params()})


def documented(cls):
    """Return the type and the text of each parameter, as the docstring has them."""
    text = inspect.getdoc(cls).split("Parameters\n----------\n")[1].split("\n\nAttributes\n")[0]
    found = {}
    for part in re.split(r"^(?=\w)", text, flags=re.M):
        first, _, rest = part.partition("\n")
        names, _, kind = first.partition(" : ")
        for name in names.split(", "):
            found[name] = kind, " ".join(rest.split())
    found.pop("", None)
    return found


@pytest.mark.parametrize("cls", [RNNClassifier, RNNRegressor])
def test_every_parameter_is_found(cls):
    """Fails if the docstring is read in a way that finds no parameters, which are then equal."""
    assert set(documented(cls)) == set(cls().get_params())
    assert all(kind and text for kind, text in documented(cls).values())


def test_shared_parameters_say_the_same():
    """Fails if a change of the one docstring is not made in the other."""
    one, other = documented(RNNClassifier), documented(RNNRegressor)
    assert len(SHARED) > 30
    assert {name: one[name][0] for name in SHARED} == {name: other[name][0] for name in SHARED}
    assert {name for name in SHARED if one[name] != other[name]} == ABOUT_THE_TASK


def test_shared_parameters_have_the_same_defaults():
    """Fails if a default is changed in one of the two."""
    one, other = RNNClassifier().get_params(), RNNRegressor().get_params()
    assert {name: one[name] for name in SHARED} == {name: other[name] for name in SHARED}
