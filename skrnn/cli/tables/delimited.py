"""CSV and TSV files, by the csv module, which knows the line of each row."""

import contextlib
import csv
import io
import itertools
import re
from dataclasses import dataclass

from skrnn.cli.tables.names import check_names
from skrnn.cli.tables.table import listed_names
from skrnn.exceptions import CommandError
from skrnn.lookalikes import look

# What may separate columns if the user does not say it.
_CANDIDATES = (",", ";", "\t", "|")
# The delimiter is found in the beginning of a file.
_SAMPLE_CHARACTERS, _SAMPLE_ROWS = 1_000_000, 100
# With this line Excel is told, and tells, what separates the columns.
_TOLD = re.compile(r"\ufeff?\"?sep=([^\w\s\"]|\t)\"?[ \t,;]*(?:\r\n?|\n)", re.IGNORECASE)
_LARGEST = 2**31 - 1  # a long of C, on Windows


@dataclass
class Dialect:
    """How fields are written.

    Attributes
    ----------
    delimiter : str
        One character.
    quotes : bool
        Whether double quotes enclose fields.
    blank : bool
        Whether a blank follows each delimiter and does not belong to the field.
    """

    delimiter: str
    quotes: bool
    blank: bool = False

    def rows(self, text):
        """Yield the rows that are not empty, as the line on which one begins, and its fields.

        Raises
        ------
        _QuoteError
            If a quote is not closed, or followed by something else than a delimiter.
        """
        reader = csv.reader(
            # Without translation, because line breaks in quotes belong to the field.
            io.StringIO(text, newline=""),
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE,
            skipinitialspace=self.blank,
            strict=True,
        )
        line = 1
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                unclosed = "unexpected end" in str(error)
                raise _QuoteError(line, reader.line_num, unclosed) from error
            if fields:
                yield line, fields
            line = reader.line_num + 1

    def with_blanks(self, fields):
        """Return the dialect of a header: with a blank after each delimiter, if there is one."""
        follows = len(fields) > 1 and all(field.startswith(" ") for field in fields[1:])
        return Dialect(self.delimiter, self.quotes, follows and not self.delimiter.isspace())


class _QuoteError(Exception):
    """The quotes of a row cannot be read."""

    def __init__(self, first, last, unclosed):
        self.first, self.last, self.unclosed = first, last, unclosed


def read_delimited(path, text, *, delimiter, own, quotes, columns=()):
    """Return the data frame of a CSV or TSV file, and its delimiter.

    Parameters
    ----------
    path : path-like
        For error messages.
    text : str
    delimiter : str or None
        None finds it.
    own : str
        The delimiter of the format, used if another would do as well.
    quotes : bool
        Whether double quotes enclose fields.
    columns : iterable of str, default=()
        Names that the header probably has.

    Returns
    -------
    frame : pandas.DataFrame
        Of str. The index has the line on which each row begins.
    delimiter : str
    """
    if "\0" in text:
        raise CommandError(
            f"{path} has a NUL character. Is it a text file? For UTF-16: --encoding utf-16."
        )
    if told := _TOLD.match(text):
        # An empty line is left, so that the numbers of lines are those of the file.
        text = "\n" + text[told.end() :]
        delimiter = delimiter or told[1]
    with _long_fields(len(text)):
        if delimiter is None:
            delimiter = find_delimiter(text, own, quotes, columns)
        dialect = Dialect(delimiter, quotes)
        try:
            header = next(dialect.rows(text), (0, []))[1]
            return _frame(path, dialect.with_blanks(header), text), delimiter
        except _QuoteError as error:
            raise CommandError(f"{path}, {_told(error, text, delimiter)}") from error


def find_delimiter(text, own, quotes=True, columns=()):
    """Return the delimiter of a file.

    It is the one with which the header has most of the columns that the user names, then most of
    the first rows as many fields as the header. Delimiters and line breaks in quotes do not count.

    Parameters
    ----------
    text : str
    own : str
        The delimiter of the format, used if another would do as well.
    quotes : bool, default=True
    columns : iterable of str, default=()

    Returns
    -------
    str
    """
    sample, cut = text[:_SAMPLE_CHARACTERS], len(text) > _SAMPLE_CHARACTERS
    candidates = dict.fromkeys((own, *_CANDIDATES))
    wanted = {look(name).casefold() for name in columns}
    ranks = {one: _rank(Dialect(one, quotes), sample, cut, wanted) for one in candidates}
    # Of equal ones the first: the format's own.
    return max(candidates, key=ranks.get)


def _rank(dialect, sample, cut, wanted):
    """Return how well a delimiter fits, as a tuple that is larger for the better one."""
    rows = []
    whole = True
    try:
        header = next(dialect.rows(sample), (0, []))[1]
        dialect = dialect.with_blanks(header)
        for _, fields in itertools.islice(dialect.rows(sample), _SAMPLE_ROWS + 1):
            rows.append(fields)
        if cut and len(rows) <= _SAMPLE_ROWS:
            rows = rows[:1] + rows[1:-1]  # the last one is cut
    except _QuoteError:
        whole = cut and bool(rows)
    if not rows:
        return (0, False, False, 0.0)
    header, *rows = rows
    if len(header) == 1:
        whole, rows = False, []  # which says nothing for this delimiter
    found = len(wanted.intersection(look(name).casefold() for name in header))
    n_fitting = sum(len(fields) == len(header) for fields in rows)
    share = n_fitting / len(rows) if rows else 1.0
    return (found, len(header) > 1, whole, share)


def _frame(path, dialect, text):
    import numpy as np
    import pandas

    lines, rows = [], []
    header = None
    for line, fields in dialect.rows(text):
        if header is None:
            header = fields
            check_names(path, header)
            continue
        if len(fields) != len(header):
            if len(fields) == 1 and not fields[0].strip():
                continue  # an empty line, but for blanks
            raise CommandError(
                f"{path}, line {line}: {_n_fields(len(fields))}, but the header has "
                f"{len(header)} ({listed_names(header)}). {_way_out(fields, header, dialect)}"
            )
        lines.append(line)
        rows.append(fields)
    if header is None:
        raise CommandError(f"{path} is empty.")
    values = np.empty((len(rows), len(header)), object)
    if rows:
        values[:] = rows
    # object: the names of pandas.Index(dtype=str) would not be those of the file.
    return pandas.DataFrame(values, index=lines, columns=pandas.Index(header, dtype=object))


def _n_fields(n):
    return f"{n} field{'s' * (n != 1)}"


def _way_out(fields, header, dialect):
    if len(fields) < len(header):
        return "Is the line cut off, or does a field have a line break without being in quotes?"
    if not dialect.quotes:
        return "Without quotes no field can contain the delimiter. Leave out --no-quotes."
    return (
        f"A field that contains the delimiter {dialect.delimiter!r}, a line break or a quote "
        'is written in double quotes, each " in it as "".'
    )


def _told(error, text, delimiter):
    """Say what is wrong with quotes, and what to do."""
    where = f"line {error.first}"
    if error.last > error.first and not error.unclosed:
        where = f"lines {error.first} to {error.last}"
    if error.unclosed:
        problem = "a quoted field is not closed before the end of the file."
    else:
        problem = f"after a quoted field comes something else than the delimiter {delimiter!r}."
        other = re.match(r'\s*"(?:[^"]|"")*"([^"\w\s]+|\s+)"', text)
        if other and error.first == 1 and other[1] != delimiter:
            way_out = f"Name it with --delimiter {other[1]!r}."
            if len(other[1]) > 1:
                way_out = "A delimiter of several characters cannot be read; replace it by a comma."
            return f"{where}: {problem} Is it {other[1]!r}? {way_out}"
    return (
        f'{where}: {problem} In a quoted field, each " is written as "". If quotes are ordinary '
        "characters in this file, use --no-quotes."
    )


@contextlib.contextmanager
def _long_fields(length):
    """Let fields be as long as the file; the limit is one for all of Python."""
    before = csv.field_size_limit(min(max(length, csv.field_size_limit()), _LARGEST))
    try:
        yield
    finally:
        csv.field_size_limit(before)
