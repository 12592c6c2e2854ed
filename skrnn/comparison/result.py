"""The result of a comparison, as rows and as a table."""

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from skrnn.backend.extras import missing


class Comparison(Sequence):
    """Rows of a comparison, as :func:`compare` returns them.

    A read-only sequence: iterate over the rows, or index it by number or by
    the name of an estimator. A row is a dict and a copy. A comparison prints
    as a table in which ``*`` (bold in HTML and Markdown) marks the best score
    of each column.

    Parameters
    ----------
    rows : iterable of dict
        The rows, all with the same keys, as described in :func:`compare`.

    n_splits : int
        Number of splits that the means are over.

    Attributes
    ----------
    columns : tuple of str
        The keys of every row.

    n_splits : int
        Number of splits that the means are over.

    Examples
    --------
    >>> from skrnn.comparison import Comparison
    >>> rows = [{"estimator": "A", "test_score": 0.8}, {"estimator": "B", "test_score": 0.9}]
    >>> result = Comparison(rows, n_splits=3)
    >>> result["B"]["test_score"], result.columns, len(result)
    (0.9, ('estimator', 'test_score'), 2)
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]], *, n_splits: int) -> None:
        self._rows = tuple(dict(row) for row in rows)
        self._n_splits = n_splits

    @property
    def columns(self) -> tuple[str, ...]:
        """Keys of every row."""
        return tuple(self._rows[0])

    @property
    def n_splits(self) -> int:
        """Number of splits that the means are over."""
        return self._n_splits

    def __len__(self) -> int:
        """Return the number of estimators."""
        return len(self._rows)

    def __getitem__(self, key):
        """Return the row with this number or name, as a dict.

        Parameters
        ----------
        key : int, str or slice
            Number of the row, or name of the estimator. A slice returns a list.

        Returns
        -------
        row : dict or list of dict
            A copy.
        """
        if isinstance(key, str):
            for row in self._rows:
                if row["estimator"] == key:
                    return dict(row)
            names = ", ".join(repr(row["estimator"]) for row in self._rows)
            raise KeyError(f"no estimator is named {key!r}; there are {names}")
        if isinstance(key, slice):
            return [dict(row) for row in self._rows[key]]
        return dict(self._rows[key])

    def __repr__(self):
        """Return the table with aligned columns."""
        header, cells = self._table()
        # Each number has room for a star after it, and its header is right above the number.
        lines = [[title + " " for title in header]]
        lines += [[text + ("*" if best else " ") for text, best in row] for row in cells]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "".join(
                [line[0].ljust(widths[0])]
                + [f" {text:>{width}}" for text, width in zip(line[1:], widths[1:], strict=True)]
            ).rstrip()
            for line in lines
        )

    def _repr_html_(self):
        """Return the table in HTML, for a notebook."""
        header, cells = self._table()
        head = "".join(f"<th>{html.escape(title)}</th>" for title in header)
        body = "".join(
            "<tr>"
            + "".join(
                f"<td><b>{html.escape(text)}</b></td>" if best else f"<td>{html.escape(text)}</td>"
                for text, best in row
            )
            + "</tr>"
            for row in cells
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def to_markdown(self) -> str:
        """Return the table in Markdown.

        Returns
        -------
        table : str
            A table with a header, without a newline at the end.
        """
        header, cells = self._table()
        lines = [header, ["---"] + ["---:"] * (len(header) - 1)]
        for row in cells:
            # A bar in a name would end the cell.
            texts = [text.replace("|", r"\|") for text, _ in row]
            lines.append(
                [f"**{t}**" if best else t for t, (_, best) in zip(texts, row, strict=True)]
            )
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def to_frame(self):
        """Return the rows as a pandas data frame.

        Returns
        -------
        frame : pandas.DataFrame of shape (n_estimators, n_columns - 1)
            Floats, with the names of the estimators as the index.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise missing("to_frame", "pandas") from error
        return pd.DataFrame([dict(row) for row in self._rows]).set_index("estimator")

    def _table(self):
        """Return the header and, for each row, its cells as (text, whether it is the best)."""
        columns = [[(row["estimator"], False) for row in self._rows]]
        header = ["estimator"]
        for key in self.columns:
            if key.startswith("test_") and f"{key}_std" in self.columns:
                means = [row[key] for row in self._rows]
                header.append(key.removeprefix("test_"))
                # A mark means "better than the others", so there must be others.
                best = np.nanmax(means) if len(self) > 1 and not np.all(np.isnan(means)) else None
                deviations = [row[f"{key}_std"] for row in self._rows]
                columns.append(
                    [
                        (self._score_text(mean, std), mean == best)
                        for mean, std in zip(means, deviations, strict=True)
                    ]
                )
        for key, title in (("fit_seconds", "fit (s)"), ("predict_seconds", "predict (s)")):
            header.append(title)
            columns.append([(_three_digits(row[key]), False) for row in self._rows])
        sizes = [row["pickled_bytes"] for row in self._rows]
        unit, scale = ("MB", 1e6) if any(size >= 1e6 for size in sizes) else ("kB", 1e3)
        header.append(f"pickle ({unit})")
        columns.append([(_three_digits(size / scale), False) for size in sizes])
        return header, list(zip(*columns, strict=True))

    def _score_text(self, mean, std):
        if math.isnan(mean):
            return "-"
        # Errors have the unit of y, which may be millionths or billions.
        digits = ".4f" if mean == 0 or 0.001 <= abs(mean) < 1000 else ".4g"
        # One split has no standard deviation; "± 0" would look like certainty.
        return f"{mean:{digits}}" + (f" ± {std:{digits}}" if self._n_splits > 1 else "")


def _three_digits(value):
    """Return a cost with three digits, or "-" for NaN."""
    if math.isnan(value):
        return "-"
    if value < 0.001:
        return "<0.001"
    digits_before_point = max(1, math.floor(math.log10(value)) + 1)
    return f"{value:.{3 if value < 1 else max(0, 3 - digits_before_point)}f}"
