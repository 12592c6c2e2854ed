"""Confusion matrices side by side: counts, classes in common, one scale of colours."""

import matplotlib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.tree import DecisionTreeClassifier

from skrnn.plotting import ConfusionMatricesDisplay

matplotlib.use("Agg")
import matplotlib.pyplot as plt

TRUE = np.array(["c", "a", "b", "a", "b", "b"])
PREDICTED = {"one": ["c", "a", "b", "a", "b", "b"], "two": ["a", "a", "a", "a", "b", "d"]}
CLASSES = ["a", "b", "c", "d"]  # d is predicted by "two" only


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def counted(true, predicted, classes, weights=None):
    """Count by brute force."""
    weights = np.ones(len(true)) if weights is None else weights
    rows = list(zip(true, predicted, weights, strict=True))
    return [[sum(w for t, p, w in rows if (t, p) == (i, j)) for j in classes] for i in classes]


def written(display):
    return [
        [[text.get_text() for text in row] for row in d.text_] for d in display.displays_.values()
    ]


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_same_classes_everywhere():
    """Fails if a matrix lacks the classes that only another estimator predicts."""
    display = ConfusionMatricesDisplay.from_predictions(TRUE, PREDICTED)
    for name, predicted in PREDICTED.items():
        wanted = counted(TRUE, predicted, CLASSES)
        assert display.confusion_matrices[name].tolist() == wanted
        np.testing.assert_array_equal(display.displays_[name].im_.get_array(), wanted)
        assert tick_labels(display.displays_[name].ax_.xaxis) == CLASSES
    assert [axes.get_title() for axes in display.ax_] == ["one", "two"]
    assert written(display)[1][0] == ["2", "0", "0", "0"]
    assert [axes.get_ylabel() for axes in display.ax_] == ["True label", ""]


def test_from_estimators():
    """Fails if an estimator's predictions stand under another's name."""
    X, y = load_iris(return_X_y=True)
    tree, constant = DecisionTreeClassifier().fit(X, y), DummyClassifier(strategy="prior").fit(X, y)
    display = ConfusionMatricesDisplay.from_estimators([("no", constant), ("tree", tree)], X, y)
    assert display.confusion_matrices["tree"].tolist() == np.diag([50] * 3).tolist()
    assert display.confusion_matrices["no"].tolist() == [[50, 0, 0]] * 3
    assert list(display.displays_) == ["no", "tree"]


def test_one_scale_of_colors():
    """Fails if a colour means another number in another matrix, or there are several bars."""
    display = ConfusionMatricesDisplay.from_predictions(
        ["x"] * 90 + ["y"] * 10, {"a": ["x"] * 90 + ["y"] * 10, "b": ["x"] * 50 + ["y"] * 50}
    )
    assert {d.im_.get_clim() for d in display.displays_.values()} == {(0, 90)}
    assert len(display.figure_.axes) == 3 and display.colorbar_.ax in display.figure_.axes
    assert display.colorbar_.ax.get_ylabel() == "number of rows"
    bare = display.plot(colorbar=False)
    assert bare.colorbar_ is None and len(bare.figure_.axes) == 2


def test_numbers_are_legible():
    """Fails if a number is white on light: scikit-learn goes by the range of its own matrix."""
    matrices = {"all": np.diag([100, 100]), "few": np.array([[9, 1], [0, 10]])}
    display = ConfusionMatricesDisplay(matrices).plot()
    for panel in display.displays_.values():
        for text, value in zip(panel.text_.flat, panel.confusion_matrix.flat, strict=True):
            assert text.get_color() == ("white" if value > 50 else "black")


@pytest.mark.parametrize(
    ("normalize", "axis", "label"),
    [("true", 1, "share of the true class"), ("pred", 0, "share of the predicted class")],
)
def test_normalized(normalize, axis, label):
    """Fails if shares are of the wrong total, or the scale does not end at 1."""
    weights = np.arange(1, 7)
    display = ConfusionMatricesDisplay.from_predictions(
        TRUE, PREDICTED, normalize=normalize, sample_weight=weights
    )
    counts = np.array(counted(TRUE, PREDICTED["two"], CLASSES, weights), dtype=float)
    total = counts.sum(axis=axis, keepdims=True)
    wanted = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    np.testing.assert_allclose(display.confusion_matrices["two"], wanted)
    assert display.displays_["one"].im_.get_clim() == (0, 1)
    assert display.colorbar_.ax.get_ylabel() == label
    assert written(display)[0][0][0] == "1.00"


def test_weights():
    """Fails if the bar calls a sum of weights a number of rows."""
    display = ConfusionMatricesDisplay.from_predictions(TRUE, PREDICTED, sample_weight=[0.5] * 6)
    assert display.confusion_matrices["one"].sum() == 3
    assert display.colorbar_.ax.get_ylabel() == "weight of the rows"


def test_labels():
    """Fails if `labels` does not choose and order, or names go to other classes."""
    display = ConfusionMatricesDisplay.from_predictions(
        TRUE, PREDICTED, labels=["b", "a"], display_labels=["$bad$", "ace"]
    )
    assert display.confusion_matrices["two"].tolist() == [[1, 1], [0, 2]]
    assert tick_labels(display.ax_[0].yaxis) == [r"\$bad\$", "ace"]
    with pytest.raises(ValueError, match=r"display_labels has 1 names, but there are 4 classes"):
        ConfusionMatricesDisplay.from_predictions(TRUE, PREDICTED, display_labels=["a"])


@pytest.mark.slow
@pytest.mark.parametrize("n_classes", [2, 6, 18, 30])
@pytest.mark.parametrize("length", [1, 20])
def test_names_do_not_run_into_each_other(n_classes, length):
    """Fails if names of classes below, or numbers in neighbouring cells, overlap."""
    names = [f"{i:0{length}d}" for i in range(n_classes)]
    matrix = np.full((n_classes, n_classes), 1234)
    display = ConfusionMatricesDisplay({"a": matrix, "b": matrix}, display_labels=names).plot()
    display.figure_.canvas.draw()
    axes = display.ax_[1]
    labels = axes.get_xticklabels()
    slope = np.deg2rad(labels[0].get_rotation())
    pitch = axes.get_window_extent().width / n_classes
    if slope:
        # Parallel lines of text: their distance is what counts.
        assert pitch * np.sin(slope) > labels[0].get_fontsize() * 0.8 * display.figure_.dpi / 72
    else:
        assert max(label.get_window_extent().width for label in labels) < pitch
    text = display.displays_["b"].text_
    assert (text is None) == (n_classes > 15)
    if text is not None:
        assert text[0, 0].get_window_extent().width < pitch
    if length == 1 and n_classes < 10:
        assert slope == 0


@pytest.mark.slow
def test_many_matrices():
    """Fails if rows of matrices leave empty axes, or inner ones repeat the names."""
    display = ConfusionMatricesDisplay({str(i): np.eye(8, dtype=int) for i in range(5)}).plot()
    assert len(display.figure_.axes) == 6
    assert display.figure_.get_figwidth() <= 15
    rows = len({round(axes.get_position().y0, 2) for axes in display.ax_})
    assert rows > 1
    left = min(axes.get_position().x0 for axes in display.ax_)
    for axes in display.ax_:
        at_left = np.isclose(axes.get_position().x0, left)
        assert (axes.get_ylabel() == "True label") == at_left


def test_draws_where_it_is_told():
    """Fails if `ax` is ignored, or the wrong number of axes gives a picture nevertheless."""
    figure, ax = plt.subplots(2, 1)
    display = ConfusionMatricesDisplay.from_predictions(TRUE, PREDICTED, ax=ax, cmap="Greys")
    assert display.figure_ is figure and len(plt.get_fignums()) == 1
    assert [axes.get_ylabel() for axes in ax] == ["True label"] * 2
    with pytest.raises(ValueError, match="ax has 3 axes for 2 matrices"):
        display.plot(ax=plt.subplots(3)[1])


ROWS = [["B", "I", "O"], [], ["O"], ["B", "O"]]
TAGS = np.empty(4, object)
TAGS[:] = [np.array(row) for row in (["B", "O", "O"], [], ["O"], ["B", "X"])]


@pytest.mark.parametrize("make", [list, pd.Series, pl.Series, pa.array])
def test_tags(make):
    """Fails if rows of tags are not counted step by step, or a step has not its row's weight."""
    display = ConfusionMatricesDisplay.from_predictions(make(ROWS), {"a": TAGS, "b": ROWS})
    true = [tag for row in ROWS for tag in row]
    found = [tag for row in TAGS for tag in row]
    classes = ["B", "I", "O", "X"]
    assert display.confusion_matrices["a"].tolist() == counted(true, found, classes)
    assert display.confusion_matrices["b"].tolist() == counted(true, true, classes)
    assert display.colorbar_.ax.get_ylabel() == "number of steps"
    weighted = ConfusionMatricesDisplay.from_predictions(
        make(ROWS), {"a": TAGS}, sample_weight=[2, 1, 0, 3], labels=["O", "B"]
    )
    steps = [2, 2, 2, 0, 3, 3]
    assert weighted.confusion_matrices["a"].tolist() == counted(true, found, ["O", "B"], steps)
    assert weighted.colorbar_.ax.get_ylabel() == "weight of the steps"


def test_tags_of_rows_of_one_length():
    """Fails if integers of a rectangle are several labels though a tagger answers rows."""
    answer = np.empty(2, object)
    answer[0], answer[1] = np.array([0, 1]), np.array([1, 1])

    class Tagger:
        def predict(self, X):
            return answer

    for y in (np.array([[0, 1], [0, 1]]), [[0, 1], [0, 1]]):
        display = ConfusionMatricesDisplay.from_estimators({"a": Tagger()}, [[5, 6]] * 2, y)
        assert display.confusion_matrices["a"].tolist() == [[1, 1], [0, 2]]
    with pytest.raises(
        ValueError, match="Row 1 of y_pred\\['a'\\] has 2 labels, but row 1 of y_true"
    ):
        ConfusionMatricesDisplay.from_predictions([["a"], ["b"]], {"a": [["a"], ["b", "b"]]})
    with pytest.raises(ValueError, match="multilabel-indicator target"):
        ConfusionMatricesDisplay.from_predictions([[0, 1], [1, 1]], {"a": np.eye(2)})


def test_bad_input():
    """Fails if a mistake gives an error from deep inside, or no error."""
    draw = ConfusionMatricesDisplay.from_predictions
    with pytest.raises(TypeError, match="Expected a dict such as .* got a DummyClassifier"):
        ConfusionMatricesDisplay.from_estimators(DummyClassifier(), [[0]], [0])
    with pytest.raises(TypeError, match="got a list"):
        draw([0, 1], [0, 1])
    with pytest.raises(ValueError, match="nothing to draw"):
        draw([0, 1], {})
    with pytest.raises(ValueError, match=r"Names must differ, got \['a', 'a'\]"):
        draw([0, 1], [("a", [0, 1]), ("a", [1, 1])])
    with pytest.raises(ValueError, match=r"y_pred\['b'\] has 1 rows, but y_true has 2"):
        draw([0, 1], {"a": [0, 1], "b": [1]})
    with pytest.raises(ValueError, match="multilabel-indicator target.*multilabel_confusion"):
        draw(np.array([[0, 1], [1, 1]]), {"a": np.array([[0, 1], [1, 1]])})
    with pytest.raises(ValueError, match=r"have the same size, got shapes \[\(2, 2\), \(3, 3\)\]"):
        ConfusionMatricesDisplay({"a": np.eye(2), "b": np.eye(3)}).plot()
