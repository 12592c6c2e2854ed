"""Surroundings of words as ids: which words stand there, without looking into the next row."""

import numpy as np
import pytest

from skrnn.text.contexts import Contexts, templates

OFFSETS = np.array([0, 3, 3, 5])
WORDS = np.array([[2], [3], [4], [2], [3]])


def test_equal_surroundings_have_equal_ids():
    """Fails if a neighbour of another row is read, or places are mixed up."""
    contexts = Contexts.fit(WORDS, OFFSETS, window=2, n_columns=0)
    names = [template.parts for template in templates(2, 0, 0)]
    ids = contexts.ids(WORDS, OFFSETS)
    # Steps 0 and 3 are both the word 2 at the beginning, followed by 3; but their rows go on
    # differently two steps after.
    same = [names[i] for i in np.flatnonzero((ids[0] > 0) & (ids[0] == ids[3]))]
    assert ((0, 0),) in same and ((0, 1),) in same and ((0, -1),) in same
    assert ((0, 0), (0, 1)) in same
    assert ((0, 2),) not in same
    # The last step of a row does not see the first of the next.
    assert ids[2][names.index(((0, 1),))] == ids[4][names.index(((0, 1),))] > 0


def test_what_occurs_once_is_unknown():
    """Fails if a surrounding of a single place has an id."""
    contexts = Contexts.fit(WORDS, OFFSETS, window=0, n_columns=0)
    assert contexts.ids(WORDS, OFFSETS).ravel().tolist() == [1, 2, 0, 1, 2]
    assert contexts.n_ids == 3


@pytest.mark.parametrize(("n_columns", "n_spellings"), [(0, 0), (1, 0), (2, 3), (0, 9)])
def test_ids_of_templates_are_apart(n_columns, n_spellings):
    """Fails if two templates share an id, or ids are beyond their number."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 4, size=(300, 1 + n_columns + n_spellings))
    offsets = np.array([0, 100, 300])
    contexts = Contexts.fit(ids, offsets, 2, n_columns)
    found = contexts.ids(ids, offsets)
    assert found.shape == (300, len(templates(2, n_columns, n_spellings)))
    seen = [set(column) - {0} for column in found.T.tolist()]
    assert sum(map(len, seen)) == len(set().union(*seen)) == contexts.n_ids - 1
    assert found.max() == contexts.n_ids - 1


def test_larger_ids_than_in_fit_are_unknown():
    """Fails if an id that fit has not seen is taken for a pair of others."""
    contexts = Contexts.fit(WORDS, OFFSETS, window=1, n_columns=0)
    other = np.array([[9], [9]])
    found = contexts.ids(other, np.array([0, 2]))
    names = [template.parts for template in templates(1, 0, 0)]
    known = {names[i] for i in np.flatnonzero(found[0])}
    assert known <= {((0, -1),)}


def test_no_steps():
    """Fails if rows without steps are an error."""
    contexts = Contexts.fit(WORDS, OFFSETS, window=2, n_columns=0)
    assert contexts.ids(np.empty((0, 1), int), np.array([0, 0])).shape == (0, 7)
