"""Compare an epoch of RNNRegressor on numeric sequences with one of plain Keras.

    python examples/benchmarks/numbers_speed.py --rounds 5

Both train the same network on the same rows, see `peers/number_series.py`: 2,560 series of 8
channels and up to 500 steps, 64 units, the last real state, a number, squared error, Adam, batches
of 128. Each has its own process, which first trains two epochs, untimed. Then they take turns. In
each round, two epochs are trained and the second is timed. The script runs in the environment that
it is started in.

Printed are medians of CPU seconds, user and system, and of seconds of the clock, and their ratios.
On a machine that does other work too, those of CPU seconds are the ones to read.
"""

import argparse
import sys
from contextlib import ExitStack
from importlib.metadata import version
from statistics import median

from machine import describe_machine, print_machine
from tables import markdown
from workers import Worker, end_on_termination, say

KINDS = {"skrnn": "skrnn", "keras": "Keras, padded"}


def main():
    """Measure, and print a table."""
    end_on_termination()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    cells = ["lstm", "gru", "rnn"]
    parser.add_argument("--cells", nargs="+", choices=cells, default=cells)
    args = parser.parse_args()
    packages = {name: version(name) for name in ("tensorflow", "keras", "numpy", "numba")}
    print_machine(describe_machine(), {"packages": packages})
    table = []
    for cell in args.cells:
        found = measure(cell, args.rounds)
        ours = found["skrnn"]
        for kind, title in KINDS.items():
            row = [title, cell]
            for key in ("cpu_seconds", "seconds"):
                row += [f"{found[kind][key]:.2f}", f"{found[kind][key] / ours[key]:.1f}"]
            table.append([*row, f"{found[kind]['loss']:.3f}"])
    print(markdown(["", "cell", "CPU s", "ratio", "s", "ratio", "loss"], table))


def measure(cell, rounds):
    """Return the medians of both, {kind: {"cpu_seconds": ..., "seconds": ..., "loss": ...}}."""
    runs = {kind: [] for kind in KINDS}
    with ExitStack() as stack:
        workers = {
            kind: stack.enter_context(Worker(sys.executable, "number_series", title))
            for kind, title in KINDS.items()
        }
        for kind, worker in workers.items():
            worker.ask("prepare", kind=kind, cell=cell)
            worker.ask("epoch")
        for number in range(rounds):
            for kind in list(KINDS)[:: 1 if number % 2 == 0 else -1]:
                runs[kind].append(workers[kind].ask("epoch"))
                say(f"{cell}, round {number}, {KINDS[kind]}: {runs[kind][-1]}")
    return {
        kind: {key: median(run[key] for run in mine) for key in mine[0]}
        for kind, mine in runs.items()
    }


if __name__ == "__main__":
    main()
