"""CSV and TSV."""

import contextlib
import csv
import io
import json
import sys

from skrnn.cli.errors import CommandError
from skrnn.cli.tables.table import Table, as_text, is_missing, shown

DELIMITERS = {"csv": ",", "tsv": "\t"}
_NAMES = {",": "comma", "\t": "tab", ";": "semicolon"}


def read(path, text, delimiter, quotes):
    """Read a text with a header line; all values are str.

    Parameters
    ----------
    path : path-like
        For messages.
    text : str
        The whole file.
    delimiter : str
        Between fields.
    quotes : bool
        Whether fields may be in double quotes, doubled within.

    Returns
    -------
    Table
    """
    rows = _rows(path, text, delimiter, quotes)
    line, header = next(rows, (1, None))
    if header is None:
        raise CommandError(f"{path} is empty.")
    _check_header(path, line, header)
    columns, lines = {name: [] for name in header}, []
    for line, fields in rows:
        if len(fields) != len(header):
            raise CommandError(_ragged(path, line, fields, header, delimiter))
        lines.append(line)
        for values, field in zip(columns.values(), fields, strict=True):
            values.append(field)
    return Table(path, columns, lines, hint=_hint(header, delimiter))


def render(table, delimiter):
    """Return a table as text; what is in lists and the like as JSON."""
    out = _Lines()
    # The csv module quotes a lone carriage return only where its own line ends have one.
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows(
        [_field(value) for value in row] for row in zip(*table.columns.values(), strict=True)
    )
    return "".join(out.parts)


class _Lines:
    def __init__(self):
        self.parts = []

    def write(self, line):
        self.parts.append(line.removesuffix("\r\n") + "\n")


def _field(value):
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, float):
        return "" if is_missing(value) else repr(value)
    return "" if value is None else as_text(value)


@contextlib.contextmanager
def _long_fields():
    # The csv module's limit, 128 kB a field, is one for the whole process.
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _rows(path, text, delimiter, quotes):
    """Yield the line that each row begins in, and its fields; empty lines are none."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        strict=True,
    )
    while True:
        line = reader.line_num + 1
        try:
            with _long_fields():
                fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise CommandError(_quoting(path, line, str(error))) from error
        if fields:
            yield line, fields


def _quoting(path, line, problem):
    what = (
        "a double quote opens a field and none closes it, to the end of the file"
        if problem == "unexpected end of data"
        else f"quotes that do not fit ({problem})"
    )
    return (
        f"{path}, line {line}: {what}. A double quote within a quoted field is written twice; if "
        "the file has no quoted fields, use --no-quotes."
    )


def _check_header(path, line, header):
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise CommandError(
            f"{path}, line {line}: the header has {', '.join(map(shown, twice[:5]))} more than "
            "once. Give each column a name of its own."
        )


def _ragged(path, line, fields, header, delimiter):
    name = _NAMES.get(delimiter, repr(delimiter))
    few, many = len(fields), len(header)
    way_out = (
        f"A field with a {name} in it is put in double quotes."
        if few > many
        else "Is the row cut off?"
    )
    return (
        f"{path}, line {line}: {few} field{'s' * (few != 1)}, where the header has {many}. "
        f"{way_out}"
    )


def _hint(header, delimiter):
    """Guess the real delimiter of a file that seems to have a single column."""
    if len(header) == 1:
        for other, name in _NAMES.items():
            if other != delimiter and other in header[0]:
                option = "tab" if other == "\t" else other
                return f" Are its columns set apart by a {name}? Then use --delimiter '{option}'."
    return ""
