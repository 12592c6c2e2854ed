"""Measure how time and memory of skrnn grow with tokens, units, document length and fits.

    pip install -e ".[plot]"
    SKRNN_DATA=folder/of/aclImdb_v1.tar.gz python examples/benchmarks/scaling.py --output plots

The script runs in the current environment, prints Markdown and plots a PNG for each question:

- tokens: increasing numbers of IMDb reviews, cut at 500 tokens;
- units: 2,560 of these reviews, with LSTMs of increasing width;
- length: the concatenated tokens of the reviews are cut into documents of equal length. The number
  of tokens is always the same, and only the length of the documents changes;
- outlier: 2,000 whole reviews, and the same with one document of 20,000 tokens;
- memory: many fits in one process, each with a new estimator on 256 reviews.

Each setting runs in its own process, after an untimed epoch. The settings of a question take turns
in each round. They train two epochs, and the second is timed. The tables have medians [min, max].
`peers/ours.py` describes how an epoch is timed.
"""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import numpy as np
from machine import describe_machine, print_machine
from scipy import sparse
from tables import markdown, spread
from workers import Worker, end_on_termination, say
from workload import read_reviews, tokenise, write

MAX_LENGTH, OUTLIER = 500, 20_000
TOKEN_ROWS = (320, 640, 1280, 2560, 5120, 10_240)
UNITS = (32, 64, 128, 256)
LENGTHS = (25, 50, 100, 200, 400, 800, 1600)


def main():
    """Run the measurements, print the tables and plot."""
    end_on_termination()
    args = parse()
    args.output.mkdir(parents=True, exist_ok=True)
    machine = describe_machine()
    print("## Scaling\n")
    print_machine(machine)
    say("Tokenising")
    reviews = tokenise(*read_reviews(), rows=25_000, test_rows=256, max_length=None)
    found = {"machine": machine}
    with tempfile.TemporaryDirectory() as folder:
        for question in args.questions:
            found[question] = QUESTIONS[question](Bench(folder, reviews, args))
    (args.output / "scaling.json").write_text(json.dumps(found, indent=1) + "\n")
    draw(found, args.output)


def parse():
    """Return the parsed command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--output", type=Path, required=True, help="folder of the plots and scaling.json")
    add("--repeats", type=int, default=5, help="timed epochs of each setting")
    add("--rows", type=int, default=2560, help="reviews for the questions on units and length")
    add(
        "--fits",
        type=int,
        nargs=2,
        default=(5, 50),
        help="fits before each memory measurement",
    )
    add("--questions", nargs="+", choices=QUESTIONS, default=list(QUESTIONS))
    return parser.parse_args()


class Bench:
    """Reviews, and a method to time epochs on them.

    Parameters
    ----------
    folder : str
        Folder of the arrays for the workers.
    reviews : dict
        The result of `workload.tokenise`.
    args : argparse.Namespace
        The command-line arguments.
    """

    def __init__(self, folder, reviews, args):
        self.folder, self.args = Path(folder), args
        ids, self.y = reviews["train"]
        self.documents = np.split(ids.data, ids.indptr[1:-1])
        self.test = reviews["test"]

    def cut(self, n):
        """Return the first n reviews, cut at 500 tokens."""
        return [document[:MAX_LENGTH] for document in self.documents[:n]]

    def worker(self, stack, documents, y, **settings):
        """Start a process on these documents."""
        path = self.folder / "documents.npz"
        write(path, {"train": (stack_rows(documents), y), "test": self.test})
        worker = stack.enter_context(Worker(sys.executable, "ours", f"skrnn, {settings}"))
        worker.ask("prepare", path=str(path), **settings)
        return worker

    def epochs(self, settings):
        """Time epochs; `settings` maps names to (documents, y, arguments of the estimator).

        Returns {name: {"seconds": list, "tokens": int, "now" and "peak": memory in MB}}.
        """
        found = {}
        with ExitStack() as stack:
            workers = {}
            for name, (documents, y, arguments) in settings.items():
                say(f"Warming up {name}")
                workers[name] = self.worker(stack, documents, y, **arguments)
                workers[name].ask("epoch")
                found[name] = {"seconds": [], "tokens": sum(map(len, documents))}
            for i in range(self.args.repeats):
                say(f"Round {i + 1} of {self.args.repeats}")
                for name, worker in workers.items():
                    found[name]["seconds"].append(worker.ask("epoch", epochs=2)["seconds"])
            for name, worker in workers.items():
                found[name].update(worker.ask("memory"))
        return found


def stack_rows(documents):
    """Return a list of arrays of ids as a CSR array, row i left-aligned."""
    lengths = [len(document) for document in documents]
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    columns = np.concatenate([np.arange(n) for n in lengths])
    shape = (len(documents), max(lengths))
    return sparse.csr_array((np.concatenate(documents), columns, bounds), shape=shape)


def ask_tokens(bench):
    """Time epochs on increasing numbers of reviews."""
    most = 4 * bench.args.rows
    settings = {n: (bench.cut(n), bench.y[:n], {}) for n in TOKEN_ROWS if n <= most}
    found = bench.epochs(settings)
    print_epochs("Tokens", "reviews", found)
    return found


def ask_units(bench):
    """Time epochs of networks of increasing width."""
    n = bench.args.rows
    found = bench.epochs({units: (bench.cut(n), bench.y[:n], {"units": units}) for units in UNITS})
    print_epochs("Units", "units", found)
    return found


def ask_length(bench):
    """Time epochs on the same number of tokens in documents of increasing length."""
    documents = bench.cut(bench.args.rows)
    stream = np.concatenate(documents)
    # A document has the label of the review of its first token.
    labels = np.repeat(bench.y[: len(documents)], [len(document) for document in documents])
    settings = {}
    for length in LENGTHS:
        starts = np.arange(0, len(stream) - length + 1, length)
        chunks = [stream[start : start + length] for start in starts]
        settings[length] = (chunks, labels[starts], {})
    found = bench.epochs(settings)
    print_epochs("Length of documents", "tokens a document", found)
    return found


def ask_outlier(bench):
    """Time epochs with and without one very long document, and measure the peak memory."""
    documents, y = bench.documents[:2000], bench.y[:2000]
    outlier = np.concatenate(bench.documents[2000:2200])[:OUTLIER]
    found = bench.epochs(
        {
            "2,000 reviews": (documents, y, {}),
            "and 20,000 tokens": ([*documents, outlier], np.append(y, 1), {}),
        }
    )
    print_epochs("An outlier", "", found)
    before, after = found.values()
    share = after["tokens"] / before["tokens"]
    slower = median(after["seconds"]) / median(before["seconds"])
    print(
        f"The document adds {share - 1:.1%} of tokens; an epoch takes {slower:.2f}x the time",
        end="",
    )
    if "peak" in after:
        print(f", peak memory is {after['peak'] / before['peak']:.2f}x", end="")
    print(".\n")
    return found


def ask_memory(bench):
    """Measure the memory of one process after few and after many fits."""
    few, many = bench.args.fits
    with ExitStack() as stack:
        worker = bench.worker(stack, bench.documents[:256], bench.y[:256])
        say(f"{few} fits")
        after_few = worker.ask("fit_anew", times=few)
        say(f"{many - few} more fits")
        after_many = worker.ask("fit_anew", times=many - few)
    found = {few: after_few, many: after_many}
    rows = [
        [n, *(f"{memory.get(k, 0):.0f}" for k in ("now", "peak"))] for n, memory in found.items()
    ]
    print(f"### Memory\n\n{markdown(['fits', 'resident, MB', 'peak, MB'], rows)}")
    if after_few:
        growth = after_many["now"] / after_few["now"] - 1
        print(f"Resident memory grew by {growth:.1%} (wanted: at most 10%).\n")
    return found


def print_epochs(title, what, found):
    """Print a table of seconds per epoch and per million tokens."""
    header = [what, "tokens", "s an epoch", "s a million tokens", "peak memory, MB"]
    rows = [
        [
            name,
            f"{one['tokens']:,}",
            spread(one["seconds"]),
            f"{median(one['seconds']) / one['tokens'] * 1e6:.2f}",
            f"{one['peak']:.0f}" if "peak" in one else "",
        ]
        for name, one in found.items()
    ]
    print(f"### {title}\n\n{markdown(header, rows)}", flush=True)


QUESTIONS = {
    "tokens": ask_tokens,
    "units": ask_units,
    "length": ask_length,
    "outlier": ask_outlier,
    "memory": ask_memory,
}


def draw(found, folder):
    """Plot seconds per epoch for each of the first three questions."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    for question, label in (
        ("tokens", "tokens"),
        ("units", "units"),
        ("length", "tokens a document, their total being the same"),
    ):
        if question not in found:
            continue
        points = found[question]
        x = [one["tokens"] if question == "tokens" else name for name, one in points.items()]
        seconds = np.array([one["seconds"] for one in points.values()])
        middle = np.median(seconds, axis=1)
        spans = [middle - seconds.min(axis=1), seconds.max(axis=1) - middle]
        figure, axes = plt.subplots(figsize=(5, 3.5), layout="constrained")
        axes.errorbar(x, middle, yerr=spans, marker="o", markersize=4, capsize=3, color="C0")
        axes.set(xlabel=label, ylabel="seconds an epoch", ylim=(0, None))
        if question != "tokens":
            axes.set_xscale("log", base=2)
            axes.set_xticks(x, list(map(str, x)))
            axes.minorticks_off()
        axes.grid(alpha=0.3)
        figure.savefig(folder / f"{question}.png", dpi=150)
        plt.close(figure)


if __name__ == "__main__":
    main()
