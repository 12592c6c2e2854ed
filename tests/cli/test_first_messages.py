"""What a table, an option or a small file makes the command line say."""

import numpy as np
import pytest

from skrnn.cli import main
from skrnn.cli.data import _how_divided
from skrnn.cli.lookalikes import difference
from skrnn.cli.new_files import file_size
from skrnn.cli.tables.delimited import read_delimited
from skrnn.lookalikes import shown


@pytest.mark.parametrize("own", [",", "\t"])
@pytest.mark.parametrize("line", ["sep=;\n", "SEP=;\r\n", '"sep=;"\n', "\ufeffsep=;\n", "sep=;;\n"])
def test_the_delimiter_that_excel_is_told(line, own):
    """Fails if the first line for Excel is read as the names of the columns."""
    text = line + "text;label\na, b, c;1\nd, e, f;0\n"
    frame, delimiter = read_delimited("t.csv", text, delimiter=None, own=own, quotes=True)
    assert list(frame.columns) == ["text", "label"] and delimiter == ";"
    assert list(frame.index) == [3, 4] and list(frame["label"]) == ["1", "0"]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("callbacks=[]", "callbacks are Python objects"),
        ('callbacks=["a"]', "callbacks are Python objects"),
        ("embeddings=None", "in JSON, it is embeddings=null"),
        ("early_stopping=True", "in JSON, it is early_stopping=true"),
        ("lowercase=False", "in JSON, it is lowercase=false"),
    ],
)
def test_settings_of_python(setting, told, tmp_path, monkeypatch, capsys):
    """Fails if a value in Python's spelling is taken for a text, or told in terms of files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("a,b\n" + "good,1\nbad,0\n" * 20)
    command = ["train", "t.csv", "--text", "a", "--label", "b", "--set", setting]
    try:
        status = main(command)
    except SystemExit as error:
        status = error.code
    assert status == 2 and told in capsys.readouterr().err


def test_a_sentence_has_one_full_stop(capsys):
    """Fails if the message of a refused option ends in two full stops."""
    with pytest.raises(SystemExit):
        main(["train", "s3://bucket/x.csv", "--text", "a", "--label", "b"])
    assert ".." not in capsys.readouterr().err


def test_sizes_are_not_zero():
    """Fails if a small file has no size."""
    assert [file_size(n) for n in (1, 40_000, 1_500_000)] == ["0.1 kB", "40.0 kB", "1.5 MB"]


@pytest.mark.parametrize(
    ("share", "held_out", "n", "told"),
    [
        (0.2, 12, 60, "a random 20% of the rows of t.csv, 12 of 60"),
        (0.2, 2, 6, "a random 2 of the 6 rows of t.csv, 20% rounded up"),
    ],
)
def test_the_share_of_held_out_rows(share, held_out, n, told):
    """Fails if a third of the rows is told to be 20%."""
    assert told in _how_divided("t.csv", share, held_out, n, 0, "")


@pytest.mark.parametrize("other", ["n\u0435g", "ne\u0261", "neg ", "n\u200beg"])
def test_labels_that_look_the_same_are_shown_apart(other):
    """Fails if two classes have one name in tables and pictures."""
    pytest.importorskip("matplotlib").use("Agg")
    from skrnn.plotting import ConfusionMatricesDisplay

    names = shown(["neg", other, "pos"])
    assert len(set(names)) == 3 and names[2] == "pos" and names[1].isascii()
    y = np.array(["neg", other, "pos"])
    display = ConfusionMatricesDisplay.from_predictions(y, {"a": y})
    labels = [text.get_text() for text in display.ax_[0].get_xticklabels()]
    assert len(set(labels)) == 3 and "pos" in labels and ascii(other) in labels


def test_in_what_labels_of_other_alphabets_differ():
    """Fails if the difference is told to be invisible."""
    assert "alphabets" in difference(["neg", "n\u0435g"])
