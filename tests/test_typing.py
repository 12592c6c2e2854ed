"""Types: what is annotated is right, and type checkers see the public names."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import skrnn

PACKAGE = Path(skrnn.__file__).parent
TYPED = [
    "build_network",
    "compare",
    "fetch_imdb",
    "from_channels_first",
    "load",
    "load_imdb",
    "make_nbsvm",
    "make_reviews",
    "make_tagged_sentences",
    "make_tfidf_logistic",
    "save",
]


def test_stub_has_the_public_names():
    """Fails if a name becomes public that type checkers do not see, or sees one that is gone."""
    stub = (PACKAGE / "__init__.pyi").read_text()
    names = re.findall(r"^from skrnn\.(\w+) import (\w+) as \2$", stub, re.M)
    assert {name: home for home, name in names} == skrnn._HOMES


def test_is_marked_as_typed():
    """Fails if type checkers would leave the annotations unread (PEP 561)."""
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize("name", TYPED)
def test_public_functions_are_annotated(name):
    """Fails if a parameter or the result of a public function loses its type."""
    signature = inspect.signature(getattr(skrnn, name))
    empty = inspect.Parameter.empty
    assert signature.return_annotation is not empty
    assert [p.name for p in signature.parameters.values() if p.annotation is empty] == []


@pytest.mark.slow
def test_type_checker_sees_through_the_lazy_loading(tmp_path):
    """Fails if mypy takes public names for Any: a wrong argument would go unnoticed.

    Not `make_reviews` and the loaders: scikit-learn's decorator around them has no types.
    """
    pytest.importorskip("mypy", reason="needs the extra dev")
    script = tmp_path / "user.py"
    script.write_text(
        "import skrnn\n"
        "reveal_type(skrnn.compare)\n"
        "skrnn.make_nbsvm(min_df='ten')\n"
        "skrnn.make_lstm()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--ignore-missing-imports", "--follow-imports=silent"]
        + ["--cache-dir", tmp_path / "cache", script],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "-> skrnn.comparison.result.Comparison" in done.stdout, done.stdout + done.stderr
    assert 'has incompatible type "str"; expected "int | float"' in done.stdout
    assert 'Module has no attribute "make_lstm"' in done.stdout
