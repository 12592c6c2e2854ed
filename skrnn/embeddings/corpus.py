"""Word vectors from a corpus of one's own: what words stand near, counted and compressed.

The factorization of Levy, Goldberg and Dagan: count which words stand near which, weigh the
counts against chance (positive pointwise mutual information), and keep the leading singular
vectors. It needs no gradient, and a few seconds where word2vec needs minutes.
"""

from typing import Any

import numpy as np
from scipy.sparse import csr_array, eye_array
from sklearn.utils import check_random_state
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from skrnn.exceptions import InvalidInputError
from skrnn.sequences import PADDING, UNKNOWN

# Root mean square of the elements of a word's vector. All words have the same, so that no word
# starts out louder than another. On the IMDb training reviews an LSTM took 0.1 to 0.3 equally well,
# learned later from 0.03 and overfitted sooner from 1.
EMBEDDING_RMS = 0.2
# Below 1, rare contexts pass for likelier than they are: PMI overrates them otherwise.
CONTEXT_EXPONENT = 0.75
# Power of the singular values in the vectors: Levy et al. advise against 1, which PCA has.
SINGULAR_VALUE_EXPONENT = 0.5
# Singular values below this part of the largest are rounding errors, not dimensions.
RANK_TOLERANCE = 1e-4
# Part of the length of a vector that noise gets where the corpus has fewer dimensions than wanted.
NOISE = 0.1
# Pairs of words held at once in counting, and at most in the matrix (of 8 bytes each, twice).
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
    r"""Make word vectors from the sequences of token ids themselves.

    Words get similar vectors where they stand near the same words. The vectors are the leading
    left singular vectors, times the root of the singular values, of the positive pointwise
    mutual information between the words :math:`w` and the words :math:`c` of their contexts,

    .. math::

        M_{wc} = \max\left(0,\ \log \frac{n_{wc}\, \sum_{c'} n_{c'}^{\alpha}}
            {n_w\, n_c^{\alpha}}\right), \qquad \alpha = 0.75,

    with :math:`n_{wc}` the number of times that :math:`c` stands at most `window` places from
    :math:`w` in the same sequence, and :math:`n_w = \sum_c n_{wc}` [1]_. The singular vectors
    are computed by random projection [2]_.

    Parameters
    ----------
    sequences : Sequences
        Token ids, see :class:`skrnn.sequences.Sequences`. Labels play no part: reviews without
        a label are as good as those with one.
    vocabulary_size : int
        Number of ids, padding (0) and unknown word (1) included; every id is below it.
    dim : int, default=64
        Length of the vectors.
    window : int, default=10
        How many places to the left and to the right of a word are its context. Narrow windows
        tell rather which words can take each other's place, wide ones what a text is about.
    random_state : int, RandomState instance or None, default=None
        Determines the random projection and the noise. Pass an int for the same bytes at every
        call, in every process and with any number of threads. None draws afresh, and leaves
        NumPy's global generator alone.

    Returns
    -------
    vectors : ndarray of shape (vocabulary_size, dim) of float32
        Row i is the vector of the id i, with elements of root mean square 0.2.

        Row 0 is zero. Row 1 is what the sequences say of the id 1; if they do not hold it, the
        mean of the words' vectors, each weighed by the inverse of its frequency, since rare
        words are what an unknown word is most like. Words that the sequences do not hold get
        row 1 as well: to whoever learns from these sequences they are unknown words. Words that
        never stand near another have nothing to go by and get seeded noise, as has each
        dimension for which the corpus is too small.

    Raises
    ------
    ValueError
        If the sequences are not of token ids, an id is outside the vocabulary, or a size is
        out of range.

    Notes
    -----
    The pairs are counted word by word in blocks, so that memory goes with the number of distinct
    pairs (8 bytes each, held twice for a moment) rather than with that of tokens. Where they
    could be more than 2**27, only the most frequent words serve as contexts, as many as keep
    them below.

    The shift of [1]_ (``log k`` subtracted before the positive part), weights that fall with
    the distance within the window, and leaving out pairs that occur once all made the vectors
    worse on the IMDb training reviews, and are left out.

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
    # None is not scikit-learn's global generator: that is the caller's.
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
            "corpus_embeddings takes token ids, but the sequences are numeric. Only words have "
            "embeddings."
        )
    for name, value, least in (
        ("vocabulary_size", vocabulary_size, UNKNOWN + 1),
        ("dim", dim, 1),
        ("window", window, 1),
    ):
        if value < least:
            raise InvalidInputError(f"{name} must be at least {least}, got {value}.")
    if not len(sequences.values):
        raise InvalidInputError("corpus_embeddings got no tokens; give at least one sequence.")
    largest = int(sequences.values.max())
    if largest >= vocabulary_size:
        raise InvalidInputError(
            f"The sequences hold the id {largest}, outside the vocabulary of {vocabulary_size} "
            f"ids (0 to {vocabulary_size - 1}). Set vocabulary_size to at least {largest + 1}."
        )


def _positive_pmi(sequences, counts, window):
    """Weigh the counts of pairs against chance.

    Returns
    -------
    csr_array of float32 of shape (vocabulary_size, vocabulary_size)
        Padding has neither row nor column entries.
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
    """Count the pairs that each word is in, as float64 of shape (vocabulary_size,)."""
    lengths = sequences.lengths
    to_left = np.arange(len(sequences.values)) - np.repeat(sequences.offsets[:-1], lengths)
    to_right = np.repeat(lengths, lengths) - 1 - to_left
    pairs = np.minimum(to_left, window) + np.minimum(to_right, window)
    return np.bincount(sequences.values, pairs, minlength=vocabulary_size)


def _contexts(counts, neighbours, window):
    """Choose the most frequent words as contexts, as many as keep within MAX_PAIRS.

    A word has at most as many different contexts as there are, and as it has neighbours.
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
    """Count the words near each word, some rows of the matrix of pairs at a time.

    Yields
    ------
    first : int
        The word of the first of these rows.
    pairs : csr_array of shape (n_rows, vocabulary_size)
        How often each word stands near; column 0 counts places outside the sequence, and is
        not to be used.
    """
    # With as many zeros between sequences as the window is wide, every place has all its
    # neighbours, and those beyond an end of the sequence are padding.
    lengths = sequences.lengths
    gaps = window * (1 + np.repeat(np.arange(len(lengths)), lengths))
    places = np.arange(len(sequences.values)) + gaps
    contexts = np.zeros(len(sequences.values) + window * (len(lengths) + 1), dtype=np.int32)
    contexts[places] = np.where(is_context[sequences.values], sequences.values, PADDING)

    # The places of each word, word after word: SciPy's transposition is a counting sort.
    n_words = len(counts)
    by_word = csr_array((places, sequences.values, [0, len(places)]), shape=(1, n_words)).tocsc()
    places, starts = by_word.data, by_word.indptr.astype(np.int64)
    around = np.concatenate([np.arange(-window, 0), np.arange(1, window + 1)])
    tokens_a_block = max(1, PAIRS_A_BLOCK // len(around))

    # Multiplying by the identity adds up the entries of a row without sorting them.
    identity = eye_array(n_words, dtype=np.float32, format="csr")
    first = 0
    while first < n_words:
        last = np.searchsorted(starts, starts[first] + tokens_a_block, side="right") - 1
        if last > first:
            near = contexts[places[starts[first] : starts[last], None] + around].ravel()
            indptr = (starts[first : last + 1] - starts[first]) * len(around)
            ones = np.ones(len(near), dtype=np.float32)  # exact: a block has fewer than 2**24
            yield first, csr_array((ones, near, indptr), (last - first, n_words)) @ identity
        else:  # one word alone is more than a block
            last = first + 1
            total = np.zeros(n_words, dtype=np.int64)
            for start in range(starts[first], starts[last], tokens_a_block):
                some = places[start : min(start + tokens_a_block, starts[last]), None]
                total += np.bincount(contexts[some + around].ravel(), minlength=n_words)
            yield first, csr_array(total[None, :])
        first = last


def _singular_vectors(matrix, dim, rng):
    """Return the leading left singular vectors, weighted, as rows of length 1 (or 0).

    Returns
    -------
    ndarray of float32 of shape (n_words, rank)
        At most `dim` columns, fewer where the matrix has no more.
    """
    if not matrix.nnz:
        return np.zeros((matrix.shape[0], 0), dtype=np.float32)
    # The order in which BLAS adds, and so the last bits, would go with its number of threads.
    # Most of the time is spent in products with the sparse matrix, which have one thread anyhow.
    # Two power iterations instead of four would cost more accuracy than half of dim does: the
    # singular values of text fall slowly.
    with threadpool_limits(1, user_api="blas"):
        left, values, _ = randomized_svd(
            matrix, dim, n_iter=4, power_iteration_normalizer="QR", random_state=rng
        )
    rank = int((values > RANK_TOLERANCE * values[0]).sum())
    vectors = left[:, :rank] * values[:rank] ** SINGULAR_VALUE_EXPONENT
    vectors[np.diff(matrix.indptr) == 0] = 0  # not rounding errors of zero
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norms, where=norms > 0, out=vectors)
