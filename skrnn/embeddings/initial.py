"""Initial values of a token embedding: vectors of the corpus, or pretrained ones."""

import reprlib

import numpy as np

from skrnn.caching.store import shared
from skrnn.exceptions import InvalidInputError
from skrnn.sequences import PADDING, UNKNOWN
from skrnn.sequences.joining import joined


def initial_embeddings(source, sequences, unlabeled, *, vocabulary_size, dim, seed, name):
    """Return the initial values of an embedding.

    Parameters
    ----------
    source : None, "corpus", path, mapping or ndarray
        The parameter `embeddings` of an estimator.
    sequences : Sequences
        Token ids of the training rows.
    unlabeled : Sequences or None
        Token ids of unlabelled rows.
    vocabulary_size, dim : int
        Shape of the embedding; `dim` is ignored if the vectors have a size of their own.
    seed : int
        Determines the vectors of words that have none.
    name : str
        Name of the estimator, for errors.

    Returns
    -------
    vectors : ndarray of shape (vocabulary_size, n_dims) of float32, or None
        None means that Keras initializes the embedding.
    coverage : EmbeddingCoverage or None
        Coverage of the vocabulary, if the vectors are looked up by word.

    Raises
    ------
    ValueError
        If the vectors do not fit the vocabulary, or the words of X are not known.
    """
    if source is None:
        return None, None
    if isinstance(source, str) and source == "corpus":
        from skrnn.embeddings import corpus_embeddings

        corpus = joined(sequences, unlabeled)
        vectors = shared(
            "corpus vectors",
            [corpus, vocabulary_size, dim, seed],
            lambda: corpus_embeddings(corpus, vocabulary_size, dim, random_state=seed),
        )
        return vectors, None
    from skrnn.embeddings import EmbeddingCoverage, read_embeddings

    is_array = isinstance(source, np.ndarray | list | tuple)
    if np.ma.is_masked(source):
        raise InvalidInputError(
            f"embeddings of {name} has masked values. Fill them, for example by "
            "embeddings.filled(0.0)."
        )
    words = sequences.words
    if words is None and not is_array:
        raise InvalidInputError(
            f"embeddings={reprlib.repr(source)} of {name} are looked up by word, but X has only "
            "token ids. Pass the output of TextToSequence as X, or embeddings as an array of shape "
            f"({vocabulary_size}, n_dims) with row i for the id i."
        )
    words = [] if is_array else list(words)
    words += [None] * (vocabulary_size - len(words))
    vectors, found = read_embeddings(source, words)
    if is_array:
        return vectors, None
    missing = ~found
    missing[PADDING] = False
    rng = np.random.default_rng(seed)
    noise = rng.normal(0.0, vectors[found].std(), (int(missing.sum()), vectors.shape[1]))
    vectors[missing] = noise
    counts = np.bincount(joined(sequences, unlabeled).values, minlength=vocabulary_size)
    # Training does not change the vectors of words that it does not see: to the network, those
    # without a pretrained vector are unknown words, not words of a random meaning.
    unseen = missing & (counts == 0)
    unseen[UNKNOWN] = False
    vectors[unseen] = vectors[UNKNOWN]
    counts = np.bincount(sequences.values, minlength=vocabulary_size)
    return vectors, EmbeddingCoverage.measure(words, found, counts)
