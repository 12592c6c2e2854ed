"""Figures of the report, as SVG."""

import io

import numpy as np

from skrnn.lookalikes import shown
from skrnn.plotting.style import COLORS, DASHES, MARKERS, printable

# Equally full bins: if most probabilities are near 1, bins of equal width are empty.
_BINS = 10
# Inches; narrow enough for the letters to be readable on a phone.
_WIDTH = 5.4
_LABEL = 30  # characters of a class name
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

    # One below the other: side by side they cannot be read on a phone.
    figure = _figure(_WIDTH, 5.4)
    TrainingCurveDisplay.from_estimator(pipeline, ax=figure.subplots(2, 1))
    return _svg(figure)


def confusion(scores):
    """Draw the confusion matrix.

    Parameters
    ----------
    scores : Scores

    Returns
    -------
    bytes
        SVG.
    """
    from skrnn.plotting import ConfusionMatricesDisplay, check_matplotlib

    labels = shown([one.label for one in scores.classes], _LABEL, escape=printable)
    display = ConfusionMatricesDisplay({"": scores.confusion}, display_labels=labels)
    figure = display.plot().figure_
    try:
        return _svg(figure)
    finally:
        check_matplotlib("--report").close(figure)


def lengths(counts):
    """Draw a histogram of the lengths of texts.

    Parameters
    ----------
    counts : dict of str to ndarray
        Number of tokens of each text, for each part of the rows.

    Returns
    -------
    bytes
        SVG.
    """
    figure = _figure(_WIDTH, 2.6)
    axes = figure.subplots()
    everything = np.concatenate(list(counts.values()))
    # With a few very long texts, all others would be a single bar.
    end = max(1.0, float(np.quantile(everything, 0.99)))
    # Bars of a whole width: others would count one length more or less than their neighbours.
    width = int(np.ceil((end + 1) / 40))
    edges = np.arange(0, end + 1 + width, width) - 0.5
    for (name, numbers), color, dash in zip(counts.items(), COLORS, DASHES, strict=False):
        shares, _ = np.histogram(numbers, edges)
        axes.stairs(shares / len(numbers), edges, label=name, color=color, linestyle=dash)
    axes.set_xlabel("tokens per text (without the longest 1%)")
    axes.set_ylabel("share of texts")
    axes.set_ylim(bottom=0)
    axes.legend()
    return _svg(figure)


def calibration(predictions, truth):
    """Draw the share of correct predictions over their predicted probability.

    Parameters
    ----------
    predictions : list of Predictions
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
    for one, color, marker, dash in zip(predictions, COLORS, MARKERS, DASHES, strict=False):
        probability, correct = calibration_points(one, truth)
        least = min(least, probability.min(), correct.min())
        axes.plot(
            probability, correct, color=color, marker=marker, linestyle=dash, label=one.name, ms=4
        )
    start = max(0.0, least - 0.05)
    axes.plot([start, 1], [start, 1], color="0.6", linewidth=1, zorder=0)
    axes.set_xlabel("predicted probability of the predicted class")
    axes.set_ylabel("share of correct predictions")
    axes.legend(fontsize=9)
    return _svg(figure)


def calibration_points(predictions, truth):
    """Return the mean probability and the share of correct predictions of equally full bins.

    Parameters
    ----------
    predictions : Predictions
    truth : ndarray of shape (n_samples,)

    Returns
    -------
    probability, correct : ndarray of shape (n_bins,)
        Of at most ten bins, with at least fifty rows each if there are enough.
    """
    from sklearn.calibration import calibration_curve

    probability = predictions.probabilities[np.arange(len(truth)), predictions.predicted]
    # The sum of float32 probabilities may be a rounding above 1.
    probability = np.clip(probability.astype(float), 0.0, 1.0)
    n_bins = int(np.clip(len(truth) // 50, 1, _BINS))
    correct, mean = calibration_curve(
        predictions.predicted == truth,
        probability,
        n_bins=n_bins,
        strategy="quantile",
        pos_label=True,
    )
    return mean, correct


def _figure(width, height):
    # Not with pyplot, whose figures and settings belong to the caller.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _svg(figure):
    import matplotlib

    out = io.BytesIO()
    with matplotlib.rc_context(_SETTINGS):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()
