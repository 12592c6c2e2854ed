"""Sequences one after another."""

from dataclasses import replace

import numpy as np

from skrnn.sequences import Columns, Sequences
from skrnn.sequences.joining import joined


def test_rows_one_after_another():
    """Fails if rows are mixed up, or columns of one part are lost."""
    first = Sequences(np.array([2, 3, 4], np.int32), np.array([0, 2, 3]), ("a",))
    second = Sequences(np.array([5, 6], np.int32), np.array([0, 0, 2]))
    both = joined(first, second)
    assert [both.take([i]).values.tolist() for i in range(4)] == [[2, 3], [4], [], [5, 6]]
    assert joined(first, None) is first and both.columns is None
    columns = Columns(np.arange(2.0)[:, np.newaxis], ("price",))
    pair = replace(first, columns=columns), replace(second, columns=columns)
    np.testing.assert_array_equal(joined(*pair).columns.values.ravel(), [0, 1, 0, 1])
    assert joined(pair[0], second).columns is None
