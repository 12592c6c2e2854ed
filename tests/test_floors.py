"""What no module of skrnn does: reach into scikit-learn unseen, hide, import by a string, or ask
a network for its task.

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


def names_in(tree):
    """Yield the enclosing function or class and each name in code, docstrings and texts left out.

    A string counts if it could be a name: a key, or an attribute asked for by `getattr`.
    """

    def walk(node, home):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield home, node.name
            home = node.name
        for field in ("id", "attr", "arg"):
            if isinstance(getattr(node, field, None), str):
                yield home, getattr(node, field)
        if isinstance(node, ast.alias):
            yield home, node.name
        if isinstance(node, ast.Constant) and str(node.value).isidentifier():
            yield home, str(node.value)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, home)

    yield from walk(tree, "")


def tells_binary(tree):
    """Yield the line of each comparison of `n_outputs` with 1, which is how two classes look."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            names = {getattr(side, "attr", getattr(side, "id", None)) for side in sides}
            ones = [side for side in sides if isinstance(side, ast.Constant) and side.value == 1]
            if "n_outputs" in names and ones and isinstance(node.ops[0], ast.Eq | ast.NotEq):
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
    # Packages of the extra `cli`, which are not skrnn's own.
    assert found.pop("cli/errors.py")
    # What a caller's function imports when it is called, to hash it.
    assert found.pop("caching/code.py")
    assert not {name: lines for name, lines in found.items() if lines}


# Who may know that a target is multilabel: heads, the classifier, and who reads old files.
MULTILABEL = {
    "network/description.py": {"from_format_1"},
    "estimators/codec.py": {"_decode_head"},
}


def test_a_network_does_not_know_its_task():
    """Fails if code outside a head asks for labels, or takes one output for two classes."""
    found = {}
    for name, tree in MODULES.items():
        if name.startswith("heads/") or name == "estimators/classifier.py":
            continue
        homes = {home for home, one in names_in(tree) if "multilabel" in one.lower()}
        homes -= MULTILABEL.get(name, set())
        lines = sorted(tells_binary(tree))
        if homes or lines:
            found[name] = (homes, lines)
    assert not found
    for name, homes in MULTILABEL.items():  # or the exception is to go
        assert homes <= {home for home, one in names_in(MODULES[name]) if "multilabel" in one}
    # It finds what it should, or nothing would be shown.
    assert list(tells_binary(MODULES["heads/classes.py"]))


def test_no_back_door_to_a_network():
    """Fails if a module reaches for a fitted network, or its coding of y, by a private name."""
    doors = {"_keras", "_targets"}
    found = {name: doors & {one for _, one in names_in(tree)} for name, tree in MODULES.items()}
    assert not {name: some for name, some in found.items() if some}


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
        ("if network.n_outputs == 1: pass", tells_binary),
        ("x = 1 != n_outputs", tells_binary),
    ],
)
def test_the_finders_find(code, finder):
    """Fails if a spelling escapes the two tests above."""
    assert list(finder(ast.parse(code)))


def test_names_in_finds_every_kind():
    """Fails if a spelling of a name escapes `names_in`, or a docstring counts."""
    code = (
        "from a import one\n"
        "def two(three=4):\n"
        "    'Not this_one, a text.'\n"
        "    return five.six(getattr(x, 'seven'), eight=tree['nine'])\n"
    )
    found = list(names_in(ast.parse(code)))
    names = {name for _, name in found}
    assert {"one", "two", "three", "five", "six", "seven", "eight", "nine"} <= names
    assert ("two", "seven") in found and not any("this_one" in name for name in names)
