"""``skrnn compare``: cross-validate the network and the baselines."""

from collections import Counter

from skrnn.cli.errors import one_line, refusals
from skrnn.cli.lookalikes import hint, warn_of_labels
from skrnn.cli.options import add_network_options, add_table_options, count, read_labelled
from skrnn.cli.pipeline import make_network
from skrnn.exceptions import CommandError

_SCORING = {"accuracy": "accuracy", "log-loss (negative)": "neg_log_loss"}


def add_parser(commands):
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        help="cross-validate the network and the baselines",
        description=(
            "Fit and score the network, NB-SVM and tf-idf with logistic regression on the same "
            "stratified, shuffled folds, and print a table. Nothing is saved."
        ),
    )
    add_table_options(parser, label=True)
    parser.add_argument("--cv", type=count, default=5, help="number of folds (default: 5)")
    add_network_options(parser)
    parser.set_defaults(run=run)


def run(arguments):
    """Run the command."""
    table, texts, labels, _ = read_labelled(arguments)
    _check_folds(arguments, table, labels)
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    from skrnn import make_nbsvm, make_tfidf_logistic

    network = make_network(arguments)
    baselines = {
        "NB-SVM, uni- and bigrams": make_nbsvm(),
        "tf-idf + logistic regression": make_tfidf_logistic(),
    }
    # TensorFlow starts here, outside of the first fold's time.
    import skrnn.network.build  # noqa: F401

    folds = StratifiedKFold(arguments.cv, shuffle=True, random_state=arguments.seed)
    data = texts, np.array(labels), folds
    with refusals():
        rows = _score(f"RNN ({network[-1].cell})", network, *data)
    problems = []
    for name, baseline in baselines.items():
        try:
            # Fails if no n-gram occurs twice, which must not lose the network's scores.
            with refusals(f"{name} could not be fitted: "):
                rows += _score(name, baseline, *data)
        except CommandError as error:
            problems.append(one_line(error))
    print(f"{len(texts):,} rows, {arguments.cv} folds: mean and standard deviation")
    print("\n".join([_table(rows, arguments.cv), *problems]))


def _score(name, estimator, texts, labels, folds):
    """Return the row of one estimator. The seed of the folds is the same for all."""
    from skrnn import compare

    return list(compare({name: estimator}, texts, labels, cv=folds, scoring=_SCORING))


def _table(rows, n_folds):
    from skrnn.comparison import Comparison

    note = "Higher is better for all scores, so log-loss is negative."
    # A single estimator is not marked.
    marked = "* is the best of its column. " if len(rows) > 1 else ""
    return f"{Comparison(rows, n_splits=n_folds)}\n{marked}{note}"


def _check_folds(arguments, table, labels):
    if arguments.cv < 2:
        raise CommandError("--cv 1: cross-validation needs at least 2 folds.")
    counts = Counter(labels)
    if len(counts) < 2:
        raise CommandError(
            f"{table.path}: column {arguments.label!r} has the label {labels[0]!r} in all "
            "rows; at least two labels are needed."
        )
    rare = min(counts, key=counts.get)
    if counts[rare] < arguments.cv:
        raise CommandError(
            f"{table.path}: label {rare!r} is in {counts[rare]} row{'s' * (counts[rare] > 1)}, "
            f"fewer than --cv {arguments.cv}: each fold needs one. Use fewer folds, or remove "
            f"the label.{hint(rare, counts)}"
        )
    warn_of_labels(counts, f"{table.path}: column {arguments.label!r}")
