"""Learn a vocabulary, or check a given one."""

from collections import Counter
from collections.abc import Mapping, Set
from numbers import Integral

import numpy as np
from scipy.sparse import csr_array

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.sequences.special_tokens import FIRST_WORD, PADDING, UNKNOWN
from skrnn.text.documents import describe


def learn_vocabulary(words, tokens, lengths, max_features, min_df, max_df=1.0, extra=()):
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

    max_df : int or float
        Number or proportion of documents in which a word may occur.

    extra : iterable of str, default=()
        Further words to keep, behind the others. Those that `max_df` leaves out are not kept.

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
            "Check the texts, and whether token_pattern, tokenizer or analyzer finds their words "
            "and stop_words leaves some."
        )
    counts = np.bincount(tokens, minlength=len(words))
    candidates = np.arange(len(words))
    min_count = _n_documents(min_df, len(lengths))
    max_count = _n_documents(max_df, len(lengths))
    too_frequent = set()
    if max_count < min(min_count, len(lengths)):
        raise InvalidInputError(
            f"max_df={max_df!r} is fewer documents than min_df={min_df!r}: {max_count:g} and "
            f"{min_count:g} of the {len(lengths)} training documents. Raise max_df, or lower "
            "min_df."
        )
    if min_count > 1 or max_count < len(lengths):
        frequencies = _document_frequencies(tokens, lengths, len(words))
        candidates = np.flatnonzero((frequencies >= min_count) & (frequencies <= max_count))
        too_frequent = {words[i] for i in np.flatnonzero(frequencies > max_count)}
        if not len(candidates):
            raise _none_left(min_df, max_df, min_count, max_count, frequencies, len(lengths))
    if max_features is not None and len(candidates) > max_features:
        # Sorting the many rare words would take longer than all the rest.
        place = -int(max_features)  # an unsigned integer has no negative
        least = np.partition(counts[candidates], place)[place]
        candidates = candidates[counts[candidates] >= least]
    ranked = sorted(candidates.tolist(), key=lambda word: (-counts[word], words[word]))
    ranked = ranked[:max_features]
    ids = np.full(len(words), UNKNOWN, dtype=np.int32)
    ids[ranked] = np.arange(FIRST_WORD, FIRST_WORD + len(ranked), dtype=np.int32)
    # Plain str, so that a subclass that a tokenizer returns (numpy.str_) is not pickled.
    kept = (str.__str__(words[word]) for word in ranked)
    vocabulary = dict(zip(kept, range(FIRST_WORD, FIRST_WORD + len(ranked)), strict=True))
    if extra:
        vocabulary = with_words(vocabulary, (word for word in extra if word not in too_frequent))
        ids = np.array([vocabulary.get(word, UNKNOWN) for word in words], dtype=np.int32)
    return vocabulary, ids


def with_words(vocabulary, extra):
    """Return a vocabulary with further words behind its own, those that it does not have yet."""
    new = dict.fromkeys(str.__str__(word) for word in extra if word not in vocabulary)
    first = FIRST_WORD + len(vocabulary)
    return vocabulary | dict(zip(new, range(first, first + len(new)), strict=True))


def check_extra_words(words):
    """Return the value of `extra_words` as a list of words.

    Parameters
    ----------
    words : iterable of str or None
        Of a mapping, such as one of vectors, the keys.

    Returns
    -------
    list of str
    """
    return [] if words is None else _check_words(words, "extra_words")


def _n_documents(limit, n_documents):
    return limit if isinstance(limit, Integral) else limit * n_documents


def _none_left(min_df, max_df, min_count, max_count, frequencies, n_documents):
    if frequencies.max() < min_count:
        return InvalidInputError(
            f"Empty vocabulary: with min_df={min_df!r} a word must occur in {min_count:g} of the "
            f"{n_documents} training documents, but the most common of {len(frequencies)} words "
            f"occurs in {frequencies.max()}. Lower min_df."
        )
    return InvalidInputError(
        f"Empty vocabulary: none of {len(frequencies)} words occurs in at least {min_count:g} and "
        f"at most {max_count:g} of the {n_documents} training documents, as min_df={min_df!r} and "
        f"max_df={max_df!r} ask for. Raise max_df, or lower min_df."
    )


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
    words = _check_words(vocabulary, "vocabulary")
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


def _check_words(given, name):
    """Return the words of a parameter as a list; of a mapping, its keys."""
    if isinstance(given, str | bytes):
        kind, way_out = "a mapping of words to ids", ""
        if name != "vocabulary":
            kind = "a mapping with words as keys"
            way_out = " For the words of a file, pass skrnn.embeddings.WordVectors.from_file(path)."
        raise InvalidInputError(
            f"{name} must be an iterable of words or {kind}, got {describe(given)}. For one word, "
            f"pass a list.{way_out}"
        )
    shape = getattr(given, "shape", ())
    if len(shape) > 1:  # iterating over a frame would give the names of its columns
        raise InvalidInputError(f"{name} must have one dimension, got shape {tuple(shape)}.")
    if hasattr(given, "to_pylist"):  # a column of Arrow, which has scalars of its own
        given = given.to_pylist()
    words = list(given)
    if not words:
        none = "to learn them" if name == "vocabulary" else "for no further words"
        raise InvalidInputError(
            f"{name} is empty; pass a list of words, or None {none}. (A generator is empty after "
            "its first use.)"
        )
    for position, word in enumerate(words):
        if not isinstance(word, str):
            raise InvalidTypeError(
                f"{name} must have words (str), got {describe(word)} at position {position}."
            )
    return words


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
