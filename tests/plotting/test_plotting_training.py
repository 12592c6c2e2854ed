"""The learning curve of one fit, drawn without TensorFlow from what a fitted estimator has."""

from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn.plotting import TrainingCurveDisplay

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HISTORY = {"loss": [0.7, 0.5, 0.4], "accuracy": [0.5, 0.7, 0.8]}
VALIDATED = HISTORY | {"val_loss": [0.7, 0.6, 0.65], "val_accuracy": [0.5, 0.6, 0.6]}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def fitted(history, best_epoch, **more):
    return SimpleNamespace(
        history_=history, best_epoch_=best_epoch, n_iter_=len(history["loss"]), **more
    )


def curves(axes):
    return {line.get_label(): line.get_ydata() for line in axes.lines}


def marked(display):
    """The epochs at which there is a vertical line, and how it is called."""
    lines = [line for line in display.ax_[0].lines if line.get_linestyle() == ":"]
    return {line.get_label(): line.get_xdata()[0] for line in lines}


def legend(display):
    (found,) = display.figure_.legends
    return [text.get_text() for text in found.get_texts()]


def test_draws_what_was_measured():
    """Fails if a curve is missing, mislabelled, or starts at epoch 0."""
    display = TrainingCurveDisplay.from_estimator(fitted(VALIDATED, 2))
    loss, accuracy = display.ax_
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    np.testing.assert_array_equal(curves(loss)["training"], VALIDATED["loss"])
    np.testing.assert_array_equal(curves(loss)["validation"], VALIDATED["val_loss"])
    np.testing.assert_array_equal(curves(accuracy)["training"], VALIDATED["accuracy"])
    np.testing.assert_array_equal(curves(accuracy)["validation"], VALIDATED["val_accuracy"])
    assert loss.lines[0].get_xdata().tolist() == [1, 2, 3]
    for axes in display.ax_:
        (best,) = [line for line in axes.lines if line.get_label() == "best epoch"]
        assert set(best.get_xdata()) == {2}
    assert display.figure_ is loss.figure
    assert legend(display) == ["training", "validation", "best epoch"]


@pytest.mark.parametrize(
    ("history", "best", "early_stopping", "epoch"),
    [
        (VALIDATED, 3, False, None),  # followed on X_val, not stopped
        (VALIDATED, 3, True, 3),  # the best is the last: it still is the best
        (VALIDATED, 1, True, 1),
        (VALIDATED, 2, False, 2),  # stopped, and its parameter set anew since
        (HISTORY, 3, True, None),  # too few rows to set some aside
    ],
)
def test_best_epoch(history, best, early_stopping, epoch):
    """Fails if an epoch is marked that early stopping has not chosen, or none where it has."""
    estimator = fitted(history, best, early_stopping=early_stopping)
    wanted = {} if epoch is None else {"best epoch": epoch}
    assert marked(TrainingCurveDisplay.from_estimator(estimator)) == wanted


def test_without_validation():
    """Fails if the last epoch is marked as best where nothing was validated."""
    display = TrainingCurveDisplay.from_estimator(fitted(HISTORY, 3))
    assert set(curves(display.ax_[0])) == {"training"}
    assert legend(display) == ["training"]
    display.figure_.canvas.draw()


def test_validation_of_some_epochs():
    """Fails if epochs without validation (before `warm_start` went on) shift the others."""
    gone_on = HISTORY | {"val_loss": [np.nan, np.nan, 0.6], "val_accuracy": [np.nan] * 3}
    display = TrainingCurveDisplay(gone_on).plot()
    np.testing.assert_array_equal(curves(display.ax_[0])["validation"], [np.nan, np.nan, 0.6])
    assert display.ax_[0].lines[1].get_marker() == "s"  # a single point is seen
    assert set(curves(display.ax_[1])) == {"training"}  # and an empty line has no legend


def test_further_losses():
    """Fails if losses on unlabelled rows are dropped, or drawn as if they were the loss."""
    further = {"adversarial_loss": [3, 2, 1], "entropy": [0.6, 0.3, 0.2]}
    display = TrainingCurveDisplay(VALIDATED | further).plot()
    assert [axes.get_ylabel() for axes in display.ax_] == ["loss", "accuracy", "further losses"]
    drawn = curves(display.ax_[2])
    assert {key: list(y) for key, y in drawn.items()} == {
        "adversarial loss": [3, 2, 1],
        "entropy": [0.6, 0.3, 0.2],
    }
    assert len(display.ax_[2].get_legend().get_texts()) == 2
    _, ax = plt.subplots(1, 2)  # whoever has room for two gets the first two
    assert len(TrainingCurveDisplay(VALIDATED | further).plot(ax=ax).ax_[1].lines) == 2


def test_other_measures():
    """Fails if what is measured has to be accuracy."""
    history = {"loss": [2, 1], "mean_absolute_error": [1, 0.5], "val_loss": [3, 2]}
    display = TrainingCurveDisplay(history).plot()
    assert [axes.get_ylabel() for axes in display.ax_] == ["loss", "mean_absolute_error"]
    alone = TrainingCurveDisplay({"loss": [2, 1]}).plot()
    assert alone.ax_.shape == (1,)


def test_several_fits_in_one_picture():
    """Fails if two fits share a colour or a name, or the legend names one of them only."""
    first = TrainingCurveDisplay.from_estimator(fitted(VALIDATED, 2), name="LSTM")
    TrainingCurveDisplay.from_estimator(fitted(VALIDATED, 1), ax=first.ax_, name="GRU")
    names = [f"{n}, {c}" for n in ("LSTM", "GRU") for c in ("training", "validation", "best epoch")]
    assert legend(first) == names
    lines = [line for line in first.ax_[0].lines if line.get_marker() != "None"]
    assert len({line.get_color() for line in lines}) == 4
    assert marked(first) == {"LSTM, best epoch": 2, "GRU, best epoch": 1}


def test_draws_where_it_is_told():
    """Fails if `ax` is ignored and a second figure opened, or a foreign legend is removed."""
    figure, ax = plt.subplots(2)
    own = figure.legend([], [])
    display = TrainingCurveDisplay(HISTORY).plot(ax=ax)
    assert display.figure_ is figure and len(plt.get_fignums()) == 1 and figure.legends == [own]
    assert [text.get_text() for text in ax[1].get_legend().get_texts()] == ["training"]
    assert display.plot() is display and display.figure_ is not figure
    with pytest.raises(ValueError, match="ax has 3 axes, but there is only loss, accuracy"):
        display.plot(ax=plt.subplots(3)[1])


def test_one_epoch():
    """Fails if a single point is an invisible line, or half an epoch has a tick."""
    display = TrainingCurveDisplay({"loss": [0.5], "accuracy": [0.5]}).plot()
    assert display.ax_[0].lines[0].get_marker() == "o"
    display.figure_.canvas.draw()
    low, high = display.ax_[0].get_xlim()
    assert [tick for tick in display.ax_[0].get_xticks() if low <= tick <= high] == [1]


def test_unfitted():
    """Fails if a missing fit shows as an AttributeError of the display's own."""
    pipe = make_pipeline(FunctionTransformer(), DummyClassifier())
    with pytest.raises(ValueError, match=r"DummyClassifier has no history_.*fitted RNNClassifier"):
        TrainingCurveDisplay.from_estimator(pipe)
    search = GridSearchCV(DummyClassifier(), {}).fit([[0]] * 10, [0, 1] * 5)
    with pytest.raises(
        ValueError, match=r"GridSearchCV has no history_.* Pass its best_estimator_\.$"
    ):
        TrainingCurveDisplay.from_estimator(search)


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ({"loss": []}, "no epoch to draw"),  # read from a checkpoint of pretraining
        ({"accuracy": [0.5]}, "no values of 'loss'"),
        (
            {"loss": [1, 2], "accuracy": [1]},
            r"have different lengths: \{'loss': 2, 'accuracy': 1\}",
        ),
    ],
)
def test_bad_history(history, message):
    """Fails if an unusable history gives an empty picture or an error of matplotlib's."""
    with pytest.raises(ValueError, match=message):
        TrainingCurveDisplay(history).plot()
    assert not plt.get_fignums()
