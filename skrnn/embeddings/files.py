"""Read vectors from files: GloVe, word2vec as text and binary, plain, or in a gzip or zip file.

A file is read once, as a stream. No memory is allocated because a header says so: the bytes that
follow have to agree with it.
"""

import gzip
import io
import zipfile
import zlib
from contextlib import contextmanager
from typing import Any

import numpy as np

from skrnn.embeddings.fasttext import MAGIC, read_fasttext
from skrnn.embeddings.lookup import check_vector, show
from skrnn.exceptions import InvalidInputError

MAX_DIM = 100_000
# A line with a word and that many numbers is shorter. Other files may have no lines at all.
_LINE_BYTES = 2**22
_CHUNK_BYTES = 2**20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FORMATS = "a text file of GloVe, word2vec or fastText, a word2vec binary or a fastText .bin"
_ZIP = b"PK\x03\x04"
# Other kinds of files: how they begin, what they are, and what to do.
_OTHERS = (
    (b"BZh", "compressed with bzip2", "Unpack it, or compress it with gzip."),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it, or compress it with gzip."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it, or compress it with gzip."),
    (b"\x93NUMPY", "a NumPy array", "Pass np.load(path), with a row for each id."),
    (b"\x80", "a pickle", "Load it with what wrote it (gensim: KeyedVectors.load) and pass that."),
)


def read_file(path, lookup, member=None):
    """Read the vectors that a `Lookup` needs from a file; return their dimension.

    Parameters
    ----------
    path : str or path-like
    lookup : Lookup or FirstWords
    member : str or None, default=None
        The file to read in a zip archive; None if the archive has one file. Nothing is unpacked to
        the disk.

    Raises
    ------
    ValueError
        If the file has an unknown format or is damaged.
    """
    with open(path, "rb") as file:
        head = file.peek(8)[:8]
        if not head:
            raise InvalidInputError(f"{path} is empty. Pass {_FORMATS}.")
        if head.startswith(MAGIC):
            return read_fasttext(path, file, lookup)
        if head.startswith(_ZIP):
            with _error_if_damaged(path, "zip archive"), zipfile.ZipFile(file) as archive:
                name = _member_of(path, archive, member)
                # A buffer finds the ends of lines much faster than zipfile does.
                raw: Any = archive.open(name)
                with io.BufferedReader(raw, 2**16) as unpacked:
                    return _read_unpacked(f"{path} ({name})", unpacked, lookup)
        if not head.startswith(b"\x1f\x8b"):
            return _read_stream(path, file, lookup)
        with _error_if_damaged(path, "gzip stream"), gzip.open(file) as unpacked:
            return _read_unpacked(path, unpacked, lookup)


def _read_unpacked(path, file, lookup):
    head = file.peek(8)[:8]
    if not head:
        raise InvalidInputError(f"{path} is empty once unpacked. Pass {_FORMATS}.")
    if head.startswith(MAGIC):
        raise InvalidInputError(
            f"{path} is a compressed fastText .bin, which cannot be read as a stream. Unpack it "
            "(gunzip, unzip)."
        )
    return _read_stream(path, file, lookup)


def _member_of(path, archive, member):
    """Return the name of the file to read in a zip archive."""
    names = [one.filename for one in archive.infolist() if not one.is_dir()]
    if member is None and len(names) == 1:
        return names[0]
    found = next((one for one in names if member in (one, one.rpartition("/")[2])), None)
    if found is not None:
        return found
    listed = ", ".join(map(show, names[:10])) or "none"
    if member is None:
        raise InvalidInputError(
            f"{path} is a zip archive of {len(names)} files ({listed}), of which one must be "
            "chosen. Unpack it and name the file of vectors in it, or pass member= to "
            "WordVectors.from_file."
        )
    raise InvalidInputError(
        f"{path} is a zip archive without the file {show(member)}; its files are {listed}. Delete "
        "it and download it again, or name another file."
    )


@contextmanager
def _error_if_damaged(path, what):
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise InvalidInputError(
            f"{path} is damaged: its {what} cannot be unpacked ({error}). Delete it and download "
            "it again."
        ) from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile: encrypted, unknown method
        raise InvalidInputError(
            f"{path} cannot be unpacked: {error}. Unpack it with another program."
        ) from error


def _read_stream(path, file, lookup):
    head = file.peek(8)[:8]
    for start, what, way_out in _OTHERS:
        if head.startswith(start):
            raise InvalidInputError(f"{path} is {what}, but must be {_FORMATS}. {way_out}")
    first = _read_line(path, file, 1)
    header = first.removeprefix(_BYTE_ORDER_MARK).split()
    if len(header) != 2 or not all(field.isdigit() for field in header):
        return _read_text(path, file, lookup, first=first)
    n_claimed, dim = (int(field[:19]) for field in header)
    if not 1 <= dim <= MAX_DIM:
        raise InvalidInputError(
            f"{path}, line 1: the header {show(first.strip())} says that a vector has {dim} "
            f"numbers, but it must have 1 to {MAX_DIM}. Pass {_FORMATS}."
        )
    second = file.readline(_LINE_BYTES)
    if not second and n_claimed:
        raise _too_few(path, n_claimed, 0)
    if _is_text(second, file.peek(4096)[:4096], dim):
        return _read_text(path, file, lookup, first=second, dim=dim, n_claimed=n_claimed)
    return _read_binary(path, file, lookup, second, dim, n_claimed)


def _read_line(path, file, number):
    line = file.readline(_LINE_BYTES)
    if len(line) == _LINE_BYTES and not line.endswith(b"\n"):
        raise InvalidInputError(
            f"{path}, line {number}: the line is longer than {_LINE_BYTES} bytes, too long for a "
            f"vector as text. Pass {_FORMATS}."
        )
    return line


def _too_few(path, n_claimed, n_read):
    return ValueError(
        f"{path} ends after {n_read} vectors, but its header says {n_claimed}. Download it again; "
        "if you have shortened it, write the number of vectors into its first line."
    )


# --- Text -------------------------------------------------------------------------------


def _is_text(line, more, dim):
    """Return whether a line after the header, and some bytes after it, are text."""
    fields = _fields(line)
    if len(fields) > dim and all(map(_is_number, fields[-dim:])):
        return True
    # Text with an error is still text: the error names its line. Binary vectors have control
    # characters within a few bytes.
    return not any(byte < 32 and byte not in b"\t\n\r" for byte in line + more)


def _fields(line):
    """Split at blanks and tabs only: a word may contain any other white space."""
    return [field for field in line.rstrip(b"\r\n").replace(b"\t", b" ").split(b" ") if field]


def _is_number(field):
    try:
        float(field)
    except ValueError:
        return False
    return True


def _read_text(path, file, lookup, *, first, dim=None, n_claimed=None):
    number = 1 if n_claimed is None else 2
    start = number
    line = first.removeprefix(_BYTE_ORDER_MARK)
    if dim is None:
        dim = _first_dim(path, line)
    while line:
        line = line.rstrip(b" \t\r\n")
        if line:
            word, blank, numbers = line.partition(b" ")
            if not blank or numbers.count(b" ") != dim - 1 or b"\t" in line:
                word, numbers = _split_oddly(path, number, line, dim)
            if word in lookup:
                vector = _parse(f"{path}, line {number}", word, numbers, dim)
                lookup.put(word, vector)
                if not lookup:
                    return dim
        else:
            start += 1  # an empty line counts as a line, but not as a vector
        number += 1
        line = _read_line(path, file, number)
    if n_claimed is not None and number - start < n_claimed:
        raise _too_few(path, n_claimed, number - start)
    return dim


def _first_dim(path, line):
    """Count the numbers after the word in the first line."""
    fields = _fields(line)
    dim = 0
    while dim < len(fields) - 1 and _is_number(fields[-1 - dim]):
        dim += 1
    if not 1 <= dim <= MAX_DIM:
        raise InvalidInputError(
            f"{path}, line 1: expected a word and the numbers of its vector, found "
            f"{show(line.strip())}. Pass {_FORMATS}."
        )
    return dim


def _split_oddly(path, number, line, dim):
    """Split a line that is not a word and numbers with single blanks between them."""
    fields = _fields(line)
    # A few words of GloVe 840B have blanks: ". . .", "at name@domain.com". None ends in a number.
    if len(fields) < dim + 1 or (len(fields) > dim + 1 and _is_number(fields[-dim - 1])):
        n_numbers = 0
        while n_numbers < len(fields) - 1 and _is_number(fields[-1 - n_numbers]):
            n_numbers += 1
        raise InvalidInputError(
            f"{path}, line {number}: {show(fields[0])} has {n_numbers} numbers, but the lines "
            f"before have {dim}. The file is damaged or truncated: download it again, or remove "
            "that line."
        )
    return b" ".join(fields[:-dim]), b" ".join(fields[-dim:])


def _parse(where, word, numbers, dim):
    fields = numbers.split(b" ")
    try:
        vector = [float(field) for field in fields]
    except ValueError:
        wrong = next(field for field in fields if not _is_number(field))
        raise InvalidInputError(
            f"{where}: the vector of {show(word)} has {show(wrong)}, which is not a number. The "
            "file is damaged: download it again, or remove that line."
        ) from None
    return check_vector(vector, where, word)


# --- word2vec binary --------------------------------------------------------------------


def _read_binary(path, file, lookup, start, dim, n_claimed):
    """Read words, each followed by a blank and its vector as little-endian float32."""
    n_bytes = 4 * dim
    chunk, at = start, 0
    for n_read in range(n_claimed):
        while (blank := chunk.find(b" ", at)) < 0 or len(chunk) < blank + 1 + n_bytes:
            more = file.read(_CHUNK_BYTES)
            if not more:
                raise _too_few(path, n_claimed, n_read)
            chunk, at = chunk[at:] + more, 0
            if chunk.find(b" ") < 0 and len(chunk) > _LINE_BYTES:
                raise InvalidInputError(
                    f"{path}: the word of vector {n_read + 1} does not end with a blank within "
                    f"{len(chunk)} bytes. Pass {_FORMATS}."
                )
        word = chunk[at:blank].lstrip(b"\n")  # some writers end a vector with a new line
        at = blank + 1 + n_bytes
        if word in lookup:
            vector = np.frombuffer(chunk, dtype="<f4", count=dim, offset=blank + 1)
            where = f"{path}, vector {n_read + 1}"
            lookup.put(word, check_vector(vector, where, word).copy())
            if not lookup:
                break
    return dim
