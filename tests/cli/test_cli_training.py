"""What train, compare and explain say of rows, times and failures."""

import errno
import io
import os
import re
import shutil
import sys

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import Checkpoint, RNNClassifier, TextToSequence
from skrnn.cli import main, make_parser
from skrnn.cli.pipeline import make_network

SMALL = ["--cell", "rnn", "--units", "4", "--epochs", "2"]
COLUMNS = ["--text", "text", "--label", "label"]


def write_rows(path, n, n_labels=2):
    lines = [f"word{i % n_labels} film number{i},label{i % n_labels:02}" for i in range(n)]
    path.write_text("\n".join(["text,label", *lines, ""]))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "data.csv", 40)
    return tmp_path


def train(*options):
    return main(["train", "data.csv", *COLUMNS, "--no-baselines", "--force", *SMALL, *options])


def held_out_rows(printed):
    """Return the number of held-out rows, as the table of the data tells it."""
    return int(re.search(r"^all +\d+ +(\d+)$", printed, re.MULTILINE)[1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_labels", "told"),
    [
        (4, "are a random 20% of the rows of data.csv, 12 of 60, with about the same share of each "
            "label"),
        (30, "are a random 30 of the 60 rows of data.csv (seed 0), as many as there are labels; "
             "20% would be 12."),
    ],
)  # fmt: skip
def test_the_share_that_is_told_is_the_share_held_out(n_labels, told, folder, capsys):
    """Fails if many labels make the held-out part larger than the sentence says."""
    write_rows(folder / "data.csv", 60, n_labels)
    assert train("--report", "r.html") == 0
    out = capsys.readouterr().out
    assert told in out and told in (folder / "r.html").read_text()
    assert held_out_rows(out) == (12 if n_labels == 4 else 30)


@pytest.mark.parametrize("stopping", [False, True])
@pytest.mark.slow
def test_epochs_are_at_the_most_only_where_training_may_stop(stopping, folder, capsys):
    """Fails if the line speaks of fewer epochs where all are done."""
    assert train(*["--set", "early_stopping=true"] * stopping) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Training: rnn, epochs: 2" + " at most" * stopping in lines


@pytest.mark.slow
def test_texts_held_out_that_are_trained_on(folder, capsys):
    """Fails if nothing tells that the scores are too good."""
    (folder / "other.csv").write_text("text,label\nword0 film number0,label00\nnew,label01\n")
    assert train("--validation", "other.csv") == 0
    out = capsys.readouterr().out
    assert (
        "1 row held out with a text that is also in the training rows: the scores are too good."
        in out
    )


@pytest.mark.slow
def test_without_standard_output(folder, monkeypatch):
    """Fails if train wants a standard output, which a program without a console does not have."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        assert train() == 0
    assert (folder / "model.skrnn").stat().st_size


@pytest.mark.slow
def test_a_report_on_dense_rows(folder):
    """Fails if ids that are no sparse array break the report, or their padding counts as words."""
    assert train("--report", "sparse.html") == 0
    assert train("--report", "dense.html", "--set", "sparse_output=false") == 0
    pages = [(folder / name).read_text() for name in ("sparse.html", "dense.html")]
    facts = [re.search(r"tokens per text, median.*?</table>", page, re.DOTALL) for page in pages]
    assert facts[0][0] == facts[1][0]


@pytest.mark.slow
def test_the_time_of_a_part_is_not_told_as_that_of_the_whole(folder, capsys):
    """Fails if a training that continued from a checkpoint shows the last process's seconds."""
    options = ["--checkpoint", "c", "--report", "r.html"]
    number = r"^RNN \(rnn\)(?: +[\d.]+){4} +%s$"
    for epochs, told in (("2", r"\d+\.\d"), ("4", "-"), ("4", "-")):
        assert train(*options, "--epochs", epochs) == 0
        out = capsys.readouterr().out
        assert re.search(number % told, out, re.MULTILINE), out
        assert ("continued from a checkpoint" in out) == (told == "-")
        assert ("Resuming from c" in out) == (told == "-")
    assert "<td>-</td></tr>" in (folder / "r.html").read_text()
    # Another training in the same folder is one from its beginning.
    assert train(*options, "--seed", "1") == 0
    assert re.search(number % r"\d+\.\d", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.slow
def test_what_can_be_saved_is_not_refused(folder, capsys):
    """Fails if a parameter that a file holds is refused, or nobody tells what predict will not."""
    settings = ["units=[4, 3]", "ngram_range=null", "optimizer=SGD", "max_length=2147483646"]
    settings += ['class_weight={"label00": 2}', "embeddings=null", r"token_pattern=\w\w+"]
    assert train(*[part for one in settings for part in ("--set", one)]) == 0
    model = skrnn.load("model.skrnn", token_patterns=[r"\w\w+"])
    err = capsys.readouterr().err
    assert err.startswith("skrnn train: warning: token_pattern=") and err.count("\n") == 1
    assert main(["predict", "model.skrnn", "data.csv", "--text", "text"]) == 2
    assert model[-1].units == [4, 3] and model[-1].class_weight == {"label00": 2}


@pytest.mark.slow
def test_a_baseline_that_fails_is_a_line(folder, capsys):
    """Fails if a baseline without words takes the network's scores with it."""
    lines = [f"{'ab'[i % 2] * (i + 1)}x,label{i % 2}" for i in range(12)]
    (folder / "data.csv").write_text("\n".join(["text,label", *lines, ""]))
    assert main(["compare", "data.csv", *COLUMNS, "--cv", "2", *SMALL]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[2].startswith("RNN (rnn)")
    failed = [line for line in lines if "could not be fitted: " in line]
    assert failed and failed[0].startswith("NB-SVM, uni- and bigrams could not be fitted: ")
    assert not any(line.startswith("NB-SVM") and "±" in line for line in lines)


def test_a_network_that_fails_is_an_error(folder, monkeypatch, capsys):
    """Fails if compare goes on with the baselines alone."""
    command = ["compare", "data.csv", *COLUMNS, "--cv", "2", *SMALL]
    assert main([*command, "--set", 'class_weight={"a": 1}']) == 2
    out, err = capsys.readouterr()
    assert out == "" and "class_weight" in err and err.count("\n") == 1


@pytest.mark.slow
def test_the_best_baseline_gets_the_same_folds(folder, capsys):
    """Fails if an estimator of compare were scored on other folds than those of the seed."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    noisy = [f"word{i * i % 3} a{i % 5},label{i % 2}" for i in range(40)]
    (folder / "data.csv").write_text("\n".join(["text,label", *noisy, ""]))
    assert main(["compare", "data.csv", *COLUMNS, "--cv", "3", *SMALL, "--seed", "5"]) == 0
    line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("tf-idf"))
    texts, labels = zip(*(row.split(",") for row in noisy), strict=True)
    folds = StratifiedKFold(3, shuffle=True, random_state=5)
    wanted = cross_val_score(skrnn.make_tfidf_logistic(), list(texts), np.array(labels), cv=folds)
    assert float(re.search(r"\d\.\d{4}", line)[0]) == pytest.approx(wanted.mean(), abs=6e-5)


@pytest.fixture(scope="module")
def boolean_model(tmp_path_factory):
    texts = ["good fine film", "bad poor film"] * 10
    classifier = RNNClassifier(cell="rnn", units=4, epochs=1, random_state=0)
    model = make_pipeline(TextToSequence(), classifier).fit(texts, np.array([True, False] * 10))
    path = tmp_path_factory.mktemp("boolean") / "b.skrnn"
    skrnn.save(model, path)
    return path


@pytest.mark.slow
def test_classes_are_called_as_target_takes_them(boolean_model, folder, capsys):
    """Fails if a heading shows a class in other letters than --target wants."""
    command = ["explain", str(boolean_model), "--text-value", "good film"]
    for target, other in (("true", "false"), ("false", "true")):
        assert main([*command, "--target", target]) == 0
        heading = capsys.readouterr().out.splitlines()[0]
        name = re.match(r"text 1: (\w+)(?: \(predicted: (\w+)\))?, probability", heading)
        assert name[1] == target and name[2] in (None, other)
    assert main([*command, "--output", "e.html"]) == 0
    page = (folder / "e.html").read_text()
    assert "True" not in page and "False" not in page


def test_bytes_of_arguments_that_are_no_utf_8(boolean_model, folder, capsys):
    """Fails if the bytes of a Latin-1 terminal end in a traceback where a page is written."""
    name = "caf\udce9.skrnn"
    try:
        shutil.copy(boolean_model, name)
    except OSError as error:
        pytest.skip(f"the file system has no such names: {error}")
    command = ["explain", name, "--text-value", "good caf\udce9", "--output", "e.html"]
    assert main(command) == 0
    assert capsys.readouterr().out == "e.html: 1 text explained.\n"
    assert r"the predictions of caf\udce9.skrnn" in (folder / "e.html").read_text("utf-8")


# --- Parameters that are objects ----------------------------------------------------------


def made(*options):
    """Return the classifier that a command would train."""
    arguments = make_parser().parse_args(["train", "data.csv", *COLUMNS, *options])
    folder = arguments.checkpoint
    return make_network(arguments, checkpoint=folder and Checkpoint(str(folder)))[-1]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ([], "None"),
        (["extra_losses=null"], "None"),
        (["extra_losses=VirtualAdversarialLoss"], "VirtualAdversarialLoss()"),
        (['extra_losses="EntropyLoss"'], "EntropyLoss()"),
        (['extra_losses={"AdversarialLoss": {"epsilon": 2}}'], "AdversarialLoss(epsilon=2)"),
        (["extra_losses=AdversarialLoss", "extra_losses__epsilon=3"], "AdversarialLoss(epsilon=3)"),
        (
            ['extra_losses={"AdversarialLoss": {}, "EntropyLoss": {"weight": 2}}',
             "AdversarialLoss__epsilon=1.5"],
            "[('AdversarialLoss', AdversarialLoss(epsilon=1.5)), "
            "('EntropyLoss', EntropyLoss(weight=2))]",
        ),
    ],
)  # fmt: skip
def test_losses_by_name(options, wanted):
    """Fails if --set cannot give the network an additional loss, or reach its number."""
    options = [part for option in options for part in ("--set", option)]
    assert repr(made(*options).extra_losses) == wanted


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("extra_losses=Adversarial", "neither the name of a loss (AdversarialLoss, "),
        ("extra_losses=5", "neither the name of a loss"),
        ('extra_losses={"EntropyLoss": 5}', "neither the name of a loss"),
        ('extra_losses=["EntropyLoss"]', "neither the name of a loss"),
        ('extra_losses={"EntropyLoss": {"epsilon": 5}}', "unexpected keyword argument 'epsilon'"),
        ('extra_losses={"AdversarialLoss": {"epsilon": -1}}', "'epsilon' parameter of Adversarial"),
        ("extra_losses__epsilon=1", "neither RNNClassifier nor TextToSequence has this parameter"),
        ("checkpoint__minutes=1", "--set checkpoint__minutes needs --checkpoint FOLDER"),
    ],
)
def test_losses_that_are_none(value, told, folder, capsys):
    """Fails if a wrong loss ends in a traceback, or is found after training only."""
    assert train("--set", value) == 2
    assert told in " ".join(capsys.readouterr().err.split())
    assert not (folder / "model.skrnn").exists()


def test_the_interval_of_checkpoints():
    """Fails if --set cannot reach the interval of --checkpoint."""
    found = made("--checkpoint", "runs", "--set", "checkpoint__minutes=2").checkpoint
    assert repr(found) == "Checkpoint(path='runs', minutes=2)"


class FullDisk(io.StringIO):
    """Standard output on a disk that is full when the first epoch ends."""

    is_full = False

    def write(self, text):
        self.is_full = self.is_full or text.startswith("epoch ")
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)

    def fileno(self):
        return os.open(os.devnull, os.O_WRONLY)


@pytest.mark.slow
def test_the_model_outlives_standard_output(folder, monkeypatch, capsys):
    """Fails if a training is lost because its lines, or the scores, cannot be printed."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", FullDisk())
        assert train() == 0
    assert "standard output could not be written (No space left" in capsys.readouterr().err
    assert skrnn.load("model.skrnn").predict(["word0 film"]).shape == (1,)
