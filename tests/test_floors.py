"""What no module of skrnn does: reach into scikit-learn unseen, hide, or import by a string.

Import-linter holds the floors themselves, see `test_import_contracts` in tests/test_package.py.
"""

import ast
from pathlib import Path

import pytest

import skrnn
from skrnn import _sklearn_compat

PACKAGE = Path(skrnn.__file__).parent
MODULES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}
COMPAT = "_sklearn_compat.py"


def private_imports(tree):
    """Yield the line and the name of each private thing of scikit-learn that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, *others = name.split(".")
            if first == "sklearn" and any(part.startswith("_") for part in others):
                yield node.lineno, name


def start_of(node):
    """Return what a string or f-string begins with, "" if that is computed."""
    first = node.values[0] if isinstance(node, ast.JoinedStr) else node
    return first.value if isinstance(first, ast.Constant) else ""


def imports_by_string(tree):
    """Yield the line of each call that may import a module of skrnn by its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            function = getattr(node.func, "attr", getattr(node.func, "id", None))
            imports = function in ("import_module", "__import__")
            if imports and start_of(node.args[0]).split(".")[0] in ("", "skrnn"):
                yield node.lineno


def test_one_module_imports_private_names_of_scikit_learn():
    """Fails if a release of scikit-learn can break skrnn outside the one module made for it."""
    found = {name: list(private_imports(tree)) for name, tree in MODULES.items()}
    assert len(found.pop(COMPAT)) > 10
    assert not {name: lines for name, lines in found.items() if lines}


def test_every_private_name_is_used():
    """Fails if _sklearn_compat.py keeps a name that no module needs any more."""

    used = set()
    for name, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "skrnn._sklearn_compat":
                assert name != COMPAT
                used |= {alias.name for alias in node.names}
    assert used == set(_sklearn_compat.__all__)


def test_no_module_hides():
    """Fails if a module's name begins with an underscore: api.rst says what is public."""
    allowed = {COMPAT, "__main__.py"}
    hidden = {
        name
        for name in MODULES
        if any(part.startswith("_") for part in name.removesuffix("__init__.py").split("/"))
    }
    assert hidden - allowed == set()


def test_no_import_by_a_string():
    """Fails if an import is hidden from import-linter, and so from the floors."""
    found = {name: list(imports_by_string(tree)) for name, tree in MODULES.items()}
    assert found.pop("__init__.py")
    assert not {name: lines for name, lines in found.items() if lines}


@pytest.mark.parametrize(
    ("code", "finder"),
    [
        ("from sklearn.utils.validation import _num_samples", private_imports),
        ("from sklearn.utils import _set_output", private_imports),
        ("from sklearn.utils._set_output import get", private_imports),
        ("def f():\n    import sklearn.utils._tags", private_imports),
        ("importlib.import_module('skrnn.text')", imports_by_string),
        ("import_module(f'skrnn.{name}')", imports_by_string),
        ("__import__(f'{package}.{name}')", imports_by_string),
    ],
)
def test_the_finders_find(code, finder):
    """Fails if a spelling escapes the two tests above."""
    assert list(finder(ast.parse(code)))
