"""HashingTextToSequence: ids without a vocabulary, and pipelines that go on with new chunks."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import murmurhash3_32

from skrnn import (
    HashingTextToSequence,
    RNNClassifier,
    TextToSequence,
    explain,
    load,
    make_reviews,
    save,
    to_onnx,
)

DOCS = ["I didn't like it.", "", "It was great :)", "Great?"]


def test_ids_are_murmur_hashes():
    """Fails if an id depends on anything but the token and the number of ids."""
    text = HashingTextToSequence(n_features=97)
    X = text.transform(DOCS)
    words = [text.build_analyzer()(document) for document in DOCS]
    expected = [
        [2 + murmurhash3_32(w.encode(), 0, positive=True) % 97 for w in row] for row in words
    ]
    assert [row[row > 0].tolist() for row in X.toarray()] == expected
    assert X.vocabulary_size == 99 and X.words is None and X.dtype == np.int32
    # Never changed, else networks that are saved read other words.
    assert HashingTextToSequence().transform(["film"]).data.tolist() == [FILM]


FILM = 2 + murmurhash3_32(b"film", 0, positive=True) % 65_536


@pytest.mark.parametrize("n_features", [1, 2, 10, 65_536, 2**31 - 3])
def test_ids_are_words(n_features):
    """Fails if a token becomes padding or the unknown word, or its id is beyond the last."""
    documents = [" ".join(f"w{i}" for i in range(500)), "\ud800 \U0001f600 :)"]
    X = HashingTextToSequence(n_features=n_features).transform(documents)
    assert X.data.min() >= 2 and X.data.max() < X.vocabulary_size == n_features + 2


def test_nothing_is_learned():
    """Fails if fit reads, keeps or needs anything."""
    text = HashingTextToSequence()
    before = vars(text).copy()
    expected = text.transform(DOCS)
    assert text.fit(iter(DOCS)) is text and text.partial_fit(DOCS) is text and text.fit() is text
    assert vars(text) == before
    same = (text.fit_transform(iter(DOCS)), clone(text).transform(DOCS[:2]), text.transform(DOCS))
    assert (same[0] != expected).nnz == (same[2] != expected).nnz == 0
    assert (same[1].toarray() == expected[:2].toarray()[:, : same[1].shape[1]]).all()
    assert (pickle.loads(pickle.dumps(text)).transform(DOCS) != expected).nnz == 0
    assert text.transform([]).shape == (0, 1)


def test_form_of_the_output():
    """Fails if truncation, frames or names differ from TextToSequence's."""
    cut = {"max_length": 3, "truncate": "both", "sparse_output": False}
    own = HashingTextToSequence(**cut)
    other = TextToSequence(**cut).fit(DOCS)
    assert ((own.transform(DOCS) > 0) == (other.transform(DOCS) > 0)).all()
    names = [f"hashingtexttosequence{i}" for i in range(3)]
    frame = own.set_output(transform="pandas").transform(pd.Series(DOCS, index=list("abcd")))
    assert list(frame.columns) == names and list(frame.index) == list("abcd")
    with pytest.raises(ValueError, match="max_length"):
        HashingTextToSequence().get_feature_names_out()
    with pytest.raises(ValueError, match="sparse_output=False"):
        HashingTextToSequence().set_output(transform="pandas").transform(DOCS)
    with pytest.raises(ValueError, match="max_length"):
        HashingTextToSequence(sparse_output=False).set_output(transform="pandas").transform(DOCS)


@pytest.mark.parametrize(
    ("parameters", "X", "error", "message"),
    [
        ({"n_features": 0}, DOCS, ValueError, "n_features"),
        ({"n_features": 2**31}, DOCS, ValueError, "n_features"),
        ({"n_features": 10.0}, DOCS, ValueError, "n_features"),
        ({"analyzer": "words"}, DOCS, ValueError, "analyzer"),
        ({"token_pattern": "("}, DOCS, ValueError, "not a regular"),
        ({}, "a text", ValueError, "single str"),
        ({}, ["a", None], ValueError, "row 1"),
        ({}, [b"a"], TypeError, "decode"),
    ],
)
def test_bad_input(parameters, X, error, message):
    with pytest.raises(error, match=message):
        HashingTextToSequence(**parameters).transform(X)


# --- With a network ---------------------------------------------------------------------

SMALL = {"cell": "rnn", "units": 3, "embedding_dim": 4, "random_state": 0, "embeddings": None}
REVIEWS, LABELS = make_reviews(60, random_state=0)


@pytest.fixture(scope="module")
def stream():
    """Return a pipeline that has been trained on three chunks."""
    text = HashingTextToSequence(n_features=500)
    clf = RNNClassifier(ngram_range=None, **SMALL)
    for start in range(0, 60, 20):
        chunk = slice(start, start + 20)
        clf.partial_fit(text.transform(REVIEWS[chunk]), LABELS[chunk], classes=[0, 1])
    return make_pipeline(text, clf)


def test_a_pipeline_goes_on_with_new_chunks(stream):
    """Fails if a pipeline of a stream cannot predict, or words of a later chunk have no place."""
    before = stream.predict_proba(REVIEWS)
    assert before.shape == (60, 2)
    going_on = pickle.loads(pickle.dumps(stream))
    new = ["unheardof words everywhere", "more of them"]
    going_on[-1].partial_fit(going_on[:-1].transform(new), [1, 0])
    assert (going_on.predict_proba(REVIEWS) != before).any()
    assert (stream.predict_proba(REVIEWS) == before).all()


def test_chunks_in_epochs():
    """Fails if fit_chunks cannot read what the hashing makes of chunks."""
    text = HashingTextToSequence(n_features=500)

    class Chunks:
        def __iter__(self):
            for start in range(0, 60, 20):
                yield text.transform(REVIEWS[start : start + 20]), LABELS[start : start + 20]

    clf = RNNClassifier(ngram_range=None, epochs=2, **SMALL).fit_chunks(Chunks())
    assert make_pipeline(text, clf).predict(REVIEWS).shape == (60,)


def test_saved_and_loaded(stream, tmp_path):
    """Fails if a file loses a parameter, or a loaded pipeline hashes in another way."""
    path = tmp_path / "stream.skrnn"
    save(stream, path)
    loaded = load(path)
    assert loaded[0].get_params() == stream[0].get_params()
    assert (loaded.predict_proba(REVIEWS) == stream.predict_proba(REVIEWS)).all()
    loaded[-1].partial_fit(loaded[:-1].transform(["a new chunk", "of texts"]), [1, 0])
    assert (loaded.predict_proba(REVIEWS) != stream.predict_proba(REVIEWS)).any()
    save(HashingTextToSequence(stop_words=["a"]), path)
    assert load(path).stop_words == ["a"]


def test_a_file_whose_ids_do_not_fit_is_refused(stream, tmp_path):
    """Fails if a network is loaded behind a hash of more ids than it has."""
    wide = make_pipeline(HashingTextToSequence(n_features=501), stream[-1])
    path = tmp_path / "wide.skrnn"
    with pytest.raises(
        ValueError, match="n_features=501, but RNNClassifier was fitted .* n_features=500"
    ):
        save(wide, path)
        load(path)


def test_explained(stream):
    """Fails if an explanation needs the words of ids."""
    (found,) = explain(stream, ["The plot wasn't <b>dull</b>!"], method="occlusion")
    assert found.tokens == ["the", "plot", "was", "n't", "dull", "!"]
    assert [found.text[a:b] for a, b in found.spans][4:] == ["dull", "!"]
    assert (found.ids >= 2).all()


def test_what_needs_words_says_so(stream):
    """Fails if a missing vocabulary gives an error about something else."""
    with pytest.raises(TypeError, match=r"HashingTextToSequence.*Export the RNNClassifier alone"):
        to_onnx(stream)
    vectors = RNNClassifier(**SMALL | {"embeddings": {"film": [1.0, 2.0]}}, ngram_range=None)
    with pytest.raises(ValueError, match="only token ids.*TextToSequence"):
        vectors.fit(HashingTextToSequence().transform(REVIEWS), LABELS)


def test_displays_without_a_width():
    """Fails if a notebook cell, or dir(), asks for a width that there is none of."""
    text = HashingTextToSequence()
    assert "HashingTextToSequence" in text._repr_html_()
    assert "transform" in dir(text)
    assert not hasattr(text, "_n_features_out")
