"""``skrnn evaluate``: score a model on labelled rows."""

import json

from skrnn.cli.errors import refusals
from skrnn.cli.options import add_table_options, file_path, read_labelled


def add_parser(commands):
    """Add the command."""
    parser = commands.add_parser(
        "evaluate",
        help="score a model on labelled rows",
        description="Print how well a model's predictions agree with the labels of FILE.",
    )
    parser.add_argument("model", type=file_path, metavar="MODEL", help="a file from skrnn train")
    add_table_options(parser, label=True)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments):
    """Run the command."""
    table, texts, labels, n_dropped = read_labelled(arguments)
    from skrnn.cli.models import load_text_model

    model = load_text_model(arguments.model)
    truth = model.task.truth(table, arguments.label, labels)
    with refusals():
        predicted, probabilities = model.task.predict(model.pipeline, texts)
    scores = model.task.measure(truth, predicted, probabilities)
    if arguments.json:
        result = model.task.score_values(scores) | {"n_dropped": n_dropped}
        print(json.dumps(result, indent=2, ensure_ascii=False))
        return
    print(f"{scores.n_rows:,} rows" + f", {n_dropped:,} without a label left out" * bool(n_dropped))
    print("\n".join(model.task.score_lines(scores)))
