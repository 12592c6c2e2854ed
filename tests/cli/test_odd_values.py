"""Whatever a file or an option holds: it works, or it is one line and exit status 2."""

import bz2
import datetime
import gzip
import json
import lzma
import os
import threading
from decimal import Decimal

import numpy as np
import pytest

import skrnn
from skrnn.cli import main
from skrnn.cli.tables import read_table
from tests.repeats import every, some

TEXTS, LABELS = ["good fine great", "bad poor dull"] * 6, ["pos", "neg"] * 6
COLUMNS = ["--text", "text", "--label", "label"]
# Two levels more than Python's parser of JSON takes, and somewhat fewer.
DEEP = ["[" * 200_000, "[" * 400 + "]" * 400, '{"a":' * 300 + "1" + "}" * 300]
JSON_VALUES = [
    "{}",
    "[]",
    "[{}]",
    '[1, "a"]',
    '{"a": {}}',
    "null",
    "true",
    "1",
    "-0.0",
    "1e400",
    "NaN",
    "-Infinity",
    "[NaN]",
    "[Infinity]",
    '{"a": NaN}',
    "1" * 400,
    "1" * 5000,
    "9223372036854775808",
    "18446744073709551616",
    "0.1",
    "1e-400",
    '""',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '["\\ud800"]',
    '{"\\ud800": 1}',
    '"\\u0000"',
    '"\\ufeff"',
    '"\U0001f600"',
    '"\\ud83d\\ude00"',
    '"2026-01-01"',
    '{"a": 1, "a": 2}',
    '"a\\nb"',
    '"\\r"',
    *DEEP,
]


def parquet_values():
    """Return arrays of Arrow with what no other format has, by name."""
    pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    far = 253_402_300_800  # the first second of the year 10000
    day = datetime.date(2026, 1, 2)
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5)
    return {
        "second-beyond": pa.array([far, None], pa.timestamp("s")),
        "millisecond-beyond": pa.array([far * 1000, None], pa.timestamp("ms")),
        "microsecond-beyond": pa.array([far * 10**6, None], pa.timestamp("us", "UTC")),
        "zone": pa.array([moment, None], pa.timestamp("us", "Europe/Paris")),
        "zone-beyond": pa.array([far * 10**6, None], pa.timestamp("us", "Europe/Paris")),
        "before-christ": pa.array([-far, None], pa.timestamp("s")),
        "nanosecond": pa.array([1, None], pa.timestamp("ns")),
        "day-beyond": pa.array([3_000_000, None], pa.date32()),
        "day": pa.array([day, None]),
        "list-beyond": pa.array([[far], None], pa.list_(pa.timestamp("s"))),
        "struct-beyond": pa.array([{"a": far}, None], pa.struct([("a", pa.timestamp("s"))])),
        "time": pa.array([1, None], pa.time64("ns")),
        "time-of-day": pa.array([1, None], pa.time32("s")),
        "duration": pa.array([1, None], pa.duration("ns")),
        "duration-beyond": pa.array([2**62, None], pa.duration("s")),
        "decimal": pa.array([Decimal("1.50"), None]),
        "decimal-long": pa.array([Decimal("1" * 60), None], pa.decimal256(76, 2)),
        "binary": pa.array([b"\xff\0", None]),
        "fixed": pa.array([b"ab", None], pa.binary(2)),
        "category": pa.array(["a", None]).dictionary_encode(),
        "category-number": pa.array([1.5, None]).dictionary_encode(),
        "category-nan": pa.array([float("nan"), None]).dictionary_encode(),
        "struct": pa.array([{"a": 1, "b": [1, None]}, None]),
        "struct-empty": pa.array([None, None], pa.struct([("a", pa.int8())])),
        "list": pa.array([[1, 2], None]),
        "list-of-structs": pa.array([[{"a": b"x"}], None]),
        "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int32())),
        "nan": pa.array([float("nan"), None]),
        "infinite": pa.array([float("inf"), None]),
        "half": pa.array([np.float16(1.5), None], pa.float16()),
        "unsigned": pa.array([2**64 - 1, None], pa.uint64()),
        "null": pa.array([None, None], pa.null()),
        "boolean": pa.array([True, None]),
        "large-text": pa.array(["a", None], pa.large_string()),
        "no-utf-8": pa.array([b"\xff", None]).view(pa.string())
        if hasattr(pa.Array, "view")
        else pa.array(["a", None]),
        "text-nul": pa.array(["a\0b", None]),
    }


PARQUET = [
    "second-beyond",
    "millisecond-beyond",
    "microsecond-beyond",
    "zone",
    "zone-beyond",
    "before-christ",
    "nanosecond",
    "day-beyond",
    "day",
    "list-beyond",
    "struct-beyond",
    "time",
    "time-of-day",
    "duration",
    "duration-beyond",
    "decimal",
    "decimal-long",
    "binary",
    "fixed",
    "category",
    "category-number",
    "category-nan",
    "struct",
    "struct-empty",
    "list",
    "list-of-structs",
    "map",
    "nan",
    "infinite",
    "half",
    "unsigned",
    "null",
    "boolean",
    "large-text",
    "no-utf-8",
    "text-nul",
]


# How text has them; the year is one that no date of Python has.
FAR = {
    "second-beyond": "10000-01-01 00:00:00.000",  # Parquet has no seconds
    "millisecond-beyond": "10000-01-01 00:00:00.000",
    "microsecond-beyond": "10000-01-01 00:00:00.000000+00:00",
    "day-beyond": "10183-09-21",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    skrnn.save(skrnn.make_tfidf_logistic().fit(TEXTS, np.array(LABELS)), folder / "m.skrnn")
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.skrnn").write_bytes((made / "m.skrnn").read_bytes())
    return tmp_path


class FitReachedError(Exception):
    """Instead of a training."""


def run(arguments, capfd):
    """Run a command, which has to succeed, or end with one line; return its status and the line."""
    try:
        status = main(arguments)
    except SystemExit as ended:
        status = ended.code
    except FitReachedError:
        return 0, ""
    err = capfd.readouterr().err
    assert status in (0, 2), err
    lines = [line for line in err.splitlines() if ": warning: " not in line]
    assert len(lines) == (status == 2), err
    if status == 2:
        assert lines[0].startswith("skrnn ") and len(lines[0]) > 30
    return status, err


def check_table(name, capfd, n_rows=2):
    """Run the commands on a table whose column `odd` has odd values."""
    done = {}
    for output in ("-", "o.csv", "o.tsv", "o.jsonl", "o.parquet"):
        command = ["predict", "m.skrnn", name, "--text", "text", "--output", output]
        status, _ = run(command, capfd)
        done[output] = status
        if status == 0 and output != "-":
            assert len(read_table(output)) == n_rows
        if status == 2:
            assert not os.path.exists(output)
    for column in ("--text", "--label"):
        columns = dict(zip(COLUMNS[::2], COLUMNS[1::2], strict=True)) | {column: "odd"}
        options = [part for pair in columns.items() for part in pair]
        run(["evaluate", "m.skrnn", name, *options, "--drop-missing"], capfd)
        run(["train", name, *options, "--drop-missing", "--validation", "0"], capfd)
        run(["compare", name, *options, "--drop-missing"], capfd)
        done[column] = run(
            ["explain", "m.skrnn", name, "--text", "odd", "--method", "occlusion"], capfd
        )
    return done


@pytest.fixture
def no_fit(monkeypatch):
    def stop(*_, **__):
        raise FitReachedError

    monkeypatch.setattr(skrnn.RNNClassifier, "fit", stop)
    # Each command starts TensorFlow before the fit.
    monkeypatch.setattr("skrnn.cli.data.checkpoint_folders", stop)


@pytest.mark.parametrize("value", every(4, JSON_VALUES), ids=lambda value: value[:20])
def test_json_values(value, folder, no_fit, capfd):
    """Fails if a value of JSON ends in a traceback on its way into any format."""
    first = '{"text": "good", "label": "pos", "odd": ' + value + "}"
    lines = f'{first}\n{{"text": "bad", "label": "neg"}}'
    (folder / "data.jsonl").write_text(lines, encoding="utf-8")
    check_table("data.jsonl", capfd)


@pytest.mark.parametrize("name", every(4, PARQUET))
def test_parquet_values(name, folder, no_fit, capfd):
    """Fails if a type or value of Parquet ends in a traceback on its way into any format."""
    pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    values = parquet_values()
    assert list(values) == PARQUET
    table = pa.table({"text": ["good", "bad"], "label": ["pos", "neg"], "odd": values[name]})
    parquet.write_table(table, folder / "data.parquet")
    done = check_table("data.parquet", capfd)
    # What only passes through keeps its type.
    assert done["o.parquet"] == 0
    again = parquet.read_table(folder / "o.parquet")
    assert (
        again.schema.field("odd").type
        == parquet.read_schema(folder / "data.parquet").field("odd").type
    )
    if "beyond" in name and name.split("-")[0] in ("second", "millisecond", "microsecond", "day"):
        assert done["-"] == done["o.jsonl"] == 0
        run(["predict", "m.skrnn", "data.parquet", "--text", "text", "--output", "d.jsonl"], capfd)
        with open("d.jsonl") as file:
            assert json.loads(file.readline())["odd"] == FAR[name]


@pytest.mark.parametrize(
    "header",
    ["", " ", "\t", "\ud800", "\0", "prediction", "a\nb", "x" * 70_000, "é", "e\u0301"],
    ids=lambda header: ascii(header)[:10],
)
@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_names_of_columns(header, format, folder, no_fit, capfd):
    """Fails if the name of a column ends in a traceback."""
    path = folder / f"data.{format}"
    if format == "jsonl":
        path.write_text(json.dumps({"text": "good", "label": "pos", header: 1}) * 1)
    elif format == "csv":
        path.write_bytes(f'text,label,"{header}"\ngood,pos,1\n'.encode("utf-8", "surrogatepass"))
    else:
        pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        if header == "\ud800":
            pytest.skip("Arrow has no such names")
        parquet.write_table(pa.table({"text": ["good"], "label": ["pos"], header: [1]}), path)
    for output in ("-", "o.csv", "o.jsonl", "o.parquet"):
        run(["predict", "m.skrnn", path.name, "--text", "text", "--output", output], capfd)
    for name in (header, "odd", "Text"):
        run(["predict", "m.skrnn", path.name, "--text", name], capfd)


GOOD = b"text,label\n" + b"good film,pos\nbad film,neg\n" * 9
FILES = {
    "empty": b"",
    "blank": b" \n\t\n",
    "header": b"text,label\n",
    "nul": b"\0" * 50,
    "mark": b"\xef\xbb\xbf",
    "mark-16": b"\xff\xfe",
    "half-16": b"\xff\xfe\0",
    "random": bytes(range(256)) * 9,
    "gzip": gzip.compress(GOOD),
    "gzip-cut": gzip.compress(GOOD)[:-9],
    "gzip-odd": gzip.compress(GOOD)[:20] + b"odd" * 30,
    "gzip-more": gzip.compress(GOOD) + b"more",
    "bzip2": bz2.compress(GOOD),
    "bzip2-cut": bz2.compress(GOOD)[:-9],
    "xz": lzma.compress(GOOD),
    "xz-cut": lzma.compress(GOOD)[:-9],
    "zip": b"PK\3\4" + bytes(60),
    "parquet": b"PAR1" + bytes(60) + b"PAR1",
    "parquet-cut": b"PAR1\x15\x04",
    "quotes": b'"' * 999,
    "commas": b"," * 999,
    "deep": b"[" * 100_000,
    "deep-object": b'{"a":' * 100_000,
    "long": b"x" * 300_000,
    "good": GOOD,
}
ENDINGS = ["csv", "tsv", "jsonl", "parquet", "csv.gz", "jsonl.bz2", "parquet.xz", "skrnn"]


@pytest.mark.parametrize("ending", some(ENDINGS, "csv", "parquet", "jsonl.bz2", "skrnn"))
@pytest.mark.parametrize("name", FILES)
def test_files_of_another_kind(name, ending, folder, no_fit, capfd):
    """Fails if a file that is not what its name says, or damaged, ends in a traceback."""
    path = f"data.{ending}"
    (folder / path).write_bytes(FILES[name])
    if ending == "skrnn":
        assert run(["predict", path, "m.skrnn", "--text", "a", "--format", "csv"], capfd)[0] == 2
        return
    status = run(["predict", "m.skrnn", path, "--text", "text", "--output", "o.csv"], capfd)[0]
    is_right = (name, ending) in {
        ("good", "csv"),
        ("good", "tsv"),
        ("gzip", "csv.gz"),
    }
    assert status == (0 if is_right else 2)
    run(["train", path, *COLUMNS], capfd)


@pytest.mark.parametrize("seed", range(20))
def test_damaged_parquet(seed, folder, capfd):
    """Fails if damage within a Parquet file ends in a traceback."""
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    rng = np.random.default_rng(seed)
    main(["make-reviews", "data.parquet", "--rows", "5"])
    content = bytearray((folder / "data.parquet").read_bytes())
    for i in rng.integers(4, len(content) - 4, 8):
        content[i] ^= 1 << rng.integers(8)
    (folder / "data.parquet").write_bytes(content)
    capfd.readouterr()
    run(["predict", "m.skrnn", "data.parquet", "--text", "review"], capfd)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_file(folder, monkeypatch, capfd):
    """Fails if a folder, a device or a pipe hangs, or ends in a traceback."""
    import socket

    monkeypatch.setattr("skrnn.cli.tables.reading._WAIT", 0.1)
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("socket.csv")
    (folder / "loop.csv").symlink_to("loop.csv")
    (folder / "zero.csv").symlink_to("/dev/zero")
    (folder / "null.csv").symlink_to("/dev/null")
    for name, told in {
        "folder": "is a folder",
        "pipe": "a pipe that nobody writes into",
        "socket": "a device or a socket",
        "loop": "cannot read",
        "zero": "a device or a socket",
        "null": "a device or a socket",
    }.items():
        status, err = run(["predict", "m.skrnn", f"{name}.csv", "--text", "text"], capfd)
        assert status == 2 and told in err
        (folder / "data.csv").write_bytes(GOOD)
        assert run(["predict", f"{name}.csv", "data.csv", "--text", "text"], capfd)[0] == 2
        for output in ("predict", "export"):
            command = [output, "m.skrnn", *["data.csv", "--text", "text"] * (output == "predict")]
            run([*command, "--output", f"{name}.csv"], capfd)
    listening.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_are_read(folder, capfd):
    """Fails if a pipe, such as the shell's <(command), is refused, or read in part."""
    os.mkfifo(folder / "pipe.csv")

    def write():
        with open(folder / "pipe.csv", "wb") as pipe:
            pipe.write(b"text\n" + b"good film\n" * 30_000)

    writer = threading.Thread(target=write)
    writer.start()
    assert len(read_table("pipe.csv")) == 30_000
    writer.join()


ODD = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "3",
    "2147483646",
    "99999999",
    "0.5",
    "-0.5",
    "1e300",
    "1e-300",
    "1e999",
    '""',
    '"a"',
    "word",
    "[]",
    "[1]",
    "[[]]",
    "[null]",
    '["a"]',
    "[1, 2]",
    "[2, 1]",
    "[0.5, 1]",
    "[true, true]",
    "{}",
    '{"a": 1}',
    '{"pos": "a"}',
    '{"pos": null}',
    '{"pos": -1}',
    '{"pos": 0, "neg": 0}',
    '{"pos": [1]}',
    '{"pos": {}}',
    '{"pos": 1, "neg": 1e300}',
    '{"a": [1, 2]}',
    '{"a": "b", "b": []}',
    '[["a", 1]]',
    '"\\u0000"',
    '"("',
    '"/"',
    '"~nobody-of-this-name"',
    "balanced",
    "auto",
    "gru",
    "nan",
    "[" * 300 + "]" * 300,
]
PARAMETERS = sorted({*skrnn.RNNClassifier().get_params(), *skrnn.TextToSequence().get_params()})


# The default run takes some of the values, which are enough for most mistakes.
FEW = ["null", "-1", "99999999", "0.5", '"a"', "[]", '["a"]', "{}", '{"pos": "a"}', '"("']


@pytest.mark.parametrize(
    "values", [pytest.param(FEW, id="few"), pytest.param(ODD, id="all", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    "parameter", [*every(5, PARAMETERS), "units__a", "steps", "__class__", " "]
)
def test_settings(parameter, values, folder, no_fit, capfd):
    """Fails if a value of --set ends in a traceback before the training."""
    (folder / "data.csv").write_bytes(GOOD)
    for value in values:
        run(["train", "data.csv", *COLUMNS, "--set", f"{parameter}={value}"], capfd)


def test_settings_that_take_all_memory(folder, no_fit, capfd):
    """Fails if a network that no memory holds is begun."""
    (folder / "data.csv").write_bytes(GOOD)
    for setting in ("embedding_dim=99999999", "units=99999999", "units=[4, 99999]"):
        status, err = run(["train", "data.csv", *COLUMNS, "--set", setting], capfd)
        assert status == 2 and "too many; at most 16384" in err


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("checkpoint__minutes=2", "--set checkpoint__minutes needs --checkpoint FOLDER"),
        ('thresholds="auto"', "--set thresholds: thresholds are for several labels"),
        (
            'class_weight={"pos": "a"}',
            "--set class_weight: the weight of 'pos' is 'a', expected a n",
        ),
        ('class_weight={"pos": null}', "the weight of 'pos' is None"),
        ('class_weight={"pos": -1}', "the weight of 'pos' is -1"),
        ('class_weight={"pos": true}', "the weight of 'pos' is True"),
        ('class_weight={"pos": 1e999}', "the weight of 'pos' is inf"),
        ('class_weight={"pos": 1, "pos": 2}', "has a key twice"),
        ("epochs=true", "--set epochs: true is not a value of this parameter"),
        ("batch_size=false", "--set batch_size: false is not a value"),
    ],
)
def test_settings_that_nobody_means(setting, told, folder, no_fit, capfd):
    """Fails if such a value reaches the training, or the error is about something else."""
    (folder / "data.csv").write_bytes(GOOD)
    status, err = run(["train", "data.csv", *COLUMNS, "--set", setting], capfd)
    assert status == 2 and told in err


WORDS = [
    "",
    " ",
    "-",
    "--",
    "0",
    "-1",
    "1",
    "9" * 30,
    "9" * 5000,
    "1e9",
    "nan",
    "inf",
    "-inf",
    "0x1",
    "1_0",
    "٣",
    "a",
    "é",
    "\0",
    "\ud800",
    "\udcff",
    "\n",
    "~nobody-of-this-name",
    "/",
    ".",
    "..",
    "/dev/null",
    "a" * 300,
    "a/b",
    "{}",
    "[1]",
    "utf-9",
    "utf_8",
    "idna",
    "punycode",
    "undefined",
    "utf-7",
    "base64",
    "rot13",
    ";",
    "tab",
    '"',
    "||",
]
OPTIONS = {
    "train": [
        "--text",
        "--label",
        "--format",
        "--encoding",
        "--delimiter",
        "--output",
        "--validation",
        "--report",
        "--checkpoint",
        "--cell",
        "--units",
        "--epochs",
        "--batch-size",
        "--learning-rate",
        "--max-features",
        "--max-length",
        "--set",
        "--seed",
    ],
    "predict": ["--text", "--format", "--encoding", "--delimiter", "--output", "--prefix"],
    "evaluate": ["--text", "--label", "--format", "--encoding", "--delimiter"],
    "explain": [
        "--text",
        "--text-value",
        "--rows",
        "--target",
        "--method",
        "--output",
        "--format",
        "--encoding",
    ],
    "export": ["--output"],
    "compare": ["--text", "--label", "--cv", "--units", "--set", "--seed"],
    "make-reviews": ["--seed"],
}
BASE = {
    "train": ["train", "data.csv", *COLUMNS],
    "predict": ["predict", "m.skrnn", "data.csv", *COLUMNS[:2], "--force"],
    "evaluate": ["evaluate", "m.skrnn", "data.csv", *COLUMNS],
    "explain": [
        "explain",
        "m.skrnn",
        "data.csv",
        *COLUMNS[:2],
        "--rows",
        "1",
        "--method",
        "occlusion",
    ],
    "export": ["export", "m.skrnn"],
    "compare": ["compare", "data.csv", *COLUMNS, "--cv", "2"],
    "make-reviews": ["make-reviews", "o.csv", "--rows", "2", "--force"],
}


SOME = ["", "--", "-1", "9" * 5000, "nan", "\0", "\udcff", "a" * 300, "punycode", "||"]


@pytest.mark.parametrize(
    "words", [pytest.param(SOME, id="some"), pytest.param(WORDS, id="all", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    ("command", "option"),
    [
        pytest.param(command, option, marks=pytest.mark.slow if i % 3 else ())
        for command, options in OPTIONS.items()
        for i, option in enumerate(options)
    ],
)
def test_options(command, option, words, folder, no_fit, monkeypatch, capfd):
    """Fails if the value of an option ends in a traceback."""
    if command == "export":
        pytest.importorskip("onnx", reason="needs onnx to export")
        monkeypatch.setattr(skrnn, "to_onnx", lambda _: pytest.fail("-"), raising=False)
    data = folder / "data.csv"
    for word in words:
        data.write_bytes(GOOD)
        run([*BASE[command], f"{option}={word}"], capfd)
        assert data.read_bytes() == GOOD


@pytest.mark.parametrize("command", BASE)
def test_arguments(command, folder, no_fit, capfd):
    """Fails if the name of a file ends in a traceback."""
    (folder / "data.csv").write_bytes(GOOD)
    base = BASE[command]
    for i in range(1, 1 + sum(not one.startswith("-") for one in base[1:3])):
        for word in WORDS:
            if not word.startswith("-"):
                run([*base[:i], word, *base[i + 1 :]], capfd)
