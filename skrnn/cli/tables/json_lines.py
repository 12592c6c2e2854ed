"""JSON lines: an object a line."""

import datetime
import decimal
import json
import math

from skrnn.cli.tables.table import Table, shown
from skrnn.exceptions import CommandError, InvalidInputError


def read(path, text):
    """Read a text; a key that a line does not have is None there.

    Parameters
    ----------
    path : path-like
        For messages.
    text : str
        The whole file. Empty lines are skipped.

    Returns
    -------
    Table
        Its columns are the keys of all lines, in the order of their first appearance.
    """
    records, lines = [], []
    # Not splitlines: a JSON string may hold other line ends, such as U+2028, as they are.
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip():
            records.append(_record(path, line, content))
            lines.append(line)
    if not records:
        raise CommandError(f"{path} has no rows, only empty lines.")
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: [record.get(name) for record in records] for name in names}
    return Table(path, columns, lines)


def render(table):
    """Return a table as text, an object a line.

    A number that is not finite is null, for JSON has none such; a date is text.
    """
    names = list(table.columns)
    return "".join(
        json.dumps(
            {name: plain(value) for name, value in zip(names, row, strict=True)},
            ensure_ascii=False,
            allow_nan=False,
        )
        + "\n"
        for row in zip(*table.columns.values(), strict=True)
    )


def _record(path, line, content):
    where = f"{path}, line {line}"
    try:
        record = json.loads(content, object_pairs_hook=_object)
        if "\\u" in content:
            json.dumps(record, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise CommandError(f"{where}, column {error.colno}: no JSON: {error.msg}.") from error
    except UnicodeEncodeError as error:
        raise CommandError(f"{where}: half of a surrogate pair, which is no character.") from error
    except RecursionError as error:
        raise CommandError(f"{where}: nested too deep.") from error
    except ValueError as error:
        raise CommandError(f"{where}: {error}.") from error
    if not isinstance(record, dict):
        array = " A file that is one array has to be written with an object a line."
        raise CommandError(
            f"{where}: {shown(record)}, where an object such as "
            '{"text": "...", "label": "..."} should be.' + array * isinstance(record, list)
        )
    return record


def _object(pairs):
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInputError(f"the key {shown(twice)} stands there more than once")
    return made


def plain(value):
    """Return a value as what JSON has."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta | decimal.Decimal):
        return str(value)
    return value
