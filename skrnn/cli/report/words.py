"""The part of the report on words: what the model makes of them in context, on average."""

from collections import defaultdict

import numpy as np

from skrnn.cli.report.explaining import explain_texts
from skrnn.cli.report.html import isolated, section, table, tag
from skrnn.text.vocabulary import UNKNOWN

# Explaining takes a fraction of a second a text.
N_EXPLAINED = 100
# A word of one or two texts tells of these texts.
MIN_TEXTS = 3
_SHOWN = 12
_CLASSES = 12
# Below this part of the strongest word's, a part is next to nothing.
_FAINT = 0.03


def words_section(run):
    """Return the words that speak for each class.

    Parameters
    ----------
    run : Run

    Returns
    -------
    Html
    """
    chosen = evenly(len(run.held_out), N_EXPLAINED)
    explained, exact = explain_texts(
        run.pipeline,
        [run.held_out.texts[i] for i in chosen],
        target=run.classes[1] if len(run.classes) == 2 else None,
    )
    words = telling_words(explained, run.classes)
    strongest = max((one[0][1] for one in words.values() if one), default=0.0)
    words = {
        label: [word for word in one[:_SHOWN] if word[1] > _FAINT * strongest]
        for label, one in words.items()
    }
    tables = [_table(label, words[label]) for label in run.classes[:_CLASSES]]
    n_left_out = max(0, len(run.classes) - _CLASSES)
    left_out = [tag("p", f"{n_left_out} further classes are left out.", class_="note")]
    return section(
        "Most telling words",
        _note(run.classes, len(chosen), exact),
        tag("div", *tables, class_="columns"),
        *(left_out if n_left_out else []),
    )


def _note(classes, n_explained, exact):
    """Say what the numbers are the mean of."""
    if len(classes) == 2:
        negative, positive = (tag("strong", isolated(label)) for label in classes)
        of_what = ["the log-odds of ", positive, ", or with opposite sign of ", negative]
        mean = "Shown is the mean of these parts over the texts that have the word"
    else:
        of_what = ["the score of the class that the text is predicted to be of"]
        mean = (
            "Shown for each class is the mean of these parts over the texts that are predicted to "
            "be of it and have the word"
        )
    return tag(
        "p",
        f"{n_explained:,} held-out texts were explained by integrated gradients (skrnn.explain), "
        "which deal to each word of a text its part in ",
        *of_what,
        f". {mean}, for words in at least {MIN_TEXTS} of them. It is what this model makes of "
        "these words in these texts; it does not show that they are the reason why a text has its "
        "label." + exact,
        class_="note",
    )


def _table(label, words):
    if not words:
        told = tag("p", f"No word of {MIN_TEXTS} texts speaks for it.", class_="note")
    else:
        rows = [[word, f"{mean:+.2f}", f"{n:,}"] for word, mean, n in words]
        told = table(["word", "mean part", "texts"], rows)
    return tag("div", tag("h3", isolated(label)), told)


def telling_words(explanations, classes):
    """Average what each word contributes to the classes.

    Parameters
    ----------
    explanations : list of Explanation
        Of two classes, all of ``classes[1]``.
    classes : list of str

    Returns
    -------
    dict of str to list of (str, float, int)
        For each class the words that speak for it, the most telling first: the word, its mean
        contribution, and the number of texts that have it.
    """
    binary = len(classes) == 2
    parts = defaultdict(list)
    for one in explanations:
        in_text = defaultdict(float)
        for token, id_, value in zip(one.tokens, one.ids, one.values, strict=True):
            if id_ != UNKNOWN:
                in_text[token] += value
        for token, value in in_text.items():
            parts[str(one.target), token].append(value)
    found = {label: [] for label in classes}
    for (label, token), values in parts.items():
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
