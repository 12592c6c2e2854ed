"""Versions of packages whose distributions have other names, or none.

Each test's docstring says what would fail it.
"""

import importlib.metadata
from pathlib import Path

import numpy as np
import pytest
import sklearn

import skrnn
from skrnn.backend import versions
from skrnn.fileformat import container

FOLDER = Path(skrnn.__file__).parent
NAMES = ["tensorflow", "keras", "numpy", "scipy", "scikit-learn", "numba", "matplotlib", "jinja2",
         "safetensors", "pandas"]  # fmt: skip


@pytest.fixture
def without(monkeypatch):
    """Return a function that lets distributions be missing; None for all."""
    found = importlib.metadata.version

    def hide(names, called=None):
        def version(name):
            if names is None or name in names:
                raise importlib.metadata.PackageNotFoundError(name)
            return (called or {}).get(name) or found(name)

        monkeypatch.setattr(importlib.metadata, "version", version)

    return hide


def test_nothing_else_assumes_a_name():
    """Fails if another module asks for the version of a distribution."""
    users = [path for path in FOLDER.rglob("*.py") if "importlib.metadata" in path.read_text()]
    assert [path.name for path in users] == ["versions.py"]


def test_the_versions_are_those_of_the_modules():
    """Fails if the distribution of a package is confused with another."""
    assert versions.version_of("numpy") == np.__version__
    assert versions.version_of("scikit-learn") == sklearn.__version__


def test_another_distribution(without, monkeypatch):
    """Fails if tensorflow-cpu is not seen as what brings the module tensorflow."""
    without({"tensorflow"}, {"tensorflow-cpu": "2.99"})
    names = {"tensorflow": ["tensorflow-cpu"]}
    monkeypatch.setattr(versions, "_distributions", lambda: names)
    assert versions.version_of("tensorflow") == "2.99"


@pytest.mark.parametrize("name", NAMES)
def test_no_distribution(without, monkeypatch, name):
    """Fails if a package without metadata is an error: from a loaded module, or unknown."""
    without(None)
    module = {"scikit-learn": "sklearn"}.get(name, name)
    monkeypatch.setitem(versions.sys.modules, module, type("Module", (), {"__version__": 9})())
    assert versions.version_of(name) == "9"
    monkeypatch.delitem(versions.sys.modules, module)
    assert versions.version_of(name) is None


def test_files_and_searches(without, tmp_path):
    """Fails if a file cannot be written or read, or a search has no name for its results."""
    from skrnn.search.results import ResultFolder

    without(None)
    container.write(tmp_path / "file", {"a": 1}, {})
    assert container.read(tmp_path / "file")[0] == {"a": 1}
    folder = ResultFolder(tmp_path / "results", [], ([], []))
    name = folder.name("fit")
    folder.write(name, [{"score": 1.0}])
    assert folder.read(name) == [{"score": 1.0}]


def test_a_training_and_its_checkpoints(without):
    """Fails if the versions of a state end the fit after its first epoch."""
    from skrnn.training.state import versions as of_training

    without({"tensorflow", "keras", "numpy", "numba"})
    found = of_training()
    assert found["numpy"] == np.__version__ and "tensorflow" in found
