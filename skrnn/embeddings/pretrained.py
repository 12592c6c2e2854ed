"""read_embeddings: pretrained word vectors for the words of a vocabulary, from any source."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from skrnn.embeddings.files import read_file
from skrnn.embeddings.lookup import Lookup, check_vector, show, spellings
from skrnn.exceptions import InvalidInputError, InvalidTypeError


def read_embeddings(source: Any, words: Sequence[str | None]) -> tuple[np.ndarray, np.ndarray]:
    """Look up pretrained vectors for words.

    A file's format is told from its content, whatever its name. It is read once and as a stream:
    memory holds the vectors of the words that are found, not the file.

    Parameters
    ----------
    source : path, mapping or array-like
        One of

        - the path of a text file of GloVe [1]_ (no header), or of word2vec [2]_ or fastText
          [3]_ (a header tells the number and length of the vectors);
        - the path of a word2vec binary file;
        - one of these compressed with gzip;
        - the path of a fastText model (``.bin``), which has vectors for words outside its own
          vocabulary too, made of their parts;
        - a mapping of words to vectors: a dict, or anything else with ``in`` and ``[]``, such as
          the KeyedVectors of gensim;
        - an array of shape (n_words, dim), whose rows are taken as they are.

    words : sequence of str or None
        The word of each row of the result; None for rows without a word (padding, unknown). See
        ``words`` of :class:`skrnn.sequences.TokenArray`.

    Returns
    -------
    vectors : ndarray of shape (n_words, dim) of float32
        The vectors, zero where none was found.
    found : ndarray of shape (n_words,) of bool
        For which rows there was one; all of them for an array.

    Raises
    ------
    ValueError
        If the source is in none of these forms, is empty, cut off or damaged, has vectors of
        different lengths or with NaN or infinity, or has none of the words. It names the file
        and the line (or the number of the vector), what was found, what is wanted and the way
        out. What is not wanted of a file is checked only as far as finding the rest needs it.
    TypeError
        If a source is no path, mapping or array.
    OSError
        If a file cannot be opened.

    Notes
    -----
    A word is looked up as it is; if there is none, in lower case, capitalised, and in upper case,
    in this order: "paris" finds "Paris" where only that has a vector, as in vectors trained on
    text with its capitals. Of words that a file holds twice the first counts. Words with blanks
    in them, as in the 840B vectors of GloVe, are read as such; bytes that are no valid UTF-8
    match nothing and do no harm.

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
        lookup = _lookup(words)
        dim = read_file(os.fspath(source), lookup)
        name = os.fspath(source)
    elif isinstance(source, np.ndarray | list | tuple):
        return _take_rows(source, words)
    elif hasattr(source, "__contains__") and hasattr(source, "__getitem__"):
        lookup = _lookup(words)
        name = f"the {type(source).__name__} of vectors"
        dim = _read_mapping(source, words, lookup, name)
    else:
        raise InvalidTypeError(
            f"Vectors come from a path, a mapping of words to vectors or an array; got a "
            f"{type(source).__name__}."
        )
    vectors, found = lookup.result(dim)
    if not found.any():
        some = ", ".join(show(word) for word in [w for w in words if w is not None][:5])
        raise InvalidInputError(
            f"None of the words has a vector in {name}: not {some}. Is it of another language, or "
            "are the tokens no words (characters, parts of words)?"
        )
    return vectors, found


def _lookup(words):
    if all(word is None for word in words):
        raise InvalidInputError(
            "The words of the token ids are not known, so that no vectors can be looked up. Pass "
            "what TextToSequence returns as it is (sparse_output=True), or an array with a row "
            "for each id."
        )
    return Lookup(words)


def _take_rows(source, words):
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
            f"{len(words)} ids. Wanted is one row for each id: 0 is padding, 1 the unknown word, "
            "words start at 2."
        )
    with np.errstate(over="ignore"):
        vectors = array.astype(np.float32)  # a copy: the caller's stays his
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
        vector = np.asarray(source[form])
        if vector.dtype.kind not in "biuf" or vector.ndim != 1 or not vector.size:
            raise InvalidInputError(
                f"{name} gives {show(form)} {vector.dtype} of shape {vector.shape}; wanted are "
                "numbers of shape (dim,)."
            )
        if dim is None:
            dim, first = len(vector), form
        if len(vector) != dim:
            raise InvalidInputError(
                f"{name} gives {show(form)} {len(vector)} numbers, but {show(first)} {dim}; wanted "
                "are as many for each word."
            )
        lookup.put_row(row, check_vector(vector, name, form))
    return dim or 0
