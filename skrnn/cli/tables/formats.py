"""Formats of tables, compressions, and what a file is by its name or its first bytes."""

import bz2
import gzip
import lzma
from functools import partial
from pathlib import Path

from skrnn.exceptions import CommandError

FORMATS = ("csv", "tsv", "jsonl", "parquet")
DELIMITERS = {"csv": ",", "tsv": "\t"}
DECOMPRESS = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
# gzip without the time of day: the same table has the same bytes.
COMPRESS = {".gz": partial(gzip.compress, mtime=0), ".bz2": bz2.compress, ".xz": lzma.compress}
_ENDINGS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl"}
_ENDINGS |= {".ndjson": "jsonl", ".parquet": "parquet"}
_SHEET = " Save the sheet as CSV in UTF-8, from the program that made it."
_ADVICE = {
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".ods", ".numbers"), _SHEET),
    ".json": " If each line of the file is a JSON object, use --format jsonl.",
    ".txt": " Use --format csv or --format tsv.",
    ".zip": " Unpack it first.",
    ".zst": " Unpack it first.",
}
# How files begin that are no text, and what to do with them.
_BEGINNINGS = (
    (b"\x1f\x8b", "is compressed with gzip. Add .gz to its name."),
    (b"BZh", "is compressed with bzip2. Add .bz2 to its name."),
    (b"\xfd7zXZ\0", "is compressed with xz. Add .xz to its name."),
    (b"\x28\xb5\x2f\xfd", "is compressed with Zstandard. Unpack it first."),
    (b"PK\3\4", f"is a ZIP archive or a spreadsheet. Unpack it first.{_SHEET}"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"is a spreadsheet of an old Excel.{_SHEET}"),
    (b"SQLite format 3\0", "is a database of SQLite. Export the table as CSV."),
)
_BZIP2_BLOCK = b"1AY&SY"


def format_of(path, *, is_input=True):
    """Return the format (of `FORMATS`) and the compression ("", ".gz", ...) of a file name.

    `is_input`: the file is read, so --format can be used instead of the ending.
    """
    compression = compression_of(path)
    ending = Path(Path(path).name.lower().removesuffix(compression)).suffix
    if ending not in _ENDINGS:
        advice = _ADVICE.get(ending, "") if is_input else ""
        raise CommandError(
            f"{path}: unknown file ending {ending!r}. Known endings: {', '.join(_ENDINGS)}, each "
            f"optionally followed by {', '.join(COMPRESS)}.{advice}"
        )
    return _ENDINGS[ending], compression


def compression_of(path):
    """Return the ending of a file name that is one of a compression, or ""."""
    name = Path(path).name.lower()
    return next((ending for ending in COMPRESS if name.endswith(ending)), "")


def check_text(path, content, format):
    """Raise CommandError if bytes that should be text are a file of another kind."""
    if format != "parquet" and content[:4] == b"PAR1" == content[-4:]:
        raise CommandError(f"{path} is a Parquet file. Use --format parquet.")
    for beginning, told in _BEGINNINGS:
        if not content.startswith(beginning):
            continue
        if beginning != b"BZh" or content[4:10] == _BZIP2_BLOCK:
            raise CommandError(f"{path} {told}")
