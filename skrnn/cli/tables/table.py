"""A table with the place of each row in its file; its columns as texts and labels."""

import difflib
from dataclasses import dataclass, replace
from decimal import Decimal

from skrnn.exceptions import CommandError
from skrnn.lookalikes import look, quoted

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
        Its index has the place of each row in the file.
    place : {"row", "line"}
        What the index counts: rows from 1, or the lines of the file, on which a row begins.
    delimiter : str or None
        What separates the columns in the file; None if nothing does.
    """

    path: object
    frame: object
    place: str = "row"
    delimiter: str | None = None

    def __len__(self):
        """Return the number of rows."""
        return len(self.frame)

    def texts(self, name, option="--text"):
        """Return a column of texts as a list; missing texts are empty."""
        values = ["" if value is None else value for value in self._values(name, option)]
        self._check(name, values, [not isinstance(value, str) for value in values], "a text")
        return values

    def labels(self, name, option="--label"):
        """Return a column of labels as a list of str; missing and blank labels are None."""
        values = self._values(name, option)
        wrong = [isinstance(value, list | tuple | dict | bytes) for value in values]
        self._check(name, values, wrong, "a text or a number")
        made = {}
        for value in values:
            # A key of its type: True is 1 in a dict.
            if (type(value), value) not in made:
                label = "" if value is None else as_text(value)
                made[type(value), value] = label if look(label) else None
        return [made[type(value), value] for value in values]

    def add(self, columns):
        """Return the table with further columns.

        Parameters
        ----------
        columns : dict of str to list
        """
        import pandas

        # At once: pandas would copy the frame, and warn, for each of many columns.
        made = pandas.DataFrame(columns, index=self.frame.index)
        return replace(self, frame=pandas.concat([self.frame, made], axis=1))

    def take(self, rows):
        """Return the table of some rows."""
        return replace(self, frame=self.frame.iloc[rows])

    def places(self, rows):
        """Name some rows: "row 4", "rows 4, 7 and 9"."""
        return f"{self.place}{'s' * (len(rows) > 1)} {listed(self.frame.index[rows])}"

    def _values(self, name, option):
        return cells(self.path, self._column(name, option))

    def _check(self, name, values, wrong, expected):
        if any(wrong):
            i = wrong.index(True)
            raise CommandError(
                f"{self.path}, {self.places([i])}: column {name!r} has {short(values[i])} "
                f"({type(values[i]).__name__}), expected {expected}."
            )

    def _column(self, name, option):
        names = list(self.frame.columns)
        if name in self.frame.columns:
            return self.frame[name]
        advice = ""
        if near := _nearest(name, names):
            _, told = quoted([name, near])
            advice = f" Did you mean {told}?"
        elif self.delimiter and len(names) == 1:
            advice = " If it has more columns, name their separator with --delimiter."
        elif self.delimiter:
            advice = " The first line of the file has to name the columns."
        raise CommandError(
            f"{self.path} has no column {short(name)} ({option}).{advice} "
            f"Columns: {listed_names(names)}."
        )


def as_text(value):
    """Return a label as a CSV file has it: whole numbers without a point, true and false."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return f"{value:.0f}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def cells(path, column):
    """Return the values of a column as Python objects, None if missing.

    Parameters
    ----------
    path : path-like
        The file, for error messages.
    column : pandas.Series
    """
    import pandas

    if isinstance(column.dtype, pandas.ArrowDtype):
        from skrnn.cli.tables.parquet import python_values

        values = python_values(path, column.name, column.array.__arrow_array__())
    else:
        values = column.tolist()
    return [None if _is_missing(value) else value for value in values]


def short(value, width=60):
    """Return the repr of a value, shortened."""
    text = repr(value[: width + 1] if isinstance(value, str) else value)
    return text if len(text) <= width else text[: width - 3] + "..."


def listed(names):
    """Join names as a sentence does, without those of a long list."""
    names = list(map(str, names))
    if not names:
        return "none"
    if len(names) > _SHOWN:
        return ", ".join(names[:_SHOWN]) + f" and {len(names) - _SHOWN} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def listed_names(names):
    """Join the names of columns, each as its repr."""
    first = list(dict.fromkeys(name[:61] for name in names[:_SHOWN]))
    told = dict(zip(first, quoted(first), strict=True))
    reprs = [told[name[:61]] for name in names[:_SHOWN]]
    reprs = [one if len(one) <= 60 else f"{one[:57]}..." for one in reprs]
    return listed([*reprs, *names[_SHOWN:]])


def _is_missing(value):
    return value is None or (isinstance(value, float) and value != value)


def _nearest(name, names):
    """Return the column that may be meant, or None."""
    seen = look(name).casefold()
    alike = {}
    for one in names:
        alike.setdefault(look(one).casefold(), one)
    if seen in alike:
        return alike[seen]
    near = difflib.get_close_matches(seen, alike, n=1)
    return alike[near[0]] if near else None
