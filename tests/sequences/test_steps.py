"""Sequences keep the caller's steps; what is left of them for one answer a row."""

import numpy as np
import pytest
import scipy.sparse as sp

from skrnn.sequences import Sequences, check_sequences

NAN = np.nan
SCATTERED = np.array(
    [[0, 7, 0, 3, 9, 0], [0] * 6, [0, 1, 0, 0, 0, 1], [4, 1, 0, 4, 0, 2], [0, 0, 0, 0, 0, 5]]
)


class Estimator:
    """Stands for an estimator: its class is named in errors."""


def check(X):
    return check_sequences(X, estimator=Estimator())


def rows_of(sequences):
    return [row.tolist() for row in np.split(sequences.values, sequences.offsets[1:-1])]


def test_unknown_words_are_steps():
    """Fails if a row of five unknown words has other than five steps, as a tagger needs."""
    for X in ([[1] * 5, [2, 3]], np.array([[1] * 5, [2, 3, 0, 0, 0]]), sp.csr_array([[1] * 5])):
        kept = check(X).sequences
        assert rows_of(kept)[0] == [1] * 5 and kept.is_real[:5].all()
        assert rows_of(kept.collapse())[0] == [1]


def test_zeros_within_a_dense_row_are_steps():
    """Fails if steps move by a zero: what is at step 3 would no longer be at step 3."""
    kept = check(SCATTERED).sequences
    wanted = [row[: max(np.flatnonzero(row), default=-1) + 1].tolist() for row in SCATTERED]
    assert rows_of(kept) == wanted
    assert kept.is_real.tolist() == [i != 0 for row in wanted for i in row]
    assert rows_of(check([[0, 7, 0, 0], [5]]).sequences) == [[0, 7, 0, 0], [5]]
    padded = kept.pad([0, 4])
    assert padded.tolist() == [[0, 7, 0, 3, 9, 0], [0, 0, 0, 0, 0, 5]]


def test_rows_without_steps_stay_empty():
    """Fails if an empty row is given a step, or is lost, before it is collapsed."""
    for X, empty in (
        ([[7], [], [3, 4], []], [1]),
        (np.array([[7, 0], [0, 0], [3, 4], [0, 0]]), [1]),
        ([[7.0], [], [3.0, 4.0], []], [[0.0]]),
        (np.array([[7.0, NAN], [NAN, NAN], [3, 4], [NAN, NAN]]), [[0.0]]),
    ):
        kept = check(X).sequences
        assert kept.lengths.tolist() == [1, 0, 2, 0] and len(kept) == 4
        assert [len(row) for row in rows_of(kept.take([1, 2, 3]))] == [0, 2, 0]
        assert kept.pad([1, 0]).shape[:2] == (2, 1)
        found = rows_of(kept.collapse())
        assert (found[1], found[3]) == (empty, empty)
        assert [len(row) for row in found] == [1, 1, 2, 1]


def test_collapse_leaves_what_is_whole():
    """Fails if sequences without anything to leave out are copied, or lose what is beside them."""
    whole = check([[7, 1], [3]]).sequences
    assert whole.collapse() is whole
    words = tuple("abcdefghij")
    beside = Sequences(
        np.array([0, 7, 1, 1], np.int32),
        np.array([0, 2, 4]),
        words,
        row_inputs={"said": np.array([[0.5], [2.0]], np.float32)},
    )
    found = beside.collapse()
    assert rows_of(found) == [[7], [1]] and found.words is words
    assert found.row_inputs["said"].tolist() == [[0.5], [2.0]]
    assert rows_of(beside) == [[0, 7], [1, 1]]  # it is another one
    steps = beside.beside({}, {"more": np.ones((4, 2), np.float32)})
    with pytest.raises(ValueError, match="side inputs of steps cannot be collapsed"):
        steps.collapse()


def test_side_inputs_go_with_their_rows_and_steps():
    """Fails if a number beside a row or a step is given to another, or padded with another."""
    beside = check([[7, 3], [], [5, 2, 4]]).sequences.beside(
        {"row": np.array([[10], [20], [30]], np.float32)},
        {"step": np.arange(10, dtype=np.float32).reshape(5, 2)},
    )
    taken = beside.take([2, 1, 0])
    assert taken.row_inputs["row"].ravel().tolist() == [30, 20, 10]
    assert taken.step_inputs["step"][:, 0].tolist() == [4, 6, 8, 0, 2]
    ids, row, step = taken.inputs([2, 0])
    assert ids.tolist() == [[7, 3, 0], [5, 2, 4]] and row.ravel().tolist() == [10, 30]
    assert step[:, :, 0].tolist() == [[0, 2, 0], [4, 6, 8]] and step.dtype == np.float32


def test_the_estimator_is_not_changed():
    """Fails if reading X writes on the estimator, which a failed fit would have to undo."""
    estimator = Estimator()
    check_sequences(SCATTERED, estimator=estimator)
    check_sequences([[0.5], [1.0, 2.0]], estimator=estimator)
    assert vars(estimator) == {}
