"""Time predictions with skrnn, and with onnxruntime on the exported model.

    pip install -e ".[onnx]" onnxruntime
    python examples/benchmarks/onnx_speed.py --json onnx_speed.json

The default estimator is fitted on generated reviews for one epoch (the accuracy does not affect the
time). It predicts

- reviews of `make_reviews`, and long documents. A long document is a concatenation of reviews. The
  lengths are distributed like those of film reviews (a median of 170 tokens, a few over 1,000);
- one row, 32 rows and 1,000 rows in a call.

Each way to predict runs in its own process, and they take turns in each round. If a call is short,
the time of a round is the mean of several calls. The tables have medians [min, max] over the
rounds, in ms. All of them get token ids, so tokenization is not measured. For onnxruntime, the ids
are converted to a dense array before the measurement. "by length" means that the rows of a call are
sorted by length and predicted 64 at a time, including the time for sorting and conversion. skrnn
does this in its `predict_proba`.
"""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from statistics import median

import joblib
import numpy as np
from machine import describe_machine, print_machine
from tables import markdown, spread
from workers import Worker, end_on_termination, say

OURS = "skrnn"
# name: (title, arguments of `served.Peer.prepare`, environment variables)
WAYS = {
    OURS: ("RNNClassifier", {}, {}),
    "tensorflow": ("the same without Numba", {}, {"SKRNN_ENGINE": "tensorflow"}),
    "one": ("onnxruntime, 1 thread", {"threads": 1}, {}),
    "two": ("onnxruntime, 2 threads", {"threads": 2}, {}),
    "bucketed": ("onnxruntime, 2 threads, by length", {"threads": 2, "bucket": 64}, {}),
}
KINDS = {"short": "Generated reviews", "long": "Long documents"}
PACKAGES = ("tensorflow", "keras", "scikit-learn", "numpy", "numba", "onnx", "onnxruntime")


def write(folder, train_rows, n_rows):
    """Fit the estimator, write it, its ONNX model and the documents, and describe these."""
    from skrnn import RNNClassifier, TextToSequence, make_reviews
    from skrnn.onnx import to_onnx

    say(f"Fitting on {train_rows} generated reviews")
    reviews, y = make_reviews(train_rows, random_state=0)
    text = TextToSequence()
    classifier = RNNClassifier(epochs=1, random_state=0).fit(text.fit_transform(reviews), y)
    joblib.dump(classifier, folder / "classifier.joblib")
    (folder / "classifier.onnx").write_bytes(to_onnx(classifier).SerializeToString())
    short, _ = make_reviews(n_rows, random_state=1)
    rng = np.random.default_rng(0)
    words_a_review = np.diff(text.transform(short).indptr).mean()
    n_reviews = np.maximum(1, np.exp(rng.normal(np.log(170), 0.6, n_rows)) / words_a_review)
    long = [" ".join(rng.choice(short, int(n))) for n in np.rint(n_reviews)]
    documents = {"short": text.transform(short), "long": text.transform(long)}
    joblib.dump(documents, folder / "documents.joblib")
    lengths = {kind: np.diff(X.indptr) for kind, X in documents.items()}
    return {
        kind: {"median": int(np.median(n)), "longest": int(n.max())} for kind, n in lengths.items()
    }


def measure(folder, names, kinds, sizes, repeats):
    """Return one dict for each way, kind and size, with the seconds of all rounds."""
    results = [
        {"way": name, "kind": kind, "rows": size, "seconds": []}
        for kind in kinds
        for size in sizes
        for name in names
    ]
    with ExitStack() as stack:
        workers = {}
        for name in names:
            title, settings, variables = WAYS[name]
            worker = Worker(sys.executable, "served", title, variables)
            workers[name] = stack.enter_context(worker)
            workers[name].ask("prepare", folder=str(folder), **settings)
        for i in range(repeats + 1):
            say(f"Round {i} of {repeats}" if i else "Once, not counted")
            for result in results:
                size = result["rows"]
                calls = max(1, 64 // size) if i else 2
                worker = workers[result["way"]]
                answer = worker.ask("predict", kind=result["kind"], n_rows=size, calls=calls)
                result["probability"] = answer["probability"]
                if i:
                    result["seconds"].append(answer["seconds"])
    return results


def tables(results, sizes):
    """Return one table for each kind of documents."""
    header = [""]
    for size in sizes:
        header += [f"{size:,} row{'s' * (size > 1)}, ms", "x ours"]
    found = {(r["way"], r["kind"], r["rows"]): r["seconds"] for r in results}
    text = ""
    for kind in dict.fromkeys(r["kind"] for r in results):
        rows = []
        for name in dict.fromkeys(r["way"] for r in results):
            row = [WAYS[name][0]]
            for size in sizes:
                seconds, ours = found[name, kind, size], found.get((OURS, kind, size))
                row.append(spread([1000 * s for s in seconds]))
                row.append(f"{median(seconds) / median(ours):.2f}" if ours else "")
            rows.append(row)
        text += f"### {KINDS[kind]}\n\n{markdown(header, rows)}\n"
    return text


def largest_difference(results):
    """Return the largest difference between the probabilities of the same rows."""
    groups = {}
    for result in results:
        groups.setdefault((result["kind"], result["rows"]), []).append(result.pop("probability"))
    return max(float(np.ptp(group, axis=0).max()) for group in groups.values())


def main():
    """Run the measurements and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 32, 1000], help="rows in a call")
    parser.add_argument("--train-rows", type=int, default=4000)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", type=Path, help="write all numbers here")
    args = parser.parse_args()
    end_on_termination()
    machine = describe_machine()
    versions = {"skrnn": {name: version(name) for name in PACKAGES}}
    with tempfile.TemporaryDirectory() as folder:
        documents = write(Path(folder), args.train_rows, max(64, *args.rows))
        results = measure(Path(folder), args.ways, args.kinds, args.rows, args.repeats)
    difference = largest_difference(results)
    print("## Predicting with onnxruntime\n")
    print_machine(machine, versions)
    for kind in args.kinds:
        told = documents[kind]
        print(f"{KINDS[kind]}: median {told['median']} tokens, longest {told['longest']}.")
    print(f"Largest difference between two probabilities of a row: {difference:.1e}.\n")
    print(tables(results, args.rows))
    if args.json:
        report = {
            "machine": machine,
            "versions": versions,
            "documents": documents,
            "largest_difference": difference,
            "results": results,
        }
        args.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
