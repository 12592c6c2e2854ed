"""Patches of consecutive steps."""

import numpy as np
import pytest

from skrnn.exceptions import InvalidInputError
from skrnn.sequences import Sequences, choose_patch_size, patched, shifted


def sequences_of(rows, **others):
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return Sequences(np.concatenate(rows), offsets, **others)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
def test_a_patch_has_its_steps_side_by_side_and_zeros_at_the_end(size):
    """Fails if steps or channels change their order, rows run together, or a row loses steps."""
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(n, 2)).astype(np.float32) for n in (7, 1, 6, 14, 3)]
    found = patched(sequences_of(rows), size)
    assert found.values.dtype == np.float32
    for i, row in enumerate(rows):
        wanted = []
        for first in range(0, len(row), size):
            part = row[first : first + size].ravel().tolist()
            wanted.append(part + [0.0] * (2 * size - len(part)))
        own = found.take([i]).values
        np.testing.assert_array_equal(own, np.array(wanted, np.float32))


@pytest.mark.parametrize("size", [2, 3, 7])
def test_a_shift_puts_zeros_before_the_first_step(size):
    """Fails if steps are lost or mixed up, a row gets a patch without steps, or padding is read."""
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(n, 2)).astype(np.float32) for n in (7, 1, 6, 14, 3, 21)]
    shifts = rng.integers(size, size=len(rows))
    padded = patched(sequences_of(rows), size).pad(np.arange(len(rows)))
    before = [np.zeros((shift, 2), np.float32) for shift in shifts]
    by_hand = [np.concatenate(both) for both in zip(before, rows, strict=True)]
    wanted = patched(sequences_of(by_hand), size).pad(np.arange(len(rows)))
    np.testing.assert_array_equal(shifted(padded, size, shifts), wanted)


def test_row_inputs_stay_and_step_inputs_are_refused():
    """Fails if what belongs to rows is lost, or what belongs to steps goes to patches silently."""
    rows = sequences_of([np.ones((5, 1), np.float32)] * 2)
    beside = rows.beside({"scores": np.arange(2.0)[:, np.newaxis]}, {})
    np.testing.assert_array_equal(patched(beside, 2).row_inputs["scores"], [[0], [1]])
    with pytest.raises(InvalidInputError, match="cannot be put into patches"):
        patched(rows.beside({}, {"weights": np.zeros((10, 1), np.float32)}), 2)


@pytest.mark.parametrize(("lengths", "size"), [([5, 9], 1), ([60], 2), ([100, 1500], 20)])
def test_auto_makes_about_forty_patches(lengths, size):
    """Fails if short rows get patches, or the size follows the longest row alone."""
    assert choose_patch_size(np.array(lengths)) == size
