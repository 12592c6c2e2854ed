"""What separates the columns of a table is found, and errors say what is wrong with a line."""

import csv
import itertools

import pytest

from skrnn.cli import main
from skrnn.cli.tables import read_table, render_table
from skrnn.cli.tables.delimited import find_delimiter
from skrnn.cli.tables.names import check_names
from skrnn.exceptions import CommandError

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
# Every field has some of the other delimiters, as texts and European numbers have.
TEXTS = ["good, really; good | fine\ttoo", 'he said "no", twice; then', "two\nlines, and; more", ""]
ROWS = [["text", "label", "price"]] + [
    [text, "pn"[i % 2], f"{i},{i}0"] for i, text in enumerate(TEXTS * 3)
]


def written(delimiter, quoting, terminator="\n"):
    """Return ROWS as a file that the csv module writes."""
    lines = []

    class Lines:
        write = staticmethod(lines.append)

    csv.writer(Lines, delimiter=delimiter, quoting=quoting, lineterminator=terminator).writerows(
        ROWS
    )
    return "".join(lines)


@pytest.mark.parametrize("format", ["csv", "tsv"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL], ids=["all", "minimal"])
@pytest.mark.parametrize("name", DELIMITERS)
@pytest.mark.parametrize(
    "columns", [("text", "label"), ("Text",), ("txet", "labels")], ids=["right", "case", "wrong"]
)
def test_the_delimiter_is_found(name, quoting, format, columns, tmp_path):
    """Fails if a delimiter in quotes counts, or a decimal comma, or only the format's is tried."""
    path = tmp_path / f"data.{format}"
    path.write_text(written(DELIMITERS[name], quoting), newline="")
    read = read_table(path, columns=columns)
    assert read.delimiter == DELIMITERS[name]
    assert [list(read.frame.columns), *read.frame.to_numpy().tolist()] == ROWS


@pytest.mark.parametrize(
    ("text", "columns", "wanted"),
    [
        ("text;price, EUR\na;1,5\nb;2,5\n", ["text"], ";"),
        ("text,label;note\na,b\nc,d\n", ["text", "label;note"], ","),
        ("text,label\na,b,c\nd\n", ["text"], ","),
        ("text\na, b\nc;d\n", ["text"], ","),
        ("text;label\na, b;p", ["text"], ";"),
        ("", ["text"], ","),
        ("\n\n;\n", [], ";"),
        ('"a;b","c"\n"d;e",f\n', ["c"], ","),
        ("a|b,c\n1|2\n3|4\n", [], "|"),
    ],
)
def test_what_decides(text, columns, wanted):
    """Fails if the columns that are asked for, or the number of fields, do not decide."""
    assert find_delimiter(text, ",", columns=columns) == wanted


def test_a_long_file_is_not_read_to_find_it():
    """Fails if the end of the sample, which may be in a quoted field, decides against it."""
    text = "text;label\n" + '"good, film";p\n' * 60_000 + '"' + "x, " * 100_000 + '";p\n'
    assert find_delimiter(text, ",", columns=["txt"]) == ";"
    assert find_delimiter('text;label\n"' + "x, " * 400_000 + '";p\n', ",") == ";"


def test_blanks_after_the_delimiter(tmp_path):
    """Fails if the blanks become part of names and labels, or a quote behind one is no quote."""
    path = tmp_path / "data.csv"
    path.write_text('text, label, n\ngood, pos, 1\n"a, b", "neg", 2\n')
    read = read_table(path)
    assert list(read.frame.columns) == ["text", "label", "n"]
    assert read.frame.to_numpy().tolist() == [["good", "pos", "1"], ["a, b", "neg", "2"]]
    # Blanks of the values alone are a part of them.
    path.write_text("text,label\n good , pos\n")
    assert read_table(path).frame.to_numpy().tolist() == [[" good ", " pos"]]


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        (b'"text":"label"\n"a":"b"\n', {}, "Is it ':'? Name it with --delimiter ':'."),
        (b'"text" "label"\n"a" "b"\n', {}, "Is it ' '? Name it with --delimiter ' '."),
        (b'"text";"label"\n"a";"b"\n', {"delimiter": ","}, "Is it ';'? Name it with --delimiter"),
        (b'"text"||"label"\n"a"||"b"\n', {"delimiter": ","}, "of several characters cannot be"),
        (b'text,label\n"a" b,c\n', {}, "line 2: after a quoted field comes something else than"),
        (b'text,label\n"two\nlines"x,c\n', {}, "lines 2 to 3: after a quoted field comes"),
        (b'text,label\na,b\n\n"a,b\nc,d\n', {}, "line 4: a quoted field is not closed before"),
        (b'text,label\n"two\nlines",b\nc\n', {}, "line 4: 1 field, but the header has 2 ('text'"),
        (b"text,label\r\na,b\r\nc,d,e\r\n", {}, "line 3: 3 fields, but the header has 2"),
        (b"text,label\ra,b\rc\r", {}, "line 3: 1 field, but the header has 2"),
        (b"text;label\na;b\nc\n", {}, "line 3: 1 field, but the header has 2"),
        (b"text;label\na;b\nc;d;e\n", {}, "contains the delimiter ';', a line break"),
        (b"text,label\na,b,c\n", {"quotes": False}, "Leave out --no-quotes"),
        (b"text,label,label\na,b,c\n", {}, "has several columns 'label'"),
        (b"a\0b,c\n", {}, "has a NUL character"),
        ("text,label\na,b\n".encode("utf-16"), {}, "mark of UTF-16, so it is not utf-8. Use --enc"),
        ("text,label\na,b\n".encode("utf-32"), {}, "Use --encoding utf-32"),
        (b"\xef\xbb\xbftext,label\na,b\n", {"encoding": "cp1252"}, "Leave out --encoding"),
        (b"text,label\ncaf\xe9,b\n", {}, "line 2: not utf-8"),
        (b"text,label\n\\ud800,b\n", {"encoding": "unicode_escape"}, "surrogates not allowed"),
        (b"\x1f\x8b\x08 and more", {}, "is compressed with gzip. Add .gz to its name"),
        (b"PK\3\4 and more", {}, "is a ZIP archive or a spreadsheet"),
        (b"PAR1 and PAR1", {}, "Use --format parquet"),
    ],
)
def test_errors_say_where_and_what(content, options, told, tmp_path):
    """Fails if quotes are blamed for a delimiter, a short row is filled, or a line is not named."""
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError) as raised:
        read_table(path, **options, columns=["text", "label"])
    assert told in str(raised.value) and str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("end", "mark"), list(itertools.product(["\n", "\r\n", "\r", ""], [b"", b"\xef\xbb\xbf"]))
)
def test_ends_and_byte_order_marks(end, mark, tmp_path):
    """Fails if an end of line, a missing one, an empty line or a mark becomes part of a field."""
    path = tmp_path / "data.csv"
    terminator = end or "\n"
    text = terminator.join(["text,label", "a,b", "", "  ", "c,d"]) + end
    path.write_bytes(mark + text.encode())
    read = read_table(path)
    assert [list(read.frame.columns), *read.frame.to_numpy().tolist()] == [
        ["text", "label"], ["a", "b"], ["c", "d"]
    ]  # fmt: skip
    assert read.places([0, 1]) == "lines 2 and 5"


def test_a_single_column(tmp_path):
    """Fails if the only column is torn at what may be a delimiter, or an empty text is lost."""
    path = tmp_path / "data.csv"
    path.write_text('text\n"good; fine | so"\n""\n\nbad')
    assert read_table(path).texts("text") == ["good; fine | so", "", "bad"]
    with pytest.raises(CommandError, match="separator with --delimiter"):
        read_table(path).labels("label")


@pytest.mark.parametrize(
    ("header", "asked", "told"),
    [
        ("Text", "text", "Did you mean 'Text'?"),
        (" text ", "text", "Did you mean ' text '?"),
        ("text", "text ", "Did you mean 'text'?"),
        ("cafe\u0301", "café", r"Did you mean 'cafe\u0301'?"),
        ("te\u200bxt", "text", r"Did you mean 'te\u200bxt'?"),
        ("text\xa0", "text", r"Did you mean 'text\xa0'?"),
        ("review_text", "reviewtext", "Did you mean 'review_text'?"),
        ("good film", "text", "The first line of the file has to name the columns."),
    ],
)
def test_columns_that_are_nearly_named(header, asked, told, tmp_path):
    """Fails if the name that is meant looks like the one that was asked for."""
    path = tmp_path / "data.csv"
    path.write_text(f'"{header}",n\na,1\n')
    with pytest.raises(CommandError) as raised:
        read_table(path, columns=[asked]).texts(asked)
    assert told in str(raised.value)


@pytest.mark.parametrize(("own", "given"), [(",", None), (";", ";"), ("|", None)])
def test_predictions_have_the_delimiter_of_the_input(own, given, tmp_path):
    """Fails if what is written to standard output is not what the same options read."""
    path = tmp_path / "data.csv"
    path.write_text(f'text{own}n\n"a{own} b"{own}1\n')
    read = read_table(path, delimiter=given, columns=["text"])
    content = render_table(read.add({"prediction": ["x "]}), "csv", delimiter=read.delimiter)
    path.write_bytes(content)
    again = read_table(path, delimiter=given, columns=["text"])
    assert again.frame.to_numpy().tolist() == [[f"a{own} b", "1", "x "]]
    assert b'"x "' in content  # a blank at the end is seen


class CountedName(str):
    """A name that counts how often it is compared or hashed."""

    n = 0

    def __eq__(self, other):
        type(self).n += 1
        return str.__eq__(self, other)

    def __hash__(self):
        type(self).n += 1
        return str.__hash__(self)


def test_names_are_compared_once():
    """Fails if each name of a header is compared with each other."""
    counts = []
    for n in (500, 1000):
        names = [CountedName(f"column{i}") for i in range(n)]
        CountedName.n = 0
        check_names("data.csv", names)
        counts.append(CountedName.n)
    assert counts[1] <= 3 * counts[0] <= 30_000


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
@pytest.mark.slow
def test_tables_of_many_columns(format, tmp_path):
    """Fails if a wide table takes minutes, or columns are mixed up."""
    import pandas

    from skrnn.cli.tables import Table

    names = [f"column{i}" for i in range(4000)]
    frame = pandas.DataFrame([[str(i) for i in range(4000)]] * 2, columns=names)
    path = tmp_path / f"wide.{format}"
    path.write_bytes(render_table(Table(path, frame), format))
    read = read_table(path)
    assert read.texts("column3999") == ["3999", "3999"]
    assert render_table(read, "csv").decode().splitlines()[2].endswith(",3998,3999")


def test_training_on_semicolons(tmp_path, monkeypatch, capsys):
    """Fails if the command blames the quotes of a table with semicolons between quoted fields."""
    monkeypatch.chdir(tmp_path)
    lines = ['"text";"label"', *(f'"good, film {i}";"only"' for i in range(9))]
    (tmp_path / "data.csv").write_text("\n".join(lines))
    assert main(["train", "data.csv", "--text", "text", "--label", "label"]) == 2
    assert "column 'label' has the label 'only' in all rows" in capsys.readouterr().err
