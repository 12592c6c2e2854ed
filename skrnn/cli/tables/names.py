"""The names of a table's columns."""

from collections import Counter

from skrnn.cli.tables.table import listed_names
from skrnn.exceptions import CommandError


def check_names(path, names):
    """Raise CommandError if two columns have the same name.

    Parameters
    ----------
    path : path-like
        The file.
    names : list of str
    """
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        raise CommandError(f"{path} has several columns {listed_names(twice)}. Rename them.")
