"""Bytes of a file to a table and back, by the file's ending."""

import gzip
import os
import zlib
from pathlib import Path

from skrnn.cli.tables import delimited, json_lines, parquet
from skrnn.cli.tables.table import Table, shown
from skrnn.exceptions import CommandError

FORMATS = ("csv", "tsv", "jsonl", "parquet")
_ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
# What takes a step before it can be read: the endings, and which.
_ELSEWHERE = {
    (".xlsx", ".xls", ".ods"): "Save the sheet as CSV in UTF-8, from the program that made it.",
    (".json",): "A file with an object a line is JSON lines: --format jsonl.",
    (".txt", ".dat"): "--format csv or tsv says what it is.",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def format_of(path, *, is_input=True):
    """Return the format that a file's name tells, and whether it is compressed.

    Parameters
    ----------
    path : path-like
    is_input : bool, default=True
        Whether it is a file to be read, of which --format may tell the format instead.

    Returns
    -------
    format : {"csv", "tsv", "jsonl", "parquet"}
    compressed : bool
    """
    name = Path(path).name.lower()
    compressed = name.endswith(".gz")
    ending = Path(name.removesuffix(".gz")).suffix
    if ending not in _ENDINGS:
        elsewhere = _ELSEWHERE if is_input else {}
        steps = (" " + step for endings, step in elsewhere.items() if ending in endings)
        raise CommandError(
            f"{path}: the ending {ending!r} tells no format. Known are {', '.join(_ENDINGS)}, and "
            f"with .gz after them.{next(steps, '')}"
        )
    return _ENDINGS[ending], compressed


def read_table(path, *, format=None, encoding="utf-8", delimiter=None, quotes=True):
    """Read a file.

    Parameters
    ----------
    path : path-like
        A name that ends in ".gz" is decompressed first.
    format : {"csv", "tsv", "jsonl", "parquet"} or None, default=None
        None goes by the name's ending.
    encoding : str, default="utf-8"
        Of text; a byte order mark of UTF-8 is dropped. No effect on Parquet.
    delimiter : str or None, default=None
        One character, for CSV and TSV; None is the format's own.
    quotes : bool, default=True
        Whether CSV and TSV hold a field with line breaks or delimiters in double quotes.

    Returns
    -------
    Table
        Of at least one row.

    Raises
    ------
    CommandError
        For whatever is wrong with the file, with the line.
    """
    if format is None:
        format, compressed = format_of(path)
    else:
        compressed = Path(path).name.lower().endswith(".gz")
    content = _read(path, compressed)
    if not content:
        raise CommandError(f"{path} is empty.")
    if format == "parquet":
        table = parquet.read(path, content)
    else:
        text = _decode(path, content, encoding)
        if format == "jsonl":
            table = json_lines.read(path, text)
        else:
            table = delimited.read(path, text, delimiter or delimited.DELIMITERS[format], quotes)
    if not len(table):
        raise CommandError(f"{path} has no rows, only {_listed_header(table)}.")
    return table


def render_table(table: Table, format, *, compressed=False, delimiter=None, quotes=True):
    """Return the bytes of a file.

    Parameters
    ----------
    table : Table
        Written with all its columns.
    format : {"csv", "tsv", "jsonl", "parquet"}
        Text is UTF-8, without a byte order mark.
    compressed : bool, default=False
        Whether to compress with gzip.
    delimiter : str or None, default=None
        One character, for CSV and TSV; None is the format's own.
    quotes : bool, default=True
        Whether CSV and TSV may have fields in double quotes.

    Returns
    -------
    bytes

    Raises
    ------
    CommandError
        Where the format cannot hold what is in a column.
    """
    if format == "parquet":
        content = parquet.render(table)
    else:
        _check_no_bytes(table)
        if format == "jsonl":
            text = json_lines.render(table)
        else:
            text = delimited.render(table, delimiter or delimited.DELIMITERS[format], quotes)
        content = text.encode()
    # Without the time of day: the same table is the same bytes.
    return gzip.compress(content, mtime=0) if compressed else content


def _check_no_bytes(table):
    for name, values in table.columns.items():
        if any(map(_has_bytes, values)):
            raise CommandError(
                f"{table.path}: column {shown(name)} holds bytes, which text does not. Let the "
                "output end in .parquet, or make text of them first."
            )


def _has_bytes(value):
    if isinstance(value, list | tuple):
        return any(map(_has_bytes, value))
    if isinstance(value, dict):
        return any(map(_has_bytes, value.values()))
    return isinstance(value, bytes)


def _read(path, compressed):
    # Not Path.is_dir, which raises where a folder may not be entered.
    if os.path.isdir(path):
        raise CommandError(f"{path} is a folder, not a file.")
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}.") from error
    if not compressed:
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise CommandError(
            f"{path} ends in .gz and cannot be decompressed: {error}. Rename it, or copy it anew."
        ) from error


def _decode(path, content, encoding):
    if encoding == "utf-8":
        # What spreadsheets write in front would become part of the first column's name.
        encoding = "utf-8-sig"
        if content.startswith(_UTF16):
            raise CommandError(f"{path} is not UTF-8, but UTF-16: use --encoding utf-16.")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise CommandError(_undecodable(path, content, encoding, error)) from error
    except UnicodeError as error:  # UTF-16 without a byte order mark, cut in half, and the like
        raise CommandError(f"{path} is not {encoding}: {error}.") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CommandError(
            f"{path}, line {line}: a NUL character, which no text holds. Is it a text file? If it "
            "is UTF-16, use --encoding utf-16."
        )
    return text


def _undecodable(path, content, encoding, error):
    if encoding != "utf-8-sig":
        return f"{path}, byte {error.start + 1}: it is not {encoding}, {error.reason}."
    start = content.rfind(b"\n", 0, error.start) + 1
    line = content.count(b"\n", 0, error.start) + 1
    return (
        f"{path}, line {line}, byte {error.start - start + 1}: 0x{content[error.start]:02x} is not "
        "UTF-8. Name the file's encoding; of files from Windows it often is --encoding cp1252."
    )


def _listed_header(table):
    names = ", ".join(map(repr, table.columns))
    return f"a header ({names if len(names) <= 200 else names[:197] + '...'})"
