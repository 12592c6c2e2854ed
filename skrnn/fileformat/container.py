"""One file of JSON and arrays, with a checksum for every part.

A zip archive with exactly these parts, in this order, uncompressed:

- ``manifest.json``: ``{"format": 2, "versions": {"skrnn": ..., ...}, "parts": {name: {"size": ...,
  "sha256": ...}}}``. In every future format it remains the first part, with the same first two
  keys, so that an older skrnn can report which version wrote the file.
- ``document.json``: the document, any JSON.
- ``arrays.safetensors``: the arrays, in the format of https://github.com/safetensors/safetensors.

The comment of the archive has the digest of the manifest. Reading runs and imports nothing that a
file names, and memory is bounded by the size of the file: parts are not compressed, arrays are as
large as their bytes, and JSON becomes a tree of at most about thirty times its bytes.
"""

import hashlib
import os
import platform
import stat

import numpy as np
import safetensors
import safetensors.numpy

import skrnn
from skrnn.backend.versions import version_of
from skrnn.exceptions import InvalidFileError, InvalidInputError, InvalidTypeError
from skrnn.fileformat import archive, strict_json
from skrnn.fileformat.errors import shown
from skrnn.fileformat.replacing import checked_path, replace_file
from skrnn.fileformat.streams import (
    Sink,
    Source,
    check_readable,
    check_writable,
    is_open_file,
    name_of,
)

__all__ = ["FORMAT", "read", "write"]

FORMAT = 2
MANIFEST, DOCUMENT, ARRAYS = "manifest.json", "document.json", "arrays.safetensors"
_COMMENT = "skrnn; sha256 of manifest.json: {}"
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "keras", "tensorflow", "safetensors")
_MAX_MANIFEST = 1 << 16
# About 10,000 arrays. An empty array takes 60 bytes in a file and 500 in a process.
_MAX_ARRAYS_HEADER = 1 << 20
_DTYPES = {
    "BOOL": "bool",
    **{f"{kind}{8 * n}": f"{kind.lower()}{n}" for kind in "IU" for n in (1, 2, 4, 8)},
    **{f"F{8 * n}": f"f{n}" for n in (2, 4, 8)},
}


def write(path, document, arrays, *, check=None, verify=None):
    """Write a file; an existing one of that name stays intact until the new one is complete.

    The same content, written by the same versions, gives the same bytes. These are read back before
    anything is written.

    Parameters
    ----------
    path : str, bytes, path-like or binary file
        If it is a link, its target is replaced. A file that is open is written to from where it
        stands, and stays open.
    document : dict
        A tree of dict with str keys, list, str, int, float (including NaN and infinity), bool and
        None.
    arrays : dict of str to ndarray
        Of bool, integers, or floats of 16 to 64 bits; any shape and order.
    check : callable or None, default=None
        Called with the path of the complete new file before it takes the place of an existing one.
        If it raises an error, the new file is removed and the existing one stays.
        Not called for a file that is open.
    verify : callable or None, default=None
        Takes the document and the arrays that were read back, before anything is written, and
        raises an error if they are not what they should be.

    Raises
    ------
    TypeError, ValueError
        If the document or an array cannot be written, or is another one when it is read back.
    OSError
        If the disk is full or the folder is missing. An existing file is left unchanged.
    """
    is_open = is_open_file(path)
    if is_open:
        check_writable(path)
    else:
        path = checked_path(path)
    contents = {DOCUMENT: strict_json.dumps(document), ARRAYS: _pack(arrays)}
    _read_back(contents, document, arrays, verify)
    manifest = strict_json.dumps(
        {
            "format": FORMAT,
            "versions": _versions(),
            "parts": {
                name: {"size": len(content), "sha256": _digest(content)}
                for name, content in contents.items()
            },
        }
    )
    parts = [(MANIFEST, manifest), *contents.items()]

    if is_open:
        archive.write_parts(Sink(path), parts, _comment(manifest))
    else:
        replace_file(path, lambda file: archive.write_parts(file, parts, _comment(manifest)), check)


def _read_back(contents, document, arrays, verify):
    """Check that the bytes of a file are read as what they were made of."""
    found = strict_json.loads(contents[DOCUMENT], DOCUMENT)
    place = strict_json.difference(found, document)
    if place is not None:
        raise InvalidInputError(
            f"{place} is read back from a file as another value than it has, so nothing was "
            "written. A str with both halves of a character (surrogates) is the usual reason: "
            "join them with s.encode('utf-16', 'surrogatepass').decode('utf-16')."
        )
    unpacked = _unpack(contents[ARRAYS])
    name = odd_array(unpacked, arrays)
    if name is not None:
        raise InvalidInputError(
            f"The array {name!r} is read back from a file as another one, so nothing was written."
        )
    if verify is not None:
        verify(found, unpacked)


def read(path):
    """Read what `write` has written.

    Parameters
    ----------
    path : str, bytes, path-like or binary file
        A file that is open is read from where it stands to where the content ends, and stays open.

    Returns
    -------
    document : dict
        The document that was passed to `write`.
    arrays : dict of str to ndarray
        In C order and the machine's byte order.

    Raises
    ------
    InvalidFileError
        If the content differs in any way from what `write` writes.
    OSError
        If the file is missing, is a folder, or may not be read.
    """
    is_open = is_open_file(path)
    try:
        if is_open:
            check_readable(path)
            contents = _read_parts(Source(path))
        else:
            with open(checked_path(path), "rb") as file:
                about = os.stat(file.fileno())
                # Only of a regular file, the size is known before it was read.
                size = about.st_size if stat.S_ISREG(about.st_mode) else None
                contents = _read_parts(Source(file, size))
        document = strict_json.loads(contents[DOCUMENT], DOCUMENT)
        if type(document) is not dict:
            raise InvalidFileError(f"Got {shown(document)} instead of an object.", DOCUMENT)
        return document, _unpack(contents[ARRAYS])
    except InvalidFileError as error:
        error.path = path_of(path)
        raise


def path_of(path):
    """Return a path as it is, or that of an open file, or None if it has none."""
    return name_of(path) if is_open_file(path) else path


def odd_array(found, wanted):
    """Return the name of the first array that two dicts do not both have, bit for bit, or None."""
    for name in found.keys() | wanted.keys():
        if name not in found or name not in wanted:
            return name
        one, other = found[name], np.asarray(wanted[name], order="C")
        other = other.astype(other.dtype.newbyteorder("="), copy=False)
        is_same = (one.dtype, one.shape) == (other.dtype, other.shape)
        if not (is_same and np.array_equal(_bytes_of(one), _bytes_of(other))):
            return name
    return None


def _bytes_of(array):
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _read_parts(file):
    entries = []
    manifest = archive.read_part(file, MANIFEST, entries)
    parts = _check_manifest(manifest)
    contents = {}
    for name, wanted in parts.items():
        content = contents[name] = archive.read_part(file, name, entries)
        found = {"size": len(content), "sha256": _digest(content)}
        if found != wanted:
            raise InvalidFileError(
                f"Its size and SHA-256 are {found['size']} and {found['sha256']}, but "
                f"{MANIFEST} says {shown(wanted.get('size'))} and "
                f"{shown(wanted.get('sha256'), 70)}: the file was damaged or changed.",
                name,
            )
    archive.check_end(file, entries, _comment(manifest))
    return contents


def _check_manifest(manifest):
    if len(manifest) > _MAX_MANIFEST:
        raise InvalidFileError(
            f"It has {len(manifest)} bytes; the limit is {_MAX_MANIFEST}.", MANIFEST
        )
    manifest = strict_json.loads(manifest, MANIFEST)
    if type(manifest) is not dict:
        raise InvalidFileError(f"Got {shown(manifest)} instead of an object.", MANIFEST)
    number, versions = manifest.get("format"), manifest.get("versions")
    if type(number) is not int or number < 1:
        raise InvalidFileError(
            f"'format' is {shown(number)}, but must be a positive integer.", MANIFEST
        )
    if type(versions) is not dict or not all(type(v) is str for v in versions.values()):
        raise InvalidFileError(
            f"'versions' is {shown(versions)}, but must be names and versions of libraries.",
            MANIFEST,
        )
    if number > FORMAT:
        raise InvalidFileError(
            f"It was written by skrnn {shown(versions.get('skrnn'))} in format {shown(number)}; "
            f"this is skrnn {skrnn.__version__!r}, which reads formats up to {FORMAT}.",
            way_out="Upgrade skrnn.",
        )
    parts = manifest.get("parts")
    wanted = {"format", "versions", "parts"}
    if manifest.keys() != wanted or type(parts) is not dict or list(parts) != [DOCUMENT, ARRAYS]:
        raise InvalidFileError(
            f"Format {FORMAT} has 'format', 'versions' and 'parts', with the parts "
            f"{DOCUMENT!r} and {ARRAYS!r}; this manifest has others.",
            MANIFEST,
        )
    if not all(type(part) is dict for part in parts.values()):
        raise InvalidFileError("'parts' must have a size and a digest for each part.", MANIFEST)
    return parts


def _pack(arrays):
    ready = {}
    for name, array in arrays.items():
        if type(name) is not str or not name or name == "__metadata__":
            raise InvalidInputError(
                f"An array has the name {name!r}, but must have a non-empty str other than "
                "'__metadata__', which safetensors reserves."
            )
        # ascontiguousarray would turn a 0-dimensional array into a 1-dimensional one.
        array = np.asarray(array, order="C")
        if array.dtype.newbyteorder("=") not in _WRITABLE:
            raise InvalidTypeError(
                f"The array {name!r} has dtype {array.dtype}, but a file can only hold bool, "
                "integers, and floats of 16 to 64 bits. Convert it with astype."
            )
        ready[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
    packed = safetensors.numpy.save(ready)
    if int.from_bytes(packed[:8], "little") > _MAX_ARRAYS_HEADER:
        raise InvalidInputError(
            f"The names and shapes of {len(ready)} arrays take more than {_MAX_ARRAYS_HEADER} "
            "bytes, so the file could not be read. Join small arrays into larger ones."
        )
    return packed


_WRITABLE = {np.dtype(name) for name in _DTYPES.values()}


def _unpack(packed):
    n_bytes = int.from_bytes(packed[:8], "little")
    if n_bytes > _MAX_ARRAYS_HEADER:
        raise InvalidFileError(
            f"Its header declares {n_bytes} bytes; the limit is {_MAX_ARRAYS_HEADER}.",
            ARRAYS,
        )
    # safetensors accepts duplicate names; the last one wins.
    strict_json.loads(packed[8 : 8 + n_bytes], ARRAYS)
    try:
        found = safetensors.deserialize(packed)
    except safetensors.SafetensorError as error:
        raise InvalidFileError(f"safetensors says: {error}.", ARRAYS) from None
    return {name: _as_array(name, spec) for name, spec in found}


def _as_array(name, spec):
    dtype = _DTYPES.get(spec["dtype"])
    if dtype is None:
        raise InvalidFileError(
            f"The array {shown(name)} has dtype {shown(spec['dtype'])}, but must have bool, "
            "integers or floats of 16 to 64 bits.",
            ARRAYS,
        )
    data = np.frombuffer(spec["data"], dtype=np.dtype(dtype).newbyteorder("<"))
    if dtype == "bool" and (data.view(np.uint8) > 1).any():
        raise InvalidFileError(
            f"The array {shown(name)} of bool has bytes other than 0 and 1.", ARRAYS
        )
    try:
        # Even a shape without elements may be invalid in NumPy.
        data = data.reshape(spec["shape"])
    except (ValueError, OverflowError) as error:
        raise InvalidFileError(f"The array {shown(name)}: {error}.", ARRAYS) from None
    return data.astype(np.dtype(dtype), copy=not data.flags.writeable)


def _versions():
    versions = {"skrnn": skrnn.__version__, "python": platform.python_version()}
    found = {name: version_of(name) for name in _LIBRARIES}
    return versions | {name: version for name, version in found.items() if version is not None}


def _digest(content):
    return hashlib.sha256(content).hexdigest()


def _comment(manifest):
    return _COMMENT.format(_digest(manifest)).encode()
