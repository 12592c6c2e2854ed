"""A zip archive of named, uncompressed parts, with exactly one valid form for given content.

`zipfile`, `unzip` and any other program can read it. Reading is stricter: each header must be,
byte for byte, the one that is written here for a part of this name and content. So every byte of
a file is checked: a part cannot have a second name, a wrong size or a path to another folder, and
there is nothing before, between or after the parts. Since nothing is compressed, the content is
never larger than the file.

Layout: PKWARE's APPNOTE 6.3.10, sections 4.3.6 to 4.3.16; zip64 if a size needs it.
"""

import struct
import zlib

from skrnn.exceptions import InvalidFileError
from skrnn.fileformat.errors import shown

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
# 1 January 1980, midnight, the earliest date of the format: files must not differ by their date.
_DATE = (1 << 5) | 1
# Mark in a field of 32 bits whose value is in a zip64 field, and the smallest such value.
_ELSEWHERE = 0xFFFFFFFF
_ZIP64_FROM = _ELSEWHERE
_MAX_NAME = 64


def write_parts(file, parts, comment):
    """Write the parts and the zip directory.

    Parameters
    ----------
    file : binary file
        Open for writing, where the archive is to begin.
    parts : list of tuple (str, bytes)
        Names in ASCII, and contents.
    comment : bytes
        Comment of the archive.
    """
    entries, offset = [], 0
    for name, content in parts:
        entry = (name, zlib.crc32(content), len(content), offset)
        header = _local_header(*entry[:3])
        file.write(header)
        file.write(content)
        entries.append(entry)
        offset += len(header) + len(content)
    file.write(_directory(entries, offset, comment))


def read_part(file, name, entries):
    """Read the next part of an archive and check it.

    Parameters
    ----------
    file : skrnn.fileformat.streams.Source
        At the header of the part.
    name : str
        Name of the expected part.
    entries : list
        Directory entries of the parts so far; this part is appended.

    Returns
    -------
    bytes

    Raises
    ------
    InvalidFileError
        If it is another part, or differs from what `write_parts` writes.
    """
    offset = file.tell()
    fixed = file.read(_LOCAL.size)
    if len(fixed) < _LOCAL.size or fixed[:4] != b"PK\x03\x04":
        if offset == 0:
            raise InvalidFileError(
                f"It does not begin like a file of skrnn: got {shown(fixed[:8])} instead of a zip "
                "header with the part 'manifest.json'.",
                way_out="skrnn.load reads files of skrnn.save. For a pickle, use joblib.load.",
            )
        raise InvalidFileError(
            f"The part {name!r} is missing: the file ends there, or has something else."
        )
    _, _, flags, method, _, _, crc, _, n_bytes, len_name, len_extra = _LOCAL.unpack(fixed)
    found = file.read(min(len_name, _MAX_NAME))
    if found != name.encode():
        raise InvalidFileError(
            f"Got a part named {shown(found.decode('ascii', 'replace'))} instead of {name!r}. "
            "The parts and their order are fixed."
        )
    if method:
        raise InvalidFileError(f"It is compressed (method {method}), but must be stored.", name)
    if flags:
        raise InvalidFileError(f"It is encrypted or streamed (zip flags {flags:#06x}).", name)
    extra = file.read(min(len_extra, 20))
    if n_bytes == _ELSEWHERE and len(extra) == 20:
        n_bytes = struct.unpack("<12xQ", extra)[0]
    remaining = n_bytes if file.size is None else file.size - file.tell()
    content = file.read(n_bytes) if n_bytes <= remaining else b""
    if len(content) < n_bytes:
        remaining = min(remaining, len(content)) if file.size is None else remaining
        raise InvalidFileError(
            f"Its header declares {n_bytes} bytes, but the file ends after {remaining}.", name
        )
    if zlib.crc32(content) != crc:
        raise InvalidFileError(
            "Its checksum (CRC-32) does not match its content: the file was damaged.", name
        )
    if fixed + found + extra != _local_header(name, crc, n_bytes):
        raise InvalidFileError("Its zip header differs from what skrnn writes.", name)
    entries.append((name, crc, n_bytes, offset))
    return content


def check_end(file, entries, comment):
    """Check that the parts are followed by their directory, and nothing else if that is the end.

    Of a file whose size is not known, what comes behind the directory is not read.

    Raises
    ------
    InvalidFileError
        If they are not.
    """
    offset = file.tell()
    wanted = _directory(entries, offset, comment)
    found = b"" if file.size is not None else file.read(len(wanted))
    n_bytes = len(found) if file.size is None else file.size - offset
    if n_bytes != len(wanted):
        raise InvalidFileError(
            f"After the parts there are {n_bytes} bytes instead of {len(wanted)}: the file "
            "was truncated, or something was added."
        )
    if (found or file.read(len(wanted))) != wanted:
        raise InvalidFileError(
            "The zip directory at the end does not match the parts, or its digest does not match "
            "the manifest: the file was damaged or changed."
        )


def _local_header(name, crc, size):
    extra = struct.pack("<2H2Q", 1, 16, size, size) if size >= _ZIP64_FROM else b""
    small = _ELSEWHERE if extra else size
    fixed = _LOCAL.pack(
        b"PK\x03\x04",
        *(45 if extra else 20, 0, 0, 0, _DATE),
        *(crc, small, small, len(name), len(extra)),
    )
    return fixed + name.encode() + extra


def _directory(entries, offset, comment):
    central = b"".join(_central_header(*entry) for entry in entries)
    end64 = b""
    if offset >= _ZIP64_FROM:
        n = len(entries)
        end64 = _END64.pack(b"PK\x06\x06", 44, 45, 45, 0, 0, n, n, len(central), offset)
        end64 += _LOCATOR64.pack(b"PK\x06\x07", 0, offset + len(central), 1)
    end = _END.pack(
        b"PK\x05\x06",
        *(0, 0, len(entries), len(entries)),
        *(len(central), _field(offset), len(comment)),
    )
    return central + end64 + end + comment


def _central_header(name, crc, size, offset):
    large = [n for n in (size, size, offset) if n >= _ZIP64_FROM]
    extra = struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    small = _field(size)
    fixed = _CENTRAL.pack(
        b"PK\x01\x02",
        *(45 if extra else 20, 45 if extra else 20, 0, 0, 0, _DATE),
        *(crc, small, small, len(name), len(extra), 0, 0, 0, 0, _field(offset)),
    )
    return fixed + name.encode() + extra


def _field(value):
    return value if value < _ZIP64_FROM else _ELSEWHERE
