"""Compare the accuracy of the same network trained by skrnn and by plain Keras.

    SKRNN_DATA=folder/of/aclImdb_v1.tar.gz python examples/benchmarks/same_accuracy.py

Both are trained on 10,000 IMDb reviews for three epochs and scored on 5,000 test reviews, cut at
200 tokens, with three seeds. Everything else is as in `speed.py`. The differences are the
optimizations of skrnn: its layers, and batches of similar length instead of random batches. The
script needs only Python and pip, and uses the environments of `speed.py`.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import mean, stdev

from environments import default_folder, make_environment, versions
from machine import describe_machine, print_machine
from rows import CELLS
from tables import markdown
from workers import Worker, end_on_termination, say, write_reviews

PEERS = {
    "skrnn": ("skrnn", "ours", "skrnn.RNNClassifier"),
    "keras": ("keras", "keras_padded", "Keras, padded"),
}


def main():
    """Train all networks and print means and standard deviations."""
    end_on_termination()
    args = parse()
    pythons = {name: make_environment(name, args.envs, say) for name in ("skrnn", "keras")}
    told = {name: versions(name, python) for name, python in pythons.items()}
    machine = describe_machine()
    with tempfile.TemporaryDirectory() as folder:
        path, _ = write_reviews(
            pythons["skrnn"], folder, args.rows, args.test_rows, args.max_length
        )
        found = {
            cell: {
                peer: [train(pythons, peer, cell, path, seed, args) for seed in range(args.seeds)]
                for peer in PEERS
            }
            for cell in args.cells
        }
    if args.json:
        results = {"machine": machine, "versions": told, "accuracy": found}
        args.json.write_text(json.dumps(results, indent=1) + "\n")
    print("## Accuracy\n")
    print_machine(machine, told)
    print(
        f"{args.rows:,} reviews to train on, {args.test_rows:,} to test, cut at "
        f"{args.max_length} tokens; test accuracy after {args.epochs} epochs.\n"
    )
    for cell, accuracies in found.items():
        print_accuracies(cell, accuracies)


def parse():
    """Return the parsed command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--envs", type=Path, default=default_folder(), help="folder of the environments")
    add("--json", type=Path, help="write all accuracies here")
    add("--rows", type=int, default=10_000, help="reviews to train on")
    add("--test-rows", type=int, default=5_000, help="reviews to test")
    add("--max-length", type=int, default=200, help="maximum number of tokens in a review")
    add("--epochs", type=int, default=3)
    add("--seeds", type=int, default=3)
    add("--cells", nargs="+", choices=CELLS, default=["lstm"])
    args = parser.parse_args()
    if args.seeds < 2:
        parser.error("--seeds must be at least 2; from one there is no spread to be seen")
    return args


def train(pythons, peer, cell, path, seed, args):
    """Return the test accuracy after each epoch."""
    environment, script, title = PEERS[peer]
    say(f"{title}, {CELLS[cell]}, seed {seed}")
    with Worker(pythons[environment], script, title) as worker:
        worker.ask("prepare", path=path, cell=cell, seed=seed)
        accuracies = []
        for _ in range(args.epochs):
            worker.ask("epoch")
            accuracies.append(worker.ask("predict")["accuracy"])
    return accuracies


def print_accuracies(cell, accuracies):
    """Print the last accuracy of each seed, means, standard deviations and differences."""
    final = {peer: [epochs[-1] for epochs in seeds] for peer, seeds in accuracies.items()}
    seeds = [f"seed {i}" for i in range(len(final["keras"]))]
    rows = [
        [PEERS[peer][2], *(f"{x:.4f}" for x in values), f"{mean(values):.4f}",
         f"{stdev(values):.4f}"]
        for peer, values in final.items()
    ]  # fmt: skip
    print(f"### {CELLS[cell]}\n\n{markdown(['', *seeds, 'mean', 'deviation'], rows)}")
    difference = mean(final["skrnn"]) - mean(final["keras"])
    error = (sum(stdev(values) ** 2 for values in final.values()) / len(seeds)) ** 0.5
    worst = min(final["keras"])
    print(
        f"skrnn's mean is {difference:+.4f} from Keras's, with a standard error of {error:.4f}; "
        f"it is {'not ' if mean(final['skrnn']) >= worst else ''}below the worst of Keras's seeds."
        "\n"
    )


if __name__ == "__main__":
    main()
