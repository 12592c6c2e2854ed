"""``skrnn make-reviews``: write a table to try the other commands."""

from skrnn.cli.errors import require
from skrnn.cli.new_files import write_file
from skrnn.cli.options import add_force_option, count, file_path, seed
from skrnn.cli.outputs import check_outputs
from skrnn.cli.tables import Table, format_of, render_table


def add_parser(commands):
    """Add the command."""
    parser = commands.add_parser(
        "make-reviews",
        help="write generated film reviews to a file",
        description=(
            "Write generated film reviews, in which the order of the words decides, with the "
            "columns review and sentiment (negative or positive)."
        ),
    )
    parser.add_argument(
        "output", type=file_path, metavar="FILE", help=".csv, .tsv, .jsonl or .parquet"
    )
    parser.add_argument("--rows", type=count, default=2000, help="number of rows (default: 2000)")
    parser.add_argument("--seed", type=seed, default=0, help="random seed (default: 0)")
    add_force_option(parser)
    parser.set_defaults(run=run)


def run(arguments):
    """Run the command."""
    check_outputs({"FILE": arguments.output}, force=arguments.force)
    format, compression = format_of(arguments.output, is_input=False)
    pandas = require("pandas", "Tables")
    from skrnn.datasets import make_reviews

    reviews, target = make_reviews(arguments.rows, random_state=arguments.seed)
    sentiments = [("negative", "positive")[label] for label in target]
    frame = pandas.DataFrame({"review": reviews, "sentiment": sentiments})
    table = Table(arguments.output, frame)
    content = render_table(table, format, compression=compression)
    write_file(arguments.output, content, force=arguments.force)
    print(f"{arguments.output}: {len(reviews):,} reviews, columns review and sentiment")
