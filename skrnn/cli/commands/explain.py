"""``skrnn explain``: which words decide a prediction."""

from functools import partial

from skrnn.cli.errors import refusals, require
from skrnn.cli.new_files import write_file
from skrnn.cli.options import add_force_option, add_format_options, count, file_path, read_options
from skrnn.cli.outputs import check_outputs, check_page
from skrnn.cli.score_tables import short
from skrnn.exceptions import CommandError


def add_parser(commands):
    """Add the command."""
    parser = commands.add_parser(
        "explain",
        help="show which words decide a prediction",
        description=(
            "Show what each word of a text contributes to the score of a class (with two classes, "
            "its log-odds), or to the predicted number. Positive contributions support the class, "
            "or make the number larger."
        ),
    )
    parser.add_argument("model", type=file_path, metavar="MODEL", help="a file from skrnn train")
    parser.add_argument(
        "file", type=file_path, nargs="?", metavar="FILE", help="CSV, TSV, JSON lines or Parquet"
    )
    parser.add_argument("--text", metavar="COLUMN", help="the column of texts in FILE")
    parser.add_argument(
        "--text-value", action="append", metavar="TEXT", help="a text, instead of FILE"
    )
    parser.add_argument(
        "--rows", type=count, default=20, help="number of rows of FILE to explain (default: 20)"
    )
    parser.add_argument(
        "--target", metavar="LABEL", help="the class to explain (default: the predicted class)"
    )
    parser.add_argument(
        "--method", choices=["integrated_gradients", "occlusion"], default="integrated_gradients"
    )
    parser.add_argument(
        "--output", type=file_path, metavar="FILE.html", help="write a web page instead of text"
    )
    add_format_options(parser)
    add_force_option(parser)
    parser.set_defaults(run=run)


def run(arguments):
    """Run the command."""
    _check(arguments)
    texts, places, note = _texts(arguments)
    from skrnn.cli.models import load_text_model
    from skrnn.inspection import explain

    model = load_text_model(arguments.model)
    target = model.task.target(arguments.target, model.pipeline)
    with refusals():
        explanations = explain(model.pipeline, texts, method=arguments.method, target=target)
    explanations = [model.task.named(one, model.pipeline) for one in explanations]
    if arguments.output is None:
        print("\n\n".join(map(partial(_lines, model.task), places, explanations)))
        if note:
            print(f"\n{note}")
        return
    page = _page(arguments, places, explanations, note)
    # Arguments may have bytes that are not UTF-8.
    content = page.encode("utf-8", "backslashreplace")
    write_file(arguments.output, content, force=arguments.force)
    n = len(texts)
    print(f"{arguments.output}: {n} text{'s' * (n != 1)} explained. {note}".rstrip())


def _check(arguments):
    if (arguments.file is None) == (arguments.text_value is None):
        raise CommandError("give either a FILE with --text COLUMN, or texts with --text-value.")
    if arguments.file is not None and arguments.text is None:
        raise CommandError(f"which column of {arguments.file} has the texts? Name it with --text.")
    check_page("--output", arguments.output)
    if arguments.output is not None:
        require("jinja2", "Pages")
    inputs = [arguments.model] + ([arguments.file] if arguments.file else [])
    check_outputs({"--output": arguments.output}, inputs, force=arguments.force)


def _texts(arguments):
    """Return the texts, a name for each, and a note on rows that are left out."""
    if arguments.file is None:
        return arguments.text_value, [f"text {i + 1}" for i in range(len(arguments.text_value))], ""
    table = read_options(arguments)
    texts = table.texts(arguments.text)[: arguments.rows]
    left_out = len(table) - len(texts)
    note = f"{left_out:,} more rows are left out; use --rows." if left_out else ""
    return texts, [f"{table.place} {line}" for line in table.frame.index[: len(texts)]], note


def _lines(task, place, explanation):
    scores = map(task.contribution, (explanation.score, explanation.baseline_score))
    heading = "{}: {}, score {} (baseline {})".format(place, task.told(explanation), *scores)
    words = [
        f"{task.contribution(value):>{task.contribution_width}}  {short(token)}"
        for token, value in zip(explanation.tokens, explanation.values, strict=True)
    ]
    return "\n".join([heading, *(words or [" " * (task.contribution_width + 1) + "(no words)"])])


def _page(arguments, places, explanations, note):
    from skrnn.cli.report.rendering import render_template

    return render_template(
        "explanations.html",
        title=f"Words that decided the predictions of {arguments.model.name}",
        explanations=[
            (place, one.to_html()) for place, one in zip(places, explanations, strict=True)
        ],
        note=note,
    )
