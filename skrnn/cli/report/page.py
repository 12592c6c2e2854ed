"""The report of a training, put together."""

import datetime
import importlib.metadata
import inspect
import platform

import skrnn
from skrnn.cli.report import figures
from skrnn.cli.report.data import data_section
from skrnn.cli.report.html import document, figure, isolated, section, table, tag
from skrnn.cli.report.mistakes import mistakes_section
from skrnn.cli.report.words import words_section

_LIBRARIES = ("tensorflow", "keras", "scikit-learn", "numpy", "scipy", "matplotlib")


def render(run, *, now=None):
    """Write the report.

    Parameters
    ----------
    run : Run
        What was trained, on what, and what it answers.
    now : datetime.datetime or None, default=None
        The time to write above it; None takes the clock's.

    Returns
    -------
    str
        One HTML page that loads nothing, runs nothing, and has all texts escaped.
    """
    now = datetime.datetime.now().astimezone() if now is None else now
    title = f"{run.model}: trained on {run.source}"
    return document(
        title,
        tag("h1", isolated(run.model), ": trained on ", isolated(run.source)),
        tag("p", f"{now:%Y-%m-%d %H:%M %Z}, skrnn {skrnn.__version__}", class_="note"),
        _summary(run),
        data_section(run),
        _scores(run),
        _training(run),
        _calibration(run),
        _classes(run),
        words_section(run),
        mistakes_section(run),
        _settings(run),
    )


def _summary(run):
    network = run.answers[0]
    told = (
        f"The network answers {network.scores.accuracy:.1%} of the {len(run.held_out):,} held-out "
        f"rows right, after training on {len(run.train):,} rows."
    )
    rivals = [one for one in run.answers[1:] if one.scores is not None]
    if rivals:
        highest = max(one.scores.accuracy for one in rivals)
        best = [one.name for one in rivals if one.scores.accuracy == highest]
        told += _told_of_baselines(best, highest, network.scores.accuracy > highest)
    return tag("p", tag("strong", told))


def _told_of_baselines(names, accuracy, is_beaten):
    """Return a sentence on the best baselines, several where they are equally good."""
    parted = [name.partition(", ") for name in names]
    # A comma in a name would look like the next one's beginning.
    told = [f"{first} ({rest})" if rest else first for first, _, rest in parted]
    listed = " and ".join([", ".join(told[:-1]), told[-1]] if told[1:] else told)
    gets = f"gets {accuracy:.1%} right: {listed}."
    if is_beaten:
        return f" The best baseline {gets}"
    return f" That is no better than the best baseline, which {gets}"


def _scores(run):
    binary = len(run.classes) == 2
    header = ["model", "accuracy", "balanced accuracy", "log-loss"]
    rows, problems = [], []
    for one in run.answers:
        if one.scores is None:
            problems.append(tag("p", f"{one.name} could not be fitted: ", isolated(one.problem)))
            continue
        scores = one.scores
        cells = [f"{scores.accuracy:.4f}", f"{scores.balanced_accuracy:.4f}"]
        cells += [f"{scores.log_loss:.4f}"]
        if binary:
            cells.append("-" if scores.roc_auc is None else f"{scores.roc_auc:.4f}")
        seconds = "-" if one.fit_seconds is None else f"{one.fit_seconds:.1f}"
        rows.append([one.name, *cells, seconds])
    n = len(run.held_out)
    low, high = wilson_interval(run.answers[0].scores.accuracy, n)
    note = (
        f"Of the same {n:,} held-out rows, on which none of these was fitted; the network is the "
        "model as saved. Its accuracy on all rows of this kind may be anything from "
        f"{low:.3f} to {high:.3f}: a sample of {n:,} does not tell more (95% confidence interval "
        "of Wilson). Log-loss is better when lower; balanced accuracy is the mean recall of the "
        "classes, be they frequent or rare."
    )
    return section(
        "Scores",
        table([*header, *["ROC AUC"] * binary, "fit (s)"], rows),
        tag("p", note, class_="note"),
        *problems,
    )


def wilson_interval(share, n, z=1.96):
    """Return the ends of the interval of Wilson (1927) for a share of n rows."""
    middle = share + z**2 / (2 * n)
    half = z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)


def _training(run):
    classifier = run.pipeline[-1]
    n, best = classifier.n_iter_, classifier.best_epoch_
    told = f"{n} epoch{'s' * (n > 1)}" + f"; kept are the weights of epoch {best}." * (best != n)
    validation = (
        " Validation rows are a part of the training rows, by which training stopped."
        if classifier.early_stopping
        else " Validation rows are the held-out rows, which decided nothing."
    )
    note = "Training loss and accuracy are means over an epoch, with dropout on, while the network "
    note += "changes; they may be worse than those of rows it has not seen." + validation
    picture = figure(
        figures.learning_curves(run.pipeline), "Loss and accuracy of each epoch.", told
    )
    return section("Learning curves", picture, tag("p", note, class_="note"))


def _calibration(run):
    fitted = [
        one for one in run.answers if one.scores is not None and "most frequent" not in one.name
    ]
    note = (
        "Answers are put into groups of equal size, from the least to the most sure; a point is "
        "the mean probability of a group's answers and the share of them that is right. On the "
        "grey line the two agree; below it, the model is too sure of itself."
    )
    picture = figure(
        figures.calibration(fitted, run.held_out.truth),
        "Share of right answers over the probability that the models give them.",
    )
    return section("Calibration", picture, tag("p", note, class_="note"))


def _classes(run):
    scores = run.answers[0].scores
    rows = [
        [
            one.label,
            *("-" if v is None else f"{v:.3f}" for v in (one.precision, one.recall, one.f1)),
            f"{one.n_rows:,}",
        ]
        for one in scores.classes
    ]
    picture = figure(
        figures.confusion(scores),
        "Confusion matrix of the network on the held-out rows.",
        "The network's answers for the held-out rows.",
    )
    return section(
        "Class by class", table(["class", "precision", "recall", "F1", "rows"], rows), picture
    )


def _settings(run):
    text, classifier = run.pipeline[0], run.pipeline[-1]
    rows = [
        [f"{type(step).__name__}: {name}", repr(value)]
        for step in (text, classifier)
        for name, value in sorted(step.get_params(deep=False).items())
        if repr(value) != repr(inspect.signature(type(step)).parameters[name].default)
    ]
    versions = [["Python", platform.python_version()], ["skrnn", skrnn.__version__]]
    versions += [[name, importlib.metadata.version(name)] for name in _LIBRARIES]
    return section(
        "How it was made",
        tag("h3", "Command"),
        tag("pre", run.command),
        tag("h3", "Versions"),
        table(["", "version"], versions, class_="settings"),
        tag("h3", "Parameters that are not the defaults"),
        table(["parameter", "value"], rows, class_="settings"),
    )
