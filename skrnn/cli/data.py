"""The rows that ``skrnn train`` uses, and the baselines that it fits."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skrnn.cli.errors import refusals
from skrnn.cli.options import read_labelled
from skrnn.cli.report.records import Predictions, Rows
from skrnn.cli.score_tables import text_table
from skrnn.cli.tasks import task_class
from skrnn.cli.tasks.base import Task
from skrnn.exceptions import CommandError


@dataclass
class Data:
    """Rows for training, and held-out rows.

    Attributes
    ----------
    source : str
    task : Task
        What is predicted; it knows the classes, if there are any.
    train : Rows
    held_out : Rows or None
    how_held_out : str
        A sentence about how the rows were divided.
    n_dropped : int
        Number of rows without a label, which were left out.
    """

    source: str
    task: Task
    train: Rows
    held_out: Rows | None
    how_held_out: str
    n_dropped: int


def read_data(arguments, share, held_out_file):
    """Read the tables, and hold out rows.

    Parameters
    ----------
    arguments : argparse.Namespace
        Arguments of ``skrnn train``.
    share : float or None
        Share of rows to hold out; 0 holds out none.
    held_out_file : path-like or None
        Table of the held-out rows, used if `share` is None.

    Returns
    -------
    Data
    """
    table, texts, labels, n_dropped = read_labelled(arguments)
    kind, column = task_class(arguments.task), arguments.label
    task = kind.of_table(table, column, labels, once=bool(share))
    rows = rows_of(table, texts, task.truth(table, column, labels))
    _check_texts(table, arguments.text, texts)
    if held_out_file is not None:
        other, texts, labels, dropped = read_labelled(arguments, held_out_file)
        truth = task.held_out_truth(other, column, labels, table)
        held_out = rows_of(other, texts, truth)
        how = f"All rows of {held_out_file} are held out."
        return Data(str(table.path), task, rows, held_out, how, n_dropped + dropped)
    if share == 0:
        return Data(str(table.path), task, rows, None, "No rows are held out.", n_dropped)
    train, held_out = _divide(rows, share, arguments.seed, table, task)
    how = _how_divided(
        table.path, share, len(held_out), len(rows), arguments.seed, task.how_divided
    )
    return Data(str(table.path), task, train, held_out, how, n_dropped)


def describe(data):
    """Return lines about the data: its rows and labels, and what is unusual."""
    parts = [data.train] + ([data.held_out] if data.held_out is not None else [])
    rows = data.task.describe(parts)
    lines = [f"Data: {data.source}", text_table(rows), data.how_held_out]
    if data.n_dropped:
        lines.append(f"{_n_rows(data.n_dropped)} without a label left out.")
    empty = sum(not text.strip() for part in parts for text in part.texts)
    if empty:
        lines.append(f"{_n_rows(empty)} with an empty text.")
    if data.held_out is not None:
        known = set(data.train.texts)
        twice = sum(text in known for text in data.held_out.texts)
        if twice:
            lines.append(
                f"{_n_rows(twice)} held out with a text that is also in the training rows: the "
                "scores are too good."
            )
    return "\n".join(lines)


def validation_rows(network, data):
    """Return the validation rows of `fit`: the held-out rows, unless early stopping uses them.

    Early stopping would choose the epoch by these rows, so their scores would be too good.

    Returns
    -------
    dict
        Arguments of the estimator's `fit`.
    """
    if data.held_out is None or network[-1].early_stopping:
        return {}
    ids = network[0].transform(data.held_out.texts)
    return {"X_val": ids, "y_val": data.task.targets(data.held_out.truth)}


def checkpoint_folders(folder):
    """Return the folders with checkpoints in a folder: one for each training.

    Parameters
    ----------
    folder : path-like or None

    Returns
    -------
    set of Path
    """
    if folder is None:
        return set()
    return {path.parent for path in Path(folder).expanduser().glob("*/*.skrnn")}


def predictions(name, estimator, fit_seconds, data):
    """Predict the held-out rows with a fitted estimator, and score the predictions.

    Returns
    -------
    Predictions
    """
    with refusals(f"{name} cannot predict the held-out rows: "):
        predicted, probabilities = data.task.predict(estimator, data.held_out.texts)
    scores = data.task.measure(data.held_out.truth, predicted, probabilities)
    return Predictions(name, predicted, probabilities, scores, fit_seconds)


def baselines(data):
    """Fit and score the baselines, and the constant prediction.

    Returns
    -------
    list of Predictions
    """
    name, constant = data.task.constant()
    estimators = data.task.baselines() | {name: constant}
    y = data.task.targets(data.train.truth)
    made = []
    for name, estimator in estimators.items():
        start = time.perf_counter()
        try:
            # Fails if no n-gram occurs twice, which must not lose the network.
            with refusals():
                estimator.fit(data.train.texts, y)
            made.append(predictions(name, estimator, time.perf_counter() - start, data))
        except CommandError as error:
            made.append(Predictions(name, problem=str(error)))
    return made


def rows_of(table, texts, truth):
    """Return the rows of a table."""
    return Rows(texts, truth, [f"{table.path}, {table.place} {line}" for line in table.frame.index])


def _check_texts(table, column, texts):
    if not any(text.strip() for text in texts):
        raise CommandError(f"{table.path}: column {column!r} is empty in all rows.")


def _divide(rows, share, seed, table, task):
    from sklearn.model_selection import train_test_split

    n = len(rows)
    n_held_out = max(_n_of(share, n), task.least_rows)
    if n - n_held_out < task.least_rows:
        raise CommandError(
            f"{table.path}: {n} row{'s are' if n > 1 else ' is'} too few to hold out "
            f"{100 * share:g}% of them{task.both_parts}. Add rows, or use --validation 0 or FILE."
        )
    parts = train_test_split(
        np.arange(n), test_size=n_held_out, stratify=task.strata(rows.truth), random_state=seed
    )
    return [
        Rows([rows.texts[i] for i in part], rows.truth[part], [rows.places[i] for i in part])
        for part in map(np.sort, parts)
    ]


def _how_divided(path, share, n_held_out, n, seed, how):
    """Return a sentence on the held-out rows, with their actual number."""
    wanted = _n_of(share, n)
    if n_held_out > wanted:
        return (
            f"The held-out rows are a random {n_held_out:,} of the {n:,} rows of {path} (seed "
            f"{seed}), as many as there are labels; {100 * share:g}% would be {wanted:,}."
        )
    # The number is rounded up, so the share is not exactly the one that was asked for.
    exact = n_held_out == share * n
    part = f"{100 * share:g}% of the rows of {path}, {n_held_out:,} of {n:,}"
    if not exact:
        part = f"{n_held_out:,} of the {n:,} rows of {path}, {100 * share:g}% rounded up"
    return f"The held-out rows are a random {part}{how} (seed {seed})."


def _n_of(share, n):
    return int(np.ceil(share * n))


def _n_rows(n):
    return f"{n:,} row{'s' * (n > 1)}"
