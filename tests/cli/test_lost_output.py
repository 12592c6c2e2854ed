"""Standard output or error that cannot be written: no training is lost, and no traceback."""

import os
import subprocess
import sys

import pytest

import skrnn
from skrnn.cli import main
from skrnn.cli.streams import LastingOutput, lasting_output, say

ROWS = "text,label\n" + "good fine,pos\nbad poor,neg\n" * 12
TRAIN = ["train", "data.csv", "--text", "text", "--label", "label", "--no-baselines", "--force"]
TRAIN += ["--cell", "rnn", "--units", "2", "--epochs", "2", "--set", "ngram_range=null"]
TRAIN += ["--set", "embeddings=null", "--set", "embedding_dim=2"]

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text(ROWS)
    return tmp_path


class Broken:
    """A stream whose reader has ended, or whose disk is full."""

    encoding = "utf-8"

    def __init__(self, error, after):
        self.error, self.left, self.text = error, after, ""

    def write(self, text):
        if self.left <= 0:
            raise self.error
        self.left -= 1
        self.text += text

    def flush(self):
        if self.left <= 0:
            raise self.error

    def isatty(self):
        return False


ERRORS = [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left on device")]


@pytest.mark.slow
@pytest.mark.parametrize("after", [0, 3, 7])
@pytest.mark.parametrize("error", ERRORS, ids=["pipe", "disk"])
def test_training_goes_on(error, after, folder, monkeypatch, capsys):
    """Fails if a training ends with the reader of its progress, at whatever line that is."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Broken(error, after))
        assert main(TRAIN) == 0
    assert skrnn.load("model.skrnn").predict(["good"]).shape == (1,)
    err = capsys.readouterr().err
    if isinstance(error, BrokenPipeError):
        assert err == ""
    else:
        assert err == (
            "skrnn train: warning: standard output could not be written (No space left on device), "
            "so it is incomplete. The files are complete.\n"
        )


@pytest.mark.slow
@pytest.mark.parametrize("error", ERRORS, ids=["pipe", "disk"])
def test_warnings_that_nobody_reads(error, folder, monkeypatch):
    """Fails if a warning that cannot be written to standard error ends the training."""
    (folder / "data.csv").write_text(ROWS + "good,Pos\nfine,Pos\n" * 6)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", Broken(error, 0))
        assert main(TRAIN) == 0
        assert main(["train", "none.csv", *TRAIN[2:]]) == 2
        say("nothing")
    assert (folder / "model.skrnn").exists()


def test_what_is_discarded():
    """Fails if text is lost that can be written, or the stream's own attributes are."""
    stream = Broken(ERRORS[1], 2)
    lasting = LastingOutput(stream)
    for text in ("a", "b", "c", "d"):
        assert lasting.write(text) == 1
    lasting.flush()
    assert stream.text == "ab" and lasting.problem is ERRORS[1]
    assert lasting.encoding == "utf-8" and not lasting.isatty()
    with lasting_output() as output:
        print("seen", file=sys.stdout)
        assert sys.stdout is output and output.problem is None


def start(command, folder, **streams):
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "skrnn", *command], cwd=folder, text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stdout", "stderr", "both"])
@pytest.mark.parametrize("kind", ["full", "pipe", "closed"])
def test_processes(kind, name, folder):
    """Fails if a process with a full disk, a closed pipe or no stream loses the model."""
    streams = {"stdout", "stderr"} if name == "both" else {name}
    if kind == "closed":
        closed = " ".join({"stdout": ">&-", "stderr": "2>&-"}[one] for one in streams)
        done = subprocess.run(
            ["sh", "-c", f'exec "$0" -m skrnn "$@" {closed}', sys.executable, *TRAIN],
            cwd=folder, capture_output=True,
        )  # fmt: skip
    elif kind == "full":
        with open("/dev/full", "w") as full:
            done = start(TRAIN, folder, **dict.fromkeys(streams, full))
    else:
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            done = start(TRAIN, folder, **dict.fromkeys(streams, pipe))
    assert done.returncode == 0, done.stderr
    assert skrnn.load(folder / "model.skrnn").predict(["good"]).shape == (1,)
    if "stderr" not in streams and kind == "full":
        assert "warning: standard output could not be written" in done.stderr
        assert done.stderr.count("\n") == 1
    elif "stderr" not in streams:
        assert not done.stderr


@pytest.mark.parametrize("kind", ["full", "pipe"])
def test_help_that_nobody_reads(kind, folder):
    """Fails if Python complains when it ends, or --help fails because it is not read."""
    if kind == "full":
        with open("/dev/full", "w") as full:
            done = start(["--help"], folder, stdout=full)
    else:
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            done = start(["--help"], folder, stdout=pipe)
    assert (done.returncode, done.stderr) == (0, "")
