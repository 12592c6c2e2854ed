"""The part of the report on words: what they contribute to predictions, on average."""

import warnings
from collections import defaultdict

import numpy as np

from skrnn.cli.errors import refusals
from skrnn.sequences.special_tokens import UNKNOWN

# Explaining a text takes a fraction of a second.
N_EXPLAINED = 100
# The mean of fewer texts is about these texts rather than about the word.
MIN_TEXTS = 3
_SHOWN = 12
_CLASSES = 12
# Contributions below this share of the largest one are not shown.
_FAINT = 0.03


def describe_words(run):
    """Return what the template shows about the words that support each class.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        tables (pairs of a class and rows), binary, n_explained, min_texts, n_left_out, inexact
    """
    chosen = evenly(len(run.held_out), N_EXPLAINED)
    binary = len(run.classes) == 2
    explanations, inexact = explain_texts(
        run.pipeline,
        [run.held_out.texts[i] for i in chosen],
        target=run.classes[1] if binary else None,
    )
    words = telling_words(explanations, run.classes)
    largest = max((one[0][1] for one in words.values() if one), default=0.0)
    return {
        "tables": [
            (name, _rows(words[label], _FAINT * largest))
            for name, label in zip(run.names[:_CLASSES], run.classes, strict=False)
        ],
        "binary": binary,
        "n_explained": len(chosen),
        "min_texts": MIN_TEXTS,
        "n_left_out": max(0, len(run.classes) - _CLASSES),
        "inexact": inexact,
    }


def _rows(words, least):
    return [[word, f"{mean:+.2f}", f"{n:,}"] for word, mean, n in words[:_SHOWN] if mean > least]


def explain_texts(pipeline, texts, target=None):
    """Explain texts by integrated gradients.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    texts : list of str
    target : str or None, default=None
        The class to explain; None explains the predicted class of each text.

    Returns
    -------
    explanations : list of Explanation
    inexact : str
        A sentence about the texts whose contributions do not quite add up; empty if all do.
    """
    from sklearn.exceptions import ConvergenceWarning

    from skrnn.inspection import explain
    from skrnn.inspection.gradients import SMALLEST_CHANGE, TOLERANCE

    with warnings.catch_warnings():
        # The sentence replaces the warnings, which do not name the text.
        warnings.simplefilter("ignore", ConvergenceWarning)
        with refusals("the report could not be made: "):
            explanations = explain(pipeline, texts, target=target)
    errors = [_error(one, SMALLEST_CHANGE) for one in explanations]
    rough = [error for error in errors if error > TOLERANCE]
    if not rough:
        return explanations, ""
    return explanations, (
        f" In {len(rough)} of these texts the contributions add up to the change of the score only "
        f"within {max(rough):.0%}."
    )


def _error(explanation, smallest_change):
    """Return the relative error of the sum of the contributions, as skrnn.explain measures it."""
    change = explanation.score - explanation.baseline_score
    missed = abs(explanation.values.sum() - change)
    return missed / max(abs(change), smallest_change)


def telling_words(explanations, classes):
    """Average the contributions of each word to the classes.

    Parameters
    ----------
    explanations : list of Explanation
        With two classes, all are explanations of ``classes[1]``.
    classes : list of str

    Returns
    -------
    dict of str to list of (str, float, int)
        For each class the words that support it, the strongest first: the word, its mean
        contribution, and the number of texts with the word.
    """
    binary = len(classes) == 2
    contributions = defaultdict(list)
    for one in explanations:
        in_text = defaultdict(float)
        for token, id_, value in zip(one.tokens, one.ids, one.values, strict=True):
            if id_ != UNKNOWN:
                in_text[token] += value
        for token, value in in_text.items():
            contributions[str(one.target), token].append(value)
    found = {label: [] for label in classes}
    for (label, token), values in contributions.items():
        mean, n = float(np.mean(values)), len(values)
        if n < MIN_TEXTS:
            continue
        if mean > 0:
            found[label].append((token, mean, n))
        elif binary and mean < 0:
            found[classes[0]].append((token, -mean, n))
    return {
        label: sorted(words, key=lambda word: (-word[1], word[0])) for label, words in found.items()
    }


def evenly(n, most):
    """Return at most `most` of the numbers below n, evenly spread."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int)).tolist()
