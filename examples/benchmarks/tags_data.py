"""Sets and recipes of the benchmark `tags.py`, and how the sets are read."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from skrnn.datasets import read_conll


@dataclass(frozen=True)
class TaggedSet:
    """A set of tagged sentences.

    Parameters
    ----------
    title : str
        In the tables.
    folder : str
        Below SKRNN_DATA.
    columns : int or list of int
        What is read of each line, see `read_conll`; without meaning for ATIS.
    has_spans : bool
        Whether tags are BIO tags of spans.
    """

    title: str
    folder: str
    columns: int | list[int]
    has_spans: bool


SETS = {
    "conll2000": TaggedSet("CoNLL-2000, words and parts of speech", "conll2000", [0, 1], True),
    "conll2000-words": TaggedSet("CoNLL-2000, words only", "conll2000", 0, True),
    "atis": TaggedSet("ATIS, slots", "atis", 0, True),
    "ewt": TaggedSet("UD English EWT, parts of speech", "ud_english_ewt", 0, False),
}


@dataclass(frozen=True)
class Recipe:
    """One tagger of a library.

    Parameters
    ----------
    title : str
        In the tables.
    script : str
        The script of its process, in `peers/`.
    environment : str or None
        Its environment; None is that of this process.
    settings : dict
        Arguments of the peer's `run`.
    """

    title: str
    script: str
    environment: str | None = None
    settings: dict = field(default_factory=dict)


OURS = "network"
RECIPES = {
    OURS: Recipe("RNNTagger", "tags_ours"),
    "crfsuite": Recipe("CRFsuite", "tags_crfsuite", "crfsuite"),
    "crfsuite-spelling": Recipe(
        "CRFsuite with spellings", "tags_crfsuite", "crfsuite", {"spelling": True}
    ),
    "keras": Recipe("plain Keras, no CRF", "tags_keras"),
    "keras-padded": Recipe("plain Keras, no CRF, all rows padded", "tags_keras", None, {"all": 1}),
}


def read(name, folder, validation=False, limit=None):
    """Return {"train": {"X", "y"}, "test": {"X", "y"}}.

    Parameters
    ----------
    name : str
        A key of `SETS`.
    folder : Path
        That of the data.
    validation : bool
        Whether "test" is a part on which settings are chosen: the last tenth of the training part
        of CoNLL-2000, `valid` of ATIS, `dev` of EWT.
    limit : int or None
        Rows of each part.
    """
    one = SETS[name]
    folder = Path(folder) / one.folder
    if one.folder == "atis":
        train, test = (
            _read_atis(folder / "train"),
            _read_atis(folder / ("valid" if validation else "test")),
        )
    elif one.folder == "ud_english_ewt":
        train = read_conll(folder / "train.tsv", columns=0)
        test = read_conll(folder / ("dev.tsv" if validation else "test.tsv"), columns=0)
    else:
        train = read_conll(folder / "train.txt", columns=one.columns)
        if validation:
            n = len(train[0]) * 9 // 10
            train, test = ([part[:n] for part in train], [part[n:] for part in train])
        else:
            test = read_conll(folder / "test.txt", columns=one.columns)
    parts = {"train": train, "test": test}
    return {key: {"X": X[:limit], "y": y[:limit]} for key, (X, y) in parts.items()}


def write(rows, path):
    """Write a set for `peers/tags_file.py`, which needs the standard library only."""
    Path(path).write_text(json.dumps(rows))


def _read_atis(folder):
    return [
        [line.split() for line in (folder / name).read_text().splitlines()]
        for name in ("seq.in", "seq.out")
    ]
