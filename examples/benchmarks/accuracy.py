"""Measure the accuracy, time and memory of an estimator. Each command prints one row.

    SKRNN_DATA=folder/of/the/data python examples/benchmarks/accuracy.py default
    ... accuracy.py default --data trec
    ... accuracy.py default --rows 500 --seeds 10 --test-rows 5000
    ... accuracy.py labelled
    ... accuracy.py unlabelled --seeds 1 --set n_networks=3
    ... accuracy.py unlabelled --rows 500 --set word_dropout=0.4
    ... accuracy.py labelled --vectors 0.33 --set n_networks=3
    ... accuracy.py vectors          (also unlabelled_vectors)
    ... accuracy.py nbsvm            (also tfidf)

The estimator is trained on the official training texts and scored on the official test set, once
for each seed, each in its own process. With ``--validation`` it is scored on a part of the training
texts instead (see `splits.py`). The defaults were chosen in this way. Options such as
``--set dropout=0 --set 'units=[64, 64]'`` change parameters of the recipe (`recipes.py`). Times are
those of `fit`, including tokenization, and of `predict`; CPU seconds, user and system, are of both.
With ``--rows``, each seed also draws so many training texts, the same ones for every recipe, and
with ``--test-rows``, all are scored on so many test texts, the same ones always. With
``--vectors``, the answers are the mean of the network's and those of a linear model on vectors of
documents, which have this share.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from machine import describe_machine, peak_memory, print_machine
from recipes import RECIPES, WITH_UNLABELED, with_vectors
from sklearn import config_context
from sklearn.model_selection import train_test_split
from splits import load
from tables import markdown

from skrnn import DocumentVectorizer, RNNClassifier

PACKAGES = ("scikit-learn", "tensorflow", "keras", "numpy", "numba")
N_BINS = 15


def main():
    """Run each seed in its own process, then print the table."""
    args = parse()
    if args.seed is not None:
        print(json.dumps(measure(args)))
        return
    machine = describe_machine()
    runs = []
    for seed in range(args.seeds):
        command = [sys.executable, __file__, *sys.argv[1:], "--seed", str(seed)]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        runs.append(json.loads(told.splitlines()[-1]))
        print(f"seed {seed}: {runs[-1]}", file=sys.stderr, flush=True)
    if args.json:
        args.json.write_text(json.dumps({"machine": machine, "runs": runs}, indent=1) + "\n")
    print_machine(machine, {"packages": {name: version(name) for name in PACKAGES}})
    print(table(args, runs))


def parse():
    """Return the parsed command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("recipe", choices=RECIPES)
    add("--data", choices=["imdb", "trec", "reviews"], default="imdb")
    add("--validation", action="store_true", help="score on a part of the training texts")
    add("--rows", type=int, help="train on so many rows, drawn by the seed, stratified")
    add("--test-rows", type=int, help="score on so many rows, drawn once")
    add("--seeds", type=int, default=3)
    add("--set", action="append", default=[], metavar="NAME=JSON", help="a parameter")
    add("--vectors", type=float, help="share of a linear model on vectors of documents")
    add("--json", type=Path, help="write all figures here")
    add("--seed", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(args):
    """Fit and score with one seed; return the figures."""
    with_unlabeled = args.recipe in WITH_UNLABELED
    split = load(args.data, validation=args.validation, seed=args.seed, unlabeled=with_unlabeled)
    if args.rows:
        split.train, split.y_train = drawn(split.train, split.y_train, args.rows, args.seed)
    if args.test_rows:
        split.test, split.y_test = drawn(split.test, split.y_test, args.test_rows, 0)
    pipeline = RECIPES[args.recipe](args.seed, **settings(args))
    if args.vectors:
        pipeline = with_vectors(pipeline, args.seed, args.vectors)
    cpu, start = process_time(), time.perf_counter()
    if with_unlabeled:
        # The tokenizer learns its vocabulary from all texts. A word of a review may be in no other
        # one that has a label.
        text, classifier = pipeline.named_steps.values()
        text.fit(split.train + split.unlabeled)
        unlabeled = text.transform(split.unlabeled)
        is_composite = not isinstance(classifier, RNNClassifier)
        with config_context(enable_metadata_routing=is_composite):
            if is_composite:
                request(classifier)
            classifier.fit(text.transform(split.train), split.y_train, X_unlabeled=unlabeled)
    else:
        pipeline.fit(split.train, split.y_train)
    fitted = time.perf_counter()
    probability = pipeline.predict_proba(split.test)
    end = time.perf_counter()
    truth = np.searchsorted(pipeline.classes_, split.y_test)
    return {
        "accuracy": float((probability.argmax(axis=1) == truth).mean()),
        "log_loss": float(-np.log(probability[np.arange(len(truth)), truth]).mean()),
        "ece": calibration_error(probability, truth),
        "fit_s": fitted - start,
        "predict_s": end - fitted,
        "cpu_s": process_time() - cpu,
        "peak_mb": peak_memory(),
    }


def request(composite):
    """Let all parts that learn from texts without a label get them."""
    for one in composite.get_params().values():
        if isinstance(one, RNNClassifier | DocumentVectorizer):
            one.set_fit_request(X_unlabeled=True)


def process_time():
    """Return the CPU seconds of this process and its children, user and system."""
    return sum(os.times()[:4])


def drawn(texts, labels, n_rows, seed):
    """Return a stratified part of the rows."""
    rows, _ = train_test_split(
        np.arange(len(texts)), train_size=n_rows, random_state=seed, stratify=labels
    )
    return [texts[i] for i in rows], labels[rows]


def settings(args):
    """Return the parameters set on the command line, with lists converted to tuples."""
    pairs = (one.split("=", 1) for one in args.set)
    values = {name: json.loads(value) for name, value in pairs}
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


def calibration_error(probability, truth):
    """Return the expected calibration error (Guo et al. 2017, equation 3), 15 bins.

    The average gap between the confidence and the accuracy of a bin.
    """
    confidence, right = probability.max(axis=1), probability.argmax(axis=1) == truth
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    gaps = [abs((confidence - right)[bins == i].sum()) for i in range(N_BINS)]
    return float(sum(gaps) / len(truth))


def table(args, runs):
    """Return the figures as Markdown."""
    flag = f"--vectors {args.vectors}" if args.vectors else ""
    what = " ".join(one for one in (args.recipe, flag, *args.set) if one)
    what += f", {args.rows} training rows" if args.rows else ""
    part = "validation part of the training texts" if args.validation else "official test"
    part = "1,000 other ones" if args.data == "reviews" else part
    seeds = [f"seed {i}" for i in range(len(runs))]
    rows = []
    for key, title, digits in (
        ("accuracy", "accuracy", 4),
        ("log_loss", "log-loss", 4),
        ("ece", "calibration error", 4),
        ("fit_s", "fit, s", 1),
        ("predict_s", "predict, s", 1),
        ("cpu_s", "CPU, s", 1),
        ("peak_mb", "peak memory, MB", 0),
    ):
        values = [run[key] for run in runs]
        deviation = f"{stdev(values):.{digits}f}" if len(values) > 1 else ""
        shown = [f"{value:.{digits}f}" for value in [*values, mean(values)]]
        rows.append([title, *shown, deviation])
    part = f"{args.test_rows} rows of the {part}" if args.test_rows else part
    head = f"{what}, {args.data.upper()}, {part}"
    return f"{head}\n\n" + markdown(["", *seeds, "mean", "deviation"], rows)


if __name__ == "__main__":
    main()
