"""skrnn.datasets: archives good and hostile, downloads from a local server, reviews made up."""

import doctest
import functools
import gzip
import hashlib
import http.server
import io
import os
import subprocess
import sys
import tarfile
import threading
from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from skrnn.datasets import fetch_imdb, imdb, load_imdb, make_reviews
from skrnn.datasets import reviews as reviews_module

REVIEWS = {
    "aclImdb/train/neg/0_3.txt": "Dull.<br /><br />Very dull.",
    "aclImdb/train/neg/1_1.txt": "Awful",
    "aclImdb/train/neg/10_2.txt": "Bad; number 10 comes after number 2",
    "aclImdb/train/neg/2_4.txt": "Weak",
    "aclImdb/train/pos/0_9.txt": "Amélie is 很好\r\n",
    "aclImdb/train/pos/1_7.txt": "",
    "aclImdb/test/neg/0_2.txt": "A test of patience",
    "aclImdb/test/pos/0_10.txt": "A test passed",
    "aclImdb/train/unsup/0_0.txt": "Who knows?",
    "aclImdb/train/unsup/1_0.txt": "Not I",
}


@pytest.fixture(autouse=True)
def _no_data_from_outside(monkeypatch, tmp_path):
    """Hide the caller's own data, so that only the tests that ask for it read it."""
    monkeypatch.delenv("SKRNN_DATA", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "scikit_learn_data"))


def member(name, content=b"", **attributes):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, content


def write_archive(path, members, format=tarfile.USTAR_FORMAT):
    with tarfile.open(path, "w:gz", format=format) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


def plain_members(reviews=REVIEWS):
    return [member(name, text.encode()) for name, text in reviews.items()]


@pytest.fixture
def archive(tmp_path):
    return write_archive(tmp_path / "aclImdb_v1.tar.gz", plain_members())


@pytest.fixture
def folder(tmp_path):
    for name, text in REVIEWS.items():
        path = tmp_path / "extracted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return tmp_path / "extracted"


# --- load_imdb ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subset", "names", "target"),
    [
        ("train", ["train/neg/0", "train/neg/1", "train/neg/2", "train/neg/10"], [0] * 4 + [1] * 2),
        ("test", ["test/neg/0", "test/pos/0"], [0, 1]),
        ("all", ["train/neg/0", "train/neg/1"], [0] * 4 + [1] * 2 + [0, 1]),
        ("unsup", ["train/unsup/0", "train/unsup/1"], [-1, -1]),
    ],
)
def test_load_imdb_returns_the_subset_sorted(archive, subset, names, target):
    """Fails if a subset takes in another, labels are swapped, or 10 sorts before 2."""
    bunch = load_imdb(archive, subset=subset, shuffle=False)
    assert bunch.target.tolist() == target
    assert bunch.target.dtype == np.int64
    assert bunch.target_names == ["neg", "pos"]
    numbered = [name.removeprefix("aclImdb/").split("_")[0] for name in bunch.filenames.tolist()]
    assert numbered[: len(names)] == names
    # The texts are those of the files, to the byte: no newline translation, no stripping.
    assert bunch.data == [REVIEWS[name] for name in bunch.filenames]
    assert "Maas" in bunch.DESCR


def test_load_imdb_is_the_same_from_archive_and_folder_in_any_order(archive, folder, tmp_path):
    """Fails if the order, the names or the text depend on where and how the reviews lie."""
    reversed_archive = write_archive(tmp_path / "reversed.tar.gz", plain_members()[::-1])
    dotted = {f"./{name}": text for name, text in REVIEWS.items()}
    pax = write_archive(
        tmp_path / "pax.tar.gz",
        # A pax header stands before each member, as macOS and Python's default write it.
        [
            member(name, text.encode(), pax_headers={"comment": "é"})
            for name, text in dotted.items()
        ],
        format=tarfile.PAX_FORMAT,
    )
    expected = load_imdb(archive, subset="all")
    inside = tmp_path / "holds_archive"
    inside.mkdir()
    archive.rename(inside / archive.name)
    for path in (reversed_archive, pax, folder, folder / "aclImdb", str(folder), inside):
        bunch = load_imdb(path, subset="all")
        assert bunch.data == expected.data, path
        assert bunch.target.tolist() == expected.target.tolist()
        assert bunch.filenames.tolist() == expected.filenames.tolist()


def test_load_imdb_shuffles_by_seed_alone(archive):
    """Fails if shuffling tears text from label, ignores the seed or uses the global generator."""
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    by_seed = [
        load_imdb(archive, random_state=seed).filenames.tolist() for seed in (0, 0, 1, 2, None)
    ]
    assert by_seed[0] == by_seed[1]
    assert len({tuple(names) for names in by_seed[:4]}) > 1
    np.testing.assert_array_equal(np.random.get_state()[1], before)

    bunch = load_imdb(archive, random_state=3)
    assert bunch.data == [REVIEWS[name] for name in bunch.filenames]
    assert bunch.target.tolist() == [int("/pos/" in name) for name in bunch.filenames]
    data, target = load_imdb(archive, random_state=3, return_X_y=True)
    assert data == bunch.data
    assert target.tolist() == bunch.target.tolist()


def test_load_imdb_reads_nothing_but_plain_files_of_its_own_names(tmp_path, monkeypatch):
    """Fails if a link, a device, or a path that leads elsewhere is followed, read or written."""
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    hostile = [
        member("../aclImdb/train/neg/5_1.txt", b"escaped"),
        member("aclImdb/train/neg/../../../6_1.txt", b"escaped"),
        member("aclImdb/train/neg/../neg/7_1.txt", b"escaped"),
        member("/aclImdb/train/neg/8_1.txt", b"absolute"),
        member("other/aclImdb/train/neg/8_1.txt", b"foreign"),
        member("aclImdb/train/neg/9_1.txt/x", b"below"),
        member("aclImdb/train/neg/9_1.txt.sh", b"longer"),
        member("aclImdb/train/neg/-1_1.txt", b"negative"),
        member("aclImdb/train/neg/\u0661_1.txt", b"no ascii digit"),
        member("aclImdb/train/neg/20_1.txt", type=tarfile.SYMTYPE, linkname=str(secret)),
        member("aclImdb/train/neg/21_1.txt", type=tarfile.LNKTYPE, linkname="../../secret.txt"),
        member("aclImdb/train/neg/22_1.txt", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
        member("aclImdb/train/neg/23_1.txt", type=tarfile.FIFOTYPE),
        member("aclImdb/train/neg/24_1.txt", type=tarfile.DIRTYPE),
        # ustar keeps the first folders of a long name in a second field.
        member("evil" * 24 + "/aclImdb/train/neg/25_1.txt", b"prefixed"),
        member("evil.bin", b"x" * 5_000_000),
    ]
    path = write_archive(tmp_path / "hostile.tar.gz", hostile + plain_members())
    listing = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    bunch = load_imdb(path, shuffle=False)
    assert bunch.filenames.tolist() == [
        "aclImdb/train/neg/0_3.txt",
        "aclImdb/train/neg/1_1.txt",
        "aclImdb/train/neg/2_4.txt",
        "aclImdb/train/neg/10_2.txt",
        "aclImdb/train/pos/0_9.txt",
        "aclImdb/train/pos/1_7.txt",
    ]
    assert bunch.data == [REVIEWS[name] for name in bunch.filenames]
    assert sorted(tmp_path.rglob("*")) == listing

    # GNU long names and pax paths must not smuggle a name in either, nor shift what follows.
    for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        write_archive(path, hostile + plain_members(), format=format)
        assert load_imdb(path, shuffle=False).data == bunch.data


def test_load_imdb_from_a_folder_ignores_links_and_other_files(folder, tmp_path):
    """Fails if a symbolic link, a folder or an editor's backup is read as a review."""
    neg = folder / "aclImdb" / "train" / "neg"
    expected = load_imdb(folder, shuffle=False).data
    (tmp_path / "secret.txt").write_text("secret")
    (neg / "20_1.txt").symlink_to(tmp_path / "secret.txt")
    (neg / "21_1.txt").mkdir()
    os.mkfifo(neg / "22_1.txt")  # opening it would wait forever
    (neg / "0_3.txt~").write_text("backup")
    (neg / ".DS_Store").write_bytes(b"\xff\xfe")
    assert load_imdb(folder, shuffle=False).data == expected


@pytest.mark.parametrize("kind", ["archive", "folder"])
def test_load_imdb_bounds_the_size_of_a_review(archive, folder, kind):
    """Fails if a file of any size under a review's name is taken into memory."""
    name, content = "aclImdb/train/neg/3_1.txt", b"x" * (imdb._MAX_BYTES + 1)
    if kind == "archive":
        write_archive(archive, [*plain_members(), member(name, content)])
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(OSError, match=r"train/neg/3_1\.txt has .* too many for a review"):
        load_imdb(archive if kind == "archive" else folder)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_load_imdb_bounds_the_size_of_a_header(archive, kind):
    """Fails if an extended header, which tarfile reads whole, can fill the memory."""
    header = member("PaxHeaders/x", b"0" * 40_000_000, type=kind)
    write_archive(archive, [header, *plain_members()])
    assert archive.stat().st_size < 100_000
    with pytest.raises(OSError, match="cannot be read: it has a header of 40000000 bytes"):
        load_imdb(archive)


def test_load_imdb_refuses_sparse_files(tmp_path):
    """Fails if bytes are read that belong to the next member: a sparse file has fewer than said."""
    sparse = member("aclImdb/train/neg/3_1.txt", b"x" * 512)[0]
    sparse.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(sparse.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"00000100000\0"  # the real size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "sparse.tar.gz"
    raw = gzip.decompress(write_archive(path, plain_members()).read_bytes())
    path.write_bytes(gzip.compress(bytes(header) + b"x" * 512 + raw))
    assert len(load_imdb(path).data) == 6


def test_load_imdb_takes_the_last_of_members_of_one_name(tmp_path):
    """Fails if a doubled member is counted twice or differs from what extracting would leave."""
    twice = [*plain_members(), member("aclImdb/train/neg/0_3.txt", b"second thoughts")]
    data = load_imdb(write_archive(tmp_path / "a.tar.gz", twice), shuffle=False).data
    assert len(data) == 6
    assert data[0] == "second thoughts"


def _damage_cut_short(raw, tar):
    return raw[: len(raw) // 2]


def _damage_no_trailer(raw, tar):
    return raw[:-4]  # all the data, half of the checksum


def _damage_flipped_bit(raw, tar):
    return raw[:-8] + bytes([raw[-8] ^ 1]) + raw[-7:]  # data whole, checksum wrong


def _damage_deflate(raw, tar):
    return raw[: len(raw) // 2] + b"\xff" * 40 + raw[len(raw) // 2 + 40 :]


def _damage_not_gzip(raw, tar):
    return b"<!DOCTYPE html><title>404 Not Found</title>"


def _damage_empty_file(raw, tar):
    return b""


def _damage_tar_cut_then_zipped(raw, tar):
    return gzip.compress(tar[: 512 * 3 + 100])


def _damage_tar_cut_at_a_member_then_zipped(raw, tar):
    return gzip.compress(tar[: 512 * 4])


def _damage_tar_header(raw, tar):
    return gzip.compress(tar[:1024] + b"aclImdb/train/neg/1_9" + tar[1045:])


def _damage_negative_size(raw, tar):
    info = member("aclImdb/train/neg/3_3.txt")[0]
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"-0000001000\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return gzip.compress(bytes(header) + tar)


def _damage_not_a_tar(raw, tar):
    return gzip.compress(b"one review a line\n" * 100)


@pytest.mark.parametrize(
    "damage",
    [function for name, function in list(globals().items()) if name.startswith("_damage_")],
    ids=lambda function: function.__name__.removeprefix("_damage_"),
)
def test_load_imdb_names_a_damaged_archive(archive, damage):
    """Fails if part of a damaged archive is returned, or a bare zlib/EOF error comes through."""
    raw = archive.read_bytes()
    archive.write_bytes(damage(raw, gzip.decompress(raw)))
    with pytest.raises(OSError, match=r"cannot be read: .*Download .* again from http") as caught:
        load_imdb(archive)
    assert str(archive) in str(caught.value)


@pytest.mark.parametrize("kind", ["archive", "folder"])
def test_load_imdb_names_the_review_that_is_not_utf8(archive, folder, kind):
    """Fails if foreign bytes are replaced silently or the error does not say which file."""
    name = "aclImdb/train/pos/1_7.txt"
    write_archive(archive, [*plain_members(), member(name, b"Am\xe9lie")])
    (folder / name).write_bytes(b"Am\xe9lie")
    with pytest.raises(OSError, match=r"train/pos/1_7\.txt is not UTF-8"):
        load_imdb(archive if kind == "archive" else folder)


def test_load_imdb_says_what_is_missing(archive, folder, tmp_path):
    """Fails if nothing, or one class alone, is returned where reviews are missing."""
    with pytest.raises(
        FileNotFoundError, match=r"no file or folder '.*nowhere'.*the path of aclImdb"
    ):
        load_imdb(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"'.*empty' has no IMDb reviews.*the path of acl"):
        load_imdb(tmp_path / "empty")

    only_train = {name: text for name, text in REVIEWS.items() if "/train/" in name}
    write_archive(archive, plain_members(only_train))
    wanted = "subset='test'.*found 0 in test/neg, 0 in test/pos.*another subset"
    with pytest.raises(FileNotFoundError, match=wanted):
        load_imdb(archive, subset="test")
    # A half-finished extraction: all of one class, nothing of the other.
    for path in (folder / "aclImdb" / "train" / "pos").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="found 4 in train/neg, 0 in train/pos"):
        load_imdb(folder)


@pytest.mark.parametrize(
    "wrong",
    [{"subset": "valid"}, {"shuffle": 1}, {"random_state": "x"}, {"return_X_y": "yes"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_parameters_are_validated(archive, wrong):
    """Fails if a misspelt subset or the like is taken for a default."""
    for call in (functools.partial(load_imdb, archive), fetch_imdb):
        with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter"):
            call(**wrong)
    with pytest.raises(ValueError, match="The 'path' parameter"):
        load_imdb(None)


# --- the real archive --------------------------------------------------------------------------

REAL_DATA = os.environ.get("SKRNN_DATA")


@pytest.fixture(scope="module")
def real_reviews():
    if not REAL_DATA:
        pytest.skip("SKRNN_DATA names no folder with the IMDb reviews")
    return load_imdb(REAL_DATA, subset="all", shuffle=False)


@pytest.mark.slow
def test_real_archive_is_complete(real_reviews):
    """Fails if the name pattern misses members of the real archive or mixes up their labels."""
    assert len(real_reviews.data) == 50_000
    folders = Counter(name.rsplit("/", 1)[0] for name in real_reviews.filenames.tolist())
    assert folders == {
        f"aclImdb/{a}/{b}": 12_500 for a in ("train", "test") for b in ("neg", "pos")
    }
    stars = np.array([int(name.rsplit("_", 1)[1][:-4]) for name in real_reviews.filenames])
    np.testing.assert_array_equal(real_reviews.target, stars > 5)
    # The first review in the official archive, and the share of repeated texts in it.
    assert real_reviews.data[0].startswith("Story of a man who has unnatural feelings for a pig.")
    assert 49_000 < len(set(real_reviews.data)) < 50_000


@pytest.mark.slow
def test_real_unlabelled_part():
    """Fails if the unlabelled reviews get labels or are cut."""
    if not REAL_DATA:
        pytest.skip("SKRNN_DATA names no folder with the IMDb reviews")
    data, target = load_imdb(REAL_DATA, subset="unsup", return_X_y=True)
    assert len(data) == 50_000
    assert set(target.tolist()) == {-1}


# --- fetch_imdb --------------------------------------------------------------------------------


@pytest.fixture
def server(archive, monkeypatch):
    """Serve the small archive on 127.0.0.1 as if it were the official one.

    ``server.answers`` holds the bodies to send, the last one for good; None is
    answer 503, and "cut" announces the whole archive and breaks off halfway.
    """
    pytest.importorskip("pooch", reason="pooch downloads; it is in the extra skrnn[data]")
    body = archive.read_bytes()
    archive.unlink()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            httpd.requests.append(self.path)
            answer = httpd.answers.pop(0) if len(httpd.answers) > 1 else httpd.answers[0]
            if answer is None:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body if answer == "cut" else answer)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if answer == "cut" else answer)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.body, httpd.answers, httpd.requests = body, [body], []
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(imdb, "_URL", f"http://127.0.0.1:{httpd.server_port}/a.tar.gz")
        monkeypatch.setattr(imdb, "_MD5", hashlib.md5(body).hexdigest())
        yield httpd
        httpd.shutdown()
        thread.join()


def files_below(path):
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


CACHED = "imdb_home/aclImdb_v1.tar.gz"


def test_fetch_imdb_downloads_once(server, tmp_path):
    """Fails if the cache is not used, lies elsewhere, or the options are not handed on."""
    bunch = fetch_imdb(data_home=tmp_path / "home", subset="test", shuffle=False)
    assert bunch.data == ["A test of patience", "A test passed"]
    data, target = fetch_imdb(data_home=str(tmp_path / "home"), return_X_y=True, random_state=1)
    assert data == load_imdb(tmp_path / "home" / CACHED, random_state=1).data
    assert len(target) == 6
    assert len(server.requests) == 1
    assert files_below(tmp_path / "home") == [CACHED]
    # Without data_home the folder is scikit-learn's own.
    fetch_imdb()
    assert files_below(tmp_path / "scikit_learn_data") == [CACHED]


@pytest.mark.parametrize("failure", [None, "cut", b"a login page"], ids=["503", "cut", "md5"])
def test_fetch_imdb_retries(server, tmp_path, failure):
    """Fails if one bad answer ends the download, or its bytes end up as the cached archive."""
    server.answers = [failure, failure, server.body]
    with pytest.warns(UserWarning, match="Retry downloading") as caught:
        bunch = fetch_imdb(data_home=tmp_path / "home", n_retries=2, delay=0.001)
    assert len(bunch.data) == 6
    assert len(server.requests) == 3
    assert sum("Retry downloading" in str(w.message) for w in caught) == 2


@pytest.mark.filterwarnings("ignore:Retry downloading")
@pytest.mark.parametrize("failure", [None, "cut", b"a login page"], ids=["503", "cut", "md5"])
def test_fetch_imdb_gives_up_and_leaves_nothing(server, tmp_path, failure):
    """Fails if a partial or wrong download is kept, or retries go on without end."""
    server.answers = [failure]
    with pytest.raises(OSError, match=r"could not be downloaded from http.* in 2 attempts.*SKRNN"):
        fetch_imdb(data_home=tmp_path / "home", n_retries=1, delay=0.001)
    assert len(server.requests) == 2
    assert files_below(tmp_path / "home") == []


def test_fetch_imdb_replaces_a_damaged_cache(server, tmp_path):
    """Fails if whatever lies in the cache is believed without comparing its checksum."""
    cached = tmp_path / CACHED
    cached.parent.mkdir()
    cached.write_bytes(server.body[:100])
    with pytest.raises(OSError, match="does not match its MD5"):
        fetch_imdb(data_home=tmp_path, download_if_missing=False)
    assert len(fetch_imdb(data_home=tmp_path).data) == 6
    assert cached.read_bytes() == server.body


def test_fetch_imdb_does_not_download_against_orders(server, tmp_path):
    """Fails if download_if_missing=False reaches for the network or for another exception."""
    with pytest.raises(OSError, match="is not there, and download_if_missing is False"):
        fetch_imdb(data_home=tmp_path / "home", download_if_missing=False)
    assert server.requests == []


def test_fetch_imdb_reads_skrnn_data_first(archive, tmp_path, monkeypatch):
    """Fails if SKRNN_DATA is ignored, or its archive is compared with the official checksum."""
    monkeypatch.setattr(imdb, "_download", None)  # calling it is a TypeError
    monkeypatch.setenv("SKRNN_DATA", str(archive.parent))
    bunch = fetch_imdb(data_home=tmp_path / "home", subset="unsup", shuffle=False)
    assert bunch.data == ["Who knows?", "Not I"]
    assert not (tmp_path / "home").exists()

    monkeypatch.setenv("SKRNN_DATA", str(tmp_path / "typo"))
    with pytest.raises(FileNotFoundError, match=r"typo.*variable SKRNN_DATA; unset it"):
        fetch_imdb()


def test_fetch_imdb_without_pooch_names_the_extra(tmp_path, monkeypatch):
    """Fails if a bare ModuleNotFoundError for pooch comes through."""
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r'pip install "skrnn\[data\]"'):
        fetch_imdb(data_home=tmp_path)


@pytest.mark.parametrize("wrong", [{"n_retries": 0}, {"delay": 0}, {"data_home": 1}])
def test_fetch_imdb_validates_its_own_parameters(wrong):
    """Fails if a wrong value is noticed only once the network fails."""
    with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter"):
        fetch_imdb(**wrong)


def test_official_address_and_checksum():
    """Fails if a slip of the editor changes what is downloaded or accepted."""
    assert imdb._URL == "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
    assert imdb._MD5 == "7c2ac02c03563afcf9b574c7e56c153a"


# --- make_reviews ------------------------------------------------------------------------------

# Keeps "I", "n't" and the marks that scikit-learn's default pattern drops: a fair bag.
EVERY_TOKEN = r"(?u)\b\w+(?:'\w+)?\b|[!?]"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_bag_of_words_stays_below_its_bound(seed):
    """Fails if single words betray the label: then no recurrent network is needed."""
    reviews, target = make_reviews(6000, random_state=seed)
    scores = {}
    for pattern in (CountVectorizer().token_pattern, EVERY_TOKEN):
        for vectorizer, classifier in [
            (TfidfVectorizer(token_pattern=pattern), LogisticRegression(max_iter=1000)),
            (CountVectorizer(token_pattern=pattern), LogisticRegression(max_iter=2000)),
            (CountVectorizer(token_pattern=pattern), MultinomialNB()),
        ]:
            bag = make_pipeline(vectorizer, classifier)
            bag.fit(reviews[:4000], target[:4000])
            scores[str(bag)] = bag.score(reviews[4000:], target[4000:])
    assert max(scores.values()) < 0.70, scores  # the promise is 0.75


def test_pairs_of_words_do_not_do_either():
    """Fails if a marker stands beside the word it turns: bigrams would then replace a network."""
    reviews, target = make_reviews(6000, random_state=0)
    bigrams = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=EVERY_TOKEN),
        LogisticRegression(C=10, max_iter=1000),
    )
    bigrams.fit(reviews[:4000], target[:4000])
    assert bigrams.score(reviews[4000:], target[4000:]) < 0.75


def test_no_bag_of_words_grows_out_of_its_bound():
    """Fails if the bound holds only because the training set of the other test is small."""
    reviews, target = make_reviews(17_000, random_state=5)
    bag = make_pipeline(TfidfVectorizer(token_pattern=EVERY_TOKEN), LogisticRegression())
    bag.fit(reviews[:15_000], target[:15_000])
    assert bag.score(reviews[15_000:], target[15_000:]) < 0.75


def test_words_are_spread_over_both_labels():
    """Fails if some word stands under one label only, whatever a linear model makes of it."""
    reviews, target = make_reviews(10_000, random_state=1)
    counts = CountVectorizer(token_pattern=EVERY_TOKEN, binary=True)
    bags = counts.fit_transform(reviews)
    total = np.asarray(bags.sum(axis=0)).ravel()
    share = np.asarray(bags[target == 1].sum(axis=0)).ravel() / total
    often = total >= 100
    assert often.sum() > 200
    words = counts.get_feature_names_out()
    outside = [
        (w, s) for w, s in zip(words[often], share[often], strict=True) if abs(s - 0.5) > 0.3
    ]
    assert not outside
    # Some hundred words, of which a good part is rare.
    assert 400 < len(words) < 1000


def polarity(clause):
    """Say what a hand-read clause with one opinion says: a judge that knows the order."""
    words = clause.lower().replace(".", "").split()
    (sense,) = [
        sense
        for sense in (0, 1)
        for w in words
        if w in reviews_module._GRAMMAR["opinion" + "-+"[sense]]
    ]
    turned = {"not", "wasn't", "hardly", "never", "nothing", "nobody", "don't"} & set(words)
    return sense ^ bool(turned)


def test_what_follows_but_decides():
    """Fails if labels are random: then no model can pass, and the bag's bound proves nothing."""
    reviews, target = make_reviews(5000, random_state=2)
    judged = 0
    for review, label in zip(reviews, target.tolist(), strict=True):
        if ". But in the end " in review and "just" not in review:
            first, second = review.split(". But in the end ")
            first, second = first.split(". ")[-1], second.split(".")[0]
            assert polarity(second) == label, review
            assert polarity(first) == 1 - label, review
            judged += 1
    assert judged > 50


def test_make_reviews_is_balanced_distinct_and_well_formed():
    """Fails on repeated reviews, unfilled slots, a missing capital or full stop, or odd lengths."""
    reviews, target = make_reviews(20_000, random_state=3)
    assert target.dtype == np.int64
    assert np.bincount(target).tolist() == [10_000, 10_000]
    assert 4500 < target[:10_000].sum() < 5500  # in random order, not sorted by label
    assert len(set(reviews)) == 20_000
    lengths = np.array([len(review.split()) for review in reviews])
    assert lengths.min() >= 4
    assert lengths.max() <= 60
    assert 10 < np.median(lengths) < 30
    for review in reviews:
        assert type(review) is str
        assert "{" not in review
        assert "  " not in review
        assert review[0].isupper()
        assert review[-1] in ".!?"
        assert not any(sentence[0].islower() for sentence in review.split(". "))


@pytest.mark.parametrize("n_samples", [1, 2, 7, np.int64(10)])
def test_make_reviews_returns_as_many_as_asked(n_samples):
    """Fails if an odd number or a NumPy integer breaks the balance or the count."""
    reviews, target = make_reviews(n_samples, random_state=0)
    assert len(reviews) == len(target) == n_samples
    assert 2 * target.sum() - n_samples in (0, -1)


@pytest.mark.slow
def test_make_reviews_is_the_same_in_any_process():
    """Fails if the order of a set or dict of strings, or the process, leaks into the reviews."""
    code = (
        "import sys; from skrnn.datasets import make_reviews\n"
        "print(ascii(make_reviews(200, random_state=4)))\n"
        "assert not {'tensorflow', 'keras', 'pooch'} & set(sys.modules)"
    )
    env = os.environ | {"PYTHONHASHSEED": "123"}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == ascii(make_reviews(200, random_state=4)) + "\n"


def test_make_reviews_random_state():
    """Fails if seeds are ignored or the process's global generators are read or moved."""
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    first, _ = make_reviews(50)
    second, _ = make_reviews(50)
    assert first != second
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert make_reviews(50, random_state=1)[0] != make_reviews(50, random_state=2)[0]
    from_instance, _ = make_reviews(50, random_state=np.random.RandomState(1))
    assert from_instance == make_reviews(50, random_state=1)[0]


@pytest.mark.parametrize("n_samples", [0, -1, 2.5, "10", None])
def test_make_reviews_validates_n_samples(n_samples):
    """Fails if nonsense gives an empty data set or an error from deep inside."""
    with pytest.raises(ValueError, match="The 'n_samples' parameter"):
        make_reviews(n_samples)


@pytest.mark.parametrize("module", [reviews_module, imdb])
def test_doctests(module):
    """Fails if an example prints something else than its docstring shows."""
    assert doctest.testmod(module).failed == 0
