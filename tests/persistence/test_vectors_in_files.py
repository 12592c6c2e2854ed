"""Vectors of documents in a file: for ever, and refused where something in it is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skrnn import (
    DocumentVectorizer,
    InvalidFileError,
    RNNClassifier,
    TextToSequence,
    load,
    make_reviews,
    save,
)
from skrnn.fileformat import container
from skrnn.persistence.savable import check_savable

FOLDER = Path(__file__).parent.parent / "data" / "format_2"
WHERE = "model/steps/1/"


def test_a_file_of_the_first_version():
    """Fails if this version infers other vectors from an older one's file."""
    expected = json.loads((FOLDER / "expected_vectors.json").read_text())
    found = load(FOLDER / "vectors.skrnn")
    np.testing.assert_allclose(
        found.predict_proba(expected["X"]), expected["predict_proba"], atol=1e-5
    )
    reviews, y = make_reviews(60, random_state=0)
    assert repr(found.fit(reviews, y)[1]) == repr(load(FOLDER / "vectors.skrnn")[1])


def first(value):
    def change(array):
        array.flat[0] = value

    return change


ATTACKS = {
    "few vectors": ("ngram_vectors", lambda array: array[:-1], "has shape"),
    "no numbers": ("ngram_vectors", lambda array: array[:, :0], "vectors of the n-grams must"),
    "huge numbers": ("ngram_vectors", first(2e6), "vectors of the n-grams must"),
    "not finite": ("ngram_vectors", first(np.nan), "ngram_vectors"),
    "of doubles": ("ngram_vectors", lambda array: array.astype(float), "dtype"),
    "sample beyond": ("sample", first(10**6), "sample must"),
    "sample before": ("sample", first(-1), "sample must"),
    "no sample": ("sample", lambda array: array[:0], "sample must"),
    "unsorted": ("codes/1", lambda array: array[::-1].copy(), "not sorted"),
    "codes beyond": ("codes/2", lambda array: array + 2**50, "range from"),
    "no codes": ("codes/3", None, "missing"),
    "more codes": ("codes/4", lambda _: np.arange(3), "belongs to nothing"),
}


@pytest.fixture
def opened():
    return container.read(FOLDER / "vectors.skrnn")


def refused(document, arrays, told, path):
    container.write(path, document, arrays)
    with pytest.raises(InvalidFileError, match=told):
        load(path)


@pytest.mark.parametrize("attack", ATTACKS)
def test_arrays(attack, opened, tmp_path):
    """Fails if an array that does not fit the others is accepted, or fails otherwise."""
    (document, arrays), (name, change, told) = opened, ATTACKS[attack]
    if change is None:
        del arrays[WHERE + name]
    else:
        found = arrays.get(WHERE + name)
        found = None if found is None else found.copy()
        changed = change(found)
        arrays[WHERE + name] = found if changed is None else changed
    refused(document, arrays, told, tmp_path / "hostile.skrnn")


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("C", 0, "'C'"),
        ("C", 1e7, "'C'"),
        ("min_df", 0, "'min_df'"),
        ("vocabulary_size", 3, "list of at most 3"),
        ("ngram_range", [1, 2], "has shape"),
        ("ngram_range", [2, 1], "ngram_range"),
        ("ngram_range", [1, 10**9], "ngram_range"),
        ("words", ["x"] * 1000, "'words'"),
        ("is_table", 1, "is_table"),
        ("more", 1, "unknown key 'more'"),
    ],
)
def test_state(key, value, told, opened, tmp_path):
    """Fails if a setting is accepted that does not fit the arrays."""
    document, arrays = opened
    document["model"]["steps"][1]["estimator"]["state"][key] = value
    refused(document, arrays, told, tmp_path / "hostile.skrnn")


def test_steps_that_do_not_fit(tmp_path):
    """Fails if vectors of other words, or a model of another number of features, are loaded."""
    reviews, y = make_reviews(60, random_state=0)
    pipes = [
        make_pipeline(
            TextToSequence(max_features=n),
            DocumentVectorizer(dim, epochs=1, random_state=0),
            LogisticRegression(),
        ).fit(reviews[60 - n :], y[60 - n :])
        for n, dim in ((60, 3), (40, 4))
    ]
    for step in range(3):
        steps = [pipes[one == step][one] for one in range(3)]
        with pytest.raises(ValueError, match="another vocabulary|expects|words"):
            save(make_pipeline(*steps), tmp_path / "model.skrnn")


def test_long_ngrams_are_told_of_before_the_fit():
    """Fails if a search learns only after its fits that its result cannot be written."""
    check_savable(make_pipeline(TextToSequence(), DocumentVectorizer()))
    with pytest.raises(TypeError, match="DocumentVectorizer has ngram_range=.* at most 100"):
        check_savable(make_pipeline(TextToSequence(), DocumentVectorizer(ngram_range=(1, 101))))
    for bad in ({"ngram_range": ()}, {"ngram_range": ("a", "b")}, {"ngram_range": 3}, {"C": 1e9}):
        with pytest.raises(ValueError, match=f"The '{next(iter(bad))}' parameter"):
            check_savable(make_pipeline(TextToSequence(), DocumentVectorizer(**bad)))
    for bad in ((), ("a", "b")):
        with pytest.raises(ValueError, match="The 'ngram_range' parameter of RNNClassifier"):
            check_savable(RNNClassifier(ngram_range=bad))


def test_a_frozen_tokenizer_inside_columns(tmp_path):
    """Fails if vectors behind a frozen tokenizer of other words are stored."""
    pandas = pytest.importorskip("pandas")
    reviews, y = make_reviews(60, random_state=0)
    frame = pandas.DataFrame({"text": reviews})
    texts = [TextToSequence(max_features=40).fit(some) for some in (reviews, reviews[:9])]
    vectors = DocumentVectorizer(2, epochs=1, random_state=0).fit(texts[0].transform(reviews))
    for text in texts:
        columns = make_column_transformer((FrozenEstimator(text), "text"))
        pipe = make_pipeline(columns, FrozenEstimator(vectors), LogisticRegression())
        pipe.fit(frame, y)
        if text is texts[0]:
            save(pipe, tmp_path / "model.skrnn")
            continue
        with pytest.raises(ValueError, match="another vocabulary"):
            save(pipe, tmp_path / "model.skrnn")
