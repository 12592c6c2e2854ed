"""The learning curve, drawn without TensorFlow from what a fitted estimator has."""

import builtins
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
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


def fitted(history, best_epoch):
    return SimpleNamespace(history_=history, best_epoch_=best_epoch, n_iter_=len(history["loss"]))


def curves(axes):
    return {line.get_label(): line.get_ydata() for line in axes.lines}


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


def test_without_validation():
    """Fails if the last epoch is marked as best where nothing was validated."""
    display = TrainingCurveDisplay.from_estimator(fitted(HISTORY, 3))
    assert set(curves(display.ax_[0])) == {"training"}
    display.figure_.canvas.draw()


def test_draws_where_it_is_told():
    """Fails if `ax` is ignored and a second figure opened."""
    figure, ax = plt.subplots(2)
    display = TrainingCurveDisplay(HISTORY).plot(ax=ax)
    assert display.figure_ is figure and len(plt.get_fignums()) == 1
    assert display.plot() is display and display.figure_ is not figure


def test_one_epoch():
    """Fails if a single point is an invisible line: it has a marker."""
    display = TrainingCurveDisplay({"loss": [0.5], "accuracy": [0.5]}).plot()
    assert display.ax_[0].lines[0].get_marker() == "o"


def test_unfitted():
    """Fails if a missing fit shows as an AttributeError of the display's own."""
    pipe = make_pipeline(FunctionTransformer(), DummyClassifier())
    with pytest.raises(ValueError, match=r"DummyClassifier has no history_.*fitted RNNClassifier"):
        TrainingCurveDisplay.from_estimator(pipe)


def test_missing_matplotlib_says_how_to_install_it(monkeypatch):
    """Fails if the error does not have the command."""
    real = builtins.__import__

    def without_matplotlib(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    with pytest.raises(ImportError, match=r"pip install 'skrnn\[plot\]'"):
        TrainingCurveDisplay(HISTORY).plot()
