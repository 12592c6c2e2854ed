"""Readers of tagged sentences in columns: a line for each word, a blank line between sentences."""

import gzip
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import Any

from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.paths import local_path

_CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_WORD_ID, _SKIPPED_ID = re.compile(r"[0-9]+"), re.compile(r"[0-9]+[-.][0-9]+")


def read_conll(
    path: Any,
    *,
    columns: int | Sequence[int] | None = None,
    label: int = -1,
    delimiter: str | None = None,
    comment: str | None = None,
    encoding: str = "utf-8",
) -> tuple[list, list]:
    r"""Read a file of columns, as the shared tasks of CoNLL-2000, 2002 and 2003 have them.

    Each line has a word, perhaps more about it, and its label. A blank line ends a sentence. Lines
    that begin with ``-DOCSTART-`` end a sentence too, and are left out.

    Parameters
    ----------
    path : str, path-like or file
        The file, also compressed with gzip (a name that ends in .gz); or an open file, of text or
        bytes.
    columns : int, sequence of int or None, default=None
        Which columns make X; negative ones count from the last. None means all but `label`.
    label : int, default=-1
        The column of the labels.
    delimiter : str or None, default=None
        What separates columns. None means spaces and tabs, any number of them. A tab (``"\t"``)
        also admits words with spaces.
    comment : str or None, default=None
        Lines that begin with it are left out. None has no comments, since "#" is a word, too.
    encoding : str, default="utf-8"
        Of a path or a file of bytes. CoNLL-2002 has "latin-1".

    Returns
    -------
    X : list of list of str, or list of list of tuple of str
        The sentences. A step is a str if X has one column, otherwise a tuple in the order of
        `columns`.
    y : list of list of str
        The labels.

    Raises
    ------
    InvalidInputError
        If a line has another number of columns than the first, a column does not exist, the text
        is not in the encoding, or there are no sentences. The message names file and line.
    FileNotFoundError
        If there is no such file.

    See Also
    --------
    read_conllu : Universal Dependencies.
    skrnn.make_tagged_sentences : Sentences that need no file.

    References
    ----------
    .. [1] Tjong Kim Sang, E. F. and Buchholz, S. (2000). "Introduction to the CoNLL-2000 Shared
       Task: Chunking". Proc. of CoNLL-2000 and LLL-2000, 127-132.

    Examples
    --------
    >>> import io
    >>> from skrnn.datasets import read_conll
    >>> file = io.StringIO("He PRP B-NP\nreckons VBZ B-VP\n\nTrue JJ B-ADJP\n")
    >>> X, y = read_conll(file)
    >>> X
    [[('He', 'PRP'), ('reckons', 'VBZ')], [('True', 'JJ')]]
    >>> y
    [['B-NP', 'B-VP'], ['B-ADJP']]
    >>> _ = file.seek(0)
    >>> read_conll(file, columns=0)[0]
    [['He', 'reckons'], ['True']]
    """
    wanted = _check_columns(columns, label)
    X: list[list] = []
    y: list[list] = []
    width = first = 0
    with _lines_of(path, encoding) as (lines, name):
        words: list = []
        labels: list = []
        for number, line in lines:
            if line.startswith("-DOCSTART-") or not line.strip(" \t"):
                _end_sentence(X, y, words, labels)
                words, labels = [], []
                continue
            if comment is not None and line.startswith(comment):
                continue
            cells = _cells(line) if delimiter is None else line.split(delimiter)
            if not width:
                width, first = len(cells), number
                of_label, of_X = _places(wanted, label, width, name, number)
            if len(cells) != width:
                raise InvalidInputError(
                    f"Line {number} of {name} has {len(cells)} columns, but line {first} has "
                    f"{width}: {line[:60]!r}. Each line has a word and its label, and a blank line "
                    "is between sentences. If words have spaces in them and columns are separated "
                    "by tabs, pass delimiter='\\t'; if it is a comment, pass comment='#'."
                )
            labels.append(cells[of_label])
            words.append(cells[of_X[0]] if len(of_X) == 1 else tuple(cells[i] for i in of_X))
        _end_sentence(X, y, words, labels)
        _refuse_nothing(X, name)
    return X, y


def read_conllu(
    path: Any,
    *,
    columns: str | Sequence[str] = "form",
    label: str = "upos",
    encoding: str = "utf-8",
) -> tuple[list, list]:
    r"""Read a file in the format CoNLL-U of Universal Dependencies.

    Only words are read: comments, ranges of several words (as ``1-2`` for "don't" before "do" and
    "n't") and empty nodes (as ``8.1``) are left out.

    Parameters
    ----------
    path : str, path-like or file
        The file, also compressed with gzip (a name that ends in .gz); or an open file, of text or
        bytes.
    columns : str or sequence of str, default="form"
        What makes X, of "id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps"
        and "misc".
    label : str, default="upos"
        The column of the labels, one of the same names.
    encoding : str, default="utf-8"
        Of a path or a file of bytes.

    Returns
    -------
    X : list of list of str, or list of list of tuple of str
        The sentences. A step is a str if `columns` is one name, otherwise a tuple.
    y : list of list of str
        The labels; "_" is what the format writes where there is none.

    Raises
    ------
    InvalidInputError
        If a line has not ten columns separated by tabs, an id is none, a column does not exist, the
        text is not in the encoding, or there are no sentences. The message names file and line.
    FileNotFoundError
        If there is no such file.

    See Also
    --------
    read_conll : Other files of columns.

    References
    ----------
    .. [1] CoNLL-U Format, https://universaldependencies.org/format.html

    Examples
    --------
    >>> import io
    >>> from skrnn.datasets import read_conllu
    >>> rows = ["# Don't", "1-2 Don't _ _ _ _ _ _ _ _", "1 Do do AUX _ _ 0 root _ _"]
    >>> rows += ["2 n't not PART _ _ 1 advmod _ _", ""]
    >>> file = io.StringIO("\n".join(row.replace(" ", "\t") for row in rows))
    >>> read_conllu(file)
    ([['Do', "n't"]], [['AUX', 'PART']])
    """
    names = [columns] if isinstance(columns, str) else list(columns)
    for one in [*names, label]:
        if one not in _CONLLU:
            raise InvalidInputError(
                f"CoNLL-U has no column {one!r}; the columns are {', '.join(_CONLLU)}."
            )
    if not names:
        raise InvalidInputError("columns is empty; X needs at least one, for example 'form'.")
    of_X, of_label = [_CONLLU.index(one) for one in names], _CONLLU.index(label)
    X: list[list] = []
    y: list[list] = []
    with _lines_of(path, encoding) as (lines, name):
        words: list = []
        labels: list = []
        for number, line in lines:
            if not line.strip(" \t"):
                _end_sentence(X, y, words, labels)
                words, labels = [], []
                continue
            if line.startswith("#"):
                continue
            cells = line.split("\t")
            if len(cells) != len(_CONLLU):
                raise InvalidInputError(
                    f"Line {number} of {name} has {len(cells)} columns separated by tabs, but "
                    f"CoNLL-U has {len(_CONLLU)}: {line[:60]!r}. read_conll reads other columns."
                )
            if _SKIPPED_ID.fullmatch(cells[0]):
                continue
            if not _WORD_ID.fullmatch(cells[0]):
                raise InvalidInputError(
                    f"Line {number} of {name} has the id {cells[0]!r}, but an id of CoNLL-U is a "
                    "number (1), a range (1-2) or an empty node (1.1)."
                )
            labels.append(cells[of_label])
            words.append(
                cells[of_X[0]] if isinstance(columns, str) else tuple(cells[i] for i in of_X)
            )
        _end_sentence(X, y, words, labels)
        _refuse_nothing(X, name)
    return X, y


def _cells(line):
    """Split at spaces and tabs, not at all that str.split() takes for space, as in "1\u00a0000"."""
    return [cell for cell in line.replace("\t", " ").split(" ") if cell]


def _check_columns(columns, label):
    """Return the columns of X as a list, or None for the others than the label."""
    if not _is_index(label):
        raise InvalidTypeError(f"label={label!r} has to be the number of a column, such as -1.")
    if columns is None:
        return None
    wanted = [columns] if _is_index(columns) else columns
    if isinstance(wanted, str) or not isinstance(wanted, Iterable):
        raise InvalidTypeError(f"columns={columns!r} has to be the number of a column, or several.")
    wanted = list(wanted)
    if not wanted or not all(map(_is_index, wanted)):
        raise InvalidInputError(
            f"columns={columns!r} has to be the number of a column, or several, such as [0, 1]."
        )
    return wanted


def _is_index(value):
    return isinstance(value, Integral) and not isinstance(value, bool)


def _places(wanted, label, width, name, number):
    """Return the column of the label, and those of X, counted from the left."""
    for one in [label, *(wanted or [])]:
        if not -width <= one < width:
            raise InvalidInputError(
                f"Line {number} of {name} has {width} columns, so there is no column {one}; they "
                "are counted from 0."
            )
    of_label = label % width
    if wanted is not None:
        return of_label, [one % width for one in wanted]
    if width == 1:
        raise InvalidInputError(
            f"Line {number} of {name} has one column only. Each line needs a word and its label."
        )
    return of_label, [one for one in range(width) if one != of_label]


def _end_sentence(X, y, words, labels):
    if words:
        X.append(words)
        y.append(labels)


def _refuse_nothing(X, name):
    if not X:
        raise InvalidInputError(f"There are no sentences in {name}.")


@contextmanager
def _lines_of(path: Any, encoding: str) -> Iterator[tuple[Iterator[tuple[int, str]], str]]:
    """Open a path or take an open file; give its numbered lines, and its name for errors."""
    if hasattr(path, "read"):
        name = getattr(path, "name", None)
        yield _numbered(path, encoding, (told := f"{name!r}" if name else "the file")), told
        return
    if not isinstance(path, str | os.PathLike):
        raise InvalidTypeError(
            f"path has to be the path of a file, or an open file, but is {type(path).__name__}."
        )
    local = Path(local_path(path, "path")).expanduser()
    with gzip.open(local) if local.suffix == ".gz" else local.open("rb") as file:
        yield _numbered(file, encoding, repr(str(local))), repr(str(local))


def _numbered(file, encoding, name):
    r"""Yield the number and the text of each line, without its end.

    Lines end where files say, with \n, \r\n or \r: what Unicode has as ends of lines besides is
    part of a word.
    """
    line = 0
    text = None
    try:
        if isinstance(file.read(0), bytes):
            # The file stays open when the wrapper is gone: it may be the caller's.
            text = file = io.TextIOWrapper(file, encoding=encoding, newline=None)
        for line, one in enumerate(file, start=1):
            one = one.removeprefix("\ufeff") if line == 1 else one
            yield line, one.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{name[0].upper()}{name[1:]} is not {encoding} text (after line {line}: "
            f"{error.reason}). Pass its encoding, for example encoding='latin-1'."
        ) from error
    except (EOFError, gzip.BadGzipFile) as error:
        raise InvalidInputError(
            f"{name[0].upper()}{name[1:]} is not a complete gzip file (after line {line}): {error}."
        ) from error
    finally:
        if text is not None:
            text.detach()
