"""What save writes is what load reads, or nothing is written: values that JSON or NumPy change."""

import enum

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skrnn import TextToSequence, load, make_nbsvm, save
from skrnn.exceptions import SkrnnError
from skrnn.fileformat import container, strict_json
from skrnn.persistence import registry

HALVES, WHOLE = "\ud83d\ude00", "\U0001f600"
NUL = "a\0"
TEXTS = ["good film", "bad film", "good plot", "bad plot"] * 5


def classifier(labels):
    """Return a classifier of these labels, and what it says of texts."""
    labels = np.asarray(labels)
    return make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, labels)


def of_classes(*classes, dtype=None):
    return np.array([classes[i % len(classes)] for i in range(20)], dtype=dtype)


class Word(str):
    """A str of somebody's own."""


class Mood(enum.StrEnum):
    """Labels as an enumeration."""

    GOOD, BAD = "good", "bad"


LABELS = {
    "halves beside the whole": of_classes(HALVES, WHOLE, dtype=object),
    "halves alone": of_classes(HALVES, "x", dtype=object),
    "halves of fixed width": of_classes(HALVES, "x"),
    "halves in the middle": of_classes("a" + HALVES + "b", "x", dtype=object),
    "one half": of_classes("\ud83d", "\ude00", dtype=object),
    "halves the other way": of_classes("\ude00\ud83d", "x"),
    "whole": of_classes(WHOLE, "x"),
    "NUL": of_classes(NUL, "a", dtype=object),
    "NUL of fixed width": of_classes(NUL, "b"),
    "empty": of_classes("", "a"),
    "empty objects": of_classes("", "a", dtype=object),
    "spaces": of_classes("a ", "a", " a", dtype=object),
    "NFC and NFD": of_classes("\xe9", "e\u0301"),
    "bool": of_classes(True, False),
    "bool objects": of_classes(True, False, dtype=object),
    "bool and int": of_classes(True, 2),
    "bool and int objects": of_classes(True, 2, dtype=object),
    "numbers and words": of_classes(1, "1", dtype="U1"),
    "large ints": of_classes(2**63 - 1, -(2**63)),
    "large uints": of_classes(2**64 - 1, 0, dtype="uint64"),
    "huge ints": of_classes(2**70, 1, dtype=object),
    "big-endian": of_classes(1, 300, dtype=">i4"),
    "big-endian words": of_classes("a", "bc", dtype=">U2"),
    "wide": of_classes("a", "b", dtype="U500"),
    "much wider": of_classes("a", "bc", dtype="U50000"),
    "of very different lengths": np.array([*"abcdefghijklmnopqrst"[:19], "z" * 90_000]),
    "floats": of_classes(-0.0, 1.0),
    "floats of 16 bits": of_classes(0.0, 1.0, dtype="float16"),
    "NumPy's str": of_classes(np.str_("a"), np.str_("b"), dtype=object),
    "str and NumPy's str": of_classes("a", np.str_("b"), dtype=object),
    "a subclass of str": of_classes(Word("a"), Word("b"), dtype=object),
    "members of an enumeration": of_classes(Mood.GOOD, Mood.BAD, dtype=object),
    "bytes": of_classes(b"a", b"b"),
    "objects of bytes": of_classes(b"a", b"b", dtype=object),
}


# They come back narrower, or as objects: a small file must not ask for much memory.
WIDER = ("much wider", "of very different lengths")


@pytest.mark.parametrize("name", LABELS)
def test_labels(name, tmp_path):
    """Fails if a label comes back as another one, or a file is made that cannot be loaded."""
    path = tmp_path / "model.skrnn"
    path.write_bytes(b"an older file")
    try:
        estimator = classifier(LABELS[name])
    except (ValueError, TypeError):
        pytest.skip("scikit-learn fits no such labels")
    try:
        save(estimator, path)
    except SkrnnError:
        assert path.read_bytes() == b"an older file" and len(list(tmp_path.iterdir())) == 1
        assert "halves" in name or "objects" in name or name in ("bytes", "huge ints")
        return
    found, predicted = load(path), estimator.predict(TEXTS).tolist()
    assert found.classes_.tolist() == estimator.classes_.tolist()
    assert found.predict(TEXTS).tolist() == predicted
    if not isinstance(predicted[0], str):
        assert repr(found.predict(TEXTS).tolist()) == repr(predicted)
    else:  # of subclasses, only the text is kept
        assert all(type(label) is str for label in found.classes_.tolist())
    if name not in WIDER:
        assert found.classes_.dtype == estimator.classes_.dtype.newbyteorder("=")


def test_the_example_names_the_label(tmp_path):
    """Fails if the refusal does not say which value it is about, and what to do."""
    with pytest.raises(ValueError, match=r"'classes'.*'values'.*halves.*utf-16"):
        save(classifier(LABELS["halves beside the whole"]), tmp_path / "model.skrnn")


def by_spaces(words):
    return TextToSequence(token_pattern=r"\S+").fit([" ".join(words)])


WORDS = {
    "halves": (lambda: TextToSequence(vocabulary=[HALVES, WHOLE]), False),
    "half": (lambda: TextToSequence(vocabulary=["\ud83d", "\ude00x"]), True),
    "stop words": (lambda: CountVectorizer(stop_words=[HALVES], token_pattern=r"\S+"), False),
    "NUL": (lambda: TextToSequence(vocabulary=["a\0", "a"]), True),
    "NumPy's str": (lambda: TextToSequence(vocabulary=list(np.array(["film", "bad"]))), True),
    "encoding": (lambda: CountVectorizer(vocabulary=[WHOLE, "film"]), True),
}


@pytest.mark.parametrize("name", WORDS)
def test_words(name, tmp_path):
    """Fails if a word of a vocabulary or a parameter comes back as another."""
    make, is_stored = WORDS[name]
    estimator = make().fit(TEXTS)
    path = tmp_path / "model.skrnn"
    if not is_stored:
        with pytest.raises(SkrnnError, match="surrogates"):
            save(estimator, path)
        assert not path.exists()
        return
    save(estimator, path)
    found = load(path)
    assert found.vocabulary_ == estimator.vocabulary_
    assert list(found.vocabulary_) == list(estimator.vocabulary_)
    assert all(type(word) is str for word in found.vocabulary_)


def test_names(tmp_path):
    """Fails if a name of a step or a feature comes back as another."""
    pipe = make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, of_classes(0, 1))
    pipe.steps[0] = (HALVES, pipe.steps[0][1])
    with pytest.raises(SkrnnError, match="surrogates"):
        save(pipe, tmp_path / "model.skrnn")
    linear = LogisticRegression().fit(np.eye(4), [0, 1, 0, 1])
    linear.feature_names_in_ = np.array(["a", HALVES, "b", WHOLE], dtype=object)
    with pytest.raises(SkrnnError, match="surrogates"):
        save(linear, tmp_path / "model.skrnn")
    linear.feature_names_in_ = np.array(["a", "a", "b", "c"], dtype=object)
    with pytest.raises(SkrnnError, match="same string twice"):
        save(linear, tmp_path / "model.skrnn")
    assert not list(tmp_path.iterdir())


PARAMETERS = {
    "huge": (10**50, True),
    "too huge": (10**150, False),
    "NaN": (float("nan"), True),
    "-0.0": (-0.0, True),
    "infinity": (float("-inf"), True),
    "NumPy": (np.float32(0.1), True),
    "long double": (np.longdouble(1) / 3, False),
    "date": (np.datetime64("2020-01-01"), False),
    "complex": (1j, False),
    "bytes": (b"a", False),
    "floats": (np.array([0.1, -0.0]), True),
    "array": (np.zeros((2, 2)), False),
    "ints": (np.zeros(2, int), False),
    "set": ({1}, False),
    "halves": (HALVES, False),
    "keys": ({HALVES: 1, WHOLE: 2}, False),
    "half": ({"\ud83d": "\ude00"}, True),
    "keys of types": ({1: "a", "1": "b", 2.5: None, None: True}, True),
    "tuples": (((1, [2, (3,)]), {"a": (1,)}), True),
    "deep": ([[[[[[[[[[[[1]]]]]]]]]]]], True),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_values_of_parameters(name, tmp_path):
    """Fails if a value is stored as another one, of whatever parameter it may be."""
    from skrnn.fileformat.values import decode_value, encode_value

    value, is_stored = PARAMETERS[name]
    path = tmp_path / "file"
    try:
        container.write(path, {"value": encode_value(value)}, {})
    except SkrnnError:
        assert not is_stored and not path.exists()
        return
    assert is_stored
    found = decode_value(container.read(path)[0]["value"])
    assert repr(found) == repr(value.item() if isinstance(value, np.generic) else value)


@pytest.mark.parametrize(
    ("found", "wanted", "place"),
    [
        ({"a": [1, 2.0]}, {"a": [1, 2]}, "document['a'][1]"),
        ({"a": 0.0}, {"a": -0.0}, "document['a']"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "document"),
        ([1], [1, 2], "document"),
        ({"a": True}, {"a": 1}, "document['a']"),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}, "document['a'][0]['b']"),
        ({"a": [float("nan"), "x"]}, {"a": [float("nan"), "x"]}, None),
    ],
)
def test_difference_of_trees(found, wanted, place):
    """Fails if values that only look the same are taken for the same, or NaN is not."""
    assert strict_json.difference(found, wanted) == place


def test_what_is_read_back_is_compared_with_the_estimator(tmp_path, monkeypatch):
    """Fails if save believes that the file holds what it was given."""
    estimator = make_nbsvm().fit(TEXTS, of_classes(0, 1))
    path = tmp_path / "model.skrnn"
    save(estimator, path)
    before = path.read_bytes()
    decode = registry.decode

    def lossy(tree, arrays, **kwargs):
        found = decode(tree, arrays, **kwargs)
        found[-1].coef_ = found[-1].coef_ + 1e-9
        return found

    monkeypatch.setattr(registry, "decode", lossy)
    with pytest.raises(SkrnnError, match="coef"):
        save(estimator, path)
    monkeypatch.undo()
    dumps = strict_json.dumps
    monkeypatch.setattr(strict_json, "dumps", lambda tree: dumps(tree).replace(b"film", b"flim"))
    with pytest.raises(SkrnnError, match="read back"):
        save(estimator, path)
    assert path.read_bytes() == before
