"""Tables as the bytes of a file."""

import re

from skrnn.cli.tables.formats import COMPRESS, DELIMITERS
from skrnn.cli.tables.json_lines import as_json, render_json_lines
from skrnn.cli.tables.parquet import render_parquet
from skrnn.cli.tables.table import cells, short
from skrnn.exceptions import CommandError


def render_table(table, format, *, compression="", delimiter=None, quotes=True):
    """Return the bytes of a file.

    Parameters
    ----------
    table : Table
    format : {"csv", "tsv", "jsonl", "parquet"}
        Text is UTF-8, without a byte order mark.
    compression : {"", ".gz", ".bz2", ".xz"}, default=""
    delimiter : str or None, default=None
        One character, for CSV and TSV; None uses the format's own.
    quotes : bool, default=True
        Whether fields are in double quotes if they need them. Without quotes, a field that needs
        them is an error.

    Returns
    -------
    bytes
    """
    if format == "parquet":
        content = render_parquet(table)
    elif format == "jsonl":
        content = _encoded(table, render_json_lines(table))
    else:
        text = _render_delimited(table, delimiter or DELIMITERS[format], quotes)
        content = _encoded(table, text)
    return COMPRESS[compression](content) if compression else content


def _encoded(table, text):
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise CommandError(
            f"{table.path}: {short(text[error.start : error.end])} is no character, so a file of "
            "text cannot store it. Remove it."
        ) from error


def _render_delimited(table, delimiter, quotes):
    columns = [
        [name, *(_field(table, value) for value in cells(table.path, column))]
        for name, column in table.frame.items()
    ]
    as_field = _quoter(delimiter, len(columns)) if quotes else _refuser(delimiter, len(columns))
    rows = zip(*columns, strict=True) if columns else [()] * (len(table) + 1)
    text = "".join(delimiter.join(map(as_field, row)) + "\n" for row in rows)
    if "\0" in text:
        raise CommandError("CSV and TSV cannot store a NUL character. Write .jsonl instead.")
    return text


def _quoter(delimiter, n_columns):
    # Also around blanks, which would not be seen, and which some programs drop.
    needs = re.compile(rf'[{re.escape(delimiter)}"\r\n]|\A\s|\s\Z').search

    def as_field(text):
        if needs(text) or (not text and n_columns == 1):
            return '"' + text.replace('"', '""') + '"'
        return text

    return as_field


def _refuser(delimiter, n_columns):
    torn = re.compile(rf"[{re.escape(delimiter)}\r\n]").search

    def as_field(text):
        if torn(text) or (not text and n_columns == 1):
            raise CommandError(
                "--no-quotes cannot write a field that is empty in a single column, or contains "
                f"the delimiter or a line break ({short(text)}). Write to a file with --output, "
                "which has quotes."
            )
        return text

    return as_field


def _field(table, value):
    """Return a value as a field of CSV."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float):
        return repr(value)
    nested = isinstance(value, bool | bytes | list | tuple | dict)
    return as_json(table, value) if nested else str(value)
