"""Files that are open instead of paths, and paths of every kind: for save and load alike."""

import bz2
import errno
import functools
import gzip
import io
import lzma
import os
import stat
import tempfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from skrnn import InvalidFileError, TextToSequence, load, save
from skrnn.exceptions import InvalidInputError, InvalidTypeError
from skrnn.fileformat import container

WORDS = ["good film", "bad film"]


@pytest.fixture(scope="module")
def text():
    return TextToSequence().fit(WORDS)


@pytest.fixture(scope="module")
def content(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "text.skrnn"
    save(text, path)
    return path.read_bytes()


def assert_loads(file, text):
    found = load(file)
    assert found.vocabulary_ == text.vocabulary_
    np.testing.assert_array_equal(found.transform(WORDS).toarray(), text.transform(WORDS).toarray())


class Trickle(io.RawIOBase):
    """Takes and gives a few bytes at once, and cannot seek, as a pipe."""

    def __init__(self, content=b""):
        self.content = io.BytesIO(content)

    def readable(self):
        return True

    def writable(self):
        return True

    def readinto(self, buffer):
        part = self.content.read(min(len(buffer), 7))
        buffer[: len(part)] = part
        return len(part)

    def write(self, data):
        return self.content.write(bytes(data[:7]))


class Minimal:
    """Has what is asked for and nothing else, and does not count what it writes."""

    def __init__(self, content=b""):
        self.content = io.BytesIO(content)

    def read(self, n):
        return self.content.read(n)

    def write(self, data):
        self.content.write(data)


def by_fsspec(path, mode):
    return pytest.importorskip("fsspec", reason="fsspec is not installed").open(str(path), mode)


OPENERS = {
    "open": open,
    "unbuffered": functools.partial(open, buffering=0),
    "gzip": gzip.open,
    "bz2": bz2.open,
    "lzma": lzma.open,
    "fsspec": lambda path, mode: by_fsspec(path, mode).open(),
    "pathlib": Path.open,
    "descriptor": lambda path, mode: os.fdopen(
        os.open(path, os.O_RDONLY if mode == "rb" else os.O_WRONLY | os.O_CREAT), mode
    ),
}


@pytest.mark.parametrize("opener", OPENERS)
def test_a_file_that_is_open(opener, text, tmp_path):
    """Fails if a kind of open file is taken for a path, or is closed."""
    path = tmp_path / "text.bin"
    with OPENERS[opener](path, "wb") as file:
        save(text, file)
        assert not file.closed
    with OPENERS[opener](path, "rb") as file:
        assert_loads(file, text)
        assert not file.closed


@pytest.mark.parametrize("kind", [io.BytesIO, Trickle, Minimal])
def test_a_file_in_memory(kind, text, content):
    """Fails if bytes are lost where a file takes or gives only a part of them at once."""
    file = kind()
    save(text, file)
    written = (file if kind is io.BytesIO else file.content).getvalue()
    assert written == content
    assert_loads(kind(content), text)


def test_temporary_files(text):
    """Fails for the wrappers of tempfile, which are files by their attributes only."""
    for make in (
        tempfile.TemporaryFile,
        tempfile.NamedTemporaryFile,
        tempfile.SpooledTemporaryFile,
    ):
        with make() as file:
            save(text, file)
            file.seek(0)
            assert_loads(file, text)


def test_a_member_of_an_archive(text, tmp_path):
    """Fails for files that are written into another one, which cannot seek."""
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive, archive.open("text.skrnn", "w") as file:
        save(text, file)
    with zipfile.ZipFile(path) as archive, archive.open("text.skrnn") as file:
        assert_loads(file, text)


def test_a_pipe(text):
    """Fails if a file has to seek, or to say how large it is."""
    reading, writing = os.pipe()

    def write():
        with open(writing, "wb") as file:
            save(text, file)

    thread = threading.Thread(target=write)
    thread.start()
    with open(reading, "rb") as file:
        assert_loads(file, text)
    thread.join()


def test_named_pipes_and_devices_by_path(text, tmp_path):
    """Fails if a pipe or a device is replaced by a file, or its size is believed."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    thread = threading.Thread(target=save, args=(text, path))
    thread.start()
    assert_loads(path, text)
    thread.join()
    assert stat.S_ISFIFO(os.stat(path).st_mode)
    save(text, "/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_from_where_the_file_stands_to_where_the_model_ends(text):
    """Fails if what is before is overwritten or read, or what is behind is used up."""
    other = TextToSequence().fit(["something else"])
    file = io.BytesIO(b"before")
    file.seek(0, os.SEEK_END)
    save(text, file)
    save(other, file)
    file.write(b"behind")
    assert file.getvalue().startswith(b"before")
    file.seek(len(b"before"))
    assert_loads(file, text)
    assert load(file).vocabulary_ == other.vocabulary_
    assert file.read() == b"behind"


@pytest.mark.parametrize("kind", [str, bytes, Path, os.DirEntry])
def test_paths(kind, text, tmp_path):
    """Fails if a kind of path is refused."""
    path = tmp_path / "text.skrnn"
    save(text, path)
    given = {
        str: str(path),
        bytes: os.fsencode(path),
        Path: path,
        os.DirEntry: next(os.scandir(tmp_path)),
    }[kind]
    save(text, given)
    assert_loads(given, text)


def test_a_path_with_a_method_read(text, tmp_path):
    """Fails if a path is taken for an open file because of its methods."""

    class Local(type(tmp_path)):
        def read(self):
            raise AssertionError

        write = read

    path = Local(tmp_path / "text.skrnn")
    save(text, path)
    assert_loads(path, text)


# What is no file and no path, and what the message says of it.
REFUSED = {
    "text mode": (lambda path: path.open("r+"), "text mode"),
    "StringIO": (lambda path: io.StringIO("x"), "text mode"),
    "closed": (lambda path: closed(path), "is closed"),
    "None": (lambda path: None, "NoneType"),
    "number": (lambda path: 3, "int"),
    "OpenFile": (lambda path: by_fsspec(path, "r+b"), "OpenFile"),
    "list": (lambda path: [path], "list"),
    "URL": (lambda path: "s3://bucket/text.skrnn", "looks like a URL.*fsspec.open"),
    "URL in bytes": (lambda path: b"https://host/text.skrnn", "looks like a URL"),
}


def closed(path):
    with open(path, "r+b") as file:
        return file


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("use", ["save", "load"])
def test_what_is_refused(name, use, text, tmp_path, monkeypatch):
    """Fails if the error is that of an attribute, or a folder or file is made or changed."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "something"
    path.write_bytes(b"content")
    make, told = REFUSED[name]
    given = make(path)
    with pytest.raises((InvalidInputError, InvalidTypeError), match=told):
        save(text, given) if use == "save" else load(given)
    assert os.listdir(tmp_path) == ["something"] and path.read_bytes() == b"content"


def test_the_wrong_mode(text, content, tmp_path):
    """Fails if the error of a file that is open for the other way does not name the right mode."""
    path = tmp_path / "text.skrnn"
    path.write_bytes(content)
    with open(path, "rb") as file, pytest.raises(InvalidInputError, match="writing.*'wb'"):
        save(text, file)
    with open(path, "ab") as file, pytest.raises(InvalidInputError, match="reading.*'rb'"):
        load(file)
    assert path.read_bytes() == content


def test_nothing_is_written_of_what_cannot_be_stored(tmp_path):
    """Fails if an open file gets a beginning before everything is checked."""
    file = io.BytesIO(b"old")
    with pytest.raises(TypeError, match="tokenizer"):
        save(TextToSequence(tokenizer=str.split).fit(WORDS), file)
    assert file.getvalue() == b"old" and file.tell() == 0


def test_every_damage_is_found_in_an_open_file(content):
    """Fails if a part is not checked where the size of the file is not known."""
    for make in (io.BytesIO, Trickle, Minimal):
        for n in (0, 10, len(content) // 2, len(content) - 1):
            with pytest.raises(InvalidFileError, match=r"^The file cannot be loaded"):
                load(make(content[:n]))
        for at in range(0, len(content), 97):
            damaged = bytearray(content)
            damaged[at] ^= 1
            with pytest.raises(InvalidFileError):
                load(make(bytes(damaged)))


@pytest.mark.parametrize("module", [gzip, bz2, lzma])
def test_a_compressed_file_that_is_cut(module, content):
    """Fails if the exception is that of the compression, which nobody expects of load."""
    packed = module.compress(content)
    cut = io.BytesIO(packed[: len(packed) // 2])
    with module.open(cut) as file, pytest.raises(InvalidFileError):
        load(file)


def test_a_size_that_is_a_lie_takes_no_memory(content, traced):
    """Fails if memory is taken for what a header says and the file does not have."""
    large = bytearray(content[:4096])
    at = large.index(b"manifest.json") - 30
    large[at + 18 : at + 26] = b"\xfe\xff\xff\xff" * 2
    with pytest.raises(InvalidFileError):
        load(io.BytesIO(bytes(large)))
    assert traced() < 8 * 2**20


@pytest.fixture
def traced():
    import tracemalloc

    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_the_error_names_the_file(content, tmp_path):
    """Fails if the name of an open file is lost, or one without a name is shown as an object."""
    path = tmp_path / "cut.skrnn"
    path.write_bytes(content[:50])
    with open(path, "rb") as file, pytest.raises(InvalidFileError, match="cut.skrnn"):
        load(file)


def test_a_full_disk_is_the_systems_error(text):
    """Fails if another error hides that the disk is full."""
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with open("/dev/full", "wb", buffering=0) as file, pytest.raises(OSError) as caught:
        save(text, file)
    assert caught.value.errno == errno.ENOSPC


# --- The mode of a file, and its name ---------------------------------------------------------


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400, 0o644, 0o666, 0o755])
def test_a_file_that_is_replaced_keeps_its_mode(mode, text, tmp_path, umask):
    """Fails if a private model becomes readable by others, or a shared one private."""
    path = tmp_path / "text.skrnn"
    save(text, path)
    assert mode_of(path) == 0o640  # as the umask wants a new one
    os.chmod(path, mode)
    link = tmp_path / "link"
    link.symlink_to(path)
    save(text, link)
    assert mode_of(path) == mode and link.is_symlink()


def test_what_is_being_written_is_not_readable_by_others(text, tmp_path, monkeypatch):
    """Fails if the content of a private file is open to others while it is written."""
    path = tmp_path / "text.skrnn"
    save(text, path)
    os.chmod(path, 0o600)
    seen = []

    def look(*args):
        seen.extend(mode_of(one) for one in tmp_path.iterdir())

    monkeypatch.setattr(os, "fsync", look)
    save(text, path)
    assert set(seen) == {0o600}


def test_owner(text, tmp_path):
    """Fails if root, who may, does not leave a file to its owner."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    path = tmp_path / "text.skrnn"
    save(text, path)
    os.chown(path, 1234, 4321)
    save(text, path)
    about = os.stat(path)
    assert (about.st_uid, about.st_gid) == (1234, 4321)


@pytest.mark.parametrize(
    "name", ["a" * 255, "b" * 234, "ü" * 127 + "x", "名" * 85, ".", "a\nb", "-", "é" + "c" * 250]
)
def test_every_name_that_a_file_may_have(name, text, tmp_path):
    """Fails if the temporary name is longer than a file's name may be."""
    name = "." + "d" * 254 if name == "." else name
    path = tmp_path / name
    for _ in range(2):
        save(text, path)
        assert os.listdir(tmp_path) == [name]
    assert_loads(path, text)


def test_a_name_that_is_too_long(text, tmp_path):
    """Fails if something is left behind where the name is one that no file can have."""
    with pytest.raises(OSError) as caught:
        save(text, tmp_path / ("a" * 256))
    assert caught.value.errno == errno.ENAMETOOLONG
    assert os.listdir(tmp_path) == []


def test_pages_and_exports_of_the_command_line(tmp_path, umask):
    """Fails if the command line's files differ from those of save in name or mode."""
    from skrnn.cli.new_files import write_file
    from skrnn.cli.outputs import check_outputs

    path = tmp_path / ("r" * 250 + ".html")
    check_outputs({"--report": path}, force=False)
    write_file(path, b"old", force=False)
    assert mode_of(path) == 0o640
    os.chmod(path, 0o600)
    write_file(path, b"new", force=True)
    assert mode_of(path) == 0o600 and path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == [path.name]


def test_files_of_other_writers(tmp_path):
    """Fails if another user of the file format has names that are too long for it."""
    path = tmp_path / ("c" * 255)
    container.write(path, {"a": 1}, {})
    assert container.read(path)[0] == {"a": 1}
