"""Cases of one kind: a few in the default run, which is to take minutes, the others marked slow."""

import pytest


def some(cases, *kept):
    """Return all `cases` as parameters, those that are not in `kept` marked slow."""
    cases = list(cases)
    assert all(one in cases for one in kept), [one for one in kept if one not in cases]
    return [one if one in kept else pytest.param(one, marks=pytest.mark.slow) for one in cases]


def every(n, cases):
    """Return all `cases` as parameters, each n-th as it is, the others marked slow."""
    return [
        pytest.param(one, marks=pytest.mark.slow) if i % n else one for i, one in enumerate(cases)
    ]
