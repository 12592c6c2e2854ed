"""Precision, recall and F1 of spans, equal to those of conlleval and seqeval."""

from typing import Any, NamedTuple

import numpy as np

from skrnn._sklearn_compat import StrOptions, validate_params
from skrnn.exceptions import InvalidInputError
from skrnn.metrics.chunks import find_chunks
from skrnn.metrics.pairs import read_pair

_CONSTRAINTS = {
    "average": [StrOptions({"micro", "macro", "weighted"}), None],
    "labels": ["array-like", None],
}


class Counts(NamedTuple):
    """Numbers of spans of each type, or their weights.

    Attributes
    ----------
    types : list of str
    right, predicted, true : ndarray of shape (n_types,)
        Spans that are in both with the same start, end and type, those predicted, those true.
    """

    types: list
    right: np.ndarray
    predicted: np.ndarray
    true: np.ndarray


class Scores(NamedTuple):
    """Precision, recall and F1, as floats or of each type, and the number of true spans."""

    precision: Any
    recall: Any
    f1: Any
    support: Any


def count_spans(y_true, y_pred, labels=None, sample_weight=None) -> Counts:
    """Return how many spans are right, predicted and true, for each type."""
    pair = read_pair(y_true, y_pred, sample_weight)
    wanted = find_chunks(pair.true, pair.offsets, "y_true")
    found = find_chunks(pair.predicted, pair.offsets, "y_pred")
    present = sorted({*found.types.tolist(), *wanted.types.tolist()})
    types = present if labels is None else _check_types(labels, present)
    numbers = {one: number for number, one in enumerate(types)}
    of_found, of_wanted = (
        np.array([numbers.get(one, -1) for one in chunks.types.tolist()], dtype=np.int64)
        for chunks in (found, wanted)
    )
    # No two spans end at one step, so that the end tells which two may be the same.
    ends = pair.offsets[wanted.row] + wanted.end
    place = np.full(len(pair.true) + 1, -1)
    place[ends] = np.arange(len(ends))
    same = place[pair.offsets[found.row] + found.end]
    is_right = same >= 0
    is_right &= of_found == of_wanted[same] if len(ends) else False
    is_right &= found.start == wanted.start[same] if len(ends) else False

    def count(of, rows):
        known = of >= 0
        weights = None if pair.weights is None else pair.weights[rows[known]]
        return np.bincount(of[known], weights, minlength=len(types))

    return Counts(
        types,
        count(of_found[is_right], found.row[is_right]),
        count(of_found, found.row),
        count(of_wanted, wanted.row),
    )


def score_counts(counts: Counts, average: str | None, zero_division: float) -> Scores:
    """Return the scores of counts, in the order of operations of seqeval: equal to the last bit."""
    right, predicted, true = counts.right, counts.predicted, counts.true
    support = true.sum()
    if average == "micro":
        right, predicted, true = (np.array([one.sum()]) for one in (right, predicted, true))
    if average is not None and (not len(true) or (average == "weighted" and not support)):
        nothing = zero_division if not predicted.sum() else 0.0
        return Scores(float(nothing), float(zero_division), float(nothing), support)
    precision = _divide(right, predicted, zero_division)
    recall = _divide(right, true, zero_division)
    total = precision + recall
    f1 = 2.0 * precision * recall / np.where(total == 0, 1.0, total)
    if average is None:
        return Scores(precision, recall, f1, true)
    weights = true if average == "weighted" else None
    precision, recall, f1 = (np.average(one, weights=weights) for one in (precision, recall, f1))
    return Scores(float(precision), float(recall), float(f1), support)


def check_zero_division(zero_division):
    """Raise InvalidInputError if the parameter `zero_division` is neither 0 nor 1."""
    if isinstance(zero_division, bool) or zero_division not in (0, 1):
        raise InvalidInputError(
            f"zero_division={zero_division!r} has to be 0 or 1: the score where there is nothing "
            "to divide by."
        )


def _divide(numerator, denominator, zero_division):
    is_zero = denominator == 0
    shares = numerator / np.where(is_zero, 1, denominator)
    shares[is_zero] = zero_division
    return shares


def _check_types(labels, present):
    types = np.asarray(labels).tolist() if not isinstance(labels, list) else labels
    odd = [one for one in types if not isinstance(one, str)]
    if odd or len(set(types)) < len(types):
        problem = f"{odd[0]!r} is not a str" if odd else "one occurs twice"
        raise InvalidInputError(
            f"labels={types!r} has to be a list of different types of spans: {problem}. The types "
            f"in y are {present[:10]}."
        )
    for one in types:
        if one not in present and one[:2] in ("B-", "I-", "E-", "S-") and one[2:] in present:
            raise InvalidInputError(
                f"labels has {one!r}, but names types of spans, without a prefix: {one[2:]!r}."
            )
    return types


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def span_f1_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    average: str | None = "micro",
    sample_weight: Any = None,
    zero_division: float = 0,
) -> Any:
    """Return the F1 score of spans: the harmonic mean of their precision and recall.

    A span is right if its first step, its last step and its type are. This is the measure of names
    and chunks that conlleval prints (its FB1, there in percent) and seqeval's ``f1_score`` in its
    default mode. It is not an F1 score of labels, in which half a name counts half.

    Labels are read as conlleval reads them, whatever their scheme (IOB1, IOB2, IOE, BIOES): a type
    that changes begins a span, and so does I-NP after O. E- and S- are read as end and single, as
    seqeval does. U-, L- and M- are read by their types only, so that U-NP followed by U-NP is one
    span.

    Parameters
    ----------
    y_true : list of list of str, array of shape (n_samples, n_timesteps), or column of lists
        The right labels, such as ``[["B-NP", "I-NP", "O"]]``: lists or arrays in a list, in an
        object array, or in a column of pandas, polars or Arrow.
    y_pred : list of list of str, array of shape (n_samples, n_timesteps), or column of lists
        The predicted labels, as many in each row as in `y_true`.
    labels : array-like of str, default=None
        Types of spans, without a prefix, such as ``["NP", "VP"]``; other types are ignored. None
        means all types that occur in `y_true` or `y_pred`, sorted.
    average : {"micro", "macro", "weighted"} or None, default="micro"
        "micro" counts the spans of all types together. "macro" is the mean of the types, and
        "weighted" their mean weighted by the number of true spans. None returns an array with the
        score of each type.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; each span has the weight of its row.
    zero_division : {0, 1}, default=0
        Value of precision if nothing is predicted, and of recall if nothing is there to be found.

    Returns
    -------
    score : float, or ndarray of shape (n_types,)

    Raises
    ------
    InvalidInputError
        If labels are not strings, a label is missing, or rows differ in length (the message names
        the row and both lengths).

    Warns
    -----
    AmbiguousInputWarning
        If labels have no prefix, such as "NOUN".

    See Also
    --------
    span_report : Scores of each type as a table.

    References
    ----------
    .. [1] Tjong Kim Sang, E. F. and Buchholz, S. (2000). "Introduction to the CoNLL-2000 Shared
       Task: Chunking". Proc. of CoNLL-2000 and LLL-2000, 127-132. The script is conlleval.
    .. [2] Nakayama, H. (2018). "seqeval: A Python framework for sequence labeling evaluation".

    Examples
    --------
    >>> from skrnn.metrics import span_f1_score
    >>> y_true = [["B-PER", "I-PER", "O", "B-LOC"]]
    >>> y_pred = [["B-PER", "I-PER", "O", "O"]]
    >>> round(span_f1_score(y_true, y_pred), 3)
    0.667
    >>> span_f1_score(y_true, y_pred, average=None)  # LOC, PER
    array([0., 1.])
    """
    return _score(y_true, y_pred, labels, average, sample_weight, zero_division).f1


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def span_precision_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    average: str | None = "micro",
    sample_weight: Any = None,
    zero_division: float = 0,
) -> Any:
    """Return the precision of spans: the share of the predicted spans that are right.

    Parameters
    ----------
    y_true : list of list of str, array of shape (n_samples, n_timesteps), or column of lists
        The right labels, as in :func:`span_f1_score`.
    y_pred : list of list of str, array of shape (n_samples, n_timesteps), or column of lists
        The predicted labels, as many in each row as in `y_true`.
    labels : array-like of str, default=None
        Types of spans, without a prefix; None means all.
    average : {"micro", "macro", "weighted"} or None, default="micro"
        As in :func:`span_f1_score`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    zero_division : {0, 1}, default=0
        The score if nothing is predicted.

    Returns
    -------
    score : float, or ndarray of shape (n_types,)

    Raises
    ------
    InvalidInputError
        As of :func:`span_f1_score`.

    Examples
    --------
    >>> from skrnn.metrics import span_precision_score
    >>> span_precision_score([["B-PER", "O", "B-LOC"]], [["B-PER", "O", "O"]])
    1.0
    """
    return _score(y_true, y_pred, labels, average, sample_weight, zero_division).precision


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def span_recall_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    average: str | None = "micro",
    sample_weight: Any = None,
    zero_division: float = 0,
) -> Any:
    """Return the recall of spans: the share of the true spans that are found.

    Parameters
    ----------
    y_true : list of list of str, array of shape (n_samples, n_timesteps), or column of lists
        The right labels, as in :func:`span_f1_score`.
    y_pred : list of list of str, array of shape (n_samples, n_timesteps), or column of lists
        The predicted labels, as many in each row as in `y_true`.
    labels : array-like of str, default=None
        Types of spans, without a prefix; None means all.
    average : {"micro", "macro", "weighted"} or None, default="micro"
        As in :func:`span_f1_score`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    zero_division : {0, 1}, default=0
        The score if there are no true spans.

    Returns
    -------
    score : float, or ndarray of shape (n_types,)

    Raises
    ------
    InvalidInputError
        As of :func:`span_f1_score`.

    Examples
    --------
    >>> from skrnn.metrics import span_recall_score
    >>> span_recall_score([["B-PER", "O", "B-LOC"]], [["B-PER", "O", "O"]])
    0.5
    """
    return _score(y_true, y_pred, labels, average, sample_weight, zero_division).recall


def _score(y_true, y_pred, labels, average, sample_weight, zero_division):
    check_zero_division(zero_division)
    return score_counts(
        count_spans(y_true, y_pred, labels, sample_weight), average, float(zero_division)
    )
