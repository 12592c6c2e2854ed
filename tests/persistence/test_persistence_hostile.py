"""Files that were made to harm, or damaged by chance: one exception, and little memory.

Checksums keep nobody out who can compute them, so most files here have them right. Each test's
docstring says what a wrong implementation would fail on.
"""

import copy
import importlib.util
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skrnn.exceptions import InvalidFileError
from skrnn.fileformat import container
from skrnn.persistence import load, save

pytestmark = pytest.mark.reliability

ROOT = Path(__file__).parent.parent.parent
FORMAT_1 = ROOT / "tests" / "data" / "format_1"

_spec = importlib.util.spec_from_file_location(
    "fuzz_files", ROOT / "examples" / "reliability" / "fuzz_files.py"
)
fuzz_files = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fuzz_files)


class Opened:
    """A file to be changed and read again with its checksums right."""

    def __init__(self, original, path):
        self.path = path
        self.document, self.arrays = container.read(original)
        model = self.document["model"]
        steps = [step["estimator"] for step in model.get("steps", [])]
        self.model, self.first, self.last = model, *(steps or [model, model])

    def refused(self, told):
        container.write(self.path, self.document, self.arrays)
        with pytest.raises(InvalidFileError, match=told):
            load(self.path)


@pytest.fixture
def opened(tmp_path):
    return lambda name: Opened(FORMAT_1 / f"{name}.skrnn", tmp_path / "hostile.skrnn")


def put(*path):
    """Return a change: the last of `path` is put where the others lead, from the last step."""

    def change(file):
        *keys, value = path
        tree = file.last
        for key in keys[:-1]:
            tree = tree[key]
        tree[keys[-1]] = value

    return change


def array(name, change):
    def changed(file):
        (found,) = [key for key in file.arrays if key.endswith(name)]
        result = change(file.arrays[found])
        if result is not None:
            file.arrays[found] = result

    return changed


def scaled(**changes):
    """Return a change to a file whose channels are scaled."""

    def change(file):
        file.last["state"]["channels"] = {"scaling": "standard"}
        arrays = {"mean": [0.5, 0.0], "scale": [1.0, 1.0], "exponent": [0, 3], "n_numbers": [9, 9]}
        for name, values in (arrays | changes).items():
            file.arrays[f"model/channels/{name}"] = np.array(values)

    return change


def nan(values):
    values.flat[-1] = np.nan


def unsorted(values):
    values[:2] = values[1::-1].copy()


def beyond(values):
    values[-1] = 2**62


def set_first(key, value):
    return lambda file: file.first["parameters"].update({key: value})


def reverse(file):
    file.model["steps"].reverse()
    file.arrays = {key.replace("steps/1", "steps/0"): values for key, values in file.arrays.items()}


NETWORK = ("state", "network")
ATTACKS = {
    # classes and code
    "class of another module": ("default", put("class", "os.system"), "is unknown"),
    "class of Python": ("default", put("class", "sklearn.svm.SVC"), "is unknown"),
    "Keras's Lambda": (
        "default",
        put("parameters", "optimizer", {"keras": "Lambda", "config": {}}),
        "not one of Keras's",
    ),
    "configuration that names a module": (
        "default",
        put(
            "parameters",
            "optimizer",
            {
                "keras": "Adam",
                "config": {"learning_rate": {"module": "os", "class_name": "system", "config": {}}},
            },
        ),
        "not a number, string or schedule",
    ),
    "Keras's error": (
        "default",
        put("parameters", "optimizer", {"keras": "SGD", "config": {"momentum": 7}}),
        "Keras does not accept",
    ),
    "custom optimizer": ("default", put("parameters", "optimizer", "Custom>Mine"), "'optimizer'"),
    "training's optimizer": (
        "default",
        put("state", "training", "optimizer", "Custom>Mine"),
        "neither a name with a learning rate",
    ),
    "function for a parameter": (
        "nbsvm",
        set_first("preprocessor", {"type": "float64"}),
        "'preprocessor'",
    ),
    "callable analyzer": ("nbsvm", set_first("analyzer", {"type": "float64"}), "'analyzer'"),
    "schedule for an accent": (
        "default",
        set_first("strip_accents", {"keras": "CosineDecay", "config": {}}),
        "'strip_accents'",
    ),
    "files for documents": ("nbsvm", set_first("input", "filename"), "'input'"),
    "codec by name": ("nbsvm", set_first("encoding", "rot13"), "'encoding'"),
    "dtype of no name": ("nbsvm", set_first("dtype", "__"), "'dtype'"),
    "list of dtypes": ("nbsvm", set_first("dtype", [1]), "'dtype'"),
    "no pattern": ("nbsvm", set_first("token_pattern", None), "needs a token_pattern"),
    "dtype with code": ("nbsvm", set_first("dtype", {"type": "object"}), "'dtype'"),
    "callbacks": ("default", put("parameters", "callbacks", ["os.system"]), "'callbacks'"),
    "request for metadata": (
        "default",
        put("requests", {"__init__": {"x": True}}),
        "not a method with metadata",
    ),
    "unknown parameter": ("default", put("parameters", "__class__", "x"), "no parameter"),
    "range of a parameter": ("default", put("parameters", "epochs", -1), "'epochs'"),
    # time
    "hostile pattern": ("default", set_first("token_pattern", "(a+)+$"), "token_patterns="),
    "long n-grams": ("nbsvm", set_first("ngram_range", {"tuple": [1, 10**9]}), "'ngram_range'"),
    "one end of a range": ("nbsvm", set_first("ngram_range", {"tuple": [1]}), "'ngram_range'"),
    "keys that collide": (
        "default",
        put("parameters", "class_weight", {"dict": [[(2**61 - 1) * k, 1] for k in range(20_000)]}),
        "more than 10000 keys",
    ),
    "many layers": ("gru_attention", put(*NETWORK, "units", [1] * 101), "'units'"),
    # sizes
    "vocabulary": ("multilabel", put(*NETWORK, "vocabulary_size", 10**15), "vocabulary_size"),
    "units": ("gru_attention", put(*NETWORK, "units", [10**12, 3]), "but should be"),
    "width of labels": ("default", put("state", "classes", "dtype", "U999999999"), "does not fit"),
    "narrow labels": ("default", put("state", "classes", "dtype", "U1"), "does not fit"),
    "object labels": ("default", put("state", "classes", "dtype", "O8"), "not a dtype"),
    "steps of dense rows": (
        "default",
        lambda file: file.first["parameters"].update(sparse_output=False, max_length=10**9),
        "'max_length'",
    ),
    "longest document": (
        "default",
        lambda file: file.first["state"].update(n_timesteps=10**12),
        "'n_timesteps'",
    ),
    # numbers
    "NaN among the weights": ("numeric", array("variables/0", nan), r"'variables/0' holds nan at"),
    "weights that overflow": (
        "numeric",
        array("variables/0", lambda values: values + 1e30),
        "finite numbers up to",
    ),
    "NaN among coefficients": ("nbsvm", array("coef", nan), "'coef' holds nan"),
    "NaN among n-grams": ("default", array("ngrams/coef", nan), "holds nan"),
    "scale": ("default", put("state", "ngrams", "scale", float("nan")), "'scale'"),
    "shape": (
        "numeric",
        array("variables/0", np.transpose),
        r"shape \(3, 2\), but should be \(2, 3\)",
    ),
    "dtype": ("numeric", array("variables/1", lambda v: v.astype("int64")), "has dtype int64"),
    "mixed dtypes": ("numeric", array("variables/1", lambda v: v.astype("f8")), "one dtype"),
    "generator": ("gru_attention", array("variables/0", lambda v: v - 2**40), "32 bits"),
    "slot": ("gru_attention", array("optimizer/2", lambda v: np.zeros(1000, "f4")), "has shape"),
    "codes of n-grams": ("default", array("codes/1", unsorted), "not sorted"),
    "range of codes": ("default", array("codes/2", beyond), "but must be from 0 to"),
    "negative codes": ("default", array("codes/1", lambda v: v - 2**62), "but must be from 0 to"),
    "codes of padding": (
        "default",
        array("codes/1", lambda v: v - 2),
        "does not end in a known token",
    ),
    # parts that do not fit together
    "classes and outputs": (
        "gru_attention",
        put("state", "classes", "values", [0, 1, 2, 3]),
        "need 4 outputs",
    ),
    "one class": ("nbsvm", put("state", "classes", "values", [1]), "two classes"),
    "classes twice": ("nbsvm", put("state", "classes", "values", [1, 1]), "twice"),
    "classes of another type": ("nbsvm", put("state", "classes", "values", [1, "a"]), "not of dty"),
    "classes out of range": ("nbsvm", put("state", "classes", "values", [1, 2**70]), "range"),
    "multilabel numbers": ("multilabel", put("state", "classes", "values", [0, 1, 3]), "columns"),
    "n-grams that are missing": ("default", put("state", "ngrams", None), "do not have the same"),
    "vocabulary and embedding": ("default", put("state", "vocabulary_size", 5), "as the network"),
    "vocabulary and text": (
        "default",
        lambda file: file.first["state"]["vocabulary"].append("more"),
        "first returns",
    ),
    "words twice": (
        "default",
        lambda file: file.first["state"]["vocabulary"].__setitem__(
            0, file.first["state"]["vocabulary"][1]
        ),
        "twice",
    ),
    "empty vocabulary": (
        "default",
        lambda file: file.first["state"].update(vocabulary=[]),
        "empty",
    ),
    "features": ("nbsvm", put("state", "n_features_in", 7), "should be"),
    "channels": ("numeric", put("state", "n_features_in", 7), "channels"),
    "table": ("numeric", put("state", "is_table", True), "reads 2 numbers at a step"),
    "scaling of channels": ("numeric", put("state", "channels", {"scaling": "mean"}), "'scaling'"),
    "no arrays of channels": ("numeric", put("state", "channels", {"scaling": None}), "is missing"),
    "channels of tokens": ("default", put("state", "channels", {"scaling": None}), "reads token"),
    "exponent of channels": ("numeric", scaled(exponent=[0, 2**62]), "exponent"),
    "scale of channels": ("numeric", scaled(scale=[-0.5, 1.0]), "mean or scale"),
    "mean of channels": ("numeric", scaled(mean=[np.nan, 0.0]), "finite"),
    "fewer channels": ("numeric", scaled(n_numbers=[9]), "n_numbers"),
    "history": (
        "numeric",
        put("state", "history", {"loss": [1.0], "a": []}),
        "one number for each epoch",
    ),
    "history without loss": ("numeric", put("state", "history", {}), "one number for each epoch"),
    "epochs": ("numeric", put("state", "n_iter", 1), "'n_iter'"),
    "coverage": ("default", put("state", "embedding_coverage", {"n_words": 1}), "'n_found'"),
    "step's name": ("default", lambda f: f.model["steps"][0].update(name="a__b"), "name 'a__b'"),
    "steps' names": ("default", lambda f: f.model["steps"][0].update(name="steps"), "'steps'"),
    "no steps": ("default", lambda f: f.model.update(steps=[]), "'steps'"),
    "order of steps": ("default", reverse, "is not a transformer"),
    "two texts": (
        "default",
        lambda f: f.model["steps"].insert(
            0,
            {
                "name": "x",
                "estimator": {"class": "Pipeline", "steps": [{"name": "y", "estimator": None}]},
            },
        ),
        "verbose",
    ),
    "left out and there": ("default", put("left_out", ["epochs"]), "listed as left out"),
    "output of a classifier": ("default", put("output", "pandas"), "not a transformer"),
    "further key": ("default", put("state", "more", 1), "unknown key"),
    "missing key": (
        "default",
        lambda file: file.last["state"].pop("n_iter"),
        "'n_iter' is missing",
    ),
    "further array": (
        "default",
        lambda file: file.arrays.update({"model/x": np.zeros(1)}),
        "belongs to nothing",
    ),
    "missing array": (
        "numeric",
        lambda file: file.arrays.pop("model/variables/1"),
        "'variables/1' is missing",
    ),
    "no model": ("numeric", lambda file: file.document.pop("model"), "no 'model'"),
    "unknown part": ("numeric", lambda file: file.document.update(code="x"), "'code'"),
    "array of a checkpoint": (
        "numeric",
        lambda file: file.arrays.update({"training/x": np.zeros(1)}),
        "belongs to nothing",
    ),
}


HEAD, KIND = ("state", "head"), ("state", "network", "head", "kind")
# On what such a file is when it is written anew, with a head.
ATTACKS_ON_HEADS = {
    "classes and outputs": (
        "gru_attention",
        put(*HEAD, "classes", "values", [0, 1, 2, 3]),
        "need 4 outputs",
    ),
    "one class": ("numeric", put(*HEAD, "classes", "values", [True]), "two classes or more"),
    "numbers of columns": ("multilabel", put(*HEAD, "classes", "values", [0, 1, 3]), "columns"),
    "fewer columns": ("multilabel", put(*HEAD, "classes", "values", [0, 1]), "as many outputs"),
    "two classes as labels": ("numeric", put(*KIND, "labels"), "two outputs or more"),
    "unknown head": ("default", put(*KIND, "os.system"), "is unknown; it must be one of"),
    "odd kind": ("default", put(*KIND, ["classes"]), "is unknown; it must be one of"),
    "huge head": ("numeric", put("state", "network", "head", "n_outputs", 10**15), "outputs"),
    "further key": ("default", put(*HEAD, "more", 1), "unknown key 'more'"),
    "no head": ("default", put("state", "network", "head", None), "'head' is None"),
    "no coding": ("default", put("state", "head", None), "object"),
    "side input of many": (
        "default",
        lambda f: f.last["state"]["network"]["side_inputs"][0].update(width=10**15),
        "outputs to add them to",
    ),
    "unknown side input": (
        "default",
        lambda f: f.last["state"]["network"]["side_inputs"][0].update(name="others"),
        "do not have the same outputs",
    ),
    "further side input": (
        "gru_attention",
        put("state", "network", "side_inputs", [{"name": "more", "per": "row", "width": 3}]),
        "variables|side input",
    ),
    "words of both formats": ("default", put("state", "network", "multilabel", False), "multilab"),
}


@pytest.mark.parametrize("attack", ATTACKS_ON_HEADS)
def test_attack_on_a_head(attack, tmp_path):
    """Fails if a head out of a file does not fit its network, or another exception refuses it."""
    name, change, told = ATTACKS_ON_HEADS[attack]
    path = tmp_path / "hostile.skrnn"
    save(load(FORMAT_1 / f"{name}.skrnn"), path)
    file = Opened(path, path)
    change(file)
    file.refused(told)


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack(attack, opened):
    """Fails if the file loads, or is refused by another exception, or for another reason."""
    name, change, told = ATTACKS[attack]
    file = opened(name)
    change(file)
    file.refused(told)


def test_each_attack_is_on_a_file_that_loads(opened):
    """Fails if the attacks are refused because writing the file anew has broken it."""
    for name in {name for name, _, _ in ATTACKS.values()}:
        file = opened(name)
        container.write(file.path, file.document, file.arrays)
        load(file.path)


MEMORY = """
import sys
from skrnn.exceptions import InvalidFileError
from skrnn.persistence import load

def peak():
    # The maximum of getrusage starts with that of pytest, from which this process was forked.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024

try:
    load(sys.argv[1])  # a small one, so that everything is imported
except InvalidFileError:
    pass
before = peak()
try:
    load(sys.argv[2])
except InvalidFileError as error:
    print(peak() - before, error)
"""


def peak_memory_of(path):
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, str(FORMAT_1 / "nbsvm.skrnn"), str(path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    n_bytes, _, told = run.stdout.partition(" ")
    assert told, "the file was loaded"
    return int(n_bytes), told


MEGABYTE = 2**20


@pytest.mark.parametrize(
    "attack",
    ["vocabulary", "units", "width of labels", "steps of dense rows", "longest document"]
    + ["long n-grams", "negative codes"],
)
def test_memory_of_a_small_file(attack, opened):
    """Fails if what a file of some kilobytes says makes the process take a few megabytes."""
    name, change, told = ATTACKS[attack]
    file = opened(name)
    change(file)
    file.refused(told)
    taken, message = peak_memory_of(file.path)
    assert "cannot be loaded" in message
    assert taken < 8 * MEGABYTE


@pytest.mark.parametrize(
    "content", [b"[],", b"{},", b"0.5,", b'"a",', b'{"a":[[]]},', b"[[[[[[[[[]]]]]]]]],"], ids=repr
)
def test_memory_of_a_large_document(content, tmp_path):
    """Fails if a document takes more memory than some fifty times its size, whatever it holds."""
    document = b'{"model":[' + content * (3 * MEGABYTE // len(content)) + b"0]}"
    path = tmp_path / "large.skrnn"
    path.write_bytes(fuzz_files.seal(document, fuzz_files.pack({})))
    taken, message = peak_memory_of(path)
    assert "instead of an object" in message
    assert taken < 50 * len(document)


def test_memory_of_many_arrays(tmp_path):
    """Fails if arrays of no elements, which take no room in the file, take much in memory."""
    arrays = fuzz_files.pack({f"{i}": np.zeros((0, 3), "float32") for i in range(12_000)})
    path = tmp_path / "many.skrnn"
    path.write_bytes(fuzz_files.seal(b'{"model": {}}', arrays))
    taken, _ = peak_memory_of(path)
    assert taken < 50 * len(arrays)


def test_large_weights_predict_finite_numbers(tmp_path):
    """Fails if the largest weights that are taken make NaN of a prediction."""
    for name in ("numeric", "gru_attention", "multilabel", "default"):
        for sign in (1, -1):
            file = Opened(FORMAT_1 / f"{name}.skrnn", tmp_path / "large.skrnn")
            for key, values in file.arrays.items():
                if values.dtype == np.float32 and "optimizer" not in key:
                    values[...] = (
                        9.9e11 * sign * (-1) ** np.arange(values.size).reshape(values.shape)
                    )
            container.write(file.path, file.document, file.arrays)
            assert fuzz_files.predict(load(file.path), 0, 1)


def test_newest_and_own_files_only(tmp_path):
    """Fails if the checksum of another file's part passes."""
    first, second = (FORMAT_1 / f"{name}.skrnn" for name in ("numeric", "multilabel"))
    data = first.read_bytes()
    other = second.read_bytes()
    path = tmp_path / "spliced.skrnn"
    for at in range(0, min(len(data), len(other)), 97):
        path.write_bytes(data[:at] + other[at:])
        if path.read_bytes() in (data, other):
            continue
        with pytest.raises(InvalidFileError):
            load(path)


@pytest.fixture(scope="module")
def fuzzer():
    return fuzz_files.Fuzzer(predict_every=200)


def test_fuzzing_with_a_fixed_seed(fuzzer):
    """Fails if damage of any kind gives another exception, or predictions that are no numbers.

    The same script runs hundreds of thousands of cases by hand.
    """
    drawn = random.Random(0)
    before = copy.copy(fuzzer.counts)
    for _ in range(3000):
        fuzzer.run(drawn.randbytes(40))
    counts = fuzzer.counts - before
    # Else nothing was reached, or nothing was damaged.
    refused = sum(n for (_, outcome), n in counts.items() if outcome == "InvalidFileError")
    assert 2000 < refused < 2900
    assert {kind for kind, _ in counts} == {"bytes", "tree", "arrays", "both"}


def test_fuzzing_with_hypothesis():
    """Fails as the test before, on what hypothesis thinks of, which shrinks what it finds."""
    hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed")
    fuzzer = fuzz_files.Fuzzer(predict_every=10**9)
    binary = hypothesis.strategies.binary(min_size=40, max_size=40)

    @hypothesis.settings(
        max_examples=1000,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(binary)
    def run(data):
        fuzzer.run(data)

    run()
    assert fuzzer.n_cases >= 1000


def assert_kept(tree, saved):
    """Assert that `saved` has all of `tree` but the parameters; later versions may have more."""
    if isinstance(tree, dict):
        for key in tree.keys() - {"parameters"}:
            assert_kept(tree[key], saved[key])
    elif isinstance(tree, list):
        assert len(tree) == len(saved)
        for one, its_saved in zip(tree, saved, strict=True):
            assert_kept(one, its_saved)
    else:
        assert tree == saved


def test_undamaged_files_load_under_the_fuzzer(fuzzer, tmp_path):
    """Fails if the fuzzer's own files are none, so that it finds nothing for that reason."""
    assert len(fuzzer.files) == 15
    for file in fuzzer.files:
        path = tmp_path / f"{file.name}.skrnn"
        path.write_bytes(fuzz_files.seal(file.document, file.arrays))
        estimator = load(path)
        assert fuzz_files.predict(estimator, 0, 1)
        save(estimator, path)
        assert_kept(file.tree(), container.read(path)[0])
