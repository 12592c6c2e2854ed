"""Options that several commands share."""

import argparse
import codecs
import json
import os
from functools import partial
from pathlib import Path

from skrnn.cli.tables import FORMATS, read_table
from skrnn.exceptions import CommandError, InvalidInputError
from skrnn.paths import local_path

# Fits into an int32: no table has more rows, and no text more words.
_MAX_COUNT = 2**31 - 2
# The recurrent weights of a wider LSTM layer are larger than 4 GB, as are such vectors of 65,000
# words.
MAX_WIDTH = 2**14


def add_table_options(parser, *, label):
    """Add FILE, and the options for reading it."""
    parser.add_argument(
        "file", type=file_path, metavar="FILE", help="CSV, TSV, JSON lines or Parquet"
    )
    parser.add_argument("--text", required=True, metavar="COLUMN", help="the column of texts")
    if label:
        parser.add_argument("--label", required=True, metavar="COLUMN", help="the column of labels")
        parser.add_argument(
            "--drop-missing", action="store_true", help="leave out rows without a label"
        )
    add_format_options(parser)


def add_format_options(parser):
    """Add the options for reading a table."""
    parser.add_argument("--format", choices=FORMATS, help="format of FILE (default: by its ending)")
    parser.add_argument(
        "--encoding", type=_encoding, default="utf-8", help="encoding of FILE (default: utf-8)"
    )
    parser.add_argument(
        "--delimiter",
        type=_delimiter,
        metavar="CHARACTER",
        help="column separator of CSV and TSV, or: tab (default: found in the first rows)",
    )
    parser.add_argument(
        "--no-quotes", action="store_true", help='treat " as an ordinary character in CSV and TSV'
    )


def add_force_option(parser):
    """Add --force."""
    parser.add_argument("--force", action="store_true", help="replace existing files")


def add_network_options(parser):
    """Add the options of the network and its training."""
    group = parser.add_argument_group("network")
    group.add_argument("--cell", choices=["rnn", "lstm", "gru"], help="recurrent layer (lstm)")
    group.add_argument("--units", type=_width, help="units of the recurrent layer (64)")
    group.add_argument("--epochs", type=count, help="number of epochs (5)")
    group.add_argument(
        "--batch-size", type=count, help="batch size (depends on the number of rows)"
    )
    group.add_argument("--learning-rate", type=_positive, help="learning rate (0.002)")
    group.add_argument("--max-features", type=count, help="size of the vocabulary (10000)")
    group.add_argument("--max-length", type=count, help="words read per text (all)")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=JSON",
        help="any other parameter of RNNClassifier (RNNRegressor) or TextToSequence, for example "
        "--set early_stopping=true --set ngram_range=null",
    )
    group.add_argument("--seed", type=seed, default=0, help="random seed (default: 0)")


def read_options(arguments, path=None):
    """Read the table according to the options."""
    columns = [arguments.text, getattr(arguments, "label", None)]
    return read_table(
        arguments.file if path is None else path,
        format=arguments.format,
        encoding=arguments.encoding,
        delimiter=arguments.delimiter,
        quotes=not arguments.no_quotes,
        columns=[name for name in columns if name is not None],
    )


def read_labelled(arguments, path=None):
    """Read a table with texts and labels, and drop the rows without a label.

    Returns
    -------
    table : Table
    texts : list of str
    labels : list of str
    n_dropped : int
        Number of rows without a label, which were dropped.
    """
    if arguments.text == arguments.label:
        raise CommandError(
            f"--text and --label are the same column, {arguments.text!r}. Name the column of each."
        )
    table = read_options(arguments, path)
    texts, labels = table.texts(arguments.text), table.labels(arguments.label)
    missing = [i for i, label in enumerate(labels) if label is None]
    if not missing:
        return table, texts, labels, 0
    if not arguments.drop_missing:
        raise CommandError(
            f"{table.path}: no label in column {arguments.label!r}, {table.places(missing)}. Add "
            "the labels, or use --drop-missing to leave these rows out."
        )
    kept = [i for i, label in enumerate(labels) if label is not None]
    if not kept:
        raise CommandError(f"{table.path}: no row has a label in column {arguments.label!r}.")
    table = table.take(kept)
    return table, [texts[i] for i in kept], [labels[i] for i in kept], len(missing)


def file_path(text):
    """Return the path of a local file or folder, or of standard output."""
    try:
        is_name = b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        is_name = False
    if not text or not is_name:
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a file")
    try:
        return Path(local_path(text, "the path", "Copy the file to a local disk."))
    except InvalidInputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def count(text):
    """Return a positive whole number."""
    value = _number(int, text)
    if value is None or value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return _at_most(_MAX_COUNT, value)


def _width(text):
    return _at_most(MAX_WIDTH, count(text))


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
    """Return a whole number that NumPy accepts as a seed."""
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
    except (LookupError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a known encoding, such as utf-8, utf-16, cp1252, latin-1 or shift_jis"
        ) from error
    if not found._is_text_encoding:
        raise argparse.ArgumentTypeError(f"{text!r} is not an encoding of text")
    return found.name


def _delimiter(text):
    if text in ("tab", "\\t"):
        return "\t"
    if len(text) != 1 or text in '"\r\n' or not (text.isprintable() or text in "\t\x1f"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a single character nor tab")
    return text


_OF_PYTHON = {"None": "null", "True": "true", "False": "false"}


def _setting(text):
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=JSON, such as dropout=0.3")
    if value in _OF_PYTHON:
        raise argparse.ArgumentTypeError(
            f"{text!r} is Python; in JSON, it is {name}={_OF_PYTHON[value]}"
        )
    hooks = {"parse_constant": _no_constant, "parse_int": _whole, "object_pairs_hook": _object}
    try:
        value = json.loads(value, **{key: partial(hook, text) for key, hook in hooks.items()})
    except json.JSONDecodeError:
        pass  # Quotes inside a shell's quotes are inconvenient, so text that is not JSON is a str.
    except RecursionError as error:
        raise argparse.ArgumentTypeError(f"{text[:40]!r}...: nested too deep") from error
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not text in UTF-8") from error
    return name, value


def _object(text, pairs):
    made = dict(pairs)
    if len(made) < len(pairs):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} has a key twice")
    return made


def _no_constant(text, constant):
    raise argparse.ArgumentTypeError(f"{text!r}: {constant} is not JSON")


def _whole(text, digits):
    # Not with int, which raises for thousands of digits.
    if len(digits) > 11 or abs(int(digits)) > _MAX_COUNT:
        shown = digits if len(digits) <= 40 else f"{digits[:37]}..."
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r}: {shown} is too large; at most {_MAX_COUNT}"
        )
    return int(digits)
