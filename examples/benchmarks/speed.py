"""Compare the training and prediction speed of skrnn and other libraries.

    SKRNN_DATA=folder/of/aclImdb_v1.tar.gz python examples/benchmarks/speed.py --json speed.json

The script needs only Python 3.11 and pip. Each library gets its own virtual environment, which is
created at the first run and kept (``--envs``). The task is the same for all: 2,560 IMDb reviews cut
at 500 tokens, 10,000 words, embedding 64, 64 units, the last real state, a sigmoid output, binary
cross-entropy, Adam, a batch size of 128. Predictions are of 2,560 test reviews. The other libraries
use a batch size of 128 here too (``--predict-batch-size``). skrnn uses 256, which users cannot
change.

Every row runs in its own process, which first trains and predicts once, untimed. Then all rows take
turns in each round, while the others wait: one call trains two epochs, of which the second is
timed, and one call predicts. Each round begins with another row. So if the machine is slow for a
while, all rows are affected. (The first epoch after a wait also includes the time for memory that
the system has reclaimed meanwhile, which is not part of training.) The tables have the median [min,
max] over the rounds, and the ratio of the median to that of skrnn.

For all libraries, an epoch is timed *inside* the training call, from the request of the first batch
to the last weight update. For skrnn, this includes sorting and padding. The time of the calls
before and after is reported below the tables, and for skrnn in the last table. A prediction is
timed as a whole call. `peers/` has one script for each library.

The limit is the time that the necessary matrix products of the real tokens (`rows.py`) would take
at the speed of a 2048 x 2048 float32 product on all cores in the same round.
"""

import argparse
import json
import subprocess
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from environments import default_folder, make_environment, versions
from machine import describe_machine, print_machine
from rows import CELLS, KERAS, OURS, OURS_TENSORFLOW, ROWS, gflop
from tables import around_epochs, bars, bars_table, overhead_table, speed_tables
from workers import ENVIRONMENT, PEERS, Worker, end_on_termination, say, write_reviews


def main():
    """Create the environments, run the measurements and print the tables."""
    end_on_termination()
    args = parse()
    rows = [row for row in ROWS if row.cell in args.cells and row.peer in args.peers]
    if not rows:
        raise SystemExit("No row has such a --cells and --peers.")
    names = dict.fromkeys(["skrnn", "keras", *(row.environment for row in rows)])
    pythons = {name: make_environment(name, args.envs, say) for name in names}
    machine = describe_machine()
    found = {
        "machine": machine,
        "versions": {name: versions(name, python) for name, python in pythons.items()},
        "arguments": {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()},
    }
    python = pythons["skrnn"]
    with tempfile.TemporaryDirectory() as folder:
        path, reviews = write_reviews(python, folder, args.rows, args.rows, args.max_length)
        found["reviews"] = reviews
        found["rows"] = measure(pythons, rows, path, reviews, args, args.repeats)
        if args.whole_rounds:
            peers = (OURS, OURS_TENSORFLOW, KERAS)
            whole_rows = [r for r in rows if r.cell == "lstm" and r.peer in peers]
            n = args.whole_rows or args.rows
            path_whole, reviews = write_reviews(python, folder, n, n, None)
            found["whole_reviews"] = reviews
            whole = measure(pythons, whole_rows, path_whole, reviews, args, args.whole_rounds)
            found["rows"] += [{**row, "cell": f"whole {row['cell']}"} for row in whole]
        if args.overhead_repeats:
            found["overhead"] = overhead(python, path, args.overhead_repeats)
    found["bars"] = bars(found["rows"])
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")
    print_found(found)


def parse():
    """Return the parsed command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--envs", type=Path, default=default_folder(), help="folder of the environments")
    add("--json", type=Path, help="write all measurements here")
    add("--rows", type=int, default=2560, help="number of training reviews and of test reviews")
    add("--max-length", type=int, default=500, help="maximum number of tokens in a review")
    add("--repeats", type=int, default=7, help="timed rounds")
    add("--whole-rounds", type=int, default=3, help="rounds on whole reviews; 0 skips them")
    add("--whole-rows", type=int, help="reviews for those; default: --rows")
    add("--overhead-repeats", type=int, default=3, help="fresh processes; 0 skips them")
    add(
        "--predict-batch-size",
        type=int,
        default=128,
        help="batch size of the others",
    )
    add("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    peers = list(dict.fromkeys(row.peer for row in ROWS))
    add("--peers", nargs="+", choices=peers, default=peers)
    args = parser.parse_args()
    if args.repeats < 1:
        parser.error("--repeats must be at least 1")
    if any(p.startswith("onnx") for p in args.peers) and "torch-bucketed" not in args.peers:
        parser.error("onnx needs the weights of torch-bucketed; name it in --peers too")
    return args


def measure(pythons, rows, path, reviews, args, repeats):
    """Run all rounds and return one result for each row, and the limit for each cell."""
    found = {row: defaultdict(list) for row in rows}
    weights = f"{path}.weights.npz"
    with ExitStack() as stack:
        matmul = stack.enter_context(Worker(pythons["keras"], "matmul", "the matmul"))
        matmul.ask("prepare")
        workers = {}
        for row in rows:
            say(f"Warming up {row.title}, {CELLS[row.cell]}")
            worker = Worker(
                pythons[row.environment], row.script, f"{row.title}, {row.cell}", row.variables
            )
            workers[row] = stack.enter_context(worker)
            settings = {**row.settings, "predict_batch_size": args.predict_batch_size}
            if row.script == "onnx_predict":
                settings["weights"] = weights
            worker.ask("prepare", path=path, **settings)
            turn(row, worker, warm_up := defaultdict(list))
            found[row]["loss"] += warm_up["loss"]
            if row.script == "torch_bucketed":
                worker.ask("export", path=weights)
        speeds = []
        for i in range(repeats):
            say(f"Round {i + 1} of {repeats}")
            speeds.append(matmul.ask("measure")["gflops"])
            first = i % len(rows)
            for row in rows[first:] + rows[:first]:
                turn(row, workers[row], found[row])
    results = [result(row.peer, row.cell, row.title, found[row]) for row in rows]
    for cell in dict.fromkeys(row.cell for row in rows):
        results.append(limit(cell, reviews, speeds))
    return results


def turn(row, worker, found):
    """Train two epochs and predict once with a row, and append its figures."""
    if row.trains:
        epoch = worker.ask("epoch", epochs=2)
        found["train"].append(epoch["seconds"])
        found["around"].append(epoch.get("around_seconds"))
        found["loss"].append(epoch["loss"])
    prediction = worker.ask("predict")
    found["predict"].append(prediction["seconds"])
    found["accuracy"].append(prediction["accuracy"])
    if prediction.get("largest_difference", 0) > 1e-4:
        raise RuntimeError(
            f"{row.title} predicts otherwise than the network whose weights it has: the largest "
            f"difference of a probability is {prediction['largest_difference']:.2g}."
        )


def result(peer, cell, title, measured):
    """Return the result of one row."""
    kinds = ("train", "around", "predict", "loss", "accuracy")
    return {"peer": peer, "cell": cell, "title": title, **{k: measured[k] for k in kinds}}


def limit(cell, reviews, speeds):
    """Return the seconds of the matrix products alone, in the form of a result."""
    work = {
        "train": gflop(cell, reviews["train"]["tokens"], train=True),
        "predict": gflop(cell, reviews["test"]["tokens"], train=False),
    }
    seconds = {kind: [gflops / speed for speed in speeds] for kind, gflops in work.items()}
    middle = sorted(speeds)[len(speeds) // 2]
    title = (
        f"limit: {work['train']:.1f} and {work['predict']:.1f} GFLOP "
        f"at a large matmul's {middle:.0f} GFLOP/s"
    )
    measured = result("limit", cell, title, defaultdict(list, seconds))
    return {**measured, "gflop": work, "gflops": speeds}


def overhead(python, path, repeats):
    """Return lists of seconds outside the epochs, from fresh processes."""
    found = defaultdict(list)
    for i in range(repeats):
        say(f"Overhead, processes {2 * i + 1} and {2 * i + 2} of {2 * repeats}")
        for what in ("first_batch", "again"):
            command = [str(python), str(PEERS / "overhead.py"), path, what]
            told = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
            )
            for key, value in json.loads(told.stdout.splitlines()[-1]).items():
                found[key].append(value)
    return found


def print_found(found):
    """Print the tables as Markdown."""
    print("## Speed\n")
    print_machine(found["machine"], found["versions"])
    for name, key in (("Reviews", "reviews"), ("Whole reviews", "whole_reviews")):
        if key in found:
            parts = [
                f"{p['rows']:,} to {verb} ({p['tokens']:,} tokens, longest {p['longest']:,})"
                for verb, p in zip(("train on", "predict"), found[key].values(), strict=True)
            ]
            print(f"{name}: {', '.join(parts)}.")
    print("\nMedian [least, most] of the rounds, which all rows took in turn.\n")
    print(speed_tables(found["rows"]))
    print(around_epochs(found["rows"]))
    if found["bars"]:
        print(f"### Targets\n\n{bars_table(found['bars'])}")
    if "overhead" in found:
        print(f"### Outside the epochs\n\n{overhead_table(found['overhead'])}")


if __name__ == "__main__":
    main()
