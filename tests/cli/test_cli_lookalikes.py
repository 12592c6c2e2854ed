"""Labels that a reader cannot distinguish: shown apart in every listing, and warned of."""

import html
import re

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn.cli import main
from skrnn.cli.lookalikes import difference, hint, likeness
from skrnn.cli.report.scores import measure
from skrnn.cli.score_tables import class_table, confusion_table
from skrnn.cli.tables import as_text
from skrnn.lookalikes import look, quoted, shown
from tests.repeats import every

# Two labels, how they are shown, and the difference that a warning names.
SAME_LOOK = {
    "blank-behind": ("neg", "neg ", "'neg'", "'neg '", "surrounding blanks"),
    "blank-before": ("neg", " neg", "'neg'", "' neg'", "surrounding blanks"),
    "tab": ("neg", "neg\t", "'neg'", r"'neg\t'", "surrounding blanks"),
    "no-break-space": ("neg", "neg\xa0", "'neg'", r"'neg\xa0'", "surrounding blanks"),
    "blank-within": ("so so", "so  so", "'so so'", r"'so \x20so'", "blanks"),
    "no-break-within": ("so so", "so\xa0so", "'so so'", r"'so\xa0so'", "blanks"),
    "unicode-form": ("é", "e\u0301", r"'\xe9'", r"'e\u0301'", "Unicode form"),
    "zero-width": ("neg", "ne\u200bg", "'neg'", r"'ne\u200bg'", "invisible characters"),
    "byte-order-mark": ("neg", "\ufeffneg", "'neg'", r"'\ufeffneg'", "invisible characters"),
    "soft-hyphen": ("neg", "ne\xadg", "'neg'", r"'ne\xadg'", "invisible characters"),
    "variation": ("❤", "❤\ufe0f", r"'\u2764'", r"'\u2764\ufe0f'", "invisible characters"),
    "ligature": ("fine", "ﬁne", "'fine'", r"'\ufb01ne'", "Unicode form"),
}
# Pairs that are seen to differ, and may be one label all the same.
NEARLY = {
    "case": ("neg", "Neg", "case"),
    "case-and-blank": ("neg", "NEG ", "case, blanks or invisible characters"),
    "boolean": ("true", "True", "case"),
    "point": ("1", "1.0", "how a number is written"),
    "zeros": ("1", "01", "how a number is written"),
    "exponent": ("100", "1e2", "how a number is written"),
}
DIFFERENT = [("neg", "pos"), ("1", "2"), ("a-b", "a b"), ("nan", "inf"), ("", "x"), ("1" * 30, "9")]


@pytest.mark.parametrize("name", SAME_LOOK)
def test_labels_of_one_look(name):
    """Fails if two labels that differ in nothing visible are shown alike, or without a word."""
    one, other, shown_one, shown_other, told = SAME_LOOK[name]
    assert look(one) == look(other) and likeness(one) == likeness(other)
    assert quoted([one, "pos", other]) == [shown_one, "'pos'", shown_other]
    assert shown([one, "pos", other]) == [shown_one, "pos", shown_other]
    assert difference([one, other]) == told
    assert told in hint(other, ["pos", one])


@pytest.mark.parametrize("name", NEARLY)
def test_labels_that_may_be_one(name):
    """Fails if a label in other letters, or a number in another form, is not noticed."""
    one, other, told = NEARLY[name]
    assert likeness(one) == likeness(other)
    assert difference([one, other]) == told


@pytest.mark.parametrize("pair", DIFFERENT)
def test_labels_that_differ(pair):
    """Fails if any two labels are taken for one."""
    assert likeness(pair[0]) != likeness(pair[1])
    assert hint(*pair[:1], pair[1:]) == ""
    assert shown(list(pair)) == list(pair)


def test_ordinary_labels_are_shown_as_they_are():
    """Fails if labels that nobody confuses are in quotes or escapes."""
    labels = ["neg", "very good", "schön", "好", "e\u0301tude", "naïve", "a'b", "\U0001f600"]
    assert shown(labels) == labels


def test_long_labels_are_shortened_apart():
    """Fails if two labels with the same beginning are one name, or the names are too long."""
    labels = ["x" * 40 + end for end in ("a", "b")] + [
        "y" * 30 + "z" * i + "y" * 30 for i in (0, 1)
    ]
    labels += ["short", "w" * 50]
    names = shown(labels, 24)
    assert len(set(names)) == len(labels) and max(map(len, names)) <= 24
    assert names[-2:] == ["short", "w" * 21 + "..."]


def test_many_labels():
    """Fails if names of many classes are compared with each other: n labels, n² steps."""
    labels = [f"{'x' * 30}{i}{'x' * 30}" for i in range(20_000)]
    assert len(set(shown(labels, 24))) == 20_000


def scores_of(labels):
    n = len(labels)
    return measure(labels, np.arange(n), np.arange(n), np.eye(n))


@pytest.mark.parametrize("name", every(3, SAME_LOOK))
def test_listings(name):
    """Fails if a table of scores, or the picture of a confusion matrix, has two equal names."""
    labels = sorted({*SAME_LOOK[name][:2], "pos"})
    for table in (class_table, confusion_table):
        lines = table(scores_of(labels)).splitlines()
        assert len({re.split(r"\s{2,}", line)[0] for line in lines[1:]}) == 3
    pytest.importorskip("matplotlib", reason="the report has pictures")
    from skrnn.cli.report import figures
    from skrnn.plotting import ConfusionMatricesDisplay

    class Caught(ConfusionMatricesDisplay):
        def __init__(self, *args, display_labels, **options):
            super().__init__(*args, display_labels=display_labels, **options)
            caught.append(display_labels)

    caught = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skrnn.plotting.ConfusionMatricesDisplay", Caught)
        figures.confusion(scores_of(labels))
    assert len(set(map(look, caught[0]))) == 3


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path, labels, n=8):
    rows = [f'good film {i},"{label}"' for i in range(n) for label in labels]
    path.write_text("\n".join(["text,label", *rows, ""]), encoding="utf-8", newline="")


TABLE = ["data.csv", "--text", "text", "--label", "label"]


class FitReachedError(Exception):
    """Instead of a training."""


@pytest.mark.parametrize("name", [*SAME_LOOK, *NEARLY])
@pytest.mark.parametrize("command", ["train", "compare"])
def test_training_warns(command, name, folder, monkeypatch, capsys):
    """Fails if two labels that are nearly equal become two classes without a word."""
    one, other, *_, told = (SAME_LOOK | NEARLY)[name]
    write(folder / "data.csv", [one, "pos", other])

    def stop(*_, **__):
        raise FitReachedError

    monkeypatch.setattr(skrnn.RNNClassifier, "fit", stop)
    with pytest.raises(FitReachedError):
        main([command, *TABLE])
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert line.startswith(f"skrnn {command}: warning: data.csv: column 'label' has labels that")
    assert f"only in {told}: " in line and line.count("(8 rows)") == 2
    assert all(label in line for label in quoted([one, other]))
    if command == "train":
        names = [re.split(r"\s{2,}", line)[0] for line in out.splitlines()]
        assert set(shown(sorted([one, other, "pos"]))) <= set(names)


@pytest.mark.parametrize("label", ["nan", "NaN", "NA", "null", "None", "<NA>"])
def test_labels_that_may_be_missing(label, folder, monkeypatch, capsys):
    """Fails if what pandas writes for a missing label becomes a class without a word."""
    write(folder / "data.csv", ["neg", "pos", label])

    def stop(*_, **__):
        raise FitReachedError

    monkeypatch.setattr(skrnn.RNNClassifier, "fit", stop)
    with pytest.raises(FitReachedError):
        main(["train", *TABLE])
    assert (
        f"has the label {label!r} in 8 rows. It is a class like others" in capsys.readouterr().err
    )


@pytest.mark.parametrize(("last", "warns"), [("59.5", True), ("x", False)])
def test_a_quantity_as_labels(last, warns, folder, monkeypatch, capsys):
    """Fails if many numbers become classes without a word, or names and numbers warn."""
    write(folder / "data.csv", [*map(str, range(50)), last])

    def stop(*_, **__):
        raise FitReachedError

    monkeypatch.setattr(skrnn.RNNClassifier, "fit", stop)
    with pytest.raises(FitReachedError):
        main(["train", *TABLE])
    told = "has 51 different numbers, from 0 to 59.5. Each becomes a class of its own"
    err = capsys.readouterr().err
    assert (told in err) == ("use --task regress" in err) == warns


@pytest.mark.parametrize("blank", ["", " ", "\t", "\xa0", "\u200b", "\ufeff \u2800"])
def test_labels_without_a_visible_character_are_missing(blank, folder, capsys):
    """Fails if a label that looks empty is a class."""
    write(folder / "data.csv", ["neg", "pos", blank], n=2)
    assert main(["train", *TABLE]) == 2
    assert "no label in column 'label', lines 4 and 7" in capsys.readouterr().err


@pytest.mark.parametrize("name", [*SAME_LOOK, *NEARLY])
def test_errors_about_unknown_labels(name, folder, capsys):
    """Fails if the error shows the same label as unknown and as known."""
    one, other, *_, told = (SAME_LOOK | NEARLY)[name]
    texts = ["good fine great", "bad poor dull"]
    skrnn.save(skrnn.make_tfidf_logistic().fit(texts * 6, [one, "pos"] * 6), "m.skrnn")
    write(folder / "data.csv", [other, "pos"])
    assert main(["evaluate", "m.skrnn", *TABLE]) == 2
    err = capsys.readouterr().err
    first, second = quoted([other, one])
    assert f"{first} and {second} differ only in {told}." in err and err.count("\n") == 1
    write(folder / "train.csv", [one, "pos"])
    assert main(["train", "train.csv", *TABLE[1:], "--validation", "data.csv"]) == 2
    assert f"differ only in {told}." in capsys.readouterr().err


@pytest.mark.parametrize("name", SAME_LOOK)
def test_models_with_such_classes(name, folder, capsys):
    """Fails if predict, evaluate or explain show two classes alike, or say nothing of them."""
    one, other, shown_one, shown_other, _ = SAME_LOOK[name]
    texts = ["good fine great", "bad poor dull"]
    skrnn.save(skrnn.make_tfidf_logistic().fit(texts * 6, [one, other] * 6), "m.skrnn")
    write(folder / "data.csv", [one, other], n=3)
    assert main(["predict", "m.skrnn", *TABLE[:3], "--probabilities"]) == 0
    out, err = capsys.readouterr()
    warning = "warning: the model m.skrnn has classes that look the same: "
    assert warning in err and all(label in err for label in quoted([one, other]))
    (folder / "out.csv").write_text(out, encoding="utf-8", newline="")
    from skrnn.cli.tables import read_table

    header = list(read_table("out.csv").frame.columns)
    assert set(header[3:]) == {f"probability_{one}", f"probability_{other}"}
    assert main(["evaluate", "m.skrnn", *TABLE]) == 0
    out, err = capsys.readouterr()
    assert warning in err and shown_one in out and shown_other in out


def test_explanations_of_such_classes(folder, capsys):
    """Fails if a heading, or the page, names a class by what another one looks like."""
    classifier = skrnn.RNNClassifier("rnn", 2, epochs=1, ngram_range=None, embeddings=None)
    model = make_pipeline(skrnn.TextToSequence(), classifier.set_params(embedding_dim=2))
    skrnn.save(model.fit(["good fine", "bad poor"] * 4, ["neg", "neg "] * 4), "m.skrnn")
    command = ["explain", "m.skrnn", "--text-value", "good", "--method", "occlusion"]
    for target in ("neg", "neg "):
        assert main([*command, "--target", target]) == 0
        assert f"text 1: {target!r}" in capsys.readouterr().out
    assert main([*command, "--target", "Neg"]) == 2
    assert "'Neg' is not a class of the model: 'neg', 'neg '." in capsys.readouterr().err
    assert main([*command, "--output", "e.html", "--target", "neg "]) == 0
    assert html.escape("'neg '") in (folder / "e.html").read_text()


def test_labels_are_the_same_in_all_formats():
    """Fails if one number, or truth value, is another label in another format."""
    from decimal import Decimal

    assert {as_text(one) for one in (1, 1.0, Decimal("1.00"), "1")} == {"1"}
    assert as_text(True) == "true" and as_text(Decimal("0.5")) == "0.5"
    assert as_text(Decimal("NaN")) == "NaN" and as_text(float("inf")) == "inf"


def test_labels_of_equal_hash_keep_their_type(tmp_path):
    """Fails if true and 1, which are equal in Python, become one label."""
    from skrnn.cli.tables import read_table

    path = tmp_path / "data.jsonl"
    path.write_text('{"l": true}\n{"l": 1}\n{"l": 1.0}\n{"l": "1"}\n{"l": false}\n{"l": 0}\n')
    assert read_table(path).labels("l") == ["true", "1", "1", "1", "false", "0"]


def test_the_report_tells_them_apart():
    """Fails if the page shows two classes by one name."""
    pytest.importorskip("jinja2", reason="the report is a template")
    from skrnn.cli.report.data import describe_data
    from skrnn.cli.report.records import Rows, Run

    class Text:
        def transform(self, texts):
            return np.ones((len(texts), 2), int)

    rows = Rows(["a", "b", "c"], np.array([0, 1, 2]), ["line 1", "line 2", "line 3"])
    run = Run("d", ["neg", "neg ", "pos"], rows, rows, "", 0, [Text()], [], "", "m")
    pytest.importorskip("matplotlib", reason="the report has pictures")
    assert [row[0] for row in describe_data(run)["classes"]] == ["'neg'", "'neg '", "pos", "all"]
    assert run.names == ["'neg'", "'neg '", "pos"]
