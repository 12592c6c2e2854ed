"""read_embeddings: pretrained word vectors for the words of a vocabulary."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from skrnn.embeddings.files import read_file
from skrnn.embeddings.lookup import Lookup, check_vector, show, spellings
from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.paths import local_path


def read_embeddings(source: Any, words: Sequence[str | None]) -> tuple[np.ndarray, np.ndarray]:
    """Look up pretrained vectors for words.

    The format of a file is recognized by its content, not by its name. A file is read once, as a
    stream: only the vectors of the words that are found are in memory, not the file.

    Parameters
    ----------
    source : path, mapping or array-like
        One of

        - the path of a text file of GloVe [1]_ (no header), or of word2vec [2]_ or fastText
          [3]_ (with the number and the length of the vectors in a header);
        - the path of a word2vec binary file;
        - the path of one of these compressed with gzip, or alone in a zip archive;
        - the path of a fastText model (``.bin``), which also has vectors for words outside its
          vocabulary, made of their character n-grams;
        - a mapping of words to vectors: a dict, :class:`WordVectors`, or any object with ``in``
          and ``[]``, such as the KeyedVectors of gensim;
        - an array of shape (n_words, dim), whose rows are the vectors.

    words : sequence of str or None
        The word of each row of the result, None for rows without a word (padding, unknown). See
        ``words`` of :class:`skrnn.sequences.TokenArray`.

    Returns
    -------
    vectors : ndarray of shape (n_words, dim) of float32
        The vectors; zeros for words without a vector.
    found : ndarray of shape (n_words,) of bool
        Whether there is a vector for each row; always True for an array.

    Raises
    ------
    ValueError
        If the source has none of these forms, is empty, truncated or damaged, has vectors of
        different lengths or with NaN or infinity, or has none of the words. The message has the
        file and the line or the number of the vector. Vectors of other words are checked only as
        far as reading the file needs it.
    TypeError
        If `source` is not a path, mapping or array.
    OSError
        If the file cannot be opened.

    Notes
    -----
    A word is looked up as it is, then in lower case, capitalized, and in upper case: "paris"
    finds "Paris" if only that has a vector, as in vectors that were trained on text with upper
    case letters. If a file has a word twice, the first vector is used. Words can contain blanks,
    as in the 840B vectors of GloVe. Bytes that are not valid UTF-8 match no word.

    References
    ----------
    .. [1] J. Pennington, R. Socher, C. D. Manning, "GloVe: Global Vectors for Word
       Representation", EMNLP 2014. https://nlp.stanford.edu/projects/glove/
    .. [2] T. Mikolov, I. Sutskever, K. Chen, G. Corrado, J. Dean, "Distributed Representations
       of Words and Phrases and their Compositionality", NeurIPS 2013.
       https://arxiv.org/abs/1310.4546
    .. [3] P. Bojanowski, E. Grave, A. Joulin, T. Mikolov, "Enriching Word Vectors with Subword
       Information", TACL 5, 2017. https://arxiv.org/abs/1607.04606

    Examples
    --------
    >>> from skrnn.embeddings import read_embeddings
    >>> vectors, found = read_embeddings({"film": [1, 2], "Paris": [3, 4]}, [None, "paris", "plot"])
    >>> vectors
    array([[0., 0.],
           [3., 4.],
           [0., 0.]], dtype=float32)
    >>> found
    array([False,  True, False])
    """
    if isinstance(source, str | os.PathLike):
        local_path(source, "embeddings")
        lookup = _lookup(words)
        dim = read_file(os.path.expanduser(os.fspath(source)), lookup)
        name = os.fspath(source)
    elif isinstance(source, np.ndarray | list | tuple):
        return _take_rows(source, words)
    elif hasattr(source, "__contains__") and hasattr(source, "__getitem__"):
        lookup = _lookup(words)
        name = f"the {type(source).__name__} of vectors"
        dim = _read_mapping(source, words, lookup, name)
    else:
        raise InvalidTypeError(
            "Vectors must be a path, a mapping of words to vectors or an array, got a "
            f"{type(source).__name__}."
        )
    vectors, found = lookup.result(dim)
    if not found.any():
        raise none_found(words, name)
    return vectors, found


def none_found(words, name):
    """Return the error to raise if none of the words has a vector."""
    some = ", ".join(show(word) for word in [w for w in words if w is not None][:5])
    return InvalidInputError(
        f"None of the words has a vector in {name}, for example {some}. Check that the vectors "
        "are for the same language, and that the tokens are words, not characters or parts of "
        "words."
    )


def _lookup(words):
    if all(word is None for word in words):
        raise InvalidInputError(
            "Vectors cannot be looked up, since the words of the token ids are not known. Pass the "
            "output of TextToSequence(sparse_output=True), or the vectors as an array with a row "
            "for each id."
        )
    return Lookup(words)


def _take_rows(source, words):
    rows = source if isinstance(source, list | tuple) else [source]
    if any(map(np.ma.is_masked, rows)):
        raise InvalidInputError(
            "The array of vectors has masked values. Fill them, for example by vectors.filled(0.0)."
        )
    try:
        array = np.asarray(source)
        numeric = array.dtype.kind in "biuf"
    except ValueError:  # rows of different lengths
        numeric = False
    if not numeric or array.ndim != 2:
        raise InvalidInputError(
            "Vectors as an array must be numbers of shape (n_words, dim), got "
            + (f"{array.dtype} of shape {array.shape}." if numeric else f"{type(source).__name__}.")
        )
    if array.shape[0] != len(words) or not array.shape[1]:
        raise InvalidInputError(
            f"The array of vectors has the shape {array.shape}, but the vocabulary has "
            f"{len(words)} ids. Pass one row for each id: 0 is padding, 1 the unknown word, and "
            "words start at 2."
        )
    with np.errstate(over="ignore"):
        vectors = array.astype(np.float32)  # a copy, since it may be changed
    bad = ~np.isfinite(vectors).all(axis=1)
    if bad.any():
        check_vector(vectors[bad.argmax()], f"Row {bad.argmax()} of the array", words[bad.argmax()])
    return vectors, np.ones(len(words), dtype=bool)


def _read_mapping(source, words, lookup, name):
    dim, first = None, None
    for row, word in enumerate(words):
        if word is None:
            continue
        form = next((form for form in spellings(word) if form in source), None)
        if form is None:
            continue
        vector = source[form]
        if np.ma.is_masked(vector):
            raise InvalidInputError(
                f"In {name}, the vector of {show(form)} has masked values. Fill them, or leave the "
                "word out."
            )
        vector = np.asarray(vector)
        if vector.dtype.kind not in "biuf" or vector.ndim != 1 or not vector.size:
            raise InvalidInputError(
                f"In {name}, the vector of {show(form)} is {vector.dtype} of shape {vector.shape}, "
                "but must be numbers of shape (dim,)."
            )
        if dim is None:
            dim, first = len(vector), form
        if len(vector) != dim:
            raise InvalidInputError(
                f"In {name}, the vector of {show(form)} has {len(vector)} numbers, but that of "
                f"{show(first)} has {dim}. All vectors must have the same length."
            )
        lookup.put_row(row, check_vector(vector, name, form))
    return dim or 0
