"""Read the sentences that `tags_data.py` wrote; the standard library is enough."""

import itertools
import json
from pathlib import Path


def read(path):
    """Return {"train": {"X", "y"}, "test": {"X", "y"}}; a step of X is a str or a tuple."""
    parts = json.loads(Path(path).read_text())
    for part in parts.values():
        if isinstance(part["X"][0][0], list):
            part["X"] = [[tuple(step) for step in sentence] for sentence in part["X"]]
    return parts


def repeated(sentences, n):
    """Return n sentences, the given ones again and again."""
    return list(itertools.islice(itertools.cycle(sentences), n))
