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
            f"Parquet cannot store the columns of {table.path}: {str(error).rstrip('.')}. Write "
            ".jsonl instead."
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
    try:
        return array.to_pylist()
    except _errors() as error:
        problem = error
    try:
        return [_value(scalar) for scalar in array]
    except _errors():
        raise CommandError(
            f"{path}: column {name!r} ({array.type}) has a value that Python does not have: "
            f"{problem}. Leave the column out, or convert it to text first."
        ) from problem


def _value(scalar):
    import numpy as np
    from pyarrow import string, types

    try:
        return scalar.as_py()
    except _errors():
        kind = scalar.type
    if types.is_timestamp(kind):
        # As str(datetime) writes it.
        text = str(np.datetime64(scalar.value, kind.unit)).replace("T", " ")
        return f"{text}+00:00" if kind.tz else text
    if types.is_date32(kind):
        return str(np.datetime64(scalar.value, "D"))
    if types.is_date64(kind):
        return str(np.datetime64(scalar.value, "ms").astype("datetime64[D]"))
    if types.is_duration(kind):
        return str(np.timedelta64(scalar.value, kind.unit))
    return scalar.cast(string()).as_py()


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
