"""Bad files and arguments: one clear line, exit status 2, no traceback, and nothing written."""

import gzip
import io
import os
import sys

import pytest

from skrnn.cli import main

GOOD = b"text,label\n" + b"".join(b"good film %d,pos\nbad film %d,neg\n" % (i, i) for i in range(9))
TRAIN = ["train", "data.csv", "--text", "text", "--label", "label"]
JSON = ["train", "data.jsonl", "--text", "text", "--label", "label"]


def as_jsonl(lines):
    return b"".join(line.encode() + b"\n" for line in lines)


# What the file is called and holds, the command, and what the line has to say.
BAD = {
    "missing": ({}, TRAIN, "cannot read data.csv: No such file"),
    "folder": ({}, ["train", ".", *TRAIN[2:], "--format", "csv"], ". is a folder, not a file"),
    "unknown-ending": (
        {"data.xls": GOOD},
        ["train", "data.xls", *TRAIN[2:]],
        "unknown file ending '.xls'",
    ),
    "empty": ({"data.csv": b""}, TRAIN, "data.csv is empty"),
    "empty-bom": ({"data.csv": b"\xef\xbb\xbf"}, TRAIN, "data.csv is empty"),
    "empty-lines": ({"data.csv": b"\n\n"}, TRAIN, "data.csv is empty"),
    "header-only": ({"data.csv": b"text,label\n"}, TRAIN, "data.csv has no rows"),
    "no-column": (
        {"data.csv": GOOD.replace(b"text,", b"Review,")},
        ["train", "data.csv", "--text", "review", "--label", "label"],
        "no column 'review' (--text). Did you mean 'Review'? Columns: 'Review' and 'label'",
    ),
    "colons": (
        {"data.csv": GOOD.replace(b",", b":")},
        TRAIN,
        "If it has more columns, name their separator with --delimiter",
    ),
    "column-twice": (
        {"data.csv": b"text,label,label\na,b,c\n"},
        TRAIN,
        "data.csv has several columns 'label'",
    ),
    "too-many-fields": (
        {"data.csv": GOOD + b"well, good,pos\n"},
        TRAIN,
        "data.csv, line 20: 3 fields, but the header has 2 ('text' and 'label'). A field that cont",
    ),
    "too-few-fields": (
        {"data.csv": GOOD + b"cut off"},
        TRAIN,
        "data.csv, line 20: 1 field, but the header has 2",
    ),
    "open-quote": (
        {"data.csv": GOOD + b'"never closed,pos\nx,y\n'},
        TRAIN,
        "data.csv, line 20: a quoted field is not closed before the end",
    ),
    "latin-1": (
        {"data.csv": GOOD + b"a caf\xe9,pos\n"},
        TRAIN,
        "data.csv, line 20: not utf-8 (invalid continuation byte). Name the file's encoding",
    ),
    "utf-16": ({"data.csv": GOOD.decode().encode("utf-16")}, TRAIN, "Use --encoding utf-16"),
    "not-utf-16": (
        {"data.csv": GOOD + b"x"},
        [*TRAIN, "--encoding", "utf-16"],
        "data.csv, line 20: not utf-16 (truncated data)",
    ),
    "nul": ({"data.csv": GOOD + b"a\0b,pos\n"}, TRAIN, "data.csv has a NUL character. Is it"),
    "no-gzip": ({"data.csv.gz": GOOD}, ["train", "data.csv.gz", *TRAIN[2:]], "cannot be decompr"),
    "cut-gzip": (
        {"data.csv.gz": gzip.compress(GOOD)[:-12]},
        ["train", "data.csv.gz", *TRAIN[2:]],
        "cannot be decompressed",
    ),
    "missing-labels": (
        {"data.csv": GOOD + b"what,\nis,pos\nthis, \n"},
        TRAIN,
        "data.csv: no label in column 'label', lines 20 and 22. Add the labels, or",
    ),
    "only-missing-labels": (
        {"data.csv": b"text,label\na,\nb,\n"},
        [*TRAIN, "--drop-missing"],
        "no row has a label",
    ),
    "one-class": ({"data.csv": b"text,label\na,x\nb,x\n"}, TRAIN, "has the label 'x' in all rows"),
    "spreadsheet": ({"d.xlsx": GOOD}, ["train", "d.xlsx", *TRAIN[2:]], "Save the sheet as CSV"),
    "json": ({"d.json": GOOD}, ["train", "d.json", *TRAIN[2:]], "--format jsonl"),
    "report-no-page": (
        {"data.csv": GOOD},
        [*TRAIN, "--report", "report.txt"],
        "--report report.txt: a web page needs the ending .html",
    ),
    "explanations-no-page": (
        {},
        ["explain", "model.skrnn", "--text-value", "good", "--output", "why.txt"],
        "--output why.txt: a web page needs",
    ),
    "scale-as-labels": (
        {"data.csv": b"text,label\n" + b"".join(b"film %d,%d.5\n" % (i, i) for i in range(9))},
        TRAIN,
        "9 different values in 9 rows, 9 of them only once. Is it the column of labels?",
    ),
    "single-rows": (
        {"data.csv": GOOD + b"a,odd\nb,rare\n"},
        TRAIN,
        "label 'odd' is in one row only, so it cannot be both trained and held out. So is anoth",
    ),
    "too-few-rows": (
        {"data.csv": b"text,label\na,x\nb,x\nc,y\nd,y\n"},
        [*TRAIN, "--validation", "0.9"],
        "4 rows are too few to hold out 90% of them",
    ),
    "empty-texts": ({"data.csv": b"text,label\n,x\n,y\n,x\n ,y\n"}, TRAIN, "is empty in all rows"),
    "no-words": (
        {"data.csv": b"text,label\n" + b"--,x\n...,y\n" * 9},
        TRAIN,
        "the network could not be trained: ",
    ),
    "no-json": (
        {"data.jsonl": as_jsonl(['{"text": "a"}', "{text}"])},
        JSON,
        "data.jsonl, line 2: not valid JSON: Expecting property name",
    ),
    "json-array": (
        {"data.jsonl": b'[{"text": "a"}]'},
        JSON,
        "line 1: [{'text': 'a'}], expected one JSON object per line",
    ),
    "json-number": (
        {"data.jsonl": as_jsonl(['{"text": "a", "label": 1}', '{"text": 5, "label": 0}'])},
        JSON,
        "data.jsonl, line 2: column 'text' has 5 (int), expected a text",
    ),
    "json-deep": (
        {"data.jsonl": b"[" * 200_000},
        JSON,
        "line 1: not valid JSON: maximum recursion depth exceeded",
    ),
    "json-half": ({"data.jsonl": b'{"text": "\\ud800"}'}, JSON, "surrogates not allowed"),
    "json-label": (
        {"data.jsonl": b'{"text": "a", "label": ["b"]}'},
        JSON,
        "has ['b'] (list), expected a text or a number",
    ),
    "no-parquet": (
        {"data.parquet": b"PAR1 and more"},
        ["train", "data.parquet", *TRAIN[2:]],
        "data.parquet cannot be read as Parquet: ",
    ),
    "validation-labels": (
        {"data.csv": GOOD, "other.csv": b"text,label\na,pos\nb,Neg\n"},
        [*TRAIN, "--validation", "other.csv"],
        "other.csv: no row of data.csv has the label 'Neg', line 3. Labels must be equal, inclu"
        "ding case and spaces. 'Neg' and 'neg' differ only in case.",
    ),
    "validation-share": ({"data.csv": GOOD}, [*TRAIN, "--validation", "1.5"], "a share must be at"),
    "setting-unknown": (
        {"data.csv": GOOD},
        [*TRAIN, "--set", "unit=4"],
        "neither RNNClassifier nor TextToSequence has this parameter. Did you mean units?",
    ),
    "setting-value": (
        {"data.csv": GOOD},
        [*TRAIN, "--set", "pooling=sum"],
        "The 'pooling' parameter of RNNClassifier must be a str among",
    ),
    "output-exists": (
        {"data.csv": GOOD, "model.skrnn": b"precious"},
        TRAIN,
        "--output model.skrnn exists. Use another name, or --force",
    ),
    "output-folder": ({"data.csv": GOOD}, [*TRAIN, "--output", "."], "--output . is a folder"),
    "output-nowhere": (
        {"data.csv": GOOD},
        [*TRAIN, "--output", "no/where/model.skrnn"],
        "the folder no/where does not exist. Create it",
    ),
    "output-is-input": (
        {"data.csv": GOOD},
        [*TRAIN, "--output", "./data.csv", "--force"],
        "--output data.csv is an input file",
    ),
    "outputs-are-one": (
        {"data.csv": GOOD},
        [*TRAIN, "--output", "a.html", "--report", "./a.html"],
        "--output and --report are the same file",
    ),
    "report-without-scores": (
        {"data.csv": GOOD},
        [*TRAIN, "--validation", "0", "--report", "r.html"],
        "--report needs held-out rows",
    ),
    "no-model": (
        {"data.csv": GOOD},
        ["predict", "none.skrnn", "data.csv", "--text", "text"],
        "cannot read the model none.skrnn: No such file",
    ),
    "other-model": (
        {"data.csv": GOOD, "m.skrnn": b"PK, but not much more"},
        ["predict", "m.skrnn", "data.csv", "--text", "text"],
        "The file 'm.skrnn' cannot be loaded.",
    ),
    "output-ending": (
        {"data.csv": GOOD},
        ["predict", "m.skrnn", "data.csv", "--text", "text", "--output", "out.txt"],
        "out.txt: unknown file ending '.txt'. Known endings: .csv, .tsv, .tab, .jsonl, .ndjson, "
        ".parquet, each optionally followed by .gz, .bz2, .xz.\n",
    ),
    "export-ending": ({}, ["export", "m.skrnn", "--output", "m.pt"], "must end in .onnx"),
    "explain-nothing": ({}, ["explain", "m.skrnn"], "give either a FILE with --text COLUMN"),
    "compare-folds": (
        {"data.csv": GOOD},
        ["compare", *TRAIN[1:], "--cv", "10"],
        "label 'pos' is in 9 rows, fewer than --cv 10",
    ),
    "reviews-exist": ({"r.csv": GOOD}, ["make-reviews", "r.csv"], "FILE r.csv exists"),
    "train-to-standard-output": (
        {"data.csv": GOOD, "-": b"precious"},
        [*TRAIN, "--output", "-", "--force"],
        "--output -: this cannot go to standard output. Name a file.",
    ),
    "reviews-to-standard-output": (
        {},
        ["make-reviews", "-"],
        "FILE -: this cannot go to standard output",
    ),
    "input-ending": (
        {"d.txt": GOOD},
        ["train", "d.txt", *TRAIN[2:]],
        "Use --format csv or --format tsv.",
    ),
    "input-name-too-long": (
        {},
        ["train", "a" * 300 + ".csv", *TRAIN[2:]],
        "aaa.csv: File name too long.",
    ),
    "output-name-too-long": (
        {"data.csv": GOOD},
        [*TRAIN, "--output", "a" * 300],
        "aaa: File name too long. Use another name.",
    ),
    **{
        f"checkpoint-{name}": ({"data.csv": GOOD}, [*TRAIN, "--checkpoint", folder], told)
        for name, folder, told in (
            ("name-too-long", "a" * 300, "aaa: File name too long. Use another name."),
            ("of-nobody", "~nobody-of-this-name/c", "--checkpoint ~nobody-of-this-name/c: Could"),
            ("file", "data.csv", "--checkpoint data.csv is a file. Use a folder"),
        )
    },
    "model-name-too-long": (
        {"data.csv": GOOD},
        ["predict", "a" * 300, "data.csv", "--text", "text"],
        "aaa: File name too long.",
    ),
    **{
        f"setting-{name}": ({"data.csv": GOOD}, [*TRAIN, "--set", setting], told)
        for name, setting, told in (
            ("callbacks", "callbacks=[]", "--set callbacks: callbacks are Python objects"),
            ("vectors", 'embeddings={"good": [1, 2]}', "cannot be saved: RNNClassifier has emb"),
            ("input", "input=numeric", "--set input=numeric: the input of the network"),
            ("long-ngrams", "ngram_range=[1, 101]", "ngram_range=[1, 101], but n-grams have "),
            ("ngrams", "ngram_range=[2, 1]", "with 1 <= min_n <= max_n. Got [2, 1]"),
            ("no-units", "units=[]", "must be a positive int, or a tuple of positive ints"),
            ("units", "units=[4, 2147483646]", "2147483646 is too many; at most 16384 per l"),
            ("pattern", "token_pattern=(", "is not a regular expression"),
            ("vocabulary", "vocabulary=good", "vocabulary must be an iterable of words"),
            ("optimizer", "optimizer=adamm", "not an optimizer of Keras"),
        )
    },
    "name-of-two-lines": ({}, ["train", "a\nb\x1b.csv", *TRAIN[2:]], "cannot read a b\\x1b.csv"),
}


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("name", BAD)
def test_one_clear_line(name, tmp_path, monkeypatch, capsys):
    """Fails if a bad file ends in a traceback, in no or in several lines, or leaves a file."""
    if name == "no-parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    files, arguments, told = BAD[name]
    for path, data in files.items():
        (tmp_path / path).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    before = content(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"skrnn {arguments[0]}: ")
    assert err.count("\n") == 1 and err.endswith("\n")
    assert told in err
    assert content(tmp_path) == before
    if name != "no-words":  # which only the tokenizer sees
        assert out == ""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path, monkeypatch, capsys):
    """Fails if a file without permission ends in a traceback."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_bytes(GOOD)
    (tmp_path / "data.csv").chmod(0)
    assert main(TRAIN) == 2
    assert "cannot read data.csv: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "missing", "told"),
    [
        ([*TRAIN, "--report", "r.html"], "matplotlib.pyplot", 'pip install "skrnn[plot]"'),
        (TRAIN, "pandas", 'Tables need pandas. Install it with: pip install "skrnn[cli]"'),
        (["make-reviews", "r.csv"], "pandas", 'pip install "skrnn[cli]"'),
        (["train", "data.parquet", *TRAIN[2:]], "pyarrow.parquet", 'pip install "skrnn[cli]"'),
        (
            ["predict", "m", "data.csv", "--text", "text", "--output", "o.parquet"],
            "pyarrow",
            'Parquet files need pyarrow. Install it with: pip install "skrnn[cli]"',
        ),
    ],
    ids=["report", "tables", "make-reviews", "read-parquet", "write-parquet"],
)
def test_missing_extras_are_named_first(arguments, missing, told, tmp_path, monkeypatch, capsys):
    """Fails if a package that is not installed shows after the training, or without its name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_bytes(GOOD)
    (tmp_path / "data.parquet").write_bytes(GOOD)
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and told in err


@pytest.mark.parametrize(
    "options",
    [
        ["--encoding", "utf-9"],
        ["--encoding", "base64"],
        ["--delimiter", "ab"],
        ["--set", "units"],
        ["--set", "dropout=NaN"],
        ["--set", "epochs=99999999999999999999"],
        ["--set", "x=" + 100_000 * "["],
        ["--units", "0"],
        ["--units", "16385"],
        ["--max-length", "9" * 30],
        ["--epochs", "1.5"],
        ["--seed", "-1"],
        ["--learning-rate", "inf"],
    ],
    ids=lambda options: " ".join(options)[:40],
)
def test_bad_options_are_one_clear_line(options, capsys):
    """Fails if an option that nothing can be made of was taken, or screens of usage hide it."""
    with pytest.raises(SystemExit) as ended:
        main([*TRAIN, *options])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(f"skrnn train: argument {options[0]}: ") and err.count("\n") == 1
    assert options[1][:38] in err and err.endswith(". See skrnn train --help.\n")


def test_options_that_are_no_text(capsys):
    """Fails if bytes that are no UTF-8 became a column's name, which no file could hold."""
    with pytest.raises(SystemExit) as ended:
        main(["predict", "m.skrnn", "data.csv", "--text", "text", "--prefix", "\udcff"])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert "argument --prefix: '\\udcff' is not text in UTF-8" in err and err.count("\n") == 1


def test_demo_takes_the_seeds_of_the_others(capsys):
    """Fails if a seed that NumPy does not take ended in a traceback after the first lines."""
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--seed", "-1"])
    assert ended.value.code == 2
    assert "argument --seed: '-1' is not a whole number from 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (TRAIN, "cannot read data.csv: Permission denied."),
        ([*TRAIN, "--output", "m.skrnn"], "--output m.skrnn: Permission denied."),
        (["predict", "m.skrnn", *TRAIN[1:4]], "cannot read the model m.skrnn: Permission denied."),
    ],
    ids=["input", "output", "model"],
)
def test_folders_that_may_not_be_entered(arguments, told, tmp_path, monkeypatch, capsys):
    """Fails if such a folder ends in a traceback, as Path.is_dir raises there in Python 3.11."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_bytes(GOOD)
    locked, stat, opened = told.rpartition(": Perm")[0].split()[-1], os.stat, io.open

    def refusing(function):
        def call(path, *rest, **options):
            if str(path) == locked:
                raise PermissionError(13, "Permission denied", locked)
            return function(path, *rest, **options)

        return call

    monkeypatch.setattr(os, "stat", refusing(stat))
    monkeypatch.setattr(io, "open", refusing(opened))
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1


def test_links_that_lead_nowhere(tmp_path, monkeypatch, capsys):
    """Fails if the folder that is missing is not the one that is named."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_bytes(GOOD)
    (tmp_path / "link").symlink_to(tmp_path / "gone" / "model.skrnn")
    assert main([*TRAIN, "--output", "link"]) == 2
    folder = os.path.realpath(tmp_path / "gone")
    assert f"--output link: the folder {folder} does not exist. Create" in capsys.readouterr().err
