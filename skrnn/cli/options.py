"""Options that several commands share."""

import argparse
import codecs
import json
from functools import partial
from pathlib import Path

from skrnn.cli.tables import FORMATS, read_table
from skrnn.exceptions import CommandError

# More than an int32 holds: no table has as many rows, and no text as many words.
_MAX_COUNT = 2**31 - 2
# Of a layer: the recurrent weights of a wider LSTM alone are more than 4 GB.
MAX_UNITS = 2**14


def add_table_options(parser, *, label):
    """Add FILE and how to read it."""
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV, TSV, JSON lines or Parquet")
    parser.add_argument("--text", required=True, metavar="COLUMN", help="the column of texts")
    if label:
        parser.add_argument("--label", required=True, metavar="COLUMN", help="the column of labels")
        parser.add_argument(
            "--drop-missing", action="store_true", help="leave out rows without a label"
        )
    add_format_options(parser)


def add_format_options(parser):
    """Add how to read a table."""
    parser.add_argument("--format", choices=FORMATS, help="of FILE, where its ending does not tell")
    parser.add_argument(
        "--encoding", type=_encoding, default="utf-8", help="of FILE (default: utf-8)"
    )
    parser.add_argument(
        "--delimiter", type=_delimiter, metavar="CHARACTER", help="between columns of CSV; or: tab"
    )
    parser.add_argument(
        "--no-quotes", action="store_true", help='take " in CSV or TSV for a character as others'
    )


def add_force_option(parser):
    """Add --force."""
    parser.add_argument("--force", action="store_true", help="replace files that exist")


def add_network_options(parser):
    """Add what the network and its training are."""
    group = parser.add_argument_group("network")
    group.add_argument("--cell", choices=["rnn", "lstm", "gru"], help="recurrent layer (lstm)")
    group.add_argument("--units", type=_width, help="its width (64)")
    group.add_argument("--epochs", type=count, help="passes over the training rows (5)")
    group.add_argument("--batch-size", type=count, help="rows an update (by the number of rows)")
    group.add_argument("--learning-rate", type=_positive, help="step size (0.002)")
    group.add_argument("--max-features", type=count, help="words to know (10000)")
    group.add_argument("--max-length", type=count, help="words of a text to read (all)")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=JSON",
        help="any other parameter of RNNClassifier or TextToSequence, for example "
        "--set early_stopping=true --set ngram_range=null",
    )
    group.add_argument("--seed", type=seed, default=0, help="of all that is random (default: 0)")


def read_options(arguments, path=None):
    """Read the table that the options name."""
    return read_table(
        arguments.file if path is None else path,
        format=arguments.format,
        encoding=arguments.encoding,
        delimiter=arguments.delimiter,
        quotes=not arguments.no_quotes,
    )


def read_labelled(arguments, path=None):
    """Read a table, its texts and its labels; without rows that have no label.

    Returns
    -------
    table : Table
    texts : list of str
    labels : list of str
    n_dropped : int
        Rows without a label that were left out.
    """
    table = read_options(arguments, path)
    texts, labels = table.texts(arguments.text), table.labels(arguments.label)
    missing = [i for i, label in enumerate(labels) if label is None]
    if not missing:
        return table, texts, labels, 0
    if not arguments.drop_missing:
        raise CommandError(
            f"{table.path}: no label in column {arguments.label!r}, {table.places(missing)}. Add "
            "the labels, or let --drop-missing leave these rows out."
        )
    kept = [i for i, label in enumerate(labels) if label is not None]
    if not kept:
        raise CommandError(f"{table.path}: no row has a label in column {arguments.label!r}.")
    table = table.take(kept)
    return table, [texts[i] for i in kept], [labels[i] for i in kept], len(missing)


def count(text):
    """Return a positive whole number."""
    value = _number(int, text)
    if value is None or value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return _at_most(_MAX_COUNT, value)


def _width(text):
    return _at_most(MAX_UNITS, count(text))


def _at_most(highest, value):
    if value > highest:
        raise argparse.ArgumentTypeError(f"{value} is too many; at most {highest}")
    return value


def _positive(text):
    value = _number(float, text)
    if value is None or not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return value


def seed(text):
    """Return a whole number that NumPy takes for a seed."""
    value = _number(int, text)
    if value is None or not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 4294967295")
    return value


def _number(kind, text):
    try:
        return kind(text)
    except ValueError:
        return None


def _encoding(text):
    try:
        found = codecs.lookup(text)
    except LookupError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no encoding; there are utf-8, utf-16, cp1252, latin-1, shift_jis, ..."
        ) from error
    if not found._is_text_encoding:
        raise argparse.ArgumentTypeError(f"{text!r} is no encoding of text")
    return found.name


def _delimiter(text):
    if text in ("tab", "\\t"):
        return "\t"
    if len(text) != 1 or text in '"\r\n':
        raise argparse.ArgumentTypeError(f"{text!r} is not one character, and not tab")
    return text


def _setting(text):
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=JSON, such as dropout=0.3")
    try:
        hooks = {"parse_constant": _no_constant, "parse_int": _whole}
        return name, json.loads(value, **{key: partial(hook, text) for key, hook in hooks.items()})
    except json.JSONDecodeError:
        # Quotes within a shell's quotes are a nuisance: what is no JSON is a string.
        return name, value
    except RecursionError as error:
        raise argparse.ArgumentTypeError(f"{text[:40]!r}...: nested too deep") from error


def _no_constant(text, constant):
    raise argparse.ArgumentTypeError(f"{text!r}: {constant} is no JSON")


def _whole(text, digits):
    # Not by int, which itself refuses thousands of digits.
    if len(digits) > 11 or abs(int(digits)) > _MAX_COUNT:
        shown = digits if len(digits) <= 40 else f"{digits[:37]}..."
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r}: {shown} is too large; at most {_MAX_COUNT}"
        )
    return int(digits)
