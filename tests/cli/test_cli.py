"""The command line as a person uses it: in a process of its own."""

import os
import subprocess
import sys

import numpy as np
import pytest

import skrnn


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "skrnn", *map(str, arguments)],
        env=os.environ | {"MPLBACKEND": "Agg"} | environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    output = tmp_path_factory.mktemp("demo")
    return run("demo", "--cell", "gru", "--output", output), output


@pytest.mark.slow
def test_demo_says_what_it_does_and_nothing_else(demo):
    """Fails if a step is missing, or a warning or a line of TensorFlow's log comes through."""
    result, _ = demo
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    titles = [line[3:] for line in result.stdout.splitlines() if line.startswith("== ")]
    assert titles == [
        "Data",
        "Training: GRU, nothing else set",
        "Compared on the test reviews",
        "What the network reads",
        "The network",
        "Saved",
        "Used from a new process",
    ]
    assert "Generated film reviews" in result.stdout
    # "auto" may end the training before.
    assert "epoch  5/22" in result.stdout


@pytest.mark.slow
def test_demo_classifies_a_sentence_in_a_new_process(demo):
    """Fails if the saved pipeline did not load there, or had not learned what "not bad" means."""
    result, _ = demo
    assert "'Not bad at all, I loved it': positive" in result.stdout


@pytest.mark.slow
def test_demo_beats_the_bag_of_words(demo):
    """Fails if the network did not read the order, or the table showed another's score."""
    result, _ = demo
    scores = {
        line[:30].strip(): float(line[30:].split()[0])
        for line in result.stdout.splitlines()
        if line.startswith(("GRU with", "tf-idf", "NB-SVM"))
    }
    assert len(scores) == 3
    assert scores["GRU with the defaults"] > 0.9 > 0.75 > scores["tf-idf + logistic regression"]


@pytest.mark.slow
def test_demo_writes_what_it_names(demo):
    """Fails if the picture, a checkpoint or the pipeline were missing or empty shells."""
    _, output = demo
    assert (output / "training.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    pipeline = skrnn.load(output / "pipeline.skrnn")
    texts, labels = skrnn.make_reviews(300, random_state=77)
    assert np.mean(pipeline.predict(texts) == labels) > 0.9
    checkpoints = sorted((output / "checkpoints").glob("*/*.skrnn"))
    n = pipeline[-1].n_iter_
    assert [path.name for path in checkpoints] == [f"epoch-{n:04}.skrnn", "final-0022.skrnn"]
    ids = pipeline[0].transform(texts)
    last = skrnn.load(checkpoints[-1])
    np.testing.assert_array_equal(last.predict_proba(ids), pipeline[1].predict_proba(ids))


@pytest.mark.reliability
def test_the_demo_goes_on_after_an_interruption(demo):
    """Fails if the same command trains again what it has trained before."""
    first, output = demo
    newest = max((output / "checkpoints").glob("*/*.skrnn"))
    assert "exists. Use another name" in run("demo", "--output", output).stderr
    again = run("demo", "--cell", "gru", "--output", output, "--force")
    assert f"Resuming from {newest}." in again.stdout
    assert "epoch  5/22" not in again.stdout
    assert again.stdout.splitlines()[-1] == first.stdout.splitlines()[-1]


def test_no_place_to_write_is_one_clear_line(tmp_path):
    """Fails if a bad --output ended in a traceback, or only after the training."""
    (tmp_path / "file").write_text("")
    result = run("demo", "--output", tmp_path / "file")
    assert result.returncode == 2
    assert result.stderr.startswith("skrnn demo: cannot write to --output")
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
def test_missing_reviews_are_one_clear_line(tmp_path):
    """Fails if --data imdb without data ended in a traceback or fell back on other data."""
    result = run("demo", "--data", "imdb", "--output", tmp_path / "o", SKRNN_DATA=str(tmp_path))
    assert result.returncode == 2
    assert result.stderr.startswith("skrnn demo: no IMDb reviews: ")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [["demo", "--epochs", "0"], ["demo", "--cell", "x"], []])
def test_bad_arguments_are_one_clear_line(arguments):
    """Fails if a bad argument was taken, reached the training, or is lost below a usage."""
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("skrnn")
    assert result.stderr.endswith("--help.\n")


def loaded_after(arguments, modules):
    """Return which of the modules a command has imported when it ends."""
    code = (
        "import sys; from skrnn.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        f"print(*(m for m in {modules} if m in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout, done.stderr
    return done.stderr.split()


@pytest.mark.parametrize("command", [[], ["train"], ["predict"], ["demo"]])
def test_help_is_light(command):
    """Fails if help takes seconds, because a command imports what only running it needs."""
    heavy = ("numpy", "pandas", "sklearn", "matplotlib", "jinja2", "tensorflow", "keras")
    assert loaded_after([*command, "--help"], heavy) == []


@pytest.mark.slow
def test_predictions_load_no_tensorflow(tmp_path):
    """Fails if a module on the way of `predict` imports TensorFlow, which takes seconds."""
    texts, labels = skrnn.make_reviews(60, random_state=0)
    skrnn.save(skrnn.make_tfidf_logistic().fit(texts, labels), tmp_path / "m.skrnn")
    (tmp_path / "t.csv").write_text("text\nnot bad\n")
    command = ["predict", tmp_path / "m.skrnn", tmp_path / "t.csv", "--text", "text"]
    assert loaded_after(command, ("tensorflow", "keras", "scikeras")) == []
