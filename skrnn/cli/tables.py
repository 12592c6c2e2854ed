"""Tables in files (CSV, TSV, JSON lines, Parquet), read and written with pandas.

A file is read whole into a data frame. Problems are a CommandError that names the file, the row
or column, and what to do.
"""

import bz2
import csv
import difflib
import gzip
import io
import json
import lzma
import math
import os
import zlib
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from skrnn.cli.errors import require
from skrnn.exceptions import CommandError

FORMATS = ("csv", "tsv", "jsonl", "parquet")
_DELIMITERS = {"csv": ",", "tsv": "\t"}
_ENDINGS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl"}
_ENDINGS |= {".ndjson": "jsonl", ".parquet": "parquet"}
_ADVICE = {
    ".xlsx": " Save the sheet as CSV in UTF-8, from the program that made it.",
    ".json": " If each line of the file is a JSON object, use --format jsonl.",
    ".txt": " Use --format csv or --format tsv.",
}
_DECOMPRESS = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
# gzip without the time of day: the same table has the same bytes.
_COMPRESS = {".gz": partial(gzip.compress, mtime=0), ".bz2": bz2.compress, ".xz": lzma.compress}
# Error messages show at most this many columns or rows.
_SHOWN = 10


@dataclass
class Table:
    """A data frame, and the file it is from.

    Attributes
    ----------
    path : path-like
        The file.
    frame : pandas.DataFrame
        Its index has the number of each row in the file, counted from 1 below a header.
    place : {"row", "line"}
        What the index counts.
    """

    path: object
    frame: object
    place: str = "row"

    def __len__(self):
        """Return the number of rows."""
        return len(self.frame)

    def texts(self, name, option="--text"):
        """Return a column of texts as a list; missing texts are empty."""
        values = ["" if value is None else value for value in _cells(self._column(name, option))]
        self._check(name, values, [not isinstance(value, str) for value in values], "a text")
        return values

    def labels(self, name, option="--label"):
        """Return a column of labels as a list of str; missing and blank labels are None."""
        values = _cells(self._column(name, option))
        wrong = [isinstance(value, list | dict | bytes) for value in values]
        self._check(name, values, wrong, "a text or a number")
        labels = ["" if value is None else as_text(value) for value in values]
        return [label if label.strip() else None for label in labels]

    def _check(self, name, values, wrong, expected):
        if any(wrong):
            i = wrong.index(True)
            raise CommandError(
                f"{self.path}, {self.places([i])}: column {name!r} has {_short(values[i])} "
                f"({type(values[i]).__name__}), expected {expected}."
            )

    def _column(self, name, option):
        if name in self.frame:
            return self.frame[name]
        lower = {one.strip().lower(): one for one in self.frame}
        near = difflib.get_close_matches(name.strip().lower(), lower, n=1)
        advice = f" Did you mean {lower[near[0]]!r}?" if near else ""
        if len(lower) == 1:
            advice = " If it has more columns, name their separator with --delimiter."
        raise CommandError(
            f"{self.path} has no column {name!r} ({option}).{advice} "
            f"Columns: {_listed(map(_short, self.frame))}."
        )

    def take(self, rows):
        """Return the table of some rows."""
        return replace(self, frame=self.frame.iloc[rows])

    def places(self, rows):
        """Name some rows: "row 4", "rows 4, 7 and 9"."""
        return f"{self.place}{'s' * (len(rows) > 1)} {_listed(self.frame.index[rows])}"


def format_of(path, *, is_input=True):
    """Return the format (of `FORMATS`) and the compression ("", ".gz", ...) of a file name.

    `is_input`: the file is read, so --format can be used instead of the ending.
    """
    compression = _compression(path)
    ending = Path(Path(path).name.lower().removesuffix(compression)).suffix
    if ending not in _ENDINGS:
        advice = _ADVICE.get(ending, "") if is_input else ""
        raise CommandError(
            f"{path}: unknown file ending {ending!r}. Known endings: {', '.join(_ENDINGS)}, each "
            f"optionally followed by {', '.join(_COMPRESS)}.{advice}"
        )
    return _ENDINGS[ending], compression


def read_table(path, *, format=None, encoding="utf-8", delimiter=None, quotes=True):
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
        One character, for CSV and TSV; None uses the format's own.
    quotes : bool, default=True
        Whether double quotes in CSV and TSV enclose fields.

    Returns
    -------
    Table
        With at least one row. Values of CSV and TSV are str.
    """
    format = format_of(path)[0] if format is None else format
    require("pandas", "Tables")
    content = _read_bytes(path)
    if format == "parquet":
        table = Table(path, _read_parquet(path, content))
    elif format == "jsonl":
        table = Table(path, _read_json_lines(path, _decode(path, content, encoding)), "line")
    else:
        text = _decode(path, content, encoding)
        table = Table(path, _read_csv(path, text, delimiter or _DELIMITERS[format], quotes))
    if not len(table):
        raise CommandError(f"{path} has no rows.")
    return table


def render_table(table, format, *, compression="", delimiter=None, quotes=True):
    """Return the bytes of a file.

    Parameters
    ----------
    table : Table
    format : {"csv", "tsv", "jsonl", "parquet"}
        Text is UTF-8, without a byte order mark.
    compression : {"", ".gz", ".bz2", ".xz"}, default=""
    delimiter, quotes
        As in `read_table`. Without quotes, a field that needs them is an error.

    Returns
    -------
    bytes
    """
    if format == "parquet":
        content = _render_parquet(table)
    elif format == "jsonl":
        content = _render_json_lines(table).encode()
    else:
        content = _render_csv(table, delimiter or _DELIMITERS[format], quotes).encode()
    return _COMPRESS[compression](content) if compression else content


def as_text(value):
    """Return a label as a CSV file has it: whole numbers without a point, true and false."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_csv(path, text, delimiter, quotes):
    import pandas

    if "\0" in text:  # pandas 2 ends a field there
        raise CommandError(
            f"{path} has a NUL character. Is it a text file? For UTF-16: --encoding utf-16."
        )
    try:
        # The header is read as a row: pandas would rename columns of the same name.
        frame = pandas.read_csv(
            io.StringIO(text, newline=""),
            sep=delimiter,
            header=None,
            dtype=str,
            keep_default_na=False,
            quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        )
    except pandas.errors.EmptyDataError as error:
        raise CommandError(f"{path} is empty.") from error
    except pandas.errors.ParserError as error:
        problem = str(error).strip().rpartition("C error: ")[2]
        raise CommandError(
            f"{path}: {problem}. A field that contains the delimiter, a line break or a double "
            'quote is written in double quotes, each " in it as "". If the file has no quoted '
            "fields, use --no-quotes."
        ) from error
    frame.columns = frame.iloc[0].tolist()
    _check_names(path, frame.columns)
    return frame.iloc[1:]


def _read_json_lines(path, text):
    import pandas

    records = {}
    # Not splitlines: a JSON string may contain other line breaks, such as U+2028.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            records[number] = json.loads(line)
            if "\\u" in line:  # half of a surrogate pair cannot be written again
                json.dumps(records[number], ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise CommandError(f"{path}, line {number}: not valid JSON: {error}.") from error
        if not isinstance(records[number], dict):
            raise CommandError(
                f"{path}, line {number}: {_short(records[number])}, expected one JSON object per "
                'line, such as {"text": "...", "label": "..."}.'
            )
    if not records:
        raise CommandError(f"{path} has no rows, only empty lines.")
    # object: pandas would make floats of integers if one is missing.
    return pandas.DataFrame(list(records.values()), index=list(records), dtype=object)


def _read_parquet(path, content):
    import pandas

    parquet = require("pyarrow.parquet", "Parquet files")
    try:
        arrow = parquet.read_table(io.BytesIO(content))
        _check_names(path, arrow.column_names)
        # ArrowDtype keeps the types of the columns that are only passed on.
        frame = arrow.to_pandas(types_mapper=pandas.ArrowDtype, ignore_metadata=True)
    except (OSError, ValueError, NotImplementedError) as error:  # Arrow's errors are these too
        raise CommandError(f"{path} cannot be read as Parquet: {error}") from error
    frame.index += 1
    return frame


def _check_names(path, names):
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise CommandError(
            f"{path} has several columns {_listed(map(_short, twice))}. Rename them."
        )


def _render_csv(table, delimiter, quotes):
    import pandas

    fields = {
        name: [_field(table, value) for value in _cells(column)]
        for name, column in table.frame.items()
    }
    frame = pandas.DataFrame(fields, dtype=object)
    write = partial(frame.to_csv, sep=delimiter, index=False, lineterminator="\n")
    try:
        text = write(quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
        if "\r" in text and not quotes:
            raise csv.Error("a carriage return")
    except csv.Error as error:
        raise CommandError(
            f"--no-quotes cannot write a field that is empty in a single column, or contains the "
            f"delimiter or a line break ({error}). Write to a file with --output, which has quotes."
        ) from error
    if "\0" in text:
        raise CommandError("CSV and TSV cannot store a NUL character. Write .jsonl instead.")
    # Before Python 3.13 the csv module does not quote a carriage return.
    return write(quoting=csv.QUOTE_ALL) if "\r" in text else text


def _render_json_lines(table):
    columns = {name: map(_finite, _cells(column)) for name, column in table.frame.items()}
    rows = zip(*columns.values(), strict=True)
    return "".join(_json(table, dict(zip(columns, row, strict=True))) + "\n" for row in rows)


def _render_parquet(table):
    require("pyarrow", "Parquet files")
    out = io.BytesIO()
    try:
        table.frame.to_parquet(out, engine="pyarrow", index=False)
    except (ValueError, TypeError, OverflowError) as error:  # Arrow's errors are these too
        raise CommandError(
            f"Parquet cannot store a column with values of several types ({error}). Write .jsonl "
            "instead."
        ) from error
    return out.getvalue()


def _cells(column):
    """Return the values of a column as Python objects, None if missing."""
    values = column.astype(object).where(column.notna(), None)
    values = (value.tolist() if hasattr(value, "tolist") else value for value in values)
    return [None if isinstance(value, float) and math.isnan(value) else value for value in values]


def _field(table, value):
    """Return a value as a field of CSV."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float):
        return repr(value)
    return _json(table, value) if isinstance(value, bool | bytes | list | dict) else str(value)


def _finite(value):
    # JSON has no infinity.
    return None if isinstance(value, float) and math.isinf(value) else value


def _other(value):
    """Return a value that JSON does not have as one that it has."""
    if isinstance(value, bytes):
        raise TypeError("bytes are not text")
    return value.tolist() if hasattr(value, "tolist") else str(value)


# Made once: json.dumps makes one at each call with these options.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_other).encode


def _json(table, value):
    try:
        return _encode(value)
    except (ValueError, TypeError) as error:
        raise CommandError(
            f"{table.path}: text files cannot store {_short(value)}: {error}. Write .parquet "
            "instead, or convert the column to text first."
        ) from error


def _compression(path):
    name = Path(path).name.lower()
    return next((ending for ending in _COMPRESS if name.endswith(ending)), "")


def _read_bytes(path):
    # Not Path.is_dir, which raises if a folder may not be entered.
    if os.path.isdir(path):
        raise CommandError(f"{path} is a folder, not a file.")
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}.") from error
    compression = _compression(path)
    if compression:
        try:
            content = _DECOMPRESS[compression](content)
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
            raise CommandError(
                f"{path} ends in {compression} and cannot be decompressed: {error}. Rename the "
                "file, or copy it again."
            ) from error
    if not content:
        raise CommandError(f"{path} is empty.")
    return content


def _decode(path, content, encoding):
    try:
        # A byte order mark would become part of the first column's name.
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeError as error:
        line = content.count(b"\n", 0, getattr(error, "start", 0)) + 1
        raise CommandError(
            f"{path}, line {line}: not {encoding} ({getattr(error, 'reason', error)}). Name the "
            "file's encoding, such as --encoding cp1252 (Windows) or --encoding utf-16."
        ) from error


def _short(value, width=60):
    text = repr(value[: width + 1] if isinstance(value, str) else value)
    return text if len(text) <= width else text[: width - 3] + "..."


def _listed(names):
    names = list(map(str, names))
    if len(names) > _SHOWN:
        return ", ".join(names[:_SHOWN]) + f" and {len(names) - _SHOWN} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
