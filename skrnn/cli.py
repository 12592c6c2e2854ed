"""The command line: ``skrnn demo``."""

import argparse
import sys
from pathlib import Path

from skrnn import __version__


def make_parser():
    """Return the parser of the ``skrnn`` command."""
    parser = argparse.ArgumentParser(
        prog="skrnn", description="Recurrent neural networks that behave like scikit-learn."
    )
    parser.add_argument("--version", action="version", version=f"skrnn {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
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
    demo.add_argument("--epochs", type=_count, default=10, help="passes over the training reviews")
    demo.add_argument("--seed", type=int, default=0, help="random_state of everything")
    demo.add_argument(
        "--output", type=Path, default=Path("skrnn-demo"), help="folder for what it writes"
    )
    return parser


def _count(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def main(argv=None):
    """Run the command line; return the exit status."""
    arguments = make_parser().parse_args(argv)
    from skrnn.demo import DemoError, run

    try:
        run(
            data=arguments.data,
            cell=arguments.cell,
            epochs=arguments.epochs,
            seed=arguments.seed,
            output=arguments.output,
        )
    except DemoError as error:
        print(f"skrnn demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nskrnn demo: interrupted", file=sys.stderr)
        return 130
    return 0
