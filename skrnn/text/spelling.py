"""How words are written: prefixes, suffixes and shape, which unknown words have too."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import numpy as np

# Runs of one kind of character are cut to this length, so that long numbers have one shape.
_LONGEST_RUN = 2
# A longer shape is that of an address or of markup.
_LONGEST_SHAPE = 10
# A spelling that occurs once in the training rows tells only about its word, which has an id.
MIN_COUNT = 2


def shape_of(word: str) -> str:
    """Return the shape of a word: X, x and 9 for its kinds of characters, others as they are.

    Parameters
    ----------
    word : str

    Returns
    -------
    str
        At most ten characters; runs of one kind are cut to two.

    Examples
    --------
    >>> [shape_of(word) for word in ("London", "McDonald's", "1,250.50", "U.S.")]
    ['Xxx', "XxXxx'x", '9,99.99', 'X.X.']
    """
    kinds = (_kind(character) for character in word)
    runs = (key * min(len(list(run)), _LONGEST_RUN) for key, run in groupby(kinds))
    return "".join(runs)[:_LONGEST_SHAPE]


def _kind(character):
    if character.isdigit():
        return "9"
    if character.isupper():
        return "X"
    return "x" if character.isalpha() else character


def spellings(word: str, affixes: tuple[int, int]) -> list[str]:
    """Return the names of a word's spellings, in a fixed order.

    Parameters
    ----------
    word : str
    affixes : tuple (min_length, max_length)
        The lengths of prefixes and suffixes.

    Returns
    -------
    list of str, of length ``n_spellings(affixes)``
        Prefixes and suffixes in lower case, then the shape. "" where the word is too short.

    Examples
    --------
    >>> spellings("Paris", (1, 2))
    ['<p', 's>', '<pa', 'is>', '=Xxx']
    """
    lower, found = word.lower(), []
    for n in range(affixes[0], affixes[1] + 1):
        fits = len(lower) >= n
        found += ["<" + lower[:n], lower[-n:] + ">"] if fits else ["", ""]
    return [*found, "=" + shape_of(word)]


def n_spellings(affixes: tuple[int, int]) -> int:
    """Return how many spellings a word has."""
    return 2 * (affixes[1] - affixes[0] + 1) + 1


def learn_spellings(words: list[str], counts: np.ndarray, affixes: tuple[int, int]) -> dict:
    """Return the ids of the spellings that occur twice or more, from 1, the most common first.

    Parameters
    ----------
    words : list of str
        Distinct.
    counts : ndarray of shape (n_words,)
        How often each occurs.
    affixes : tuple of int
    """
    total: Counter = Counter()
    for word, count in zip(words, counts.tolist(), strict=True):
        for one in spellings(word, affixes):
            total[one] += count
    del total[""]
    kept = [(count, one) for one, count in total.items() if count >= MIN_COUNT]
    kept.sort(key=lambda pair: (-pair[0], pair[1]))
    return {one: i for i, (_, one) in enumerate(kept, 1)}


def spelling_ids(words: list[str], known: dict, affixes: tuple[int, int]) -> np.ndarray:
    """Return the ids of the spellings of words, int32 of shape (n_words, n_spellings).

    Those that are not known are 0.
    """
    ids = np.zeros((len(words), n_spellings(affixes)), np.int32)
    for row, word in zip(ids, words, strict=True):
        row[:] = [known.get(one, 0) for one in spellings(word, affixes)]
    return ids
