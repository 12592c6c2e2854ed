"""What all pictures have in common: what importing them loads, errors, docstrings, colours."""

import builtins
import doctest
import importlib
import inspect
import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import pytest
from test_package import documented_parameters

import skrnn.plotting
from skrnn.plotting import style

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb

DISPLAYS = [
    "ConfusionMatricesDisplay",
    "CorpusDisplay",
    "SearchCurveDisplay",
    "TrainingCurveDisplay",
]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.slow
def test_import_is_light():
    """Fails if importing the displays loads matplotlib, which is an extra, or TensorFlow."""
    code = (
        "import sys, skrnn.plotting; "
        "print([m for m in ('matplotlib', 'tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_missing_matplotlib_says_how_to_install_it(monkeypatch):
    """Fails if the error of any display does not have the command."""
    real = builtins.__import__

    def without_matplotlib(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    curve = SimpleNamespace(label="", x=[1], mean=[1], std=[0], rows=[0])
    displays = [
        skrnn.plotting.ConfusionMatricesDisplay({"a": [[1, 0], [0, 1]]}),
        skrnn.plotting.CorpusDisplay([1], [1]),
        skrnn.plotting.SearchCurveDisplay("epochs", [curve], 0),
        skrnn.plotting.TrainingCurveDisplay({"loss": [0.7]}),
    ]
    assert [type(display).__name__ for display in displays] == DISPLAYS
    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    for display in displays:
        wanted = rf"{type(display).__name__} needs.* pip install \"skrnn\[plot\]\""
        with pytest.raises(ImportError, match=wanted):
            display.plot()


@pytest.mark.parametrize("name", DISPLAYS)
def test_documented_parameters(name):
    """Fails if a docstring's parameters or defaults drift from the signature."""
    cls = getattr(skrnn.plotting, name)
    things = [cls] + [
        getattr(cls, method)
        for method, thing in vars(cls).items()
        if not method.startswith("_") and inspect.isroutine(getattr(thing, "__func__", thing))
    ]
    for thing in things:
        told = documented_parameters(inspect.getdoc(thing))
        parameters = [p for p in inspect.signature(thing).parameters.values() if p.name != "self"]
        assert list(told) == [p.name for p in parameters], thing
        for parameter in parameters:
            said = told[parameter.name].partition("default=")[2]
            if parameter.default is inspect.Parameter.empty:
                assert not said, parameter
            else:
                assert eval(said) == parameter.default, parameter


@pytest.mark.slow
@pytest.mark.parametrize("module", ["confusion", "corpus", "cv_results", "search", "training"])
def test_examples_in_docstrings(module):
    """Fails if an example in a docstring does not run, or prints something else."""
    assert doctest.testmod(importlib.import_module(f"skrnn.plotting.{module}")).failed == 0


def seen(color, deficiency):
    """A colour as Machado et al. (2009) simulate it for somebody without one kind of cones."""
    red, green, blue = to_rgb(color)
    rows = {
        "protanopia": [(0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)],
        "deuteranopia": [(0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)],
        "none": [(1, 0, 0), (0, 1, 0), (0, 0, 1)],
    }[deficiency]
    return [r * red + g * green + b * blue for r, g, b in rows]


@pytest.mark.parametrize("deficiency", ["none", "protanopia", "deuteranopia"])
def test_colors_differ_for_everyone(deficiency):
    """Fails if two of the first four colours look alike without red or green cones.

    matplotlib's default colours do: their green and red.
    """
    shades = [seen(color, deficiency) for color in style.COLORS[:4]]
    for i, one in enumerate(shades):
        for other in shades[:i]:
            assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 0.15


def test_lines_differ_without_colors():
    """Fails if two of eight lines have the same colour, dash and marker."""
    looks = {
        (style.COLORS[i % 7], style.DASHES[i % len(style.DASHES)], style.MARKERS[i % 7])
        for i in range(8)
    }
    assert len(looks) == 8


def test_plain_text():
    """Fails if two dollars in a class name make a formula of what stands between them."""
    text = plt.figure().text(0, 0, style.plain("$5_a$"))
    assert text._preprocess_math(text.get_text()) == ("$5_a$", False)
