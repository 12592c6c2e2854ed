"""``skrnn compare``: the network beside the classic baselines, cross-validated."""

from collections import Counter

from skrnn.cli.errors import CommandError, told_in_one_line
from skrnn.cli.options import (
    add_network_options,
    add_table_options,
    count,
    make_network,
    read_labelled,
)

_SCORING = {"accuracy": "accuracy", "log-loss (negative)": "neg_log_loss"}


def add_parser(commands):
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        help="cross-validate the network and the classic baselines",
        description=(
            "Fit and score the network, NB-SVM and tf-idf with logistic regression on the same "
            "stratified, shuffled folds, and print a table. Nothing is saved."
        ),
    )
    add_table_options(parser, label=True)
    parser.add_argument("--cv", type=count, default=5, help="folds (default: 5)")
    add_network_options(parser)
    parser.set_defaults(run=run)


def run(arguments):
    """Run the command."""
    table, texts, labels, _ = read_labelled(arguments)
    _check_folds(arguments, table, labels)
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    from skrnn import compare, make_nbsvm, make_tfidf_logistic

    network = make_network(arguments)
    estimators = {
        f"RNN ({network[-1].cell})": network,
        "NB-SVM, uni- and bigrams": make_nbsvm(),
        "tf-idf + logistic regression": make_tfidf_logistic(),
    }
    folds = StratifiedKFold(arguments.cv, shuffle=True, random_state=arguments.seed)
    with told_in_one_line():
        result = compare(estimators, texts, np.array(labels), cv=folds, scoring=_SCORING)
    print(f"{len(texts):,} rows, {arguments.cv} folds: mean and standard deviation")
    print(result)


def _check_folds(arguments, table, labels):
    if arguments.cv < 2:
        raise CommandError("--cv 1: cross-validation has at least 2 folds.")
    counts = Counter(labels)
    if len(counts) < 2:
        raise CommandError(
            f"{table.path}: column {arguments.label!r} has the one label {labels[0]!r} in every "
            "row; at least two are needed."
        )
    rare = min(counts, key=counts.get)
    if counts[rare] < arguments.cv:
        raise CommandError(
            f"{table.path}: label {rare!r} stands in {counts[rare]} row{'s' * (counts[rare] > 1)}, "
            f"fewer than --cv {arguments.cv}: each fold needs one. Take fewer folds, or leave the "
            "label out."
        )
