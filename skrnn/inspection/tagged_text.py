"""Words with their tags: as text, and as HTML in which spans are highlighted."""

import re
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from skrnn._sklearn_compat import Interval, validate_params
from skrnn.exceptions import InvalidInputError
from skrnn.inspection.html import BOX, TEXT, page, safe
from skrnn.metrics import Span, spans
from skrnn.sequences import as_rows, ragged_labels, refuse_unequal_rows

_PREFIXED = re.compile(r"O|[BIESULM]-.*", re.DOTALL)
# The colours of Okabe and Ito; each type also has its name beside it, and then another line.
_COLORS = [
    "0,114,178",
    "213,94,0",
    "0,158,115",
    "204,121,167",
    "230,159,0",
    "86,180,233",
    "90,90,90",
]
_LINES = ["solid", "dashed", "dotted", "double"]


@dataclass(frozen=True, repr=False)
class TaggedText:
    """Rows of words with their tags; made by :func:`show_tags`.

    In a notebook it shows itself as HTML.

    Attributes
    ----------
    words : list of list of str
        What is shown of each step.
    marked : list of list of Span
        What is highlighted in each row: spans, or single steps with their tags.
    n_rows : int
        Number of all rows, of which the first are here.

    Examples
    --------
    >>> from skrnn.inspection import show_tags
    >>> found = show_tags([["Ada", "met", "Babbage"]], [["B-PER", "O", "B-PER"]])
    >>> found.marked[0][1]
    Span(start=2, end=3, label='PER')
    >>> found.to_html().count("PER</small>")
    2
    """

    words: list[list[str]]
    marked: list[list[Span]]
    n_rows: int

    def __repr__(self):
        """Return a line for each row, with brackets around what has a tag."""
        lines = []
        for row, marked in zip(self.words, self.marked, strict=True):
            parts = [
                f"[{' '.join(words)} {label}]" if label else " ".join(words)
                for words, label in _parts(row, marked)
            ]
            lines.append(" ".join(parts))
        return "\n".join(lines + self._rest())

    def to_html(self, *, full=False):
        """Return the words as HTML, with what has a tag highlighted and its tag behind it.

        Each type has a colour, and its name says which. Words and tags are escaped, so markup in
        them is shown as text.

        Parameters
        ----------
        full : bool, default=False
            Whether to return a complete page instead of a fragment. The page's policy forbids
            scripts and loading anything.

        Returns
        -------
        str
        """
        labels = sorted({span.label for row in self.marked for span in row})
        styles = {label: _style(number) for number, label in enumerate(labels)}
        rows = []
        for row, marked in zip(self.words, self.marked, strict=True):
            parts = []
            for words, label in _parts(row, marked):
                shown = safe(" ".join(words))
                if label:
                    name = f'<small style="font-size:.7em;color:#444">{safe(label)}</small>'
                    # The words give the direction, and the tag, in the other one, stays with them.
                    style = styles[label]
                    shown = f'<span dir="auto" style="{style}">{shown} <bdi>{name}</bdi></span>'
                parts.append(shown)
            rows.append(f'<p dir="auto" style="{TEXT}">{" ".join(parts)}</p>')
        rows += [f'<p style="{TEXT}">{safe(line)}</p>' for line in self._rest()]
        body = "\n".join([f'<div style="{BOX}">', *rows, "</div>"])
        return page("Tagged text", body) if full else body

    def _repr_html_(self):
        return self.to_html()

    def _rest(self):
        more = self.n_rows - len(self.words)
        return [f"... and {more} more {'row' if more == 1 else 'rows'}"] if more else []


@validate_params(
    {
        "as_spans": ["boolean", None],
        "max_rows": [Interval(Integral, 1, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def show_tags(
    X: Any, tags: Any, *, as_spans: bool | None = None, max_rows: int | None = 20
) -> TaggedText:
    """Show words with their tags, highlighted in a notebook.

    Parameters
    ----------
    X : list of list, or other rows of steps
        Words, tuples that begin with the word, token ids, or numbers.
    tags : list of list, object array of arrays, or another container of rows
        A tag for each step, such as the predictions of a tagger.
    as_spans : bool or None, default=None
        Whether tags such as "B-PER" and "I-PER" are shown as spans of type "PER", as
        :func:`skrnn.metrics.spans` reads them. If not, each step has its tag. None means spans if
        all tags are "O" or have a prefix.
    max_rows : int or None, default=20
        Rows to show, the first ones; None shows all.

    Returns
    -------
    shown : TaggedText
        As text: a line for each row. In a notebook, and by ``to_html()``: HTML.

    Raises
    ------
    InvalidInputError
        If a row has another length than its tags; the message names the row and both lengths.

    Examples
    --------
    >>> from skrnn.inspection import show_tags
    >>> X = [["Ada", "Lovelace", "met", "Babbage", "."]]
    >>> show_tags(X, [["B-PER", "I-PER", "O", "B-PER", "O"]])
    [Ada Lovelace PER] met [Babbage PER] .
    >>> show_tags(X, [["PROPN", "PROPN", "VERB", "PROPN", "PUNCT"]])
    [Ada PROPN] [Lovelace PROPN] [met VERB] [Babbage PROPN] [. PUNCT]
    """
    flat, offsets = ragged_labels(tags, "tags")
    words = [_words(row, i) for i, row in enumerate(X)]
    lengths = np.cumsum([0] + [len(row) for row in words]).astype(np.int64)
    refuse_unequal_rows(offsets, lengths, "tags", "X")
    if as_spans is None:
        are_text = flat.dtype.kind in "UO"
        as_spans = are_text and all(map(_PREFIXED.fullmatch, set(flat.tolist())))
    rows = as_rows(flat, offsets)[:max_rows]
    if as_spans:
        marked = spans(None, rows)
    else:
        marked = [
            [Span(i, i + 1, str(tag)) for i, tag in enumerate(row.tolist()) if tag != "O"]
            for row in rows
        ]
    return TaggedText(words[:max_rows], marked, len(words))


def _words(row, i):
    """Return what is shown of each step of a row."""
    if isinstance(row, str | bytes) or not hasattr(row, "__len__"):
        raise InvalidInputError(
            f"Row {i} of X is the {type(row).__name__} {str(row)[:40]!r}, but has to be a list of "
            "steps, such as ['Ada', 'met', 'Babbage']."
        )
    steps = row.tolist() if isinstance(row, np.ndarray) else list(row)
    return [_word(step) for step in steps]


def _word(step):
    if isinstance(step, tuple | list) and len(step) and isinstance(step[0], str):
        step = step[0]
    if isinstance(step, list | tuple | np.ndarray):
        return f"({', '.join(map(_word, step))})"
    return f"{step:.4g}" if isinstance(step, float | np.floating) else str(step)


def _parts(row, marked):
    """Yield the words of each part of a row, and the label of the part or None."""
    end = 0
    for span in marked:
        yield from (([word], None) for word in row[end : span.start])
        yield row[span.start : span.end], span.label
        end = span.end
    yield from (([word], None) for word in row[end:])


def _style(number):
    color = _COLORS[number % len(_COLORS)]
    line = _LINES[number // len(_COLORS) % len(_LINES)]
    return (
        f"background:rgba({color},0.2);border-bottom:2px {line} rgb({color});border-radius:2px;"
        "padding:.1em .2em"
    )
