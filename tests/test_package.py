"""The package as a whole: public names, what importing loads, and what documentation says.

Fresh processes show what is loaded; each is started as a user would.
"""

import importlib
import inspect
import os
import pickle
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import skrnn

ROOT = Path(skrnn.__file__).parent.parent
PUBLIC = [
    "__version__",
    "TextToSequence",
    "HashingTextToSequence",
    "TextWithColumns",
    "RNNClassifier",
    "RNNRegressor",
    "RNNTagger",
    "DocumentVectorizer",
    "AdversarialLoss",
    "VirtualAdversarialLoss",
    "EntropyLoss",
    "Checkpoint",
    "from_channels_first",
    "build_network",
    "save",
    "load",
    "to_onnx",
    "InvalidFileError",
    "explain",
    "trace",
    "compare",
    "EpochSearchCV",
    "fetch_imdb",
    "load_imdb",
    "fetch_vectors",
    "make_reviews",
    "make_tagged_sentences",
    "make_nbsvm",
    "make_tfidf_logistic",
]


def fresh(code, *flags, **kwargs):
    """Run code in a new process and return what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "KERAS_"))}
    done = subprocess.run(
        [sys.executable, *flags, "-c", code],
        capture_output=True,
        text=True,
        env=environment | {"PYTHONPATH": str(ROOT)},
        timeout=300,
        **kwargs,
    )
    assert done.returncode == 0, done.stderr
    return done


LOADED = "import sys; print(*(m for m in {} if m in sys.modules))"
NETWORKS = ("tensorflow", "keras", "scikeras")


def test_all():
    """Fails if a public name comes or goes unnoticed."""
    assert skrnn.__all__ == PUBLIC
    assert set(PUBLIC) <= set(dir(skrnn))
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", skrnn.__version__)


def test_unknown_name():
    """Fails if the lazy loading swallows an AttributeError."""
    with pytest.raises(AttributeError, match="module 'skrnn' has no attribute 'RNNClasifier'"):
        skrnn.RNNClasifier  # noqa: B018
    assert not hasattr(skrnn, "__wrapped__")


def test_names_and_modules_do_not_meet():
    """Fails if a module has a public name: importing it would put the module in its place."""
    modules = {module.name for module in pkgutil.iter_modules(skrnn.__path__)}
    assert not modules & set(skrnn.__all__)


def test_names_in_any_order_of_import():
    """Fails if what a public name is depends on which modules came before."""
    names = PUBLIC[1:]
    homes = {name: getattr(skrnn, name).__module__ for name in names}
    for order in (names, names[::-1]):
        for name in order:
            importlib.import_module(homes[name])
            thing = getattr(skrnn, name)
            assert callable(thing) and thing.__name__ == name and thing.__module__ == homes[name]
    namespace = {}
    exec("from skrnn import *", namespace)
    assert set(PUBLIC) <= set(namespace)


def test_import_is_light():
    """Fails if `import skrnn` loads anything heavy: it has to be quick in every process."""
    heavy = (*NETWORKS, "sklearn", "numpy", "scipy", "pandas", "matplotlib")
    assert fresh(f"import skrnn; {LOADED.format(heavy)}").stdout.strip() == ""


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            "from skrnn import RNNClassifier; from sklearn.base import clone; "
            "clone(RNNClassifier(units=8)).set_params(cell='gru'); repr(RNNClassifier())",
            marks=pytest.mark.slow,
        ),
        "import skrnn.text, skrnn.datasets, skrnn.baselines, skrnn.comparison, skrnn.sequences, "
        "skrnn.heads.registry, skrnn.network.description, skrnn.plotting, skrnn.cli, "
        "skrnn.embeddings, skrnn.ngrams, skrnn.inspection, skrnn.metrics",
    ],
    ids=["estimator", "modules"],
)
def test_no_tensorflow_without_a_network(code):
    """Fails if these load TensorFlow, six seconds and 600 MB in each worker of a search."""
    assert fresh(f"{code}; {LOADED.format(NETWORKS)}").stdout.strip() == ""


@pytest.mark.slow
def test_unpickled_text_needs_no_tensorflow(tmp_path):
    """Fails if a tokenizer in a service drags TensorFlow along."""
    path = tmp_path / "text.pickle"
    path.write_bytes(pickle.dumps(skrnn.TextToSequence().fit(["good film", "bad film"])))
    code = f"""
import pickle
text = pickle.load(open({str(path)!r}, "rb"))
print(text.transform(["bad good film"]).toarray().tolist())
{LOADED.format(NETWORKS)}"""
    assert fresh(code).stdout.split("\n")[:2] == ["[[3, 4, 2]]", ""]


def test_help_needs_no_tensorflow():
    """Fails if help takes seconds; -X importtime tells every module on standard error."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "skrnn", "--help"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert done.returncode == 0 and "demo" in done.stdout
    assert "skrnn.cli" in done.stderr
    assert not re.search(r"\| +(tensorflow|keras|scikeras|sklearn)$", done.stderr, re.MULTILINE)


FIRST_FIT = """
import random
import numpy as np
from skrnn import RNNClassifier, TextToSequence
from sklearn.pipeline import make_pipeline

random.seed(0), np.random.seed(0)
before = random.getstate(), np.random.get_state()[1].tolist()
docs = ["good film", "bad film", "good", "bad"] * 4
pipe = make_pipeline(TextToSequence(), RNNClassifier(units=2, epochs=1, random_state=0))
pipe.fit(docs, ["yes", "no"] * 8).predict_proba(docs)
assert before == (random.getstate(), np.random.get_state()[1].tolist())
"""


@pytest.mark.slow
def test_first_fit_is_silent():
    """Fails on any warning, log line or progress bar that a new user would meet.

    Also if a fit turns the process's random generators.
    """
    done = fresh(FIRST_FIT, "-W", "error")
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.slow
def test_first_fit_without_standard_error():
    """Fails if a process without standard error, such as a service, cannot load TensorFlow."""
    code = "import sys; sys.stderr = None; import skrnn.backend.tensorflow; print('loaded')"
    assert fresh(code).stdout == "loaded\n"


def test_other_backend_is_refused():
    """Fails if Keras on another backend goes on to an obscure error."""
    code = """
import os
os.environ["KERAS_BACKEND"] = "numpy"
try:
    import skrnn.backend.tensorflow
except ImportError as error:
    print(error)
"""
    assert "Set KERAS_BACKEND=tensorflow" in fresh(code).stdout


def test_import_contracts():
    """Fails if a module imports what .importlinter in pyproject.toml forbids."""
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if command is None or not (ROOT / "pyproject.toml").exists():
        pytest.skip("needs import-linter and the repository")
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout


# --- Documentation ----------------------------------------------------------------------


def documented_callables():
    """Yield every public function and class, and the public methods of the classes."""
    for name in PUBLIC[1:]:
        thing = getattr(skrnn, name)
        yield name, thing
        if inspect.isclass(thing):
            for method_name, method in vars(thing).items():
                if inspect.isfunction(method) and not method_name.startswith("_"):
                    yield f"{name}.{method_name}", method


def documented_parameters(docstring):
    """Return {name: rest of the line} of a numpydoc Parameters section."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", docstring, re.M | re.S)
    lines = re.findall(
        r"^(\*{0,2}\w[\w, *]*?) : (.*(?:\\\n.*)?)$", section[1] if section else "", re.M
    )
    return {name.strip("*"): kind for names, kind in lines for name in names.split(", ")}


@pytest.mark.parametrize(
    ("name", "thing"), [pytest.param(*pair, id=pair[0]) for pair in documented_callables()]
)
def test_documented_defaults_are_the_real_ones(name, thing):
    """Fails if a docstring's parameters or defaults drift from the signature."""
    docstring = inspect.getdoc(thing)
    assert docstring, f"{name} has no docstring"
    told = documented_parameters(docstring)
    parameters = [p for p in inspect.signature(thing).parameters.values() if p.name != "self"]
    assert list(told) == [p.name for p in parameters]
    for parameter in parameters:
        found = re.search(r"default=(.*)$", told[parameter.name])
        if parameter.default is inspect.Parameter.empty:
            assert not found, parameter.name
            continue
        if parameter.name == "token_pattern":  # too long to be written out: named or described
            assert found is None or found[1] == "TOKEN_PATTERN"
            continue
        if not found and parameter.default is None and told[parameter.name] in ("None", "Ignored"):
            continue  # y=None, ignored
        assert found, f"{parameter.name} has a default, but none is documented"
        default = eval(found[1], {"np": np})
        same = default == parameter.default or repr(default) == repr(parameter.default) == "nan"
        assert same and type(default) is type(parameter.default)
