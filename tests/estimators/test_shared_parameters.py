"""What the estimators have in common is documented in each of them, as it is here."""

import inspect
import re

import pytest

from skrnn import RNNClassifier, RNNRegressor, RNNTagger

# The parameters of each sibling whose text differs from that of `RNNClassifier`, as it is about
# classes, numbers or tags; whose type differs; and whose default differs.
SIBLINGS = {
    RNNRegressor: (
        {"early_stopping", "extra_losses", "ngram_range", "scoring", "validation_fraction"},
        set(),
        set(),
    ),
    RNNTagger: (
        {
            *("checkpoint", "dropout", "early_stopping", "embedding_dropout", "embeddings"),
            *("epochs", "input", "learning_rate_decay", "n_iter_no_change", "scaling"),
            *("validation_fraction", "vocabulary_size", "word_dropout"),
        },
        {"embedding_dim", "scoring", "units"},
        {"embedding_dim", "units"},
    ),
}


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


@pytest.mark.parametrize("cls", [RNNClassifier, *SIBLINGS])
def test_every_parameter_is_found(cls):
    """Fails if the docstring is read in a way that finds no parameters, which are then equal."""
    assert set(documented(cls)) == set(cls().get_params())
    assert all(kind and text for kind, text in documented(cls).values())


@pytest.mark.parametrize("sibling", SIBLINGS)
def test_shared_parameters_say_the_same(sibling):
    """Fails if a change of the one docstring, or default, is not made in the other."""
    texts, types, defaults = SIBLINGS[sibling]
    one, other = documented(RNNClassifier), documented(sibling)
    values, others = RNNClassifier().get_params(), sibling().get_params()
    shared = set(one) & set(other)
    assert len(shared) > 25
    assert {name for name in shared if one[name][0] != other[name][0]} == types
    differ = {name for name in shared - types if one[name][1] != other[name][1]}
    assert differ == texts - types
    assert {name for name in shared if values[name] != others[name]} == defaults
