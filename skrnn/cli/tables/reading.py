"""Tables from files."""

import codecs
import lzma
import os
import stat
import time
import zlib

from skrnn.cli.errors import require
from skrnn.cli.tables.delimited import read_delimited
from skrnn.cli.tables.formats import (
    DECOMPRESS,
    DELIMITERS,
    check_text,
    compression_of,
    format_of,
)
from skrnn.cli.tables.json_lines import read_json_lines
from skrnn.cli.tables.parquet import read_parquet
from skrnn.cli.tables.table import Table
from skrnn.exceptions import CommandError

# Seconds to wait for somebody who writes into a named pipe.
_WAIT = 5.0
# The longer ones first: that of UTF-32 begins like that of UTF-16.
_BYTE_ORDER_MARKS = {
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-8": (codecs.BOM_UTF8,),
}


def read_table(path, *, format=None, encoding="utf-8", delimiter=None, quotes=True, columns=()):
    """Read a file.

    Parameters
    ----------
    path : path-like
        Decompressed first if its name ends in .gz, .bz2 or .xz.
    format : {"csv", "tsv", "jsonl", "parquet"} or None, default=None
        None uses the ending of the name.
    encoding : str, default="utf-8"
        Encoding of text. No effect on Parquet.
    delimiter : str or None, default=None
        One character, for CSV and TSV; None finds it.
    quotes : bool, default=True
        Whether double quotes in CSV and TSV enclose fields.
    columns : iterable of str, default=()
        Columns that the file probably has, by which the delimiter is found.

    Returns
    -------
    Table
        With at least one row. Values of CSV and TSV are str.
    """
    format = format_of(path)[0] if format is None else format
    require("pandas", "Tables")
    content = _read_bytes(path)
    check_text(path, content, format)
    if format == "parquet":
        table = Table(path, read_parquet(path, content))
    elif format == "jsonl":
        table = Table(path, read_json_lines(path, _decode(path, content, encoding)), "line")
    else:
        frame, delimiter = read_delimited(
            path,
            _decode(path, content, encoding),
            delimiter=delimiter,
            own=DELIMITERS[format],
            quotes=quotes,
            columns=columns,
        )
        table = Table(path, frame, "line", delimiter)
    if not len(table):
        raise CommandError(f"{path} has no rows.")
    return table


def _read_bytes(path):
    try:
        content = _read_file(path)
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}.") from error
    compression = compression_of(path)
    if compression and content:
        try:
            content = DECOMPRESS[compression](content)
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
            raise CommandError(
                f"{path} ends in {compression} and cannot be decompressed: {error}. Rename the "
                "file, or copy it again."
            ) from error
    if not content:
        raise CommandError(f"{path} is empty.")
    return content


def _read_file(path):
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise CommandError(f"{path} is a folder, not a file.")
    if stat.S_ISFIFO(mode) and hasattr(os, "O_NONBLOCK"):
        return _read_pipe(path)
    if not stat.S_ISREG(mode):
        raise CommandError(f"{path} is a device or a socket, not a file.")
    with open(path, "rb") as file:
        return file.read()


def _read_pipe(path):
    """Read a pipe, such as the shell's <(command), unless nobody writes into it."""
    deadline = time.monotonic() + _WAIT
    # Without O_NONBLOCK, opening would wait for ever.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        while True:
            first = pipe.read(1)  # None: there is a writer, who has not written yet
            if first != b"":
                os.set_blocking(pipe.fileno(), True)
                return (first or b"") + pipe.read()
            if time.monotonic() > deadline:
                raise CommandError(f"{path} is a pipe that nobody writes into.")
            time.sleep(0.02)


def _decode(path, content, encoding):
    kind = next(
        (name for name, marks in _BYTE_ORDER_MARKS.items() if content.startswith(marks)), None
    )
    if kind is not None and not encoding.replace("_", "-").startswith(kind):
        way_out = "Leave out --encoding." if kind == "utf-8" else f"Use --encoding {kind}."
        raise CommandError(
            f"{path} begins with the byte order mark of {kind.upper()}, so it is not {encoding}. "
            f"{way_out}"
        )
    try:
        text = content.decode(encoding)
        if encoding != "utf-8":
            text.encode()  # some encodings have halves of characters
    except (ValueError, OverflowError) as error:
        is_decoding = isinstance(error, UnicodeDecodeError)
        line = content.count(b"\n", 0, error.start if is_decoding else 0) + 1
        raise CommandError(
            f"{path}, line {line}: not {encoding} ({getattr(error, 'reason', error)}). Name the "
            "file's encoding, such as --encoding cp1252 (Windows) or --encoding utf-16."
        ) from error
    # The byte order mark would become part of the first column's name.
    return text.removeprefix("\ufeff")
