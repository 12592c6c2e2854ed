"""Tables in files (CSV, TSV, JSON lines, Parquet), read and written with pandas.

A file is read whole into a data frame. Problems are a CommandError that names the file, the line
or row, the column, and what to do.
"""

from skrnn.cli.tables.formats import FORMATS, format_of
from skrnn.cli.tables.reading import read_table
from skrnn.cli.tables.table import Table, as_text
from skrnn.cli.tables.writing import render_table

__all__ = ["FORMATS", "Table", "as_text", "format_of", "read_table", "render_table"]
