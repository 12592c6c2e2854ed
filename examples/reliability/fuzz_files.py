"""Damage files of skrnn in many ways, load them, and count the outcomes.

    python examples/reliability/fuzz_files.py --engine hypothesis --cases 100000
    python examples/reliability/fuzz_files.py --engine atheris --cases 100000 --seed 1

Each case is a byte string that controls the damage: of bits of the file, its headers, its JSON and
its arrays. In the last three cases, the checksums are mostly corrected, so that the checks after
the checksums are tested too. The only allowed exception is `InvalidFileError`. Models that load
must give finite predictions. Baselines and text are always tested. Networks are tested in a
fraction of the cases, because building them takes time.
"""

import argparse
import collections
import contextlib
import copy
import io
import json
import math
import os
import struct
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[2] / "tests" / "data" / "format_2"
PREDICT_EVERY = 500


def import_package(instrument=None):
    """Import what is fuzzed, instrumented for coverage where an engine wants that."""
    with instrument or contextlib.nullcontext():
        pass


class Bytes:
    """Decisions read off a string of bytes; zeros once it is used up."""

    def __init__(self, data):
        self.data, self.place = data, 0

    def number(self, below):
        n_bytes = max(1, (int(below - 1).bit_length() + 7) // 8)
        chunk = self.data[self.place : self.place + n_bytes].ljust(n_bytes, b"\0")
        self.place += n_bytes
        return int.from_bytes(chunk, "little") % below

    def one_of(self, options):
        return options[self.number(len(options))]


class File:
    """A file taken apart."""

    def __init__(self, path):
        self.name = path.stem
        self.data = path.read_bytes()
        from skrnn.fileformat import archive, container
        from skrnn.fileformat.streams import Source

        entries, file = [], Source(io.BytesIO(self.data), len(self.data))
        names = (container.MANIFEST, container.DOCUMENT, container.ARRAYS)
        self.manifest, self.document, self.arrays = (
            archive.read_part(file, name, entries) for name in names
        )

    def tree(self):
        return json.loads(self.document)

    def unpacked(self):
        import safetensors.numpy

        return safetensors.numpy.load(self.arrays)


def seal(document, arrays, manifest=None, comment=None):
    """Return a file of these parts, whatever they are, with every checksum right."""
    from skrnn.fileformat import archive, container

    if manifest is None:
        parts = {container.DOCUMENT: document, container.ARRAYS: arrays}
        manifest = {
            "format": 1,
            "versions": {"skrnn": "0.1.0"},
            "parts": {
                name: {"size": len(part), "sha256": container._digest(part)}
                for name, part in parts.items()
            },
        }
        manifest = json.dumps(manifest).encode()
    parts = [
        (container.MANIFEST, manifest),
        (container.DOCUMENT, document),
        (container.ARRAYS, arrays),
    ]
    file = io.BytesIO()
    archive.write_parts(file, parts, container._comment(manifest) if comment is None else comment)
    return file.getvalue()


def pack(arrays):
    """Return arrays as safetensors."""
    import safetensors.numpy

    return safetensors.numpy.save({k: np.asarray(v, order="C") for k, v in arrays.items()})


ODD_NUMBERS = [0, 1, -1, 2, 3, 7, 2**31 - 1, 2**31, 2**63, 10**40, 0.5, -0.5, 1e-300, 1e308]
ODD_NUMBERS += [math.nan, math.inf, -math.inf, True, False, 10**9, 50_000, 1.0, 1.5]
ODD_STRINGS = ["", "a", "__", "a__b", "../../etc/passwd", "\ud800", "\0", "x" * 5000, "os.system"]
ODD_STRINGS += ["RNNClassifier", "Pipeline", "passthrough", "adam", "(a+)+$", "steps", "lstm"]
ODD_STRINGS += ["pandas", "filename", "utf-16", "char", "U4", "U999999999", "object", "builtins"]
ODD_TREES = [None, [], {}, [[]], {"tuple": []}, {"dict": []}, {"dict": [[1, 2]]}, {"type": "int64"}]
ODD_TREES += [{"keras": "Adam", "config": {}}, {"keras": "CosineDecay", "config": {}}, {"a": 1}]
ODD_TREES += [{"dict": [[{"tuple": [[]]}, 1]]}, {"dtype": "float16"}, {"keras": "Lambda"}]
ODD_TREES += [{"keras": "Adam", "config": {"learning_rate": {"module": "os", "class_name": "x"}}}]


def places(tree, path=()):
    """Yield the path of every value of a tree; of a long list, of a few."""
    yield path
    if isinstance(tree, dict):
        for key in tree:
            yield from places(tree[key], (*path, key))
    elif isinstance(tree, list):
        for i in sorted({0, 1, len(tree) // 2, len(tree) - 1} & set(range(len(tree)))):
            yield from places(tree[i], (*path, i))


def at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def damage_tree(tree, draw):
    """Change a tree somewhere; return it."""
    all_places = list(places(tree))
    if len(all_places) == 1:
        return tree
    path = draw.one_of(all_places[1:])
    parent, key = at(tree, path[:-1]), path[-1]
    kind = draw.number(8)
    if kind == 0:
        parent[key] = draw.one_of(ODD_NUMBERS)
    elif kind == 1:
        parent[key] = draw.one_of(ODD_STRINGS)
    elif kind == 2:
        parent[key] = copy.deepcopy(draw.one_of(ODD_TREES))
    elif kind == 3:
        del parent[key]
    elif kind == 4:
        parent[key] = copy.deepcopy(at(tree, draw.one_of(all_places)))
    elif kind == 5 and isinstance(parent, dict):
        parent[draw.one_of([*ODD_STRINGS, *parent])] = parent.pop(key)
    elif kind == 6 and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[draw.number(len(parent))]))
    elif type(parent[key]) in (int, float):
        parent[key] += draw.one_of([-2, -1, 1, 2, 0.5])
    elif type(parent[key]) is bool:
        parent[key] = not parent[key]
    else:
        parent[key] = [parent[key]] * draw.number(5)
    return tree


ODD_DTYPES = ["float32", "float64", "float16", "int64", "int32", "uint32", "uint8", "bool"]
ODD_SHAPES = [(), (0,), (1,), (2,), (0, 3), (3, 0), (1, 1), (4, 4), (2, 2, 2), (100,)]


def damage_arrays(arrays, draw):
    """Change one array; return all."""
    name = draw.one_of(sorted(arrays))
    array = arrays[name].copy()
    kind = draw.number(9)
    if kind == 0:
        del arrays[name]
        return arrays
    if kind == 1:
        arrays[draw.one_of([*ODD_STRINGS[1:5], *sorted(arrays), "training/0"])] = array
        return arrays
    if kind == 2:
        arrays[name] = arrays[draw.one_of(sorted(arrays))]
        return arrays
    if kind == 3:
        with np.errstate(all="ignore"):
            array = array.astype(draw.one_of(ODD_DTYPES))
    elif kind == 4:
        array = np.zeros(draw.one_of(ODD_SHAPES), array.dtype)
    elif kind == 5 and array.ndim:
        array = array[: draw.number(len(array) + 1)] if draw.number(2) else array.T
    elif array.size and array.dtype.kind == "f":
        values = [np.nan, np.inf, -np.inf, 1e3, -1e3, 1e12, 9.9e11, -9.9e11, 1e-40, 0, 60000]
        with np.errstate(over="ignore"):
            array.flat[draw.number(array.size)] = draw.one_of(values)
    elif array.size and array.dtype.kind in "iu":
        values = [0, 1, 2, 5, 100, 2**31, 2**62, -1, -(2**62)]
        array.flat[draw.number(array.size)] = np.array(draw.one_of(values)).astype(array.dtype)
    arrays[name] = array
    return arrays


def damage_bytes(data, others, draw):
    """Flip, cut, insert, repeat or splice."""
    data, at = bytearray(data), draw.number(max(1, len(data)))
    kind = draw.number(7)
    if kind <= 1 and data:
        for _ in range(1 + draw.number(4) * kind):
            data[draw.number(len(data))] ^= 1 << draw.number(8)
    elif kind == 2:
        del data[at:]
    elif kind == 3:
        del data[at : at + 1 + draw.number(64)]
    elif kind == 4:
        data[at:at] = bytes(draw.number(256) for _ in range(1 + draw.number(8)))
    elif kind == 5:
        other = draw.one_of(others)
        data[at:] = other[draw.number(len(other)) :]
    elif at + 8 <= len(data):
        value = draw.one_of([0, 1, 2**15, 2**31, 2**32 - 1, 2**63, 2**64 - 1, len(data)])
        data[at : at + 8] = struct.pack("<Q", value)
    return bytes(data)


def case(data, files):
    """Return the damaged file that a string of bytes stands for, and the kind of damage."""
    draw = Bytes(data)
    file = draw.one_of(files)
    kind = draw.one_of(["bytes", "tree", "tree", "tree", "arrays", "arrays", "both"])
    parts = {"document": file.document, "arrays": file.arrays}
    if kind == "bytes":
        part = draw.one_of(["file", "document", "arrays", "manifest"])
        if part == "file":
            return damage_bytes(file.data, [one.data for one in files], draw), kind
        if part == "manifest":
            manifest = damage_bytes(file.manifest, [one.manifest for one in files], draw)
            return seal(**parts, manifest=manifest), kind
        others = [getattr(one, part) for one in files]
        parts[part] = damage_bytes(parts[part], others, draw)
        return seal(**parts), kind
    if kind in ("tree", "both"):
        tree = file.tree()
        for _ in range(1 + draw.number(3)):
            tree = damage_tree(tree, draw)
        parts["document"] = json.dumps(tree).encode()
    if kind in ("arrays", "both"):
        arrays = file.unpacked()
        for _ in range(1 + draw.number(2)):
            arrays = damage_arrays(arrays, draw) if arrays else arrays
        parts["arrays"] = pack(arrays)
    return seal(**parts), kind


def leaves(estimator):
    """Yield the estimators in a pipeline, those of pipelines in it too."""
    steps = [step for _, step in getattr(estimator, "steps", [(None, estimator)])]
    for step in steps:
        if hasattr(step, "steps"):
            yield from leaves(step)
        elif step is not None and step != "passthrough":
            yield step


def input_of(estimator, first):
    """Return a few rows that an estimator, whose first step is `first`, reads, or None."""
    texts = ["not good at all, I'd say", "", "the film!"]
    if hasattr(first, "network_"):
        if getattr(first, "text_", None) is not None:
            extra = ("N",) * len(first.text_.columns)
            return [[(word, *extra) if extra else word for word in text.split()] for text in texts]
        if first.vocabulary_size_ is not None:
            return [[1, first.vocabulary_size_ - 1], [1]]
        if first.n_features_in_ > 1000:
            return None
        shape = (2, 3, first.n_features_in_)
        return np.ones(shape[::2] if first._is_table else shape)
    return texts if hasattr(first, "vocabulary_") else np.ones((2, first.n_features_in_))


def predict(estimator, n_loaded, predict_every):
    """Return whether predictions were made, all of them finite."""
    steps = list(leaves(estimator))
    if any(hasattr(step, "network_") for step in steps) and n_loaded % predict_every:
        return False
    X = input_of(estimator, steps[0])
    if X is None:
        return False
    if hasattr(estimator, "predict"):
        answers = [estimator.predict(X)]
        if hasattr(estimator, "predict_proba"):
            answers.append(estimator.predict_proba(X))
    else:
        answers = [estimator.transform(X)]
    for values in answers:
        if values.dtype == object and len(values) and isinstance(values[0], np.ndarray):
            values = np.concatenate(list(values))  # the steps of all rows
        values = values.data if hasattr(values, "indptr") else np.asarray(values)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise AssertionError(f"Predictions are not finite: {values}")
    return True


class Fuzzer:
    """Runs cases and counts what happens."""

    def __init__(self, folder=FOLDER, predict_every=PREDICT_EVERY):
        self.files = [File(path) for path in sorted(folder.glob("*.skrnn"))]
        self.counts, self.n_cases, self.n_predicted = collections.Counter(), 0, 0
        self.predict_every = predict_every
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "case.skrnn")

    def run(self, data):
        """Run one case; raise whatever must not happen."""
        from skrnn.exceptions import InvalidFileError
        from skrnn.persistence import load

        damaged, kind = case(data, self.files)
        self.n_cases += 1
        with open(self.path, "wb") as file:
            file.write(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of hostile parameters; the outcome is what counts
            try:
                estimator = load(self.path)
            except InvalidFileError:
                self.counts[kind, "InvalidFileError"] += 1
                return
            predicted = predict(estimator, sum(self.counts.values()), self.predict_every)
        self.n_predicted += predicted
        self.counts[kind, "loaded, finite predictions" if predicted else "loaded"] += 1

    def report(self):
        """Print the outcomes."""
        print(f"{self.n_cases} cases; predictions asked of {self.n_predicted}")
        for (kind, outcome), n in sorted(self.counts.items()):
            print(f"  {kind:8} {outcome:28} {n:8}")
        # Not getrusage: its maximum starts with that of the process that forked this one.
        lines = Path("/proc/self/status").read_text().splitlines()
        peak = next(int(n.split()[1]) for n in lines if n.startswith("VmHWM")) / 1024
        print(
            f"  largest file {max(len(file.data) for file in self.files)} bytes, peak memory "
            f"{peak:.0f} MB",
            flush=True,
        )


def run_hypothesis(fuzzer, n_cases, seed):
    """Draw cases with hypothesis until there are so many."""
    import hypothesis
    from hypothesis import strategies as st

    # In portions: one run keeps a record of all it has drawn.
    portion = 5000
    while fuzzer.n_cases < n_cases:
        n = min(portion, n_cases - fuzzer.n_cases)

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=n,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(st.binary(min_size=40, max_size=40))
        def test(data):
            fuzzer.run(data)

        test()
        seed += 1
    print(f"hypothesis {hypothesis.__version__}; the last seed was {seed - 1}")


def run_atheris(fuzzer, n_cases, seed, atheris):
    """Let libFuzzer look for cases that reach new code."""
    started = [sys.argv[0], f"-seed={seed}", f"-runs={n_cases}", "-max_len=64", "-len_control=0"]
    started += ["-rss_limit_mb=0", "-timeout=60", "-verbosity=0"]

    def run(data):
        fuzzer.run(bytes(data))
        if fuzzer.n_cases >= n_cases:  # libFuzzer ends the process itself
            fuzzer.report()
            os._exit(0)

    atheris.Setup(started, run)
    atheris.Fuzz()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", choices=["hypothesis", "atheris"], default="hypothesis")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--predict-every", type=int, default=PREDICT_EVERY)
    options = parser.parse_args()
    if options.engine == "atheris":
        import atheris

        instrument = atheris.instrument_imports(include=["skrnn.persistence", "skrnn.fileformat"])
    import_package(instrument if options.engine == "atheris" else None)
    fuzzer = Fuzzer(predict_every=options.predict_every)
    print(f"engine {options.engine}, seed {options.seed}, {len(fuzzer.files)} files to damage")
    start = time.monotonic()
    if options.engine == "atheris":
        run_atheris(fuzzer, options.cases, options.seed, atheris)
    else:
        run_hypothesis(fuzzer, options.cases, options.seed)
    fuzzer.report()
    print(f"  {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
