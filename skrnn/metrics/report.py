"""Scores of spans by type, as a table or a dict."""

from numbers import Integral
from typing import Any

from skrnn._sklearn_compat import Interval, validate_params
from skrnn.metrics.span_scores import check_zero_division, count_spans, score_counts

_HEADINGS = ("precision", "recall", "f1-score", "support")
_AVERAGES = ("micro", "macro", "weighted")


@validate_params(
    {
        "labels": ["array-like", None],
        "digits": [Interval(Integral, 0, None, closed="left")],
        "output_dict": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def span_report(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    sample_weight: Any = None,
    digits: int = 3,
    output_dict: bool = False,
    zero_division: float = 0,
) -> str | dict:
    """Return precision, recall and F1 of each type of span, and their averages.

    The table is laid out as that of :func:`sklearn.metrics.classification_report`. The numbers are
    those of :func:`span_f1_score`.

    Parameters
    ----------
    y_true : list of list of str, array of shape (n_samples, n_timesteps), or column of lists
        The right labels, as in :func:`span_f1_score`.
    y_pred : list of list of str, array of shape (n_samples, n_timesteps), or column of lists
        The predicted labels, as many in each row as in `y_true`.
    labels : array-like of str, default=None
        Types of spans, without a prefix, in the order of the table; None means all, sorted.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    digits : int, default=3
        Number of decimals in the table. A dict has all of them.
    output_dict : bool, default=False
        Whether to return a dict instead of a table.
    zero_division : {0, 1}, default=0
        As in :func:`span_f1_score`.

    Returns
    -------
    report : str or dict
        The dict has an entry for each type, and for "micro avg", "macro avg" and "weighted avg",
        each with the keys "precision", "recall", "f1-score" and "support", the number of true
        spans (or the sum of their weights).

    Raises
    ------
    InvalidInputError
        As of :func:`span_f1_score`.

    Examples
    --------
    >>> from skrnn.metrics import span_report
    >>> y_true = [["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC"]]
    >>> y_pred = [["B-PER", "I-PER", "O", "O"], ["B-LOC"]]
    >>> print(span_report(y_true, y_pred))
                  precision    recall  f1-score   support
    <BLANKLINE>
             LOC      1.000     0.500     0.667         2
             PER      1.000     1.000     1.000         1
    <BLANKLINE>
       micro avg      1.000     0.667     0.800         3
       macro avg      1.000     0.750     0.833         3
    weighted avg      1.000     0.667     0.778         3
    <BLANKLINE>
    """
    check_zero_division(zero_division)
    counts = count_spans(y_true, y_pred, labels, sample_weight)
    by_type = score_counts(counts, None, float(zero_division))
    types = list(zip(counts.types, *by_type, strict=True))
    averages = [
        (f"{average} avg", *score_counts(counts, average, float(zero_division)))
        for average in _AVERAGES
    ]
    if output_dict:
        return {
            name: dict(zip(_HEADINGS, map(_plain, row), strict=True))
            for name, *row in types + averages
        }
    width = max(len(name) for name, *_ in types + averages)
    width = max(width, digits)
    lines = [" " * width + " " + "".join(f" {heading:>9}" for heading in _HEADINGS), ""]
    for block in (types, averages):
        lines += [_line(row, width, digits) for row in block] + [""]
    return "\n".join(lines)


def _plain(number):
    return number.item() if hasattr(number, "item") else number


def _line(row, width, digits):
    name, *scores, support = row
    number = f"{support:.{digits}f}" if support.dtype.kind == "f" else str(support)
    return f"{name:>{width}} " + "".join(f" {one:>9.{digits}f}" for one in scores) + f" {number:>9}"
