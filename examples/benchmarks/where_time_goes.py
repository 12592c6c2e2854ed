"""Break down the time of an epoch into the kernels, the rest of a step, and the overhead.

    pip install -e .
    SKRNN_DATA=folder/of/aclImdb_v1.tar.gz python examples/benchmarks/where_time_goes.py

The script runs in the current environment, with the reviews and the network of `speed.py`. It times
the functions that TensorFlow calls, and prints the medians over epochs. It also prints the time
that the matrix products of the real tokens alone would take at the speed of a large one
(`peers/matmul.py`).
"""

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from machine import describe_machine, print_machine
from rows import gflop
from tables import markdown
from workers import write_reviews

sys.path.insert(0, str(Path(__file__).parent / "peers"))

seconds = defaultdict(float)


def clocked(name, function):
    """Return `function` wrapped to add its time to `seconds`."""

    def run(*args, **kwargs):
        begin = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            seconds[name] += time.perf_counter() - begin

    return run


def put_clocks():
    """Time the parts of a training step."""
    import skrnn.layers  # noqa: F401 (TensorFlow, without its log)
    from skrnn.kernels import embedding, recurrence
    from skrnn.training import feeds, trainers

    recurrence.forward = clocked("recurrence, forward", recurrence.forward)
    recurrence.backward = clocked("recurrence, backward", recurrence.backward)
    recurrence.deal = clocked("packing rows into shards", recurrence.deal)
    embedding.add_rows = clocked("gradient of the embedding", embedding.add_rows)
    feeds.Feed.batch = clocked("padding batches", feeds.Feed.batch)
    quiet = trainers._quiet
    trainers._quiet = lambda step: clocked("training steps", quiet(step))


def main():
    """Train epochs and print the parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2560)
    parser.add_argument("--epochs", type=int, default=9)
    args = parser.parse_args()
    machine = describe_machine()
    put_clocks()
    import matmul
    import ours

    parts = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        path, reviews = write_reviews(sys.executable, folder, args.rows, 256, 500)
        peer = ours.Peer()
        peer.prepare(path)
        peer.epoch()
        for _ in range(args.epochs):
            seconds.clear()
            parts["epoch"].append(peer.epoch()["seconds"])
            for name, value in seconds.items():
                parts[name].append(value)
    product = matmul.Peer()
    product.prepare()
    speed = product.measure()["gflops"]
    print("## Where the time goes\n")
    print_machine(machine)
    print_parts({name: median(values) for name, values in parts.items()})
    work = gflop("lstm", reviews["train"]["tokens"], train=True)
    print(f"The matmuls alone: {work / speed:.3f} s at {speed:.0f} GFLOP/s.")


def print_parts(part):
    """Print the parts of an epoch as a table."""
    epoch, steps = part.pop("epoch"), part.pop("training steps")
    # The first batch of a step is padded within the step's call.
    part["rest of the steps: look-up, dense layer, loss, Adam, TensorFlow"] = steps - sum(
        part.values()
    )
    part["Keras between the steps"] = epoch - steps
    rows = [[name, f"{value:.3f}", f"{value / epoch:.0%}"] for name, value in part.items()]
    rows.append(["an epoch", f"{epoch:.3f}", "100%"])
    print(markdown(["", "s", "share"], rows))


if __name__ == "__main__":
    main()
