"""The input of an exported Pipeline, from documents that are split into words."""

from collections.abc import Iterable
from itertools import chain

import numpy as np

from skrnn.exceptions import InvalidTypeError


def pad_words(rows: Iterable[list[str]]) -> np.ndarray:
    """Return the words of documents as an array, padded on the right with "".

    It is the input "words" of the model that :func:`skrnn.to_onnx` returns for a Pipeline.

    Parameters
    ----------
    rows : iterable of list of str
        The words of each document. :meth:`skrnn.TextToSequence.build_analyzer` returns a function
        that splits a document in the same way as the Pipeline.

    Returns
    -------
    words : ndarray of str objects of shape (n_samples, n_timesteps)
        As wide as the longest row, and at least 1.

    Raises
    ------
    TypeError
        If a row is a str, whose characters would become words, or holds something else
        than str.

    Examples
    --------
    >>> from skrnn import TextToSequence
    >>> from skrnn.onnx import pad_words
    >>> analyzer = TextToSequence().build_analyzer()
    >>> pad_words(map(analyzer, ["I didn't like it.", "I did!"]))
    array([['i', 'did', "n't", 'like', 'it'],
           ['i', 'did', '!', '', '']], dtype=object)
    """
    rows = list(rows)
    for i, row in enumerate(rows):
        if isinstance(row, str | bytes):
            raise InvalidTypeError(
                f"Row {i} is the {type(row).__name__} {row[:40]!r}, but pad_words takes a list of "
                "words for each document. TextToSequence(...).build_analyzer() returns the "
                "function that splits a document into words."
            )
    rows = [list(row) for row in rows]
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    words = np.full((len(rows), max(1, lengths.max(initial=0))), "", dtype=object)
    flat = np.empty(lengths.sum(), dtype=object)
    flat[:] = list(chain.from_iterable(rows))
    if not all(issubclass(kind, str) for kind in set(map(type, flat))):
        i = next(i for i, row in enumerate(rows) if not all(isinstance(w, str) for w in row))
        word = next(w for w in rows[i] if not isinstance(w, str))
        raise InvalidTypeError(
            f"Row {i} holds {word!r}, a {type(word).__name__}; every word must be a str."
        )
    words[np.arange(words.shape[1]) < lengths[:, np.newaxis]] = flat
    return words
