"""``skrnn evaluate``: score a model on labelled rows."""

import json
from dataclasses import asdict

from skrnn.cli.errors import refusals
from skrnn.cli.options import add_table_options, file_path, read_labelled
from skrnn.cli.score_tables import class_table, confusion_table


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
    from skrnn.cli.report.scores import measure

    model = load_text_model(arguments.model)
    truth = model.indices(table, labels, "--label")
    with refusals():
        predicted, probabilities = model.predict(texts)
    scores = measure(model.classes, truth, predicted, probabilities)
    if arguments.json:
        result = asdict(scores) | {"confusion": scores.confusion.tolist(), "n_dropped": n_dropped}
        print(json.dumps(result, indent=2, ensure_ascii=False))
        return
    print(f"{scores.n_rows:,} rows" + f", {n_dropped:,} without a label left out" * bool(n_dropped))
    print(f"accuracy           {scores.accuracy:.4f}")
    print(f"balanced accuracy  {scores.balanced_accuracy:.4f}")
    print(f"log-loss           {scores.log_loss:.4f}")
    if len(model.classes) == 2:
        area = "- (rows of one class only)" if scores.roc_auc is None else f"{scores.roc_auc:.4f}"
        print(f"ROC AUC            {area}")
    print(f"\n{class_table(scores)}\n\n{confusion_table(scores)}")
