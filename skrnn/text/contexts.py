"""Words around each word: which ones stand there, alone and together, as ids.

These are the templates of linear taggers such as CRF++ and CRFsuite, on ids in place of strings:
a template takes up to three ids of the steps around one, and what it takes is one number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# What occurs once in the training rows tells about that place only.
MIN_COUNT = 2
# What stands before the first word of a row and behind its last.
_OUTSIDE = 0


class Template(NamedTuple):
    """Which ids a template takes.

    Attributes
    ----------
    parts : tuple of tuple (column, offset)
        The column of the ids, and how many steps after the word.
    """

    parts: tuple


def templates(window: int, n_columns: int, n_spellings: int) -> list[Template]:
    """Return the templates for words with columns and spellings beside them.

    Column 0 has the words, then come the columns, then the spellings.

    Parameters
    ----------
    window : int
        Steps to each side.
    n_columns, n_spellings : int
        How many ids of each kind there are at a step.
    """
    around = range(-window, window + 1)
    found: list[tuple] = [((0, at),) for at in around]
    found += [((0, at), (0, at + 1)) for at in (-1, 0) if window]
    for column in range(1, n_columns + 1):
        for n in (1, 2, 3):
            found += [
                tuple((column, at + i) for i in range(n)) for at in around if at + n - 1 <= window
            ]
    spellings = range(n_columns + 1, n_columns + 1 + n_spellings)
    found += [((column, 0),) for column in spellings]
    # Without columns, how the neighbours are written says most of them: shape and long suffix.
    for column in spellings[-1:] if n_columns else spellings[-2:]:
        found += [((column, at),) for at in (-1, 1) if window]
        found += [((column, at), (column, at + 1)) for at in (-1, 0) if window]
    return [Template(parts) for parts in found]


class Contexts:
    """What is known of the surroundings of words: the numbers that each template has found.

    Parameters
    ----------
    window, n_columns, n_spellings : int
        As of `templates`.
    codes : list of ndarray of int64
        For each template its numbers in ascending order.
    sizes : tuple of int
        For each column of ids, how many there are.
    """

    def __init__(self, window, n_columns, n_spellings, codes, sizes):
        self.templates = templates(window, n_columns, n_spellings)
        self.window, self.n_columns, self.n_spellings = window, n_columns, n_spellings
        self.codes, self.sizes = codes, tuple(sizes)

    @classmethod
    def fit(cls, ids: np.ndarray, offsets: np.ndarray, window: int, n_columns: int) -> Contexts:
        """Learn which surroundings occur twice or more.

        Parameters
        ----------
        ids : ndarray of shape (n_steps, 1 + n_columns + n_spellings), int
            Ids of words, columns and spellings.
        offsets : ndarray of shape (n_samples + 1,)
        window, n_columns : int
            As of `templates`.
        """
        n_spellings = ids.shape[1] - 1 - n_columns
        made = cls(window, n_columns, n_spellings, [], ids.max(axis=0, initial=0) + 1)
        for values in made._numbers(ids, offsets):
            different, counts = np.unique(values, return_counts=True)
            made.codes.append(different[counts >= MIN_COUNT])
        return made

    @property
    def n_ids(self) -> int:
        """Number of ids, including 0 for what is not known."""
        return 1 + sum(map(len, self.codes))

    def ids(self, ids: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Return the ids of surroundings, int32 of shape (n_steps, n_templates).

        Parameters
        ----------
        ids, offsets
            As in `fit`.
        """
        found = np.zeros((len(ids), len(self.templates)), np.int32)
        first = 1
        for i, values in enumerate(self._numbers(ids, offsets)):
            codes = self.codes[i]
            if len(codes):
                at = np.minimum(np.searchsorted(codes, values), len(codes) - 1)
                found[:, i] = np.where(codes[at] == values, first + at, 0)
            first += len(codes)
        return found

    def _numbers(self, ids, offsets):
        """Yield for each template one number for each step, int64."""
        lengths = np.diff(offsets)
        row_start = np.repeat(offsets[:-1], lengths)
        row_end = np.repeat(offsets[1:], lengths)
        steps = np.arange(len(ids))
        # 0 is outside of the row; ids beyond those of the training rows are as unknown as 0.
        shifted = [
            np.where(column < size, column, 0).astype(np.int64) + 1
            for column, size in zip(ids.T, self.sizes, strict=True)
        ]
        for template in self.templates:
            number = np.zeros(len(ids), np.int64)
            for column, offset in template.parts:
                at = steps + offset
                is_inside = (at >= row_start) & (at < row_end)
                there = shifted[column][np.clip(at, 0, max(len(ids) - 1, 0))]
                number = number * (self.sizes[column] + 1)
                number += np.where(is_inside, there, _OUTSIDE)
            yield number
