"""Learn a vocabulary, or check a given one."""

from collections import Counter
from collections.abc import Mapping, Set
from numbers import Integral

import numpy as np
from scipy.sparse import csr_array

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.sequences.special_tokens import FIRST_WORD, PADDING, UNKNOWN
from skrnn.text.documents import describe


def learn_vocabulary(words, tokens, lengths, max_features, min_df):
    """Assign ids to the words by frequency, with ties in alphabetical order.

    Parameters
    ----------
    words : list of str
        The distinct tokens. The position of a token is its index in `tokens`.

    tokens : ndarray of shape (n_tokens,)
        The tokens of all documents, as indices of `words`.

    lengths : ndarray of shape (n_samples,)
        Number of tokens of each document.

    max_features : int or None
        Number of words to keep.

    min_df : int or float
        Number or proportion of documents in which a word must occur.

    Returns
    -------
    vocabulary : dict of str -> int
        The words that are kept and their ids, in the order of the ids.

    ids : ndarray of int32 of shape (n_words,)
        The id of each of `words`; 1 for words that are not kept.
    """
    if not words:
        raise InvalidInputError(
            f"Empty vocabulary: none of the {len(lengths)} training documents has a token. "
            "Check the texts, and whether token_pattern, tokenizer or analyzer finds their words."
        )
    counts = np.bincount(tokens, minlength=len(words))
    candidates = np.arange(len(words))
    min_count = min_df if isinstance(min_df, Integral) else min_df * len(lengths)
    if min_count > 1:
        frequencies = _document_frequencies(tokens, lengths, len(words))
        candidates = np.flatnonzero(frequencies >= min_count)
        if not len(candidates):
            raise InvalidInputError(
                f"Empty vocabulary: with min_df={min_df!r} a word must occur in {min_count:g} "
                f"of the {len(lengths)} training documents, but the most common of "
                f"{len(words)} words occurs in {frequencies.max()}. Lower min_df."
            )
    if max_features is not None and len(candidates) > max_features:
        # Sorting the many rare words would take longer than all the rest.
        least = np.partition(counts[candidates], -max_features)[-max_features]
        candidates = candidates[counts[candidates] >= least]
    ranked = sorted(candidates.tolist(), key=lambda word: (-counts[word], words[word]))
    ranked = ranked[:max_features]
    ids = np.full(len(words), UNKNOWN, dtype=np.int32)
    ids[ranked] = np.arange(FIRST_WORD, FIRST_WORD + len(ranked), dtype=np.int32)
    # Plain str, so that a subclass that a tokenizer returns (numpy.str_) is not pickled.
    kept = (str.__str__(words[word]) for word in ranked)
    return dict(zip(kept, range(FIRST_WORD, FIRST_WORD + len(ranked)), strict=True)), ids


def _document_frequencies(tokens, lengths, n_words):
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    counts = csr_array((np.ones(len(tokens), bool), tokens, indptr), (len(lengths), n_words))
    counts.sum_duplicates()
    return np.bincount(counts.indices, minlength=n_words)


def check_vocabulary(vocabulary):
    """Return a vocabulary that the user passed as a dict of str -> id, in the order of the ids.

    Parameters
    ----------
    vocabulary : iterable of str or mapping of str -> int
        The words in the order of their ids, or the words with their ids, which must be
        2, 3, ..., n + 1. A set has no order of its own and is sorted.

    Returns
    -------
    vocabulary : dict of str -> int
        A new dict.
    """
    if isinstance(vocabulary, str | bytes):
        raise InvalidInputError(
            f"vocabulary must be an iterable of words or a mapping of words to ids, got "
            f"{describe(vocabulary)}. For one word, pass a list."
        )
    shape = getattr(vocabulary, "shape", ())
    if len(shape) > 1:  # iterating over a frame would give the names of its columns
        raise InvalidInputError(f"vocabulary must have one dimension, got shape {tuple(shape)}.")
    words = list(vocabulary)
    if not words:
        raise InvalidInputError(
            "vocabulary is empty; pass a list of words, or None to learn them. (A generator is "
            "empty after its first use.)"
        )
    for position, word in enumerate(words):
        if not isinstance(word, str):
            raise InvalidTypeError(
                f"vocabulary must have words (str), got {describe(word)} at position {position}."
            )
    if isinstance(vocabulary, Mapping):
        return _check_ids(vocabulary)
    if isinstance(vocabulary, Set):
        words.sort()
    word, times = Counter(words).most_common(1)[0]
    if times > 1:
        positions = [position for position, other in enumerate(words) if other == word]
        raise InvalidInputError(
            f"vocabulary has {word!r} more than once, at positions {positions[:5]}."
        )
    return {str.__str__(word): id_ for id_, word in enumerate(words, FIRST_WORD)}


def _check_ids(vocabulary):
    last = FIRST_WORD + len(vocabulary) - 1
    word_of = {}
    for word, id_ in vocabulary.items():
        where = f"vocabulary gives {word!r} the id {id_!r}"
        if not isinstance(id_, Integral) or isinstance(id_, bool):
            raise InvalidTypeError(f"{where}; ids must be integers.")
        if id_ in word_of:
            raise InvalidInputError(f"{where}, which {word_of[id_]!r} has too; ids must differ.")
        if not FIRST_WORD <= id_ <= last:
            raise InvalidInputError(
                f"{where}; the ids of {len(vocabulary)} words must be {FIRST_WORD} to {last} "
                f"({PADDING} is padding, {UNKNOWN} an unknown word). To number them in the "
                "order of your ids, pass sorted(vocabulary, key=vocabulary.get)."
            )
        word_of[int(id_)] = str.__str__(word)
    return {word_of[id_]: id_ for id_ in range(FIRST_WORD, last + 1)}
