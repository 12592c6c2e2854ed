"""WordVectors: what is read of a file, also of one in a zip archive, and what copies share.

Files are written by hand in the formats of GloVe and fastText.
"""

import copy
import gzip
import io
import pickle
import tracemalloc
import zipfile

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer

from skrnn import RNNClassifier, TextToSequence
from skrnn.caching.hashing import digest
from skrnn.embeddings import WordVectors, read_embeddings

GLOVE = b"the 0.5 -1.25 3\n, 1 1 1\nParis 7 8 9\nparis 1 2 3\n. . . 4 5 6\nthe 9 9 9\nfilm 4 4 4\n"
FASTTEXT = b"3 3 \n</s> 0 0 0 \nthe 0.5 -1.25 3 \ncaf\xc3\xa9 7 8 9 \n"


def zipped(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def write(tmp_path, content, name="vectors"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda text: zipped({"a.txt": text})])
def test_all_words_of_a_file(tmp_path, pack):
    """Fails if the second vector of a word counts, a blank ends a word, or the order is lost."""
    vectors = WordVectors.from_file(write(tmp_path, pack(GLOVE)))
    assert list(vectors) == ["the", ",", "Paris", "paris", ". . .", "film"]
    np.testing.assert_array_equal(vectors["the"], np.float32([0.5, -1.25, 3]))
    np.testing.assert_array_equal(vectors[". . ."], [4, 5, 6])
    assert vectors.dim == 3 and vectors.vectors.dtype == np.float32 and len(vectors) == 6
    assert list(WordVectors.from_file(write(tmp_path, pack(FASTTEXT)))) == ["</s>", "the", "café"]


def test_first_words(tmp_path):
    """Fails if a number of words is not what is read, or what follows them is read, too."""
    content = GLOVE + b"this_is_no_vector\n"
    path = write(tmp_path, content)
    assert list(WordVectors.from_file(path, 3)) == ["the", ",", "Paris"]
    assert list(WordVectors.from_file(path, np.int64(1))) == ["the"]
    with pytest.raises(ValueError, match=r"line 8: .*'this_is_no_vector' has 0"):
        WordVectors.from_file(path)


def test_asked_words(tmp_path):
    """Fails if words lose their spelling or order, or those without a vector get zeros."""
    path = write(tmp_path, GLOVE)
    vectors = WordVectors.from_file(path, [None, "Film", "paris", "nowhere", "PARIS", "the", "the"])
    assert list(vectors) == ["Film", "paris", "PARIS", "the"]
    assert vectors.vectors.tolist() == [[4, 4, 4], [1, 2, 3], [1, 2, 3], [0.5, -1.25, 3]]
    # A text looks the words up under the same names.
    text = TextToSequence().fit(["the Paris film of nowhere"])
    fitted = WordVectors.from_file(path, text)
    assert list(fitted) == ["film", "paris", "the"]
    assert fitted == WordVectors.from_file(path, text.vocabulary_)
    assert fitted == WordVectors.from_file(path, text.transform([]).words)
    counts = CountVectorizer().fit(["the film"])
    assert set(WordVectors.from_file(path, counts)) == {"film", "the"}
    for words in ([None, None, "paris", "film", "x"], [None, "film"]):
        plain, found = read_embeddings(path, words)
        again, same = read_embeddings(WordVectors.from_file(path, words), words)
        np.testing.assert_array_equal(plain, again)
        np.testing.assert_array_equal(found, same)


def test_bytes_that_are_no_text(tmp_path):
    """Fails if a word that is not UTF-8, or an empty one, ends the reading or becomes a word."""
    path = write(tmp_path, b"a 1 2\n\xff\xfe 3 4\n 5 6\n\xc2\x85 7 8\nb 9 10\n")
    assert list(WordVectors.from_file(path)) == ["a", "\x85", "b"]
    assert list(WordVectors.from_file(path, 2)) == ["a", "\x85"]


def test_memory_is_that_of_the_words_kept(tmp_path):
    """Fails if the whole file, or all its vectors, are in memory for the sake of a few words."""
    numbers = " ".join(["0.12345"] * 50)
    text = "".join(f"word{i} {numbers}\n" for i in range(20_000)).encode()
    path = write(tmp_path, zipped({"a.txt": text, "b.txt": b"c 1\n"}), "v.zip")
    WordVectors.from_file(path, 5, member="a.txt")  # what is imported once
    tracemalloc.start()
    few = WordVectors.from_file(path, ["word7", "word19999", "nothing"], member="a.txt")
    _, some = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    every = WordVectors.from_file(path, member="a.txt")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(few) == 2 and len(every) == 20_000
    size = every.vectors.nbytes  # 4 MB; the file has 8
    assert some < size / 4 and most < 3.5 * size


def test_files_in_an_archive(tmp_path):
    """Fails if another file of an archive is read, or a folder in it hides the file."""
    files = {"glove.6B.50d.txt": b"the 1 2\n", "glove.6B.100d.txt": b"the 3 4 5\n"}
    path = write(tmp_path, zipped(files))
    assert WordVectors.from_file(path, member="glove.6B.100d.txt")["the"].tolist() == [3, 4, 5]
    with pytest.raises(ValueError, match=r"zip archive of 2 files \('glove.6B.50d.txt', .* Unpack"):
        read_embeddings(path, ["the"])
    with pytest.raises(ValueError, match="without the file 'glove.6B.300d.txt'; its files are"):
        WordVectors.from_file(path, member="glove.6B.300d.txt")
    nested = write(tmp_path, zipped({"x/": b"", "x/a.txt": b"b 1\n", "a.txt.md5": b""}))
    assert list(WordVectors.from_file(nested, member="a.txt")) == ["b"]


def changed(content, at):
    content = bytearray(content)
    content[at] ^= 0xFF
    return bytes(content)


LONG = b"".join(b"w%d %f %f\n" % (i, i / 7, i / 3) for i in range(5000))
ZIP = zipped({"a": LONG})
ZIP_OTHER_SUM = changed(ZIP, ZIP.find(b"PK\x01\x02") + 16)
BAD = {
    "cut zip": (ZIP[:-30], "its zip archive cannot be unpacked"),
    "changed zip": (ZIP_OTHER_SUM, "its zip archive cannot be unpacked"),
    "changed gzip": (changed(gzip.compress(LONG), -6), "its gzip stream cannot be unpacked"),
    "cut gzip": (gzip.compress(LONG)[:-9], "its gzip stream cannot be unpacked"),
    "no files": (zipped({}), "number|is a zip archive|cannot|expected"),
    "empty file": (zipped({"a": b""}), "is empty once unpacked"),
    "a model": (zipped({"a": b"\xba\x16\x4f\x2f...."}), "compressed fastText .bin"),
    "cut line": (GLOVE[:-4], "line 7: .*'film' has 1 numbers, but the lines before have 3"),
    "column too many": (GLOVE + b"a 1 2 3 4\n", "line 8: .*'a' has 4 numbers"),
    "cut fastText": (FASTTEXT[:-15], "ends after 2 vectors, but its header says 3"),
    "no number": (b"a 1 2\nb 1 x\n", "line 2: .*'x', which is not a number"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_damaged_files(tmp_path, content, message):
    """Fails if a damaged file gives vectors, or an error that does not name it and its place."""
    path = write(tmp_path, content)
    with pytest.raises(ValueError, match=message) as told:
        WordVectors.from_file(path)
    assert str(path) in str(told.value)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ([], ValueError, "words is empty"),
        ((word for word in ()), ValueError, "words is empty"),
        ([None], ValueError, "words is empty"),
        (0, ValueError, "at least 1 as a number of words, got 0"),
        ("film", TypeError, "iterable of words, .* got a str"),
        (True, TypeError, "got a bool"),
        (2.5, TypeError, "got a float"),
        (["a", 3], TypeError, "got a int at position 1"),
        (["zz", "yy"], ValueError, r"None of the words has a vector in .*vectors, .*'zz', 'yy'"),
        (TextToSequence(), NotFittedError, "TextToSequence"),
    ],
)
def test_bad_words(tmp_path, words, error, message):
    """Fails if a wrong `words` reads all words, none, or letters."""
    path = write(tmp_path, GLOVE)
    with pytest.raises(error, match=message):
        WordVectors.from_file(path, words)


def test_bad_vectors():
    """Fails if words and vectors that do not belong together become a mapping."""
    with pytest.raises(ValueError, match=r"here \(2, dim\), got float64 of shape \(1, 2\)"):
        WordVectors(["a", "b"], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="'a' 2 times"):
        WordVectors(["a", "b", "a"], np.ones((3, 2)))
    with pytest.raises(ValueError, match="'b' has inf at position 1"):
        WordVectors(["a", "b"], [[1.0, 2.0], [1.0, 1e300]])
    with pytest.raises(TypeError, match="got a NoneType at position 0"):
        WordVectors([None], [[1.0]])
    with pytest.raises(KeyError, match="c"):
        WordVectors(["a"], [[1.0]])["c"]


def test_copies_share_it_and_nobody_changes_it(tmp_path):
    """Fails if each clone of a pipeline copies the vectors, or one user changes those of all."""
    mine = np.ones((2, 3), np.float32)
    vectors = WordVectors(["a", "b"], mine)
    mine[:] = 7
    assert vectors["a"].tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        vectors["a"][0] = 5
    assert copy.deepcopy(vectors) is vectors and copy.copy(vectors) is vectors
    assert clone(RNNClassifier(embeddings=vectors)).embeddings is vectors
    assert clone(TextToSequence(extra_words=vectors)).extra_words is vectors
    again = pickle.loads(pickle.dumps(vectors))
    assert again == vectors and again is not vectors and list(again) == ["a", "b"]
    with pytest.raises(ValueError, match="read-only"):
        again.vectors[:] = 0
    joblib.dump(vectors, tmp_path / "v.joblib")
    assert joblib.load(tmp_path / "v.joblib", mmap_mode="r") == vectors
    assert vectors != WordVectors(["b", "a"], np.ones((2, 3)))
    assert vectors != WordVectors(["a", "b"], np.zeros((2, 3)))
    assert vectors != {"a": 1}


def test_results_of_other_vectors_are_not_taken_for_these():
    """Fails if checkpoints and searches cannot tell vectors apart, or equal ones differ."""
    vectors = WordVectors(["a", "b"], np.ones((2, 3)))
    assert digest(vectors) == digest(WordVectors(["a", "b"], np.ones((2, 3))))
    others = [(["a", "c"], np.ones((2, 3))), (["a", "b"], np.zeros((2, 3)))]
    assert len({digest(vectors), *(digest(WordVectors(*one)) for one in others)}) == 3


def test_display_is_short():
    """Fails if a notebook shows thousands of numbers, or an estimator's display does."""
    vectors = WordVectors(map(str, range(1234)), np.ones((1234, 50)))
    assert repr(vectors) == "WordVectors(1,234 words, 50 dimensions)"
    assert len(repr(RNNClassifier(embeddings=vectors))) < 400
    assert len(repr(TextToSequence(extra_words=vectors))) < 400
