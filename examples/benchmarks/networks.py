"""Measure what each further network of `n_networks` brings.

    SKRNN_DATA=folder/of/the/data python examples/benchmarks/networks.py default --data trec
    ... networks.py default --rows 2000 --test-rows 5000
    ... networks.py labelled --n 4 --seeds 1

A recipe of `recipes.py` trains `--n` networks as one estimator, once for each seed. Then the means
of all pairs, of all threes and so on are scored, as if so many had been trained: each network is
what it would be without the others. They are not calibrated (`calibrate=False`), since that is
done for all of them together. Options are those of `accuracy.py`.
"""

import argparse
from itertools import combinations
from statistics import mean

import numpy as np
from accuracy import calibration_error, drawn, settings
from machine import describe_machine, print_machine
from recipes import RECIPES
from splits import load
from tables import markdown

from skrnn.network.forward import Forward


def main():
    """Train once for each seed, then print the table."""
    args = parse()
    machine, seeds = describe_machine(), []
    for seed in range(args.seeds):
        seeds.append(measure(args, seed))
        print(f"seed {seed}: {seeds[-1]}", flush=True)
    print_machine(machine, {})
    rows = []
    for n in range(1, args.n + 1):
        found = np.mean([of_seed[n] for of_seed in seeds], axis=0)
        rows.append([n, *(f"{value:.4f}" for value in found)])
    print(markdown(["networks", "accuracy", "log-loss", "calibration error"], rows))


def parse():
    """Return the parsed command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("recipe", choices=["default", "labelled"])
    add("--data", choices=["imdb", "trec", "reviews"], default="imdb")
    add("--n", type=int, default=5, help="networks")
    add("--validation", action="store_true", help="score on a part of the training texts")
    add("--rows", type=int, help="train on so many rows, drawn by the seed, stratified")
    add("--test-rows", type=int, help="score on so many rows, drawn once")
    add("--seeds", type=int, default=3)
    add("--set", action="append", default=[], metavar="NAME=JSON", help="a parameter")
    return parser.parse_args()


def measure(args, seed):
    """Return accuracy, log-loss and calibration error for each number of networks."""
    split = load(args.data, validation=args.validation, seed=seed, unlabeled=False)
    if args.rows:
        split.train, split.y_train = drawn(split.train, split.y_train, args.rows, seed)
    if args.test_rows:
        split.test, split.y_test = drawn(split.test, split.y_test, args.test_rows, 0)
    how = {**settings(args), "n_networks": args.n, "calibrate": False}
    pipeline = RECIPES[args.recipe](seed, **how).fit(split.train, split.y_train)
    text, classifier = pipeline.named_steps.values()
    rows = classifier.read(text.transform(split.test))
    description = classifier.network_.description
    raws = [
        Forward(description.of_one, own).raw(rows).astype(np.float64)
        for own in description.split(list(classifier.network_.values))
    ]
    truth = np.searchsorted(classifier.classes_, split.y_test)
    found = {}
    for n in range(1, args.n + 1):
        scores = [
            score(classifier.head_.probabilities(np.mean(some, axis=0)), truth)
            for some in combinations(raws, n)
        ]
        found[n] = [mean(values) for values in zip(*scores, strict=True)]
    return found


def score(probability, truth):
    """Return accuracy, log-loss and calibration error."""
    return (
        float((probability.argmax(axis=1) == truth).mean()),
        float(-np.log(probability[np.arange(len(truth)), truth]).mean()),
        calibration_error(probability, truth),
    )


if __name__ == "__main__":
    main()
