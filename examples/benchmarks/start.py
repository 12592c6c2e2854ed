"""Time and memory of a new process that loads a model and classifies one sentence.

The pipeline of ``skrnn demo`` (10,000 words, an LSTM with its n-grams), from a file of `skrnn.save`
and from a pickle, against a pickled tf-idf + logistic regression pipeline::

    python examples/benchmarks/start.py

Each way runs in processes of its own, in turns; the table shows the median, the least and the
largest of the wall time, and the largest resident memory. Numba's cache is warm but in the row
that says otherwise, which compiles the kernels in a folder without any. Runs on Linux, which tells
the memory of a process in ``/proc``.
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from machine import describe_machine, print_machine
from tables import markdown

CODE = {
    "tf-idf + logistic regression": "import pickle; m = pickle.load(open({linear!r}, 'rb'))",
    "skrnn.load": "import skrnn; m = skrnn.load({file!r})",
    "pickled network": "import pickle; m = pickle.load(open({pickled!r}, 'rb'))",
}
THEN = """
m.predict_proba(["The plot was not dull at all"])
import sys
# Not getrusage: its maximum starts with that of the process that this one was forked from.
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(peak // 1024, "tensorflow" in sys.modules)
"""


def main():
    """Make the models, run the processes, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    machine = describe_machine()
    with tempfile.TemporaryDirectory() as folder:
        paths = make_models(Path(folder))
        seconds = {name: [] for name in CODE}
        memory = dict.fromkeys(CODE, 0)
        for name in CODE:  # warms the caches of the system and of Numba
            run(CODE[name].format(**paths))
        for _ in range(arguments.rounds):
            for name in CODE:
                took, used = run(CODE[name].format(**paths))
                seconds[name].append(took)
                memory[name] = max(memory[name], used)
        cold = Path(folder, "empty")
        cold.mkdir()
        took, used = run(CODE["skrnn.load"].format(**paths), NUMBA_CACHE_DIR=str(cold))
    first = next(iter(CODE))
    base, base_memory = median(seconds[first]), memory[first]
    rows = [
        [
            name,
            f"{median(times):.2f} [{min(times):.2f}, {max(times):.2f}]",
            f"{median(times) / base:.2f}",
            f"{memory[name]}",
            f"{memory[name] / base_memory:.2f}",
        ]
        for name, times in seconds.items()
    ]
    cold = ["skrnn.load, compiling its kernels", f"{took:.2f}", f"{took / base:.2f}"]
    rows.append([*cold, f"{used}", f"{used / base_memory:.2f}"])
    print(markdown(["process", "time (s)", "ratio", "memory (MB)", "ratio"], rows))
    print_machine(machine)


def make_models(folder):
    """Fit the models and write them; return their paths."""
    from sklearn.pipeline import make_pipeline

    import skrnn
    from skrnn import RNNClassifier, TextToSequence, make_reviews, make_tfidf_logistic

    reviews, labels = make_reviews(4000, random_state=0)
    text = TextToSequence(max_features=10_000)
    network = make_pipeline(text, RNNClassifier(epochs=1, random_state=0)).fit(reviews, labels)
    paths = {name: str(folder / name) for name in ("linear", "file", "pickled")}
    skrnn.save(network, paths["file"])
    linear = make_tfidf_logistic().fit(reviews, labels)
    for name, model in (("linear", linear), ("pickled", network)):
        with open(paths[name], "wb") as file:
            pickle.dump(model, file)
    return paths


def run(code, **environment):
    """Run code in a new process; return its seconds, and its resident memory in MB."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code + THEN],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    took = time.perf_counter() - start
    used, has_tensorflow = done.stdout.split()
    assert has_tensorflow == "False", "TensorFlow was loaded"
    return took, int(used)


if __name__ == "__main__":
    main()
