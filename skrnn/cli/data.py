"""The rows that ``skrnn train`` uses, and the baselines that it fits."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from warnings import warn

import numpy as np

from skrnn.cli.errors import refusals
from skrnn.cli.lookalikes import hint, warn_of_labels
from skrnn.cli.options import read_labelled
from skrnn.cli.report.records import Predictions, Rows
from skrnn.cli.report.scores import measure
from skrnn.cli.score_tables import short_labels, text_table
from skrnn.exceptions import CommandError
from skrnn.heads.targets import MANY_NUMBERS

# Number of classes that are listed one by one.
_LISTED = 20


@dataclass
class Data:
    """Rows for training, and held-out rows.

    Attributes
    ----------
    source : str
    classes : list of str
        Sorted labels.
    train : Rows
    held_out : Rows or None
    how_held_out : str
        A sentence about how the rows were divided.
    n_dropped : int
        Number of rows without a label, which were left out.
    """

    source: str
    classes: list
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
    classes = sorted(set(labels))
    _check_classes(table, arguments.label, labels, classes, once=share)
    _warn_of_numbers(table, arguments.label, classes)
    _check_texts(table, arguments.text, texts)
    warn_of_labels(Counter(labels), f"{table.path}: column {arguments.label!r}")
    rows = _rows(table, texts, labels, classes)
    if held_out_file is not None:
        other, texts, labels, dropped = read_labelled(arguments, held_out_file)
        _check_known(other, labels, classes, table)
        held_out = _rows(other, texts, labels, classes)
        how = f"All rows of {held_out_file} are held out."
        return Data(str(table.path), classes, rows, held_out, how, n_dropped + dropped)
    if share == 0:
        return Data(str(table.path), classes, rows, None, "No rows are held out.", n_dropped)
    train, held_out = _divide(rows, share, arguments.seed, table, len(classes))
    how = _how_divided(table.path, share, len(held_out), len(rows), arguments.seed)
    return Data(str(table.path), classes, train, held_out, how, n_dropped)


def describe(data):
    """Return lines about the data: rows of each label, and what is unusual."""
    parts = [data.train] + ([data.held_out] if data.held_out is not None else [])
    counts = [np.bincount(part.truth, minlength=len(data.classes)) for part in parts]
    rows = [["label", "training", "held out"][: 1 + len(parts)]]
    rows += [
        [label, *(f"{n:,}" for n in numbers)]
        for label, *numbers in zip(short_labels(data.classes)[:_LISTED], *counts, strict=False)
    ]
    if len(data.classes) > _LISTED:
        others = [count[_LISTED:].sum() for count in counts]
        rows.append([f"{len(data.classes) - _LISTED} others", *(f"{n:,}" for n in others)])
    rows.append(["all", *(f"{len(part):,}" for part in parts)])
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


def validation_rows(network, data, labels):
    """Return the validation rows of `fit`: the held-out rows, unless early stopping uses them.

    Early stopping would choose the epoch by these rows, so their scores would be too good.

    Returns
    -------
    dict
        Arguments of `RNNClassifier.fit`.
    """
    if data.held_out is None or network[-1].early_stopping:
        return {}
    ids = network[0].transform(data.held_out.texts)
    return {"X_val": ids, "y_val": labels[data.held_out.truth]}


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
        probabilities = estimator.predict_proba(data.held_out.texts)
    # The classes have the same order in each estimator: all were fitted on the same labels.
    position = {label: i for i, label in enumerate(data.classes)}
    predicted = np.array([position[label] for label in estimator.predict(data.held_out.texts)])
    scores = measure(data.classes, data.held_out.truth, predicted, probabilities)
    return Predictions(name, predicted, probabilities, scores, fit_seconds)


def baselines(data):
    """Fit and score the baselines, and the constant prediction.

    Returns
    -------
    list of Predictions
    """
    from sklearn.dummy import DummyClassifier

    from skrnn import make_nbsvm, make_tfidf_logistic

    estimators = {
        "NB-SVM, uni- and bigrams": make_nbsvm(),
        "tf-idf + logistic regression": make_tfidf_logistic(),
        "always the most frequent label": DummyClassifier(strategy="prior"),
    }
    labels = np.array(data.classes)[data.train.truth]
    made = []
    for name, estimator in estimators.items():
        start = time.perf_counter()
        try:
            # Fails if no n-gram occurs twice, which must not lose the network.
            with refusals():
                estimator.fit(data.train.texts, labels)
            made.append(predictions(name, estimator, time.perf_counter() - start, data))
        except CommandError as error:
            made.append(Predictions(name, problem=str(error)))
    return made


def _rows(table, texts, labels, classes):
    position = {label: i for i, label in enumerate(classes)}
    truth = np.array([position[label] for label in labels], np.intp)
    return Rows(texts, truth, [f"{table.path}, {table.place} {line}" for line in table.frame.index])


def _check_classes(table, column, labels, classes, *, once):
    if len(classes) < 2:
        raise CommandError(
            f"{table.path}: column {column!r} has the label {labels[0]!r} in all rows; at "
            "least two labels are needed."
        )
    counts = Counter(labels)
    single = [label for label in classes if counts[label] == 1]
    if once and single:
        if 2 * len(single) > len(classes):
            raise CommandError(
                f"{table.path}: column {column!r} has {len(classes)} different values in "
                f"{len(labels)} rows, {len(single)} of them only once. Is it the column of labels? "
                "Labels are a few classes with several rows each; convert numbers on a scale to "
                "classes first, such as 'low' and 'high'."
            )
        others = len(single) - 1
        many = f" So are {others} others." if others > 1 else " So is another." * others
        raise CommandError(
            f"{table.path}: label {single[0]!r} is in one row only, so it cannot be both trained "
            f"and held out.{many}{hint(single[0], classes)} If {column!r} is the column of labels, "
            "remove such rows, or use --validation 0 or FILE."
        )


def _warn_of_numbers(table, column, classes):
    """Warn if labels are so many numbers that the column may be a quantity."""
    try:
        numbers = sorted(map(float, classes))
    except ValueError:
        return
    if len(numbers) >= MANY_NUMBERS:
        warn(
            f"{table.path}: column {column!r} has {len(numbers)} different numbers, from "
            f"{numbers[0]:g} to {numbers[-1]:g}. Each becomes a class of its own, without an "
            "order. If they are a quantity, convert them to a few classes first, such as 'low' and "
            "'high'.",
            stacklevel=2,
        )


def _check_texts(table, column, texts):
    if not any(text.strip() for text in texts):
        raise CommandError(f"{table.path}: column {column!r} is empty in all rows.")


def _check_known(other, labels, classes, table):
    known = set(classes)
    unknown = [i for i, label in enumerate(labels) if label not in known]
    if unknown:
        raise CommandError(
            f"{other.path}: no row of {table.path} has the label {labels[unknown[0]]!r}, "
            f"{other.places(unknown)}. Labels must be equal, including case and spaces."
            f"{hint(labels[unknown[0]], classes)}"
        )


def _divide(rows, share, seed, table, n_classes):
    from sklearn.model_selection import train_test_split

    n = len(rows)
    n_held_out = max(_n_of(share, n), n_classes)
    if n - n_held_out < n_classes:
        raise CommandError(
            f"{table.path}: {n} rows are too few to hold out {100 * share:g}% of them with all "
            f"{n_classes} labels in both parts. Add rows, or use --validation 0 or FILE."
        )
    parts = train_test_split(
        np.arange(n), test_size=n_held_out, stratify=rows.truth, random_state=seed
    )
    return [
        Rows([rows.texts[i] for i in part], rows.truth[part], [rows.places[i] for i in part])
        for part in map(np.sort, parts)
    ]


def _how_divided(path, share, n_held_out, n, seed):
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
    return (
        f"The held-out rows are a random {part}, with about the same share of each label "
        f"(seed {seed})."
    )


def _n_of(share, n):
    return int(np.ceil(share * n))


def _n_rows(n):
    return f"{n:,} row{'s' * (n > 1)}"
