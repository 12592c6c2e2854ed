"""Explanations for the report, and how exact they are."""

import warnings


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
    from skrnn.inspection.gradients import SMALLEST_CHANGE, TOLERANCE

    with warnings.catch_warnings():
        # A line on the terminal for each would tell nobody which text it is; the page does.
        warnings.simplefilter("ignore", ConvergenceWarning)
        explanations = explain(pipeline, texts, target=target)
    errors = [_error(one, SMALLEST_CHANGE) for one in explanations]
    rough = [error for error in errors if error > TOLERANCE]
    if not rough:
        return explanations, ""
    return explanations, (
        f" In {len(rough)} of these texts the parts add up to the change of the score only within "
        f"{max(rough):.0%}."
    )


def _error(explanation, smallest_change):
    """Return by what share the contributions miss the change of the score.

    As skrnn.explain measures it: of a change that is next to nothing, a share tells nothing.
    """
    change = explanation.score - explanation.baseline_score
    missed = abs(explanation.values.sum() - change)
    return missed / max(abs(change), smallest_change)
