"""The progress line of a fit; each docstring says what a wrong implementation fails on."""

import errno
import functools
import io
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
from tests.repeats import every, some

rng = np.random.default_rng(0)
X = np.array([rng.permutation(6) + 2 for _ in range(60)])
Y = (X == 3).argmax(axis=1) < (X == 4).argmax(axis=1)


def small(**parameters):
    settings = {**ESTIMATOR, "cell": "rnn", "units": 4, "embedding_dim": 4, "batch_size": 10}
    return RNNClassifier(**{**settings, "epochs": 3, "random_state": 0, **parameters})


@pytest.fixture
def terminal(monkeypatch):
    """Let standard output be a terminal, on which each step of the bar is drawn."""
    monkeypatch.setattr(progress, "_in_terminal", lambda: True)
    monkeypatch.setattr(progress, "PAUSE", -1.0)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")


def screen(written):
    """Return the lines down to the cursor at the end, and each drawing of the bar."""
    lines, row, bars = [""], 0, []
    for code, text in re.findall(r"(\x1b\[[?\d;]*[A-Za-z]|\r|\n)|([^\x1b\r\n]+)", written):
        if code == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif code.endswith("A"):
            row -= int(code[2:-1])
        elif code == "\x1b[2K":
            if "━" in lines[row]:
                bars.append(lines[row])
            lines[row] = ""
        elif text:
            lines[row] += text
        else:
            # Colours, the cursor, and going back to the start of a line, which is then erased.
            assert code == "\r" or code[-1] in "mhl"
    return lines[: row + 1], bars


@pytest.mark.slow
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


def test_a_terminal_has_a_bar_below_the_lines(capsys, terminal):
    """Fails if the bar stays, hides a line, or does not show the batches."""
    model = small(verbose=1).fit(X, Y, X_val=X, y_val=Y)
    lines, bars = screen(capsys.readouterr().out)
    assert len(lines) == 4 and lines[3] == ""
    for i, line in enumerate(lines[:3]):
        assert line.startswith(f"epoch {i + 1}/3  loss {model.history_['loss'][i]:.4f}")
        assert line.endswith(f"val_accuracy {model.history_['val_accuracy'][i]:.4f}")
    shown = [re.fullmatch(r"epoch (\d)/3 .*━.* +(\d+)% +(\S+)", bar) for bar in bars]
    shares = [int(one[2]) for one in shown]
    assert shares == sorted(shares) and {6, 50, 94, 100} <= set(shares)
    assert {one[1] for one in shown} == {"1", "2", "3"}


def test_a_narrow_terminal(capsys, terminal, monkeypatch):
    """Fails if the bar wraps, for then it cannot be drawn again, or a figure is cut."""
    monkeypatch.setenv("COLUMNS", "40")
    model = small(verbose=1).fit(X, Y, X_val=X, y_val=Y)
    lines, bars = screen(capsys.readouterr().out)
    assert bars and max(map(len, bars)) <= 40
    assert lines[2].endswith(f"val_accuracy {model.history_['val_accuracy'][2]:.4f}")


def test_what_callbacks_print(capsys, terminal):
    """Fails if what a callback prints is lost below the bar, or stands in it."""

    class Prints(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            print(f"said in epoch {epoch}")

    small(verbose=1, epochs=2, callbacks=[Prints()]).fit(X, Y)
    print("next")
    lines, _ = screen(capsys.readouterr().out)
    assert lines[0] == "said in epoch 0" and lines[1].startswith("epoch 1/2  loss")
    assert lines[2] == "said in epoch 1" and lines[4:] == ["next", ""]


def test_the_bar_of_a_training_that_stops(capsys, terminal):
    """Fails if the bar of a training that stops early is left on the screen."""
    stops = {"early_stopping": True, "tol": 9.0, "n_iter_no_change": 1}
    small(verbose=1, **stops).fit(X, Y, X_val=X, y_val=Y)
    print("next")
    lines, _ = screen(capsys.readouterr().out)
    assert lines[1].startswith("epoch 2/3  loss") and lines[2:] == ["next", ""]


@pytest.mark.parametrize("error", some([ZeroDivisionError, KeyboardInterrupt], KeyboardInterrupt))
def test_the_bar_of_a_training_that_fails(capsys, terminal, error):
    """Fails if the bar is left on the screen, or standard output is still redirected."""

    class Fails(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise error

    before = sys.stdout
    with pytest.raises(error):
        small(verbose=1, callbacks=[Fails()]).fit(X, Y)
    assert sys.stdout is before
    print("next")
    lines, bars = screen(capsys.readouterr().out)
    assert lines == ["next", ""] and bars


@pytest.fixture
def now(monkeypatch):
    """Return what the clock shows, which a test sets."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


def begun(line, n_epochs):
    """Begin a training of so many epochs; return the list of what will be written."""
    written = []
    line._write_line = written.append
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


def test_time_left_leaves_the_first_epoch_out(now):
    """Fails if building the program, which happens once, is taken for the pace of every epoch."""
    lines = progress.EpochLines()
    written = begun(lines, 4)
    for epoch, seconds in enumerate([60, 2, 4, 3]):
        now[0] += seconds
        lines.on_epoch_end(epoch, {"loss": 0.5})
    assert written == [
        "epoch 1/4  loss 0.5000  3:00 left",
        "epoch 2/4  loss 0.5000  4.0 s left",
        "epoch 3/4  loss 0.5000  3.0 s left",
        "epoch 4/4  loss 0.5000",
    ]


@pytest.mark.parametrize(("n_batches", "total"), [(10, 40), (None, None)])
def test_the_bar_of_a_fit_that_goes_on(capsys, terminal, n_batches, total):
    """Fails if epochs of an earlier fit are missing, or count as if they had taken no time."""
    line = progress.ProgressBar(n_batches)
    line.set_params({"epochs": 4})
    line.on_train_begin()
    line.on_epoch_begin(2)
    (task,) = line.bar.tasks
    assert task.total == total and task.completed == (20 if n_batches else 0)
    assert task.time_remaining is None
    line.on_train_batch_end(0)
    assert task.completed == (21 if n_batches else 1)
    line.close()
    line.close()
    assert screen(capsys.readouterr().out)[0] == [""]


@pytest.mark.slow
@pytest.mark.parametrize("widgets", [False, True])
def test_a_notebook_that_a_program_runs(tmp_path, widgets):
    """Fails if a fit leaves an output for each drawing, or warns that a package is missing."""
    if widgets:
        pytest.importorskip("ipywidgets", reason="rich draws in notebooks with ipywidgets")
    code = (
        ("" if widgets else "import sys; sys.modules['ipywidgets'] = None\n")
        + "from skrnn import RNNClassifier, TextToSequence, make_reviews\n"
        "reviews, labels = make_reviews(400, random_state=0)\n"
        "ids = TextToSequence().fit_transform(reviews)\n"
        "clf = RNNClassifier('rnn', units=4, epochs=3, batch_size=4, ngram_range=None, verbose=1)\n"
        "clf.fit(ids, labels);\n"
        "print('next')\n"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(notebook, kernel_name="python3").execute(cwd=tmp_path)
    outputs = [out for out in notebook.cells[0].outputs if out.get("name") != "stderr"]
    assert sum(out.output_type == "display_data" for out in outputs) <= 2 * widgets
    text = "".join(out.text for out in outputs if out.output_type == "stream")
    figures = r"loss \d\.\d{4}  accuracy \d\.\d{4}"
    assert re.fullmatch(
        "".join(rf"epoch {i}/3  {figures}(  [\d.:]+( s)? left)?\n" for i in (1, 2, 3)) + "next\n",
        text,
    )


@pytest.mark.parametrize(
    "seconds, told", [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "0:10"), (3600, "1:00:00")]
)
def test_clock(seconds, told):
    """Fails on a time such as 0:60."""
    assert progress.clock(seconds) == told


@pytest.mark.parametrize("search", [GridSearchCV, EpochSearchCV])
@pytest.mark.slow
def test_a_search_is_quiet_but_for_the_best(capsys, search):
    """Fails if the fits of a search write into one another, or verbose is lost on the way."""
    found = search(small(verbose=2), {"units": [3, 4]}, cv=2).fit(X, Y)
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert found.best_estimator_.verbose == 2
    found.best_estimator_.partial_fit(X, Y)
    assert capsys.readouterr().out.startswith("epoch 4/4  loss")


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


# --- Output that cannot be written --------------------------------------------------------


class Fails(io.StringIO):
    """Takes some text, then fails as a closed pipe, a full disk or a closed file does."""

    def __init__(self, error, after):
        super().__init__()
        self.error, self.left = error, after

    def write(self, text):
        self.left -= 1
        if self.left < 0:
            raise self.error
        return super().write(text)


@pytest.mark.parametrize("after", some([0, 1, 2], 1))
@pytest.mark.parametrize("bar", [False, True], ids=["lines", "bar"])
@pytest.mark.parametrize(
    "error",
    every(
        2,
        [
            BrokenPipeError(errno.EPIPE, "Broken pipe"),
            OSError(errno.ENOSPC, "No space left on device"),
            ValueError("I/O operation on closed file"),
            RuntimeError("a notebook that has gone"),
        ],
    ),
    ids=lambda error: type(error).__name__,
)
def test_a_training_outlives_its_progress(monkeypatch, request, error, bar, after):
    """Fails if a line that cannot be written ends the training, or hides later warnings."""
    if bar:
        request.getfixturevalue("terminal")
    wanted = silent()
    out = Fails(error, after)
    monkeypatch.setattr(sys, "stdout", out)
    with pytest.warns(UserWarning, match=f"longer: .*{re.escape(str(error))}") as told:
        model = small(verbose=1).fit(X, Y)
    assert sys.stdout is out
    assert len([one for one in told if "shown" in str(one.message)]) == 1
    assert model.history_ == wanted.history_ and model.n_iter_ == 3
    assert model.predict_proba(X).tobytes() == wanted.predict_proba(X).tobytes()


@functools.cache
def silent():
    return small().fit(X, Y)


def test_the_note_on_resuming(monkeypatch, tmp_path):
    """Fails if the line that names the checkpoint ends the fit if it cannot be written."""
    small(checkpoint=tmp_path, epochs=2).fit(X, Y)
    monkeypatch.setattr(sys, "stdout", Fails(OSError(errno.ENOSPC, "No space left on device"), 0))
    with pytest.warns(UserWarning, match="cannot be shown"):
        model = small(checkpoint=tmp_path, verbose=2).fit(X, Y)
    assert model.n_iter_ == 3


@pytest.mark.parametrize("verbose", [1, 3])
def test_a_search_outlives_its_progress(monkeypatch, verbose):
    """Fails if what a search says of its fits ends it if it cannot be written."""
    monkeypatch.setattr(sys, "stdout", Fails(OSError(errno.ENOSPC, "No space left on device"), 0))
    search = EpochSearchCV(small(), {"epochs": [1, 2]}, cv=2, verbose=verbose, refit=False)
    with pytest.warns(UserWarning, match="cannot be shown"):
        search.fit(X, Y)
    assert len(search.cv_results_["mean_test_score"]) == 2
