"""Tables of the command line: what is read is what is in the file, and what is written comes back.

Compared with pandas and the standard library, and with the files' own text.
"""

import bz2
import csv
import datetime
import gzip
import json
import lzma

import pandas
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
    return Table("made", pandas.DataFrame(columns, dtype=object))


def columns(read):
    """Return the columns of a table as lists."""
    return {name: column.tolist() for name, column in read.frame.items()}


@pytest.mark.parametrize("compression", ["", ".gz"], ids=["plain", "gz"])
@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl", "parquet"])
def test_hard_texts_come_back(format, compression, tmp_path):
    """Fails if quotes, line ends, long fields or letters change on the way through a file."""
    if format == "parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    made = table(text=HARD, **{'na"me,\n': [str(i) for i in range(len(HARD))]})
    path = tmp_path / f"hard.{format}{compression}"
    path.write_bytes(render_table(made, format, compression=compression))
    read = read_table(path)
    assert columns(read) == columns(made)
    if format != "parquet":  # whose metadata has the types of pandas
        assert render_table(read, format, compression=compression) == path.read_bytes()


def test_csv_is_what_others_read(tmp_path):
    """Fails if only our own reader understood what we write."""
    path = tmp_path / "hard.csv"
    path.write_bytes(render_table(table(text=HARD, n=[str(i) for i in range(12)]), "csv"))
    frame = pandas.read_csv(path, keep_default_na=False, dtype=str)
    assert frame["text"].tolist() == HARD
    limit = csv.field_size_limit(10**6)
    with path.open(newline="", encoding="utf-8") as file:
        assert [row[0] for row in csv.reader(file)][1:] == HARD
    csv.field_size_limit(limit)


def test_rows_know_their_number(tmp_path):
    """Fails if a field of several lines, or an empty line, shifts the numbers in errors."""
    path = tmp_path / "lines.csv"
    path.write_text('text,label\n"one\ntwo\nthree",a\n\nfour,b\r\nfive,c\n')
    read = read_table(path)
    assert read.texts("text") == ["one\ntwo\nthree", "four", "five"]
    assert read.places([0, 2]) == "lines 2 and 7"
    path = tmp_path / "lines.jsonl"
    path.write_text('{"text": "one"}\n\n{"text": "t\\nwo"}\n')
    assert read_table(path).places([0, 1]) == "lines 1 and 3"
    assert read_table(path).take([1]).places([0]) == "line 3"


def test_names_and_values_stay(tmp_path):
    """Fails if pandas renames a column, takes one for an index, or a text for a number."""
    path = tmp_path / "names.csv"
    path.write_text(",1,NA\nx,y,NA\n,null,007\n")
    assert columns(read_table(path)) == {"": ["x", ""], "1": ["y", "null"], "NA": ["NA", "007"]}
    frame = pandas.DataFrame({"text": ["a"]}, index=pandas.Index(["b"], name="key"))
    frame.to_parquet(tmp_path / "index.parquet")
    assert columns(read_table(tmp_path / "index.parquet")) == {"text": ["a"], "key": ["b"]}


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
    assert columns(read_table(path, **options)) == {"text": ["café"], "label": ["a"]}


def test_without_quotes(tmp_path):
    """Fails if --no-quotes still read a quote as the begin of a field."""
    path = tmp_path / "raw.tsv"
    path.write_text('text\tlabel\n"Never" he said\ta\n"\tb\n')
    with pytest.raises(CommandError, match="--no-quotes"):
        read_table(path)
    assert read_table(path, quotes=False).texts("text") == ['"Never" he said', '"']


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
    assert read.places([0, 1]) == "rows 1 and 2"
    read = read.add({"prediction": ["yes", "no"]})
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
    assert format_of("A.CSV") == ("csv", "")
    assert format_of("a.b.ndjson.gz") == ("jsonl", ".gz")
    assert format_of("a.tab") == ("tsv", "")
    with pytest.raises(CommandError, match=r"unknown file ending '\.xlsx'"):
        format_of("a.xlsx")


def test_compression_by_ending(tmp_path):
    """Fails if a file is not what its ending says, or the time of day changes its bytes."""
    for ending, module in ((".gz", gzip), (".bz2", bz2), (".xz", lzma)):
        made = render_table(table(a=["b"]), "csv", compression=ending)
        assert module.decompress(made) == b"a\nb\n"
        (tmp_path / f"t.csv{ending}").write_bytes(made)
        assert columns(read_table(tmp_path / f"t.csv{ending}")) == {"a": ["b"]}
        if ending == ".gz":
            assert made[4:8] == b"\0\0\0\0"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_without_quotes_what_is_written_comes_back(delimiter, tmp_path):
    """Fails if --no-quotes writes quotes or another delimiter than the one it reads."""
    made = table(text=['"Never" he said', "it's", '"', ""], n=["1", "2", "3", "4"])
    path = tmp_path / "raw.csv"
    path.write_bytes(render_table(made, "csv", delimiter=delimiter, quotes=False))
    assert path.read_text().splitlines()[1] == f'"Never" he said{delimiter}1'
    assert columns(read_table(path, delimiter=delimiter, quotes=False)) == columns(made)
    with_quotes = render_table(made, "csv", delimiter=delimiter)
    path.write_bytes(with_quotes)
    assert columns(read_table(path, delimiter=delimiter)) == columns(made)


@pytest.mark.parametrize("field", ["a;b", "a\nb", "a\rb", ["x;", 1]])
def test_without_quotes_no_field_is_torn(field):
    """Fails if a field is written that would be read as two, or as two rows."""
    with pytest.raises(CommandError, match="--no-quotes cannot write"):
        render_table(table(text=["fine", field], n=["1", "2"]), "csv", delimiter=";", quotes=False)
    with pytest.raises(CommandError, match="--no-quotes cannot write"):
        render_table(table(**{"a;": ["1"]}), "csv", delimiter=";", quotes=False)
    with pytest.raises(CommandError, match="--no-quotes cannot write"):
        render_table(table(text=[""]), "csv", quotes=False)


@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize("value", [b"raw", [b"raw"], {"a": [b"raw"]}], ids=["", "list", "dict"])
def test_bytes_are_no_text(format, value):
    """Fails if bytes of Parquet were written as Python's b'raw', or as letters they are not."""
    with pytest.raises(CommandError, match=r"text files cannot store .*raw.*\.parquet"):
        render_table(table(text=["a", "b"], blob=[None, value]), format)


def test_values_of_several_types_in_parquet():
    """Fails if a column that Parquet cannot store ends in a traceback."""
    with pytest.raises(CommandError, match=r"Parquet cannot store .*column x.*\.jsonl"):
        render_table(table(x=[1, "a"]), "parquet")


def test_what_csv_and_json_do_not_have(tmp_path):
    """Fails if JSON gets a word that is not JSON, or CSV a NUL, at which pandas 2 ends a text."""
    path = tmp_path / "nul.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b\\u0000c"}\n')
    read = read_table(path)
    assert render_table(read, "jsonl").decode() == path.read_text()
    with pytest.raises(CommandError, match=r"cannot store a NUL character. Write .jsonl"):
        render_table(read, "csv")
    odd = table(x=[float("inf"), float("nan")], day=[[datetime.date(2026, 1, 2)], None])
    lines = render_table(odd, "jsonl").decode().splitlines()
    assert lines == ['{"x": null, "day": ["2026-01-02"]}', '{"x": null, "day": null}']
    assert render_table(odd, "csv").decode() == 'x,day\ninf,"[""2026-01-02""]"\n,\n'
    with pytest.raises(CommandError, match="Out of range float"):
        render_table(table(x=[[float("inf")]]), "jsonl")
