"""``skrnn compare``: the network beside the classic baselines, cross-validated."""

from collections import Counter

from skrnn.cli.errors import one_line, refusals
from skrnn.cli.options import add_network_options, add_table_options, count, read_labelled
from skrnn.cli.pipeline import make_network
from skrnn.exceptions import CommandError

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

    from skrnn import make_nbsvm, make_tfidf_logistic

    network = make_network(arguments)
    rivals = {
        "NB-SVM, uni- and bigrams": make_nbsvm(),
        "tf-idf + logistic regression": make_tfidf_logistic(),
    }
    # TensorFlow starts here, and not within the first fold's time.
    import skrnn.network  # noqa: F401

    folds = StratifiedKFold(arguments.cv, shuffle=True, random_state=arguments.seed)
    data = texts, np.array(labels), folds
    with refusals():
        rows = _score(f"RNN ({network[-1].cell})", network, *data)
    problems = []
    for name, rival in rivals.items():
        try:
            # Too few words for n-grams that occur twice: no reason to lose the network's scores.
            with refusals(f"{name} could not be fitted: "):
                rows += _score(name, rival, *data)
        except CommandError as error:
            problems.append(one_line(error))
    print(f"{len(texts):,} rows, {arguments.cv} folds: mean and standard deviation")
    print("\n".join([_table(rows, arguments.cv), *problems]))


def _score(name, estimator, texts, labels, folds):
    """Return the row of one estimator; all get the same folds, for these have a seed."""
    from skrnn import compare

    return list(compare({name: estimator}, texts, labels, cv=folds, scoring=_SCORING))


def _table(rows, n_folds):
    from skrnn.comparison import Comparison

    told = "Of all scores higher is better; log-loss is negative for that."
    # Where there is but one estimator, none is marked.
    marked = "* best of its column. " if len(rows) > 1 else ""
    return f"{Comparison(rows, n_splits=n_folds)}\n{marked}{told}"


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
