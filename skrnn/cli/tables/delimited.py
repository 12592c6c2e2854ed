"""CSV and TSV."""

import contextlib
import csv
import io
import json
import sys

from skrnn.cli.tables.json_lines import plain
from skrnn.cli.tables.table import Table, as_text, is_missing, shown
from skrnn.exceptions import CommandError

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


def render(table, delimiter, quotes=True):
    """Return a table as text; what is in lists and the like as JSON.

    Parameters
    ----------
    table : Table
    delimiter : str
        Between fields.
    quotes : bool, default=True
        Whether fields may be in double quotes. Without, a field that needs them is an error.

    Returns
    -------
    str
    """
    header = list(table.columns)
    fields = {name: list(map(_field, values)) for name, values in table.columns.items()}
    for name, values in fields.items():
        _check_writable(table, name, values, None if quotes else delimiter)
    out = _Lines()
    # The csv module quotes a lone carriage return only where its own line ends have one.
    options = {"delimiter": delimiter, "lineterminator": "\r\n"}
    if not quotes:
        options |= {"quoting": csv.QUOTE_NONE, "quotechar": None}
    writer = csv.writer(out, **options)
    writer.writerow(header)
    writer.writerows(zip(*fields.values(), strict=True))
    return "".join(out.parts)


class _Lines:
    def __init__(self):
        self.parts = []

    def write(self, line):
        self.parts.append(line.removesuffix("\r\n") + "\n")


def _field(value):
    if isinstance(value, list | dict):
        return json.dumps(plain(value), ensure_ascii=False)
    if isinstance(value, float):
        return "" if is_missing(value) else repr(value)
    return "" if value is None else as_text(value)


def _check_writable(table, name, fields, delimiter):
    """Refuse a column that would not be read as it is written.

    Parameters
    ----------
    table : Table
    name : str
        Of the column.
    fields : list of str
    delimiter : str or None
        Where no field is quoted, what none may hold.
    """
    places = ["the header", *(f"{table.place} {line}" for line in table.lines)]
    for place, field in zip(places, [name, *fields], strict=True):
        if "\0" in field:
            raise CommandError(
                f"column {shown(name)}, {place}: a NUL character, which CSV and TSV do not hold. "
                "Let the output end in .jsonl."
            )
        if delimiter is None:
            continue
        held = [what for char, what in _breaks(delimiter) if char in field]
        # A line of one empty field would be read as none.
        held += ["nothing"] * (len(table.columns) == 1 and not field)
        if held:
            raise CommandError(
                f"column {shown(name)}, {place}: the field holds {held[0]}, which --no-quotes "
                "cannot write. Write to a file, with --output: it gets quotes."
            )


def _breaks(delimiter):
    name = _NAMES.get(delimiter)
    told = f"a {name}" if name else repr(delimiter)
    return [(delimiter, told), ("\n", "a line break"), ("\r", "a carriage return")]


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
