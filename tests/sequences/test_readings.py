"""Ids that became floats, and readings that are integers: warned of, and nothing else."""

import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, load_imdb, make_reviews
from skrnn.exceptions import AmbiguousInputWarning
from skrnn.sequences import check_sequences

REVIEWS, LABELS = make_reviews(120, random_state=0)
IDS = TextToSequence().fit_transform(REVIEWS)
LISTS = [IDS[[i]].data.tolist() for i in range(len(REVIEWS))]
CHARS = TextToSequence(analyzer="char", max_length=60).fit_transform(REVIEWS)
rng = np.random.default_rng(0)
WALK = rng.normal(size=(80, 50)).cumsum(axis=1)


def read(X, input="auto", estimator=None):
    return check_sequences(X, estimator=estimator or RNNClassifier(), input=input).sequences


def is_quiet(X, input="auto"):
    with warnings.catch_warnings():
        warnings.simplefilter("error", AmbiguousInputWarning)
        read(X, input)


def padded(lists, value=0.0):
    width = max(map(len, lists))
    return np.array([[*row, *[value] * (width - len(row))] for row in lists], float)


def unequal(X):
    """Return the rows with different lengths."""
    return [row[: 20 + i % 30] for i, row in enumerate(X)]


# What pd.DataFrame(LISTS) makes of lists of different lengths.
FRAME = pd.DataFrame(padded(LISTS, np.nan))

FLOATS = {
    "frame of lists": FRAME,
    "objects": FRAME.astype(object).astype("float64"),
    "polars": pl.DataFrame(padded(LISTS)),
    "zeros": padded(LISTS),
    "zeros before": padded(LISTS)[:, ::-1],
    "NaN": padded(LISTS, np.nan),
    "float32": padded(LISTS).astype(np.float32),
    "3-D": padded(LISTS)[:, :, None],
    "nested lists": padded(LISTS).tolist(),
    "lists": [[float(i) for i in row] for row in LISTS],
    "arrays": [np.array(row, float) for row in LISTS],
    "tuple": tuple(np.array(row, float) for row in LISTS),
    "object array": np.array([np.array(row, float) for row in LISTS], object),
    "series of arrays": pd.Series([np.array(row, float) for row in LISTS]),
    "Arrow": pa.array([[float(i) for i in row] for row in LISTS]),
    "Arrow table": pa.table(FRAME.add_prefix("t")),
    "masked": np.ma.masked_equal(padded(LISTS), 0),
    "characters": CHARS.toarray().astype(float),
    "few rows": padded(LISTS[:6]),
    "one channel a cell": pd.DataFrame({"ids": [np.array(row, float) for row in LISTS]}),
}


HAVE_CHANNELS = {"3-D", "one channel a cell"}


@pytest.mark.parametrize("name", FLOATS)
def test_floats_that_look_like_ids(name):
    """Fails if ids that became floats are read as numbers in silence, or if `input` warns too."""
    X = FLOATS[name]
    with pytest.warns(AmbiguousInputWarning, match='look like token ids.*input="tokens".*NaN'):
        sequences = read(X)
    assert not sequences.is_tokens
    is_quiet(X, "numeric")
    if name not in HAVE_CHANNELS:
        is_quiet(X, "tokens")


@pytest.mark.parametrize("name", sorted(set(FLOATS) - HAVE_CHANNELS - {"characters"}))
def test_the_advice_is_right(name):
    """Fails if `input="tokens"`, which the warning names, reads other ids or an error."""
    ids = read(FLOATS[name], "tokens").collapse()
    lists = LISTS[:6] if name == "few rows" else LISTS
    if name == "zeros before":
        lists = [row[::-1] for row in lists]
    expected = read(lists).collapse()
    assert ids.values.tolist() == expected.values.tolist()
    assert ids.offsets.tolist() == expected.offsets.tolist()


def heart_rates():
    return np.clip(rng.normal(75, 12, (60, 40)).round(), 40, 180).astype(int)


INTEGERS = {
    "heart rates": (heart_rates(), "from"),
    "heart rates, uniform": (rng.integers(50, 120, (40, 30)), "from"),
    "heart rates, int16": (heart_rates().astype(np.int16), "from"),
    "heart rates, lists": (unequal(heart_rates().tolist() * 2), "from"),
    "heart rates, frame": (pd.DataFrame(heart_rates()), "from"),
    "heart rates, nullable": (pd.DataFrame(heart_rates()).convert_dtypes(), "from"),
    "heart rates, polars": (pl.DataFrame(heart_rates()), "from"),
    "heart rates, objects": (heart_rates().astype(object), "from"),
    "heart rates, Arrow": (pa.array(heart_rates().tolist()), "from"),
    "heart rates, sparse": (csr_array(heart_rates()), "from"),
    "digits": (load_digits().data.astype(int), "zeros among"),
    "pixels": (rng.integers(0, 256, (100, 64), dtype=np.uint8), "zeros among"),
    "counts": (rng.poisson(2, (60, 40)), "zeros among"),
    "counts, more": (rng.poisson(20, (60, 40)), "from"),
    "walk": ((WALK * 10 + 1000).astype(int), "."),
    "levels": (np.clip(WALK * 40 + 300, 1, None).astype(int), "close to the one before"),
    "smooth": (
        (500 * (1.01 + np.sin(np.arange(100) / 9 + rng.normal(size=(50, 1))))).astype(int),
        "close to the one before",
    ),
}


@pytest.mark.parametrize(("X", "why"), INTEGERS.values(), ids=INTEGERS)
def test_integers_that_look_like_readings(X, why):
    """Fails if readings become words of their own in silence, or if `input` warns too."""
    message = f'look like readings.*{why}.*input="numeric".*input="tokens"'
    with pytest.warns(AmbiguousInputWarning, match=message):
        sequences = read(X)
    assert sequences.is_tokens
    for input in ("numeric", "tokens"):
        is_quiet(X.toarray() if input == "numeric" and hasattr(X, "toarray") else X, input)


def small_ids(*shape):
    return rng.integers(2, 30, shape)


QUIET = {
    # Ids
    "output of TextToSequence": IDS,
    "sparse ids": csr_array(IDS),
    "dense ids": IDS.toarray(),
    "ids before padding": IDS.toarray()[:, ::-1],
    "lists of ids": LISTS,
    "frame of ids": pd.DataFrame(IDS.toarray()),
    "characters": CHARS.toarray(),
    "cut ids": IDS.toarray()[:, :5],
    "bytes": [list(review.encode()) for review in REVIEWS],
    "uniform ids": small_ids(50, 20),
    "many ids": rng.integers(1, 30_000, (50, 20)),
    "skewed ids": rng.zipf(1.3, (50, 40)).clip(1, 5000),
    "two words": [[2, 3], [4, 5], [2, 5]],
    "counting": [[2, 3, 4], [3, 4, 5]],
    # Numbers
    "walk": WALK,
    "noise": rng.normal(size=(50, 20)),
    "rounded walk": WALK.round(),
    "rounded walk, positive": (WALK * 10 + 500).round(),
    "digits": load_digits().data,
    "unequal heart rates": [row.astype(float) for row in unequal(heart_rates())],
    "padded heart rates": padded([row.tolist() for row in unequal(heart_rates())], np.nan),
    "padded heart rates, zeros": padded([row.tolist() for row in unequal(heart_rates())]),
    "unequal walks": [row.round() + 100 for row in unequal(WALK * 10)],
    "rounded uniform": rng.uniform(20, 100, (50, 20)).round(),
    "counts": rng.poisson(2, (60, 40)).astype(float),
    "unequal counts": [row.astype(float) for row in unequal(rng.poisson(2, (60, 50)))],
    "grades": [rng.integers(1, 6, n).astype(float) for n in rng.integers(3, 20, 50)],
    "halves": padded([(rng.integers(2, 60, n) / 2).tolist() for n in rng.integers(3, 20, 50)]),
    "channels": rng.integers(0, 256, (30, 28, 3)).astype(float),
    "one step": [[3.0], [4.0]],
    "zeros": np.zeros((20, 5)),
}


@pytest.mark.parametrize("X", QUIET.values(), ids=QUIET)
def test_proper_sequences_are_quiet(X):
    """Fails if a warning cries wolf."""
    is_quiet(X)


@pytest.mark.slow
def test_real_reviews_are_quiet():
    """Fails if ids of real texts look like readings, and if they do not as floats."""
    archive = Path(os.environ.get("SKRNN_DATA", "")) / "aclImdb_v1.tar.gz"
    if "SKRNN_DATA" not in os.environ or not archive.exists():
        pytest.skip("needs the IMDb archive: set SKRNN_DATA to the folder that holds it")
    texts = load_imdb(archive).data[:500]
    ids = TextToSequence(max_length=100).fit_transform(texts)
    is_quiet(csr_array(ids))
    is_quiet(ids.toarray())
    with pytest.warns(AmbiguousInputWarning, match="token ids"):
        read(ids.toarray().astype(float))


GAPS = {
    "nullable": FRAME.convert_dtypes(),
    "Arrow dtypes": FRAME.convert_dtypes(dtype_backend="pyarrow"),
    "objects": FRAME.convert_dtypes().astype(object),
    "polars": pl.DataFrame(FRAME.convert_dtypes().add_prefix("t")),
    "Arrow table": pa.table(FRAME.convert_dtypes().add_prefix("t")),
    "masked": np.ma.masked_equal(padded(LISTS).astype(int), 0),
    "lists with None": [[*row, None] for row in LISTS],
    "masked rows": [np.ma.array([*row, 9], mask=[*[0] * len(row), 1]) for row in LISTS],
    "Arrow lists": pa.array([[*row, None] for row in LISTS]),
}


@pytest.mark.parametrize("X", GAPS.values(), ids=GAPS)
def test_integers_with_gaps_are_padded_ids(X):
    """Fails if a missing value makes floats of integers in silence, or its mask is not seen."""
    with pytest.warns(AmbiguousInputWarning, match='missing values.*input="tokens"'):
        ids = read(X)
    assert ids.is_tokens and ids.values.tolist() == IDS.data.tolist()
    is_quiet(X, "tokens")
    is_quiet(X, "numeric")
    assert read(X, "numeric").values[:, 0].tolist() == IDS.data.tolist()


@pytest.fixture(scope="module")
def fitted():
    clf = RNNClassifier(
        "rnn", 2, embedding_dim=2, embeddings=None, ngram_range=None, epochs=1, random_state=0
    )
    return clf.fit(LISTS, LABELS)


@pytest.mark.parametrize("X", [*FLOATS.values()][:1] + [*GAPS.values()][:1] + [padded(LISTS)])
def test_floats_for_a_network_of_ids(fitted, X):
    """Fails if floats become ids in silence after a fit on ids, or are read otherwise."""
    with pytest.warns(AmbiguousInputWarning, match='input="tokens"'):
        found = fitted.predict_proba(X)
    assert found.tolist() == fitted.predict_proba(LISTS).tolist()
    said = RNNClassifier(input="tokens")
    vars(said).update({k: v for k, v in vars(fitted).items() if k != "input"}, input="tokens")
    with warnings.catch_warnings():
        warnings.simplefilter("error", AmbiguousInputWarning)
        said.predict(X)
        fitted.predict(LISTS)
        fitted.predict(IDS.astype(float))


def test_the_warning_is_at_the_line_of_the_caller(fitted):
    """Fails if the warning names a line of skrnn or scikit-learn."""
    with pytest.warns(AmbiguousInputWarning) as found:
        fitted.predict(padded(LISTS))
        make_pipeline(fitted).score(padded(LISTS), LABELS)
        read(padded(LISTS))
    assert {warning.filename for warning in found} == {__file__} and len(found) == 3
