"""Pictures of a training, as SVG."""

import io

import numpy as np

from skrnn.plotting.style import COLORS, DASHES, MARKERS, printable

# Equally full bins: where nearly all answers are sure, equally wide ones would be empty.
_BINS = 10
# Inches; what a telephone can show without the letters becoming too small.
_WIDTH = 5.4
_SETTINGS = {"svg.hashsalt": "skrnn", "svg.fonttype": "path", "font.size": 10}


def learning_curves(pipeline):
    """Draw loss and accuracy of each epoch.

    Parameters
    ----------
    pipeline : Pipeline
        That ends in a fitted RNNClassifier.

    Returns
    -------
    bytes
        SVG.
    """
    from skrnn.plotting import TrainingCurveDisplay

    # One below the other: side by side they could not be read on a telephone.
    figure = _figure(_WIDTH, 5.4)
    TrainingCurveDisplay.from_estimator(pipeline, ax=figure.subplots(2, 1))
    return _svg(figure)


def confusion(scores):
    """Draw how many rows of each class are predicted as which.

    Parameters
    ----------
    scores : Scores

    Returns
    -------
    bytes
        SVG.
    """
    from skrnn.plotting import ConfusionMatricesDisplay, check_matplotlib

    labels = [short_label(one.label) for one in scores.classes]
    display = ConfusionMatricesDisplay({"": scores.confusion}, display_labels=labels)
    figure = display.plot().figure_
    try:
        return _svg(figure)
    finally:
        check_matplotlib("--report").close(figure)


def lengths(counts):
    """Draw how long texts are.

    Parameters
    ----------
    counts : dict of str to ndarray
        Tokens of each text, for each part of the rows.

    Returns
    -------
    bytes
        SVG.
    """
    figure = _figure(_WIDTH, 2.6)
    axes = figure.subplots()
    everything = np.concatenate(list(counts.values()))
    # A few very long texts would leave the others a single bar.
    end = max(1.0, float(np.quantile(everything, 0.99)))
    # Whole numbers of tokens a bar: others would have one more or less than their neighbours.
    width = int(np.ceil((end + 1) / 40))
    edges = np.arange(0, end + 1 + width, width) - 0.5
    for (name, numbers), color, dash in zip(counts.items(), COLORS, DASHES, strict=False):
        shares, _ = np.histogram(numbers, edges)
        axes.stairs(shares / len(numbers), edges, label=name, color=color, linestyle=dash)
    axes.set_xlabel("tokens of a text (the longest 1% are left out)")
    axes.set_ylabel("share of texts")
    axes.set_ylim(bottom=0)
    axes.legend()
    return _svg(figure)


def calibration(answers, truth):
    """Draw how often answers are right, over how sure the models are of them.

    Parameters
    ----------
    answers : list of Answers
        With probabilities.
    truth : ndarray of shape (n_samples,)

    Returns
    -------
    bytes
        SVG.
    """
    figure = _figure(_WIDTH, 4.4)
    axes = figure.subplots()
    least = 1.0
    for one, color, marker, dash in zip(answers, COLORS, MARKERS, DASHES, strict=False):
        sure, right = confidence_bins(one, truth)
        least = min(least, sure.min(), right.min())
        axes.plot(sure, right, color=color, marker=marker, linestyle=dash, label=one.name, ms=4)
    start = max(0.0, least - 0.05)
    axes.plot([start, 1], [start, 1], color="0.6", linewidth=1, zorder=0)
    axes.set_xlabel("probability that the model gives its answer")
    axes.set_ylabel("share of these answers that are right")
    axes.legend(fontsize=9)
    return _svg(figure)


def confidence_bins(answers, truth):
    """Return for equally full bins the mean confidence and the share of right answers.

    Parameters
    ----------
    answers : Answers
    truth : ndarray of shape (n_samples,)

    Returns
    -------
    sure, right : ndarray of shape (n_bins,)
        At most ten bins, of at least fifty rows where there are so many.
    """
    sure = answers.probabilities[np.arange(len(truth)), answers.predicted]
    right = answers.predicted == truth
    n_bins = int(np.clip(len(truth) // 50, 1, _BINS))
    parts = np.array_split(np.argsort(sure, kind="stable"), n_bins)
    return tuple(np.array([values[part].mean() for part in parts]) for values in (sure, right))


def short_label(label, width=30):
    """Return a class's name that a picture has room for."""
    label = printable(label)  # before it is cut, for codes are longer
    return label if len(label) <= width else label[: width - 3] + "..."


def _figure(width, height):
    # Not by pyplot, whose figures and settings are the caller's.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _svg(figure):
    import matplotlib

    out = io.BytesIO()
    with matplotlib.rc_context(_SETTINGS):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()
