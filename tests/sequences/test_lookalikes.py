"""Columns beside token ids: told where they can be, and nothing else taken for them."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_array
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder, StandardScaler, normalize

from skrnn import RNNClassifier, TextToSequence, make_reviews
from skrnn.sequences import check_sequences
from tests.repeats import every

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
IDS = TextToSequence().fit_transform(REVIEWS)
LENGTHS = np.diff(IDS.indptr)


@pytest.fixture(scope="module")
def fitted():
    clf = RNNClassifier(
        "rnn", 2, embedding_dim=2, embeddings=None, ngram_range=None, epochs=1, random_state=0
    )
    return clf.fit(IDS, LABELS)


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
    message += "|different vocabularies cannot be stacked.*TextWithColumns.*StackingClassifier"
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


N = 60
WEIGHTS = {
    "counts": CountVectorizer(),
    "binary": CountVectorizer(binary=True),
    "letters": CountVectorizer(analyzer="char_wb", ngram_range=(2, 2)),
    "tf-idf": TfidfVectorizer(),
    "tf-idf, L1": TfidfVectorizer(norm="l1"),
    "tf-idf, no norm": TfidfVectorizer(norm=None),
    "tf-idf, sublinear": TfidfVectorizer(sublinear_tf=True, norm=None),
    "hashes": HashingVectorizer(n_features=512),
    "hashes, no norm": HashingVectorizer(n_features=512, norm=None),
    "hashes, positive": HashingVectorizer(n_features=512, norm=None, alternate_sign=False),
}
FORMS = {
    "dense": lambda X: X.toarray(),
    "float32": lambda X: X.toarray().astype(np.float32),
    "lists": lambda X: X.toarray().tolist(),
    "objects": lambda X: X.toarray().astype(object),
    "matrix of arrays": lambda X: list(X.toarray()),
    "bool": lambda X: X.toarray() != 0,
    "Fortran": lambda X: np.asfortranarray(X.toarray()),
    "frame": lambda X: pd.DataFrame(X.toarray()),
    "named frame": lambda X: pd.DataFrame(X.toarray()).add_prefix("word_"),
    "nullable frame": lambda X: pd.DataFrame(X.toarray()).convert_dtypes(),
    "sparse frame": lambda X: pd.DataFrame.sparse.from_spmatrix(X),
    "polars": lambda X: pl.DataFrame(X.toarray()),
    "Arrow": lambda X: pa.table(pd.DataFrame(X.toarray()).add_prefix("word_")),
    **{form: lambda X, form=form: X.asformat(form) for form in ("csr", "csc", "coo", "dia", "bsr")},
    **{form: lambda X, form=form: X.asformat(form) for form in ("lil", "dok")},
    "csr_array": csr_array,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("vectorizer", every(3, WEIGHTS.values()), ids=WEIGHTS)
def test_every_form_of_a_bag_of_words_is_refused(vectorizer, form):
    """Fails if counts or weights of words are read as ids or as a series in silence."""
    X = form(vectorizer.fit_transform(REVIEWS))
    with pytest.raises(ValueError, match=r"TextToSequence\(\) instead of"):
        read(X)


CATEGORIES = np.random.default_rng(1).integers(0, 5, (N, 3)).astype(str)


@pytest.mark.parametrize("n_columns", [1, 3])
@pytest.mark.parametrize("dtype", [int, float, bool, np.uint8])
@pytest.mark.parametrize("form", ["dense", "lists", "frame", "polars", "csr"])
def test_one_hot_columns_are_refused(n_columns, dtype, form):
    """Fails if categories of a table are read as a sequence in silence."""
    X = OneHotEncoder(dtype=dtype).fit_transform(CATEGORIES[:, :n_columns])
    with pytest.raises(ValueError, match="one-hot columns.*input='numeric'|sparse array of"):
        read(FORMS[form](X))
    if form != "csr":
        read(FORMS[form](X), "numeric")


@pytest.mark.slow
def test_counts_are_refused_wherever_rows_come(fitted):
    """Fails if counts are refused in fit only, or if few odd rows are."""
    counts = CountVectorizer().fit_transform(REVIEWS)
    for X in (counts, counts.toarray()):
        for call in (
            lambda X=X: fitted.predict(X),
            lambda X=X: RNNClassifier().fit(IDS, LABELS, X_val=X, y_val=LABELS),
            lambda X=X: RNNClassifier().fit(IDS, LABELS, X_unlabeled=X),
            lambda X=X: RNNClassifier().partial_fit(X, LABELS),
            lambda X=X: RNNClassifier().fit_chunks([(X, LABELS)]),
        ):
            with pytest.raises(ValueError, match="counts of words"):
                call()
    assert len(fitted.predict(np.array([[1, 0, 1, 1, 0, 1]]))) == 1


EVENTS = np.random.default_rng(2)
SERIES = {
    "rare events": (EVENTS.random((80, 60)) < 0.05).astype(float),
    "events": (EVENTS.random((80, 60)) < 0.3).astype(float),
    "events by hour": (
        EVENTS.random((80, 72)) < 0.2 + 0.15 * np.sin(np.arange(72) * np.pi / 12)
    ).astype(float),
    "yes and no": EVENTS.random((80, 60)) < 0.1,
    "rain": np.where(EVENTS.random((80, 60)) < 0.3, EVENTS.gamma(1, 4, (80, 60)).round(1), 0),
    "steps": EVENTS.poisson(0.4, (80, 60)).astype(float),
    "digits": load_digits().data,
    "norm 1": normalize(EVENTS.normal(size=(80, 60))),
    "shares": normalize(np.maximum(EVENTS.normal(size=(80, 60)), 0), "l1"),
    "one peak": np.exp(-((np.arange(40) - EVENTS.integers(5, 35, (80, 1))) ** 2) / 4).round(2),
}


@pytest.mark.parametrize("X", SERIES.values(), ids=SERIES)
def test_series_with_many_zeros_are_read(X):
    """Fails if a series of events is taken for a bag of words."""
    assert len(read(X)) == len(X)


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
