"""Schemes of spans: what is legal is legal, and nothing else comes out."""

import numpy as np
import pytest
from chains_by_hand import random_chain, rows_of
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.chains import Chain, allowed_transitions, constrained, marginals, viterbi
from skrnn.exceptions import InvalidInputError

BIO = ["I-B", "B-A", "O", "I-A", "B-B"]
BIOES = ["S-A", "E-A", "B-A", "I-A", "O", "B-B", "I-B", "E-B", "S-B"]


def is_legal(path, scheme):
    """Whether labels are those of spans, read from left to right."""
    open_kind = None  # of a span that may, and in BIOES must, go on
    for label in path:
        prefix, _, kind = label.partition("-")
        if prefix in ("I", "E"):
            if kind != open_kind:
                return False
        elif scheme == "BIOES" and open_kind is not None:
            return False
        open_kind = kind if prefix in ("B", "I") else None
    return scheme == "BIO" or open_kind is None


@pytest.mark.parametrize(("labels", "scheme"), [(BIO, "BIO"), (BIOES, "BIOES")])
def test_what_is_allowed_is_what_is_legal(labels, scheme):
    """Fails if a pair of labels is allowed that no legal row has, or the other way round."""
    allowed = allowed_transitions(labels, scheme)
    for i, one in enumerate(labels):
        for j, other in enumerate(labels):
            # Whatever the span needs before and behind it.
            before = ["B-" + one[2:]] if one[0] in "IE" else []
            behind = ["E-" + other[2:]] if other[0] in "BI" and scheme == "BIOES" else []
            wanted = is_legal([*before, one, other, *behind], scheme)
            assert allowed.transitions[i, j] == wanted, (one, other)
        assert allowed.start[i] == (one[0] not in "IE")
        assert allowed.end[i] == (scheme == "BIO" or one[0] not in "BI")


@pytest.mark.parametrize(("labels", "scheme"), [(BIO, "BIO"), (BIOES, "BIOES")])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_only_legal_rows_come_out(labels, scheme, dtype):
    """Fails if random emissions, however large, bring out an illegal row, or give it a probability.

    Without the constraint they do: most best paths of noise are illegal.
    """
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 12, 200)
    emissions, offsets = rows_of(rng, lengths, len(labels), scale=5)
    emissions[offsets[5] : offsets[9]] *= 1e4
    free = random_chain(rng, len(labels), dtype=dtype)
    allowed = allowed_transitions(labels, scheme)
    chain = constrained(free, allowed)
    assert all(one.dtype == dtype for one in chain)
    assert all(np.isfinite(one).all() for one in free)

    def legal(tags):
        rows = np.split(np.array(labels)[tags], offsets[1:-1])
        return [is_legal(row, scheme) for row in rows]

    assert np.mean(legal(viterbi(emissions, offsets, free))) < 0.5
    assert all(legal(viterbi(emissions, offsets, chain)))
    probabilities = marginals(emissions, offsets, chain)
    assert_allclose(probabilities.sum(axis=1), 1, atol=1e-9)
    assert_array_equal(probabilities[offsets[:-1]][:, ~allowed.start], 0)
    assert_array_equal(probabilities[offsets[1:] - 1][:, ~allowed.end], 0)


@pytest.mark.parametrize(
    ("labels", "scheme", "told"),
    [
        (["O", "NP"], "BIO", "The label 'NP' is not one of the scheme 'BIO'"),
        (["O", "B-", "I-A"], "BIO", "The label 'B-'"),
        (["O", "B-A", "E-A"], "BIO", "The label 'E-A'"),
        (["O", "b-A"], "BIO", "The label 'b-A'"),
        ([0, 1], "BIO", "The label '0'"),
        (["O", "L-A"], "BIOES", "The label 'L-A'"),
        (["O", "O"], "BIO", "The label 'O' occurs twice"),
        (["I-A", "I-B"], "BIO", "No row can be tagged with the labels 'I-A', 'I-B'"),
        (["B-A", "I-A"], "BIOES", "No row can be tagged"),
        (["B-A", "E-B"], "BIOES", "No row can be tagged"),
        ([], "BIO", "No row can be tagged"),
        (["O"], "BILOU", "scheme='BILOU' is unknown"),
        (["O"], None, "scheme=None is unknown"),
    ],
)
def test_labels_that_do_not_fit_are_named(labels, scheme, told):
    """Fails if labels of another scheme, or that leave no legal row, are taken silently."""
    with pytest.raises(InvalidInputError, match=told):
        allowed_transitions(labels, scheme)


@pytest.mark.parametrize(
    ("labels", "scheme"),
    [(["B-A"], "BIO"), (["O"], "BIO"), (["O"], "BIOES"), (["B-A", "E-A"], "BIOES")],
)
def test_few_labels_are_enough(labels, scheme):
    """Fails if a set of labels that has some legal row is refused."""
    allowed_transitions(labels, scheme)


def test_types_may_have_hyphens_and_labels_may_be_of_numpy():
    """Fails if a type such as "LOC-city" is cut, or labels of an array are not taken for str."""
    labels = np.array(["O", "B-LOC-a", "I-LOC-a", "B-LOC-b", "I-LOC-b"])
    allowed = allowed_transitions(labels, "BIO")
    assert allowed.transitions[1, 2] and not allowed.transitions[1, 4]


def test_a_chain_of_other_tags_is_not_constrained():
    """Fails if scores and what is allowed, of different tags, are broadcast."""
    chain = Chain(np.zeros((1, 1)), np.zeros(1), np.zeros(1))
    with pytest.raises(InvalidInputError, match="transitions of the chain has the shape"):
        constrained(chain, allowed_transitions(["O", "B-A"], "BIO"))
