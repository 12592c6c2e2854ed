"""Train, predict, evaluate, explain, export and compare, as a person would run them.

In this process, on small tables and networks; what they print is compared with what scikit-learn
and the loaded model say of the same rows.
"""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import RNNClassifier, TextToSequence
from skrnn.cli import main
from skrnn.exceptions import DivergedError

SMALL = ["--cell", "rnn", "--units", "4", "--epochs", "2"]
COLUMNS = ["--text", "review", "--label", "sentiment"]
GOOD = ["good fine great", "wonderful acting, great plot", "I loved it!", "fine, just fine"]
BAD = ["bad poor dull", "awful acting, dull plot", "I hated it!", "poor, just poor"]


def rows(n, seed=0):
    """Return reviews of which a few words tell everything, with ids and sentiments."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(n):
        good = bool(rng.integers(2))
        text = f"{(GOOD if good else BAD)[rng.integers(4)]} film{rng.integers(5)} the a of"
        made.append({"id": str(i), "review": text, "sentiment": "pos" if good else "neg"})
    return made


def write_csv(path, records):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)


def column(records, name):
    return [record[name] for record in records]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with train.csv, held.csv and model.skrnn, and what training printed."""
    folder = tmp_path_factory.mktemp("trained")
    write_csv(folder / "train.csv", rows(90))
    write_csv(folder / "held.csv", rows(40, seed=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "stdout", out := io.StringIO())
        assert main(["train", "train.csv", *COLUMNS, "--validation", "held.csv", *SMALL]) == 0
    return folder, out.getvalue()


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    """A copy of `trained`, to work in."""
    shutil.copytree(trained[0], tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def scores_of(printed):
    return {
        line[:30].strip(): [float(cell) for cell in line[30:].split()]
        for line in printed.splitlines()
        if line.startswith(("RNN", "NB-SVM", "tf-idf", "always"))
    }


def test_scores_are_those_of_the_saved_model_on_the_held_out_rows(trained):
    """Fails if another model, other rows, or another score were printed."""
    folder, printed = trained
    scores, held = scores_of(printed), rows(40, seed=1)
    texts, truth = column(held, "review"), np.array(column(held, "sentiment"))
    model = skrnn.load(folder / "model.skrnn")
    tfidf = skrnn.make_tfidf_logistic().fit(
        column(rows(90), "review"), column(rows(90), "sentiment")
    )
    for name, estimator in (("RNN (rnn)", model), ("tf-idf + logistic regression", tfidf)):
        p = estimator.predict_proba(texts)
        np.testing.assert_allclose(
            scores[name][:4],
            [
                np.mean(estimator.predict(texts) == truth),
                metrics.balanced_accuracy_score(truth, estimator.predict(texts)),
                metrics.log_loss(truth, p, labels=["neg", "pos"]),
                metrics.roc_auc_score(truth == "pos", p[:, 1]),
            ],
            atol=6e-5,
        )
    share = np.mean(truth == max(("neg", "pos"), key=column(rows(90), "sentiment").count))
    assert scores["always the most frequent label"][0] == pytest.approx(share, abs=6e-5)
    assert "Scores on the 40 held-out rows:" in printed
    assert "All rows of held.csv are held out." in printed
    assert "model.skrnn: the scored model, fitted on 90 rows" in printed


def test_the_saved_model_is_that_of_python(trained):
    """Fails if an option or the seed did not reach the estimator, or the file keeps a setting."""
    model = skrnn.load(trained[0] / "model.skrnn")
    other = make_pipeline(
        TextToSequence(), RNNClassifier(cell="rnn", units=4, epochs=2, random_state=0)
    )
    data = rows(90)
    other.fit(column(data, "review"), np.array(column(data, "sentiment")))
    texts = column(rows(40, seed=1), "review")
    np.testing.assert_array_equal(model.predict_proba(texts), other.predict_proba(texts))
    assert model[-1].get_params() == other[-1].get_params()


@pytest.mark.parametrize("stopping", [[], ["--set", "early_stopping=true"]], ids=["", "stopping"])
@pytest.mark.slow
def test_held_out_rows_decide_nothing(folder, stopping):
    """Fails if held-out rows had a part in the model, so that their scores would flatter it."""
    write_csv(folder / "other.csv", rows(25, seed=2)[::-1])
    command = ["train", "train.csv", *COLUMNS, "--no-baselines", *SMALL, *stopping]
    for held, output in (("held.csv", "a.skrnn"), ("other.csv", "b.skrnn")):
        files = ["--validation", held, "--output", output, "--set", "validation_fraction=0.2"]
        assert main([*command, *files]) == 0
    models = [skrnn.load(name)[-1] for name in ("a.skrnn", "b.skrnn")]
    for one, other in zip(*(model.model_.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, other)
    # They are followed where they cannot decide, and not at all where they could.
    losses = [model.history_["val_loss"] for model in models]
    assert (losses[0] == losses[1]) == bool(stopping)


@pytest.mark.slow
def test_a_share_is_held_out_of_each_label(folder, capsys):
    """Fails if the held-out part is not stratified, or its rows are trained on too."""
    records = [{"t": f"word{i} film", "l": "ab"[i % 3 == 0]} for i in range(48)]
    write_csv(folder / "share.csv", records)
    command = ["train", "share.csv", "--text", "t", "--label", "l", "--validation", "0.25"]
    options = ["--output", "s.skrnn", "--no-baselines", *SMALL, "--max-features", "99"]
    assert main([*command, *options]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["a", "24", "8"] in lines and ["b", "12", "4"] in lines and ["all", "36", "12"] in lines
    # Each text has a word of its own, which the model knows if, and only if, it was trained on it.
    words = skrnn.load("s.skrnn")[0].vocabulary_
    assert sum(word.startswith("word") for word in words) == 36


def test_all_rows_and_missing_labels(folder, capsys):
    """Fails if --validation 0 held rows out, or --drop-missing trained on rows without a label."""
    records = rows(30) + [{"id": "x", "review": "unlabelled", "sentiment": " "}]
    write_csv(folder / "gaps.csv", records)
    options = ["--validation", "0", "--drop-missing", "--output", "g.skrnn", *SMALL]
    assert main(["train", "gaps.csv", *COLUMNS, *options]) == 0
    out = capsys.readouterr().out
    assert "1 row without a label left out." in out and "Scores" not in out
    assert "g.skrnn: fitted on 30 rows" in out
    assert "unlabelled" not in skrnn.load("g.skrnn")[0].vocabulary_


def test_settings_reach_either_step(folder):
    """Fails if --set did not reach a step, or took a list, null or a bare word for another."""
    settings = ["lowercase=false", "ngram_range=[1, 2]", "pooling=mean", "embeddings=null"]
    given = [part for setting in settings for part in ("--set", setting)]
    options = ["--validation", "0", "--output", "set.skrnn", *SMALL, *given, "--seed", "7"]
    assert main(["train", "train.csv", *COLUMNS, *options]) == 0
    text, classifier = (step for _, step in skrnn.load("set.skrnn").steps)
    assert text.lowercase is False and classifier.pooling == "mean"
    assert tuple(classifier.ngram_range) == (1, 2) and classifier.embeddings is None
    assert classifier.random_state == 7


def test_warnings_are_lines(folder, capsys):
    """Fails if a warning shows the library's source line, or is lost."""
    write_csv(folder / "few.csv", rows(24))
    options = ["--validation", "0", "--output", "f.skrnn", *SMALL, "--set", "early_stopping=true"]
    assert main(["train", "few.csv", *COLUMNS, *options]) == 0
    err = capsys.readouterr().err
    assert err.startswith("skrnn train: warning: ") and err.count("\n") == 1


@pytest.mark.slow
def test_checkpoints_go_on(folder, capsys):
    """Fails if the same command trains again what it has trained, or ends with another model."""
    command = ["train", "train.csv", *COLUMNS, "--checkpoint", "c", "--no-baselines", *SMALL]
    assert main([*command, "--output", "a.skrnn"]) == 0
    capsys.readouterr()
    assert main([*command, "--output", "b.skrnn"]) == 0
    assert "Resuming from c" in capsys.readouterr().out
    assert (folder / "a.skrnn").read_bytes() == (folder / "b.skrnn").read_bytes()
    assert skrnn.load("a.skrnn")[-1].checkpoint is None


@pytest.mark.parametrize("output", ["-", "o.csv", "o.tsv", "o.jsonl.gz", "o.parquet"])
def test_predictions_stand_beside_all_columns(output, folder, capsysbinary):
    """Fails if a column is lost, rows are out of order, or numbers are not the model's."""
    if output == "o.parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    held = rows(40, seed=1)
    command = ["predict", "model.skrnn", "held.csv", "--text", "review", "--probabilities"]
    assert main([*command, "--output", output]) == 0
    printed = capsysbinary.readouterr().out
    if output == "-":
        (folder / "o2.csv").write_bytes(printed)
        output = "o2.csv"
    from skrnn.cli.tables import read_table

    frame = read_table(output).frame
    columns = {name: column.tolist() for name, column in frame.items()}
    assert list(columns) == [*held[0], "prediction", "probability_neg", "probability_pos"]
    for name in held[0]:
        assert columns[name] == column(held, name)
    model, texts = skrnn.load("model.skrnn"), column(held, "review")
    assert columns["prediction"] == model.predict(texts).tolist()
    given = np.array([columns["probability_neg"], columns["probability_pos"]], dtype=float).T
    np.testing.assert_array_equal(given, model.predict_proba(texts))


def test_names_that_are_taken(folder, capsys):
    """Fails if predictions replaced a column of the file, or --prefix did not help."""
    command = ["predict", "model.skrnn", "once.csv", "--text", "review"]
    assert main(["predict", "model.skrnn", "held.csv", *command[3:], "--output", "once.csv"]) == 0
    assert main(command) == 2
    assert "already has a column 'prediction'" in capsys.readouterr().err
    assert main([*command, "--prefix", "second_", "--output", "twice.csv"]) == 0
    header = (folder / "twice.csv").read_text().splitlines()[0]
    assert header == "id,review,sentiment,prediction,second_prediction"


def test_evaluation_is_that_of_scikit_learn(folder, capsys):
    """Fails if a score were of another class, or rows and columns of the confusion changed."""
    assert main(["evaluate", "model.skrnn", "held.csv", *COLUMNS, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    held, model = rows(40, seed=1), skrnn.load("model.skrnn")
    texts, truth = column(held, "review"), column(held, "sentiment")
    predicted, p = model.predict(texts), model.predict_proba(texts)
    assert told["accuracy"] == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert told["log_loss"] == pytest.approx(metrics.log_loss(truth, p))
    assert told["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, p[:, 1]))
    assert told["confusion"] == metrics.confusion_matrix(truth, predicted).tolist()
    assert main(["evaluate", "model.skrnn", "held.csv", *COLUMNS]) == 0
    printed = capsys.readouterr().out
    assert (
        f"accuracy           {told['accuracy']:.4f}" in printed and "true \\ predicted" in printed
    )


def test_evaluation_names_labels_that_the_model_does_not_know(folder, capsys):
    """Fails if such a row were skipped, or counted as wrong."""
    write_csv(folder / "odd.csv", [*rows(3), {"id": "3", "review": "hm", "sentiment": "Pos"}])
    assert main(["evaluate", "model.skrnn", "odd.csv", *COLUMNS]) == 2
    err = capsys.readouterr().err
    assert "does not know the label 'Pos' (--label), line 5. It was trained on 'neg', 'pos'" in err


def test_models_made_in_python_with_numbers(folder, capsys):
    """Fails if labels that are numbers in the model were not found in files, or became text."""
    texts = column(rows(40), "review")
    labels = np.array([label == "pos" for label in column(rows(40), "sentiment")], int)
    skrnn.save(skrnn.make_tfidf_logistic().fit(texts, labels), "numbers.skrnn")
    with open("numbers.jsonl", "w") as file:
        for text, label in zip(texts, labels.tolist(), strict=True):
            file.write(json.dumps({"text": text, "label": label}) + "\n")
    columns = ["--text", "text", "--label", "label", "--json"]
    assert main(["evaluate", "numbers.skrnn", "numbers.jsonl", *columns]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 1.0
    assert main(["predict", "numbers.skrnn", "numbers.jsonl", "--text", "text"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["prediction"] for one in lines] == labels.tolist()


def test_models_that_read_no_text_are_refused(folder, capsys):
    """Fails if token ids, or several labels a row, ended in a traceback."""
    skrnn.save(skrnn.load("model.skrnn")[-1], "ids.skrnn")
    assert main(["predict", "ids.skrnn", "held.csv", "--text", "review"]) == 2
    assert "has a RNNClassifier, which does not read text" in capsys.readouterr().err


def test_explanations_on_the_terminal(folder, capsys):
    """Fails if the numbers are not those of skrnn.explain, or of another class or text."""
    from skrnn.inspection import explain

    text = "I hated the \x1b[31m plot"
    command = ["explain", "model.skrnn", "--text-value", text, "--target", "neg"]
    assert main(command) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    (wanted,) = explain(skrnn.load("model.skrnn"), [text], target="neg")
    said = "neg (predicted: pos)" if wanted.prediction == "pos" else "neg"
    scores = f"score {wanted.score:+.3f} (baseline {wanted.baseline_score:+.3f})"
    assert heading == f"text 1: {said}, probability {wanted.probability:.3f}, {scores}"
    assert [line.split()[1] for line in lines] == wanted.tokens
    np.testing.assert_allclose([float(line.split()[0]) for line in lines], wanted.values, atol=6e-4)
    assert main([*command[:-1], "other"]) == 2
    assert "'other' is not a class of the model: 'neg', 'pos'" in capsys.readouterr().err


def test_explanations_as_a_page(folder, capsys):
    """Fails if rows were left out silently, or the page is not whole."""
    command = ["explain", "model.skrnn", "held.csv", "--text", "review", "--rows", "3"]
    assert main([*command, "--output", "e.html"]) == 0
    assert "3 texts explained. 37 more rows are left out" in capsys.readouterr().out
    page = (folder / "e.html").read_text()
    assert page.count("<h3>line ") == 3 and "37 more rows" in page


def test_exported_models_answer_alike(folder, capsys):
    """Fails if the file is not a model that onnxruntime runs, or is another one."""
    pytest.importorskip("onnx", reason="needs onnx to export")
    runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime to run the model")
    from skrnn.onnx import pad_words

    assert main(["export", "model.skrnn", "--output", "m.onnx"]) == 0
    assert "inputs words, outputs label and probabilities" in capsys.readouterr().out
    model, texts = skrnn.load("model.skrnn"), column(rows(9, seed=3), "review")
    words = pad_words(list(map(model[0].build_analyzer(), texts)))
    label, p = runtime.InferenceSession("m.onnx").run(None, {"words": words})
    assert label.tolist() == model.predict(texts).tolist()
    np.testing.assert_allclose(p, model.predict_proba(texts), atol=1e-5)


def test_comparison_has_the_network_and_its_rivals(folder, capsys):
    """Fails if an estimator or a score is missing from the table."""
    assert main(["compare", "train.csv", *COLUMNS, "--cv", "2", *SMALL]) == 0
    first, header, *table, last = capsys.readouterr().out.splitlines()
    assert first == "90 rows, 2 folds: mean and standard deviation"
    assert "accuracy" in header and "log-loss (negative)" in header
    names = ["RNN (rnn)", "NB-SVM, uni- and bigrams", "tf-idf + logistic regression"]
    assert [line[:30].split("  ")[0].strip() for line in table] == names
    assert last.startswith("* is the best of its column. Higher is better for all")


def test_force_replaces_and_failure_leaves(folder, monkeypatch, capsys):
    """Fails if --force did not replace, or a write that fails takes the older file with it."""
    (folder / "o.csv").write_text("precious")
    command = ["predict", "model.skrnn", "held.csv", "--text", "review", "--output", "o.csv"]
    assert main(command) == 2
    assert (folder / "o.csv").read_text() == "precious"

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert main([*command, "--force"]) == 2
    assert "cannot write o.csv: No space left on device." in capsys.readouterr().err
    assert (folder / "o.csv").read_text() == "precious"
    assert not list(folder.glob("*.part"))
    assert main([*command, "--force"]) == 0
    assert (folder / "o.csv").read_text().startswith("id,review,sentiment,prediction\n")


@pytest.mark.parametrize("error", [AttributeError, IndexError, KeyError, AssertionError])
def test_a_mistake_of_the_program_keeps_its_traceback(error, folder, monkeypatch):
    """Fails if a programming error were shown as a problem of the user's file."""

    def broken(self, *_, **__):
        raise error("a bug")

    monkeypatch.setattr(RNNClassifier, "fit", broken)
    with pytest.raises(error, match="a bug"):
        main(["train", "train.csv", *COLUMNS, "--output", "b.skrnn"])


@pytest.mark.parametrize("error", [ValueError, TypeError, ImportError, OSError, DivergedError])
def test_a_refusal_of_fit_is_one_line(error, folder, monkeypatch, capsys):
    """Fails if what an estimator refuses ends in a traceback, or without saying what failed."""

    def refusing(self, *_, **__):
        raise error("too few rows")

    monkeypatch.setattr(RNNClassifier, "fit", refusing)
    assert main(["train", "train.csv", *COLUMNS, "--output", "b.skrnn"]) == 2
    err = capsys.readouterr().err
    assert err == "skrnn train: the network could not be trained: too few rows\n"
    assert not (folder / "b.skrnn").exists()


def test_a_value_error_outside_of_the_estimators_keeps_its_traceback(folder, monkeypatch):
    """Fails if each ValueError of the program's own code were shown as the user's mistake."""

    def broken(*_, **__):
        raise ValueError("a bug")

    monkeypatch.setattr("skrnn.cli.tasks.classify.measure", broken)
    with pytest.raises(ValueError, match="a bug"):
        main(["train", "train.csv", *COLUMNS, "--output", "b.skrnn", *SMALL])


def test_interrupted(folder, monkeypatch, capsys):
    """Fails if Ctrl-C ends in a traceback, or leaves a model that was not trained to its end."""

    def interrupted(self, *_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(RNNClassifier, "fit", interrupted)
    options = ["--output", "i.skrnn", "--checkpoint", "c"]
    assert main(["train", "train.csv", *COLUMNS, *options]) == 130
    err = capsys.readouterr().err
    assert "The same command continues from the checkpoints in c." in err and "interrupted" in err
    assert not (folder / "i.skrnn").exists()


@pytest.mark.reliability
@pytest.mark.usefixtures("terminal")
def test_control_c_in_a_process_of_its_own(folder):
    """Fails if a real Ctrl-C in the midst of training ends in a traceback, or leaves a file."""
    before = set(folder.iterdir())
    command = [sys.executable, "-m", "skrnn", "train", "train.csv", *COLUMNS, "--epochs", "9999"]
    options = ["--output", "i.skrnn", "--set", "learning_rate_decay=0"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if line.lower().startswith("epoch "):
                process.send_signal(signal.SIGINT)
                break
        process.stdout.read()
        err = process.stderr.read()
    assert process.returncode == 130
    assert err == "\nskrnn train: interrupted\n"
    assert set(folder.iterdir()) == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.slow
def test_standard_output_that_ends(folder):
    """Fails if a closed pipe or a full disk behind standard output ends in a traceback."""
    data = rows(20)
    model = skrnn.make_tfidf_logistic().fit(column(data, "review"), column(data, "sentiment"))
    skrnn.save(model, "quick.skrnn")
    predict = [sys.executable, "-m", "skrnn", "predict", "quick.skrnn", "held.csv"]
    predict += ["--text", "review"]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        done = subprocess.run(predict, stdout=pipe, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (141, "")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(predict, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("skrnn predict: cannot write to standard output: No space")
    assert done.stderr.count("\n") == 1
