"""Word vectors from your own corpus: counts of neighbouring words, and their factorization.

This is the method of Levy, Goldberg and Dagan: count which words occur near each other, compare
the counts with chance (positive pointwise mutual information), and keep the leading singular
vectors. It needs no gradients, and takes seconds while word2vec takes minutes.
"""

from typing import Any

import numpy as np
from scipy.sparse import csr_array, eye_array
from sklearn.utils import check_random_state
from sklearn.utils.extmath import randomized_svd

from skrnn.backend.threads import one_blas_thread
from skrnn.exceptions import InvalidInputError
from skrnn.sequences import PADDING, UNKNOWN

# Root mean square of the elements of a word's vector, the same for all words, so that none starts
# with more weight than another. On the IMDb training reviews, an LSTM was equally good with 0.1 to
# 0.3, learned more slowly with 0.03, and overfitted earlier with 1.
EMBEDDING_RMS = 0.2
# With less than 1, rare contexts count as more likely than they are: PMI overrates them otherwise.
CONTEXT_EXPONENT = 0.75
# Power of the singular values in the vectors: Levy et al. advise against 1, which PCA uses.
SINGULAR_VALUE_EXPONENT = 0.5
# Singular values below this fraction of the largest are rounding errors, not dimensions.
RANK_TOLERANCE = 1e-4
# Length of the noise, relative to a vector, if the corpus has fewer dimensions than required.
NOISE = 0.1
# Pairs of words in memory while counting, and the maximum in the matrix (8 bytes per pair, twice).
PAIRS_A_BLOCK = 2**22
MAX_PAIRS = 2**27


def corpus_embeddings(
    sequences: Any,
    vocabulary_size: int,
    dim: int = 64,
    *,
    window: int = 10,
    random_state: int | np.random.RandomState | None = None,
) -> np.ndarray:
    r"""Compute word vectors from sequences of token ids.

    Words have similar vectors if they occur near the same words. The vectors are the leading left
    singular vectors, times the root of the singular values, of the positive pointwise mutual
    information between the words :math:`w` and the words :math:`c` of their contexts,

    .. math::

        M_{wc} = \max\left(0,\ \log \frac{n_{wc}\, \sum_{c'} n_{c'}^{\alpha}}
            {n_w\, n_c^{\alpha}}\right), \qquad \alpha = 0.75,

    with :math:`n_{wc}` the number of times that :math:`c` occurs at most `window` positions from
    :math:`w` in the same sequence, and :math:`n_w = \sum_c n_{wc}` [1]_. The singular vectors
    are computed by random projection [2]_.

    Parameters
    ----------
    sequences : Sequences
        Token ids, see :class:`skrnn.sequences.Sequences`. No labels are used, so unlabelled
        documents are as good as labelled ones.
    vocabulary_size : int
        Number of ids, including padding (0) and the unknown word (1). All ids are less than it.
    dim : int, default=64
        Length of the vectors.
    window : int, default=10
        Number of positions to the left and to the right of a word that are its context. Vectors
        of a narrow window are similar for words that can replace each other, vectors of a wide
        window for words of the same topic.
    random_state : int, RandomState instance or None, default=None
        Determines the random projection and the noise. Pass an int for the same bytes at every
        call, in every process and with any number of threads. With None, they are different
        each time; NumPy's global generator is not used.

    Returns
    -------
    vectors : ndarray of shape (vocabulary_size, dim) of float32
        Row i is the vector of the id i, with elements of root mean square 0.2.

        Row 0 is zero. Row 1 is the vector of the id 1. If the sequences do not contain this id,
        row 1 is the mean of the words' vectors, weighted by the inverse of their frequency,
        since unknown words are most similar to rare words. Words that do not occur have the
        vector of row 1, too: for a network that learns from these sequences, they are unknown.
        Words that never occur near another word get seeded noise, and so do dimensions for which
        the corpus is too small.

    Raises
    ------
    ValueError
        If the sequences are not token ids, an id is outside the vocabulary, or a size is out of
        range.

    Notes
    -----
    The pairs are counted word by word in blocks, so that memory depends on the number of distinct
    pairs (8 bytes per pair, for a moment twice) and not on the number of tokens. If there could
    be more than 2**27 pairs, only the most frequent words are contexts, as many as are possible.

    Three variations made the vectors worse on the IMDb training reviews and are not used: the
    shift of [1]_ (``log k`` subtracted before the positive part), weights that decrease with the
    distance, and ignoring pairs that occur once.

    References
    ----------
    .. [1] O. Levy, Y. Goldberg, I. Dagan, "Improving Distributional Similarity with Lessons
       Learned from Word Embeddings", TACL 3, 2015. https://aclanthology.org/Q15-1016
    .. [2] N. Halko, P.-G. Martinsson, J. A. Tropp, "Finding Structure with Randomness", SIAM
       Review 53(2), 2011. https://arxiv.org/abs/0909.4061

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.embeddings import corpus_embeddings
    >>> from skrnn.sequences import Sequences
    >>> ids = np.array([2, 3, 4, 2, 3, 5], dtype=np.int32)  # "a film I", "a film you"
    >>> vectors = corpus_embeddings(Sequences(ids, np.array([0, 3, 6])), 6, 2, random_state=0)
    >>> vectors.shape, vectors.dtype
    ((6, 2), dtype('float32'))
    >>> bool(np.allclose(vectors[4], vectors[5], atol=1e-3))  # the same contexts
    True
    """
    _check(sequences, vocabulary_size, dim, window)
    # check_random_state(None) would return NumPy's global generator and change its state.
    rng = np.random.RandomState() if random_state is None else check_random_state(random_state)
    counts = np.bincount(sequences.values, minlength=vocabulary_size)
    window = max(1, min(window, int(sequences.lengths.max()) - 1))
    ppmi = _positive_pmi(sequences, counts, window)
    known = _singular_vectors(ppmi, dim, rng)

    noise = rng.standard_normal((vocabulary_size, dim))
    vectors = noise * (NOISE / np.sqrt(dim))
    vectors[:, : known.shape[1]] = known
    lonely = ~known.any(axis=1)
    vectors[lonely] = noise[lonely]
    vectors *= EMBEDDING_RMS * np.sqrt(dim) / np.linalg.norm(vectors, axis=1, keepdims=True)

    unseen = counts == 0
    if unseen[UNKNOWN]:
        rarity = np.divide(1, counts, where=~unseen, out=np.zeros(vocabulary_size))
        vectors[UNKNOWN] = rarity @ vectors / rarity.sum()
    vectors[unseen] = vectors[UNKNOWN]
    vectors[PADDING] = 0
    return vectors.astype(np.float32)


def _check(sequences, vocabulary_size, dim, window):
    if not sequences.is_tokens:
        raise InvalidInputError(
            "corpus_embeddings needs token ids, but the sequences are numeric. Pass sequences of "
            "token ids."
        )
    for name, value, least in (
        ("vocabulary_size", vocabulary_size, UNKNOWN + 1),
        ("dim", dim, 1),
        ("window", window, 1),
    ):
        if value < least:
            raise InvalidInputError(f"{name} must be at least {least}, got {value}.")
    if not len(sequences.values):
        raise InvalidInputError("The sequences have no tokens. Pass at least one sequence.")
    largest = int(sequences.values.max())
    if largest >= vocabulary_size:
        raise InvalidInputError(
            f"The sequences have the id {largest}, but the vocabulary has {vocabulary_size} ids "
            f"(0 to {vocabulary_size - 1}). Set vocabulary_size to at least {largest + 1}."
        )


def _positive_pmi(sequences, counts, window):
    """Return the positive pointwise mutual information of pairs of words.

    Returns
    -------
    csr_array of float32 of shape (vocabulary_size, vocabulary_size)
        The row and the column of padding are empty.
    """
    neighbours = _neighbours(sequences, len(counts), window)
    smoothed = neighbours**CONTEXT_EXPONENT
    with np.errstate(divide="ignore", invalid="ignore"):  # words without neighbours: not used
        log_word = np.log(neighbours)
        log_context = np.log(smoothed / smoothed.sum())
    is_context = _contexts(counts, neighbours, window)

    data, indices, lengths = [], [], []
    for first, pairs in _count_pairs(sequences, counts, window, is_context):
        n_contexts = np.diff(pairs.indptr)
        rows = np.repeat(np.arange(first, first + pairs.shape[0]), n_contexts)
        real = pairs.indices != PADDING
        rows, columns = rows[real], pairs.indices[real]
        pmi = np.log(pairs.data[real].astype(np.float64)) - log_word[rows] - log_context[columns]
        positive = pmi > 0
        data.append(pmi[positive].astype(np.float32))
        indices.append(columns[positive])
        lengths.append(np.bincount(rows[positive] - first, minlength=pairs.shape[0]))
    indptr = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    matrix = (np.concatenate(data), np.concatenate(indices), indptr)
    return csr_array(matrix, shape=(len(counts), len(counts)))


def _neighbours(sequences, vocabulary_size, window):
    """Return the number of pairs of each word, as float64 of shape (vocabulary_size,)."""
    lengths = sequences.lengths
    to_left = np.arange(len(sequences.values)) - np.repeat(sequences.offsets[:-1], lengths)
    to_right = np.repeat(lengths, lengths) - 1 - to_left
    pairs = np.minimum(to_left, window) + np.minimum(to_right, window)
    return np.bincount(sequences.values, pairs, minlength=vocabulary_size)


def _contexts(counts, neighbours, window):
    """Return a mask of the words that are contexts: the most frequent ones, within MAX_PAIRS.

    A word cannot have more different contexts than it has neighbours, or than contexts exist.
    """

    def most_pairs(n_contexts):
        return np.minimum(2 * window * counts, n_contexts).sum()

    n_contexts = len(counts)
    if most_pairs(n_contexts) > MAX_PAIRS:
        low, high = 1, n_contexts
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if most_pairs(middle) <= MAX_PAIRS else (low, middle)
        n_contexts = low
    is_context = np.zeros(len(counts), dtype=bool)
    is_context[np.argsort(-neighbours, kind="stable")[:n_contexts]] = True
    return is_context


def _count_pairs(sequences, counts, window, is_context):
    """Yield the counts of the words near each word, some rows of the matrix at a time.

    Yields
    ------
    first : int
        The word of the first of these rows.
    pairs : csr_array of shape (n_rows, vocabulary_size)
        Number of times that each word is near. Column 0 counts positions outside the sequence
        and must be ignored.
    """
    # Sequences are separated by as many zeros as the window is wide: every position has all its
    # neighbours, and those beyond an end of the sequence are padding.
    lengths = sequences.lengths
    gaps = window * (1 + np.repeat(np.arange(len(lengths)), lengths))
    places = np.arange(len(sequences.values)) + gaps
    contexts = np.zeros(len(sequences.values) + window * (len(lengths) + 1), dtype=np.int32)
    contexts[places] = np.where(is_context[sequences.values], sequences.values, PADDING)

    # The positions sorted by word: SciPy's transposition is a counting sort.
    n_words = len(counts)
    by_word = csr_array((places, sequences.values, [0, len(places)]), shape=(1, n_words)).tocsc()
    places, starts = by_word.data, by_word.indptr.astype(np.int64)
    around = np.concatenate([np.arange(-window, 0), np.arange(1, window + 1)])
    tokens_a_block = max(1, PAIRS_A_BLOCK // len(around))

    # Multiplication by the identity adds up equal entries of a row without sorting them.
    identity = eye_array(n_words, dtype=np.float32, format="csr")
    first = 0
    while first < n_words:
        last = np.searchsorted(starts, starts[first] + tokens_a_block, side="right") - 1
        if last > first:
            near = contexts[places[starts[first] : starts[last], None] + around].ravel()
            indptr = (starts[first : last + 1] - starts[first]) * len(around)
            ones = np.ones(len(near), dtype=np.float32)  # exact below 2**24
            yield first, csr_array((ones, near, indptr), (last - first, n_words)) @ identity
        else:  # one word is more than a block
            last = first + 1
            total = np.zeros(n_words, dtype=np.int64)
            for start in range(starts[first], starts[last], tokens_a_block):
                some = places[start : min(start + tokens_a_block, starts[last]), None]
                total += np.bincount(contexts[some + around].ravel(), minlength=n_words)
            yield first, csr_array(total[None, :])
        first = last


def _singular_vectors(matrix, dim, rng):
    """Return the leading left singular vectors, weighted, with rows of norm 1 or 0.

    Returns
    -------
    ndarray of float32 of shape (n_words, rank)
        At most `dim` columns, fewer if the rank of the matrix is lower.
    """
    if not matrix.nnz:
        return np.zeros((matrix.shape[0], 0), dtype=np.float32)
    # The order of additions in BLAS, and with it the last bits, depends on the number of threads.
    # Most of the time is spent in products with the sparse matrix, which use one thread anyway.
    # Two power iterations instead of four lose more accuracy than half of dim does: the singular
    # values of text decrease slowly.
    with one_blas_thread():
        left, values, _ = randomized_svd(
            matrix, dim, n_iter=4, power_iteration_normalizer="QR", random_state=rng
        )
    rank = int((values > RANK_TOLERANCE * values[0]).sum())
    vectors = left[:, :rank] * values[:rank] ** SINGULAR_VALUE_EXPONENT
    vectors[np.diff(matrix.indptr) == 0] = 0  # not rounding errors of zero
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norms, where=norms > 0, out=vectors)
