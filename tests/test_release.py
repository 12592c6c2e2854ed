"""What is released: its metadata, and that it builds to the same bytes twice."""

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import skrnn

ROOT = Path(skrnn.__file__).parent.parent
PARTS = ["skrnn", "tests", "examples", "docs"]
FILES = ["README.md", "LICENSE", "CITATION.cff", "pyproject.toml", ".gitignore"]

pytestmark = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").exists(), reason="needs the repository"
)


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_one_version():
    """Fails if package, metadata, citation and changelog disagree on the version."""
    version = skrnn.__version__
    assert project()["version"] == version
    assert re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.M)[1] == version
    assert re.search(r"^## (\S+)", (ROOT / "docs/changelog.md").read_text(), re.M)[1] == version


def test_classifiers_say_what_is_asked_for():
    """Fails if the versions of Python that are named leave out the oldest that is admitted."""
    told = [re.search(r"Python :: (3\.\d+)$", line) for line in project()["classifiers"]]
    oldest = min((found[1] for found in told if found), key=lambda version: int(version[2:]))
    assert project()["requires-python"] == f">={oldest}"


def test_licence_is_the_one_that_is_named():
    """Fails if the licence's text and its name in metadata and citation differ."""
    name = project()["license"]
    assert name == "BSD-3-Clause" and "BSD 3-Clause" in (ROOT / "LICENSE").read_text()
    assert f"license: {name}\n" in (ROOT / "CITATION.cff").read_text()


def copy_of_the_tree(folder):
    """Copy what is released, so that nothing changes it between two builds."""
    ignore = shutil.ignore_patterns("__pycache__", "_build", "gallery", "generated")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=ignore)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


def build(folder):
    """Build sdist and wheel of the tree in this folder; return their paths."""
    subprocess.run(
        [sys.executable, "-m", "build", folder, "--outdir", folder / "dist"],
        check=True,
        capture_output=True,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
        timeout=600,
    )
    return sorted((folder / "dist").iterdir())


@pytest.mark.slow
@pytest.mark.network
def test_builds_to_the_same_bytes(tmp_path):
    """Fails if two builds differ, if twine finds fault, or if something is left out or too much.

    The build's own environment is made by pip, which downloads hatchling.
    """
    for name in ("build", "twine"):
        pytest.importorskip(name, reason="needs the extra dev")
    tree = copy_of_the_tree(tmp_path / "tree")
    first, second = (build(shutil.copytree(tree, tmp_path / name)) for name in ("a", "b"))
    assert [path.suffix for path in first] == [".whl", ".gz"]
    for one, other in zip(first, second, strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes(), one.name
    subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *first], check=True, timeout=100
    )

    wheel, sdist = first
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        info = f"skrnn-{skrnn.__version__}.dist-info"
        metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
    sources = {path.relative_to(tree).as_posix() for path in (tree / "skrnn").rglob("*.py")}
    templates = {path.relative_to(tree).as_posix() for path in (tree / "skrnn").rglob("*.html")}
    assert "skrnn/cli/report/templates/report.html" in templates
    style = "skrnn/cli/report/templates/style.css"
    assert sources | templates | {"skrnn/py.typed", "skrnn/__init__.pyi", style} <= names
    assert {name.split("/")[0] for name in names} == {"skrnn", info}
    assert f"{info}/licenses/LICENSE" in names
    assert metadata["License-Expression"] == "BSD-3-Clause"
    with tarfile.open(sdist) as archive:
        packed = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {*FILES, "docs/conf.py", "examples/plot_digits.py"} <= packed
    assert not any("__pycache__" in name for name in packed | names)
