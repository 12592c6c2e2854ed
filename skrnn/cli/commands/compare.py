"""``skrnn compare``: cross-validate the network and the baselines."""

from skrnn.cli.errors import one_line, refusals
from skrnn.cli.options import add_network_options, add_table_options, count, read_labelled
from skrnn.cli.pipeline import make_network
from skrnn.cli.tasks import add_task_option, task_class
from skrnn.exceptions import CommandError


def add_parser(commands):
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        help="cross-validate the network and the baselines",
        description=(
            "Fit and score the network, and linear models of n-grams, on the same shuffled folds, "
            "which are stratified for classes, and print a table. Nothing is saved."
        ),
    )
    add_table_options(parser, label=True)
    add_task_option(parser)
    parser.add_argument("--cv", type=count, default=5, help="number of folds (default: 5)")
    add_network_options(parser)
    parser.set_defaults(run=run)


def run(arguments):
    """Run the command."""
    table, texts, labels, _ = read_labelled(arguments)
    if arguments.cv < 2:
        raise CommandError("--cv 1: cross-validation needs at least 2 folds.")
    from skrnn.cli.data import rows_of

    kind, column = task_class(arguments.task), arguments.label
    folds = kind.folds(table, column, labels, arguments.cv, arguments.seed)
    task = kind.of_table(table, column, labels, once=False)
    labelled = rows_of(table, texts, task.truth(table, column, labels))
    y = task.targets(labelled.truth)
    network = make_network(arguments)
    task.check_rows(network[-1], labelled)
    # TensorFlow starts here, outside of the first fold's time.
    import skrnn.network.build  # noqa: F401

    data = texts, y, folds, task.scoring
    with refusals():
        rows = _score(f"RNN ({network[-1].cell})", network, *data)
    problems = []
    for name, baseline in task.baselines().items():
        try:
            # Fails if no n-gram occurs twice, which must not lose the network's scores.
            with refusals(f"{name} could not be fitted: "):
                rows += _score(name, baseline, *data)
        except CommandError as error:
            problems.append(one_line(error))
    print(f"{len(texts):,} rows, {arguments.cv} folds: mean and standard deviation")
    print("\n".join([_table(rows, arguments.cv, task.scoring_note), *problems]))


def _score(name, estimator, texts, y, folds, scoring):
    """Return the row of one estimator. The seed of the folds is the same for all."""
    from skrnn import compare

    return list(compare({name: estimator}, texts, y, cv=folds, scoring=scoring))


def _table(rows, n_folds, note):
    from skrnn.comparison import Comparison

    # A single estimator is not marked.
    marked = "* is the best of its column. " if len(rows) > 1 else ""
    return f"{Comparison(rows, n_splits=n_folds)}\n{marked}{note}"
