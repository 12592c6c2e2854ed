"""A table: named columns, and where in its file each row stands."""

import difflib
import math
from dataclasses import dataclass

from skrnn.exceptions import CommandError

# So many columns, lines and characters of a value an error shows.
_SHOWN = 10


@dataclass
class Table:
    """Columns of a file.

    Attributes
    ----------
    path : path-like
        The file.
    columns : dict of str to list
        The values of each column, in the file's order; all of the same length.
    lines : list of int
        For each row, the line it begins in, or its number, counted from 1.
    place : {"line", "row"}
        What `lines` counts.
    arrow : pyarrow.Table or None
        The table as Parquet holds it, with its types.
    hint : str
        What to add where a column is missing.
    """

    path: object
    columns: dict
    lines: list
    place: str = "line"
    arrow: object = None
    hint: str = ""

    def __len__(self):
        """Return the number of rows."""
        return len(self.lines)

    def column(self, name, option):
        """Return a column's values, or say what there is instead."""
        if name in self.columns:
            return self.columns[name]
        names = list(self.columns)
        near = difflib.get_close_matches(name.strip().lower(), [n.strip().lower() for n in names])
        meant = [n for n in names if n.strip().lower() in near[:1]]
        # Of a header that is one long name, the delimiter is what is wrong.
        guess = f" Did you mean {meant[0]!r}?" if meant and not self.hint else ""
        raise CommandError(
            f"{self.path} has no column {name!r} ({option}).{guess} "
            f"It has {_listed([shown(n) for n in names])}.{self.hint}"
        )

    def texts(self, name, option="--text"):
        """Return a column of texts; where there is none, the empty text."""
        texts = []
        for line, value in zip(self.lines, self.column(name, option), strict=True):
            if is_missing(value):
                value = ""
            elif not isinstance(value, str):
                raise CommandError(
                    f"{self.path}, {self.place} {line}: column {name!r} holds {shown(value)} "
                    f"({type(value).__name__}), where a text should be."
                )
            texts.append(value)
        return texts

    def labels(self, name, option="--label"):
        """Return a column of labels as text, None where there is none."""
        return [
            None if is_missing(value) or _is_blank(value) else self._label(name, line, value)
            for line, value in zip(self.lines, self.column(name, option), strict=True)
        ]

    def _label(self, name, line, value):
        if isinstance(value, list | dict | bytes):
            raise CommandError(
                f"{self.path}, {self.place} {line}: column {name!r} holds {shown(value)} "
                f"({type(value).__name__}); a label is a text or a number."
            )
        return as_text(value)

    def take(self, rows):
        """Return the table of some rows."""
        return Table(
            self.path,
            {name: [values[i] for i in rows] for name, values in self.columns.items()},
            [self.lines[i] for i in rows],
            self.place,
            None if self.arrow is None else self.arrow.take(rows),
        )

    def places(self, rows):
        """Name the lines of some rows: "line 4", "lines 4, 7 and 9"."""
        lines = [str(self.lines[i]) for i in rows]
        return f"{self.place}{'s' * (len(lines) > 1)} {_listed(lines)}"


def is_missing(value):
    """Tell None and NaN from values."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _is_blank(value):
    return isinstance(value, str) and not value.strip()


def as_text(value):
    """Return a value as a CSV file would hold it; whole numbers without a point."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def shown(value, width=60):
    """Return a value on one short line."""
    text = repr(value[: width + 1] if isinstance(value, str) else value)
    return text if len(text) <= width else text[: width - 3] + "..."


def _listed(names):
    if len(names) > _SHOWN:
        return ", ".join(names[:_SHOWN]) + f" and {len(names) - _SHOWN} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
