"""What changes a digest of code: everything that the code names, wherever it stands."""

# ruff: noqa: E501 (a table of pieces of code, one a line)

import os
import subprocess
import sys
import types
from functools import partial

import numpy as np
import pytest

from skrnn.caching.hashing import digest
from skrnn.exceptions import UnknownObjectError

HELPER = """
import re, functools, enum
from functools import lru_cache, singledispatch, cached_property, partialmethod
LIMIT = 3
WORDS = {"the", "a"}
PATTERN = re.compile("a+")
SETTINGS = {"deep": {"limit": 3}}

def cut(text, n=3):
    return text[:n]

def twice(text):
    return cut(text) * 2

def even(n):
    return n == 0 or odd(n - 1)

def odd(n):
    return n != 0 and even(n - 1)

class Base:
    size = 3
    def inherited(self, text):
        return text[:1]

class Cutter(Base):
    def __init__(self, n=3):
        self.n = n
    def __call__(self, text):
        return text[:self.n]
    def method(self, text):
        return self.inherited(text)
    @property
    def prop(self):
        return 1
    @cached_property
    def cached(self):
        return 1
    @staticmethod
    def static(text):
        return text[:1]
    @classmethod
    def of_class(cls, text):
        return text[:1]

class Mapping(dict):
    def __missing__(self, key):
        return 1

class Kind(enum.Enum):
    FEW = 1

TABLE = Mapping(a=1)
cutter = Cutter()

@lru_cache
def remembered(text):
    return text[:3]

@singledispatch
def general(text):
    return text
@general.register
def special(text: str):
    return text[:3]
"""

# What a tokenizer does, and what is then changed in the module that it reaches.
CHANGED = {
    "a function": ("cut(text)", "def cut(text, n=3): return text[:n - 1]"),
    "a function behind a function": ("twice(text)", "def cut(text, n=3): return text[:n - 1]"),
    "a default": ("cut(text)", "def cut(text, n=4): return text[:n]"),
    "a keyword-only default": ("cut(text)", "def cut(text, *, n=3): return text[:n]"),
    "functions that call each other": ("odd(len(text))", "def even(n): return True"),
    "a number": ("text[:LIMIT]", "LIMIT = 4"),
    "a set": ("text in WORDS", "WORDS = {'the'}"),
    "a set in place": ("text in WORDS", "WORDS.add('of')"),
    "a pattern": ("PATTERN.findall(text)", "PATTERN = re.compile('b+')"),
    "a flag of a pattern": ("PATTERN.findall(text)", "PATTERN = re.compile('a+', re.I)"),
    "a setting inside": ("SETTINGS['deep']['limit']", "SETTINGS['deep']['limit'] = 4"),
    "an attribute of an object": ("cutter(text)", "cutter.n = 4"),
    "a call of an object": ("cutter(text)", "Cutter.__call__ = lambda self, text: text"),
    "a method of a class": ("Cutter().method(text)", "Cutter.method = lambda self, text: text"),
    "a method of a base": ("Cutter().method(text)", "Base.inherited = lambda self, text: text"),
    "a bound method": ("cutter.method(text)", "Base.inherited = lambda self, text: text"),
    "a class attribute": ("Cutter().size", "Base.size = 4"),
    "a property": ("Cutter().prop", "Cutter.prop = property(lambda self: 2)"),
    "a cached property": ("Cutter().cached", "Cutter.cached = cached_property(lambda self: 2)"),
    "a static method": ("Cutter.static(text)", "Cutter.static = staticmethod(lambda text: text)"),
    "a class method": ("Cutter.of_class(text)", "Cutter.of_class = classmethod(lambda c, t: t)"),
    "a subclass of dict": ("TABLE[text]", "Mapping.__missing__ = lambda self, key: 2"),
    "an enum": ("Kind.FEW", "class Kind(enum.Enum):\n    FEW = 2"),
    "a cached function": (
        "remembered(text)",
        "@lru_cache\ndef remembered(text): return text[:2]",
    ),
    "an implementation for a type": (
        "general(text)",
        "@general.register\ndef special(text: str): return text[:2]",
    ),
    "a class that becomes a function": ("Cutter(text)", "def Cutter(text): return text"),
    "what was missing": ("LATER", "LATER = 1"),
}
# How a function reaches what it names.
REACHED = {
    "global": ("", "def split(text): return {what}"),
    "lambda": ("", "split = lambda text: {what}"),
    "nested function": ("", "def split(text):\n    def inner(): return {what}\n    return inner()"),
    "comprehension": ("", "def split(text): return [{what} for _ in range(2)]"),
    "class in a function": (
        "",
        "def split(text):\n    class A:\n        a = {what}\n    return A.a",
    ),
    "closure": (
        "",
        "def make():\n    f = lambda text: {what}\n    return lambda t: f(t)\nsplit = make()",
    ),
    "default": ("", "def split(text, f=lambda text: {what}): return f(text)"),
    "partial": ("import functools", "split = functools.partial(lambda n, text: {what}, 1)"),
    "decorated": (
        "import functools",
        "def twice_(f):\n    @functools.wraps(f)\n    def g(text): return f(text)\n    return g\n"
        "@twice_\ndef split(text): return {what}",
    ),
    "cached": ("import functools", "split = functools.lru_cache(lambda text: {what})"),
    "vectorized": ("import numpy", "split = numpy.vectorize(lambda text: {what})"),
    "method": ("", "class A:\n    def f(self, text): return {what}\nsplit = A().f"),
    "object": ("", "class A:\n    def __call__(self, text): return {what}\nsplit = A()"),
    "attribute": ("", "class A: pass\nsplit = A()\nsplit.f = lambda text: {what}"),
    "method of a class": ("", "class A:\n    def f(self, text): return {what}\nsplit = A"),
    "step": (
        "from sklearn.preprocessing import FunctionTransformer",
        "split = FunctionTransformer(lambda text: {what})",
    ),
    "scorer": (
        "from sklearn.metrics import make_scorer",
        "split = make_scorer(lambda text: {what})",
    ),
}
THROUGH = {
    "module": ("import {m}", "def split(text): return {m}.{what}"),
    "alias": ("import {m} as h", "def split(text): return h.{what}"),
    "import inside": ("", "def split(text):\n    import {m}\n    return {m}.{what}"),
    "alias inside": ("", "def split(text):\n    import {m} as h\n    return h.{what}"),
    "name inside": ("", "def split(text):\n    from {m} import {what} as f\n    return f"),
    "several inside": ("", "def split(text):\n    from {m} import cut, {what} as f\n    return f"),
    "import outside of a function": (
        "",
        "def split(text):\n    import {m}\n    def g(): return {m}.{what}\n    return g()",
    ),
    "module in a closure": (
        "import {m}",
        "def make(h):\n    return lambda text: h.{what}\nsplit = make({m})",
    ),
    "getattr": ("import {m}", "def split(text): return getattr({m}, '{what}')"),
    "module as an argument": ("import {m}", "def split(text): return pick({m})\n"
                              "def pick(module): return module.{what}"),
    "module in a list": ("import {m}", "MODULES = [{m}]\ndef split(text): return MODULES[0].{what}"),
}  # fmt: skip


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Return a function that makes a module of a text; it is imported from a file."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def make(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        sys.modules.pop(name, None)
        made.append(name)
        return __import__(name)

    yield make
    for name in made:
        sys.modules.pop(name, None)


def change(module, statement):
    exec(statement, vars(module))


@pytest.mark.parametrize("what", CHANGED)
def test_what_a_function_names_counts(modules, what):
    """Fails if a changed helper, or anything else that is named, passes for what it was."""
    named, statement = CHANGED[what]
    module = modules("helper_module", f"{HELPER}\ndef split(text):\n    return {named}\n")
    before = digest(module.split)
    assert digest(module.split) == before
    change(module, "UNRELATED = 5\ndef unrelated(): return 1")
    assert digest(module.split) == before
    change(module, statement)
    assert digest(module.split) != before


@pytest.mark.parametrize("statement", ["def cut(text): return text", "LIMIT = 4"])
@pytest.mark.parametrize("way", REACHED)
def test_wherever_code_stands_it_is_followed(modules, way, statement):
    """Fails if a kind of callable is known by its name alone."""
    imports, code = REACHED[way]
    named = "cut(text)" if "cut" in statement else "LIMIT"
    text = f"{imports}\n{HELPER}\n{code.replace('{what}', named)}\n"
    module = modules("helper_module", text)
    before = digest(module.split)
    assert digest(module.split) == before
    change(module, statement)
    assert digest(module.split) != before


@pytest.mark.parametrize("way", THROUGH)
@pytest.mark.parametrize("what", ["cut", "twice", "LIMIT"])
def test_modules_are_followed(modules, way, what):
    """Fails if what is reached through a module of the user's counts by its name."""
    helper = modules("helper_module", HELPER)
    imports, code = (part.replace("{m}", "helper_module") for part in THROUGH[way])
    user = modules("user_module", f"{imports}\n{code.replace('{what}', what)}\n")
    before = digest(user.split)
    assert digest(user.split) == before
    change(helper, "LIMIT = 4" if what == "LIMIT" else "def cut(text, n=3): return text[:n - 1]")
    assert digest(user.split) != before


def test_an_attribute_of_a_module_counts_alone(modules):
    """Fails if any change of a module is a change of all that use one function of it."""
    helper = modules("helper_module", HELPER)
    user = modules("user_module", "import helper_module\ndef f(t): return helper_module.cut(t)")
    before = digest(user.f)
    change(helper, "LIMIT = 4")
    assert digest(user.f) == before


def test_packages_and_their_modules_are_followed(modules, tmp_path):
    """Fails if a.b.c, or an import within a package, ends at the first name."""
    (tmp_path / "a_package").mkdir()
    (tmp_path / "a_package" / "__init__.py").write_text("")
    (tmp_path / "a_package" / "deep.py").write_text(HELPER)
    uses = [
        "import a_package.deep\ndef split(t): return a_package.deep.cut(t)",
        "def split(t):\n    import a_package.deep\n    return a_package.deep.cut(t)",
        "def split(t):\n    import a_package.deep as d\n    return d.cut(t)",
        "def split(t):\n    from a_package import deep\n    return deep.cut(t)",
    ]
    (tmp_path / "a_package" / "near.py").write_text(
        "def split(t):\n    from . import deep\n    return deep.cut(t)\n"
        "def also(t):\n    from .deep import cut\n    return cut(t)\n"
    )
    import importlib

    near = importlib.import_module("a_package.near")
    functions = [modules(f"user_{i}", use).split for i, use in enumerate(uses)]
    functions += [near.split, near.also]
    before = [digest(one) for one in functions]
    change(sys.modules["a_package.deep"], "def cut(t): return t")
    assert not set(before) & {digest(one) for one in functions}
    for name in ("a_package", "a_package.deep", "a_package.near"):
        del sys.modules[name]


@pytest.mark.parametrize(
    "code",
    [
        "def f(t): return eval('LIMIT')",
        "def f(t): return globals()['LIMIT']",
        "def f(t): return open('words.txt').read()",
        "import os\ndef f(t): return os.environ['LIMIT']",
        "from os import environ\ndef f(t): return environ['LIMIT']",
        "from os import getenv\ndef f(t): return getenv('LIMIT')",
        "import importlib\ndef f(t): return importlib.import_module(t)",
        "from pathlib import Path\ndef f(t): return Path('words.txt').read_text()",
        "def g(): return eval('1')\ndef f(t): return [g() for _ in t]",
        "import sys\nconnection = sys._getframe()\ndef f(t): return connection",
        "items = (i for i in range(3))\ndef f(t): return next(items)",
    ],
)
def test_what_cannot_be_followed_is_an_error(modules, code):
    """Fails if code whose result depends on something else is known by its text."""
    module = modules("helper_module", f"LIMIT = 1\n{code}\n")
    with pytest.raises(UnknownObjectError):
        digest(module.f)


@pytest.mark.parametrize(
    "code",
    [
        "def f(t): print(t, file=open('log.txt', 'a'))",
        "import threading\nlock = threading.Lock()\ndef f(t):\n    with lock: return t",
        "import logging\nlog = logging.getLogger('a')\ndef f(t): log.info(t)",
        "import numpy as np\ndef f(t): return np.log(t) + np.random.default_rng(0).random()",
        "import unicodedata, re\ndef f(t): return re.sub('a', 'b', unicodedata.normalize('NFC', t))",
        "from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS as S\ndef f(t): return t in S",
        "def f(t): return f(t[1:]) if t else t",
        "f = str.split",
        "f = len",
        "f = 'a'.join",
        "import numba\nf = numba.njit(lambda t: t)",
    ],
)
def test_ordinary_code_can_be_followed(modules, code):
    """Fails if a checkpoint is refused for code that names nothing but itself and libraries."""
    module = modules("helper_module", f"{code}\n")
    assert digest(module.f) == digest(module.f)


def test_compiled_functions_count_by_what_they_compile(modules):
    """Fails if a function compiled by Numba is known by its name."""
    code = "import numba\nN = 1\n@numba.njit\ndef g(t): return t + N\nf = g"
    module = modules("helper_module", code)
    before = digest(module.f)
    change(module, "N = 2")
    assert digest(module.f) != before


def test_objects_met_on_many_ways_are_followed_once():
    """Fails if a diamond of functions takes a time that doubles with each layer."""
    namespace = types.ModuleType("diamond").__dict__
    exec("def f0(): return 1", namespace)
    for i in range(60):
        exec(f"def f{i + 1}(): return f{i}() + f{i}() + g{i}()", namespace)
        exec(f"def g{i}(): return f{i}()", namespace)
    assert digest(namespace["f20"]) != digest(namespace["f19"])


def test_too_much_is_an_error_and_not_a_hang():
    """Fails if a chain without end is followed to the end of the stack."""
    inner = ()
    for _ in range(100_000):
        inner = partial(print, inner)
    with pytest.raises(UnknownObjectError):
        digest(inner)
    while isinstance(inner, partial):  # or the interpreter frees it recursively
        inner = inner.args[0]


@pytest.mark.slow
def test_another_process_has_the_same_digests(tmp_path):
    """Fails if an address, an order of a set, a path or a time gets into a digest of code."""
    code = f"{HELPER}\nimport sys\nfrom skrnn.caching.hashing import digest\n"
    code += "import numpy as np\nfrom sklearn.metrics import make_scorer, f1_score\n"
    code += "def all_of_it(text): return (cut, twice, odd, LIMIT, WORDS, PATTERN, SETTINGS, cutter,"
    code += " TABLE, Kind, remembered, general, np.log, make_scorer(f1_score), np.vectorize(cut))\n"
    code += "print(digest([all_of_it, Cutter, Cutter(4).method, WORDS]))\n"
    found = set()
    for seed in ("1", "2"):
        path = tmp_path / seed / "script.py"
        path.parent.mkdir()
        path.write_text(code)
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()}
        shown = subprocess.run(
            [sys.executable, path], env=environment, check=True, capture_output=True, text=True
        )
        found.add(shown.stdout)
    assert len(found) == 1


def test_values_are_hashed_by_content_however_they_are_held():
    """Fails if a subclass of a container loses its class, or a copy is another."""
    from collections import Counter, OrderedDict, defaultdict

    assert digest(defaultdict(int, a=1)) != digest(defaultdict(list, a=1))
    assert digest({"a": 1}) != digest(OrderedDict(a=1))
    for value in (Counter("aab"), defaultdict(list, a=[1]), {(1, "a"): np.ones(2)}, [[1], ["a"]]):
        assert digest(value) == digest(
            type(value)(value) if not isinstance(value, defaultdict) else value.copy()
        )
