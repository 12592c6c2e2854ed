"""The file of skrnn.save as such: a zip of JSON and arrays, every byte of it checked.

Each test's docstring says what a wrong implementation would fail on.
"""

import errno
import io
import json
import math
import os
import pickle
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import safetensors.numpy

import skrnn
from skrnn.exceptions import InvalidFileError
from skrnn.fileformat import archive, container, strict_json
from skrnn.fileformat.container import read, write

pytestmark = pytest.mark.reliability

DOCUMENT = {"b": [1, -2.5, 0.1 + 0.2, None, True, "é\n\ud800"], "a": {"": 10**99, "f": 1.0}}
ARRAYS = {
    "matrix": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "scalar": np.array(-3, dtype=">i4"),
    "empty": np.zeros((0, 5), "float16"),
    "flags": np.array([True, False, True]),
    "every other": np.arange(8, dtype="uint16")[::2],
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.skrnn"


@pytest.fixture
def written(path):
    write(path, DOCUMENT, ARRAYS)
    return path


def parts_of(path):
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def seal(parts, path):
    """Write parts as an archive with checksums as they should be, whatever the parts are."""
    manifest = parts[container.MANIFEST]
    with open(path, "wb") as file:
        archive.write_parts(file, list(parts.items()), container._comment(manifest))


def test_round_trip(written):
    """Fails if a type, a float's last bit, a dtype, a shape or an array's order is lost."""
    document, arrays = read(written)
    assert document == DOCUMENT
    assert [type(one) for one in document["b"]] == [type(one) for one in DOCUMENT["b"]]
    assert list(document) == list(DOCUMENT)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype.newbyteorder("="), name
        assert arrays[name].shape == array.shape, name
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].flags.writeable and arrays[name].flags.c_contiguous


@pytest.mark.parametrize("dtype", sorted(set("?bhilqBHILQefd")))
def test_every_dtype(path, dtype):
    """Fails if a dtype of numbers cannot be kept, or loses its extremes."""
    kind = np.dtype(dtype).kind
    limits = np.iinfo(dtype) if kind in "iu" else np.finfo(dtype) if kind == "f" else None
    values = [0, 1] if limits is None else [limits.min, 0, limits.max]
    array = np.array(values, dtype=dtype)
    write(path, {}, {"x": array})
    found = read(path)[1]["x"]
    assert found.dtype == array.dtype and (found == array).all()


def test_nan_and_infinity_come_back(path):
    """Fails if a float that JSON does not have is refused or changed."""
    write(path, {"x": [math.nan, math.inf, -math.inf]}, {})
    found = read(path)[0]["x"]
    assert math.isnan(found[0]) and found[1:] == [math.inf, -math.inf]


def test_other_programs_can_read_it(written):
    """Fails if the archive is one that only skrnn can open, or a part is something else."""
    with zipfile.ZipFile(written) as file:
        assert file.testzip() is None
        assert [info.compress_type for info in file.infolist()] == [zipfile.ZIP_STORED] * 3
    parts = parts_of(written)
    assert list(parts) == ["manifest.json", "document.json", "arrays.safetensors"]
    manifest = json.loads(parts["manifest.json"])
    assert manifest["format"] == 2
    assert manifest["versions"]["skrnn"] == skrnn.__version__
    assert manifest["versions"]["numpy"] == np.__version__
    assert safetensors.numpy.load(parts["arrays.safetensors"]).keys() == ARRAYS.keys()


def test_same_content_same_bytes(written, tmp_path):
    """Fails if a date, a random name or the order of a dict of arrays is in the bytes."""
    other = tmp_path / "other.skrnn"
    write(other, DOCUMENT, dict(reversed(ARRAYS.items())))
    assert other.read_bytes() == written.read_bytes()


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_no_flipped_bit_goes_unnoticed(written, step):
    """Fails if there is a bit in the file, any at all, that is not checked."""
    data = written.read_bytes()
    for i in range(0, 8 * len(data), step):
        damaged = bytearray(data)
        damaged[i // 8] ^= 1 << i % 8
        written.write_bytes(damaged)
        with pytest.raises(InvalidFileError):
            read(written)


def test_no_missing_or_further_byte_goes_unnoticed(written):
    """Fails if a file is taken that was cut short, or has something before or behind."""
    data = written.read_bytes()
    damaged = [data[:n] for n in range(0, len(data), 3)]
    damaged += [data + b"\0", data + data, b"\0" + data, data[:-1] + b"PK"]
    for one in damaged:
        written.write_bytes(one)
        with pytest.raises(InvalidFileError):
            read(written)


@pytest.mark.parametrize("threshold", [0, 1, 400, 1000])
def test_zip64(written, threshold, monkeypatch):
    """Fails if a file beyond 4 GB were one that neither zipfile nor skrnn could read."""
    # What stands elsewhere from 4 GB on stands there from few bytes on.
    monkeypatch.setattr(archive, "_ZIP64_FROM", threshold)
    write(written, DOCUMENT, ARRAYS)
    assert parts_of(written)["document.json"] == strict_json.dumps(DOCUMENT)
    assert read(written)[0] == DOCUMENT
    data = written.read_bytes()
    written.write_bytes(data[:40] + b"\xff" + data[41:])
    with pytest.raises(InvalidFileError):
        read(written)


def test_newer_format(written):
    """Fails if the message does not say which versions meet, or the file is read all the same."""
    parts = parts_of(written)
    manifest = json.loads(parts["manifest.json"]) | {"format": 3, "else": []}
    manifest["versions"]["skrnn"] = "7.8"
    parts = {"manifest.json": json.dumps(manifest).encode(), "new.bin": b"new"}
    seal(parts, written)
    with pytest.raises(InvalidFileError) as raised:
        read(written)
    message = str(raised.value)
    for told in ("'7.8'", "format 3", repr(skrnn.__version__), "formats up to 2", "Upgrade"):
        assert told in message, told


def test_message_names_file_part_and_way_out(written):
    """Fails if whoever meets the error is not told where to look and what to do."""
    parts = parts_of(written)
    parts["document.json"] = parts["document.json"].replace(b"10", b"11", 1)
    seal(parts, written)
    with pytest.raises(InvalidFileError, match=r"document\.json.*SHA-256.*Copy the file") as raised:
        read(written)
    assert str(written) in str(raised.value)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04K\x01.", b"PK\x05\x06" + bytes(18)], ids=["empty", "pickle", "zip"]
)
def test_not_a_file_of_skrnn(path, content):
    """Fails if another kind of file gives another error, or a pickle is not told what reads it."""
    path.write_bytes(content)
    with pytest.raises(InvalidFileError, match=r"does not begin.*joblib\.load"):
        read(path)


def test_operating_systems_errors_stay(tmp_path, path):
    """Fails if a file that is missing, or a folder, passes for a damaged one."""
    with pytest.raises(FileNotFoundError):
        read(path)
    with pytest.raises(IsADirectoryError):
        read(tmp_path)
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "missing" / "file.skrnn", {}, {})


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"a": (1, 2)}, r"\['a'\].*tuple"),
        ({"a": [0, {"b": np.float64(1)}]}, r"\['a'\]\[1\].*float64|\['b'\].*float64"),
        ({"a": {1: 2}}, r"\['a'\].*no str"),
        ({"a": 10**100}, "100 digits"),
    ],
    ids=["tuple", "NumPy", "key", "long"],
)
def test_documents_that_would_come_back_otherwise(path, document, named):
    """Fails if json.dumps may turn a tuple into a list, or a key into a string, in silence."""
    with pytest.raises((TypeError, ValueError), match=named):
        write(path, document, {})
    assert not path.exists()


def test_cycles_and_depth(path):
    """Fails if a cyclic document recurses for ever, or what is written cannot be read."""
    cycle = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="nested deeper than 64"):
        write(path, {"a": cycle}, {})
    tree = 1
    for _ in range(63):
        tree = [tree]
    write(path, {"a": tree}, {})
    assert read(path)[0] == {"a": tree}


@pytest.mark.parametrize("dtype", ["object", "U3", "complex64", "M8[s]", "longdouble", "V4"])
def test_other_dtypes_are_refused_by_name(path, dtype):
    """Fails if an array is written that cannot be read, or worse, as a pickle."""
    with pytest.raises(TypeError, match=r"'odd'.*dtype"):
        write(path, {}, {"odd": np.zeros(2, dtype=dtype)})


@pytest.mark.parametrize("name", ["", "__metadata__", 3])
def test_odd_names_of_arrays(path, name):
    """Fails if a name that safetensors uses or cannot have is taken."""
    with pytest.raises(ValueError, match="non-empty str"):
        write(path, {}, {name: np.zeros(1)})


def test_failure_leaves_the_older_file_and_nothing_else(written, monkeypatch):
    """Fails if the older file is touched, or a temporary one stays, on whatever error."""
    before = written.read_bytes()

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    def interrupted(*args):
        raise KeyboardInterrupt

    for target, name, failing, error in (
        (os, "fsync", full, OSError),
        (os, "replace", full, OSError),
        (archive, "write_parts", interrupted, KeyboardInterrupt),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(target, name, failing)
            with pytest.raises(error):
                write(written, {}, {})
        assert written.read_bytes() == before
        assert os.listdir(written.parent) == [written.name]


def test_full_disk(tmp_path):
    """Fails if a disk that is really full gives another error than the system's own."""
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with open("/dev/full", "wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        archive.write_parts(file, [("a", b"b")], b"")


KILLED = """
import os, signal, sys
from skrnn.fileformat import archive, container
def stop(file, parts, comment):
    file.write(b"half a file")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
archive.write_parts = stop
container.write(sys.argv[1], {}, {})
"""


def test_killed_in_the_middle(written):
    """Fails if a kill -9 while writing costs the older file."""
    before = written.read_bytes()
    run = subprocess.run([sys.executable, "-c", KILLED, str(written)], check=False)
    assert run.returncode == -9
    assert written.read_bytes() == before
    (left,) = {path.name for path in written.parent.iterdir()} - {written.name}
    assert left.startswith(f".{written.name}.") and left.endswith(".tmp")


def test_links_are_followed(written, tmp_path):
    """Fails if writing to a link puts a file in the link's place."""
    link = tmp_path / "latest.skrnn"
    link.symlink_to(written)
    write(link, {"new": 1}, {})
    assert link.is_symlink()
    assert read(written)[0] == {"new": 1}


MANIFEST = b'{"format":1,"versions":{},"parts":{"document.json":{},"arrays.safetensors":{}}}'


def archived(*parts):
    file = io.BytesIO()
    archive.write_parts(file, parts, b"")
    return file.getvalue()


def zip_of(*entries, flags=0, method=0):
    """Return an archive as any program may write it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as zipped:
        for name, content in entries:
            zipped.writestr(name, content)
    data = bytearray(file.getvalue())
    data[6:8] = struct.pack("<H", flags)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (zip_of(("../../evil.py", b"")), r"named '\.\./\.\./evil\.py'"),
        (zip_of(("manifest.json", b"0" * 10**6), method=zipfile.ZIP_DEFLATED), "compressed"),
        (zip_of(("manifest.json", b"{}"), flags=1), "encrypted"),
        (zip_of(("manifest.json", b"{}")), "header is not as skrnn writes it"),
        (archived(("manifest.json", b"0" * 70_000)), "at most 65536"),
        (archived(("manifest.json", MANIFEST), ("manifest.json", MANIFEST)), "named 'manifest.js"),
        (archived(("manifest.json", MANIFEST), ("arrays.safetensors", b"")), "named 'arrays.safe"),
        (archived(("manifest.json", MANIFEST)), "'document.json' is missing"),
        (archived(("manifest.json", b'{"format": true}')), "'format' is True"),
        (archived(("manifest.json", b'{"format": 1, "versions": {"a": 1}}')), "'versions'"),
        (archived(("manifest.json", b'{"format": 1, "versions": {}, "parts": 1}')), "has others"),
    ],
    ids=["zip slip", "zip bomb", "encrypted", "another program's", "large manifest", "duplicate"]
    + ["order", "missing part", "format", "versions", "parts"],
)
def test_hostile_archives(path, data, told):
    """Fails if an archive is opened that skrnn cannot have written."""
    path.write_bytes(data)
    with pytest.raises(InvalidFileError, match=told):
        read(path)


def test_sizes_beyond_the_file(written):
    """Fails if memory is taken for a size that the file only claims to have."""
    data = bytearray(written.read_bytes())
    data[18:26] = struct.pack("<2I", 0xFFFFFFF0, 0xFFFFFFF0)
    written.write_bytes(data)
    with pytest.raises(InvalidFileError, match=r"said to be 4294967280 bytes, but the file ends"):
        read(written)


def manifest_of(document, arrays):
    digests = {"document.json": document, "arrays.safetensors": arrays}
    return json.dumps(
        {
            "format": 1,
            "versions": {"skrnn": "0"},
            "parts": {
                name: {"size": len(part), "sha256": container._digest(part)}
                for name, part in digests.items()
            },
        }
    ).encode()


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (b"[" * 10**6, "nested"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "nested deeper than 64"),
        (b'{"a":' + b"9" * 10**6 + b"}", "1000000 digits"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"a": 1', "No JSON"),
        (b'{"a": "\xff"}', "No JSON"),
        ('{"a": 1}'.encode("utf-16"), "No JSON"),
        (b"[]", "an object should be"),
    ],
    ids=["deep", "deep objects", "digits", "twice", "cut", "UTF-8", "UTF-16", "list"],
)
def test_hostile_json(written, document, told):
    """Fails if Python's own reader of JSON is trusted: it takes, or crashes on, most of these."""
    arrays = parts_of(written)["arrays.safetensors"]
    manifest = manifest_of(document, arrays)
    parts = {container.MANIFEST: manifest, container.DOCUMENT: document, container.ARRAYS: arrays}
    seal(parts, written)
    with pytest.raises(InvalidFileError, match=told):
        read(written)


def packed(header, data=b""):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(header)) + header + data


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        (struct.pack("<Q", 2**62), "at most 1048576"),
        (
            packed({"x": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4]}}, bytes(4)),
            "tensor",
        ),
        (
            packed({"x": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 0]}}),
            "safetensors says",
        ),
        (packed({"x": {"dtype": "F32", "shape": [0, 2**62], "data_offsets": [0, 0]}}), "'x'"),
        (packed({"x": {"dtype": "F32", "shape": [0] * 99, "data_offsets": [0, 0]}}), "'x'"),
        (packed({"x": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}, b"ab"), "BF16"),
        (
            packed({"x": {"dtype": "BOOL", "shape": [1], "data_offsets": [0, 1]}}, b"\7"),
            "other byt",
        ),
        (
            packed(
                b'{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
                b'"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
                b"a",
            ),
            "twice",
        ),
        (
            packed({"x": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}, b"abc"),
            "safetensors",
        ),
        (b"", "arrays"),
    ],
    ids=["header", "size", "elements", "empty", "dimensions", "dtype", "bool", "twice"]
    + ["behind", "nothing"],
)
def test_hostile_arrays(written, arrays, told):
    """Fails if an array is made that its bytes do not hold, or NumPy's own error comes out."""
    document = b"{}"
    manifest = manifest_of(document, arrays)
    parts = {container.MANIFEST: manifest, container.DOCUMENT: document, container.ARRAYS: arrays}
    seal(parts, written)
    with pytest.raises(InvalidFileError, match=told):
        read(written)


def test_too_many_arrays_are_not_written(path):
    """Fails if a file is written whose list of arrays is longer than is read."""
    with pytest.raises(ValueError, match="Join small arrays"):
        write(path, {}, {f"array number {i}": np.zeros(1) for i in range(20_000)})
