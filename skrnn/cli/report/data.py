"""The part of the report on the rows: how many, how long, how much of them is known."""

from collections import defaultdict

import numpy as np
from scipy.sparse import csr_array

from skrnn.cli.report import figures
from skrnn.cli.report.html import figure, section, table, tag
from skrnn.text.vocabulary import UNKNOWN

_LISTED = 30


def data_section(run):
    """Return what the rows are.

    Parameters
    ----------
    run : Run

    Returns
    -------
    Html
    """
    parts = {"training": run.train, "held out": run.held_out}
    # Dense ids with sparse_output=False: the zeros of their padding are no tokens.
    ids = {name: csr_array(run.pipeline[0].transform(rows.texts)) for name, rows in parts.items()}
    tokens = {name: np.diff(X.indptr) for name, X in ids.items()}
    told = [tag("p", run.how_held_out)]
    if run.n_dropped:
        told.append(tag("p", f"{run.n_dropped:,} without a label were left out."))
    picture = figure(
        figures.lengths(tokens),
        "Histogram of the number of tokens of a text, in training and in held-out rows.",
    )
    return section(
        "Data",
        *told,
        _classes(run, parts),
        _facts(parts, ids, tokens),
        *_repeated(run),
        picture,
    )


def _classes(run, parts):
    counts = [np.bincount(rows.truth, minlength=len(run.classes)) for rows in parts.values()]
    order = np.argsort(-counts[0], kind="stable")
    rows = [
        [run.classes[i], *(f"{n[i]:,} ({n[i] / n.sum():.1%})" for n in counts)]
        for i in order[:_LISTED]
    ]
    if len(order) > _LISTED:
        others = [n[order[_LISTED:]].sum() for n in counts]
        rows.append([f"{len(order) - _LISTED} others", *(f"{n:,}" for n in others)])
    rows.append(["all", *(f"{n.sum():,}" for n in counts)])
    return table(["label", *parts], rows)


def _facts(parts, ids, tokens):
    def row(name, tell):
        return [name, *(tell(part) for part in parts)]

    def quantile(q):
        return lambda part: f"{np.quantile(tokens[part], q):,.0f}"

    def known(part):
        read = ids[part].data
        return f"{np.mean(read != UNKNOWN):.1%}" if len(read) else "-"

    def empty(part):
        return f"{np.sum(tokens[part] == 0):,}"

    rows = [
        row("tokens of a text, median", quantile(0.5)),
        row("95% have at most", quantile(0.95)),
        row("the longest has", quantile(1.0)),
        row("share of tokens that the model knows", known),
        row("texts without a token", empty),
    ]
    return table(["", *parts], rows)


def _repeated(run):
    """Tell of texts that stand in several rows: they make scores too good, or impossible."""
    labels = defaultdict(set)
    n_rows = 0
    for rows in (run.train, run.held_out):
        n_rows += len(rows)
        for text, label in zip(rows.texts, rows.truth.tolist(), strict=True):
            labels[text].add(label)
    trained = set(run.train.texts)
    known = sum(text in trained for text in run.held_out.texts)
    if n_rows == len(labels):
        return [tag("p", "No text stands in more than one row.")]
    told = [
        f"{n_rows - len(labels):,} rows repeat the text of another row; "
        f"{sum(len(one) > 1 for one in labels.values()):,} texts stand there with several labels."
    ]
    if known:
        told.append(
            f" {known:,} of the {len(run.held_out):,} held-out rows have a text that training "
            "rows have too: the scores below are better than they would be on new texts."
        )
    return [tag("p", *told)]
