"""Explanations for the report, and how exact they are."""

import warnings

# What skrnn.explain wants the contributions to agree with the change of the score to.
_EXACT = 0.01


def explain_texts(pipeline, texts, target=None):
    """Explain texts by integrated gradients.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    texts : list of str
    target : str or None, default=None
        The class to explain; None takes of each text the one predicted.

    Returns
    -------
    explanations : list of Explanation
    told : str
        A sentence on those whose contributions do not quite add up; empty where all do.
    """
    from sklearn.exceptions import ConvergenceWarning

    from skrnn.inspection import explain

    with warnings.catch_warnings():
        # A line on the terminal for each would tell nobody which text it is; the page does.
        warnings.simplefilter("ignore", ConvergenceWarning)
        explanations = explain(pipeline, texts, target=target)
    errors = [_error(one) for one in explanations]
    rough = [error for error in errors if error > _EXACT]
    if not rough:
        return explanations, ""
    return explanations, (
        f" In {len(rough)} of these texts the parts add up to the change of the score only within "
        f"{max(rough):.0%}."
    )


def _error(explanation):
    """Return by what share the contributions miss the change of the score."""
    change = explanation.score - explanation.baseline_score
    missed = abs(explanation.values.sum() - change)
    return missed / abs(change) if change else 0.0
