"""``skrnn demo``: hands over to :mod:`skrnn.demo`."""

import argparse
from pathlib import Path

from skrnn.cli.options import count, seed


def add_parser(commands):
    """Add the command."""
    demo = commands.add_parser(
        "demo",
        help="train, compare, save and use a sentiment classifier",
        description=(
            "Train a recurrent network on film reviews, compare it with classic baselines, save "
            "the pipeline and use it from a new process."
        ),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    demo.add_argument(
        "--data",
        choices=["reviews", "imdb"],
        default="reviews",
        help="generated reviews, or the 50,000 IMDb reviews (from the folder that SKRNN_DATA "
        "names, else downloaded)",
    )
    demo.add_argument("--cell", choices=["rnn", "lstm", "gru"], default="lstm", help="the layer")
    demo.add_argument("--epochs", type=count, default=10, help="passes over the training reviews")
    demo.add_argument("--seed", type=seed, default=0, help="random_state of everything")
    demo.add_argument(
        "--output", type=Path, default=Path("skrnn-demo"), help="folder for what it writes"
    )
    demo.set_defaults(run=run)


def run(arguments):
    """Run the command."""
    from skrnn.cli.reviews_demo import run

    run(
        data=arguments.data,
        cell=arguments.cell,
        epochs=arguments.epochs,
        seed=arguments.seed,
        output=arguments.output,
    )
