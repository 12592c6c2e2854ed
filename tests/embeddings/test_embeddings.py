"""Word vectors: what a corpus says of its words, and what files hold.

Nothing here loads TensorFlow. Files are written by hand, byte by byte where they are binary, so
that a reader's mistake cannot hide in a writer that shares it.
"""

import gzip
import os
import pickle
import re
import struct
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pytest

import skrnn
from skrnn import TextToSequence, make_reviews
from skrnn.embeddings import EmbeddingCoverage, corpus, corpus_embeddings, files, read_embeddings
from skrnn.sequences import Sequences, check_sequences

ROOT = Path(skrnn.__file__).parent.parent


def to_sequences(documents, **kwargs):
    """Return documents as Sequences, and their vocabulary as a dict."""
    text = TextToSequence(max_features=None, **kwargs)
    checked = check_sequences(
        text.fit_transform(documents), estimator=TextToSequence(), input="tokens"
    )
    return checked.sequences.collapse(), text.vocabulary_


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


@pytest.mark.slow
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
        ({"vocabulary_size": 4}, r"have the id 4, .* vocabulary has 4 ids .* at least 5"),
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


# --- From files -------------------------------------------------------------------------

VECTORS = {
    "the": [0.5, -1.25, 3.0],
    "film": [1e-3, 2.0, -0.125],
    "Paris": [7.0, 8.0, 9.0],
    "n't": [-1.0, -2.0, -3.0],
    "caf\u00e9": [0.25, 0.5, 0.75],
}
WORDS = [None, None, "film", "paris", "nowhere", "caf\u00e9", "n't", "the"]
WANTED = [VECTORS.get({"paris": "Paris"}.get(word, word), [0, 0, 0]) for word in WORDS]


def text_lines(vectors=VECTORS, end="\n", blank=" "):
    return "".join(
        word + blank + blank.join(map(str, vector)) + end for word, vector in vectors.items()
    ).encode()


def binary(vectors=VECTORS, end=b""):
    start = f"{len(vectors)} {len(next(iter(vectors.values())))}\n".encode()
    return start + b"".join(
        word.encode() + b" " + struct.pack(f"<{len(v)}f", *v) + end for word, v in vectors.items()
    )


HEADER = f"{len(VECTORS)} 3\n".encode()
FORMS = {
    "GloVe": text_lines(),
    "GloVe, no new line at the end": text_lines().rstrip(),
    "GloVe, Windows": text_lines(end="\r\n"),
    "GloVe, tabs": text_lines(blank="\t"),
    "GloVe, two blanks": text_lines(blank="  "),
    "GloVe, byte order mark": b"\xef\xbb\xbf" + text_lines(),
    "GloVe, empty lines": text_lines(end="\n\n"),
    "word2vec": HEADER + text_lines(),
    "word2vec, byte order mark": b"\xef\xbb\xbf" + HEADER + text_lines(),
    "fastText, blank at the end": HEADER + text_lines(end=" \n"),
    "word2vec binary": binary(),
    "word2vec binary, new lines": binary(end=b"\n"),
}


def write(tmp_path, content, name="vectors"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_every_format_gives_the_same_vectors(tmp_path, content, pack):
    """Fails if a format is taken for another, or the first or last vector of a file is lost."""
    for path in (write(tmp_path, pack(content)), str(write(tmp_path, pack(content), "x.bin"))):
        vectors, found = read_embeddings(path, WORDS)
        assert vectors.dtype == np.float32 and found.dtype == bool
        np.testing.assert_array_equal(vectors, np.array(WANTED, dtype=np.float32))
        assert found.tolist() == [False, False, True, True, False, True, True, True]


def test_binary_that_looks_like_text(tmp_path, monkeypatch):
    """Fails if bytes of numbers are taken for blanks or new lines, or chunks cut vectors."""
    rng = np.random.default_rng(0)
    table = rng.integers(0, 256, (3000, 8), dtype=np.uint8)
    table[:, 3::4] = 0x3D  # finite, whatever the rest
    table[:20, 0:3] = [0x0A, 0x20, 0x0A]
    table[20:40, 0:4] = [0x31, 0x20, 0x31, 0x3D]
    numbers = table.view("<f4")
    words = [f"w{i}" for i in range(3000)]
    monkeypatch.setattr(files, "_CHUNK_BYTES", 50)
    path = write(tmp_path, binary(dict(zip(words, numbers.tolist(), strict=True))))
    vectors, found = read_embeddings(path, words)
    assert found.all()
    np.testing.assert_array_equal(vectors, numbers)


def test_odd_lines_of_glove_840b(tmp_path):
    """Fails if a word with blanks, a word twice or bytes that are no UTF-8 spoil a file."""
    content = (
        b"the 1 2 3\n"
        b". . . 4 5 6\n"
        b"at name@domain.com 7 8 9\n"
        b"\xff\xfe 1 1 1\n"
        b"\xc2\xa0 2 2 2\n"
        b"2008 3 3 3\n"
        b"the 9 9 9\n"
        b"name@domain.com 10 11 12\n"
    )
    words = ["the", ". . .", "name@domain.com", "at name@domain.com", "2008", "\u00a0", "\ud800"]
    vectors, found = read_embeddings(write(tmp_path, content), words)
    wanted = [[1, 2, 3], [4, 5, 6], [10, 11, 12], [7, 8, 9], [3] * 3, [2] * 3, [0] * 3]
    np.testing.assert_array_equal(vectors, wanted)
    assert found.tolist() == [True] * 6 + [False]


def test_emoji_are_found_in_every_form():
    """Fails if a skin tone, or a variation selector of the source, hides the vector of an emoji."""
    source = {"\U0001f44d": [1.0], "\u2764\ufe0f": [2.0]}
    words = [None, "\U0001f44d\U0001f3ff", "\u2764", "\U0001f3ff"]
    vectors, found = read_embeddings(source, words)
    assert vectors[:, 0].tolist() == [0.0, 1.0, 2.0, 0.0]
    assert found.tolist() == [False, True, True, False]


def test_spellings(tmp_path):
    """Fails if a worse spelling wins, by standing first in the file or by being asked for last."""
    content = b"PARIS 4\nParis 3\nparis 2\nNASA 5\nUS 6\nus 7\nObama 8\n"
    words = ["Paris", "paris", "PARIS", "pariS", "nasa", "us", "US", "obama"]
    wanted = [3, 2, 4, 2, 5, 7, 6, 8]
    table = {"PARIS": 4, "Paris": 3, "paris": 2, "NASA": 5, "US": 6, "us": 7, "Obama": 8}
    table = {word: [number] for word, number in table.items()}
    for source in (write(tmp_path, content), write(tmp_path, binary(table), "binary"), table):
        assert read_embeddings(source, words)[0].ravel().tolist() == wanted


def test_memory_goes_with_the_words_not_the_file(tmp_path):
    """Fails if a file is held whole: here 40 MB for three words."""
    tracemalloc = pytest.importorskip("tracemalloc")
    line = b" ".join([b"0.123456789"] * 100) + b"\n"
    path = tmp_path / "large"
    with open(path, "wb") as file:
        for i in range(35_000):
            file.write(b"w%d " % i + line)
    assert path.stat().st_size > 4e7
    tracemalloc.start()
    _, found = read_embeddings(path, ["w1", "w34999", "none"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.tolist() == [True, True, False]
    assert peak < 4e6


BAD_FILES = {
    "empty": (b"", r"is empty\. Pass a text file of GloVe"),
    "empty gzip": (gzip.compress(b""), "is empty once unpacked"),
    "cut gzip": (gzip.compress(text_lines())[:-12], "is damaged: its gzip stream"),
    "prose": (b"Once upon a time\nthere was\n", "line 1: expected a word and the numbers"),
    "one word a line": (b"the\nfilm\n", "line 1: expected a word and the numbers"),
    "cut zip": (b"PK\x03\x04....", "is damaged: its zip archive cannot be unpacked"),
    "npy": (b"\x93NUMPY....", r"is a NumPy array, .* Pass np.load"),
    "pickle": (pickle.dumps({"the": [1.0]}), "is a pickle, .* KeyedVectors.load"),
    "short line": (b"a 1 2 3\nthe 1 2\n", "line 2: 'the' has 2 numbers, .* have 3"),
    "short unwanted line": (b"a 1 2 3\nb 1 2\n", "line 2: 'b' has 2 numbers, .* have 3"),
    "long line": (b"a 1 2 3\nb 1 2 3 4\n", "line 2: 'b' has 4 numbers, .* have 3"),
    "short line, header": (b"2 3\na 1 2\nthe 1 2 3\n", "line 2: 'a' has 2 numbers"),
    "no number": (b"a 1 2 3\nthe 1 x 3\n", "line 2: the vector of 'the' has 'x', which is not"),
    "NaN": (b"a 1 2 3\nthe 1 nan 3\n", "line 2: the vector of 'the' has nan at position 1"),
    "infinite": (
        b"a 1 2 3\n\nthe 1 2 -inf\n",
        "line 3: the vector of 'the' has -inf at position 2",
    ),
    "too large": (b"a 1 2 3\nthe 1e39 2 3\n", "line 2: the vector of 'the' has inf"),
    "fewer lines": (b"9 3\na 1 2 3\nb 1 2 3\n", "ends after 2 vectors, but its header says 9"),
    "header only": (b"9 3\n", "ends after 0 vectors, but its header says 9"),
    "a million million rows": (b"1000000000000 3\na 1 2 3\n", "header says 1000000000000"),
    "a million million, binary": (
        b"1000000000000 3\n" + binary().split(b"\n", 1)[1],
        "ends after 5 vectors, but its header says 1000000000000",
    ),
    "a million million numbers": (b"3 1000000000000\na 1 2 3\n", "line 1: .* 1 to 100000"),
    "no numbers": (b"3 0\na\n", "line 1: the header '3 0' says that a vector has 0 numbers"),
    "header of 5,000 digits": (b"9" * 5000 + b" 3\na 1 2 3\n", "ends after 1 vectors"),
    "cut binary": (binary()[:-1], "ends after 4 vectors, but its header says 5"),
    "NaN in binary": (binary({"a": [1.0, 2.0], "the": [np.nan, 2.0]}), "vector 2: .* 'the' .* nan"),
    "no blank in binary": (b"2 3\n" + bytes(2**22 + 2**21), "the word of vector 1 does not end"),
    "one endless line": (b"a " + b"1 " * 2**22, "line 1: the line is longer than"),
    "none of the words": (b"le 1 2\nla 3 4\n", "None of the words has a vector in .*'the', 'zz'"),
}


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES)
@pytest.mark.filterwarnings("error")
def test_bad_files(tmp_path, content, message):
    """Fails if a bad file gives vectors, or an error without its name, its place and what to do."""
    path = write(tmp_path, content)
    with pytest.raises(ValueError, match=re.escape(str(path)) + "|None of") as told:
        read_embeddings(path, [None, "the", "zz"])
    assert re.search(message, str(told.value)), str(told.value)


def test_no_file(tmp_path):
    """Fails if a missing file is told otherwise than Python tells it."""
    with pytest.raises(FileNotFoundError, match="nothing_here"):
        read_embeddings(tmp_path / "nothing_here", ["a"])


# --- fastText models --------------------------------------------------------------------

MINN, MAXN, BUCKET = 2, 3, 11


def plain_hash(part):
    """State FNV-1a as fastText has it: C's int8_t is extended with its sign."""
    value = np.uint32(2166136261)
    with np.errstate(over="ignore"):
        for signed in np.frombuffer(part, np.int8):
            value = (value ^ signed.astype(np.int32).astype(np.uint32)) * np.uint32(16777619)
    return int(value)


def plain_parts(word):
    """State the n-grams of characters of <word>, from 2 to 3 of them."""
    marked = f"<{word}>"
    return [
        marked[i : i + n].encode()
        for i in range(len(marked))
        for n in range(MINN, MAXN + 1)
        if i + n <= len(marked)
    ]


def fasttext_model(
    words, matrix, *, labels=(), magic=793712314, version=12, quantised=0, maxn=MAXN, dim=None,
    n_pruned=-1, n_words=None,
):  # fmt: skip
    dim = matrix.shape[1] if dim is None else dim
    content = struct.pack("<2i", magic, version)
    content += struct.pack("<12id", dim, 5, 5, 1, 5, 1, 2, 1, BUCKET, MINN, maxn, 100, 1e-4)
    n_words = len(words) if n_words is None else n_words
    n_entries = len(words) + len(labels)
    content += struct.pack("<3i2q", n_entries, n_words, len(labels), 99, n_pruned)
    for kind, entries in enumerate([words, labels]):
        for word in entries:
            content += word.encode() + b"\0" + struct.pack("<qb", 7, kind)
    content += struct.pack("<?2q", quantised, *matrix.shape) + matrix.astype("<f4").tobytes()
    return content + b"what follows is the output matrix"


FASTTEXT_WORDS = ["</s>", "film", "Paris", "caf\u00e9"]
MATRIX = np.random.default_rng(0).normal(size=(len(FASTTEXT_WORDS) + BUCKET, 5)).astype(np.float32)


def plain_fasttext(word):
    rows = [FASTTEXT_WORDS.index(word)] if word in FASTTEXT_WORDS else []
    if word != "</s>":
        rows += [len(FASTTEXT_WORDS) + plain_hash(part) % BUCKET for part in plain_parts(word)]
    return MATRIX[rows].mean(axis=0)


def test_plain_hash():
    """Fails if the statement itself is wrong: published values of FNV-1a, and a signed byte."""
    assert plain_hash(b"") == 0x811C9DC5 and plain_hash(b"foobar") == 0xBF9CF968
    assert plain_hash(b"\xc3") == ((2166136261 ^ 0xFFFFFFC3) * 16777619) % 2**32


@pytest.mark.parametrize("labels", [(), ("__label__a",)], ids=["words", "words and labels"])
def test_fasttext_model(tmp_path, labels):
    """Fails if n-grams, their hash, accents, the spelling or the place of the matrix are wrong."""
    path = write(tmp_path, fasttext_model(FASTTEXT_WORDS, MATRIX, labels=labels), "m.vec")
    words = [None, "film", "paris", "caf\u00e9", "na\u00efve \u6620\u753b", "</s>", "x"]
    vectors, found = read_embeddings(path, words)
    assert found.tolist() == [False] + [True] * 6
    wanted = [plain_fasttext("Paris" if word == "paris" else word) for word in words[1:]]
    np.testing.assert_allclose(vectors[1:], wanted, rtol=1e-5, atol=1e-7)
    assert not vectors[0].any()


def test_fasttext_models_without_parts(tmp_path):
    """Fails if words outside the vocabulary get a vector from a model that has none for them."""
    for kwargs in ({"maxn": 0}, {"n_pruned": 0}):
        content = fasttext_model(FASTTEXT_WORDS, MATRIX, **kwargs)
        vectors, found = read_embeddings(write(tmp_path, content), ["film", "unheard"])
        assert found.tolist() == [True, False]
        np.testing.assert_array_equal(vectors[0], MATRIX[1])


WHOLE = fasttext_model(FASTTEXT_WORDS, MATRIX)
BAD_MODELS = {
    "parts": (fasttext_model(FASTTEXT_WORDS, MATRIX, maxn=10_000), "up to 10000 characters"),
    "quantised": (fasttext_model(FASTTEXT_WORDS, MATRIX, quantised=1), r"is a quantized .*\.vec"),
    "version": (
        fasttext_model(FASTTEXT_WORDS, MATRIX, version=99),
        "version 99, .* version 11 or 12",
    ),
    "gzip": (gzip.compress(WHOLE), "compressed fastText .bin.* Unpack it"),
    "cut in the header": (WHOLE[:30], "is truncated or damaged"),
    "cut in the dictionary": (WHOLE[:100], "is truncated or damaged"),
    "cut in the matrix": (WHOLE[:-100], "is truncated or damaged"),
    "other width": (
        fasttext_model(FASTTEXT_WORDS, MATRIX, dim=6),
        "of 5 numbers, but needs 15 of 6",
    ),
    "too few rows": (
        fasttext_model(FASTTEXT_WORDS, MATRIX[:9]),
        "it has 9 vectors .* needs 15",
    ),
    "more words": (
        fasttext_model(FASTTEXT_WORDS, MATRIX, n_words=10**9),
        "its dictionary has 4 entries, but 1000000000 words",
    ),
    "pruned beyond": (fasttext_model(FASTTEXT_WORDS, MATRIX, n_pruned=2**62), "is truncated"),
    "NaN": (fasttext_model(FASTTEXT_WORDS, MATRIX * np.nan), "the vector of 'film' has nan"),
}


@pytest.mark.parametrize(("content", "message"), BAD_MODELS.values(), ids=BAD_MODELS)
def test_bad_fasttext_models(tmp_path, content, message):
    """Fails if a model that cannot be read gives vectors, or an error that does not help."""
    path = write(tmp_path, content)
    with pytest.raises(ValueError, match=re.escape(str(path))) as told:
        read_embeddings(path, ["film"])
    assert re.search(message, str(told.value)), str(told.value)


@pytest.mark.parametrize("content", [binary(), HEADER + text_lines(), WHOLE], ids=["b", "t", "f"])
def test_no_damage_gives_other_errors(tmp_path, content):
    """Fails if a damaged file ends in anything but a ValueError that names it."""
    rng = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(content)
        for at in rng.integers(0, min(len(damaged), 200), rng.integers(1, 4)):
            damaged[at] = rng.integers(0, 256)
        if rng.random() < 0.3:
            del damaged[rng.integers(1, len(damaged)) :]
        path = write(tmp_path, bytes(damaged))
        try:
            vectors, _ = read_embeddings(path, WORDS)
        except ValueError as error:
            assert str(path) in str(error)
        else:
            assert np.isfinite(vectors).all()


# --- Mappings and arrays ----------------------------------------------------------------


class KeyedVectors:
    """As gensim's: no Mapping, and `in` and `[]` are all that it has."""

    def __contains__(self, word):
        return word in VECTORS

    def __getitem__(self, word):
        return np.array(VECTORS[word], dtype=np.float64)


@pytest.mark.parametrize("source", [VECTORS, KeyedVectors()], ids=["dict", "KeyedVectors"])
def test_mapping(source):
    """Fails if a mapping gives other vectors than a file of it."""
    vectors, found = read_embeddings(source, WORDS)
    np.testing.assert_array_equal(vectors, np.array(WANTED, dtype=np.float32))
    assert found.tolist() == [False, False, True, True, False, True, True, True]


def test_array_is_taken_as_it_is():
    """Fails if rows are moved, or the caller's array is handed on to be trained."""
    mine = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    for source in (mine, mine.tolist()):
        vectors, found = read_embeddings(source, [None] * 4)
        np.testing.assert_array_equal(vectors, mine)
        assert found.all() and not np.shares_memory(vectors, mine)


@pytest.mark.parametrize(
    ("source", "words", "error", "message"),
    [
        ({}, ["a"], ValueError, "None of the words has a vector in the dict .*'a'"),
        (
            {"a": [1, 2], "b": [1]},
            ["a", "b"],
            ValueError,
            "'b' has 1 numbers, but that of 'a' has 2",
        ),
        ({"a": [1, np.nan]}, ["a"], ValueError, "'a' has nan at position 1"),
        ({"a": 5}, ["a"], ValueError, r"'a' is int64 of shape \(\)"),
        ({"a": ["x"]}, ["a"], ValueError, "'a' is <U1 of shape"),
        ({"a": [1]}, [None, None], ValueError, "words of the token ids are not known"),
        (np.ones((3, 2)), ["a"] * 4, ValueError, r"shape \(3, 2\), but the vocabulary has 4 ids"),
        (np.ones(3), ["a"] * 3, ValueError, r"must be numbers of shape \(n_words, dim\)"),
        ([[1], [1, 2]], ["a"] * 2, ValueError, "must be numbers of shape"),
        (np.array([[1.0], [np.inf]]), ["a", "b"], ValueError, "Row 1 of the array: .* 'b' .* inf"),
        (5, ["a"], TypeError, "got a int"),
        (None, ["a"], TypeError, "got a NoneType"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_bad_mappings_and_arrays(source, words, error, message):
    """Fails if wrong vectors go into a network, or the error does not tell which."""
    with pytest.raises(error, match=message):
        read_embeddings(source, words)


# --- Coverage ---------------------------------------------------------------------------


def test_coverage():
    """Fails if padding counts as text, or unknown words as words."""
    words = [None, None, "a", "b", "c", "d"]
    found = np.array([True, True, True, False, True, False])
    coverage = EmbeddingCoverage.measure(words, found, [99, 2, 5, 1, 2, 0])
    assert coverage == EmbeddingCoverage(4, 2, 0.5, 0.7)
    assert repr(coverage) == "EmbeddingCoverage(2 of 4 words, 50.0%; 70.0% of the tokens)"
    assert pickle.loads(pickle.dumps(coverage)) == coverage
    with pytest.raises(AttributeError):
        coverage.n_words = 3
    empty = EmbeddingCoverage.measure([None, None], [False, False], [0, 0])
    assert np.isnan(empty.share_of_words) and np.isnan(empty.share_of_tokens)


def test_words_of_a_tokenizer_find_their_vectors(tmp_path):
    """Fails if ids and words are shifted against each other on the way to the vectors."""
    text = TextToSequence()
    X = text.fit_transform(["the film the film the", "paris wasn't"])
    path = write(tmp_path, FORMS["word2vec"])
    joblib.dump(X[:1], tmp_path / "X.joblib")
    vectors, found = read_embeddings(path, joblib.load(tmp_path / "X.joblib").words)
    assert vectors.shape == (X.vocabulary_size, 3)
    for word, id_ in text.vocabulary_.items():
        wanted = VECTORS.get({"paris": "Paris"}.get(word, word), [0, 0, 0])
        np.testing.assert_allclose(vectors[id_], wanted, rtol=1e-6)
    counts = np.bincount(X.data, minlength=X.vocabulary_size)
    # "was" alone has none: one word of five, one token of eight
    assert EmbeddingCoverage.measure(X.words, found, counts) == EmbeddingCoverage(5, 4, 0.8, 0.875)
