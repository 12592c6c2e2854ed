"""Parquet, by pyarrow."""

import io

from skrnn.cli.tables.table import Table
from skrnn.exceptions import CommandError


def check_pyarrow():
    """Import pyarrow, or say how to install it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise CommandError(
            "Parquet files need pyarrow. Install it with: pip install 'skrnn[parquet]'"
        ) from error
    return pyarrow


def read(path, content):
    """Read the bytes of a file; each column keeps its type.

    Parameters
    ----------
    path : path-like
        For messages.
    content : bytes
        The whole file.

    Returns
    -------
    Table
    """
    pyarrow = check_pyarrow()
    try:
        arrow = pyarrow.parquet.read_table(io.BytesIO(content))
        names = arrow.column_names
        twice = sorted({name for name in names if names.count(name) > 1})
        columns = {} if twice else {name: arrow.column(name).to_pylist() for name in names}
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise CommandError(f"{path} is no Parquet file that can be read: {error}") from error
    if twice:
        raise CommandError(f"{path} has {', '.join(map(repr, twice[:5]))} more than once.")
    rows = list(range(1, arrow.num_rows + 1))
    return Table(path, columns, rows, place="row", arrow=arrow)


def render(table):
    """Return a table as the bytes of a file; columns that came from Parquet keep their types."""
    pyarrow = check_pyarrow()
    arrow = table.arrow if table.arrow is not None else pyarrow.table({})
    for name, values in table.columns.items():
        if name in arrow.column_names:
            continue
        try:
            column = pyarrow.array(values)
        except (pyarrow.ArrowException, OverflowError) as error:
            raise CommandError(
                f"column {name!r} holds values of several types, which Parquet cannot ({error}). "
                "Let the output end in .jsonl."
            ) from error
        arrow = (
            arrow.append_column(name, column)
            if arrow.num_columns
            else pyarrow.table({name: column})
        )
    out = io.BytesIO()
    pyarrow.parquet.write_table(arrow, out)
    return out.getvalue()
