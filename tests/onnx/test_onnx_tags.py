"""A tagger as an ONNX model: emissions and the chain, from which ten lines decode the tags."""

import numpy as np
import pytest
from exported import start

from skrnn import RNNTagger
from skrnn.chains import Chain, viterbi
from skrnn.onnx import to_onnx
from tests.repeats import some

SMALL = {"units": 4, "embedding_dim": 4, "epochs": 2, "random_state": 0}
X = [["Anna", "saw", "Paris"], ["Rome"], [], ["We", "saw", "Anna", "in", "Oslo"]] * 5
Y = [["B-P", "O", "B-L"], ["B-L"], [], ["O", "O", "B-P", "O", "B-L"]] * 5

CASES = {
    "words": ({"scheme": "BIO"}, X, Y),
    "softmax": ({"output": "softmax"}, X, Y),
    "columns": ({"window": 1}, [[(w, w[0]) for w in row] for row in X], Y),
    "no window": ({"window": None, "affixes": None}, X, Y),
    "ids": ({"input": "tokens"}, [[len(w) for w in row] for row in X], Y),
    "integers": ({}, X, [[len(tag) for tag in row] for row in Y]),
}


@pytest.mark.parametrize("case", some(CASES, "words", "ids"))
def test_decodes_to_the_same_tags(case):
    """Fails if the linear model, the scheme or the chain is left out, or a row is misplaced."""
    changes, rows, tags = CASES[case]
    tagger = RNNTagger(**SMALL, **changes).fit(rows, tags)
    sequences = tagger.read(rows)
    arrays = sequences.inputs(np.arange(len(rows)))
    inputs = dict(zip(("tokens", *sequences.step_inputs), arrays, strict=True))
    session = start(to_onnx(tagger))
    names = [one.name for one in session.get_outputs()]
    found = dict(zip(names, session.run(None, inputs), strict=True))
    flat = np.concatenate(
        [e[:n] for e, n in zip(found["emissions"], sequences.lengths, strict=True)]
    )
    chain = Chain(*(found[name] for name in Chain._fields))
    numbers = viterbi(flat, sequences.offsets, chain)
    wanted = np.concatenate(tagger.predict(rows))
    assert found["classes"][numbers].tolist() == wanted.tolist()
    for row, n in zip(found["emissions"], sequences.lengths, strict=True):
        assert not row[n:].any()


def test_numbers():
    """Fails if channels are not scaled as the tagger scales them."""
    rng = np.random.default_rng(0)
    rows = [1e6 + rng.normal(size=(n, 2)) for n in (3, 5, 4)] * 6
    tags = [(row[:, 0] > 1e6).astype(int) for row in rows]
    tagger = RNNTagger(**SMALL).fit(rows, tags)
    padded = np.full((3, 5, 2), np.nan)
    for into, row in zip(padded, rows, strict=False):
        into[: len(row)] = row
    emissions, *chain, classes = start(to_onnx(tagger)).run(None, {"channels": padded})
    for e, row, wanted in zip(emissions, rows, tagger.predict(rows[:3]), strict=False):
        numbers = viterbi(e[: len(row)], [0, len(row)], Chain(*chain))
        assert classes[numbers].tolist() == wanted.tolist()
