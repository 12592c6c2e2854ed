"""Numbers as labels: train, predict, evaluate, explain, export and compare with --task regress."""

import csv
import io
import json
import re
import shutil
import sys

import numpy as np
import pytest
from sklearn import metrics
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn import RNNRegressor, TextToSequence
from skrnn.cli import main, make_parser
from skrnn.cli.pipeline import make_network
from skrnn.cli.tasks import TASKS, task_class
from skrnn.cli.tasks.regress import Regress
from skrnn.exceptions import CommandError

SMALL = ["--cell", "rnn", "--units", "4", "--epochs", "2"]
COLUMNS = ["--text", "review", "--label", "stars"]
TRAIN = ["train", "train.csv", *COLUMNS, "--task", "regress", "--force"]
# Far from 0 and 1, and not symmetric, so that each score and the mean differ.
PRICES = {"good": 5200.0, "fine": 4100.0, "poor": 900.0}


def rows(n, seed=0):
    """Return reviews of which one word tells the number."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        word = list(PRICES)[rng.integers(3)]
        number = PRICES[word] + rng.normal(scale=100)
        made.append({"review": f"{word} film{rng.integers(5)} the a of", "stars": f"{number:.2f}"})
    return made


def write_csv(path, records):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)


def columns(records):
    return [r["review"] for r in records], np.array([float(r["stars"]) for r in records])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with train.csv, held.csv and model.skrnn, and what training printed."""
    folder = tmp_path_factory.mktemp("numbers")
    write_csv(folder / "train.csv", rows(60))
    write_csv(folder / "held.csv", rows(30, seed=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "stdout", out := io.StringIO())
        assert main([*TRAIN, "--validation", "held.csv", *SMALL]) == 0
    return folder, out.getvalue()


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    """A copy of `trained`, to work in."""
    shutil.copytree(trained[0], tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def expected(truth, predicted):
    return [
        metrics.r2_score(truth, predicted),
        metrics.root_mean_squared_error(truth, predicted),
        metrics.mean_absolute_error(truth, predicted),
    ]


# --- What is printed is what scikit-learn says of the saved model -------------------------


def test_scores_are_those_of_the_saved_model_in_the_unit_of_y(trained):
    """Fails if other rows, other scores or scaled numbers are shown, or a baseline is missing."""
    folder, printed = trained
    texts, truth = columns(rows(30, seed=1))
    _, y = columns(rows(60))
    heading = next(line for line in printed.splitlines() if "RMSE" in line)
    assert heading.split()[:3] == ["R²", "RMSE", "MAE"] and "accuracy" not in printed
    shown = {
        line[:26].strip(): [float(cell) for cell in line[26:].split()[:3]]
        for line in printed.splitlines()
        if line.startswith(("RNN", "tf-idf", "always"))
    }
    model = skrnn.load(folder / "model.skrnn")
    assert isinstance(model[-1], RNNRegressor)
    for name, predicted in (
        ("RNN (rnn)", model.predict(texts)),
        ("always the mean", np.full(30, y.mean())),
    ):
        np.testing.assert_allclose(shown[name], expected(truth, predicted), rtol=6e-4, atol=6e-5)
    # The number is in one word, which a ridge regression finds.
    assert shown["tf-idf + ridge regression"][0] > 0.9


def test_the_rows_are_described_by_their_numbers(trained):
    """Fails if hundreds of numbers are counted as classes, or one part is told as the other."""
    _, printed = trained
    both = [columns(records)[1] for records in (rows(60), rows(30, seed=1))]
    for name, function in (("rows", len), ("mean", np.mean), ("maximum", np.max)):
        line = next(line for line in printed.splitlines() if line.startswith(name))
        told = [float(cell) for cell in line.split()[-2:]]
        np.testing.assert_allclose(told, [function(part) for part in both], rtol=6e-4)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_predictions_are_numbers(ending, folder):
    """Fails if the command writes other numbers than the model gives, or rounds them."""
    output = folder / f"p.{ending}"
    command = ["predict", "model.skrnn", "held.csv", "--text", "review", "--output", str(output)]
    assert main(command) == 0
    if ending == "csv":
        with output.open(encoding="utf-8") as file:
            made = [float(row["prediction"]) for row in csv.DictReader(file)]
    else:
        made = [json.loads(line)["prediction"] for line in output.read_text().splitlines()]
    wanted = skrnn.load("model.skrnn").predict(columns(rows(30, seed=1))[0])
    np.testing.assert_array_equal(made, wanted)


def test_evaluate(folder, capsys):
    """Fails if the printed scores, or those in JSON, are not scikit-learn's."""
    texts, truth = columns(rows(30, seed=1))
    wanted = expected(truth, skrnn.load("model.skrnn").predict(texts))
    command = ["evaluate", "model.skrnn", "held.csv", *COLUMNS]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "30 rows"
    told = {name: float(value) for name, value in (line.split() for line in lines[1:])}
    assert list(told) == ["RMSE", "MAE", "R²"]
    np.testing.assert_allclose(
        [told["R²"], told["RMSE"], told["MAE"]], wanted, rtol=6e-4, atol=6e-5
    )
    assert main([*command, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    np.testing.assert_allclose([scores[name] for name in ("r2", "rmse", "mae")], wanted, rtol=1e-9)
    assert (scores["n_rows"], scores["n_dropped"]) == (30, 0)


def test_explain(folder, capsys):
    """Fails if an explanation of a number ends in a traceback, or shows another number."""
    command = ["explain", "model.skrnn", "--text-value", "good film1", "--method", "occlusion"]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    (number,) = skrnn.load("model.skrnn").predict(["good film1"])
    assert re.match(rf"text 1: prediction {re.escape(f'{number:.4g}')}, score [+-]", lines[0])
    found = skrnn.explain(skrnn.load("model.skrnn"), ["good film1"], method="occlusion")[0]
    assert [line.split()[1] for line in lines[1:]] == found.tokens
    told = [float(line.split()[0]) for line in lines[1:]]
    np.testing.assert_allclose(told, found.values, rtol=6e-4)
    assert main([*command, "--output", "e.html"]) == 0
    assert f"prediction {number:.4g}" in (folder / "e.html").read_text("utf-8")


def test_export(folder, capsys):
    """Fails if the model of a regressor is refused, or its graph has probabilities."""
    pytest.importorskip("onnx")
    assert main(["export", "model.skrnn", "--output", "m.onnx"]) == 0
    assert capsys.readouterr().out.endswith("MB, inputs words, outputs variable\n")


@pytest.mark.slow
def test_compare(folder, capsys):
    """Fails if compare scores numbers as classes, or on other folds than those of the seed."""
    from sklearn.dummy import DummyRegressor
    from sklearn.model_selection import KFold, cross_val_score

    assert main(["compare", *TRAIN[1:-1], "--cv", "3", *SMALL, "--seed", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("60 rows, 3 folds") and "R²" in lines[1]
    ridge = Regress().baselines()["tf-idf + ridge regression"]
    folds = KFold(3, shuffle=True, random_state=5)
    wanted = cross_val_score(ridge, *columns(rows(60)), cv=folds)
    line = next(line for line in lines if line.startswith("tf-idf + ridge"))
    assert float(re.search(r"-?\d\.\d{4}", line)[0]) == pytest.approx(wanted.mean(), abs=6e-5)
    constant = cross_val_score(DummyRegressor(), *columns(rows(60)), cv=folds)
    assert constant.mean() < 0 < wanted.mean()


# --- Labels that are no numbers -----------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("good", "'good', expected a finite number"),
        ("nan", "'nan', expected a finite number. If it means that there is no number"),
        ("-inf", "'-inf', expected a finite number. If it means"),
        ("1e999", "'1e999', expected a finite number"),
        ("1_000", "'1_000', expected a finite number"),
        ("4,5", "'4,5', expected a finite number. Write decimals with a point"),
        ("1,234.5", "Write decimals with a point"),
        ("0x10", "'0x10', expected a finite number"),
    ],
)
@pytest.mark.parametrize("command", ["train", "held out", "evaluate", "compare"])
def test_a_label_that_is_no_finite_number(command, label, told, folder, capsys):
    """Fails if it becomes a number, ends in a traceback, or nothing tells its row."""
    records = rows(8)
    records[2]["stars"] = label
    write_csv(folder / "bad.csv", records)
    assert main(
        {
            "train": ["train", "bad.csv", *TRAIN[2:]],
            "held out": [*TRAIN, "--validation", "bad.csv"],
            "evaluate": ["evaluate", "model.skrnn", "bad.csv", *COLUMNS],
            "compare": ["compare", "bad.csv", *COLUMNS, "--task", "regress", "--cv", "2"],
        }[command]
    ) == 2  # fmt: skip
    err = capsys.readouterr().err
    assert "bad.csv, line 4: column 'stars' has " in err and told in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "written", ["4100", " 4100 ", "4.1e3", "+4100.0", "\uff14\uff11\uff10\uff10"]
)
def test_ways_to_write_a_number(written, tmp_path):
    """Fails if a number that is written in another way is refused, or another number."""
    from skrnn.cli.tables import read_table

    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"x": written}) + "\n" + json.dumps({"x": 4100}) + "\n")
    table = read_table(path, columns=["x"])
    np.testing.assert_array_equal(Regress().truth(table, "x", table.labels("x")), [4100, 4100])


@pytest.mark.parametrize("command", [TRAIN, ["compare", *TRAIN[1:-1]]])
def test_negative_counts(command, folder, capsys):
    """Fails if the row that is named is one of the training part, and not of the table."""
    records = rows(20)
    records[13]["stars"] = "-1"
    write_csv(folder / "train.csv", records)
    assert main([*command, "--set", "loss=poisson"]) == 2
    err = capsys.readouterr().err
    assert "train.csv, line 15: the number -1 is negative" in err and err.count("\n") == 1


def test_one_row_is_too_few(folder, capsys):
    """Fails if scikit-learn's message of an empty part comes through."""
    write_csv(folder / "train.csv", rows(1))
    assert main(TRAIN) == 2
    assert "1 row is too few to hold out 20% of them. Add rows" in capsys.readouterr().err


# --- Options ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ([], {"loss": "squared_error"}),
        (["loss=absolute_error"], {"loss": "absolute_error"}),
        (["loss=quantile", "quantile=0.9"], {"loss": "quantile", "quantile": 0.9}),
        (["early_stopping=true", "scoring=r2"], {"early_stopping": True, "scoring": "r2"}),
        (["extra_losses=AdversarialLoss", "lowercase=false"], {"ngram_range": (1, 3)}),
    ],
)
def test_settings(options, wanted):
    """Fails if --set does not reach the regressor."""
    options = [part for option in options for part in ("--set", option)]
    network = make_network(make_parser().parse_args([*TRAIN, *options]))
    assert type(network[-1]) is RNNRegressor
    assert network[-1].get_params() == {**network[-1].get_params(), **wanted}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--set", "class_weight=balanced"], "class_weight: this parameter is for --task classify"),
        (["--set", "thresholds=0.5"], "thresholds: this parameter is for --task classify only"),
        (["--set", "extra_losses=EntropyLoss"], "is for --task classify only"),
        (["--set", "quantile=0.9"], "Add --set loss=quantile."),
        (["--set", "loss=quantile"], "Add --set quantile=0.9."),
        (["--set", "los=quantile"], "neither RNNRegressor nor TextToSequence has this parameter. "
                                    "Did you mean loss?"),
        (["--report", "r.html"], "--report: there is no report for --task regress yet"),
        (["--task", "tag"], "argument --task: invalid choice: 'tag'"),
    ],
)  # fmt: skip
def test_options_that_do_not_fit_the_task(options, told, folder, capsys):
    """Fails if an option of classes is ignored, or ends in a traceback or after the training."""
    try:
        status = main([*TRAIN, "--output", "other.skrnn", *options])
    except SystemExit as error:
        status = error.code
    out, err = capsys.readouterr()
    assert status == 2 and told in err and err.count("\n") == 1 and "Training" not in out
    assert not (folder / "other.skrnn").exists()


def test_a_parameter_of_numbers_with_classes():
    """Fails if nobody tells which task has the parameter."""
    arguments = make_parser().parse_args(["train", "t.csv", *COLUMNS, "--set", "quantile=0.9"])
    with pytest.raises(CommandError, match="quantile: this parameter is for --task regress only; "):
        make_network(arguments)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["predict", "model.skrnn", "held.csv", "--text", "review", "--probabilities"],
         "--probabilities: the model predicts numbers"),
        (["explain", "model.skrnn", "--text-value", "good", "--target", "4"],
         "--target '4': the model predicts numbers"),
        (["demo", "--task", "regress"], "argument --task: invalid choice: 'regress'"),
        (["compare", *TRAIN[1:-1], "--cv", "31"], "60 rows are too few for --cv 31"),
    ],
)  # fmt: skip
def test_what_is_for_classes_only(command, told, folder, capsys):
    """Fails if it ends in a traceback, or numbers get what only classes have."""
    try:
        status = main(command)
    except SystemExit as error:
        status = error.code
    out, err = capsys.readouterr()
    assert status == 2 and told in err and err.count("\n") == 1 and out == ""


@pytest.mark.slow
def test_several_numbers_per_text(tmp_path, capsys):
    """Fails if the first of several numbers is shown as the answer, or (n, 1) is refused."""
    network = RNNRegressor(cell="rnn", units=2, epochs=1, random_state=0)
    texts, y = columns(rows(12))
    for width, status in ((2, 2), (1, 0)):
        model = make_pipeline(TextToSequence(), network).fit(texts, np.column_stack([y] * width))
        skrnn.save(model, tmp_path / f"m{width}.skrnn")
        write_csv(tmp_path / "t.csv", rows(3))
        command = ["predict", tmp_path / f"m{width}.skrnn", tmp_path / "t.csv", "--text", "review"]
        assert main(list(map(str, command))) == status
    out, err = capsys.readouterr()
    assert "predicts 2 numbers per text, and the command line supports one" in err
    made = [float(row["prediction"]) for row in csv.DictReader(io.StringIO(out))]
    np.testing.assert_array_equal(made, model.predict(columns(rows(3))[0]).ravel())


@pytest.mark.slow
def test_a_quantile_is_one(folder):
    """Fails if loss and quantile do not reach the training."""
    options = ["--set", "loss=quantile", "--set", "early_stopping=true", "--no-baselines"]
    means = []
    for quantile in (0.05, 0.95):
        assert main([*TRAIN, *SMALL, *options, "--set", f"quantile={quantile}"]) == 0
        means.append(skrnn.load("model.skrnn").predict(columns(rows(60))[0]).mean())
    assert means[0] < np.mean(columns(rows(60))[1]) < means[1]


# --- Scores -------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_scores_do_not_overflow(unit):
    """Fails if the squares of numbers in a large or small unit overflow or vanish."""
    truth, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
    found = Regress().measure(unit * truth, unit * predicted, None)
    np.testing.assert_allclose(
        [found.r2, found.rmse / unit, found.mae / unit], expected(truth, predicted), rtol=1e-12
    )


def test_equal_numbers_have_no_r2():
    """Fails if a division by zero is shown as a score."""
    found = Regress().measure(np.array([3.0, 3.0]), np.array([3.0, 4.0]), None)
    assert found.r2 is None and found.mae == 0.5
    assert Regress().score_cells(found)[0] == "-"
    assert Regress().measure(np.zeros(2), np.zeros(2), None).rmse == 0


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_called_as_its_module(name):
    """Fails if a module of another name, or an estimator that does not exist, is a task."""
    task = task_class(name)
    assert task.name == name
    assert type(task.make_estimator()).__name__ == task.estimator
