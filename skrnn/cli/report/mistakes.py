"""The part of the report on errors: the wrong predictions with the highest probability."""

from dataclasses import replace

import numpy as np

from skrnn.cli.report.words import explain_texts

N_SHOWN = 10


def describe_mistakes(run):
    """Return what the template shows about wrong predictions, with their explanations.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        n_wrong, inexact, and shown: a list of dict
    """
    predictions, rows = run.predictions[0], run.held_out
    wrong = surest_mistakes(predictions, rows.truth)
    if not len(wrong):
        return {"n_wrong": 0, "inexact": "", "shown": []}
    explanations, inexact = explain_texts(run.pipeline, [rows.texts[i] for i in wrong])
    names = run.names
    told = dict(zip(run.classes, names, strict=True))
    shown = [
        {
            "predicted": names[predictions.predicted[i]],
            "probability": f"{predictions.probabilities[i, predictions.predicted[i]]:.1%}",
            "label": names[rows.truth[i]],
            "place": rows.places[i],
            # HTML, in which the text is escaped.
            "explanation": replace(
                explanation,
                target=told[explanation.target],
                prediction=told[explanation.prediction],
            ).to_html(),
        }
        for i, explanation in zip(wrong, explanations, strict=True)
    ]
    return {
        "n_wrong": int(np.sum(predictions.predicted != rows.truth)),
        "inexact": inexact,
        "shown": shown,
    }


def surest_mistakes(predictions, truth, n=N_SHOWN):
    """Return the rows predicted wrong with the highest probability, the highest first."""
    wrong = np.flatnonzero(predictions.predicted != truth)
    sure = predictions.probabilities[wrong, predictions.predicted[wrong]]
    return wrong[np.argsort(-sure, kind="stable")][:n]
