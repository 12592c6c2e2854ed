"""Texts for the accuracy benchmark: official test sets, and validation parts of the training texts.

All choices (defaults, recipes) are made on validation parts of the training texts. For IMDb, the
validation part is a fifth of the films with all their reviews. The official test set also has its
own films, and reviews of films in the training data are easier. For TREC, it is one of five
stratified folds.
"""

import os
import re
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

VALIDATION_FILMS = 5  # one film in five
N_FOLDS = 5


@dataclass
class Split:
    """Texts and labels for training and scoring, and unlabeled texts if there are any."""

    train: list
    y_train: np.ndarray
    test: list
    y_test: np.ndarray
    unlabeled: list | None = None


def load(name, *, validation, seed, unlabeled):
    """Return a `Split`.

    Parameters
    ----------
    name : {"imdb", "trec", "reviews"}
        "reviews" are 2,000 generated ones, and 1,000 others for scoring; they need no folder.
    validation : bool
        Whether to score on a part of the training texts instead of the official test.
    seed : int
        The fold of TREC that is used for validation; of generated reviews, their seed.
    unlabeled : bool
        Whether to load IMDb's 50,000 reviews without labels.
    """
    if name == "reviews":
        return _generated(seed)
    folder = os.environ.get("SKRNN_DATA")
    if not folder:
        sys.exit("Set SKRNN_DATA to the folder that holds aclImdb_v1.tar.gz, and for TREC trec/.")
    return (_imdb if name == "imdb" else _trec)(Path(folder), validation, seed, unlabeled)


def _imdb(folder, validation, seed, unlabeled):
    from skrnn import load_imdb

    train = load_imdb(folder, shuffle=False)
    rest = load_imdb(folder, subset="unsup", shuffle=False).data if unlabeled else None
    if not validation:
        test = load_imdb(folder, subset="test", shuffle=False)
        return Split(train.data, train.target, test.data, test.target, rest)
    held_out = of_held_out_films(folder, train.filenames)
    texts = np.array(train.data, dtype=object)
    return Split(
        texts[~held_out].tolist(),
        train.target[~held_out],
        texts[held_out].tolist(),
        train.target[held_out],
        rest,
    )


def of_held_out_films(folder, filenames):
    """Return whether each IMDb training review is of a film of the validation part."""
    films = np.array(_films(folder, filenames))
    names = np.unique(films)
    np.random.default_rng(0).shuffle(names)
    return np.isin(films, names[: len(names) // VALIDATION_FILMS])


def _films(folder, filenames):
    """Return the film of each review: line n of a part's list is the address of review n."""
    lists = {part: _read(folder, f"aclImdb/train/urls_{part}.txt") for part in ("pos", "neg")}
    films = {part: re.findall(r"/title/(\w+)", text) for part, text in lists.items()}
    parts = [(Path(name).parent.name, Path(name).name.split("_")[0]) for name in filenames]
    return [films[part][int(number)] for part, number in parts]


def _read(folder, name):
    archive = folder / "aclImdb_v1.tar.gz"
    if not archive.exists():
        return (folder / name).read_text()
    with tarfile.open(archive) as members:
        for member in members:
            if member.name == name:
                return members.extractfile(member).read().decode()
    sys.exit(f"{archive} has no {name}.")


def _generated(seed):
    from skrnn import make_reviews

    texts, labels = make_reviews(3000, random_state=seed)
    return Split(texts[:2000], labels[:2000], texts[2000:], labels[2000:])


def _trec(folder, validation, seed, unlabeled):
    from sklearn.model_selection import StratifiedKFold

    texts, labels = _questions(folder / "trec" / "train_5500.label")
    if not validation:
        return Split(texts, labels, *_questions(folder / "trec" / "TREC_10.label"))
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0).split(texts, labels)
    train, test = list(folds)[seed % N_FOLDS]
    texts = np.array(texts, dtype=object)
    return Split(texts[train].tolist(), labels[train], texts[test].tolist(), labels[test])


def _questions(path):
    """Return questions and their coarse classes, of which there are six."""
    lines = path.read_text(encoding="latin-1").splitlines()
    labels, texts = zip(*(line.split(" ", 1) for line in lines), strict=True)
    return list(texts), np.array([label.split(":")[0] for label in labels])
