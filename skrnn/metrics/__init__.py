"""Metrics of labels of steps: tokens, sequences and spans, each with a scorer for searches.

scikit-learn's own metrics refuse rows of labels of different lengths.
"""

from skrnn.metrics.finding import Span, spans
from skrnn.metrics.report import span_report
from skrnn.metrics.scorers import (
    sequence_accuracy_scorer,
    span_f1_scorer,
    span_precision_scorer,
    span_recall_scorer,
    token_accuracy_scorer,
)
from skrnn.metrics.span_scores import span_f1_score, span_precision_score, span_recall_score
from skrnn.metrics.steps import sequence_accuracy_score, token_accuracy_score

__all__ = [
    "Span",
    "sequence_accuracy_score",
    "sequence_accuracy_scorer",
    "span_f1_score",
    "span_f1_scorer",
    "span_precision_score",
    "span_precision_scorer",
    "span_recall_score",
    "span_recall_scorer",
    "span_report",
    "spans",
    "token_accuracy_score",
    "token_accuracy_scorer",
]
