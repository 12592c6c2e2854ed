"""The part of the report on the rows: how many, how long, and how many tokens are known."""

from collections import defaultdict

import numpy as np
from scipy.sparse import csr_array

from skrnn.cli.report import figures
from skrnn.sequences.special_tokens import UNKNOWN

_LISTED = 30


def describe_data(run):
    """Return what the template shows about the rows.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        classes and facts (rows of tables), repeated (str), lengths (SVG)
    """
    parts = {"training": run.train, "held out": run.held_out}
    # With sparse_output=False the ids are dense, and their zeros are padding.
    ids = {name: csr_array(run.pipeline[0].transform(rows.texts)) for name, rows in parts.items()}
    lengths = {name: np.diff(X.indptr) for name, X in ids.items()}
    return {
        "classes": _classes(run, parts),
        "facts": _facts(ids, lengths),
        "repeated": _repeated(run),
        "lengths": figures.lengths(lengths),
    }


def _classes(run, parts):
    counts = [np.bincount(rows.truth, minlength=len(run.classes)) for rows in parts.values()]
    order = np.argsort(-counts[0], kind="stable")
    names = run.names
    rows = [
        [names[i], *(f"{n[i]:,} ({n[i] / n.sum():.1%})" for n in counts)] for i in order[:_LISTED]
    ]
    if len(order) > _LISTED:
        others = [n[order[_LISTED:]].sum() for n in counts]
        rows.append([f"{len(order) - _LISTED} others", *(f"{n:,}" for n in others)])
    return [*rows, ["all", *(f"{n.sum():,}" for n in counts)]]


def _facts(ids, lengths):
    """Return the rows of a table; a column for each part of the data."""
    return [
        ["tokens per text, median", *(f"{np.median(n):,.0f}" for n in lengths.values())],
        ["95th percentile", *(f"{np.quantile(n, 0.95):,.0f}" for n in lengths.values())],
        ["longest text", *(f"{n.max():,}" for n in lengths.values())],
        ["share of known tokens", *(_known(X.data) for X in ids.values())],
        ["texts without a token", *(f"{np.sum(n == 0):,}" for n in lengths.values())],
    ]


def _known(tokens):
    return f"{np.mean(tokens != UNKNOWN):.1%}" if len(tokens) else "-"


def _repeated(run):
    """Describe the texts of several rows: they make scores too good, or good scores impossible."""
    labels = defaultdict(set)
    for rows in (run.train, run.held_out):
        for text, label in zip(rows.texts, rows.truth.tolist(), strict=True):
            labels[text].add(label)
    n_repeated = len(run.train) + len(run.held_out) - len(labels)
    if not n_repeated:
        return "All texts are different."
    n_conflicts = sum(len(one) > 1 for one in labels.values())
    repeated = (
        f"{n_repeated:,} row{'s repeat' if n_repeated > 1 else ' repeats'} the text of another "
        f"row; {f'{n_conflicts:,}' if n_conflicts else 'no'} text{'s have' * (n_conflicts > 1)}"
        f"{' has' * (n_conflicts < 2)} conflicting labels."
    )
    trained = set(run.train.texts)
    n_known = sum(text in trained for text in run.held_out.texts)
    if n_known:
        repeated += (
            f" {n_known:,} of the {len(run.held_out):,} held-out rows have a text that is also in "
            "the training rows, so the scores below are better than those of new texts."
        )
    return repeated
