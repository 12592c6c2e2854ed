"""Word vectors: what a corpus says of its words, and what files hold.

Nothing here loads TensorFlow. Files are written by hand, byte by byte where they are binary, so
that a reader's mistake cannot hide in a writer that shares it.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import skrnn
from skrnn import TextToSequence, make_reviews
from skrnn.embeddings import corpus, corpus_embeddings
from skrnn.sequences import Sequences, check_sequences

ROOT = Path(skrnn.__file__).parent.parent


def to_sequences(documents, **kwargs):
    """Return documents as Sequences, and their vocabulary as a dict."""
    text = TextToSequence(max_features=None, **kwargs)
    sequences, _ = check_sequences(
        text.fit_transform(documents), estimator=TextToSequence(), input="tokens", reset=True
    )
    return sequences, text.vocabulary_


def sequences_of(*rows):
    lengths = [len(row) for row in rows]
    return Sequences(
        np.concatenate(rows).astype(np.int32), np.concatenate([[0], np.cumsum(lengths)])
    )


def cosines(vectors):
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit @ unit.T


# --- From a corpus ----------------------------------------------------------------------


def plain_ppmi(rows, size, window):
    """State the definition in plain loops."""
    pairs = np.zeros((size, size))
    for row in rows:
        for i, word in enumerate(row):
            for j, context in enumerate(row):
                if i != j and abs(i - j) <= window:
                    pairs[word, context] += 1
    smoothed = pairs.sum(axis=0) ** 0.75
    with np.errstate(divide="ignore", invalid="ignore"):
        pmi = np.log(pairs * smoothed.sum() / (pairs.sum(axis=1)[:, None] * smoothed))
    return np.where(pairs > 0, np.maximum(pmi, 0), 0)


@pytest.mark.parametrize("window", [1, 3, 50])
@pytest.mark.parametrize("block", [2**22, 64, 1], ids=["one block", "blocks", "parts of words"])
def test_ppmi_against_plain_loops(monkeypatch, window, block):
    """Fails if pairs are lost or counted twice, at the ends of rows or where blocks meet."""
    monkeypatch.setattr(corpus, "PAIRS_A_BLOCK", block)
    rng = np.random.default_rng(0)
    rows = [rng.zipf(1.5, rng.integers(1, 12)) % 19 + 1 for _ in range(40)]
    sequences = sequences_of(*rows)
    counts = np.bincount(sequences.values, minlength=23)
    got = corpus._positive_pmi(sequences, counts, window).toarray()
    np.testing.assert_allclose(got, plain_ppmi(rows, 23, window), rtol=1e-5, atol=1e-6)


def test_few_contexts_where_there_would_be_too_many_pairs(monkeypatch):
    """Fails if the bound on memory is none, or if the frequent contexts are the dropped ones."""
    rng = np.random.default_rng(0)
    rows = [rng.zipf(1.3, 30) % 500 + 2 for _ in range(60)]
    sequences = sequences_of(*rows)
    counts = np.bincount(sequences.values, minlength=502)
    whole = corpus._positive_pmi(sequences, counts, 5)
    monkeypatch.setattr(corpus, "MAX_PAIRS", 2000)
    part = corpus._positive_pmi(sequences, counts, 5)
    assert 200 < part.nnz <= 2000 < whole.nnz
    kept = np.unique(part.indices)
    assert counts[kept].min() >= np.sort(counts)[-len(kept) - 3]
    np.testing.assert_array_equal(part.toarray()[:, kept], whole.toarray()[:, kept])


def test_words_in_the_same_contexts_are_alike():
    """Fails if vectors say nothing of meaning: praise must not be nearest to a noun."""
    reviews, _ = make_reviews(3000, random_state=0)
    sequences, ids = to_sequences(reviews)
    vectors = corpus_embeddings(sequences, len(ids) + 2, 32, window=3, random_state=0)
    near = cosines(vectors)
    alike = [("good", "bad"), ("director", "producer"), ("plot", "acting"), ("never", "hardly")]
    alike = [(a, b) for a, b in alike if a in ids and b in ids]
    assert len(alike) >= 2
    for a, b in alike:
        # among the nearest tenth of all words
        assert (near[ids[a], 2:] >= near[ids[a], ids[b]]).mean() < 0.1, (a, b)


def test_a_made_up_synonym_is_the_nearest():
    """Fails if contexts are not what decides: a word with two spellings, taken by a coin."""
    rng = np.random.default_rng(1)
    rows = [rng.zipf(1.2, 20) % 300 + 4 for _ in range(2000)]
    for row in rows:
        at = rng.integers(1, 18)
        row[at - 1], row[at + 1] = 77, 99
        row[at] = rng.choice([2, 3])
    near = cosines(corpus_embeddings(sequences_of(*rows), 304, 20, window=2, random_state=0))
    np.fill_diagonal(near, -1)
    assert near[2].argmax() == 3 and near[3].argmax() == 2


def test_every_word_has_the_documented_length():
    """Fails if some words start out louder, or padding says something."""
    sequences, ids = to_sequences(make_reviews(300, random_state=0)[0])
    vectors = corpus_embeddings(sequences, len(ids) + 2, 48, random_state=0)
    assert vectors.dtype == np.float32 and vectors.shape == (len(ids) + 2, 48)
    assert not vectors[0].any()
    rms = np.sqrt((vectors[2:] ** 2).mean(axis=1))
    np.testing.assert_allclose(rms, corpus.EMBEDDING_RMS, rtol=1e-5)


def test_unknown_and_unseen_words():
    """Fails if words that training cannot tell from unknown ones are told apart."""
    seen = corpus_embeddings(sequences_of([2, 1, 3], [3, 4, 1, 2]), 9, 6, random_state=0)
    np.testing.assert_allclose(np.sqrt((seen[1] ** 2).mean()), corpus.EMBEDDING_RMS, rtol=1e-5)
    for row in (5, 6, 7, 8):
        np.testing.assert_array_equal(seen[row], seen[1])
    # Without the id 1, rare words stand for it: it is nearer to the rare 5 than to the frequent 2.
    vectors = corpus_embeddings(
        sequences_of(*[[2, 3], [2, 4], [3, 4]] * 30, [5, 6]), 8, 6, random_state=0
    )
    near = cosines(vectors)
    assert near[1, 5] > 0.5 > near[1, 2]
    np.testing.assert_array_equal(vectors[7], vectors[1])


@pytest.mark.parametrize(
    "rows",
    [
        [[2, 3, 4, 2, 3]] * 10,
        [[2, 3]],
        [[2], [3], [4]],
        [[1], [1]],
        [[1]],
        [[4, 4, 4]],
    ],
    ids=["ten documents", "one pair", "lone words", "unknown only", "one token", "one word"],
)
@pytest.mark.parametrize("dim", [1, 2, 100])
@pytest.mark.filterwarnings("error")
def test_small_corpora(rows, dim):
    """Fails if a corpus smaller than the vectors ends in an error, zeros, NaN or twins."""
    vectors = corpus_embeddings(sequences_of(*rows), 5, dim, random_state=0)
    assert vectors.shape == (5, dim) and np.isfinite(vectors).all()
    words = np.unique(np.concatenate(rows))
    assert vectors[words].any(axis=1).all()
    if dim > 1:
        assert len(np.unique(vectors[words], axis=0)) == len(words)


def test_seed_and_global_generator():
    """Fails if the seed is ignored, or NumPy's global generator is used or moved."""
    sequences = sequences_of([2, 3, 4, 2], [4, 5])
    before = np.random.get_state()[1].tolist()
    one, again, other, fresh = (
        corpus_embeddings(sequences, 6, 8, random_state=seed) for seed in (0, 0, 1, None)
    )
    assert one.tobytes() == again.tobytes()
    assert not np.array_equal(one, other) and not np.array_equal(one, fresh)
    generator = np.random.RandomState(0)
    assert corpus_embeddings(sequences, 6, 8, random_state=generator).tobytes() == one.tobytes()
    assert np.random.get_state()[1].tolist() == before


FINGERPRINT = """
import hashlib
import numpy as np
from skrnn.embeddings import corpus_embeddings
from skrnn.sequences import Sequences
values = np.random.RandomState(0).zipf(1.3, 60_000) % 2000 + 2
sequences = Sequences(values.astype(np.int32), np.arange(0, 60_001, 30))
print(hashlib.sha256(corpus_embeddings(sequences, 2002, 64, random_state=0)).hexdigest())
"""


def test_same_bytes_in_any_process_on_any_number_of_threads():
    """Fails if BLAS adds in another order with more threads, or a hash seed plays a part."""
    told = {
        subprocess.run(
            [sys.executable, "-c", FINGERPRINT],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": threads}
            | dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"], threads),
        ).stdout
        for threads in ("1", "4")
    }
    assert len(told) == 1


def test_a_corpus_of_lines_is_quick():
    """Fails if something is quadratic in rows or words: 5,000 lines take well under a second."""
    values = np.random.RandomState(0).zipf(1.3, 50_000) % 8000 + 2
    sequences = Sequences(values.astype(np.int32), np.arange(0, 50_001, 10))
    start = time.process_time()
    corpus_embeddings(sequences, 8002, random_state=0)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary_size": 4}, r"hold the id 4, .* vocabulary of 4 ids .* at least 5"),
        ({"vocabulary_size": 1}, r"vocabulary_size must be at least 2, got 1"),
        ({"dim": 0}, r"dim must be at least 1, got 0"),
        ({"window": 0}, r"window must be at least 1, got 0"),
        ({"sequences": Sequences(np.ones((2, 1), np.float32), np.array([0, 2]))}, "numeric"),
        ({"sequences": Sequences(np.ones(0, np.int32), np.array([0]))}, "no tokens"),
    ],
)
def test_bad_corpus(change, message):
    """Fails if a wrong size ends in an obscure error, or in none."""
    arguments = {"sequences": sequences_of([2, 3, 4]), "vocabulary_size": 5, "dim": 3} | change
    with pytest.raises(ValueError, match=message):
        corpus_embeddings(**arguments)
