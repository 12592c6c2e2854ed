"""Examples in docstrings: every public name has one, and all of them run."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

import skrnn

pytestmark = pytest.mark.slow

PACKAGE = Path(skrnn.__file__).parent
ROOT = PACKAGE.parent
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules_with_examples():
    """Return the names of the modules whose source has a prompt; none of them is imported here."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if re.search(r"^ +>>> ", path.read_text(encoding="utf-8"), re.M):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def names_of_the_api():
    """Return the names on the page of the API, where there are pages, as they stand there."""
    page = ROOT / "docs" / "api.rst"
    if not page.exists():
        return []
    return re.findall(r"^   ([A-Za-z_][\w.]*)$", page.read_text(encoding="utf-8"), re.M)


@pytest.mark.parametrize("name", list(modules_with_examples()))
def test_examples_run(name, tmp_path, monkeypatch):
    """Fails if an example raises or prints something else than its docstring says."""
    monkeypatch.chdir(tmp_path)
    if ".plotting." in name:
        matplotlib = pytest.importorskip("matplotlib", reason="needs matplotlib to draw")
        matplotlib.use("agg")
    if ".onnx." in name:
        pytest.importorskip("onnx", reason="needs onnx to export")
        pytest.importorskip("onnxruntime", reason="needs onnxruntime to run what is exported")
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.attempted > 0, "the prompts of this module are in no docstring"
    assert result.failed == 0


@pytest.mark.parametrize("name", names_of_the_api())
def test_every_public_name_has_an_example(name):
    """Fails if a class or function on the page of the API shows nobody how it is used."""
    home, _, name = f"skrnn.{name}".rpartition(".")
    thing = getattr(importlib.import_module(home), name)
    texts = [inspect.getdoc(thing) or ""]
    if inspect.isclass(thing):
        texts += [inspect.getdoc(m) or "" for k, m in vars(thing).items() if k[0] != "_"]
    assert any(">>> " in text for text in texts)


def test_every_public_name_is_on_the_page_of_the_api():
    """Fails if a name becomes public that the page of the API does not list."""
    told = names_of_the_api()
    if not told:
        pytest.skip("needs the repository: the pages are not installed")
    public = set(skrnn.__all__) - {"__version__"}
    for module in ("embeddings", "layers", "plotting", "inspection", "metrics"):
        names = importlib.import_module(f"skrnn.{module}").__all__
        public |= {f"{module}.{name}" for name in names} - {f"{module}.{name}" for name in public}
    public -= {"plotting.check_matplotlib"}  # for the modules of the package, not for users
    public = {name for name in public if not name.endswith("_scorer")}  # they stand in a sentence
    assert public <= set(told), public - set(told)
