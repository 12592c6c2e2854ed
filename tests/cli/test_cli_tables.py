"""Tables of the command line: what is read is what is in the file, and what is written comes back.

Compared with pandas and the standard library, and with the files' own text.
"""

import csv
import datetime
import gzip
import json

import pytest

from skrnn.cli.tables import Table, format_of, read_table, render_table
from skrnn.exceptions import CommandError

# Everything that a field of a CSV file can hold to trip a reader up.
HARD = [
    'He said "no", twice',
    "two\nlines",
    "carriage\rreturn and\r\nboth",
    "tab\there",
    " space around ",
    "",
    "é, ß, 好, \U0001f600",
    "U+2028 \u2028 and U+0085 \x85 are no line ends",
    "'quoted'",
    '"',
    "x" * 200_000,
    "=1+1",
]


def table(**columns):
    return Table("made", columns, list(range(1, 1 + len(next(iter(columns.values()))))))


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl", "parquet"])
def test_hard_texts_come_back(format, compressed, tmp_path):
    """Fails if quotes, line ends, long fields or letters change on the way through a file."""
    if format == "parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    made = table(text=HARD, **{'na"me,\n': [str(i) for i in range(len(HARD))]})
    path = tmp_path / f"hard.{format}{'.gz' * compressed}"
    path.write_bytes(render_table(made, format, compressed=compressed))
    read = read_table(path)
    assert read.columns == made.columns
    assert render_table(read, format, compressed=compressed) == path.read_bytes()


def test_csv_is_what_others_read(tmp_path):
    """Fails if only our own reader understood what we write."""
    pandas = pytest.importorskip("pandas", reason="compares with pandas")
    path = tmp_path / "hard.csv"
    path.write_bytes(render_table(table(text=HARD, n=[str(i) for i in range(12)]), "csv"))
    frame = pandas.read_csv(path, keep_default_na=False, dtype=str)
    assert frame["text"].tolist() == HARD
    limit = csv.field_size_limit(10**6)
    with path.open(newline="", encoding="utf-8") as file:
        assert [row[0] for row in csv.reader(file)][1:] == HARD
    csv.field_size_limit(limit)


def test_reading_leaves_the_limit_of_fields(tmp_path):
    """Fails if reading a table changed the csv module for the whole process."""
    before = csv.field_size_limit()
    path = tmp_path / "long.csv"
    path.write_text("text\n" + "y" * 150_000 + "\n")
    assert len(read_table(path).columns["text"][0]) == 150_000
    assert csv.field_size_limit() == before


def test_rows_know_the_line_they_begin_in(tmp_path):
    """Fails if a field of several lines, or an empty line, shifts the lines of errors."""
    path = tmp_path / "lines.csv"
    path.write_text('text,label\n"one\ntwo\nthree",a\n\nfour,b\r\nfive,c\n')
    assert read_table(path).lines == [2, 6, 7]
    path = tmp_path / "lines.jsonl"
    path.write_text('{"text": "one"}\n\n{"text": "t\\nwo"}\n')
    assert read_table(path).lines == [1, 3]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"\xef\xbb\xbftext,label\ncaf\xc3\xa9,a\n", {}),
        ("text,label\ncafé,a\n".encode("utf-16"), {"encoding": "utf-16"}),
        (b"text,label\r\ncaf\xe9,a\r\n", {"encoding": "cp1252"}),
        ("text;label\ncafé;a\n".encode(), {"delimiter": ";"}),
        ("text\tlabel\ncafé\ta\n".encode(), {"format": "tsv"}),
        (b'{"text": "caf\\u00e9", "label": "a"}\n', {"format": "jsonl"}),
    ],
    ids=["bom", "utf-16", "cp1252", "semicolon", "tsv", "jsonl"],
)
def test_encodings_and_delimiters(content, options, tmp_path):
    """Fails if a byte order mark became part of a name, or an option were not heeded."""
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    assert read_table(path, **options).columns == {"text": ["café"], "label": ["a"]}


def test_without_quotes(tmp_path):
    """Fails if --no-quotes still read a quote as the begin of a field."""
    path = tmp_path / "raw.tsv"
    path.write_text('text\tlabel\n"Never" he said\ta\n"\tb\n')
    with pytest.raises(CommandError, match="--no-quotes"):
        read_table(path)
    assert read_table(path, quotes=False).columns["text"] == ['"Never" he said', '"']


def test_json_lines_keep_their_types(tmp_path):
    """Fails if numbers, null, lists or objects of JSON lines change on the way through."""
    records = [
        {"text": "a", "n": 1, "x": 0.1, "ok": True, "tags": ["b", {"c": None}]},
        {"text": "d", "n": 2**60, "x": None, "ok": False, "tags": []},
    ]
    path = tmp_path / "typed.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    read = read_table(path)
    again = render_table(read, "jsonl").decode()
    assert [json.loads(line) for line in again.splitlines()] == records
    rows = list(csv.DictReader(render_table(read, "csv").decode().splitlines()))
    assert rows[0] == {
        "text": "a",
        "n": "1",
        "x": "0.1",
        "ok": "true",
        "tags": '["b", {"c": null}]',
    }
    assert rows[1]["x"] == ""


def test_parquet_keeps_its_types(tmp_path):
    """Fails if dates, integers or missing values of Parquet became something else."""
    pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    day = datetime.date(2026, 11, 27)
    arrow = pyarrow.table(
        {
            "text": pyarrow.array(["a", None]).dictionary_encode(),
            "n": pyarrow.array([1, None], pyarrow.int32()),
            "day": [day, day],
        }
    )
    path = tmp_path / "typed.parquet"
    parquet.write_table(arrow, path)
    read = read_table(path)
    assert read.texts("text") == ["a", ""]
    assert read.place == "row" and read.lines == [1, 2]
    read.columns["prediction"] = ["yes", "no"]
    (tmp_path / "out.parquet").write_bytes(render_table(read, "parquet"))
    again = parquet.read_table(tmp_path / "out.parquet")
    assert again.select(["text", "n", "day"]).to_pydict() == arrow.to_pydict()
    assert again.schema.field("n").type == pyarrow.int32()
    assert again.column("prediction").to_pylist() == ["yes", "no"]
    assert json.loads(render_table(read, "jsonl").decode().splitlines()[1]) == {
        "text": None,
        "n": None,
        "day": "2026-11-27",
        "prediction": "no",
    }


def test_labels_are_the_same_text_in_every_format():
    """Fails if a model trained on CSV did not know the labels of JSON lines or Parquet."""
    values = ["1", 1, 1.0, True, "true", 0.5, None, float("nan"), "", "  "]
    labels = table(label=values).labels("label")
    assert labels == ["1", "1", "1", "true", "true", "0.5", None, None, None, None]


def test_formats_by_ending():
    """Fails if an ending were taken for another, or only in lower case."""
    assert format_of("A.CSV") == ("csv", False)
    assert format_of("a.b.ndjson.gz") == ("jsonl", True)
    assert format_of("a.tab") == ("tsv", False)
    with pytest.raises(CommandError, match=r"'\.xlsx' tells no format"):
        format_of("a.xlsx")


def test_compressed_output_repeats():
    """Fails if the time of day were in the file, so that the same rows gave other bytes."""
    made = render_table(table(a=["b"]), "csv", compressed=True)
    assert gzip.decompress(made) == b"a\nb\n"
    assert made[4:8] == b"\0\0\0\0"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_without_quotes_what_is_written_comes_back(delimiter, tmp_path):
    """Fails if --no-quotes writes quotes or another delimiter than the one it reads."""
    made = table(text=['"Never" he said', "it's", '"', ""], n=["1", "2", "3", "4"])
    path = tmp_path / "raw.csv"
    path.write_bytes(render_table(made, "csv", delimiter=delimiter, quotes=False))
    assert path.read_text().splitlines()[1] == f'"Never" he said{delimiter}1'
    assert read_table(path, delimiter=delimiter, quotes=False).columns == made.columns
    with_quotes = render_table(made, "csv", delimiter=delimiter)
    path.write_bytes(with_quotes)
    assert read_table(path, delimiter=delimiter).columns == made.columns


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("a;b", "a semicolon"),
        ("a\nb", "a line break"),
        ("a\rb", "a carriage return"),
        (["x;", 1], "a semicolon"),
    ],
    ids=["delimiter", "line", "return", "list"],
)
def test_without_quotes_no_field_is_torn(field, told):
    """Fails if a field is written that would be read as two, or as two rows."""
    made = table(text=["fine", field], n=["1", "2"])
    with pytest.raises(CommandError, match=f"column 'text', line 2: the field holds {told}"):
        render_table(made, "csv", delimiter=";", quotes=False)
    with pytest.raises(CommandError, match=r"column 'a;', the header: the field holds"):
        render_table(table(**{"a;": ["1"]}), "csv", delimiter=";", quotes=False)
    with pytest.raises(CommandError, match="the field holds nothing"):
        render_table(table(text=[""]), "csv", quotes=False)


@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize("value", [b"raw", [b"raw"], {"a": [b"raw"]}], ids=["", "list", "dict"])
def test_bytes_are_no_text(format, value):
    """Fails if bytes of Parquet were written as Python's b'raw', or as letters they are not."""
    with pytest.raises(CommandError, match=r"column 'blob' holds bytes.* end in \.parquet"):
        render_table(table(text=["a", "b"], blob=[None, value]), format)


def test_what_csv_and_json_do_not_have(tmp_path):
    """Fails if a file is written that cannot be read, or JSON gets a word that is none of its."""
    path = tmp_path / "nul.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b\\u0000"}\n')
    read = read_table(path)
    for format in ("csv", "tsv"):
        with pytest.raises(CommandError, match="column 'text', line 2: a NUL character"):
            render_table(read, format)
    assert render_table(read, "jsonl").decode() == path.read_text()
    odd = table(x=[float("inf"), float("nan")], day=[[datetime.date(2026, 1, 2)], [float("-inf")]])
    lines = render_table(odd, "jsonl").decode().splitlines()
    assert lines == ['{"x": null, "day": ["2026-01-02"]}', '{"x": null, "day": [null]}']
    assert render_table(odd, "csv").decode() == 'x,day\ninf,"[""2026-01-02""]"\n,[null]\n'
