"""``skrnn predict``: add the predictions of a model to a table."""

import argparse

from skrnn.cli.errors import refusals, require
from skrnn.cli.new_files import write_file, write_standard_output
from skrnn.cli.options import add_force_option, add_table_options, file_path, read_options
from skrnn.cli.outputs import check_outputs
from skrnn.cli.tables import format_of, render_table
from skrnn.exceptions import CommandError


def add_parser(commands):
    """Add the command."""
    parser = commands.add_parser(
        "predict",
        help="add the predictions of a model to a table",
        description=(
            "Write the rows of FILE with all their columns, and the column prediction; with "
            "--probabilities also probability_<class> for each class."
        ),
    )
    parser.add_argument("model", type=file_path, metavar="MODEL", help="a file from skrnn train")
    add_table_options(parser, label=False)
    parser.add_argument(
        "--output",
        type=file_path,
        metavar="FILE",
        default="-",
        help="output file, in the format of its ending; - is standard output, in the format of "
        "FILE with its delimiter and quotes (default: -)",
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="add the probability of each class"
    )
    parser.add_argument(
        "--prefix",
        type=_prefix,
        default="",
        metavar="TEXT",
        help="prefix of the new columns' names",
    )
    add_force_option(parser)
    parser.set_defaults(run=run)


def run(arguments):
    """Run the command."""
    format, options = _output_format(arguments)
    check_outputs(
        {"--output": arguments.output},
        [arguments.file, arguments.model],
        force=arguments.force,
        streamed=["--output"],
    )
    table = read_options(arguments)
    texts = table.texts(arguments.text)
    from skrnn.cli.models import load_text_model

    model = load_text_model(arguments.model)
    names = _names(arguments, table, model)
    with refusals():
        made = model.task.columns(model.pipeline, texts, probabilities=arguments.probabilities)
    columns = dict(zip(names, made, strict=True))
    if str(arguments.output) == "-" and format != "jsonl":
        options["delimiter"] = table.delimiter
    content = render_table(table.add(columns), format, **options)
    if str(arguments.output) == "-":
        write_standard_output(content)
    else:
        write_file(arguments.output, content, force=arguments.force)
        print(f"{arguments.output}: {len(table):,} row{'s' * (len(table) > 1)}")


def _prefix(text):
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not text in UTF-8") from error
    return text


def _output_format(arguments):
    """Return the format of the output, and other arguments of `render_table`."""
    if str(arguments.output) != "-":
        format, compression = format_of(arguments.output, is_input=False)
        if format == "parquet":
            require("pyarrow", "Parquet files")
        return format, {"compression": compression}
    format = arguments.format or format_of(arguments.file)[0]
    if format == "parquet":
        return "csv", {}
    # The same options read the output again.
    return format, {"quotes": not arguments.no_quotes}


def _names(arguments, table, model):
    """Return the names of the new columns, none of which the table has."""
    names = [
        arguments.prefix + name
        for name in model.task.column_names(probabilities=arguments.probabilities)
    ]
    taken = [name for name in names if name in table.frame]
    if taken:
        raise CommandError(
            f"{table.path} already has a column {taken[0]!r}. Use other names "
            "for the new columns, for example with --prefix model_."
        )
    return names
