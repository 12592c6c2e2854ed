"""The report of a training, put together."""

import datetime
import inspect
import platform

import numpy as np

import skrnn
from skrnn.backend.versions import version_of
from skrnn.cli.report import figures
from skrnn.cli.report.data import describe_data
from skrnn.cli.report.mistakes import describe_mistakes
from skrnn.cli.report.rendering import render_template
from skrnn.cli.report.words import describe_words
from skrnn.printing import brief

_LIBRARIES = ("tensorflow", "keras", "scikit-learn", "numpy", "scipy", "matplotlib")


def render(run, *, now=None):
    """Write the report.

    Parameters
    ----------
    run : Run
        What was trained, on which rows, and the predictions.
    now : datetime.datetime or None, default=None
        The time that the report shows; None uses the current time.

    Returns
    -------
    str
        An HTML page that loads no other file and runs no script, with all texts escaped.
    """
    now = datetime.datetime.now().astimezone() if now is None else now
    return render_template(
        "report.html",
        title=f"{run.model}: trained on {run.source}",
        run=run,
        date=f"{now:%Y-%m-%d %H:%M %Z}",
        version=skrnn.__version__,
        summary=summary(run),
        data=describe_data(run),
        scores=_scores(run),
        training=_training(run),
        calibration=_calibration(run),
        classes=_classes(run),
        words=describe_words(run),
        mistakes=describe_mistakes(run),
        settings=_settings(run),
    )


def summary(run):
    """Return the result in a sentence or two: the accuracy, and that of the best baseline."""
    network = run.predictions[0]
    text = (
        f"The network predicts {network.scores.accuracy:.1%} of the {len(run.held_out):,} held-out "
        f"rows correctly, after training on {len(run.train):,} rows."
    )
    baselines = [one for one in run.predictions[1:] if one.scores is not None]
    if not baselines:
        return text
    highest = max(one.scores.accuracy for one in baselines)
    parts = [one.name.partition(", ") for one in baselines if one.scores.accuracy == highest]
    # A comma in a name would look like the beginning of the next name.
    names = [f"{first} ({rest})" if rest else first for first, _, rest in parts]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    if network.scores.accuracy > highest:
        return f"{text} The best baseline has {highest:.1%}: {listed}."
    return f"{text} That is no better than the best baseline with {highest:.1%}: {listed}."


def _scores(run):
    binary = len(run.classes) == 2
    header = ["model", "accuracy", "balanced accuracy", "log-loss"]
    rows = []
    for one in run.predictions:
        if one.scores is None:
            continue
        scores = [one.scores.accuracy, one.scores.balanced_accuracy, one.scores.log_loss]
        scores += [one.scores.roc_auc] * binary
        rows.append(
            [one.name, *(_number(score, 4) for score in scores), _number(one.fit_seconds, 1)]
        )
    return {
        "header": [*header, *["ROC AUC"] * binary, "fit (s)"],
        "rows": rows,
        "interval": accuracy_interval(run.predictions[0].predicted, run.held_out.truth),
        "problems": [(one.name, one.problem) for one in run.predictions if one.scores is None],
    }


def accuracy_interval(predicted, truth):
    """Return the ends of the 95% confidence interval of Wilson for the accuracy."""
    from scipy.stats import binomtest

    interval = binomtest(int(np.sum(predicted == truth)), len(truth)).proportion_ci(
        0.95, method="wilson"
    )
    return interval.low, interval.high


def _training(run):
    classifier = run.pipeline[-1]
    n, best = classifier.n_iter_, classifier.best_epoch_
    caption = (
        f"Trained for {n} epoch{'s' * (n > 1)}"
        + f"; the weights of epoch {best} are kept." * (best != n)
    )
    return {
        "picture": figures.learning_curves(run.pipeline),
        "caption": caption,
        "early_stopping": classifier.early_stopping,
    }


def _calibration(run):
    fitted = [
        one for one in run.predictions if one.scores is not None and "most frequent" not in one.name
    ]
    return figures.calibration(fitted, run.held_out.truth)


def _classes(run):
    scores = run.predictions[0].scores
    rows = [
        [
            name,
            *(_number(x, 3) for x in (one.precision, one.recall, one.f1)),
            f"{one.n_rows:,}",
        ]
        for name, one in zip(run.names, scores.classes, strict=True)
    ]
    return {"rows": rows, "picture": figures.confusion(scores)}


def _settings(run):
    parameters = [
        [f"{type(step).__name__}: {name}", brief(value, 200)]
        for step in (run.pipeline[0], run.pipeline[-1])
        for defaults in [inspect.signature(type(step)).parameters]
        for name, value in sorted(step.get_params(deep=False).items())
        if brief(value, 1000) != brief(defaults[name].default, 1000)
    ]
    versions = [["Python", platform.python_version()], ["skrnn", skrnn.__version__]]
    versions += [[name, version_of(name) or "unknown"] for name in _LIBRARIES]
    return {"parameters": parameters, "versions": versions}


def _number(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"
