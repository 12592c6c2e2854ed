"""Vectors from a fastText model (.bin): the mean of a word's vector and those of its n-grams.

A word that was not in the training text has n-grams that were: "unputdownable" has a vector.
"""

import mmap
import os
import struct

import numpy as np

from skrnn.embeddings.lookup import check_vector, show
from skrnn.exceptions import InvalidInputError

MAGIC = struct.pack("<i", 793712314)
_VERSIONS = (11, 12)
MAX_PART = 100
_SUPERVISED = 3
_END_OF_LINE = b"</s>"  # fastText's own word; it has no parts
_ENTRY = struct.Struct("<qb")
_WORD = 0  # type of an entry; the others are labels


def read_fasttext(path, file, lookup):
    """Read the vectors that a `Lookup` needs from a fastText model; return their dimension.

    As in fastText, the vector of a word is the mean of the vectors of the word itself (if the model
    has it) and of all its character n-grams.

    Parameters
    ----------
    path : str or path-like
        For error messages.
    file : binary file
        It is mapped into memory, and only the vectors that are needed are read.
    lookup : Lookup

    Returns
    -------
    dim : int

    Raises
    ------
    ValueError
        If the model is quantized, truncated or damaged, or has an unknown version.

    References
    ----------
    P. Bojanowski, E. Grave, A. Joulin, T. Mikolov, "Enriching Word Vectors with Subword
    Information", TACL 5, 2017. https://arxiv.org/abs/1607.04606
    """
    size = os.fstat(file.fileno()).st_size
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return _read(path, data, size, lookup)
        except struct.error:
            raise _cut_off(path, size) from None


def _cut_off(path, size):
    return ValueError(
        f"{path} is truncated or damaged: the fastText model does not end with the file, at "
        f"{size} bytes. Download it again."
    )


def _read(path, data, size, lookup):
    version, dim, _, _, _, _, _, _, model, bucket, minn, maxn, _ = struct.unpack_from(
        "<13i", data, 4
    )
    if version not in _VERSIONS:
        raise InvalidInputError(
            f"{path} is a fastText model of version {version}, but must have version 11 or 12. "
            "Pass its text file (.vec) instead, or convert it with fastText."
        )
    if maxn > MAX_PART:  # the parts of a word would be as many as the square of its length
        raise InvalidInputError(
            f"{path} is damaged: its n-grams have up to {maxn} characters, but fastText's have a "
            f"few, and here at most {MAX_PART}. Download it again."
        )
    if version == 11 and model == _SUPERVISED:
        maxn = 0  # such models have no n-grams, even if the header has a length
    at = 4 + 13 * 4 + 8
    ids, n_words, n_pruned, at = _read_dictionary(path, data, size, at, lookup)
    (quantised,) = struct.unpack_from("<?", data, at)
    if quantised:
        raise InvalidInputError(
            f"{path} is a quantized fastText model (.ftz), whose vectors are compressed. Pass the "
            "model that was quantized, or its text file (.vec)."
        )
    n_rows, n_columns = struct.unpack_from("<2q", data, at + 1)
    at += 1 + 16
    has_parts = maxn > 0 and n_pruned != 0
    wanted_rows = n_words + (bucket if has_parts else 0)
    if dim < 1 or n_columns != dim or n_rows < wanted_rows or (has_parts and bucket < 1):
        raise InvalidInputError(
            f"{path} is damaged: it has {n_rows} vectors of {n_columns} numbers, but needs "
            f"{wanted_rows} of {dim} for {n_words} words and {bucket} buckets of n-grams. Download "
            "it again."
        )
    if at + 4 * n_rows * n_columns > size:
        raise _cut_off(path, size)

    def vector_of(word, row):
        own = [] if row is None else [row]
        parts = part_ids(word, minn, maxn, bucket) if has_parts and word != _END_OF_LINE else []
        rows = own + [n_words + part for part in parts]
        if not rows:
            return None
        total = np.zeros(dim)
        for row in rows:
            total += np.frombuffer(data, "<f4", dim, at + 4 * dim * row)
        return check_vector(total / len(rows), path, word)

    for word, row in ids.items():
        lookup.put(word, vector_of(word, row))
        if not lookup:
            break
    for row, word in list(lookup.missing()):
        vector = vector_of(word, None)
        if vector is not None:
            lookup.put_row(row, vector)
    return dim


def _read_dictionary(path, data, size, at, lookup):
    """Read the dictionary, and return the ids of the words that are needed."""
    n_entries, n_words, n_labels, _, n_pruned = struct.unpack_from("<3i2q", data, at)
    at += 28
    # Each entry has at least ten bytes.
    if min(n_entries, n_words, n_labels) < 0 or n_words + n_labels != n_entries:
        raise InvalidInputError(
            f"{path} is damaged: its dictionary has {n_entries} entries, but {n_words} words and "
            f"{n_labels} labels. Download it again."
        )
    ids = {}
    for entry in range(n_entries):
        end = data.find(b"\0", at)
        if end < 0:
            raise _cut_off(path, size)
        word = data[at:end]
        _, kind = _ENTRY.unpack_from(data, end + 1)
        at = end + 1 + _ENTRY.size
        if kind == _WORD:
            if entry >= n_words:
                raise InvalidInputError(
                    f"{path} is damaged: entry {entry + 1} of its dictionary is the word "
                    f"{show(word)}, but there should be {n_words} words and then labels. Download "
                    "it again."
                )
            if word in lookup:
                ids.setdefault(word, entry)
    if n_pruned > size:  # more than the file has, and maybe more than an index can be
        raise _cut_off(path, size)
    at += 8 * max(n_pruned, 0)
    return ids, n_words, n_pruned, at


def part_ids(word, minn, maxn, bucket):
    """Return the numbers that fastText assigns to the character n-grams of a word.

    Parameters
    ----------
    word : bytes
        In UTF-8.
    minn, maxn : int
        Smallest and largest length of an n-gram, in characters.
    bucket : int
        Number of buckets.

    Returns
    -------
    list of int
        One for each n-gram of ``<word>``, except "<" and ">" alone.
    """
    word = b"<" + word + b">"
    # A character begins at each byte that does not continue one.
    starts = [i for i, byte in enumerate(word) if byte & 0xC0 != 0x80] + [len(word)]
    n_characters = len(starts) - 1
    numbers = []
    for first in range(n_characters):
        for n in range(max(minn, 1), min(maxn, n_characters - first) + 1):
            if n == 1 and (first == 0 or first == n_characters - 1):
                continue
            numbers.append(_hash(word[starts[first] : starts[first + n]]) % bucket)
    return numbers


def _hash(part):
    """Return FNV-1a of 32 bits over signed bytes, on which fastText's models depend."""
    value = 2166136261
    for byte in part:
        value ^= byte if byte < 128 else byte | 0xFFFFFF00
        value = value * 16777619 & 0xFFFFFFFF
    return value
