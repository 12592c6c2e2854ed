"""JSON lines: one object in each line."""

import json
import math

from skrnn.cli.tables.table import cells, listed, short
from skrnn.exceptions import CommandError

# A table of more cells is refused if hardly any of them has a value.
_MANY_CELLS = 2**26
_FILLED = 0.01


def read_json_lines(path, text):
    """Return the data frame of a file of JSON lines; its index has the line of each row.

    Parameters
    ----------
    path : path-like
        For error messages.
    text : str
    """
    import pandas

    records = {}
    # Not splitlines: a JSON string may contain other line breaks, such as U+2028.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            records[number] = _record(path, number, line)
    if not records:
        raise CommandError(f"{path} has no rows, only empty lines.")
    _check_size(path, records.values())
    # object: pandas would make floats of integers if one is missing.
    frame = pandas.DataFrame(list(records.values()), index=list(records), dtype=object)
    frame.columns = pandas.Index(list(frame.columns), dtype=object)
    return frame


def render_json_lines(table):
    """Return a table as JSON lines.

    Parameters
    ----------
    table : Table
    """
    columns = {
        name: map(_finite, cells(table.path, column)) for name, column in table.frame.items()
    }
    rows = zip(*columns.values(), strict=True) if columns else [()] * len(table)
    return "".join(as_json(table, dict(zip(columns, row, strict=True))) + "\n" for row in rows)


def as_json(table, value):
    """Return a value as JSON; a CommandError says that it has none."""
    try:
        return _encode(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise CommandError(
            f"{table.path}: text files cannot store {short(value)}: {error}. Write .parquet "
            "instead, or convert the column to text first."
        ) from error


def _record(path, number, line):
    try:
        record = json.loads(line, object_pairs_hook=_without_repeats)
        if "\\u" in line:  # half of a surrogate pair cannot be written again
            json.dumps(record, ensure_ascii=False).encode()
    except _RepeatedKeyError as error:
        raise CommandError(
            f"{path}, line {number}: the key {short(error.args[0])} is there twice. Keep one."
        ) from error
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path}, line {number}: not valid JSON: {error}.") from error
    if not isinstance(record, dict):
        raise CommandError(
            f"{path}, line {number}: {short(record)}, expected one JSON object per line, such as "
            '{"text": "...", "label": "..."}.'
        )
    return record


class _RepeatedKeyError(Exception):
    """A JSON object has a key twice, of which json would keep the last."""


def _without_repeats(pairs):
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        seen = set()
        raise _RepeatedKeyError(next(key for key in keys if key in seen or seen.add(key)))
    return made


def _check_size(path, records):
    """Raise CommandError if the rows have so few keys in common that no table would hold them."""
    keys = dict.fromkeys(key for record in records for key in record)
    n_cells = len(records) * len(keys)
    if n_cells > _MANY_CELLS and sum(map(len, records)) < _FILLED * n_cells:
        raise CommandError(
            f"{path}: {len(records):,} objects have {len(keys):,} different keys, hardly any in "
            f"common, such as {listed(map(short, list(keys)[:3]))}. The keys are the columns of a "
            "table; put values that vary into a nested object."
        )


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
