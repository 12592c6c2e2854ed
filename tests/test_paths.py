"""URLs where a path is expected, wherever skrnn takes one.

Each test's docstring says what would fail it.
"""

import os
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

import skrnn
from skrnn import Checkpoint, EpochSearchCV, RNNClassifier, TextToSequence
from skrnn.cli import main
from skrnn.datasets import fetch_imdb, load_imdb
from skrnn.embeddings import read_embeddings
from skrnn.paths import local_path

URLS = [
    "s3://bucket/run", "gs://bucket/run", "file:///tmp/run", "http://host/run", "HTTPS://host/run",
    "dbfs:/run", "abfss://container@account.dfs.core.windows.net/run", "hdfs://host:9000/run",
    "memory://run", " s3://bucket/run", "simplecache::s3://bucket/run", "zip://a::gs://bucket/b",
    "s3:\\\\bucket\\run",
]  # fmt: skip
FORMS = [
    *URLS, Path("s3://bucket/run"), Path("file:///tmp/run"), Path("gs://bucket/run").absolute(),
    PurePosixPath("http://host/run"), os.fsencode("s3://bucket/run"),
    str(Path("S3://bucket/run").absolute()),
]  # fmt: skip
LOCAL = ["run", "./notes:/run", "/tmp/run", "C:\\run", "C:/run", "a:b", "notes: a/b", "~/run",
         "x/y:z/w", "/data/notes:/run", "\\\\server\\share", "-"]  # fmt: skip
X, Y = [[2, 3], [3, 2], [2, 2], [3, 3]], [0, 1, 0, 1]


@pytest.mark.parametrize("url", FORMS, ids=repr)
def test_urls_are_refused(url):
    """Fails if a URL passes, as a string or as the path that pathlib makes of it."""
    with pytest.raises(ValueError, match=r"^checkpoint='.* looks like a URL.*Mount the storage"):
        local_path(url, "checkpoint")


@pytest.mark.parametrize("path", [*LOCAL, *map(Path, LOCAL[2:]), None, 5], ids=repr)
def test_local_paths_are_themselves(path):
    """Fails if a drive, a colon or a network share is taken for a URL, or a path is changed."""
    assert local_path(path, "checkpoint") is path


def fit(**parameters):
    return lambda url: RNNClassifier(**{k: make(url) for k, make in parameters.items()}).fit(X, Y)


def same(url):
    return url


PLACES = {
    "checkpoint": fit(checkpoint=same),
    "Checkpoint": fit(checkpoint=Checkpoint),
    "embeddings": fit(embeddings=same),
    "fit_chunks": lambda url: RNNClassifier(checkpoint=url).fit_chunks([(X, Y)]),
    "search": lambda url: EpochSearchCV(RNNClassifier(), {"epochs": [1]}, checkpoint=url, cv=2).fit(
        X, Y
    ),
    "save": lambda url: skrnn.save(TextToSequence().fit(["a"]), url),
    "load": skrnn.load,
    "read_embeddings": lambda url: read_embeddings(url, ["a"]),
    "load_imdb": load_imdb,
    "fetch_imdb": lambda url: fetch_imdb(data_home=url, download_if_missing=False),
}


@pytest.mark.parametrize("form", [str, Path])
@pytest.mark.parametrize("place", PLACES)
def test_everywhere(place, form, tmp_path, monkeypatch):
    """Fails if a place makes a folder called "s3:", or says only that there is no such file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKRNN_DATA", raising=False)
    with pytest.raises(ValueError, match="looks like a URL"):
        PLACES[place](form("s3://bucket/run"))
    assert os.listdir(tmp_path) == []


COMMANDS = {
    "train": ["train", "s3://b/t.csv", "--text", "a", "--label", "b"],
    "--output": ["train", "t.csv", "--text", "a", "--label", "b", "--output", "s3://b/m.skrnn"],
    "--report": ["train", "t.csv", "--text", "a", "--label", "b", "--report", "s3://b/m.html"],
    "--validation": ["train", "t.csv", "--text", "a", "--label", "b", "--validation", "s3://b/v"],
    "--checkpoint": ["train", "t.csv", "--text", "a", "--label", "b", "--checkpoint", "s3://b"],
    "--set checkpoint": ["train", "t.csv", "--text", "a", "--label", "b", "--set",
                         "checkpoint=s3://b"],
    "--set embeddings": ["train", "t.csv", "--text", "a", "--label", "b", "--set",
                         "embeddings=s3://b/glove.txt"],
    "predict": ["predict", "s3://b/m.skrnn", "t.csv", "--text", "a"],
    "predict --output": ["predict", "m", "t.csv", "--text", "a", "--output", "gs://b/p.csv"],
    "evaluate": ["evaluate", "s3://b/m.skrnn", "t.csv", "--text", "a", "--label", "b"],
    "explain": ["explain", "m", "t.csv", "--text", "a", "--output", "s3://b/e.html"],
    "export": ["export", "m", "--output", "s3://b/e.onnx"],
    "compare": ["compare", "s3://b/t.csv", "--text", "a", "--label", "b"],
    "make-reviews": ["make-reviews", "s3://b/r.csv"],
    "demo": ["demo", "--output", "s3://b/demo"],
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command, tmp_path, monkeypatch, capsys):
    """Fails if an option of the command line takes a URL for a path, or ends in a traceback."""
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("a,b\n" + "good,1\nbad,0\n" * 20)
    try:
        status = main(COMMANDS[command])
    except SystemExit as error:  # argparse's way
        status = error.code
    assert status == 2
    assert "looks like a URL" in " ".join(capsys.readouterr().err.split())
    assert os.listdir(tmp_path) == ["t.csv"]


def test_arrays_are_no_paths():
    """Fails if vectors are taken for a path."""
    vectors = np.ones((4, 2))
    assert local_path(vectors, "embeddings") is vectors


@pytest.mark.parametrize("path", ["", b"", "a\0b", b"PK\3\4\0"])
def test_what_is_no_path(path):
    """Fails if an empty path is the working directory, or the content of a file is a path."""
    with pytest.raises(ValueError, match=r"is not a path\. (Pass the path|.*io\.BytesIO)"):
        local_path(path, "checkpoint")


VARIABLES = ["$SKRNN_HOME/run", "${SKRNN_HOME}", "%SKRNN_HOME%\\run", "a/$SKRNN_HOME"]


@pytest.mark.parametrize("path", VARIABLES)
@pytest.mark.parametrize("place", ["checkpoint", "embeddings", "search", "save", "load"])
def test_variables_of_the_shell(path, place, tmp_path, monkeypatch):
    """Fails if a folder is made that is called like a variable, or other signs are refused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKRNN_HOME", "elsewhere")
    call = {
        **PLACES,
        "search": lambda path: EpochSearchCV(
            RNNClassifier(), {"epochs": [1]}, cv=2, checkpoint=path
        ).fit(X, Y),
        "save": lambda path: skrnn.save(TextToSequence().fit(["a"]), path),
        "load": skrnn.load,
    }[place]
    with pytest.raises(ValueError, match=r"has the variable .*os\.path\.expandvars"):
        call(path)
    assert not list(tmp_path.iterdir())
    assert local_path("a$b", "checkpoint") == "a$b"
    (tmp_path / path).mkdir(parents=True)
    assert local_path(path, "checkpoint") == path


def test_the_home_directory(tmp_path, monkeypatch):
    """Fails if "~" is a folder of that name in some places and the home directory in others."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    text = TextToSequence().fit(["a b"])
    skrnn.save(text, "~/text.skrnn")
    assert skrnn.load("~/text.skrnn").vocabulary_ == text.vocabulary_
    (tmp_path / "home" / "v.txt").write_text("a 1 2\nb 3 4\n")
    assert read_embeddings("~/v.txt", ["b"])[0].tolist() == [[3.0, 4.0]]
    assert os.listdir(tmp_path) == ["home"]


def test_a_folder_that_is_missing(tmp_path):
    """Fails if the error names the temporary file instead of the path that was given."""
    path = tmp_path / "missing" / "text.skrnn"
    with pytest.raises(FileNotFoundError) as caught:
        skrnn.save(TextToSequence().fit(["a"]), path)
    assert caught.value.filename == str(path) and ".tmp" not in str(caught.value)
