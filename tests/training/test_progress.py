"""The progress line of a fit; each docstring says what a wrong implementation fails on."""

import re
import sys
import types

import keras
import nbclient
import nbformat
import numpy as np
import pytest
from bare import ESTIMATOR
from sklearn.model_selection import GridSearchCV

from skrnn import EpochSearchCV, RNNClassifier
from skrnn.training import progress as progress

rng = np.random.default_rng(0)
X = np.array([rng.permutation(6) + 2 for _ in range(60)])
Y = (X == 3).argmax(axis=1) < (X == 4).argmax(axis=1)


def small(**parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 4, "embedding_dim": 4, "batch_size": 10}
    return RNNClassifier(**{**settings, "epochs": 3, "random_state": 0, **parameters})


@pytest.fixture
def terminal(monkeypatch):
    """Let standard output be one, with a pause of none between two writings."""
    monkeypatch.setattr(progress, "_in_terminal", lambda: True)
    monkeypatch.setattr(progress, "PAUSE", -1.0)
    monkeypatch.setenv("COLUMNS", "120")


def screen(written):
    """Return what a terminal shows of it: a carriage return goes back, and text replaces."""
    lines = [[]]
    column = 0
    for char in written:
        if char == "\n":
            lines.append([])
            column = 0
        elif char == "\r":
            column = 0
        else:
            lines[-1][column : column + 1] = char
            column += 1
    return ["".join(line).rstrip() for line in lines]


def test_a_log_has_a_line_an_epoch(capsys):
    """Fails if a log is filled with bars, or an epoch's figures are not those of history_."""
    for verbose in (1, 2):
        model = small(verbose=verbose).fit(X, Y, X_val=X, y_val=Y)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 3
        for i, line in enumerate(lines):
            told = dict(re.findall(r"(\w+) (\d\.\d{4})", line))
            assert line.startswith(f"epoch {i + 1}/3")
            assert list(told) == ["loss", "accuracy", "val_loss", "val_accuracy"]
            for name, value in told.items():
                assert abs(float(value) - model.history_[name][i]) < 6e-5
        assert all("left" in line for line in lines[:2]) and "left" not in lines[2]


def test_a_terminal_has_one_line(capsys, terminal):
    """Fails if a line is left behind, a longer text shows through, or batches are not seen."""
    model = small(verbose=1).fit(X, Y, X_val=X, y_val=Y)
    written = capsys.readouterr().out
    shown = screen(written)
    assert len(shown) == 2 and shown[1] == ""
    final = f"epoch 3/3  loss {model.history_['loss'][2]:.4f}"
    assert shown[0].startswith(final) and re.search(
        r"val_accuracy [01]\.\d{4}  [\d.:]+( s)?$", shown[0]
    )
    states = written.split("\r")
    assert sum("epoch 2/3  50%" in state for state in states) == 1
    assert all(len(state) < 120 for state in states)


def test_a_narrow_terminal(capsys, terminal, monkeypatch):
    """Fails if a line wraps, for then it cannot be rewritten."""
    monkeypatch.setenv("COLUMNS", "40")
    model = small(verbose=1).fit(X, Y, X_val=X, y_val=Y)
    *rewritten, last = capsys.readouterr().out.rstrip("\n").split("\r")
    assert max(map(len, rewritten)) < 40
    # Fields are whole: of 0.5523 no 0.55 is left, and the last line has all of them.
    numbers = [n for text in rewritten for n in re.findall(r"(?:loss|accuracy) (\S+)", text)]
    assert numbers and all(len(number) == 6 for number in numbers)
    assert f"val_accuracy {model.history_['val_accuracy'][2]:.4f}" in last


def test_a_terminal_without_room_for_the_time(capsys, terminal, monkeypatch):
    """Fails if the last line wraps for the sake of the time, or lacks a figure."""
    monkeypatch.setenv("COLUMNS", "80")
    model = small(verbose=1).fit(X, Y, X_val=X, y_val=Y)
    last = capsys.readouterr().out.rstrip("\n").split("\r")[-1].rstrip()
    assert last.endswith(f"val_accuracy {model.history_['val_accuracy'][2]:.4f}")
    assert len(last) < 80


def test_the_end_of_an_interrupted_line(capsys, terminal):
    """Fails if what is printed next stands in the line of a training that was stopped."""
    stop = keras.callbacks.EarlyStopping("loss", min_delta=9.0, patience=1)
    small(verbose=1, callbacks=[stop]).fit(X, Y)
    print("next")
    shown = screen(capsys.readouterr().out)
    assert shown[0].startswith("epoch 2/3") and shown[1:] == ["next", ""]


def test_the_line_of_a_training_that_fails(capsys, terminal):
    """Fails if what is printed after an exception stands in the line."""

    class Fails(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        small(verbose=1, callbacks=[Fails()]).fit(X, Y)
    print("next")
    shown = screen(capsys.readouterr().out)
    assert shown[0].startswith("epoch 1/3") and shown[1:] == ["next", ""]


@pytest.fixture
def now(monkeypatch):
    """Return what the clock shows, which a test sets."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


def begun(line, n_epochs):
    """Begin a training of so many epochs; return the list of what will be written."""
    written = []
    line._show = line._write_line = written.append
    line.set_params({"epochs": n_epochs})
    line.on_train_begin()
    return written


def test_time_left_counts_what_this_fit_trains(now):
    """Fails if epochs of an earlier fit count as if they had taken no time."""
    lines = progress.EpochLines()
    written = begun(lines, 10)
    for epoch in (6, 7):
        lines.on_epoch_begin(epoch)
        now[0] += 30
        lines.on_epoch_end(epoch, {"loss": 0.5})
    assert written == ["epoch  7/10  loss 0.5000  1:30 left", "epoch  8/10  loss 0.5000  1:00 left"]


def test_time_left_leaves_the_first_batch_out(now):
    """Fails if building the program, which happens once, is taken for the pace of every batch."""
    line = progress.RewrittenLine(10)
    written = begun(line, 2)
    line.on_epoch_begin(0)
    for batch, seconds in enumerate([60, 2, 2, 2]):
        now[0] += seconds
        line.on_train_batch_end(batch, {"loss": 0.5})
    assert written == [
        "epoch 1/2  10%  loss 0.5000",
        "epoch 1/2  20%  loss 0.5000  0:36 left",
        "epoch 1/2  30%  loss 0.5000  0:34 left",
        "epoch 1/2  40%  loss 0.5000  0:32 left",
    ]


def test_epochs_of_one_batch(now):
    """Fails by division by zero, where the first batch is the whole first epoch."""
    line = progress.RewrittenLine(1)
    written = begun(line, 3)
    for epoch, seconds in enumerate([60, 2]):
        line.on_epoch_begin(epoch)
        now[0] += seconds
        line.on_train_batch_end(0, {"loss": 0.5})
        line.on_epoch_end(epoch, {"loss": 0.5})
    assert [text for text in written if "%" not in text] == [
        "epoch 1/3  loss 0.5000  2:00 left",
        "epoch 2/3  loss 0.5000  2.0 s left",
    ]


@pytest.mark.slow
def test_a_notebook_that_a_program_runs(tmp_path):
    """Fails if a fit leaves an output for each rewriting, or its last figures are not there."""
    code = (
        "from skrnn import RNNClassifier, TextToSequence, make_reviews\n"
        "reviews, labels = make_reviews(400, random_state=0)\n"
        "ids = TextToSequence().fit_transform(reviews)\n"
        "clf = RNNClassifier('rnn', units=4, epochs=3, batch_size=4, ngram_range=None, verbose=1)\n"
        "clf.fit(ids, labels);\n"
        "print('next')\n"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(notebook, kernel_name="python3").execute(cwd=tmp_path)
    line, after = [out for out in notebook.cells[0].outputs if out.get("name") != "stderr"]
    assert re.fullmatch(
        r"epoch 3/3  loss \d\.\d{4}  accuracy \d\.\d{4}  [\d.:]+( s)?", line.data["text/plain"]
    )
    assert after.text == "next\n"


@pytest.mark.parametrize(
    "seconds, told", [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "0:10"), (3600, "1:00:00")]
)
def test_clock(seconds, told):
    """Fails on a time such as 0:60."""
    assert progress.clock(seconds) == told


@pytest.mark.parametrize("search", [GridSearchCV, EpochSearchCV])
def test_a_search_is_quiet_but_for_the_best(capsys, search):
    """Fails if the fits of a search write into one another, or verbose is lost on the way."""
    found = search(small(verbose=2), {"units": [3, 4]}, cv=2).fit(X, Y)
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert found.best_estimator_.verbose == 2
    found.best_estimator_.partial_fit(X, Y)
    assert capsys.readouterr().out.startswith("epoch 4/4  loss")


def test_fields_that_have_no_room():
    """Fails if a number is cut in two."""
    line = "epoch 1/3  loss 0.5523  val_loss 0.6612  0:12 left"
    assert progress.shortened(line, 60) == line
    assert progress.shortened(line, 40) == "epoch 1/3  loss 0.5523  val_loss 0.6612"
    assert progress.shortened(line, 38) == "epoch 1/3  loss 0.5523"
    assert progress.shortened(line, 5) == "epoch"


def test_an_output_that_can_only_write(monkeypatch):
    """Fails if what stands in for standard output has to be able to do more than it needs."""
    written = []
    output = types.SimpleNamespace(write=written.append, flush=lambda: None)
    monkeypatch.setattr(sys, "stdout", output)
    small(verbose=1, epochs=1).fit(X, Y)
    assert written[0].startswith("epoch 1/1  loss")


def test_without_standard_output(monkeypatch):
    """Fails if a service without standard output cannot train."""
    monkeypatch.setattr(sys, "stdout", None)
    assert small(verbose=1, epochs=1).fit(X, Y).n_iter_ == 1


def test_silence_by_default(capsys):
    """Fails if verbose=0 says anything."""
    small().fit(X, Y)
    assert capsys.readouterr() == ("", "")
