"""fetch_vectors: what is used of what is there, and what is downloaded, from a local server.

The archives are small ones in the formats of the official files.
"""

import contextlib
import gzip
import http.server
import io
import re
import sys
import threading
import zipfile

import numpy as np
import pytest

import skrnn.datasets.vectors as module
from skrnn import TextToSequence, fetch_vectors
from skrnn.embeddings import WordVectors

WORDS = ["the", ",", "film", "n't", "paris"]


def lines(dim, words=WORDS, end="\n"):
    rows = ([word, *(f"{i + j / 1000:.5f}" for j in range(dim))] for i, word in enumerate(words))
    return "".join(" ".join(row) + end for row in rows).encode()


def zipped(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


GLOVE = zipped({f"glove.6B.{dim}d.txt": lines(dim) for dim in (50, 100, 200, 300)})
TWEETS = zipped(
    {f"glove.twitter.27B.{d}d.txt": lines(d, ["<user>", "rt"]) for d in (25, 50, 100, 200)}
)
WIKI = zipped({"wiki-news-300d-1M.vec": b"2 300\n" + lines(300, [",", "Paris"])})
CRAWL = zipped({"crawl-300d-2M.vec": b"2 300\n" + lines(300, [",", "the"], " \n")})
GERMAN = gzip.compress(b"3 300\n" + lines(300, ["</s>", "der", "\u00e4hnlich"]))
ARCHIVES = {
    "glove.6B.zip": GLOVE,
    "glove.twitter.27B.zip": TWEETS,
    "wiki-news-300d-1M.vec.zip": WIKI,
    "crawl-300d-2M.vec.zip": CRAWL,
    "cc.de.300.vec.gz": GERMAN,
}
NAMES = {
    "glove.6B.50d": ("glove.6B.zip", 50, WORDS),
    "glove.6B.300d": ("glove.6B.zip", 300, WORDS),
    "glove.twitter.27B.25d": ("glove.twitter.27B.zip", 25, ["<user>", "rt"]),
    "wiki-news-300d-1M": ("wiki-news-300d-1M.vec.zip", 300, [",", "Paris"]),
    "crawl-300d-2M": ("crawl-300d-2M.vec.zip", 300, [",", "the"]),
    "cc.de.300": ("cc.de.300.vec.gz", 300, ["</s>", "der", "\u00e4hnlich"]),
}


@pytest.fixture(autouse=True)
def _no_data_from_outside(monkeypatch, tmp_path):
    """Hide the caller's own data, and the network."""
    monkeypatch.delenv("SKRNN_DATA", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "scikit_learn_data"))
    for name in ("_STANFORD", "_FASTTEXT"):
        monkeypatch.setattr(module, name, "http://127.0.0.1:9/closed")


@pytest.fixture
def server(monkeypatch):
    """Serve the archives by the last part of their official paths; `answers` come first."""
    pytest.importorskip("pooch", reason="pooch downloads; it is in the extra skrnn[data]")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            httpd.requests.append(self.path)
            body = ARCHIVES.get(self.path.rpartition("/")[2])
            body = httpd.answers.pop(0) if httpd.answers else body
            if not isinstance(body, bytes):
                self.send_error(body or 404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # The client may have given up.
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.answers, httpd.requests = [], []
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        address = f"http://127.0.0.1:{httpd.server_port}"
        sources = {
            name: module._Source(re.sub(r"https://[^/]*", address, source.url), source.text)
            for name, source in module._SOURCES.items()
        }
        monkeypatch.setattr(module, "_SOURCES", sources)
        monkeypatch.setattr(module, "_FASTTEXT", f"{address}/fasttext")
        yield httpd
        httpd.shutdown()
        thread.join()


def files_below(path):
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


def put(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(ARCHIVES[name])
    return folder


def test_official_addresses():
    """Fails if a slip of the editor changes what is downloaded."""
    glove = "https://nlp.stanford.edu/data"
    fasttext = "https://dl.fbaipublicfiles.com/fasttext"
    assert {(source.url, source.text) for source in module._SOURCES.values()} == {
        *((f"{glove}/glove.6B.zip", f"glove.6B.{d}d.txt") for d in (50, 100, 200, 300)),
        *(
            (f"{glove}/glove.twitter.27B.zip", f"glove.twitter.27B.{d}d.txt")
            for d in (25, 50, 100, 200)
        ),
        *(
            (f"{fasttext}/vectors-english/{name}.vec.zip", f"{name}.vec")
            for name in ("wiki-news-300d-1M", "crawl-300d-2M")
        ),
    }
    assert [name for name, source in module._SOURCES.items() if name not in source.text] == []


def test_address_of_a_language(monkeypatch):
    """Fails if a language is looked for elsewhere than fastText has it."""
    monkeypatch.undo()
    source = module._source_of("cc.de.300")
    assert source.url == "https://dl.fbaipublicfiles.com/fasttext/vectors-crawl/cc.de.300.vec.gz"


@pytest.mark.parametrize(("name", "found"), NAMES.items(), ids=NAMES)
def test_downloads_once(server, tmp_path, name, found):
    """Fails if a name gives vectors of another file, or a file is downloaded again."""
    archive, dim, words = found
    home = tmp_path / "home"
    vectors = fetch_vectors(name, data_home=home)
    assert list(vectors) == words and vectors.dim == dim
    last = float(f"{len(words) - 1 + (dim - 1) / 1000:.5f}")
    assert vectors.vectors[-1, -1] == np.float32(last) and vectors.vectors[0, 0] == 0
    assert fetch_vectors(name, data_home=str(home), words=1).vectors.shape == (1, dim)
    assert len(server.requests) == 1 and server.requests[0].endswith(f"/{archive}")
    assert files_below(home) == [f"vectors_home/{archive}"]
    fetch_vectors(name, words=1)  # the folder of scikit-learn
    assert files_below(tmp_path / "scikit_learn_data") == [f"vectors_home/{archive}"]


def test_the_four_of_an_archive_are_one_download(server, tmp_path):
    """Fails if each dimension downloads the archive again."""
    for dim in (50, 100, 200, 300):
        assert fetch_vectors(f"glove.6B.{dim}d", data_home=tmp_path).dim == dim
    assert len(server.requests) == 1


def test_only_the_words_that_are_needed(tmp_path):
    """Fails if other words are returned, or a fitted text is not what is looked up."""
    put(tmp_path, "glove.6B.zip", "wiki-news-300d-1M.vec.zip")
    text = TextToSequence().fit(["The film wasn't bad"])
    vectors = fetch_vectors("glove.6B.100d", words=text, data_home=tmp_path)
    assert isinstance(vectors, WordVectors) and list(vectors) == ["film", "n't", "the"]
    assert vectors["film"][1] == np.float32("2.00100")
    assert list(fetch_vectors("glove.6B.50d", words=text.vocabulary_, data_home=tmp_path)) == [
        *("film", "n't", "the")
    ]
    assert list(fetch_vectors("wiki-news-300d-1M", words=["paris"], data_home=tmp_path)) == [
        "paris"
    ]
    with pytest.raises(ValueError, match="None of the words has a vector in .*'film'"):
        fetch_vectors("wiki-news-300d-1M", words=["film"], data_home=tmp_path)


@pytest.mark.parametrize("below", ["", "vectors_home"])
@pytest.mark.parametrize("kind", ["archive", "gzip", "plain"])
@pytest.mark.parametrize("where", ["SKRNN_DATA", "data_home"])
def test_a_file_that_is_there_is_used(tmp_path, monkeypatch, where, kind, below):
    """Fails if a local file is not found and the network (which is closed) is asked."""
    folder = tmp_path / "mine" / below
    if kind == "archive":
        put(folder, "glove.6B.zip")
    else:
        folder.mkdir(parents=True)
        content, end = lines(100), ""
        if kind == "gzip":
            content, end = gzip.compress(content), ".gz"
        (folder / f"glove.6B.100d.txt{end}").write_bytes(content)
    options = {}
    if where == "SKRNN_DATA":
        monkeypatch.setenv("SKRNN_DATA", str(tmp_path / "mine"))
    else:
        options["data_home"] = tmp_path / "mine"
        # A folder of other data does not hide it.
        monkeypatch.setenv("SKRNN_DATA", str(tmp_path))
    assert list(fetch_vectors("glove.6B.100d", **options)) == WORDS
    if where == "SKRNN_DATA":
        assert not (tmp_path / "scikit_learn_data").exists()


def test_the_own_folder_comes_first(tmp_path, monkeypatch):
    """Fails if SKRNN_DATA is ignored because scikit-learn's folder has a file of that name."""
    own, home = tmp_path / "own", tmp_path / "home"
    own.mkdir()
    (own / "cc.de.300.vec").write_bytes(b"1 300\n" + lines(300, ["mein"]))
    put(home, "cc.de.300.vec.gz")
    monkeypatch.setenv("SKRNN_DATA", str(own))
    assert list(fetch_vectors("cc.de.300", data_home=home)) == ["mein"]


def test_nothing_is_downloaded_against_orders(server, tmp_path, monkeypatch):
    """Fails if SKRNN_DATA or download_if_missing=False does not keep it off the network."""
    with pytest.raises(OSError, match="is not there, and download_if_missing is False"):
        fetch_vectors("glove.6B.50d", data_home=tmp_path, download_if_missing=False)
    monkeypatch.setenv("SKRNN_DATA", str(tmp_path / "typo"))
    with pytest.raises(FileNotFoundError, match=r"glove.6B.zip .* in '.*typo'.* unset SKRNN_DATA"):
        fetch_vectors("glove.6B.50d", data_home=tmp_path)
    assert server.requests == []


@pytest.mark.parametrize("failure", [503, b"<html>a login page", GLOVE[: len(GLOVE) // 2]])
def test_retries(server, tmp_path, failure):
    """Fails if one bad answer ends the download, or is kept as the archive."""
    server.answers = [failure, failure]
    with pytest.warns(UserWarning, match="Retry downloading") as caught:
        vectors = fetch_vectors("glove.6B.50d", data_home=tmp_path, n_retries=2, delay=0.001)
    assert list(vectors) == WORDS and len(server.requests) == 3
    assert sum("Retry downloading" in str(w.message) for w in caught) == 2
    assert {w.filename for w in caught if "Retry" in str(w.message)} == {__file__}
    assert (tmp_path / "vectors_home/glove.6B.zip").read_bytes() == GLOVE


@pytest.mark.filterwarnings("ignore:Retry downloading")
def test_gives_up_and_leaves_nothing(server, tmp_path):
    """Fails if a wrong download is kept, or retries go on without end."""
    server.answers = [b"no gzip"] * 9
    with pytest.raises(OSError, match=r"from http.* in 2 attempts: what was sent is no gzip file"):
        fetch_vectors("cc.de.300", data_home=tmp_path, n_retries=1, delay=0.001)
    assert len(server.requests) == 2 and files_below(tmp_path) == []


def test_a_language_that_is_not_there(server, tmp_path):
    """Fails if a file that does not exist is asked for again and again."""
    with pytest.raises(OSError, match=r"The vectors 'cc.xx.300' .* in 1 attempts: 404"):
        fetch_vectors("cc.xx.300", data_home=tmp_path, delay=0.001)
    assert len(server.requests) == 1


def test_a_damaged_archive_is_named(tmp_path):
    """Fails if a damaged archive gives vectors, or an error that does not say what to do."""
    damaged = bytearray(GLOVE)
    damaged[GLOVE.find(b"glove.6B.50d.txt") + 300] ^= 0xFF
    put(tmp_path, "glove.6B.zip")
    (tmp_path / "glove.6B.zip").write_bytes(damaged)
    with pytest.raises(ValueError, match=r"glove.6B.zip.* Delete it|damaged or truncated"):
        fetch_vectors("glove.6B.50d", data_home=tmp_path)
    (tmp_path / "glove.6B.zip").write_bytes(GLOVE[:-30])
    with pytest.raises(ValueError, match=r"glove.6B.zip is damaged: .* Delete it and download"):
        fetch_vectors("glove.6B.50d", data_home=tmp_path)


@pytest.mark.parametrize("name", ["glove.6B", "glove.6B.100", "cc.300", "cc.DE.300", "x", ""])
def test_unknown_names(name):
    """Fails if a name that nobody has becomes an address, or the error lists no others."""
    with pytest.raises(ValueError, match=r"glove.6B.50d, .*crawl-300d-2M, or cc.<language>.300"):
        fetch_vectors(name)


@pytest.mark.parametrize("wrong", [{"n_retries": 0}, {"delay": 0}, {"data_home": 1}])
def test_parameters_are_checked(wrong):
    """Fails if a wrong value is noticed only once the network fails."""
    with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter"):
        fetch_vectors("glove.6B.50d", **wrong)


def test_words_are_checked_before_a_download(server):
    """Fails if hundreds of megabytes are downloaded for words that cannot be read."""
    for words in ([], 0, "film"):
        with pytest.raises((ValueError, TypeError), match="words"):
            fetch_vectors("glove.6B.50d", words=words)
    assert server.requests == []


def test_without_pooch(tmp_path, monkeypatch):
    """Fails if a bare ModuleNotFoundError for pooch comes through."""
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r'pip install "skrnn\[data\]".*Or download http'):
        fetch_vectors("glove.6B.50d", data_home=tmp_path)


@pytest.mark.network
@pytest.mark.parametrize("name", sorted(module._SOURCES) + ["cc.en.300"])
def test_official_files_begin_as_archives(name, monkeypatch):
    """Fails if an address is no longer that of the archive: its first bytes are asked for."""
    monkeypatch.undo()
    requests = pytest.importorskip("requests")
    source = module._source_of(name)
    with requests.get(source.url, stream=True, timeout=60) as answer:
        answer.raise_for_status()
        start = answer.raw.read(4)
    assert start == b"PK\x03\x04" if source.is_zip else start[:2] == b"\x1f\x8b"
    assert int(answer.headers["Content-Length"]) > 100_000_000


@pytest.mark.network
def test_official_vectors(tmp_path, monkeypatch):
    """Fails if the files have another form than these tests have made up; 0.7 GB."""
    monkeypatch.undo()
    monkeypatch.delenv("SKRNN_DATA", raising=False)
    vectors = fetch_vectors("wiki-news-300d-1M", data_home=tmp_path, words=["paris", "film"])
    assert list(vectors) == ["paris", "film"] and vectors.dim == 300
