"""The part of the report on wrong answers: those that the model was surest of."""

import numpy as np

from skrnn.cli.report.explaining import explain_texts
from skrnn.cli.report.html import Html, isolated, section, tag

N_SHOWN = 10


def mistakes_section(run):
    """Return the surest wrong answers, with what spoke for them.

    Parameters
    ----------
    run : Run

    Returns
    -------
    Html
    """
    title = "Errors worth reading"
    answers, rows = run.answers[0], run.held_out
    wrong = surest_mistakes(answers, rows.truth)
    if not len(wrong):
        return section(title, tag("p", "All held-out rows are answered right."))
    explained, exact = explain_texts(run.pipeline, [rows.texts[i] for i in wrong])
    n_wrong = int(np.sum(answers.predicted != rows.truth))
    surest = "is the one" if len(wrong) == 1 else f"are the {len(wrong)}"
    told = (
        f"Of the {len(rows):,} held-out rows {n_wrong:,} got a wrong answer. Shown {surest} of "
        "which the model was surest, with what spoke for its answer (blue, underlined) and against "
        "it (orange, dashes), by integrated gradients. Look for labels that are wrong, for texts "
        "that nobody could tell, and for what these have in common." + exact
    )
    shown = [_mistake(run, i, one) for i, one in zip(wrong.tolist(), explained, strict=True)]
    return section(title, tag("p", told, class_="note"), *shown)


def surest_mistakes(answers, truth, n=N_SHOWN):
    """Return the rows answered wrong with the highest probability, the surest first."""
    wrong = np.flatnonzero(answers.predicted != truth)
    sure = answers.probabilities[wrong, answers.predicted[wrong]]
    return wrong[np.argsort(-sure, kind="stable")][:n]


def _mistake(run, i, explanation):
    rows, answers = run.held_out, run.answers[0]
    predicted = answers.predicted[i]
    heading = tag(
        "p",
        "predicted ",
        tag("strong", isolated(run.classes[predicted])),
        f" ({answers.probabilities[i, predicted]:.1%}), labelled ",
        tag("strong", isolated(run.classes[rows.truth[i]])),
        tag("span", " (", isolated(rows.places[i]), ")", class_="place"),
    )
    # to_html escapes the text itself.
    return tag("div", heading, Html(explanation.to_html()), class_="mistake")
