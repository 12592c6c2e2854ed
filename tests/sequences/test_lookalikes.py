"""Columns beside token ids: told where they can be, and nothing else taken for them."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from skrnn import RNNClassifier, TextToSequence, make_reviews
from skrnn.sequences import check_sequences

REVIEWS, LABELS = make_reviews(60, random_state=0)
rng = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "review": REVIEWS,
        "stars": rng.normal(size=60),
        "critic": rng.integers(0, 2, 60),
        "title": [review[:10] for review in REVIEWS],
    }
)
TEXT = (TextToSequence(), "review")
LENGTHS = np.diff(TextToSequence().fit_transform(REVIEWS).indptr)


def read(X, input="auto"):
    return check_sequences(X, estimator=RNNClassifier(), input=input).sequences.collapse()


@pytest.mark.parametrize(
    ("transformer", "rows"),
    [
        (make_union(TextToSequence(), TextToSequence(analyzer="char")), REVIEWS),
        (make_column_transformer(TEXT, (StandardScaler(), ["stars"])), FRAME),
        (make_column_transformer(TEXT, ("passthrough", ["critic"])), FRAME),
        (make_column_transformer(TEXT, (TextToSequence(), "title")), FRAME),
        (
            make_column_transformer(TEXT, (TextToSequence(), "title"), sparse_threshold=1),
            FRAME,
        ),
    ],
    ids=["union", "numbers", "yes and no", "two texts", "two texts, sparse"],
)
def test_what_is_put_beside_token_ids_is_refused(transformer, rows):
    """Fails if numbers, or ids of another vocabulary, are read as further words in silence."""
    column = LENGTHS.max()
    message = f"continue in column {column}.*TextWithColumns.*StackingClassifier.*set input="
    with pytest.raises(ValueError, match=message):
        make_pipeline(transformer, RNNClassifier()).fit(rows, LABELS)


def test_counts_of_words_are_refused():
    """Fails if CountVectorizer in the tokenizer's place trains a network on noise in silence."""
    counts = CountVectorizer()
    for binary in (False, True):
        with pytest.raises(ValueError, match="counts of words.*TextToSequence.*input='tokens'"):
            make_pipeline(counts.set_params(binary=binary), RNNClassifier()).fit(REVIEWS, LABELS)
    assert len(read(csr_array(counts.fit_transform(REVIEWS)), "tokens")) == len(REVIEWS)
    ids = np.where(rng.random((40, 12)) < 0.3, 0, rng.integers(1, 9, (40, 12)))
    assert (read(csr_array(ids)).values == ids[ids > 0]).all()  # gaps, and few ones
    assert len(read(csr_array(np.ones((3, 4), int)))) == 3  # ones, and no gaps


def padded():
    X = np.zeros((40, 12), int)
    for row, length in zip(X, rng.integers(1, 13, 40), strict=True):
        row[:length] = rng.integers(2, 9, length)
    return X


def with_holes():
    X = rng.integers(2, 9, (40, 12))
    return np.where(rng.random(X.shape) < 0.3, 0, X)


def with_a_blank_column():
    X = padded()
    X[:, 5] = 0
    return X


@pytest.mark.parametrize(
    "X",
    [
        padded(),
        padded()[:, ::-1],
        with_holes(),
        with_a_blank_column(),
        rng.poisson(1.0, (40, 12)).astype(float),
        rng.normal(size=(40, 12)),
        rng.normal(size=(40, 12, 2)),
        np.full((40, 12), 0),
    ],
    ids=["right", "left", "holes", "blank", "counts", "numbers", "channels", "nothing"],
)
def test_other_arrays_are_read_as_ever(X):
    """Fails if padding on either side, masked ids or series of numbers are taken for columns."""
    assert len(read(X)) == len(X)
    if X.ndim == 2 and X.dtype.kind == "i":
        assert len(read(csr_array(X))) == len(X)


def test_what_is_announced_is_taken():
    """Fails if a caller who lays out two texts in one row, and says so, is refused."""
    X = np.hstack([padded(), padded()])
    with pytest.raises(ValueError, match="input='tokens'"):
        read(X)
    with pytest.raises(ValueError, match="input='numeric'"):
        read(X.astype(float))
    assert read(X, "tokens").values.tolist() == X[X != 0].tolist()
    assert len(read(X.astype(float), "numeric")) == 40
