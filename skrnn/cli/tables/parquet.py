"""Parquet files, by pyarrow."""

import io

from skrnn.cli.errors import require
from skrnn.cli.tables.names import check_names
from skrnn.exceptions import CommandError


def read_parquet(path, content):
    """Return the data frame in a Parquet file, with Arrow's types.

    Parameters
    ----------
    path : path-like
        For error messages.
    content : bytes
    """
    import pandas

    parquet = require("pyarrow.parquet", "Parquet files")
    try:
        arrow = parquet.read_table(io.BytesIO(content))
        check_names(path, arrow.column_names)
        # ArrowDtype keeps the types of the columns that are only passed on.
        frame = arrow.to_pandas(types_mapper=pandas.ArrowDtype, ignore_metadata=True)
    except _errors() as error:
        raise CommandError(f"{path} cannot be read as Parquet: {error}") from error
    frame.columns = pandas.Index(arrow.column_names, dtype=object)
    frame.index += 1
    return frame


def render_parquet(table):
    """Return the bytes of a Parquet file.

    Parameters
    ----------
    table : Table
    """
    require("pyarrow", "Parquet files")
    parquet = require("pyarrow.parquet", "Parquet files")
    out = io.BytesIO()
    try:
        table.frame.to_parquet(out, engine="pyarrow", index=False)
        parquet.read_schema(io.BytesIO(out.getvalue()))  # which fails if values are nested too deep
    except _errors() as error:
        raise CommandError(
            f"Parquet cannot store the columns of {table.path}: {error}. Write .jsonl instead."
        ) from error
    return out.getvalue()


def python_values(path, name, array):
    """Return the values of an Arrow array as Python objects.

    A date beyond the years of Python's, or a time of nanoseconds, is a str.

    Parameters
    ----------
    path : path-like
        The file, for error messages.
    name : str
        The column, for error messages.
    array : pyarrow.ChunkedArray
    """
    import pyarrow

    try:
        return array.to_pylist()
    except _errors() as error:
        problem = error
    try:
        return array.cast(pyarrow.string()).to_pylist()
    except _errors():
        raise CommandError(
            f"{path}: column {name!r} ({array.type}) has a value that Python does not have: "
            f"{problem}. Leave the column out, or convert it to text first."
        ) from problem


def _errors():
    import pyarrow

    # Arrow's errors, and those of what it calls for types, texts and dates.
    return (
        pyarrow.ArrowException,
        OSError,
        ValueError,
        TypeError,
        LookupError,
        OverflowError,
        NotImplementedError,
        RecursionError,
    )
