"""Tables in files: CSV, TSV, JSON lines and Parquet, read whole and written whole.

:mod:`~skrnn.cli.tables.table` is what they are read into; a module for each format reads and
writes it; :mod:`~skrnn.cli.tables.files` chooses among them by a file's ending.
"""

from skrnn.cli.tables.files import FORMATS, format_of, read_table, render_table
from skrnn.cli.tables.table import Table

__all__ = ["FORMATS", "Table", "format_of", "read_table", "render_table"]
