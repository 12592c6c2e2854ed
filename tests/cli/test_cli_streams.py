"""Standard output and error that are closed, or have not all letters; and what goes to them."""

import csv
import io
import os
import subprocess
import sys

import pytest

import skrnn
from skrnn.cli import main

LABELS = ["schlecht", "schön \U0001f600"]
TEXTS = ["bad poor dull", "good fine great"]
PREDICT = ["predict", "m.skrnn", "data.csv", "--text", "text"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with data.csv and the model m.skrnn, of labels with many letters."""
    folder = tmp_path_factory.mktemp("streams")
    model = skrnn.make_tfidf_logistic().fit(TEXTS * 6, LABELS * 6)
    skrnn.save(model, folder / "m.skrnn")
    lines = [f"{text},{label}" for text, label in zip(TEXTS * 3, LABELS * 3, strict=True)]
    (folder / "data.csv").write_text("\n".join(["text,label", *lines, ""]), encoding="utf-8")
    return folder


@pytest.fixture
def folder(made, monkeypatch):
    monkeypatch.chdir(made)
    return made


def start(folder, arguments, closed="", **environment):
    """Run a command of a shell that closes some of its streams."""
    command = f'exec "$0" -m skrnn "$@" {closed}'
    return subprocess.run(
        ["sh", "-c", command, sys.executable, *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )


@pytest.mark.slow
def test_closed_standard_error_does_not_come_into_the_table(folder):
    """Fails if a line of an error stands in standard output, where a table should be."""
    done = start(folder, ["predict", "none.skrnn", *PREDICT[2:]], "2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
    done = start(folder, ["predict", "--rows"], "2>&-")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.slow
def test_closed_streams_do_not_become_files(folder):
    """Fails if a closed standard output ends in a traceback, or its number in an output file."""
    done = start(folder, PREDICT, ">&-")
    assert (done.returncode, done.stderr) == (0, "")
    done = start(folder, [*PREDICT, "--output", "closed.csv"], "<&- >&- 2>&-")
    assert done.returncode == 0
    assert (folder / "closed.csv").read_text("utf-8").splitlines()[0] == "text,label,prediction"
    done = start(folder, ["--help"], ">&-")
    assert (done.returncode, done.stderr) == (0, "")


def test_streams_that_are_none(folder, monkeypatch):
    """Fails if main wants what a program without a console does not have."""
    for name in ("stdout", "stderr"):
        with monkeypatch.context() as patch:
            patch.setattr(sys, name, None)
            assert main(["evaluate", *PREDICT[1:], "--label", "label"]) == 0
            assert main(["predict", "none.skrnn", *PREDICT[2:]]) == 2
            assert getattr(sys, name) is None


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_letters_that_a_terminal_has_not(encoding, folder):
    """Fails if such a letter of a label, or of an error, ends in a traceback."""
    data = [*PREDICT[1:], "--label", "label"]
    done = start(folder, ["evaluate", *data], PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "\\U0001f600" in done.stdout
    done = start(folder, ["evaluate", "\U0001f600", *data[1:]], PYTHONIOENCODING=encoding)
    assert done.returncode == 2
    assert done.stderr.startswith("skrnn evaluate: cannot read the model \\U0001f600: No such")


@pytest.mark.parametrize(
    ("options", "delimiter", "quoting"),
    [
        (["--delimiter", ";"], ";", csv.QUOTE_MINIMAL),
        (["--no-quotes"], ",", csv.QUOTE_NONE),
        (["--format", "tsv", "--no-quotes"], "\t", csv.QUOTE_NONE),
    ],
    ids=["delimiter", "no-quotes", "tsv"],
)
def test_standard_output_is_in_the_format_of_the_input(
    options, delimiter, quoting, folder, capsysbinary
):
    """Fails if the same options do not read what predict has written, as a pipeline does."""
    rows = [["id", "text"], ["1", '"good" fine' if quoting else 'a "good" one'], ["2", "bad"]]
    if quoting == csv.QUOTE_MINIMAL:
        rows[1][1] = 'good; "fine"'
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=delimiter,
        quoting=quoting,
        quotechar=None if quoting == csv.QUOTE_NONE else '"',
        lineterminator="\n",
    )
    writer.writerows(rows)
    (folder / "odd.csv").write_text(out.getvalue())
    command = ["predict", "m.skrnn", "odd.csv", "--text", "text", *options]
    assert main(command) == 0
    written = capsysbinary.readouterr().out.decode()
    read = list(csv.reader(io.StringIO(written), delimiter=delimiter, quoting=quoting))
    assert [row[:2] for row in read] == rows and read[0][2] == "prediction"
    # Into a file it is a CSV as others, with quotes.
    assert main([*command, "--output", "odd-out.csv", "--force"]) == 0
    with open("odd-out.csv", newline="", encoding="utf-8") as file:
        assert [row[:2] for row in csv.reader(file)] == rows


def test_a_prediction_that_needs_quotes(folder, capsys):
    """Fails if --no-quotes writes a label with the delimiter in it, which tears the row."""
    skrnn.save(skrnn.make_tfidf_logistic().fit(TEXTS * 6, ["a,b", "c"] * 6), "comma.skrnn")
    assert main(["predict", "comma.skrnn", "data.csv", "--text", "text", "--no-quotes"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert "--no-quotes cannot write a field" in err
