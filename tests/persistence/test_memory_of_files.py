"""Memory that loading takes: some fifty times a file's size at most, whatever the file holds.

The documents fit the format up to the place that is meant; each part is repeated until the file has
a quarter of a megabyte.
"""

import itertools
import json
import string
import tracemalloc

import numpy as np
import pytest

from skrnn import InvalidFileError, TextToSequence, load, make_nbsvm, save
from skrnn.fileformat import container

pytestmark = pytest.mark.reliability

MEGABYTE = 2**20
SIZE = MEGABYTE // 4
TEXTS = ["good film", "bad film", "good plot", "bad plot"] * 5


def short_words():
    """Yield distinct words, the shortest first."""
    letters = string.ascii_letters + string.digits
    for n in itertools.count(1):
        yield from map("".join, itertools.product(letters, repeat=n))


def many(make, n_bytes=SIZE):
    """Return a list of what `make` returns for 0, 1, ... until it has so many bytes as JSON."""
    found, size = [], 0
    for i in itertools.count():
        one = make(i)
        found.append(one)
        size += len(json.dumps(one, separators=(",", ":"))) + 1
        if size >= n_bytes:
            return found


def distinct(shape=lambda word: word):
    """Return a function that puts another word into the shape with each call."""
    words = short_words()
    return lambda i: shape(next(words))


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trees")
    made = {}
    for name, estimator in (
        ("text", TextToSequence().fit(TEXTS)),
        ("linear", make_nbsvm().fit(TEXTS, [0, 1] * 10)),
    ):
        save(estimator, folder / name)
        made[name] = container.read(folder / name)
    return made


def put(name, *path):
    *keys, last = path

    def change(trees, value):
        document, arrays = trees[name]
        document = json.loads(json.dumps(document))
        tree = document["model"]
        for key in keys:
            tree = tree[key]
        tree[last] = value
        return document, arrays

    return change


LAST = ("steps", -1, "estimator")


def labels(width, n_bytes=SIZE // 4):
    words = distinct()
    values = sorted(many(words, n_bytes))
    return {"dtype": f"U{width}", "values": values}


CONTENTS = {
    "words": (put("text", "state", "vocabulary"), lambda: many(distinct())),
    "words of a parameter": (put("text", "parameters", "vocabulary"), lambda: many(distinct())),
    "wide labels": (put("linear", *LAST, "state", "classes"), lambda: labels(200)),
    "wider labels": (put("linear", *LAST, "state", "classes"), lambda: labels(64 * 4)),
    "labels a little wider": (put("linear", *LAST, "state", "classes"), lambda: labels(20)),
    "one long label": (
        put("linear", *LAST, "state", "classes"),
        lambda: {
            "dtype": f"U{SIZE // 4}",
            "values": [*sorted(many(distinct(), SIZE // 4)), "~" * (SIZE // 4)],
        },
    ),
    "object labels": (
        put("linear", *LAST, "state", "classes"),
        lambda: {"dtype": "object", "values": sorted(many(distinct()))},
    ),
    "labels of numbers": (
        put("linear", *LAST, "state", "classes"),
        lambda: {"dtype": "float64", "values": many(float)},
    ),
    "empty lists": (put("text", "parameters", "vocabulary"), lambda: many(lambda i: [])),
    "lists of lists": (put("text", "parameters", "vocabulary"), lambda: many(lambda i: [[]])),
    "nested lists": (put("text", "parameters", "vocabulary"), lambda: many(lambda i: [[[[[[]]]]]])),
    "tuples": (put("text", "parameters", "vocabulary"), lambda: many(lambda i: {"tuple": [[]]})),
    "dicts": (put("text", "parameters", "vocabulary"), lambda: many(lambda i: {"dict": []})),
    "dict": (
        put("text", "parameters", "vocabulary"),
        lambda: {"dict": many(distinct(lambda word: [word, []]))},
    ),
    "dict of lists": (
        put("text", "parameters", "vocabulary"),
        lambda: {"dict": many(distinct(lambda word: [word, [[]]]))},
    ),
    "steps": (
        put("linear", "steps"),
        lambda: many(distinct(lambda word: {"name": word, "estimator": None})),
    ),
    "features": (put("linear", *LAST, "state", "feature_names_in"), lambda: many(distinct())),
    "requests": (
        put("linear", *LAST, "requests"),
        lambda: {"fit": dict.fromkeys(many(distinct()), True)},
    ),
    "left out": (put("text", "left_out"), lambda: many(distinct())),
    "unknown": (put("text", "more"), lambda: many(lambda i: [[]])),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_memory_follows_the_size_of_the_file(name, trees, tmp_path):
    """Fails if a file makes the process take more than some fifty times its size."""
    change, make = CONTENTS[name]
    path = tmp_path / "large.skrnn"
    document, arrays = change(trees, make())
    container.write(path, document, arrays)
    size = path.stat().st_size
    del document
    tracemalloc.start()
    try:
        load(path)
    except InvalidFileError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 50 * size + 2 * MEGABYTE, f"{peak / size:.0f} times"


def test_several_lists_of_labels_share_what_is_free(tmp_path):
    """Fails if each member of a file may take as much as a file may."""
    from sklearn.ensemble import VotingClassifier

    members = [(f"m{i}", make_nbsvm()) for i in range(3)]
    estimator = VotingClassifier(members).fit(TEXTS, ["a", "b"] * 10)
    path = tmp_path / "model.skrnn"
    save(estimator, path)
    document, arrays = container.read(path)
    document["model"]["state"]["classes"]["dtype"] = "U100000"
    container.write(path, document, arrays)
    load(path)  # 800 kB
    document["model"]["state"]["classes"]["dtype"] = "U1000000"
    container.write(path, document, arrays)
    with pytest.raises(InvalidFileError, match="does not fit"):
        load(path)


def test_labels_in_a_wide_column_are_saved(tmp_path):
    """Fails if a classifier of short labels from a wide column can no longer be saved."""
    for width, labels in ((500, ["a", "b"]), (5000, ["short", "x" * 5000])):
        y = np.array(labels * 10, dtype=f"U{width}")
        estimator = make_nbsvm().fit(TEXTS, y)
        save(estimator, tmp_path / "model.skrnn")
        found = load(tmp_path / "model.skrnn")
        assert found.classes_.dtype == estimator.classes_.dtype
        assert found.predict(TEXTS).tolist() == estimator.predict(TEXTS).tolist()
