"""Pictures of explanations and traces, drawn without TensorFlow from what these hold."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from skrnn.inspection import Explanation, TokenAttributionDisplay, Trace, TraceDisplay
from skrnn.inspection.attribution_display import AGAINST, FOR, MAP_AGAINST, MAP_FOR, diverging
from tests.plotting.test_plotting import seen

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def explanation(values, tokens=None, text=None, spans=None, prediction="a$b$"):
    values = np.asarray(values, float)
    return Explanation(
        text=text, tokens=tokens, spans=spans, ids=None, values=values, target="a$b$",
        prediction=prediction,
        probability=0.75, score=1.1, baseline_score=-0.2, method="occlusion", n_steps=None,
    )  # fmt: skip


def gates(n_steps, *names, units=3):
    rng = np.random.default_rng(0)
    return {name: rng.uniform(-1, 1, (n_steps, units)) for name in names}


def traced(n_steps=5, tokens=True):
    tokens = [f"w{i}" for i in range(n_steps)] if tokens else None
    lstm = ["input_gate", "forget_gate", "candidate", "output_gate", "cell", "hidden"]
    layers = [
        {"forward": gates(n_steps, *lstm), "backward": gates(n_steps, *lstm)},
        {"forward": gates(n_steps, *lstm, units=2), "backward": gates(n_steps, *lstm, units=2)},
    ]
    return Trace(None, tokens, None, "lstm", np.zeros((n_steps, 4)), layers)


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_bars():
    """Fails if a bar is another token's, turned, or coloured against its sign; or text lost."""
    text = "It WASN'T $good$"
    spans = np.array([[0, 2], [3, 6], [6, 9], [11, 15]])
    display = explanation([0.5, 0, -1, 0.25], ["it", "was", "n't", "good"], text, spans).plot()
    axes = display.ax_
    assert isinstance(display, TokenAttributionDisplay) and display.figure_ is axes.figure
    assert [bar.get_width() for bar in axes.patches] == [0.5, 0, -1, 0.25]
    colors = [bar.get_facecolor()[:3] for bar in axes.patches]
    assert colors[0] == colors[3] == to_rgb(FOR) and colors[2] == to_rgb(AGAINST)
    assert labels(axes.yaxis) == ["It", "WAS", "N'T", "good"]
    bottom, top = axes.get_ylim()
    assert bottom > top  # the first token on top
    title = "a\\$b\\$: probability 0.750\nscore +1.10 (with all words unknown -0.20)"
    assert axes.get_title() == title
    other = explanation([0.5], ["it"], prediction="c").plot().ax_.get_title()
    assert other.startswith(r"a\$b\$ (predicted: c): probability 0.750")
    assert "occlusion" in axes.get_xlabel()
    assert -axes.get_xlim()[0] == axes.get_xlim()[1] > 1


def test_only_the_strongest():
    """Fails if of a long text other tokens are drawn, out of order, or nothing is said of it."""
    values = np.zeros(50)
    values[[7, 30, 45]] = 1, -3, 2
    found = explanation(values, [f"w{i}" for i in range(50)])
    display = TokenAttributionDisplay(found, max_tokens=3).plot()
    assert labels(display.ax_.yaxis) == ["w7", "w30", "w45"]
    assert "47 tokens" in display.ax_.get_xlabel()
    assert len(found.plot().ax_.patches) == 30
    with pytest.raises(ValueError, match="max_tokens must be a positive integer, got 0"):
        TokenAttributionDisplay(found, max_tokens=0).plot()


def test_tokens_that_fonts_do_not_have():
    """Fails if half a character stops the drawing, or a long token leaves no room for bars."""
    found = explanation([1, 2, 3, 4], ["a\nb", "\ud800", "x" * 60, ""])
    display = found.plot()
    display.figure_.canvas.draw()
    assert labels(display.ax_.yaxis) == [r"a\nb", r"\ud800", "x" * 23 + "\u2026", ""]


def test_nothing_to_draw():
    """Fails if an empty text, or one of unknown words, cannot be drawn, or looks like a failure."""
    for found in (explanation([], []), explanation([0.0], ["xyzzy"])):
        display = found.plot()
        display.figure_.canvas.draw()
        (told,) = display.ax_.texts
        assert told.get_text() in ("no known word", "all 0")
    assert not explanation([0.0, 0.1], ["xyzzy", "good"]).plot().ax_.texts


def test_channels():
    """Fails if time and channels are exchanged, or zero is not white."""
    values = np.array([[0.1, -0.4], [0.0, 0.3], [0.2, 0.0]])
    display = explanation(values).plot()
    (image,) = display.ax_.images
    np.testing.assert_array_equal(image.get_array(), values.T)
    assert image.get_clim() == (-0.4, 0.4)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("time step", "channel")
    assert image.cmap(image.norm(0.0))[:3] == pytest.approx((1, 1, 1), abs=0.02)
    assert image.cmap(image.norm(0.4))[:3] == pytest.approx(to_rgb(MAP_FOR))
    assert image.cmap(image.norm(-0.4))[:3] == pytest.approx(to_rgb(MAP_AGAINST))


def test_maps_of_gates():
    """Fails if a map is of another gate, layer or direction, transposed, or on another scale."""
    found = traced()
    display = found.plot(layer=-1, direction="backward")
    arrays = found.layers[1]["backward"]
    assert len(display.ax_) == 6 and display.figure_ is display.ax_[0].figure
    for axes, (name, array) in zip(display.ax_, arrays.items(), strict=True):
        (image,) = axes.images
        np.testing.assert_array_equal(image.get_array(), array.T)
        assert axes.get_title(loc="left") == name.replace("_", " ")
        assert image.get_clim() == ((0, 1) if name.endswith("gate") else (-1, 1))
    assert labels(display.ax_[-1].xaxis) == ["w0", "w1", "w2", "w3", "w4"]
    assert "right to left" in display.ax_[-1].get_xlabel()
    assert display.ax_[0].get_title(loc="right") == "layer 2, backward"
    found.layers[0]["forward"]["cell"][:] *= 4  # a cell goes beyond 1
    (axes,) = TraceDisplay(found, activations=["cell"]).plot().ax_
    limit = np.abs(found.layers[0]["forward"]["cell"]).max()
    assert axes.images[0].get_clim() == (-limit, limit)


def test_scale_of_a_cell_is_told():
    """Fails if a hidden state seems stronger than the cell it is of: full colour is 1 there."""
    found = traced()
    found.layers[0]["forward"]["cell"][0, 0] = -3.24
    display = TraceDisplay(found, activations=["candidate", "cell", "hidden"]).plot()
    titles = [axes.get_title(loc="left") for axes in display.ax_]
    assert titles == ["candidate", "cell (full colour at ±3.2)", "hidden"]
    clims = [axes.images[0].get_clim() for axes in display.ax_]
    assert clims == [(-1, 1), (-3.24, 3.24), (-1, 1)]


@pytest.mark.parametrize("deficiency", ["none", "protanopia", "deuteranopia"])
def test_signs_on_a_map_differ_for_everyone(deficiency):
    """Fails if strong values of both signs are equally dark, or alike to the colour-blind."""
    colors = diverging()
    for strength in (0.5, 0.75, 1.0):
        against = seen(colors(0.5 - strength / 2)[:3], deficiency)
        speaks_for = seen(colors(0.5 + strength / 2)[:3], deficiency)
        grey = [np.dot(color, [0.299, 0.587, 0.114]) for color in (against, speaks_for)]
        assert grey[0] - grey[1] > 0.25 * strength
        assert (against[0] > against[2]) and (speaks_for[0] < speaks_for[2])  # warm, and cold
    # And white is in the middle of both ways.
    assert colors(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.02)


def test_many_steps():
    """Fails if the labels of a long text run into each other, or name other steps."""
    display = traced(200).plot(activations=["hidden"])
    shown = labels(display.ax_[0].xaxis)
    assert len(shown) <= 48
    places = display.ax_[0].get_xticks()
    assert shown == [f"w{int(place)}" for place in places]
    numbers = traced(7, tokens=False).plot(activations=["hidden"])
    assert numbers.ax_[0].get_xlabel() == "time step"


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"layer": 2}, "layer=2: the network has 2 layers"),
        ({"direction": "up"}, "direction='up': the layer reads forward and backward"),
        ({"activations": ["reset_gate"]}, "'lstm' has input_gate, forget_gate"),
        ({"activations": []}, "'lstm' has input_gate"),
    ],
)
def test_what_a_trace_has_not(kwargs, message):
    """Fails if a wrong name is a KeyError of the display's own."""
    with pytest.raises(ValueError, match=message):
        TraceDisplay(traced(), **kwargs).plot()


def test_what_is_not_drawn():
    """Fails if another thing than the display's own shows as an AttributeError from inside it."""
    with pytest.raises(TypeError, match="draws a Trace, got a list. Pass an element"):
        TraceDisplay([traced()]).plot()
    with pytest.raises(TypeError, match="layer must be an integer, got 'a'"):
        TraceDisplay(traced(), layer="a").plot()
    with pytest.raises(TypeError, match="draws an Explanation, got a NoneType"):
        TokenAttributionDisplay(None).plot()
    assert len(TraceDisplay(traced(), activations="hidden").plot().ax_) == 1


def test_draws_where_it_is_told():
    """Fails if `ax` is ignored and a second figure opened."""
    figure, ax = plt.subplots(2)
    display = TraceDisplay(traced(), activations=["cell", "hidden"]).plot(ax=ax)
    assert display.figure_ is figure and len(plt.get_fignums()) == 1
    with pytest.raises(ValueError, match="ax has 2 axes, but must have 6"):
        TraceDisplay(traced()).plot(ax=ax)
    figure, ax = plt.subplots()
    assert explanation([1.0], ["a"]).plot(ax=ax).figure_ is figure


def test_from_estimator(monkeypatch):
    """Fails if another method or target is drawn than asked for, or one of several texts."""
    calls = []

    def explain(estimator, X, **kwargs):
        calls.append((estimator, X, kwargs))
        return [explanation([1.0], ["a"])] * len(X)

    monkeypatch.setattr("skrnn.inspection.explaining.explain", explain)

    def trace(estimator, X, *, network):
        calls.append(network)
        return [traced()] * len(X)

    monkeypatch.setattr("skrnn.inspection.tracing.trace", trace)
    TokenAttributionDisplay.from_estimator("pipe", ["a"], method="occlusion", target=1)
    assert calls == [("pipe", ["a"], {"method": "occlusion", "target": 1})]
    shown = TraceDisplay.from_estimator("pipe", ["a"], network=2, layer=1, activations=["cell"])
    assert calls[1:] == [2]
    assert shown.ax_[0].images[0].get_array().shape == (2, 5)
    for display in (TokenAttributionDisplay, TraceDisplay):
        with pytest.raises(ValueError, match="draws one text, but X has 2 rows"):
            display.from_estimator("pipe", ["a", "b"])
