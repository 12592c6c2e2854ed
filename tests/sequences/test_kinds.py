"""How often heuristics are right: kinds of ids and of readings, as integers and as floats."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from skrnn import HashingTextToSequence, RNNClassifier, TextToSequence, make_reviews
from skrnn.exceptions import AmbiguousInputWarning
from skrnn.sequences import TokenArray, check_sequences

SEEDS = range(3)
TEXTS = make_reviews(100, random_state=0)[0]
SCALE = np.array([0, 2, 4, 5, 7, 9, 11])
NOTES = np.concatenate([48 + 12 * octave + SCALE for octave in range(3)])


def ragged(rng, row, n=120):
    return [row(k) for k in rng.integers(5, 40, n)]


def zipf(rng, shape, n_words, power=1.1, first=2, names=None):
    """Return words by how frequent they are, or with their numbers mixed."""
    p = 1 / np.arange(1, n_words + 1) ** power
    words = rng.choice(n_words, shape, p=p / p.sum())
    return first + (words if names is None else names[words])


def clicks(rng, n, related=0):
    """Return pages: the same again, one of the same category, or any."""
    pages = [int(rng.integers(2, 500))]
    while len(pages) < n:
        last, kind = pages[-1], rng.random()
        if kind < 0.4:
            pages.append(last)
        elif kind < 0.6 and related:
            pages.append(max(2, last // related * related + int(rng.integers(related))))
        else:
            pages.append(int(rng.integers(2, 500)))
    return np.array(pages)


def melody(rng, n):
    moves = rng.choice([-4, -2, -1, -1, 0, 1, 1, 2, 3], n).cumsum()
    return NOTES[np.clip(rng.integers(5, 15) + moves, 0, 20)]


def mixed(rng, n_words):
    names = rng.permutation(n_words)
    return ragged(rng, lambda k: zipf(rng, k, n_words, names=names))


def walk(rng, n=60, k=40):
    return rng.normal(size=(n, k)).cumsum(axis=1)


IDS = {
    "by frequency": lambda r: ragged(r, lambda k: zipf(r, k, 5000)),
    "few words": lambda r: ragged(r, lambda k: zipf(r, k, 40)),
    "of one length": lambda r: zipf(r, (60, 20), 5000),
    "uniform": lambda r: r.integers(1, 30_000, (50, 20)),
    "uniform, small": lambda r: r.integers(2, 30, (50, 20)),
    "sorted sets": lambda r: ragged(r, lambda k: np.sort(r.choice(2000, k, replace=False)) + 2),
    "sorted, small": lambda r: ragged(r, lambda k: np.sort(r.choice(60, k, replace=False)) + 2),
    "sorted words": lambda r: ragged(r, lambda k: np.unique(zipf(r, k, 500))),
    "clicks": lambda r: ragged(r, lambda k: clicks(r, k)),
    "clicks in categories": lambda r: ragged(r, lambda k: clicks(r, k, 10)),
    "parts of words": lambda r: ragged(r, lambda k: r.integers(20_000, 50_000, k)),
    "parts of words, array": lambda r: r.integers(20_000, 50_000, (60, 30)),
    "notes": lambda r: ragged(r, lambda k: r.integers(21, 109, k)),
    "notes of a scale": lambda r: ragged(r, lambda k: r.choice(NOTES, k)),
    "melodies": lambda r: ragged(r, lambda k: melody(r, k)),
    "from 0": lambda r: r.integers(0, 50, (60, 20)),
    "from 0, many": lambda r: r.integers(0, 1000, (60, 20)),
    "from 0, by frequency": lambda r: ragged(r, lambda k: zipf(r, k, 1000, first=0)),
    "from 0, bases": lambda r: r.integers(0, 4, (60, 50)),
    "from 0, states": lambda r: r.integers(0, 12, (60, 50)),
    "mixed": lambda r: mixed(r, 5000),
    "mixed, few": lambda r: mixed(r, 200),
    "bytes": lambda r: [np.frombuffer(t.encode(), np.uint8) for t in r.choice(TEXTS, 60)],
}
READINGS = {
    "heart rates": lambda r: np.clip(r.normal(75, 12, (60, 40)).round(), 40, 180),
    "heart rates, any": lambda r: r.integers(50, 120, (40, 30)),
    "heart rates, lengths": lambda r: ragged(r, lambda k: r.normal(75, 12, k).round()),
    "counts of 20": lambda r: r.poisson(20, (60, 40)),
    "counts of 5": lambda r: r.poisson(5, (60, 40)),
    "counts of 2": lambda r: r.poisson(2, (60, 40)),
    "counts of 1": lambda r: r.poisson(1, (60, 40)),
    "rare events": lambda r: r.poisson(0.3, (60, 40)),
    "on and off": lambda r: r.integers(0, 2, (60, 40)),
    "rarely on": lambda r: (r.random((80, 60)) < 0.1).astype(int),
    "digits": lambda r: load_digits().data[r.permutation(1797)[:200]],
    "iris": lambda r: (load_iris().data * 10).astype(int),
    "a table": lambda r: (
        r.normal([130, 23, 24, 195, 100], [8, 10, 3, 33, 14], (150, 5)).clip(1).round()
    ),
    "prices of a stock": lambda r: (2000 + 10 * walk(r)).round(),
    "prices in cents": lambda r: (20_000 + 100 * walk(r)).round(),
    "prices": lambda r: r.lognormal(4, 0.5, (60, 40)).round(),
    "prices, skewed": lambda r: r.lognormal(3, 1, (60, 40)).astype(int) + 1,
    "prices, large": lambda r: r.lognormal(7, 0.8, (60, 40)).round(),
    "prices in a range": lambda r: r.integers(100, 500, (60, 40)),
    "prices, lengths": lambda r: ragged(r, lambda k: r.lognormal(3, 1, k).round().clip(1)),
    "temperatures": lambda r: (
        150 + 100 * np.sin(np.arange(48) / 8 + r.normal(size=(60, 1))) + r.normal(0, 10, (60, 48))
    ).round(),
    "levels": lambda r: np.clip(walk(r) * 40 + 300, 1, None).round(),
}
# Only what they mean distinguishes them from others above.
UNKNOWABLE = {"notes, any": lambda r: ragged(r, lambda k: r.integers(36, 85, k))}


def typed(X, dtype):
    return [row.astype(dtype) for row in X] if isinstance(X, list) else X.astype(dtype)


def padded(X, value):
    width = max(map(len, X))
    return np.array([[*row, *[value] * (width - len(row))] for row in X], float)


def warned(X, input="auto"):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        check_sequences(X, estimator=RNNClassifier(), input=input)
    return [str(one.message) for one in found if one.category is AmbiguousInputWarning]


# As few numbers as these, as floats, can be measured too.
LIKE_A_SERIES = {"melodies"}


@pytest.mark.parametrize("name", IDS)
def test_ids(name):
    """Fails if ids are said to look like readings, or are not noticed when they became floats."""
    for seed in SEEDS:
        X = typed(IDS[name](np.random.default_rng(seed)), np.int64)
        assert not warned(X)
        if name in LIKE_A_SERIES:
            continue
        shorter = [row[: 3 + i % 15] for i, row in enumerate(X)]
        for value in (np.nan, -1, 0):
            found = warned(padded(shorter, value))
            assert len(found) == 1 and "look like token ids" in found[0], (seed, value)


@pytest.mark.parametrize("make", READINGS.values(), ids=READINGS)
def test_readings(make):
    """Fails if readings become ids in silence, or are said to look like ids as floats."""
    for seed in SEEDS:
        X = make(np.random.default_rng(seed))
        found = warned(typed(X, np.int64))
        assert len(found) == 1 and "look like readings" in found[0], seed
        assert not warned(typed(X, float)), seed


@pytest.mark.parametrize("make", UNKNOWABLE.values(), ids=UNKNOWABLE)
def test_what_is_said_is_not_doubted(make):
    """Fails if a warning cannot be turned off."""
    X = typed(make(np.random.default_rng(0)), np.int64)
    assert warned(X)
    assert not warned(X, "tokens") and not warned(typed(X, float), "numeric")
    assert not warned(TokenArray(padded(X, 0).astype(int)))


@pytest.mark.parametrize("n_words", [2, 3, 5, 9])
@pytest.mark.parametrize("value", [np.nan, 0, -1])
def test_few_words(n_words, value):
    """Fails if padded ids of a small vocabulary become numbers in silence, or grades do not."""
    rng = np.random.default_rng(0)
    X = ragged(rng, lambda k: rng.integers(1, n_words + 1, k), 40)
    assert "look like token ids" in warned(padded(X, value))[0]
    assert not warned(typed(X, float))


@pytest.mark.parametrize("at_end", [True, False])
def test_the_advice_for_other_padding(at_end):
    """Fails if advice for ids that are padded with -1 leads to an error."""
    rng = np.random.default_rng(0)
    X = padded(ragged(rng, lambda k: zipf(rng, k, 50)), -1)
    X = X if at_end else X[:, ::-1]
    assert 'replace -1 by 0, which is padding, and set input="tokens"' in warned(X)[0]
    read = check_sequences(np.where(X == -1, 0, X), estimator=RNNClassifier(), input="tokens")
    assert read.sequences.collapse().values.tolist() == X[X != -1].tolist()


def test_vectors_have_many_channels():
    """Fails if ten word vectors of 300 numbers are said to have swapped axes."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(500, 300)) * rng.lognormal(size=300) + rng.normal(size=300)
    assert not warned(vectors[rng.integers(500, size=(30, 10))])
    assert not warned([vectors[rng.integers(500, size=k)] for k in rng.integers(2, 12, 30)])
    series = walk(rng, 90, 300).reshape(30, 3, 300)
    assert "more channels" in warned(series)[0]


COUNTS = CountVectorizer().fit_transform(TEXTS).toarray()
BAGS = {
    "TruncatedSVD": make_pipeline(TfidfVectorizer(), TruncatedSVD(20, random_state=0)),
    "of counts": make_pipeline(CountVectorizer(), TruncatedSVD(10, random_state=0)),
    "PCA": make_pipeline(TfidfVectorizer(), PCA(10, random_state=0)),
    "scaled counts": make_pipeline(CountVectorizer(), StandardScaler(with_mean=False)),
    "scaled tf-idf": make_pipeline(TfidfVectorizer(), StandardScaler(with_mean=False)),
    "largest 1": make_pipeline(TfidfVectorizer(), MaxAbsScaler()),
}


@pytest.mark.parametrize("bag", BAGS.values(), ids=BAGS)
def test_bags_after_another_step(bag):
    """Fails if weights of words are read as a series because they were scaled or rotated."""
    X = bag.fit_transform(TEXTS)
    X = X.toarray() if hasattr(X, "toarray") else X
    with pytest.raises(ValueError, match=r"TextToSequence\(\) instead.*set input='numeric'"):
        warned(X)
    assert not warned(X, "numeric")


@pytest.mark.parametrize("dtype", [int, float])
def test_counts_with_an_axis_more(dtype):
    """Fails if counts are read because each is in a list of its own."""
    with pytest.raises(ValueError, match="counts of words"):
        warned(COUNTS[:, :, None].astype(dtype))


@pytest.mark.parametrize(
    "vectorizer",
    [
        CountVectorizer(analyzer="char"),
        CountVectorizer(max_features=5),
        CountVectorizer(max_features=5, binary=True),
        CountVectorizer(max_features=12),
    ],
    ids=["letters", "few", "few, binary", "frequent"],
)
def test_what_could_be_counts_hears_of_words(vectorizer):
    """Fails if counts that could be something else only hear how to pass them as numbers."""
    X = vectorizer.fit_transform(TEXTS).toarray()
    try:
        found = warned(X)
    except ValueError as error:
        found = [str(error)]
    assert "CountVectorizer" in found[0]


def test_orthogonal_by_chance():
    """Fails if noise, or a series that fades, is taken for components."""
    rng = np.random.default_rng(0)
    for shape in ((40, 4), (300, 20), (2000, 10)):
        noise = rng.normal(size=shape)
        assert not warned(noise) and not warned(noise * 0.8 ** np.arange(shape[1]))


def test_what_tokenizers_return_is_never_doubted():
    """Fails if the output of a tokenizer warns, whatever its numbers look like."""
    for text in (TextToSequence(), TextToSequence(analyzer="char"), HashingTextToSequence()):
        ids = text.fit_transform(TEXTS)
        assert not warned(ids) and not warned(ids[:, ::-1]) and not warned(ids.tocsc())
