"""What every display must bear: dark pages, odd names, parts of figures, and being copied."""

import copy
import pickle
import re
import xml.etree.ElementTree as ET
from io import BytesIO

import matplotlib
import numpy as np
import pytest

from skrnn.inspection import Explanation, TokenAttributionDisplay, Trace, TraceDisplay
from skrnn.plotting import (
    ConfusionMatricesDisplay,
    CorpusDisplay,
    SearchCurveDisplay,
    TrainingCurveDisplay,
    style,
)

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb

from tests.repeats import some

ODD = "ok\x0b\x1f\ufffe\ud800\u202e"
WRITTEN = r"ok\x0b\x1f\ufffe\ud800\u202e"
HISTORY = {"loss": [0.7, 0.5], "accuracy": [0.5, 0.7], "val_loss": [0.7, 0.6], "entropy": [1, 0]}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def confusion(name):
    matrix = np.array([[5, 1], [0, 9]])
    return ConfusionMatricesDisplay({name: matrix, "b": matrix}, display_labels=[name, "no"])


def corpus(_):
    lengths = np.array([3, 5, 8, 40])
    return CorpusDisplay(lengths, np.array([30, 20, 5, 1]), 9, 10, 2, known=(3, 0.9))


def search(name, n_others=10):
    units = [name, *range(n_others)]
    params = [{"epochs": e, "units": u} for u in units for e in (1, 2)]
    mean = np.linspace(0.9, 0.5, len(params))
    mean[3] = np.nan
    results = {"params": params, "mean_test_score": mean, "std_test_score": mean / 50}
    shown = SearchCurveDisplay.from_cv_results(results)
    return SearchCurveDisplay(shown.param, shown.curves, shown.best_index)


def explained(name, values=(0.5, -1.0), tokens=True):
    values = np.array(values)
    return Explanation(
        text=None, tokens=[name, "no"][: len(values)] if tokens else None, spans=None, ids=None,
        values=values, target=name, prediction="no", probability=0.75, score=1.1,
        baseline_score=-0.2, method="occlusion", n_steps=None,
    )  # fmt: skip


def tokens(name):
    return TokenAttributionDisplay(explained(name))


def unknown(name):
    return TokenAttributionDisplay(explained(name, [0.0]))


def channels(name):
    return TokenAttributionDisplay(explained(name, [[0.1, -0.4], [0.0, 0.3]], tokens=False))


def trace(name):
    arrays = {"input_gate": np.eye(2), "cell": np.array([[3.0, -1.0], [0.2, 0.0]])}
    return TraceDisplay(Trace(None, [name, "no"], None, "lstm", np.eye(2), [{"forward": arrays}]))


def training(name):
    return TrainingCurveDisplay(HISTORY, best_epoch=1, name=name)


def unnamed(_):
    return TrainingCurveDisplay(HISTORY, best_epoch=1)


# With the number of axes that they draw into.
MAKERS = {
    confusion: 2, corpus: 2, search: 1, tokens: 1, unknown: 1, channels: 1, trace: 2, training: 3,
    unnamed: 3,
}  # fmt: skip


@pytest.fixture(params=MAKERS, ids=lambda make: make.__name__)
def make(request):
    return request.param


def luminance(color):
    parts = np.array(to_rgb(color))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(color, other):
    """The contrast of two colours as the WCAG 2.2 define it, from 1 to 21."""
    low, high = sorted((luminance(color), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def drawn(figure):
    """Lines, marks and texts of a picture: how they are called, their colour, wanted contrast."""
    for axes in figure.axes:
        for line in axes.lines:
            # Curves are of all hues; the grey of those without a name has 1.83 on white.
            is_upright = len(set(line.get_xdata())) == 1 < len(line.get_xdata())
            yield line.get_label(), line.get_color(), 3.5 if is_upright else 1.8
            if line.get_marker() != "None":
                yield line.get_label(), line.get_markeredgecolor(), 1.8
        texts = [axes.xaxis.label, axes.yaxis.label, axes.title]
        texts += [*axes.get_xticklabels(), *axes.get_yticklabels()]
        texts += [] if axes.images else axes.texts  # in the cells of a matrix
        legend = axes.get_legend()
        texts += legend.get_texts() if legend else []
        for text in texts:
            if text.get_text():
                yield text.get_text(), text.get_color(), 3.5


@pytest.mark.parametrize("sheet", some(["default", "dark_background"], "dark_background"))
def test_seen_on_any_page(make, sheet):
    """Fails if a line, a mark or a text is drawn in nearly the colour of the page behind it."""
    with plt.style.context(sheet):
        display = make("a").plot()
        display.figure_.draw_without_rendering()
        page = display.figure_.axes[0].get_facecolor()
        found = list(drawn(display.figure_))
        assert found
        for name, color, wanted in found:
            assert contrast(color, page) > wanted, (name, color)


def test_ink():
    """Fails if a grey is not as far from the page as it is from white, or black stays black."""
    assert style.ink() == (0, 0, 0) and style.ink(1) == (1, 1, 1)
    assert style.ink(0.3) == pytest.approx(to_rgb("0.3"))
    assert [style.line_color(i) for i in (0, 8)] == [style.COLORS[0], style.COLORS[1]]
    assert to_rgb(style.line_color(6)) == (0, 0, 0)
    with plt.style.context("dark_background"):
        assert style.ink() == style.line_color(6) == (1, 1, 1)
        assert style.ink(0.3) == pytest.approx(to_rgb("0.7"))
    with plt.rc_context({"axes.facecolor": "none", "figure.facecolor": "white"}):
        assert style.ink(1) == (1, 1, 1)


def test_no_two_lines_of_a_search_are_alike_on_a_dark_page():
    """Fails if black became the colour of another line, or of the page."""
    with plt.style.context("dark_background"):
        lines = search("a").plot().lines_[:7]
    assert len({to_rgb(line.get_color()) for line in lines}) == 7
    assert all(contrast(line.get_color(), "black") > 2.5 for line in lines)


@pytest.mark.slow
def test_svg_is_xml(make):
    """Fails if a control character of a label comes into the file, which no browser shows then.

    SVG writes texts twice: as shapes, and as comments.
    """
    display = make(ODD).plot()
    out = BytesIO()
    with plt.rc_context({"svg.fonttype": "none"}):  # texts as texts
        display.figure_.savefig(out, format="svg")
    text = out.getvalue().decode()
    ET.fromstring(text)
    if make is trace:
        assert WRITTEN[:13] + "\u2026" in text  # cut
    elif make not in (corpus, unnamed):
        assert WRITTEN in text


def test_printable():
    """Fails if a name that can be drawn is changed, or two different ones become alike."""
    for name in ("caf\xe9", "c'est bon\xa0!", "\u05e9\u05dc\u05d9\u05dc\u05d9", "a\u200cb", "a\nb"):
        assert style.printable(name) == name
    assert style.printable("\t\x85\u2028\u2066") == r"\t\x85\u2028\u2066"
    assert style.printable(3) == "3"


def test_draws_into_a_part_of_a_figure(make):
    """Fails if a display asks a part of a figure for what only the whole has."""
    part, other = plt.figure(figsize=(16, 5), layout="constrained").subfigures(1, 2)
    display = make("a").plot(ax=part.subplots(1, MAKERS[make]))
    display.figure_.canvas.draw()
    assert display.figure_ is part and not other.axes


def test_numbers_fit_the_cells_of_a_part():
    """Fails if numbers are as large as the whole figure's cells would have room for."""
    part = plt.figure(figsize=(8, 4)).subfigures(1, 4)[0]
    matrix = np.full((8, 8), 1234)
    display = ConfusionMatricesDisplay({"a": matrix}).plot(ax=part.subplots(), colorbar=False)
    display.figure_.canvas.draw()
    (panel,) = display.displays_.values()
    pitch = panel.ax_.get_window_extent().width / 8
    assert panel.text_[0, 0].get_window_extent().width < pitch


@pytest.mark.slow
def test_can_be_copied(make):
    """Fails if a drawn display cannot be pickled or copied, for a function made on the way."""
    display = make("a").plot()
    for copied in (pickle.loads(pickle.dumps(display)), copy.deepcopy(display)):
        copied.figure_.draw_without_rendering()
        first = [text.get_text() for text in np.ravel(copied.ax_)[-1].get_xticklabels()]
        assert first == [text.get_text() for text in np.ravel(display.ax_)[-1].get_xticklabels()]


def test_numbers_of_words():
    """Fails if the axis of words has powers of ten, or no commas."""
    display = CorpusDisplay(np.array([9]), np.ones(20_000)).plot()
    display.figure_.draw_without_rendering()
    shown = [text.get_text() for text in display.ax_[1].get_xticklabels()]
    assert {"1", "100", "10,000"} <= set(shown)


@pytest.mark.parametrize("name", ["_mine", "__", "_child0"])
def test_names_with_an_underscore_are_in_the_legend(name):
    """Fails if matplotlib takes a name that begins with an underscore for one of its own."""
    (legend,) = training(name).plot().figure_.legends
    shown = [text.get_text().strip() for text in legend.get_texts()]
    assert shown == [f"{name}, training", f"{name}, validation", f"{name}, best epoch"]
    display = SearchCurveDisplay.from_cv_results(
        {"params": [{"epochs": 1, "_a": u} for u in (1, 2)], "mean_test_score": [0.2, 0.1]},
        param="epochs",
    )
    (legend,) = display.figure_.legends
    assert [text.get_text().strip() for text in legend.get_texts()][:2] == ["_a=1", "_a=2"]


@pytest.mark.slow
def test_dollars(make):
    """Fails if dollars of a name make a formula, or show a backslash where they cannot."""
    name = "$a_$ or $b$"
    for makes_formulas in (True, False):
        with plt.rc_context({"text.parse_math": makes_formulas}):
            display = make(name).plot()
            display.figure_.draw_without_rendering()
            for text in display.figure_.findobj(matplotlib.text.Text):
                shown, is_formula = text._preprocess_math(text.get_text())
                assert r"\$" not in shown and not (is_formula and "or" in shown)
        plt.close("all")


@pytest.mark.parametrize("make_one", [search, tokens, channels])
def test_one_axes_however_it_is_passed(make_one):
    """Fails if an array of one axes, as subplots(squeeze=False) returns, is not taken."""
    figure, ax = plt.subplots(squeeze=False)
    for passed in (ax, [ax[0, 0]], ax[0, 0]):
        display = make_one("a").plot(ax=passed)
        assert display.ax_ is ax[0, 0] and display.figure_ is figure
    name = type(display).__name__
    with pytest.raises(ValueError, match=f"{name} needs one axes, but ax has 2. Pass one"):
        make_one("a").plot(ax=plt.subplots(2)[1])


def test_what_is_no_axes(make):
    """Fails if a figure passed as axes shows as an AttributeError from inside."""
    display = make("a")
    wanted = f"{type(display).__name__} needs matplotlib axes, but ax has a Figure"
    with pytest.raises(TypeError, match=re.escape(wanted)):
        display.plot(ax=plt.figure())
